// Rules as data: on a change, where a FHIRPath condition becomes true, do: the actions of action.h.
// Flow:   apps/<app>/rules/*.json (one rule a file) → ParseRule (errors with file, line, element) → RuleRunner follows the log → change sets keyed
//         (rule, version, cause t, entry), so that a crash or a replay repeats nothing
// Form:   the head (head.h), and
//         "on": {"type": "Observation", "operations": ["create", "update"]},
//         "where": "FHIRPath on the changed resource; %before is what it was (empty on a create)",
//         "do": [actions]
// Names:  those of action.h, and %home: of the person whom the changed resource is about (subject, patient), the record that lies in the lowest area, of all
//         that are his ("Patient/1"): where those who go to his door see what is for it. Empty where nobody knows.
// Source: DESIGN 5; ECA rules.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/rules/action.h"

namespace tk::rules {

struct Rule : Head {
  fhir::TypeId on_type = fhir::kNoType;
  bool on_create = false, on_update = false;
  bool asks_before = false;  // `where` names %before
  std::unique_ptr<const fhir::path::Expression> where;
  Actions actions;

  /// Types of what it makes or changes, each once, ascending.
  std::vector<fhir::TypeId> Writes() const;
  /// Does it change or ask for what is there? Then what it makes is written in the order of its causes.
  bool Changes() const;
};

/// Rules that may be replaced while they are used: who uses them takes what is there now, and keeps it as long as he needs it. Thread-safe.
class SharedRules {
 public:
  using Rules = std::shared_ptr<const std::vector<Rule>>;
  explicit SharedRules(std::vector<Rule> rules) { Replace(std::move(rules)); }
  Rules Now() const {
    const std::lock_guard hold(mutex_);
    return rules_;
  }
  void Replace(std::vector<Rule> rules) {
    auto made = std::make_shared<const std::vector<Rule>>(std::move(rules));
    const std::lock_guard hold(mutex_);
    rules_ = std::move(made);
  }

 private:
  mutable std::mutex mutex_;
  Rules rules_;
};

/// Parses one rule file. Errors: kInvalid / kIncorrect naming `file` with line, column and element path, all that is wrong at once.
/// `settings` is the app's settings object (may be absent).
Result<Rule> ParseRule(const fhir::Definitions& definitions, std::string_view app, std::string_view file,
                       std::string_view json, fhir::Value settings,
                       const Vocabulary& vocabulary = OwnVocabulary());

/// Does the change concern the rule: its type, its operation, and is the condition (newly) true? Pure. Where no string of the resource is a text that the
/// condition needs (Expression::MayBeTrue) it is not true, also where a part of it would be an error.
/// `now_us` is the time of the cause, so a replay answers the same.
/// Cost: the condition is followed from the left and ends where its answer is known; the variables are made when they are asked for. A
/// resource with another code is told by its strings (tongkang_hot rule-of-another).
Result<bool> Fires(const fhir::Definitions& definitions, const Rule& rule, const view::Change& change,
                   Instant now_us);
/// By which of his records a person is reached at home, "Patient/1"; "" if that is not known. `patient`: an id.
using HomeFinder = std::function<Result<std::string>(std::string_view patient)>;
/// The same where what was replaced need not have been opened yet: `open_before` fills change->before (leaves it null where nothing can be
/// read), is called at most once, and only where the answer depends on it. `replaces`: there is something that it replaces.
Result<bool> FiresOpening(const fhir::Definitions& definitions, const Rule& rule, view::Change* change,
                          bool replaces, const std::function<Status(view::Change*)>& open_before,
                          Instant now_us);
/// What actions need of the world.
struct Hands {
  std::function<std::string()> new_id;
  std::function<Result<view::ResourcePtr>(std::string_view type, std::string_view id)> read;
  Reach reach = {};
  HomeFinder home = {};
};
/// What a rule that fires makes of the change. But for `hands`, pure.
Result<std::vector<Write>> Make(const fhir::Definitions& definitions, const Rule& rule,
                                const view::Change& change, Instant now_us, const Hands& hands);
/// Both: what it makes if it fires, else nothing.
Result<std::vector<Write>> Fire(const fhir::Definitions& definitions, const Rule& rule,
                                const view::Change& change, Instant now_us, const Hands& hands);
/// How deep in a cascade the change is; 0 for what people entered, also where they send back what a rule once made.
int DepthOf(const view::Change& change);

}  // namespace tk::rules
