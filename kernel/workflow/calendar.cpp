#include "kernel/workflow/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/file.h"

namespace tk::workflow {

extern const char* const kWorkingTimeJson;  // working_time_text.cpp, made from data/working_time.json

namespace {

constexpr int64_t kMinuteUs = 60 * kSecondUs, kDayUs = 1440 * kMinuteUs;
constexpr int64_t kSpanMaxUs = 3'660 * kDayUs;  // ten years
constexpr size_t kFileBytesMax = size_t{1} << 20;

int64_t UnitUs(Span::Unit unit) {
  return unit == Span::Unit::kMinutes ? kMinuteUs : unit == Span::Unit::kHours ? 60 * kMinuteUs : kDayUs;
}

int64_t FloorDay(Instant local_us) {
  return local_us >= 0 ? local_us / kDayUs : -((-local_us + kDayUs - 1) / kDayUs);
}

/// The days "2026-01-01" or "2026-01-01/2026-01-03" as [first, last]; empty (first > last) if they are none.
std::pair<int64_t, int64_t> DaysOf(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string first = text.substr(0, slash);
  const std::string last = slash == std::string::npos ? first : text.substr(slash + 1);
  const auto from = ParseDateRange(first), until = ParseDateRange(last);
  if (!from.ok() || !until.ok() || from->precision != 10 || until->precision != 10) return {1, 0};
  return {FloorDay(from->low_us), FloorDay(until->low_us)};
}

void NoteMissingSource(fhir::JsonFile* file, fhir::Value holder, const std::string& path) {
  const fhir::Value source = holder["source"];
  for (const char* part : {"text", "edition", "date"}) {
    if (source[part].ToString().empty()) {
      file->Note(path, "needs text, edition and date: say where the days come from");
      return;
    }
  }
}

}  // namespace

int64_t TimeOfDay(const std::string& text) {
  int hour = 0, minute = 0;
  const char* const at = text.data();
  if (text.size() != 5 || text[2] != ':') return -1;
  if (std::from_chars(at, at + 2, hour).ptr != at + 2) return -1;
  if (std::from_chars(at + 3, at + 5, minute).ptr != at + 5) return -1;
  if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > 1440) return -1;
  return (hour * 60 + minute) * kMinuteUs;
}

Span ReadSpan(fhir::JsonFile* file, fhir::Value value, const std::string& path, fhir::Value settings) {
  Span span;
  const std::string unit = value["unit"].ToString();
  if (unit == "hours")
    span.unit = Span::Unit::kHours;
  else if (unit == "days")
    span.unit = Span::Unit::kDays;
  else if (unit != "minutes")
    file->Note(path + ".unit", "must be minutes, hours or days");
  const std::string setting = value["setting"].ToString();
  const std::string_view digits = setting.empty() ? value["value"].Number() : settings[setting].Number();
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), span.amount);
  if (digits.empty() || parsed.ptr != digits.data() + digits.size() || parsed.ec != std::errc() ||
      span.amount < 0 || span.amount > kSpanMaxUs / UnitUs(span.unit))
    file->Note(path + (setting.empty() ? ".value" : ".setting"),
               setting.empty()
                   ? "must be a whole number from 0, and not beyond ten years"
                   : "must name a whole number of settings.json, from 0 and not beyond ten years");
  const std::string time = value["time"].ToString();
  span.working = time == "working";
  if (!time.empty() && !span.working)
    file->Note(path + ".time", "may be working; leave it out for time by the clock");
  return span;
}

