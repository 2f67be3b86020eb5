// The person index as a view of the log: live Patients and Linkages between them, folded to persons who can be matched against in memory.
// Flow:   worker: Prepare packs a Patient, or reads a Linkage's pairs → writer: Apply keeps what is due → Publish: into People, while readers are away
//         reader: Read() → People: match, members, decisions (live_match.h decides what a new record is joined to)
// A Linkage counts when its items are this server's Patients: item "source" the one that was there, each "alternate" one that is (active) or is not
//         (inactive) the same person. Whether a machine or a person decided is told by the extension kPersonLinkUrl; without it a person did. An inactive one of
//         the machine's says nothing: it took back its own join, and holds nobody apart.
// Readers see what is published, and while a large group is being published more and more of it: everything there is durable. Who needs to know
//         that nothing came between puts a guard (MayAffect).
// Files:  a journal of what was applied (journal.h) and "manifest" in the view's folder. A Save appends what is new, and a start folds the journal once,
//         without opening a Patient. When more than half of it is past, a Save writes it anew from what is live, beside readers and writer: so it is never
//         more than about twice what is live. They hold names and numbers as the search index does; Forget leaves none of an erased person's.
// Rebuilt beside what serves: a second PersonView is fed from the log; SwitchOver takes its People, and the next Save writes them anew.
// Cost:   Prepare ~10 µs a Patient. A reader waits for at most kAppliedAtOnce changes, the writer for the readers that are there. A start: docs/decisions/0033.
#pragma once

#include <pthread.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kernel/base/hash.h"
#include "kernel/person/people.h"
#include "kernel/view/directory.h"
#include "kernel/view/view.h"

