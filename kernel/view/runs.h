// A family of sorted immutable runs with a head in memory: what the directory and the search index are made of.
// Flow:   writer: Add, Remove … Publish → a small unsorted tail, sealed into sorted runs → Maintain (background) merges four into
//         one and writes large ones to files → Save names the files in a manifest, renamed last → Load maps them again
//         readers: snapshot() → Count, Forward, Backward; a snapshot never changes and keeps what it needs alive
// An update removes by an anti-entry, the same bits as the entry that it cancels. Count = adds - antis. Cursors give adds only: who reads
//   asks the directory which are alive at his position. A merge drops a pair when its anti lies in a run that ends at or below the oldest pinned
//   ordinal, so every position that may still be read finds its entries.
// Where the options ask for it, every run (of some size) and the tail have a filter of the adds' first words (run_filter.h): a question after one
//   first word passes by those that surely do not have it. Runs that were written without are given one in the background.
// Memory: tail 1024 entries; runs under `file_entries_min` entries in memory (at most about 4 of each tier: < 6 × file_entries_min entries
//   when Maintain keeps up); larger runs are mapped files and cost page cache only. A merge holds its surviving antis and 0.2 bytes an entry.
// File:   header · blocks of adds and antis and where they lie, the filter (entry_list.h, run_block.h) · CRC-32C of every 64 KiB · CRC-32C of that table.
// Source: DESIGN 1 (measured there: 8–13 µs a look-up of 20, 0.3–0.7 µs a count).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/view/entry_list.h"

namespace tk::view {

/// A file of a family as the manifest names it. `checksum` covers header and checksum table, so it binds the contents.
struct RunFile {
  std::string family;
  uint64_t number = 0;
  uint64_t adds = 0, antis = 0;
  uint64_t first_ordinal = 0, end_ordinal = 0;  // the window of positions whose changes are in it
  uint32_t checksum = 0;
  std::string FileName() const;  // "family-000000000012.run"
};

/// One immutable sorted run, in memory or mapped. Thread-safe.
template <class Entry>
class Run {
 public:
  /// Takes sorted vectors. `filtered`: it gets a filter, if it is large enough.
  static std::shared_ptr<const Run> InMemory(std::vector<Entry> adds, std::vector<Entry> antis,
                                             uint64_t first_ordinal, uint64_t end_ordinal, bool filtered);
  /// Maps a file. Checks size, header and checksum table; the blocks by CheckBlocks. Errors: kCorrupt with the file's name and what does not fit.
  static Result<std::shared_ptr<const Run>> Map(const std::string& folder, const RunFile& file);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Reads everything once and compares checksums. Errors: kCorrupt.
  Status CheckBlocks() const;

  /// False: there is surely no add in [low, high].
  bool MayHave(const Entry& low, const Entry& high) const { return low.a != high.a || filter.MayHave(low.a); }

  EntryList<Entry> adds, antis;
  RunFilter filter;
  uint64_t words_max = 0;  // distinct first words of adds, at most
  uint64_t first_ordinal = 0, end_ordinal = 0;
  RunFile file;  // file.number 0: in memory only
  bool mapped() const { return file.number != 0; }
  size_t size() const { return adds.size() + antis.size(); }
  /// Of its file; 0 in memory.
  size_t file_bytes() const { return map_bytes_; }
  mutable std::atomic<bool> checked{false};

 private:
  Run() = default;
  std::vector<Entry> own_adds_, own_antis_;
  RunFilterBuilder own_filter_;
  void* map_ = nullptr;
  size_t map_bytes_ = 0;
  std::string path_;
};

template <class Entry>
using RunList = std::vector<std::shared_ptr<const Run<Entry>>>;

/// Walks the adds of several runs in order. Valid while its snapshot lives.
template <class Entry>
class Cursor {
 public:
  Cursor() = default;
  Cursor(Cursor&&) = default;  // moved only: it points into its own tail
  Cursor& operator=(Cursor&&) = default;
  bool valid() const { return best_ != kNone; }
  const Entry& entry() const { return *parts_[best_].at; }
  void Next() {
    Part& part = parts_[best_];
    part.at += step_;
    if ((part.at != part.end || Refill(&part)) && (!has_bound_ || !After(*part.at, bound_))) return;
    Choose();
  }

