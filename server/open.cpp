#include "server/open.h"

#include <fmt/format.h>

#include "kernel/app/app.h"

namespace tk::server {

Result<FileLock> LockData(const std::string& folder) {
  TRY(MakeFolder(folder));
  auto lock = FileLock::Take(folder + "/tongkang.lock", 0);
  if (lock.ok()) return lock;
  if (lock.error().external.find("locked by another") == std::string::npos) return lock.TakeError();
  return MakeError(ErrorCode::kUnavailable,
                   fmt::format("the data folder {} is in use by another tongkang; stop it first", folder));
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

}  // namespace tk::server
