#include "kernel/person/person_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "kernel/base/file.h"
#include "kernel/person/journal.h"
#include "kernel/person/patient_record.h"
#include "kernel/view/manifest.h"

namespace tk::person {
namespace {

using linkage::EntryView;

// 3: numbers of divisions that never were are weaker; 4: a journal that is written anew, with the age of each record.
constexpr uint32_t kPeopleFormat = 4;
// Rows that are printed while the writer may have to wait for it, and bytes that are written and synced at once.
constexpr size_t kPrintedAtOnce = 256, kWrittenAtOnce = size_t{8} << 20;

using ChangeKind = JournalKind;

class PreparedPerson final : public view::Prepared {
 public:
  ChangeKind kind = ChangeKind::kRecord;
  uint64_t id_hash = 0;      // of the Patient, of the Linkage
  PackedPatientPtr patient;  // null: of a Linkage
  Decision decision;
  std::vector<uint64_t> ids;  // whom it concerns: the Patient, the Linkage's Patients now and before
};

template <class T>
void SortOnce(std::vector<T>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

/// Both sorted.
template <class T>
bool HaveCommon(std::span<const T> a, std::span<const T> b) {
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
    if (*x == *y) return true;
    *x < *y ? ++x : ++y;
  }
  return false;
}

/// "Patient/1" of a reference of ours, without its version; "" of another.
std::string_view PatientOf(std::string_view reference) {
  constexpr std::string_view kPatient = "Patient/";
  if (!reference.starts_with(kPatient)) return {};
  return reference.substr(0, reference.find('/', kPatient.size()));
}

uint64_t HashOfName(const HashKey& key, std::string_view type, std::string_view id) {
  return KeyedHash(key, std::string(type).append(1, '/').append(id));
}

}  // namespace

bool IsPersonLink(fhir::Value element) {
  for (const fhir::Value extension : element["extension"]) {
    if (extension["url"].ToString() == kPersonLinkUrl) return true;
  }
  return false;
}

fhir::Value PartOfPersonLink(fhir::Value resource, std::string_view part) {
  for (const fhir::Value extension : resource["extension"]) {
    if (extension["url"].ToString() != kPersonLinkUrl) continue;
    for (const fhir::Value each : extension["extension"]) {
      if (each["url"].ToString() == part) return each;
    }
  }
  return {};
}

std::optional<Decision> ReadDecision(fhir::Value linkage, const HashKey& key) {
  uint64_t source = 0;
  std::vector<uint64_t> alternates;
  for (const fhir::Value item : linkage["item"]) {
    const std::string reference = item["resource"]["reference"].ToString();
    const std::string type = item["type"].ToString();
    const std::string_view name = PatientOf(reference);
    if (name.empty()) return std::nullopt;
    const uint64_t hash = KeyedHash(key, name);
    if (type == "source" && source == 0)
      source = hash;
    else if (type == "alternate")
      alternates.push_back(hash);
    else
      return std::nullopt;
  }
  if (source == 0 || alternates.empty() || alternates.size() > kPairsMax) return std::nullopt;
  Decision decision;
  for (const uint64_t alternate : alternates) decision.pairs.push_back({source, alternate});
  const fhir::Value active = linkage["active"];
  decision.active = !active.present() || active.IsTrue();
  decision.manual = PartOfPersonLink(linkage, "by")["valueCode"].ToString() != "machine";
  return decision;
}

WriterFirstLock::WriterFirstLock() {
  pthread_rwlockattr_t kind;
  pthread_rwlockattr_init(&kind);
  pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  pthread_rwlock_init(&lock_, &kind);
  pthread_rwlockattr_destroy(&kind);
}

struct PersonView::Due {
  ChangeKind kind;
  uint64_t id_hash;
  view::Ordinal ordinal;
  PackedPatientPtr patient;
  Decision decision;
};

struct PersonView::Ahead {
  struct Slot {
    std::mutex mutex;
    std::weak_ptr<const view::Resource> now;
    const view::Resource* before =
        nullptr;  // compared, never followed: who holds `now` in a change holds it too
    PackedPatientPtr patient;
  };
  Slot& Of(const view::Resource* now) {
    return slots[(reinterpret_cast<uintptr_t>(now) >> 6) * 0x9E3779B97F4A7C15ULL >> 56];
  }
  std::array<Slot, 256> slots;
};

PersonView::PersonView(const PersonViewOptions& options)
    : options_(options),
      model_(options.model != nullptr ? *options.model : linkage::CityModel()),
      rules_(options.rules != nullptr ? *options.rules : linkage::ResidentRules()),
      patient_(options.definitions->FindType("Patient")),
      linkage_(options.definitions->FindType("Linkage")),
      people_(NewPeople()),
      ahead_(std::make_unique<Ahead>()) {}
PersonView::~PersonView() = default;

uint32_t PersonView::format_version() const { return kPeopleFormat; }

std::string PersonView::PackPatient(fhir::Value patient) const {
  std::string packed;
  linkage::Pack(ReadPatientRecord(patient), &packed);
  return packed;
}

std::vector<uint32_t> PersonView::KeysOf(std::string_view packed) const {
  std::vector<linkage::Key> keys;
  linkage::KeysOf(EntryView(packed.data()), model_.passes, &keys);
  std::vector<uint32_t> hashes;
  hashes.reserve(keys.size());
  for (const linkage::Key& key : keys) hashes.push_back(key.hash);
  SortOnce(&hashes);
  return hashes;
}

bool PersonView::MayAffect(const view::Prepared& prepared, std::span<const uint32_t> keys,
                           std::span<const uint64_t> ids) {
  const auto& change = static_cast<const PreparedPerson&>(prepared);
  return (change.patient != nullptr && HaveCommon<uint32_t>(change.patient->keys, keys)) ||
         HaveCommon<uint64_t>(change.ids, ids);
}

PackedPatientPtr PersonView::Pack(const view::Change& change) const {
  const view::Resource* const now = change.now.get();
  const view::Resource* const before = change.before.get();
  auto patient = std::make_shared<PackedPatient>();
  patient->id_hash = HashOfName(options_.hash_key, "Patient", now != nullptr ? now->id : before->id);
  if (now != nullptr && now->op != view::Operation::kDelete) {
    patient->packed = PackPatient(now->document.Root());
    patient->keys = KeysOf(patient->packed);
  }
  if (before != nullptr && before->document.Root()) {
    patient->before = PackPatient(before->document.Root());
    if (patient->before == patient->packed) return patient;
    const std::vector<uint32_t> keys = KeysOf(patient->before);
    patient->keys.insert(patient->keys.end(), keys.begin(), keys.end());
    SortOnce(&patient->keys);
  }
  return patient;
}

PackedPatientPtr PersonView::PackAhead(const view::Change& change) const {
  PackedPatientPtr patient = Pack(change);
  Ahead::Slot& slot = ahead_->Of(change.now.get());
  const std::lock_guard hold(slot.mutex);
  slot.now = change.now;
  slot.before = change.before.get();
  slot.patient = patient;
  return patient;
}

PackedPatientPtr PersonView::TakeAhead(const view::Change& change) const {
  if (change.now == nullptr) return nullptr;
  Ahead::Slot& slot = ahead_->Of(change.now.get());
  const std::lock_guard hold(slot.mutex);
  if (slot.patient == nullptr || slot.before != change.before.get() || slot.now.lock() != change.now)
    return nullptr;
  return std::exchange(slot.patient, nullptr);
}

Result<std::unique_ptr<view::Prepared>> PersonView::Prepare(const view::Change& change) const {
  const view::Resource* const now = change.now.get();
  const view::Resource* const before = change.before.get();
  const view::Resource* const any = now != nullptr ? now : before;
  if (any == nullptr || (any->type != patient_ && any->type != linkage_))
    return std::unique_ptr<view::Prepared>();
  const bool is_there = now != nullptr && now->op != view::Operation::kDelete;
  const bool is_patient = any->type == patient_;
  auto prepared = std::make_unique<PreparedPerson>();
  prepared->id_hash = HashOfName(options_.hash_key, is_patient ? "Patient" : "Linkage", any->id);
  if (is_patient) {
    prepared->kind = is_there ? ChangeKind::kRecord : ChangeKind::kRecordGone;
    prepared->ids = {prepared->id_hash};
    prepared->patient = TakeAhead(change);
    if (prepared->patient == nullptr) prepared->patient = Pack(change);
    return std::unique_ptr<view::Prepared>(std::move(prepared));
  }
  prepared->kind = ChangeKind::kDecisionGone;
  const auto concerns = [&](const Decision& decision) {
    for (const PairOf& pair : decision.pairs) {
      prepared->ids.push_back(pair.source);
      prepared->ids.push_back(pair.alternate);
    }
  };
  if (is_there) {
    if (auto decision = ReadDecision(now->document.Root(), options_.hash_key)) {
      concerns(*decision);
      if (decision->active || decision->manual) {
        prepared->kind = ChangeKind::kDecision;
        prepared->decision = std::move(*decision);
      }
    }
  }
  if (before != nullptr && before->document.Root()) {
    if (const auto decision = ReadDecision(before->document.Root(), options_.hash_key)) concerns(*decision);
  }
  SortOnce(&prepared->ids);
  return std::unique_ptr<view::Prepared>(std::move(prepared));
}

void PersonView::Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) {
  (void)change;
  const auto& one = static_cast<const PreparedPerson&>(prepared);
  due_.push_back({one.kind, one.id_hash, ordinal, one.patient, one.decision});
}

