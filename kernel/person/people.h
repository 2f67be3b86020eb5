// Who is who, folded: source records (live Patients), decisions about pairs of them (Linkages), and the persons that follow from both.
// Law:    a person is the connected component of records over active decisions. Nothing is decided here: the same records and decisions, in whatever
//         order they came, give the same persons (people_test.cpp). A record that was deleted, or erased, or that never was, still joins those whom
//         decisions joined through it; it is nobody's record itself.
// Shape:  a row a record, in rings: the rows of one component, each naming the next; joining two swaps two names. One entry of linkage::Index a
//         person, with the values of all his records, newest first. A record's own packed bytes can be given back exactly, so that an unmerge gives back
//         what was: the entry of a person of one record stands on them; of a record of a person of several it is kept which of the person's values are
//         its own (linkage/record.h, PackMerged), and its bytes only where these would not give them back.
// Age:    a record is as new as the last version that changed what it is matched by; so a merge that is taken back leaves every order as it was.
// Name:   a person's anchor is his oldest record. A join keeps the older of two anchors; a split gives each side its own again.
// Threads: one writer, who keeps readers away (person_view.h).
// Memory: docs/decisions/0028. Cost: some µs a change, and more for a person of many records.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/error.h"
#include "kernel/person/linkage/index.h"
#include "kernel/person/slot_table.h"

namespace tk::person {

using Row = uint32_t;
inline constexpr Row kNoRow = UINT32_MAX;
/// Of a person's records so many, the newest, are what he is found by.
inline constexpr size_t kRecordsMerged = 64;

/// One pair of a decision.
struct PairOf {
  uint64_t source = 0, alternate = 0;  // id hashes of Patients
  bool operator==(const PairOf&) const = default;
};

/// A decision as a record sees it.
struct DecisionView {
  uint64_t linkage = 0;  // id hash of the Linkage
  Row source = kNoRow, alternate = kNoRow;
  bool active = false;  // false: "not the same"
  bool manual = false;
};

/// What a Linkage says, as it is kept.
struct KeptDecision {
  uint64_t linkage = 0;
  std::vector<PairOf> pairs;
  bool active = false, manual = false;
};

class People {
 public:
  /// Both must outlive it.
  People(const linkage::Model& model, const linkage::Rules& rules);

  // The writer's.
  /// `first`: the ordinal with which it became live; 0: this one, unless it is live already. `changed`: of the last version with other bytes than the one
  /// before it; 0: this one, if its bytes are others.
  void PutRecord(uint64_t id_hash, uint64_t ordinal, std::string_view packed, uint64_t first = 0,
                 uint64_t changed = 0);
  void RemoveRecord(uint64_t id_hash);
  /// In place of what this Linkage said before.
  void PutDecision(uint64_t linkage, std::span<const PairOf> pairs, bool active, bool manual);
  void RemoveDecision(uint64_t linkage);
  /// After many changes: postings into one run.
  void Settle() { index_.Settle(); }

  // Questions. Rows are good as long as nobody writes.
  /// kNoRow: no record and no decision ever named it.
  Row Find(uint64_t id_hash) const;
  bool IsLive(Row row) const { return OrdinalOf(row) != 0; }
  uint64_t HashOf(Row row) const { return rows_[row].hash; }
  /// Of the record's last version; 0: it is not live.
  uint64_t OrdinalOf(Row row) const { return rows_[row].age(kLast); }
  /// With which it became live.
  uint64_t FirstOf(Row row) const { return rows_[row].age(kFirst); }
  /// With which what it is matched by became what it is.
  uint64_t ChangedOf(Row row) const { return rows_[row].age(kChanged); }
  /// Packed. `room`: where they are put together, if they do not lie in one piece; they are good as long as it is.
  std::string_view BytesOf(Row row, std::string* room) const;
  linkage::EntryView View(Row row, std::string* room) const {
    return linkage::EntryView(BytesOf(row, room).data());
  }
  /// The person's entry in the index; kNoEntry if the row is not live.
  linkage::Entry EntryOf(Row row) const { return rows_[row].entry; }
  /// The oldest live record of an entry's person.
  Row AnchorOf(linkage::Entry entry) const { return anchors_[entry]; }
  /// Live records of the row's person, the anchor first, then by age.
  std::vector<Row> MembersOf(Row row) const;
  bool IsSamePerson(Row a, Row b) const;
  /// All decisions that name the row.
  std::vector<DecisionView> DecisionsOf(Row row) const;
  /// Linkages that would still join the two, in a row from one to the other, if those of `without` did not; empty: nothing would.
  std::vector<uint64_t> JoinedWithout(Row a, Row b, std::span<const uint64_t> without) const;
  /// Does it join, or hold apart, one who is not live?
  bool NamesGone(uint64_t linkage) const;
  /// Does a decision "not the same" stand between the persons of two rows?
  bool IsHeldApart(Row a, Row b) const;

  const linkage::Index& index() const { return index_; }
  /// linkage::Index::PassesFor what the rules join by.
  uint32_t join_passes() const { return join_passes_; }
  size_t records() const { return live_; }
  size_t persons() const { return persons_; }
  size_t row_count() const { return rows_.size(); }
  /// Places of Linkages, of some that are gone too.
  size_t decision_places() const { return edges_.size(); }
  /// Each Linkage that says something stands at one place. False: none does at this one.
  bool DecisionAt(size_t place, KeptDecision* decision) const;
  size_t decision_pairs() const { return pairs_; }
  /// Of live records together.
  size_t packed_bytes() const { return packed_bytes_; }
  struct Memory {
    size_t packed, index, rows, decisions;  // packed: records' own bytes, and entries of persons of several
    size_t sum() const { return packed + index + rows + decisions; }
  };
  Memory memory() const;

