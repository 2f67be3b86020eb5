// What de-duplication has found, appended to the log: names read, Linkages and review Tasks made and prepared by several threads, some hundred at once,
// and handed to the writer in the order in which it was found.
// Flow:   Put → batches → threads: names, resources, Engine::Prepare → in turn: Engine::Submit, some of them under way at once → Finish
// Law:    however many threads there are, the same is appended in the same order.
// Inside the room only.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kernel/interaction/deduplicate.h"
#include "kernel/interaction/person_links.h"

namespace tk::interaction {

/// What is to be said of one record; records by their ordinals.
struct Saying {
  person::Finding::Kind kind = person::Finding::Kind::kJoin;
  view::Ordinal subject = 0;
  std::vector<view::Ordinal> others;  // the best first; of a join the one
  person::linkage::Scored scored;
};

/// Reviews that the log has, by live matching or an earlier run, whatever became of them. 8 bytes each.
class AskedReviews {
 public:
  /// Cost: reads each of them. Errors: of reading.
  static Result<AskedReviews> Read(const Room& room);
  bool Has(const Room& room, const ReviewAsked& asked) const;

 private:
  std::vector<uint64_t> sorted_;  // keyed hashes
};

class SayingWriter {
 public:
  SayingWriter(const Room& room, const DeduplicateOptions& options, AskedReviews asked);
  ~SayingWriter() { (void)Finish(); }

  /// Waits while others are to be said first. False: something failed, and Finish tells what.
  bool Put(Saying saying);
  /// Waits until all is in the log. Errors: the first; nothing is appended after it.
  Status Finish();
  /// What is appended, and what of all that was said the log had.
  Deduplicated done() const;

 private:
  using Batch = std::vector<Saying>;
  struct Made {
    std::unique_ptr<view::ChangeSet> set = std::make_unique<view::ChangeSet>();
    Deduplicated done;
  };
  void Loop();
  Result<Made> Make(const Batch& batch) const;
  Status AddTo(Made* made, const Saying& saying, const std::string& subject,
               const std::vector<std::string>& others) const;
  /// "Patient/1"; "" of one who was erased.
  Result<std::vector<std::string>> NamesOf(const std::vector<view::Ordinal>& ordinals) const;
  void SubmitInTurn(size_t number, Result<Made> made);
  void Fail(Status why);

  const Room& room_;
  const DeduplicateOptions& options_;
  const AskedReviews asked_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Batch growing_;  // the caller's
  std::deque<Batch> waiting_;
  size_t taken_ = 0, submitted_ = 0, under_way_ = 0;  // batches
  Deduplicated done_;
  Status failure_;
  bool ends_ = false, has_failed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tk::interaction
