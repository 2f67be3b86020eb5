// The elements of R4's own types as their StructureDefinitions tell them, texts and all: what elementDefinition() answers. Linked into the program,
// each type compressed by itself, which nobody reads before it is asked for.
// Flow:   the package's StructureDefinitions → CompileOfficialElements (tools/definitions) → bytes of the program → OfficialElements
// Format: kElementsMagic, count, rows sorted by name, then names and zstd frames. Little-endian, same machine family that built it.
// Source: npm hl7.fhir.r4.examples 4.0.1 (CC0), as definitions_official.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/fhir/value.h"

namespace tk::fhir {

/// Build time: the bytes. Errors: kNotFound if `folder` holds none; else those of reading and parsing, with the file.
Result<std::string> CompileOfficialElements(const std::string& folder);

/// {"snapshot":{"element":[…]}} of a type ("Patient", "HumanName"). nullptr: R4 has no such type. Cost: expands and parses it, about 1 ms.
std::shared_ptr<const Document> OfficialElements(std::string_view type);

namespace official {

inline constexpr uint64_t kElementsMagic = 0x3130'6d65'6c65'6b74ULL;  // "tkelem01"
struct ElementsHeader {
  uint64_t magic = kElementsMagic;
  uint64_t count = 0;
};
struct ElementsRow {
  uint32_t name_at = 0, name_size = 0;  // from the start of the bytes
  uint32_t frame_at = 0, frame_size = 0;
  uint32_t text_size = 0;  // expanded
  uint32_t unused = 0;
};

}  // namespace official
}  // namespace tk::fhir
