#include "kernel/interaction/reach.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/bound_records.h"
#include "kernel/interaction/conditional.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/same_person.h"
#include "kernel/workflow/move.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kPatientOf = "Patient/";

/// Live records of the type that `where` finds, about any of these Patients (ids; none: about anybody).
Result<std::vector<view::Ordinal>> Search(const Context& context, std::string_view type,
                                          const std::vector<std::string>& patients, std::string_view where,
                                          ActionSearches* searched) {
  std::string text(where);
  for (size_t i = 0; i < patients.size(); ++i) {
    if (i == 0 && !text.empty()) text += '&';
    text += fmt::format("{}Patient/{}", i == 0 ? "patient=" : ",", patients[i]);
  }
  const auto definitions = context.index->definitions();
  auto asked = std::make_shared<search::Query>(
      TRY(search::ParseQuery(definitions, definitions->FindType(type), text, {})));
  const search::Query& query = *asked;
  if (searched != nullptr) searched->queries.push_back(asked);
  search::PageRequest request;
  request.position = searched != nullptr ? searched->basis : context.engine->Head();
  request.count = rules::kTargetsMax;
  request.read = [&context](view::Ordinal ordinal) { return context.engine->Read(ordinal); };
  search::Page page = TRY(context.index->Search(query, request));
  if (!page.next_cursor.empty())
    return MakeError(ErrorCode::kInvalid,
                     fmt::format("a search of an action finds more than {} records", rules::kTargetsMax));
  return std::move(page.ordinals);
}

/// "": erased meanwhile.
Result<std::string> IdAt(const Context& context, view::Ordinal ordinal) {
  const auto opened = context.engine->OpenText(ordinal);
  if (!opened.ok() && opened.error().code == ErrorCode::kGone) return std::string();
  if (!opened.ok()) return opened.error();
  return (*opened)->header.id;
}

/// What is found of one person, by whose it is.
class OfPerson {
 public:
  OfPerson(const Context& context, std::string_view type, std::string_view patient, std::string_view where,
           ActionSearches* searched)
      : context_(context),
        type_(type),
        patient_(patient.substr(kPatientOf.size())),
        where_(where),
        searched_(searched) {}

  Result<std::vector<std::string>> His() { return Find(false); }
  Result<std::vector<std::string>> InQuestion() { return Find(true); }

 private:
  Result<std::vector<std::string>> Find(bool in_question) {
    const RecordsOfOne one = TRY(RecordsOfPerson(context_, patient_));
    std::vector<std::string> ids;
    if (searched_ != nullptr)
      searched_->persons.insert(searched_->persons.end(), one.hashes.begin(), one.hashes.end());
    if (one.patients.empty()) return ids;
    const auto records = context_.who_is_one->records();
    std::vector<view::AnothersTime> anothers;
    if (records != nullptr)
      anothers = records->Of(context_.engine->IdHash("Patient", patient_), context_.clock->NowUs()).anothers;
    if (in_question && anothers.empty()) return ids;
    for (const view::Ordinal ordinal : TRY(Search(context_, type_, one.patients, where_, searched_))) {
      const bool is_anothers = context_.engine->directory().IsAnothers(ordinal, anothers);
      if (is_anothers == in_question && (!in_question || IsAsked(one, ordinal))) TRY(Add(ordinal, &ids));
    }
    if (!in_question && records != nullptr) TRY(AddFormer(records->FormerOf(HashOfPatient()), &ids));
    return ids;
  }

  uint64_t HashOfPatient() const { return context_.engine->IdHash("Patient", patient_); }

  /// Is a clerk asked whose the record is that this is about?
  bool IsAsked(const RecordsOfOne& one, view::Ordinal ordinal) const {
    const view::Directory& directory = context_.engine->directory();
    const view::OwnerNumber owner = directory.Get(ordinal).owner;
    return std::any_of(one.hashes.begin(), one.hashes.end(), [&](uint64_t record) {
      const auto version = directory.Current(record, context_.engine->Head());
      return version.ordinal != 0 && directory.Get(version.ordinal).owner == owner &&
             context_.who_is_one->records()->IsToBeAnswered(record);
    });
  }

  Status AddFormer(Result<std::vector<BoundRecords::Former>> former, std::vector<std::string>* ids) const {
    for (const BoundRecords::Former& each : TRY(std::move(former))) {
      const view::Directory& directory = context_.engine->directory();
      const auto version = directory.Current(each.record, context_.engine->Head());
      const std::string id = version.ordinal == 0 ? "" : TRY(IdAt(context_, version.ordinal));
      if (id.empty()) continue;
      for (const view::Ordinal ordinal : TRY(Search(context_, type_, {id}, where_, searched_)))
        if (directory.IsAnothers(ordinal, {&each.his, 1})) TRY(Add(ordinal, ids));
    }
    return {};
  }

