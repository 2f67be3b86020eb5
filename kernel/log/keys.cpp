#include "kernel/log/keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/log/head_file.h"
#include "kernel/log/key_cache.h"
#include "kernel/log/seal.h"
#include "kernel/log/sqlite/check.h"
#include "kernel/log/sqlite/checkpointer.h"
#include "kernel/log/sqlite/database.h"

namespace tk::log {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr uint64_t kApplicationId = 1414220619, kFormat = 1;  // as in the schema below
constexpr size_t kCacheSlots = size_t{1} << 16;
constexpr size_t kWrappedBytes = kSealBytes + 32;
constexpr const char* kInsertPerson = "INSERT INTO person (owner, name, cipher, secret) VALUES (?, ?, ?, ?)";
constexpr int kWipeRoundsMax = 500, kWipePauseMs = 20;  // 10 s

// Of the write-ahead file, in pages of 4096 bytes: after so many more it is copied beside the writer, from so many on by the writer itself.
constexpr int kCopyPages = 512, kCopyPagesMax = 4096;

// A row of person is written once and its secret overwritten in place at most once, with the same size, so the bytes of a secret
// lie in one place of keys.db, in the write-ahead file until that is wiped, and nowhere else.
constexpr const char* kKeysSchema = R"(
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE person (owner INTEGER PRIMARY KEY, name BLOB NOT NULL, cipher INTEGER NOT NULL, secret BLOB NOT NULL);
CREATE UNIQUE INDEX person_name ON person (name);
CREATE TABLE erasure (owner INTEGER PRIMARY KEY, name BLOB NOT NULL, at_us INTEGER NOT NULL);
PRAGMA application_id = 1414220619;
PRAGMA user_version = 1;
)";

Error Erased() { return MakeError(ErrorCode::kGone, "The records of this person were erased."); }

Error BrokenKeys(std::string_view what) {
  return MakeError(ErrorCode::kCorrupt,
                   "The store of keys (keys.db) is damaged: restore it from its own backup.",
                   std::string(what));
}

/// Overwrites a file with zeros and syncs it, the first bytes before the others. False: there is none, or it is empty.
Result<bool> Overwrite(const std::string& path) {
  constexpr off_t kHeaderBytes = 32;
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return false;
  struct stat info {};
  bool done = fd >= 0 && fstat(fd, &info) == 0;
  const std::string zeros(size_t{64} << 10, '\0');
  for (off_t at = 0; done && at < info.st_size;) {
    const off_t size = at == 0 ? std::min(kHeaderBytes, info.st_size)
                               : std::min(static_cast<off_t>(zeros.size()), info.st_size - at);
    const ssize_t written = pwrite(fd, zeros.data(), static_cast<size_t>(size), at);
    done = written > 0 && (at > 0 || fsync(fd) == 0);
    at += written;
  }
  done = done && fsync(fd) == 0;
  const int code = errno;
  if (fd >= 0) close(fd);
  if (!done)
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("Overwriting {} failed: {}.", path, std::strerror(code)));
  return info.st_size > 0;
}

/// 0 if there is none.
Result<int> FirstByte(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("Reading {} failed: {}.", path, std::strerror(errno)));
  uint8_t byte = 0;
  const ssize_t size = read(fd, &byte, 1);
  close(fd);
  return size == 1 ? int{byte} : 0;
}

class KeyStoreImpl final : public KeyStore {
 public:
  KeyStoreImpl(std::string folder, Cipher cipher, bool may_be_new)
      : folder_(std::move(folder)), path_(folder_ + "/keys.db"), cipher_(cipher), may_be_new_(may_be_new) {}
  ~KeyStoreImpl() override;
  Status Open();

  const HashKey& hash_key() const override { return hash_key_; }
  Result<PersonKey> ForName(std::string_view name) override;
  Result<OwnerNumber> Find(std::string_view name) const override;
  Result<PersonKey> Get(OwnerNumber owner) const override;
  void Warm(std::span<const OwnerNumber> owners) const override;
  Status Flush() override;
  Status DestroyAll(std::span<const Doomed> doomed) override;
  bool IsDestroyed(OwnerNumber owner) const override;
  Status NoteErasing(OwnerNumber owner, Instant at_us) override;
  std::vector<OwnerNumber> Erasing() const override;
  OwnerNumber end() const override;
  Status Verify(std::vector<std::string>* damage) const override;
  Result<std::vector<Erasure>> Ledger() const override;
  Status ReplayLedger(const std::vector<Erasure>& ledger) override;
  Status Backup(const std::string& file) const override;

