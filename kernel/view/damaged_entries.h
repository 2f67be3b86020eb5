// Entries of the log that were asked for and could not be read: each is told once in the program's log, and their number in /ready. They come back
// only with a log that was restored, by another start; a person with such entries is erased all the same (engine_erase.cpp).
#pragma once

#include <mutex>
#include <set>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/log/log.h"

namespace tk::view {

/// Is an entry, or the key that it is sealed with, not to be read whatever is done but restoring? Else the store is away, or the person was erased.
bool IsDamage(const Error& error);

/// Thread-safe.
class DamagedEntries {
 public:
  /// One line in the log for each that was not noted yet, with the type and the ordinal, at most kNotedMax.
  void Note(log::Ordinal ordinal, std::string_view type, const Error& why);
  size_t count() const;

 private:
  static constexpr size_t kNotedMax = 1000;
  mutable std::mutex mutex_;
  std::set<log::Ordinal> noted_;
};

}  // namespace tk::view
