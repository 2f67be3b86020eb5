#include "apps/screening/entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "kernel/app/asking.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"

namespace tk::screening {
namespace {

using interaction::Request;
using interaction::Response;

constexpr size_t kClientIdMin = 8, kClientIdMax = 64;
constexpr std::string_view kPatientType = "Patient/";

/// What became of one, in the order in which they came.
struct Told {
  std::string id, reading, element, text;
};

bool Sees(const app::Context& context, const std::shared_ptr<const access::Viewer>& viewer,
          const std::string& patient) {
  const view::Engine& engine = *context.engine;
  const auto version = engine.directory().Current(engine.IdHash("Patient", patient), engine.Head());
  return version.ordinal != 0 && !version.deleted &&
         engine.directory().InScope(version.ordinal, context.interactions->ScopeOf(viewer));
}

/// One entry of the client's.
class EntryParser {
 public:
  EntryParser(const app::Context& context, const Request& request, fhir::Value json)
      : context_(context), viewer_(request.viewer), json_(json) {}

  /// False: `told` says why.
  bool Read(bool of_self, Entry* entry, Told* told) {
    told_ = told;
    told->id = json_["id"].ToString();
    if (told->id.size() < kClientIdMin || told->id.size() > kClientIdMax || !interaction::IsId(told->id))
      return Refuse(
          "id",
          "Give each entry an id of its own, such as a UUID: by it an entry that comes twice counts once.");
    entry->key = "client|" + told->id;
    if (!(of_self ? ReadSelf(entry) : ReadWho(entry))) return false;
    return ReadMeasured(entry);
  }

 private:
  bool Refuse(std::string_view element, std::string text) {
    told_->element = element;
    told_->text = std::move(text);
    return false;
  }
  bool ReadSelf(Entry* entry) {
    auto patient = interaction::OwnPatient(*viewer_);
    if (!patient.ok()) return Refuse("", patient.error().external + " Who measures others sends entries.");
    entry->patient = std::move(patient).value();
    return true;
  }
  bool ReadWho(Entry* entry) {
    const std::string patient = json_["patient"].ToString();
    const fhir::Value person = json_["person"];
    if (patient.empty() == !person.is_object())
      return Refuse("patient",
                    "Name the Patient, as Patient/ and his id, or tell who it is by person: one of both.");
    if (!patient.empty()) return ReadPatient(patient, entry);
    const std::string name = person["name"].ToString(), number = person["number"].ToString(),
                      phone = person["phone"].ToString(), birth = person["birth"].ToString(),
                      gender = person["gender"].ToString();
    if (const auto fault = exchange::ReadPerson({name, number, phone, birth, gender}, &entry->person))
      return Refuse("person." + std::string(exchange::HeadsOf(fault->field)[0]), std::string(fault->text));
    entry->area = person["area"].ToString();
    entry->address = person["address"].ToString();
    if (!entry->area.empty() && !view::AreaRange(entry->area).ok())
      return Refuse("person.area", "This is no code of a division: 2, 4, 6, 9, 12 or 15 digits.");
    constexpr size_t kAddressBytesMax = 500;
    return entry->address.size() <= kAddressBytesMax ||
           Refuse("person.address", "The address is longer than 500 bytes.");
  }
  /// One whom the account does not see is answered as one who is not there.
  bool ReadPatient(const std::string& reference, Entry* entry) {
    const std::string id = reference.starts_with(kPatientType) ? reference.substr(kPatientType.size()) : "";
    if (!interaction::IsId(id) || !Sees(context_, viewer_, id))
      return Refuse("patient", "There is no such Patient.");
    entry->patient = id;
    return true;
  }
  bool ReadMeasured(Entry* entry) {
    auto when = exchange::ReadWhen(json_["when"].ToString(), context_.clock->NowUs());
    if (!when.ok()) return Refuse("when", when.error().external);
    entry->when = std::move(when).value();
    const fhir::Value temperature = json_["temperature"];
    if (temperature.present()) {
      auto read = exchange::ReadTemperature(temperature.Number());
      if (!read.ok()) return Refuse("temperature", read.error().external);
      entry->temperature = std::move(read).value();
    }
    const fhir::Value symptoms = json_["symptoms"];
    entry->asked = symptoms.is_array();
    for (const fhir::Value symptom : symptoms) {
      const auto bits = exchange::ReadSymptoms(symptom.ToString());
      if (!bits.ok()) return Refuse("symptoms", bits.error().external);
      entry->symptoms |= *bits;
    }
    return entry->asked || temperature.present() ||
           Refuse("temperature", "Temperature and symptoms are both missing: give one of them.");
  }

