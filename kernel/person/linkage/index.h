// The person index in memory: entries by number, keys to entries, the live match.
// Flow:   Add / Replace / Remove (one writer) → Match (any number of readers between writes): keys of the query → candidates → Compare →
//         Score → those that reach a verdict, best first
// Shape:  entries lie packed in entry_store.h; postings (hash, entry) in sorted runs (posting_run.h) that are merged in tiers, the newest in a small
//         table. A posting is a hint: what an entry says now decides, so a removed entry needs no posting taken out, and none counts.
// Memory: some 150 bytes an entry and 5 a key; about 17 keys (bench: docs/reports/linkage-*).
// Cost:   Match: ~0.2 µs a key and ~0.5 µs a candidate. Add: some µs, and a merge of runs now and then (Settle does all at once; MergeBeside).
// Errors: none; entries are at most kEntriesMax (CHECK).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/base/prefetch.h"
#include "kernel/person/linkage/entry_store.h"
#include "kernel/person/linkage/keys.h"
#include "kernel/person/linkage/posting_run.h"
#include "kernel/person/linkage/score.h"

namespace tk::person::linkage {

/// Key → entries. Sorted runs that never change, and what came lately in a small table.
class Postings {
 public:
  void Add(uint32_t hash, Entry entry);
  /// Appends the entries of a key for which `counts` holds; stops after `most` + 1. Returns how many it appended.
  template <class Counts>
  size_t Find(uint32_t hash, size_t most, Counts counts, std::vector<Entry>* out) const {
    const size_t before = out->size(), end = before + most + 1;
    const auto take = [&](Entry entry) {
      if (counts(entry)) out->push_back(entry);
      return out->size() < end;
    };
    for (const RunPtr& run : runs_) {
      if (!run->ForHash(hash, take)) return most + 1;
    }
    if (head_first_.empty()) return out->size() - before;
    for (uint32_t i = head_first_[hash % kHeadSlots]; i != kNoSlot; i = head_next_[i]) {
      if (HashIn(head_[i]) == hash && !take(EntryIn(head_[i]))) return most + 1;
    }
    return out->size() - before;
  }
  size_t Find(uint32_t hash, size_t most, std::vector<Entry>* out) const {
    return Find(
        hash, most, [](Entry) { return true; }, out);
  }
  /// Brings near what Find reads: first of all keys the one, then of all the other.
  void Prefetch(uint32_t hash) const {
    for (const RunPtr& run : runs_) run->Prefetch(hash);
    if (!head_first_.empty()) BringNear(&head_first_[hash % kHeadSlots]);
  }
  void PrefetchGroups(uint32_t hash) const {
    for (const RunPtr& run : runs_) run->PrefetchGroup(hash);
  }
  /// Everything into one run, without entries for which `gone` holds.
  template <class Gone>
  void Settle(Gone gone);
  /// In place of what is there: the keys of the entries 0 … `entries`, in one run, by several threads. `keys_of`: thread-safe.
  /// Memory: 8 bytes a key more while it lasts.
  void Fill(size_t entries, unsigned threads,
            const std::function<void(Entry entry, std::vector<Key>* keys)>& keys_of);

  /// From now on Add merges small runs alone; somebody else asks what is due, merges it beside readers and the writer, and puts it in.
  void MergeBeside() { merges_beside_ = true; }
  using RunPtr = std::shared_ptr<const PostingRun>;
  struct Due {
    RunPtr older, newer;
  };
  std::optional<Due> DueMerge() const;
  /// Nothing happens if they are not there any more.
  void PutMerged(const Due& due, RunPtr merged);

  size_t bytes() const;
  size_t size() const;

 private:
  static constexpr size_t kHeadMax = size_t{1} << 14, kHeadSlots = size_t{1} << 15;
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  static RunPtr RunOf(std::span<const uint64_t> sorted);
  void DropAll();
  void Flush();

