#include "kernel/interaction/outcome.h"

#include <fmt/format.h>

#include "kernel/access/inquiries.h"
#include "kernel/fhir/value.h"

namespace tk::interaction {
namespace {
std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kFatal:
      return "fatal";
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kInformation:
      return "information";
  }
  return "error";
}
}  // namespace

std::string OutcomeJson(const std::vector<Issue>& issues) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "OperationOutcome").Key("issue").Array();
  for (const Issue& issue : issues) {
    json.Object().Member("severity", SeverityName(issue.severity)).Member("code", issue.type);
    if (!issue.text.empty()) json.Member("diagnostics", issue.text);
    if (!issue.path.empty()) json.Key("expression").Array().String(issue.path).End();
    json.End();
  }
  json.End().End();
  return out;
}

Response OutcomeOf(const Error& error) {
  const ErrorTraits& traits = TraitsOf(error.code);
  Response response;
  response.status = traits.http_status;
  if (error.issues.empty()) {
    response.body = OutcomeJson({Issue{Severity::kError, traits.issue_type, {}, error.external}});
  } else {
    response.body = OutcomeJson(error.issues);
  }
  if (error.internal == access::Inquiries::kReason) response.audit_reason = access::Inquiries::kReason;
  // Whoever told or asked for too many within an hour waits for the hour's end, which is not known here.
  const bool waits_long = error.internal == access::Inquiries::kReason;
  if (traits.retryable) response.headers.emplace_back("Retry-After", waits_long ? "600" : "1");
  return response;
}

Response Refusal(int status, std::string_view issue_type, std::string text, std::string path) {
  Response response;
  response.status = status;
  response.body = OutcomeJson({Issue{Severity::kError, issue_type, std::move(path), std::move(text)}});
  return response;
}

std::string InformationJson(std::string_view text) {
  return OutcomeJson({Issue{Severity::kInformation, "informational", {}, std::string(text)}});
}

void PrefixPaths(std::string_view prefix, Error* error) {
  if (error->issues.empty()) {
    error->issues.push_back(
        Issue{Severity::kError, TraitsOf(error->code).issue_type, std::string(prefix), error->external});
    return;
  }
  for (Issue& issue : error->issues) {
    const size_t dot = issue.path.find_first_of(".[");  // the type's name gives way to the prefix
    issue.path = std::string(prefix) + (dot == std::string::npos ? "" : issue.path.substr(dot));
  }
}

}  // namespace tk::interaction
