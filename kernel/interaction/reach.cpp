#include "kernel/interaction/reach.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/bound_records.h"
#include "kernel/interaction/same_person.h"
#include "kernel/workflow/move.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kPatientOf = "Patient/";

/// Live records of the type that `where` finds, about any of these Patients (ids; none: about anybody).
Result<std::vector<view::Ordinal>> Search(const Context& context, std::string_view type,
                                          const std::vector<std::string>& patients, std::string_view where) {
  std::string text(where);
  for (size_t i = 0; i < patients.size(); ++i) {
    if (i == 0 && !text.empty()) text += '&';
    text += fmt::format("{}Patient/{}", i == 0 ? "patient=" : ",", patients[i]);
  }
  const auto definitions = context.index->definitions();
  const search::Query query = TRY(search::ParseQuery(definitions, definitions->FindType(type), text, {}));
  search::PageRequest request;
  request.position = context.engine->Head();
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
  OfPerson(const Context& context, std::string_view type, std::string_view patient, std::string_view where)
      : context_(context), type_(type), patient_(patient.substr(kPatientOf.size())), where_(where) {}

  Result<std::vector<std::string>> His() { return Find(false); }
  Result<std::vector<std::string>> InQuestion() { return Find(true); }

 private:
  Result<std::vector<std::string>> Find(bool in_question) {
    const RecordsOfOne one = TRY(RecordsOfPerson(context_, patient_));
    std::vector<std::string> ids;
    if (one.patients.empty()) return ids;
    const auto records = context_.who_is_one->records();
    std::vector<view::AnothersTime> anothers;
    if (records != nullptr)
      anothers = records->Of(context_.engine->IdHash("Patient", patient_), context_.clock->NowUs()).anothers;
    if (in_question && anothers.empty()) return ids;
    for (const view::Ordinal ordinal : TRY(Search(context_, type_, one.patients, where_))) {
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
      for (const view::Ordinal ordinal : TRY(Search(context_, type_, {id}, where_)))
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
};

Result<std::vector<std::string>> FindRecords(const Context& context, std::string_view type,
                                             std::string_view patient, std::string_view where) {
  if (patient.starts_with(kPatientOf)) return OfPerson(context, type, patient, where).His();
  std::vector<std::string> ids;
  for (const view::Ordinal ordinal : TRY(Search(context, type, {}, where))) {
    std::string id = TRY(IdAt(context, ordinal));
    if (!id.empty()) ids.push_back(std::move(id));
  }
  return ids;
}

}  // namespace

rules::Reach ReachOf(const Context& context) {
  rules::Reach reach;
  reach.find = [context](std::string_view type, std::string_view patient, std::string_view where) {
    return FindRecords(context, type, patient, where);
  };
  reach.in_question = [context](std::string_view type, std::string_view patient,
                                std::string_view where) -> Result<std::vector<std::string>> {
    return patient.starts_with(kPatientOf) ? OfPerson(context, type, patient, where).InQuestion()
                                           : std::vector<std::string>();
  };
  if (context.workflows != nullptr) reach.move = workflow::MoverBy(context.workflows.get());
  return reach;
}

}  // namespace tk::interaction
