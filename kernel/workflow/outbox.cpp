#include "kernel/workflow/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "kernel/base/file.h"
#include "kernel/rules/action.h"
#include "kernel/rules/position.h"
#include "kernel/workflow/mark.h"
#include "kernel/workflow/notice.h"

namespace tk::workflow {

Instant QuietHours::NextAllowed(Instant now_us) const {
  constexpr int64_t kMinuteOfUs = 60 * kSecondUs;
  const int64_t minute = (now_us / kMinuteOfUs + offset_min) % 1440;
  const bool over_midnight = from_min > until_min;
  const bool is_quiet = from_min != until_min && (over_midnight ? minute >= from_min || minute < until_min
                                                                : minute >= from_min && minute < until_min);
  if (!is_quiet) return now_us;
  const int64_t left = (until_min - minute + 1440) % 1440;
  return (now_us / kMinuteOfUs + left) * kMinuteOfUs;
}

Result<std::unique_ptr<Outbox>> Outbox::Start(Options options) {
  TRY(MakeFolder(options.folder));
  const uint64_t t = TRY(rules::ReadPosition(options.folder + "/outbox.position",
                                             options.engine->incarnation(), options.engine->log().head().t));
  return std::unique_ptr<Outbox>(new Outbox(std::move(options), t));
}

Outbox::Outbox(Options options, uint64_t from_t)
    : options_(std::move(options)),
      position_file_(options_.folder + "/outbox.position"),
      t_(from_t),
      read_t_(from_t) {
  thread_ = std::thread([this] { Loop(); });
}

Outbox::~Outbox() {
  stopping_.store(true);
  thread_.join();
  SavePosition();
}

void Outbox::SavePosition() {
  if (t_.load() == saved_t_) return;
  const Status saved = rules::WritePosition(position_file_, options_.engine->incarnation(), t_.load());
  if (saved.ok())
    saved_t_ = t_.load();
  else
    options_.report("outbox: " + saved.error().ToString());
}

void Outbox::Loop() {
  const fhir::TypeId type = options_.engine->definitions().FindType("Communication");
  const auto follower =
      options_.engine->Follow(read_t_ + 1, [type](fhir::TypeId each) { return each == type; });
  int64_t looked_us = 0;
  while (!stopping_.load()) {
    auto next = follower->Next(static_cast<int>(options_.look_ms));
    if (!next.ok()) {
      options_.report("outbox: cannot follow the log: " + next.error().ToString());
      std::this_thread::sleep_for(std::chrono::seconds(1));
    } else if (*next != nullptr) {
      TakeIn(**next);
      read_t_ = (*next)->t;
    }
    SendDue();
    t_.store(waiting_.empty() ? read_t_ : waiting_.front().t - 1);
    if (MonotonicUs() - looked_us < 2 * kSecondUs) continue;
    looked_us = MonotonicUs();
    SavePosition();
  }
}

void Outbox::TakeIn(const view::Committed& committed) {
  for (const view::Change& change : committed.changes) {
    if (change.now == nullptr || change.before != nullptr) continue;
    const fhir::Value root = change.now->document.Root();
    if (!root.present() || !IsNotice(root) || SmsOf(root).empty()) continue;
    const std::string urgency = root["priority"].ToString();
    if (urgency != "urgent" && urgency != "stat") continue;
    // By the time of the notice: what waited through a restart goes out when it would have.
    const Instant from_us = urgency == "stat" ? 0 : options_.quiet.NextAllowed(committed.at_us);
    waiting_.push_back({change.now, committed.t, from_us});
  }
  waiting_count_.store(waiting_.size());
}

void Outbox::SendDue() {
  const Instant now_us = options_.clock->NowUs();
  for (auto at = waiting_.begin(); at != waiting_.end() && !stopping_.load();) {
    if (at->not_before_us > now_us || !SendOne(*at->notice))
      ++at;
    else
      at = waiting_.erase(at);
  }
  waiting_count_.store(waiting_.size());
}

namespace {

std::string SentJson(size_t count, Instant now_us) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("url", kSentExtension).Key("extension").Array();
  json.Object().Member("url", "texts").Key("valueInteger").Int(static_cast<int64_t>(count)).End();
  json.Object().Member("url", "at").Member("valueInstant", FormatInstant(now_us)).End();
  json.End().End();
  return out;
}

bool IsSent(fhir::Value notice) {
  for (const fhir::Value extension : notice["extension"]) {
    if (extension["url"].ToString() == kSentExtension) return true;
  }
  return false;
}

Result<fhir::Document> WithSent(const fhir::Document& notice, size_t count, Instant now_us) {
  std::string list;
  fhir::JsonWriter json(&list);
  json.Array();
  for (const fhir::Value extension : notice.Root()["extension"]) json.Raw(extension.Json());
  json.Raw(SentJson(count, now_us)).End();
  return WithMember(notice, "extension", list);
}

}  // namespace

bool Outbox::SendOne(const view::Resource& notice) {
  view::Engine& engine = *options_.engine;
  const view::Position basis = engine.Head();
  const auto version = engine.directory().Current(engine.IdHash("Communication", notice.id), basis);
  if (version.ordinal == 0 || version.deleted) return true;
  auto now = engine.Read(version.ordinal);
  if (!now.ok()) return now.error().code == ErrorCode::kGone;
  const fhir::Value root = (*now)->document.Root();
  // Read meanwhile, or sent by an earlier life of this process.
  if (root["status"].ToString() != "in-progress" || IsSent(root)) return true;
  const std::vector<std::string> numbers = options_.numbers_of(**now, version.ordinal);
  auto sent = WithSent((*now)->document, numbers.size(), options_.clock->NowUs());
  if (!sent.ok()) return true;
  std::vector<rules::Write> writes;
  writes.push_back({*now, std::move(sent).value()});
  auto set = rules::MakeChangeSet(engine, engine.KeyOf("outbox|sms|" + notice.id), basis, writes);
  if (!set.ok()) {
    options_.report("outbox: " + set.error().ToString());
    return set.error().code == ErrorCode::kInvalid;
  }
  std::promise<view::Outcome> promise;
  engine.Submit(std::move(*set),
                [&promise](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
  const view::Outcome outcome = promise.get_future().get();
  if (!outcome.commit.ok()) {
    if (!outcome.stale) options_.report("outbox: " + outcome.commit.error().ToString());
    return false;
  }
  notices_.fetch_add(1);
  if (numbers.empty()) nobody_.fetch_add(1);
  const std::string text = SmsOf(root);
  for (const std::string& number : numbers) {
    options_.sms->Send(number, text);
    texts_.fetch_add(1);
  }
  return true;
}

Outbox::Statistics Outbox::statistics() const {
  return {t_.load(), notices_.load(), texts_.load(), nobody_.load(), waiting_count_.load()};
}

}  // namespace tk::workflow
