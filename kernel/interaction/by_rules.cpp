#include "kernel/interaction/by_rules.h"

#include <fmt/format.h>

#include "kernel/fhir/canonicals.h"

namespace tk::interaction {

Status CheckNotOfRules(const fhir::Definitions& definitions, fhir::TypeId type) {
  if (type == fhir::kNoType) return {};
  const std::string_view name = definitions.Type(type).name;
  const auto given = definitions.given().Find(
      "StructureDefinition", fmt::format("http://tongkang.dev/fhir/StructureDefinition/{}", name));
  if (given == nullptr) return {};
  for (const fhir::Value extension : given->Root()["extension"]) {
    if (extension["url"].ToString() == kWrittenByExtension)
      return MakeError(
          ErrorCode::kForbidden,
          fmt::format("A {} is made, changed and ended by rules alone, from the evidence that they "
                      "name: nobody writes one.",
                      name));
  }
  return {};
}

}  // namespace tk::interaction
