#include "kernel/workflow/clerk.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/rules/position.h"

namespace tk::workflow {
namespace {

constexpr size_t kAtOnce = 256;  // timers whose change sets wait for the writer together
constexpr int64_t kPositionEveryUs = 2 * kSecondUs;
constexpr int64_t kRestUs = 60 * kSecondUs;
constexpr int kBeginAttempts = 20;

}  // namespace

Result<std::unique_ptr<Clerk>> Clerk::Start(Options options) {
  TRY(MakeFolder(options.folder));
  const uint64_t t = TRY(rules::ReadPosition(options.folder + "/workflow.position",
                                             options.engine->incarnation(), options.engine->log().head().t));
  return std::unique_ptr<Clerk>(new Clerk(std::move(options), t));
}

Clerk::Clerk(Options options, uint64_t from_t)
    : options_(std::move(options)), position_file_(options_.folder + "/workflow.position"), t_(from_t) {
  thread_ = std::thread([this] { Loop(); });
}

Clerk::~Clerk() {
  stopping_.store(true);
  thread_.join();
  if (const Status saved = SavePosition(); !saved.ok())
    options_.report("workflow: " + saved.error().ToString());
}

Status Clerk::SavePosition() {
  if (t_.load() == saved_t_) return {};
  TRY(rules::WritePosition(position_file_, options_.engine->incarnation(), t_.load()));
  saved_t_ = t_.load();
  return {};
}

void Clerk::Loop() {
  const auto wanted = [this](fhir::TypeId type) { return options_.shelf->book()->Concerns(type); };
  const auto follower = options_.engine->Follow(t_.load() + 1, wanted);
  int64_t looked_us = 0, saved_us = MonotonicUs();
  while (!stopping_.load()) {
    auto next = follower->Next(static_cast<int>(options_.look_ms));
    if (!next.ok()) {
      options_.report("workflow: cannot follow the log: " + next.error().ToString());
      std::this_thread::sleep_for(std::chrono::seconds(1));
    } else if (*next != nullptr) {
      TakeIn(**next);
      t_.store((*next)->t);
    }
    const int64_t now_us = MonotonicUs();
    if (now_us - looked_us >= options_.look_ms * 1000) {
      looked_us = now_us;
      LetPass();
      looks_.fetch_add(1);
    }
    if (now_us - saved_us > kPositionEveryUs) {
      saved_us = now_us;
      if (const Status saved = SavePosition(); !saved.ok())
        options_.report("workflow: " + saved.error().ToString());
    }
  }
}

void Clerk::TakeIn(const view::Committed& committed) {
  for (const view::Change& change : committed.changes) {
    if (change.now == nullptr || change.now->op == view::Operation::kDelete) continue;
    if (!options_.shelf->book()->Concerns(change.now->type)) continue;
    for (int attempt = 0; attempt < kBeginAttempts && !stopping_.load(); ++attempt) {
      const auto begun = Begin(*change.now, committed.at_us);
      if (begun.ok() && *begun) break;
      if (!begun.ok()) {
        failed_.fetch_add(1);
        options_.report(fmt::format("workflow: a record of t {} could not be taken in hand: {}", committed.t,
                                    begun.error().ToString()));
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

namespace {

/// Writes and waits. False: stale.
Result<bool> WriteNow(view::Engine* engine, std::unique_ptr<view::ChangeSet> set) {
  std::promise<view::Outcome> promise;
  engine->Submit(std::move(set),
                 [&promise](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
  view::Outcome outcome = promise.get_future().get();
  if (outcome.stale) return false;
  if (!outcome.commit.ok()) return outcome.commit.TakeError();
  return true;
}

/// The live version of a record; nullptr if there is none.
Result<view::ResourcePtr> LiveVersion(const view::Engine& engine, const view::Resource& record,
                                      const view::Position& position) {
  const std::string_view type = engine.definitions().Type(record.type).name;
  const auto version = engine.directory().Current(engine.IdHash(type, record.id), position);
  if (version.ordinal == 0 || version.deleted) return view::ResourcePtr();
  return engine.Read(version.ordinal);
}

}  // namespace

Result<fhir::Document> Clerk::Marked(const Workflow& workflow, const view::Resource& record,
                                     Instant since_us) const {
  const fhir::Value root = record.document.Root();
  const auto former = ReadMark(root);
  const std::string code = workflow.StateOf(root);
  if (former && former->state == code) return fhir::Document::Parse(record.document.Text());
  const State* const state = workflow.FindState(code);
  if (state == nullptr)
    return MakeError(ErrorCode::kInvalid,
                     fmt::format("it was made in a state that {} does not have", workflow.head.name()));
  Mark mark = BeginningMark(workflow, *state, since_us, options_.shelf->calendar());
  if (former) {
    mark.transition = "moved";
    mark.from = former->state;
    mark.at_us = since_us;
    mark.post = std::string(kPlatformPost);
  }
  return WithMark(record.document, PrintMark(mark));
}

Result<bool> Clerk::Begin(const view::Resource& record, Instant since_us) {
  const view::Engine& engine = *options_.engine;
  const view::Position basis = engine.Head();
  const view::ResourcePtr now = TRY(LiveVersion(engine, record, basis));
  if (now == nullptr) return true;
  const BookPtr book = options_.shelf->book();
  const fhir::Definitions& definitions = engine.definitions();
  const Workflow* const workflow = TRY(book->Find(definitions, now->type, now->document.Root(), since_us));
  fhir::Document made = workflow == nullptr ? TRY(fhir::Document::Parse(now->document.Text()))
                                            : TRY(Marked(*workflow, *now, since_us));
  made = TRY(UnderSchedules(*book, definitions, options_.shelf->calendar(), now->type, made, &now->document,
                            since_us));
  if (made.Text() == now->document.Text()) return true;
  std::vector<rules::Write> writes;
  writes.push_back({now, std::move(made)});
  const std::string_view type = definitions.Type(now->type).name;
  const uint64_t key = engine.KeyOf(fmt::format("workflow|begin|{}/{}|{}", type, now->id, now->version));
  const bool written = TRY(
      WriteNow(options_.engine, TRY(rules::MakeChangeSet(engine, key, basis, writes, options_.complete))));
  if (written) begun_.fetch_add(1);
  return written;
}

void Clerk::TellFailed(const std::string& what, const std::string& name, const Error& why) {
  failed_.fetch_add(1);
  options_.report(fmt::format("ALARM {} of {} passed, and what it should do could not be done: {}", what,
                              name, why.ToString()));
}

Result<std::vector<rules::Write>> Clerk::LimitOf(const Surroundings& around, const Workflow& workflow,
                                                 const view::ResourcePtr& record, Instant now_us) {
  auto writes = Pass(around, workflow, record, now_us);
  if (writes.ok() || writes.error().code != ErrorCode::kInvalid) return writes;
  TellFailed("a time limit", workflow.head.name(), writes.error());
  std::vector<rules::Write> alone;
  alone.push_back({record, TRY(Passed(*record, now_us))});
  return alone;
}

Result<std::vector<rules::Write>> Clerk::TurnOf(const Surroundings& around, const Book& book,
                                                const Workflow* workflow, const view::ResourcePtr& record,
                                                const Turn& turn, Instant now_us) {
  const Schedule* const schedule = book.FindSchedule(record->type, turn.schedule);
  if (schedule == nullptr) return std::vector<rules::Write>();
  if (!TRY(schedule->Holds(*around.definitions, record->document.Root(), now_us))) {
    // It is not under the schedule any more, and nobody has said so yet.
    std::vector<rules::Write> ended;
    ended.push_back({record, TRY(UnderSchedules(book, *around.definitions, *around.calendar, record->type,
                                                record->document, &record->document, now_us))});
    return ended;
  }
  auto writes = Occur(around, *schedule, workflow, record, turn, true, now_us);
  if (writes.ok() || writes.error().code != ErrorCode::kInvalid) return writes;
  TellFailed("an occurrence", schedule->head.name(), writes.error());
  return Occur(around, *schedule, workflow, record, turn, false, now_us);
}

Result<std::vector<rules::Write>> Clerk::WritesOf(const view::ResourcePtr& record,
                                                  const view::Position& basis, Instant now_us) {
  const fhir::Definitions& definitions = options_.engine->definitions();
  const Surroundings around{&definitions, &options_.shelf->calendar(), NewUuid,
                            rules::ReaderAt(options_.engine, basis), options_.reach};
  const fhir::Value root = record->document.Root();
  const BookPtr book = options_.shelf->book();
  const Workflow* const workflow = TRY(book->Find(definitions, record->type, root, now_us));
  const auto limit = workflow == nullptr ? std::nullopt : NextDue(root);
  std::vector<Turn> turns = ReadTurns(root);
  std::erase_if(turns, [now_us](const Turn& turn) { return turn.due_us == 0 || turn.due_us > now_us; });
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return a.due_us < b.due_us; });
  if (limit && *limit <= now_us && (turns.empty() || *limit <= turns[0].due_us))
    return LimitOf(around, *workflow, record, now_us);
  for (const Turn& turn : turns) {
    auto writes = TRY(TurnOf(around, *book, workflow, record, turn, now_us));
    if (!writes.empty()) return writes;
  }
  // Its pack is not installed now: nothing is lost, it is done when the pack is back.
  if (limit && *limit <= now_us) return LimitOf(around, *workflow, record, now_us);
  return std::vector<rules::Write>();
}

Result<std::unique_ptr<view::ChangeSet>> Clerk::PassOne(const Timer& timer, Instant now_us) {
  const view::Engine& engine = *options_.engine;
  const view::Position basis = engine.Head();
  if (!engine.directory().Live(timer.ordinal, basis)) return std::unique_ptr<view::ChangeSet>();
  const view::ResourcePtr record = TRY(engine.Read(timer.ordinal));
  const std::vector<rules::Write> writes = TRY(WritesOf(record, basis, now_us));
  if (writes.empty()) return std::unique_ptr<view::ChangeSet>();
  const std::string_view type = engine.definitions().Type(record->type).name;
  const uint64_t key =
      engine.KeyOf(fmt::format("workflow|limit|{}/{}|{}", type, record->id, record->version));
  const int64_t late_s = std::max<int64_t>(0, (now_us - timer.due_us) / kSecondUs);
  late_s_max_.store(std::max(late_s_max_.load(), late_s));
  return rules::MakeChangeSet(engine, key, basis, writes, options_.complete);
}

void Clerk::LetPass() {
  const Instant now_us = options_.clock->NowUs();
  const int64_t here_us = MonotonicUs();
  std::erase_if(resting_, [here_us](const auto& each) { return each.second < here_us; });
  Timer after;
  while (!stopping_.load()) {
    const std::vector<Timer> due = options_.timers->Due(now_us, after, kAtOnce);
    if (due.empty()) return;
    after = due.back();
    std::vector<std::future<Status>> written;
    for (const Timer& timer : due) {
      if (resting_.contains(timer.ordinal)) continue;
      auto set = PassOne(timer, now_us);
      if (!set.ok() || *set == nullptr) {
        resting_[timer.ordinal] = here_us + kRestUs;
        if (!set.ok())
          options_.report("workflow: a time limit could not pass yet: " + set.error().ToString());
        continue;
      }
      auto promise = std::make_shared<std::promise<Status>>();
      written.push_back(promise->get_future());
      options_.engine->Submit(std::move(*set), [promise](view::Outcome outcome) {
        promise->set_value(outcome.commit.ok() || outcome.stale ? Status()
                                                                : Status(outcome.commit.TakeError()));
      });
    }
    for (auto& each : written) {
      const Status status = each.get();
      if (status.ok())
        passed_.fetch_add(1);
      else
        options_.report("workflow: a passed time limit could not be written, trying on: " +
                        status.error().ToString());
    }
  }
}

Clerk::Statistics Clerk::statistics() const {
  return {t_.load(), begun_.load(), passed_.load(), failed_.load(), late_s_max_.load()};
}

bool Clerk::WaitFor(uint64_t t, int timeout_ms) const {
  const int64_t until_us = MonotonicUs() + int64_t{timeout_ms} * 1000;
  while (t_.load() < t) {
    if (MonotonicUs() > until_us) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// A look that began after everything was in hand, and found nothing to let pass: the first that ends may have begun before.
bool Clerk::Settle(int timeout_ms) const {
  const int64_t until_us = MonotonicUs() + int64_t{timeout_ms} * 1000;
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); };
  while (MonotonicUs() < until_us) {
    const uint64_t head = options_.engine->Head().t, looks = looks_.load();
    while ((t_.load() < head || looks_.load() < looks + 2) && MonotonicUs() < until_us) pause();
    if (options_.engine->Head().t == head && t_.load() >= head && looks_.load() >= looks + 2) return true;
  }
  return false;
}

}  // namespace tk::workflow
