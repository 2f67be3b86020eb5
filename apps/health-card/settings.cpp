#include "apps/health-card/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "apps/health-card/code.h"
#include "kernel/fhir/value.h"

namespace tk::health_card {
namespace {

Error Wrong(std::string_view member, std::string_view what) {
  return MakeIssue(ErrorCode::kInvalid, "invalid", std::string(member),
                   fmt::format("health-card/settings.json: {}: {}", member, what));
}

Status ReadNumber(fhir::Value root, const char* member, int64_t min, int64_t max, int64_t* out) {
  const std::string_view digits = root[member].Number();
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), *out);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size() || *out < min ||
      *out > max)
    return Wrong(member, fmt::format("must be a whole number from {} to {}", min, max));
  return {};
}

Status ReadIssuer(fhir::Value root, uint32_t* out) {
  const std::string text = root["issuer"].ToString();
  const auto read = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (text.size() != 6 || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return Wrong("issuer", "must be a division code of six digits");
  return {};
}

Status ReadFormat(fhir::Value number, NumberFormat* out) {
  int64_t digits = 0;
  TRY(ReadNumber(number, "digits", 8, 24, &digits));
  out->digits = static_cast<int>(digits);
  out->prefix = number["prefix"].ToString();
  const auto check = ParseCheck(number["check"].ToString());
  if (!check.ok()) return Wrong("number.check", check.error().external);
  out->check = *check;
  if (const Status fits = CheckFormat(*out); !fits.ok()) return Wrong("number", fits.error().external);
  return {};
}

Status ReadPurposes(fhir::Value root, Settings* out) {
  for (const fhir::Value each : root["purposes"]) {
    Purpose purpose;
    purpose.code = each["code"].ToString();
    purpose.zh = each["zh-CN"].ToString();
    purpose.en = each["en"].ToString();
    if (purpose.code.empty() || purpose.zh.empty() || purpose.en.empty())
      return Wrong("purposes", "each needs code, zh-CN and en");
    purpose.by_static = each["static"].IsTrue();
    purpose.by_linked = each["linked"].IsTrue();
    purpose.offline = each["offline"].IsTrue();
    out->purposes.push_back(std::move(purpose));
  }
  return out->purposes.empty() ? Status(Wrong("purposes", "must name at least one")) : Status();
}

}  // namespace

const Purpose* Settings::FindPurpose(std::string_view code) const {
  const auto at =
      std::find_if(purposes.begin(), purposes.end(), [&](const Purpose& each) { return each.code == code; });
  return at == purposes.end() ? nullptr : &*at;
}

Result<Settings> ReadSettings(std::string_view json) {
  const fhir::Document document = TRY(fhir::Document::Parse(json));
  const fhir::Value root = document.Root();
  Settings out;
  const auto suite = crypto::ParseSuite(root["suite"].ToString());
  if (!suite.ok()) return Wrong("suite", suite.error().external);
  out.suite = *suite;
  TRY(ReadIssuer(root, &out.issuer));
  TRY(ReadFormat(root["number"], &out.number));
  int64_t hours = 0;
  TRY(ReadNumber(root, "dynamic_seconds", 5, 60, &out.dynamic_s));
  TRY(ReadNumber(root, "skew_seconds", 0, 60, &out.skew_s));
  TRY(ReadNumber(root, "static_days", 1, 65'535, &out.static_days));
  TRY(ReadNumber(root, "key_overlap_hours", 0, 8760, &hours));
  out.key_overlap_s = hours * 3600;
  TRY(ReadNumber(root, "list_hours", 1, 8760, &hours));
  out.list_life_s = hours * 3600;
  TRY(ReadNumber(root, "list_refresh_seconds", 0, 86'400, &out.list_refresh_s));
  if (root["misses_per_hour"]) TRY(ReadNumber(root, "misses_per_hour", 1, 10'000, &out.misses_per_hour));
  for (const fhir::Value kind : root["identities"]) {
    out.identities.push_back(person::KindNamed(kind.ToString()));
    if (out.identities.back() == person::IdKind::kNone)
      return Wrong("identities", "names a kind of number that the platform does not know");
  }
  if (out.identities.empty()) return Wrong("identities", "must name at least one kind of number");
  TRY(ReadPurposes(root, &out));
  return out;
}

}  // namespace tk::health_card
