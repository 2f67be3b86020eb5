#include "server/open.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "kernel/app/app.h"

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

Result<Opened> OpenData(const OpenOptions& options) {
  Opened opened;
  opened.lock = std::make_unique<FileLock>(TRY(LockData(options.data.data)));
  view::EngineOptions engine;
  engine.folder = options.data.data;
  engine.log.folder = options.data.data;
  engine.log.url = options.data.log_url;
  engine.cipher = options.cipher;
  engine.definitions = TRY(app::LoadDefinitions(app::InstalledPacks(), options.data.data + "/types"));
  engine.clock = options.clock;
  engine.text_cache_bytes = options.text_cache_bytes;
  engine.replay_changes_max = options.replay_changes_max;
  const auto make_views = [&](const view::Directory& directory, const HashKey& key) {
    search::IndexOptions index;
    index.folder = options.data.data + "/views/search";
    index.hash_key = key;
    index.timezone_offset_min = options.timezone_offset_min;
    std::vector<std::unique_ptr<view::View>> views;
    auto made = search::Index::CreateRebuildable(engine.definitions, index, &directory);
    opened.index = made.get();
    views.push_back(std::move(made));
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

access::AuditOptions AuditOf(const view::Engine& engine, const std::string& folder, const Clock* clock) {
  access::AuditOptions options;
  options.folder = folder + "/audit";
  options.clock = clock;
  options.id_key = engine.hash_key();
  options.owner_of = [&engine](uint64_t id_hash) {
    const view::Directory::Version version = engine.directory().Current(id_hash, engine.Head());
    if (version.ordinal == 0) return 0u;
    return engine.directory().OwnerNow(engine.directory().Get(version.ordinal).owner);
  };
  return options;
}

namespace {

/// A record names its reason as literals are named: it stays as long as the program. They are a handful of codes.
std::string_view Kept(std::string code) {
  static std::mutex mutex;
  static std::set<std::string> codes;
  const std::lock_guard hold(mutex);
  return *codes.insert(std::move(code)).first;
}

/// The code with which the erasure of this person was last asked for, from the audit's files; empty if they do not have it. Cost: reads all of
/// them, after a crash in the middle of an erasure only.
std::string_view ReasonAsked(const std::string& folder, view::OwnerNumber owner) {
  constexpr std::string_view kAsked = R"("action":"erase-asked")", kAt = R"(,"at":")",
                             kReason = R"(,"reason":")";
  const std::string whose = fmt::format(R"(,"owner":{},)", owner);
  std::string last_at, reason;
  const auto value = [](std::string_view line, std::string_view key) {
    const size_t at = line.find(key);
    if (at == std::string_view::npos) return std::string();
    line.remove_prefix(at + key.size());
    return std::string(line.substr(0, line.find('"')));
  };
  const auto names = ListFolder(folder + "/audit");
  if (!names.ok()) return {};
  for (const std::string& name : *names) {
    if (!name.ends_with(".jsonl")) continue;
    const auto text = ReadFile(folder + "/audit/" + name);
    if (!text.ok()) continue;
    for (size_t at = text->find(kAsked); at != std::string::npos; at = text->find(kAsked, at + 1)) {
      const size_t begin = text->rfind('\n', at) + 1, end = std::min(text->find('\n', at), text->size());
      const std::string_view line = std::string_view(*text).substr(begin, end - begin);
      std::string when = value(line, kAt);
      if (line.find(whose) == std::string_view::npos || when < last_at) continue;
      last_at = std::move(when);
      reason = value(line, kReason);
    }
  }
  return reason.empty() ? std::string_view() : Kept(std::move(reason));
}

}  // namespace

Status RecordResumedErasures(view::Engine* engine, access::AuditLog* audit, const std::string& folder) {
  bool told = false;
  TRY(engine->TellResumedErasures([&](const view::Engine::ResumedErasure& erasure) {
    access::AuditRecord record;
    record.action = "erase-resumed";
    record.status = 200;
    record.owner = erasure.owner;
    record.records = erasure.records;
    record.reason = ReasonAsked(folder, erasure.owner);
    told = true;
    return audit->Append(std::move(record));
  }));
  return told ? audit->Flush() : Status();
}

Status RecordResumedErasures(const Opened& opened, const std::string& folder, const Clock* clock) {
  if (!opened.engine->has_resumed_erasures()) return {};
  const auto audit = TRY(access::AuditLog::Open(AuditOf(*opened.engine, folder, clock)));
  return RecordResumedErasures(opened.engine.get(), audit.get(), folder);
}

}  // namespace tk::server
