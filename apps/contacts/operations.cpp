// The routes of /app/contacts/: name (naming.h) and chain (chain.h).
#include "apps/contacts/chain.h"
#include "apps/contacts/naming.h"
#include "kernel/interaction/outcome.h"

namespace tk::contacts {
namespace {

using interaction::Method;
using interaction::Request;
using interaction::Response;

struct Route {
  std::string_view name, action, type;  // action, type: as the audit calls them
  bool is_write;
  Result<Response> (*handle)(const app::Context&, const Request&);
};
constexpr Route kRoutes[] = {{"name", "create", "Exposure", true, HandleName},
                             {"chain", "report", "Patient", false, HandleChain}};

Result<Response> Handled(const app::Context& context, const Route& route, const Request& request) {
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  if (route.is_write ? request.method != Method::kPost : !reads)
    return interaction::Refusal(405, "not-supported",
                                route.is_write ? "This is sent by POST." : "This is read by GET.");
  return route.handle(context, request);
}

class ContactsOperations final : public app::Operations {
 public:
  explicit ContactsOperations(app::Context context) : context_(std::move(context)) {}

  void Handle(Request request, interaction::Done done) override {
    for (const Route& route : kRoutes) {
      if (request.path.size() != 1 || request.path[0] != route.name) continue;
      auto answer = Handled(context_, route, request);
      Response response = answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error());
      response.audit_type = route.type;
      response.audit_action = route.action;
      return done(std::move(response));
    }
    done(interaction::OutcomeOf(MakeError(ErrorCode::kNotFound, "contacts offers: settings, name, chain")));
  }

 private:
  const app::Context context_;
};

}  // namespace
}  // namespace tk::contacts

namespace tk::app {

Result<std::unique_ptr<Operations>> MakeOperationsOf_contacts(const Context& context);
Result<std::unique_ptr<Operations>> MakeOperationsOf_contacts(const Context& context) {
  return std::unique_ptr<Operations>(std::make_unique<contacts::ContactsOperations>(context));
}

}  // namespace tk::app