void PersonView::ApplyDue(const Due& due) {
  JournalEntry entry;
  entry.kind = due.kind;
  entry.id_hash = due.id_hash;
  switch (due.kind) {
    case ChangeKind::kBlank:
      return;
    case ChangeKind::kRecord:
      people_->PutRecord(due.id_hash, due.ordinal, due.patient->packed);
      entry.ordinal = due.ordinal;
      entry.first = people_->FirstOf(people_->Find(due.id_hash));
      entry.changed = people_->ChangedOf(people_->Find(due.id_hash));
      entry.packed = due.patient->packed;
      break;
    case ChangeKind::kRecordGone:
      people_->RemoveRecord(due.id_hash);
      break;
    case ChangeKind::kDecision:
      people_->PutDecision(due.id_hash, due.decision.pairs, due.decision.active, due.decision.manual);
      entry.pairs = due.decision.pairs;
      entry.active = due.decision.active;
      entry.manual = due.decision.manual;
      break;
    case ChangeKind::kDecisionGone:
      people_->RemoveDecision(due.id_hash);
      break;
  }
  if (is_journaled_) PrintJournal(entry, &unsaved_);
}

void PersonView::Publish(uint64_t t, view::Ordinal end_ordinal) {
  // The decision about a record before the record: so its person is worked out once, with it.
  for (size_t i = 0; i + 1 < due_.size(); ++i) {
    const Due &record = due_[i], &decision = due_[i + 1];
    if (record.kind == ChangeKind::kRecord && decision.kind == ChangeKind::kDecision &&
        decision.decision.pairs.front().alternate == record.id_hash)
      std::swap(due_[i], due_[i + 1]);
  }
  for (size_t i = 0; i < due_.size();) {
    const std::lock_guard hold(lock_);
    for (const size_t end = std::min(due_.size(), i + kAppliedAtOnce); i < end; ++i) ApplyDue(due_[i]);
  }
  due_.clear();
  const std::lock_guard hold(lock_);
  t_ = t;
  end_ordinal_ = end_ordinal;
}

