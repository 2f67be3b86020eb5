// verify, backup, restore, rebuild: what an operator does with a log.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "kernel/base/city_time.h"
#include "kernel/base/clock.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/log/bond.h"
#include "kernel/log/erasure.h"
#include "server/open.h"
#include "server/settings_backup.h"

namespace tk::server {
namespace {

log::OpenOptions LogOptions(const DataOptions& options, bool read_only) {
  log::OpenOptions open;
  open.folder = options.data;
  open.url = options.log_url;
  open.read_only = read_only;
  return open;
}

int Verify(const DataOptions& options, bool without_keys) {
  const Status placed = without_keys ? Status() : log::CheckLogPlace(LogOptions(options, true), options.data);
  if (!placed.ok()) return Fail(placed.error());
  auto log = log::OpenLog(LogOptions(options, true));
  if (!log.ok()) return Fail(log.error());
  uint64_t said = 0;
  auto report = (*log)->Verify([&said](uint64_t entries) {
    if (entries - said < 1'000'000) return;
    said = entries;
    std::fprintf(stderr, "%llu entries checked\n", static_cast<unsigned long long>(entries));
  });
  if (!report.ok()) return Fail(report.error());
  if (!without_keys) {
    // Opened after the log, so that the running program's newest persons are in it.
    auto keys = log::OpenExistingKeyStore(options.data);
    if (!keys.ok() && keys.error().code == ErrorCode::kUnavailable) return Fail(keys.error());
    if (!keys.ok()) {
      report->damage.push_back(keys.error().external);
    } else {
      const auto contents = log::OpenContentFolder(options.data + "/contents", keys->get(), true);
      if (!contents.ok()) return Fail(contents.error());
      const Status verified = log::VerifyKeys(log->get(), keys->get(), contents->get(), &*report);
      if (!verified.ok()) return Fail(verified.error());
    }
  }
  for (const std::string& line : report->damage) std::printf("DAMAGE: %s\n", line.c_str());
  fmt::print("{} batches, {} transactions, {} entries, {} damaged places\n", report->batches,
             report->transactions, report->entries, report->damage.size());
  return report->damage.empty() ? kExitDone : kExitDamage;
}

/// Removes what a backup or restore has made so far, unless it was finished.
class FileGuard {
 public:
  explicit FileGuard(std::vector<std::string> made = {}) : made_(std::move(made)) {}
  ~FileGuard() {
    std::error_code error;
    for (const std::string& path : made_) std::filesystem::remove_all(path, error);
  }
  FileGuard(const FileGuard&) = delete;
  FileGuard& operator=(const FileGuard&) = delete;
  void Made(std::string path) { made_.push_back(std::move(path)); }
  void Finished() { made_.clear(); }

 private:
  std::vector<std::string> made_;
};

/// As it is on disk, as far as it is there: without `..` and links.
std::filesystem::path RealPath(const std::string& path) {
  std::error_code error;
  auto real = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  if (error) real = std::filesystem::absolute(path, error).lexically_normal();
  return real.filename().empty() ? real.parent_path() : real;
}

/// Whoever has both folders can read who was erased since.
Status CheckApart(const std::string& to, const std::string& keys_to) {
  const std::filesystem::path log_at = RealPath(to), keys_at = RealPath(keys_to);
  const auto inside = [](const std::filesystem::path& inner, const std::filesystem::path& outer) {
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
  };
  if (!inside(log_at, keys_at) && !inside(keys_at, log_at)) return {};
  return MakeError(
      ErrorCode::kIncorrect,
      fmt::format("--to ({}) and --keys-to ({}) are the same folder, or one lies in the other: the keys are "
                  "kept apart and at most 30 days, or who is erased could be read from the backup. Give the "
                  "keys a folder of their own, on another disk.",
                  log_at.string(), keys_at.string()));
}

/// Opens what of the contents is in the backup, and looks whether all that its log names is.
Result<std::vector<std::string>> DamageOfBackup(const std::string& to, log::KeyStore* keys) {
  log::OpenOptions open;
  open.folder = to;
  open.read_only = true;
  const auto log = TRY(log::OpenLog(open));
  const auto contents = TRY(log::OpenContentFolder(to + "/contents", keys, true));
  std::vector<std::string> damage;
  TRY(log::VerifyContents(log.get(), keys, contents.get(), &damage));
  return damage;
}

/// The place is this backup's alone while it is made: one that fails must not remove what another makes there. The file goes with it; whoever has
/// opened it meanwhile finds what it asks for made.
class PlaceLock {
 public:
  static Result<PlaceLock> Take(std::string place) {
    while (place.size() > 1 && place.back() == '/') place.pop_back();
    const std::string path = place + ".lock";
    TRY(MakeFolder(RealPath(path).parent_path().string()));
    auto lock = FileLock::Take(path, 0);
    if (!lock.ok())
      return MakeError(ErrorCode::kConflict,
                       fmt::format("Another backup to {} is being made: {}", place, lock.error().external));
    return PlaceLock(path, std::move(*lock));
  }

