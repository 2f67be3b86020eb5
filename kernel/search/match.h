// Does one resource's text fit a criterion? Exact: it reads the values themselves, as Extract does.
// For what entries do not tell alone: that parts of a composite hold within one item, texts and displays of codes, types of identifiers, URLs below
// one, both ends of a range, presence beyond kPresenceBits. Entries narrow the candidates, then each is read (decision 0021).
// Cost:   reading a version (2-10 µs, less when it was read lately) and one expression.
#pragma once

#include "kernel/search/extract.h"
#include "kernel/search/nested.h"
#include "kernel/search/query.h"
#include "kernel/search/values.h"

namespace tk::search {

class Matcher {
 public:
  /// Both outlive it; `criterion` has a parameter that is ready.
  Matcher(const Extractor& extractor, fhir::TypeId type, const Criterion& criterion);
  bool Holds(fhir::Value root) const { return Holds(root, root); }
  /// Of a resource that stands in another: `holder` is that whose contained ones it refers to.
  bool Holds(fhir::Value node, fhir::Value holder) const;

 private:
  using Item = fhir::path::Item;
  struct Place {
    fhir::Value node, holder;
    Holdings& holdings;  // of the holder
  };
  bool AnyItem(ParameterId id, const std::vector<Term>& terms, const Place& place) const;
  bool CompositeHolds(const Extractor::Composite& composite, const Place& place) const;
  bool ItemHolds(ParameterId id, fhir::TypeId target, const Item& item, const std::vector<Term>& terms,
                 const Place& place) const;
  bool TextHolds(const Item& item) const;
  bool OfTypeHolds(const Item& item, const std::vector<Term>& terms) const;

  const Extractor& extractor_;
  const fhir::TypeId type_;
  const Criterion& criterion_;
  ParameterId id_;
  std::vector<TextForms> forms_;  // of the terms, where texts are compared
};

/// Is this criterion, or what its entries give, only to be told from the text?
bool NeedsText(const Extractor& extractor, const Criterion& criterion);

/// A type test, an id and a name: does a literal reference say what the term asks for?
bool ReferenceHolds(const Extractor& extractor, ParameterId id, const Term& term, std::string_view target);

/// What a resource sorts by under a parameter that has no sort entries, as bytes that compare in that order; nullopt without a value.
/// Strings: all of the folded text; tokens: code, then system; references and uris: as they are written. Several: the least, or `greatest`.
std::optional<std::string> SortText(const Extractor& extractor, fhir::TypeId type, ParameterId id,
                                    fhir::Value root, bool greatest);

}  // namespace tk::search
