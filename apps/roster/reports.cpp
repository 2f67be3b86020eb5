#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "apps/roster/statement.h"
#include "apps/roster/tables.h"
#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/exchange/report.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::roster {
namespace {

using exchange::JsonText;
using exchange::PersonField;
using interaction::Request;
using interaction::Response;

enum ReportColumn : size_t {
  kByName,
  kByNumber,
  kByCode,
  kOnDay,
  kWarm,
  kFeels,
  kColour,
  kAttends,
  kReportColumns
};
constexpr std::string_view kByCodeNames[] = {"code", "工号", "学号", "工号或学号"};
constexpr std::string_view kOnDayNames[] = {"day", "日期", "填报日期"};
constexpr std::string_view kWarmNames[] = {"temperature", "体温"};
constexpr std::string_view kFeelsNames[] = {"symptoms", "症状"};
constexpr std::string_view kColourNames[] = {"health_code", "健康码"};
constexpr std::string_view kAttendsNames[] = {"attendance", "出勤"};

struct Word {
  std::string_view word, code;
};
constexpr Word kColours[] = {{"绿码", "green"},  {"绿", "green"},  {"绿色", "green"},  {"green", "green"},
                             {"黄码", "yellow"}, {"黄", "yellow"}, {"黄色", "yellow"}, {"yellow", "yellow"},
                             {"红码", "red"},    {"红", "red"},    {"红色", "red"},    {"red", "red"}};
constexpr Word kAbsences[] = {{"在岗", "present"},    {"在校", "present"},     {"出勤", "present"},
                              {"present", "present"}, {"病假", "ill"},         {"因病缺勤", "ill"},
                              {"ill", "ill"},         {"事假", "other"},       {"other", "other"},
                              {"隔离", "isolated"},   {"isolated", "isolated"}};

template <size_t kSize>
Result<std::string> CodeIn(const Word (&words)[kSize], std::string_view text, std::string_view mend) {
  if (text.empty()) return std::string();
  for (const Word& word : words) {
    if (word.word == text) return std::string(word.code);
  }
  return MakeError(ErrorCode::kIncorrect, std::string(mend));
}

/// A row of the table of a day.
class ReportReader : exchange::RowCells<ReportColumn> {
 public:
  ReportReader(const app::Context& context, const Settings& settings, const CsvRow& row,
               const CsvColumns& columns, exchange::ImportReport* report)
      : RowCells(row, columns, ReportColumns(), report), context_(context), settings_(settings) {}

  std::optional<DayReport> Read(const Roster& roster, const std::string& organization) {
    DayReport report;
    report.reading.line = line();
    Take(ReadReportDay(context_, settings_, Cell(kOnDay)), kOnDay, &report.day);
    if (good()) ReadWho(roster, organization, &report);
    if (!Cell(kWarm).empty())
      Take(exchange::ReadTemperature(Cell(kWarm)), kWarm, &report.reading.temperature);
    report.reading.asked = !Cell(kFeels).empty();
    if (report.reading.asked) {
      const auto bits = exchange::ReadSymptoms(Cell(kFeels));
      if (!bits.ok()) Refuse(kFeels, bits.error().external);
      report.reading.symptoms = bits.ok() ? *bits : 0;
    }
    Take(ReadHealthCode(Cell(kColour)), kColour, &report.health_code);
    Take(ReadAbsence(Cell(kAttends)), kAttends, &report.absence);
    if (!report.HasReading() && report.absence.empty())
      Refuse(kWarm, "Temperature, symptoms and attendance are all missing: give one of them.");
    if (!good()) return std::nullopt;
    return report;
  }

