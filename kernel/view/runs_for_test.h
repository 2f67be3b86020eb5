// What the tests of runs share.
#pragma once

#include <filesystem>
#include <string>

#include "kernel/base/random.h"

namespace tk::view {

inline std::string FreshFolder(const std::string& name) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("tk_runs_" + name + "_" + NewUuid());
  std::filesystem::create_directories(path);
  return path.string();
}

struct Folder {
  explicit Folder(const std::string& name) : path(FreshFolder(name)) {}
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  std::string path;
};

}  // namespace tk::view
