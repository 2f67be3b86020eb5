// What comes with a page's matches: included resources, and the plan that was asked for.
// Source: FHIR R4 search.html 3.1.1.5.3 (_include, _revinclude), 3.1.1.5.4.
#pragma once

#include "kernel/interaction/respond.h"

namespace tk::interaction {

/// Resources that may come along with one page; beyond it the page says that some are missing.
inline constexpr size_t kIncludedMax = 5000;

/// Adds what the query's includes bring along with `matches` as entries of mode "include", each once and none that is a match of this page; only
/// what the viewer may see. A reference with a version brings that version. Appends a warning to `*issues` when there are more than kIncludedMax.
/// Errors: kTimeout.
Status AddIncluded(const Room& room, const Call& call, const search::Query& query,
                   const search::PageRequest& request, const Texts& matches, BundleWriter* bundle,
                   std::vector<Issue>* issues);

/// The plan and cost, in words. Counts that tell of records out of the viewer's scope are left out.
std::vector<Issue> ExplainIssues(const search::Explanation& explanation, const access::Viewer& viewer,
                                 std::string_view understood);

}  // namespace tk::interaction
