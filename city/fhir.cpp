#include "city/fhir.h"

#include "city/json_text.h"
#include "kernel/base/base64.h"
#include "kernel/base/csv.h"

namespace tk::city {
namespace {

/// Millionths of a degree as a number.
void AddDegrees(std::string* out, int64_t millionths) {
  Add(out, "{}.{:06}", millionths / 1'000'000, millionths % 1'000'000);
}

void AddPosition(std::string* out, Point point) {
  out->append(R"(,"position":{"longitude":)");
  AddDegrees(out, point.lon);
  out->append(R"(,"latitude":)");
  AddDegrees(out, point.lat);
  out->push_back('}');
}

std::string GeoJson(const std::vector<Point>& ring) {
  std::string text = R"({"type":"Polygon","coordinates":[[)";
  for (const Point& point : ring) {
    if (text.back() != '[') text.push_back(',');
    text.push_back('[');
    AddDegrees(&text, point.lon);
    text.push_back(',');
    AddDegrees(&text, point.lat);
    text.push_back(']');
  }
  return text + "]]}";
}

void AddPhone(std::string* out, std::string_view phone) {
  out->append(R"(,"telecom":[{"system":"phone","value":)");
  AppendJsonString(phone, out);
  out->append("}]");
}

/// A post in a department: a person with a name and the role he has there.
void AppendPost(const City& city, const Institution& institution, size_t department, bool doctor,
                uint64_t number, Lines* out) {
  const Names& names = city.tables().names;
  SeededRandom random = StreamOf(city.plan().seed(), Draw::kStaff, number);
  const size_t sex = Chance(&random, doctor ? 50 : 3, 100) ? 1 : 0;
  const Cohort& cohort = names.cohorts[2 + random.Below(3)];  // born in the seventies to nineties
  const Surname& family = names.surnames[names.surname.Pick(&random)];
  std::string given = cohort.characters[sex][cohort.character[sex].Pick(&random)];
  given += cohort.characters[sex][cohort.character[sex].Pick(&random)];
  const std::string& area = city.plan().area(institution.area).code;
  const std::string id = fmt::format("staff-{:06}", number + 1);
  Add(&out->practitioners, R"({{"resourceType":"Practitioner","id":"{}")", id);
  AddMeta(&out->practitioners, area);
  Add(&out->practitioners,
      R"(,"active":true,"name":[{{"text":"{}{}","family":"{}","given":["{}"]}}],"gender":"{}"}})"
      "\n",
      family.text, given, family.text, given, sex == 1 ? "male" : "female");
  Add(&out->roles, R"({{"resourceType":"PractitionerRole","id":"post-{:06}")", number + 1);
  AddMeta(&out->roles, area);
  Add(&out->roles,
      R"(,"active":true,"practitioner":{{"reference":"Practitioner/{}"}},"organization":{{"reference":"Organization/{}"}},"code":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/practitioner-role","code":"{}"}}]}}],"location":[{{"reference":"Location/site-{}"}}],"healthcareService":[{{"reference":"HealthcareService/{}-{:02}"}}]}})"
      "\n",
      id, institution.id, doctor ? "doctor" : "nurse", institution.id, institution.id, department + 1);
}

std::string_view LevelName(Level level) {
  static constexpr std::array<std::string_view, 5> kNames = {"city", "county", "township", "village", "grid"};
  return kNames.at(static_cast<size_t>(level));
}

std::string PhoneOf(const City& city, uint32_t institution) {
  return fmt::format("{}{:08}", city.tables().places.area_code, 60'000'000 + institution);
}

}  // namespace

void AppendArea(const Plan& plan, uint32_t number, std::string* out) {
  const Area& area = plan.area(number);
  Add(out, R"({{"resourceType":"Location","id":"area-{}")", area.code);
  AddMeta(out, area.code);
  Add(out,
      R"(,"extension":[{{"url":"http://hl7.org/fhir/StructureDefinition/location-boundary-geojson","valueAttachment":{{"contentType":"application/geo+json","data":"{}"}}}}])",
      ToBase64(AsBytes(GeoJson(plan.Ring(area)))));
  Add(out,
      R"(,"identifier":[{{"system":"http://tongkang.dev/fhir/sid/area","value":"{}"}}],"status":"active")",
      area.code);
  AddText(out, "name", area.name);
  AddText(out, "description", area.full_name);
  Add(out,
      R"(,"mode":"instance","type":[{{"coding":[{{"system":"http://tongkang.dev/fhir/CodeSystem/area-level","code":"{}"}}]}}],"physicalType":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"jdn","display":"Jurisdiction"}}]}})",
      LevelName(area.level));
  AddPosition(out, plan.Centre(area));
  if (area.level != Level::kCity)
    Add(out, R"(,"partOf":{{"reference":"Location/area-{}"}})", plan.area(area.parent).code);
  out->append("}\n");
}

