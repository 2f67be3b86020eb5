// Lists of a pack: which records, in which columns, with which filters, as a page shows them.
// Form:   lists/<name>.json: "id", "version", "title" (rules/head.h), "type": "StockItem", "where": "state=active" (a search),
//         "sort": "name" (as _sort), "columns": [{"id": "name", "title": {"zh-CN": …, "en": …}, "value": "FHIRPath on the record", "sort": "name"}],
//         "filters": [{"id": "state", "title": {…}, "parameter": "state"}]
// Served: GET /app/<id>/lists → {"lists": [{"id","title","type","columns","filters"}]}
//         GET /app/<id>/lists/<list>?<filter>=…&_sort=…&_count=… → {"id","title","columns","filters","rows":[{"record","cells":{column: value}}],"next"}
// It is a search of the viewer's own: he sees what he may see, masked as he sees it, and the audit says what he was shown.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/app/filters.h"
#include "kernel/interaction/interaction.h"
#include "kernel/rules/head.h"

namespace tk::app {

struct ListColumn : Titles {
  std::string sort;  // the search parameter by which the page may sort; "" = none
  std::unique_ptr<const fhir::path::Expression> value;
};
struct List : rules::Head {
  fhir::TypeId type = fhir::kNoType;
  std::string where, sort;
  std::vector<ListColumn> columns;
  std::vector<ListFilter> filters;
};

/// Errors: kInvalid, kIncorrect with all that is wrong, by file, line, column and element path.
Result<List> ParseList(const fhir::Definitions& definitions, std::string_view app, std::string name,
                       std::string_view json);

/// The lists of an app, as JSON.
std::string ListsJson(const fhir::Definitions& definitions, const std::vector<List>& lists);
/// One page; `request` as it came to the app, at `now_us`. Calls `done` once.
void AnswerList(const interaction::Interactions& interactions, const fhir::Definitions& definitions,
                const List& list, interaction::Request request, Instant now_us, interaction::Done done);

}  // namespace tk::app