std::unique_ptr<People> PersonView::NewPeople() const {
  auto people = std::make_unique<People>(model_, rules_);
  people->MergeBeside();
  return people;
}

bool PersonView::Maintain() {
  std::optional<linkage::Postings::Due> due = Read()->DueMerge();
  if (!due) return false;
  auto merged = std::make_shared<const linkage::PostingRun>(linkage::MergeRuns(*due->older, *due->newer));
  // Those that it is put in place of go when nobody waits.
  const std::lock_guard hold(lock_);
  people_->PutMerged(*due, std::move(merged));
  return true;
}

bool PersonView::IsToBeWrittenAnew(const std::string& folder) const {
  const Reading people = Read();
  if (!is_journaled_ || folder != folder_) return true;
  const size_t live = people->records() * RecordPieceBytes(0) + people->packed_bytes() +
                      people->decision_pairs() * DecisionPieceBytes(1);
  return saved_bytes_ + unsaved_.size() > 2 * live + options_.journal_bytes_min;
}

void PersonView::PrintRecords(Row begin, Row end, std::string* out) const {
  const Reading people = Read();
  JournalEntry entry;
  entry.kind = ChangeKind::kRecord;
  std::string room;
  for (Row row = begin; row < end; ++row) {
    if (!people->IsLive(row)) continue;
    entry.id_hash = people->HashOf(row);
    entry.ordinal = people->OrdinalOf(row);
    entry.first = people->FirstOf(row);
    entry.changed = people->ChangedOf(row);
    entry.packed = people->BytesOf(row, &room);
    PrintJournal(entry, out);
  }
}

