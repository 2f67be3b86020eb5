// Value sets and code systems → lists of codes, as far as they can be listed. Private to the compiler.
// Source: FHIR R4 valueset.html (compose), codesystem.html.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/fhir/value.h"

namespace tk::fhir {

using SystemCode = std::pair<std::string, std::string>;  // system, code

/// Where the expansion finds what a value set names.
class CodeSource {
 public:
  virtual ~CodeSource() = default;
  virtual Value FindValueSet(std::string_view url) const = 0;  // absent if not given as a resource
  virtual Value FindCodeSystem(std::string_view url) const = 0;
  /// Codes compiled earlier: of a whole code system or of a value set. nullopt if unknown or open.
  virtual std::optional<std::vector<SystemCode>> Compiled(std::string_view url) const = 0;
};

/// All codes of the value set; nullopt if they cannot be listed (a system that is not given or is not complete, a filter
/// over properties that we cannot decide). `depth_max` bounds value sets that import each other.
std::optional<std::vector<SystemCode>> ExpandValueSet(Value value_set, const CodeSource& source,
                                                      int depth_max = 8);

/// All codes of a code system whose content is complete.
std::optional<std::vector<SystemCode>> ListCodeSystem(Value code_system);

/// "http://x|4.0.1" → "http://x".
std::string_view WithoutVersion(std::string_view canonical);

}  // namespace tk::fhir
