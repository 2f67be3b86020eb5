#include "kernel/app/filters.h"

#include <fmt/format.h>

#include <algorithm>

namespace tk::app {

Titles ReadTitles(fhir::JsonFile* file, const std::string& path, fhir::Value of) {
  Titles titles{of["id"].ToString(), of["title"]["zh-CN"].ToString(), of["title"]["en"].ToString()};
  if (titles.id.empty()) file->Note(path + ".id", "is missing");
  if (titles.zh.empty() || titles.en.empty()) file->Note(path + ".title", "needs zh-CN and en");
  return titles;
}

std::vector<ListFilter> ReadFilters(const fhir::Definitions& definitions, fhir::JsonFile* file,
                                    fhir::TypeId type) {
  std::vector<ListFilter> all;
  const fhir::Value filters = file->root()["filters"];
  for (size_t i = 0; i < filters.size(); ++i) {
    const std::string path = fmt::format("filters[{}]", i);
    ListFilter filter;
    static_cast<Titles&>(filter) = ReadTitles(file, path, filters.At(i));
    filter.parameter = filters.At(i)["parameter"].ToString();
    const bool is_common = filter.parameter == "_id" || filter.parameter == "_lastUpdated";
    if (!is_common && definitions.FindSearchParameter(type, filter.parameter) == nullptr)
      file->Note(path + ".parameter",
                 fmt::format("{} has no search parameter {}", definitions.Type(type).name, filter.parameter));
    if (filter.id.starts_with("_")) file->Note(path + ".id", "must not begin with _");
    all.push_back(std::move(filter));
  }
  return all;
}

void WriteTitles(const Titles& titles, fhir::JsonWriter* out) {
  out->Member("id", titles.id).Key("title").Object();
  out->Member("zh-CN", titles.zh).Member("en", titles.en).End();
}

void WriteFilters(const std::vector<ListFilter>& filters, fhir::JsonWriter* out) {
  out->Key("filters").Array();
  for (const ListFilter& filter : filters) {
    out->Object();
    WriteTitles(filter, out);
    out->Member("parameter", filter.parameter).End();
  }
  out->End();
}

std::vector<std::pair<std::string_view, std::string_view>> PartsOf(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> parts;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::string_view name = part.substr(0, part.find('='));
    if (!part.empty()) parts.emplace_back(name, part.substr(std::min(part.size(), name.size() + 1)));
  }
  return parts;
}

std::string JoinQueries(std::string query, std::string_view more) {
  if (more.empty()) return query;
  query.append(query.empty() ? "" : "&").append(more);
  return query;
}

}  // namespace tk::app
