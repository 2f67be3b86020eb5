// The engine: the one writer and what readers may hold. Joins log, keys, codec and synchronous views.
// Flow:   worker: Head() = basis t0 → read, resolve, validate → Prepare(change set) (seal, extract; parallel)
//         → Submit → writer thread: guards re-checked in memory against what came since t0 → one Append (one fsync) for all that
//         wait → views Apply, Publish → answers → followers (rules, live pages) consume in order
// The writer never runs FHIRPath and never waits for a page of a file. Source: DESIGN 1, 4.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kernel/log/codec.h"
#include "kernel/log/content_store.h"
#include "kernel/log/keys.h"
#include "kernel/log/log.h"
#include "kernel/view/damaged_entries.h"
#include "kernel/view/directory.h"
#include "kernel/view/view.h"

namespace tk::view {

/// What must still be so when the writer takes the change set; otherwise it is handed back as stale and resolved anew.
struct Guard {
  uint64_t id_hash = 0;  // != 0: the resource's current version must be `version`
  uint32_t version = 0;  // 0 = never existed; a deleted resource has the version of its delete
  /// Set instead of id_hash: true if a change that came after the basis could alter what was resolved. Memory only.
  /// `prepared` is what the view number `view_slot` prepared of that change.
  std::function<bool(const Change& change, const Prepared& prepared)> may_affect;
  size_t view_slot = 0;
};

struct ChangeSet {
  Position basis;
  std::vector<Change> changes;  // `now` with type, id, version, op, document; ordinal, t, at_us 0
  std::vector<Guard> guards;
  uint64_t key = 0;        // idempotency or consumer key; a second change set with it is refused as stale
  bool by_eraser = false;  // part of an erasure: may still touch the person who is being erased
  // Filled by Prepare:
  std::vector<uint64_t> persons;   // KeyOf the names of those whom Bundles of several are about
  std::vector<uint8_t> hidden;     // [change]: is what is written marked as hidden (HiddenMarks)?
  std::vector<uint64_t> contexts;  // [change]: id hash of the record where what is written stands; 0 = none
  std::vector<log::NewEntry> entries;
  std::vector<std::vector<std::unique_ptr<Prepared>>> prepared;  // [view][change]
  uint64_t views_generation = 0;                                 // of the views that prepared it
  size_t bytes = 0;
};

struct Commit {
  uint64_t t = 0;
  Ordinal first_ordinal = 0;
  Instant at_us = 0;
};
/// stale: nothing was written, the guards no longer hold: take a new basis and resolve again.
struct Outcome {
  Result<Commit> commit;
  bool stale = false;
};

/// One committed transaction as followers see it; change i has ordinal first_ordinal + i.
struct Committed {
  uint64_t t = 0;
  Instant at_us = 0;
  Ordinal first_ordinal = 0;
  uint64_t key = 0;
  std::vector<Change> changes;
};
using CommittedPtr = std::shared_ptr<const Committed>;

/// Reads committed transactions in order, from memory when recent, else from the log.
class Follower {
 public:
  virtual ~Follower() = default;
  /// The next one; nullptr after `timeout_ms` without one or when the engine stops.
  virtual Result<CommittedPtr> Next(int timeout_ms) = 0;
  virtual uint64_t next_t() const = 0;
};

/// Whose is a resource? "Patient/1": of the first whom it is about (parameters patient, subject, beneficiary), else of the one whom it names
/// otherwise, by the patient compartment or any other parameter; a Practitioner himself, and what can name no patient but a practitioner
/// (PractitionerRole); a Linkage of Patients that of its (first) alternate; "" for nobody's. Source: FHIR R4 CompartmentDefinition patient; for what it leaves out (Task): what is about a person must
/// never be everybody's. A Bundle (or Parameters) is its one person's, staff in it aside; one of staff alone its one Practitioner's. What holds persons' data and is
/// no one person's here (a Group or Bundle of several, a Person without a Patient, a contained Patient and no other, a patient of another server or
/// known by identifier alone) is its own: "Bundle/7"; it lies in no area, and is erased by itself.
/// Thread-safe; a few hundred ns.
class Owners {
 public:
  explicit Owners(std::shared_ptr<const fhir::Definitions> definitions);
  ~Owners();
  /// `own_base`: this server's address, "https://host/fhir"; entries of a Bundle whose fullUrl is another's are about nobody known here. "" if it
  /// is not known: then all are taken as ours.
  std::string NameOf(fhir::TypeId type, std::string_view id, fhir::Value root,
                     std::string_view own_base = {}) const;
  std::string NameOf(const Resource& resource) const {
    return NameOf(resource.type, resource.id, resource.document.Root(), resource.own_base);
  }
  /// Where this resource stands, when NameOf finds nobody: a Binary's securityContext, "DocumentReference/1"; else "". It has an owner number and
  /// a key of its own, and is at every moment as much whose and where that record is, is read, found and erased with it (Directory::OwnerNow).
  std::string ContextOf(fhir::TypeId type, fhir::Value root) const;
  /// Whom the resources in a Bundle or in Parameters are about, at any depth, staff too, each once; "" never. Empty for another type.
  std::set<std::string> PersonsIn(fhir::TypeId type, fhir::Value root, std::string_view own_base) const;
  /// "Bundle/7": of what is its own.
  std::string OwnName(fhir::TypeId type, std::string_view id) const;