  std::vector<RunPtr> runs_;  // the oldest first
  std::vector<uint64_t> head_;
  std::vector<uint32_t> head_first_, head_next_;
  bool merges_beside_ = false;
};

struct MatchHit {
  Entry entry;
  Scored scored;
};

/// What a reader keeps between matches; one a thread.
struct MatchScratch {
  std::vector<Key> keys;
  std::vector<Entry> entries, block;
  std::vector<std::pair<uint64_t, uint32_t>> sharers;  // of phones of this query
  std::vector<uint32_t> names;
  std::string bytes;
  uint64_t compared = 0,
           passed_over = 0;  // pairs compared, keys passed over for being of too many; summed up
};

class Index {
 public:
  /// Both must outlive it.
  Index(const Model& model, const Rules& rules) : model_(model), rules_(rules) {}

  Entry Add(const Record& record);
  Entry AddPacked(std::string_view bytes);
  /// On bytes that its owner keeps in packed(): they stay as they are until the entry was replaced or removed.
  Entry AddShared(Place place);
  Entry ReplaceShared(Entry entry, Place place);
  Postings& postings() { return postings_; }
  const Postings& postings() const { return postings_; }
  PackedStore& packed() { return store_.packed(); }
  const PackedStore& packed() const { return store_.packed(); }
  /// Many at once, as at a start: between the two nobody is found, and only AddPacked and AddShared are called.
  void BeginFill();
  void EndFill(unsigned threads);
  /// The same number when nothing but new values came; else a new one, and the old one is gone.
  Entry Replace(Entry entry, const Record& record);
  Entry ReplacePacked(Entry entry, std::string_view bytes);
  void Remove(Entry entry) { store_.Remove(entry); }
  /// After many changes: postings into one run.
  void Settle();

  bool Has(Entry entry) const { return store_.Has(entry); }
  EntryView View(Entry entry) const { return store_.View(entry); }
  size_t size() const { return store_.size(); }
  const EntryStore& store() const { return store_; }

  /// Best first, equal ones by entry; those of `at_least` and better. `below`: only entries of smaller numbers (batch). `passes`: bits by pass, by whose
  /// keys alone is looked.
  void Match(const EntryView& query, Verdict at_least, MatchScratch* scratch, std::vector<MatchHit>* hits,
             Entry below = kNoEntry, uint32_t passes = kAllPasses) const;
  static constexpr uint32_t kAllPasses = ~uint32_t{0};
  static_assert(kPassesMax <= 32);
  /// Passes by which whoever is `at_least` so much is found, if no key is of too many: where the rules let no pair be so whose residents' numbers are not
  /// the same, that of the numbers alone.
  uint32_t PassesFor(Verdict at_least) const;
  /// The same score that Match gives.
  Scored ScorePair(const EntryView& query, const EntryView& other, MatchScratch* scratch) const;
  /// Entries that share a key of one pass with `entry` and have smaller numbers; none if the key is of too many.
  void Neighbours(Entry entry, size_t pass, MatchScratch* scratch, std::vector<Entry>* out) const;
  /// Compare, and whether its phone is one of too many.
  Comparison CompareShared(const EntryView& query, const EntryView& other, MatchScratch* scratch) const;

  const Model& model() const { return model_; }
  const Rules& rules() const { return rules_; }
  struct Memory {
    size_t entries, directory, postings;
    size_t sum() const { return entries + directory + postings; }
  };
  Memory memory() const;

 private:
  void Post(Entry entry);
  /// Takes what `put` does, unless a key of the entry is none of the new ones; then `add` gives another entry.
  template <class Put, class AddAnew>
  Entry ReplaceWith(Entry entry, const EntryView& now, Put put, AddAnew add);
  void Gather(const EntryView& query, MatchScratch* scratch, Entry below, uint32_t passes) const;
  uint32_t SharersOf(uint64_t phone, MatchScratch* scratch) const;
  /// Entries of a key that are there; more than the model's block_max: it is of too many.
  size_t FindLive(uint32_t hash, std::vector<Entry>* out) const;
  void CompareSharedRest(const EntryView& query, const EntryView& other, MatchScratch* scratch,
                         Comparison* comparison) const;

  const Model& model_;
  const Rules& rules_;
  EntryStore store_;
  Postings postings_;
  bool is_filling_ = false;
};

}  // namespace tk::person::linkage
