#include "apps/roster/day.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <unordered_set>

#include "kernel/base/text.h"
#include "kernel/exchange/cells.h"
#include "kernel/exchange/report.h"
#include "kernel/exchange/table_reader.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::roster {
namespace {

using interaction::Request;
using interaction::Response;

constexpr size_t kRowsMax = 1000;
constexpr std::string_view kReasons[] = {"fever", "symptoms", "travel", "absent-ill", "code", "isolation"};
constexpr std::string_view kReasonWords[] = {"发热",     "有症状",       "去过外地",
                                             "因病缺勤", "健康码非绿码", "隔离中"};

/// What is asked in the query, by all of these operations.
struct Question {
  std::string organization, day, from, until, unit;
  size_t count = 50, offset = 0;
  bool as_xlsx = false;
};

Result<std::string> DayIn(const interaction::Parameter& parameter) {
  const auto read = exchange::ReadDay(parameter.value);
  if (!read)
    return MakeIssue(ErrorCode::kIncorrect, "value", parameter.name,
                     "There is no such day: write it as 2026-11-23.");
  return exchange::DayText(*read);
}

Result<size_t> NumberIn(const interaction::Parameter& parameter, size_t max) {
  size_t number = 0;
  const std::string& text = parameter.value;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || number > max)
    return MakeIssue(ErrorCode::kIncorrect, "value", parameter.name,
                     fmt::format("Give a whole number of at most {}.", max));
  return number;
}

Result<Question> ReadQuestion(const app::Context& context, const Request& request, std::string_view takes) {
  Question question;
  question.day = question.from = question.until = Today(context);
  for (const interaction::Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    const std::string& name = parameter.name;
    if (fmt::format(" {},", takes).find(fmt::format(" {},", name)) == std::string::npos)
      return interaction::UnknownParameter(name, takes);
    if (name == "organization") question.organization = parameter.value;
    if (name == "unit") question.unit = parameter.value;
    if (name == "day") question.day = TRY(DayIn(parameter));
    if (name == "from") question.from = TRY(DayIn(parameter));
    if (name == "until") question.until = TRY(DayIn(parameter));
    if (name == "_count") question.count = TRY(NumberIn(parameter, kRowsMax));
    if (name == "_offset") question.offset = TRY(NumberIn(parameter, kMembersMax));
    if (name == "format" && parameter.value != "json" && parameter.value != "xlsx")
      return MakeIssue(ErrorCode::kIncorrect, "value", "format", "A list is given as json or xlsx.");
    if (name == "format") question.as_xlsx = parameter.value == "xlsx";
  }
  return question;
}

std::string OnRoster(const std::string& organization, std::string_view day, bool left) {
  return fmt::format("organization={}&since=le{}&until{}", organization, day,
                     left ? fmt::format("=ge{}", day) : ":missing=true");
}

std::string Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? ""
                    : fmt::format("{:.1f}", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

/// A list that is shown page by page, or as a spreadsheet as a whole.
class ListAnswer {
 public:
  ListAnswer(const Question& question, std::string title, std::vector<std::string> columns,
             std::vector<std::string> heads)
      : question_(question),
        title_(std::move(title)),
        columns_(std::move(columns)),
        heads_(std::move(heads)) {}
  void Add(std::vector<std::string> cells, view::OwnerNumber owner) {
    rows_.push_back(std::move(cells));
    if (owner != 0) owners_.push_back(owner);
  }
  Result<Response> Finish(const app::Context& context, size_t total) {
    Response response = question_.as_xlsx ? TRY(Spreadsheet(context)) : Page(total);
    std::sort(owners_.begin(), owners_.end());
    owners_.erase(std::unique(owners_.begin(), owners_.end()), owners_.end());
    response.audit_owners.assign(owners_.begin(), owners_.end());
    return response;
  }

 private:
  Response Page(size_t total) const {
    std::string body;
    fhir::JsonWriter json(&body);
    json.Object().Member("day", question_.day).Key("total").Int(static_cast<int64_t>(total));
    json.Key("rows").Array();
    for (const auto& row : rows_) {
      json.Object();
      for (size_t i = 0; i < columns_.size(); ++i) {
        if (!row[i].empty()) json.Member(columns_[i], row[i]);
      }
      json.End();
    }
    json.End().End();
    return JsonAnswer(200, std::move(body));
  }
  Result<Response> Spreadsheet(const app::Context& context) const {
    exchange::Report report;
    report.title = title_;
    report.lines = {"日期：" + question_.day};
    report.made_us = context.clock->NowUs();
    report.footer = "本表含个人信息，仅限疫情防控工作使用";
    exchange::ReportTable table{title_, {}, rows_};
    for (const std::string& head : heads_) table.columns.push_back({head});
    report.tables.push_back(std::move(table));
    Response response;
    response.body = TRY(exchange::XlsxOf(report));
    response.content_type = exchange::kXlsxType;
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"roster-{}.xlsx\"", question_.day));
    return response;
  }

  const Question& question_;
  const std::string title_;
  const std::vector<std::string> columns_, heads_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<view::OwnerNumber> owners_;
};

