// The person index in memory: entries by number, keys to entries, the live match.
// Flow:   Add / Replace / Remove (one writer) → Match (any number of readers between writes): keys of the query → candidates → Compare →
//         Score → those that reach a verdict, best first
// Shape:  entries lie packed in entry_store.h; postings are 8 bytes (hash, entry) in sorted runs that are merged in tiers, the newest in a small
//         table. A posting is a hint: what an entry says now decides, so a removed entry needs no posting taken out.
// Memory: some 150 bytes an entry and 9 a key; about 15 keys (bench: docs/reports/linkage-*).
// Cost:   Match: some µs a key and ~0.5 µs a candidate. Add: some µs, and a merge of runs now and then (Settle does all at once).
// Errors: none; entries are at most kEntriesMax (CHECK).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernel/person/linkage/entry_store.h"
#include "kernel/person/linkage/keys.h"
#include "kernel/person/linkage/score.h"

namespace tk::person::linkage {

/// Key → entries.
class Postings {
 public:
  void Add(uint32_t hash, Entry entry);
  /// Appends the entries of a key; stops after `most` + 1. Returns how many it appended.
  size_t Find(uint32_t hash, size_t most, std::vector<Entry>* out) const;
  /// Everything into one run, without entries for which `gone` holds.
  template <class Gone>
  void Settle(Gone gone);
  /// In place of what is there: the keys of the entries 0 … `entries`, in one run, by several threads. `keys_of`: thread-safe.
  /// Memory: 8 bytes a key more while it lasts.
  void Fill(size_t entries, unsigned threads,
            const std::function<void(Entry entry, std::vector<Key>* keys)>& keys_of);
  size_t bytes() const;
  size_t size() const;

 private:
  struct Run {
    std::vector<uint64_t> sorted;     // hash << 32 | entry
    std::vector<uint32_t> directory;  // first of each group of hashes
    uint32_t shift = 0;
  };
  static Run RunOf(std::vector<uint64_t> sorted);
  void Flush();

  std::vector<Run> runs_;
  std::vector<uint64_t> head_;
  std::vector<uint32_t> head_first_, head_next_;
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
  PackedStore& packed() { return store_.packed(); }
  const PackedStore& packed() const { return store_.packed(); }
  /// Many at once, as at a start: between the two nobody is found, and only AddPacked and AddShared are called.
  void BeginFill(size_t entries);
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

  /// Best first, equal ones by entry; those of `at_least` and better. `below`: only entries of smaller numbers (batch).
  void Match(const EntryView& query, Verdict at_least, MatchScratch* scratch, std::vector<MatchHit>* hits,
             Entry below = kNoEntry) const;
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
  void Gather(const EntryView& query, MatchScratch* scratch, Entry below) const;
  uint32_t SharersOf(uint64_t phone, MatchScratch* scratch) const;

  const Model& model_;
  const Rules& rules_;
  EntryStore store_;
  Postings postings_;
  bool is_filling_ = false;
};

}  // namespace tk::person::linkage
