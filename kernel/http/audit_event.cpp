#include "kernel/http/audit_event.h"

#include <fmt/format.h>

#include "kernel/fhir/value.h"

namespace tk::http {
namespace {

using fhir::JsonWriter;

constexpr std::string_view kDicom = "http://dicom.nema.org/resources/ontology/DCM";
constexpr std::string_view kEventTypes = "http://terminology.hl7.org/CodeSystem/audit-event-type";
constexpr std::string_view kRestful = "http://hl7.org/fhir/restful-interaction";
constexpr std::string_view kAccounts = "http://tongkang.dev/fhir/sid/account";
constexpr std::string_view kRecords = "http://tongkang.dev/fhir/sid/audit-record";
constexpr std::string_view kActions = "http://tongkang.dev/fhir/CodeSystem/audit-action";
constexpr std::string_view kReasons = "http://tongkang.dev/fhir/CodeSystem/audit-reason";

struct ActionTraits {
  std::string_view name;
  char action;               // of AuditEvent.action
  std::string_view restful;  // its code in restful-interaction, "" if it has none
};
constexpr ActionTraits kTraits[] = {
    {"read", 'R', "read"},
    {"vread", 'R', "vread"},
    {"search", 'R', "search"},
    {"history", 'R', "history"},
    {"history-instance", 'R', "history-instance"},
    {"history-type", 'R', "history-type"},
    {"history-system", 'R', "history-system"},
    {"everything", 'R', "operation"},
    {"reveal", 'R', "operation"},
    {"export", 'R', "operation"},
    {"print", 'R', "operation"},
    {"create", 'C', "create"},
    {"update", 'U', "update"},
    {"patch", 'U', "patch"},
    {"delete", 'D', "delete"},
    {"erase", 'D', "operation"},
    {"batch", 'E', "batch"},
    {"transaction", 'E', "transaction"},
    {"capabilities", 'R', "capabilities"},
};

ActionTraits TraitsOf(std::string_view action) {
  for (const ActionTraits& traits : kTraits) {
    if (traits.name == action) return traits;
  }
  return {action, 'E', {}};
}

void AddCode(std::string_view system, std::string_view code, JsonWriter* json) {
  json->Object().Member("system", system).Member("code", code).End();
}

/// A text of the line goes out as it stands there: it is the inside of a JSON string already.
void Raw(std::string_view key, std::string_view text, JsonWriter* json) {
  json->Key(key).Raw(fmt::format("\"{}\"", text));
}

void AppendType(const access::AuditLine& line, const ActionTraits& traits, JsonWriter* json) {
  const bool signing = line.action.starts_with("sign-in") || line.action == "sign-out";
  json->Key("type");
  if (signing)
    AddCode(kDicom, "110114", json);
  else if (line.action == "export")
    AddCode(kDicom, "110106", json);
  else
    AddCode(kEventTypes, "rest", json);
  json->Key("subtype").Array();
  if (!traits.restful.empty()) AddCode(kRestful, traits.restful, json);
  json->Object().Member("system", kActions);
  Raw("code", line.action, json);
  json->End().End();
}

void AppendAgent(const access::AuditLine& line, const AuditName& name, const AuditShape& shape,
                 JsonWriter* json) {
  json->Key("agent").Array().Object();
  if (!name.title_zh.empty()) {
    json->Key("role").Array().Object();
    json->Key("coding").Array().Object();
    Raw("code", line.post, json);
    json->Member("display", name.title_en).End().End();
    json->Member("text", name.title_zh).End().End();
  }
  if (!shape.to_resident && !line.account.empty()) {
    json->Key("who").Object().Key("identifier").Object().Member("system", kAccounts);
    Raw("value", line.account, json);
    json->End().End();
  }
  if (!name.display.empty()) json->Member("name", name.display);
  json->Key("requestor").Bool(true);
  json->End().End();
}

void AppendEntities(const access::AuditLine& line, const AuditShape& shape, JsonWriter* json) {
  const bool named = !line.type.empty();
  if (shape.patient.empty() && !named) return;
  json->Key("entity").Array();
  if (!shape.patient.empty()) {
    json->Object().Key("what").Object().Member("reference", shape.patient).End();
    json->Key("role");
    AddCode("http://terminology.hl7.org/CodeSystem/object-role", "1", json);
    json->End();
  }
  if (named) {
    json->Object();
    if (!shape.to_resident && !line.id.empty())
      json->Key("what")
          .Object()
          .Key("identifier")
          .Object()
          .Member("system", kRecords)
          .Member("value", line.id)
          .End()
          .End();
    json->Key("type").Object().Member("system", "http://hl7.org/fhir/resource-types");
    Raw("code", line.type, json);
    json->End();
    if (!shape.to_resident && !line.request.empty()) {
      json->Key("detail").Array().Object().Member("type", "request");
      Raw("valueString", line.request, json);
      json->End().End();
    }
    json->End();
  }
  json->End();
}

}  // namespace

void AppendAuditEvent(const access::AuditFound& found, const AuditName& name, const AuditShape& shape,
                      std::string* out) {
  const access::AuditLine& line = found.line;
  const ActionTraits traits = TraitsOf(line.action);
  JsonWriter json(out);
  json.Object().Member("resourceType", "AuditEvent");
  json.Member("id", fmt::format("{}-{}", found.slot, line.record));
  AppendType(line, traits, &json);
  json.Member("action", std::string_view(&traits.action, 1));
  json.Member("recorded", FormatInstant(line.at_us));
  json.Member("outcome", line.status < 400 ? "0" : line.status < 500 ? "4" : "8");
  if (!line.reason.empty()) {
    json.Key("purposeOfEvent").Array().Object().Key("coding").Array();
    if (line.action == "emergency")
      AddCode("http://terminology.hl7.org/CodeSystem/v3-ActReason", "BTG", &json);
    json.Object().Member("system", kReasons);
    Raw("code", line.reason, &json);
    json.End().End().End().End();
  }
  AppendAgent(line, name, shape, &json);
  json.Key("source").Object().Key("observer").Object().Member("display", "Tongkang").End().End();
  AppendEntities(line, shape, &json);
  json.End();
}

}  // namespace tk::http
