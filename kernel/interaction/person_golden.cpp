// Patient/[id]/$person: the person whose record this is, as one Person made of all records of his that the viewer may see. It is worked out when it is
// asked for and stored nowhere; its id is that of his oldest record that the viewer sees, or of the one that it goes on as by a merge, so it stays the same through joins
// and splits of younger ones.
// Which value: records in use go before those that were merged into another (Patient.active false); among these the newest first, by the last change of what they are
// matched by: what merges and unmerges write makes no record newer. Names, identifiers,
// telecoms and addresses come each once, in that order; sex, birth date and death from the first record that has them. Each value names the record it
// is from (extension kSourceRecordUrl).
// Links: a target for each record; assurance level3 where a machine joined it, level4 where a person did, or where nothing was to join.
// Source: FHIR R4 person.html, valueset-identity-assuranceLevel.html.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/person_records.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kSourceRecordUrl = "http://tongkang.dev/fhir/StructureDefinition/source-record";

struct SourceRecord {
  std::string name;  // "Patient/1"
  fhir::Document document;
  bool by_machine = false;
};

void AppendSource(const SourceRecord& record, fhir::JsonWriter* json) {
  json->Object().Member("url", kSourceRecordUrl).Key("valueReference").Object();
  json->Member("reference", record.name).End().End();
}

/// `value` with the extension that says where it is from.
void AppendWithSource(fhir::Value value, const SourceRecord& record, fhir::JsonWriter* json) {
  json->Object();
  for (const fhir::Value member : value) {
    if (member.name_text() != "extension" && member.name_text() != "id")
      json->Key(member.name_text()).Raw(member.Json());
  }
  json->Key("extension").Array();
  for (const fhir::Value extension : value["extension"]) json->Raw(extension.Json());
  AppendSource(record, json);
  json->End().End();
}

void AppendEach(std::string_view member, const std::vector<SourceRecord>& records, fhir::JsonWriter* json) {
  std::set<std::string_view> seen;
  bool open = false;
  for (const SourceRecord& record : records) {
    for (const fhir::Value value : record.document.Root()[member]) {
      if (!value.is_object() || !seen.insert(value.Json()).second) continue;
      if (!open) json->Key(member).Array();
      open = true;
      AppendWithSource(value, record, json);
    }
  }
  if (open) json->End();
}

void AppendFirst(std::string_view member, const std::vector<SourceRecord>& records, fhir::JsonWriter* json) {
  for (const SourceRecord& record : records) {
    const fhir::Value value = record.document.Root()[member];
    if (!value.is_string()) continue;
    json->Key(member).Raw(value.document()->Text().substr(value.node().at - 1, value.node().size + 2));
    json->Key(fmt::format("_{}", member)).Object().Key("extension").Array();
    AppendSource(record, json);
    json->End().End();
    return;
  }
}

std::string PersonJson(std::string_view id, const std::vector<SourceRecord>& records) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Person").Member("id", id);
  for (const char* member : {"identifier", "name", "telecom"}) AppendEach(member, records, &json);
  for (const char* member : {"gender", "birthDate"}) AppendFirst(member, records, &json);
  AppendEach("address", records, &json);
  json.Key("active").Bool(true).Key("link").Array();
  for (const SourceRecord& record : records) {
    json.Object().Key("target").Object().Member("reference", record.name).End();
    json.Member("assurance", record.by_machine ? "level3" : "level4").End();
  }
  json.End().End();
  return out;
}

/// In the order in which their values count.
void SortByWeight(std::vector<SourceRecord>* records) {
  const auto is_merged = [](const SourceRecord& record) {
    return record.document.Root()["active"].kind() == fhir::Kind::kFalse;
  };
  std::stable_sort(records->begin(), records->end(),
                   [&](const SourceRecord& a, const SourceRecord& b) { return is_merged(a) < is_merged(b); });
}

}  // namespace

Result<Response> PersonOperation(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$person"));
  TRY(CheckMayRead(call.viewer(), "Patient"));
  const person::PersonView& persons = *TRY(PersonsOf(room));
  const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
  if (!parameters.empty()) return UnknownParameter(parameters[0].name, "_format, _pretty");
  const view::Position position = room.engine().Head();
  const Current current = FindCurrent(room, call.viewer(), "Patient", call.id, position);
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  if (!current.exists()) return Gone(current.version.version);
  std::vector<PersonRecord> visible;
  std::vector<bool> by_machine;   // [visible]
  std::vector<uint64_t> changed;  // [visible]: as of which ordinal it is new
  {
    const auto people = persons.Read();
    const person::Row row = people->Find(current.id_hash);
    if (row != person::kNoRow && people->IsLive(row))
      visible = VisibleRecords(room, call.viewer(), *people, people->MembersOf(row), position);
    for (const PersonRecord& record : visible) {
      changed.push_back(people->ChangedOf(people->Find(record.id_hash)));
      const auto decisions = people->DecisionsOf(people->Find(record.id_hash));
      by_machine.push_back(std::any_of(decisions.begin(), decisions.end(), [](const auto& decision) {
        return decision.active && !decision.manual;
      }));
    }
  }
  // Written this moment: the index is not there yet.
  if (visible.empty())
    visible = {{current.id_hash, current.version.ordinal}}, by_machine = {false}, changed = {0};
  std::vector<view::Ordinal> ordinals;
  for (const PersonRecord& record : visible) ordinals.push_back(record.ordinal);
  const Texts texts = TRY(ReadMany(room, ordinals, SIZE_MAX));
  if (texts.size() == 0) return NotFound(call);
  const view::Ordinal goes_on = TRY(GoesOnAs(room, call.viewer(), texts.ordinals[0], position));
  std::string id = texts.header(0).id;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts.ordinals[i] == goes_on) id = texts.header(i).id;
  }
  std::vector<std::pair<uint64_t, SourceRecord>> read;
  size_t at = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    while (ordinals[at] != texts.ordinals[i]) ++at;
    SourceRecord record{"Patient/" + texts.header(i).id, TRY(fhir::Document::Parse(texts.body(i))),
                        by_machine[at]};
    read.emplace_back(changed[at], std::move(record));
  }
  std::stable_sort(read.begin(), read.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<SourceRecord> records;
  for (auto& [as_of, record] : read) records.push_back(std::move(record));
  SortByWeight(&records);
  return Telling(room, call, texts.ordinals, JsonResponse(call, PersonJson(id, records), "person"));
}

}  // namespace tk::interaction
