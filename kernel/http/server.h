// The listener: network threads with an event loop each, sessions on them, limits, and a stop that finishes what runs.
// Flow:   accept (thread 0, round robin) → session (session.h) → Handler
// Cost:   about 5 µs of CPU a request outside the kernel's TCP; a connection holds about 20 KB.
// Limits: time for a head, a body, an idle connection, a write; bytes of head and body and of all bodies together; connections.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kernel/http/call.h"

namespace tk::http {

class MllpSenders;

struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // ADDR:PORT, [V6]:PORT; port 0 = any free one
  std::string tls_cert, tls_key;          // PEM files; both or none
  size_t threads = 2;
  size_t connections_max = 10'000;
  uint32_t head_bytes_max = 16 * 1024;
  // Of all connections together, what is over 64 KiB each (byte_budget.h).
  size_t body_bytes_inflight_max = size_t{1} << 30;
  size_t answer_bytes_inflight_max = size_t{1} << 30;
  int64_t head_ms = 10'000;                      // from a request's first byte to the end of its head
  int64_t body_ms = 30'000;                      // and a second more for each 32 KiB of body
  int64_t idle_ms = 75'000;                      // between requests
  int64_t write_ms = 30'000;                     // without any progress
  int64_t stop_ms = 20'000;                      // for running requests when stopping
  std::function<void()> end_work = {};           // then, if any still run: makes them answer at once
  int64_t end_ms = 5'000;                        // for these answers
  std::shared_ptr<const MllpSenders> mllp = {};  // MLLP instead of HTTP, from these (mllp.h)
  std::string
      client_ca;  // PEM: who has no certificate of these authorities is not let in; "" = nobody is asked
};

class Server {
 public:
  /// Binds. Errors: kIncorrect (address, certificate: what is wrong), kUnavailable (port taken, no right to it).
  static Result<std::unique_ptr<Server>> Create(const ServerOptions& options, Handler* handler);
  /// Stops if it runs. Destroy it after everything that may still complete a Call (worker pool, engine).
  virtual ~Server() = default;
  virtual void Start() = 0;
  virtual uint16_t port() const = 0;
  /// Accepts no more, lets running requests finish within stop_ms, has the others answer within end_ms (`end_work`), closes. Any thread but a network thread; once.
  virtual void Stop() = 0;

  struct Statistics {
    uint64_t connections = 0, accepted = 0, refused = 0, timeouts = 0, body_bytes_inflight = 0,
             answer_bytes_inflight = 0;
  };
  virtual Statistics statistics() const = 0;
};

}  // namespace tk::http
