#include "kernel/interaction/care_dates.h"

#include <algorithm>

#include "kernel/search/compare.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kOfficial = "http://hl7.org/fhir/SearchParameter/";
constexpr std::string_view kCareTypes[] = {
    "CarePlan", "CareTeam",     "DiagnosticReport", "Encounter", "EpisodeOfCare",
    "Flag",     "Immunization", "Observation",      "Procedure", "RiskAssessment"};

/// Widens [low, high) by a date, dateTime, instant, Period or Timing.
void Widen(fhir::Value node, int timezone_offset_min, std::optional<DateRange>* range) {
  const auto widen = [&](fhir::Value text, bool low_only, bool high_only) {
    if (!text.is_string()) return;
    const auto parsed = ParseDateRange(text.ToString(), timezone_offset_min);
    if (!parsed.ok()) return;
    if (!*range)
      *range = DateRange{low_only ? parsed->low_us : INT64_MIN, high_only ? parsed->high_us : INT64_MAX, 0};
    if (!high_only)
      (*range)->low_us =
          (*range)->low_us == INT64_MIN ? parsed->low_us : std::min((*range)->low_us, parsed->low_us);
    if (!low_only)
      (*range)->high_us =
          (*range)->high_us == INT64_MAX ? parsed->high_us : std::max((*range)->high_us, parsed->high_us);
  };
  if (node.is_string()) return widen(node, false, false);
  widen(node["start"], true, false);
  widen(node["end"], false, true);
  for (const fhir::Value event : node["event"]) widen(event, false, false);
}

search::Term TermOf(search::Prefix prefix, const DateRange& range) {
  search::Term term;
  term.prefix = prefix;
  term.low_us = range.low_us;
  term.high_us = range.high_us;
  return term;
}

}  // namespace

Result<bool> CareDates::Within(fhir::TypeId type, std::string_view json) {
  const fhir::path::Expression* expression = TRY(Of(type));
  if (expression == nullptr) return true;
  const fhir::Document document = TRY(fhir::Document::Parse(json));
  fhir::path::Environment environment;
  environment.definitions = room_.definitions;
  environment.resource = document.Root();
  const fhir::path::Item item = fhir::path::ResourceItem(*room_.definitions, document.Root());
  fhir::path::Collection found;
  TRY(expression->Evaluate(environment, item, &found));
  std::optional<DateRange> range;
  for (const auto& date : found) Widen(date.node, room_.context.timezone_offset_min, &range);
  if (!range) return true;
  using search::DateHolds;
  using search::Prefix;
  return (!start_ || DateHolds(TermOf(Prefix::kGe, *start_), range->low_us, range->high_us)) &&
         (!end_ || DateHolds(TermOf(Prefix::kLe, *end_), range->low_us, range->high_us));
}

Result<const fhir::path::Expression*> CareDates::Of(fhir::TypeId type) {
  auto [slot, is_new] = expressions_.try_emplace(type);
  if (!is_new) return slot->second.get();
  const fhir::SearchParameter* date = room_.definitions->FindSearchParameter(type, "date");
  if (date == nullptr || date->type != fhir::SearchType::kDate || date->expression.empty()) return nullptr;
  const bool care =
      std::find(std::begin(kCareTypes), std::end(kCareTypes), room_.TypeName(type)) != std::end(kCareTypes);
  if (!care && date->url.starts_with(kOfficial)) return nullptr;
  slot->second = std::make_unique<const fhir::path::Expression>(TRY(fhir::path::Expression::Compile(
      date->expression, *room_.definitions, type, fhir::path::kForSearchParameters)));
  return slot->second.get();
}

}  // namespace tk::interaction
