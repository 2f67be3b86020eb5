// Time, injected so that tests can move it. The only place that reads the system clock.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernel/base/result.h"

namespace tk {

/// Microseconds since 1970-01-01T00:00:00Z. Negative before 1970.
using Instant = int64_t;
inline constexpr Instant kSecondUs = 1'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant NowUs() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant NowUs() const override;
};

/// For tests: stands still until it is moved. Thread-safe.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(Instant now_us) : now_us_(now_us) {}
  Instant NowUs() const override { return now_us_.load(std::memory_order_relaxed); }
  void Set(Instant now_us) { now_us_.store(now_us, std::memory_order_relaxed); }
  void Advance(int64_t us) { now_us_.fetch_add(us, std::memory_order_relaxed); }

 private:
  std::atomic<Instant> now_us_;
};

/// Monotonic microseconds, for measuring durations only.
int64_t MonotonicUs();

/// Days since 1970-01-01 of a proleptic Gregorian date, and back. Source: the civil calendar, ISO 8601.
int64_t DaysFromCivil(int year, int month, int day);
struct CivilDate {
  int year;
  int month;
  int day;
};
CivilDate CivilFromDays(int64_t days);

/// "2026-11-21T20:14:07.123456Z", always UTC and six digits. Appends nothing else.
std::string FormatInstant(Instant us);
void AppendInstant(Instant us, std::string* out);

/// A FHIR date, dateTime or instant as the half-open interval that it covers: "2020-03" = [1 March, 1 April).
/// A date-time with no zone, and a date, are read in UTC plus `default_offset_min`. `precision`: 4 year, 7 month, 10 day, 16 minute, 19 second, 20+ fraction.
struct DateRange {
  Instant low_us;
  Instant high_us;
  int precision;
};
Result<DateRange> ParseDateRange(std::string_view text, int default_offset_min = 0);

}  // namespace tk
