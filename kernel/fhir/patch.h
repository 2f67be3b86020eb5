// JSON Patch over a document's text. Source: RFC 6902, RFC 6901.
#pragma once

#include "kernel/fhir/value.h"

namespace tk::fhir {

/// Applies all operations of `patch` (an array) to `target`, or none. Members that are not touched keep their bytes.
/// Errors: kIncorrect (malformed patch: index of the operation, what is missing), kInvalid (path absent, test failed).
Result<Document> ApplyJsonPatch(Value target, Value patch);

}  // namespace tk::fhir
