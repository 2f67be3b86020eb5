// The routes of /app/roster/.
#include <fmt/format.h>

#include "apps/roster/closing.h"
#include "apps/roster/coming_back.h"
#include "apps/roster/day.h"
#include "apps/roster/tables.h"
#include "kernel/exchange/table_reader.h"
#include "kernel/interaction/outcome.h"

namespace tk::roster {
namespace {

using interaction::Method;
using interaction::Request;
using interaction::Response;

Result<Response> Template(const app::Context&, const Request& request) { return HandleTemplate(request); }

struct Route {
  std::string_view name, action, type;  // action, type: as the audit calls them
  bool is_write, is_table;
  Result<Response> (*handle)(const app::Context&, const Request&);
};
constexpr Route kRoutes[] = {{"members", "import", "RosterMember", true, true, HandleMembers},
                             {"reports", "import", "RosterReport", true, true, HandleReports},
                             {"self", "create", "RosterReport", true, false, HandleSelf},
                             {"self", "read", "RosterMember", false, false, HandleOwnRosters},
                             {"membership", "update", "RosterMember", true, false, HandleMembership},
                             {"template", "read", "RosterMember", false, false, Template},
                             {"day", "report", "RosterReport", false, false, HandleDay},
                             {"missing", "report", "RosterMember", false, false, HandleMissing},
                             {"exceptions", "report", "RosterReport", false, false, HandleExceptions},
                             {"return", "report", "RosterCase", false, false, HandleReturn},
                             {"organizations", "report", "RosterReport", false, false, HandleOrganizations}};

bool FitsMethod(const Route& route, const Request& request) {
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  return route.is_write ? request.method == Method::kPost : reads;
}

/// The one of this name, and of its method if there is one; nullptr: there is none.
const Route* RouteOf(const Request& request) {
  const Route* named = nullptr;
  for (const Route& route : kRoutes) {
    if (request.path.empty() || request.path[0] != route.name) continue;
    if (FitsMethod(route, request)) return &route;
    named = &route;
  }
  return named;
}

Result<Response> Handled(const app::Context& context, const Route& route, const Request& request) {
  if (request.path.size() > 1) return MakeError(ErrorCode::kNotFound, "There is nothing below this.");
  if (!FitsMethod(route, request))
    return interaction::Refusal(405, "not-supported",
                                route.is_write ? "This is sent by POST." : "This is read by GET.");
  if (route.is_table && !exchange::IsTableType(request.content_type))
    return interaction::Refusal(415, "not-supported",
                                fmt::format("Send the table as text/csv or as {}.", exchange::kXlsxType));
  return route.handle(context, request);
}

class RosterOperations final : public app::Operations {
 public:
  explicit RosterOperations(app::Context context) : context_(std::move(context)), closing_(context_) {}

  void Handle(Request request, interaction::Done done) override {
    if (const Route* const route = RouteOf(request)) {
      auto answer = Handled(context_, *route, request);
      Response response = answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error());
      response.audit_type = route->type;
      response.audit_action = route->action;
      return done(std::move(response));
    }
    done(interaction::OutcomeOf(
        MakeError(ErrorCode::kNotFound,
                  "roster offers: settings, members, reports, self, membership, template, day, "
                  "missing, exceptions, return, organizations")));
  }

 private:
  const app::Context context_;
  Closing closing_;
};

}  // namespace
}  // namespace tk::roster

namespace tk::app {

Result<std::unique_ptr<Operations>> MakeOperationsOf_roster(const Context& context);
Result<std::unique_ptr<Operations>> MakeOperationsOf_roster(const Context& context) {
  return std::unique_ptr<Operations>(std::make_unique<roster::RosterOperations>(context));
}

}  // namespace tk::app
