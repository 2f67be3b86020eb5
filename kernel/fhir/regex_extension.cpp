#include "kernel/fhir/regex_extension.h"

#include "kernel/fhir/path/pattern.h"
#include "kernel/fhir/profile_builder.h"

namespace tk::fhir {
namespace {

constexpr uint64_t kRegexWorkEach = 10;     // of a pattern's own units
constexpr uint64_t kRegexWorkMax = 64'000;  // it does not tell: as much as one that just can be made

}  // namespace

std::string RegexProblem(Value extension, CheckTime& time) {
  std::string scratch;
  const std::string_view url = extension["url"].String(scratch);
  const Value pattern = extension["valueString"];
  if (!url.starts_with(kTypeUrl) || url.substr(kTypeUrl.size()) != "regex" || !pattern.is_string()) return "";
  const auto made = path::Pattern::Make(pattern.ToString(), "");
  uint64_t work = made.ok() ? (*made)->making_work() : kRegexWorkMax;
  for (work /= kRegexWorkEach; work > 0 && time.Step(); --work) continue;
  return made.ok() ? "" : made.error().external;
}

}  // namespace tk::fhir
