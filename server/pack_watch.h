// Packs as they are being written: their files are looked at once a second, and what changed runs at once. A pack with mistakes is told, and leaves the
// old one running; one whose types, workflows or operations changed is told to need a new start.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "server/open.h"

namespace tk::server {

class PackWatch {
 public:
  /// What is given outlives it; `running` is what runs now. `use_alerts` puts the alert rules in place of those that there are.
  PackWatch(DataOptions data, std::shared_ptr<const app::PackSet> running, const view::Engine* engine,
            app::Runtime* runtime, std::function<void(std::vector<rules::Rule>)> use_alerts);
  ~PackWatch();
  PackWatch(const PackWatch&) = delete;
  PackWatch& operator=(const PackWatch&) = delete;

  /// One look, as the thread does it. Errors: why what is there now does not run; told once for the same files.
  Status Look();

 private:
  void Run();

  const DataOptions data_;
  std::shared_ptr<const app::PackSet> running_;
  const view::Engine* const engine_;
  app::Runtime* const runtime_;
  const std::function<void(std::vector<rules::Rule>)> use_alerts_;
  uint64_t seen_hash_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tk::server
