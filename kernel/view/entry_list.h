// The sorted adds, or antis, of one run: an array in memory, or blocks of a mapped file that are decoded where they are looked at.
// Cost:   a look-up in blocks: two or three guesses in the list of first entries (20–40 bytes a block), and one block decoded, about 0.3 µs;
//         the last blocks that a thread decoded are kept for it, since a look-up's two ends and neighbouring ordinals mostly lie in one.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/view/run_block.h"
#include "kernel/view/run_file.h"
#include "kernel/view/run_filter.h"

namespace tk::view {

/// The first entry of sorted [data, data + count) that is not less than `key`. Interpolates on the first word, then halves.
template <class Entry>
const Entry* LowerBound(const Entry* data, size_t count, const Entry& key);

/// Positions in a list; the last is not in it.
struct Ranks {
  size_t first = 0, last = 0;
  size_t size() const { return last - first; }
};

template <class Entry>
class EntryList {
 public:
  EntryList() = default;
  EntryList(const Entry* raw, size_t count) : size_(count), raw_(raw) {}
  /// Blocks at `data`; offsets[b] .. offsets[b + 1] of it are block b, which begins with firsts[b]. Nothing of it is trusted.
  EntryList(RunLayout layout, size_t count, const Entry* firsts, const uint64_t* offsets, const uint8_t* data,
            uint64_t data_bytes);

  size_t size() const { return size_; }
  /// The array, if it is one.
  const Entry* raw() const { return raw_; }
  size_t LowerRank(const Entry& key) const;
  /// Entries in [low, high], both included.
  Ranks RangeOf(const Entry& low, const Entry& high) const;
  bool Contains(const Entry& entry) const;
  /// Copies entries [first, last), which lie in one block.
  void Copy(size_t first, size_t last, Entry* out) const;
  /// The entries in order, as pieces: each(first, last) until it returns false; then false.
  template <class Each>
  bool ForPieces(Ranks ranks, const Each& each) const {
    if (ranks.size() == 0) return true;
    if (raw_ != nullptr) return each(raw_ + ranks.first, raw_ + ranks.last);
    Entry piece[kBlockEntries];
    while (ranks.first < ranks.last) {
      const size_t to = std::min(ranks.last, (ranks.first / kBlockEntries + 1) * kBlockEntries);
      // What is wanted whole is decoded where it is looked at, past the kept ones: many blocks would drive those out.
      if (to - ranks.first == kBlockEntries)
        Read(ranks.first / kBlockEntries, piece);
      else
        Copy(ranks.first, to, piece);
      if (!each(piece, piece + (to - ranks.first))) return false;
      ranks.first = to;
    }
    return true;
  }
  /// Decodes a whole block past the thread's kept ones, for a merge. Returns its size. A damaged block reads as zeros: its checksum tells.
  size_t Read(size_t block, Entry* out) const;
  size_t blocks() const { return (size_ + kBlockEntries - 1) / kBlockEntries; }

 private:
  size_t BlockSize(size_t block) const { return std::min(kBlockEntries, size_ - block * kBlockEntries); }
  /// Stays until this thread asks for another.
  const Entry* Kept(size_t block) const;
  size_t UpperRank(const Entry& key, size_t from) const;

  size_t size_ = 0;
  const Entry* raw_ = nullptr;
  RunLayout layout_ = RunLayout::kWords;
  const Entry* firsts_ = nullptr;
  const uint64_t* offsets_ = nullptr;
  const uint8_t* data_ = nullptr;
  uint64_t data_bytes_ = 0;
  uint64_t id_ = 0;  // of the list in this process; never used again
};

/// Goes through a list once, in order.
template <class Entry>
class ListReader {
 public:
  explicit ListReader(const EntryList<Entry>& list) : list_(&list) {}
  /// The next piece; false at the end.
  bool Next(const Entry** first, const Entry** last);

 private:
  const EntryList<Entry>* list_;
  size_t block_ = 0;
  std::vector<Entry> piece_;
};

/// Where the two lists of a run file and its filter lie.
template <class Entry>
struct RunLists {
  EntryList<Entry> adds, antis;
  RunFilter filter;        // none in a file of kRunFormatVersion
  uint64_t words_max = 0;  // distinct first words of adds, at most
};
/// Errors: kCorrupt, when the counts in the header, or of the filter, do not fit its size.
template <class Entry>
Result<RunLists<Entry>> ListsOf(const RunMap& map, const std::string& path);

/// Writes the data of a run file: first all adds, then all antis.
/// Data:   blocks of adds · blocks of antis · zeros to a multiple of 8 · first entries of both · offsets of both (each one more than blocks)
///         · with a filter: its blocks · u64 distinct first words · u64 blocks
/// Memory: what follows the zeros is held until the end: 0.2 bytes an entry, with a filter 1.45.
template <class Entry>
class ListWriter {
 public:
  /// `filter` has room for the first words, or makes nothing: then there is none.
  ListWriter(RunFileWriter* file, RunLayout layout, RunFilterBuilder filter)
      : file_(*file), layout_(layout), filter_(std::move(filter)) {}
  Status Add(const Entry& entry) {
    filter_.Add(entry.a);
    return Put(&adds_, entry);
  }
  /// After the last Add.
  Status Anti(const Entry& entry) {
    if (adds_.offsets.size() == adds_.firsts.size()) TRY(End(&adds_));
    return Put(&antis_, entry);
  }
  /// Returns the bytes written.
  Result<uint64_t> Finish();
  /// What the file is then.
  uint32_t format_version() const {
    return filter_.filter().exists() ? kRunFormatFiltered : kRunFormatVersion;
  }
  uint64_t adds() const { return adds_.count; }
  uint64_t antis() const { return antis_.count; }

 private:
  struct Side {
    std::vector<Entry> firsts, block;
    std::vector<uint64_t> offsets;
    uint64_t count = 0;
  };
  Status Put(Side* side, const Entry& entry) {
    side->block.push_back(entry);
    ++side->count;
    return side->block.size() == kBlockEntries ? Flush(side) : Status();
  }
  Status Flush(Side* side);
  /// Its last block is written, and where that ends noted.
  Status End(Side* side);
  Status Append(const void* bytes, size_t count);
  RunFileWriter& file_;
  const RunLayout layout_;
  RunFilterBuilder filter_;
  Side adds_, antis_;
  std::vector<uint8_t> bytes_;
  uint64_t written_ = 0;
};

}  // namespace tk::view
