// Rules as data: on a change, where a FHIRPath condition becomes true, do: the actions of action.h.
// Flow:   apps/<app>/rules/*.json (one rule a file) → ParseRule (errors with file, line, element) → RuleRunner follows the log → change sets keyed
//         (rule, version, cause t, entry), so that a crash or a replay repeats nothing
// Form:   the head (head.h), and
//         "on": {"type": "Observation", "operations": ["create", "update"]},
//         "where": "FHIRPath on the changed resource; %before is what it was (empty on a create)",
//         "do": [actions]
// Source: DESIGN 5; ECA rules.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/rules/action.h"

namespace tk::rules {

struct Rule : Head {
  fhir::TypeId on_type = fhir::kNoType;
  bool on_create = false, on_update = false;
  std::unique_ptr<const fhir::path::Expression> where;
  Actions actions;

  /// Types of what it makes or changes, each once, ascending.
  std::vector<fhir::TypeId> Writes() const;
  /// Does it change or ask for what is there? Then what it makes is written in the order of its causes.
  bool Changes() const;
};

/// Parses one rule file. Errors: kInvalid / kIncorrect naming `file` with line, column and element path, all that is wrong at once.
/// `settings` is the app's settings object (may be absent).
Result<Rule> ParseRule(const fhir::Definitions& definitions, std::string_view app, std::string_view file,
                       std::string_view json, fhir::Value settings,
                       const Vocabulary& vocabulary = OwnVocabulary());

/// Does the change concern the rule: its type, its operation, and is the condition (newly) true? Pure.
/// `now_us` is the time of the cause, so a replay answers the same.
/// Cost: the condition is followed from the left and ends where its answer is known; the variables are made when they are asked for. A
/// resource with another code costs about 4,000 instructions (tongkang_hot rule-of-another): ask first for what is seldom true.
Result<bool> Fires(const fhir::Definitions& definitions, const Rule& rule, const view::Change& change,
                   Instant now_us);
/// What actions need of the world.
struct Hands {
  std::function<std::string()> new_id;
  std::function<Result<view::ResourcePtr>(std::string_view type, std::string_view id)> read;
  Reach reach = {};
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
