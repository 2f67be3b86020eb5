// What answering one question has cost so far, and whether it must end: time and the size of what is kept meanwhile are bounded, wherever it is.
// Whoever walks asks Tick for each step and ends when it says no; the answerer then gives status() and no part of an answer.
// A question that takes long lets others go first (kernel/base/turn.h), unless it has no deadline: then the program itself asks, perhaps under a lock.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/base/clock.h"
#include "kernel/base/result.h"
#include "kernel/base/turn.h"
#include "kernel/search/kept.h"

namespace tk::search {

/// Of one question on one thread.
class Meter {
 public:
  /// `deadline_us`: MonotonicUs(), 0 = none. `kept_of_all`: what the intermediate sets of all questions hold; lives longer.
  Meter(int64_t deadline_us, Kept& kept_of_all) : deadline_us_(deadline_us), kept_of_all_(kept_of_all) {}
  ~Meter() { kept_of_all_.GiveBack(taken_); }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// One entry looked at on behalf of `what` (lives as long as the meter; for the message). False: end now.
  bool Tick(const std::string& what) {
    ++entries_;
    return entries_ % kEvery != 0 || Look(what);
  }
  /// One ordinal more is kept in an intermediate set.
  bool Keep(const std::string& what) {
    if (kept_ == taken_) taken_ += kept_of_all_.Take(taken_, kTakenAtOnce);
    if (kept_ < taken_) {
      ++kept_;
    } else if (stopped_ == nullptr) {
      stopped_ = &what;
      (taken_ < kept_of_all_.alone_max() ? crowded_ : too_large_) = true;
    }
    return stopped_ == nullptr;
  }
  bool stopped() const { return stopped_ != nullptr; }
  /// What it was at when it stopped; null: it did not.
  const std::string* stopped_at() const { return stopped_; }
  Status status() const { return stopped_ == nullptr ? Status() : status(*stopped_); }
  /// `name`: told as what it stopped at.
  Status status(const std::string& name) const {
    if (stopped_ == nullptr) return {};
    const std::string where = name.empty() ? std::string() : " It was at " + name + ".";
    if (too_large_)
      return MakeIssue(ErrorCode::kTooLarge, "too-costly", name,
                       "the search would keep more than " + std::to_string(kept_of_all_.alone_max()) +
                           " resources in memory on its way." + where +
                           " Make that criterion, or another one, more selective");
    if (crowded_)
      return MakeIssue(
          ErrorCode::kBusy, "throttled", name,
          "too many searches that keep much in memory are being answered: try again in a moment, "
          "or add a criterion that is more selective." +
              where);
    if (too_many_)
      return MakeIssue(ErrorCode::kBusy, "throttled", name,
                       "the search takes long, and too many such searches are being answered already: try "
                       "again later, or add a criterion that is more selective." +
                           where);
    if (must_end_)
      return MakeIssue(ErrorCode::kUnavailable, "transient", name,
                       "the server is stopping, and the search was not done: ask again in a moment");
    return MakeIssue(ErrorCode::kTimeout, "timeout", name,
                     "the search took longer than it may; add a criterion that is more selective." + where +
                         " _explain=true tells what a narrower search costs");
  }
  uint64_t entries() const { return entries_; }
  uint64_t kept() const { return kept_; }
  uint64_t tested = 0, probes = 0;  // candidates asked about, and resources looked up for a join

 private:
  static constexpr uint64_t kEvery = 256;
  static constexpr uint64_t kTakenAtOnce = 4096;
  bool Look(const std::string& what) {
    if (stopped_ == nullptr && deadline_us_ != 0) {
      too_many_ = !Turn::Look(MonotonicUs(), deadline_us_);
      must_end_ = Turn::MustEnd();
      if (too_many_ || must_end_ || MonotonicUs() >= deadline_us_) stopped_ = &what;
    }
    return stopped_ == nullptr;
  }
  const int64_t deadline_us_;
  Kept& kept_of_all_;
  uint64_t entries_ = 0, kept_ = 0, taken_ = 0;
  const std::string* stopped_ = nullptr;
  bool too_large_ = false, crowded_ = false, too_many_ = false, must_end_ = false;
};

}  // namespace tk::search
