#include "kernel/workflow/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kernel/base/city_time.h"
#include "kernel/workflow/workflow.h"

namespace tk::workflow {
namespace {

using fhir::path::Collection;
using fhir::path::Environment;
using fhir::path::Expression;

constexpr int64_t kScheduleMinuteUs = 60 * kSecondUs, kScheduleDayUs = 1440 * kScheduleMinuteUs;

/// What the schedule's expressions are asked with.
Environment EnvironmentOf(const fhir::Definitions& definitions, fhir::Value record,
                          const rules::HeadVariables& names, Instant now_us) {
  Environment environment;
  environment.definitions = &definitions;
  environment.resource = record;
  environment.now_us = now_us;
  environment.offset_min = CityOffsetMin();
  environment.more_variables = &names;
  return environment;
}

/// The first time in it; nullopt if there is none, or it is no time.
std::optional<Instant> TimeOf(const Collection& found, int offset_min) {
  if (found.empty()) return std::nullopt;
  std::string json;
  fhir::JsonWriter out(&json);
  out.Array();
  rules::WriteItem(found.front(), &out);
  out.End();
  const auto document = fhir::Document::Parse(json);
  if (!document.ok()) return std::nullopt;
  const auto range = ParseDateRange(document->Root().At(0).ToString(), offset_min);
  return range.ok() ? std::optional(range->low_us) : std::nullopt;
}

/// The given time on the local day of `due_us`.
Instant AtTimeOfDay(Instant due_us, int64_t at_us, const Calendar& calendar) {
  const int64_t shift_us = calendar.offset_min() * kScheduleMinuteUs;
  const int64_t local = due_us + shift_us;
  const int64_t day = local >= 0 ? local / kScheduleDayUs : -((-local + kScheduleDayUs - 1) / kScheduleDayUs);
  return day * kScheduleDayUs + at_us - shift_us;
}

Instant Later(const Schedule& schedule, Instant from_us, const Span& span, const Calendar& calendar) {
  const Instant due_us = calendar.Add(from_us, span);
  if (schedule.at_us < 0) return due_us;
  const Instant at_us = AtTimeOfDay(due_us, schedule.at_us, calendar);
  if (at_us >= from_us) return at_us;
  // Today's hour is over already.
  const Span day{1, Span::Unit::kDays, span.working};
  return AtTimeOfDay(calendar.Add(from_us, day), schedule.at_us, calendar);
}

}  // namespace

Result<bool> Schedule::Holds(const fhir::Definitions& definitions, fhir::Value record, Instant now_us) const {
  if (where == nullptr) return true;
  const rules::HeadVariables names(head, 0, now_us);
  const Environment environment = EnvironmentOf(definitions, record, names, now_us);
  return where->Test(environment, fhir::path::ResourceItem(definitions, record));
}

Result<std::optional<Instant>> Schedule::FirstDue(const fhir::Definitions& definitions, fhir::Value record,
                                                  Instant now_us, const Calendar& calendar) const {
  std::optional<Instant> base(now_us);
  if (from != nullptr) {
    const rules::HeadVariables names(head, 0, now_us);
    const Environment environment = EnvironmentOf(definitions, record, names, now_us);
    Collection found;
    TRY(from->Evaluate(environment, fhir::path::ResourceItem(definitions, record), &found));
    base = TimeOf(found, calendar.offset_min());
  }
  if (!base) return std::optional<Instant>();
  return std::optional(Later(*this, *base, first, calendar));
}

Instant Schedule::NextDue(Instant due_us, const Calendar& calendar) const {
  return Later(*this, due_us, every, calendar);
}

std::vector<Turn> ReadTurns(fhir::Value resource) {
  std::vector<Turn> turns;
  std::string scratch;
  const auto number = [](fhir::Value value) {
    const std::string_view digits = value.Number();
    int64_t out = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
  };
  const auto time = [](fhir::Value value) {
    const auto range = ParseDateRange(value.ToString());
    return range.ok() ? range->low_us : 0;
  };
  for (const fhir::Value extension : resource["extension"]) {
    if (extension["url"].String(scratch) != kScheduleExtension) continue;
    Turn& turn = turns.emplace_back();
    for (const fhir::Value part : extension["extension"]) {
      const std::string url = part["url"].ToString();
      if (url == "schedule")
        turn.schedule = part["valueString"].ToString();
      else if (url == "since")
        turn.since_us = time(part["valueInstant"]);
      else if (url == "due")
        turn.due_us = time(part["valueInstant"]);
      else if (url == "done")
        turn.done = number(part["valueInteger"]);
      else if (url == "missed")
        turn.missed = number(part["valueInteger"]);
      else if (url == "late")
        turn.late_s = number(part["valueInteger"]);
    }
  }
  return turns;
}

std::optional<Instant> NextTurn(fhir::Value resource) {
  std::optional<Instant> next;
  for (const Turn& turn : ReadTurns(resource)) {
    if (turn.due_us != 0 && (!next || turn.due_us < *next)) next = turn.due_us;
  }
  return next;
}

Result<fhir::Document> WithTurns(const fhir::Document& resource, const std::vector<Turn>& turns) {
  std::string list, scratch;
  fhir::JsonWriter json(&list);
  json.Array();
  size_t count = turns.size();
  for (const fhir::Value extension : resource.Root()["extension"]) {
    if (extension["url"].String(scratch) == kScheduleExtension) continue;
    json.Raw(extension.Json());
    ++count;
  }
  const auto time = [&json](std::string_view url, Instant at_us) {
    if (at_us != 0) json.Object().Member("url", url).Member("valueInstant", FormatInstant(at_us)).End();
  };
  const auto number = [&json](std::string_view url, int64_t value) {
    if (value != 0) json.Object().Member("url", url).Key("valueInteger").Int(value).End();
  };
  for (const Turn& turn : turns) {
    json.Object().Member("url", kScheduleExtension).Key("extension").Array();
    json.Object().Member("url", "schedule").Member("valueString", turn.schedule).End();
    time("since", turn.since_us);
    time("due", turn.due_us);
    number("done", turn.done);
    number("missed", turn.missed);
    number("late", turn.late_s);
    json.End().End();
  }
  json.End();
  return WithMember(resource, "extension", count == 0 ? std::string_view() : list);
}

namespace {

/// Names that "do" has besides; no constant may take one.
constexpr std::array<std::string_view, 4> kTurnNames = {"n", "due", "late", "missed"};

class ScheduleReading {
 public:
  ScheduleReading(const ParseContext& context, fhir::JsonFile* file, Schedule* out)
      : context_(context), file_(*file), root_(file->root()), out_(*out) {}

