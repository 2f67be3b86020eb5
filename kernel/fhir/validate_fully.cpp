#include <algorithm>

#include "kernel/fhir/profile_check.h"
#include "kernel/fhir/questionnaire.h"
#include "kernel/fhir/validate_forms.h"
#include "kernel/fhir/validate_related.h"
#include "kernel/fhir/validate_structures.h"

namespace tk::fhir {

std::vector<Issue> ValidateFully(const Definitions& definitions, Profiles& profiles, Value root,
                                 const FullOptions& options) {
  ValidateOptions base = options.base;
  const size_t most = ++base.issues_max;  // one more than is told
  std::vector<Issue> issues = Validate(definitions, root, base);
  bool has_more = false;
  ProfileOptions profile_options;
  profile_options.issues_max = most;
  profile_options.warnings = options.base.warnings;
  profile_options.implied = true;
  profile_options.now_us = options.now_us;
  profile_options.deadline_us = options.deadline_us;
  profile_options.work_max = ProfileWorkFor(root);
  profile_options.own_base = options.own_base;
  ProfileChecker checker(profiles, profile_options);
  for (const std::string& profile : options.profiles) checker.Check(root, profile);
  checker.CheckClaims(root);
  const size_t of_type = issues.size();
  const auto add = [&](std::vector<Issue> found) {
    has_more = has_more || found.size() >= most;
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
  add(FormProblems(definitions, &profiles, root, most, time, nullptr, &checker.named()));
  if (!time.over()) add(StructureProblems(profiles, root, most, time));
  if (!time.over()) add(RelatedProblems(profiles, root, most, time, options.own_base));
  add(CheckAnswers(definitions, profiles, root, options.base.warnings, options.now_us, time,
                   options.own_base));
  TellAtMost(options.base.issues_max, has_more, &issues);
  if (time.over()) {
    issues.push_back({Severity::kError, "too-costly", root["resourceType"].ToString(),
                      "the time of this request was over before all of it was checked"});
  }
  return issues;
}

}  // namespace tk::fhir
