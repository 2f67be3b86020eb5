// HTTP to interaction::Request and back. Nothing here knows what an interaction does.
#include <fmt/format.h>

#include <map>
#include <mutex>

#include "kernel/base/text.h"
#include "kernel/http/routes.h"
#include "kernel/interaction/prefer.h"

namespace tk::http {
namespace {

// Who asks for the capability statement without having signed in: may nothing.
const std::shared_ptr<const access::Viewer>& Nobody() {
  static const auto nobody = [] {
    auto viewer = std::make_shared<access::Viewer>();
    viewer->account = "-";
    viewer->post = std::make_shared<const access::Post>();
    viewer->scope.everything = false;  // and an empty range of areas
    return std::shared_ptr<const access::Viewer>(std::move(viewer));
  }();
  return nobody;
}

interaction::Request ToInteraction(const Pipeline& pipeline, Call* call) {
  Request& http = call->request;
  interaction::Request request;
  // HEAD is GET all the way, so that its headers are the same; the session leaves the body out.
  request.method = http.method == Method::kHead ? Method::kGet : http.method;
  request.path = std::move(call->path);
  request.query = std::string(http.query());
  request.body = std::move(http.body);
  request.content_type =
      ToLower(TrimSpace(std::string_view(http.content_type).substr(0, http.content_type.find(';'))));
  // The type alone is what the interactions look at, unless its parameters say that it is of another version of FHIR or no UTF-8.
  if (const size_t end = http.content_type.find(';'); end != std::string::npos) {
    const auto parameters = std::string_view(http.content_type).substr(end);
    if (interaction::AsksOtherVersion(parameters) || interaction::NamesOtherCharset(parameters))
      request.content_type = http.content_type;
  }
  // Most are not there, and to move an empty text costs as much as to move one.
  const auto take = [](std::string* from, std::string* to) {
    if (!from->empty()) *to = std::move(*from);
  };
  take(&http.accept, &request.accept);
  take(&http.if_match, &request.if_match);
  take(&http.if_none_match, &request.if_none_match);
  take(&http.if_none_exist, &request.if_none_exist);
  take(&http.if_modified_since, &request.if_modified_since);
  take(&http.prefer, &request.prefer);
  take(&http.idempotency_key, &request.idempotency_key);
  request.base_url = pipeline.BaseUrl(http) + "/fhir";
  request.request_id = call->request_id;
  request.deadline_us = pipeline.DeadlineOf(*call);
  request.viewer = call->viewer != nullptr ? call->viewer : Nobody();
  return request;
}

Response ToHttp(interaction::Response&& answer, Call* call) {
  Response response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  if (!response.body.empty()) response.content_type = std::move(answer.content_type);
  if (!answer.etag.empty()) response.AddHeader("ETag", answer.etag);
  if (answer.last_modified_us != 0) response.AddHeader("Last-Modified", HttpDate(answer.last_modified_us));
  if (!answer.location.empty()) response.AddHeader("Location", answer.location);
  bool says_when = false;
  for (const auto& [name, value] : answer.headers) {
    response.AddHeader(name, value);
    says_when = says_when || EqualsIgnoreCase(name, "Retry-After");
  }
  if (response.status == 401) response.AddHeader("WWW-Authenticate", "Bearer realm=\"tongkang\"");
  if ((response.status == 429 || response.status == 503) && !says_when)
    response.AddHeader("Retry-After", "1");
  call->audit_type = std::move(answer.audit_type);
  call->audit_id = std::move(answer.audit_id);
  call->audit_owners = std::move(answer.audit_owners);
  call->audit_owner = answer.audit_owner;
  call->audit_t = answer.audit_t;
  call->audit_reason = answer.audit_reason;
  call->audit_damaged = answer.audit_damaged;
  call->audit_unseen = answer.audit_unseen;
  if (!answer.audit_action.empty()) call->audit_action = answer.audit_action;
  return response;
}

/// What one network thread has read and not handed over yet. (A worker that has unpacked a body puts its request into a box of its own, which
/// the network thread empties: hence the lock.)
struct Box {
  std::mutex mutex;
  std::vector<interaction::Asked> asked;
};

// All that the sockets had is read and signed on before the first of it is handed over: the drain stands behind them in the thread's queue.
void Gather(const std::shared_ptr<const FhirPort>& port, const CallPtr& call, interaction::Asked asked) {
  thread_local std::map<const FhirPort*, std::shared_ptr<Box>> boxes;
  std::shared_ptr<Box>& box = boxes[port.get()];
  if (box == nullptr) box = std::make_shared<Box>();
  {
    const std::lock_guard lock(box->mutex);
    box->asked.push_back(std::move(asked));
    if (box->asked.size() > 1) return;
  }
  call->Post([port, box = box] {
    std::vector<interaction::Asked> all;
    {
      const std::lock_guard lock(box->mutex);
      all.swap(box->asked);
    }
    port->handle_all(std::move(all));
  });
}

void Serve(const std::shared_ptr<const FhirPort>& shared, Pipeline& pipeline, const CallPtr& call) {
  const FhirPort& port = *shared;
  interaction::Request request = ToInteraction(pipeline, call.get());
  auto done = [&pipeline, call](interaction::Response&& answer) {
    pipeline.Answer(call, ToHttp(std::move(answer), call.get()));
  };
  if (port.is_gathered && port.is_gathered(request))
    return Gather(shared, call,
                  {std::move(request), std::move(done), [&pipeline, call](std::function<void()> work) {
                     pipeline.RunOnWorker(call, std::move(work));
                   }});
  if (!port.is_heavy(request)) return port.handle(std::move(request), std::move(done));
  const std::string_view operation = request.path.empty() ? std::string_view() : request.path.back();
  if (operation == "$erase" || operation == "$emergency-access") {
    const std::string_view action = operation == "$erase" ? "erase-asked" : "emergency-asked";
    request.note_intent = [&pipeline, call, action](std::string_view type, std::string_view id,
                                                    std::string_view reason) {
      return pipeline.AuditIntent(*call, action, type, id, reason);
    };
  }
  auto held = std::make_shared<interaction::Request>(std::move(request));
  pipeline.RunOnWorker(call, [&port, &pipeline, call, held, done] {
    try {
      port.handle(std::move(*held), done);
    } catch (const std::exception& error) {
      // Only before `done` was called: an answer given is not given twice.
      if (!call->done())
        pipeline.AnswerError(
            call, MakeError(ErrorCode::kInternal, "a defect in the server; report it with the request id",
                            error.what()));
    }
  });
}

}  // namespace

void AddFhirRoutes(Pipeline* pipeline, FhirPort port) {
  auto shared = std::make_shared<const FhirPort>(std::move(port));
  RouteOptions options;
  options.body_bytes_max = pipeline->options().body_bytes_max;
  pipeline->AddRoute("/fhir", options,
                     [shared](Pipeline& way, const CallPtr& call) { Serve(shared, way, call); });
  RouteOptions open = options;
  open.open = true;
  open.audited = false;
  pipeline->AddRoute("/fhir/metadata", open, [shared](Pipeline& way, const CallPtr& call) {
    call->path.insert(call->path.begin(), "metadata");
    Serve(shared, way, call);
  });
}

void AddAppRoutes(Pipeline* pipeline, std::function<void(interaction::Request, interaction::Done)> handle) {
  RouteOptions options;
  options.body_bytes_max = pipeline->options().body_bytes_max;  // tables of a million rows come here
  pipeline->AddRoute("/app", options, [handle = std::move(handle)](Pipeline& way, const CallPtr& call) {
    way.RunOnWorker(call, [&way, call, &handle] {
      handle(ToInteraction(way, call.get()), [&way, call](interaction::Response answer) {
        way.Answer(call, ToHttp(std::move(answer), call.get()));
      });
    });
  });
}

FhirPort PortOf(const interaction::Interactions* interactions) {
  return {
      [interactions](interaction::Request&& request, interaction::Done done) {
        interactions->Handle(std::move(request), std::move(done));
      },
      [interactions](const interaction::Request& request) { return interactions->IsHeavy(request); },
      [interactions](std::vector<interaction::Asked> asked) { interactions->HandleAll(std::move(asked)); },
      [interactions](const interaction::Request& request) { return interactions->IsGathered(request); }};
}

}  // namespace tk::http
