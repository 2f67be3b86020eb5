// What a question asks of content: whoever sees that a record is there, whose it is and not what it says (view::Scope::hidden) finds it by what he
// sees alone. What is left to him: id, time of writing, tags, whom it is about.
// Flow:   query → AsksForContent → view::Scope::ByContent → what is hidden is not there: in matches, counts, chains, _has
//         without such a criterion it is listed; by what orders content it comes last, as if it had no value
#pragma once

#include "kernel/search/query.h"

namespace tk::search {

/// Does what is left of a hidden record show this? By its type's own elements: subject, patient, beneficiary, meta.
bool IsShown(const fhir::SearchParameter& parameter);
/// Would the searched record's content be told by whether it matches?
bool AsksForContent(const Criterion& criterion);
bool AsksForContent(const Query& query);
/// The same of the records that are joined.
bool AsksForContent(const Join& join, const Join::Branch& branch);

}  // namespace tk::search
