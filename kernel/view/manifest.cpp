#include "kernel/view/manifest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "kernel/base/hash.h"

namespace tk::view {
namespace {

constexpr std::string_view kFirstLine = "tongkang-manifest 1";

Error FolderError(const std::string& path, const char* what) {
  return MakeError(ErrorCode::kUnavailable, "a view could not be saved to disk", fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

std::string Print(const Manifest& manifest) {
  std::string out(kFirstLine);
  const Mark& mark = manifest.mark;
  out += fmt::format("\nview {}\nmark {} {} {} {} {}\n", manifest.view, mark.incarnation, mark.t, mark.end_ordinal, mark.definitions_hash,
                     mark.format_version);
  for (const auto& [name, number] : manifest.numbers) out += fmt::format("number {} {}\n", name, number);
  for (const RunFile& f : manifest.files) {
    out += fmt::format("file {} {} {} {} {} {} {}\n", f.family, f.number, f.adds, f.antis, f.first_ordinal, f.end_ordinal, f.checksum);
  }
  out += fmt::format("crc {}\n", Crc32c(AsBytes(out)));
  return out;
}

bool ReadLine(std::istringstream& line, Manifest* out) {
  std::string kind;
  line >> kind;
  if (kind == "view") return static_cast<bool>(line >> out->view);
  if (kind == "mark") {
    Mark& m = out->mark;
    return static_cast<bool>(line >> m.incarnation >> m.t >> m.end_ordinal >> m.definitions_hash >> m.format_version);
  }
  if (kind == "number") {
    auto& [name, number] = out->numbers.emplace_back();
    return static_cast<bool>(line >> name >> number);
  }
  if (kind == "file") {
    RunFile& f = out->files.emplace_back();
    return static_cast<bool>(line >> f.family >> f.number >> f.adds >> f.antis >> f.first_ordinal >> f.end_ordinal >> f.checksum);
  }
  return false;
}

}  // namespace

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return MakeError(ErrorCode::kUnavailable, "a folder could not be made", folder + ": " + error.message());
  return {};
}

Status SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FolderError(folder, "open");
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  if (!synced) return FolderError(folder, "sync");
  return {};
}

Status WriteManifest(const std::string& folder, const Manifest& manifest) {
  TRY(SyncFolder(folder));  // the run files' names must last before anything names them
  const std::string path = folder + "/manifest", draft = path + ".tmp", text = Print(manifest);
  const int fd = ::open(draft.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return FolderError(draft, "create");
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  if (::close(fd) != 0 || !written || ::rename(draft.c_str(), path.c_str()) != 0) {
    Error error = FolderError(draft, "write");
    ::unlink(draft.c_str());
    return error;
  }
  return SyncFolder(folder);
}

Result<Manifest> ReadManifest(const std::string& folder) {
  const std::string path = folder + "/manifest";
  std::ifstream file(path, std::ios::binary);
  if (!file) return MakeError(ErrorCode::kNotFound, "no saved view", path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto corrupt = [&](const char* what) {
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log", fmt::format("{}: {}", path, what));
  };
  const size_t crc_at = text.rfind("crc ");
  if (crc_at == std::string::npos || text.substr(crc_at) != fmt::format("crc {}\n", Crc32c(AsBytes(std::string_view(text).substr(0, crc_at))))) {
    return corrupt("checksum differs");
  }
  std::istringstream lines(text.substr(0, crc_at));
  std::string line;
  if (!std::getline(lines, line) || line != kFirstLine) return corrupt("not a manifest of this version");
  Manifest manifest;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    if (!ReadLine(words, &manifest)) return corrupt("a line cannot be read");
  }
  return manifest;
}

Status CheckMark(const Mark& saved, const Mark& head) {
  auto conflict = [](std::string what) {
    return MakeError(ErrorCode::kConflict, "a saved view does not fit the log and is rebuilt", std::move(what));
  };
  if (saved.format_version != head.format_version) return conflict(fmt::format("format {} is not {}", saved.format_version, head.format_version));
  if (saved.incarnation != head.incarnation) return conflict(fmt::format("incarnation {} is not {}", saved.incarnation, head.incarnation));
  if (saved.definitions_hash != head.definitions_hash) return conflict("made under other definitions");
  if (saved.t > head.t || saved.end_ordinal > head.end_ordinal) return conflict(fmt::format("t {} is ahead of the log's {}", saved.t, head.t));
  return {};
}

}  // namespace tk::view
