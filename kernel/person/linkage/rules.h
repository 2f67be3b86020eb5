// Rules beside the score: what is certain by a number alone, and what may never be joined by a machine whatever the score.
// Flow:   data/rules.json → Rules::Read → const Rules → Apply (in score.h's Score)
// Source: data/rules.json says for each rule where it comes from; a city may bring a file of its own.
// Shape:  a rule holds when for each field that it names the level is one of those listed. The first of "certain" that holds makes the pair
//         certain; then each of "at most" that holds lowers it. Placeholders and broken numbers never reach these levels: identifier.h
//         gives them no grade.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/person/linkage/compare.h"

namespace tk::person::linkage {

/// Is it one person? In rising order. As FHIR's match-grade: certainly-not, possible, probable, certain.
enum class Verdict : uint8_t { kDifferent, kPossible, kProbable, kCertain };
std::string_view NameOf(Verdict verdict);

struct Rule {
  std::string name, source;
  std::array<uint8_t, kFieldCount> levels{};  // bits by level; 0: any
  uint32_t named = 0;                         // bits by Field: those that it asks about
  bool ids_conflict = false;                  // holds only when two valid residents' numbers differ
  Verdict verdict = Verdict::kDifferent;
  bool raises = false;  // else it lowers
  bool Holds(const Comparison& comparison) const {
    if (ids_conflict && !comparison.ids_conflict) return false;
    for (size_t i = 0; i < kFieldCount; ++i) {
      if (levels[i] != 0 && (levels[i] >> comparison.levels.of[i] & 1) == 0) return false;
    }
    return true;
  }
};

struct Rules {
  std::string name, date;
  uint32_t version = 1;
  Verdict links = Verdict::kCertain;  // the lowest verdict that a machine may join by
  std::vector<Rule> rules;            // at most 32

  /// Errors: kIncorrect, with the element and what is allowed.
  static Result<Rules> Read(std::string_view json);
  /// Bits by rule that held, in `*held`.
  Verdict Apply(const Comparison& comparison, Verdict by_score, uint32_t* held) const;
  /// What Apply can give at most for a pair of which only the fields of `known` (bits by Field) are compared yet.
  Verdict AtMost(const Comparison& comparison, uint32_t known) const;
};
inline constexpr size_t kRulesMax = 32;

/// data/rules.json: the platform's policy for residents.
const Rules& ResidentRules();
/// None: the score alone decides (public test sets, which have no numbers with check digits).
const Rules& NoRules();

}  // namespace tk::person::linkage
