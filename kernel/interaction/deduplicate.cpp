#include "kernel/interaction/deduplicate.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/base/random.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/lane.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/person_records.h"

namespace tk::interaction {
namespace {

using person::Finding;
using person::KeptDecision;
using person::People;
using person::Row;

/// What is to be said of one record, with the records by name.
struct Saying {
  Finding::Kind kind = Finding::Kind::kJoin;
  uint64_t subject = 0;
  std::vector<uint64_t> others;
  person::linkage::Scored scored;
};

/// Appends what is said, some hundred resources at once.
class Sayer {
 public:
  Sayer(const Room& room, const DeduplicateOptions& options)
      : room_(room), options_(options), set_(NewSet()) {}

  Status Say(const Saying& saying) {
    const std::string subject = TRY(NameOf(saying.subject));
    std::vector<std::string> others;
    for (const uint64_t other : saying.others) {
      std::string name = TRY(NameOf(other));
      if (!name.empty()) others.push_back(std::move(name));
    }
    if (subject.empty() || others.empty()) return {};
    if (saying.kind == Finding::Kind::kJoin) {
      LinkReason reason;
      reason.grade = person::linkage::NameOf(saying.scored.verdict);
      reason.scored = &saying.scored;
      TRY(AddMade(room_, LinkageJson(room_, NewUuid(), others.front(), subject, true, reason), set_.get()));
      ++done_.joined;
    } else {
      const ReviewAsked asked{person::CodeOf(saying.kind), subject, others, &saying.scored};
      if (TRY(WasAsked(asked))) {
        ++done_.known;
        return {};
      }
      TRY(AddMade(room_, ReviewJson(room_, NewUuid(), asked), set_.get()));
      ++done_.reviews;
    }
    return set_->changes.size() < options_.at_once ? Status() : Append();
  }

  Status Append() {
    if (set_->changes.empty()) return {};
    if (options_.before_append) TRY(options_.before_append());
    set_->basis = room_.engine().Head();
    TRY(room_.engine().Prepare(set_.get()));
    std::promise<view::Outcome> promise;
    room_.engine().Submit(std::exchange(set_, NewSet()),
                          [&promise](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
    view::Outcome outcome = promise.get_future().get();
    if (outcome.stale)
      return MakeError(ErrorCode::kConflict, "something else writes to this log; stop it and call again");
    return outcome.commit.ok() ? Status() : Status(outcome.commit.TakeError());
  }

  const Deduplicated& done() const { return done_; }

 private:
  static std::unique_ptr<view::ChangeSet> NewSet() { return std::make_unique<view::ChangeSet>(); }

  /// "Patient/1"; "" of one who was erased.
  Result<std::string> NameOf(uint64_t record) const {
    const auto version = room_.directory().Current(record, room_.engine().Head());
    if (version.ordinal == 0 || version.deleted) return std::string();
    const auto text = room_.engine().OpenText(version.ordinal);
    if (!text.ok() && text.error().code == ErrorCode::kGone) return std::string();
    if (!text.ok()) return text.error();
    return "Patient/" + (*text)->header.id;
  }

  /// Was this put before a clerk, by live matching or an earlier run, whatever became of it?
  Result<bool> WasAsked(const ReviewAsked& asked) const {
    search::ParseOptions options;
    options.now_us = room_.context.clock->NowUs();
    const std::string query_text =
        fmt::format("patient={}&code={}|{}", asked.subject, kReviewSystem, asked.code);
    options.length_max = query_text.size();
    const search::Query query = TRY(search::ParseQuery(
        room_.index().definitions(), room_.definitions->FindType("Task"), query_text, options));
    search::PageRequest request;
    request.position = room_.engine().Head();
    request.count = 100;
    for (const view::Ordinal ordinal : TRY(room_.index().Search(query, request)).ordinals) {
      const view::ResourcePtr task = TRY(room_.engine().Read(ordinal));
      std::vector<std::string> candidates;
      for (const fhir::Value input : task->document.Root()["input"])
        candidates.push_back(input["valueReference"]["reference"].ToString());
      if (std::is_permutation(candidates.begin(), candidates.end(), asked.others.begin(), asked.others.end()))
        return true;
    }
    return false;
  }

  const Room& room_;
  const DeduplicateOptions& options_;
  std::unique_ptr<view::ChangeSet> set_;
  Deduplicated done_;
};

/// Says it on a thread of its own, so that the next records are matched meanwhile.
class SayerThread {
 public:
  SayerThread(const Room& room, const DeduplicateOptions& options)
      : sayer_(room, options), thread_([this] { Loop(); }) {}
  ~SayerThread() { (void)Finish(); }

  /// False: it failed, and Finish tells why.
  bool Put(Saying saying) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kWaitingMax || has_failed_; });
    if (has_failed_) return false;
    waiting_.push_back(std::move(saying));
    changed_.notify_all();
    return true;
  }
  /// Waits until all is said.
  Status Finish() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    return std::exchange(failure_, Status());
  }
  Deduplicated done() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }

 private:
  static constexpr size_t kWaitingMax = 4096;

  void Loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || ends_; });
      if (waiting_.empty()) {
        lock.unlock();
        Tell(sayer_.Append());
        return;
      }
      const Saying saying = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
      lock.unlock();
      if (!Tell(sayer_.Say(saying))) return;
    }
  }
  bool Tell(Status how) {
    const std::lock_guard lock(mutex_);
    done_ = sayer_.done();
    if (how.ok()) return true;
    failure_ = std::move(how);
    has_failed_ = true;
    changed_.notify_all();
    return false;
  }

  Sayer sayer_;  // the thread's
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Saying> waiting_;
  Deduplicated done_;
  Status failure_;
  bool ends_ = false, has_failed_ = false;
  std::thread thread_;
};

