// Compiles the official FHIR R4 definitions into the blob that is linked into the program.
// Use:    tk_definitions FOLDER OUTPUT      FOLDER holds StructureDefinition-*.json and the like, one resource a file
// Source: npm hl7.fhir.r4.examples 4.0.1, which carries the definitions of hl7.fhir.r4.core 4.0.1 unaltered (CC0).
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "kernel/fhir/definitions_compile.h"

namespace {

using tk::fhir::Document;
using tk::fhir::Value;

constexpr std::string_view kVersion = "4.0.1";

// Parameters that the package carries as examples or for extensions; the specification's own list (search-parameters.json)
// does not have them. `filter` has no type base of its own: it is a way of asking.
bool IsOfficialParameter(const std::string& id) {
  return id.rfind("example", 0) != 0 && id != "filter" && id.find("-extensions-") == std::string::npos &&
         id.find("-genetic-") == std::string::npos;
}

bool IsWanted(Value resource) {
  const std::string type = resource["resourceType"].ToString();
  if (type == "StructureDefinition") {
    const std::string kind = resource["kind"].ToString();
    return kind != "logical" && resource["derivation"].ToString() != "constraint" &&
           resource["version"].ToString() == kVersion;
  }
  if (type == "SearchParameter") return IsOfficialParameter(resource["id"].ToString());
  if (type == "CompartmentDefinition")
    return resource["code"].ToString() == "Patient" && resource["id"].ToString() == "patient";
  return type == "ValueSet" || type == "CodeSystem";
}

bool HasWantedName(const std::string& name) {
  for (const char* prefix :
       {"StructureDefinition-", "SearchParameter-", "CompartmentDefinition-", "ValueSet-", "CodeSystem-"}) {
    if (name.rfind(prefix, 0) == 0) return true;
  }
  return false;
}

int Run(const std::string& folder, const std::string& output) {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    if (HasWantedName(entry.path().filename().string())) paths.push_back(entry.path());
  }
  if (failed || paths.empty()) {
    std::cerr << folder << ": no definitions found; ./tk deps fetches them\n";
    return 1;
  }
  std::sort(paths.begin(), paths.end());  // the numbering of types must not depend on the file system
  std::vector<std::unique_ptr<Document>> documents;
  std::vector<const Document*> wanted;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    auto document = Document::Parse(text);
    if (!document.ok()) {
      std::cerr << path.string() << ": " << document.error().ToString() << "\n";
      return 1;
    }
    auto owned = std::make_unique<Document>(std::move(document).value());
    if (!IsWanted(owned->Root())) continue;
    wanted.push_back(owned.get());
    documents.push_back(std::move(owned));
  }
  const auto blob = tk::fhir::CompileDefinitions(nullptr, wanted);
  if (!blob.ok()) {
    std::cerr << blob.error().ToString() << "\n";
    return 1;
  }
  std::ofstream file(output, std::ios::binary | std::ios::trunc);
  file.write(blob->data(), static_cast<std::streamsize>(blob->size()));
  file.close();
  if (!file) {
    std::cerr << output << ": cannot write\n";
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "use: tk_definitions FOLDER OUTPUT\n";
    return 2;
  }
  return Run(argv[1], argv[2]);
}
