#include "kernel/person/patient_record.h"

#include <charconv>

namespace tk::person {
namespace {

using linkage::PatientText;

constexpr std::string_view kSidBase = "http://tongkang.dev/fhir/sid/";
constexpr std::string_view kAreaSystem = "http://tongkang.dev/fhir/sid/area";
constexpr size_t kDivisionDigits = 6;

std::string TextAt(fhir::Value value, std::string_view member) { return value[member].ToString(); }

/// HL7 v2 table 0203 (identifier type), as far as it names kinds that are compared.
IdKind KindOfTable0203(std::string_view code) {
  struct SystemKind {
    std::string_view code;
    IdKind kind;
  };
  static constexpr SystemKind kRows[] = {{"NI", IdKind::kResidentId}, {"NNCHN", IdKind::kResidentId},
                                         {"PPN", IdKind::kPassport},  {"BCT", IdKind::kBirth},
                                         {"MI", IdKind::kOfficer},    {"HC", IdKind::kHealthCard}};
  for (const SystemKind& row : kRows) {
    if (row.code == code) return row.kind;
  }
  return IdKind::kNone;
}

IdKind KindOfType(fhir::Value type) {
  for (const fhir::Value coding : type["coding"]) {
    const std::string code = TextAt(coding, "code");
    if (const IdKind kind = KindOfTable0203(code); kind != IdKind::kNone) return kind;
    if (TextAt(coding, "system").find("CV02.01.101") != std::string::npos) return KindOfDocumentType(code);
  }
  return IdKind::kNone;
}

void ReadNames(fhir::Value patient, PatientText* text) {
  for (const fhir::Value name : patient["name"]) {
    PatientText::NameText value{TextAt(name, "text"), TextAt(name, "family"), "",
                                TextAt(name, "use") != "old"};
    for (const fhir::Value given : name["given"]) {
      if (!value.given.empty() && static_cast<unsigned char>(value.given.back()) < 0x80) value.given += ' ';
      value.given += given.ToString();
    }
    text->names.push_back(std::move(value));
  }
}

void ReadIdentifiers(fhir::Value patient, PatientText* text) {
  for (const fhir::Value id : patient["identifier"]) {
    const IdKind kind = KindOfIdentifier(id);
    if (kind != IdKind::kNone) text->ids.push_back({TextAt(id, "value"), kind, 0});
  }
}

bool IsMother(fhir::Value contact) {
  for (const fhir::Value relationship : contact["relationship"]) {
    for (const fhir::Value coding : relationship["coding"]) {
      if (TextAt(coding, "code") == "MTH") return true;
    }
  }
  return false;
}

void ReadMother(fhir::Value patient, PatientText* text) {
  for (const fhir::Value contact : patient["contact"]) {
    if (!IsMother(contact)) continue;
    text->mother_name = TextAt(contact["name"], "text");
    if (text->mother_name.empty()) {
      text->mother_name = TextAt(contact["name"], "family");
      for (const fhir::Value given : contact["name"]["given"]) text->mother_name += given.ToString();
    }
    for (const fhir::Value telecom : contact["telecom"])
      text->mother_phones.push_back(TextAt(telecom, "value"));
  }
}

/// Of the area that the source put the record under.
uint32_t DivisionOf(fhir::Value patient) {
  for (const fhir::Value tag : patient["meta"]["tag"]) {
    const std::string code = TextAt(tag, "code");
    if (TextAt(tag, "system") == kAreaSystem && code.size() >= kDivisionDigits) return DivisionOfArea(code);
  }
  return 0;
}

std::string AddressText(fhir::Value address) {
  std::string text = TextAt(address, "text");
  if (!text.empty()) return text;
  for (const char* member : {"state", "city", "district"}) text += TextAt(address, member);
  for (const fhir::Value line : address["line"]) text += line.ToString();
  return text;
}

void ReadTelecoms(fhir::Value patient, PatientText* text) {
  for (const fhir::Value telecom : patient["telecom"]) {
    const std::string system = TextAt(telecom, "system");
    if (system == "email")
      text->emails.push_back(TextAt(telecom, "value"));
    else if (system.empty() || system == "phone" || system == "sms")
      text->phones.push_back(TextAt(telecom, "value"));
  }
}

}  // namespace

IdKind KindOfSystem(std::string_view system) {
  struct SystemKind {
    std::string_view name;
    IdKind kind;
  };
  static constexpr SystemKind kRows[] = {{"cn-resident-id", IdKind::kResidentId},
                                         {"cn-birth-certificate", IdKind::kBirth},
                                         {"cn-health-card", IdKind::kHealthCard},
                                         {"cn-residence-permit", IdKind::kResidencePermit},
                                         {"passport", IdKind::kPassport},
                                         {"foreign-permit", IdKind::kForeignPermit},
                                         {"hk-macau-permit", IdKind::kHongKongMacao},
                                         {"taiwan-permit", IdKind::kTaiwan}};
  if (!system.starts_with(kSidBase)) return IdKind::kNone;
  system.remove_prefix(kSidBase.size());
  for (const SystemKind& row : kRows) {
    if (row.name == system) return row.kind;
  }
  return IdKind::kNone;
}

uint32_t DivisionOfArea(std::string_view area_code) {
  uint32_t division = 0;
  if (area_code.size() >= kDivisionDigits)
    std::from_chars(area_code.data(), area_code.data() + kDivisionDigits, division);
  return division;
}

linkage::PatientText TextOfPatient(fhir::Value patient) {
  PatientText text;
  ReadNames(patient, &text);
  ReadIdentifiers(patient, &text);
  ReadTelecoms(patient, &text);
  text.birth = TextAt(patient, "birthDate");
  const std::string gender = TextAt(patient, "gender");
  text.sex = gender == "male"     ? linkage::Sex::kMale
             : gender == "female" ? linkage::Sex::kFemale
                                  : linkage::Sex::kUnknown;
  const uint32_t division = DivisionOf(patient);
  for (const fhir::Value address : patient["address"])
    text.addresses.push_back({AddressText(address), division});
  if (const std::string_view order = patient["multipleBirthInteger"].Number(); !order.empty()) {
    uint32_t number = 0;
    std::from_chars(order.data(), order.data() + order.size(), number);
    if (number <= 15) text.birth_order = static_cast<uint8_t>(number);
  }
  ReadMother(patient, &text);
  return text;
}

IdKind KindOfIdentifier(fhir::Value identifier) {
  const IdKind kind = KindOfSystem(TextAt(identifier, "system"));
  return kind != IdKind::kNone ? kind : KindOfType(identifier["type"]);
}

}  // namespace tk::person
