#include "kernel/person/linkage/score.h"

#include <algorithm>

namespace tk::person::linkage {
namespace {

std::array<double, kFieldCount> FieldBits(const Comparison& comparison, const Model& model) {
  std::array<double, kFieldCount> bits;
  for (size_t i = 0; i < kFieldCount; ++i)
    bits[i] = model.Bits(static_cast<Field>(i), comparison.levels.of[i], comparison.value[i]);
  return bits;
}

/// What a group takes off: only what speaks for a match is limited, never what speaks against it.
double Excess(const FieldGroup& group, const std::array<double, kFieldCount>& bits) {
  double sum = 0;
  for (size_t i = 0; i < kFieldCount; ++i) sum += (group.fields >> i & 1) != 0 ? bits[i] : 0;
  return std::min(0.0, group.most_bits - sum);
}

Verdict ByThreshold(double bits, const Thresholds& thresholds) {
  if (bits >= thresholds.certain) return Verdict::kCertain;
  if (bits >= thresholds.probable) return Verdict::kProbable;
  return bits >= thresholds.possible ? Verdict::kPossible : Verdict::kDifferent;
}

}  // namespace

Scored Score(const Comparison& comparison, const Model& model, const Rules& rules) {
  Scored scored;
  scored.comparison = comparison;
  const auto bits = FieldBits(comparison, model);
  scored.bits = model.prior_bits;
  for (const double field : bits) scored.bits += field;
  for (const FieldGroup& group : model.groups) scored.bits += Excess(group, bits);
  scored.verdict = rules.Apply(comparison, ByThreshold(scored.bits, model.thresholds), &scored.rules_held);
  return scored;
}

bool IsContradiction(const Scored& scored, const Rules& rules) {
  for (size_t i = 0; i < rules.rules.size(); ++i) {
    const Rule& rule = rules.rules[i];
    if ((scored.rules_held >> i & 1) != 0 && !rule.raises && rule.verdict == Verdict::kDifferent) return true;
  }
  return scored.comparison.ids_conflict;
}

Explanation Explain(const Scored& scored, const Model& model, const Rules& rules) {
  Explanation explanation;
  explanation.rows.push_back({"prior", "", model.prior_bits, false});
  const auto bits = FieldBits(scored.comparison, model);
  for (size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    if (!model.fields[i].used) continue;
    const bool by_frequency = model.fields[i].by_frequency && scored.comparison.value[i] != 0;
    explanation.rows.push_back({TraitsOf(field).name, TraitsOf(field).levels[scored.comparison.levels.of[i]],
                                bits[i], by_frequency});
  }
  for (const FieldGroup& group : model.groups) {
    const double excess = Excess(group, bits);
    if (excess < 0) explanation.rows.push_back({"group", "", excess, false});
  }
  for (size_t i = 0; i < rules.rules.size(); ++i) {
    if ((scored.rules_held >> i & 1) != 0) explanation.rules.push_back(rules.rules[i].name);
  }
  explanation.bits = scored.bits;
  explanation.probability = ProbabilityOf(scored.bits);
  explanation.verdict = scored.verdict;
  return explanation;
}

}  // namespace tk::person::linkage
