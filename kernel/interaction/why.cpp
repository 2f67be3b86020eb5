// $why: may this account read (write, call …) that record, and by which policies. No health data in the answer.
// GET $why?account=…&resource=Type/id[&do=read|write|an operation]   for a post with the operation `why`
// GET Type/id/$why[?do=…]                                             for oneself; of a record that he may not see it tells no more than of none
// Source: access/decision.h.
#include <fmt/format.h>

#include "kernel/access/decision.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/guest.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

struct WhyAsked {
  std::string account, type, id;
  std::string deed = "read";
};

Result<WhyAsked> ReadWhyAsked(const Room& room, const Call& call) {
  WhyAsked asked;
  const bool own = !call.id.empty();
  std::string resource = own ? fmt::format("{}/{}", call.type_name, call.id) : std::string();
  for (const Parameter& parameter : TRY(ParseParameters(call.query))) {
    if (parameter.name == "do")
      asked.deed = parameter.value;
    else if (parameter.name == "account" && !own)
      asked.account = parameter.value;
    else if (parameter.name == "resource" && !own)
      resource = parameter.value;
    else
      return UnknownParameter(parameter.name, own ? "do" : "account, resource, do");
  }
  const size_t slash = resource.find('/');
  asked.type = resource.substr(0, slash);
  asked.id = slash == std::string::npos ? std::string() : resource.substr(slash + 1);
  const fhir::TypeId type = room.definitions->FindType(asked.type);
  if ((!own && asked.account.empty()) || !room.definitions->IsResource(type) || !IsId(asked.id))
    return MakeError(
        ErrorCode::kIncorrect,
        "Ask for an account and a resource, as in $why?account=li&resource=Patient/42; do may be read "
        "(else), write, delete or the name of an operation.");
  return asked;
}

Result<access::AccessQuestion> QuestionOf(const Room& room, const access::Viewer& viewer,
                                          const WhyAsked& asked) {
  access::AccessQuestion question;
  question.type = asked.type;
  question.deed = asked.deed == "read"     ? access::Deed::kRead
                  : asked.deed == "write"  ? access::Deed::kWrite
                  : asked.deed == "delete" ? access::Deed::kDelete
                                           : access::Deed::kCall;
  question.operation = asked.deed;
  const auto version =
      room.directory().Current(room.engine().IdHash(asked.type, asked.id), room.engine().Head());
  question.exists = version.ordinal != 0 && !version.deleted;
  if (!question.exists) return question;
  question.owner = room.directory().OwnerNow(room.directory().Get(version.ordinal).owner);
  question.area = question.owner == 0 ? view::kAreaPublic : room.directory().AreaOf(question.owner);
  if (question.deed == access::Deed::kWrite || question.deed == access::Deed::kDelete)
    question.is_of_others = !IsMadeBy(viewer, TRY(room.engine().Read(version.ordinal))->document.Root());
  view::Scope kinds;
  kinds.records = viewer.scope.records;
  question.is_of_other_kind = !room.directory().InScope(version.ordinal, kinds);
  return question;
}

std::string DecisionJson(const access::Decision& decision, std::string_view policies) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters").Key("parameter").Array();
  json.Object().Member("name", "may").Key("valueBoolean").Bool(decision.permits).End();
  json.Object().Member("name", "policies").Member("valueString", policies).End();
  for (const access::Step& step : decision.steps) {
    json.Object().Member("name", "step").Key("part").Array();
    json.Object().Member("name", "name").Member("valueCode", step.name).End();
    json.Object().Member("name", "permits").Key("valueBoolean").Bool(step.permits).End();
    json.Object().Member("name", "text").Member("valueString", step.text).End();
    if (!step.rule.empty()) json.Object().Member("name", "rule").Member("valueString", step.rule).End();
    if (!step.source.empty()) json.Object().Member("name", "source").Member("valueString", step.source).End();
    json.End().End();
  }
  json.End().End();
  return out;
}

}  // namespace

Result<Response> Why(const Room& room, const Call& call) {
  const WhyAsked asked = TRY(ReadWhyAsked(room, call));
  const bool own = !call.id.empty();
  if (!own) TRY(CheckMayCall(call.viewer(), "why"));
  std::shared_ptr<const access::Viewer> viewer = call.request.viewer;
  if (!own) {
    if (!room.context.viewer_of) return MakeError(ErrorCode::kUnsupported, "There are no accounts here.");
    viewer = TRY(room.context.viewer_of(asked.account));
  }
  viewer = room.facts->Himself(std::move(viewer));
  const std::shared_ptr<const access::Viewer> seen = TRY(room.facts->With(viewer));
  access::AccessQuestion question = TRY(QuestionOf(room, *seen, asked));
  const auto about =
      question.owner == 0 ? std::vector<access::Fact>() : room.facts->facts().About(question.owner);
  const Instant now_us = room.context.clock->NowUs();
  access::Decision decision = access::Decide(*viewer, question, about, now_us);
  if (own && !decision.permits && question.exists) {
    question.exists = false;  // a stranger's record, and none at all
    decision = access::Decide(*viewer, question, {}, now_us);
  }
  const std::string version =
      viewer->policies != nullptr ? viewer->policies->version() : access::Policies::BuiltIn()->version();
  Response response = JsonResponse(call, DecisionJson(decision, version), "why");
  response.audit_type = asked.type;
  response.audit_id = asked.id;
  return response;
}

}  // namespace tk::interaction
