// Everyone against everyone, with the scorer of the live match; then groups, with nobody joined by a chain.
// Flow:   Index → FindLinks (each entry matched against those of smaller number, by several threads) → Cluster → groups, conflicts
// Law:    FindLinks gives what Match would give entry by entry; Cluster's groups do not depend on the order of entries (batch_test.cpp).
// Why:    A is probably B and B probably C does not make A C. Two groups are joined when no pair between them is certainly not one person,
//         and when, if the link is not certain, at least half of the pairs between them are possible too; what is not joined is told.
// Cost:   a match an entry over the threads; Cluster compares at most kCrossMax pairs for each link that joins groups of several.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/person/linkage/index.h"

namespace tk::person::linkage {

struct Link {
  Entry a, b;  // a < b
  float bits;
  Verdict verdict;
  uint32_t rules_held;
};
struct BatchReport {
  uint64_t compared = 0, passed_over = 0;
};

/// Of `at_least` and better; ordered by (b, verdict, bits). The same for any number of threads.
std::vector<Link> FindLinks(const Index& index, Verdict at_least, unsigned threads,
                            BatchReport* report = nullptr);

/// The same, of some entries against all others: each pair once. In rising order, each once.
std::vector<Link> FindLinksOf(const Index& index, const std::vector<Entry>& some, Verdict at_least,
                              unsigned threads, BatchReport* report = nullptr);

struct Conflict {
  Link link;
  enum class Why : uint8_t {
    kContradiction,
    kUnsupported
  } why;  // a pair is certainly not one person; too few pairs agree
};
struct Clusters {
  std::vector<Entry> group;  // by entry: the smallest entry of its group
  std::vector<Conflict> conflicts;
};
inline constexpr size_t kCrossMax = 100;

/// Joins by links whose verdict is at least `links`.
Clusters Cluster(const Index& index, std::vector<Link> found, Verdict links);

}  // namespace tk::person::linkage
