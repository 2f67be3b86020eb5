// One generation of the index, as Generations (generations.cpp) sees it. Inside the room only.
#pragma once

#include "kernel/search/custom_parameters.h"
#include "kernel/search/index.h"

namespace tk::search {

class GeneratedIndex : public Index {
 public:
  /// `definitions`: `base`, or that with stored parameters.
  static std::unique_ptr<GeneratedIndex> Create(std::shared_ptr<const fhir::Definitions> base,
                                                std::shared_ptr<const fhir::Definitions> definitions,
                                                const IndexOptions& options,
                                                const view::Directory* directory);
  /// The stored search parameters as of what was applied.
  virtual const CustomParameters& custom() const = 0;
  /// What it was built with, printed (saved_parameters.h).
  virtual const std::string& parameters() const = 0;
};

}  // namespace tk::search
