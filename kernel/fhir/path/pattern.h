// The regular expressions of matches(), matchesFull() and replaceMatches().
// RE2 first: linear time whatever the pattern. What RE2 does not have (looking ahead and behind, back references: the specification
// means PCRE's language) is compiled by PCRE2, with limits on steps and memory instead. `.` matches line ends too; \uXXXX is a character.
// Also of the extension regex, of profiles and of questionnaires.
// Source: FHIRPath N1 5.6.9 (matches), 2.1.0 for flags: "i" ignores case, "m" lets ^ and $ stand at each line.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace tk::fhir::path {

class Pattern {
 public:
  virtual ~Pattern() = default;
  /// Errors: kIncorrect with what is wrong with it.
  static Result<std::unique_ptr<const Pattern>> Make(std::string_view pattern, std::string_view flags);

  /// What a match on a text of that size may take, and compiling it did, in the evaluator's units.
  virtual uint64_t WorkFor(size_t bytes) const = 0;
  virtual uint64_t making_work() const = 0;
  /// Anywhere in the text, or (`full`) all of it. Errors: kTooLarge, when a pattern of PCRE2's takes too many steps. Thread-safe.
  virtual Result<bool> Matches(std::string_view text, bool full) const = 0;
  /// Every match in turn; `substitution` names groups as $1 and ${name}, `\$` is a dollar. Errors: kIncorrect for a group that is not
  /// there; kTooLarge beyond `bytes_max` or as above.
  virtual Result<std::string> ReplaceAll(std::string_view text, std::string_view substitution,
                                         size_t bytes_max) const = 0;
};

}  // namespace tk::fhir::path