 private:
  void Take(Result<std::string> read, ReportColumn column, std::string* into) {
    if (read.ok()) {
      *into = std::move(read).value();
    } else {
      Refuse(column, read.error().external);
    }
  }
  void ReadWho(const Roster& roster, const std::string& organization, DayReport* report) {
    const Member* by_code = nullptr;
    if (!Cell(kByCode).empty()) {
      by_code = roster.WithNumber(std::string(Cell(kByCode)), report->day);
      if (by_code == nullptr)
        return Refuse(kByCode,
                      "No one, or more than one, has this number on the roster of that day: enter him by "
                      "members first, or tell him by name and identity number.");
    }
    const Member* by_number = nullptr;
    if (!Cell(kByNumber).empty()) {
      exchange::PersonRow person;
      if (const auto fault = exchange::ReadPerson({Cell(kByName), Cell(kByNumber), {}, {}, {}}, &person))
        return Refuse(fault->field == PersonField::kName ? kByName : kByNumber, std::string(fault->text));
      by_number = roster.WithId(IdOfMember(context_, organization, person));
      // Known by his number at the organization: that he was entered without his identity number is no fault.
      if (by_number == nullptr && by_code == nullptr)
        return Refuse(kByNumber, "This person is not on the roster: enter him by members first.");
    }
    if (by_code == nullptr && by_number == nullptr)
      return Refuse(kByCode, "Say who it is: his number at the organization, or name and identity number.");
    if (by_code != nullptr && by_number != nullptr && by_code->id != by_number->id)
      return Refuse(kByCode, "The two numbers are of different persons.");
    report->member = by_code != nullptr ? *by_code : *by_number;
    if (!report->member.IsOn(report->day))
      Refuse(kOnDay, "He is not on the roster on that day: see his first and last day there.");
  }

  const app::Context& context_;
  const Settings& settings_;
};

std::string ReportOf(const DayReport& one, const Settings& settings, const std::string& organization,
                     std::string_view channel, const std::string& reading, std::string_view id,
                     fhir::Value before, std::string_view source) {
  const auto text = [](std::string_view value) { return value.empty() ? std::string() : JsonText(value); };
  const auto reference = [](std::string_view type, std::string_view to) {
    return fmt::format(R"({{"reference":"{}{}"}})", type, to);
  };
  const Statement said = StatementOf(one, settings, channel, reading);
  const std::vector<Statement> statements = WithStatement(before, said);
  const Statement whole = Folded(statements, said);
  const std::pair<std::string_view, std::string> given[] = {
      {"subject", reference("Patient/", one.member.patient)},
      {"member", reference("RosterMember/", one.member.id)},
      {"organization", reference("", organization)},
      {"unit", text(one.member.unit)},
      {"day", JsonText(one.day)},
      {"channel", JsonText(whole.channel)},
      {"result", JsonText(whole.reasons.empty() ? "normal" : "exception")},
      {"reason", ReasonsJson(whole.reasons)},
      {"temperature", whole.temperature},
      {"healthCode", text(whole.health_code)},
      {"absence", text(whole.absence)},
      {"reading", whole.reading.empty() ? std::string() : reference("Observation/", whole.reading)},
      {"statement", JsonOf(statements)}};
  return exchange::Remade("RosterReport", id, before, {}, source, given);
}

}  // namespace

std::span<const CsvColumn> ReportColumns() {
  static const CsvColumn kAll[kReportColumns] = {{exchange::HeadsOf(PersonField::kName)},
                                                 {exchange::HeadsOf(PersonField::kNumber)},
                                                 {kByCodeNames},
                                                 {kOnDayNames, true},
                                                 {kWarmNames},
                                                 {kFeelsNames},
                                                 {kColourNames},
                                                 {kAttendsNames}};
  return kAll;
}

Result<std::string> ReadHealthCode(std::string_view text) {
  return CodeIn(kColours, text, "Write the colour of the health code: 绿码, 黄码 or 红码.");
}

Result<std::string> ReadAbsence(std::string_view text) {
  return CodeIn(kAbsences, text, "Write the attendance: 在岗 (在校), 病假, 事假 or 隔离.");
}

Result<std::string> ReadReportDay(const app::Context& context, const Settings& settings,
                                  std::string_view text) {
  const auto read = exchange::ReadDay(text);
  if (!read) return MakeError(ErrorCode::kIncorrect, "There is no such day: write it as 2026-11-23.");
  const std::string day = exchange::DayText(*read), today = Today(context);
  if (day > today) return MakeError(ErrorCode::kIncorrect, "This day has not come yet.");
  constexpr Instant kDayUs = Instant{86'400} * kSecondUs;
  const std::string first = CityDay(context.clock->NowUs() - settings.late_days * kDayUs);
  if (day < first)
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("This day is too long ago: what is {} days late is taken no more.",
                                 settings.late_days + 1));
  return day;
}