 private:
  void AddWays(const fhir::Definitions& definitions, fhir::TypeId type);
  std::string OfBundle(fhir::TypeId type, std::string_view id, fhir::Value root,
                       std::string_view own_base) const;
  class Within;
  struct Table;
  std::unique_ptr<Table> table_;
};

struct EngineOptions {
  std::string folder;
  log::OpenOptions log;
  log::Cipher cipher = log::Cipher::kAes256Gcm;
  std::shared_ptr<const fhir::Definitions> definitions;
  const Clock* clock = nullptr;
  size_t queue_max = 4096;  // change sets waiting; over it kBusy
  size_t queue_bytes_max = size_t{256} << 20;
  size_t transaction_bytes_max = size_t{64} << 20;
  size_t group_entries_max = 4000;   // of one Append
  int64_t pin_us = 600 * kSecondUs;  // how long a position stays readable
  size_t replay_changes_max = 200'000;
  size_t text_cache_bytes = size_t{128} << 20;  // texts lately asked for
  size_t rebuild_piece_entries = 2000;          // that a rebuild takes from the log at once
  int64_t rebuild_retry_us = 5 * kSecondUs;     // after a rebuild that failed (a full disk)
  HiddenMarks hidden_marks;
  /// Tests: hears the steps of a rebuild (rebuild.h); an error ends it there, as a crash would.
  std::function<Status(std::string_view)> rebuild_probe;
  /// Tests: hears the steps of an erasure ("noted", "deleted some", "deleted", "told"); an error ends it there.
  std::function<Status(std::string_view)> erase_probe;
};

/// A file of this name asks for the view's rebuild: of the directory at the next start, of another view within a second.
std::string RebuildRequestFile(const std::string& data_folder, std::string_view view);

/// How one view stands, for operators.
struct ViewState {
  enum class Kind : uint8_t {
    kServing,     // whole, at the log's head
    kRebuilding,  // the old one serves, a new one is being built
    kBuilding,    // nothing serves: what needs the view is answered "not ready"
    kStarting     // the log's tail (or all of it) is being replayed before anything is answered
  };
  std::string name;
  Kind kind = Kind::kServing;
  uint64_t t = 0, t_wanted = 0;  // t that what is being built (or serves) has reached; the log's
  Ordinal entries = 0, entries_wanted = 0;
  std::string why;      // what the rebuild was asked for; "" if none is
  std::string failure;  // of its last attempt
  std::string_view KindName() const;
  double progress() const;  // 0..1
};

/// Thread-safe.
class Engine {
 public:
  /// Opens log, keys and contents. `make_views` is called once with the directory and makes the other synchronous views; slot 0 is the
  /// first of them. Views are loaded and the tail replayed before this returns. A view that cannot be used and is longer than a tail may be
  /// is rebuilt in the background, while what does not need it goes on; an outdated one serves meanwhile. A directory that long is read
  /// in the background while nothing is answered (`serving()` false). A log that was read from its beginning (as after a restore) also hears of
  /// the erasures in the ledger of the keys that it does not know: they are appended before `ready()`.
  using ViewFactory = std::function<std::vector<std::unique_ptr<View>>(const Directory&, const HashKey&)>;
  static Result<std::unique_ptr<Engine>> Create(const EngineOptions& options, const ViewFactory& make_views);
  virtual ~Engine() = default;

