// From a comparison to bits, a probability and a verdict, each field's share told.
// Flow:   Comparison × Model × Rules → Score → Scored; Explain → rows for $match, the clerk's page, the audit
// Law:    prior + sum of the fields' bits, less what the groups take off = bits; Explain's rows add up to it (score_test.cpp).
// Cost:   ~50 ns. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "kernel/person/linkage/model.h"
#include "kernel/person/linkage/rules.h"

namespace tk::person::linkage {

struct Scored {
  double bits = 0;
  Verdict verdict = Verdict::kDifferent;
  uint32_t rules_held = 0;  // bits by Rules::rules
  Comparison comparison;
};
Scored Score(const Comparison& comparison, const Model& model, const Rules& rules);

/// Is the pair held apart by a rule of the kind "never one person", or by two valid numbers? (Not merely one that scores low.)
bool IsContradiction(const Scored& scored, const Rules& rules);

struct Contribution {
  std::string_view field;  // "family"; "prior"; "group" with what a group of fields takes off
  std::string_view level;  // "sound"; empty of prior and group
  double bits;
  bool by_frequency;  // the value's own frequency weighed
};
struct Explanation {
  std::vector<Contribution> rows;
  std::vector<std::string_view> rules;  // names of those that held
  double bits, probability;
  Verdict verdict;
};
/// Borrows names from `rules`.
Explanation Explain(const Scored& scored, const Model& model, const Rules& rules);

}  // namespace tk::person::linkage
