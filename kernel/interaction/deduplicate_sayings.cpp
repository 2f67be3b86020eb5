#include "kernel/interaction/deduplicate_sayings.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/random.h"
#include "kernel/interaction/person_reviews.h"

namespace tk::interaction {
namespace {

constexpr size_t kBatchesWaiting = 8, kBatchesUnderWay = 3;

uint64_t KeyOfReview(const Room& room, std::string_view code, std::string_view subject,
                     std::vector<std::string> others) {
  std::sort(others.begin(), others.end());
  return room.engine().KeyOf(fmt::format("{}\n{}\n{}", code, subject, fmt::join(others, "\n")));
}

uint64_t KeyOfTask(const Room& room, fhir::Value task) {
  std::string code;
  for (const fhir::Value coding : task["code"]["coding"]) {
    if (coding["system"].ToString() == kReviewSystem) code = coding["code"].ToString();
  }
  std::vector<std::string> others;
  for (const fhir::Value input : task["input"])
    others.push_back(input["valueReference"]["reference"].ToString());
  return KeyOfReview(room, code, task["for"]["reference"].ToString(), std::move(others));
}

}  // namespace

Result<AskedReviews> AskedReviews::Read(const Room& room) {
  search::ParseOptions options;
  options.now_us = room.context.clock->NowUs();
  const search::Query query =
      TRY(search::ParseQuery(room.index().definitions(), room.definitions->FindType("Task"),
                             fmt::format("code={}|", kReviewSystem), options));
  search::PageRequest request;
  request.position = room.engine().Head();
  request.count = kPageCountMax;
  request.read = [engine = &room.engine()](view::Ordinal ordinal) { return engine->Read(ordinal); };
  AskedReviews asked;
  do {
    const search::Page page = TRY(room.index().Search(query, request));
    for (const view::Ordinal ordinal : page.ordinals) {
      const auto task = room.engine().Read(ordinal);
      if (!task.ok() && task.error().code == ErrorCode::kGone) continue;
      if (!task.ok()) return task.error();
      asked.sorted_.push_back(KeyOfTask(room, (*task)->document.Root()));
    }
    request.cursor = page.next_cursor;
  } while (!request.cursor.empty());
  std::sort(asked.sorted_.begin(), asked.sorted_.end());
  return asked;
}

bool AskedReviews::Has(const Room& room, const ReviewAsked& asked) const {
  return !sorted_.empty() && std::binary_search(sorted_.begin(), sorted_.end(),
                                                KeyOfReview(room, asked.code, asked.subject, asked.others));
}

SayingWriter::SayingWriter(const Room& room, const DeduplicateOptions& options, AskedReviews asked)
    : room_(room), options_(options), asked_(std::move(asked)) {
  const unsigned threads =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

bool SayingWriter::Put(Saying saying) {
  growing_.push_back(std::move(saying));
  if (growing_.size() < options_.at_once) return true;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kBatchesWaiting || has_failed_; });
  if (has_failed_) return false;
  waiting_.push_back(std::exchange(growing_, {}));
  changed_.notify_all();
  return true;
}

Status SayingWriter::Finish() {
  {
    const std::lock_guard lock(mutex_);
    if (!growing_.empty()) waiting_.push_back(std::exchange(growing_, {}));
    ends_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return under_way_ == 0; });
  return std::exchange(failure_, Status());
}

Deduplicated SayingWriter::done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

void SayingWriter::Loop() {
  for (;;) {
    Batch batch;
    size_t number = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || ends_ || has_failed_; });
      if (waiting_.empty() || has_failed_) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
      number = taken_++;
      changed_.notify_all();
    }
    SubmitInTurn(number, Make(batch));
  }
}

