// What lists and indicators have in common: titles in two languages, and the filters by which whoever reads them may narrow them.
// Form:   "filters": [{"id": "state", "title": {"zh-CN": …, "en": …}, "parameter": "state"}]: parameter is a search parameter of the type; it is asked as ?state=…
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/json_file.h"

namespace tk::app {

struct Titles {
  std::string id, zh, en;
};
struct ListFilter : Titles {
  std::string parameter;
};

/// Of a part of the file at `path`; what is missing is noted.
Titles ReadTitles(fhir::JsonFile* file, const std::string& path, fhir::Value of);
std::vector<ListFilter> ReadFilters(const fhir::Definitions& definitions, fhir::JsonFile* file,
                                    fhir::TypeId type);
/// Members "id" and "title" of the object that is open.
void WriteTitles(const Titles& titles, fhir::JsonWriter* out);
/// Member "filters".
void WriteFilters(const std::vector<ListFilter>& filters, fhir::JsonWriter* out);

/// "a=b&c" → its parts, still encoded; empty ones are passed over.
std::vector<std::pair<std::string_view, std::string_view>> PartsOf(std::string_view query);
/// Joins two queries by '&' where both are.
std::string JoinQueries(std::string query, std::string_view more);

}  // namespace tk::app
