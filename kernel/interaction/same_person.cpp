#include "kernel/interaction/same_person.h"

#include <algorithm>

#include "kernel/geo/area_code.h"
#include "kernel/interaction/bound_records.h"
#include "kernel/interaction/reached.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

/// Those whom an active decision of the index joins to this record, appended.
void AppendJoined(const person::People& people, uint64_t record, std::vector<uint64_t>* out) {
  const person::Row from = people.Find(record);
  if (from == person::kNoRow) return;
  for (const person::DecisionView& decision : people.DecisionsOf(from)) {
    if (decision.active)
      out->push_back(people.HashOf(decision.source == from ? decision.alternate : decision.source));
  }
}

}  // namespace

std::vector<uint64_t> RecordsOfPerson(const Context& context, uint64_t patient,
                                      std::span<const person::PairOf> also) {
  const auto by_pairs = [also](uint64_t record, std::vector<uint64_t>* out) {
    for (const person::PairOf& pair : also) {
      if (pair.source == record) out->push_back(pair.alternate);
      if (pair.alternate == record) out->push_back(pair.source);
    }
  };
  if (context.persons == nullptr) return Reached({patient}, by_pairs);
  const auto people = context.persons->Read();
  return Reached({patient}, [&](uint64_t record, std::vector<uint64_t>* out) {
    AppendJoined(*people, record, out);
    by_pairs(record, out);
  });
}

namespace {

/// Those whom decisions join that still hold; nothing: nobody is asked here who would know (tests, tools).
std::optional<std::vector<uint64_t>> Together(const Context& context, uint64_t patient) {
  const auto records = context.who_is_one->records();
  return records == nullptr ? std::nullopt : std::optional(records->Together(patient));
}

}  // namespace

Result<RecordsOfOne> RecordsOfPerson(const Context& context, std::string_view patient_id) {
  RecordsOfOne out;
  const view::Engine& engine = *context.engine;
  const uint64_t patient = engine.IdHash("Patient", patient_id);
  out.hashes = RecordsOfPerson(context, patient);
  const auto version = engine.directory().Current(patient, engine.Head());
  if (version.ordinal == 0 || version.deleted) return out;
  out.patients.emplace_back(patient_id);
  std::vector<view::Ordinal> others;
  if (context.persons != nullptr) {
    const auto people = context.persons->Read();
    const person::Row row = people->Find(patient);
    if (row == person::kNoRow) return out;
    for (const person::Row member : people->MembersOf(row)) {
      if (member != row) others.push_back(people->OrdinalOf(member));
    }
  }
  const auto together = Together(context, patient);
  for (const view::Ordinal ordinal : others) {
    const auto text = engine.OpenText(ordinal);
    if (!text.ok() && text.error().code == ErrorCode::kGone) continue;  // erased meanwhile
    if (!text.ok()) return text.error();
    const std::string& id = (*text)->header.id;
    if (together &&
        std::find(together->begin(), together->end(), engine.IdHash("Patient", id)) == together->end())
      continue;
    out.patients.push_back(id);
  }
  return out;
}

std::vector<view::OwnerNumber> OwnersOfPerson(const Context& context, uint64_t patient) {
  const view::Directory& directory = context.engine->directory();
  const view::Position head = context.engine->Head();
  std::vector<view::OwnerNumber> owners;
  const auto together = Together(context, patient);
  for (const uint64_t record : together ? *together : RecordsOfPerson(context, patient)) {
    const auto version = directory.Current(record, head);
    if (version.ordinal != 0) owners.push_back(directory.Get(version.ordinal).owner);
  }
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  return owners;
}

Result<std::string> HomeOf(const Context& context, std::string_view patient_id) {
  const view::Directory& directory = context.engine->directory();
  const view::Position head = context.engine->Head();
  std::string home;
  auto lowest = geo::AreaLevel::kProvince;
  const RecordsOfOne records = TRY(RecordsOfPerson(context, patient_id));
  for (const std::string& id : records.patients) {
    const auto version = directory.Current(context.engine->IdHash("Patient", id), head);
    if (version.ordinal == 0) continue;
    const uint64_t area = directory.AreaOf(directory.Get(version.ordinal).owner);
    const geo::AreaLevel level = area == 0 ? geo::AreaLevel::kProvince : geo::LevelOf(area);
    if (!home.empty() && level <= lowest) continue;
    home = "Patient/" + id;
    lowest = level;
  }
  return home;
}

std::vector<uint64_t> PatientsOfDecision(const Context& context, fhir::Value linkage) {
  std::vector<uint64_t> out;
  const auto decision = person::ReadDecision(linkage, context.engine->hash_key());
  if (!decision) return out;
  for (const person::PairOf& pair : decision->pairs) {
    out.push_back(pair.source);
    out.push_back(pair.alternate);
  }
  return out;
}

}  // namespace tk::interaction
