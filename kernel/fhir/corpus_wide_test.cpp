#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/fhir/corpus_for_test.h"

namespace tk::fhir {
namespace fs = std::filesystem;

std::string ReadFileForTest(const std::string& path) {
  auto text = ReadFile(path, size_t{64} << 20);
  CHECK(text.ok());
  return std::move(text).value();
}

std::vector<std::string> JsonFilesOf(const std::string& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".json" && name != "package.json" && name.front() != '.') {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string MendedInvariantsFile() { return TK_FHIR_FOLDER "/invariants_mended.json"; }

std::string OfficialExamplesFolder() { return TK_R4_FOLDER; }

}  // namespace tk::fhir
