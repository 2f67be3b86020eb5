#include "apps/roster/day.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "apps/roster/question.h"
#include "kernel/base/text.h"
#include "kernel/interaction/permit.h"

namespace tk::roster {
namespace {

using interaction::Request;
using interaction::Response;

constexpr std::string_view kReasons[] = {"fever", "symptoms", "travel", "absent-ill", "code", "isolation"};
constexpr std::string_view kReasonWords[] = {"发热",     "有症状",       "去过外地",
                                             "因病缺勤", "健康码非绿码", "隔离中"};

std::string OnRoster(const std::string& organization, std::string_view day, bool left) {
  return fmt::format("organization={}&status:not=refused&since=le{}&until{}", organization, day,
                     left ? fmt::format("=ge{}", day) : ":missing=true");
}

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
                         const std::string& unit, size_t looked_at) {
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
  if (state.missing.size() <= looked_at && !state.reporters.empty()) TRY(JoinPersons(finder, &state));
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
  const auto [from, to] = answer.RangeOf(state.missing.size());
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

namespace {

constexpr std::pair<std::string_view, std::string_view> kCaseWords[] = {
    {"open", "待处理"}, {"handled", "处理中"}, {"cleared", "可返岗返校"}};

/// How far the follow-up of each is: state by member. Of whom there is none it is over.
Result<std::unordered_map<std::string, std::string>> StatesOf(const Finder& finder, const Asked& asked) {
  std::unordered_map<std::string, std::string> states;
  const std::string criteria = fmt::format("organization={}&status=open,handled,cleared", asked.organization);
  for (const view::Ordinal ordinal : TRY(finder.Find("RosterCase", criteria, asked.scope, kMembersMax))) {
    const auto stored = finder.context().engine->Read(ordinal);
    if (!stored.ok() && stored.error().code == ErrorCode::kGone) continue;
    if (!stored.ok()) return stored.error();
    const fhir::Value root = (*stored)->document.Root();
    states[std::string(IdIn(root["member"]["reference"].ToString()))] = root["status"].ToString();
  }
  return states;
}

std::string StateWord(const std::string& state, bool in_words) {
  for (const auto& [code, word] : kCaseWords) {
    if (in_words && state == code) return std::string(word);
  }
  return state;
}

}  // namespace

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
      {"report", "patient", "name", "unit", "number", "reasons", "temperature", "healthCode", "attendance",
       "followUp"},
      {"填报", "人员", "姓名", "部门或班级", "工号或学号", "异常原因", "体温", "健康码", "出勤", "跟踪"});
  auto states = TRY(StatesOf(finder, asked));
  const size_t size = state.exceptions.size();
  const auto [from, to] = answer.RangeOf(size);
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
    answer.Add(
        {"RosterReport/" + (*stored)->id, is_own ? "" : report["subject"]["reference"].ToString(),
         is_own ? member.name : "", member.unit, member.number, ReasonsIn(report["reason"], question.as_xlsx),
         std::string(report["temperature"].Number()), report["healthCode"].ToString(),
         report["absence"].ToString(), StateWord(states[member_id], question.as_xlsx)},
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
  question.day = days.size() == 1 ? days.front() : fmt::format("{}_{}", days.front(), days.back());
  const view::Scope scope = context.interactions->ScopeOf(request.viewer);
  const Finder finder(context);
  auto all = TRY(finder.Find("RosterOrganization", "status=active", {}, kOrganizationsMax));
  std::sort(all.begin(), all.end());
  ListAnswer answer(question, "单位填报情况",
                    {"organization", "name", "roster", "expected", "reported", "share", "exceptions", "open"},
                    {"机构", "名称", "在册人数", "应报人次", "已报人次", "填报率%", "异常人次", "未办结"});
  const auto [from, to] = answer.RangeOf(all.size());
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
    const uint64_t open = TRY(
        finder.Count("RosterCase", fmt::format("organization={}&status=open,handled", organization), scope));
    answer.Add({organization, root["name"].ToString(), std::to_string(last), std::to_string(expected),
                std::to_string(reported), Percent(std::min(reported, expected), expected),
                std::to_string(exceptions), std::to_string(open)},
               0);
  }
  return answer.Finish(context, all.size());
}

}  // namespace tk::roster
