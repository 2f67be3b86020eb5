#include "kernel/http/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "kernel/base/diagnostics.h"
#include "kernel/base/text.h"

namespace tk::http {
namespace {

constexpr int kFollowMs = 100;
constexpr size_t kTypesMax = 32;
constexpr size_t kShownOwnersMax = 1000;                   // in one record of the audit
constexpr std::string_view kNoticeType = "Communication";  // everybody has an inbox
constexpr std::string_view kUnaudited = "the audit cannot be written";

/// Told to one subscriber, and not in the audit yet. The hub's.
struct Shown {
  std::vector<uint32_t> owners;
  uint64_t records = 0;
  int64_t since_us = 0;  // MonotonicUs of the first of it
};

class Subscriber final : public EventSource {
 public:
  std::shared_ptr<const access::Viewer> viewer;
  std::string request_id;            // of the request that opened the stream
  std::string token;                 // checked again before each event and at each tick
  std::vector<std::string> types;    // sorted; empty: all that the post may read
  std::optional<uint64_t> resume_t;  // the hub replays from the one after
  bool stale = false;                // asked to resume something that is not there
  uint64_t done_t = 0;               // the hub's: told up to here
  int64_t ticked_us = 0;
  Shown shown;

  explicit Subscriber(size_t bytes_max) : bytes_max_(bytes_max) {}

  bool Take(std::string* out) override {
    const std::lock_guard<std::mutex> hold(mutex_);
    out->append(queue_);
    queue_.clear();
    return !ended_;
  }
  void SetWake(std::function<void()> wake) override {
    const std::lock_guard<std::mutex> hold(mutex_);
    wake_ = std::move(wake);
  }
  void End(std::string_view reason) override {
    std::function<void()> wake;
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      if (ended_) return;
      ended_ = true;
      queue_ += "event: end\ndata: {\"reason\":";
      AppendJsonString(reason, &queue_);
      queue_ += "}\n\n";
      wake = wake_;
    }
    if (wake) wake();
  }
  bool ended() const {
    const std::lock_guard<std::mutex> hold(mutex_);
    return ended_;
  }
  void Push(std::string_view events) {
    std::function<void()> wake;
    bool slow = false;
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      if (ended_) return;
      slow = queue_.size() + events.size() > bytes_max_;
      if (!slow) queue_ += events;
      wake = wake_;
    }
    if (slow) return End("slow");
    if (wake) wake();
  }

 private:
  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::string queue_;
  bool ended_ = false;
  std::function<void()> wake_;
};
using SubscriberPtr = std::shared_ptr<Subscriber>;

std::string_view NameOf(view::Operation op) {
  switch (op) {
    case view::Operation::kCreate:
      return "create";
    case view::Operation::kUpdate:
      return "update";
    case view::Operation::kDelete:
      return "delete";
    case view::Operation::kErase:
      return "erase";
  }
  return "?";
}

/// One change, written once for all who may see it.
struct Telling {
  std::string_view type;
  view::Ordinal ordinal;
  uint32_t owner;
  const view::Resource* now;
  std::string data;
};

// "7-123" → 123 if 7 is our incarnation.
std::optional<uint64_t> ParseEventId(std::string_view text, uint32_t incarnation) {
  const size_t dash = text.find('-');
  uint32_t theirs = 0;
  uint64_t t = 0;
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = std::from_chars(text.data(), text.data() + dash, theirs);
  const auto second = std::from_chars(text.data() + dash + 1, text.data() + text.size(), t);
  if (first.ec != std::errc() || second.ec != std::errc() || second.ptr != text.data() + text.size() ||
      theirs != incarnation)
    return std::nullopt;
  return t;
}

}  // namespace

struct Live::Impl {
  LiveSource source;
  LiveOptions options;
  const Clock* clock;
  access::SignOn* sign_on;
  access::AuditLog* audit;
  std::thread thread;
  std::atomic<bool> stop{false};
  mutable std::mutex mutex;
  std::vector<SubscriberPtr> arriving;  // not yet the hub's
  std::vector<SubscriberPtr> present;   // the hub's own; size_ for others
  std::atomic<size_t> size{0};
  uint64_t told_t = 0;

  void Run();
  void Admit();
  void Replay(const SubscriberPtr& subscriber);
  void Tell(const view::Committed& committed);
  bool StillMay(const SubscriberPtr& subscriber) const;
  void TellOne(const SubscriberPtr& subscriber, uint64_t t, const std::vector<Telling>& tellings) const;
  void Audit(const SubscriberPtr& subscriber) const;
  void AuditDue() const;
  std::vector<Telling> Write(const view::Committed& committed) const;
  void Tick();
  void EndAll(std::string_view reason);
  std::string Event(std::string_view name, uint64_t t, bool with_id) const;
  Result<SubscriberPtr> Subscribe(const Call& call, std::string_view query);
};

