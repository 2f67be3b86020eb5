// Attachments that were found missing or damaged: told once in the program's log, and in /ready until they are back or gone with their person.
// What else is in their resources is indexed and erased as ever; only reading these resources fails (engine.h).
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "kernel/log/content_store.h"

namespace tk::view {

/// Thread-safe.
class LostAttachments {
 public:
  /// One line in the log for each that was not noted yet, with the type and the place, at most kNotedMax in the program's life at once.
  void Note(std::string_view type, log::OwnerNumber owner, std::span<const std::string> hashes,
            const log::ContentStore& contents);
  size_t count() const;
  /// Looks again at some of them, in turn: those that are back, or whose person was erased, are let go. Cost: up to kLookedAtOnce files are read.
  void LookAgain(const log::ContentStore& contents);

 private:
  static constexpr size_t kNotedMax = 1000, kLookedAtOnce = 16;
  using Key = std::pair<log::OwnerNumber, std::string>;
  mutable std::mutex mutex_;
  std::map<Key, std::string> noted_;  // → type
  Key looked_at_;                     // the last
};

}  // namespace tk::view