  const app::Context& context_;
  const std::shared_ptr<const access::Viewer>& viewer_;
  const fhir::Value json_;
  Told* told_ = nullptr;
};

std::string AnswerJson(const Taken& taken, const std::vector<Told>& told) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object();
  json.Key("added").Int(static_cast<int64_t>(taken.added));
  json.Key("changed").Int(static_cast<int64_t>(taken.changed));
  json.Key("unchanged").Int(static_cast<int64_t>(taken.unchanged));
  json.Key("entries").Array();
  for (const Told& one : told) {
    json.Object().Member("id", one.id);
    if (one.text.empty()) {
      json.Member("reading", "Observation/" + one.reading);
    } else {
      json.Member("element", one.element).Member("text", one.text);
    }
    json.End();
  }
  json.End().End();
  return out;
}

Result<Response> Enter(const app::Context& context, const Request& request, bool of_self) {
  if (request.method != interaction::Method::kPost)
    return interaction::Refusal(405, "not-supported", "Entries are sent by POST.");
  const access::Viewer& viewer = *request.viewer;
  const fhir::Document body = TRY(fhir::Document::Parse(request.body));
  const fhir::Value list = body.Root()["entries"];
  if (!of_self && (!list.is_array() || list.size() == 0 || list.size() > kEntriesMax))
    return MakeIssue(ErrorCode::kIncorrect, "required", "entries",
                     fmt::format("Send a list of 1 to {} entries.", kEntriesMax));
  std::vector<fhir::Value> sent;
  if (of_self) {
    sent.push_back(body.Root());
  } else {
    sent.assign(list.begin(), list.end());
  }
  const exchange::ImportContext exchange{context.engine, nullptr, context.interactions};
  std::vector<std::string> numbers;
  for (const fhir::Value entry : sent) {
    if (std::string number = entry["person"]["number"].ToString(); !number.empty())
      numbers.push_back(std::move(number));
  }
  if (!of_self) TRY(exchange::CountTold(exchange, viewer, numbers));
  const bool names_staff = viewer.record.starts_with("Practitioner/");
  Intake intake(exchange,
                Channel{of_self ? "self" : "screener", of_self || names_staff ? viewer.record : std::string(),
                        "urn:tongkang:entry:" + request.request_id},
                fmt::format("{}|{}", of_self ? "self" : "screener", viewer.account), viewer.area);
  intake.KeepPersons();
  if (!of_self)
    intake.OnlyOf([&](const std::string& patient) { return Sees(context, request.viewer, patient); });
  std::vector<Told> told(sent.size());
  std::vector<Entry> entries;
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < sent.size(); ++i) {
    Entry entry;
    entry.line = i;
    if (!EntryParser(context, request, sent[i]).Read(of_self, &entry, &told[i])) continue;
    if (!seen.insert(told[i].id).second) {
      told[i].text = "This id stands twice in the request.";
      told[i].element = "id";
      continue;
    }
    told[i].reading = intake.IdOf(entry);
    entries.push_back(std::move(entry));
  }
  std::vector<std::string> patients;
  const Taken taken = TRY(intake.Write(entries, &patients));
  for (const exchange::RowIssue& issue : taken.refused) {
    told[issue.line].text = issue.text;
    if (issue.column == exchange::kKeyColumn) told[issue.line].element = "id";
  }
  Response response;
  response.status = entries.empty() ? 422 : 200;
  response.content_type = "application/json; charset=utf-8";
  response.body = AnswerJson(taken, told);
  response.audit_t = taken.last_t;
  response.audit_owners = app::AuditOwnersOf(context, patients);
  return response;
}

}  // namespace

Result<Response> HandleEntries(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "screening-entry"));
  TRY(interaction::CheckMayWrite(*request.viewer, "Observation"));
  return Enter(context, request, false);
}

Result<Response> HandleSelf(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "screening-self"));
  return Enter(context, request, true);
}

}  // namespace tk::screening
