#include "kernel/interaction/watch_mirrors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "kernel/fhir/patch.h"
#include "kernel/interaction/conditional.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/person_reviews.h"
#include "kernel/interaction/write.h"
#include "kernel/person/person_view.h"
#include "kernel/rules/watch_view.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kMirrorId = "mirror-";
constexpr size_t kVersionsMax = 10'000;
constexpr std::string_view kNumberSystems = "http://tongkang.dev/fhir/sid/";
constexpr size_t kReturnedMax = 100;

class Mirroring {
 public:
  Mirroring(const Room& room, const view::Position& basis, view::ChangeSet* set)
      : room_(room), basis_(basis), set_(set) {}

  /// By place: what is added is looked at too.
  Status Run() {
    for (size_t i = 0; i < set_->changes.size(); ++i) {
      const view::ResourcePtr now = set_->changes[i].now;
      if (now == nullptr || now->type == fhir::kNoType) continue;
      if (now->type == room_.context.watch->entry_type()) {
        TRY(Follow(*now));
        TRY(KeepNumbers(i));
      }
      if (now->type != room_.context.persons->patient()) continue;
      if (now->op == view::Operation::kDelete) {
        TRY(OfGone(*now));
      } else {
        TRY(OfPatient(*now));
        TRY(OfReturned(*now));
      }
    }
    return {};
  }

  Status Move(uint64_t record) {
    for (const Mirrored& each : TRY(MirroredOf(record))) {
      if (each.there->document.Root()["status"].ToString() == "active") TRY(Turn(each));
    }
    return {};
  }

  /// Whom the entries about the record mean, once a person has said of it and the other one what `same` tells.
  Status Settle(uint64_t record, uint64_t other, bool same) {
    for (const Mirrored& each : TRY(MirroredOf(record))) {
      const fhir::Value there = each.there->document.Root();
      if (!AreOne(rules::PatientOfReference(there["subject"], room_.engine().hash_key()), other)) continue;
      // Held apart from whom it was one with, it is still whom the entry means if it is whom it named.
      const bool is_left =
          !same && !room_.facts->records().IsStill(record, BegunAt(each.meant.current.id_hash));
      TRY(is_left ? Turn(each) : End(each.mirror, there));
    }
    return {};
  }

 private:
  struct Meant {
    Current current;
    view::ResourcePtr entry;
  };

  /// Whoever sends it again does not know that the record is another's: it means whom it meant first.
  view::Ordinal BegunAt(uint64_t entry) const {
    const auto versions = room_.directory().Versions(entry, basis_, kVersionsMax);
    return versions.empty() ? 0 : versions.back().ordinal;
  }

  struct Mirrored {
    Meant meant;
    Current mirror;
    view::ResourcePtr there;  // the mirror
  };

  /// The entries about the record that have a mirror.
  Result<std::vector<Mirrored>> MirroredOf(uint64_t record) const {
    std::vector<Mirrored> found;
    for (const rules::WatchedEntry& listed : room_.context.watch->EntriesOf({&record, 1})) {
      auto meant = TRY(ReadStanding(listed));
      if (!meant) continue;
      const Current mirror = Stored(MirrorIdOf(room_, meant->entry->id));
      if (!mirror.exists()) continue;
      auto there = room_.engine().Read(mirror.version.ordinal);
      if (!there.ok() && there.error().code == ErrorCode::kGone) continue;  // with whom it named
      found.push_back({std::move(*meant), mirror, TRY(std::move(there))});
    }
    return found;
  }

  /// The entry is about whom its mirror names.
  Status Turn(const Mirrored& each) {
    return AddPatched(room_, each.meant.current,
                      fmt::format(R"([{{"op":"replace","path":"/subject","value":{}}}])",
                                  each.there->document.Root()["subject"].Json()),
                      set_);
  }

  Status End(const Current& mirror, fhir::Value there) {
    if (there["status"].ToString() != "active") return {};
    return AddPatched(room_, mirror, R"([{"op":"replace","path":"/status","value":"ended"}])", set_);
  }

  bool AreOne(uint64_t a, uint64_t b) const {
    if (a == b) return true;
    const auto people = room_.context.persons->Read();
    const person::Row one = people->Find(a), other = people->Find(b);
    return one != person::kNoRow && other != person::kNoRow && people->IsSamePerson(one, other);
  }

  Current Stored(const std::string& id) const {
    Current current;
    current.id_hash = room_.engine().IdHash(rules::kWatchEntryType, id);
    current.version = room_.directory().Current(current.id_hash, basis_);
    return current;
  }

