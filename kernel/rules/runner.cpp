#include "kernel/rules/runner.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <future>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/fhir/validate.h"

namespace tk::rules {
namespace {

constexpr int64_t kSaveEveryUs = 2 * kSecondUs;
constexpr int kAttemptsMax = 50;

// "incarnation t": a position in another life of the log is worth nothing.
Result<uint64_t> ReadPosition(const std::string& file, uint32_t incarnation, uint64_t head_t) {
  auto text = ReadFile(file, 64);
  if (!text.ok())
    return text.error().code == ErrorCode::kNotFound ? Result<uint64_t>(head_t)
                                                     : Result<uint64_t>(text.TakeError());
  uint64_t saved_incarnation = 0, t = 0;
  const char* end = text->data() + text->size();
  const auto first = std::from_chars(text->data(), end, saved_incarnation);
  if (first.ec != std::errc() || first.ptr == end) return head_t;
  const auto second = std::from_chars(first.ptr + 1, end, t);
  if (second.ec != std::errc() || saved_incarnation != incarnation) return head_t;
  return std::min(t, head_t);
}

}  // namespace

Result<std::unique_ptr<Runner>> Runner::Start(const Options& options, std::vector<Rule> rules) {
  TRY(MakeFolder(options.folder));
  const uint64_t t = TRY(ReadPosition(options.folder + "/rules.position", options.engine->incarnation(),
                                      options.engine->log().head().t));
  return std::unique_ptr<Runner>(new Runner(options, std::move(rules), t));
}

Runner::Runner(Options options, std::vector<Rule> rules, uint64_t from_t)
    : options_(std::move(options)),
      rules_(std::move(rules)),
      position_file_(options_.folder + "/rules.position"),
      t_(from_t),
      saved_t_(~0ull) {
  thread_ = std::thread([this] { Loop(); });
}

Runner::~Runner() {
  stopping_.store(true);
  thread_.join();
  const Status saved = SavePosition();
  if (!saved.ok()) options_.report("rules: " + saved.error().ToString());
}

Status Runner::SavePosition() {
  if (t_.load() == saved_t_) return {};
  TRY(WriteFileDurable(position_file_, fmt::format("{} {}", options_.engine->incarnation(), t_.load())));
  saved_t_ = t_.load();
  return {};
}

void Runner::Loop() {
  auto follower = options_.engine->Follow(t_.load() + 1);
  while (!stopping_.load()) {
    auto next = follower->Next(100);
    if (!next.ok()) {
      options_.report("rules: cannot follow the log: " + next.error().ToString());
      std::this_thread::sleep_for(std::chrono::seconds(1));
      continue;
    }
    if (*next != nullptr) {
      const Status judged = Judge(**next);
      if (!judged.ok()) {
        options_.report("rules: stopped judging: " + judged.error().ToString());
        return;  // at the saved position; nothing is skipped
      }
      t_.store((*next)->t);
    }
    if (MonotonicUs() - saved_at_us_ > kSaveEveryUs) {
      saved_at_us_ = MonotonicUs();
      const Status saved = SavePosition();
      if (!saved.ok()) options_.report("rules: " + saved.error().ToString());
    }
  }
}

Status Runner::Judge(const view::Committed& committed) {
  for (size_t i = 0; i < committed.changes.size(); ++i) {
    for (const Rule& rule : rules_) TRY(FireOne(rule, committed, i));
  }
  return {};
}

Status Runner::FireOne(const Rule& rule, const view::Committed& committed, size_t i) {
  const view::Change& change = committed.changes[i];
  if (change.now == nullptr || change.now->type != rule.on_type) return {};
  std::vector<std::string> ids;
  for (size_t n = 0; n < rule.creates.size(); ++n) ids.push_back(NewUuid());
  auto made = Fire(options_.engine->definitions(), rule, change, committed.at_us, ids);
  if (!made.ok()) {
    // A rule that cannot judge this resource must not stop the others.
    failed_.fetch_add(1);
    options_.report(
        fmt::format("rule {} failed at t {}: {}", rule.name(), committed.t, made.error().ToString()));
    return {};
  }
  if (made->empty()) return {};
  if (DepthOf(change.now->document.Root()) >= kDepthMax) {
    too_deep_.fetch_add(1);
    options_.report(fmt::format("ALARM rule {} at t {}: the cascade is {} deep and was stopped", rule.name(),
                                committed.t, kDepthMax));
    return {};
  }
  fired_.fetch_add(1);
  const uint64_t key = options_.engine->KeyOf(
      fmt::format("rule|{}|{}|{}|{}", rule.name(), options_.engine->incarnation(), committed.t, i));
  const size_t count = made->size();
  for (int attempt = 0; attempt < kAttemptsMax && !stopping_.load(); ++attempt) {
    auto submitted = Submit(key, *made);
    if (submitted.ok()) {
      if (*submitted) made_.fetch_add(count);
      return {};
    }
    const ErrorCode code = submitted.error().code;
    if (code == ErrorCode::kInvalid || code == ErrorCode::kGone) {
      failed_.fetch_add(1);
      options_.report(fmt::format("rule {} at t {} made nothing: {}", rule.name(), committed.t,
                                  submitted.error().ToString()));
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1000, 5 << std::min(attempt, 8))));
  }
  return MakeError(ErrorCode::kUnavailable,
                   fmt::format("what rule {} made of t {} could not be written", rule.name(), committed.t));
}

// True if it was written now, false if it had been written before.
Result<bool> Runner::Submit(uint64_t key, const std::vector<std::string>& made) {
  const fhir::Definitions& definitions = options_.engine->definitions();
  auto set = std::make_unique<view::ChangeSet>();
  set->basis = options_.engine->Head();
  set->key = key;
  if (options_.index->FindKey(key, set->basis) != 0) return false;
  for (const std::string& json : made) {
    fhir::Document document = TRY(fhir::Document::Parse(json));
    TRY(fhir::CheckValid(definitions, document.Root()));
    view::Change change;
    change.now = TRY(view::MakeResource(definitions, std::move(document), 1, view::Operation::kCreate));
    set->changes.push_back(std::move(change));
  }
  TRY(options_.engine->Prepare(set.get()));
  auto promise = std::make_shared<std::promise<view::Outcome>>();
  auto future = promise->get_future();
  options_.engine->Submit(std::move(set),
                          [promise](view::Outcome outcome) { promise->set_value(std::move(outcome)); });
  view::Outcome outcome = future.get();
  TRY(std::move(outcome.commit));
  return true;
}

Runner::Statistics Runner::statistics() const {
  return {t_.load(), fired_.load(), made_.load(), failed_.load(), too_deep_.load()};
}

bool Runner::WaitFor(uint64_t t, int timeout_ms) const {
  const int64_t until_us = MonotonicUs() + int64_t{timeout_ms} * 1000;
  while (t_.load() < t) {
    if (MonotonicUs() > until_us) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tk::rules