/// Has another record of his person reported?
bool HasReportedElsewhere(const app::Context& context, const Member& member,
                          const std::vector<view::OwnerNumber>& reporters) {
  const auto owners = context.interactions->OwnersOfPerson(member.patient);
  return std::any_of(owners.begin(), owners.end(), [&](view::OwnerNumber owner) {
    return std::binary_search(reporters.begin(), reporters.end(), owner);
  });
}

/// Takes out those who have reported by another record of the same person.
Status JoinPersons(const Finder& finder, DayState* state) {
  std::vector<view::Ordinal> still;
  for (const view::Ordinal ordinal : state->missing) {
    const auto member = ReadMember(*finder.context().engine, ordinal);
    if (!member.ok() && member.error().code == ErrorCode::kGone) continue;
    if (!member.ok()) return member.error();
    if (!HasReportedElsewhere(finder.context(), *member, state->reporters)) still.push_back(ordinal);
  }
  state->reported += state->missing.size() - still.size();
  state->missing = std::move(still);
  return {};
}

std::string ReasonsIn(fhir::Value list, bool in_words) {
  std::string all;
  for (const fhir::Value reason : list) {
    const std::string code = reason.ToString();
    const auto place = std::find(std::begin(kReasons), std::end(kReasons), code) - std::begin(kReasons);
    all += (all.empty() ? "" : in_words ? "、" : ",");
    all += in_words && place < std::ssize(kReasons) ? std::string(kReasonWords[place]) : code;
  }
  return all;
}

}  // namespace

Result<DayState> StateOf(const Finder& finder, const Asked& asked, const std::string& day,
                         const std::string& unit) {
  const std::string of_unit = unit.empty() ? "" : "&unit:exact=" + PercentEncode(unit);
  std::vector<view::Ordinal> members;
  for (const bool left : {false, true}) {
    const auto some = TRY(finder.Find("RosterMember", OnRoster(asked.organization, day, left) + of_unit,
                                      asked.scope, kMembersMax));
    members.insert(members.end(), some.begin(), some.end());
  }
  std::sort(members.begin(), members.end());
  const std::string reports = fmt::format("organization={}&day={}", asked.organization, day);
  DayState state;
  for (const view::Ordinal ordinal : TRY(finder.Find("RosterReport", reports, asked.scope, kMembersMax)))
    state.reporters.push_back(finder.OwnerOf(ordinal));
  std::sort(state.reporters.begin(), state.reporters.end());
  state.exceptions =
      TRY(finder.Find("RosterReport", reports + "&result=exception" + of_unit, asked.scope, kMembersMax));
  std::unordered_set<view::OwnerNumber> seen;
  for (const view::Ordinal ordinal : members) {
    const view::OwnerNumber owner = finder.OwnerOf(ordinal);
    if (!seen.insert(owner).second) continue;  // on it twice
    ++state.roster;
    if (std::binary_search(state.reporters.begin(), state.reporters.end(), owner)) {
      ++state.reported;
    } else {
      state.missing.push_back(ordinal);
    }
  }
  if (state.missing.size() <= kLookedAt && !state.reporters.empty()) TRY(JoinPersons(finder, &state));
  return state;
}

