#include "city/pen.h"

#include "city/json_text.h"
#include "city/life.h"

namespace tk::city {
namespace {

constexpr std::string_view kLetters = "ecomi";  // the first of an id, by Told
constexpr uint32_t kPostsOfInstitution = 1000;  // as AppendInstitution numbers them

/// "2026-03-04T09:12:00+08:00".
void AddTime(std::string* out, int64_t day, int minute) {
  AppendDay(day, out);
  Add(out, "T{:02}:{:02}:00+08:00", minute / 60, minute % 60);
}

/// A number with so many decimals, never "-0".
void AddValue(std::string* out, double value, int decimals) {
  constexpr std::array kScale = {1, 10, 100};
  const int scale = kScale.at(static_cast<size_t>(decimals));
  const auto whole = static_cast<int64_t>(value * scale + 0.5);
  if (decimals == 0) {
    Add(out, "{}", whole);
  } else {
    Add(out, "{}.{:0{}}", whole / scale, whole % scale, decimals);
  }
}

void AddQuantity(std::string* out, std::string_view key, double value, int decimals, std::string_view unit) {
  Add(out, R"("{}":{{"value":)", key);
  AddValue(out, value, decimals);
  Add(out, R"(,"unit":"{}","system":"http://unitsofmeasure.org","code":"{}"}})", unit, unit);
}

void AddCategory(std::string* out, std::string_view code) {
  Add(out,
      R"(,"category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"{}"}}]}}])",
      code);
}

void AddRange(std::string* out, const Found& found) {
  if (!found.has_range) return;
  const char* const flag = found.value < found.low ? "L" : found.value > found.high ? "H" : "N";
  Add(out,
      R"(,"interpretation":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"{}"}}]}}],"referenceRange":[{{)",
      flag);
  AddQuantity(out, "low", found.low, found.decimals, found.unit);
  out->push_back(',');
  AddQuantity(out, "high", found.high, found.decimals, found.unit);
  out->append("}]");
}

}  // namespace

const std::array<std::string_view, kTold> kToldTypes = {"Encounter", "Condition", "Observation",
                                                        "MedicationRequest", "Immunization"};

void Pages::Clear() {
  for (auto& text : texts_) text.clear();
  for (auto& lines : lines_) lines.clear();
}

void Pages::Close(Told type, uint64_t record) {
  auto& lines = lines_[static_cast<size_t>(type)];
  lines.push_back({record, lines.empty() ? 0 : lines.back().end, texts_[static_cast<size_t>(type)].size()});
}

void Pages::Take(Told type, std::string* out) {
  auto& lines = lines_[static_cast<size_t>(type)];
  const std::string& text = texts_[static_cast<size_t>(type)];
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.record < b.record; });
  out->reserve(out->size() + text.size());
  for (const Line& line : lines) out->append(text, line.begin, line.end - line.begin);
}

uint64_t Pages::lines() const {
  uint64_t count = 0;
  for (const auto& lines : lines_) count += lines.size();
  return count;
}

void Pen::Begin(std::vector<const Record*> records) {
  records_.clear();
  for (const Record* record : records) records_.push_back({record, {}});
}

std::string* Pen::Start(Told type, const Meeting& meeting, std::string* id) {
  Source& source = records_[meeting.record];
  const auto place = static_cast<size_t>(type);
  std::string* const out = pages_.Open(type);
  const std::string name =
      fmt::format("{}{}-{}", kLetters[place], source.record->id, ++source.written[place]);
  Add(out, R"({{"resourceType":"{}","id":"{}")", kToldTypes[place], name);
  AddMeta(out, city_.plan().area(source.record->area).code);
  if (id != nullptr) *id = name;
  return out;
}

void Pen::Subject(std::string* out, const Meeting& meeting, std::string_view key) const {
  Add(out, R"(,"{}":{{"reference":"Patient/r{}"}})", key, records_[meeting.record].record->id);
  if (!meeting.encounter.empty())
    Add(out, R"(,"encounter":{{"reference":"Encounter/{}"}})", meeting.encounter);
}

