// $validate: POST [type]/$validate, POST [type]/[id]/$validate; a resource or Parameters around one. Structure, invariants with their
// warnings, the profiles asked for (profile, may repeat) and those the resource claims, answers against their Questionnaire.
// The answer is always an OperationOutcome with 200. mode=delete of a stored resource needs no body.
// Source: FHIR R4 resource-operation-validate.html.

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/conformance.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/summary.h"
#include "kernel/interaction/write.h"

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

/// What a write refuses beyond what the resource itself must keep to: by its url, and of a search parameter by those that are stored. A create has
/// an id that is not known yet; where neither an id nor the mode is given, what a create would be refused for is a warning.
Result<std::vector<Issue>> WriteIssues(const Room& room, const Call& call, const ValidationAsked& asked) {
  std::string id = call.id.empty() ? asked.resource["id"].ToString() : call.id;
  if (asked.mode == "create") id.clear();
  std::vector<Issue> issues;
  const auto take = [&](Status status) -> Status {
    if (status.ok()) return {};
    if (status.error().issues.empty()) return status;  // it cannot be told now
    for (Issue issue : status.error().issues) {
      if (id.empty() && asked.mode.empty()) issue.severity = Severity::kWarning;
      issues.push_back(std::move(issue));
    }
    return {};
  };
  TRY(take(CheckOfficialUrl(*room.definitions, call.type_name, asked.resource, id)));
  if (call.type_name != "SearchParameter" || !issues.empty()) return issues;
  const fhir::Document alone = TRY(fhir::Document::OfPart(asked.resource, {}, ""));
  TRY(take(room.index().CheckParameter(id, alone, {})));
  return issues;
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
    const bool is_valid = std::none_of(issues.begin(), issues.end(), [](const Issue& issue) {
      return issue.severity == Severity::kError || issue.severity == Severity::kFatal;
    });
    if (is_valid && asked.mode != "delete") {
      const std::vector<Issue> refused = TRY(WriteIssues(room, call, asked));
      issues.insert(issues.begin(), refused.begin(), refused.end());
    }
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
