#include "kernel/view/lost_attachments.h"

#include <vector>

#include "kernel/base/diagnostics.h"

namespace tk::view {

void LostAttachments::Note(std::string_view type, log::OwnerNumber owner, std::span<const std::string> hashes,
                           const log::ContentStore& contents) {
  const std::lock_guard lock(mutex_);
  for (const std::string& hash : hashes) {
    if (noted_.size() >= kNotedMax || noted_.contains(Key{owner, hash})) continue;
    // His key goes before his contents: what was met between the two is no loss.
    if (const auto now = contents.Get(owner, hash); !now.ok() && now.error().code == ErrorCode::kGone)
      continue;
    noted_.emplace(Key{owner, hash}, type);
    const std::string place = "contents/" + contents.PlaceOf(owner, hash);
    Say(LogLevel::kError, "attachment-lost",
        {{"type", type},
         {"place", std::string_view(place)},
         {"what", std::string_view("missing or damaged: put the file of a backup back to this place")}});
  }
}

size_t LostAttachments::count() const {
  const std::lock_guard lock(mutex_);
  return noted_.size();
}

// The files are read outside of the lock: readers note under it.
void LostAttachments::LookAgain(const log::ContentStore& contents) {
  std::vector<std::pair<Key, std::string>> some;
  {
    const std::lock_guard lock(mutex_);
    if (noted_.empty()) return;
    auto at = noted_.upper_bound(looked_at_);
    while (some.size() < std::min(kLookedAtOnce, noted_.size())) {
      if (at == noted_.end()) at = noted_.begin();
      some.emplace_back(*at++);
    }
    looked_at_ = some.back().first;
  }
  for (const auto& [key, type] : some) {
    const auto bytes = contents.Get(key.first, key.second);
    if (!bytes.ok() && bytes.error().code != ErrorCode::kGone) continue;
    const std::lock_guard lock(mutex_);
    if (noted_.erase(key) == 0) continue;
    const std::string place = "contents/" + contents.PlaceOf(key.first, key.second);
    Say(LogLevel::kInfo, bytes.ok() ? "attachment-back" : "attachment-erased",
        {{"type", std::string_view(type)}, {"place", std::string_view(place)}});
  }
}

}  // namespace tk::view
