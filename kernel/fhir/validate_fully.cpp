#include <algorithm>

#include "kernel/fhir/profile_check.h"
#include "kernel/fhir/questionnaire.h"
#include "kernel/fhir/validate_forms.h"
#include "kernel/fhir/validate_structures.h"

namespace tk::fhir {
namespace {

/// Too many: what is said beside goes before what is wrong.
void KeepWorst(size_t issues_max, std::vector<Issue>* issues) {
  for (const Severity least : {Severity::kInformation, Severity::kWarning}) {
    size_t spare = issues->size() > issues_max ? issues->size() - issues_max : 0;
    std::erase_if(*issues,
                  [&](const Issue& issue) { return issue.severity == least && spare > 0 && spare-- > 0; });
  }
  if (issues->size() > issues_max) issues->resize(issues_max);
}

}  // namespace

std::vector<Issue> ValidateFully(const Definitions& definitions, Profiles& profiles, Value root,
                                 const FullOptions& options) {
  std::vector<Issue> issues = Validate(definitions, root, options.base);
  ProfileOptions profile_options;
  profile_options.issues_max = options.base.issues_max;
  profile_options.warnings = options.base.warnings;
  profile_options.implied = true;
  profile_options.now_us = options.now_us;
  profile_options.deadline_us = options.deadline_us;
  profile_options.work_max = ProfileWorkFor(root);
  ProfileChecker checker(profiles, profile_options);
  for (const std::string& profile : options.profiles) checker.Check(root, profile);
  checker.CheckClaims(root);
  const size_t of_type = issues.size();
  const auto add = [&](std::vector<Issue> found) {
    for (Issue& issue : found) {
      // What the type asks already is not told again in the profile's words.
      const auto end = issues.begin() + static_cast<std::ptrdiff_t>(of_type);
      const bool told = std::any_of(issues.begin(), end, [&](const Issue& other) {
        return other.path == issue.path && other.type == issue.type && other.type != "invariant" &&
               other.severity == issue.severity;
      });
      if (!told) issues.push_back(std::move(issue));
    }
  };
  add(checker.Take());
  CheckTime& time = checker.time();
  add(FormProblems(definitions, &profiles, root, options.base.issues_max, time));
  if (!time.over()) add(StructureProblems(profiles, root, options.base.issues_max));
  add(CheckAnswers(definitions, profiles, root, options.base.warnings, options.now_us, time));
  KeepWorst(options.base.issues_max, &issues);
  if (time.over()) {
    issues.push_back({Severity::kError, "too-costly", root["resourceType"].ToString(),
                      "the time of this request was over before all of it was checked"});
  }
  return issues;
}

}  // namespace tk::fhir
