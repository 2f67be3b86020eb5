// Tables of an organization: who is on its roster, and what is reported of them on a day; and what a member reports himself.
// POST members?organization=ID&check=true   text/csv or .xlsx. Columns: 姓名 证件号码 电话 出生日期 性别 (exchange/person_cells.h), 部门 or 班级, 工号 or 学号, 人员类别
//        (职工, 学生, 其他), 首日, 末日, 网格代码, 住址. The same person is the same member; who is missing from a table stays: who leaves gets his last day (末日).
// POST reports?organization=ID&check=true   Columns: 工号 or 学号, or 姓名 and 证件号码; 日期; 体温, 症状, 健康码 (绿码 黄码 红码), 出勤 (在岗 病假 事假 隔离).
// GET  self      the rosters that the resident is on: {"rosters": [{"member", "organization", "name", "unit", "since", "until", "status"}]}, status proposed, agreed or refused
// POST membership {"member": "RosterMember/1", "agrees": true|false}: the resident agrees to be on it, or says that he is not of that organization; answers as GET self
// POST self      {"day", "temperature", "symptoms": [], "healthCode", "absence"}: a resident of himself, for each roster that he is on and has agreed to
// GET  template?of=members|reports&format=xlsx|csv
// Answer: {"rows", "added", "changed", "unchanged", "refused", "issues": [{"line", "column", "text"}], "unknown_columns", "charset", "kept"}
// Once:   one report a member and day, in which each channel has its own statement (statement.h): the same again changes nothing, other contents correct what this
//         channel said; earlier ones stay in its history and in the person's file. Temperature and symptoms are also a reading like those of screening (exchange/reading.h), of the same rules.
// Limits: kTableRowsMax rows a table; a report at most late_days of the settings late.
#pragma once

#include "apps/roster/roster.h"
#include "kernel/exchange/reading_intake.h"

namespace tk::roster {

inline constexpr size_t kTableRowsMax = 50'000;

/// The columns, for templates.
std::span<const CsvColumn> MemberColumns();
std::span<const CsvColumn> ReportColumns();

Result<interaction::Response> HandleMembers(const app::Context& context, const interaction::Request& request);
Result<interaction::Response> HandleReports(const app::Context& context, const interaction::Request& request);
Result<interaction::Response> HandleSelf(const app::Context& context, const interaction::Request& request);
Result<interaction::Response> HandleOwnRosters(const app::Context& context,
                                               const interaction::Request& request);
Result<interaction::Response> HandleMembership(const app::Context& context,
                                               const interaction::Request& request);
Result<interaction::Response> HandleTemplate(const interaction::Request& request);

/// A table as it was sent, and whose.
struct SentTable {
  Asked asked;
  exchange::ImportOptions options;
};
Result<SentTable> ReadSent(const app::Context& context, const interaction::Request& request);
interaction::Response TableAnswer(const exchange::ImportReport& report,
                                  const exchange::ImportOptions& options);

/// What one said, or was said, on a day.
struct DayReport {
  exchange::Reading
      reading;  // key, patient, temperature, symptoms, when; whether anything was measured: HasReading
  Member member;
  std::string day, health_code, absence;
  bool HasReading() const { return reading.asked || !reading.temperature.empty(); }
};
/// The reasons why it is an exception, in the order of the type's codes; empty: it is none.
std::vector<std::string_view> ReasonsOf(const DayReport& report, const Settings& settings);
/// Writes them with their readings. `channel`: "organization" or "self". What is refused is told in `report` by its line.
Status WriteReports(const app::Context& context, const std::string& organization,
                    const exchange::Channel& channel, const std::string& sender,
                    std::vector<DayReport> reports, const exchange::ImportOptions& options,
                    exchange::ImportReport* report);
/// "green" of 绿码, 绿, green; errors tell what may be written. "" of "".
Result<std::string> ReadHealthCode(std::string_view text);
Result<std::string> ReadAbsence(std::string_view text);
/// A day in the past days that may still be reported. Errors tell which.
Result<std::string> ReadReportDay(const app::Context& context, const Settings& settings,
                                  std::string_view text);

}  // namespace tk::roster
