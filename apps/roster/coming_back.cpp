#include "apps/roster/coming_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "apps/roster/question.h"
#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/exchange/cells.h"

namespace tk::roster {
namespace {

using interaction::Request;
using interaction::Response;

/// Days in a row up to the last one (rules/clear.json counts so). A day that is wanting begins anew, until it is reported late.
int64_t LastRun(const std::set<std::string>& days) {
  int64_t run = 0;
  Instant next_us = 0;
  for (auto day = days.rbegin(); day != days.rend(); ++day, ++run) {
    const auto range = ParseDateRange(*day);
    if (!range.ok() || (run > 0 && range->high_us != next_us)) break;
    next_us = range->low_us;
  }
  return run;
}

/// How many normal days it takes, and who says so.
struct ReturnRule {
  int64_t illness_days = 0, other_days = 0;
  std::string text;
};

ReturnRule ReadRule(std::string_view json) {
  ReturnRule rule;
  const auto document = fhir::Document::Parse(std::string(json));
  if (!document.ok()) return rule;
  const fhir::Value root = document->Root();
  const auto days = [&root](std::string_view name) {
    return static_cast<int64_t>(exchange::ReadNumber(root[name].Number()).value_or(0));
  };
  rule.illness_days = days("return_illness_days");
  rule.other_days = days("return_other_days");
  rule.text = fmt::format("{}，{}，{}", root["return_source"].ToString(), root["return_edition"].ToString(),
                          root["return_date"].ToString());
  return rule;
}

/// One who was an exception, and how far he is.
struct Coming {
  view::Ordinal ordinal = 0;
  std::string member, patient, state, last_exception, from, rule;
  int64_t missing_days = 0;
};

std::string DayInCity(const std::string& time) {
  const auto range = ParseDateRange(time, CityOffsetMin());
  return range.ok() ? CityDay(range->low_us) : time;
}

Coming ComingOf(view::Ordinal ordinal, fhir::Value root, const ReturnRule& rule) {
  Coming coming;
  coming.ordinal = ordinal;
  coming.member = IdIn(root["member"]["reference"].ToString());
  coming.patient = root["subject"]["reference"].ToString();
  coming.state = root["status"].ToString();
  coming.last_exception = root["lastException"].ToString();
  if (coming.state == "cleared") {
    coming.from = DayInCity(root["cleared"].ToString());
    coming.rule = root["rule"].ToString();
    return coming;
  }
  std::set<std::string> normal;
  for (const fhir::Value day : root["normal"]) {
    if (std::string text = day.ToString(); text > coming.last_exception) normal.insert(std::move(text));
  }
  const int64_t days = root["kind"].ToString() == "illness" ? rule.illness_days : rule.other_days;
  coming.missing_days = std::max<int64_t>(0, days - LastRun(normal));
  return coming;
}

Result<std::vector<Coming>> AllComing(const Finder& finder, const Asked& asked, const Question& question,
                                      const ReturnRule& rule) {
  std::string criteria = fmt::format("organization={}&status=open,handled,cleared", asked.organization);
  if (!question.unit.empty()) criteria += "&member.unit:exact=" + PercentEncode(question.unit);
  std::vector<Coming> all;
  for (const view::Ordinal ordinal : TRY(finder.Find("RosterCase", criteria, asked.scope, kMembersMax))) {
    const auto stored = finder.context().engine->Read(ordinal);
    if (!stored.ok() && stored.error().code == ErrorCode::kGone) continue;
    if (!stored.ok()) return stored.error();
    all.push_back(ComingOf(ordinal, (*stored)->document.Root(), rule));
  }
  std::sort(all.begin(), all.end(), [](const Coming& a, const Coming& b) {
    const bool a_waits = a.state != "cleared", b_waits = b.state != "cleared";
    return std::tie(a_waits, a.missing_days, a.ordinal) < std::tie(b_waits, b.missing_days, b.ordinal);
  });
  return all;
}

std::string StateIn(const std::string& state, bool in_words) {
  if (!in_words) return state;
  return state == "cleared" ? "可返岗返校" : state == "handled" ? "处理中" : "待处理";
}

}  // namespace

Result<Response> HandleReturn(const app::Context& context, const Request& request) {
  const Question question =
      TRY(ReadQuestion(context, request, "organization, unit, _count, _offset, format,"));
  const Asked asked = TRY(MayAsk(context, request, question.organization, false));
  const bool is_own = asked.organization == request.viewer->organization;
  const Finder finder(context);
  const view::Engine& engine = *context.engine;
  const ReturnRule rule = ReadRule(context.settings);
  const std::vector<Coming> all = TRY(AllComing(finder, asked, question, rule));
  ListAnswer answer(question, "返岗返校名单",
                    {"member", "patient", "name", "unit", "number", "state", "lastException", "from", "rule",
                     "missingDays", "missing"},
                    {"成员", "人员", "姓名", "部门或班级", "工号或学号", "状态", "最近异常日", "可返日期",
                     "依据规则", "还差天数", "还缺什么"});
  answer.Say(fmt::format("规则：发热、症状、因病缺勤后连续正常 {} 天，其他 {} 天。{}", rule.illness_days,
                         rule.other_days, rule.text));
  const auto [from, to] = answer.RangeOf(all.size());
  for (size_t i = from; i < to; ++i) {
    const Coming& one = all[i];
    const auto current =
        engine.directory().Current(engine.IdHash("RosterMember", one.member), finder.position());
    Member member;
    if (current.ordinal != 0 && !current.deleted) member = TRY(ReadMember(engine, current.ordinal));
    const bool waits = one.state != "cleared";
    answer.Add({"RosterMember/" + one.member, is_own ? "" : one.patient, is_own ? member.name : "",
                member.unit, member.number, StateIn(one.state, question.as_xlsx), one.last_exception,
                one.from, one.rule, waits ? std::to_string(one.missing_days) : "",
                waits ? fmt::format("还差 {} 天正常填报，或证明", one.missing_days) : ""},
               finder.OwnerOf(one.ordinal));
  }
  return answer.Finish(context, all.size());
}

}  // namespace tk::roster