class Deduplicating {
 public:
  Deduplicating(const Room& room, const DeduplicateOptions& options)
      : options_(options),
        view_(*room.context.persons),
        sayer_(room, options),
        so_far_(view_.model(), view_.rules()) {}

  Result<Deduplicated> Run() {
    Begin();
    int64_t told_us = MonotonicUs();
    for (const auto& [first, row] : by_age_) {
      if (!One(row)) break;
      ++records_;
      if (const int64_t now_us = MonotonicUs(); now_us - told_us > kSecondUs) {
        told_us = now_us;
        Tell();
      }
    }
    TRY(sayer_.Finish());
    Tell();
    return Done();
  }

 private:
  Deduplicated Done() const {
    Deduplicated done = sayer_.done();
    done.records = records_;
    done.known += known_;
    return done;
  }
  void Tell() const {
    if (options_.tell) options_.tell(Done(), by_age_.size());
  }

  /// Who is there, and what persons decided. What machines decided is put in when its record comes, so that a record is looked at as it was then.
  void Begin() {
    const auto people = view_.Read();
    for (Row row = 0; row < people->row_count(); ++row) {
      if (people->IsLive(row)) by_age_.emplace_back(people->FirstOf(row), row);
    }
    std::sort(by_age_.begin(), by_age_.end());
    KeptDecision kept;
    for (size_t place = 0; place < people->decision_places(); ++place) {
      if (people->DecisionAt(place, &kept) && kept.manual)
        so_far_.PutDecision(kept.linkage, kept.pairs, kept.active, true);
    }
  }

  /// What machines said of this record and those before it.
  struct Known {
    std::vector<person::DecisionView> decisions;
    std::vector<person::PairOf> pairs;  // of each
    bool is_joined = false;
  };
  Known KnownOf(const People& people, Row row) const {
    Known known;
    for (const person::DecisionView& decision : people.DecisionsOf(row)) {
      const Row other = decision.source == row ? decision.alternate : decision.source;
      if (decision.manual || !people.IsLive(other) || people.FirstOf(other) > people.FirstOf(row)) continue;
      known.decisions.push_back(decision);
      known.pairs.push_back({people.HashOf(decision.source), people.HashOf(decision.alternate)});
      known.is_joined = known.is_joined || (decision.active && decision.alternate == row);
    }
    return known;
  }

  /// False: what was found could not be said.
  bool One(Row row) {
    person::Incoming incoming;
    Known known;
    uint64_t ordinal = 0, first = 0, changed = 0;
    {
      const auto people = view_.Read();
      incoming.id_hash = people->HashOf(row);
      incoming.packed = people->BytesOf(row);
      ordinal = people->OrdinalOf(row);
      first = people->FirstOf(row);
      changed = people->ChangedOf(row);
      known = KnownOf(*people, row);
    }
    const person::Findings findings = person::Decide(so_far_, {&incoming, 1});
    so_far_.PutRecord(incoming.id_hash, ordinal, incoming.packed, first, changed);
    for (size_t i = 0; i < known.decisions.size(); ++i)
      so_far_.PutDecision(known.decisions[i].linkage, {&known.pairs[i], 1}, known.decisions[i].active, false);
    for (const Finding& finding : findings.found) {
      if (finding.kind == Finding::Kind::kJoin) {
        if (known.is_joined ||
            so_far_.IsSamePerson(so_far_.Find(incoming.id_hash), so_far_.Find(finding.others[0]))) {
          ++known_;
          continue;
        }
        const person::PairOf pair{finding.others[0], incoming.id_hash};
        so_far_.PutDecision(pair.alternate ^ kMadeHere, {&pair, 1}, true, false);
      }
      if (!sayer_.Put({finding.kind, incoming.id_hash, finding.others, finding.scored})) return false;
    }
    return true;
  }

  /// A name for a Linkage that has none yet: only one of these names a record.
  static constexpr uint64_t kMadeHere = 0xD6E8FEB86659FD93ULL;

  const DeduplicateOptions& options_;
  const person::PersonView& view_;
  SayerThread sayer_;
  People so_far_;
  std::vector<std::pair<uint64_t, Row>> by_age_;
  uint64_t records_ = 0, known_ = 0;
};

}  // namespace

Result<Deduplicated> Deduplicate(const Context& context, const DeduplicateOptions& options) {
  const auto room = std::make_shared<Room>(context);
  Result<Deduplicated> done = Deduplicated();
  if (auto persons = PersonsOf(*room); !persons.ok())
    done = persons.TakeError();
  else
    done = Deduplicating(*room, options).Run();
  room->lane->Stop();
  room->facts->Stop();
  return done;
}

}  // namespace tk::interaction
