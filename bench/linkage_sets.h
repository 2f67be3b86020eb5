// The public labelled sets of ../shared/corpora/linkage, read into records of the matcher; and how well found pairs hold against the truth.
// Flow:   CSV → LabelledSet (records, the person of each) → trained without the labels → FindLinks → Accuracy
// Pairs that the keys did not bring together count as misses.
#pragma once

#include <string>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/person/linkage/batch.h"

namespace tk::bench {

struct LabelledSet {
  std::string name;
  person::linkage::EntryStore records;
  std::vector<std::string> person;  // by record
};

struct SetSpec {
  const char* name;
  std::vector<const char*> files;  // beneath corpora/linkage
  const char* kind;                // febrl, fake
};
const std::vector<SetSpec>& KnownSets();

/// Errors: kNotFound when a file is not there; kIncorrect with line and column name.
Status ReadSet(const std::string& folder, const SetSpec& spec, LabelledSet* set);

struct Accuracy {
  double precision = 0, recall = 0, f1 = 0, threshold = 0;
  uint64_t right = 0, wrong = 0, missed = 0;
};
Accuracy AccuracyOf(uint64_t right, uint64_t found, uint64_t all, double threshold);
struct SetResult {
  Accuracy fixed, best;
  uint64_t true_pairs = 0, compared = 0, reached = 0;  // reached: true pairs that the keys brought together
  double seconds = 0;                                  // of finding links
};
/// Links of every verdict, scored; `threshold` in bits.
SetResult Judge(const std::vector<person::linkage::Link>& links, const std::vector<std::string>& person,
                double threshold);

/// Rows of a CSV file as RFC 4180 has it, blanks after the comma left out; the first row names the columns.
std::vector<std::vector<std::string>> ReadCsv(std::string_view text);

}  // namespace tk::bench
