#include "kernel/http/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <future>
#include <map>
#include <shared_mutex>

#include "kernel/base/diagnostics.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/http/coding.h"

namespace tk::http {
namespace {

constexpr std::string_view kCookieName = "tk_session";
constexpr size_t kUnpackOnWorkerBytes = 32 * 1024;
constexpr size_t kPathPartsMax = 16;
const std::vector<double> kSecondsBounds = {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30};

// Ours unless the caller's is harmless in a log and a header.
std::string RequestIdOf(const Request& request) {
  const std::string& given = request.request_id;
  const bool good =
      !given.empty() && given.size() <= 64 && std::all_of(given.begin(), given.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
      });
  if (good) return given;
  static const uint64_t process = [] {
    uint64_t seed = 0;
    SystemRandom({reinterpret_cast<uint8_t*>(&seed), sizeof seed});
    return seed;
  }();
  static std::atomic<uint64_t> counter{0};
  const uint64_t id = Mix(process + counter.fetch_add(1, std::memory_order_relaxed));
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::string out(13, '0');
  for (size_t i = 0; i < out.size(); ++i) out[i] = kDigits[(id >> (5 * i)) & 31];
  return out;
}

Result<std::vector<std::string>> PathParts(std::string_view rest) {
  std::vector<std::string> parts;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const size_t end = std::min(rest.find('/'), rest.size());
    std::string part = TRY(PercentDecode(rest.substr(0, end), false));
    rest.remove_prefix(end);
    if (part.empty() && rest.empty()) break;  // a slash at the end says nothing
    parts.push_back(std::move(part));
    if (parts.size() > kPathPartsMax) return MakeError(ErrorCode::kIncorrect, "the path has too many parts");
  }
  return parts;
}

std::string_view NameOf(Method method) {
  constexpr std::string_view kNames[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  return kNames[static_cast<size_t>(method)];
}

}  // namespace

struct Pipeline::Numbers {
  Metrics* metrics;
  std::atomic<int64_t> running{0};
  std::shared_mutex mutex;
  std::map<std::pair<const Route*, int>, Counter*> by_status;
  std::map<const Route*, Histogram*> seconds;
};

std::string_view CookieOf(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const size_t end = header.find(';');
    const std::string_view item = TrimSpace(header.substr(0, end));
    header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
    const size_t equals = item.find('=');
    if (equals != std::string_view::npos && item.substr(0, equals) == name) return item.substr(equals + 1);
  }
  return {};
}

Response JsonResponse(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = "application/json; charset=utf-8";
  return response;
}

Response ErrorResponse(const Error& error, int64_t wait_seconds) {
  interaction::Response outcome = interaction::OutcomeOf(error);
  Response response;
  response.status = outcome.status;
  response.body = std::move(outcome.body);
  response.content_type = std::move(outcome.content_type);
  if (response.status == 401) response.AddHeader("WWW-Authenticate", "Bearer realm=\"tongkang\"");
  if (wait_seconds <= 0) wait_seconds = error.code == ErrorCode::kBusy ? 1 : 5;
  if (TraitsOf(error.code).retryable) response.AddHeader("Retry-After", std::to_string(wait_seconds));
  return response;
}

Pipeline::Pipeline(const PipelineOptions& options, access::SignOn* sign_on, access::AuditLog* audit,
                   Metrics* metrics, WorkerPool* workers)
    : options_(options),
      sign_on_(sign_on),
      audit_(audit),
      workers_(workers),
      numbers_(std::make_unique<Numbers>()) {
  numbers_->metrics = metrics;
  metrics->AddGauge("tongkang_http_requests_running", "Requests between their first step and their answer",
                    {}, [numbers = numbers_.get()] { return static_cast<double>(numbers->running.load()); });
  const auto of = [metrics, workers](const char* lane, auto member) {
    metrics->AddGauge("tongkang_http_worker_queue", "Heavy requests waiting for a worker", {{"lane", lane}},
                      [workers, member] { return static_cast<double>(workers->statistics().*member); });
  };
  of("quick", &WorkerPool::Statistics::waiting);
  of("long", &WorkerPool::Statistics::long_waiting);
  metrics->AddReadCounter("tongkang_http_became_long_total", "Requests that were moved to the long lane", {},
                          [workers] { return static_cast<double>(workers->statistics().became_long); });
  metrics->AddReadCounter("tongkang_http_long_refused_total", "Requests that found no room in the long lane",
                          {}, [workers] { return static_cast<double>(workers->statistics().refused); });
}
Pipeline::~Pipeline() = default;

