#include "bench/city.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "kernel/base/clock.h"

namespace tk::bench {
namespace {

constexpr uint64_t kDays2016 = 16801;  // 2016-01-01 after 1970-01-01; the records cover ten years from there
constexpr uint64_t kRecordDays = 3650;
constexpr uint32_t kLongRecordObservations = 597;

constexpr std::array kSurnames = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙",
                                  "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢"};
constexpr std::array kGiven = {"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇",
                               "艳", "杰", "娟", "涛", "明", "超", "兰", "霞", "平", "刚", "桂",
                               "英", "华", "玉", "萍", "红", "鑫", "雨", "宁", "轩", "诺"};

struct Measure {
  const char* code;
  const char* text;
  const char* unit;
  uint32_t low, high;
};  // in tenths of the unit
constexpr std::array kMeasures = {Measure{"8310-5", "Body temperature", "Cel", 360, 390},
                                  Measure{"8867-4", "Heart rate", "/min", 500, 1100},
                                  Measure{"9279-1", "Respiratory rate", "/min", 120, 240},
                                  Measure{"29463-7", "Body weight", "kg", 400, 950},
                                  Measure{"8302-2", "Body height", "cm", 1450, 1900},
                                  Measure{"39156-5", "Body mass index", "kg/m2", 170, 330},
                                  Measure{"2708-6", "Oxygen saturation", "%", 900, 1000},
                                  Measure{"15074-8", "Glucose", "mmol/L", 38, 120},
                                  Measure{"718-7", "Hemoglobin", "g/dL", 90, 175},
                                  Measure{"2160-0", "Creatinine", "mg/dL", 5, 14},
                                  Measure{"6690-2", "Leukocytes", "10*3/uL", 35, 120},
                                  Measure{"4548-4", "Hemoglobin A1c", "%", 45, 98}};

struct Coded {
  const char* code;
  const char* text;
};
constexpr std::array kDiagnoses = {Coded{"I10", "Essential hypertension"},
                                   Coded{"E11.9", "Type 2 diabetes mellitus"},
                                   Coded{"J06.9", "Acute upper respiratory infection"},
                                   Coded{"K29.5", "Chronic gastritis"},
                                   Coded{"M54.5", "Low back pain"},
                                   Coded{"J18.9", "Pneumonia"},
                                   Coded{"E78.5", "Hyperlipidaemia"},
                                   Coded{"I25.1", "Atherosclerotic heart disease"}};
constexpr std::array kMedicines = {Coded{"C08CA01", "amlodipine"},   Coded{"A10BA02", "metformin"},
                                   Coded{"C10AA05", "atorvastatin"}, Coded{"J01CA04", "amoxicillin"},
                                   Coded{"A02BC01", "omeprazole"},   Coded{"N02BE01", "paracetamol"}};
constexpr std::array kVaccines = {Coded{"J07BB02", "influenza"}, Coded{"J07BC01", "hepatitis B"},
                                  Coded{"J07BX03", "COVID-19"}, Coded{"J07AL02", "pneumococcus"}};
constexpr std::array kProcedures = {Coded{"88.72", "Echocardiography"}, Coded{"87.44", "Chest X-ray"},
                                    Coded{"45.13", "Gastroscopy"}, Coded{"89.52", "Electrocardiogram"}};

template <class Table>
const auto& Pick(const Table& table, SeededRandom* random) {
  return table[random->Below(table.size())];
}

/// Day and minute as a FHIR dateTime of the city's zone.
std::string TimeOf(uint64_t day, uint64_t minute) {
  const CivilDate date = CivilFromDays(static_cast<int64_t>(day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:00+08:00", date.year, date.month, date.day, minute / 60,
                     minute % 60);
}

std::string UuidOf(SeededRandom* random) {
  const uint64_t a = random->Next(), b = random->Next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52,
                     b & 0xffffffffffff);
}

/// The last character of a resident number. Source: GB 11643-1999 (ISO 7064 MOD 11-2).
char CheckCharacter(std::string_view first17) {
  constexpr std::array<unsigned, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  unsigned sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) sum += kWeights[i] * static_cast<unsigned>(first17[i] - '0');
  return "10X98765432"[sum % 11];
}

using Out = std::back_insert_iterator<std::string>;

/// Writes the entries of one person; knows what they all refer to.
class Record {
 public:
  Record(const Person& person, SeededRandom* random, std::string* out)
      : person_(person), random_(random), out_(out) {}

  uint32_t entries() const { return entries_; }