std::vector<std::string_view> ReasonsOf(const DayReport& report, const Settings& settings) {
  std::vector<std::string_view> reasons;
  const exchange::Reading& reading = report.reading;
  if (exchange::ReadNumber(reading.temperature).value_or(0) >= settings.fever_limit_cel) {
    if (!reading.temperature.empty()) reasons.push_back("fever");
  }
  bool feels = false, travelled = false;
  const auto symptoms = exchange::Symptoms();
  for (size_t i = 0; i < symptoms.size(); ++i) {
    if ((reading.symptoms >> i & 1) == 0) continue;
    (symptoms[i].code == "travel" ? travelled : feels) = true;
  }
  if (feels) reasons.push_back("symptoms");
  if (travelled) reasons.push_back("travel");
  if (report.absence == "ill") reasons.push_back("absent-ill");
  if (!report.health_code.empty() && report.health_code != "green") reasons.push_back("code");
  if (report.absence == "isolated") reasons.push_back("isolation");
  return reasons;
}

Status WriteReports(const app::Context& context, const std::string& organization,
                    const exchange::Channel& channel, const std::string& sender,
                    std::vector<DayReport> reports, const exchange::ImportOptions& options,
                    exchange::ImportReport* report) {
  const exchange::ImportContext exchange{context.engine, nullptr, context.interactions};
  const Settings settings = ReadSettings(context.settings);
  exchange::Intake intake(exchange, channel, sender, {});
  std::vector<exchange::Reading> readings;
  std::vector<std::string> ids(reports.size());
  for (size_t i = 0; i < reports.size(); ++i) {
    DayReport& one = reports[i];
    one.reading.patient = one.member.patient;
    one.reading.when = one.day;
    // A reading of one person, day and sender: he who reports himself and is on two rosters has measured once.
    one.reading.key =
        fmt::format("roster|{}|{}", channel.code == "self" ? one.member.patient : one.member.id, one.day);
    if (!one.HasReading()) continue;
    ids[i] = intake.IdOf(one.reading);
    readings.push_back(one.reading);
  }
  std::unordered_set<uint64_t> refused;
  if (!options.check_only && !readings.empty()) {
    const exchange::Taken taken = TRY(intake.Write(readings));
    for (const exchange::RowIssue& issue : taken.refused) {
      refused.insert(issue.line);
      report->Refuse(issue.line, issue.column, issue.text);
    }
  }
  std::vector<exchange::Planned> planned;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (refused.contains(reports[i].reading.line)) continue;
    planned.push_back({reports[i].reading.line, "RosterReport",
                       IdOfReport(context, reports[i].member.id, reports[i].day), i});
  }
  const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
    return ReportOf(reports[plan.row], settings, organization, channel.code, ids[plan.row], plan.id, before,
                    source);
  };
  return exchange::WriteAll(exchange, planned, make, options, report);
}

Result<SentTable> ReadSent(const app::Context& context, const Request& request) {
  SentTable sent;
  std::string organization;
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "organization")
      organization = parameter.value;
    else if (parameter.name == "charset")
      sent.options.charset = parameter.value;
    else if (parameter.name == "check" && (parameter.value == "true" || parameter.value == "false"))
      sent.options.check_only = parameter.value == "true";
    else
      return interaction::UnknownParameter(parameter.name, "organization, charset, check (true or false)");
  }
  sent.asked = TRY(MayAsk(context, request, organization, true));
  sent.options.source = "urn:tongkang:import:" + request.request_id;
  sent.options.deadline_us = request.deadline_us;
  return sent;
}