void PersonView::PrintDecisions(size_t begin, size_t end, std::string* out) const {
  const Reading people = Read();
  KeptDecision kept;
  JournalEntry entry;
  entry.kind = ChangeKind::kDecision;
  for (size_t place = begin; place < end; ++place) {
    if (!people->DecisionAt(place, &kept)) continue;
    entry.id_hash = kept.linkage;
    entry.pairs = kept.pairs;
    entry.active = kept.active;
    entry.manual = kept.manual;
    PrintJournal(entry, out);
  }
}

// What is live goes piece by piece into another file; what changes meanwhile is noted behind it, so that whatever a piece missed, or told too early, is
// said last.
Result<uint64_t> PersonView::WriteAnew(const std::string& path) {
  size_t rows = 0, places = 0;
  {
    const std::lock_guard hold(lock_);
    unsaved_.clear();
    is_journaled_ = true;
    rows = people_->row_count();
    places = people_->decision_places();
  }
  TRY(Probe("begun"));
  uint64_t size = 0;
  std::string bytes;
  const auto write = [&]() -> Status {
    TRY(AppendToJournal(path, size, bytes));
    size += bytes.size();
    bytes.clear();
    return Probe("piece");
  };
  for (size_t at = 0; at < rows; at += kPrintedAtOnce) {
    PrintRecords(static_cast<Row>(at), static_cast<Row>(std::min(rows, at + kPrintedAtOnce)), &bytes);
    if (bytes.size() >= kWrittenAtOnce) TRY(write());
  }
  for (size_t at = 0; at < places; at += kPrintedAtOnce) {
    PrintDecisions(at, std::min(places, at + kPrintedAtOnce), &bytes);
    if (bytes.size() >= kWrittenAtOnce) TRY(write());
  }
  TRY(write());
  TRY(Probe("written"));
  return size;
}

// What comes from now on is not noted: the next Save finds it in People.
void PersonView::EndJournal() {
  const std::lock_guard hold(lock_);
  is_journaled_ = false;
  unsaved_ = std::string();
}

Result<view::Mark> PersonView::Save(const std::string& folder, const view::Mark& mark) {
  const std::lock_guard one(save_mutex_);
  if (!is_usable_) return mark;  // nothing to lose
  former_ = nullptr;
  if (!IsToBeWrittenAnew(folder)) return AppendAndName(folder, mark, journal_, saved_bytes_);
  const uint64_t number = ++last_journal_;
  auto size = WriteAnew(JournalPath(folder, number));
  auto saved = size.ok() ? AppendAndName(folder, mark, number, *size) : Result<view::Mark>(size.TakeError());
  if (!saved.ok()) {
    EndJournal();
    return saved;
  }
  (void)RemoveOtherJournals(folder,
                            number);  // what cannot be removed now goes at the next erasure at the latest
  return saved;
}