 private:
  PlaceLock(const std::string& path, FileLock lock)
      : lock_(std::move(lock)), file_(std::make_unique<FileGuard>(std::vector{path})) {}
  FileLock lock_;
  std::unique_ptr<FileGuard> file_;  // removed before it is let go
};

// The log, its contents and the settings go into one folder, the keys into another: they are kept apart, and the keys at most 30 days. Damage of the
// log stops it. One attachment that is damaged or missing must not keep a city from its backups: all else is kept, and it is told.
Result<int> Backup(const DataOptions& options, const std::string& to, const std::string& keys_to) {
  TRY(CheckDataFolder(options.data));
  const std::string keys_file = keys_to + "/keys.db", access_file = keys_to + "/access.key";
  TRY(CheckApart(to, keys_to));
  const PlaceLock place_lock = TRY(PlaceLock::Take(to));
  // Before anything is written: a backup that fails leaves nothing behind.
  for (const std::string& path : {to, keys_file, access_file}) {
    if (FileExists(path))
      return MakeError(ErrorCode::kConflict, fmt::format("{} exists; every backup needs new places.", path));
  }
  TRY(log::CheckLogPlace(LogOptions(options, true), options.data));
  const auto log = TRY(log::OpenLog(LogOptions(options, true)));
  const auto keys = TRY(log::OpenKeysOf(*log, options.data));
  FileGuard guard({to});
  TRY(log->Backup(to));
  const auto contents = TRY(log::OpenContentFolder(options.data + "/contents", keys.get(), true));
  TRY(contents->Backup(to + "/contents"));
  TRY(BackupSettings(options.data, to));
  TRY(MakeFolder(keys_to));
  TRY(CheckApart(to, keys_to));  // a link to what was not there before
  // Backups to several places may share a folder of keys: one at a time, and none removes what another has made.
  const PlaceLock keys_lock = TRY(PlaceLock::Take(keys_file));
  for (const std::string& path : {keys_file, access_file}) {
    if (FileExists(path))
      return MakeError(ErrorCode::kConflict, fmt::format("{} exists; every backup needs new places.", path));
    guard.Made(path);
  }
  TRY(keys->Backup(keys_file));
  if (FileExists(options.data + "/access.key"))
    TRY(WriteFileDurable(access_file, TRY(ReadFile(options.data + "/access.key")), 0600));
  const std::vector<std::string> damage = TRY(DamageOfBackup(to, keys.get()));
  guard.Finished();
  for (const std::string& line : damage) std::printf("DAMAGE: %s\n", line.c_str());
  fmt::print(
      "log, contents, accounts, posts, types and audit up to transaction {} in {}, keys in {}\nNot in it: "
      "{}/master.key. "
      "Keep a copy of it in a third place; without it no backup can be opened.\n",
      log->head().t, to, keys_to, options.data);
  if (damage.empty()) return int{kExitDone};
  fmt::print(
      "{} places of the contents are damaged or missing, as they are in {}: all else is in the backup. Do "
      "not let older backups go before they are put back.\n",
      damage.size(), options.data);
  return int{kExitDamage};
}

/// Errors before anything is made: the keys of the restored log must be in the data folder, or, when these were lost, in a backup of theirs.
Status CheckKeysPlace(const std::string& data, const std::string& from, const std::string& keys_from) {
  if (!FileExists(from + "/log.db")) {
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("{} is no backup: it has no log.db. Is --from right?", from));
  }
  const bool here = FileExists(data + "/keys.db");
  if (keys_from.empty() && !here) {
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format(
            "{} has no keys.db, and without its keys a log cannot be read: give their backup by --keys-from.",
            data));
  }
  if (!keys_from.empty() && here) {
    return MakeError(
        ErrorCode::kConflict,
        fmt::format(
            "{} has a keys.db, which knows every erasure that a backup does not: leave out --keys-from.",
            data));
  }
  if (!here && !FileExists(keys_from + "/keys.db")) {
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("{} has no keys.db. Is --keys-from right?", keys_from));
  }
  if (FileExists(data + "/master.key")) return {};
  return MakeError(
      ErrorCode::kIncorrect,
      fmt::format(
          "{0}/master.key is missing, and without it keys.db opens nothing: make the folder {0} and put the "
          "copy of master.key there that you keep apart (mode 0600).",
          data));
}