void Pipeline::AddRoute(std::string prefix, RouteOptions options, RouteHandler handler) {
  CHECK(prefix.starts_with('/'));
  if (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
  options.body_bytes_max = std::min(options.body_bytes_max, options_.body_bytes_max);
  routes_.push_back(
      std::make_unique<Route>(Route{std::move(prefix), std::move(options), std::move(handler)}));
  std::stable_sort(routes_.begin(), routes_.end(),
                   [](const auto& a, const auto& b) { return a->prefix.size() > b->prefix.size(); });
}

const Route* Pipeline::Find(std::string_view path) const {
  for (const auto& route : routes_) {
    if (route->prefix == "/") return route.get();
    if (path.starts_with(route->prefix) &&
        (path.size() == route->prefix.size() || path[route->prefix.size()] == '/'))
      return route.get();
  }
  return nullptr;
}

Result<std::shared_ptr<const access::Viewer>> Pipeline::ViewerOf(const Request& request) {
  if (!request.machine.empty()) return sign_on_->ViewerOfMachine(request.machine);
  if (!request.authorization.empty()) {
    const std::string_view header = request.authorization;
    if (header.size() < 7 || !EqualsIgnoreCase(header.substr(0, 7), "Bearer ")) {
      return MakeError(ErrorCode::kUnauthenticated, "Authorization must be: Bearer <token>");
    }
    auto viewer = TRY(sign_on_->Verify(TrimSpace(header.substr(7)), access::TokenKind::kBearer));
    // A program's token is good where it was granted, not under every name that leads here.
    if (!viewer->issuer.empty() && viewer->issuer != BaseUrl(request))
      return MakeError(ErrorCode::kUnauthenticated, "this token was made for another address of this server");
    return viewer;
  }
  const std::string_view cookie = CookieOf(request.cookie, kCookieName);
  if (cookie.empty())
    return MakeError(ErrorCode::kUnauthenticated,
                     "not signed in: send Authorization: Bearer <token>, or sign in at /auth/sign-in");
  return sign_on_->Verify(cookie, access::TokenKind::kCookie);
}

// Nobody sends 64 MB before he has signed in.
HeadVerdict Pipeline::OnHead(const Request& request) {
  HeadVerdict verdict;
  const Route* const route = Find(request.path());
  const size_t route_max = route == nullptr ? 0 : route->options.body_bytes_max;
  const auto viewer = ViewerOf(request);
  verdict.payer = viewer.ok() ? (*viewer)->account : "@" + request.peer;
  verdict.body_bytes_max = viewer.ok() ? route_max : std::min(route_max, options_.anonymous_body_bytes_max);
  if (route == nullptr) verdict.body_bytes_max = options_.anonymous_body_bytes_max;  // read and answered 404
  return verdict;
}

Response Pipeline::Refuse(int status, std::string_view text) {
  Error error = MakeError(status == 413   ? ErrorCode::kTooLarge
                          : status == 429 ? ErrorCode::kBusy
                          : status == 503 ? ErrorCode::kUnavailable
                                          : ErrorCode::kIncorrect,
                          std::string(text));
  Response response = ErrorResponse(error);
  response.status = status;
  response.close = true;
  return response;
}

Status Pipeline::Unpack(Call* call) const {
  Request& request = call->request;
  if (request.content_encoding.empty() || EqualsIgnoreCase(request.content_encoding, "identity")) return {};
  const std::string payer = call->Payer();
  request.body = TRY(Decode(request.content_encoding, request.body, call->route->options.body_bytes_max,
                            [&](size_t bytes) { return call->unpacked.Reach(payer, bytes); }));
  return {};
}

// The steps before the work, in order. Whatever refuses here has already been given metrics and a request id.
Status Pipeline::Check(const CallPtr& call) {
  Request& request = call->request;
  // Limits: before anything is decoded.
  if (!request.method_known)
    return MakeError(ErrorCode::kUnsupported, "methods are GET, HEAD, POST, PUT, PATCH and DELETE");
  if (request.target.size() > options_.target_bytes_max) {
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("the URL has more than {} bytes; search with POST _search", options_.target_bytes_max));
  }
  if (!request.target.starts_with('/'))
    return MakeError(ErrorCode::kIncorrect, "the request target must begin with /");
  // Route: known first, as it says whether sign-on is needed; nothing runs yet.
  call->route = Find(request.path());
  // Sign-on: unknown paths are not told from known ones before it.
  auto viewer = ViewerOf(request);
  if (viewer.ok())
    call->viewer = *viewer;
  else if (call->route == nullptr || !call->route->options.open)
    return viewer.TakeError();
  if (call->route == nullptr) return MakeError(ErrorCode::kNotFound, "there is nothing at this path");
  // Cross-site: a browser sends our cookie by itself, but never this header.
  const bool changes = request.method != Method::kGet && request.method != Method::kHead;
  if (changes && call->viewer != nullptr && call->viewer->by_cookie && request.csrf != "1" &&
      !call->route->options.own_forms) {
    return MakeError(
        ErrorCode::kForbidden,
        "requests that change something and are signed in by cookie need the header X-Tongkang: 1");
  }
  // Access: what the route itself asks; types and areas are the interactions' and the search's.
  const std::string& operation = call->route->options.operation;
  if (!operation.empty() && (call->viewer == nullptr || !call->viewer->MayCall(operation))) {
    return MakeError(ErrorCode::kForbidden,
                     fmt::format("your post may not do this (operation '{}')", operation));
  }
  // Audit: nothing is served that could not be recorded.
  if (call->route->options.audited && !audit_->healthy()) {
    return MakeError(ErrorCode::kUnavailable,
                     "the audit cannot be written at present; nothing is served without it");
  }
  const size_t prefix = call->route->prefix == "/" ? 0 : call->route->prefix.size();
  call->path = TRY(PathParts(request.path().substr(prefix)));
  // What changes something cannot be unsaid when its answer is large: it waits until there is room.
  if (changes) return CheckAnswerRoom(*call);
  return {};
}

