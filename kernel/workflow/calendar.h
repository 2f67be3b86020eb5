// Working time: which days and hours of the day people are at work, and when a span of it has passed.
// Flow:   data/working_time.json (linked in) → DIR/working_time.json replaces it whole → Calendar::Add
// Form:   {"hours": [["08:30", "12:00"], ["14:00", "17:30"]],        ascending, of local time
//          "work_days": [1, 2, 3, 4, 5],                             1 = Monday
//          "source": {text, edition, date},
//          "years": [{"year": 2026, "source": {…}, "off": ["2026-01-01/2026-01-03"], "work": ["2026-01-04"]}]}
// Source: the State Council's notice of each year, as the file says.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/fhir/json_file.h"

namespace tk::workflow {

/// A stretch of time as files say it: {"value": 2, "unit": "hours", "time": "working"}; without `time`, by the clock. In place of "value", "setting": a
/// number of the app's settings.
struct Span {
  enum class Unit : uint8_t { kMinutes, kHours, kDays };
  int64_t amount = 0;
  Unit unit = Unit::kMinutes;
  bool working = false;
};
/// Reads the span that stands at `path`; what is wrong is noted in the file.
Span ReadSpan(fhir::JsonFile* file, fhir::Value value, const std::string& path, fhir::Value settings = {});

/// "08:30" in µs of the day; negative if it is no such time.
int64_t TimeOfDay(const std::string& text);

/// Immutable, thread-safe.
class Calendar {
 public:
  /// Errors: kInvalid / kIncorrect with file, line and column.
  static Result<Calendar> Parse(std::string name, std::string text, int offset_min);
  /// The linked-in one, or `folder`/working_time.json if that file exists.
  static Result<std::shared_ptr<const Calendar>> Load(const std::string& folder, int offset_min);

  /// `day` counts from 1970-01-01, local.
  bool IsWorkingDay(int64_t day) const;
  /// Is it known which days of this year are off? Of other years only the days of the week are.
  bool KnowsYear(int year) const { return years_.contains(year); }
  /// When `span` from `from` on has passed. Of working minutes and hours, those in which people are at work count. Of working days, the day of
  /// `from` does not count, and the last one ends with its last hour, as time limits of offices are counted.
  /// Cost: a look-up for each day between.
  Instant Add(Instant from, const Span& span) const;
  int offset_min() const { return offset_min_; }

 private:
  struct Hours {
    int64_t from_us, until_us;  // of the day
  };
  Instant AddWorking(Instant from, int64_t amount_us) const;
  Instant AddWorkingDays(Instant from, int64_t days) const;

  int offset_min_ = 0;
  std::vector<Hours> hours_;
  bool week_[7] = {};                 // from Monday
  std::map<int64_t, bool> others_;    // day → is worked on, against the week
  std::map<int, std::string> years_;  // → its source
};

}  // namespace tk::workflow