  // Of many changes at once, as at a start: between the two nothing may be asked. Persons are worked out once, at the end, by several threads.
  /// Into an empty one. `records`, `pairs`: about so many come. What PutRecord is given stays where it is until EndMany.
  void BeginMany(size_t records = 0, size_t pairs = 0);
  /// What is known of it is brought near: told once, and again somewhat later.
  void PrefetchRecord(uint64_t id_hash, bool again) const { Prefetch(row_table_, rows_, id_hash, again); }
  void PrefetchDecision(uint64_t linkage, std::span<const PairOf> pairs, bool again) const;
  void EndMany(unsigned threads = 1);

  // Great runs of keys are merged by somebody else from now on, so that nobody who writes waits for it (linkage::Postings).
  void MergeBeside() { index_.postings().MergeBeside(); }
  std::optional<linkage::Postings::Due> DueMerge() const { return index_.postings().DueMerge(); }
  void PutMerged(const linkage::Postings::Due& due, linkage::Postings::RunPtr merged) {
    index_.postings().PutMerged(due, std::move(merged));
  }

 private:
  static constexpr uint32_t kNoEdge = UINT32_MAX;
  /// Ordinals: of the last version; 0: not live. With which it became live. With which its bytes became what they are.
  enum Age : uint8_t { kLast, kFirst, kChanged };
  static constexpr size_t kAges = 3;
  struct Record {
    uint64_t hash = 0;
    std::array<uint32_t, kAges> age_low{};  // ordinals have 40 bits
    std::array<uint8_t, kAges> age_high{};
    bool is_pick = false;  // its bytes tell which values of the person's entry are its own
    linkage::Place bytes = linkage::PackedStore::kNowhere;
    linkage::Entry entry = linkage::kNoEntry;
    Row next = kNoRow;        // in the ring
    uint32_t edge = kNoEdge;  // the first that names it

    uint64_t age(Age which) const { return uint64_t{age_high[which]} << 32 | age_low[which]; }
    void SetAge(Age which, uint64_t ordinal) {
      CHECK(ordinal >> 40 == 0);
      age_low[which] = static_cast<uint32_t>(ordinal);
      age_high[which] = static_cast<uint8_t>(ordinal >> 32);
    }
  };
  static_assert(sizeof(Record) == 40);
  struct Edge {
    uint64_t linkage = 0;
    Row source = kNoRow, alternate = kNoRow;  // kNoRow: taken back
    uint32_t next_source = kNoEdge, next_alternate = kNoEdge;
    uint32_t more = kNoEdge;  // the next pair of the same Linkage
    bool active = false, manual = false;
  };
  template <class T>
  static void Prefetch(const SlotTable& table, const linkage::Growing<T>& slots, uint64_t key, bool again) {
    if (!again) return table.Prefetch(key);
    if (const uint32_t slot = table.FirstSlot(key); slot != SlotTable::kNone) BringNear(&slots[slot]);
  }
  const char* At(linkage::Place place) const { return index_.packed().At(place); }
  void LetGo(linkage::Place place, bool is_pick);
  /// Keeps other bytes of a record in place of those that it has.
  void KeepInstead(Row row, std::string_view bytes, bool is_pick);
  /// Its whole bytes, if it has but a pick.
  void KeepWhole(Row row);
  Row RowFor(uint64_t id_hash);
  std::vector<Row> RingOf(Row row) const;
  /// The person's entry anew, after his records changed.
  void Refresh(Row any);
  struct Crowd;  // of persons who are worked out together
  void FillCrowd(const Crowd& crowd, unsigned threads);
  void RefreshOne(Row live, std::span<const linkage::Entry> entries);
  void RefreshSeveral(std::span<const Row> live, std::span<const linkage::Entry> entries);
  /// Live rows of a ring, the newest first; the person's entry is of the first kRecordsMerged.
  void SortNewest(std::vector<Row>* live) const;
  void SetPerson(linkage::Entry entry, std::span<const Row> live);
  void Join(Row a, Row b);
  void Split(Row a, Row b);
  void FillEdge(uint32_t edge, const PairOf& pair, bool active, bool manual);
  /// Takes a pair back; its slot stays.
  void ClearEdge(uint32_t edge);
  uint32_t FindEdge(uint64_t linkage) const {
    return edge_table_.Find(linkage, [this](uint32_t edge) { return edges_[edge].linkage; });
  }
  void Unlist(Row row, uint32_t edge);
  uint32_t& NextOf(uint32_t edge, Row row) {
    Edge& e = edges_[edge];
    return e.source == row ? e.next_source : e.next_alternate;
  }
  uint32_t NextOf(uint32_t edge, Row row) const {
    const Edge& e = edges_[edge];
    return e.source == row ? e.next_source : e.next_alternate;
  }

  linkage::Index index_;
  const uint32_t join_passes_;
  linkage::Growing<Record> rows_;
  SlotTable row_table_;
  linkage::Growing<Edge> edges_;
  std::vector<uint32_t> free_edges_;
  SlotTable edge_table_;           // linkage → its first edge
  linkage::Growing<Row> anchors_;  // by entry
  size_t live_ = 0, persons_ = 0, pairs_ = 0, packed_bytes_ = 0;
  bool is_many_ = false;
  std::vector<const char*> given_;  // while many come: by row, where the record's bytes lie
};

}  // namespace tk::person
