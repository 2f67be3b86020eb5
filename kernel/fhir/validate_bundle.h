// What a Bundle asks beside its invariants: told by $validate, as validate_forms.h says.
// - fullUrl: there unless the Bundle is a transaction, a batch or the answer to one, or the resource the outcome of a search; absolute; a
//   RESTful address ends with the resource's type and id;
// - links of searches stand in searches and histories only, each relation once; a stylesheet that is not external is an entry;
// - what a search found has an id and is of the type that was searched for; its outcome is an OperationOutcome;
// - document: what the Composition names is an entry, and every entry hangs together with the Composition
//   or is a stylesheet that a link of the Bundle names;
// - message: what the MessageHeader is about is an entry;
// - both: a relative reference to an entry's type and id means that entry also by the rules of fullUrl, and one entry only.
// Source: FHIR R4 bundle.html#bundle-unique, #references, documents.html#content, search.html, http.html#paging.
#pragma once

#include <string>
#include <vector>

#include "kernel/fhir/check_time.h"
#include "kernel/fhir/definitions.h"

namespace tk::fhir {

/// Errors of one Bundle, without those of Bundles in it; `path`: where it stands. Cost: a walk over everything in it for documents and
/// messages, else over the entries; it ends when `time` is over. `links_kept`: its memory goes by that, at most two a reference and two an entry
/// and address.
std::vector<Issue> BundleProblems(const Definitions& definitions, Value bundle, const std::string& path,
                                  size_t issues_max, CheckTime& time, size_t* links_kept = nullptr);

}  // namespace tk::fhir
