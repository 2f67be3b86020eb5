#include "kernel/log/content_store.h"
#include "kernel/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "kernel/base/random.h"
#include "kernel/log/seal.h"

namespace tk::log {
namespace {

namespace fs = std::filesystem;

constexpr size_t kContentBytesMax = size_t{512} << 20;
constexpr size_t kHashChars = 64;

Error FileError(std::string_view what, int code) {
  return MakeError(ErrorCode::kUnavailable,
                   fmt::format("{} a content failed: {}.", what, std::strerror(code)),
                   fmt::format("errno {}", code));
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return FileError("Writing", errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// Written whole and synced, or not there at all.
Status WriteSynced(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("Making", errno);
  Status status = WriteAll(fd, bytes);
  if (status.ok() && fsync(fd) != 0) status = FileError("Syncing", errno);
  close(fd);
  if (!status.ok()) unlink(path.c_str());
  return status;
}

/// Of a file that is there: what passes by itself (too many open files, no memory), or what the disk will not give any more.
Error UnreadableError(std::string_view what, int code) {
  if (code == EMFILE || code == ENFILE || code == ENOMEM) return FileError(what, code);
  return MakeError(ErrorCode::kCorrupt, fmt::format("{} a content failed: {}.", what, std::strerror(code)),
                   fmt::format("errno {}", code));
}

Result<std::string> ReadAll(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return MakeError(ErrorCode::kNotFound, "There is no such content.");
  if (fd < 0) return UnreadableError("Opening", errno);
  std::string bytes;
  std::array<char, 1 << 16> piece;
  ssize_t size = 0;
  while ((size = read(fd, piece.data(), piece.size())) > 0)
    bytes.append(piece.data(), static_cast<size_t>(size));
  const int code = errno;
  close(fd);
  if (size < 0) return UnreadableError("Reading", code);
  return bytes;
}

// Contents never change, so what is listed is copied and what is there already is the same; one that vanishes meanwhile belonged to
// somebody who was erased.
Status CopyContents(const std::string& from, const std::string& to) {
  TRY(MakeFolder(to));
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(from, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::path relative = it->path().lexically_relative(from);
    if (*relative.begin() == "tmp") continue;
    const std::string target = to + "/" + relative.string();
    std::error_code gone;
    if (it->is_directory(gone)) {
      TRY(MakeFolder(target));
    } else if (!gone && it->is_regular_file(gone) && !fs::exists(target, gone)) {
      auto bytes = ReadAll(it->path().string());
      // What the disk does not give any more is told by who looks at the copy: the others are copied all the same.
      if (!bytes.ok() &&
          (bytes.error().code == ErrorCode::kNotFound || bytes.error().code == ErrorCode::kCorrupt))
        continue;
      if (!bytes.ok()) return bytes.TakeError();
      TRY(WriteSynced(target, *bytes));
      TRY(SyncFolder(fs::path(target).parent_path().string()));
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return MakeError(ErrorCode::kUnavailable, "Listing the contents failed; the copy is not complete.",
                     error.message());
  }
  return SyncFolder(to);
}

// <folder>/<low byte of owner>/<next byte>/<owner>/<hash>: an owner's contents lie together, so that erasing is removing one folder.
class ContentFolder final : public ContentStore {
 public:
  ContentFolder(std::string folder, KeyStore* keys) : folder_(std::move(folder)), keys_(keys) {}
  Status Open();
  Result<ContentRef> Put(const PersonKey& owner, std::string_view bytes) override;
  Result<std::string> Get(OwnerNumber owner, std::string_view hash) const override;
  bool Has(OwnerNumber owner, std::string_view hash) const override {
    std::error_code error;
    return IsHash(hash) && fs::exists(OwnerFolder(owner) + "/" + std::string(hash), error);
  }
  std::string PlaceOf(OwnerNumber owner, std::string_view hash) const override {
    return RelativeFolder(owner).append(1, '/').append(IsHash(hash) ? hash : "?");
  }
  Status RemoveOwner(OwnerNumber owner) override;
  Status Backup(const std::string& folder) const override;
  Status Verify(std::vector<std::string>* damage) const override;

 private:
  static std::string RelativeFolder(OwnerNumber owner) {
    return fmt::format("{:02x}/{:02x}/{}", owner & 0xff, (owner >> 8) & 0xff, owner);
  }
  std::string OwnerFolder(OwnerNumber owner) const { return folder_ + "/" + RelativeFolder(owner); }
  std::string HashOf(std::string_view bytes) const;
  /// It becomes part of a path: nothing but hex digits may pass.
  static bool IsHash(std::string_view hash) {
    return hash.size() == kHashChars && hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }
  static std::string Purpose(OwnerNumber owner, std::string_view hash) {
    return fmt::format("content {} {}", owner, hash);
  }
  Status MakeOwnerFolder(OwnerNumber owner) const;

  const std::string folder_;
  KeyStore* keys_;
};

Status ContentFolder::Open() {
  TRY(MakeFolder(folder_));
  // What a crash left half-written has no name yet and nobody refers to it.
  std::error_code error;
  fs::remove_all(folder_ + "/tmp", error);
  return MakeFolder(folder_ + "/tmp");
}

std::string ContentFolder::HashOf(std::string_view bytes) const {
  Digest digest{};
  const HashKey& key = keys_->hash_key();
  crypto_generichash(digest.data(), digest.size(), AsBytes(bytes).data(), bytes.size(), key.data(),
                     key.size());
  return ToHex(digest);
}

Status ContentFolder::MakeOwnerFolder(OwnerNumber owner) const {
  std::string path = folder_;
  for (const fs::path& part : fs::path(RelativeFolder(owner))) {
    path += "/" + part.string();
    TRY(MakeFolder(path));
  }
  return {};
}

Result<ContentRef> ContentFolder::Put(const PersonKey& owner, std::string_view bytes) {
  if (bytes.size() > kContentBytesMax)
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("A content may have at most {} bytes.", kContentBytesMax));
  ContentRef ref{HashOf(bytes), bytes.size()};
  const std::string folder = OwnerFolder(owner.owner), path = folder + "/" + ref.hash;
  std::error_code error;
  // Named again, a damaged one is written anew.
  const auto is_damaged = [&] {
    const auto kept = Get(owner.owner, ref.hash);
    return !kept.ok() && kept.error().code == ErrorCode::kCorrupt;
  };
  if (fs::exists(path, error) && !is_damaged()) {
    // Whoever wrote it may not have synced the folder yet.
    TRY(SyncFolder(folder));
    return ref;
  }
  std::string sealed;
  TRY(SealBytes(owner, AsBytes(Purpose(owner.owner, ref.hash)), AsBytes(bytes), &sealed));
  const std::string partial = folder_ + "/tmp/" + NewUuid();
  TRY(WriteSynced(partial, sealed));
  Status placed = MakeOwnerFolder(owner.owner);
  if (placed.ok() && rename(partial.c_str(), path.c_str()) != 0) placed = FileError("Naming", errno);
  if (!placed.ok()) {
    unlink(partial.c_str());
    return placed.TakeError();
  }
  TRY(SyncFolder(folder));
  return ref;
}

Result<std::string> ContentFolder::Get(OwnerNumber owner, std::string_view hash) const {
  if (!IsHash(hash)) return MakeError(ErrorCode::kNotFound, "There is no such content.");
  const PersonKey key = TRY(keys_->Get(owner));
  const std::string sealed = TRY(ReadAll(OwnerFolder(owner) + "/" + std::string(hash)));
  std::string bytes;
  TRY(UnsealBytes(key, AsBytes(Purpose(owner, hash)), AsBytes(sealed), &bytes));
  if (HashOf(bytes) != hash)
    return MakeError(ErrorCode::kCorrupt, "A stored content is damaged; restore it from a backup.");
  return bytes;
}

Status ContentFolder::RemoveOwner(OwnerNumber owner) {
  std::error_code error;
  fs::remove_all(OwnerFolder(owner), error);
  if (error)
    return MakeError(ErrorCode::kUnavailable, "Removing the contents of an erased person failed.",
                     error.message());
  const std::string above = fs::path(OwnerFolder(owner)).parent_path().string();
  return fs::exists(above, error) ? SyncFolder(above) : Status();
}

Status ContentFolder::Verify(std::vector<std::string>* damage) const {
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder_, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code gone;
    const fs::path relative = it->path().lexically_relative(folder_);
    if (*relative.begin() == "tmp" || !it->is_regular_file(gone) || gone) continue;
    const std::string number = relative.parent_path().filename().string();
    OwnerNumber owner = 0;
    const auto [end, bad] = std::from_chars(number.data(), number.data() + number.size(), owner);
    const bool named = bad == std::errc() && end == number.data() + number.size();
    const auto bytes = named ? Get(owner, relative.filename().string())
                             : Result<std::string>(MakeError(ErrorCode::kCorrupt, "a stranger"));
    // Erased, or removed, while this goes on.
    if (bytes.ok() || bytes.error().code == ErrorCode::kGone ||
        (named && bytes.error().code == ErrorCode::kNotFound && !fs::exists(it->path(), gone)))
      continue;
    damage->push_back(fmt::format("contents/{}: damaged, or none of this log; restore it from a backup",
                                  relative.string()));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return MakeError(ErrorCode::kUnavailable, "Listing the contents failed.", error.message());
  return {};
}

Status ContentFolder::Backup(const std::string& folder) const {
  std::error_code error;
  if (fs::exists(folder, error))
    return MakeError(ErrorCode::kConflict, fmt::format("{} exists; a backup needs a new folder.", folder));
  return CopyContents(folder_, folder);
}

}  // namespace

Status RestoreContents(const std::string& backup_folder, const std::string& folder) {
  return CopyContents(backup_folder, folder);
}

Result<std::unique_ptr<ContentStore>> OpenContentFolder(const std::string& folder, KeyStore* keys,
                                                        bool reading) {
  auto store = std::make_unique<ContentFolder>(folder, keys);
  if (!reading) TRY(store->Open());
  return std::unique_ptr<ContentStore>(std::move(store));
}

}  // namespace tk::log
