// The city as FHIR R4 resources, one a line. They are written straight as text: nothing of kernel/fhir is needed to make them.
// Flow:   Plan → AppendArea, AppendInstitution; Record → AppendPatient
// Names:  identifiers of ours are under http://tongkang.dev/fhir/sid/: area, cn-resident-id, cn-credit-code, cn-birth-certificate, cn-health-card,
//         and patient-number/ORG for the numbers that an organisation gives.
#pragma once

#include <string>

#include "city/record.h"

namespace tk::city {

/// What a city's institutions are, by type: each a text of lines.
struct Lines {
  std::string locations, organizations, services, practitioners, roles;
};

/// A division: Location with its boundary as GeoJSON, within the one above it.
void AppendArea(const Plan& plan, uint32_t area, std::string* out);
/// An institution: Organization, its building, its departments, their staff in their posts.
void AppendInstitution(const City& city, uint32_t institution, Lines* out);
/// The same as rows of tables that an import takes ($import-areas, $import-organizations); the columns are their heads.
extern const std::string_view kAreaColumns, kInstitutionColumns;
void AppendAreaRow(const Plan& plan, uint32_t area, std::string* out);
void AppendInstitutionRow(const City& city, uint32_t institution, std::string* out);
/// A Patient as its source wrote it.
void AppendPatient(const City& city, const Record& record, std::string* out);
/// The truth of a person, as a line of persons.csv; kPersonColumns is its head.
extern const std::string_view kPersonColumns, kTruthColumns;
void AppendPerson(const City& city, const People& people, const Person& person, std::string* out);

}  // namespace tk::city
