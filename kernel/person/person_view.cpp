#include "kernel/person/person_view.h"

#include <algorithm>

#include "kernel/base/file.h"
#include "kernel/person/patient_record.h"
#include "kernel/view/manifest.h"

namespace tk::person {
namespace {

using linkage::EntryView;

constexpr uint32_t kPeopleFormat = 1;
constexpr size_t kPeopleBytesMax = size_t{64} << 30;

enum class ChangeKind : uint8_t { kRecord, kRecordGone, kDecision, kDecisionGone };

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
  for (const fhir::Value extension : linkage["extension"]) {
    if (extension["url"].ToString() != kPersonLinkUrl) continue;
    for (const fhir::Value part : extension["extension"]) {
      if (part["url"].ToString() == "by") decision.manual = part["valueCode"].ToString() != "machine";
    }
  }
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
  switch (due.kind) {
    case ChangeKind::kRecord:
      people_->PutRecord(due.id_hash, due.ordinal, due.packed);
      break;
    case ChangeKind::kRecordGone:
      people_->RemoveRecord(due.id_hash);
      break;
    case ChangeKind::kDecision:
      people_->PutDecision(due.id_hash, due.decision.pairs, due.decision.active, due.decision.manual);
      break;
    case ChangeKind::kDecisionGone:
      people_->RemoveDecision(due.id_hash);
      break;
  }
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

namespace {

template <class T>
void PutRaw(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Reads what PutRaw wrote; past the end everything is 0 and `good` false.
class RawReader {
 public:
  explicit RawReader(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  T Take() {
    T value{};
    if (rest_.size() < sizeof value) {
      good = false;
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view TakePacked() {
    if (rest_.size() < sizeof(uint16_t) || linkage::PackedSize(rest_.data()) > rest_.size()) {
      good = false;
      return {};
    }
    const std::string_view packed = rest_.substr(0, linkage::PackedSize(rest_.data()));
    rest_.remove_prefix(packed.size());
    return packed;
  }
  bool good = true;

 private:
  std::string_view rest_;
};

std::string PrintPeople(const People& people) {
  std::string out;
  uint64_t decisions = 0;
  PutRaw(uint64_t{people.records()}, &out);
  people.ForAll(
      [&](uint64_t hash, uint64_t first, uint64_t ordinal, std::string_view packed) {
        PutRaw(hash, &out);
        PutRaw(first, &out);
        PutRaw(ordinal, &out);
        out.append(packed);
      },
      [&](uint64_t linkage, std::span<const PairOf> pairs, bool active, bool manual) {
        ++decisions;
        PutRaw(linkage, &out);
        PutRaw(static_cast<uint8_t>(pairs.size()), &out);
        PutRaw(static_cast<uint8_t>(active), &out);
        PutRaw(static_cast<uint8_t>(manual), &out);
        for (const PairOf& pair : pairs) PutRaw(pair, &out);
      });
  PutRaw(decisions, &out);
  return out;
}

}  // namespace

Result<view::Mark> PersonView::Save(const std::string& folder, const view::Mark& mark) {
  const std::lock_guard one(save_mutex_);
  view::Manifest manifest;
  manifest.view = std::string(name());
  manifest.mark = mark;
  manifest.mark.format_version = kPeopleFormat;
  std::string bytes;
  {
    const Reading people = Read();
    manifest.mark.t = t_;
    manifest.mark.end_ordinal = end_ordinal_;
    bytes = PrintPeople(*people);
  }
  manifest.numbers = {{"bytes", bytes.size()}, {"crc", Crc32c(AsBytes(bytes))}};
  TRY(WriteFileDurable(folder + "/people", bytes));
  TRY(view::WriteManifest(folder, manifest));
  folder_ = folder;
  saved_bytes_.store(bytes.size());
  return manifest.mark;
}

Status PersonView::LoadPeople(std::string_view bytes) {
  RawReader in(bytes);
  auto people = std::make_unique<People>(model_, rules_);
  const auto records = in.Take<uint64_t>();
  for (uint64_t i = 0; i < records && in.good; ++i) {
    const auto hash = in.Take<uint64_t>();
    const auto first = in.Take<uint64_t>();
    const auto ordinal = in.Take<uint64_t>();
    const std::string_view packed = in.TakePacked();
    if (in.good) people->PutRecord(hash, ordinal, packed, first);
  }
  // How many decisions there are stands behind them.
  uint64_t decisions = 0;
  if (bytes.size() >= sizeof decisions)
    std::memcpy(&decisions, bytes.data() + bytes.size() - sizeof decisions, sizeof decisions);
  std::vector<PairOf> pairs;
  for (uint64_t i = 0; i < decisions && in.good; ++i) {
    const auto linkage = in.Take<uint64_t>();
    pairs.resize(in.Take<uint8_t>());
    const bool active = in.Take<uint8_t>() != 0, manual = in.Take<uint8_t>() != 0;
    for (PairOf& pair : pairs) pair = in.Take<PairOf>();
    if (in.good) people->PutDecision(linkage, pairs, active, manual);
  }
  if (!in.good) return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log");
  people_ = std::move(people);
  return {};
}

Result<view::Mark> PersonView::Load(const std::string& folder, const view::Mark& log_head) {
  const view::Manifest manifest = TRY(view::ReadManifest(folder));
  view::Mark saved = manifest.mark;
  if (saved.format_version != kPeopleFormat)
    return MakeError(ErrorCode::kConflict, "made by another version of the program");
  // Nothing here depends on the definitions.
  saved.definitions_hash = log_head.definitions_hash;
  saved.format_version = log_head.format_version;
  TRY(view::CheckMark(saved, log_head));
  const std::string bytes = TRY(ReadFile(folder + "/people", kPeopleBytesMax));
  if (manifest.numbers.size() != 2 || manifest.numbers[0].second != bytes.size() ||
      manifest.numbers[1].second != Crc32c(AsBytes(bytes)))
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                     folder + "/people");
  const std::lock_guard hold(lock_);
  TRY(LoadPeople(bytes));
  t_ = saved.t;
  end_ordinal_ = saved.end_ordinal;
  folder_ = folder;
  saved_bytes_.store(bytes.size());
  return manifest.mark;
}

void PersonView::Clear() {
  const std::lock_guard hold(lock_);
  people_ = std::make_unique<People>(model_, rules_);
  due_.clear();
  t_ = 0;
  end_ordinal_ = 1;
}

// What the log told of went with its tombstones; what it did not (records that nobody could open) goes by its owner. The file follows with the next
// Save, which the eraser waits for, so it is taken away here.
Status PersonView::Forget(std::span<const view::OwnerNumber> owners) {
  const std::lock_guard one(save_mutex_);
  {
    const std::lock_guard hold(lock_);
    std::vector<uint64_t> gone, linkages;
    for (Row row = 0; row < people_->row_count(); ++row) {
      if (!people_->IsLive(row)) continue;
      const view::OwnerNumber owner = options_.directory->Get(people_->OrdinalOf(row)).owner;
      if (std::binary_search(owners.begin(), owners.end(), owner)) gone.push_back(people_->HashOf(row));
    }
    for (const uint64_t hash : gone) {
      for (const DecisionView& decision : people_->DecisionsOf(people_->Find(hash))) {
        if (people_->HashOf(decision.alternate) == hash) linkages.push_back(decision.linkage);
      }
    }
    for (const uint64_t linkage : linkages) people_->RemoveDecision(linkage);
    for (const uint64_t hash : gone) people_->RemoveRecord(hash);
  }
  if (folder_.empty()) return {};
  TRY(RemoveFile(folder_ + "/manifest"));
  TRY(RemoveFile(folder_ + "/people"));
  return SyncFolder(folder_);
}

size_t PersonView::memory_bytes() const { return Read()->memory().sum(); }
size_t PersonView::disk_bytes() const { return saved_bytes_.load(); }

}  // namespace tk::person
