// The routes of /app/exchange/: HL7 v2 messages, and what is done with those that were refused.
#include <fmt/format.h>

#include <algorithm>

#include "apps/exchange/hl7v2.h"
#include "apps/exchange/kept.h"
#include "kernel/app/asking.h"
#include "kernel/interaction/permit.h"

namespace tk::exchange_app {
namespace {

using interaction::Done;
using interaction::Method;
using interaction::Request;
using interaction::Response;

/// The id in {"message": "ExchangeMessage/…"}.
Result<std::string> MessageOf(const Request& request) {
  constexpr std::string_view kPrefix = "ExchangeMessage/";
  const fhir::Document body = TRY(fhir::Document::Parse(request.body));
  const std::string message = body.Root()["message"].ToString();
  if (!message.starts_with(kPrefix) || message.size() == kPrefix.size())
    return MakeIssue(ErrorCode::kIncorrect, "required", "message", "Name the message: ExchangeMessage/….");
  return message.substr(kPrefix.size());
}

/// Who sent it, as far as the platform takes it in his name: in his area, as his account. What his post had no right to send was never kept.
Result<std::shared_ptr<const access::Viewer>> AsSender(const Kept& kept) {
  auto viewer = std::make_shared<access::Viewer>(*app::PlatformViewer());
  viewer->account = kept.sender;
  viewer->area = kept.area;
  viewer->organization = kept.organization;
  if (!kept.area.empty()) {
    const auto range = TRY(view::AreaRange(kept.area));
    viewer->scope.everything = false;
    viewer->scope.area_low = range.first;
    viewer->scope.area_high = range.second;
  }
  return std::shared_ptr<const access::Viewer>(std::move(viewer));
}

Result<Response> Replay(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "exchange-replay"));
  const std::string id = TRY(MessageOf(request));
  Kept kept = TRY(Find(context, id));
  Request again;
  again.method = Method::kPost;
  again.content_type = std::string(kHl7Type);
  again.base_url = request.base_url;
  again.request_id = request.request_id;
  again.deadline_us = request.deadline_us;
  again.viewer = TRY(AsSender(kept));
  again.body = std::move(kept.bytes);
  const Response taken = TakeHl7(context, again);
  // The acknowledgement is the sender's: it has alerts. What was said of the message stands in it (ExchangeMessage.outcome).
  Response response = app::JsonAnswer(200, fmt::format(R"({{"message":"ExchangeMessage/{}","status":"{}"}})",
                                                       id, taken.status < 300 ? "accepted" : "refused"));
  response.audit_type = "ExchangeMessage";
  response.audit_id = id;
  response.audit_owners = taken.audit_owners;
  response.audit_t = taken.audit_t;
  return response;
}

Result<Response> DiscardIt(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "exchange-discard"));
  const std::string id = TRY(MessageOf(request));
  TRY(Discard(context, id));
  Response response =
      app::JsonAnswer(200, fmt::format(R"({{"message":"ExchangeMessage/{}","status":"discarded"}})", id));
  response.audit_type = "ExchangeMessage";
  response.audit_id = id;
  return response;
}

struct Route {
  std::string_view name, action;
  Result<Response> (*handle)(const app::Context&, const Request&);
};
constexpr Route kRoutes[] = {{"discard", "discard", DiscardIt}, {"replay", "replay", Replay}};

class ExchangeOperations final : public app::Operations {
 public:
  explicit ExchangeOperations(app::Context context) : context_(std::move(context)) {}

  void Handle(Request request, Done done) override {
    const std::string name = request.path.empty() ? std::string() : request.path[0];
    const auto* const route = std::find_if(std::begin(kRoutes), std::end(kRoutes),
                                           [&](const Route& each) { return each.name == name; });
    if (name != "hl7v2" && route == std::end(kRoutes))
      return done(interaction::OutcomeOf(
          MakeError(ErrorCode::kNotFound, "the exchange offers: settings, hl7v2, replay, discard")));
    if (request.method != Method::kPost) {
      Response refusal =
          interaction::OutcomeOf(MakeError(ErrorCode::kUnsupported, "this address is asked with POST"));
      refusal.status = 405;
      refusal.headers.emplace_back("Allow", "POST");
      return done(std::move(refusal));
    }
    if (route == std::end(kRoutes)) return HandleHl7(context_, std::move(request), std::move(done));
    auto answer = route->handle(context_, request);
    Response response = answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error());
    response.audit_action = route->action;
    done(std::move(response));
  }

 private:
  const app::Context context_;
};

}  // namespace
}  // namespace tk::exchange_app

namespace tk::app {

Result<std::unique_ptr<Operations>> MakeOperationsOf_exchange(const Context& context);
Result<std::unique_ptr<Operations>> MakeOperationsOf_exchange(const Context& context) {
  return std::unique_ptr<Operations>(std::make_unique<exchange_app::ExchangeOperations>(context));
}

}  // namespace tk::app