Result<Response> HandleDay(const app::Context& context, const Request& request) {
  const Question question = TRY(ReadQuestion(context, request, "organization, day, unit,"));
  const Asked asked = TRY(MayAsk(context, request, question.organization, false));
  const Finder finder(context);
  const DayState state = TRY(StateOf(finder, asked, question.day, question.unit));
  const std::string reports =
      fmt::format("organization={}&day={}&result=exception{}", asked.organization, question.day,
                  question.unit.empty() ? "" : "&unit:exact=" + PercentEncode(question.unit));
  std::string body;
  fhir::JsonWriter json(&body);
  json.Object().Member("organization", asked.organization).Member("day", question.day);
  const auto number = [&json](std::string_view name, uint64_t value) {
    json.Key(name).Int(static_cast<int64_t>(value));
  };
  number("roster", state.roster);
  number("reported", state.reported);
  number("missing", state.missing.size());
  if (state.roster != 0) json.Key("share").Raw(Percent(state.reported, state.roster));
  json.Key("exceptions").Object();
  number("all", state.exceptions.size());
  for (const std::string_view reason : kReasons)
    number(reason,
           TRY(finder.Count("RosterReport", fmt::format("{}&reason={}", reports, reason), asked.scope)));
  json.End().End();
  return JsonAnswer(200, std::move(body));
}

Result<Response> HandleMissing(const app::Context& context, const Request& request) {
  const Question question =
      TRY(ReadQuestion(context, request, "organization, day, unit, _count, _offset, format,"));
  const Asked asked = TRY(MayAsk(context, request, question.organization, false));
  const bool is_own = asked.organization == request.viewer->organization;
  const Finder finder(context);
  const DayState state = TRY(StateOf(finder, asked, question.day, question.unit));
  ListAnswer answer(question, "未填报名单", {"member", "patient", "name", "unit", "number"},
                    {"成员", "人员", "姓名", "部门或班级", "工号或学号"});
  const size_t from = question.as_xlsx ? 0 : std::min(question.offset, state.missing.size());
  const size_t to =
      question.as_xlsx ? state.missing.size() : std::min(from + question.count, state.missing.size());
  for (size_t i = from; i < to; ++i) {
    const auto member = ReadMember(*context.engine, state.missing[i]);
    if (!member.ok() && member.error().code == ErrorCode::kGone) continue;
    if (!member.ok()) return member.error();
    if (state.missing.size() > kLookedAt && HasReportedElsewhere(context, *member, state.reporters)) continue;
    answer.Add({"RosterMember/" + member->id, is_own ? "" : "Patient/" + member->patient,
                is_own ? member->name : "", member->unit, member->number},
               finder.OwnerOf(state.missing[i]));
  }
  return answer.Finish(context, state.missing.size());
}

Result<Response> HandleExceptions(const app::Context& context, const Request& request) {
  const Question question =
      TRY(ReadQuestion(context, request, "organization, day, unit, _count, _offset, format,"));
  const Asked asked = TRY(MayAsk(context, request, question.organization, false));
  const bool is_own = asked.organization == request.viewer->organization;
  const Finder finder(context);
  const view::Engine& engine = *context.engine;
  const DayState state = TRY(StateOf(finder, asked, question.day, question.unit));
  ListAnswer answer(
      question, "异常名单",
      {"report", "patient", "name", "unit", "number", "reasons", "temperature", "healthCode", "attendance"},
      {"填报", "人员", "姓名", "部门或班级", "工号或学号", "异常原因", "体温", "健康码", "出勤"});
  const size_t size = state.exceptions.size();
  const size_t from = question.as_xlsx ? 0 : std::min(question.offset, size);
  const size_t to = question.as_xlsx ? size : std::min(from + question.count, size);
  for (size_t i = from; i < to; ++i) {
    const auto stored = engine.Read(state.exceptions[i]);
    if (!stored.ok() && stored.error().code == ErrorCode::kGone) continue;
    if (!stored.ok()) return stored.error();
    const fhir::Value report = (*stored)->document.Root();
    const std::string member_id(IdIn(report["member"]["reference"].ToString()));
    const auto current =
        engine.directory().Current(engine.IdHash("RosterMember", member_id), finder.position());
    Member member;
    if (current.ordinal != 0 && !current.deleted) member = TRY(ReadMember(engine, current.ordinal));
    answer.Add({"RosterReport/" + (*stored)->id, is_own ? "" : report["subject"]["reference"].ToString(),
                is_own ? member.name : "", member.unit, member.number,
                ReasonsIn(report["reason"], question.as_xlsx), std::string(report["temperature"].Number()),
                report["healthCode"].ToString(), report["absence"].ToString()},
               finder.OwnerOf(state.exceptions[i]));
  }
  return answer.Finish(context, size);
}

