// Workflows as data: the states of a record, who may move it from one to another and when, and what a state's time limits do when they pass.
// Flow:   apps/<app>/workflows/*.json → ParseWorkflow (errors with file, line, element) → Book → the interactions: $transitions, $transition, and
//         every other write of a governed record (judge.h) → the clerk, when a time limit passes (clerk.h)
// Form:   {"id": "fever.follow-up", "version": 1, "title": …, "source": …, "constants": …,        as of a rule (kernel/rules/head.h)
//          "for": {"type": "Task", "where": "FHIRPath on the record"},
//          "state": {"element": "status"},                              a code; or a CodeableConcept or Coding with a "system":
//                   {"element": "businessStatus", "system": "http://…"}
//          "states": [{"code": "requested", "title": {"zh-CN": …, "en": …}, "initial": true,
//                      "set": {"status": "requested"},                  more elements that go with the state, literally
//                      "limits": [{"after": {"value": 2, "unit": "hours", "time": "working"}, "title": …,
//                                  "do": [actions]}]},              or "move": a transition of the record itself, for the post platform
//                     {"code": "completed", "title": …, "final": true}],
//          "transitions": [{"code": "accept", "title": …, "from": ["requested"], "to": "accepted",   no "to": it stays where it is
//                           "posts": ["doctor"],                        who may; "*": whoever may write the type; "platform": timers, rules
//                           "guard": [{"where": "FHIRPath", "message": {"zh-CN": …, "en": …}}],
//                           "inputs": [{"name": "result", "title": …, "type": "code", "codes": ["found", "moved"], "required": true}],
//                                       of a Reference also what it must lead to: {…, "type": "Reference", "to": ["Observation"], "exists": true,
//                                       "same_person": true, "where": "FHIRPath on it", "unless": {"type": …, "find": …}, "message": …} (Input)
//                           "reason": "required",                       or "optional" (else)
//                           "undo": {"value": 10, "unit": "minutes"},   may be taken back by who made it, for so long
//                           "do": [actions]}]}
// Limits: count from when the state was entered. Actions: kernel/rules/action.h.
// Names:  in expressions those of rules; %user (a Reference), %account, %post, %reason, each input by its name; in a limit's "do" %late (whole seconds)
// Versions: several may be installed (a file each); what is made follows the newest, what was made under another follows that while it is there.
// Source: DESIGN 5; S. Sadiq, W. Sadiq & M. Orlowska, workflow constraints as states and guards (no text taken).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/rules/action.h"
#include "kernel/workflow/calendar.h"
#include "kernel/workflow/mark.h"
#include "kernel/workflow/schedule.h"

namespace tk::workflow {

inline constexpr std::string_view kPlatformPost = "platform";
inline constexpr size_t kStatesMax = 100, kTransitionsMax = 300, kLimitsMax = 8, kInputsMax = 20;

struct Words {
  std::string zh, en;
};

struct Limit {
  Span after;
  Words title;
  std::string move;  // the code of a transition of the record itself; "" = none
  rules::Actions actions;
};

struct State {
  std::string code;
  Words title;
  bool initial = false, final = false;
  std::vector<std::pair<std::string, std::string>> set;  // element → its JSON
  std::vector<Limit> limits;
};

struct Guard {
  std::unique_ptr<const fhir::path::Expression> where;
  Words message;
};

struct Input {
  std::string name, type;  // a FHIR type that a parameter may have: "string", "code", "Reference" …
  Words title;
  bool required = false;
  std::vector<std::string> codes;  // the only ones; empty: any

