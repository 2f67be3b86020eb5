#include "kernel/person/person_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/file.h"
#include "kernel/person/journal.h"
#include "kernel/person/patient_record.h"
#include "kernel/view/manifest.h"

namespace tk::person {
namespace {

using linkage::EntryView;

constexpr uint32_t kPeopleFormat = 3;  // 3: numbers of divisions that never were are weaker

using ChangeKind = JournalKind;

class PreparedPerson final : public view::Prepared {
 public:
  ChangeKind kind = ChangeKind::kRecord;
  uint64_t id_hash = 0;        // of the Patient, of the Linkage
  std::string packed;          // of the Patient
  std::vector<uint32_t> keys;  // of the Patient as he is and as he was
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
  std::string packed;
  Decision decision;
};

PersonView::PersonView(const PersonViewOptions& options)
    : options_(options),
      model_(options.model != nullptr ? *options.model : linkage::CityModel()),
      rules_(options.rules != nullptr ? *options.rules : linkage::ResidentRules()),
      patient_(options.definitions->FindType("Patient")),
      linkage_(options.definitions->FindType("Linkage")),
      people_(std::make_unique<People>(model_, rules_)) {}
PersonView::~PersonView() = default;

uint32_t PersonView::format_version() const { return kPeopleFormat; }

std::string PersonView::JournalIn(const std::string& folder) const {
  return fmt::format("{}/changes-{}", folder, journal_);
}

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
  return HaveCommon<uint32_t>(change.keys, keys) || HaveCommon<uint64_t>(change.ids, ids);
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
    if (is_there) {
      prepared->packed = PackPatient(now->document.Root());
      prepared->keys = KeysOf(prepared->packed);
    }
    if (before != nullptr && before->document.Root()) {
      const std::vector<uint32_t> keys = KeysOf(PackPatient(before->document.Root()));
      prepared->keys.insert(prepared->keys.end(), keys.begin(), keys.end());
      SortOnce(&prepared->keys);
    }
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
      prepared->kind = ChangeKind::kDecision;
      concerns(*decision);
      prepared->decision = std::move(*decision);
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
  due_.push_back({one.kind, one.id_hash, ordinal, one.packed, one.decision});
}

void PersonView::ApplyDue(const Due& due) {
  JournalEntry entry;
  entry.kind = due.kind;
  entry.id_hash = due.id_hash;
  switch (due.kind) {
    case ChangeKind::kBlank:
      return;
    case ChangeKind::kRecord:
      people_->PutRecord(due.id_hash, due.ordinal, due.packed);
      entry.ordinal = due.ordinal;
      entry.first = people_->FirstOf(people_->Find(due.id_hash));
      entry.packed = due.packed;
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
  PrintJournal(entry, &unsaved_);
}

void PersonView::Publish(uint64_t t, view::Ordinal end_ordinal) {
  for (size_t i = 0; i < due_.size();) {
    const std::lock_guard hold(lock_);
    for (const size_t end = std::min(due_.size(), i + kAppliedAtOnce); i < end; ++i) ApplyDue(due_[i]);
  }
  due_.clear();
  const std::lock_guard hold(lock_);
  t_ = t;
  end_ordinal_ = end_ordinal;
}

Result<view::Mark> PersonView::Save(const std::string& folder, const view::Mark& mark) {
  const std::lock_guard one(save_mutex_);
  if (folder_ != folder) saved_bytes_ = 0;
  view::Manifest manifest;
  manifest.view = std::string(name());
  manifest.mark = mark;
  manifest.mark.format_version = kPeopleFormat;
  std::string bytes;
  {
    const std::lock_guard hold(lock_);
    manifest.mark.t = t_;
    manifest.mark.end_ordinal = end_ordinal_;
    bytes.swap(unsaved_);
  }
  Status saved = AppendToJournal(JournalIn(folder), saved_bytes_, bytes);
  const uint64_t size = saved_bytes_ + bytes.size();
  manifest.numbers = {{"journal", journal_}, {"bytes", size}};
  if (saved.ok()) saved = view::WriteManifest(folder, manifest);
  if (!saved.ok()) {
    const std::lock_guard hold(lock_);
    unsaved_.insert(0, bytes);  // what came meanwhile stands behind it
    return saved.TakeError();
  }
  folder_ = folder;
  saved_bytes_ = size;
  return manifest.mark;
}

Status PersonView::LoadPeople(const std::string& path, uint64_t size) {
  auto people = std::make_unique<People>(model_, rules_);
  people->BeginMany();
  TRY(ReadJournal(path, size, [&](const JournalEntry& entry) -> Status {
    switch (entry.kind) {
      case JournalKind::kBlank:
        break;
      case JournalKind::kRecord:
        people->PutRecord(entry.id_hash, entry.ordinal, entry.packed, entry.first);
        break;
      case JournalKind::kRecordGone:
        people->RemoveRecord(entry.id_hash);
        break;
      case JournalKind::kDecision:
        people->PutDecision(entry.id_hash, entry.pairs, entry.active, entry.manual);
        break;
      case JournalKind::kDecisionGone:
        people->RemoveDecision(entry.id_hash);
        break;
    }
    return {};
  }));
  people->EndMany();
  people->Settle();
  people_ = std::move(people);
  return {};
}

Result<view::Mark> PersonView::Load(const std::string& folder, const view::Mark& log_head) {
  const std::lock_guard one(save_mutex_);
  folder_ = folder;
  saved_bytes_ = 0;
  const view::Manifest manifest = TRY(view::ReadManifest(folder));
  view::Mark saved = manifest.mark;
  if (saved.format_version != kPeopleFormat)
    return MakeError(ErrorCode::kConflict, "made by another version of the program");
  // Nothing here depends on the definitions.
  saved.definitions_hash = log_head.definitions_hash;
  saved.format_version = log_head.format_version;
  TRY(view::CheckMark(saved, log_head));
  if (manifest.numbers.size() != 2)
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log", folder);
  journal_ = manifest.numbers[0].second;
  const uint64_t size = manifest.numbers[1].second;
  const std::lock_guard hold(lock_);
  TRY(LoadPeople(JournalIn(folder), size));
  t_ = saved.t;
  end_ordinal_ = saved.end_ordinal;
  unsaved_.clear();
  saved_bytes_ = size;
  return manifest.mark;
}

void PersonView::Clear() {
  const std::lock_guard one(save_mutex_);
  // What cannot be used may hold what is erased meanwhile; who cannot remove it now cuts it with the next Save.
  if (!folder_.empty()) {
    (void)RemoveFile(folder_ + "/manifest");
    (void)RemoveFile(JournalIn(folder_));
  }
  const std::lock_guard hold(lock_);
  people_ = std::make_unique<People>(model_, rules_);
  due_.clear();
  unsaved_.clear();
  saved_bytes_ = 0;
  t_ = 0;
  end_ordinal_ = 1;
}

// What the log told of went with its tombstones; what it did not (records that nobody could open) goes by its owner. Then nothing that is saved, or
// about to be, may hold a packed record of one who is no more.
Status PersonView::Forget(std::span<const view::OwnerNumber> owners) {
  const std::lock_guard one(save_mutex_);
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
  if (folder_.empty() || saved_bytes_ == 0) return {};
  std::sort(live.begin(), live.end());
  TRY(AppendToJournal(JournalIn(folder_), saved_bytes_, {}));  // cuts what a Save that failed left behind
  return BlankJournal(JournalIn(folder_), saved_bytes_,
                      [&](uint64_t hash) { return !std::binary_search(live.begin(), live.end(), hash); });
}

// Decisions about a record that was joined to another are its own, and go with it.
void PersonView::RemoveWithDecisions(uint64_t hash) {
  std::vector<uint64_t> linkages;
  for (const DecisionView& decision : people_->DecisionsOf(people_->Find(hash))) {
    if (people_->HashOf(decision.alternate) == hash) linkages.push_back(decision.linkage);
  }
  for (const uint64_t linkage : linkages) ApplyDue({ChangeKind::kDecisionGone, linkage, 0, {}, {}});
  ApplyDue({ChangeKind::kRecordGone, hash, 0, {}, {}});
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
  const Reading people = Read();
  return people->memory().sum() + unsaved_.capacity();
}
size_t PersonView::disk_bytes() const {
  const std::lock_guard one(save_mutex_);
  return saved_bytes_;
}

}  // namespace tk::person
