#include <fmt/format.h>

#include "kernel/base/text.h"
#include "kernel/http/routes.h"

namespace tk::http {
namespace {

std::string Describe(const Readiness& now) {
  std::string views;
  for (const Readiness::View& view : now.views) {
    views +=
        fmt::format(R"({}{{"view":"{}","state":"{}","t":{},"t_wanted":{},"progress":{:.3f}}})",
                    views.empty() ? "" : ",", view.name, view.state, view.t, view.t_wanted, view.progress);
  }
  std::string reasons;
  for (const std::string_view reason : now.reasons) {
    if (!reasons.empty()) reasons += ',';
    AppendJsonString(reason, &reasons);
  }
  return fmt::format(R"({{"ready":{},"progress":{:.3f},"reasons":[{}],"views":[{}]}})", now.ready,
                     now.progress, reasons, views);
}

}  // namespace

void AddHealthRoutes(Pipeline* pipeline, std::function<Readiness()> readiness) {
  RouteOptions options;
  options.open = true;
  options.audited = false;
  const auto ready = [readiness](Pipeline& way, const CallPtr& call) {
    const Readiness now = readiness();
    Response response = JsonResponse(now.ready ? 200 : 503, Describe(now));
    if (!now.ready) response.AddHeader("Retry-After", "1");
    way.Answer(call, std::move(response));
  };
  pipeline->AddRoute("/health", options, [](Pipeline& way, const CallPtr& call) {
    way.Answer(call, JsonResponse(200, R"({"alive":true})"));
  });
  pipeline->AddRoute("/health/ready", options, ready);
  pipeline->AddRoute("/ready", options, ready);
}

void AddRebuildRoute(Pipeline* pipeline, std::function<Status(std::string_view)> request,
                     std::function<Readiness()> readiness) {
  RouteOptions options;
  options.operation = "rebuild";
  options.body_bytes_max = 1024;
  pipeline->AddRoute("/admin/views", options, [request, readiness](Pipeline& way, const CallPtr& call) {
    call->audit_action = "rebuild";
    if (call->request.method != Method::kPost || call->path.size() != 2 || call->path[1] != "rebuild") {
      return way.AnswerError(call,
                             MakeError(ErrorCode::kNotFound, "there is POST /admin/views/NAME/rebuild"));
    }
    if (const Status asked = request(call->path[0]); !asked.ok()) return way.AnswerError(call, asked.error());
    way.Answer(call, JsonResponse(202, Describe(readiness())));
  });
}

void AddJobsRoute(Pipeline* pipeline, std::function<std::string()> describe) {
  RouteOptions options;
  options.operation = "metrics";
  pipeline->AddRoute("/admin/jobs", options, [describe](Pipeline& way, const CallPtr& call) {
    call->audit_action = "jobs";
    if (call->request.method != Method::kGet || !call->path.empty())
      return way.AnswerError(call, MakeError(ErrorCode::kNotFound, "there is GET /admin/jobs"));
    way.Answer(call, JsonResponse(200, describe()));
  });
}

void AddMetricsRoute(Pipeline* pipeline, const Metrics* metrics) {
  RouteOptions options;
  options.open = true;
  options.audited = false;
  pipeline->AddRoute("/metrics", options, [metrics](Pipeline& way, const CallPtr& call) {
    // Also from this machine itself: behind a proxy everybody looks local.
    if (call->viewer == nullptr || !call->viewer->MayCall("metrics")) {
      return way.AnswerError(
          call, call->viewer == nullptr
                    ? MakeError(ErrorCode::kUnauthenticated, "metrics are for signed-in operators")
                    : MakeError(ErrorCode::kForbidden, "your post may not do this (operation 'metrics')"));
    }
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics->Text();
    way.Answer(call, std::move(response));
  });
}

}  // namespace tk::http