// "hello" and "tick": where we stand.
std::string Live::Impl::Event(std::string_view name, uint64_t t, bool with_id) const {
  std::string id = with_id ? fmt::format("id: {}-{}\n", source.incarnation, t) : std::string();
  return fmt::format("event: {}\n{}data: {{\"incarnation\":{},\"t\":{},\"at\":\"{}\"}}\n\n", name, id,
                     source.incarnation, t, FormatInstant(clock->NowUs()));
}

std::vector<Telling> Live::Impl::Write(const view::Committed& committed) const {
  std::vector<Telling> tellings;
  const std::string at = FormatInstant(committed.at_us);
  for (size_t i = 0; i < committed.changes.size(); ++i) {
    const view::ResourcePtr& now = committed.changes[i].now;
    // An erasure: whom it concerns is nobody's news. Nor is the end of a record of a type that this program does not know.
    if (now == nullptr || now->type == fhir::kNoType) continue;
    const view::Ordinal ordinal = committed.first_ordinal + i;
    Telling telling{source.type_name(now->type), ordinal, source.owner_of(ordinal), now.get(), {}};
    telling.data =
        fmt::format("data: {{\"t\":{},\"at\":\"{}\",\"type\":\"{}\",\"id\":", committed.t, at, telling.type);
    AppendJsonString(now->id, &telling.data);
    // To the log a PUT is an update; to whoever listens the first version is new.
    const bool is_new = now->op == view::Operation::kUpdate && now->version == 1;
    telling.data += fmt::format(",\"version\":{},\"op\":\"{}\"}}\n\n", now->version,
                                NameOf(is_new ? view::Operation::kCreate : now->op));
    tellings.push_back(std::move(telling));
  }
  return tellings;
}

// As the accounts are now (SignOn looks at them once a second; otherwise this is a look into its cache). Ends the stream of who is no longer let
// in; who was given another post or area hears that what he has may be more, or less, than is his.
bool Live::Impl::StillMay(const SubscriberPtr& subscriber) const {
  const access::Viewer& before = *subscriber->viewer;
  const auto kind = before.by_cookie ? access::TokenKind::kCookie : access::TokenKind::kBearer;
  auto viewer = sign_on->Verify(subscriber->token, kind);
  if (!viewer.ok()) {
    subscriber->End("signed-out");
    return false;
  }
  const access::Viewer& now = **viewer;
  const bool other = now.area != before.area || now.post->name != before.post->name;
  if (other) Audit(subscriber);  // what he was told was told to him as he was
  if (other) subscriber->Push("event: reset\ndata: {\"reason\":\"your post or area has changed\"}\n\n");
  subscriber->viewer = *viewer;
  return true;
}

void Live::Impl::TellOne(const SubscriberPtr& subscriber, uint64_t t,
                         const std::vector<Telling>& tellings) const {
  const auto wanted = [&](const Telling& telling) {
    return subscriber->types.empty() ||
           std::binary_search(subscriber->types.begin(), subscriber->types.end(), telling.type);
  };
  if (std::none_of(tellings.begin(), tellings.end(), wanted) || !StillMay(subscriber)) return;
  const view::Scope scope = source.scope_of ? source.scope_of(subscriber->viewer) : subscriber->viewer->scope;
  std::vector<const Telling*> his;
  for (const Telling& telling : tellings) {
    if (!wanted(telling)) continue;
    const bool in_scope = source.in_scope(telling.ordinal, scope);
    const bool may = subscriber->viewer->MayRead(telling.type) && in_scope;
    if (!may && !(source.is_addressed && source.is_addressed(*telling.now, *subscriber->viewer, in_scope)))
      continue;
    his.push_back(&telling);
  }
  if (his.empty()) return;
  if (!audit->healthy()) return subscriber->End(kUnaudited);
  std::string events;
  for (const Telling* telling : his) {
    events += "event: change\n";
    if (telling == his.back()) events += fmt::format("id: {}-{}\n", source.incarnation, t);
    events += telling->data;
  }
  // Counted before it is told: what is lost on its way to him is in the audit too.
  Shown& shown = subscriber->shown;
  if (shown.records == 0) shown.since_us = MonotonicUs();
  for (const Telling* telling : his) {
    ++shown.records;
    if (telling->owner != 0) shown.owners.push_back(telling->owner);
    if (shown.owners.size() >= kShownOwnersMax) Audit(subscriber);
  }
  subscriber->Push(events);
}

