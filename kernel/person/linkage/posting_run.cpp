#include "kernel/person/linkage/posting_run.h"

#include <algorithm>
#include <bit>

#include "kernel/base/error.h"

namespace tk::person::linkage {

PostingRun::PostingRun(size_t size, Entry entry_max)
    : size_(size),
      entry_max_(entry_max),
      group_bits_(static_cast<uint32_t>(
          std::clamp(static_cast<int>(std::bit_width(size / 8)), static_cast<int>(kPartBits), 28))),
      shift_(32 - group_bits_),
      entry_bits_(std::max(1U, static_cast<uint32_t>(std::bit_width(entry_max)))),
      stride_((shift_ + entry_bits_ + 7) / 8),
      word_mask_(~uint64_t{0} >> (64 - shift_ - entry_bits_)),
      bytes_(size * stride_ + sizeof(uint64_t)),  // Word reads a whole one of the last too
      directory_((size_t{1} << group_bits_) + 1) {
  CHECK(size < UINT32_MAX);
  directory_.back() = static_cast<uint32_t>(size);
}

PostingRun MergeRuns(const PostingRun& a, const PostingRun& b) {
  PostingRun merged(a.size() + b.size(), std::max(a.entry_max(), b.entry_max()));
  PostingRun::Writer writer(&merged, 0, 0, 1U << PostingRun::kPartBits);
  PostingRun::Cursor x(a), y(b);
  while (x.valid() && y.valid()) {
    PostingRun::Cursor& less = y.posting() < x.posting() ? y : x;
    writer.Add(less.posting());
    less.Next();
  }
  for (PostingRun::Cursor* const rest : {&x, &y}) {
    for (; rest->valid(); rest->Next()) writer.Add(rest->posting());
  }
  writer.End();
  return merged;
}

}  // namespace tk::person::linkage