 private:
  template <class E>
  friend class RunSnapshot;
  /// What is in sight of one run, in walking order, and what comes after it.
  struct Part {
    const Entry* at;
    const Entry* end;
    const EntryList<Entry>* list = nullptr;
    Ranks rest;  // not in sight yet
    std::unique_ptr<Entry[]> sight;
  };
  static constexpr size_t kNone = ~size_t{0};
  bool After(const Entry& x, const Entry& y) const { return step_ > 0 ? y < x : x < y; }
  void Choose();
  void AddPart(const EntryList<Entry>& list, Ranks ranks);
  void AddRaw(const Entry* first, const Entry* last);
  bool Refill(Part* part);

  std::vector<Part> parts_;
  std::vector<Entry> tail_;  // the tail's matches, sorted in walking order of the runs
  size_t best_ = kNone;
  ptrdiff_t step_ = 1;
  bool has_bound_ = false;
  Entry bound_{};  // no other part has anything before this
};

/// Is it in [low, high]? Of a tail, which is looked through from end to end, the first words alone say no to nearly all.
template <class Entry>
[[gnu::always_inline]] inline bool IsWithin(const Entry& entry, const Entry& low, const Entry& high) {
  return entry.a - low.a <= high.a - low.a && !(entry < low) && !(high < entry);
}

/// Entries that are published and not yet in a run; readers look only below the lengths that they got with their snapshot.
template <class Entry>
struct RunTail {
  static constexpr size_t kMax = 1024;
  Entry adds[kMax];
  Entry antis[kMax];
  bool filtered = false;  // are the bits below set?
  /// False: surely no add begins with this word. Bits are set before what they stand for is published, so who sees an entry sees its bits.
  bool MayHave(const Entry& low, const Entry& high) const {
    if (!filtered || low.a != high.a) return true;
    return (seen_[Word(low.a)].load(std::memory_order_relaxed) & Bits(low.a)) == Bits(low.a);
  }
  void Note(uint64_t a) { seen_[Word(a)].fetch_or(Bits(a), std::memory_order_relaxed); }

 private:
  static constexpr size_t kWords = 512;  // 32 bits an entry, three of them set: perhaps 1 in 500
  static size_t Word(uint64_t a) { return a % kWords; }
  static uint64_t Bits(uint64_t a) {
    return uint64_t{1} << (a >> 16) % 64 | uint64_t{1} << (a >> 24) % 64 | uint64_t{1} << (a >> 32) % 64;
  }
  std::atomic<uint64_t> seen_[kWords] = {};
};

/// Where the adds of one range lie, found once: who counts them first need not look for them again. Good while the snapshot lives.
template <class Entry>
struct RunPlaces {
  Entry low{}, high{};  // both included
  std::vector<std::pair<const EntryList<Entry>*, Ranks>> lists;
  size_t in_tail = 0;
  uint64_t adds = 0;  // as CountAdds
};

/// A readable state. Copied freely (two reference counts).
template <class Entry>
class RunSnapshot {
 public:
  /// adds - antis in [low, high], both included. Cost: O(runs × log entries), about 0.1 µs a run when warm.
  int64_t Count(const Entry& low, const Entry& high) const;
  /// Adds in [low, high], an upper bound of what a cursor gives. Same cost.
  uint64_t CountAdds(const Entry& low, const Entry& high) const;
  Cursor<Entry> Forward(const Entry& low, const Entry& high) const { return Walk(low, high, 1); }
  Cursor<Entry> Backward(const Entry& low, const Entry& high) const { return Walk(low, high, -1); }
  /// Is there such an add?
  bool Contains(const Entry& entry) const;
  /// As Contains, for an entry that was added by the change at `ordinal`: one run is looked into, the one whose window has it.
  bool ContainsAt(uint64_t ordinal, const Entry& entry) const;
  /// The adds in [low, high] as pieces, each sorted in itself: each(first, last) until it returns false. No allocation, no merging.
  template <class Each>
  void ForPieces(const Entry& low, const Entry& high, const Each& each) const {
    for (const auto& run : *runs_) {
      if (run->MayHave(low, high) && !run->adds.ForPieces(run->adds.RangeOf(low, high), each)) return;
    }
    TailPieces(low, high, each);
  }
  RunPlaces<Entry> PlacesOf(const Entry& low, const Entry& high) const;
  template <class Each>
  void ForPieces(const RunPlaces<Entry>& places, const Each& each) const {
    for (const auto& [list, ranks] : places.lists) {
      if (!list->ForPieces(ranks, each)) return;
    }
    if (places.in_tail > 0) TailPieces(places.low, places.high, each);
  }
  /// As ForPieces, the newest changes first (the tail backwards, then run by run): enough() after an entry of the tail, or after a run, ends it.
  template <class Each, class Enough>
  void ForPiecesNewestFirst(const Entry& low, const Entry& high, const Each& each,
                            const Enough& enough) const {
    for (size_t i = tail_adds_ > 0 && tail_->MayHave(low, high) ? tail_adds_ : 0; i-- > 0;) {
      const Entry* const at = tail_->adds + i;
      if (!IsWithin(*at, low, high)) continue;
      each(at, at + 1);
      if (enough()) return;
    }
    for (auto run = runs_->rbegin(); run != runs_->rend(); ++run) {
      if (!(*run)->MayHave(low, high)) continue;
      ForRun(**run, false, low, high, each);
      if (enough()) return;
    }
  }
  /// Of these only what the change at `ordinal` added.
  template <class Each>
  void ForPiecesAt(uint64_t ordinal, const Entry& low, const Entry& high, const Each& each) const {
    const Run<Entry>* run = RunOf(ordinal);
    if (run != nullptr)
      run->adds.ForPieces(run->adds.RangeOf(low, high), each);
    else
      TailPieces(low, high, each);
  }

