// What a member reports himself: for every roster that any record of his person is on that day, with one reading.
#include <fmt/format.h>

#include "apps/roster/tables.h"
#include "kernel/interaction/permit.h"

namespace tk::roster {
namespace {

using interaction::Request;
using interaction::Response;

constexpr size_t kRostersMax = 20;

/// The rosters of a person on a day, each with its organization.
Result<std::vector<std::pair<std::string, Member>>> RostersOf(const app::Context& context,
                                                              const std::string& patient,
                                                              const std::string& day) {
  const auto person = TRY(context.interactions->RecordsOfPerson(patient));
  std::string who;
  for (const std::string& record : person.patients) who += (who.empty() ? "Patient/" : ",Patient/") + record;
  std::vector<std::pair<std::string, Member>> rosters;
  if (who.empty()) return rosters;
  const Finder finder(context);
  for (const view::Ordinal ordinal : TRY(finder.Find("RosterMember", "patient=" + who, {}, kRostersMax))) {
    const Member member = TRY(ReadMember(*context.engine, ordinal));
    if (!member.IsOn(day)) continue;
    const view::ResourcePtr stored = TRY(context.engine->Read(ordinal));
    rosters.emplace_back(stored->document.Root()["organization"]["reference"].ToString(), member);
  }
  return rosters;
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
  const auto rosters = TRY(RostersOf(context, patient, told.day));
  if (rosters.empty())
    return MakeError(ErrorCode::kNotFound,
                     "You are on no organization's roster on that day: ask your organization's contact.");
  exchange::ImportOptions options;
  options.source = "urn:tongkang:entry:" + request.request_id;
  options.deadline_us = request.deadline_us;
  exchange::ImportReport report;
  for (const auto& [organization, member] : rosters) {
    told.member = member;
    TRY(WriteReports(context, organization, {"self", "Patient/" + patient, options.source},
                     "self|" + request.viewer->account, {told}, options, &report));
  }
  if (report.refused != 0) return MakeError(ErrorCode::kInvalid, report.issues.front().text);
  report.rows = rosters.size();
  return TableAnswer(report, options);
}

}  // namespace tk::roster