  virtual Position Head() const = 0;
  virtual uint32_t incarnation() const = 0;
  /// Log and directory are there: reads by id and writes are answered.
  virtual bool serving() const = 0;
  /// Another server has taken the log: this one may be behind, and answers and writes nothing any more. Known by the next write or look.
  virtual bool fenced() const = 0;
  /// Asks the log's store for its head: whether it is there, and whether another server has taken the log meanwhile. One point read, without waiting
  /// for the writer; it may block while the database is away. Errors: the log's. Whoever serves looks every few seconds (server/log_watch.h).
  virtual Status LookAtLog() = 0;
  /// And every view answers, be it an old one.
  virtual bool ready() const = 0;
  virtual double catch_up_progress() const = 0;  // 0..1 while not ready
  /// The directory first, then the others by slot.
  virtual std::vector<ViewState> view_states() const = 0;
  /// Rebuilds a view in the background. Errors: kNotFound for an unknown name; kConflict if it is being rebuilt already; kUnsupported for the
  /// directory, which is rebuilt only at a start; kUnavailable while not serving.
  virtual Status RequestRebuild(std::string_view view, std::string why) = 0;
  /// Keeps `position` readable for 10 minutes from the last call. kGone if it was let go already.
  virtual Status Pin(const Position& position) = 0;

  virtual const Directory& directory() const = 0;
  virtual View& view(size_t slot) = 0;
  virtual const fhir::Definitions& definitions() const = 0;
  virtual const HashKey& hash_key() const = 0;
  virtual const Owners& owners() const = 0;
  uint64_t IdHash(std::string_view type, std::string_view id) const;
  uint64_t KeyOf(std::string_view text) const;

  /// Types of which records are kept and of which this program has no definition (their pack was taken out, their file is not in DIR/types). Until it
  /// is back, nobody reads, finds or writes these records; erasures, backups and verify go on with them.
  struct UnknownType {
    std::string name;
    uint64_t records;  // that are not deleted
  };
  virtual std::vector<UnknownType> UnknownTypes() const = 0;
  /// How many attachments were found missing or damaged, and are still (lost_attachments.h).
  virtual size_t attachments_lost() const = 0;
  /// Steps of the maintenance whose last try failed (upkeep.h); they are tried again every half second.
  virtual std::vector<std::string> failing_upkeep() const = 0;
  /// How many entries of the log were asked for and are damaged (damaged_entries.h).
  virtual size_t entries_damaged() const = 0;
  /// Persons whose erasure was asked for, has failed, and is not finished: it is tried again every half second, and nothing more is recorded about them.
  virtual size_t erasures_failed() const = 0;

  /// One version, parsed, as it is searched by and replaced: without attachments that are lost (Resource::attachments_lost). kGone when its person was
  /// erased.
  virtual Result<ResourcePtr> Read(Ordinal ordinal) const = 0;
  /// Each as Read gives it, with one transaction at the log and one at the keys for all: some µs less an entry of persons who are not at hand.
  virtual std::vector<Result<ResourcePtr>> ReadMany(std::span<const Ordinal> ordinals) const = 0;
  /// Appends the resource's JSON as clients see it (meta.versionId, meta.lastUpdated); returns its header.
  struct Header {
    fhir::TypeId type;
    std::string id;
    uint32_t version;
    Operation op;
    Instant at_us;
    OwnerNumber owner;
    uint64_t t;
  };
  Result<Header> ReadText(Ordinal ordinal, std::string* out) const;
  /// The same as a whole that never changes and is shared by all who ask for it: nothing is copied. Hold it no longer than an answer takes:
  /// what was erased meanwhile is let go with the last holder.
  struct Text {
    Header header;
    std::string json;               // "" for a delete, and where attachments are lost
    uint32_t attachments_lost = 0;  // that are missing or damaged: the resource cannot be read
  };
  using TextPtr = std::shared_ptr<const Text>;
  /// kCorrupt, with the resource's name, where attachments are lost.
  virtual Result<TextPtr> OpenText(Ordinal ordinal) const = 0;
  virtual Result<std::vector<TextPtr>> OpenTexts(std::span<const Ordinal> ordinals) const = 0;
  /// The position of the last transaction at or before `at_us`.
  virtual Result<Position> FindTime(Instant at_us) const = 0;

