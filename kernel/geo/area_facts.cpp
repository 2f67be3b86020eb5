#include "kernel/geo/area_facts.h"

#include <charconv>

#include "kernel/base/base64.h"
#include "kernel/view/directory.h"

namespace tk::geo {
namespace {

constexpr std::string_view kIdPrefix = "area-";

AreaNumber NumberOf(std::string_view code) {
  const auto area = ParseAreaCode(code);
  return area.ok() ? *area : 0;
}

/// The id of "Location/1"; "" of anything else.
std::string IdIn(fhir::Value reference, std::string_view type) {
  std::string text = reference["reference"].ToString();
  if (text.size() <= type.size() + 1 || !text.starts_with(type) || text[type.size()] != '/') return {};
  return text.substr(type.size() + 1);
}

/// 20260101 of "2026-01-01…", "2026-01" or "2026"; 0 of anything else.
int32_t DayOf(fhir::Value date) {
  const std::string text = date.ToString().substr(0, 10);
  int32_t day = 0;
  size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    if (c < '0' || c > '9') return 0;
    day = day * 10 + (c - '0');
    ++digits;
  }
  if (digits == 4) return day * 10000 + 101;
  if (digits == 6) return day * 100 + 1;
  return digits == 8 ? day : 0;
}

std::optional<double> DegreesOf(fhir::Value value) {
  const std::string_view text = value.Number();
  double degrees = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), degrees);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return degrees;
}

void ReadPosition(fhir::Value position, AreaFact* fact) {
  const auto lon = DegreesOf(position["longitude"]), lat = DegreesOf(position["latitude"]);
  if (!lon || !lat) return;
  const auto point = MakePoint(*lon, *lat);
  if (!point.ok()) return;
  fact->has_centre = true;
  fact->centre = *point;
}

void ReadBoundary(fhir::Value attachment, AreaFact* fact) {
  const auto text = FromBase64(attachment["data"].ToString());
  if (!text || text->empty()) {
    fact->bad_boundary = true;
    return;
  }
  auto shape = ReadGeoJson(*text);
  fact->bad_boundary = !shape.ok();
  if (shape.ok()) fact->shape = std::move(shape).value();
}

void ReadExtensions(fhir::Value root, AreaFact* fact) {
  std::string scratch;
  for (const fhir::Value extension : root["extension"]) {
    const std::string_view url = extension["url"].String(scratch);
    if (url == kBoundaryExtension) {
      ReadBoundary(extension["valueAttachment"], fact);
    } else if (url == kValidityExtension) {
      fact->from = DayOf(extension["valuePeriod"]["start"]);
      fact->until = DayOf(extension["valuePeriod"]["end"]);
    } else if (url == kSuccessorExtension) {
      fact->successor = AreaOfId(IdIn(extension["valueReference"], "Location"));
    }
  }
}

AreaFact ReadArea(std::string_view id, fhir::Value root, std::string_view code) {
  AreaFact fact;
  fact.area = NumberOf(code);
  if (fact.area == 0 || id != AreaId(fact.area)) fact.id = id;
  fact.name = root["name"].ToString();
  fact.active = root["status"].ToString() != "inactive";
  const std::string part_of = IdIn(root["partOf"], "Location");
  fact.part_of = AreaOfId(part_of);
  if (fact.part_of == 0) fact.part_of_id = part_of;
  ReadPosition(root["position"], &fact);
  ReadExtensions(root, &fact);
  return fact;
}

/// The first identifier's value of that system; nullopt if there is none.
std::optional<std::string> IdentifierOf(fhir::Value root, std::string_view system) {
  std::string scratch;
  for (const fhir::Value identifier : root["identifier"]) {
    if (identifier["system"].String(scratch) == system) return identifier["value"].ToString();
  }
  return std::nullopt;
}

}  // namespace

std::string AreaId(AreaNumber area) { return std::string(kIdPrefix) + CodeOf(area); }

AreaNumber AreaOfId(std::string_view id) {
  if (!id.starts_with(kIdPrefix)) return 0;
  const AreaNumber area = NumberOf(id.substr(kIdPrefix.size()));
  return area != 0 && AreaId(area) == id ? area : 0;
}

Facts FactsOf(std::string_view type, std::string_view id, fhir::Value root) {
  Facts facts;
  if (type == "Location") {
    if (const auto code = IdentifierOf(root, view::kAreaSystem)) {
      facts.area = ReadArea(id, root, *code);
    } else if (std::string institution = IdIn(root["managingOrganization"], "Organization");
               !institution.empty()) {
      AreaNumber area = AreaOfId(IdIn(root["partOf"], "Location"));
      if (area == 0) area = view::AreaOfResource(root);
      facts.site = SiteFact{std::string(id), std::move(institution), area};
    }
  } else if (type == "Organization") {
    facts.institution = InstitutionFact{std::string(id),
                                        root["name"].ToString(),
                                        IdentifierOf(root, kCreditCodeSystem).value_or(std::string()),
                                        IdIn(root["partOf"], "Organization"),
                                        view::AreaOfResource(root),
                                        !root["active"].present() || root["active"].IsTrue()};
  }
  return facts;
}

bool operator<(const AreaFact& a, const AreaFact& b) {
  return a.area != b.area ? a.area < b.area : a.id < b.id;
}

}  // namespace tk::geo
