// $validate: POST [type]/$validate, POST [type]/[id]/$validate; a resource or Parameters around one. Structure, invariants with their
// warnings, the profiles asked for (profile, may repeat) and those the resource claims, answers against their Questionnaire.
// The answer is always an OperationOutcome with 200. mode=delete of a stored resource needs no body.
// Source: FHIR R4 resource-operation-validate.html.

#include <fmt/format.h>

#include "kernel/interaction/conformance.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/summary.h"

namespace tk::interaction {
namespace {

struct ValidationAsked {
  fhir::Value resource;
  std::string mode;
  std::vector<std::string> profiles;
};

constexpr size_t kProfilesMax = 20;

Status ReadMode(std::string mode, ValidationAsked* asked) {
  if (mode != "create" && mode != "update" && mode != "delete") {
    return MakeError(ErrorCode::kIncorrect, "The parameter mode may be create, update or delete.");
  }
  asked->mode = std::move(mode);
  return {};
}

Status ReadProfile(std::string profile, ValidationAsked* asked) {
  if (profile.empty() || asked->profiles.size() >= kProfilesMax)
    return MakeError(
        ErrorCode::kIncorrect,
        "The parameter profile is the canonical url of a StructureDefinition; at most 20 are taken.");
  asked->profiles.push_back(std::move(profile));
  return {};
}

Result<ValidationAsked> ReadValidation(const Call& call, fhir::Value root) {
  ValidationAsked asked;
  const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
  for (const Parameter& parameter : parameters) {
    if (parameter.name == "profile") {
      TRY(ReadProfile(parameter.value, &asked));
      continue;
    }
    if (parameter.name != "mode") return UnknownParameter(parameter.name, "mode, profile");
    TRY(ReadMode(parameter.value, &asked));
  }
  if (root["resourceType"].ToString() != "Parameters" || call.type_name == "Parameters") {
    asked.resource = root;
    return asked;
  }
  for (const fhir::Value parameter : root["parameter"]) {
    const std::string name = parameter["name"].ToString();
    if (name == "resource") asked.resource = parameter["resource"];
    if (name == "mode") TRY(ReadMode(parameter["valueCode"].ToString(), &asked));
    if (name == "profile") {
      const fhir::Value uri = parameter["valueUri"];
      TRY(ReadProfile((uri ? uri : parameter["valueCanonical"]).ToString(), &asked));
    }
  }
  if (!asked.resource && asked.mode != "delete") {
    return MakeIssue(ErrorCode::kIncorrect, "required", "Parameters.parameter",
                     "A parameter named resource, with the resource to check, is missing.");
  }
  return asked;
}

}  // namespace

Result<Response> ValidateOperation(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$validate"));
  fhir::Document document;  // of mode=delete, which asks of what is stored, there need be none
  if (!call.request.body.empty()) document = TRY(fhir::Document::Parse(call.request.body));
  const ValidationAsked asked = TRY(ReadValidation(call, document.Root()));
  if (call.request.body.empty() && (asked.mode != "delete" || call.id.empty()))
    return MakeError(ErrorCode::kIncorrect, "The body is empty: send the resource to check as JSON.");
  std::vector<Issue> issues;
  if (asked.resource) {
    issues = TRY(ValidateConformance(room, call, asked.resource, call.type, asked.profiles));
    if (const Status whole = CheckNotSubsetted(asked.resource); !whole.ok())
      issues.insert(issues.begin(), whole.error().issues.front());
    const std::string id = asked.resource["id"].ToString();
    if (asked.mode == "update" && id.empty()) {
      issues.insert(issues.begin(),
                    Issue{Severity::kError, "required", call.type_name + ".id", "An update needs the id."});
    } else if (!call.id.empty() && !id.empty() && id != call.id) {
      issues.insert(issues.begin(), Issue{Severity::kError, "value", call.type_name + ".id",
                                          "The id is not the id of the URL."});
    }
  }
  if (call.type_name == "SearchParameter" && asked.resource) {
    for (Issue& issue : room.index().FaultsOf(asked.resource["url"].ToString()))
      issues.push_back(std::move(issue));
  }
  if (asked.mode == "delete" && !call.id.empty()) {
    TRY(CheckMayRead(call.viewer(), call.type_name));
    const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
    if (!current.exists() || !current.in_scope) return NotFound(call);
  }
  std::string body = issues.empty()
                         ? InformationJson(fmt::format("The {} keeps to its definition.", call.type_name))
                         : OutcomeJson(issues);
  return JsonResponse(call, std::move(body), "validate");
}

}  // namespace tk::interaction
