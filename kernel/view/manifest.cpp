#include "kernel/view/manifest.h"

#include <fmt/format.h>

#include <sstream>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"

namespace tk::view {
namespace {

constexpr std::string_view kFirstLine = "tongkang-manifest 1";

std::string Print(const Manifest& manifest) {
  std::string out(kFirstLine);
  const Mark& mark = manifest.mark;
  out += fmt::format("\nview {}\nmark {} {} {} {} {}\n", manifest.view, mark.incarnation, mark.t,
                     mark.end_ordinal, mark.definitions_hash, mark.format_version);
  for (const auto& [name, number] : manifest.numbers) out += fmt::format("number {} {}\n", name, number);
  for (const RunFile& f : manifest.files) {
    out += fmt::format("file {} {} {} {} {} {} {}\n", f.family, f.number, f.adds, f.antis, f.first_ordinal,
                       f.end_ordinal, f.checksum);
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
    return static_cast<bool>(line >> m.incarnation >> m.t >> m.end_ordinal >> m.definitions_hash >>
                             m.format_version);
  }
  if (kind == "number") {
    auto& [name, number] = out->numbers.emplace_back();
    return static_cast<bool>(line >> name >> number);
  }
  if (kind == "file") {
    RunFile& f = out->files.emplace_back();
    return static_cast<bool>(line >> f.family >> f.number >> f.adds >> f.antis >> f.first_ordinal >>
                             f.end_ordinal >> f.checksum);
  }
  return false;
}

}  // namespace

Status WriteManifest(const std::string& folder, const Manifest& manifest) {
  TRY(SyncFolder(folder));  // the run files' names must last before anything names them
  return WriteFileDurable(folder + "/manifest", Print(manifest));
}

Result<Manifest> ReadManifest(const std::string& folder) {
  const std::string path = folder + "/manifest";
  constexpr size_t kManifestBytesMax = size_t{16} << 20;
  const std::string text = TRY(ReadFile(path, kManifestBytesMax));
  auto corrupt = [&](const char* what) {
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                     fmt::format("{}: {}", path, what));
  };
  const size_t crc_at = text.rfind("crc ");
  if (crc_at == std::string::npos ||
      text.substr(crc_at) !=
          fmt::format("crc {}\n", Crc32c(AsBytes(std::string_view(text).substr(0, crc_at))))) {
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
    return MakeError(ErrorCode::kConflict, "a saved view does not fit the log and is rebuilt",
                     std::move(what));
  };
  if (saved.format_version != head.format_version)
    return conflict(fmt::format("format {} is not {}", saved.format_version, head.format_version));
  if (saved.incarnation != head.incarnation)
    return conflict(fmt::format("incarnation {} is not {}", saved.incarnation, head.incarnation));
  if (saved.definitions_hash != head.definitions_hash) return conflict("made under other definitions");
  if (saved.t > head.t || saved.end_ordinal > head.end_ordinal)
    return conflict(fmt::format("t {} is ahead of the log's {}", saved.t, head.t));
  return {};
}

}  // namespace tk::view
