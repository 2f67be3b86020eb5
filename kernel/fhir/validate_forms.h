// What the specification asks of values beside types, cardinalities, codes and invariants: told by $validate, and no write is refused for it,
// because data that is in use everywhere breaks it and harms nobody.
// Flow:   ValidateFully → FormProblems
// - Coding.system is an absolute URI, and not that of a value set;
// - Identifier.system is an absolute URI, and a value of urn:ietf:rfc:3986 as well;
// - a Coding's code is one of its code system, and its display one of the texts that the system has for it, where the system is here in full;
//   where the system is a grammar (code_grammar.h), the code keeps to it;
//   or that a value set gives it that the element is bound to; a display is judged in the language that the system has (English), and one in another script is a warning;
// - a country's code (ISO 3166) does not have the name of another country;
// - a Quantity's UCUM code is one;
// - a narrative's links and images lead somewhere: within the resource, or by a scheme that can be followed;
// - urn:uuid: is followed by a UUID in lower case (in a reference: a warning), urn:oid: in a uri by an OID;
// - Attachment.size is the size of its data;
// - a canonical names a resource of a permitted type, as far as it is an official one;
// - a canonical does not end with "|"; no two elements of a resource have one id;
// - a Bundle keeps to validate_bundle.h;
// - SearchParameter and CapabilityStatement give official search parameters their type.
// Source: FHIR R4 datatypes.html#Coding, #Quantity, #uri, #Attachment, references.html#canonical, narrative.html, searchparameter.html,
//         capabilitystatement.html.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>

#include "kernel/fhir/check_time.h"
#include "kernel/fhir/profile.h"

namespace tk::fhir {

/// Problems of `root`, at most `issues_max` errors and as many others. Code systems are those of `profiles`; nullptr: none. Cost: a walk over everything; at most a
/// hundred levels; it ends when `time` is over. `walks`: how many walks for ids there were beside it, at most one a resource that is not contained.
/// `named`: codings of `root`, by their places, whose display is right (ProfileChecker::named); null: none.
std::vector<Issue> FormProblems(const Definitions& definitions, Profiles* profiles, Value root,
                                size_t issues_max, CheckTime& time, size_t* walks = nullptr,
                                const std::unordered_set<uint32_t>* named = nullptr);

/// Bytes that base64 text stands for; nullopt if it is none.
std::optional<uint64_t> DecodedSize(std::string_view text);

}  // namespace tk::fhir