  bool IsWritten(uint64_t entry) const {
    return std::any_of(set_->changes.begin(), set_->changes.end(), [&](const view::Change& change) {
      return change.now != nullptr && change.now->type == room_.context.watch->entry_type() &&
             room_.engine().IdHash(rules::kWatchEntryType, change.now->id) == entry;
    });
  }

  /// The entries about the record that mean who it was, if this is who it is.
  Result<std::vector<Meant>> MeantBefore(uint64_t record, fhir::Value patient) const {
    std::vector<Meant> meant;
    const auto entries = room_.context.watch->EntriesOf({&record, 1});
    if (entries.empty()) return meant;
    const std::string packed = room_.context.persons->PackPatient(patient);
    for (const rules::WatchedEntry& entry : entries) {
      if (IsWritten(entry.entry) || !room_.facts->records().WouldBecome(record, packed, entry.ordinal))
        continue;
      if (auto read = TRY(ReadStanding(entry))) meant.push_back(std::move(*read));
    }
    return meant;
  }

  /// Nothing if it was written, or erased, meanwhile.
  Result<std::optional<Meant>> ReadStanding(const rules::WatchedEntry& entry) const {
    Current current;
    current.id_hash = entry.entry;
    current.version = room_.directory().Current(entry.entry, basis_);
    if (current.version.ordinal != entry.ordinal) return std::optional<Meant>();
    auto read = room_.engine().Read(entry.ordinal);
    if (!read.ok() && read.error().code == ErrorCode::kGone) return std::optional<Meant>();
    return std::optional<Meant>(Meant{current, TRY(std::move(read))});
  }

  Status OfPatient(const view::Resource& now) {
    const uint64_t record = room_.engine().IdHash("Patient", now.id);
    for (const Meant& meant : TRY(MeantBefore(record, now.document.Root()))) {
      const std::string partner = TRY(PartnerOf(record));
      if (partner.empty()) return {};
      TRY(Write(*meant.entry, fmt::format(R"({{"reference":"{}"}})", partner), {}));
    }
    return {};
  }