Status Pipeline::CheckAnswerRoom(const Call& call) const {
  if (!call.MustReadFirst()) return {};
  return MakeError(ErrorCode::kBusy, "too many large answers wait to be read; read them, then try again");
}

void Pipeline::Handle(CallPtr call) {
  numbers_->running.fetch_add(1, std::memory_order_relaxed);  // metrics: what runs, and since when
  call->begin_us = MonotonicUs();
  call->request_id = RequestIdOf(call->request);  // request id: every line and answer has it
  if (!options_.proxies.empty())
    call->request.peer = options_.proxies.ClientOf(call->request.peer, call->request.forwarded_for);
  if (Status good = Check(call); !good.ok()) {
    if (call->request.method_known) return AnswerError(call, good.error());
    Response refusal = ErrorResponse(good.error());
    refusal.status = 405;
    refusal.AddHeader("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
    return Answer(call, std::move(refusal));
  }
  const bool packed = !call->request.content_encoding.empty();
  if (packed && call->request.body.size() > kUnpackOnWorkerBytes) {
    return RunOnWorker(call, [this, call] { Run(call); });
  }
  Run(call);
}

// The last catch: whatever a handler throws is a defect of ours, told with a request id and nothing else.
void Pipeline::Run(const CallPtr& call) {
  const char* what = nullptr;
  try {
    if (Status good = Unpack(call.get()); !good.ok()) {
      Response refusal = ErrorResponse(good.error());
      if (good.error().code == ErrorCode::kUnsupported) {
        refusal.status = 415;
        refusal.AddHeader("Accept-Encoding", "gzip, zstd");
      }
      return Answer(call, std::move(refusal));
    }
    call->route->handler(*this, call);
    return;
  } catch (const std::bad_alloc&) {
    return AnswerError(call, MakeError(ErrorCode::kUnavailable, "not enough memory for this request"));
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "something that is no exception";
  }
  AnswerError(call,
              MakeError(ErrorCode::kInternal, "a defect in the server; report it with the request id", what));
}

void Pipeline::RunOnWorker(const CallPtr& call, std::function<void()> work) {
  // Who has not signed in takes turns by address: his tries hold up nobody's searches. By its turn there may be no room for an answer any more.
  const auto begin = [this, call, work = std::move(work)] {
    const bool changes = call->request.method != Method::kGet && call->request.method != Method::kHead;
    const Status room = changes ? CheckAnswerRoom(*call) : Status();
    if (room.ok()) return work();
    AnswerError(call, room.error());
  };
  if (!workers_->Submit(call->Payer(), begin))
    AnswerError(call, MakeError(ErrorCode::kBusy, "the server is busy; try again in a second"));
}

void Pipeline::AnswerError(const CallPtr& call, const Error& error) {
  if (error.code == ErrorCode::kInternal || error.code == ErrorCode::kCorrupt) {
    const std::string text = error.ToString();
    Say(LogLevel::kError, "request-failed",
        {{"request", std::string_view(call->request_id)}, {"error", std::string_view(text)}});
  }
  Answer(call, ErrorResponse(error));
}

void Pipeline::Answer(const CallPtr& call, Response response) {
  if (OnHttpThread()) return Audit(call, std::move(response));
  // The log writer's thread must not wait for compression: over to the connection's own.
  call->Post([this, call, answer = std::make_shared<Response>(std::move(response))] {
    Audit(call, std::move(*answer));
  });
}

Status Pipeline::AuditIntent(const Call& call, std::string_view action, std::string_view type,
                             std::string_view id, std::string_view reason) {
  access::AuditRecord record;
  record.viewer = call.viewer;
  record.account = call.audit_account;
  record.action = action;
  record.type = std::string(type);
  record.id = std::string(id);
  record.request_id = call.request_id;
  record.reason = reason;
  auto promise = std::make_shared<std::promise<Status>>();
  auto written = promise->get_future();
  TRY(audit_->Append(std::move(record),
                     [promise](Status durable) { promise->set_value(std::move(durable)); }));
  return written.get();
}

void Pipeline::Audit(const CallPtr& call, Response response) {
  HoldAnswer(call, &response);  // first: the audit tells what is answered
  const bool somebody = call->viewer != nullptr || !call->audit_account.empty();
  if (call->route == nullptr || !call->route->options.audited || (!somebody && call->audit_action.empty())) {
    return Finish(call, std::move(response));
  }
  access::AuditRecord record;
  record.viewer = call->viewer;
  record.account = call->audit_account;
  record.action = !call->audit_action.empty() ? call->audit_action : NameOf(call->request.method);
  record.type = call->audit_type;  // what the work recognised; never what somebody has only typed into a path
  record.id = call->audit_id;
  record.owner = call->audit_owner;
  record.owners = std::move(call->audit_owners);
  record.t = call->audit_t;
  record.status = response.status;
  record.request_id = call->request_id;
  record.reason = call->audit_reason;
  record.damaged = call->audit_damaged;
  record.unseen = call->audit_unseen;
  const auto unaudited = [] {
    return ErrorResponse(
        MakeError(ErrorCode::kUnavailable, "the audit could not be written, so there is no answer"));
  };
  if (!access::NeedsDurableRecord(record.action)) {
    const Status taken = audit_->Append(std::move(record));
    return Finish(call, taken.ok() ? std::move(response) : unaudited());
  }
  auto held = std::make_shared<Response>(std::move(response));
  const Status taken = audit_->Append(std::move(record), [this, call, held, unaudited](Status durable) {
    Response answer = durable.ok() ? std::move(*held) : unaudited();
    call->Post([this, call, ready = std::make_shared<Response>(std::move(answer))] {
      Finish(call, std::move(*ready));
    });
  });
  if (!taken.ok()) Finish(call, unaudited());
}

// Until its reader has it. What only reads is refused when there is no room.
void Pipeline::HoldAnswer(const CallPtr& call, Response* response) const {
  const size_t bytes = response->body.size();
  if (bytes <= ByteBudget::kCounted) return;
  const bool reads = call->request.method == Method::kGet || call->request.method == Method::kHead;
  if (!reads) return call->answered.ReachAnyhow(call->Payer(), bytes);
  if (call->answered.Reach(call->Payer(), bytes)) return;
  *response = ErrorResponse(
      MakeError(ErrorCode::kBusy, "too many large answers wait to be read; read them, then try again"));
}

void Pipeline::Finish(const CallPtr& call, Response response) {
  response.AddHeader("X-Request-Id", call->request_id);
  if (response.headers.find("Cache-Control:") == std::string::npos)
    response.AddHeader("Cache-Control", "no-store");
  if (call->request.tls) response.AddHeader("Strict-Transport-Security", "max-age=31536000");
  const bool packable = response.shared_body == nullptr && response.content_encoding.empty() &&
                        response.events == nullptr && response.body.size() >= options_.compress_bytes_min;
  if (packable) {
    response.AddHeader("Vary", "Accept-Encoding");
    const Coding coding = ChooseCoding(call->request.accept_encoding);
    if (coding != Coding::kIdentity) {
      response.body = Encode(coding, response.body);
      response.content_encoding = NameOf(coding);
    }
  }
  call->answered.Shrink(response.body.size());
  const int64_t us = MonotonicUs() - call->begin_us;
  Count(*call, response.status, us);
  const bool broken = response.status >= 500;
  if (broken || options_.log_requests) {
    const std::string_view account =
        call->viewer != nullptr ? std::string_view(call->viewer->account) : std::string_view("-");
    Say(broken ? LogLevel::kWarning : LogLevel::kInfo, "request",
        {{"request", std::string_view(call->request_id)},
         {"method", NameOf(call->request.method)},
         {"route", call->route != nullptr ? std::string_view(call->route->prefix) : std::string_view("-")},
         {"status", int64_t{response.status}},
         {"us", us},
         {"account", account}});
  }
  numbers_->running.fetch_sub(1, std::memory_order_relaxed);
  call->Complete(std::move(response));
}

void Pipeline::Count(const Call& call, int status, int64_t us) {
  const std::string route = call.route != nullptr ? call.route->prefix : "none";
  Counter* counter = nullptr;
  Histogram* seconds = nullptr;
  {
    const std::shared_lock<std::shared_mutex> hold(numbers_->mutex);
    if (const auto at = numbers_->by_status.find({call.route, status}); at != numbers_->by_status.end())
      counter = at->second;
    if (const auto at = numbers_->seconds.find(call.route); at != numbers_->seconds.end())
      seconds = at->second;
  }
  if (counter == nullptr || seconds == nullptr) {
    const std::unique_lock<std::shared_mutex> hold(numbers_->mutex);
    counter = numbers_->by_status[{call.route, status}] =
        numbers_->metrics->AddCounter("tongkang_http_requests_total", "Answered requests",
                                      {{"route", route}, {"status", std::to_string(status)}});
    seconds = numbers_->seconds[call.route] = numbers_->metrics->AddHistogram(
        "tongkang_http_request_seconds", "From the read head and body to the ready answer",
        {{"route", route}}, kSecondsBounds);
  }
  counter->Increment();
  seconds->Observe(static_cast<double>(us) / 1e6);
}

std::optional<std::string> Pipeline::OwnUrl(const Request& request) const {
  if (!options_.public_url.empty()) return options_.public_url;
  std::string_view host = request.host;
  uint16_t port = request.tls ? 443 : 80;
  // An address of IPv6 stands in brackets, with colons of its own.
  const size_t colon = host.ends_with(']') ? std::string_view::npos : host.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view digits = host.substr(colon + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::string_view local = request.local;
  constexpr std::string_view kMapped = "::ffff:";
  if (local.starts_with(kMapped)) local.remove_prefix(kMapped.size());
  const bool loopback = local.starts_with("127.") || local == "::1";
  if (port != request.local_port) return std::nullopt;
  if (host == local || (loopback && EqualsIgnoreCase(host, "localhost"))) return BaseUrl(request);
  return std::nullopt;
}

std::string Pipeline::BaseUrl(const Request& request) const {
  if (!options_.public_url.empty()) return options_.public_url;
  const bool good = !request.host.empty() && request.host.size() <= 255 &&
                    std::all_of(request.host.begin(), request.host.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
                    });
  std::string url = request.tls ? "https://" : "http://";
  return url.append(good ? std::string_view(request.host) : "localhost");
}

}  // namespace tk::http
