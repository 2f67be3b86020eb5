// Token criteria whose codes come from a value set or a code system's hierarchy: :in, :not-in, :above, :below. Inside the room only.
// The codes are looked up once, when the query is read: all pages of it ask for the same ones, whatever is stored meanwhile.
// :not-in is :in turned round: it holds for a resource of whose values none is in the set, also for one without a value, as :not does.
// Source: FHIR R4 search.html 3.1.1.4.10.
#pragma once

#include "kernel/search/answer.h"
#include "kernel/search/terms.h"

namespace tk::search {

inline bool IsCodesModifier(std::string_view modifier) {
  return modifier == "in" || modifier == "not-in" || modifier == "above" || modifier == "below";
}

/// Is it :below of a parameter whose codes are media types? Then the terms are (made) plain codes, type/subtype: what has one, with any parameters,
/// is found by its text. Errors: kIncorrect, a value that is no such type. Source: FHIR R4 search.html 3.1.1.4.15 (MIME types).
Result<bool> AreMediaTypes(const TermReader& reader, std::vector<Term>* terms);
/// Is the media type `code` the one asked for (type/subtype), with parameters or without?
bool MediaTypeHolds(std::string_view asked, std::string_view code);

/// The codes that `terms` come to together. `reader`: of a token parameter, with such a modifier. Errors: kUnsupported, kTooLarge, kIncorrect with the
/// parameter's name and what the terminology says.
Result<terminology::CodeListPtr> ReadCodes(const TermReader& reader, const std::vector<Term>& terms);

/// Does one of the codes mean this token? `system` null: a plain code, of which `implied` says what system is meant.
bool CodesHold(const fhir::Definitions& definitions, fhir::CodeSetId implied,
               const terminology::CodeList& codes, const std::string_view* system, std::string_view code);

}  // namespace tk::search