void AppendInstitution(const City& city, uint32_t number, Lines* out) {
  const Plan& plan = city.plan();
  const Institution& institution = plan.institutions()[number];
  const InstitutionKind& kind = city.tables().places.institutions[institution.kind];
  const std::string& area = plan.area(institution.area).code;
  const Area& grid = plan.area(institution.grid);

  Add(&out->organizations, R"({{"resourceType":"Organization","id":"{}")", institution.id);
  AddMeta(&out->organizations, area);
  Add(&out->organizations,
      R"(,"identifier":[{{"system":"http://tongkang.dev/fhir/sid/cn-credit-code","value":"{}"}}],"active":true,"type":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"{}"}}],"text":"{}"}}])",
      institution.credit_code, kind.type, kind.kind);
  AddText(&out->organizations, "name", institution.name);
  AddPhone(&out->organizations, PhoneOf(city, number));
  Add(&out->organizations,
      R"(,"address":[{{"text":"{}"}}]}})"
      "\n",
      plan.area(grid.parent).full_name);

  Add(&out->locations, R"({{"resourceType":"Location","id":"site-{}")", institution.id);
  AddMeta(&out->locations, grid.code);
  out->locations.append(R"(,"status":"active")");
  AddText(&out->locations, "name", institution.name);
  out->locations.append(
      R"(,"mode":"instance","physicalType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"bu","display":"Building"}]})");
  AddPosition(&out->locations, plan.Centre(grid));
  Add(&out->locations,
      R"(,"managingOrganization":{{"reference":"Organization/{}"}},"partOf":{{"reference":"Location/area-{}"}}}})"
      "\n",
      institution.id, grid.code);

  // Posts are numbered through the city: each institution has room for a thousand.
  uint64_t post = uint64_t{number} * 1000;
  for (size_t department = 0; department < kind.departments.size(); ++department) {
    Add(&out->services, R"({{"resourceType":"HealthcareService","id":"{}-{:02}")", institution.id,
        department + 1);
    AddMeta(&out->services, area);
    Add(&out->services,
        R"(,"active":true,"providedBy":{{"reference":"Organization/{}"}},"location":[{{"reference":"Location/site-{}"}}])",
        institution.id, institution.id);
    AddText(&out->services, "name", kind.departments[department]);
    out->services.append("}\n");
    for (uint32_t i = 0; i < kind.doctors + kind.nurses; ++i)
      AppendPost(city, institution, department, i < kind.doctors, post++, out);
  }
}

const std::string_view kAreaColumns = "code,name,parent,level,longitude,latitude,boundary\n";
const std::string_view kInstitutionColumns = "id,name,credit_code,type,area,phone,address\n";

void AppendAreaRow(const Plan& plan, uint32_t number, std::string* out) {
  const Area& area = plan.area(number);
  AppendCsvField(area.code, out);
  out->push_back(',');
  AppendCsvField(area.name, out);
  Add(out, ",{},{},", area.level == Level::kCity ? std::string_view() : plan.area(area.parent).code,
      LevelName(area.level));
  const Point centre = plan.Centre(area);
  AddDegrees(out, centre.lon);
  out->push_back(',');
  AddDegrees(out, centre.lat);
  out->push_back(',');
  AppendCsvField(GeoJson(plan.Ring(area)), out);
  out->push_back('\n');
}

void AppendInstitutionRow(const City& city, uint32_t number, std::string* out) {
  const Plan& plan = city.plan();
  const Institution& institution = plan.institutions()[number];
  const std::string& type = city.tables().places.institutions[institution.kind].type;
  const std::string phone = PhoneOf(city, number);
  bool first = true;
  for (const std::string_view field :
       {std::string_view(institution.id), std::string_view(institution.name),
        std::string_view(institution.credit_code), std::string_view(type),
        std::string_view(plan.area(institution.area).code), std::string_view(phone),
        std::string_view(plan.area(plan.area(institution.grid).parent).full_name)}) {
    if (!first) out->push_back(',');
    first = false;
    AppendCsvField(field, out);
  }
  out->push_back('\n');
}

