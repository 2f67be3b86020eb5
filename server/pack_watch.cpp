#include "server/pack_watch.h"

#include <chrono>

#include "kernel/access/posts.h"
#include "kernel/base/diagnostics.h"

namespace tk::server {
namespace {

constexpr std::chrono::seconds kPause(1);

/// What the engine, metadata and the judging of writes were made of: types, operations and workflows, in order.
std::string FixedPartOf(const app::PackSet& set) {
  std::string text;
  for (const app::Pack& pack : set.packs()) {
    for (const app::File& file : pack.files) {
      if (!file.path.starts_with("types/") && !file.path.starts_with("workflows/") &&
          !file.path.starts_with("schedules/") && file.path != "operations.json")
        continue;
      text.append(pack.id).append("/").append(file.path).append("\n").append(file.content).append("\n");
    }
  }
  return text;
}

}  // namespace

PackWatch::PackWatch(DataOptions data, std::shared_ptr<const app::PackSet> running,
                     const view::Engine* engine, app::Runtime* runtime,
                     std::function<void(std::vector<rules::Rule>)> use_alerts)
    : data_(std::move(data)),
      running_(std::move(running)),
      engine_(engine),
      runtime_(runtime),
      use_alerts_(std::move(use_alerts)),
      seen_hash_(running_->content_hash()),
      thread_([this] { Run(); }) {}

PackWatch::~PackWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

Status PackWatch::Look() {
  const std::shared_ptr<const app::PackSet> now = TRY(LoadPackSet(data_));
  if (now->content_hash() == seen_hash_) return {};
  seen_hash_ = now->content_hash();
  if (FixedPartOf(*now) != FixedPartOf(*running_))
    return MakeError(ErrorCode::kUnsupported,
                     "types, workflows or operations of a pack changed: what is stored depends on them; "
                     "start again to use them");
  std::vector<app::App> apps =
      TRY(app::LoadPacks(engine_->definitions(), now->packs(), data_.data + "/apps"));
  TRY(access::WritePackPosts(data_.data, app::PostsOf(apps)));
  std::vector<rules::Rule> alerts = app::TakeAlerts(&apps);
  TRY(runtime_->Reload(std::move(apps)));
  use_alerts_(std::move(alerts));
  running_ = now;
  Say(LogLevel::kInfo, "packs-reloaded", {{"packs", uint64_t{now->packs().size()}}});
  return {};
}

void PackWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPause, [this] { return stopping_; })) {
    lock.unlock();
    if (const Status looked = Look(); !looked.ok()) SayError("packs-not-reloaded", looked.error());
    lock.lock();
  }
}

}  // namespace tk::server
