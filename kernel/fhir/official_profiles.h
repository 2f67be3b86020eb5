// The profiles and extensions of R4 itself, and the bindings of its types that are not required: linked into the program as one text a
// definition, which nobody reads before it is asked for.
// Flow:   the package's StructureDefinitions → CompileOfficialProfiles (tools/definitions) → bytes of the program → OfficialStructure →
//         Profiles (profile.h)
// What is left out: everything that does not decide whether a resource keeps to it (texts, mappings), and rules of the type itself, which
// the validator checks anyway.
// Format: kProfilesMagic, count, rows sorted by url, then the texts. Little-endian, same machine family that built it.
// Source: npm hl7.fhir.r4.examples 4.0.1 (CC0), as definitions_official.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/fhir/value.h"

namespace tk::fhir {

/// Build time: the bytes. Errors: kNotFound if `folder` holds none; else those of reading and parsing, with the file.
Result<std::string> CompileOfficialProfiles(const std::string& folder);

/// The reduced StructureDefinition of an official profile or extension; of a type: its bindings that are extensible or preferred (derivation
/// specialization). nullptr: there is none of this url, or it has another version than the one asked for. Cost: parses it.
std::shared_ptr<const Document> OfficialStructure(std::string_view canonical);

/// What decides in a StructureDefinition, as a digest: two with the same one ask the same. The built-in ones carry that of their official
/// file as member `rules`, because some of what they ask is mended.
std::string RulesDigest(Value structure);

namespace official {

inline constexpr uint64_t kProfilesMagic = 0x3130'666f'7270'6b74ULL;  // "tkprof01"
struct Header {
  uint64_t magic = kProfilesMagic;
  uint64_t count = 0;
};
struct Row {
  uint32_t url_at = 0, url_size = 0;  // from the start of the bytes
  uint32_t text_at = 0, text_size = 0;
};

}  // namespace official
}  // namespace tk::fhir
