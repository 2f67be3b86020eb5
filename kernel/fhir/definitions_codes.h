// Value sets and code systems → lists of codes, as far as they can be listed. For the compiler, the profiles' bindings and kernel/terminology.
// Filters that are decided: concept (or code) is-a, descendent-of, is-not-a, generalizes, =, in, not-in; parent =. The others are not.
// A code is below another by nesting and by the properties parent, child and subsumedBy (code_tree.h), whatever hierarchyMeaning says.
// Source: FHIR R4 valueset.html 4.9.5 (compose), codesystem.html.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/fhir/code_tree.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {

using SystemCode = std::pair<std::string, std::string>;  // system, code

/// Whose codes are the names of all types: resources, and data types.
inline constexpr std::string_view kTypeSystems[] = {"http://hl7.org/fhir/resource-types",
                                                    "http://hl7.org/fhir/data-types"};

/// Where the expansion finds what a value set names. Canonicals may have a |version.
class CodeSource {
 public:
  virtual ~CodeSource() = default;
  virtual Value FindValueSet(std::string_view canonical) const = 0;  // absent if not given as a resource
  virtual std::shared_ptr<const CodeTree> FindCodeSystem(
      std::string_view canonical) const = 0;  // the same: nullptr
  /// Codes compiled earlier: of a whole code system or of a value set. nullopt if unknown or open.
  virtual std::optional<std::vector<SystemCode>> Compiled(std::string_view url) const = 0;
  /// True: codes of this system are the same in upper and lower case, and are to be listed in lower case.
  virtual bool FoldsCase(std::string_view /*system*/) const { return false; }
};

struct ExpansionLimits {
  size_t codes_max = 1'000'000;   // of the result, and of each part of it
  size_t steps_max = 10'000'000;  // codes looked at, imports included
  int depth_max = 8;              // value sets that import each other
};

/// All codes of the value set, each once, sorted. Errors: kUnsupported, with the place in the value set and why it cannot be listed (a system that is
/// not given or is not complete, a filter that cannot be decided); kTooLarge over a limit.
Result<std::vector<SystemCode>> ExpandValueSet(Value value_set, const CodeSource& source,
                                               const ExpansionLimits& limits = {});

/// All codes of a code system whose content is complete; else nullopt.
std::optional<std::vector<SystemCode>> ListCodeSystem(const CodeTree& code_system);

/// "http://x|4.0.1" → "http://x".
std::string_view WithoutVersion(std::string_view canonical);

}  // namespace tk::fhir
