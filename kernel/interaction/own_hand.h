// What one writes himself does not let him in. A treating relation (Encounter, ServiceRequest) or a permit (Consent) written by one whom it would let in, or by a
// guest (guest.h), opens nothing: it is kept with meta.tag http://tongkang.dev/fhir/CodeSystem/access|own-hand, which the feed of facts (fact_feed.h) reads.
// Flow:   document → MakeVersion (write.h) → WithOwnHand → stored → FactFeed: no relation, no permit; what denies denies
// Law:    who changes a relation that stands and lets it reach no further (same persons, same houses, no later end) leaves it as it is: a visit that the
//         reception opened is ended by its doctor. Written again by somebody whom it does not let in, and without the tag, it counts.
// Bound:  posts whom facts open something (policies.toml [open.POST]); others gain nothing by such a record.
// Source: Personal Information Protection Law (2021) article 6 [M]; docs/threat-model.md, "a curious doctor".
// Cost:   nothing for other types and posts; else one look at the version before.
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

inline constexpr std::string_view kOwnHandCode = "own-hand";

bool IsOwnHand(fhir::Value resource);
/// `document`, which carries its id, with the tag where its writer would let
/// himself in, or is a guest; a tag that was sent stays.
Result<fhir::Document> WithOwnHand(const Room& room, const access::Viewer& viewer, fhir::TypeId type,
                                   fhir::Document document);
/// `document` as it was sent: without the tag.
Result<fhir::Document> WithoutOwnHand(const fhir::Document& document);

}  // namespace tk::interaction