  /// Keyed, so that they tell nobody the numbers; upper case, as people write them either way.
  std::vector<std::string> NumbersOf(fhir::Value patient) const {
    std::vector<std::string> numbers;
    for (const fhir::Value identifier : patient["identifier"]) {
      const std::string system = identifier["system"].ToString();
      std::string value = identifier["value"].ToString();
      if (!system.starts_with(kNumberSystems) || value.empty()) continue;
      std::transform(value.begin(), value.end(), value.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      const std::string whole = fmt::format("watch-gone|{}|{}", system, value);
      numbers.push_back(
          fmt::format("{:016x}{:016x}", room_.engine().KeyOf(whole), room_.engine().KeyOf(whole + "|2")));
    }
    return numbers;
  }

  /// The step that makes the entry keep these numbers beside its own identifiers.
  static std::string NumbersPatch(fhir::Value entry, const std::vector<std::string>& numbers) {
    std::string list;
    for (const fhir::Value identifier : entry["identifier"]) {
      if (identifier["system"].ToString() != kGoneSystem) list += std::string(identifier.Json()) + ",";
    }
    for (const std::string& number : numbers)
      list += fmt::format(R"({{"system":"{}","value":"{}"}},)", kGoneSystem, number);
    list.pop_back();
    return fmt::format(R"([{{"op":"add","path":"/identifier","value":[{}]}}])", list);
  }

  /// A record is deleted: the entries that name it keep by which numbers he is known when he comes again.
  Status OfGone(const view::Resource& now) {
    const uint64_t record = room_.engine().IdHash("Patient", now.id);
    const auto entries = room_.context.watch->EntriesOf({&record, 1});
    const auto current = room_.directory().Current(record, basis_);
    if (entries.empty() || current.ordinal == 0 || current.deleted) return {};
    const view::ResourcePtr before = TRY(room_.engine().Read(current.ordinal));
    const std::vector<std::string> numbers = NumbersOf(before->document.Root());
    for (const rules::WatchedEntry& entry : entries) {
      if (numbers.empty() || IsWritten(entry.entry)) continue;
      const auto meant = TRY(ReadStanding(entry));
      if (!meant) continue;
      TRY(AddPatched(room_, meant->current, NumbersPatch(meant->entry->document.Root(), numbers), set_));
    }
    return {};
  }

  /// An entry about a deleted record is written: its source does not know of the numbers.
  Status KeepNumbers(size_t place) {
    const view::ResourcePtr now = set_->changes[place].now;
    if (now->op == view::Operation::kDelete || !now->document.Root().present()) return {};
    const uint64_t record =
        rules::PatientOfReference(now->document.Root()["subject"], room_.engine().hash_key());
    if (record == 0 || !room_.directory().Current(record, basis_).deleted) return {};
    for (const auto& version : room_.directory().Versions(record, basis_, kVersionsMax)) {
      if (version.deleted) continue;
      const auto stood = room_.engine().Read(version.ordinal);
      if (!stood.ok() && stood.error().code == ErrorCode::kGone) return {};
      if (!stood.ok()) return stood.error();
      const std::vector<std::string> numbers = NumbersOf((*stood)->document.Root());
      if (numbers.empty()) return {};
      const fhir::Value root = now->document.Root();
      const fhir::Document patch = TRY(fhir::Document::Parse(NumbersPatch(root, numbers)));
      set_->changes[place].now = TRY(view::MakeResource(
          *room_.definitions, TRY(fhir::ApplyJsonPatch(root, patch.Root())), now->version, now->op));
      return {};
    }
    return {};
  }

  /// A record comes with a number of somebody whose record was deleted while he was listed: it is he.
  Status OfReturned(const view::Resource& now) {
    if (room_.directory().LiveCount(room_.context.watch->entry_type()) == 0) return {};
    std::string numbers;
    for (const std::string& number : NumbersOf(now.document.Root()))
      numbers += fmt::format("{}{}%7C{}", numbers.empty() ? "" : ",", kGoneSystem, number);
    if (numbers.empty()) return {};
    auto query = std::make_shared<search::Query>(
        TRY(search::ParseQuery(room_.index().definitions(), room_.context.watch->entry_type(),
                               "status=active&identifier=" + numbers, {})));
    search::PageRequest request;
    request.position = basis_;
    request.count = kReturnedMax;
    request.read = [this](view::Ordinal ordinal) { return room_.engine().Read(ordinal); };
    const search::Page page = TRY(room_.index().Search(*query, request));
    set_->guards.push_back(ConditionGuard(room_, std::move(query)));
    for (const view::Ordinal ordinal : page.ordinals) {
      auto entry = room_.engine().Read(ordinal);
      if (!entry.ok() && entry.error().code == ErrorCode::kGone) continue;
      if (!entry.ok()) return entry.error();
      if (IsOfThis(**entry, now)) continue;
      TRY(Write(**entry, fmt::format(R"({{"reference":"Patient/{}"}})", now.id), {}));
    }
    return {};
  }
  /// It names this record itself, or it is a mirror, whose entry is found as well; or it is written now.
  bool IsOfThis(const view::Resource& entry, const view::Resource& patient) const {
    return entry.id.starts_with(kMirrorId) ||
           IsWritten(room_.engine().IdHash(rules::kWatchEntryType, entry.id)) ||
           IsWritten(room_.engine().IdHash(rules::kWatchEntryType, MirrorIdOf(room_, entry.id))) ||
           entry.document.Root()["subject"]["reference"].ToString() == "Patient/" + patient.id;
  }

  /// "Patient/2": one who is one person with the record and not written now; "": none.
  Result<std::string> PartnerOf(uint64_t record) const {
    view::Ordinal ordinal = 0;
    {
      const auto people = room_.context.persons->Read();
      const person::Row row = people->Find(record);
      if (row == person::kNoRow) return std::string();
      for (const person::Row member : people->MembersOf(row)) {
        if (member != row && people->IsLive(member) && !IsPatientWritten(people->HashOf(member)))
          ordinal = people->OrdinalOf(member);
      }
    }
    if (ordinal == 0) return std::string();
    const auto text = room_.engine().OpenText(ordinal);
    if (!text.ok() && text.error().code == ErrorCode::kGone) return std::string();
    if (!text.ok()) return text.error();
    return "Patient/" + (*text)->header.id;
  }

  bool IsPatientWritten(uint64_t record) const {
    return std::any_of(set_->changes.begin(), set_->changes.end(), [&](const view::Change& change) {
      return change.now != nullptr && change.now->type == room_.context.persons->patient() &&
             room_.engine().IdHash("Patient", change.now->id) == record;
    });
  }

  /// An entry was written: its mirror, if there is one, goes with it.
  Status Follow(const view::Resource& entry) {
    const Current mirror = Stored(MirrorIdOf(room_, entry.id));
    if (!mirror.exists() || IsWritten(mirror.id_hash)) return {};
    const auto there = TRY(room_.engine().Read(mirror.version.ordinal));
    const fhir::Value root = there->document.Root(), now = entry.document.Root();
    const bool ends = entry.op == view::Operation::kDelete || !now.present() ||
                      now["subject"]["reference"].ToString() == root["subject"]["reference"].ToString();
    if (ends) return End(mirror, root);
    // A person's answer ended it: the list goes on with the entry alone.
    if (root["status"].ToString() != "active" && TRY(WasActive(entry))) return {};
    return Write(entry, std::string(root["subject"].Json()), mirror);
  }

  /// Before it is written now.
  Result<bool> WasActive(const view::Resource& entry) const {
    const Current before = Stored(entry.id);
    if (!before.exists()) return false;
    const auto read = TRY(room_.engine().Read(before.version.ordinal));
    return read->document.Root()["status"].ToString() == "active";
  }

  /// The mirror as the entry is, about `subject` (JSON).
  Status Write(const view::Resource& entry, const std::string& subject, Current mirror) {
    const std::string id = MirrorIdOf(room_, entry.id);
    if (!mirror.exists()) mirror = Stored(id);
    const fhir::Value root = entry.document.Root();
    std::string steps = fmt::format(
        R"([{{"op":"add","path":"/id","value":"{}"}},{{"op":"add","path":"/subject","value":{}}},{{"op":"add","path":"/evidence","value":[{{"reference":"WatchEntry/{}"}}]}})",
        id, subject, entry.id);
    // What comes again with the number of its source is the entry, not its mirror.
    if (root["identifier"].present()) steps += R"(,{"op":"remove","path":"/identifier"})";
    steps += ']';
    const fhir::Document patch = TRY(fhir::Document::Parse(steps));
    fhir::Document document = TRY(fhir::ApplyJsonPatch(root, patch.Root()));
    if (mirror.version.ordinal == 0) return AddMade(room_, std::string(document.Text()), set_);
    return AddWrite(room_, mirror,
                    TRY(view::MakeResource(*room_.definitions, std::move(document),
                                           mirror.version.version + 1, view::Operation::kUpdate)),
                    set_, true);
  }

  const Room& room_;
  const view::Position basis_;
  view::ChangeSet* const set_;
};

bool HasMirrors(const Room& room) {
  return room.context.watch != nullptr && room.context.persons != nullptr && room.facts != nullptr &&
         room.context.watch->entry_type() != fhir::kNoType;
}

}  // namespace

