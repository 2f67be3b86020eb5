#include "server/open.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "kernel/access/policies.h"
#include "kernel/base/file.h"
#include "kernel/base/hash.h"
#include "kernel/interaction/special.h"

namespace tk::server {

Result<FileLock> LockData(const std::string& folder) {
  TRY(MakeFolder(folder));
  auto lock = FileLock::Take(folder + "/tongkang.lock", 0);
  if (lock.ok()) return lock;
  if (lock.error().code != ErrorCode::kConflict) return lock.TakeError();
  return MakeError(ErrorCode::kUnavailable,
                   fmt::format("the data folder {} is in use by another tongkang; stop it first: {}", folder,
                               lock.error().external));
}

Result<std::shared_ptr<const app::PackSet>> LoadPackSet(const DataOptions& options) {
  if (!options.packs.empty() && !FileExists(options.packs))
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("--packs {}: there is no such folder", options.packs));
  return app::PackSet::Load(app::InstalledPacks(),
                            options.packs.empty() ? options.data + "/packs" : options.packs);
}

namespace {

/// The city's own model for matching, which ./tk train-matching writes; nothing: the platform's.
Result<std::shared_ptr<const person::linkage::Model>> OwnMatchingModel(const std::string& folder) {
  const std::string file = folder + std::string(kMatchingModelFile);
  if (!FileExists(file)) return std::shared_ptr<const person::linkage::Model>();
  constexpr size_t kBytesMax = size_t{64} << 20;  // frequencies of names make it large
  const std::string text = TRY(ReadFile(file, kBytesMax));
  auto model = person::linkage::Model::Read(text);
  if (model.ok()) {
    if (const Status serves = model->CheckServes(); !serves.ok()) model = serves.error();
  }
  if (model.ok()) {
    // What its links tell: trained anew under the same name and version it is another model.
    model->mark = fmt::format("{:08x}", Crc32c(AsBytes(text)));
    return std::shared_ptr<const person::linkage::Model>(
        std::make_shared<person::linkage::Model>(std::move(model).value()));
  }
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("{}: {}. Mend it, or take it away: the platform has a model of its own.", file,
                               model.error().external));
}

}  // namespace

Result<Opened> OpenData(const OpenOptions& options) {
  Opened opened;
  opened.lock = std::make_unique<FileLock>(TRY(LockData(options.data.data)));
  view::EngineOptions engine;
  engine.folder = options.data.data;
  engine.log.folder = options.data.data;
  engine.log.url = options.data.log_url;
  engine.cipher = options.cipher;
  if (!options.schema.empty()) engine.log.schema = options.schema;
  opened.packs = options.packs != nullptr ? options.packs : TRY(LoadPackSet(options.data));
  engine.definitions = options.definitions != nullptr
                           ? options.definitions
                           : TRY(app::LoadDefinitions(opened.packs->packs(), options.data.data + "/types"));
  opened.definitions = engine.definitions;
  engine.clock = options.clock;
  engine.hidden_marks = interaction::SpecialMarks(TRY(access::Policies::Load(options.data.data)));
  engine.erase_probe = options.erase_probe;
  engine.text_cache_bytes = options.text_cache_bytes;
  engine.replay_changes_max = options.replay_changes_max;
  const std::shared_ptr<const person::linkage::Model> model = TRY(OwnMatchingModel(options.data.data));
  const auto make_views = [&](const view::Directory& directory, const HashKey& key) {
    search::IndexOptions index;
    index.folder = options.data.data + "/views/search";
    index.hash_key = key;
    index.timezone_offset_min = options.timezone_offset_min;
    std::vector<std::unique_ptr<view::View>> views;
    auto made = search::Index::CreateRebuildable(engine.definitions, index, &directory);
    opened.index = made.get();
    views.push_back(std::move(made));
    person::PersonViewOptions persons;
    persons.definitions = engine.definitions;
    persons.hash_key = key;
    persons.directory = &directory;
    persons.model = model;
    auto people = std::make_unique<person::PersonView>(persons);
    opened.persons = people.get();
    views.push_back(std::move(people));
    auto areas = std::make_unique<geo::AreaView>(engine.definitions);
    opened.areas = areas.get();
    views.push_back(std::move(areas));
    auto timers = std::make_unique<workflow::TimerView>();
    opened.timers = timers.get();
    views.push_back(std::move(timers));
    auto watch = std::make_unique<rules::WatchView>(
        rules::WatchViewOptions{engine.definitions, key, &directory, options.timezone_offset_min});
    opened.watch = watch.get();
    views.push_back(std::move(watch));
    return views;
  };
  TRY(MakeFolder(options.data.data + "/views/search"));
  opened.engine = TRY(view::Engine::Create(engine, make_views));
  return opened;
}

