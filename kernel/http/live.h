// Live pages: what is committed, told to everybody who may see it, within milliseconds, as server-sent events.
// Flow:   engine → one follower, one thread (Live) → each subscriber's bounded queue → its session
// Events: hello {"incarnation","t","at"}      first; begin by loading what you show, then apply changes
//         change {"t","at","type","id","version","op"}   only what post, types and area allow; and notices to him (types=Communication)
//         tick  {"t","at"}                    every 10 s
//         reset {"reason"}                    what you have may be stale (other incarnation, too far behind, another post or area): load anew
//         end   {"reason"}                    last event: "slow", "signed-out", "the audit cannot be written", "the server stops", "another server has taken over"
// Rights: the sign-on is checked again before each change and each tick: who was revoked, disabled or given another post or area is told
//         nothing of the former from a second after it on. A transaction is told of when the facts of it count (consents, joins): who was closed by it
//         is not told of it. Until they are known nothing is told; it comes later, in its order.
// Audit:  what was told counts as shown: a record "live" a stream and second names whose records it told of, and how many (more than one record when
//         they are more than 1,000 persons); a crash may lose that second's. While the audit cannot be written nothing is told: the stream ends, and says so.
// Resume: Last-Event-ID is "<incarnation>-<t>"; it stands on the last change of a transaction and on ticks, so a transaction is never
//         taken up in its middle. At most 10,000 transactions are replayed.
// Taken over: once another server has the log, this one knows nothing new: every stream ends, and a new one is 503.
// Source: WHATWG HTML, server-sent events.
#pragma once

#include <functional>
#include <memory>

#include "kernel/http/pipeline.h"
#include "kernel/view/engine.h"

namespace tk::http {

/// What the live stream needs of the engine; a struct of functions so that tests can put a double here.
struct LiveSource {
  uint32_t incarnation = 1;
  std::function<uint64_t()> head_t;
  std::function<std::unique_ptr<view::Follower>(uint64_t from_t)> follow;
  std::function<bool(view::Ordinal, const view::Scope&)> in_scope;
  std::function<uint32_t(view::Ordinal)> owner_of;  // the person's number, 0: nobody's
  std::function<std::string_view(fhir::TypeId)> type_name;
  std::function<bool(std::string_view)> is_type;  // of a resource, as type_name writes it
  std::function<bool()> is_deposed;               // another server has taken over the log
  /// What he may see now, with what consents and relations open and close; empty: his scope as it is.
  std::function<view::Scope(const std::shared_ptr<const access::Viewer>&)> scope_of = {};
  /// Waits until scope_of knows what was committed up to `t`; false after `timeout_ms`. A record is told of after what closes it, if that came with it.
  std::function<bool(uint64_t t, int timeout_ms)> knows = {};
  /// Is it addressed to him, so that he hears of it whatever his post may read (a notice)? Empty: nothing is.
  std::function<bool(const view::Resource&, const access::Viewer&, bool in_scope)> is_addressed = {};
};
LiveSource SourceOf(view::Engine* engine);

struct LiveOptions {
  size_t subscribers_max = 5000;
  size_t queue_bytes_max = 256 * 1024;  // of one subscriber; over it he is too slow
  uint64_t replay_transactions_max = 10'000;
  int64_t tick_ms = 10'000;
  int64_t audit_ms = 1000;  // what was told is given to the audit at most so much later
};

class Live {
 public:
  /// All outlive Stop.
  Live(LiveSource source, const LiveOptions& options, const Clock* clock, access::SignOn* sign_on,
       access::AuditLog* audit);
  ~Live();
  /// Ends all streams and the thread. Before the engine stops.
  void Stop();
  size_t subscribers() const;

  /// GET /live?types=Flag,Task
  void AddRoute(Pipeline* pipeline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tk::http
