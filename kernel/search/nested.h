// Resources within resources: contained ones ("#id"), and those that an element holds whole (Bundle.entry.resource).
// To a chain they are targets like stored ones; they are of what holds them: who sees that sees them, and nobody else finds them. Of each parameter
// that leads to one the index says to what type, no more (KeyKind::kNested); its values are read where they stand (joins.cpp). So it costs a
// resource that holds none nothing, and one that does 16 bytes for a parameter and type.
// Within a Bundle a reference means the entry that has its address, by the rules of fullUrl (bundle_entries.h); where none has, a relative one
// means the record here, unless its entry is another server's.
// Source: FHIR R4 search.html 3.1.1.4.12 (last paragraph), 3.1.1.5.5; references.html#contained; bundle.html#references.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/fhir/bundle_entries.h"
#include "kernel/search/extract.h"
#include "kernel/view/view.h"

namespace tk::search {

/// Are the values of this reference parameter resources themselves, all or some of them?
bool HoldsResources(const fhir::Definitions& definitions, const fhir::SearchParameter& parameter);

/// What an expression, or an operand of a union, comes to when it is a path of members, filters (where, first …) and type tests; kNoType for all else,
/// and for an element of several types.
fhir::TypeId TypeOfPath(const fhir::Definitions& definitions, fhir::TypeId type, std::string_view path);

/// "Type/id" as a resource says them itself; "" without an id.
std::string NameOf(fhir::Value resource);

/// What one resource holds, by what it is called. Made when it is first asked; after that a binary search. One thread's.
class Holdings {
 public:
  Holdings(const fhir::Definitions& definitions, fhir::Value root) : definitions_(definitions), root_(root) {}
  fhir::Value root() const { return root_; }
  /// What "#id" means: a contained resource, with "" the root; absent if there is none.
  fhir::Value Contained(std::string_view id);
  /// The name of the type that "#id" is of; kNoType.
  fhir::TypeId TypeOfContained(std::string_view id) { return TypeOf(Contained(id)); }
  fhir::TypeId TypeOf(fhir::Value resource) const;
  /// Of a Bundle: the entry that has `resource`, a value in it; absent.
  fhir::Value EntryOf(fhir::Value resource);

 private:
  const fhir::Definitions& definitions_;
  fhir::Value root_;
  bool contained_read_ = false, entries_read_ = false;
  std::vector<std::pair<std::string, fhir::Value>> contained_;  // by id
  std::vector<fhir::Value> entries_;                            // in their order
};

/// A resource where it stands.
struct Nested {
  fhir::TypeId type = fhir::kNoType;
  fhir::Value node;
  fhir::Value holder;    // whose contained resources its "#…" are: `node` itself unless that is contained
  std::string full_url;  // of its entry, when it stands in a Bundle
  bool is_contained() const { return !(node == holder); }
};

/// What a reference parameter of a nested resource leads to. A stored one: by its Type/id, or a canonical.
class NestedLinks {
 public:
  virtual ~NestedLinks() = default;
  virtual void ToNested(Nested target) = 0;
  virtual void ToStored(std::string_view type_and_id) = 0;
  virtual void ToCanonical(std::string_view url_and_version) = 0;
};

/// One stored resource and all that stands in it. `own_base`: this server's address as the client sees it, "" if that is not known.
class Whole {
 public:
  Whole(const Extractor& extractor, const view::Resource& resource, std::string_view own_base);
  const Nested& root() const { return root_; }
  view::Ordinal ordinal() const { return ordinal_; }
  /// What `from` refers to under the parameter `id`, which has an expression of its own.
  void ForLinks(const Nested& from, ParameterId id, NestedLinks& links);

 private:
  class Sink;
  void Follow(const Nested& from, std::string_view reference, fhir::Value at, NestedLinks& links);

  const Extractor& extractor_;
  const view::Ordinal ordinal_;
  const std::string_view own_base_;
  Nested root_;
  Holdings holdings_;               // of the root
  std::optional<Holdings> around_;  // of the holder that was asked last
  fhir::BundleEntries bundle_;
  const bool is_bundle_;
};

}  // namespace tk::search