namespace tk::person {

inline constexpr std::string_view kPersonLinkUrl = "http://tongkang.dev/fhir/StructureDefinition/person-link";

/// A readers' and a writer's lock on which the writer never starves: who comes while it waits stands behind it. Not to be taken twice.
class WriterFirstLock {
 public:
  WriterFirstLock();
  ~WriterFirstLock() { pthread_rwlock_destroy(&lock_); }
  WriterFirstLock(const WriterFirstLock&) = delete;
  WriterFirstLock& operator=(const WriterFirstLock&) = delete;
  void lock() { pthread_rwlock_wrlock(&lock_); }
  void unlock() { pthread_rwlock_unlock(&lock_); }
  void lock_shared() { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

/// What a Linkage says, if it is about Patients of this server.
struct Decision {
  std::vector<PairOf> pairs;
  bool active = true;
  bool manual = true;
};
/// Has it the extension kPersonLinkUrl?
bool IsPersonLink(fhir::Value element);
/// A part of the extension kPersonLinkUrl of a Linkage, a Task or a Patient.link; absent if there is none.
fhir::Value PartOfPersonLink(fhir::Value resource, std::string_view part);
inline constexpr size_t kPairsMax = 50;  // of one Linkage; one of more counts for nothing
std::optional<Decision> ReadDecision(fhir::Value linkage, const HashKey& key);

/// A Patient as he is and as he was, packed.
struct PackedPatient {
  uint64_t id_hash = 0;
  std::string packed, before;  // "": there is, or was, none
  std::vector<uint32_t> keys;  // of both, sorted
};
using PackedPatientPtr = std::shared_ptr<const PackedPatient>;

struct PersonViewOptions {
  std::shared_ptr<const fhir::Definitions> definitions;
  HashKey hash_key{};
  const view::Directory* directory = nullptr;   // for Forget
  std::shared_ptr<const linkage::Model> model;  // null: CityModel
  const linkage::Rules* rules = nullptr;        // null: ResidentRules
  size_t journal_bytes_min = size_t{1} << 20;   // a smaller journal is not written anew
  /// Tests: hears the steps of a Save ("begun", "piece", "written", "appended", "named"); an error ends it there, as a crash would.
  std::function<Status(std::string_view)> save_probe;
};

class PersonView final : public view::View {
 public:
  explicit PersonView(const PersonViewOptions& options);
  ~PersonView() override;

  /// People as it stands; nobody writes while this lives, so let it go soon, and take no second one meanwhile.
  class Reading {
   public:
    explicit Reading(const PersonView& view) : view_(view) { view_.lock_.lock_shared(); }
    ~Reading() { view_.lock_.unlock_shared(); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    const People& operator*() const { return *view_.people_; }
    const People* operator->() const { return view_.people_.get(); }

   private:
    const PersonView& view_;
  };
  Reading Read() const { return Reading(*this); }
  const linkage::Model& model() const { return model_; }
  const linkage::Rules& rules() const { return rules_; }
  fhir::TypeId patient() const { return patient_; }
  fhir::TypeId linkage_type() const { return linkage_; }

  /// Packs the Patient of a change that is about to be prepared, and keeps that for Prepare, which is spared it: a planner asks first.
  PackedPatientPtr PackAhead(const view::Change& change) const;
  /// Packed bytes of a Patient, as the view has them.
  std::string PackPatient(fhir::Value patient) const;
  /// Sorted hashes of the keys by which a packed record is found.
  std::vector<uint32_t> KeysOf(std::string_view packed) const;
  /// For guards: does what was prepared concern a record that has one of `keys`, or one of the records `ids`? Both sorted. Memory only.
  static bool MayAffect(const view::Prepared& prepared, std::span<const uint32_t> keys,
                        std::span<const uint64_t> ids);

  std::string_view name() const override { return "person"; }
  uint32_t format_version() const override;
  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override;
  void Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) override;
  void Publish(uint64_t t, view::Ordinal end_ordinal) override;
  Result<view::Mark> Save(const std::string& folder, const view::Mark& mark) override;
  Result<view::Mark> Load(const std::string& folder, const view::Mark& log_head) override;
  void Clear() override;
  Status Forget(std::span<const view::OwnerNumber> owners) override;
  bool Maintain() override;
  void SetOldestPinned(view::Ordinal ordinal) override { (void)ordinal; }
  view::Standing standing() const override;
  Result<view::View*> BeginRebuild() override;
  void RebuildReached(view::Ordinal at, view::Ordinal end) override;
  void SwitchOver() override;
  void DropRebuild() override;
  /// Errors: kUnavailable, saying how far it is, while there is nobody in it because it is being built.
  Status CheckUsable() const;
  size_t memory_bytes() const override;
  size_t disk_bytes() const override;

 private:
  struct Due;    // a change that is applied and not yet published
  struct Ahead;  // what PackAhead keeps: of the newest changes alone, and of none that is gone
  PackedPatientPtr Pack(const view::Change& change) const;
  PackedPatientPtr TakeAhead(const view::Change& change) const;
  static constexpr size_t kAppliedAtOnce = 64;
  std::unique_ptr<People> NewPeople() const;
  void ApplyDue(const Due& due);
  void RemoveWithDecisions(uint64_t hash);
  std::string WithoutGone(std::string_view journal) const;
  Result<view::Mark> LoadSaved(const std::string& folder, const view::Mark& log_head);
  bool IsToBeWrittenAnew(const std::string& folder) const;
  Result<uint64_t> WriteAnew(const std::string& path);
  Result<view::Mark> AppendAndName(const std::string& folder, const view::Mark& mark, uint64_t number,
                                   uint64_t size);
  void PrintRecords(Row begin, Row end, std::string* out) const;
  void PrintDecisions(size_t begin, size_t end, std::string* out) const;
  void EndJournal();
  void RemoveFiles();
  Status Probe(std::string_view step) const {
    return options_.save_probe ? options_.save_probe(step) : Status();
  }

  const PersonViewOptions options_;
  const linkage::Model& model_;
  const linkage::Rules& rules_;
  const fhir::TypeId patient_, linkage_;
  mutable WriterFirstLock lock_;  // people_, t_, end_ordinal_
  std::unique_ptr<People> people_;
  uint64_t t_ = 0;
  view::Ordinal end_ordinal_ = 1;
  bool is_journaled_ =
      false;  // what is applied goes into unsaved_, else the next Save writes all anew; under lock_
  std::string unsaved_;   // of the journal, since the last Save; under lock_
  std::vector<Due> due_;  // the writer's
  std::atomic<bool> is_usable_{true};
  std::atomic<uint64_t> reached_{0};  // by a rebuild, percent
  mutable std::mutex save_mutex_;     // taken before lock_: what follows
  std::string folder_;                // where it was saved last
  uint64_t journal_ = 0;              // its number; 0: none
  uint64_t last_journal_ = 0;         // the highest number that was ever given
  uint64_t saved_bytes_ = 0;          // of it
  std::unique_ptr<People> former_;    // before the switch; until the next Save
  mutable std::mutex next_mutex_;
  std::unique_ptr<PersonView> next_;
  const std::unique_ptr<Ahead> ahead_;
};

}  // namespace tk::person