std::string MirrorIdOf(const Room& room, std::string_view entry_id) {
  const auto half = [&](std::string_view which) {
    return room.engine().KeyOf(fmt::format("watch-mirror|{}|{}", entry_id, which));
  };
  return fmt::format("{}{:016x}{:016x}", kMirrorId, half("high"), half("low"));
}

Status CheckNotMirror(const Room& room, view::Ordinal ordinal) {
  if (!HasMirrors(room) || room.directory().Get(ordinal).type != room.context.watch->entry_type()) return {};
  const view::ResourcePtr stored = TRY(room.engine().Read(ordinal));
  if (!stored->id.starts_with(kMirrorId)) return {};
  for (const fhir::Value each : stored->document.Root()["evidence"]) {
    const std::string entry = each["reference"].ToString();
    const size_t slash = entry.find('/');
    if (slash == std::string::npos || entry.substr(0, slash) != rules::kWatchEntryType) continue;
    const std::string id = entry.substr(slash + 1);
    if (MirrorIdOf(room, id) != stored->id) continue;
    const auto version =
        room.directory().Current(room.engine().IdHash(rules::kWatchEntryType, id), room.engine().Head());
    if (version.ordinal == 0 || version.deleted) return {};  // it follows nothing any more
    return MakeIssue(
        ErrorCode::kInvalid, "business-rule", std::string(rules::kWatchEntryType),
        fmt::format("This is the mirror of {}, whose record became another person's: it goes as that entry "
                    "goes, and ends when it is decided who the record is. Change or end {}.",
                    entry, entry));
  }
  return {};
}

Status MirrorWatchEntries(const Room& room, const view::Position& basis, view::ChangeSet* set) {
  return HasMirrors(room) ? Mirroring(room, basis, set).Run() : Status();
}

Status MoveToMirrors(const Room& room, const view::Position& basis, uint64_t record, view::ChangeSet* set) {
  return HasMirrors(room) ? Mirroring(room, basis, set).Move(record) : Status();
}

Status SettleMirrors(const Room& room, const view::Position& basis, std::pair<uint64_t, uint64_t> records,
                     bool same, view::ChangeSet* set) {
  if (!HasMirrors(room)) return {};
  Mirroring mirroring(room, basis, set);
  TRY(mirroring.Settle(records.first, records.second, same));
  return mirroring.Settle(records.second, records.first, same);
}

}  // namespace tk::interaction
