// Whole files: read with a limit, written so that after a crash there is the old or the new content and nothing between.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk {

/// Errors: kNotFound; kTooLarge over `bytes_max`; kUnavailable for anything else the system says.
Result<std::string> ReadFile(const std::string& path, size_t bytes_max);
/// Temporary file, fsync, rename, fsync of the folder. `mode` as for open. Errors: kUnavailable (disk full, permissions); the old content stays.
Status WriteFileDurably(const std::string& path, std::string_view content, unsigned mode = 0640);
/// Makes the folder and its parents (mode 0750). Fine if it is there.
Status MakeFolders(const std::string& path);
/// Names (not paths) in a folder, sorted; without "." and "..".
Result<std::vector<std::string>> ListFolder(const std::string& path);
/// Fine if it is not there.
Status RemoveFile(const std::string& path);
Status SyncFolder(const std::string& path);
bool FileExists(const std::string& path);

}  // namespace tk
