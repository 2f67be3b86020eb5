// The routes of /app/health-card/: POST all, with a JSON object, since what they say is about persons and must stand in no URL.
#include <fmt/format.h>

#include <algorithm>

#include "apps/health-card/desk.h"
#include "kernel/base/text.h"

namespace tk::health_card {
namespace {

struct Route {
  std::string_view name;
  Operation run;
};
constexpr Route kRoutes[] = {{"issue", Issue},          {"reissue", Reissue},     {"report-loss", ReportLoss},
                             {"close", Close},          {"link", Link},           {"unlink", Unlink},
                             {"present", Present},      {"print", Print},         {"family", Family},
                             {"verify", Verify},        {"uses", Uses},           {"offline", OfflineList},
                             {"rotate-key", RotateKey}, {"revoke-key", RevokeKey}};

Error NoRoute() {
  std::string names;
  for (const Route& route : kRoutes) names += fmt::format("{}{}", names.empty() ? "" : ", ", route.name);
  return MakeError(ErrorCode::kNotFound, fmt::format("the health card offers: settings, {}", names));
}

Result<fhir::Document> ReadBody(const interaction::Request& request) {
  if (request.body.empty()) return fhir::Document::Parse("{}");
  if (!request.content_type.starts_with("application/json") &&
      !request.content_type.starts_with("application/fhir+json"))
    return MakeError(ErrorCode::kUnsupported, "send Content-Type: application/json");
  fhir::Document body = TRY(fhir::Document::Parse(request.body));
  if (!body.Root().is_object()) return MakeError(ErrorCode::kIncorrect, "send one JSON object");
  return body;
}

class CardOperations final : public app::Operations {
 public:
  explicit CardOperations(StatePtr state) : state_(std::move(state)) {}
  // Writes in flight hold the state: the thread that plans them again ends here, while there is an engine.
  ~CardOperations() override { state_->writing.reset(); }

  void Handle(interaction::Request request, interaction::Done done) override {
    const auto route = std::find_if(std::begin(kRoutes), std::end(kRoutes), [&](const Route& each) {
      return request.path.size() == 1 && each.name == request.path[0];
    });
    if (route == std::end(kRoutes)) return done(interaction::OutcomeOf(NoRoute()));
    if (request.method != interaction::Method::kPost) {
      interaction::Response refusal =
          interaction::OutcomeOf(MakeError(ErrorCode::kUnsupported, "ask with POST and a JSON object"));
      refusal.status = 405;
      refusal.headers.emplace_back("Allow", "POST");
      return done(std::move(refusal));
    }
    auto body = ReadBody(request);
    if (!body.ok()) return done(interaction::OutcomeOf(body.error()));
    auto ask = std::make_shared<Ask>();
    ask->state = state_;
    ask->viewer = request.viewer;
    ask->body = std::move(body).value();
    ask->done = std::move(done);
    route->run(ask);
  }

 private:
  const StatePtr state_;
};

}  // namespace
}  // namespace tk::health_card

namespace tk::app {

Result<std::unique_ptr<Operations>> MakeOperationsOf_health_card(const Context& context);
Result<std::unique_ptr<Operations>> MakeOperationsOf_health_card(const Context& context) {
  auto state = std::make_shared<health_card::State>();
  state->context = context;
  state->settings = TRY(health_card::ReadSettings(context.settings));
  const health_card::Settings& settings = state->settings;
  state->ring = TRY(health_card::KeyRing::Open(
      {context.folder, settings.suite, settings.key_overlap_s, settings.static_days * 86'400},
      state->NowSeconds()));
  state->writing = std::make_unique<health_card::Writing>(context.engine);
  return std::unique_ptr<Operations>(std::make_unique<health_card::CardOperations>(std::move(state)));
}

}  // namespace tk::app