 private:
  Status CheckThere() const;
  Status VerifyPersons(std::vector<std::string>* damage) const;
  Status LoadMaster(bool is_new);
  Status CreateStore();
  Status LoadStore();
  Status LoadErasing();
  Result<std::string> LoadMeta(const char* name);
  Status StoreMeta(const char* name, Bytes secret);
  Result<std::string> Wrap(std::string_view purpose, Bytes secret) const;
  Result<std::string> Unwrap(std::string_view purpose, std::string_view wrapped) const;
  NameHash HashOf(std::string_view name) const;
  Result<PersonKey> LoadKey(OwnerNumber owner) const;
  Result<OwnerNumber> FindHash(const NameHash& name) const;
  Status InsertPerson(Statement* insert, const PersonKey& key, const NameHash& name);
  Status MarkErased(OwnerNumber owner, const NameHash& name, Instant at_us);
  Status UseWriteAheadFile();
  Status OpenWiper();
  Status Wipe();
  Result<bool> TryToWipe();
  Status MarkDestroyed(OwnerNumber owner, Instant at_us);

  const std::string folder_, path_;
  const Cipher cipher_;
  const bool may_be_new_;
  PersonKey master_;
  HashKey hash_key_{};
  std::array<uint8_t, 32> name_key_{};

  mutable std::mutex mutex_;  // guards everything below but the cache and destroyed_
  mutable Database db_;
  mutable Statement select_key_, select_name_;
  Statement insert_person_;
  HeadFile head_;
  std::map<NameHash, PersonKey> pending_;
  std::unordered_map<OwnerNumber, NameHash> pending_names_;
  OwnerNumber next_owner_ = 1;
  std::atomic<bool> has_pending_{false};

  // A connection of its own, for wiping waits for other processes. Under mutex_ it is never waited for.
  std::mutex wipe_mutex_;
  Database wiper_;
  sqlite::Checkpointer checkpointer_;

  mutable KeyCache cache_{kCacheSlots};
  mutable std::shared_mutex destroyed_mutex_;
  std::unordered_set<OwnerNumber> destroyed_;
  std::set<OwnerNumber> erasing_;  // under mutex_
};

std::string PersonPurpose(OwnerNumber owner) { return fmt::format("person {}", owner); }
// The name of the note in meta, and what it is wrapped for: a note that was moved to another person is told.
constexpr std::string_view kErasingName = "erasing ";
std::string ErasingName(OwnerNumber owner) { return fmt::format("{}{}", kErasingName, owner); }

NameHash NameOf(std::string_view bytes) {
  NameHash name{};
  std::memcpy(name.data(), bytes.data(), std::min(bytes.size(), name.size()));
  return name;
}

Status KeyStoreImpl::CheckThere() const {
  std::error_code error;
  if (std::filesystem::file_size(path_, error) > 0 && !error) return {};
  return MakeError(
      ErrorCode::kCorrupt,
      fmt::format(
          "{0} is {1}, and the log has entries that only its keys open. Nothing was changed. Put it back: "
          "the newest keys.db that `tongkang backup --keys-to` wrote, copied to {0}, mode 0600.",
          path_, error ? "missing" : "empty"));
}

