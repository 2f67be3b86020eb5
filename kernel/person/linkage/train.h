// Learning a model from data without labels.
// Flow:   Index of the data under a start model (its passes, fields, groups) → u from random pairs → EM over each training pass → m →
//         prior from all candidates → Model with a new version, and a report for people
// How:    pairs are collapsed into counts of level patterns, so that a round of EM costs as much for a billion pairs as for a hundred. A
//         pass teaches the fields that it does not hold equal. What random pairs have of true ones is taken out by a second turn.
// Source: A. P. Dempster et al., JRSS B 39 (1977); W. E. Winkler, Using the EM Algorithm for Weight Computation, 1988; u from random pairs
//         and m from several blockings as T. Enamorado et al., APSR 113 (2019), and the Splink project do.
// Errors: kIncorrect when there are fewer than two entries, or no training pass has a pair.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel/person/linkage/index.h"

namespace tk::person::linkage {

/// Levels::packed → number of pairs. Ordered, so that sums are the same every time.
using PatternCounts = std::map<uint64_t, double>;

struct TrainOptions {
  std::string name, date, source;
  uint32_t version = 1;
  size_t random_pairs = 1'000'000;
  size_t queries_max = 300'000;  // entries whose candidates are looked at
  int rounds = 60;
  uint64_t seed = 1;
};
struct TrainReport {
  struct PassRow {
    size_t pass;
    double pairs, matches;  // matches as EM expects them
  };
  std::vector<PassRow> passes;
  double candidates = 0, matches = 0;  // over all passes, each pair once
};

Result<Model> Train(const Index& index, const TrainOptions& options, TrainReport* report);

/// One EM: learns m of the fields not in `held`, and the share of matches, from patterns; u stays. `start` gives the first m.
struct EmOutcome {
  std::array<std::array<double, kLevelsMax>, kFieldCount> expected{};  // matches by field and level
  double share = 0;                                                    // of matches among the pairs
};
EmOutcome RunEm(const PatternCounts& patterns, const Model& start, uint32_t held, int rounds);

}  // namespace tk::person::linkage
