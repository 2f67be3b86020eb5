// Compression dictionaries without a person in them. A dictionary outlives erasure (every record needs it), so it is trained on blanked
// texts: structure and member names stay; of the values only coded ones, and only those seen with many different owners.
// Flow:   Codec::Observe → Trainer::Add (blanks at once, remembers coded values with their owners) → Trainer::Train → Log::AddDictionary
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/log/log.h"

namespace tk::log {

inline constexpr size_t kOwnersMin = 20;  // a coded value needs that many different owners to be kept
inline constexpr size_t kDictionaryBytesMax = size_t{64} << 10;
inline constexpr size_t kSampleBytesMax = size_t{16} << 20;  // blanked samples held in memory for one type

/// True for members whose string values are codes or canonical names by definition: system, code, display, unit, url and the like.
bool IsCodedMember(std::string_view name);

/// Samples of one type. Not thread-safe.
class Trainer {
 public:
  /// Takes minified JSON; ignores texts over 64 KB, further ones of a person who gave 16 already, and all when full.
  void Add(OwnerNumber owner, std::string_view text);
  size_t samples() const { return samples_.size(); }
  /// Samples of enough different owners for coded values to be kept; always true for a type that belongs to nobody.
  bool varied() const { return owners_.size() >= kOwnersMin || (owners_.size() == 1 && owners_.contains(0)); }
  bool full() const { return bytes_ >= kSampleBytesMax; }
  /// Sample i as a dictionary may see it.
  std::string Blanked(size_t i) const;
  /// Errors: kIncorrect when the samples are too few or too alike to give a dictionary.
  Result<std::string> Train(size_t bytes_max = kDictionaryBytesMax) const;

 private:
  struct Slot {
    uint32_t at;
    uint32_t value;
  };  // candidate `value` belongs at byte `at` of the text
  struct Sample {
    std::string text;
    std::vector<Slot> slots;
  };
  struct Value {
    std::string text;
    std::vector<OwnerNumber> owners;
  };

  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  uint32_t Remember(OwnerNumber owner, std::string_view value);

  std::vector<Sample> samples_;
  std::vector<Value> values_;
  std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>> value_index_;
  std::unordered_map<OwnerNumber, uint32_t> owners_;  // samples given
  size_t bytes_ = 0;
};

}  // namespace tk::log
