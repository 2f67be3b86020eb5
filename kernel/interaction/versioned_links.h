// A chain asks the current version of what a reference leads to: where a match names another version, that is told.
// Source: FHIR R4 search.html 3.1.1.4.13 (versioned references).
#pragma once

#include "kernel/interaction/respond.h"

namespace tk::interaction {

/// Appends a warning for each chain of the query by which one of `matches` refers to a version that is not the current one at the page's position.
/// Nothing is told of records that the viewer does not see. Told of the first link, which stands in the matches; what _has and further links go through is not read for it.
/// Cost: a search through each text when there is a chain; those that name a version at all are parsed.
void TellVersionedLinks(const Room& room, const Call& call, const search::Query& query,
                        const view::Position& position, const Texts& matches, std::vector<Issue>* issues);

}  // namespace tk::interaction
