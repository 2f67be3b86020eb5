#include "kernel/view/damaged_entries.h"

#include "kernel/base/diagnostics.h"

namespace tk::view {

bool IsDamage(const Error& error) {
  return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kNotFound;
}

void DamagedEntries::Note(log::Ordinal ordinal, std::string_view type, const Error& why) {
  const std::lock_guard lock(mutex_);
  if (noted_.size() >= kNotedMax || !noted_.insert(ordinal).second) return;
  const std::string text = why.ToString();
  Say(LogLevel::kError, "entry-damaged",
      {{"ordinal", uint64_t{ordinal}}, {"type", type}, {"why", std::string_view(text)}});
}

size_t DamagedEntries::count() const {
  const std::lock_guard lock(mutex_);
  return noted_.size();
}

}  // namespace tk::view
