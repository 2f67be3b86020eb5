#include "kernel/person/linkage/rules.h"

#include <algorithm>

#include "kernel/person/linkage/json_node.h"

extern "C" {
extern const char tk_linkage_rules_begin[], tk_linkage_rules_end[];
}

namespace tk::person::linkage {
namespace {

constexpr std::array<std::string_view, 4> kVerdictNames = {"certainly-not", "possible", "probable",
                                                           "certain"};

Verdict ReadVerdict(const JsonNode& node) {
  const auto found = std::find(kVerdictNames.begin(), kVerdictNames.end(), node.Text());
  if (found != kVerdictNames.end()) return static_cast<Verdict>(found - kVerdictNames.begin());
  node.Refuse("must be certainly-not, possible, probable or certain", node.path());
  return Verdict::kDifferent;
}

/// Levels by name; ["not", "different"] means all but these.
uint8_t ReadLevels(const JsonNode& node, Field field) {
  uint8_t bits = 0;
  bool inverse = false, first = true;
  for (const JsonNode& item : node.Items()) {
    const std::string name = item.Text();
    if (first && name == "not")
      inverse = true;
    else if (const size_t level = LevelNamed(field, name); level < kLevelsMax && !name.empty())
      bits = static_cast<uint8_t>(bits | 1U << level);
    else
      item.Refuse("names no level of this field", item.path());
    first = false;
  }
  if (bits == 0) node.Refuse("must name a level", node.path());
  return inverse ? static_cast<uint8_t>(~bits) : bits;
}

Rule ReadRule(const JsonNode& node) {
  Rule rule;
  rule.name = node.At("name").Text();
  rule.source = node.At("source").Text();
  rule.raises = node.Has("then");
  rule.verdict = ReadVerdict(node.At(rule.raises ? "then" : "at_most"));
  for (const auto& [key, value] : node.At("if").Members()) {
    if (key == "ids_conflict") {
      rule.ids_conflict = value.Flag();
      rule.named |= BitOf(Field::kId);
      continue;
    }
    const size_t field = FieldNamed(key);
    if (field == kFieldCount)
      value.Refuse("names no field", value.path());
    else
      rule.levels[field] = ReadLevels(value, static_cast<Field>(field));
    rule.named |= field == kFieldCount ? 0 : BitOf(static_cast<Field>(field));
  }
  return rule;
}

}  // namespace

std::string_view NameOf(Verdict verdict) { return kVerdictNames[static_cast<size_t>(verdict)]; }

Result<Rules> Rules::Read(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(json.data(), json.size()).get(document) != simdjson::SUCCESS)
    return MakeError(ErrorCode::kIncorrect, "rules for matching must be JSON");
  std::string fault;
  const JsonNode root(document, "$", &fault);
  Rules rules;
  rules.name = root.At("name").Text();
  rules.version = static_cast<uint32_t>(root.At("version").Number(1, 1e9));
  rules.date = root.At("date").Text();
  rules.links = ReadVerdict(root.At("links"));
  for (const JsonNode& node : root.At("rules").Items()) rules.rules.push_back(ReadRule(node));
  if (rules.rules.size() > kRulesMax) root.Refuse("has too many rules (32 at most)", "$.rules");
  if (!fault.empty()) return MakeError(ErrorCode::kIncorrect, "rules for matching: " + fault);
  return rules;
}

Verdict Rules::Apply(const Comparison& comparison, Verdict by_score, uint32_t* held) const {
  Verdict verdict = by_score;
  *held = 0;
  for (const bool raises : {true, false}) {
    for (size_t i = 0; i < rules.size(); ++i) {
      const Rule& rule = rules[i];
      if (rule.raises != raises || !rule.Holds(comparison)) continue;
      verdict = raises ? std::max(verdict, rule.verdict) : std::min(verdict, rule.verdict);
      *held |= 1U << i;
    }
  }
  return verdict;
}

// What lowers does so after all that raises, so a rule that holds already holds whatever the other fields say.
Verdict Rules::AtMost(const Comparison& comparison, uint32_t known) const {
  Verdict verdict = Verdict::kCertain;
  for (const Rule& rule : rules) {
    if (!rule.raises && rule.verdict < verdict && (rule.named & ~known) == 0 && rule.Holds(comparison))
      verdict = rule.verdict;
  }
  return verdict;
}

const Rules& ResidentRules() {
  static const Rules rules = [] {
    Result<Rules> read = Rules::Read(
        {tk_linkage_rules_begin, static_cast<size_t>(tk_linkage_rules_end - tk_linkage_rules_begin)});
    CHECK(read.ok());
    return std::move(read).value();
  }();
  return rules;
}

const Rules& NoRules() {
  static const Rules none = [] {
    Rules rules;
    rules.name = "none";
    rules.links = Verdict::kProbable;
    return rules;
  }();
  return none;
}

}  // namespace tk::person::linkage
