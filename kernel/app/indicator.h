// Indicators of a pack: how many records, or what sum over them, in all and by dimensions; as a share of another number where there is one.
// Form:   indicators/<name>.json: "id", "version", "title", "source" and "constants" (rules/head.h), "type": "StockItem",
//         "where": "state=active",               a search: which records there are (all of the type, if it is left out)
//         "numerator": "supply=short",           a search: which of them count; without it all do, and there is no share
//         "sum": "minimum - onHand",             FHIRPath, a number: summed over those that count; without it they are counted
//         "period": "when",                      a search parameter of dates: ?from= and ?until= narrow by it
//         "dimensions": [{"id": "store", "title": {…}, "value": "store.reference", "search": "store"},     FHIRPath; its first result
//                        {"id": "day", "title": {…}, "value": "when", "by": "day"},                        or "month", "year": of that date, as the city's calendar has it
//                        {"id": "area", "title": {…}, "area": "township"}],                                where the person lives whose record it is
//         "filters": [{"id", "title", "parameter"}]
// Served: GET /app/<id>/indicators → {"indicators": [{"id", "title", "type", "dimensions", "filters", "period"}]}
//         GET /app/<id>/indicators/<indicator>?by=area,day&from=&until=&<filter>=…
//           → {"id", "title", …, "by": [], "total": {"count", "of", "share", "sum", "records"}, "groups": [{"keys": {"area": "380102001"}, "count", …}]}
//         records: the search whose matches are those that count, for who wants to see them; of a group where each of its dimensions names its "search"
// It is the reader's own search: what he may not see is not counted, and what he sees masked he gets masked as a key. Of whose records a number
// of few tells, the audit is told (interaction/search_type.h), group by group.
// Cost:   in all, without a sum: a count of the index (some µs). By dimensions, or summed: some µs a record, of at most kIndicatorRecordsMax.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/app/filters.h"
#include "kernel/geo/area_code.h"
#include "kernel/interaction/interaction.h"
#include "kernel/rules/head.h"

namespace tk::app {

inline constexpr size_t kIndicatorRecordsMax = 200'000;
inline constexpr size_t kIndicatorGroupsMax = 10'000;

struct Dimension : Titles {
  std::unique_ptr<const fhir::path::Expression> value;  // null: by area
  size_t date_digits = 0;                               // 10 day, 7 month, 4 year; 0: the value as it is
  geo::AreaLevel level = geo::AreaLevel::kCounty;       // by area
  std::string
      search;  // the parameter that finds a value again, with a modifier if need be ("name:exact"); "" = none
};
struct Indicator : rules::Head {
  fhir::TypeId type = fhir::kNoType;
  std::string where, numerator, period;
  bool has_numerator = false;
  std::unique_ptr<const fhir::path::Expression> sum;  // null: they are counted
  std::vector<Dimension> dimensions;
  std::vector<ListFilter> filters;
};

/// Errors: kInvalid, kIncorrect with all that is wrong, by file, line, column and element path.
Result<Indicator> ParseIndicator(const fhir::Definitions& definitions, std::string_view app, std::string name,
                                 std::string_view json, fhir::Value settings);

/// The indicators of an app, as JSON.
std::string IndicatorsJson(const fhir::Definitions& definitions, const std::vector<Indicator>& indicators);

/// `request` as it came to the app, at `now_us`. Reads answer at once: on the calling thread. Errors: kIncorrect with what may be asked; kTooLarge: narrow it.
Result<interaction::Response> AnswerIndicator(const interaction::Interactions& interactions,
                                              const view::Engine& engine, const Indicator& indicator,
                                              const interaction::Request& request, Instant now_us);

}  // namespace tk::app