Response TableAnswer(const exchange::ImportReport& report, const exchange::ImportOptions& options) {
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object();
  const std::pair<std::string_view, uint64_t> counts[] = {{"rows", report.rows},
                                                          {"added", report.added},
                                                          {"changed", report.changed},
                                                          {"unchanged", report.unchanged},
                                                          {"refused", report.refused}};
  for (const auto& [name, count] : counts) json.Key(name).Int(static_cast<int64_t>(count));
  json.Key("issues").Array();
  std::vector<exchange::RowIssue> issues = report.issues;
  std::stable_sort(issues.begin(), issues.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  if (issues.size() > exchange::kIssuesToldMax) issues.resize(exchange::kIssuesToldMax);
  for (const exchange::RowIssue& issue : issues) {
    json.Object().Key("line").Int(static_cast<int64_t>(issue.line));
    json.Member("column", issue.column).Member("text", issue.text).End();
  }
  json.End().Key("unknown_columns").Array();
  for (const std::string& column : report.unknown_columns) json.String(column);
  json.End().Member("charset", report.charset).Key("kept").Bool(!options.check_only);
  json.End();
  Response response = JsonAnswer(200, std::move(body));
  response.audit_t = report.last_t;
  return response;
}

Result<Response> HandleReports(const app::Context& context, const Request& request) {
  const SentTable sent = TRY(ReadSent(context, request));
  const Settings settings = ReadSettings(context.settings);
  const Roster roster = TRY(Roster::Load(Finder(context), sent.asked.organization, sent.asked.scope));
  exchange::ImportReport report;
  report.issues_max = kTableRowsMax;
  std::vector<DayReport> reports;
  std::vector<std::string> patients;
  std::unordered_map<std::string, uint64_t> lines;
  TRY(exchange::ReadTable(
      request.body, sent.options, ReportColumns(), &report,
      [&](const CsvRow& row, const CsvColumns& columns) {
        auto one =
            ReportReader(context, settings, row, columns, &report).Read(roster, sent.asked.organization);
        if (!one) return;
        patients.push_back(one->member.patient);
        const auto [known, fresh] = lines.emplace(one->member.id + one->day, row.line);
        if (fresh) return reports.push_back(std::move(*one));
        report.Refuse(row.line, "",
                      fmt::format("Line {} is the same person and day: keep one of them.", known->second));
      }));
  if (report.rows > kTableRowsMax)
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("The table has more than {} rows: send it in parts.", kTableRowsMax));
  TRY(WriteReports(context, sent.asked.organization,
                   {"organization", sent.asked.organization, sent.options.source},
                   "organization|" + sent.asked.organization, std::move(reports), sent.options, &report));
  Response response = TableAnswer(report, sent.options);
  response.audit_owners = app::AuditOwnersOf(context, patients);
  return response;
}

Result<Response> HandleTemplate(const Request& request) {
  if (!request.viewer->MayCall("roster-oversee"))
    TRY(interaction::CheckMayCall(*request.viewer, "roster-keep"));
  std::string of = "reports", format = "xlsx";
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "of" && (parameter.value == "members" || parameter.value == "reports"))
      of = parameter.value;
    else if (parameter.name == "format" && (parameter.value == "xlsx" || parameter.value == "csv"))
      format = parameter.value;
    else
      return interaction::UnknownParameter(parameter.name, "of (members, reports), format (xlsx, csv)");
  }
  std::vector<std::string> heads, explained;
  for (const CsvColumn& column : of == "members" ? MemberColumns() : ReportColumns()) {
    // The first name is the program's; the second is how people write it.
    heads.emplace_back(column.names[std::min<size_t>(1, column.names.size() - 1)]);
    explained.push_back(fmt::format("{}：{}", heads.back(), column.required ? "必填" : "可不填"));
  }
  Response response;
  response.headers.emplace_back("Content-Disposition",
                                fmt::format("attachment; filename=\"roster-{}.{}\"", of, format));
  if (format == "xlsx") {
    response.content_type = exchange::kXlsxType;
    response.body = TRY(exchange::XlsxTemplate(heads, explained));
    return response;
  }
  response.content_type = "text/csv; charset=utf-8";
  response.body = "\xef\xbb\xbf" + fmt::format("{}\r\n", fmt::join(heads, ","));
  return response;
}

}  // namespace tk::roster
