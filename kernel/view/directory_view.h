// The directory's own side: how the engine feeds, saves and loads it.
// Layout: versions: run entries (id hash; version 23 bits · deleted 1 bit · ordinal 40 bits), never removed: history needs them all;
//         columns by ordinal: owner 32 · type code 16 · operation 8 bits; superseded by (ordinal);
//         column by owner number: area, or one of the marks below.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "kernel/view/directory.h"
#include "kernel/view/runs.h"
#include "kernel/view/words.h"

namespace tk::view {

inline constexpr uint64_t kAreaUnknown = 0;  // nobody but a city-wide viewer sees it
inline constexpr uint64_t kAreaPublic = 1;   // practitioners: whoever may read the type
inline constexpr uint64_t kAreaErased = ~0ull;

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
};

class DirectoryView final : public Directory {
 public:
  /// `types[code]` is the TypeId of a log type code; fixed for the engine's life. `folder` "" = memory only.
  DirectoryView(std::vector<fhir::TypeId> types, std::string folder);

  Version Current(uint64_t id_hash, const Position& position) const override;
  std::vector<Version> Versions(uint64_t id_hash, const Position& position, size_t max) const override;
  Column Get(Ordinal ordinal) const override;
  bool Live(Ordinal ordinal, const Position& position) const override;
  bool InScope(Ordinal ordinal, const Scope& scope) const override;
  void Visible(std::span<const Ordinal> ordinals, const Position& position, const Scope& scope,
               bool* visible) const override;
  uint64_t AreaOf(OwnerNumber owner) const override { return areas_.Get(owner); }
  uint64_t LiveCount(fhir::TypeId type) const override;

  // The writer's thread.
  /// Like Current at the head, entries not yet published included. Ordinal 0 if it never was.
  Version Newest(uint64_t id_hash) const;
  /// Returns the ordinal that this entry supersedes, 0 if none.
  Ordinal Apply(const DirectoryEntry& entry);
  void ApplyErase(OwnerNumber owner) { areas_.Set(owner, kAreaErased); }
  void Publish(uint64_t t, Ordinal end_ordinal);

  Result<Mark> Save(const Mark& mark);
  Result<Mark> Load(const Mark& log_head);
  void Clear();
  /// One step of background work; kCorrupt means: rebuild.
  Result<bool> Maintain();
  /// Live ordinals of one owner; a scan of the columns (about 1 ns an ordinal).
  std::vector<Ordinal> LiveOf(OwnerNumber owner, const Position& position) const;
  size_t memory_bytes() const;
  size_t disk_bytes() const { return versions_.disk_bytes(); }

 private:
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
  Runs<Entry16> versions_;
  WordArray cells_, superseded_, areas_;
  std::unordered_map<uint64_t, Version> unpublished_;  // writer only
  std::vector<int64_t> counts_;                        // writer only, by type code
  std::vector<std::atomic<int64_t>> published_counts_;
  mutable std::mutex publish_mutex_;  // Publish against Capture
  uint64_t published_t_ = 0;
  Ordinal published_end_ = 1;
  uint64_t generation_ = 0;  // of saved files
};

}  // namespace tk::view