Result<Calendar> Calendar::Parse(std::string name, std::string text, int offset_min) {
  fhir::JsonFile file = TRY(fhir::JsonFile::Parse(std::move(name), std::move(text)));
  const fhir::Value root = file.root();
  Calendar calendar;
  calendar.offset_min_ = offset_min;
  NoteMissingSource(&file, root, "source");
  size_t i = 0;
  for (const fhir::Value pair : root["hours"]) {
    const Hours hours{TimeOfDay(pair.At(0).ToString()), TimeOfDay(pair.At(1).ToString())};
    const int64_t after = calendar.hours_.empty() ? 0 : calendar.hours_.back().until_us;
    if (hours.from_us < after || hours.until_us <= hours.from_us || pair.size() != 2)
      file.Note(fmt::format("hours[{}]", i), "must be two times such as [\"08:30\", \"12:00\"], ascending");
    calendar.hours_.push_back(hours);
    ++i;
  }
  if (calendar.hours_.empty()) file.Note("hours", "is missing: the hours of a working day");
  for (const fhir::Value day : root["work_days"]) {
    const std::string_view digit = day.Number();
    if (digit.size() == 1 && digit[0] >= '1' && digit[0] <= '7')
      calendar.week_[digit[0] - '1'] = true;
    else
      file.Note("work_days", "are numbers from 1 (Monday) to 7");
  }
  if (std::none_of(std::begin(calendar.week_), std::end(calendar.week_), [](bool works) { return works; }))
    file.Note("work_days", "needs at least one day");
  i = 0;
  for (const fhir::Value year : root["years"]) {
    const std::string path = fmt::format("years[{}]", i++);
    int number = 0;
    const std::string_view digits = year["year"].Number();
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (number < 1949 || number > 2200) file.Note(path + ".year", "must be a year");
    NoteMissingSource(&file, year, path + ".source");
    calendar.years_[number] = year["source"]["text"].ToString();
    for (const bool works : {false, true}) {
      const char* const member = works ? "work" : "off";
      size_t at = 0;
      for (const fhir::Value days : year[member]) {
        const auto [first, last] = DaysOf(days.ToString());
        if (first > last || last - first > 60)
          file.Note(fmt::format("{}.{}[{}]", path, member, at),
                    "must be a day 2026-01-01 or days 2026-01-01/2026-01-03");
        for (int64_t day = first; day <= last && last - first <= 60; ++day) calendar.others_[day] = works;
        ++at;
      }
    }
  }
  if (!file.good()) return file.Failure();
  return calendar;
}

Result<std::shared_ptr<const Calendar>> Calendar::Load(const std::string& folder, int offset_min) {
  const std::string path = folder + "/working_time.json";
  const bool own = !folder.empty() && FileExists(path);
  std::string text = own ? TRY(ReadFile(path, kFileBytesMax)) : std::string(kWorkingTimeJson);
  return std::make_shared<const Calendar>(
      TRY(Parse(own ? path : "working_time.json (built in)", std::move(text), offset_min)));
}

bool Calendar::IsWorkingDay(int64_t day) const {
  const auto known = others_.find(day);
  if (known != others_.end()) return known->second;
  // 1970-01-01 was a Thursday.
  return week_[static_cast<size_t>(((day + 3) % 7 + 7) % 7)];
}

Instant Calendar::Add(Instant from, const Span& span) const {
  const int64_t unit_us = UnitUs(span.unit);
  if (!span.working) return from + span.amount * unit_us;
  return span.unit == Span::Unit::kDays ? AddWorkingDays(from, span.amount)
                                        : AddWorking(from, span.amount * unit_us);
}

// An hour of a day in which people work is met at the latest after the longest run of days off: so the walk ends.
Instant Calendar::AddWorking(Instant from, int64_t amount_us) const {
  const int64_t shift_us = offset_min_ * kMinuteUs;
  const Instant local = from + shift_us;
  int64_t day = FloorDay(local);
  int64_t at_us = local - day * kDayUs;
  for (;; ++day, at_us = 0) {
    if (!IsWorkingDay(day)) continue;
    for (const Hours& hours : hours_) {
      if (hours.until_us <= at_us) continue;
      const int64_t begin_us = std::max(hours.from_us, at_us);
      if (amount_us <= hours.until_us - begin_us) return day * kDayUs + begin_us + amount_us - shift_us;
      amount_us -= hours.until_us - begin_us;
    }
  }
}

Instant Calendar::AddWorkingDays(Instant from, int64_t days) const {
  const int64_t shift_us = offset_min_ * kMinuteUs;
  int64_t day = FloorDay(from + shift_us);
  while (days > 0) days -= IsWorkingDay(++day) ? 1 : 0;
  return day * kDayUs + hours_.back().until_us - shift_us;
}

}  // namespace tk::workflow