  Status Add(view::Ordinal ordinal, std::vector<std::string>* ids) const {
    std::string id = TRY(IdAt(context_, ordinal));
    if (!id.empty() && std::find(ids->begin(), ids->end(), id) == ids->end()) ids->push_back(std::move(id));
    return {};
  }

  const Context& context_;
  const std::string_view type_, patient_, where_;
  ActionSearches* const searched_;
};

Result<std::vector<std::string>> FindRecords(const Context& context, std::string_view type,
                                             std::string_view patient, std::string_view where,
                                             ActionSearches* searched) {
  if (patient.starts_with(kPatientOf)) return OfPerson(context, type, patient, where, searched).His();
  std::vector<std::string> ids;
  for (const view::Ordinal ordinal : TRY(Search(context, type, {}, where, searched))) {
    std::string id = TRY(IdAt(context, ordinal));
    if (!id.empty()) ids.push_back(std::move(id));
  }
  return ids;
}

}  // namespace

Result<std::string> PatientMeant(const Context& context, std::string_view type, std::string_view id,
                                 std::string_view patient) {
  const auto records = context.who_is_one->records();
  const view::Engine& engine = *context.engine;
  const view::Directory& directory = engine.directory();
  if (records == nullptr || !patient.starts_with(kPatientOf)) return std::string(patient);
  const std::string_view rest = patient.substr(kPatientOf.size());
  const uint64_t hash = engine.IdHash("Patient", rest.substr(0, rest.find('/')));
  const uint64_t own_hash = engine.IdHash(type, id);
  const view::Position head = engine.Head();
  const auto record = directory.Current(own_hash, head), who = directory.Current(hash, head);
  if (record.ordinal == 0 || who.ordinal == 0 || hash == own_hash ||
      directory.Get(record.ordinal).owner != directory.Get(who.ordinal).owner)
    return std::string(patient);
  const auto anothers = records->Of(hash, context.clock->NowUs()).anothers;
  if (!directory.IsAnothers(record.ordinal, anothers)) return std::string(patient);
  constexpr size_t kVersionsMax = 10'000;
  const auto versions = directory.Versions(own_hash, head, kVersionsMax);
  const view::ResourcePtr first = TRY(engine.Read(versions.back().ordinal));
  for (const uint64_t each : records->HisOf(hash, first->at_us)) {
    const auto current = directory.Current(each, head);
    if (current.ordinal == 0 || current.deleted) continue;
    if (const std::string his = TRY(IdAt(context, current.ordinal)); !his.empty())
      return HomeOf(context, his);
  }
  return MakeError(
      ErrorCode::kInvalid,
      fmt::format("The Patient of this {} has become another person's since it was begun, and no "
                  "other record of the one before is known: a person must say whose it is "
                  "(Patient/$link or $not-same of that record).",
                  type));
}

rules::Reach ReachOf(const Context& context, ActionSearches* searched) {
  rules::Reach reach;
  reach.meant = [context](std::string_view type, std::string_view id, std::string_view patient) {
    return PatientMeant(context, type, id, patient);
  };
  reach.find = [context, searched](std::string_view type, std::string_view patient, std::string_view where) {
    return FindRecords(context, type, patient, where, searched);
  };
  reach.in_question = [context, searched](std::string_view type, std::string_view patient,
                                          std::string_view where) -> Result<std::vector<std::string>> {
    return patient.starts_with(kPatientOf) ? OfPerson(context, type, patient, where, searched).InQuestion()
                                           : std::vector<std::string>();
  };
  if (context.workflows != nullptr) reach.move = workflow::MoverBy(context.workflows.get());
  return reach;
}

void AddSearchGuards(const Room& room, ActionSearches searched, view::ChangeSet* set) {
  for (auto& query : searched.queries) set->guards.push_back(ConditionGuard(room, std::move(query)));
  if (room.context.persons == nullptr || searched.persons.empty()) return;
  std::sort(searched.persons.begin(), searched.persons.end());
  searched.persons.erase(std::unique(searched.persons.begin(), searched.persons.end()),
                         searched.persons.end());
  set->guards.push_back(PersonGuard(room, {}, std::move(searched.persons)));
}

}  // namespace tk::interaction