Status WaitUntilReady(const std::function<bool()>& ready,
                      const std::function<std::vector<view::ViewState>()>& states, int64_t still_ms_max) {
  const auto alike = [](const view::ViewState& a, const view::ViewState& b) {
    return a.kind == b.kind && a.t == b.t && a.entries == b.entries;
  };
  std::vector<view::ViewState> last;
  int64_t moved_us = MonotonicUs();
  while (!ready()) {
    std::vector<view::ViewState> now = states();
    if (!std::equal(now.begin(), now.end(), last.begin(), last.end(), alike)) {
      last = std::move(now);
      moved_us = MonotonicUs();
    } else if (MonotonicUs() - moved_us > still_ms_max * 1000) {
      std::string told;
      for (const view::ViewState& view : now) {
        told += fmt::format("; {}: {}, {} of {} entries{}{}", view.name, view.KindName(), view.entries,
                            view.entries_wanted, view.failure.empty() ? "" : ", ", view.failure);
      }
      return MakeError(
          ErrorCode::kUnavailable,
          fmt::format(
              "the views did not become ready and do not move{}. Nothing was done. Look at the lines above "
              "for the reason (a full disk?), mend it and call again",
              told));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

Status WaitUntilReady(const view::Engine& engine, int64_t still_ms_max) {
  return WaitUntilReady([&engine] { return engine.ready(); }, [&engine] { return engine.view_states(); },
                        still_ms_max);
}

namespace {

/// A record names its reason as literals are named: it stays as long as the program. They are a handful of codes.
std::string_view Kept(std::string code) {
  static std::mutex mutex;
  static std::set<std::string> codes;
  const std::lock_guard hold(mutex);
  return *codes.insert(std::move(code)).first;
}

constexpr std::string_view kResumed = "erase-resumed", kNotBegun = "erase-not-begun";

Status RecordEnd(access::AuditLog* audit, const access::UnendedErasure& asked, std::string_view action,
                 const view::Engine::Erased& erased) {
  access::AuditRecord record;
  record.action = action;
  record.status = action == kResumed ? 200 : 0;
  record.owner = asked.owner;
  record.records = erased.records;
  record.damaged = erased.damaged;
  record.reason = Kept(asked.reason);
  record.request_id = asked.request_id;
  record.erasure = asked.mark;
  return audit->Append(std::move(record));
}

/// One that the engine had to finish: each that had asked for it gets its end.
Status RecordResumed(access::AuditLog* audit, const view::Engine::ResumedErasure& erasure) {
  std::vector<access::UnendedErasure> asked = audit->UnendedErasures();
  std::erase_if(asked, [&](const access::UnendedErasure& each) { return each.owner != erasure.owner; });
  for (const access::UnendedErasure& each : asked) {
    if (each.running)
      return MakeError(ErrorCode::kUnavailable, "the request that asked for the erasure still runs");
  }
  if (asked.empty()) asked.push_back({{}, erasure.owner, {}, {}, false, false});
  for (const access::UnendedErasure& each : asked) TRY(RecordEnd(audit, each, kResumed, erasure.erased));
  return {};
}

/// One that ended, or was never begun, and whose process did not come to tell it.
Status RecordUntold(const view::Engine& engine, access::AuditLog* audit,
                    const access::UnendedErasure& asked) {
  switch (engine.StateOfErasure(asked.owner)) {
    case view::Engine::ErasureState::kUnfinished:
      return {};
    case view::Engine::ErasureState::kDone:
      return RecordEnd(audit, asked, kResumed, {});
    case view::Engine::ErasureState::kNotBegun:
      return asked.answered ? audit->CloseErasure(asked.mark) : RecordEnd(audit, asked, kNotBegun, {});
  }
  return {};
}

}  // namespace

Status RecordResumedErasures(view::Engine* engine, access::AuditLog* audit) {
  TRY(engine->TellResumedErasures(
      [audit](const view::Engine::ResumedErasure& erasure) { return RecordResumed(audit, erasure); }));
  const std::vector<access::UnendedErasure> left = audit->UnendedErasures();
  for (const access::UnendedErasure& each : left) {
    if (!each.running) TRY(RecordUntold(*engine, audit, each));
  }
  return {};
}

Status RecordResumedErasures(const Opened& opened, const std::string& folder, const Clock* clock) {
  if (!opened.engine->has_resumed_erasures()) return {};
  const auto audit = TRY(access::AuditLog::Open(access::AuditOf(*opened.engine, folder, clock)));
  return RecordResumedErasures(opened.engine.get(), audit.get());
}

view::OwnerNumber OwnerOfPatient(view::Engine& engine, std::string_view id) {
  const auto owner = engine.keys().Find(fmt::format("Patient/{}", id));
  return owner.ok() ? *owner : view::OwnerNumber{0};
}

}  // namespace tk::server
