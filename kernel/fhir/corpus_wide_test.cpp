#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/fhir/corpus_for_test.h"

namespace tk::fhir {
namespace fs = std::filesystem;

std::string UnpackCorpus(std::string_view name) {
  const char* const given = std::getenv("TK_SHARED");
  const std::string shared = given != nullptr ? given : std::string(TK_SOURCE_DIR) + "/../shared";
  const std::string archive = shared + "/corpora/" + std::string(name) + "/" + std::string(name) + ".tar.zst";
  if (!fs::exists(archive)) return "";
  const std::string root = fs::temp_directory_path().string() + "/tk-corpus-" + std::to_string(getpid());
  struct Cleaner {
    std::string root;
    ~Cleaner() {
      std::error_code ignored;
      fs::remove_all(root, ignored);
    }
  };
  static const Cleaner cleaner{root};
  const std::string folder = root + "/" + std::string(name);
  if (fs::exists(folder)) return folder;
  fs::create_directories(root);
  const std::string command = "zstd -dcq --long=27 '" + archive + "' | tar x -C '" + root + "'";
  return std::system(command.c_str()) == 0 ? folder : "";
}

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
