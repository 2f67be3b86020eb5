// verify, backup, restore, rebuild, erase: what an operator does with a log.
#include <fmt/format.h>

#include <cstdio>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/base/file.h"
#include "kernel/log/erasure.h"
#include "server/open.h"

namespace tk::server {
namespace {

log::OpenOptions LogOptions(const DataOptions& options, bool read_only) {
  log::OpenOptions open;
  open.folder = options.data;
  open.url = options.log_url;
  open.read_only = read_only;
  return open;
}

int Verify(const DataOptions& options) {
  auto log = log::OpenLog(LogOptions(options, true));
  if (!log.ok()) return Fail(log.error());
  uint64_t said = 0;
  const auto report = (*log)->Verify([&said](uint64_t entries) {
    if (entries - said < 1'000'000) return;
    said = entries;
    std::fprintf(stderr, "%llu entries checked\n", static_cast<unsigned long long>(entries));
  });
  if (!report.ok()) return Fail(report.error());
  for (const std::string& line : report->damage) std::printf("DAMAGE: %s\n", line.c_str());
  fmt::print("{} batches, {} transactions, {} entries, {} damaged places\n", report->batches,
             report->transactions, report->entries, report->damage.size());
  return report->damage.empty() ? kExitDone : kExitDamage;
}

// The log and its contents go into one folder, the keys into another: they are kept apart, and the keys at most 30 days.
Status Backup(const DataOptions& options, const std::string& to, const std::string& keys_to) {
  const auto log = TRY(log::OpenLog(LogOptions(options, true)));
  TRY(log->Backup(to));
  const auto keys = TRY(log::OpenKeyStore(options.data));
  const auto contents = TRY(log::OpenContentFolder(options.data + "/contents", keys.get()));
  TRY(contents->Backup(to + "/contents"));
  TRY(MakeFolder(keys_to));
  TRY(keys->Backup(keys_to + "/keys.db"));
  fmt::print("log and contents up to transaction {} in {}, keys in {}\n", log->head().t, to, keys_to);
  return {};
}

/// The keys of the restored log: those that are in the data folder, or, when these were lost, those of a backup.
Status PlaceKeys(const std::string& data, const std::string& keys_from) {
  const bool here = FileExists(data + "/keys.db");
  if (keys_from.empty()) {
    if (here) return {};
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format(
            "{} has no keys.db, and without its keys a log cannot be read: give their backup by --keys-from.",
            data));
  }
  if (here) {
    return MakeError(
        ErrorCode::kConflict,
        fmt::format(
            "{} has a keys.db, which knows every erasure that a backup does not: leave out --keys-from.",
            data));
  }
  if (!FileExists(data + "/master.key")) {
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format(
            "{0}/master.key is missing, and without it keys.db opens nothing: put it there (mode 0600).",
            data));
  }
  // What a lost keys.db left behind does not belong to this one. A copied data folder may have its newest keys in keys.db-wal still.
  for (const char* name : {"keys.db-wal", "keys.db-shm", "keys.head"}) {
    if (FileExists(data + "/" + name)) TRY(RemoveFile(data + "/" + name));
  }
  for (const char* name : {"keys.db-wal", "keys.db"}) {
    if (name == std::string_view("keys.db-wal") && !FileExists(keys_from + "/" + name)) continue;
    const std::string keys = TRY(ReadFile(keys_from + "/" + name, size_t{16} << 30));
    TRY(WriteFileDurable(data + "/" + name, keys, 0600));
  }
  return {};
}

// Ledger of a newer keys.db than the one in the data folder: who was erased after that one's backup.
Status ReplayLedgerOf(const std::string& folder, log::KeyStore* keys) {
  if (folder.empty()) return {};
  const auto newer = TRY(log::OpenKeyStore(folder));
  return keys->ReplayLedger(TRY(newer->Ledger()));
}

