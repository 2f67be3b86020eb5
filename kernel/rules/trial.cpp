#include "kernel/rules/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "kernel/base/turn.h"
#include "kernel/fhir/validate.h"
#include "kernel/view/damaged_entries.h"

namespace tk::rules {
namespace {

constexpr size_t kPieceOpened = 1024;  // entries that are opened before the first is told of
constexpr view::Ordinal kPiecePassed =
    8'000'000;  // entries of other types that are passed over before a look at the clock

/// What became of one entry.
struct Judged {
  view::Ordinal ordinal = 0;
  bool is_done = false, is_unreadable = false, fires = false;
  Finding finding;
};

class Trial {
 public:
  Trial(view::Engine& engine, const Rule& rule, const TrialOptions& options)
      : engine_(engine), rule_(rule), options_(options), scope_(options.scope.For(rule.on_type)) {}

  Result<TrialResult> Run(const std::function<Result<bool>(const Finding&)>& each);

 private:
  void Gather();
  Status JudgeAll();
  Result<bool> Tell(const std::function<Result<bool>(const Finding&)>& each);
  Status JudgeOne(Result<view::ResourcePtr> read, Judged* judged) const;
  Status OpenBefore(const view::Directory::Version& before, view::Change* change) const;
  static Result<view::ResourcePtr> Opened(Result<view::ResourcePtr> read);
  Status MakeOf(Finding* finding) const;
  Result<view::Position> AfterTransaction(uint64_t t) const;
  bool IsSeenNow(const view::Resource& record) const;

