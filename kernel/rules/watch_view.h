// The watch-list as a view of the log: who is listed now, found by the record of the person, in memory.
// Flow:   WatchEntry of the log → Prepare (subject, period) → writer: Apply, Publish → EntriesOf(records) while something is being written
//         (interaction/alerts.h), which asks for all records of a person at once: so merges need nothing here.
// An entry counts while its status is "active" and its subject is this server's Patient. Its period is kept, not judged: who asks says when.
//         What a doctor is told (level, instruction, list) is read from the entry itself, of those few that are found.
// Guards: an Encounter is prepared too, as its subject and nothing else, so that who writes can ask whether an entry, or an Encounter, of the
//         same person came since its basis (MayAffect): of two at the same time the later one always sees the earlier one.
// Types:  WatchEntry is a platform type (apps/point-of-care/types). Without that pack nobody is listed and this view is empty.
// File:   FOLDER/entries: one text line with the mark, rows of kRowBytes, a CRC-32C; keyed hashes, numbers and times alone. Replaced whole when changed.
// Law:    incremental equals rebuilt (watch_view_test.cpp).
// Memory: about 180 bytes an entry. Cost: a look-up some 100 ns a record; the writer pays a push, and a fold at Publish.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/base/hash.h"
#include "kernel/person/person_view.h"
#include "kernel/view/directory.h"
#include "kernel/view/view.h"

namespace tk::rules {

inline constexpr std::string_view kWatchEntryType = "WatchEntry", kVisitType = "Encounter";

struct WatchedEntry {
  uint64_t entry = 0, person = 0;  // keyed hashes of "WatchEntry/1" and of its subject, "Patient/2"
  view::Ordinal ordinal = 0;
  Instant from_us = INT64_MIN,
          until_us = INT64_MAX;  // [from, until): a period that ends on a day holds that day
  bool HoldsAt(Instant at_us) const { return from_us <= at_us && at_us < until_us; }
  bool operator==(const WatchedEntry&) const = default;
};
/// What an entry says; nullopt if it lists nobody. `entry` and `person` are filled, `ordinal` is not. Source of the closed period: FHIR R4 Period.end.
std::optional<WatchedEntry> ReadWatchEntry(const view::Resource& resource, const HashKey& key,
                                           int timezone_offset_min);
/// The keyed hash of the Patient of this server whom a reference names; 0: it names none.
uint64_t PatientOfReference(fhir::Value reference, const HashKey& key);

struct WatchViewOptions {
  std::shared_ptr<const fhir::Definitions> definitions;
  HashKey hash_key{};
  const view::Directory* directory = nullptr;  // for Forget
  int timezone_offset_min = 480;
};

class WatchView final : public view::View {
 public:
  explicit WatchView(WatchViewOptions options);

  /// The entries about any of these records (keyed hashes), ended ones and those to come too, by the entry's hash. At the last published position or a
  /// later one. Any thread.
  std::vector<WatchedEntry> EntriesOf(std::span<const uint64_t> records) const;
  /// All of them, by the entry's hash. Cost: a copy.
  std::vector<WatchedEntry> All() const;
  /// For guards: is what was prepared about one of these records? Sorted. Memory only.
  enum class About : uint8_t { kEntries, kEntriesAndVisits };
  static bool MayAffect(const view::Prepared& prepared, std::span<const uint64_t> records, About about);

  fhir::TypeId entry_type() const { return entry_; }
  fhir::TypeId visit_type() const { return visit_; }
  const WatchViewOptions& options() const { return options_; }
  /// Errors: kUnavailable while it is being built.
  Status CheckUsable() const;

  std::string_view name() const override { return "watch"; }
  uint32_t format_version() const override { return 2 * kFormat + (entry_ == fhir::kNoType ? 0 : 1); }
  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override;
  void Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) override;
  void Publish(uint64_t t, view::Ordinal end_ordinal) override;
  Result<view::Mark> Save(const std::string& folder, const view::Mark& mark) override;
  Result<view::Mark> Load(const std::string& folder, const view::Mark& log_head) override;
  void Clear() override;
  Status Forget(std::span<const view::OwnerNumber> owners) override;
  void SetOldestPinned(view::Ordinal) override {}
  view::Standing standing() const override;
  Result<View*> BeginRebuild() override;
  void SwitchOver() override;
  void DropRebuild() override;
  size_t memory_bytes() const override;
  size_t disk_bytes() const override { return disk_bytes_.load(); }

 private:
  static constexpr uint32_t kFormat = 1;
  /// What a change does to one entry.
  struct Due {
    uint64_t entry = 0;
    bool stays = false;
    WatchedEntry now;
  };
  struct Table {
    std::unordered_map<uint64_t, WatchedEntry> entries;              // by entry
    std::unordered_map<uint64_t, std::vector<uint64_t>> entries_of;  // by person
    uint64_t t = 0;
    view::Ordinal end_ordinal = 1;
    void Put(const WatchedEntry& entry);
    void Remove(uint64_t entry);
  };
  std::string Print(const view::Mark& mark) const;                                 // under lock_
  Result<view::Mark> SaveAnew(const std::string& folder, const view::Mark& mark);  // under save_mutex_

  const WatchViewOptions options_;
  const fhir::TypeId entry_, visit_;
  std::vector<Due> due_;                  // the writer's
  mutable person::WriterFirstLock lock_;  // table_
  Table table_;
  std::atomic<bool> is_usable_{true};
  std::atomic<size_t> disk_bytes_{0};
  std::mutex save_mutex_;  // taken before lock_
  std::string folder_;     // where it was saved last
  view::Mark saved_;
  std::unique_ptr<WatchView> next_;
};

}  // namespace tk::rules
