// The values of a criterion as written, read by the kind of their parameter; and how a search is refused. Inside the room only.
// Source: FHIR R4 search.html 3.1.1.4; escapes 3.1.1.4.16.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/search/query.h"

namespace tk::search {

/// A name as the client wrote it, fit to be repeated in an answer: nothing that could be somebody's number.
std::string ShownName(std::string_view name);
/// `name` is repeated in the answer only if it could be a parameter's.
Error Refuse(ErrorCode code, std::string_view type, std::string_view name, std::string text);
Error BadValue(std::string_view name, std::string text);
Error NotOffered(std::string_view name, std::string text);

/// Splits at `separator` where no backslash stands before it; the parts keep their escapes.
std::vector<std::string_view> SplitEscaped(std::string_view text, char separator);

/// The parts of one criterion's name and value, and what they are read against.
struct TermReader {
  const fhir::Definitions& definitions;
  fhir::TypeId type;
  const ParseOptions& options;
  std::string_view name;  // as asked, with modifier, for messages
  const fhir::SearchParameter* parameter;
  std::string_view modifier;

  Result<Term> Read(fhir::SearchType search_type, std::string_view raw) const;
  /// A canonical or url is stored as it was written: where a term is an address of this server, or a Type/id here, the same written the other way
  /// is asked too, and an id as a canonical that is one word. To be called when all of a criterion are read.
  void TakeOtherSpellings(fhir::SearchType search_type, std::vector<Term>* terms) const;

 private:
  Result<Term> Token(std::string_view raw) const;
  Result<Term> OfType(std::string_view raw) const;
  void StripOwnBase(std::string* text) const;
  std::string OwnAddress(std::string_view type_and_id) const;
  void SpellReference(const Term& term, std::vector<Term>* out) const;
  void SpellUri(const Term& term, std::vector<Term>* out) const;
  bool HasCanonicals(std::string_view type_name) const;
  Result<Term> ValueSet(std::string_view raw) const;
  Result<Term> Reference(std::string_view raw) const;
  Result<Term> Date(std::string_view raw) const;
  Result<Term> Number(std::string_view raw) const;
  Result<Term> Quantity(std::string_view raw) const;
  Result<Term> Text(std::string_view raw) const;
  Result<Term> Missing(std::string_view raw) const;
  Result<Term> Composite(std::string_view raw) const;
  Result<Term> Near(std::string_view raw) const;
};

/// May this modifier be asked of this parameter?
Status CheckModifier(const fhir::Definitions& definitions, const fhir::SearchParameter& parameter,
                     std::string_view name, std::string_view modifier);

}  // namespace tk::search
