// Links between the entries of a transaction: wherever one names another's fullUrl, it is given the id that the other gets.
// Rewritten: Reference.reference, elements of type uri, url, oid and uuid, <a href> and <img src> of narratives; never canonical.
// Source: FHIR R4 http.html#trules, bundle.html#references.
#pragma once

#include <unordered_map>

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// fullUrl → "Type/id".
using LinkTargets = std::unordered_map<std::string, std::string>;

class LinkRewriter {
 public:
  /// `resolve`: a conditional reference ("Practitioner?identifier=…") → "Practitioner/9", or why not.
  using Resolve = std::function<Result<std::string>(fhir::TypeId type, std::string_view criteria)>;
  LinkRewriter(const fhir::Definitions& definitions, const LinkTargets& targets, Resolve resolve);

  /// `resource` (of an entry with `full_url`, at element path `path`) as a document of its own with its links rewritten and its id set.
  /// Errors: kInvalid for a urn that names no entry; what `resolve` says; both with the path.
  Result<fhir::Document> Rewrite(fhir::Value resource, fhir::TypeId type, std::string_view full_url,
                                 std::string_view id, const std::string& path);

 private:
  struct Work {
    uint32_t start = 0;  // of the resource in its document's text
    std::string base;    // of a RESTful fullUrl: "http://a/fhir/"
    std::string_view id;
    std::vector<fhir::TextEdit> edits;
  };
  Status Object(fhir::Value object, fhir::TypeId type, const std::string& path, bool is_root, Work* work);
  Status Member(fhir::Value value, const fhir::ElementInfo& element, const std::string& path, Work* work);
  Status Item(fhir::Value value, fhir::TypeId type, const std::string& path, Work* work);
  Status Reference(fhir::Value text, const std::string& path, Work* work);
  void Uri(fhir::Value text, Work* work);
  void Narrative(fhir::Value text, Work* work);
  /// "Type/id" of a link, "" if it is none of the bundle's.
  std::string Target(std::string_view link, const Work& work) const;
  void RootEdit(fhir::Value member, bool has_id, Work* work) const;

  const fhir::Definitions& definitions_;
  const LinkTargets& targets_;
  Resolve resolve_;
  fhir::TypeId reference_, element_, xhtml_;
  std::array<fhir::TypeId, 4> uris_;
};

}  // namespace tk::interaction
