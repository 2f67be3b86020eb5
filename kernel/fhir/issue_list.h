// Issues as a check finds them, so many of each kind at most: what is said beside never takes the place of an error.
#pragma once

#include <utility>
#include <vector>

#include "kernel/fhir/validate.h"

namespace tk::fhir {

class IssueList {
 public:
  /// At most `each_max` errors, and as many others.
  explicit IssueList(size_t each_max) : each_max_(each_max) {}

  static bool IsError(Severity severity) {
    return severity == Severity::kError || severity == Severity::kFatal;
  }
  /// Is there room for one more of them?
  bool Takes(Severity severity) const { return (IsError(severity) ? errors_ : others_) < each_max_; }
  void Add(Issue issue) {
    if (!Takes(issue.severity)) return;
    ++(IsError(issue.severity) ? errors_ : others_);
    issues_.push_back(std::move(issue));
  }
  const std::vector<Issue>& all() const { return issues_; }
  std::vector<Issue> Take() { return std::move(issues_); }

 private:
  size_t each_max_;
  size_t errors_ = 0, others_ = 0;
  std::vector<Issue> issues_;
};

}  // namespace tk::fhir