  view::Engine& engine_;
  const Rule& rule_;
  const TrialOptions& options_;
  const view::Scope scope_;
  TrialResult result_;
  std::vector<Judged> piece_;
};

// The next ordinals of the rule's type that the viewer may see.
void Trial::Gather() {
  const view::Directory& directory = engine_.directory();
  piece_.clear();
  const view::Ordinal stop = std::min(options_.end, result_.next + kPiecePassed);
  view::Ordinal at = result_.next;
  for (; at < stop && piece_.size() < kPieceOpened; ++at) {
    const auto column = directory.Get(at);
    if (column.type != rule_.on_type || column.op == view::Operation::kErase ||
        column.op == view::Operation::kDelete)
      continue;
    if (!scope_.all() && !directory.InScope(at, scope_)) continue;
    piece_.emplace_back().ordinal = at;
  }
  result_.next = at;
}

// nullptr: it cannot be opened.
Result<view::ResourcePtr> Trial::Opened(Result<view::ResourcePtr> read) {
  if (read.ok()) return read;
  if (read.error().code == ErrorCode::kGone || view::IsDamage(read.error())) return view::ResourcePtr();
  return read.TakeError();
}

// A record that went out of his sight is not there in any version.
bool Trial::IsSeenNow(const view::Resource& record) const {
  if (scope_.all()) return true;
  const std::string_view type = engine_.definitions().Type(record.type).name;
  const auto now = engine_.directory().Current(engine_.IdHash(type, record.id), engine_.Head());
  return now.ordinal != 0 && engine_.directory().InScope(now.ordinal, scope_);
}

Status Trial::JudgeOne(Result<view::ResourcePtr> read, Judged* judged) const {
  view::Change& change = judged->finding.change;
  change.now = TRY(Opened(std::move(read)));
  judged->is_unreadable = change.now == nullptr;
  if (judged->is_unreadable) return {};
  const view::Resource& now = *change.now;
  const std::string_view type = engine_.definitions().Type(now.type).name;
  view::Directory::Version before{0, 0, false};
  if (now.version > 1)
    before = engine_.directory().Current(engine_.IdHash(type, now.id), view::Position{0, judged->ordinal});
  const bool replaces = before.ordinal != 0 && !before.deleted;
  Status opened;  // apart from what the rule itself fails by
  const auto fires = FiresOpening(
      engine_.definitions(), rule_, &change, replaces,
      [&](view::Change* open) {
        opened = OpenBefore(before, open);
        return opened.ok() ? Status() : Status(opened.error());
      },
      now.at_us);
  TRY(std::move(opened));
  judged->fires = (!fires.ok() || *fires) && IsSeenNow(now);
  if (!judged->fires) {
    judged->finding = {};
    return {};
  }
  if (!fires.ok()) {
    judged->finding.failure = fires.error().external;
    return {};
  }
  if (DepthOf(change) >= kDepthMax) {
    judged->finding.failure = fmt::format("the cascade is {} deep and would have been stopped", kDepthMax);
    return {};
  }
  return options_.makes ? MakeOf(&judged->finding) : Status();
}

Status Trial::OpenBefore(const view::Directory::Version& before, view::Change* change) const {
  if (before.ordinal != 0 && !before.deleted) change->before = TRY(Opened(engine_.Read(before.ordinal)));
  return {};
}

// What a rule reads is what stood when the whole transaction was in the log.
Result<view::Position> Trial::AfterTransaction(uint64_t t) const {
  view::Position after{t, 0};
  TRY(engine_.log().ScanTransactions(
      t, t + 1, [&](const log::StoredTransaction& transaction) -> Result<bool> {
        after.end_ordinal = transaction.first_ordinal + transaction.entry_count;
        return false;
      }));
  return after;
}

Status Trial::MakeOf(Finding* finding) const {
  const view::Resource& now = *finding->change.now;
  size_t made = 0;
  Hands hands{[&made] { return fmt::format("trial-{}", ++made); },
              ReaderAt(&engine_, TRY(AfterTransaction(now.t)))};
  hands.reach.find = [finding](std::string_view, std::string_view, std::string_view) {
    finding->searched = true;
    return std::vector<std::string>();
  };
  auto writes = Make(engine_.definitions(), rule_, finding->change, now.at_us, hands);
  if (!writes.ok() && TraitsOf(writes.error().code).retryable) return writes.TakeError();
  Status fits = writes.ok() ? Status() : Status(writes.error());
  for (size_t i = 0; fits.ok() && i < writes->size(); ++i)
    fits = fhir::CheckValid(engine_.definitions(), (*writes)[i].now.Root());
  if (fits.ok())
    finding->writes = std::move(writes).value();
  else
    finding->failure = fits.error().external;
  return {};
}

Status Trial::JudgeAll() {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::unique_ptr<Error> failure;
  const auto work = [&] {
    constexpr size_t kAtOnce = 32;
    for (size_t begin = next.fetch_add(kAtOnce); begin < piece_.size(); begin = next.fetch_add(kAtOnce)) {
      const size_t end = std::min(piece_.size(), begin + kAtOnce);
      std::vector<view::Ordinal> ordinals;
      for (size_t i = begin; i < end; ++i) ordinals.push_back(piece_[i].ordinal);
      std::vector<Result<view::ResourcePtr>> read = engine_.ReadMany(ordinals);
      for (size_t i = begin; i < end; ++i) {
        // A condition may take long: the time is looked at before each, and the first of all is looked at whatever it is.
        if (i > 0 && options_.until_us != 0 && MonotonicUs() >= options_.until_us) return;
        Status judged = JudgeOne(std::move(read[i - begin]), &piece_[i]);
        piece_[i].is_done = judged.ok();
        if (judged.ok()) continue;
        const std::lock_guard lock(mutex);
        if (failure == nullptr) failure = judged.TakeError();
        next.store(piece_.size());
      }
    }
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < options_.threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  if (failure != nullptr) return failure;
  return {};
}

// What was judged, in the order of the log. False: that was the end.
Result<bool> Trial::Tell(const std::function<Result<bool>(const Finding&)>& each) {
  for (const Judged& judged : piece_) {
    if (!judged.is_done) {
      result_.next = judged.ordinal;
      return false;
    }
    if (judged.is_unreadable) {
      ++result_.unreadable;
      continue;
    }
    ++result_.judged;
    if (!judged.fires) continue;
    ++result_.fired;
    if (!judged.finding.failure.empty()) ++result_.failed;
    if (TRY(each(judged.finding)) && result_.fired < options_.findings_max) continue;
    result_.next = judged.ordinal + 1;
    return false;
  }
  return true;
}

Result<TrialResult> Trial::Run(const std::function<Result<bool>(const Finding&)>& each) {
  result_.next = options_.from;
  while (result_.next < options_.end) {
    Gather();
    TRY(JudgeAll());
    if (!TRY(Tell(each))) break;
    const int64_t now_us = MonotonicUs();
    if (options_.until_us != 0 && now_us >= options_.until_us) break;
    if (!Turn::Look(now_us, options_.until_us) || Turn::MustEnd())
      return MakeError(ErrorCode::kBusy,
                       "there is other long work, or the server is stopping: ask again later");
  }
  return result_;
}

}  // namespace

Result<TrialResult> TryRule(view::Engine& engine, const Rule& rule, const TrialOptions& options,
                            const std::function<Result<bool>(const Finding&)>& each) {
  if (rule.on_type == fhir::kNoType)
    return MakeError(ErrorCode::kInvalid,
                     "the rule is not on changes of a type: there is no history to try it on");
  return Trial(engine, rule, options).Run(each);
}

Result<std::pair<view::Ordinal, view::Ordinal>> StretchOf(const view::Engine& engine, Instant from_us,
                                                          Instant until_us) {
  if (from_us >= until_us)
    return MakeError(ErrorCode::kIncorrect, "the period ends before it begins: give from before until");
  const view::Position before = TRY(engine.FindTime(from_us - 1));
  const view::Position end = TRY(engine.FindTime(until_us - 1));
  return std::pair(before.end_ordinal, end.end_ordinal);
}

}  // namespace tk::rules
