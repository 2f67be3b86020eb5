#include "kernel/app/list.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/rules/template.h"
#include "kernel/search/query.h"

namespace tk::app {
namespace {

constexpr size_t kColumnsMax = 60, kCellItemsMax = 20;

void ReadColumns(const fhir::Definitions& definitions, fhir::JsonFile* file, List* list) {
  const fhir::Value columns = file->root()["columns"];
  if (columns.size() == 0 || columns.size() > kColumnsMax)
    return file->Note("columns", fmt::format("must be a list of 1 to {}", kColumnsMax));
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string path = fmt::format("columns[{}]", i);
    ListColumn column;
    static_cast<Titles&>(column) = ReadTitles(file, path, columns.At(i));
    column.sort = columns.At(i)["sort"].ToString();
    auto value = fhir::path::Expression::Compile(columns.At(i)["value"].ToString(), definitions, list->type);
    if (value.ok())
      column.value = std::make_unique<const fhir::path::Expression>(std::move(value).value());
    else
      file->Note(path + ".value", value.error());
    list->columns.push_back(std::move(column));
  }
}

/// The list's own search, and what is added to it.
std::string QueryOf(const List& list, const std::string& more, const std::string& sort) {
  return JoinQueries(JoinQueries(list.where, more), sort.empty() ? std::string() : "_sort=" + sort);
}

void WriteList(const fhir::Definitions& definitions, const List& list, fhir::JsonWriter* out) {
  WriteTitles({list.id, list.title_zh, list.title_en}, out);
  out->Member("type", definitions.Type(list.type).name).Key("columns").Array();
  for (const ListColumn& column : list.columns) {
    out->Object();
    WriteTitles(column, out);
    if (!column.sort.empty()) out->Member("sort", column.sort);
    out->End();
  }
  out->End();
  WriteFilters(list.filters, out);
}

Status WriteRow(const fhir::Definitions& definitions, const List& list, fhir::Value record, Instant now_us,
                fhir::JsonWriter* out) {
  out->Object().Member("record",
                       fmt::format("{}/{}", record["resourceType"].ToString(), record["id"].ToString()));
  out->Key("cells").Object();
  fhir::path::Environment environment;
  environment.definitions = &definitions;
  environment.resource = record;
  environment.now_us = now_us;
  environment.offset_min = CityOffsetMin();
  const rules::HeadVariables names(list, 0, now_us);
  environment.more_variables = &names;
  const fhir::path::Item context = fhir::path::ResourceItem(definitions, record);
  for (const ListColumn& column : list.columns) {
    fhir::path::Collection found;
    TRY(column.value->Evaluate(environment, context, &found));
    if (found.empty()) continue;
    out->Key(column.id);
    if (found.size() == 1) {
      rules::WriteItem(found[0], out);
      continue;
    }
    out->Array();
    for (size_t i = 0; i < std::min(found.size(), kCellItemsMax); ++i) rules::WriteItem(found[i], out);
    out->End();
  }
  out->End().End();
  return {};
}

/// The search's answer as the list's; what it says for the audit stays.
Result<interaction::Response> AsRows(const fhir::Definitions& definitions, const List& list,
                                     interaction::Response answer, Instant now_us) {
  const fhir::Document bundle = TRY(fhir::Document::Parse(answer.body));
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object();
  WriteList(definitions, list, &out);
  out.Key("rows").Array();
  for (const fhir::Value entry : bundle.Root()["entry"]) {
    if (entry["search"]["mode"].ToString() != "match") continue;
    TRY(WriteRow(definitions, list, entry["resource"], now_us, &out));
  }
  out.End();
  if (bundle.Root()["total"].present()) out.Key("total").Raw(bundle.Root()["total"].Json());
  for (const fhir::Value link : bundle.Root()["link"]) {
    const std::string url = link["url"].ToString();
    const size_t mark = url.find('?');
    if (link["relation"].ToString() == "next" && mark != std::string::npos)
      out.Member("next", fmt::format("/app/{}/lists/{}{}", list.app, list.id, url.substr(mark)));
  }
  out.End();
  answer.body = std::move(text);
  answer.content_type = "application/json; charset=utf-8";
  answer.etag.clear();
  return answer;
}

/// What may be asked: the filters, _count, _sort by a column, and a following page as it was told.
Result<std::string> AskedOf(const List& list, std::string_view query) {
  if (query.find("_page=") != std::string_view::npos) return std::string(query);
  std::string more, sort = list.sort;
  for (const auto& part : PartsOf(query)) {
    const std::string_view name = part.first, value = part.second;
    const auto filter = std::find_if(list.filters.begin(), list.filters.end(),
                                     [&](const ListFilter& each) { return each.id == name; });
    const bool is_column =
        name == "_sort" && std::any_of(list.columns.begin(), list.columns.end(), [&](const ListColumn& each) {
          return !each.sort.empty() && (value == each.sort || value == "-" + each.sort);
        });
    if (filter != list.filters.end()) {
      more = JoinQueries(std::move(more), fmt::format("{}={}", filter->parameter, value));
    } else if (is_column) {
      sort = std::string(value);
    } else if (name == "_count" || name == "_total") {
      more = JoinQueries(std::move(more), fmt::format("{}={}", name, value));
    } else {
      std::vector<std::string> known = {"_count", "_total", "_sort"};
      for (const ListFilter& each : list.filters) known.push_back(each.id);
      return MakeError(
          ErrorCode::kIncorrect,
          fmt::format("this list is asked by {}; _sort by a column that has one", fmt::join(known, ", ")));
    }
  }
  return QueryOf(list, more, sort);
}

}  // namespace