/// Keys of a backup into a data folder that has lost its own.
Status PlaceKeys(const std::string& data, const std::string& keys_from) {
  if (keys_from.empty()) return {};
  // What a lost keys.db left behind does not belong to this one. A copied data folder may have its newest keys in keys.db-wal still.
  for (const char* name : {"/keys.db-wal", "/keys.db-shm", "/keys.head"}) {
    if (FileExists(data + name)) TRY(RemoveFile(data + name));
  }
  for (const char* name : {"/keys.db-wal", "/keys.db", "/access.key"}) {
    if (!FileExists(keys_from + name) || FileExists(data + name)) continue;
    const std::string bytes = TRY(ReadFile(keys_from + name, size_t{16} << 30));
    TRY(WriteFileDurable(data + name, bytes, 0600));
  }
  return {};
}

// Before anything is restored: do the keys open the backup, as far as it is wanted? Returns where the backup ends.
Result<log::Head> CheckBackupKeys(const std::string& from, Instant until_us, const std::string& data,
                                  const log::KeyStore& keys) {
  log::OpenOptions open;
  open.folder = from;
  open.read_only = true;
  const auto backup = TRY(log::OpenLog(open));
  const auto point = TRY(backup->FindTime(until_us));
  if (point.t == 0 && backup->head().t != 0) {
    return MakeError(
        ErrorCode::kIncorrect,
        "At the time that --until names nothing was in this backup's log yet: nothing was restored. "
        "Give a later time.");
  }
  TRY(log::CheckKeys(*backup, keys, point.end_ordinal, data));
  return backup->head();
}

// Ledger of a newer keys.db than the one in the data folder: who was erased after that one's backup.
Status ReplayLedgerOf(const std::string& folder, log::KeyStore* keys) {
  if (folder.empty()) return {};
  const auto newer = TRY(log::OpenExistingKeyStore(folder));
  return keys->ReplayLedger(TRY(newer->Ledger()));
}

// Log and contents from the backup; then everybody who was ever erased is erased again: those of the log, those of the ledger.
Status Restore(const DataOptions& options, const std::string& from, const std::string& keys_from,
               const std::string& ledger_from, const std::string& until) {
  const SystemClock clock;
  Instant until_us = clock.NowUs();
  if (!until.empty()) until_us = TRY(ParseDateRange(until, CityOffsetMin())).high_us - 1;
  TRY(CheckKeysPlace(options.data, from, keys_from));
  log::Head head, backup_end;
  {
    const FileLock lock = TRY(LockData(options.data));
    // Until the log is there, a failure leaves the folder as it was: the same command is to be given again.
    FileGuard placed;
    if (!keys_from.empty()) {
      for (const char* name : {"/keys.db", "/keys.db-wal", "/keys.db-shm", "/keys.head"})
        placed.Made(options.data + name);
      if (!FileExists(options.data + "/access.key")) placed.Made(options.data + "/access.key");
    }
    TRY(PlaceKeys(options.data, keys_from));
    const auto keys = TRY(log::OpenExistingKeyStore(options.data));
    backup_end = TRY(CheckBackupKeys(from, until_us, options.data, *keys));
    TRY(ReplayLedgerOf(ledger_from, keys.get()));
    head = TRY(log::RestoreLog(from, until_us, LogOptions(options, false)));
    placed.Finished();
    TRY(RestoreSettings(from, options.data));
    TRY(log::RestoreContents(from + "/contents", options.data + "/contents"));
    const auto contents = TRY(log::OpenContentFolder(options.data + "/contents", keys.get()));
    const auto log = TRY(log::OpenLog(LogOptions(options, true)));
    TRY(log::KeepLogPlace(options.data, log->backend()));
    TRY(log::FinishErasures(*log, keys.get(), contents.get(), 1));
  }
  // A first opening makes the views, which is no news, and appends the erasures that the log does not know.
  SetLogLevel(LogLevel::kWarning);
  Opened opened = TRY(OpenData({.data = options, .clock = &clock}));
  TRY(WaitUntilReady(*opened.engine));
  TRY(RecordResumedErasures(opened, options.data, &clock));
  opened.engine->Stop();
  fmt::print("restored up to transaction {}{}, incarnation {}\n", head.t,
             head.t == 0 ? "" : " of " + FormatInstant(head.last_at_us), head.incarnation);
  if (!until.empty() && backup_end.last_at_us < until_us)
    fmt::print(
        "The backup ends with that transaction, before the time that --until names: what was written between "
        "the two is "
        "not in it.\n");
  return {};
}

