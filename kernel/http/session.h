// One connection, as a coroutine on its network thread: read a request, have it answered, write, again.
// Pipelined requests are answered in order; answers that are ready at once leave in one write.
// Time limits are checked by one sweep a thread instead of a timer a session.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <set>

#include "kernel/http/call.h"
#include "kernel/http/parser.h"
#include "kernel/http/server.h"

namespace tk::http {

class SessionBase;

struct ServerCounters {
  explicit ServerCounters(const ServerOptions& options)
      : bodies(options.body_bytes_inflight_max), answers(options.answer_bytes_inflight_max) {}
  std::atomic<uint64_t> connections{0}, accepted{0}, refused{0}, timeouts{0};
  ByteBudget bodies, answers;
};

/// A network thread's own: only that thread touches it, but for `context`.
struct Loop {
  explicit Loop(const ServerOptions& server_options, Handler* server_handler, ServerCounters* server_counters)
      : options(server_options), handler(server_handler), counters(server_counters) {}
  const ServerOptions& options;
  Handler* handler;
  ServerCounters* counters;
  std::set<SessionBase*> sessions;  // before the context: sessions that it destroys still sign off here
  boost::asio::io_context context{1};
  boost::asio::steady_timer sweep{context};
  bool stopping = false;
  std::string date;  // the Date header, made anew each second
  int64_t date_s = 0;
  std::string_view Date();
};

class SessionBase {
 public:
  enum class Phase : uint8_t { kIdle, kHead, kBody, kHandling, kWriting, kStreaming };
  explicit SessionBase(Loop* loop) : loop_(loop) {
    loop_->sessions.insert(this);
    loop_->counters->connections.fetch_add(1);
  }
  virtual ~SessionBase() {
    loop_->sessions.erase(this);
    loop_->counters->connections.fetch_sub(1);
  }
  SessionBase(const SessionBase&) = delete;
  SessionBase& operator=(const SessionBase&) = delete;

  /// The sweep: breaks off what has taken too long.
  void Sweep(int64_t now_us) {
    if (deadline_us_ == 0 || now_us < deadline_us_) return;
    deadline_us_ = 0;
    timed_out_ = true;
    loop_->counters->timeouts.fetch_add(1);
    CancelIo();
  }
  /// The server stops: idle connections close at once, others after their answer.
  void StopSoon() {
    if (phase_ == Phase::kIdle) CancelIo();
    if (phase_ == Phase::kStreaming) EndStream();
  }
  virtual void CancelIo() = 0;
  virtual void EndStream() = 0;

 protected:
  void SetPhase(Phase phase, int64_t limit_ms) {
    phase_ = phase;
    deadline_us_ = limit_ms == 0 ? 0 : MonotonicUs() + limit_ms * 1000;
  }
  Loop* const loop_;
  Phase phase_ = Phase::kIdle;
  int64_t deadline_us_ = 0;
  bool timed_out_ = false;
};

using PlainStream = boost::asio::ip::tcp::socket;
using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

/// Serves the connection until it ends. `too_many`: only says so and closes.
boost::asio::awaitable<void> ServePlain(Loop* loop, PlainStream socket, bool too_many);
boost::asio::awaitable<void> ServeTls(Loop* loop, TlsStream stream, bool too_many);

}  // namespace tk::http