  /// Owner, sealing, view preparation. Parallel; the expensive part of a write.
  Status Prepare(ChangeSet* set) const { return std::move(PrepareAll({&set, 1}).front()); }
  /// The same for several, with an answer for each. All are sealed, then all are extracted: what one step runs does not drive the other's
  /// instructions out of the processor's cache between two of them.
  virtual std::vector<Status> PrepareAll(std::span<ChangeSet* const> sets) const = 0;
  /// A prepared change set on its way; `done` is called once, on the writer's thread: it must be short (post to your executor).
  struct Submission {
    std::unique_ptr<ChangeSet> set;
    std::function<void(Outcome)> done;
  };
  /// Hands over. What comes together is written together.
  virtual void SubmitAll(std::vector<Submission> submissions) = 0;
  void Submit(std::unique_ptr<ChangeSet> set, std::function<void(Outcome)> done) {
    std::vector<Submission> one;
    one.push_back({std::move(set), std::move(done)});
    SubmitAll(std::move(one));
  }

  /// Follows from transaction `from_t` (1 = all; Head().t + 1 = only new). Who names the types that he wants is spared reading the others
  /// from the log: their changes may then have neither `now` nor `before`.
  using WantsType = std::function<bool(fhir::TypeId)>;
  virtual std::unique_ptr<Follower> Follow(uint64_t from_t, WantsType wants = {}) const = 0;

  struct Erased {
    uint64_t records = 0;  // deleted
    uint64_t damaged = 0;  // of these, whose entries could not be read: erased without being opened
  };
  /// Erases a person: the fact in the log, the key destroyed, contents removed, views rid of him. What of his is damaged goes like all else: by its place,
  /// as the directory knows it.
  /// `look` is asked before anything is done, at a position after which nothing about him is written any more; its error ends the erasure
  /// and lets writing go on. Errors: that; kNotFound if nothing was ever kept of him. Erasing again finishes what a failure left and returns 0
  /// records when nothing was left.
  using LastLook = std::function<Status(const Position&)>;
  virtual Result<Erased> Erase(std::string_view owner_name, const LastLook& look = {}) = 0;

  /// An erasure that a crash or a failure had cut off, and that was finished since. `erased`: by what was left to do.
  struct ResumedErasure {
    OwnerNumber owner = 0;
    Erased erased;
  };
  virtual bool has_resumed_erasures() const = 0;  // any that was not told yet
  /// Calls `tell` for each that was not told yet; one that it fails for, and those after it, are told at the next call.
  virtual Status TellResumedErasures(const std::function<Status(const ResumedErasure&)>& tell) = 0;
  /// How far a person's erasure is. kUnfinished also while it cannot be said (the log is being read, another is erased), and until
  /// TellResumedErasures has told of it. Does not wait.
  enum class ErasureState : uint8_t { kNotBegun, kUnfinished, kDone };
  virtual ErasureState StateOfErasure(OwnerNumber owner) const = 0;

  virtual log::Log& log() = 0;
  virtual log::KeyStore& keys() = 0;
  virtual log::ContentStore& contents() = 0;
  /// Saves views; trains dictionaries; merges. Called by the maintenance thread, and by tests.
  virtual Status Maintain() = 0;
  virtual Status SaveViews() = 0;
  /// Stops taking work, finishes the queue, saves the views.
  virtual void Stop() = 0;

  struct Statistics {
    uint64_t queue_depth, queue_bytes, groups, transactions, entries, stale, busy_refused;
    uint64_t append_us_total, apply_us_total;
    bool clock_jump_alarm;
  };
  virtual Statistics statistics() const = 0;
};

/// Makes the immutable Resource of a parsed document that carries its id: takes meta.versionId and meta.lastUpdated out of the text and finds
/// the splice. `id` and resourceType are read from the document. Errors: kInvalid if they are missing.
Result<ResourcePtr> MakeResource(const fhir::Definitions& definitions, fhir::Document document,
                                 uint32_t version, Operation op, std::string own_base = {});
/// The `now` of a delete.
ResourcePtr MakeTombstone(fhir::TypeId type, std::string id, uint32_t version);
/// Of this version, which was read from the log; of whatever type.
ResourcePtr MakeTombstone(const Resource& before);

}  // namespace tk::view
