#include "server/settings_backup.h"

#include <filesystem>

#include "kernel/base/file.h"

namespace tk::server {
namespace {

constexpr const char* kFiles[] = {"accounts.toml", "posts.toml", "policies.toml", "signed_out",
                                  "matching-model.json"};
constexpr const char* kFolders[] = {"types", "audit"};
constexpr size_t kFileBytesMax = size_t{4} << 30;

Status CopyFile(const std::string& from, const std::string& to) {
  std::string bytes = TRY(ReadFile(from, kFileBytesMax));
  // The running program may be in the middle of a record.
  if (from.ends_with(".jsonl")) bytes.resize(bytes.rfind('\n') + 1);
  return WriteFileDurable(to, bytes, 0600);
}

Status CopyMissing(const std::string& from, const std::string& to) {
  for (const char* name : kFiles) {
    const std::string file = std::string("/") + name;
    if (FileExists(from + file) && !FileExists(to + file)) TRY(CopyFile(from + file, to + file));
  }
  for (const char* name : kFolders) {
    const std::string folder = std::string("/") + name;
    if (!FileExists(from + folder) || FileExists(to + folder)) continue;
    TRY(MakeFolder(to + folder));
    for (const std::string& each : TRY(ListFolder(from + folder))) {
      std::error_code error;
      const std::string file = folder + "/" + each;
      if (!std::filesystem::is_regular_file(from + file, error)) continue;
      Status copied = CopyFile(from + file, to + file);
      // Gone since it was listed: the note of an erasure that has its end in the audit, which is copied after it.
      if (!copied.ok() && copied.error().code != ErrorCode::kNotFound) return copied;
    }
  }
  return {};
}

}  // namespace

Status BackupSettings(const std::string& data, const std::string& to) { return CopyMissing(data, to); }
Status RestoreSettings(const std::string& from, const std::string& data) { return CopyMissing(from, data); }

}  // namespace tk::server
