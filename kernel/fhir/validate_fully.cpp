#include <algorithm>

#include "kernel/fhir/profile_check.h"
#include "kernel/fhir/questionnaire.h"
#include "kernel/fhir/validate_forms.h"

namespace tk::fhir {

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
      if (!told && issues.size() < options.base.issues_max) issues.push_back(std::move(issue));
    }
  };
  add(checker.Take());
  add(FormProblems(definitions, root, options.base.issues_max));
  add(CheckAnswers(definitions, profiles, root, options.base.warnings));
  return issues;
}

}  // namespace tk::fhir