void AppendPatient(const City& city, const Record& record, std::string* out) {
  const Institution& source = city.plan().institutions()[record.institution];
  Add(out, R"({{"resourceType":"Patient","id":"r{}")", record.id);
  AddMeta(out, city.plan().area(record.area).code);
  Add(out,
      R"(,"identifier":[{{"use":"usual","system":"http://tongkang.dev/fhir/sid/patient-number/{}","value":"{}"}})",
      source.id, record.id);
  const auto identifier = [&](std::string_view system, std::string_view value) {
    Add(out, R"(,{{"system":"http://tongkang.dev/fhir/sid/{}","value":)", system);
    AppendJsonString(value, out);
    out->push_back('}');
  };
  if (!record.resident_id.empty())
    identifier(record.id_in_card_field ? "cn-health-card" : "cn-resident-id", record.resident_id);
  if (!record.document.empty()) identifier(record.outsider->document, record.document);
  if (!record.birth_certificate.empty()) identifier("cn-birth-certificate", record.birth_certificate);
  out->append(R"(],"active":true,"name":[{"text":)");
  AppendJsonString(record.name, out);
  if (!record.family.empty()) AddText(out, "family", record.family);
  if (!record.given.empty()) {
    out->append(R"(,"given":[)");
    AppendJsonString(record.given, out);
    out->push_back(']');
  }
  out->append("}]");
  if (!record.phone.empty()) AddPhone(out, record.phone);
  if (record.sex != ' ')
    AddText(out, "gender", record.sex == 'm' ? "male" : record.sex == 'f' ? "female" : "unknown");
  if (!record.birth.empty()) AddText(out, "birthDate", record.birth);
  if (!record.address.empty()) {
    out->append(R"(,"address":[{"use":"home","text":)");
    AppendJsonString(record.address, out);
    out->append(R"(,"country":"CN"}])");
  }
  if (record.birth_order != 0) Add(out, R"(,"multipleBirthInteger":{})", record.birth_order);
  if (!record.mother_name.empty()) {
    out->append(
        R"(,"contact":[{"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}],"name":{"text":)");
    AppendJsonString(record.mother_name, out);
    out->push_back('}');
    if (!record.mother_phone.empty()) AddPhone(out, record.mother_phone);
    out->append("}]");
  }
  Add(out,
      R"(,"managingOrganization":{{"reference":"Organization/{}"}}}})"
      "\n",
      source.id);
}

const std::string_view kTruthColumns = "record,person,other_person,traps\n";
const std::string_view kPersonColumns =
    "person,grid,household,role,name,former_given,sex,birth,resident_id,has_id,earlier_id,mobile,mother,"
    "father,twin,document,address\n";

void AppendPerson(const City& city, const People& people, const Person& person, std::string* out) {
  static constexpr std::array<std::string_view, 8> kRoles = {
      "head", "spouse", "child", "parent", "grandparent", "grandchild", "sharer", "dormitory"};
  const Household& household = people.households[person.household];
  const auto number = [&](int64_t value) {
    if (value >= 0) AppendNumber(value, out);
    out->push_back(',');
  };
  AppendNumber(static_cast<int64_t>(person.number), out);
  out->append(",").append(city.plan().area(household.grid).code).append(",");
  AppendNumber(household.ordinal, out);
  out->append(",")
      .append(kRoles[static_cast<size_t>(person.role)])
      .append(",")
      .append(person.Name())
      .append(",");
  out->append(person.former_given).append(person.male ? ",male," : ",female,");
  AppendDate(person.birth, out);
  out->append(",").append(TextOf(person.id)).append(person.has_id ? ",1," : ",0,");
  if (person.has_earlier_id) out->append(TextOf(person.earlier_id));
  out->push_back(',');
  if (person.mobile != 0) AppendNumber(static_cast<int64_t>(person.mobile), out);
  out->push_back(',');
  number(person.mother);
  number(person.father);
  number(person.twin);
  out->append(person.document).append(",");
  out->append(city.AddressText(household)).push_back('\n');
}

}  // namespace tk::city
