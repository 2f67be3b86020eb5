// The compiled definitions as bytes: rows of fixed width that point into one pool of strings by offset, so that the blob can
// lie anywhere and be used in place. Private to kernel/fhir and tools/definitions.
// Flow:   definitions_compile.cpp → blob (linked into the program, or made at start by Extend) → definitions_table.cpp
// Format: BlobHeader, then each section at a multiple of 8. Little-endian, same machine family that built it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/hash.h"

namespace tk::fhir {

inline constexpr uint64_t kBlobMagic = 0x3330'6665'646b'74ULL;  // "tkdef03"
inline constexpr uint32_t kOpenCodeSet = 0xffffffff;            // a set that cannot be listed
inline constexpr uint32_t kGrammarCodeSet =
    0xfffffffe;  // one whole system that is a grammar (code_grammar.h): its only row is the system

struct Str {
  uint32_t at = 0;
  uint32_t size = 0;
};

struct TypeRow {
  Str name, regex, url;
  uint32_t first_element = 0, element_count = 0;
  uint32_t first_constraint = 0, constraint_count = 0;  // its own; those of its base are not repeated
  uint16_t base = 0;
  uint8_t type_class = 0, json_form = 0, is_abstract = 0;
  uint8_t unused[3] = {};
};

struct ElementRow {
  Str name, base_name;
  uint32_t first_target = 0;
  uint16_t target_count = 0, type = 0, min = 0, max = 0, choice = 0, codes = 0;
  uint8_t is_summary = 0, is_modifier = 0;
  uint16_t constraint_count = 0;  // beyond those of its type
  uint32_t first_constraint = 0;
};

struct ConstraintRow {
  Str key, human, expression;
  uint16_t context = 0;  // type that the expression is compiled against; kNoType: a choice of several
  uint8_t is_error = 0;
  uint8_t unused = 0;
};

struct ParameterRow {
  Str code, url, expression;
  uint32_t first_target = 0, target_count = 0, first_component = 0, component_count = 0;
  uint16_t resource = 0;
  uint8_t type = 0;
  uint8_t unused = 0;
};

struct ComponentRow {
  Str url, expression;
};

/// The rows of one set lie together, sorted by hash of the code. Sets that are the same codes share rows.
struct CodeSetRow {
  Str url;
  uint32_t first = 0, count = 0;
};

struct CodeRow {
  uint64_t hash = 0;
  Str system, code;
};

struct CompartmentRow {
  uint16_t type = 0;
  uint16_t unused = 0;
  Str code;
};

struct Section {
  uint32_t at = 0;     // from the start of the blob
  uint32_t count = 0;  // rows
};

struct BlobHeader {
  uint64_t magic = kBlobMagic;
  uint64_t hash = 0;  // of everything after the header
  uint64_t size = 0;  // of the whole
  Section strings, types, elements, constraints, type_lists, parameters, components, code_sets, codes,
      compartment;
};

/// FNV-1a with a final mix; codes are short.
inline uint64_t CodeHash(std::string_view code) {
  uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : code) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return Mix(h);
}

/// A blob read in place.
class BlobView {
 public:
  explicit BlobView(std::string_view bytes) : bytes_(bytes) {}
  const BlobHeader& header() const { return *reinterpret_cast<const BlobHeader*>(bytes_.data()); }
  std::string_view Text(Str s) const { return bytes_.substr(header().strings.at + s.at, s.size); }
  template <class Row>
  std::span<const Row> Rows(Section section) const {
    return {reinterpret_cast<const Row*>(bytes_.data() + section.at), section.count};
  }

 private:
  std::string_view bytes_;
};

/// The same, growing.
struct Tables {
  std::string strings;
  std::vector<TypeRow> types;
  std::vector<ElementRow> elements;
  std::vector<ConstraintRow> constraints;
  std::vector<uint16_t> type_lists;  // reference targets
  std::vector<ParameterRow> parameters;
  std::vector<ComponentRow> components;
  std::vector<CodeSetRow> code_sets;
  std::vector<CodeRow> codes;
  std::vector<CompartmentRow> compartment;

  std::string_view Text(Str s) const { return std::string_view(strings).substr(s.at, s.size); }
  static Tables From(const BlobView& blob);
  std::string ToBlob() const;
};

}  // namespace tk::fhir
