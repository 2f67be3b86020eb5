// Definitions made from a blob. Private to kernel/fhir.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/fhir/canonicals.h"
#include "kernel/fhir/definitions.h"

namespace tk::fhir {

/// Uses `blob` in place; it must live as long as the program.
std::shared_ptr<const Definitions> LoadDefinitions(std::string_view blob);
/// Owns the blob. `given`: see Definitions.
std::shared_ptr<const Definitions> LoadDefinitions(std::unique_ptr<const std::string> blob,
                                                   MemoryCanonicals given = {});

}  // namespace tk::fhir
