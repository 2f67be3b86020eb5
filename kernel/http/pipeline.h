// The one way of a request: metrics, request id, limits, sign-on, cross-site check, route, access, work, audit, answer.
// Flow:   session → Handle → … → route's handler → Answer (any thread) → audit → headers, coding, log line → Call::Complete
// Apps and the program add routes with AddRoute before the server starts; the longest prefix wins.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel/access/audit.h"
#include "kernel/access/sign_on.h"
#include "kernel/base/metrics.h"
#include "kernel/http/call.h"
#include "kernel/http/proxies.h"
#include "kernel/http/worker_pool.h"

namespace tk::http {

class Pipeline;
using RouteHandler = std::function<void(Pipeline&, const CallPtr&)>;

struct RouteOptions {
  bool open = false;    // answers without sign-on (a viewer is still looked up if a token is given)
  bool audited = true;  // one audit record a request
  bool own_forms =
      false;  // its handler knows its own forms by tickets: no header is wanted of who is signed in by cookie
  std::string operation;  // the post must have this operation; "" = any signed-in post
  size_t body_bytes_max = size_t{1} << 20;
};

struct Route {
  std::string prefix;  // "/fhir", "/app/screening": matches itself and what follows a "/"
  RouteOptions options;
  RouteHandler handler;
};

struct PipelineOptions {
  size_t body_bytes_max = size_t{64} << 20;     // of any route
  size_t anonymous_body_bytes_max = 64 * 1024;  // before somebody is signed in
  size_t target_bytes_max = 8192;
  int64_t request_ms = 30'000;       // given to the work as its deadline
  size_t compress_bytes_min = 1400;  // one packet holds less anyway
  bool log_requests = true;
  TrustedProxies proxies;  // believed when they say for whom they ask
  std::string public_url;  // "https://health.example.cn" when a proxy stands in front; "" = from Host
};

/// Thread-safe once the server has started.
class Pipeline final : public Handler {
 public:
  Pipeline(const PipelineOptions& options, access::SignOn* sign_on, access::AuditLog* audit, Metrics* metrics,
           WorkerPool* workers);
  ~Pipeline() override;

  void AddRoute(std::string prefix, RouteOptions options, RouteHandler handler);

  HeadVerdict OnHead(const Request& request) override;
  void Handle(CallPtr call) override;
  Response Refuse(int status, std::string_view text) override;

  /// The answer to `call`; any thread, once. Audit first where it must be, then headers, compression, log line, metrics.
  void Answer(const CallPtr& call, Response response);
  void AnswerError(const CallPtr& call, const Error& error);
  /// Writes into the audit what `call` is about to do and waits until that is on disk. On a worker only.
  Status AuditIntent(const Call& call, std::string_view action, std::string_view type, std::string_view id,
                     std::string_view reason);
  /// Runs `work` on a worker, accounts taking turns; answers 429 when too much waits for one.
  void RunOnWorker(const CallPtr& call, std::function<void()> work);

  /// "https://host", for links: never with a path.
  std::string BaseUrl(const Request& request) const;
  /// The same, if it is known to be this server's and not only what the Host header says: the public address; or else the address and port that the
  /// connection came to, or localhost over the loopback. nullopt otherwise: who signs or checks statements in this name must refuse.
  std::optional<std::string> OwnUrl(const Request& request) const;
  int64_t DeadlineOf(const Call& call) const { return call.begin_us + options_.request_ms * 1000; }
  const PipelineOptions& options() const { return options_; }
  access::SignOn* sign_on() const { return sign_on_; }

 private:
  struct Numbers;
  Result<std::shared_ptr<const access::Viewer>> ViewerOf(const Request& request);
  Status Check(const CallPtr& call);
  Status Unpack(Call* call) const;
  Status CheckAnswerRoom(const Call& call) const;
  void HoldAnswer(const CallPtr& call, Response* response) const;
  const Route* Find(std::string_view path) const;
  void Run(const CallPtr& call);
  void Audit(const CallPtr& call, Response response);
  void Finish(const CallPtr& call, Response response);
  void Count(const Call& call, int status, int64_t us);

  const PipelineOptions options_;
  access::SignOn* const sign_on_;
  access::AuditLog* const audit_;
  WorkerPool* const workers_;
  std::vector<std::unique_ptr<Route>> routes_;  // longest prefix first
  std::unique_ptr<Numbers> numbers_;
};

/// An error as the answer that FHIR clients expect, with Retry-After where trying again may help: `wait_seconds`, or a guess if it is 0.
Response ErrorResponse(const Error& error, int64_t wait_seconds = 0);
Response JsonResponse(int status, std::string body);
/// The value of a cookie in a Cookie header, "" if it is not there.
std::string_view CookieOf(std::string_view header, std::string_view name);

}  // namespace tk::http
