// Who asks for persons by whole numbers that he guesses: counted by account within an hour, refused beyond a limit, and told to whoever watches.
// Flow:   a question → Take → refused: the audit marks it (kReason), the metric counts it, /ready says for a day how many accounts it was
// What is counted: searches by the whole value of what the asker sees masked and numbers that he writes or tells (each once, however it is told: NumberTold), and
//         numbers shown to an app that fit nobody (misses alone).
// In memory: after a start the counts begin anew, and what was refused before stands in the audit.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/hash.h"
#include "kernel/base/result.h"

namespace tk::access {

struct Masks;

/// A number as it counts, whatever it is written like and told by: as the person index compares it (person/identifier.h: without blanks, dashes and width, a resident's of 15
/// digits as the 18). What is of no kind that is known: folded in width, without blanks.
std::string NumberTold(std::string_view text);

class Inquiries {
 public:
  /// In the audit: the reason of what was refused here.
  static constexpr std::string_view kReason = "enumeration";

  explicit Inquiries(const Clock* clock);
  /// One more of this kind? False: the account has had `per_hour` within an hour of the first.
  bool Take(std::string_view kind, const std::string& account, int64_t per_hour);
  /// These as well? What the account asked within the hour is no new try, and counts once. False: with them it were more than `per_hour`; then none of them is counted.
  bool Take(std::string_view kind, const std::string& account, int64_t per_hour,
            std::span<const std::string> values);
  /// The same of persons by what a post sees masked (searched, written, told: one budget, masks.exact_per_hour). `values`: numbers as NumberTold gives them. Errors: Refusal.
  Status TakeMasked(const std::string& account, const Masks& masks, std::span<const std::string> values);
  /// What is answered where Take said no. `what`: of what there were too many ("persons by their numbers").
  static Error Refusal(int64_t per_hour, std::string_view what);
  /// Would Take say no? Nothing is counted.
  bool IsUsedUp(std::string_view kind, const std::string& account, int64_t per_hour) const;
  /// That one was refused; Take notes it itself.
  void NoteRefused(const std::string& account);

  struct Alarms {
    size_t accounts = 0;   // that were refused within a day
    uint64_t refused = 0;  // since the start
  };
  Alarms alarms() const;

 private:
  struct Asked {
    Instant since_us = 0;
    int64_t count = 0;             // of those that have no value
    std::vector<uint64_t> values;  // keyed hashes, ascending
    int64_t sum() const { return count + static_cast<int64_t>(values.size()); }
  };
  Asked& AskedBy(std::string_view kind, const std::string& account, Instant now_us);
  void Note(const std::string& account, Instant now_us);

  const Clock* const clock_;
  HashKey key_{};  // of this start
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Asked> asked_;     // by kind and account
  size_t swept_at_;                                  // of so many those that are over are taken out
  std::unordered_map<std::string, Instant> alarms_;  // when an account was refused last
  uint64_t refused_ = 0;
};

}  // namespace tk::access
