// What the tree of areas takes from a resource: a division from a Location that has an area code, an institution or a department from an
// Organization, where an institution stands from a Location that belongs to one.
// Resource:  Location    identifier of system view::kAreaSystem → area; name, status, partOf, position, extension
//                        location-boundary-geojson (an Attachment with data), area-validity (Period), area-successor (Reference)
//            Organization  name, active, partOf, identifier of system kCreditCodeSystem, meta.tag area → whom it serves
//            Location    managingOrganization and partOf a division (or meta.tag area) → a site
// Ids:       a division's id is area-CODE unless somebody gave it another one; both are understood.
#pragma once

#include <optional>
#include <string>

#include "kernel/fhir/value.h"
#include "kernel/geo/area_code.h"
#include "kernel/geo/shape.h"

namespace tk::geo {

inline constexpr std::string_view kCreditCodeSystem = "http://tongkang.dev/fhir/sid/cn-credit-code";
inline constexpr std::string_view kAreaLevelSystem = "http://tongkang.dev/fhir/CodeSystem/area-level";
inline constexpr std::string_view kBoundaryExtension =
    "http://hl7.org/fhir/StructureDefinition/location-boundary-geojson";
inline constexpr std::string_view kValidityExtension =
    "http://tongkang.dev/fhir/StructureDefinition/area-validity";
inline constexpr std::string_view kSuccessorExtension =
    "http://tongkang.dev/fhir/StructureDefinition/area-successor";

/// "area-3801", the id that an import gives.
std::string AreaId(AreaNumber area);
/// The area of such an id, 0 if it is none.
AreaNumber AreaOfId(std::string_view id);

struct AreaFact {
  AreaNumber area = 0;  // 0: it has a code that nobody can read
  std::string id;       // "" is AreaId(area)
  std::string name;
  AreaNumber part_of = 0;  // by an id area-CODE; 0: none, or see part_of_id
  std::string part_of_id;  // of a Location with another id
  AreaNumber successor = 0;
  int32_t from = 0, until = 0;  // yyyymmdd, 0: not said
  bool active = true;
  bool has_centre = false, bad_boundary = false;
  MapPoint centre;
  ShapePtr shape;
};
struct InstitutionFact {
  std::string id, name, credit_code, part_of_id;
  AreaNumber area = 0;  // whom it serves; 0: not said
  bool active = true;
};
struct SiteFact {
  std::string id, institution_id;
  AreaNumber area = 0;
};

/// At most one is set.
struct Facts {
  std::optional<AreaFact> area;
  std::optional<InstitutionFact> institution;
  std::optional<SiteFact> site;
  bool empty() const { return !area && !institution && !site; }
};
/// Pure. `type` is the resource's type name; nothing comes of others than Location and Organization.
Facts FactsOf(std::string_view type, std::string_view id, fhir::Value root);

/// The order in which facts are kept: by area, the one with the usual id first; by id.
bool operator<(const AreaFact& a, const AreaFact& b);
inline bool operator<(const InstitutionFact& a, const InstitutionFact& b) { return a.id < b.id; }
inline bool operator<(const SiteFact& a, const SiteFact& b) {
  return a.institution_id != b.institution_id ? a.institution_id < b.institution_id : a.id < b.id;
}

}  // namespace tk::geo