// What is not saved yet behind the `size` bytes of a journal, and the manifest that names it.
Result<view::Mark> PersonView::AppendAndName(const std::string& folder, const view::Mark& mark,
                                             uint64_t number, uint64_t size) {
  view::Manifest manifest;
  manifest.view = std::string(name());
  manifest.mark = mark;
  manifest.mark.format_version = kPeopleFormat;
  std::string bytes;
  {
    const std::lock_guard hold(lock_);
    manifest.mark.t = t_;
    manifest.mark.end_ordinal = end_ordinal_;
    manifest.numbers = {{"records", people_->records()}, {"pairs", people_->decision_pairs()}};
    bytes.swap(unsaved_);
  }
  manifest.numbers.insert(manifest.numbers.begin(), {{"journal", number}, {"bytes", size + bytes.size()}});
  Status saved = AppendToJournal(JournalPath(folder, number), size, bytes);
  if (saved.ok()) saved = Probe("appended");
  if (saved.ok()) saved = view::WriteManifest(folder, manifest);
  if (saved.ok()) saved = Probe("named");
  if (!saved.ok()) {
    const std::lock_guard hold(lock_);
    unsaved_.insert(0, bytes);  // what came meanwhile stands behind it
    return saved.TakeError();
  }
  folder_ = folder;
  journal_ = number;
  saved_bytes_ = size + bytes.size();
  return manifest.mark;
}

Result<view::Mark> PersonView::Load(const std::string& folder, const view::Mark& log_head) {
  const std::lock_guard one(save_mutex_);
  folder_ = folder;
  auto loaded = LoadSaved(folder, log_head);
  is_usable_ = loaded.ok();
  return loaded;
}

Result<view::Mark> PersonView::LoadSaved(const std::string& folder, const view::Mark& log_head) {
  const view::Manifest manifest = TRY(view::ReadManifest(folder));
  view::Mark saved = manifest.mark;
  if (saved.format_version != kPeopleFormat)
    return MakeError(ErrorCode::kConflict, "made by another version of the program");
  // Nothing here depends on the definitions.
  saved.definitions_hash = log_head.definitions_hash;
  saved.format_version = log_head.format_version;
  TRY(view::CheckMark(saved, log_head));
  const auto& numbers = manifest.numbers;
  // More pairs and records than have room in the file are none of ours.
  if (numbers.size() != 4 || numbers[2].second + numbers[3].second > numbers[1].second)
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log", folder);
  const uint64_t journal = numbers[0].second, size = numbers[1].second;
  auto people = NewPeople();
  TRY(LoadPeople(JournalPath(folder, journal), size, numbers[2].second, numbers[3].second,
                 std::max(1U, std::thread::hardware_concurrency()), people.get()));
  const std::lock_guard hold(lock_);
  people_ = std::move(people);
  t_ = saved.t;
  end_ordinal_ = saved.end_ordinal;
  unsaved_.clear();
  is_journaled_ = true;
  journal_ = last_journal_ = journal;
  saved_bytes_ = size;
  (void)RemoveOtherJournals(folder, journal);
  return manifest.mark;
}

void PersonView::RemoveFiles() {
  journal_ = saved_bytes_ = 0;
  if (folder_.empty()) return;
  (void)RemoveFile(folder_ + "/manifest");
  (void)RemoveOtherJournals(folder_, 0);
}

void PersonView::Clear() {
  const std::lock_guard one(save_mutex_);
  RemoveFiles();  // what cannot be used may hold what is erased meanwhile
  EndJournal();
  const std::lock_guard hold(lock_);
  people_ = NewPeople();
  due_.clear();
  t_ = 0;
  end_ordinal_ = 1;
  is_usable_ = true;
}

view::Standing PersonView::standing() const {
  return is_usable_ ? view::Standing::kSound : view::Standing::kUnusable;
}

Status PersonView::CheckUsable() const {
  if (is_usable_) return {};
  return MakeError(
      ErrorCode::kUnavailable,
      fmt::format("The person index is being built, {} % are done: Patients can be read, but not "
                  "yet matched, written or joined. Try again later.",
                  reached_.load(std::memory_order_relaxed)));
}

