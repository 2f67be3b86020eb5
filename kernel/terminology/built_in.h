// What is known without being stored: the definitions that came with the platform types, the platform's own, then the official value sets and code systems.
// Flow:   interaction (nothing stored has the url) → BuiltIn → Definitions::given, Platform, Official
// The official code systems that name all types name the platform's too, as the definitions' required sets do: displays, bindings, :in and memberOf()
// go by the same codes.
// Cost:   made once: parses the two code systems of type names; then that of Definitions::given and of Official.
#pragma once

#include "kernel/fhir/canonicals.h"
#include "kernel/fhir/definitions.h"

namespace tk::terminology {

/// Thread-safe. `definitions` outlive it.
class BuiltIn final : public fhir::Canonicals {
 public:
  explicit BuiltIn(const fhir::Definitions& definitions);
  std::shared_ptr<const fhir::Document> Find(std::string_view type,
                                             std::string_view canonical) const override;

 private:
  const fhir::Definitions& definitions_;
  fhir::MemoryCanonicals type_names_;  // those that have more codes than the official ones
};

}  // namespace tk::terminology