// Log and contents from the backup; then everybody who was ever erased is erased again: those of the log, those of the ledger.
Status Restore(const DataOptions& options, const std::string& from, const std::string& keys_from,
               const std::string& ledger_from, const std::string& until) {
  const SystemClock clock;
  Instant until_us = clock.NowUs();
  if (!until.empty()) until_us = TRY(ParseDateRange(until, 480)).high_us - 1;
  log::Head head;
  {
    const FileLock lock = TRY(LockData(options.data));
    TRY(PlaceKeys(options.data, keys_from));
    const auto keys = TRY(log::OpenKeyStore(options.data));
    TRY(ReplayLedgerOf(ledger_from, keys.get()));
    head = TRY(log::RestoreLog(from, until_us, LogOptions(options, false)));
    TRY(log::RestoreContents(from + "/contents", options.data + "/contents"));
    const auto contents = TRY(log::OpenContentFolder(options.data + "/contents", keys.get()));
    const auto log = TRY(log::OpenLog(LogOptions(options, true)));
    TRY(log::FinishErasures(*log, keys.get(), contents.get(), 1));
  }
  // A first opening makes the views and appends the erasures that the log does not know.
  Opened opened = TRY(OpenData({.data = options, .clock = &clock}));
  while (!opened.engine->ready()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  opened.engine->Stop();
  fmt::print("restored up to transaction {}, incarnation {}\n", head.t, head.incarnation);
  return {};
}

// Asks by a file, so that it works whether the program runs (within a second, old answers meanwhile) or not (at its next start).
Status Rebuild(const DataOptions& options, const std::string& view) {
  if (!FileExists(options.data + "/views"))
    return MakeError(ErrorCode::kIncorrect, fmt::format("{} is no data folder with views", options.data));
  for (const std::string_view each : {"directory", "search"}) {
    if (view != "all" && view != each) continue;
    TRY(WriteFileDurable(view::RebuildRequestFile(options.data, each), "asked\n"));
  }
  const bool running = !LockData(options.data).ok();
  fmt::print("{}\n", !running           ? "asked for; the next start does it"
                     : view == "search" ? "asked for; the running program begins within a second, see /ready"
                     : view == "directory" ? "asked for; the directory is rebuilt at the next start"
                                           : "asked for; the running program begins with the search index "
                                             "within a second, the directory is rebuilt at the next start");
  return {};
}

Status Erase(const DataOptions& options, const std::string& person) {
  if (!person.starts_with("Patient/") && !person.starts_with("Practitioner/")) {
    return MakeError(ErrorCode::kIncorrect, "name the person as Patient/ID or Practitioner/ID");
  }
  const SystemClock clock;
  Opened opened = TRY(OpenData({.data = options, .clock = &clock}));
  while (!opened.engine->ready()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  auto erased = opened.engine->Erase(person);
  opened.engine->Stop();
  if (!erased.ok()) return erased.TakeError();
  fmt::print(
      "erased: {} entries. Backups of the keys made before now still open them: destroy those within 30 "
      "days.\n",
      *erased);
  return {};
}

}  // namespace

void AddLog(CLI::App* root, Commands* commands) {
  struct Given {
    DataOptions data;
    std::string to, keys_to, from, keys_from, ledger_from, until, person, view = "search";
  };
  const auto given = std::make_shared<Given>();
  CLI::App* const verify =
      root->add_subcommand("verify", "Check every batch of the log: digests, chain, no gaps");
  AddDataOptions(verify, &given->data);
  commands->push_back({verify, [given] { return Verify(given->data); }});

  CLI::App* const backup =
      root->add_subcommand("backup", "Copy log, contents and keys while the server runs");
  AddDataOptions(backup, &given->data);
  backup->add_option("--to", given->to, "New folder for the log and its contents")->required();
  backup->add_option("--keys-to", given->keys_to, "Folder for the keys: another disk, kept at most 30 days")
      ->required();
  commands->push_back({backup, [given] { return Finish(Backup(given->data, given->to, given->keys_to)); }});

  CLI::App* const restore =
      root->add_subcommand("restore", "Make a new log from a backup, as it was at a time");
  AddDataOptions(restore, &given->data);
  restore->add_option("--from", given->from, "The backup's folder")->required();
  restore->add_option("--keys-from", given->keys_from,
                      "The folder of the keys' backup, when the data folder has lost its own");
  restore->add_option(
      "--ledger-from", given->ledger_from,
      "A data folder whose keys.db is newer than that backup: whom it knows to be erased stays erased");
  restore->add_option("--until", given->until, "Time, e.g. 2026-11-21T20:00:00+08:00; without it everything");
  commands->push_back(
      {restore, [given] {
         return Finish(Restore(given->data, given->from, given->keys_from, given->ledger_from, given->until));
       }});

  CLI::App* const rebuild = root->add_subcommand(
      "rebuild", "Ask for a view to be read anew from the log, while the old one answers");
  AddDataOptions(rebuild, &given->data);
  rebuild->add_option("--view", given->view, "search (the default), directory or all")
      ->check(CLI::IsMember({"search", "directory", "all"}));
  commands->push_back({rebuild, [given] { return Finish(Rebuild(given->data, given->view)); }});

  CLI::App* const erase = root->add_subcommand(
      "erase", "Erase a person for good: his key is destroyed, his contents and index entries go");
  AddDataOptions(erase, &given->data);
  erase->add_option("--person", given->person, "Patient/ID or Practitioner/ID")->required();
  commands->push_back({erase, [given] { return Finish(Erase(given->data, given->person)); }});
}

}  // namespace tk::server
