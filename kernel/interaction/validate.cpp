// $validate against the base structure: POST [type]/$validate, POST [type]/[id]/$validate; a resource or Parameters around one.
// The answer is always an OperationOutcome with 200; profiles are not offered yet and refused.
// Source: FHIR R4 resource-operation-validate.html.
#include "kernel/fhir/validate.h"

#include <fmt/format.h>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

struct ValidationAsked {
  fhir::Value resource;
  std::string mode;
};

Status ReadMode(std::string mode, ValidationAsked* asked) {
  if (mode != "create" && mode != "update" && mode != "delete") {
    return MakeError(ErrorCode::kIncorrect, "The parameter mode may be create, update or delete.");
  }
  asked->mode = std::move(mode);
  return {};
}

Error ProfileRefused() {
  return MakeError(ErrorCode::kUnsupported,
                   "Validation against a profile is not offered yet: leave the parameter profile out to "
                   "check the base structure.");
}

Result<ValidationAsked> ReadValidation(const Call& call, fhir::Value root) {
  ValidationAsked asked;
  const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
  for (const Parameter& parameter : parameters) {
    if (parameter.name == "profile") return ProfileRefused();
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
    if (name == "profile") return ProfileRefused();
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
  if (call.request.body.empty())
    return MakeError(ErrorCode::kIncorrect, "The body is empty: send the resource to check as JSON.");
  const fhir::Document document = TRY(fhir::Document::Parse(call.request.body));
  const ValidationAsked asked = TRY(ReadValidation(call, document.Root()));
  std::vector<Issue> issues;
  if (asked.resource) {
    fhir::ValidateOptions options;
    options.expected = call.type;
    issues = fhir::Validate(*room.definitions, asked.resource, options);
    const std::string id = asked.resource["id"].ToString();
    if (asked.mode == "update" && id.empty()) {
      issues.push_back(
          Issue{Severity::kError, "required", call.type_name + ".id", "An update needs the id."});
    } else if (!call.id.empty() && !id.empty() && id != call.id) {
      issues.push_back(
          Issue{Severity::kError, "value", call.type_name + ".id", "The id is not the id of the URL."});
    }
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