void Pen::End(Told type, const Meeting& meeting) {
  pages_.Open(type)->append("}\n");
  pages_.Close(type, records_[meeting.record].record->id);
}

Meeting Pen::Visit(size_t record, int64_t day, int minute, const std::vector<std::string>& departments,
                   std::string_view reason, int days) {
  const Record& source = *records_[record].record;
  const Institution& institution = city_.plan().institutions()[source.institution];
  const InstitutionKind& kind = city_.tables().places.institutions[institution.kind];
  size_t department = 0;
  for (const std::string& wanted : departments) {
    const auto found = std::find(kind.departments.begin(), kind.departments.end(), wanted);
    if (found == kind.departments.end()) continue;
    department = static_cast<size_t>(found - kind.departments.begin());
    break;
  }
  Meeting meeting{record, day, minute, {}, {}};
  std::string* const out = Start(Told::kEncounter, meeting, &meeting.encounter);
  Add(out,
      R"(,"status":"finished","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{}"}},"subject":{{"reference":"Patient/r{}"}})",
      days > 0 ? "IMP" : "AMB", source.id);
  if (kind.doctors > 0) {
    const uint64_t doctor = (static_cast<uint64_t>(day) * 31 + source.id) % kind.doctors;
    const uint64_t post = uint64_t{source.institution} * kPostsOfInstitution +
                          department * (kind.doctors + kind.nurses) + doctor;
    meeting.practitioner = fmt::format("staff-{:06}", post + 1);
    Add(out, R"(,"participant":[{{"individual":{{"reference":"Practitioner/{}"}}}}])", meeting.practitioner);
  }
  out->append(R"(,"period":{"start":")");
  AddTime(out, day, minute);
  out->append(R"(","end":")");
  AddTime(out, day + days, minute + 18);
  out->append(R"("},"reasonCode":[{"text":)");
  AppendJsonString(reason, out);
  Add(out, R"(}}],"serviceProvider":{{"reference":"Organization/{}"}})", institution.id);
  End(Told::kEncounter, meeting);
  return meeting;
}

void Pen::Diagnose(const Meeting& meeting, std::string_view code, std::string_view text, int64_t onset,
                   int64_t ended) {
  std::string* const out = Start(Told::kCondition, meeting);
  Add(out,
      R"(,"clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"{}"}}]}},"verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}}]}},"category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"{}"}}]}}],"code":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10","code":"{}"}}],"text":"{}"}})",
      ended < 0 ? "active" : "resolved",
      meeting.encounter.empty() ? "problem-list-item" : "encounter-diagnosis", code, text);
  Subject(out, meeting, "subject");
  out->append(R"(,"onsetDateTime":")");
  AppendDay(onset, out);
  if (ended >= 0) {
    out->append(R"(","abatementDateTime":")");
    AppendDay(ended, out);
  }
  out->append(R"(","recordedDate":")");
  AddTime(out, meeting.day, meeting.minute);
  out->push_back('"');
  End(Told::kCondition, meeting);
}

void Pen::Measure(const Meeting& meeting, bool vital, const Found& found) {
  std::string* const out = Start(Told::kObservation, meeting);
  out->append(R"(,"status":"final")");
  AddCategory(out, vital ? "vital-signs" : "laboratory");
  Add(out, R"(,"code":{{"coding":[{{"system":"http://loinc.org","code":"{}"}}],"text":"{}"}})", found.code,
      found.text);
  Subject(out, meeting, "subject");
  out->append(R"(,"effectiveDateTime":")");
  AddTime(out, meeting.day, meeting.minute + 4);
  out->append("\",");
  AddQuantity(out, "valueQuantity", found.value, found.decimals, found.unit);
  AddRange(out, found);
  End(Told::kObservation, meeting);
}

