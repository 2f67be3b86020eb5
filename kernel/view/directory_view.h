// The directory's own side: how the engine feeds, saves and loads it.
// Layout: versions: run entries (id hash; version 23 bits · deleted 1 bit · ordinal 40 bits), never removed: history needs them all;
//         columns by ordinal: owner 32 · type code 16 · hidden 1 · review 1 · operation 8 bits; superseded by (ordinal);
//         columns by owner number: area, or one of directory.h's marks, or kAreaAwaited; for kAreaByContext: id hash of the one record whose owner
//         it is, id hash of the record where that stands. Whose that is, is looked up when it is asked: it has no state of its own to go wrong.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "kernel/view/directory.h"
#include "kernel/view/runs.h"
#include "kernel/view/version_cache.h"
#include "kernel/view/words.h"

namespace tk::view {

/// What the directory takes from one log entry.
struct DirectoryEntry {
  log::TypeCode type = 0;
  Operation op = Operation::kCreate;
  OwnerNumber owner = 0;
  uint32_t version = 0;
  uint64_t id_hash = 0;
  Ordinal ordinal = 0;
  uint64_t area = kAreaUnknown;
  bool sets_area = false;  // the entry is its owner's own resource
  uint64_t context = 0;    // != 0: the id hash of the record where its owner stands
  bool is_review = false;  // IsReview; what replaces one stays one
  bool is_hidden = false;  // HiddenMarks; of this version alone
};

class DirectoryView final : public Directory {
 public:
  /// `types[code]` is the TypeId of a log type code; fixed for the engine's life. `folder` "" = memory only.
  /// `marked_by`: HiddenMarks::made_by of what its entries are marked by.
  DirectoryView(std::vector<fhir::TypeId> types, std::string folder, uint64_t marked_by = 0);

  Version Current(uint64_t id_hash, const Position& position) const override;
  std::vector<Version> Versions(uint64_t id_hash, const Position& position, size_t max) const override;
  Column Get(Ordinal ordinal) const override;
  bool Live(Ordinal ordinal, const Position& position) const override;
  bool InScope(Ordinal ordinal, const Scope& scope) const override;
  bool Hides(Ordinal ordinal, const Scope& scope) const override;
  bool IsAnothers(Ordinal ordinal, std::span<const AnothersTime> times) const override;
  uint64_t marked_by() const override { return marked_by_; }
  void Visible(std::span<const Ordinal> ordinals, const Position& position, const Scope& scope,
               bool* visible) const override;
  uint64_t AreaOf(OwnerNumber owner) const override;
  OwnerNumber OwnerNow(OwnerNumber owner) const override;
  void Areas(std::span<const Ordinal> ordinals, uint64_t* areas) const override;
  uint64_t AreasGeneration() const override { return areas_generation_.load(std::memory_order_acquire); }
  uint64_t LiveCount(fhir::TypeId type) const override;
  uint64_t LiveCountOf(log::TypeCode code) const;
  log::TypeCode CodeOf(Ordinal ordinal) const;

  // The writer's thread.
  /// Like Current at the head, entries not yet published included. Ordinal 0 if it never was.
  Version Newest(uint64_t id_hash) const;
  /// Returns the ordinal that this entry supersedes, 0 if none.
  Ordinal Apply(const DirectoryEntry& entry);
  void ApplyErase(OwnerNumber owner) {
    areas_.Set(owner, kAreaErased);
    areas_generation_.fetch_add(1, std::memory_order_release);
  }
  void Publish(uint64_t t, Ordinal end_ordinal);