  /// The adds (or antis) of one of its runs in [low, high], in pieces, each sorted in itself.
  template <class Each>
  static void ForRun(const Run<Entry>& run, bool antis, const Entry& low, const Entry& high,
                     const Each& each) {
    const EntryList<Entry>& list = antis ? run.antis : run.adds;
    list.ForPieces(list.RangeOf(low, high), [&](const Entry* first, const Entry* last) {
      each(first, last);
      return true;
    });
  }
  /// And those that are in no run yet.
  template <class Each>
  void ForTail(bool antis, const Entry& low, const Entry& high, const Each& each) const {
    const size_t count = antis ? tail_antis_ : tail_adds_;
    for (size_t i = 0; i < count; ++i) {
      const Entry* const at = (antis ? tail_->antis : tail_->adds) + i;
      if (IsWithin(*at, low, high)) each(at, at + 1);
    }
  }
  /// Of one of its runs, in [low, high].
  static uint64_t CountOf(const Run<Entry>& run, bool antis, const Entry& low, const Entry& high) {
    return (antis ? run.antis : run.adds).RangeOf(low, high).size();
  }

  uint64_t end_ordinal() const { return end_ordinal_; }
  const RunList<Entry>& runs() const { return *runs_; }
  uint64_t adds() const;
  uint64_t antis() const;

 private:
  template <class E>
  friend class Runs;
  Cursor<Entry> Walk(const Entry& low, const Entry& high, ptrdiff_t step) const;
  /// The run that has the changes of that ordinal; nullptr: the tail has them, or nobody.
  const Run<Entry>* RunOf(uint64_t ordinal) const;
  template <class Each>
  void TailPieces(const Entry& low, const Entry& high, const Each& each) const {
    if (tail_adds_ == 0 || !tail_->MayHave(low, high)) return;
    for (size_t i = 0; i < tail_adds_; ++i) {
      const Entry* const at = tail_->adds + i;
      if (IsWithin(*at, low, high) && !each(at, at + 1)) return;
    }
  }

  std::shared_ptr<const RunList<Entry>> runs_;
  std::shared_ptr<const RunTail<Entry>> tail_;
  size_t tail_adds_ = 0, tail_antis_ = 0;
  uint64_t end_ordinal_ = 1;
};

struct RunsOptions {
  std::string family;                // letters, digits, '_'; unique in the folder
  std::string folder;                // of files; "" = memory only (Save is then refused)
  size_t file_entries_min = 65'536;  // a merged run of at least so many entries becomes a file
  uint64_t eager_check_bytes_max =
      uint64_t{64} << 20;  // Load checks the blocks of so many bytes at once, CheckNext the others
  RunLayout layout = RunLayout::kWords;
  bool filtered = false;  // questions are after one first word, mostly one that is not there
};

template <class Entry>
class Runs {
 public:
  explicit Runs(RunsOptions options);