void Pen::BloodPressure(const Meeting& meeting, int systolic, int diastolic) {
  std::string* const out = Start(Told::kObservation, meeting);
  out->append(R"(,"status":"final")");
  AddCategory(out, "vital-signs");
  out->append(R"(,"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}],"text":"血压"})");
  Subject(out, meeting, "subject");
  out->append(R"(,"effectiveDateTime":")");
  AddTime(out, meeting.day, meeting.minute + 3);
  out->append(R"(","component":[)");
  bool first = true;
  for (const auto& [code, text, value] :
       {std::tuple{"8480-6", "收缩压", systolic}, {"8462-4", "舒张压", diastolic}}) {
    Add(out, R"({}{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{}"}}],"text":"{}"}},)",
        first ? "" : ",", code, text);
    AddQuantity(out, "valueQuantity", value, 0, "mm[Hg]");
    out->push_back('}');
    first = false;
  }
  out->push_back(']');
  End(Told::kObservation, meeting);
}

void Pen::ExpectedBirth(const Meeting& meeting, int64_t day) {
  std::string* const out = Start(Told::kObservation, meeting);
  out->append(R"(,"status":"final")");
  AddCategory(out, "exam");
  out->append(R"(,"code":{"coding":[{"system":"http://loinc.org","code":"11778-8"}],"text":"预产期"})");
  Subject(out, meeting, "subject");
  out->append(R"(,"effectiveDateTime":")");
  AddTime(out, meeting.day, meeting.minute + 6);
  out->append(R"(","valueDateTime":")");
  AppendDay(day, out);
  out->push_back('"');
  End(Told::kObservation, meeting);
}

void Pen::Prescribe(const Meeting& meeting, const Drug& drug, bool ended) {
  std::string* const out = Start(Told::kMedication, meeting);
  Add(out,
      R"(,"status":"{}","intent":"order","medicationCodeableConcept":{{"coding":[{{"system":"http://www.whocc.no/atc","code":"{}"}}],"text":"{}"}})",
      ended ? "completed" : "active", drug.code, drug.text);
  Subject(out, meeting, "subject");
  out->append(R"(,"authoredOn":")");
  AddTime(out, meeting.day, meeting.minute + 12);
  out->push_back('"');
  if (!meeting.practitioner.empty())
    Add(out, R"(,"requester":{{"reference":"Practitioner/{}"}})", meeting.practitioner);
  const int decimals = drug.dose == static_cast<double>(static_cast<int64_t>(drug.dose)) ? 0 : 1;
  out->append(R"(,"dosageInstruction":[{"text":"一次)");
  AddValue(out, drug.dose, decimals);
  Add(out,
      R"( {}，一日{}次","timing":{{"repeat":{{"frequency":{},"period":1,"periodUnit":"d"}}}},"doseAndRate":[{{)",
      drug.unit, drug.times, drug.times);
  AddQuantity(out, "doseQuantity", drug.dose, decimals, drug.unit);
  Add(out,
      R"(}}]}}],"dispenseRequest":{{"expectedSupplyDuration":{{"value":{},"unit":"d","system":"http://unitsofmeasure.org","code":"d"}}}})",
      drug.days);
  End(Told::kMedication, meeting);
}

void Pen::Vaccinate(const Meeting& meeting, const Vaccine& vaccine, uint64_t lot) {
  std::string* const out = Start(Told::kImmunization, meeting);
  Add(out,
      R"(,"status":"completed","vaccineCode":{{"coding":[{{"system":"http://www.whocc.no/atc","code":"{}"}}],"text":"{}"}})",
      vaccine.code, vaccine.text);
  Subject(out, meeting, "patient");
  out->append(R"(,"occurrenceDateTime":")");
  AddTime(out, meeting.day, meeting.minute);
  Add(out,
      R"(","primarySource":true,"lotNumber":"L{:07}","performer":[{{"actor":{{"reference":"Organization/{}"}}}}],"protocolApplied":[{{"doseNumberPositiveInt":{}}}])",
      lot, city_.plan().institutions()[records_[meeting.record].record->institution].id, vaccine.dose);
  End(Told::kImmunization, meeting);
}

}  // namespace tk::city