  void AddPatient() {
    Begin("Patient", person_.uuid);
    fmt::format_to(
        Out(*out_),
        R"(,"meta":{{"tag":[{{"system":"http://tongkang.dev/fhir/sid/area","code":"{}"}}]}},"identifier":[{{"use":"official",)"
        R"("system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"{}"}}],"active":true,"name":[{{"text":"{}",)"
        R"("family":"{}"}}],"telecom":[{{"system":"phone","value":"1990000{:04}","use":"mobile"}}],"gender":"{}",)"
        R"("birthDate":"{}","address":[{{"use":"home","text":"Block {} unit {}","country":"CN"}}])",
        person_.area, person_.resident_id, person_.name, person_.name.substr(0, 3), person_.number % 10000,
        person_.male ? "male" : "female", person_.birth_date, random_->Below(90) + 1, random_->Below(30) + 1);
    End("Patient");
  }

  void AddEncounter() {
    encounter_ = UuidOf(random_);
    day_ = kDays2016 + random_->Below(kRecordDays);
    minute_ = 480 + random_->Below(500);
    Begin("Encounter", encounter_);
    fmt::format_to(
        Out(*out_),
        R"(,"status":"finished","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}},)"
        R"("type":[{{"coding":[{{"system":"http://snomed.info/sct","code":"185349003"}}],"text":"Encounter for check up"}}],)"
        R"("subject":{{"reference":"urn:uuid:{}"}},"period":{{"start":"{}","end":"{}"}})",
        person_.uuid, TimeOf(day_, minute_), TimeOf(day_, minute_ + 25));
    End("Encounter");
  }

  void AddObservation() {
    const Measure& measure = Pick(kMeasures, random_);
    const uint64_t tenths = measure.low + random_->Below(measure.high - measure.low);
    Begin("Observation", UuidOf(random_));
    fmt::format_to(
        Out(*out_),
        R"(,"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/)"
        R"(observation-category","code":"vital-signs","display":"Vital Signs"}}]}}],"code":{{"coding":[{{"system":)"
        R"("http://loinc.org","code":"{}","display":"{}"}}],"text":"{}"}})",
        measure.code, measure.text, measure.text);
    Links();
    const std::string when = TimeOf(day_, minute_ + random_->Below(25));
    fmt::format_to(Out(*out_),
                   R"(,"effectiveDateTime":"{}","issued":"{}","valueQuantity":{{"value":{}.{},"unit":"{}",)"
                   R"("system":"http://unitsofmeasure.org","code":"{}"}})",
                   when, when, tenths / 10, tenths % 10, measure.unit, measure.unit);
    End("Observation");
  }

  void AddCondition() {
    const Coded& diagnosis = Pick(kDiagnoses, random_);
    Begin("Condition", UuidOf(random_));
    fmt::format_to(
        Out(*out_),
        R"(,"clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}}]}},)"
        R"("verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":)"
        R"("confirmed"}}]}},"code":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10","code":"{}","display":"{}"}}]}})",
        diagnosis.code, diagnosis.text);
    Links();
    fmt::format_to(Out(*out_), R"(,"onsetDateTime":"{}","recordedDate":"{}")",
                   TimeOf(day_ - random_->Below(30), minute_), TimeOf(day_, minute_));
    End("Condition");
  }

  void AddMedicationRequest() {
    const Coded& medicine = Pick(kMedicines, random_);
    Begin("MedicationRequest", UuidOf(random_));
    fmt::format_to(
        Out(*out_),
        R"(,"status":"completed","intent":"order","medicationCodeableConcept":{{"coding":[{{"system":"http://www.whocc.no/atc",)"
        R"("code":"{}","display":"{}"}}],"text":"{}"}})",
        medicine.code, medicine.text, medicine.text);
    Links();
    fmt::format_to(
        Out(*out_),
        R"(,"authoredOn":"{}","dosageInstruction":[{{"text":"{} times a day","timing":{{"repeat":{{"frequency":{},)"
        R"("period":1,"periodUnit":"d"}}}}}}])",
        TimeOf(day_, minute_), 1 + random_->Below(3), 1 + random_->Below(3));
    End("MedicationRequest");
  }

  void AddImmunization() {
    const Coded& vaccine = Pick(kVaccines, random_);
    Begin("Immunization", UuidOf(random_));
    fmt::format_to(
        Out(*out_),
        R"(,"status":"completed","vaccineCode":{{"coding":[{{"system":"http://www.whocc.no/atc","code":"{}","display":)"
        R"("{}"}}]}},"patient":{{"reference":"urn:uuid:{}"}},"encounter":{{"reference":"urn:uuid:{}"}},)"
        R"("occurrenceDateTime":"{}","primarySource":true,"lotNumber":"B{:06}")",
        vaccine.code, vaccine.text, person_.uuid, encounter_, TimeOf(day_, minute_), random_->Below(1000000));
    End("Immunization");
  }

  void AddProcedure() {
    const Coded& procedure = Pick(kProcedures, random_);
    Begin("Procedure", UuidOf(random_));
    fmt::format_to(
        Out(*out_),
        R"(,"status":"completed","code":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-9-cm","code":"{}","display":"{}"}}]}})",
        procedure.code, procedure.text);
    Links();
    fmt::format_to(Out(*out_), R"(,"performedPeriod":{{"start":"{}","end":"{}"}})", TimeOf(day_, minute_),
                   TimeOf(day_, minute_ + 20));
    End("Procedure");
  }

 private:
  void Begin(std::string_view type, std::string_view uuid) {
    if (entries_++ > 0) out_->push_back(',');
    fmt::format_to(Out(*out_), R"({{"fullUrl":"urn:uuid:{}","resource":{{"resourceType":"{}")", uuid, type);
  }
  void End(std::string_view type) {
    fmt::format_to(Out(*out_), R"(}},"request":{{"method":"POST","url":"{}"}}}})", type);
  }
  void Links() {
    fmt::format_to(Out(*out_),
                   R"(,"subject":{{"reference":"urn:uuid:{}"}},"encounter":{{"reference":"urn:uuid:{}"}})",
                   person_.uuid, encounter_);
  }

  const Person& person_;
  SeededRandom* random_;
  std::string* out_;
  std::string encounter_;
  uint64_t day_ = 0, minute_ = 0;
  uint32_t entries_ = 0;
};