  void Read() {
    out_.head = rules::ReadHead(&file_, context_.app, context_.settings, rules::Wants::kSource);
    for (const auto& [name, items] : out_.head.variables) {
      if (std::find(kTurnNames.begin(), kTurnNames.end(), name) != kTurnNames.end())
        file_.Note("constants." + name, "is a name of schedules: choose another");
    }
    CheckMembers();
    ReadSubject();
    ReadTimes();
    const rules::ActionScope scope{context_.definitions, context_.app, out_.type};
    out_.actions = context_.vocabulary->Parse(scope, &file_, "do", root_["do"]);
  }

 private:
  void CheckMembers() {
    constexpr std::array<std::string_view, 13> kMembers = {"id",    "version", "title", "source", "constants",
                                                           "for",   "from",    "first", "every",  "at",
                                                           "times", "missed",  "do"};
    for (const fhir::Value member : root_) {
      if (std::find(kMembers.begin(), kMembers.end(), member.name_text()) == kMembers.end())
        file_.Note(std::string(member.name_text()),
                   fmt::format("is no member of a schedule: there are {}", fmt::join(kMembers, ", ")));
    }
  }

  std::unique_ptr<const Expression> Compile(fhir::Value text, const std::string& path) {
    auto compiled = Expression::Compile(text.ToString(), *context_.definitions, out_.type);
    if (compiled.ok()) return std::make_unique<const Expression>(std::move(compiled).value());
    file_.Note(path, compiled.error());
    return nullptr;
  }

