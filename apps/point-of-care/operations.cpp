// The routes of /app/point-of-care/: CDS Hooks, the acknowledgement, lists from tables. Everything is asked of the interactions as the caller, so rights are theirs.
#include "apps/point-of-care/acknowledge.h"
#include "apps/point-of-care/hooks.h"
#include "apps/point-of-care/list_import.h"

namespace tk::point_of_care {
namespace {

struct Route {
  std::string_view name;
  void (*handle)(const app::Context&, interaction::Request, interaction::Done);
};
constexpr Route kRoutes[] = {
    {"acknowledge", HandleAcknowledge}, {"cds-services", HandleHooks}, {"import", HandleImport}};

class CareOperations final : public app::Operations {
 public:
  explicit CareOperations(app::Context context) : context_(std::move(context)) {}

  void Handle(interaction::Request request, interaction::Done done) override {
    for (const Route& route : kRoutes) {
      if (!request.path.empty() && request.path[0] == route.name)
        return route.handle(context_, std::move(request), std::move(done));
    }
    done(interaction::OutcomeOf(MakeError(
        ErrorCode::kNotFound, "the point of care offers: settings, acknowledge, cds-services, import")));
  }

 private:
  const app::Context context_;
};

}  // namespace
}  // namespace tk::point_of_care

namespace tk::app {

Result<std::unique_ptr<Operations>> MakeOperationsOf_point_of_care(const Context& context);
Result<std::unique_ptr<Operations>> MakeOperationsOf_point_of_care(const Context& context) {
  return std::unique_ptr<Operations>(std::make_unique<point_of_care::CareOperations>(context));
}

}  // namespace tk::app