/// Gives what was told since the last time to the audit.
void Live::Impl::Audit(const SubscriberPtr& subscriber) const {
  Shown shown = std::exchange(subscriber->shown, {});
  if (shown.records == 0) return;
  std::sort(shown.owners.begin(), shown.owners.end());
  shown.owners.erase(std::unique(shown.owners.begin(), shown.owners.end()), shown.owners.end());
  access::AuditRecord record;
  record.viewer = subscriber->viewer;
  record.action = "live";
  record.status = 200;
  record.request_id = subscriber->request_id;
  record.owners = std::move(shown.owners);
  record.records = shown.records;
  if (!audit->Append(std::move(record)).ok()) subscriber->End(kUnaudited);
}

void Live::Impl::AuditDue() const {
  const int64_t now_us = MonotonicUs();
  for (const SubscriberPtr& subscriber : present) {
    const Shown& shown = subscriber->shown;
    const bool due = subscriber->ended() || now_us - shown.since_us >= options.audit_ms * 1000;
    if (shown.records != 0 && due) Audit(subscriber);
  }
}

void Live::Impl::Tell(const view::Committed& committed) {
  told_t = committed.t;
  if (present.empty()) return;
  const std::vector<Telling> tellings = Write(committed);
  for (const SubscriberPtr& subscriber : present) {
    if (subscriber->done_t < committed.t) TellOne(subscriber, committed.t, tellings);
    subscriber->done_t = committed.t;
  }
}

// Brings one who resumes up to where the hub is; on the hub's thread, so nothing is missed or told twice.
void Live::Impl::Replay(const SubscriberPtr& subscriber) {
  const uint64_t from_t = *subscriber->resume_t + 1;
  if (from_t > told_t + 1 || told_t + 1 - from_t > options.replay_transactions_max) {
    return subscriber->Push("event: reset\ndata: {\"reason\":\"too far behind\"}\n\n");
  }
  const auto follower = source.follow(from_t);
  while (!stop && !subscriber->ended() && follower->next_t() <= told_t) {
    auto next = follower->Next(1000);
    if (!next.ok() || *next == nullptr)
      return subscriber->Push("event: reset\ndata: {\"reason\":\"not readable\"}\n\n");
    TellOne(subscriber, (*next)->t, Write(**next));
  }
}

void Live::Impl::Admit() {
  std::vector<SubscriberPtr> fresh;
  {
    const std::lock_guard<std::mutex> hold(mutex);
    fresh.swap(arriving);
  }
  for (SubscriberPtr& subscriber : fresh) {
    subscriber->Push(Event("hello", told_t, !subscriber->resume_t.has_value()));
    if (subscriber->stale)
      subscriber->Push("event: reset\ndata: {\"reason\":\"another life of the log\"}\n\n");
    if (subscriber->resume_t) Replay(subscriber);
    subscriber->done_t = told_t;
    subscriber->ticked_us = MonotonicUs();
    present.push_back(std::move(subscriber));
  }
}

void Live::Impl::Tick() {
  const int64_t now_us = MonotonicUs();
  for (const SubscriberPtr& subscriber : present) {
    if (now_us - subscriber->ticked_us < options.tick_ms * 1000) continue;
    subscriber->ticked_us = now_us;
    if (StillMay(subscriber)) subscriber->Push(Event("tick", told_t, true));
  }
  std::erase_if(present, [](const SubscriberPtr& subscriber) { return subscriber->ended(); });
  const std::lock_guard<std::mutex> hold(mutex);
  size = present.size() + arriving.size();
}

void Live::Impl::EndAll(std::string_view reason) {
  {
    const std::lock_guard<std::mutex> hold(mutex);
    std::move(arriving.begin(), arriving.end(), std::back_inserter(present));
    arriving.clear();
  }
  for (const SubscriberPtr& subscriber : present) {
    subscriber->End(reason);
    Audit(subscriber);
  }
}

void Live::Impl::Run() {
  told_t = source.head_t();
  auto follower = source.follow(told_t + 1);
  while (!stop) {
    if (source.is_deposed()) EndAll("another server has taken over");
    auto next = follower->Next(kFollowMs);
    if (!next.ok()) {
      // The log could not be read: told, and tried again from the same place.
      SayError("live-follow-failed", next.error());
      std::this_thread::sleep_for(std::chrono::milliseconds(kFollowMs));
      follower = source.follow(told_t + 1);
      continue;
    }
    if (*next != nullptr) {
      while (!stop && source.knows && !source.knows((*next)->t, kFollowMs)) Tick();
      if (stop) break;
      Tell(**next);
    }
    Admit();
    AuditDue();
    Tick();
  }
  EndAll("the server stops");
}