  void ReadSubject() {
    const fhir::Value subject = root_["for"];
    out_.type = context_.definitions->FindType(subject["type"].ToString());
    if (!context_.definitions->IsResource(out_.type)) {
      out_.type = fhir::kNoType;
      file_.Note("for.type", "names no resource type");
    } else if (context_.definitions->FindElement(out_.type, fhir::Names::Find("extension")) == nullptr) {
      file_.Note("for.type", "cannot hold what is due: it has no extensions");
    }
    if (const fhir::Value where = subject["where"]) out_.where = Compile(where, "for.where");
    if (const fhir::Value from = root_["from"]) out_.from = Compile(from, "from");
  }

  void ReadTimes() {
    const fhir::Value every = root_["every"], first = root_["first"];
    out_.repeats = every.present();
    if (every.present()) {
      out_.every = ReadSpan(&file_, every, "every");
      if (out_.every.amount < 1) file_.Note("every.value", "must be at least 1");
    }
    if (first.present()) out_.first = ReadSpan(&file_, first, "first");
    if (!first.present()) out_.first = out_.every;
    if (!first.present() && !every.present())
      file_.Note("every", "is missing, or else first: when is it due?");
    if (const fhir::Value at = root_["at"]) {
      out_.at_us = TimeOfDay(at.ToString());
      if (out_.at_us < 0) file_.Note("at", "must be a time of the day such as \"09:00\"");
      if (out_.first.unit != Span::Unit::kDays || (out_.repeats && out_.every.unit != Span::Unit::kDays))
        file_.Note("at", "goes with days: first and every must have the unit days");
    }
    if (const fhir::Value times = root_["times"]) {
      const std::string_view digits = times.Number();
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out_.times);
      if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() ||
          out_.times < 1 || out_.times > kTimesMax)
        file_.Note("times", fmt::format("must be a whole number from 1 to {}", kTimesMax));
      if (!out_.repeats) file_.Note("times", "goes with every: without it there is one occurrence");
    }
    const std::string missed = root_["missed"].ToString();
    out_.does_each = missed == "each";
    if (root_["missed"].present() && missed != "each" && missed != "last")
      file_.Note("missed", "may be last or each");
  }

  const ParseContext& context_;
  fhir::JsonFile& file_;
  const fhir::Value root_;
  Schedule& out_;
};

}  // namespace

Result<Schedule> ParseSchedule(const ParseContext& context, std::string file, std::string text) {
  Schedule schedule;
  schedule.file = file;
  fhir::JsonFile json = TRY(fhir::JsonFile::Parse(std::move(file), std::move(text)));
  ScheduleReading(context, &json, &schedule).Read();
  if (!json.good()) return json.Failure();
  return schedule;
}

Result<fhir::Document> UnderSchedules(const Book& book, const fhir::Definitions& definitions,
                                      const Calendar& calendar, fhir::TypeId type,
                                      const fhir::Document& record, const fhir::Document* before,
                                      Instant now_us) {
  const fhir::Value root = record.Root();
  std::vector<Turn> turns;
  std::vector<std::string> known;
  for (const Turn& former : before == nullptr ? std::vector<Turn>() : ReadTurns(before->Root())) {
    known.push_back(former.schedule.substr(0, former.schedule.find('|')));
    const Schedule* const schedule = book.FindSchedule(type, former.schedule);
    // Of a pack that is not installed now it waits until that is back.
    if (schedule == nullptr || TRY(schedule->Holds(definitions, root, now_us))) turns.push_back(former);
  }
  for (const Schedule* const schedule : book.SchedulesOf(type)) {
    if (std::find(known.begin(), known.end(), schedule->head.id) != known.end()) continue;
    if (!TRY(schedule->Holds(definitions, root, now_us))) continue;
    const auto due = TRY(schedule->FirstDue(definitions, root, now_us, calendar));
    if (due) turns.push_back({schedule->head.name(), now_us, *due, 0, 0, 0});
  }
  const std::vector<Turn> own = ReadTurns(root);
  const auto alike = [](const Turn& a, const Turn& b) {
    return a.schedule == b.schedule && a.since_us == b.since_us && a.due_us == b.due_us && a.done == b.done &&
           a.missed == b.missed && a.late_s == b.late_s;
  };
  if (std::equal(own.begin(), own.end(), turns.begin(), turns.end(), alike))
    return fhir::Document::Parse(record.Text());
  return WithTurns(record, turns);
}

}  // namespace tk::workflow
