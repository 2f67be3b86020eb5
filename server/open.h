// Opening a data folder: log, keys, views and index, in the way that serve and the log's subcommands share.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernel/access/audit.h"
#include "kernel/app/pack_set.h"
#include "kernel/base/file.h"
#include "kernel/geo/area_view.h"
#include "kernel/person/person_view.h"
#include "kernel/rules/watch_view.h"
#include "kernel/search/index.h"
#include "kernel/view/engine.h"
#include "kernel/workflow/timer_view.h"
#include "server/commands.h"

namespace tk::server {

/// Where the watch-list's view lies among the engine's (interaction::Context::watch_slot).
inline constexpr size_t kWatchSlot = 4;

struct Opened {
  std::unique_ptr<FileLock> lock;  // one process a folder: the views in it are one process's
  std::unique_ptr<view::Engine> engine;
  search::Index* index = nullptr;         // slot 0 of the engine
  person::PersonView* persons = nullptr;  // slot 1
  geo::AreaView* areas = nullptr;         // slot 2
  workflow::TimerView* timers = nullptr;  // slot 3
  rules::WatchView* watch = nullptr;      // slot kWatchSlot
  std::shared_ptr<const app::PackSet> packs;
  std::shared_ptr<const fhir::Definitions> definitions;  // the engine's
};

struct OpenOptions {
  DataOptions data;
  log::Cipher cipher = log::Cipher::kAes256Gcm;
  int timezone_offset_min = 480;
  size_t text_cache_bytes = size_t{128} << 20;
  size_t replay_changes_max = 200'000;
  const Clock* clock = nullptr;
  std::function<Status(std::string_view)> erase_probe = {};  // tests: as the engine's
  // Of stories (pack_case.h), which open many small logs of one kind:
  std::shared_ptr<const app::PackSet> packs = nullptr;             // nullptr: those that `data` names
  std::shared_ptr<const fhir::Definitions> definitions = nullptr;  // nullptr: made of the packs
  std::string schema = {};                                         // of a PostgreSQL log; "": the usual one
};

/// In the data folder: the city's own model for matching persons (person/linkage/model.h). Another one counts from the next start; decisions that stand are not turned by it.
inline constexpr std::string_view kMatchingModelFile = "/matching-model.json";

/// Errors: kUnavailable when another tongkang has the folder; kIncorrect for a model that cannot be read; what the engine says otherwise.
Result<Opened> OpenData(const OpenOptions& options);
/// Waits until every view answers. Building may take long; what has not moved for `still_ms_max` does not count as building.
/// Errors: kUnavailable, with what each view says.
Status WaitUntilReady(const view::Engine& engine, int64_t still_ms_max = 120'000);
/// The same, of anything that has a state.
Status WaitUntilReady(const std::function<bool()>& ready,
                      const std::function<std::vector<view::ViewState>()>& states, int64_t still_ms_max);

/// Gives each erasure that was asked for its end in the audit, if its process did not: `erase-resumed` when it is done, finished by the engine or
/// found finished; `erase-not-begun` when nothing of it was. What cannot be written, or is not finished, is kept for the next call, or start.
Status RecordResumedErasures(view::Engine* engine, access::AuditLog* audit);
/// The same where no audit is open: it is opened if there is something to tell.
Status RecordResumedErasures(const Opened& opened, const std::string& folder, const Clock* clock);

/// The C++ of the apps in this program; made at build time of apps/*/operations.cpp.
std::span<const app::Code> InstalledCode();

/// The packs of the program and those of the folder that the options name.
Result<std::shared_ptr<const app::PackSet>> LoadPackSet(const DataOptions& options);

/// The number of whom this Patient's records are about; 0: nobody knows him.
view::OwnerNumber OwnerOfPatient(view::Engine& engine, std::string_view id);

/// Only the lock.
Result<FileLock> LockData(const std::string& folder);

}  // namespace tk::server