Status KeyStoreImpl::Open() {
  if (!may_be_new_) TRY(CheckThere());
  TRY(MakeFolder(folder_));
  std::error_code error;
  const bool is_new = !std::filesystem::exists(path_, error);
  TRY(LoadMaster(is_new));
  db_ = TRY(Database::Open(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  if (chmod(path_.c_str(), 0600) != 0)
    return MakeError(ErrorCode::kUnavailable, fmt::format("Protecting {} failed.", path_));
  TRY(UseWriteAheadFile());
  if (TRY(db_.QueryInt("SELECT count(*) FROM sqlite_schema")) == 0) {
    if (!may_be_new_) return BrokenKeys("it has no tables");
    TRY(CreateStore());
  }
  TRY(OpenWiper());
  TRY(Wipe());
  TRY(LoadStore());
  sqlite::Checkpointer::Options copying;
  copying.pages = kCopyPages;
  copying.pages_max = kCopyPagesMax;
  copying.writer = db_.raw();
  copying.copier = wiper_.raw();
  copying.copying = &wipe_mutex_;
  checkpointer_.Start(std::move(copying));
  return {};
}

KeyStoreImpl::~KeyStoreImpl() {
  checkpointer_.Stop();
  OPENSSL_cleanse(&master_.secret, sizeof master_.secret);
  // Once it is wiped, the last who closes may remove it: its blocks on the disk tell nothing.
  if (wiper_.raw() == nullptr || !Wipe().ok()) return;
  wiper_ = Database();
  int keep = 0;
  sqlite3_file_control(db_.raw(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
}

// One sync a commit. The write-ahead file holds images of pages, secrets among them, so it is never cut or removed before it was overwritten:
// that would leave them in freed blocks of the disk.
Status KeyStoreImpl::UseWriteAheadFile() {
  int keep = 1;
  sqlite3_file_control(db_.raw(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
  Statement mode = TRY(db_.Prepare("PRAGMA journal_mode = WAL"));
  if (!TRY(mode.Step()) || mode.ColumnBytes(0) != "wal")
    return MakeError(ErrorCode::kUnavailable, fmt::format("{} cannot use a write-ahead file here.", path_));
  mode.Reset();
  TRY(db_.Exec("PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0"));
  // Former programs kept a rollback journal.
  const std::string former = path_ + "-journal";
  TRY(Overwrite(former));
  if (unlink(former.c_str()) != 0 && errno != ENOENT)
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("Removing {} failed: {}.", former, std::strerror(errno)));
  return {};
}

Status KeyStoreImpl::OpenWiper() {
  wiper_ = TRY(Database::Open(path_, SQLITE_OPEN_READWRITE));
  int keep = 1;
  sqlite3_file_control(wiper_.raw(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
  sqlite3_busy_timeout(wiper_.raw(),
                       0);  // SQLite would hold the lock of writers while it waits; we wait between tries
  return wiper_.Exec("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
}

Status KeyStoreImpl::LoadMaster(bool is_new) {
  const std::string path = folder_ + "/master.key";
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && is_new) {
    SystemRandom(master_.secret);
    fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = fd >= 0 &&
                         write(fd, master_.secret.data(), master_.secret.size()) ==
                             static_cast<ssize_t>(master_.secret.size()) &&
                         fsync(fd) == 0;
    if (fd >= 0) close(fd);
    if (!written)
      return MakeError(ErrorCode::kUnavailable,
                       fmt::format("Writing {} failed: {}.", path, std::strerror(errno)));
    return SyncFolder(folder_);
  }
  if (fd < 0) {
    return MakeError(
        ErrorCode::kUnavailable,
        fmt::format("{} cannot be read ({}). Put its copy back: without it nothing in the log can be opened.",
                    path, std::strerror(errno)));
  }
  struct stat info {};
  const bool stat_ok = fstat(fd, &info) == 0;
  const ssize_t size = read(fd, master_.secret.data(), master_.secret.size());
  close(fd);
  if (!stat_ok || size != static_cast<ssize_t>(master_.secret.size()) || info.st_size != size) {
    return MakeError(ErrorCode::kCorrupt, fmt::format("{} must hold exactly {} bytes. Put its copy back.",
                                                      path, master_.secret.size()));
  }
  if ((info.st_mode & 077) != 0) {
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("{} may be read by others; run: chmod 600 {}", path, path));
  }
  return {};
}

Status KeyStoreImpl::CreateStore() {
  Transaction transaction(&db_);
  TRY(transaction.Begin());
  TRY(db_.Exec(kKeysSchema));
  std::array<uint8_t, 32> secret{};
  SystemRandom(secret);
  TRY(StoreMeta("hash_key", Bytes(secret).first(hash_key_.size())));
  SystemRandom(secret);
  TRY(StoreMeta("name_key", secret));
  PersonKey nobody;
  nobody.cipher = cipher_;
  SystemRandom(nobody.secret);
  Statement insert = TRY(db_.Prepare(kInsertPerson));
  TRY(InsertPerson(&insert, nobody, NameHash{}));
  TRY(transaction.Commit());
  return SyncFolder(folder_);
}

Status KeyStoreImpl::LoadStore() {
  if (TRY(db_.QueryInt("PRAGMA application_id")) != kApplicationId)
    return BrokenKeys("foreign application id");
  if (TRY(db_.QueryInt("PRAGMA user_version")) != kFormat)
    return MakeError(ErrorCode::kUnsupported, fmt::format("{} has a newer format.", path_));
  const std::string hash_key = TRY(LoadMeta("hash_key"));
  const std::string name_key = TRY(LoadMeta("name_key"));
  if (hash_key.size() != hash_key_.size() || name_key.size() != name_key_.size()) return BrokenKeys("meta");
  std::memcpy(hash_key_.data(), hash_key.data(), hash_key.size());
  std::memcpy(name_key_.data(), name_key.data(), name_key.size());
  select_key_ = TRY(db_.Prepare("SELECT cipher, secret, name FROM person WHERE owner = ?"));
  select_name_ = TRY(db_.Prepare("SELECT owner FROM person WHERE name = ?"));
  insert_person_ = TRY(db_.Prepare(kInsertPerson));
  bool existed = false;
  TRY(head_.Open(folder_ + "/keys.head", &existed));
  const auto recorded = head_.Load();  // before the keys are counted: another process may be adding some
  const uint64_t last = TRY(db_.QueryInt("SELECT max(owner) FROM person"));
  if (recorded && recorded->t > last) {
    return MakeError(
        ErrorCode::kCorrupt,
        fmt::format(
            "Keys are missing: {} ends at person {}, and there were {}. Put its keys.db-wal back, or restore "
            "a backup of keys.db that is not older than the log and delete keys.head.",
            path_, last, recorded->t));
  }
  next_owner_ = static_cast<OwnerNumber>(last + 1);
  Statement erased = TRY(db_.Prepare("SELECT owner FROM erasure"));
  while (TRY(erased.Step())) destroyed_.insert(static_cast<OwnerNumber>(erased.ColumnInt(0)));
  return LoadErasing();
}

Status KeyStoreImpl::LoadErasing() {
  Statement select =
      TRY(db_.Prepare("SELECT name, value FROM meta WHERE name >= 'erasing ' AND name < 'erasing!'"));
  while (TRY(select.Step())) {
    const std::string name(select.ColumnBytes(0));
    OwnerNumber owner = 0;
    std::from_chars(name.data() + kErasingName.size(), name.data() + name.size(), owner);
    if (owner == 0 || name != ErasingName(owner)) return BrokenKeys("a note of an erasure");
    TRY(Unwrap(name, select.ColumnBytes(1)));
    if (!IsDestroyed(owner)) erasing_.insert(owner);
  }
  return {};
}

Result<std::string> KeyStoreImpl::Wrap(std::string_view purpose, Bytes secret) const {
  std::string wrapped;
  TRY(SealBytes(master_, AsBytes(purpose), secret, &wrapped));
  return wrapped;
}

Result<std::string> KeyStoreImpl::Unwrap(std::string_view purpose, std::string_view wrapped) const {
  std::string secret;
  if (!UnsealBytes(master_, AsBytes(purpose), AsBytes(wrapped), &secret).ok()) {
    return MakeError(
        ErrorCode::kCorrupt,
        fmt::format("{}/master.key does not open {}: one of them is damaged or of another installation.",
                    folder_, path_),
        std::string(purpose));
  }
  return secret;
}

Result<std::string> KeyStoreImpl::LoadMeta(const char* name) {
  Statement select = TRY(db_.Prepare("SELECT value FROM meta WHERE name = ?"));
  if (!TRY(select.Text(1, name).Step())) return BrokenKeys(name);
  return Unwrap(name, select.ColumnBytes(0));
}

Status KeyStoreImpl::StoreMeta(const char* name, Bytes secret) {
  const std::string wrapped = TRY(Wrap(name, secret));
  Statement insert = TRY(db_.Prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)"));
  return insert.Text(1, name).Blob(2, AsBytes(wrapped)).Run();
}

NameHash KeyStoreImpl::HashOf(std::string_view name) const {
  NameHash out{};
  crypto_generichash(out.data(), out.size(), AsBytes(name).data(), name.size(), name_key_.data(),
                     name_key_.size());
  return out;
}

Result<PersonKey> KeyStoreImpl::ForName(std::string_view name) {
  const NameHash hash = HashOf(name);
  if (const auto owner = cache_.FindName(hash)) return Get(*owner);
  const std::lock_guard lock(mutex_);
  if (const OwnerNumber owner = TRY(FindHash(hash)); owner != 0) {
    cache_.PutName(hash, owner);
    if (const auto key = cache_.Find(owner)) return *key;
    return LoadKey(owner);
  }
  if (next_owner_ == 0) return MakeError(ErrorCode::kTooLarge, "All numbers of persons are used.");
  PersonKey key;
  key.owner = next_owner_++;
  key.cipher = cipher_;
  SystemRandom(key.secret);
  pending_.emplace(hash, key);
  pending_names_.emplace(key.owner, hash);
  has_pending_.store(true, std::memory_order_release);
  cache_.Put(key);
  cache_.PutName(hash, key.owner);
  return key;
}

// Under mutex_. 0 if there is none.
Result<OwnerNumber> KeyStoreImpl::FindHash(const NameHash& name) const {
  if (const auto it = pending_.find(name); it != pending_.end()) return it->second.owner;
  const bool found = TRY(select_name_.Blob(1, name).Step());
  const auto owner = found ? static_cast<OwnerNumber>(select_name_.ColumnInt(0)) : 0;
  select_name_.Reset();
  return owner;
}

Result<OwnerNumber> KeyStoreImpl::Find(std::string_view name) const {
  const NameHash hash = HashOf(name);
  if (const auto owner = cache_.FindName(hash)) return *owner;
  const std::lock_guard lock(mutex_);
  const OwnerNumber owner = TRY(FindHash(hash));
  if (owner != 0) cache_.PutName(hash, owner);
  return owner;
}

Result<PersonKey> KeyStoreImpl::Get(OwnerNumber owner) const {
  if (auto key = cache_.Find(owner)) return *key;
  const std::lock_guard lock(mutex_);
  return LoadKey(owner);
}

// A read by itself takes and leaves the locks of the file; these have one transaction in common.
void KeyStoreImpl::Warm(std::span<const OwnerNumber> owners) const {
  std::vector<OwnerNumber> missing;
  for (const OwnerNumber owner : owners) {
    if (!cache_.Find(owner)) missing.push_back(owner);
  }
  if (missing.size() < 2) return;
  const std::lock_guard lock(mutex_);
  if (!db_.Exec("BEGIN").ok()) return;
  for (const OwnerNumber owner : missing) (void)LoadKey(owner);
  (void)db_.Exec("ROLLBACK");  // nothing was written; after an error SQLite may have done it already
}

// Under mutex_, which Destroy holds too: a key cannot enter the cache after its destruction.
Result<PersonKey> KeyStoreImpl::LoadKey(OwnerNumber owner) const {
  if (IsDestroyed(owner)) return Erased();
  if (const auto it = pending_names_.find(owner); it != pending_names_.end()) return pending_.at(it->second);
  if (!TRY(select_key_.Int(1, owner).Step())) {
    select_key_.Reset();
    return MakeError(
        ErrorCode::kCorrupt,
        "A person's key is missing from keys.db: restore a backup of it that is not older than the log.",
        fmt::format("owner {}", owner));
  }
  PersonKey key;
  key.owner = owner;
  key.cipher = static_cast<Cipher>(select_key_.ColumnInt(0));
  auto secret = Unwrap(PersonPurpose(owner), select_key_.ColumnBytes(1));
  const std::string_view name = select_key_.ColumnBytes(2);
  if (name.size() == NameHash().size()) cache_.PutName(NameOf(name), owner);  // who is read is written next
  select_key_.Reset();
  if (!secret.ok()) return secret.TakeError();
  if (secret->size() != key.secret.size() || (key.cipher != Cipher::kAes256Gcm && key.cipher != Cipher::kSm4))
    return BrokenKeys("key form");
  std::memcpy(key.secret.data(), secret->data(), secret->size());
  OPENSSL_cleanse(secret->data(), secret->size());
  cache_.Put(key);
  return key;
}

Status KeyStoreImpl::InsertPerson(Statement* insert, const PersonKey& key, const NameHash& name) {
  const std::string wrapped = TRY(Wrap(PersonPurpose(key.owner), key.secret));
  CHECK(wrapped.size() == kWrappedBytes);
  return insert->Int(1, key.owner)
      .Blob(2, name)
      .Int(3, static_cast<uint64_t>(key.cipher))
      .Blob(4, AsBytes(wrapped))
      .Run();
}

Status KeyStoreImpl::Flush() {
  if (!has_pending_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  if (pending_.empty()) return {};
  Transaction transaction(&db_);
  TRY(transaction.Begin());
  // In the order of numbers, so that the table grows at its end and no row ever moves.
  std::map<OwnerNumber, NameHash> in_order(pending_names_.begin(), pending_names_.end());
  for (const auto& [owner, name] : in_order) TRY(InsertPerson(&insert_person_, pending_.at(name), name));
  TRY(transaction.Commit());
  Head head;
  head.t = in_order.rbegin()->first;
  head_.Store(head);
  for (auto& [name, key] : pending_) OPENSSL_cleanse(&key.secret, sizeof key.secret);
  pending_.clear();
  pending_names_.clear();
  has_pending_.store(false, std::memory_order_release);
  checkpointer_.AfterCommit();
  return {};
}

Status KeyStoreImpl::MarkErased(OwnerNumber owner, const NameHash& name, Instant at_us) {
  Statement ledger = TRY(db_.Prepare("INSERT OR IGNORE INTO erasure (owner, name, at_us) VALUES (?, ?, ?)"));
  TRY(ledger.Int(1, owner).Blob(2, name).Int(3, static_cast<uint64_t>(at_us)).Run());
  // The same size as before, so SQLite overwrites the bytes where they lie.
  const std::string zeros(kWrappedBytes, '\0');
  Statement wipe =
      TRY(db_.Prepare("INSERT INTO person (owner, name, cipher, secret) VALUES (?1, ?2, ?3, ?4) "
                      "ON CONFLICT (owner) DO UPDATE SET secret = ?4"));
  TRY(wipe.Int(1, owner).Blob(2, name).Int(3, static_cast<uint64_t>(cipher_)).Blob(4, AsBytes(zeros)).Run());
  Statement done = TRY(db_.Prepare("DELETE FROM meta WHERE name = ?"));
  return done.Text(1, ErasingName(owner)).Run();
}

Status KeyStoreImpl::NoteErasing(OwnerNumber owner, Instant at_us) {
  if (owner == 0)
    return MakeError(ErrorCode::kIncorrect, "The key that belongs to nobody cannot be destroyed.");
  TRY(Flush());
  const std::lock_guard lock(mutex_);
  if (erasing_.contains(owner) || IsDestroyed(owner)) return {};
  TRY(StoreMeta(ErasingName(owner).c_str(), AsBytes(fmt::format("{}", at_us))));
  erasing_.insert(owner);
  return {};
}

std::vector<OwnerNumber> KeyStoreImpl::Erasing() const {
  const std::lock_guard lock(mutex_);
  return {erasing_.begin(), erasing_.end()};
}

// Under mutex_ no longer than a transaction takes: from its end on nobody gets the key. Wiping may wait for other processes.
Status KeyStoreImpl::DestroyAll(std::span<const Doomed> doomed) {
  TRY(Flush());
  for (const Doomed& each : doomed) {
    if (each.owner == 0)
      return MakeError(ErrorCode::kIncorrect, "The key that belongs to nobody cannot be destroyed.");
    TRY(MarkDestroyed(each.owner, each.at_us));
  }
  return Wipe();
}

Status KeyStoreImpl::MarkDestroyed(OwnerNumber owner, Instant at_us) {
  const std::lock_guard lock(mutex_);
  if (!IsDestroyed(owner)) {
    Statement select = TRY(db_.Prepare("SELECT name FROM person WHERE owner = ?"));
    if (!TRY(select.Int(1, owner).Step()))
      return MakeError(ErrorCode::kNotFound, "There is no such person in keys.db.",
                       fmt::format("owner {}", owner));
    const NameHash name = NameOf(select.ColumnBytes(0));
    select.Reset();
    Transaction transaction(&db_);
    TRY(transaction.Begin());
    TRY(MarkErased(owner, name, at_us));
    TRY(transaction.Commit());
    erasing_.erase(owner);
    const std::unique_lock destroyed(destroyed_mutex_);
    destroyed_.insert(owner);
  }
  cache_.Forget(owner);
  return {};
}

bool KeyStoreImpl::IsDestroyed(OwnerNumber owner) const {
  const std::shared_lock lock(destroyed_mutex_);
  return destroyed_.contains(owner);
}

Result<std::vector<KeyStore::Erasure>> KeyStoreImpl::Ledger() const {
  const std::lock_guard lock(mutex_);
  Statement select = TRY(db_.Prepare("SELECT owner, name, at_us FROM erasure ORDER BY at_us, owner"));
  std::vector<Erasure> out;
  while (TRY(select.Step())) {
    uint64_t name_hash = 0;
    const NameHash name = NameOf(select.ColumnBytes(1));
    std::memcpy(&name_hash, name.data(), sizeof name_hash);
    out.push_back({static_cast<OwnerNumber>(select.ColumnInt(0)), name_hash,
                   static_cast<Instant>(select.ColumnInt(2))});
  }
  return out;
}

Status KeyStoreImpl::ReplayLedger(const std::vector<Erasure>& ledger) {
  TRY(Flush());
  for (const Erasure& erasure : ledger) {
    if (IsDestroyed(erasure.owner)) continue;
    auto destroyed = Destroy(erasure.owner, erasure.at_us);
    if (destroyed.ok()) continue;
    if (destroyed.error().code != ErrorCode::kNotFound) return destroyed;
    // This store is older than the person: its number is taken all the same, so that nobody else ever gets it.
    const std::lock_guard lock(mutex_);
    NameHash name{};
    std::memcpy(name.data(), &erasure.name_hash, sizeof erasure.name_hash);
    TRY(MarkErased(erasure.owner, name, erasure.at_us));
    next_owner_ = std::max(next_owner_, erasure.owner + 1);
    const std::unique_lock lock_destroyed(destroyed_mutex_);
    destroyed_.insert(erasure.owner);
  }
  return {};
}

OwnerNumber KeyStoreImpl::end() const {
  const std::lock_guard lock(mutex_);
  return next_owner_;
}

Status KeyStoreImpl::Verify(std::vector<std::string>* damage) const {
  const std::lock_guard lock(mutex_);
  TRY(sqlite::CheckFile(&db_, {path_, kKeysSchema, kApplicationId, kFormat}, damage));
  Status persons = VerifyPersons(damage);
  if (persons.ok() || persons.error().code == ErrorCode::kUnavailable) return persons;
  damage->push_back(fmt::format("{} cannot be read through ({}); restore it from its own backup", path_,
                                persons.error().internal));
  return {};
}

// Under mutex_. An erased person's secret is zeros and stands in the ledger under the same name; everybody else's can be unwrapped.
// Rows and ledger are read by one statement, hence as of one moment: the running program may erase somebody meanwhile.
Status KeyStoreImpl::VerifyPersons(std::vector<std::string>* damage) const {
  Statement select =
      TRY(db_.Prepare("SELECT p.owner, p.name, p.cipher, p.secret, e.name, (SELECT count(*) FROM erasure) "
                      "FROM person p LEFT JOIN erasure e ON "
                      "e.owner = p.owner ORDER BY p.owner"));
  uint64_t bad = 0, bad_first = 0, erased = 0, ledger = 0;
  bool any = false;
  while (TRY(select.Step())) {
    const uint64_t owner = select.ColumnInt(0);
    ledger = select.ColumnInt(5);
    any = true;
    const std::string_view name = select.ColumnBytes(1), secret = select.ColumnBytes(3);
    const auto cipher = static_cast<Cipher>(select.ColumnInt(2));
    const bool is_erased = secret == std::string(kWrappedBytes, '\0');
    erased += is_erased ? 1 : 0;
    const bool sound = name.size() == NameHash{}.size() &&
                       (cipher == Cipher::kAes256Gcm || cipher == Cipher::kSm4) &&
                       (is_erased ? name == select.ColumnBytes(4)
                                  : select.ColumnBytes(4).empty() &&
                                        Unwrap(PersonPurpose(static_cast<OwnerNumber>(owner)), secret).ok());
    if (sound) continue;
    if (bad++ == 0) bad_first = owner;
  }
  if (!any) ++bad;  // nobody's is always there
  if (bad != 0) {
    damage->push_back(
        fmt::format("{}: {} rows of persons are damaged, the first is number {}; restore it from its own "
                    "backup",
                    path_, bad, bad_first));
  }
  if (erased != ledger) {
    damage->push_back(fmt::format(
        "{}: the ledger of erasures and the destroyed keys differ; restore it from its own backup", path_));
  }
  return {};
}

// Leaves no page image of earlier transactions outside of keys.db. All frames are copied into it; then, in one transaction, so that nobody else
// writes, the file is overwritten, and a frame that tells nothing begins it anew. SQLite begins at the front because all was copied and nobody
// reads from frames; a crash on the way finds either all frames or no header, hence nothing to play back.
Status KeyStoreImpl::Wipe() {
  const std::lock_guard lock(wipe_mutex_);
  for (int round = 0; round < kWipeRoundsMax; ++round) {
    if (TRY(TryToWipe())) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(kWipePauseMs));
  }
  return MakeError(
      ErrorCode::kUnavailable,
      fmt::format("Wiping {}-wal waits for another process that reads or writes keys.db.", path_));
}

// Under wipe_mutex_. False: somebody reads from frames, or writes.
Result<bool> KeyStoreImpl::TryToWipe() {
  const auto taken = [](int code) { return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY; };
  const uint64_t version = TRY(wiper_.QueryInt("PRAGMA data_version"));
  int frames = 0, copied = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(wiper_.raw(), nullptr, SQLITE_CHECKPOINT_RESTART, &frames, &copied);
  if (!taken(code)) return sqlite::LastError(wiper_.raw(), "Wiping keys.db-wal");
  if (code != SQLITE_OK || frames != copied) return false;
  Transaction transaction(&wiper_);
  if (Status begun = transaction.Begin(); !begun.ok()) {
    if (!taken(sqlite3_errcode(wiper_.raw()))) return begun.TakeError();
    return false;
  }
  // Did anybody write in between? Then those frames are not copied yet.
  if (TRY(wiper_.QueryInt("PRAGMA data_version")) != version) return false;
  const std::string path = path_ + "-wal";
  if (!TRY(Overwrite(path))) return true;
  TRY(wiper_.Exec("PRAGMA user_version = 1"));
  TRY(transaction.Commit());
  CHECK(TRY(FirstByte(path)) != 0);
  return true;
}

Status KeyStoreImpl::Backup(const std::string& file) const {
  const std::lock_guard lock(mutex_);
  std::error_code error;
  if (std::filesystem::exists(file, error))
    return MakeError(ErrorCode::kConflict, fmt::format("{} exists; a backup needs a new file.", file));
  {
    Database target = TRY(Database::Open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    if (chmod(file.c_str(), 0600) != 0)
      return MakeError(ErrorCode::kUnavailable, fmt::format("Protecting {} failed.", file));
    sqlite3_backup* backup = sqlite3_backup_init(target.raw(), "main", db_.raw(), "main");
    if (backup == nullptr) return sqlite::LastError(target.raw(), "The backup of keys.db");
    sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup) != SQLITE_OK)
      return sqlite::LastError(target.raw(), "The backup of keys.db");
    TRY(target.Exec("PRAGMA journal_mode = DELETE"));  // one file, that any reader opens
  }
  TRY(SyncFile(file));
  return SyncFolder(std::filesystem::path(file).parent_path().string());
}

}  // namespace

Result<std::unique_ptr<KeyStore>> OpenKeyStore(const std::string& folder, Cipher cipher) {
  auto store = std::make_unique<KeyStoreImpl>(folder, cipher, true);
  TRY(store->Open());
  return std::unique_ptr<KeyStore>(std::move(store));
}

Result<std::unique_ptr<KeyStore>> OpenExistingKeyStore(const std::string& folder, Cipher cipher) {
  auto store = std::make_unique<KeyStoreImpl>(folder, cipher, false);
  TRY(store->Open());
  return std::unique_ptr<KeyStore>(std::move(store));
}

}  // namespace tk::log
