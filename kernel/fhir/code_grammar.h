// Code systems that are a grammar or a short table of somebody else's instead of a CodeSystem: does a code keep to it?
// - urn:ietf:bcp:47, languages: well-formed by RFC 5646 section 2.1 (which subtags are registered is not looked at);
// - urn:ietf:bcp:13, media types: type/subtype of RFC 6838 section 4.2, with parameters of RFC 2045 section 5.1;
// - urn:iso:std:iso:4217, currencies: the alphabetic codes, a table with its edition in code_grammar.cpp;
// - http://unitsofmeasure.org: a unit of UCUM (kernel/ucum).
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace tk::fhir {

inline constexpr std::array<std::string_view, 4> kGrammarSystems = {
    "urn:ietf:bcp:47", "urn:ietf:bcp:13", "urn:iso:std:iso:4217", "http://unitsofmeasure.org"};

/// nullopt: not such a code system. Cost: one pass over the code, a search for currencies, for units that of ucum::Validate.
std::optional<bool> KeepsToGrammar(std::string_view system, std::string_view code);
/// What a write asks of a code of one of kGrammarSystems. Milder for media types: type/subtype, whatever its parameters, or a short name of a
/// FHIR format (json, xml, ttl, html), as R4's own examples have them (CapabilityStatement.format, Endpoint.payloadMimeType).
bool MayBeWritten(std::string_view system, std::string_view code);
/// The code system of a value set that is no ValueSet but the grammar's own address; "" if it is none.
std::string_view GrammarOfValueSet(std::string_view value_set);

}  // namespace tk::fhir
