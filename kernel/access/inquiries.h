// Who asks for persons by whole numbers that he guesses: counted by account within an hour, refused beyond a limit, and told to whoever watches.
// Flow:   a question → Take → refused: the audit marks it (kReason), the metric counts it, /ready says for a day how many accounts it was
// What is counted: searches by the whole value of what the asker sees masked (each), and numbers shown to an app that fit nobody (misses alone).
// In memory: after a start the counts begin anew, and what was refused before stands in the audit.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kernel/base/clock.h"

namespace tk::access {

class Inquiries {
 public:
  /// In the audit: the reason of what was refused here.
  static constexpr std::string_view kReason = "enumeration";

  explicit Inquiries(const Clock* clock) : clock_(clock) {}
  /// One more of this kind? False: the account has had `per_hour` within an hour of the first. `kind` is a literal.
  bool Take(std::string_view kind, const std::string& account, int64_t per_hour);
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
    int64_t count = 0;
  };
  void Note(const std::string& account, Instant now_us);

  const Clock* const clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Asked> asked_;     // by kind and account
  std::unordered_map<std::string, Instant> alarms_;  // when an account was refused last
  uint64_t refused_ = 0;
};

}  // namespace tk::access