Result<view::View*> PersonView::BeginRebuild() {
  auto fresh = std::make_unique<PersonView>(options_);
  reached_ = 0;
  const std::lock_guard hold(next_mutex_);
  next_ = std::move(fresh);
  return next_.get();
}

void PersonView::RebuildReached(view::Ordinal at, view::Ordinal end) {
  reached_.store(end == 0 ? 0 : at * 100 / end, std::memory_order_relaxed);
}

void PersonView::SwitchOver() {
  const std::lock_guard one(save_mutex_);  // nobody saves or erases now (view/rebuild.h)
  const std::lock_guard next(next_mutex_);
  CHECK(next_ != nullptr && due_.empty());
  EndJournal();
  const std::lock_guard hold(lock_);
  former_ = std::exchange(people_, std::move(next_->people_));
  t_ = next_->t_;
  end_ordinal_ = next_->end_ordinal_;
  next_ = nullptr;
  is_usable_ = true;
}

void PersonView::DropRebuild() {
  const std::lock_guard hold(next_mutex_);
  next_ = nullptr;
}

// What the log told of went with its tombstones; what it did not (records that nobody could open) goes by its owner. Then nothing that is saved, or
// about to be, may hold a packed record of one who is no more.
Status PersonView::Forget(std::span<const view::OwnerNumber> owners) {
  const std::lock_guard one(save_mutex_);
  former_ = nullptr;
  for (Ahead::Slot& slot : ahead_->slots) {
    const std::lock_guard hold(slot.mutex);
    slot.patient = nullptr;
  }
  if (!is_usable_) RemoveFiles();
  std::vector<uint64_t> live;
  {
    const std::lock_guard hold(lock_);
    std::vector<uint64_t> gone;
    for (Row row = 0; row < people_->row_count(); ++row) {
      if (!people_->IsLive(row)) continue;
      const view::OwnerNumber owner = options_.directory->Get(people_->OrdinalOf(row)).owner;
      (std::binary_search(owners.begin(), owners.end(), owner) ? gone : live).push_back(people_->HashOf(row));
    }
    for (const uint64_t hash : gone) RemoveWithDecisions(hash);
    unsaved_ = WithoutGone(unsaved_);
  }
  if (folder_.empty()) return {};
  TRY(RemoveOtherJournals(folder_, journal_));
  if (saved_bytes_ == 0) return {};
  const std::string path = JournalPath(folder_, journal_);
  std::sort(live.begin(), live.end());
  TRY(AppendToJournal(path, saved_bytes_, {}));  // cuts what a Save that failed left behind
  return BlankJournal(path, saved_bytes_,
                      [&](uint64_t hash) { return !std::binary_search(live.begin(), live.end(), hash); });
}

// Decisions about a record that was joined to another are its own, and go with it.
void PersonView::RemoveWithDecisions(uint64_t hash) {
  std::vector<uint64_t> linkages;
  for (const DecisionView& decision : people_->DecisionsOf(people_->Find(hash))) {
    if (people_->HashOf(decision.alternate) == hash) linkages.push_back(decision.linkage);
  }
  for (const uint64_t linkage : linkages) ApplyDue({ChangeKind::kDecisionGone, linkage, 0, nullptr, {}});
  ApplyDue({ChangeKind::kRecordGone, hash, 0, nullptr, {}});
}

std::string PersonView::WithoutGone(std::string_view journal) const {
  std::string kept;
  (void)ForJournal(journal, [&](const JournalEntry& entry) -> Status {
    const Row row = people_->Find(entry.id_hash);
    const bool is_gone = entry.kind == JournalKind::kRecord && (row == kNoRow || !people_->IsLive(row));
    if (!is_gone) PrintJournal(entry, &kept);
    return {};
  });
  return kept;
}

size_t PersonView::memory_bytes() const {
  size_t next = 0;
  {
    const std::lock_guard hold(next_mutex_);
    if (next_ != nullptr) next = next_->memory_bytes();
  }
  const Reading people = Read();
  return people->memory().sum() + unsaved_.capacity() + next;
}
size_t PersonView::disk_bytes() const {
  const std::lock_guard one(save_mutex_);
  return saved_bytes_;
}

}  // namespace tk::person
