#include "kernel/interaction/reach.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/bound_records.h"
#include "kernel/interaction/same_person.h"
#include "kernel/workflow/move.h"

namespace tk::interaction {
namespace {

/// While the person's records were somebody else's.
std::vector<view::AnothersTime> AnothersTimesOf(const Context& context, std::string_view patient) {
  const auto records = context.who_is_one->records();
  if (records == nullptr || patient.empty()) return {};
  const uint64_t record =
      context.engine->IdHash("Patient", patient.substr(std::string_view("Patient/").size()));
  return records->Of(record, context.clock->NowUs()).anothers;
}

Result<std::vector<std::string>> FindRecords(const Context& context, std::string_view type,
                                             std::string_view patient, std::string_view where) {
  std::string text(where);
  if (!patient.empty()) {
    const RecordsOfOne records =
        TRY(RecordsOfPerson(context, patient.substr(std::string_view("Patient/").size())));
    if (records.patients.empty()) return std::vector<std::string>();
    if (!text.empty()) text += '&';
    text += "patient=";
    for (size_t i = 0; i < records.patients.size(); ++i)
      text += fmt::format("{}Patient/{}", i == 0 ? "" : ",", records.patients[i]);
  }
  const auto definitions = context.index->definitions();
  const search::Query query = TRY(search::ParseQuery(definitions, definitions->FindType(type), text, {}));
  search::PageRequest request;
  request.position = context.engine->Head();
  request.count = rules::kTargetsMax;
  request.read = [&context](view::Ordinal ordinal) { return context.engine->Read(ordinal); };
  const search::Page page = TRY(context.index->Search(query, request));
  if (!page.next_cursor.empty())
    return MakeError(ErrorCode::kInvalid,
                     fmt::format("a search of an action finds more than {} records", rules::kTargetsMax));
  std::vector<std::string> ids;
  const auto anothers = AnothersTimesOf(context, patient);
  for (const view::Ordinal ordinal : page.ordinals) {
    if (context.engine->directory().IsAnothers(ordinal, anothers)) continue;
    const auto opened = context.engine->OpenText(ordinal);
    if (!opened.ok() && opened.error().code == ErrorCode::kGone) continue;  // erased meanwhile
    if (!opened.ok()) return opened.error();
    ids.push_back((*opened)->header.id);
  }
  return ids;
}

}  // namespace

rules::Reach ReachOf(const Context& context) {
  rules::Reach reach;
  reach.find = [context](std::string_view type, std::string_view patient, std::string_view where) {
    return FindRecords(context, type, patient, where);
  };
  if (context.workflows != nullptr) reach.move = workflow::MoverBy(context.workflows.get());
  return reach;
}

}  // namespace tk::interaction