namespace {

constexpr Instant kDayUs = Instant{86'400} * kSecondUs;

/// The days of a period.
Result<std::vector<std::string>> DaysOf(const Question& question) {
  const Instant from = TRY(ParseDateRange(question.from, 0)).low_us;
  const Instant until = TRY(ParseDateRange(question.until, 0)).low_us;
  if (until < from || until - from >= kDaysMax * kDayUs)
    return MakeIssue(
        ErrorCode::kIncorrect, "value", "from",
        fmt::format("A period is from a day until the same or a later one, {} days at most.", kDaysMax));
  std::vector<std::string> days;
  for (Instant day = from; day <= until; day += kDayUs) days.push_back(FormatInstant(day).substr(0, 10));
  return days;
}

/// Of how many a report is expected on these days, added up. Where nobody came and nobody left it is the same on each.
Result<uint64_t> ExpectedOn(const Finder& finder, const std::string& organization,
                            const std::vector<std::string>& days, const view::Scope& scope, uint64_t* last) {
  const auto on = [&](const std::string& day) -> Result<uint64_t> {
    return TRY(finder.Count("RosterMember", OnRoster(organization, day, false), scope)) +
           TRY(finder.Count("RosterMember", OnRoster(organization, day, true), scope));
  };
  *last = TRY(on(days.back()));
  if (days.size() == 1) return *last;
  const std::string moved =
      fmt::format("organization={0}&since=gt{1}&since=le{2}", organization, days.front(), days.back());
  const std::string left =
      fmt::format("organization={0}&until=ge{1}&until=lt{2}", organization, days.front(), days.back());
  if (TRY(finder.Count("RosterMember", moved, scope)) == 0 &&
      TRY(finder.Count("RosterMember", left, scope)) == 0)
    return *last * days.size();
  uint64_t sum = *last;
  for (size_t i = 0; i + 1 < days.size(); ++i) sum += TRY(on(days[i]));
  return sum;
}

}  // namespace

Result<Response> HandleOrganizations(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "roster-oversee"));
  Question question = TRY(ReadQuestion(context, request, "from, until, _count, _offset, format,"));
  const std::vector<std::string> days = TRY(DaysOf(question));
  question.day = days.size() == 1 ? days.front() : fmt::format("{} – {}", days.front(), days.back());
  const view::Scope scope = context.interactions->ScopeOf(request.viewer);
  const Finder finder(context);
  auto all = TRY(finder.Find("RosterOrganization", "status=active", {}, kOrganizationsMax));
  std::sort(all.begin(), all.end());
  ListAnswer answer(question, "单位填报情况",
                    {"organization", "name", "roster", "expected", "reported", "share", "exceptions"},
                    {"机构", "名称", "在册人数", "应报人次", "已报人次", "填报率%", "异常人次"});
  const size_t from = question.as_xlsx ? 0 : std::min(question.offset, all.size());
  const size_t to = question.as_xlsx ? all.size() : std::min(from + question.count, all.size());
  for (size_t i = from; i < to; ++i) {
    const view::ResourcePtr stored = TRY(context.engine->Read(all[i]));
    const fhir::Value root = stored->document.Root();
    const std::string organization = root["organization"]["reference"].ToString();
    uint64_t last = 0;
    const uint64_t expected = TRY(ExpectedOn(finder, organization, days, scope, &last));
    if (expected == 0) continue;  // nobody of the area
    const std::string period =
        fmt::format("organization={}&day=ge{}&day=le{}", organization, days.front(), days.back());
    const uint64_t reported = TRY(finder.Count("RosterReport", period, scope));
    const uint64_t exceptions = TRY(finder.Count("RosterReport", period + "&result=exception", scope));
    answer.Add({organization, root["name"].ToString(), std::to_string(last), std::to_string(expected),
                std::to_string(reported), Percent(std::min(reported, expected), expected),
                std::to_string(exceptions)},
               0);
  }
  return answer.Finish(context, all.size());
}

}  // namespace tk::roster
