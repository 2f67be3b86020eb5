// Test material outside the repository: official examples from npm, and the shared corpora where they are. Tests only.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tk::fhir {

/// Unpacks <shared>/corpora/NAME/NAME.tar.zst into a folder of this process and returns that folder; "" if it is not here.
/// <shared> is $TK_SHARED or ../shared beside the repository.
inline std::string UnpackCorpus(std::string_view name) {
  const char* const given = std::getenv("TK_SHARED");
  const std::string shared = given != nullptr ? given : std::string(TK_SOURCE_DIR) + "/../shared";
  const std::string archive = shared + "/corpora/" + std::string(name) + "/" + std::string(name) + ".tar.zst";
  if (!std::filesystem::exists(archive)) return "";
  const std::string root =
      std::filesystem::temp_directory_path().string() + "/tk-corpus-" + std::to_string(getpid());
  struct Cleaner {
    std::string root;
    ~Cleaner() {
      std::error_code ignored;
      std::filesystem::remove_all(root, ignored);
    }
  };
  static const Cleaner cleaner{root};
  const std::string folder = root + "/" + std::string(name);
  if (std::filesystem::exists(folder)) return folder;
  std::filesystem::create_directories(root);
  const std::string command = "zstd -dcq --long=27 '" + archive + "' | tar x -C '" + root + "'";
  return std::system(command.c_str()) == 0 ? folder : "";
}

std::string ReadFileForTest(const std::string& path);

/// Paths of the *.json files of a folder that hold one resource each, sorted.
std::vector<std::string> JsonFilesOf(const std::string& folder);

/// The table invariants_mended.json of this room.
std::string MendedInvariantsFile();

/// The npm package hl7.fhir.r4.examples that the build compiled its definitions from.
std::string OfficialExamplesFolder();

}  // namespace tk::fhir
