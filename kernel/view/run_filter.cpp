#include "kernel/view/run_filter.h"

#include <algorithm>

namespace tk::view {
namespace {

constexpr uint64_t kBitsAWord = 10, kBitsABlock = 8 * sizeof(FilterBlock);

}  // namespace

RunFilterBuilder::RunFilterBuilder(uint64_t words_max)
    : blocks_(std::clamp<uint64_t>((words_max * kBitsAWord + kBitsABlock - 1) / kBitsABlock, 1,
                                   kFilterBlocksMax)) {}

void RunFilterBuilder::Add(uint64_t word) {
  if (blocks_.empty() || (words_ > 0 && word == last_)) return;
  ++words_;
  last_ = word;
  FilterBlock& block = blocks_[RunFilter::BlockOf(word, blocks_.size())];
  for (size_t i = 0; i < 8; ++i) block.words[i] |= RunFilter::BitOf(word, i);
}

}  // namespace tk::view