Result<SubscriberPtr> Live::Impl::Subscribe(const Call& call, std::string_view query) {
  auto subscriber = std::make_shared<Subscriber>(options.queue_bytes_max);
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (!item.starts_with("types="))
      return MakeError(ErrorCode::kIncorrect, "the only parameter is types=Type,Type");
    const std::string list = TRY(PercentDecode(item.substr(6), true));
    for (std::string_view rest = list; !rest.empty();) {
      const size_t comma = rest.find(',');
      subscriber->types.emplace_back(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  if (subscriber->types.size() > kTypesMax)
    return MakeError(ErrorCode::kIncorrect, fmt::format("at most {} types", kTypesMax));
  std::sort(subscriber->types.begin(), subscriber->types.end());
  for (const std::string& type : subscriber->types) {
    if (!source.is_type(type))
      return MakeError(ErrorCode::kIncorrect,
                       "types names what is no type of resource; write types=Flag,Task");
    if (!call.viewer->MayRead(type) && !(source.is_addressed && type == kNoticeType))
      return MakeError(ErrorCode::kForbidden, "your post may not read one of these types");
  }
  subscriber->viewer = call.viewer;
  subscriber->request_id = call.request_id;
  const std::string& header = call.request.authorization;
  if (!header.empty()) {
    subscriber->token =
        std::string(TrimSpace(std::string_view(header).substr(std::min<size_t>(7, header.size()))));
  } else {
    const size_t at = call.request.cookie.find("tk_session=");
    if (at != std::string::npos) {
      subscriber->token = call.request.cookie.substr(at + 11, call.request.cookie.find(';', at) - at - 11);
    }
  }
  if (!call.request.last_event_id.empty()) {
    subscriber->resume_t = ParseEventId(call.request.last_event_id, source.incarnation);
    subscriber->stale = !subscriber->resume_t.has_value();
  }
  const std::lock_guard<std::mutex> hold(mutex);
  if (stop) return MakeError(ErrorCode::kUnavailable, "the server stops");
  if (source.is_deposed())
    return MakeError(ErrorCode::kUnavailable, "another server has taken over the log: ask there");
  if (size >= options.subscribers_max)
    return MakeError(ErrorCode::kBusy, "too many live pages; try again later");
  ++size;
  arriving.push_back(subscriber);
  return subscriber;
}

Live::Live(LiveSource source, const LiveOptions& options, const Clock* clock, access::SignOn* sign_on,
           access::AuditLog* audit)
    : impl_(std::make_unique<Impl>()) {
  impl_->source = std::move(source);
  impl_->options = options;
  impl_->clock = clock;
  impl_->sign_on = sign_on;
  impl_->audit = audit;
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

Live::~Live() { Stop(); }

void Live::Stop() {
  impl_->stop = true;
  if (impl_->thread.joinable()) impl_->thread.join();
}

size_t Live::subscribers() const { return impl_->size; }

void Live::AddRoute(Pipeline* pipeline) {
  pipeline->AddRoute("/live", {}, [impl = impl_.get()](Pipeline& way, const CallPtr& call) {
    call->audit_action = "live";
    if (call->request.method != Method::kGet)
      return way.AnswerError(call, MakeError(ErrorCode::kUnsupported, "/live is read with GET"));
    if (!call->path.empty())
      return way.AnswerError(call, MakeError(ErrorCode::kNotFound, "the live stream is at /live"));
    auto subscriber = impl->Subscribe(*call, call->request.query());
    if (!subscriber.ok()) return way.AnswerError(call, subscriber.error());
    Response response;
    response.content_type = "text/event-stream; charset=utf-8";
    response.AddHeader("X-Accel-Buffering", "no");
    response.events = *subscriber;
    way.Answer(call, std::move(response));
  });
}

LiveSource SourceOf(view::Engine* engine) {
  return {engine->incarnation(),
          [engine] { return engine->Head().t; },
          [engine](uint64_t from_t) { return engine->Follow(from_t); },
          [engine](view::Ordinal ordinal, const view::Scope& scope) {
            return engine->directory().InScope(ordinal, scope);
          },
          [engine](view::Ordinal ordinal) {
            return engine->directory().OwnerNow(engine->directory().Get(ordinal).owner);
          },
          [engine](fhir::TypeId type) { return engine->definitions().Type(type).name; },
          [engine](std::string_view name) {
            const fhir::Definitions& definitions = engine->definitions();
            const fhir::TypeId type = definitions.FindType(name);
            return definitions.IsResource(type) && !definitions.Type(type).is_abstract;
          },
          [engine] { return engine->fenced(); },
          {}};
}

}  // namespace tk::http