Result<List> ParseList(const fhir::Definitions& definitions, std::string_view app, std::string name,
                       std::string_view json) {
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::move(name), std::string(json)));
  List list;
  static_cast<rules::Head&>(list) = rules::ReadHead(&file, app, {}, rules::Wants::kSourceOfConstants);
  const fhir::Value root = file.root();
  list.type = definitions.FindType(root["type"].ToString());
  if (!definitions.IsResource(list.type)) {
    file.Note("type", "names no resource type");
    return file.Failure();
  }
  list.where = root["where"].ToString();
  list.sort = root["sort"].ToString();
  search::ParseOptions options;
  if (const auto query = search::ParseQuery(definitions, list.type, QueryOf(list, {}, list.sort), options);
      !query.ok())
    file.Note("where", query.error());
  ReadColumns(definitions, &file, &list);
  list.filters = ReadFilters(definitions, &file, list.type);
  for (size_t i = 0; i < list.columns.size(); ++i) {
    const std::string& sort = list.columns[i].sort;
    if (!sort.empty() && !search::ParseQuery(definitions, list.type, "_sort=" + sort, options).ok())
      file.Note(fmt::format("columns[{}].sort", i), "is no search parameter that can be sorted by");
  }
  if (!file.good()) return file.Failure();
  return list;
}

std::string ListsJson(const fhir::Definitions& definitions, const std::vector<List>& lists) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Key("lists").Array();
  for (const List& list : lists) {
    out.Object();
    WriteList(definitions, list, &out);
    out.End();
  }
  out.End().End();
  return text;
}

void AnswerList(const interaction::Interactions& interactions, const fhir::Definitions& definitions,
                const List& list, interaction::Request request, Instant now_us, interaction::Done done) {
  auto asked = AskedOf(list, request.query);
  if (!asked.ok()) return done(interaction::OutcomeOf(asked.error()));
  request.query = std::move(*asked);
  request.path = {std::string(definitions.Type(list.type).name)};
  interactions.Handle(std::move(request),
                      [&definitions, &list, now_us, done = std::move(done)](interaction::Response answer) {
                        if (answer.status != 200) return done(std::move(answer));
                        auto rows = AsRows(definitions, list, std::move(answer), now_us);
                        done(rows.ok() ? std::move(rows).value() : interaction::OutcomeOf(rows.error()));
                      });
}

}  // namespace tk::app
