#include "kernel/interaction/same_person.h"

#include <algorithm>

#include "kernel/person/person_view.h"

namespace tk::interaction {
namespace {

/// Himself first; rows that never were live are among them.
std::vector<uint64_t> RecordsOfPerson(const Context& context, uint64_t patient) {
  std::vector<uint64_t> out{patient};
  if (context.persons == nullptr) return out;
  const auto people = context.persons->Read();
  const person::Row first = people->Find(patient);
  if (first == person::kNoRow) return out;
  std::vector<person::Row> rows{first};
  for (size_t i = 0; i < rows.size(); ++i) {
    const person::Row from = rows[i];
    for (const person::DecisionView& decision : people->DecisionsOf(from)) {
      const person::Row to = decision.source == from ? decision.alternate : decision.source;
      if (!decision.active || std::find(rows.begin(), rows.end(), to) != rows.end()) continue;
      rows.push_back(to);
      out.push_back(people->HashOf(to));
    }
  }
  return out;
}

}  // namespace

std::vector<view::OwnerNumber> OwnersOfPerson(const Context& context, uint64_t patient) {
  const view::Directory& directory = context.engine->directory();
  const view::Position head = context.engine->Head();
  std::vector<view::OwnerNumber> owners;
  for (const uint64_t record : RecordsOfPerson(context, patient)) {
    const auto version = directory.Current(record, head);
    if (version.ordinal != 0) owners.push_back(directory.Get(version.ordinal).owner);
  }
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  return owners;
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
