// What searches of one type and of a compartment share.
#pragma once

#include "kernel/interaction/respond.h"

namespace tk::interaction {

/// What call.query names by _type, or all types: newest first. With call.compartment of that patient.
Result<Response> SearchSeveral(const Room& room, const Call& call);
search::ParseOptions SearchOptions(const Room& room, const Call& call);
/// Entries of mode match, cut as `shape` says.
Status AddMatches(const Room& room, const Call& call, const Shape& shape, const Texts& texts,
                  BundleWriter* bundle);
/// So few records that their number tells of single persons.
inline constexpr uint64_t kFewCounted = 10;
/// Of a total alone that is small: whose records it counts is told as if they were shown.
Status TellOfFew(const Room& room, const search::Query& query, search::PageRequest request, uint64_t total,
                 BundleWriter* bundle);
/// What is told with a total that is reckoned.
Issue EstimatedTotal();
/// An entry of mode outcome, if there is something to tell.
void AddOutcome(const std::vector<Issue>& issues, BundleWriter* bundle);

}  // namespace tk::interaction