  // Writer's thread. Memory only.
  void Add(const Entry& entry) { new_adds_.push_back(entry); }
  void Remove(const Entry& entry) { new_antis_.push_back(entry); }
  /// Everything since the last Publish becomes visible; it happened before `end_ordinal`. Sorts at most the tail and what is new.
  void Publish(uint64_t end_ordinal);
  /// The next Publish leaves no tail: everything is in runs, where Rewrite reaches it.
  void SealNext() { seal_next_ = true; }

  // Any thread.
  /// A lock is held for two pointer copies.
  RunSnapshot<Entry> snapshot() const;
  /// Until it is called nothing is dropped.
  void SetOldestPinned(uint64_t ordinal) { oldest_pinned_.store(ordinal, std::memory_order_relaxed); }

  // Background; one of these at a time waits for the other.
  /// Does one merge if one is due. True if it did something. On an error (disk full) the runs stay as they were, usable.
  Result<bool> Maintain();
  /// Rewrites every run that has an entry which `drop` names, without those entries (adds and antis). Erasure; call it after a sealed Publish.
  Status Rewrite(const std::function<bool(const Entry&)>& drop);
  /// Writes what `snapshot` holds and no file holds yet, and returns all files of it, oldest first, synced. The caller writes the manifest.
  Result<std::vector<RunFile>> Save(const RunSnapshot<Entry>& snapshot);
  /// Replaces everything by these files. Errors: kCorrupt; then it is as after Clear. `files` of other families are passed over.
  Status Load(const std::vector<RunFile>& files, uint64_t end_ordinal);
  /// Removes files of this family that are neither in `kept` nor in use. After the manifest was renamed.
  void RemoveUnused(const std::vector<RunFile>& kept);
  /// Checks one file that nobody has checked yet. False when all are. Errors: kCorrupt: the view must be rebuilt.
  Result<bool> CheckNext();
  /// Back to empty. No writer may be at work.
  void Clear();

  size_t memory_bytes() const;
  size_t disk_bytes() const;

 private:
  using RunPtr = std::shared_ptr<const Run<Entry>>;
  struct Stretch {
    size_t first = 0, count = 0;
  };
  static Stretch Due(const RunList<Entry>& runs);
  bool LacksFilter(const Run<Entry>& run) const;
  using Drop = std::function<bool(const Entry&)>;
  Result<RunPtr> Merge(const RunList<Entry>& inputs, const Drop* drop);
  Result<RunFile> WriteMerged(const RunList<Entry>& inputs, uint64_t pinned, const Drop* drop);
  void Install(const RunList<Entry>& inputs, RunPtr merged);
  void Seal(uint64_t end_ordinal);

  const RunsOptions options_;
  std::vector<Entry> new_adds_, new_antis_;  // writer only
  bool seal_next_ = false;                   // writer only
  uint64_t tail_first_ordinal_ = 1;          // writer only
  std::shared_ptr<RunTail<Entry>> tail_;     // writer only; the published part is immutable
  std::atomic<uint64_t> oldest_pinned_{0};
  mutable std::mutex mutex_;  // guards published_; held for pointer copies only
  RunSnapshot<Entry> published_;
  std::mutex background_mutex_;  // Maintain, Save, Load, RemoveUnused
  uint64_t next_number_ = 1;     // under background_mutex_
};

extern template class Run<Entry16>;
extern template class Run<Entry24>;
extern template class Run<Entry32>;
extern template class Cursor<Entry16>;
extern template class Cursor<Entry24>;
extern template class Cursor<Entry32>;
extern template class RunSnapshot<Entry16>;
extern template class RunSnapshot<Entry24>;
extern template class RunSnapshot<Entry32>;
extern template class Runs<Entry16>;
extern template class Runs<Entry24>;
extern template class Runs<Entry32>;

}  // namespace tk::view