uint64_t SeedOf(uint64_t seed, uint64_t number) {
  return seed * 0x9e3779b97f4a7c15u ^ (number + 1) * 0xd1b54a32d192ed03u;
}

}  // namespace

Person City::PersonOf(uint64_t number) const {
  SeededRandom random(SeedOf(seed_, number));
  Person person;
  person.number = number;
  person.long_record = number % kPersonsPerLongRecord == 7;
  const std::string area = fmt::format("3801{:02}{:03}", 1 + random.Below(8), 1 + random.Below(6));
  person.area = person.long_record ? std::string(kMeasuredArea) : area;
  const CivilDate birth = CivilFromDays(static_cast<int64_t>(random.Below(29000)) - 12000);
  person.birth_date = fmt::format("{:04}-{:02}-{:02}", birth.year, birth.month, birth.day);
  const uint64_t sequence = random.Below(1000);
  person.male = sequence % 2 == 1;
  person.resident_id = fmt::format("{}{:04}{:02}{:02}{:03}", person.area.substr(0, 6), birth.year,
                                   birth.month, birth.day, sequence);
  person.resident_id += CheckCharacter(person.resident_id);
  person.name = std::string(Pick(kSurnames, &random)) + Pick(kGiven, &random);
  if (random.Below(3) != 0) person.name += Pick(kGiven, &random);
  person.uuid = UuidOf(&random);
  return person;
}

uint32_t City::AppendPerson(uint64_t number, std::string* out) const {
  const Person person = PersonOf(number);
  SeededRandom random(SeedOf(seed_ + 1, number));
  Record record(person, &random, out);
  record.AddPatient();
  for (int visit = 0; visit < 3; ++visit) {
    record.AddEncounter();
    const uint32_t observations = person.long_record ? kLongRecordObservations / 3 : 3;
    for (uint32_t i = 0; i < observations; ++i) record.AddObservation();
    if (visit != 0) record.AddCondition();
    if (visit != 1) record.AddMedicationRequest();
    if (visit != 2) record.AddImmunization();
  }
  record.AddProcedure();
  return record.entries();
}

uint32_t City::NextBundle(uint64_t* next, uint64_t end, std::string* out) const {
  out->assign(R"({"resourceType":"Bundle","type":"transaction","entry":[)");
  const uint64_t wanted = 100 + SeededRandom(SeedOf(seed_ + 2, *next)).Below(381);
  uint32_t entries = 0;
  while (*next < end && entries < wanted) {
    const bool alone = *next % kPersonsPerLongRecord == 7;
    if (alone && entries > 0) break;
    if (entries > 0) out->push_back(',');
    entries += AppendPerson((*next)++, out);
    if (alone) break;
  }
  out->append("]}");
  return entries;
}

std::string City::ObservationOf(std::string_view patient_id, uint64_t number) const {
  SeededRandom random(SeedOf(seed_ + 3, number));
  const Measure& measure = Pick(kMeasures, &random);
  const uint64_t tenths = measure.low + random.Below(measure.high - measure.low);
  return fmt::format(
      R"({{"resourceType":"Observation","status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/)"
      R"(observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{}","display":"{}"}}]}},)"
      R"("subject":{{"reference":"Patient/{}"}},"effectiveDateTime":"{}","valueQuantity":{{"value":{}.{},"unit":"{}",)"
      R"("system":"http://unitsofmeasure.org","code":"{}"}}}})",
      measure.code, measure.text, patient_id,
      TimeOf(kDays2016 + kRecordDays + random.Below(300), random.Below(1440)), tenths / 10, tenths % 10,
      measure.unit, measure.unit);
}

}  // namespace tk::bench
