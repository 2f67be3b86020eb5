// What decides in a StructureDefinition, as one number: at build time and at run time the same.
#include <algorithm>

#include "kernel/base/hash.h"
#include "kernel/fhir/official_profiles.h"

namespace tk::fhir {
namespace {

/// Members of an element that explain and decide nothing.
constexpr std::string_view kExplaining[] = {"definition", "short",   "comment", "requirements",
                                            "alias",      "mapping", "example", "extension"};

/// However its strings are escaped: each stands behind its length, so that none can play a member.
void AddPlain(Value value, std::string* out) {
  if (value.is_string()) {
    const std::string text = value.ToString();
    *out += std::to_string(text.size()) + '"' + text;
  } else if (value.is_object()) {
    *out += '{';
    for (const Value member : value) {
      *out += std::string(member.name_text()) + ':';
      AddPlain(member, out);
      *out += ',';
    }
    *out += '}';
  } else if (value.is_array()) {
    *out += '[';
    for (const Value one : value) {
      AddPlain(one, out);
      *out += ',';
    }
    *out += ']';
  } else {
    *out += value.Json();
  }
}

}  // namespace

std::string RulesDigest(Value structure) {
  std::string text;
  for (const char* name :
       {"url", "version", "kind", "context", "contextInvariant", "type", "baseDefinition", "derivation"}) {
    AddPlain(structure[name], &text);
    text += '\n';
  }
  for (const char* list : {"snapshot", "differential"}) {
    for (const Value element : structure[list]["element"]) {
      for (const Value member : element) {
        if (std::find(std::begin(kExplaining), std::end(kExplaining), member.name_text()) !=
            std::end(kExplaining))
          continue;
        text += std::string(member.name_text()) + ':';
        AddPlain(member, &text);
      }
      text += '\n';
    }
  }
  return ToHex(Bytes(DigestOf({AsBytes(text)})));
}

}  // namespace tk::fhir