// Asks by a file, so that it works whether the program runs (within a second, old answers meanwhile) or not (at its next start).
Status Rebuild(const DataOptions& options, const std::string& view) {
  TRY(CheckDataFolder(options.data));
  if (!FileExists(options.data + "/keys.db")) {
    return MakeError(
        ErrorCode::kCorrupt,
        fmt::format("{}/keys.db is missing: nothing can be read anew without the keys. Put it back, see "
                    "`tongkang verify`.",
                    options.data));
  }
  if (!FileExists(options.data + "/views"))
    return MakeError(ErrorCode::kIncorrect, fmt::format("{} is no data folder with views", options.data));
  for (const std::string_view each : {"directory", "search", "person"}) {
    if (view != "all" && view != each) continue;
    TRY(WriteFileDurable(view::RebuildRequestFile(options.data, each), "asked\n"));
  }
  const bool running = !LockData(options.data).ok();
  fmt::print("{}\n", !running              ? "asked for; the next start does it"
                     : view == "directory" ? "asked for; the directory is rebuilt at the next start"
                     : view == "all" ? "asked for; the running program begins with the search and the person "
                                       "index within a second, the directory is rebuilt at the next start"
                                     : "asked for; the running program begins within a second, see /ready");
  return {};
}

}  // namespace

void AddLog(CLI::App* root, Commands* commands) {
  struct Given {
    DataOptions data;
    std::string to, keys_to, from, keys_from, ledger_from, until, view = "search";
    bool without_keys = false;
  };
  const auto given = std::make_shared<Given>();
  CLI::App* const verify = root->add_subcommand(
      "verify",
      "Check the whole log and its keys while the server runs: every page, batch, digest and table, "
      "the chain, no gaps, a key for everybody");
  AddDataOptions(verify, &given->data);
  verify->add_flag("--without-keys", given->without_keys,
                   "Only the log: for the folder of a backup, whose keys are kept elsewhere");
  commands->push_back({verify, [given] { return Verify(given->data, given->without_keys); }});

  CLI::App* const backup = root->add_subcommand("backup",
                                                "Copy log, contents, accounts, posts, platform types and "
                                                "audit into one folder and the keys into another, while "
                                                "the server runs.\nNot copied: master.key of the data "
                                                "folder, which opens the keys. Keep a copy of it once, in "
                                                "a third place; and the file given to serve --config.");
  AddDataOptions(backup, &given->data);
  backup->add_option("--to", given->to, "New folder for the log, its contents and the settings")->required();
  backup
      ->add_option("--keys-to", given->keys_to,
                   "Folder without keys in it for the keys: another disk, kept at most 30 days")
      ->required();
  commands->push_back({backup, [given] {
                         const auto code = Backup(given->data, given->to, given->keys_to);
                         return code.ok() ? *code : Fail(code.error());
                       }});

  CLI::App* const restore = root->add_subcommand("restore",
                                                 "Make a new log from a backup, as it was at a time. The "
                                                 "data folder has no log; put master.key into it first "
                                                 "(mode 0600).\nWith the keys lost too:  mkdir -m 700 DIR; "
                                                 "cp SAFE/master.key DIR/; tongkang restore --data DIR "
                                                 "--from BACKUP --keys-from KEYS; tongkang serve --data DIR");
  AddDataOptions(restore, &given->data);
  restore->add_option("--from", given->from, "The backup's folder")->required();
  restore->add_option("--keys-from", given->keys_from,
                      "The folder of the keys' backup, when the data folder has lost its own");
  restore->add_option(
      "--ledger-from", given->ledger_from,
      "A data folder whose keys.db is newer than that backup: whom it knows to be erased stays erased");
  restore
      ->add_option("--until", given->until,
                   "Time, e.g. 2026-11-21T20:00:00+08:00 (without a zone: UTC+8); what was written in that "
                   "second is in it. "
                   "A bare day, month or year means its end: 2026-11-21 is 2026-11-21T23:59:59. Without "
                   "--until: everything")
      ->check([](const std::string& text) {
        return text.empty() ? std::string("is empty: give a time, or leave --until out to restore everything")
                            : std::string();
      });
  commands->push_back(
      {restore, [given] {
         return Finish(Restore(given->data, given->from, given->keys_from, given->ledger_from, given->until));
       }});

  CLI::App* const rebuild = root->add_subcommand(
      "rebuild", "Ask for a view to be read anew from the log, while the old one answers");
  AddDataOptions(rebuild, &given->data);
  rebuild->add_option("--view", given->view, "search (the default), person, directory or all")
      ->check(CLI::IsMember({"search", "person", "directory", "all"}));
  commands->push_back({rebuild, [given] { return Finish(Rebuild(given->data, given->view)); }});
}

}  // namespace tk::server
