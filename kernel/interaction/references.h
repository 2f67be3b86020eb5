// Links between the entries of a transaction: wherever one names another's fullUrl, it is given the id that the other gets.
// Rewritten: Reference.reference, elements of type uri, url, oid and uuid, <a href> and <img src> of narratives; never canonical.
// Source: FHIR R4 http.html#trules, bundle.html#references.
#pragma once

#include <unordered_map>

#include "kernel/interaction/room.h"

namespace tk::interaction {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
/// fullUrl → "Type/id".
using LinkTargets = std::unordered_map<std::string, std::string, TextHash, std::equal_to<>>;

class LinkRewriter {
 public:
  /// `resolve`: a conditional reference ("Practitioner?identifier=…") → "Practitioner/9", or why not.
  using Resolve = std::function<Result<std::string>(fhir::TypeId type, std::string_view criteria)>;
  LinkRewriter(const fhir::Definitions& definitions, const LinkTargets& targets, Resolve resolve);

  /// `resource` (of an entry with `full_url`, at element path `path`) as a document of its own with its links rewritten and its id set.
  /// Errors: kInvalid for a urn that names no entry; what `resolve` says; both with the path. Cost: a walk and a copy.
  Result<fhir::Document> Rewrite(fhir::Value resource, fhir::TypeId type, std::string_view full_url,
                                 std::string_view id, std::string_view path);

 private:
  enum class Kind : uint8_t { kNone, kUri, kXhtml, kElement, kReference, kResource };
  /// Where the walk is. Written out only when something is to be told.
  struct Place {
    const Place* above;
    std::string_view name;  // "" = an item of an array
    size_t index;
    std::string Path() const;
  };
  struct Work {
    uint32_t start = 0;  // of the resource in its document's text
    std::string base;    // of a RESTful fullUrl: "http://a/fhir/"
    std::vector<fhir::TextEdit> edits;
  };
  Status Object(fhir::Value object, fhir::TypeId type, const Place& place, Work* work);
  Status Member(fhir::Value member, fhir::TypeId type, const Place& place, Work* work);
  Status Item(fhir::Value value, fhir::TypeId type, const Place& place, Work* work);
  Status Reference(fhir::Value text, const Place& place, Work* work);
  void Uri(fhir::Value text, Work* work) const;
  void Narrative(fhir::Value text, Work* work) const;
  /// "Type/id" of a link, "" if it is none of the bundle's.
  std::string Target(std::string_view link, const Work& work) const;
  Kind KindOf(fhir::TypeId type) const;
  Result<fhir::Document> WithWholeId(fhir::Value resource, std::string_view id, Work* work) const;

  const fhir::Definitions& definitions_;
  const LinkTargets& targets_;
  Resolve resolve_;
  fhir::TypeId reference_, element_, xhtml_;
  std::array<fhir::TypeId, 4> uris_;
  fhir::NameId id_name_, reference_name_;
};

}  // namespace tk::interaction