Result<std::vector<std::string>> SayingWriter::NamesOf(const std::vector<view::Ordinal>& ordinals) const {
  std::vector<std::string> names;
  names.reserve(ordinals.size());
  if (const auto texts = room_.engine().OpenTexts(ordinals); texts.ok()) {
    for (const auto& text : *texts) names.push_back("Patient/" + text->header.id);
    return names;
  }
  // Which of them cannot be read, and whether that is because he was erased.
  for (const view::Ordinal ordinal : ordinals) {
    const auto text = room_.engine().OpenText(ordinal);
    if (!text.ok() && text.error().code != ErrorCode::kGone) return text.error();
    names.push_back(text.ok() ? "Patient/" + (*text)->header.id : std::string());
  }
  return names;
}

Result<SayingWriter::Made> SayingWriter::Make(const Batch& batch) const {
  std::vector<view::Ordinal> ordinals;
  for (const Saying& saying : batch) {
    ordinals.push_back(saying.subject);
    ordinals.insert(ordinals.end(), saying.others.begin(), saying.others.end());
  }
  std::sort(ordinals.begin(), ordinals.end());
  ordinals.erase(std::unique(ordinals.begin(), ordinals.end()), ordinals.end());
  const std::vector<std::string> names = TRY(NamesOf(ordinals));
  const auto name_of = [&](view::Ordinal ordinal) -> const std::string& {
    return names[static_cast<size_t>(std::lower_bound(ordinals.begin(), ordinals.end(), ordinal) -
                                     ordinals.begin())];
  };
  Made made;
  for (const Saying& saying : batch) {
    std::vector<std::string> others;
    for (const view::Ordinal other : saying.others) {
      if (!name_of(other).empty()) others.push_back(name_of(other));
    }
    if (name_of(saying.subject).empty() || others.empty()) continue;
    TRY(AddTo(&made, saying, name_of(saying.subject), others));
  }
  made.set->basis = room_.engine().Head();
  if (!made.set->changes.empty()) TRY(room_.engine().Prepare(made.set.get()));
  return made;
}

Status SayingWriter::AddTo(Made* made, const Saying& saying, const std::string& subject,
                           const std::vector<std::string>& others) const {
  if (saying.kind == person::Finding::Kind::kJoin) {
    LinkReason reason;
    reason.grade = person::linkage::NameOf(saying.scored.verdict);
    reason.scored = &saying.scored;
    ++made->done.joined;
    return AddMade(room_, LinkageJson(room_, NewUuid(), others.front(), subject, true, reason),
                   made->set.get());
  }
  const ReviewAsked asked{person::CodeOf(saying.kind), subject, others, &saying.scored};
  if (asked_.Has(room_, asked)) {
    ++made->done.known;
    return {};
  }
  ++made->done.reviews;
  return AddMade(room_, ReviewJson(room_, NewUuid(), asked), made->set.get());
}

// Under mutex_.
void SayingWriter::Fail(Status why) {
  if (!has_failed_) failure_ = std::move(why);
  has_failed_ = true;
  changed_.notify_all();
}

// While it is this batch's turn no other one is handed on.
void SayingWriter::SubmitInTurn(size_t number, Result<Made> made) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return has_failed_ || (submitted_ == number && under_way_ < kBatchesUnderWay); });
  if (has_failed_) return;
  if (!made.ok()) return Fail(made.TakeError());
  if (!made->set->changes.empty()) {
    ++under_way_;
    lock.unlock();
    Status may_go = options_.before_append ? options_.before_append() : Status();
    if (may_go.ok()) {
      room_.engine().Submit(std::move(made->set), [this, done = made->done](view::Outcome outcome) {
        const std::lock_guard hold(mutex_);
        --under_way_;
        if (outcome.stale)
          Fail(MakeError(ErrorCode::kConflict, "something else writes to this log; stop it and call again"));
        else if (!outcome.commit.ok())
          Fail(outcome.commit.TakeError());
        done_.joined += done.joined;
        done_.reviews += done.reviews;
        changed_.notify_all();
      });
    }
    lock.lock();
    if (!may_go.ok()) {
      --under_way_;
      return Fail(std::move(may_go));
    }
  }
  done_.known += made->done.known;
  ++submitted_;
  changed_.notify_all();
}

}  // namespace tk::interaction
