// What a member reports himself: for every roster that any record of his person is on that day and that he has agreed to, with one reading; and which
// rosters those are, and whether he agrees.
#include <fmt/format.h>

#include <algorithm>

#include "apps/roster/tables.h"
#include "kernel/interaction/permit.h"

namespace tk::roster {
namespace {

using interaction::Request;
using interaction::Response;

constexpr size_t kRostersMax = 20;

/// All that a person is or was a member of, by whichever of his records.
Result<std::vector<Member>> MembershipsOf(const app::Context& context, const std::string& patient) {
  const auto person = TRY(context.interactions->RecordsOfPerson(patient));
  std::string who;
  for (const std::string& record : person.patients) who += (who.empty() ? "Patient/" : ",Patient/") + record;
  std::vector<Member> members;
  if (who.empty()) return members;
  const Finder finder(context);
  for (const view::Ordinal ordinal : TRY(finder.Find("RosterMember", "patient=" + who, {}, kRostersMax)))
    members.push_back(TRY(ReadMember(*context.engine, ordinal)));
  return members;
}

std::string NameOf(const app::Context& context, const std::string& organization) {
  const view::Engine& engine = *context.engine;
  const auto current = engine.directory().Current(
      engine.IdHash("Organization", std::string(IdIn(organization))), engine.Head());
  if (current.ordinal == 0 || current.deleted) return {};
  const auto stored = engine.Read(current.ordinal);
  return stored.ok() ? (*stored)->document.Root()["name"].ToString() : std::string();
}

Response MembershipsAnswer(const app::Context& context, const std::vector<Member>& members) {
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object().Key("rosters").Array();
  for (const Member& member : members) {
    json.Object().Member("member", "RosterMember/" + member.id).Member("organization", member.organization);
    const std::pair<std::string_view, std::string> more[] = {{"name", NameOf(context, member.organization)},
                                                             {"unit", member.unit},
                                                             {"since", member.since},
                                                             {"until", member.until},
                                                             {"status", member.status}};
    for (const auto& [name, text] : more) {
      if (!text.empty()) json.Member(name, text);
    }
    json.End();
  }
  json.End().End();
  return JsonAnswer(200, std::move(body));
}

Result<DayReport> ReadOwn(const app::Context& context, const Settings& settings, fhir::Value body) {
  const auto at = [](std::string_view element, Error error) {
    return MakeIssue(ErrorCode::kIncorrect, "value", std::string(element), std::move(error.external));
  };
  DayReport report;
  std::string day = body["day"].ToString();
  auto read = ReadReportDay(context, settings, day.empty() ? Today(context) : day);
  if (!read.ok()) return at("day", read.error());
  report.day = std::move(read).value();
  if (body["temperature"].present()) {
    read = exchange::ReadTemperature(body["temperature"].Number());
    if (!read.ok()) return at("temperature", read.error());
    report.reading.temperature = std::move(read).value();
  }
  report.reading.asked = body["symptoms"].is_array();
  for (const fhir::Value symptom : body["symptoms"]) {
    const auto bits = exchange::ReadSymptoms(symptom.ToString());
    if (!bits.ok()) return at("symptoms", bits.error());
    report.reading.symptoms |= *bits;
  }
  read = ReadHealthCode(body["healthCode"].ToString());
  if (!read.ok()) return at("healthCode", read.error());
  report.health_code = std::move(read).value();
  read = ReadAbsence(body["absence"].ToString());
  if (!read.ok()) return at("absence", read.error());
  report.absence = std::move(read).value();
  if (!report.HasReading() && report.absence.empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", "temperature",
                     "Temperature, symptoms and absence are all missing: give one of them.");
  return report;
}

}  // namespace

Result<Response> HandleSelf(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "roster-self"));
  const fhir::Document body = TRY(fhir::Document::Parse(request.body));
  DayReport told = TRY(ReadOwn(context, ReadSettings(context.settings), body.Root()));
  const std::string patient = TRY(interaction::OwnPatient(*request.viewer));
  std::vector<Member> rosters = TRY(MembershipsOf(context, patient));
  std::erase_if(rosters, [&](const Member& member) { return !member.IsOn(told.day); });
  if (rosters.empty())
    return MakeError(ErrorCode::kNotFound,
                     "You are on no organization's roster on that day: ask your organization's contact.");
  std::erase_if(rosters, [](const Member& member) { return !member.agrees(); });
  if (rosters.empty())
    return MakeError(ErrorCode::kConflict,
                     "An organization has put you on its roster, and you have not agreed: agree or refuse by "
                     "POST /app/roster/membership. Until then nothing that you report is told to it.");
  exchange::ImportOptions options;
  options.source = "urn:tongkang:entry:" + request.request_id;
  options.deadline_us = request.deadline_us;
  exchange::ImportReport report;
  for (const Member& member : rosters) {
    told.member = member;
    TRY(WriteReports(context, member.organization, {"self", "Patient/" + patient, options.source},
                     "self|" + request.viewer->account, {told}, options, &report));
  }
  if (report.refused != 0) return MakeError(ErrorCode::kInvalid, report.issues.front().text);
  report.rows = rosters.size();
  return TableAnswer(report, options);
}

Result<Response> HandleOwnRosters(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "roster-self"));
  const std::string patient = TRY(interaction::OwnPatient(*request.viewer));
  return MembershipsAnswer(context, TRY(MembershipsOf(context, patient)));
}

Result<Response> HandleMembership(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "roster-self"));
  const fhir::Document body = TRY(fhir::Document::Parse(request.body));
  const fhir::Value answer = body.Root()["agrees"];
  const bool agrees = answer.Json() == "true";
  if (!agrees && answer.Json() != "false")
    return MakeIssue(ErrorCode::kIncorrect, "required", "agrees", "Say agrees: true, or false to refuse.");
  const std::string patient = TRY(interaction::OwnPatient(*request.viewer));
  const std::string asked = body.Root()["member"].ToString();
  const std::vector<Member> members = TRY(MembershipsOf(context, patient));
  const auto own = std::find_if(members.begin(), members.end(),
                                [&](const Member& each) { return "RosterMember/" + each.id == asked; });
  if (own == members.end())
    return MakeIssue(ErrorCode::kNotFound, "not-found", "member", "You are on no such roster.");
  const exchange::Planned planned{0, "RosterMember", own->id, 0};
  const std::string status = agrees ? R"("agreed")" : R"("refused")";
  const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
    const std::pair<std::string_view, std::string> given[] = {{"status", status}};
    return exchange::Remade(plan.type, plan.id, before, {}, source, given);
  };
  exchange::ImportOptions options;
  options.source = "urn:tongkang:entry:" + request.request_id;
  options.threads = 1;
  exchange::ImportReport report;
  TRY(exchange::WriteAll({context.engine, nullptr, context.interactions}, {&planned, 1}, make, options,
                         &report));
  if (report.refused != 0) return MakeError(ErrorCode::kInvalid, report.issues.front().text);
  Response response = MembershipsAnswer(context, TRY(MembershipsOf(context, patient)));
  response.audit_t = report.last_t;
  response.audit_id = own->id;
  return response;
}

}  // namespace tk::roster
