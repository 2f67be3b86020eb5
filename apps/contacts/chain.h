// GET chain?case=Patient/1&depth=3&direction=out|in|both: who was exposed to whom, as a graph from one person.
// Nodes:  persons, whichever of their records an exposure names (the person index says who is one): number, a record that the viewer sees, "case", "contact" or
//         "person", generation (steps from the first: 1 those exposed to him, -1 those he was exposed to), classification, onset, state of his observation; and events, where
//         it is not known who it was ("event", the same for all who were exposed to it).
// Edges:  exposures that hold: from whom, to whom, kind, days, setting, certainty, frequency; of two cases with onset the serial interval in days.
// Seen:   a person whom the viewer does not see is a node without a name: his number and generation, nothing else, and nobody beyond him is asked for. An exposure that
//         the viewer does not see (it belongs to the contact) is an edge without its days. Free texts are not in it: the records themselves tell them, masked.
// Limits: depth 1 to kDepthMax (else kDepth), kNodesMax persons, kEdgesMax exposures: beyond it is refused (kTooLarge), saying what to narrow.
// Cost:   three searches of the index a person: some 50 µs (990 contacts of one case, two steps: 47 ms on 2 shared cores).
#pragma once

#include "apps/contacts/tracing.h"

namespace tk::contacts {

inline constexpr int kDepth = 3, kDepthMax = 10;
inline constexpr size_t kNodesMax = 2000, kEdgesMax = 5000;

Result<interaction::Response> HandleChain(const app::Context& context, const interaction::Request& request);

}  // namespace tk::contacts