  // Of a Reference that somebody gives (what rules give is theirs):
  std::vector<std::string> to;  // the only types; empty: any
  bool exists =
      false;  // the record is there, and who makes the transition sees it; said or not wherever one of those below is said
  bool same_person = false;  // and is about the person of the governed record, by whichever of his records
  std::shared_ptr<const fhir::path::Expression> where;  // and this holds on it; null: whatever it is
  std::shared_ptr<const rules::Targets>
      unless;     // and this search, with the inputs as names, finds nothing; null: none is asked
  Words message;  // why not, where one of those two refuses
};

struct Transition {
  std::string code;
  Words title;
  std::vector<std::string> from;
  std::string to;  // "" = it stays in its state, whose limits go on
  std::vector<std::string> posts;
  std::vector<Guard> guards;
  std::vector<Input> inputs;
  bool wants_reason = false;
  Span undo;  // amount 0: it cannot be taken back
  rules::Actions actions;

  bool LeavesFrom(std::string_view state) const;
  bool IsFor(std::string_view post) const;
};

/// Immutable, thread-safe.
struct Workflow {
  rules::Head head;
  std::string file;
  fhir::TypeId type = fhir::kNoType;
  std::unique_ptr<const fhir::path::Expression> where;  // null: every record of the type
  std::string element, system;                          // of the state; system "" = it is a plain code
  bool is_concept = false;                              // CodeableConcept, else Coding or a code
  std::vector<State> states;
  std::vector<Transition> transitions;
  std::vector<std::string>
      kept;  // elements that transitions alone change: the state's and those of "set"; sorted

  const State* FindState(std::string_view code) const;
  const Transition* FindTransition(std::string_view code) const;
  /// The record's state; "" if it has none, or one that is not of this workflow's system.
  std::string StateOf(fhir::Value record) const;
  /// The record in that state, with what goes with it.
  Result<fhir::Document> InState(const fhir::Document& record, const State& state) const;
  /// When the limits of a state fall due that was entered at `since_us`.
  std::vector<Instant> DueTimes(const State& state, Instant since_us, const Calendar& calendar) const;
};

struct ParseContext {
  const fhir::Definitions* definitions = nullptr;
  const rules::Vocabulary* vocabulary = nullptr;
  std::string_view app;
  fhir::Value settings;                // of the app
  std::span<const std::string> posts;  // that are known here
};
/// Errors: kInvalid / kIncorrect with everything that is wrong, by file, line, column and element; also states that cannot be reached, that have no way
/// out and are not final, transitions for posts that nobody knows.
Result<Workflow> ParseWorkflow(const ParseContext& context, std::string file, std::string text);

/// All workflows and schedules that are installed. Immutable, thread-safe.
class Book {
 public:
  /// Errors: kInvalid for two with the same id and version, or two that say different types for one id.
  static Result<std::shared_ptr<const Book>> Make(std::vector<Workflow> workflows,
                                                  std::vector<Schedule> schedules = {});

  bool Governs(fhir::TypeId type) const { return by_type_.contains(type); }
  /// Has the type a workflow or a schedule?
  bool Concerns(fhir::TypeId type) const { return Governs(type) || schedules_by_type_.contains(type); }
  /// The newest version of each schedule for the type.
  std::vector<const Schedule*> SchedulesOf(fhir::TypeId type) const;
  /// The one of that name ("id|version"); if that version is not installed the newest of the id; nullptr: none is.
  const Schedule* FindSchedule(fhir::TypeId type, std::string_view name) const;
  /// The one that governs this record: of its mark, else the newest one whose `where` it fulfils; nullptr: none. Errors: of an expression.
  Result<const Workflow*> Find(const fhir::Definitions& definitions, fhir::TypeId type, fhir::Value record,
                               Instant now_us) const;
  std::span<const Workflow> workflows() const { return workflows_; }

 private:
  std::vector<Workflow> workflows_;
  std::vector<Schedule> schedules_;
  std::map<fhir::TypeId, std::vector<const Workflow*>> by_type_;  // the newest version of each first
  std::map<fhir::TypeId, std::vector<const Schedule*>> schedules_by_type_;  // the same
};
using BookPtr = std::shared_ptr<const Book>;

}  // namespace tk::workflow
