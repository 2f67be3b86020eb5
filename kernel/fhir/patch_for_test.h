// What the tests of JSON Patch share.
#pragma once

#include <string>
#include <string_view>

#include "kernel/fhir/patch.h"

namespace tk::fhir {

/// The text of `target` after `patch`.
inline Result<std::string> Patched(std::string_view target, std::string_view patch) {
  const Document t = TRY(Document::Parse(target));
  const Document p = TRY(Document::Parse(patch));
  const Document done = TRY(ApplyJsonPatch(t.Root(), p.Root()));
  return std::string(done.Text());
}

}  // namespace tk::fhir
