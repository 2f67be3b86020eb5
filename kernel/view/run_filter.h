// What a run does not have: a blocked Bloom filter over the first words of its adds. A writer asks for ids that never were, and every run would
// decode a block to find nothing; this answers from one cache line, and never says no of what is there.
// Shape:  blocks of 256 bits, about 10 bits a distinct first word; a word sets one bit in each of the eight 32-bit words of its block (which block:
//         its high half; which bits: its low half times eight odd numbers). Words are keyed hashes, spread evenly; where they are not, it
//         is right all the same and only says "perhaps" more often.
// Cost:   1.25 bytes a distinct word, about 40 instructions and one cache miss a question; says "perhaps" of 1 in 80 that are not there.
// Source: F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and Space-Efficient Bloom Filters" (2007); the eight-word block is that of Apache Parquet's
//         BloomFilter.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tk::view {

struct FilterBlock {
  uint32_t words[8];
};
static_assert(sizeof(FilterBlock) == 32);

/// Runs of fewer adds have none: they are searched as fast.
inline constexpr size_t kFilterAddsMin = 1024;
/// No filter has more blocks (128 GB); numbers from a file above it are damage.
inline constexpr uint64_t kFilterBlocksMax = uint64_t{1} << 32;

/// Blocks that lie elsewhere (in a mapped file, in a builder); without any it says "perhaps" of everything.
class RunFilter {
 public:
  RunFilter() = default;
  RunFilter(const FilterBlock* blocks, uint64_t count) : blocks_(blocks), count_(count) {}
  bool exists() const { return count_ != 0; }
  size_t bytes() const { return count_ * sizeof(FilterBlock); }
  /// False: surely no add begins with this word.
  bool MayHave(uint64_t word) const {
    if (count_ == 0) return true;
    const FilterBlock& block = blocks_[BlockOf(word, count_)];
    uint32_t missing = 0;
    for (size_t i = 0; i < 8; ++i) missing |= BitOf(word, i) & ~block.words[i];
    return missing == 0;
  }
  /// `count` is at most kFilterBlocksMax.
  static uint64_t BlockOf(uint64_t word, uint64_t count) { return (word >> 32) * count >> 32; }
  static uint32_t BitOf(uint64_t word, size_t i) {
    constexpr uint32_t kOdd[8] = {0x9e3779b1u, 0x85ebca77u, 0xc2b2ae3du, 0x27d4eb2fu,
                                  0x165667b1u, 0xd3a2646du, 0xfd7046c5u, 0xb55a4f09u};
    return uint32_t{1} << (static_cast<uint32_t>(word) * kOdd[i] >> 27);
  }

 private:
  const FilterBlock* blocks_ = nullptr;
  uint64_t count_ = 0;
};

/// Takes the words in the order of the run, so that memory is written front to back. Memory: the filter itself.
class RunFilterBuilder {
 public:
  /// Makes nothing.
  RunFilterBuilder() = default;
  /// Room for `words_max` distinct words; too few only makes it less sharp.
  explicit RunFilterBuilder(uint64_t words_max);
  void Add(uint64_t word);
  const std::vector<FilterBlock>& blocks() const { return blocks_; }
  /// Distinct words among those that were added in order.
  uint64_t words() const { return words_; }
  /// Valid while the builder lives and is not moved from.
  RunFilter filter() const { return {blocks_.data(), blocks_.size()}; }

 private:
  std::vector<FilterBlock> blocks_;
  uint64_t words_ = 0, last_ = 0;
};

}  // namespace tk::view
