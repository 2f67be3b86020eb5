// Compiles the official FHIR R4 definitions into the files that are linked into the program: the table, the profiles, and the elements of the types.
// Use:    tk_definitions FOLDER MENDED OUTPUT PROFILES ELEMENTS      FOLDER holds StructureDefinition-*.json and the like, one resource a file;
//         MENDED is kernel/fhir/invariants_mended.json
#include <fstream>
#include <iostream>

#include "kernel/fhir/definitions_official.h"
#include "kernel/fhir/official_elements.h"
#include "kernel/fhir/official_profiles.h"

namespace {

bool Write(const char* path, const tk::Result<std::string>& bytes) {
  if (!bytes.ok()) {
    std::cerr << bytes.error().ToString() << "\n";
    return false;
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes->data(), static_cast<std::streamsize>(bytes->size()));
  file.close();
  if (!file) std::cerr << path << ": cannot write\n";
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "use: tk_definitions FOLDER MENDED OUTPUT PROFILES ELEMENTS\n";
    return 2;
  }
  const bool written = Write(argv[3], tk::fhir::CompileOfficialDefinitions(argv[1], argv[2])) &&
                       Write(argv[4], tk::fhir::CompileOfficialProfiles(argv[1])) &&
                       Write(argv[5], tk::fhir::CompileOfficialElements(argv[1]));
  return written ? 0 : 1;
}
