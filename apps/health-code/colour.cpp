#include "apps/health-code/colour.h"

#include <algorithm>

namespace tk::health_code {
namespace {

constexpr std::string_view kRule = "http://tongkang.dev/fhir/StructureDefinition/rule";

Instant TimeIn(fhir::Value value) {
  const auto range = ParseDateRange(value.ToString());
  return range.ok() ? range->low_us : 0;
}

}  // namespace

std::string_view NameOf(Colour colour) {
  return colour == Colour::kRed ? "red" : colour == Colour::kYellow ? "yellow" : "green";
}

bool ReadReason(fhir::Value resource, Instant now_us, Reason* out) {
  out->since_us = TimeIn(resource["since"]);
  out->until_us = TimeIn(resource["until"]);
  if (resource["status"].ToString() != "active") return false;
  if (out->until_us != 0 && out->until_us <= now_us) return false;
  out->id = resource["id"].ToString();
  out->colour = resource["colour"].ToString() == "red" ? Colour::kRed : Colour::kYellow;
  out->reason = resource["reason"].ToString();
  out->changes_zh = resource["changes"].ToString();
  out->changes_en = resource["changesEn"].ToString();
  for (const fhir::Value extension : resource["extension"]) {
    if (extension["url"].ToString() == kRule) out->rule = extension["valueString"].ToString();
  }
  for (const fhir::Value evidence : resource["evidence"])
    out->evidence.push_back(evidence["reference"].ToString());
  return true;
}

Verdict Fold(std::vector<Reason> reasons) {
  Verdict verdict;
  std::stable_sort(reasons.begin(), reasons.end(), [](const Reason& a, const Reason& b) {
    return a.colour != b.colour ? a.colour > b.colour : a.since_us < b.since_us;
  });
  if (!reasons.empty()) {
    verdict.colour = reasons.front().colour;
    verdict.since_us = reasons.front().since_us;
  }
  bool ends = true;
  for (const Reason& reason : reasons) {
    if (reason.colour != verdict.colour) continue;
    ends = ends && reason.until_us != 0;
    verdict.until_us = std::max(verdict.until_us, reason.until_us);
  }
  if (!ends) verdict.until_us = 0;
  verdict.reasons = std::move(reasons);
  return verdict;
}

}  // namespace tk::health_code
