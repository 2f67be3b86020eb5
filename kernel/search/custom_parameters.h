// Search parameters that are stored as resources: active SearchParameters which no official one is, by id, as the log says at one position.
// Flow:   the index hears every change (Hear) → definitions() of the index extends its own by them → the old generation answers "being built" to
//         them, a new one is built beside it (generations.cpp) → they are searched
// File:   "custom" beside a generation's manifest: a line each, id, tab, the resource's minified JSON; the last line a CRC-32C of all before it.
// Limits: kCustomMax of them, kCustomBytesMax each; what is over is refused when it is to be written.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/view/change.h"

namespace tk::search {

inline constexpr size_t kCustomMax = 500, kCustomBytesMax = size_t{64} << 10;

/// Thread-safe; written by the writer's thread.
class CustomParameters {
 public:
  explicit CustomParameters(const fhir::Definitions& base);
  /// Cheap for every other type.
  void Hear(const view::Change& change);
  void Clear();
  /// Grows with every change; 0: nothing was heard yet.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::vector<std::string> Texts() const;  // by id
  /// May it be stored as the one with this id, beside the others and `beside`, which are written together with it (Index::CheckParameter)? What is
  /// not active, or a copy of an official one, always may: it is not searched by.
  /// Errors: those of CheckParameter; kTooLarge over a limit. Cost: tens of ms for an active one.
  Status Check(std::shared_ptr<const fhir::Definitions> base, std::string_view id,
               const fhir::Document& parameter, std::span<const view::ResourcePtr> beside) const;
  std::string Print() const;
  /// Errors: kCorrupt.
  Status Read(std::string_view file);

 private:
  bool IsOfficial(std::string_view url) const;
  bool IsWanted(fhir::Value root) const;
  fhir::TypeId type_ = fhir::kNoType;
  std::vector<std::string> official_;  // urls, sorted
  mutable std::mutex mutex_;
  std::map<std::string, std::string> by_id_;
  std::atomic<uint64_t> version_{0};
};

/// `base` with the parameters of `texts`. One that does not fit (a code that the type has already, an expression that does not compile, an unknown
/// base) is left out, and its url and the reason are said to the diagnostics. Cost: tens of ms. `base` itself if none is left.
std::shared_ptr<const fhir::Definitions> WithCustom(std::shared_ptr<const fhir::Definitions> base,
                                                    const std::vector<std::string>& texts);

}  // namespace tk::search
