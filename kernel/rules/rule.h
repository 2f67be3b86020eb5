// Rules as data: on a change, where a FHIRPath condition becomes true, do: create resources from templates.
// Flow:   apps/<app>/rules/*.json → ParseRule (errors with file, line, element) → RuleRunner follows the log → change sets keyed
//         (rule, version, cause t, entry, n), so that a crash or a replay repeats nothing
// Form:   {"id": "screening.fever", "version": 1, "title": {"zh-CN": …, "en": …},
//          "source": {"text": …, "edition": …, "date": …},               where the rule and its numbers come from
//          "constants": {"fever_limit": {"setting": "fever_limit_cel"},   %fever_limit in expressions: a number of the app's settings.json
//                        "wait": {"value": 30, "unit": "minutes"}},      … or its own; with a unit it is a quantity
//          "on": {"type": "Observation", "operations": ["create", "update"]},
//          "where": "FHIRPath on the changed resource",
//          "do": [{"create": {resource template}}]}
// Template: a JSON string that begins with '=' is a FHIRPath expression on the changed resource; its first result stands there (a node as
//   it is, a computed value as JSON); no result leaves the member out. Variables: %rule ("id|version"), %depth, %now, %id of each
//   earlier created resource as %created0, %created1 … ("Type/id"), and the constants.
// Source: DESIGN 5; ECA rules.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/path/path.h"
#include "kernel/view/engine.h"

namespace tk::rules {

/// A created resource says which rule made it, and how deep in a cascade.
inline constexpr std::string_view kRuleExtension = "http://tongkang.dev/fhir/StructureDefinition/rule";
inline constexpr std::string_view kDepthExtension = "http://tongkang.dev/fhir/StructureDefinition/rule-depth";
inline constexpr int kDepthMax = 8;  // DESIGN 4: cascades stop at depth 8 with an alarm

/// A JSON template with compiled expressions. Immutable, thread-safe.
class Template {
 public:
  /// Errors: kInvalid with the element path and what the expression lacks.
  static Result<Template> Compile(const fhir::Definitions& definitions, fhir::TypeId context,
                                  fhir::Value json);
  /// The resource's JSON, with `id` set to `id`.
  Result<std::string> Render(const fhir::path::Environment& environment, const fhir::path::Item& context,
                             std::string_view id) const;

  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();
  fhir::TypeId type() const;

 private:
  struct Node;
  struct Body;
  explicit Template(std::unique_ptr<const Body> body);
  std::unique_ptr<const Body> body_;
};

struct Constant {
  std::string name;
  std::string value;
  std::string unit;
};  // unit "" = a plain number

struct Rule {
  std::string id;
  int version = 0;
  std::string app;
  std::string title_zh, title_en;
  std::string source_text, source_edition, source_date;
  std::vector<Constant> constants;
  fhir::TypeId on_type = fhir::kNoType;
  bool on_create = false, on_update = false;
  std::unique_ptr<const fhir::path::Expression> where;
  std::vector<Template> creates;
  /// %rule and the constants as expressions see them.
  std::vector<std::pair<std::string, fhir::path::Collection>> variables;

  std::string name() const { return id + "|" + std::to_string(version); }
};

/// Parses one rule file. Errors: kInvalid / kIncorrect naming `file` with line and column or element path.
/// `settings` is the app's settings object (may be absent).
Result<Rule> ParseRule(const fhir::Definitions& definitions, std::string_view app, std::string_view file,
                       std::string_view json, fhir::Value settings);

/// Does the change concern the rule: its type, its operation, and is the condition (newly) true? Pure.
/// `now_us` is the time of the cause, so a replay answers the same.
/// Cost: the condition is followed from the left and ends where its answer is known; the variables are made when they are asked for. A
/// resource with another code costs about 4,000 instructions (tongkang_hot rule-of-another): ask first for what is seldom true.
Result<bool> Fires(const fhir::Definitions& definitions, const Rule& rule, const view::Change& change,
                   Instant now_us);
/// The resources that a rule that fires makes of the change. Pure. `new_ids` has one for each of `creates`.
Result<std::vector<std::string>> Make(const fhir::Definitions& definitions, const Rule& rule,
                                      const view::Change& change, Instant now_us,
                                      const std::vector<std::string>& new_ids);
/// Both: what it makes if it fires, else nothing.
Result<std::vector<std::string>> Fire(const fhir::Definitions& definitions, const Rule& rule,
                                      const view::Change& change, Instant now_us,
                                      const std::vector<std::string>& new_ids);
/// How deep in a cascade the resource was made; 0 for what people entered.
int DepthOf(fhir::Value resource);

}  // namespace tk::rules
