// The routes of /app/screening/.
#include <fmt/format.h>

#include "apps/screening/daily.h"
#include "apps/screening/entries.h"
#include "apps/screening/import_jobs.h"
#include "kernel/interaction/outcome.h"

namespace tk::screening {
namespace {

using interaction::Request;
using interaction::Response;

struct Parts {
  const app::Context& context;
  ImportJobs& jobs;
  const Daily& daily;
};
struct Route {
  std::string_view name, action;  // action: as the audit calls it
  Result<Response> (*handle)(const Parts&, const Request&);
};
Result<Response> Entries(const Parts& parts, const Request& request) {
  return HandleEntries(parts.context, request);
}
Result<Response> Self(const Parts& parts, const Request& request) {
  return HandleSelf(parts.context, request);
}
Result<Response> Import(const Parts& parts, const Request& request) { return parts.jobs.Handle(request); }
Result<Response> Template(const Parts&, const Request& request) { return HandleTemplate(request); }
Result<Response> ByDay(const Parts& parts, const Request& request) { return parts.daily.Handle(request); }
constexpr Route kRoutes[] = {{"entries", "create", Entries},
                             {"self", "create", Self},
                             {"import", "import", Import},
                             {"imports", "import", Import},
                             {"import-template", "import", Template},
                             {"daily", "report", ByDay},
                             {"statistics", "report", ByDay}};

class ScreeningOperations final : public app::Operations {
 public:
  explicit ScreeningOperations(app::Context context)
      : context_(std::move(context)), jobs_(context_), daily_(context_) {}

  void Handle(Request request, interaction::Done done) override {
    for (const Route& route : kRoutes) {
      if (request.path.empty() || request.path[0] != route.name) continue;
      auto answer = route.handle({context_, jobs_, daily_}, request);
      Response response = answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error());
      response.audit_type = "Observation";
      response.audit_action = route.action;
      return done(std::move(response));
    }
    done(interaction::OutcomeOf(MakeError(
        ErrorCode::kNotFound,
        "screening offers: settings, entries, self, import, imports, import-template, daily, statistics")));
  }

 private:
  const app::Context context_;
  ImportJobs jobs_;
  const Daily daily_;
};

}  // namespace
}  // namespace tk::screening

namespace tk::app {

Result<std::unique_ptr<Operations>> MakeOperationsOf_screening(const Context& context);
Result<std::unique_ptr<Operations>> MakeOperationsOf_screening(const Context& context) {
  return std::unique_ptr<Operations>(std::make_unique<screening::ScreeningOperations>(context));
}

}  // namespace tk::app
