// The official definitions, linked into the program by the generated file r4_blob.cpp (see CMakeLists.txt).
#include "kernel/fhir/definitions_table.h"

extern "C" {
extern const char tk_r4_definitions_begin[];
extern const char tk_r4_definitions_end[];
}

namespace tk::fhir {

std::shared_ptr<const Definitions> Definitions::R4() {
  static const std::shared_ptr<const Definitions> definitions = LoadDefinitions(std::string_view(
      tk_r4_definitions_begin, static_cast<size_t>(tk_r4_definitions_end - tk_r4_definitions_begin)));
  return definitions;
}

}  // namespace tk::fhir
