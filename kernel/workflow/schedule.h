// Schedules as data: what is to be done again and again, or once at a time, while a record is as the file says: a visit each day, a reminder before an end.
// Flow:   apps/<app>/schedules/*.json → ParseSchedule (errors with file, line, element) → Book → every write of such a record, and the clerk: its mark
//         → timers (timer_view.h) → the clerk → Occur → one change set
// Form:   {"id": "fever.visit", "version": 1, "title": …, "source": …, "constants": …,       as of a rule (kernel/rules/head.h)
//          "for": {"type": "Task", "where": "FHIRPath on the record"},         it goes on while this holds, and begins anew when it holds again
//          "from": "executionPeriod.start",                                    FHIRPath of the time that it counts from; else when it began to hold
//          "first": {"value": 1, "unit": "days"},                              from there to the first occurrence; else as "every"
//          "every": {"value": 1, "unit": "days", "time": "working"},           from one to the next; without it there is one
//          "at": "09:00",                                                      of days: at this local time of the day
//          "times": 14,                                                        at most so many; else until it holds no more
//          "missed": "last",                                                   or "each"; see below
//          "do": [actions]}
// Names:  in "do" those of rules; %n (which occurrence, from 1), %due (its time), %late (whole seconds since then), %missed (how many were passed over)
// Missed: after a standstill "last" does the latest of those that fell due meanwhile, and %missed tells how many it stands for (of daily visits nobody
//         can make yesterday's); "each" does them all, one behind the other, each with its own %due. Without "missed": "last".
// Once:   that an occurrence is done is a version of the record, in the same change set as what it made, as with time limits (clerk.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/rules/action.h"
#include "kernel/workflow/calendar.h"

namespace tk::workflow {

inline constexpr int kTimesMax = 10'000;

/// Immutable, thread-safe.
struct Schedule {
  rules::Head head;
  std::string file;
  fhir::TypeId type = fhir::kNoType;
  std::unique_ptr<const fhir::path::Expression> where;  // null: every record of the type
  std::unique_ptr<const fhir::path::Expression> from;   // null: since `where` holds
  Span first, every;
  bool repeats = false;
  int64_t at_us = -1;  // of the local day; negative: none
  int times = 0;       // 0: no end
  bool does_each = false;
  rules::Actions actions;

  /// Is the record under it? Errors: of the expression.
  Result<bool> Holds(const fhir::Definitions& definitions, fhir::Value record, Instant now_us) const;
  /// When the first occurrence is due of a record that is under it since `now_us`; nullopt: "from" gives no time.
  Result<std::optional<Instant>> FirstDue(const fhir::Definitions& definitions, fhir::Value record,
                                          Instant now_us, const Calendar& calendar) const;
  /// The one after that. Only if it repeats.
  Instant NextDue(Instant due_us, const Calendar& calendar) const;
};

/// What the platform writes into a record under a schedule. One extension each, written by nobody else.
/// Form:  {"url": kScheduleExtension, "extension": [{"url": "schedule", "valueString": "fever.visit|1"}, {"url": "since", "valueInstant": …},
///         {"url": "due", "valueInstant": …}        the next one; absent: there is none any more
///         {"url": "done", "valueInteger": 3},      occurrences so far, with those passed over
///         {"url": "missed", "valueInteger": 1}, {"url": "late", "valueInteger": 40}]}     of the last one
inline constexpr std::string_view kScheduleExtension =
    "http://tongkang.dev/fhir/StructureDefinition/schedule";
struct Turn {
  std::string schedule;  // "id|version"
  Instant since_us = 0;
  Instant due_us = 0;  // 0: none
  int64_t done = 0, missed = 0, late_s = 0;
};
std::vector<Turn> ReadTurns(fhir::Value resource);
/// When the next occurrence of any falls due; nullopt: none will.
std::optional<Instant> NextTurn(fhir::Value resource);
/// The resource with these in place of those it has. Errors: as Document::Parse.
Result<fhir::Document> WithTurns(const fhir::Document& resource, const std::vector<Turn>& turns);

struct ParseContext;
/// Errors: kInvalid / kIncorrect with everything that is wrong, by file, line, column and element.
Result<Schedule> ParseSchedule(const ParseContext& context, std::string file, std::string text);

class Book;
/// The record with the turns that it has at `now_us`: those of `before` that go on (never its own), and those that begin.
/// nullptr `before`: it is new. Errors: of an expression.
Result<fhir::Document> UnderSchedules(const Book& book, const fhir::Definitions& definitions,
                                      const Calendar& calendar, fhir::TypeId type,
                                      const fhir::Document& record, const fhir::Document* before,
                                      Instant now_us);

}  // namespace tk::workflow