  Result<Mark> Save(const Mark& mark);
  Result<Mark> Load(const Mark& log_head);
  void Clear();
  /// One step of background work; kCorrupt means: rebuild.
  Result<bool> Maintain();
  /// Live ordinals of one owner; a scan of the columns (about 1 ns an ordinal).
  std::vector<Ordinal> LiveOf(OwnerNumber owner, const Position& position) const;
  /// What is known of an entry without reading it.
  struct Identity {
    Ordinal ordinal = 0;
    uint64_t id_hash = 0;
    uint32_t version = 0;
    log::TypeCode type = 0;
    OwnerNumber owner = 0;
  };
  /// Of these ordinals, ascending; those that it does not have are left out. A scan of all versions (some ns each): for what cannot be read.
  std::vector<Identity> IdentitiesOf(std::span<const Ordinal> ordinals) const;
  /// A record that stands where another one stands.
  struct Follower {
    OwnerNumber owner = 0;
    uint64_t id_hash = 0;
    std::vector<uint64_t> contexts;  // id hashes: of that one, of the one where that one stands …
  };
  /// Those whose OwnerNow is `owner`, of owners below `end`; a scan of the areas (about 1 ns an owner).
  std::vector<Follower> FollowersOf(OwnerNumber owner, OwnerNumber end) const;
  /// Of the newest version of a record, entries not yet published included; 0 if there is none. The writer's thread.
  OwnerNumber OwnerOfNewest(uint64_t id_hash) const;
  size_t memory_bytes() const;
  size_t disk_bytes() const { return versions_.disk_bytes(); }

 private:
  /// In the column: of unknown area, and entries of his are there already. Then his first area changes what was known.
  static constexpr uint64_t kAreaAwaited = 2;
  static uint64_t KnownArea(uint64_t word) { return word == kAreaAwaited ? kAreaUnknown : word; }
  /// Of whom OwnerNow named: when he stands by a context himself, that one is not there.
  static uint64_t FinalArea(uint64_t word) { return word == kAreaByContext ? kAreaUnknown : KnownArea(word); }
  /// Of the versions about one owner, which was the first one of its record about him, whoever it was about in between. Read from the columns up to `end`.
  struct Begins {
    Ordinal end = 1;
    std::unordered_map<Ordinal, Ordinal> begun;  // of those that are not the first
    std::unordered_map<Ordinal, Ordinal>
        coming;                     // of what supersedes a version that was read: when that was begun
    std::vector<Ordinal> standing;  // superseded by nothing when they were read
    void Read(const WordArray& cells, const WordArray& superseded, OwnerNumber owner, Ordinal upto);
  };
  static constexpr size_t kBeginsMax = 1000;
  static constexpr int kContextsMax = 8;  // a Binary of a Binary of a Binary …
  template <class Each>
  OwnerNumber Climb(OwnerNumber owner, const Each& each) const;
  bool InScopeBy(Ordinal ordinal, OwnerNumber owner, uint64_t word, const Scope& scope) const;
  static bool SeesRecord(Ordinal ordinal, uint64_t cell, const Scope& scope);
  bool HidesBy(Ordinal ordinal, uint64_t cell, const Scope& scope) const;
  bool IsAnothersFor(Ordinal ordinal, OwnerNumber owner, const Scope& scope) const;
  Ordinal BegunAt(Ordinal ordinal, OwnerNumber owner) const;
  /// By the entry itself, whoever's it is.
  bool SeesKind(Ordinal ordinal, uint64_t cell, const Scope& scope) const {
    return SeesRecord(ordinal, cell, scope) && !(scope.by_content && HidesBy(ordinal, cell, scope));
  }
  void ApplyArea(const DirectoryEntry& entry);

  struct State {
    RunSnapshot<Entry16> versions;
    uint64_t t = 0;
    Ordinal end = 1;
    std::vector<int64_t> counts;
  };
  State Capture() const;
  Status SaveColumns(const State& state, std::vector<std::pair<std::string, uint64_t>>* numbers);
  Status LoadColumns(const std::vector<std::pair<std::string, uint64_t>>& numbers);

  const std::vector<fhir::TypeId> types_;
  const std::string folder_;
  const uint64_t marked_by_;
  Runs<Entry16> versions_;
  mutable VersionCache known_;
  WordArray cells_, superseded_, areas_, contexts_, followers_;
  mutable std::mutex begins_mutex_;
  mutable std::unordered_map<OwnerNumber, Begins> begins_;  // of those that were somebody else's: few
  std::atomic<uint64_t> areas_generation_{1};
  std::unordered_map<uint64_t, Version> unpublished_;  // writer only
  std::vector<int64_t> counts_;                        // writer only, by type code
  std::vector<std::atomic<int64_t>> published_counts_;
  mutable std::mutex publish_mutex_;  // Publish against Capture
  uint64_t published_t_ = 0;
  Ordinal published_end_ = 1;
  uint64_t generation_ = 0;  // of saved files
};

}  // namespace tk::view
