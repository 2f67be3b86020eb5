#include "kernel/app/pack_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"

namespace tk::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPacksMax = 500, kFilesMax = 2000, kFileBytesMax = size_t{4} << 20;

Error CannotRead(const std::string& path, const std::error_code& why) {
  return MakeError(ErrorCode::kUnavailable, fmt::format("{}: cannot be read: {}", path, why.message()));
}

/// Paths of a pack's files below its folder, sorted.
Result<std::vector<std::string>> FilesIn(const std::string& folder, bool with_tests) {
  std::vector<std::string> paths;
  std::error_code why;
  fs::recursive_directory_iterator at(folder, why);
  if (why) return CannotRead(folder, why);
  for (; at != fs::recursive_directory_iterator(); at.increment(why)) {
    if (why) return CannotRead(folder, why);
    const std::string name = at->path().filename().string();
    const bool is_folder = at->is_directory(why);
    const bool passed = name.starts_with(".") || (at.depth() == 0 && name == "ui") ||
                        (at.depth() == 0 && name == "tests" && !with_tests);
    if (passed) {
      if (is_folder) at.disable_recursion_pending();
      continue;
    }
    if (is_folder || !name.ends_with(".json")) continue;
    paths.push_back(at->path().lexically_relative(folder).generic_string());
    if (paths.size() > kFilesMax)
      return MakeError(
          ErrorCode::kTooLarge,
          fmt::format("{}: has more than {} files: is it the folder of one pack?", folder, kFilesMax));
  }
  if (why) return CannotRead(folder, why);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

bool IsPackId(std::string_view id) {
  if (id.empty() || id.size() > 40 || id[0] < 'a' || id[0] > 'z' || id.back() == '-') return false;
  for (size_t i = 0; i < id.size(); ++i) {
    const bool letter = (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9');
    if (!letter && (id[i] != '-' || id[i - 1] == '-')) return false;
  }
  return true;
}

void PackSet::Put(const Pack& pack) {
  const auto like =
      std::find_if(packs_.begin(), packs_.end(), [&](const Pack& each) { return each.id == pack.id; });
  if (like != packs_.end())
    *like = pack;
  else
    packs_.push_back(pack);
}

Status PackSet::AddFolder(const std::string& id, const std::string& folder, bool with_tests) {
  if (!IsPackId(id))
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("{}: a pack's folder is named in lower case letters, digits and single dashes, such "
                    "as emergency-stock",
                    folder));
  std::vector<File>& files = files_.emplace_back();
  for (const std::string& path : TRY(FilesIn(folder, with_tests))) {
    const std::string& name = texts_.emplace_back(path);
    const std::string& text = texts_.emplace_back(TRY(ReadFile(folder + "/" + path, kFileBytesMax)));
    files.push_back({name, text});
  }
  Pack pack;
  pack.id = texts_.emplace_back(id);
  pack.files = files;
  pack.origin = texts_.emplace_back(folder);
  Put(pack);
  return {};
}

void PackSet::Finish() {
  std::sort(packs_.begin(), packs_.end(), [](const Pack& a, const Pack& b) { return a.id < b.id; });
  for (const Pack& pack : packs_) {
    for (const File& file : pack.files) {
      const uint64_t of_file = (uint64_t{Crc32c(AsBytes(file.path))} << 32) | Crc32c(AsBytes(file.content));
      hash_ = Mix(hash_ ^ of_file ^ Crc32c(AsBytes(pack.id)));
    }
  }
}

Result<std::shared_ptr<const PackSet>> PackSet::Load(std::span<const Pack> linked, const std::string& folder,
                                                     bool with_tests) {
  auto set = std::make_shared<PackSet>();
  set->packs_.assign(linked.begin(), linked.end());
  if (!folder.empty() && FileExists(folder)) {
    std::error_code why;
    for (const std::string& name : TRY(ListFolder(folder))) {
      const std::string path = folder + "/" + name;
      if (name.starts_with(".") || !fs::is_directory(path, why)) continue;
      TRY(set->AddFolder(name, path, with_tests));
      if (set->packs_.size() > kPacksMax)
        return MakeError(ErrorCode::kTooLarge, fmt::format("{}: has more than {} packs", folder, kPacksMax));
    }
  }
  set->Finish();
  return std::shared_ptr<const PackSet>(std::move(set));
}

std::shared_ptr<const PackSet> PackSet::Join(std::span<const Pack> linked,
                                             std::shared_ptr<const PackSet> own) {
  auto set = std::make_shared<PackSet>();
  set->packs_.assign(linked.begin(), linked.end());
  for (const Pack& pack : own->packs()) set->Put(pack);
  set->joined_ = std::move(own);
  set->Finish();
  return set;
}

Result<std::shared_ptr<const PackSet>> PackSet::LoadOne(const std::string& folder, bool with_tests) {
  std::error_code why;
  if (!fs::is_directory(folder, why))
    return MakeError(ErrorCode::kNotFound, fmt::format("{}: is no folder", folder));
  fs::path path = fs::absolute(folder, why).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  auto set = std::make_shared<PackSet>();
  TRY(set->AddFolder(path.filename().string(), path.string(), with_tests));
  set->Finish();
  return std::shared_ptr<const PackSet>(std::move(set));
}

}  // namespace tk::app
