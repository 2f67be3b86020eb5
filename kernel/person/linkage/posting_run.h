// A sorted run of postings (key hash, entry), written once, in as few bytes each as it needs.
// Shape:  groups by the upper bits of the hash, 4 to 8 postings each, and where each begins in `directory_`; of a posting only the other bits of its hash
//         and its entry are kept, in whole bytes: 4 each of 100 million postings of 8 million entries, and half a byte of directory.
// Cost:   Find: one read of the directory and one of the group, which Prefetch and PrefetchGroup bring near. Read by any number of threads.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "kernel/base/prefetch.h"

namespace tk::person::linkage {

using Entry = uint32_t;
constexpr uint64_t PostingOf(uint32_t hash, Entry entry) { return uint64_t{hash} << 32 | entry; }
constexpr uint32_t HashIn(uint64_t posting) { return static_cast<uint32_t>(posting >> 32); }
constexpr Entry EntryIn(uint64_t posting) { return static_cast<Entry>(posting); }

class PostingRun {
 public:
  /// Parts of this many upper bits of the hash can be written by several threads at once.
  static constexpr uint32_t kPartBits = 8;

  /// Room for so many, which a Writer then writes. No entry is above `entry_max`.
  PostingRun(size_t size, Entry entry_max);

  /// Writes the postings of the parts [part, end_part), in rising order, the first to the place `place`.
  class Writer {
   public:
    Writer(PostingRun* run, size_t place, uint32_t part, uint32_t end_part)
        : run_(run),
          place_(place),
          group_(part << (run->group_bits_ - kPartBits)),
          end_(end_part << (run->group_bits_ - kPartBits)) {}
    void Add(uint64_t posting) {
      ReachGroup((HashIn(posting) >> run_->shift_) + 1);
      run_->Put(place_++, posting);
    }
    void End() { ReachGroup(end_); }

   private:
    void ReachGroup(uint32_t end) {
      while (group_ < end) run_->directory_[group_++] = static_cast<uint32_t>(place_);
    }
    PostingRun* const run_;
    size_t place_;
    uint32_t group_;
    const uint32_t end_;
  };
  friend class Writer;

  /// each(entry) of a hash, in rising order, until it returns false; then false.
  template <class Each>
  bool ForHash(uint32_t hash, Each each) const {
    const uint32_t group = hash >> shift_, low = hash & LowMask();
    for (size_t i = directory_[group]; i < directory_[group + 1]; ++i) {
      const uint64_t word = Word(i);
      if (word >> entry_bits_ == low && !each(static_cast<Entry>(word & EntryMask()))) return false;
    }
    return true;
  }
  void Prefetch(uint32_t hash) const { BringNear(&directory_[hash >> shift_]); }
  /// After Prefetch.
  void PrefetchGroup(uint32_t hash) const {
    const char* const at = bytes_.data() + directory_[hash >> shift_] * stride_;
    BringNear(at);
    BringNear(at + 8 * stride_);
  }
  /// All of it, in order: each(posting).
  template <class Each>
  void ForAll(Each each) const {
    for (uint32_t group = 0; group + 1 < directory_.size(); ++group) {
      for (size_t i = directory_[group]; i < directory_[group + 1]; ++i) each(At(i, group));
    }
  }
  /// Reads one after the other.
  class Cursor {
   public:
    explicit Cursor(const PostingRun& run) : run_(run) { Reach(); }
    bool valid() const { return at_ < run_.size_; }
    uint64_t posting() const { return run_.At(at_, group_); }
    void Next() {
      ++at_;
      Reach();
    }

   private:
    void Reach() {
      while (valid() && at_ >= run_.directory_[group_ + 1]) ++group_;
    }
    const PostingRun& run_;
    size_t at_ = 0;
    uint32_t group_ = 0;
  };

  size_t size() const { return size_; }
  Entry entry_max() const { return entry_max_; }
  size_t bytes() const { return bytes_.capacity() + directory_.capacity() * sizeof(uint32_t); }

 private:
  uint32_t LowMask() const { return (uint32_t{1} << shift_) - 1; }
  uint64_t EntryMask() const { return (uint64_t{1} << entry_bits_) - 1; }
  uint64_t Word(size_t i) const {
    uint64_t word = 0;
    std::memcpy(&word, bytes_.data() + i * stride_, sizeof word);  // of the next ones too
    return word & word_mask_;
  }
  uint64_t At(size_t i, uint32_t group) const {
    const uint64_t word = Word(i);
    return PostingOf(group << shift_ | static_cast<uint32_t>(word >> entry_bits_),
                     static_cast<Entry>(word & EntryMask()));
  }
  void Put(size_t i, uint64_t posting) {
    const uint64_t word = uint64_t{HashIn(posting) & LowMask()} << entry_bits_ | EntryIn(posting);
    std::memcpy(bytes_.data() + i * stride_, &word, stride_);
  }

  size_t size_;
  Entry entry_max_;
  uint32_t group_bits_, shift_, entry_bits_;
  size_t stride_;
  uint64_t word_mask_;
  std::vector<char> bytes_;
  std::vector<uint32_t> directory_;
};

/// One run of two.
PostingRun MergeRuns(const PostingRun& a, const PostingRun& b);

}  // namespace tk::person::linkage
