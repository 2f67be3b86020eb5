// How far a pack's post is bound, as its file says it, in the words of policies.toml.
// Flow:   apps/X/posts/Y.json → TablesIn → PackPost.tables → DIR/pack_posts.json → Policies::Add, below the city's policies.toml
// Shapes: "like": "doctor" (sees what that post of policies.toml sees, but for tables of its own), "open": {…} as [open.POST] (without `family` and `special`,
//         which are no pack's to give), "masks": {…} as [masks.POST], "by_law": {"source": …}. None of them: a Consent closes, level 5 is emptied, nothing is masked.
// Law:    `like` brings nothing that a pack cannot give: of a post that sees level 5 or its family's records, or that no Consent binds, it is refused. A city's
//         policies.toml that makes the other such a post is refused until it says how the pack's post is bound.
#pragma once

#include <map>
#include <string>

#include "kernel/base/result.h"
#include "kernel/fhir/value.h"

namespace tk::access {

/// A source as files of packs give it: a text, or {"text", "edition", "date"}. "" if there is none.
std::string SourceIn(fhir::Value source);

/// The tables of a post's file, by their member. Errors: kInvalid with the member that is no table of texts, lists of texts, numbers and flags.
Result<std::map<std::string, std::string>> TablesIn(fhir::Value post);

}  // namespace tk::access
