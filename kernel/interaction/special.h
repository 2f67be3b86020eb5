// What tells of a special disease (access/special.h), to those whom area alone lets in: of such a resource they get that there is one, and no content; they
// do not search by its codes, do not change and do not delete it. A treating relation, a Consent, an emergency access, a guardian's care opens it, and so does $reveal, with
// its reason. Posts that act by law (policies.toml: special) see it.
// Flow:   stored → Shaped (_elements, _summary; summary.h) → answer → WithoutSpecial → out          query → CheckMayAskSpecial
//         FactFeed::With → SpecialSightOf → view::Scope.hidden: no search finds such a record by what it says (search/content.h)
//         PUT, PATCH, DELETE → CheckNotSpecial
// Not looked into: what texts say, codes that are not on the list, what a drug says of the disease.
// Cost:   one scan of the answer, and of each version that is written, which the directory marks; a parse only where a code is found. While the list
//         of codes is not the one that the directory was marked by (policies.toml changed, no start since), a read of each record that a search asks about.
#pragma once

#include "kernel/interaction/room.h"
#include "kernel/search/query.h"

namespace tk::interaction {

/// What the directory is to mark.
view::HiddenMarks SpecialMarks(std::shared_ptr<const access::Policies> policies);
/// What is hidden from this viewer; nullptr: nothing. It lives no longer than the engine.
std::shared_ptr<const view::HiddenSight> SpecialSightOf(const view::Engine* engine,
                                                        const access::Viewer& viewer);
/// `json` as this viewer may see it; nullopt: there is nothing to hide. Errors: kIncorrect if it is no JSON.
Result<std::optional<std::string>> WithoutSpecial(const Room& room, const access::Viewer& viewer,
                                                  std::string_view json);
/// kForbidden when a part of the resource `text` is hidden from him.
Status CheckNotSpecial(const Room& room, const access::Viewer& viewer, std::string_view text);
/// kForbidden for criteria and orders that would tell who has one.
Status CheckMayAskSpecial(const access::Viewer& viewer, const search::Query& query);

}  // namespace tk::interaction
