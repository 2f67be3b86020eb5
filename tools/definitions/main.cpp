// Compiles the official FHIR R4 definitions into the blob that is linked into the program.
// Use:    tk_definitions FOLDER MENDED OUTPUT      FOLDER holds StructureDefinition-*.json and the like, one resource a file;
//         MENDED is kernel/fhir/invariants_mended.json
#include <fstream>
#include <iostream>

#include "kernel/fhir/definitions_official.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "use: tk_definitions FOLDER MENDED OUTPUT\n";
    return 2;
  }
  const auto blob = tk::fhir::CompileOfficialDefinitions(argv[1], argv[2]);
  if (!blob.ok()) {
    std::cerr << blob.error().ToString() << "\n";
    return 1;
  }
  std::ofstream file(argv[3], std::ios::binary | std::ios::trunc);
  file.write(blob->data(), static_cast<std::streamsize>(blob->size()));
  file.close();
  if (!file) {
    std::cerr << argv[3] << ": cannot write\n";
    return 1;
  }
  return 0;
}
