#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/file.h"
#include "kernel/view/directory_view.h"
#include "kernel/view/manifest.h"

namespace tk::view {
namespace {

constexpr uint32_t kFormatVersion = 6;
constexpr uint64_t kOrdinalBits = 40;
constexpr uint64_t kOrdinalMask = (1ull << kOrdinalBits) - 1;

Entry16 VersionEntry(const DirectoryEntry& e) {
  const uint64_t deleted = e.op == Operation::kDelete ? 1 : 0;
  return {e.id_hash, uint64_t{e.version} << (kOrdinalBits + 1) | deleted << kOrdinalBits | e.ordinal};
}
Directory::Version Unpack(uint64_t packed) {
  return {packed & kOrdinalMask, static_cast<uint32_t>(packed >> (kOrdinalBits + 1)),
          (packed >> kOrdinalBits & 1) != 0};
}
constexpr uint64_t kReviewBit = 1u << 8, kHiddenBit = 1u << 9;
uint64_t PackCell(const DirectoryEntry& e) {
  return uint64_t{e.owner} << 32 | uint64_t{e.type} << 16 | (e.is_review ? kReviewBit : 0) |
         (e.is_hidden ? kHiddenBit : 0) | uint64_t{static_cast<uint8_t>(e.op)};
}
OwnerNumber CellOwner(uint64_t cell) { return static_cast<OwnerNumber>(cell >> 32); }
log::TypeCode CellType(uint64_t cell) { return static_cast<log::TypeCode>(cell >> 16); }
Operation CellOperation(uint64_t cell) { return static_cast<Operation>(cell & 0xff); }

RunsOptions VersionRuns(const std::string& folder) {
  RunsOptions options;
  options.family = "versions";
  options.folder = folder;
  options.filtered = true;
  return options;
}

}  // namespace

DirectoryView::DirectoryView(std::vector<fhir::TypeId> types, std::string folder, uint64_t marked_by)
    : types_(std::move(types)),
      folder_(std::move(folder)),
      marked_by_(marked_by),
      versions_(VersionRuns(folder_)),
      counts_(types_.size()),
      published_counts_(types_.size()) {
  // All versions stay: a version that was superseded is still read by vread and history.
  versions_.SetOldestPinned(0);
}

Directory::Version DirectoryView::Current(uint64_t id_hash, const Position& position) const {
  // What stood at some position stands at this one if it had been written by then and nothing had superseded it. What supersedes is noted in
  // the column before its position is published.
  const auto supersedes_by = [this](uint64_t packed) { return superseded_.Get(packed & kOrdinalMask); };
  if (const uint64_t known = known_.Find(id_hash);
      known != 0 && (known & kOrdinalMask) < position.end_ordinal) {
    const uint64_t by = supersedes_by(known);
    if (by == 0 || by >= position.end_ordinal) return Unpack(known);
  }
  // Every write asks this, mostly of what never was: no cursor is made, and a run whose filter denies the id is not looked into. Where there is
  // a version there is no newer one in what is older.
  uint64_t newest = 0;
  versions_.snapshot().ForPiecesNewestFirst(
      {id_hash, 0}, {id_hash, ~0ull},
      [&](const Entry16* first, const Entry16* last) {
        while (last != first && (last[-1].b & kOrdinalMask) >= position.end_ordinal) --last;
        if (last != first) newest = std::max(newest, last[-1].b);
      },
      [&] { return newest != 0; });
  if (newest == 0) return {0, 0, false};
  if (supersedes_by(newest) == 0)
    known_.Put(id_hash, newest);  // who asks for the past does not drive out the present
  return Unpack(newest);
}

std::vector<Directory::Version> DirectoryView::Versions(uint64_t id_hash, const Position& position,
                                                        size_t max) const {
  std::vector<Version> found;
  const auto snapshot = versions_.snapshot();
  for (auto cursor = snapshot.Backward({id_hash, 0}, {id_hash, ~0ull}); cursor.valid() && found.size() < max;
       cursor.Next()) {
    const Version version = Unpack(cursor.entry().b);
    if (version.ordinal < position.end_ordinal) found.push_back(version);
  }
  return found;
}

Directory::Version DirectoryView::Newest(uint64_t id_hash) const {
  const auto at = unpublished_.find(id_hash);
  return at != unpublished_.end() ? at->second : Current(id_hash, Position{0, ~0ull});
}

Directory::Column DirectoryView::Get(Ordinal ordinal) const {
  const uint64_t cell = cells_.Get(ordinal);
  const log::TypeCode code = CellType(cell);
  return {code < types_.size() ? types_[code] : fhir::kNoType, CellOperation(cell), CellOwner(cell)};
}

log::TypeCode DirectoryView::CodeOf(Ordinal ordinal) const { return CellType(cells_.Get(ordinal)); }

namespace {

/// By the cell alone: was something written there that stands until it is superseded?
bool Stands(uint64_t cell) {
  return CellOperation(cell) == Operation::kCreate || CellOperation(cell) == Operation::kUpdate;
}

}  // namespace

// A circle of contexts ends anywhere in it, hence in no area.
template <class Each>
OwnerNumber DirectoryView::Climb(OwnerNumber owner, const Each& each) const {
  for (int step = 0; step < kContextsMax && owner != 0 && areas_.Get(owner) == kAreaByContext; ++step) {
    const uint64_t hash = contexts_.Get(owner);
    each(hash);
    const Version context = Current(hash, Position{0, ~0ull});
    if (context.ordinal == 0) break;
    owner = CellOwner(cells_.Get(context.ordinal));
  }
  return owner;
}

OwnerNumber DirectoryView::OwnerNow(OwnerNumber owner) const {
  return Climb(owner, [](uint64_t) {});
}

uint64_t DirectoryView::AreaOf(OwnerNumber owner) const {
  const uint64_t word = areas_.Get(owner);
  if (word != kAreaByContext) return KnownArea(word);
  const OwnerNumber now = OwnerNow(owner);
  return now == 0 ? kAreaPublic : FinalArea(areas_.Get(now));
}

std::vector<DirectoryView::Follower> DirectoryView::FollowersOf(OwnerNumber owner, OwnerNumber end) const {
  std::vector<Follower> found;
  for (OwnerNumber each = 1; each < end; ++each) {
    if (areas_.Get(each) != kAreaByContext || each == owner) continue;
    Follower follower{each, followers_.Get(each), {}};
    if (Climb(each, [&](uint64_t hash) { follower.contexts.push_back(hash); }) == owner)
      found.push_back(std::move(follower));
  }
  return found;
}

OwnerNumber DirectoryView::OwnerOfNewest(uint64_t id_hash) const {
  const Version version = Newest(id_hash);
  return version.ordinal == 0 ? 0 : OwnerNow(CellOwner(cells_.Get(version.ordinal)));
}

bool DirectoryView::InScopeBy(Ordinal ordinal, OwnerNumber owner, uint64_t word, const Scope& scope) const {
  if (scope.all() || owner == 0 || word == kAreaPublic) return true;
  if (word == kAreaByContext) {
    owner = OwnerNow(owner);
    word = owner == 0 ? kAreaPublic : areas_.Get(owner);
    if (word == kAreaPublic) return true;
  }
  // First: whoever is narrowed to one person is so whatever else opens others.
  if (scope.only_owner != 0 && owner != scope.only_owner) return false;
  if (scope.beyond != nullptr) {
    if (std::binary_search(scope.beyond->closed.begin(), scope.beyond->closed.end(), owner)) return false;
    if (std::binary_search(scope.beyond->open.begin(), scope.beyond->open.end(), owner) &&
        !IsAnothersFor(ordinal, owner, scope))
      return true;
  }
  if (scope.everything) return true;
  if (scope.only_owner != 0 && scope.area_low == scope.area_high)  // wherever he is
    return !IsAnothersFor(ordinal, owner, scope);
  return FinalArea(word) >= scope.area_low && FinalArea(word) < scope.area_high;
}

bool DirectoryView::Live(Ordinal ordinal, const Position& position) const {
  if (ordinal >= position.end_ordinal) return false;
  const uint64_t cell = cells_.Get(ordinal);
  if (!Stands(cell)) return false;
  const uint64_t superseded = superseded_.Get(ordinal);
  if (superseded != 0 && superseded < position.end_ordinal) return false;
  const OwnerNumber owner = CellOwner(cell);
  return owner == 0 || areas_.Get(owner) != kAreaErased;
}

bool DirectoryView::SeesRecord(Ordinal ordinal, uint64_t cell, const Scope& scope) {
  if (scope.records == nullptr) return true;
  return scope.records->sees ? scope.records->sees(ordinal) : (cell & kReviewBit) == 0;
}

bool DirectoryView::HidesBy(Ordinal ordinal, uint64_t cell, const Scope& scope) const {
  if (scope.hidden == nullptr) return false;
  if (scope.hidden->hides ? !scope.hidden->hides(ordinal) : (cell & kHiddenBit) == 0) return false;
  const OwnerNumber owner = OwnerNow(CellOwner(cell));
  return owner == 0 || scope.beyond == nullptr || IsAnothersFor(ordinal, owner, scope) ||
         !std::binary_search(scope.beyond->open.begin(), scope.beyond->open.end(), owner);
}

bool DirectoryView::Hides(Ordinal ordinal, const Scope& scope) const {
  return scope.hidden != nullptr && HidesBy(ordinal, cells_.Get(ordinal), scope);
}

void DirectoryView::Begins::Read(const WordArray& cells, const WordArray& superseded, OwnerNumber owner,
                                 Ordinal upto) {
  const auto followed = [this](Ordinal by, Ordinal first) { coming.emplace(by, first); };
  std::erase_if(standing, [&](Ordinal ordinal) {
    const Ordinal by = superseded.Get(ordinal);
    if (by == 0) return false;
    const auto first = begun.find(ordinal);
    followed(by, first == begun.end() ? ordinal : first->second);
    return true;
  });
  for (; end <= upto; ++end) {
    // What is moved away stays known: when it comes back it is whose it was.
    const auto at = coming.find(end);
    if (at == coming.end() && CellOwner(cells.Get(end)) != owner) continue;
    Ordinal first = end;
    if (at != coming.end()) {
      first = at->second;
      begun.emplace(end, first);
    }
    if (const Ordinal by = superseded.Get(end); by != 0)
      followed(by, first);
    else
      standing.push_back(end);
  }
}

Ordinal DirectoryView::BegunAt(Ordinal ordinal, OwnerNumber owner) const {
  const std::lock_guard lock(begins_mutex_);
  if (begins_.size() >= kBeginsMax && !begins_.contains(owner)) begins_.clear();
  Begins& begins = begins_[owner];
  if (ordinal >= begins.end) begins.Read(cells_, superseded_, owner, ordinal);
  const auto at = begins.begun.find(ordinal);
  return at == begins.begun.end() ? ordinal : at->second;
}

bool DirectoryView::IsAnothers(Ordinal ordinal, std::span<const AnothersTime> times) const {
  const uint64_t cell = cells_.Get(ordinal);
  const OwnerNumber owner = CellOwner(cell);
  auto at = std::lower_bound(times.begin(), times.end(), AnothersTime{owner, 0, 0});
  if (at == times.end() || at->owner != owner) return false;
  if (at->from == 0 && ordinal < at->until) return true;
  // A time ends with a version of the owner's own record.
  const bool is_own = CellType(cell) == CellType(cells_.Get(at->until));
  const Ordinal begun = is_own ? ordinal : BegunAt(ordinal, owner);
  for (; at != times.end() && at->owner == owner; ++at) {
    if (at->from <= begun && begun < at->until) return true;
  }
  return false;
}

bool DirectoryView::IsAnothersFor(Ordinal ordinal, OwnerNumber owner, const Scope& scope) const {
  if (scope.beyond == nullptr || scope.beyond->anothers.empty()) return false;
  const auto& times = scope.beyond->anothers;
  const OwnerNumber own = CellOwner(cells_.Get(ordinal));
  if (own == owner) return IsAnothers(ordinal, times);
  auto at = std::lower_bound(times.begin(), times.end(), AnothersTime{owner, 0, 0});
  if (at == times.end() || at->owner != owner) return false;
  // What stands where another record stands: as that one, or what was begun itself in such a time.
  uint64_t stands = 0;
  Climb(own, [&stands](uint64_t hash) { stands = hash; });
  const Version document = Current(stands, Position{0, ~0ull});
  if (document.ordinal != 0 && IsAnothers(document.ordinal, times)) return true;
  const Ordinal begun = BegunAt(ordinal, own);
  for (; at != times.end() && at->owner == owner; ++at) {
    if (at->from <= begun && begun < at->until) return true;
  }
  return false;
}

bool DirectoryView::InScope(Ordinal ordinal, const Scope& scope) const {
  if (scope.all()) return true;
  const uint64_t cell = cells_.Get(ordinal);
  const OwnerNumber owner = CellOwner(cell);
  if (!SeesKind(ordinal, cell, scope)) return false;
  return InScopeBy(ordinal, owner, owner == 0 ? kAreaUnknown : areas_.Get(owner), scope);
}

void DirectoryView::Visible(std::span<const Ordinal> ordinals, const Position& position, const Scope& scope,
                            bool* visible) const {
  constexpr size_t kBlock = 256;
  std::array<uint64_t, kBlock> cells;
  while (!ordinals.empty()) {
    const auto block = ordinals.first(std::min(kBlock, ordinals.size()));
    for (Ordinal ordinal : block) {
      if (ordinal >= position.end_ordinal) continue;  // nothing may be there to be looked at
      cells_.Prefetch(ordinal);
      if (scope.everything) superseded_.Prefetch(ordinal);
    }
    for (size_t i = 0; i < block.size(); ++i) {
      cells[i] = block[i] < position.end_ordinal ? cells_.Get(block[i]) : 0;
      areas_.Prefetch(CellOwner(cells[i]));
    }
    for (size_t i = 0; i < block.size(); ++i) {
      visible[i] = block[i] < position.end_ordinal && Stands(cells[i]);
      if (!visible[i]) continue;
      const OwnerNumber owner = CellOwner(cells[i]);
      const uint64_t area = owner == 0 ? kAreaUnknown : areas_.Get(owner);
      visible[i] = area != kAreaErased && InScopeBy(block[i], owner, area, scope) &&
                   SeesKind(block[i], cells[i], scope);
      if (visible[i]) superseded_.Prefetch(block[i]);
    }
    // Last, for most of a city lies in others' areas: of those it is a line of memory less.
    for (size_t i = 0; i < block.size(); ++i) {
      if (!visible[i]) continue;
      const uint64_t superseded = superseded_.Get(block[i]);
      visible[i] = superseded == 0 || superseded >= position.end_ordinal;
    }
    ordinals = ordinals.subspan(block.size());
    visible += block.size();
  }
}

void DirectoryView::Areas(std::span<const Ordinal> ordinals, uint64_t* areas) const {
  for (Ordinal ordinal : ordinals) cells_.Prefetch(ordinal);
  for (size_t i = 0; i < ordinals.size(); ++i) {
    areas[i] = cells_.Get(ordinals[i]);
    areas_.Prefetch(CellOwner(areas[i]));
  }
  for (size_t i = 0; i < ordinals.size(); ++i) {
    const uint64_t cell = areas[i];
    const OwnerNumber owner = CellOwner(cell);
    areas[i] = (cell & kReviewBit) != 0 ? kAreaByContext
               : owner == 0             ? kAreaPublic
                                        : KnownArea(areas_.Get(owner));
    // Where another record stands each is asked by itself.
    if ((cell & kHiddenBit) != 0 && areas[i] != kAreaByContext) areas[i] |= kAreaHiddenBit;
  }
}

uint64_t DirectoryView::LiveCount(fhir::TypeId type) const {
  int64_t sum = 0;
  for (size_t code = 0; code < types_.size(); ++code) {
    if (types_[code] == type) sum += published_counts_[code].load(std::memory_order_relaxed);
  }
  return sum > 0 ? static_cast<uint64_t>(sum) : 0;
}

uint64_t DirectoryView::LiveCountOf(log::TypeCode code) const {
  const int64_t count =
      code < published_counts_.size() ? published_counts_[code].load(std::memory_order_relaxed) : 0;
  return count > 0 ? static_cast<uint64_t>(count) : 0;
}

void DirectoryView::ApplyArea(const DirectoryEntry& entry) {
  const uint64_t old = areas_.Get(entry.owner);
  if (entry.context != 0 && old != kAreaErased) {
    followers_.Set(entry.owner, entry.id_hash);
    contexts_.Set(entry.owner, entry.context);
    areas_.Set(entry.owner, kAreaByContext);
    if (old != kAreaUnknown && old != kAreaByContext)
      areas_generation_.fetch_add(1, std::memory_order_release);
    return;
  }
  // Its record names no context any more: from here on it is its own. (A delete names none either, and changes nothing.)
  const bool leaves =
      old == kAreaByContext && entry.op != Operation::kDelete && entry.id_hash == followers_.Get(entry.owner);
  const uint64_t now = entry.sets_area && entry.area != kAreaUnknown ? entry.area : kAreaAwaited;
  if (old == kAreaErased || old == now || (!entry.sets_area && !leaves && old != kAreaUnknown)) return;
  areas_.Set(entry.owner, now);
  // The area first, then the number: who reads the new number sees the new area.
  if (old != kAreaUnknown) areas_generation_.fetch_add(1, std::memory_order_release);
}

Ordinal DirectoryView::Apply(const DirectoryEntry& entry) {
  const Version before = entry.version > 1 ? Newest(entry.id_hash) : Version{0, 0, false};
  if (before.ordinal != 0) superseded_.Set(before.ordinal, entry.ordinal);
  uint64_t cell = PackCell(entry);
  if (before.ordinal != 0) cell |= cells_.Get(before.ordinal) & kReviewBit;
  cells_.Set(entry.ordinal, cell);
  if (entry.owner != 0) ApplyArea(entry);
  versions_.Add(VersionEntry(entry));
  unpublished_[entry.id_hash] = {entry.ordinal, entry.version, entry.op == Operation::kDelete};
  const bool was_live = before.ordinal != 0 && !before.deleted;
  const bool is_live = entry.op != Operation::kDelete;
  if (entry.type < counts_.size()) counts_[entry.type] += int{is_live} - int{was_live};
  return before.ordinal;
}

void DirectoryView::Publish(uint64_t t, Ordinal end_ordinal) {
  const std::lock_guard lock(publish_mutex_);
  versions_.Publish(end_ordinal);
  for (size_t code = 0; code < counts_.size(); ++code)
    published_counts_[code].store(counts_[code], std::memory_order_relaxed);
  published_t_ = t;
  published_end_ = end_ordinal;
  // Emptying costs as much as the largest group ever had places: after a bulk of thousands a small map is begun.
  if (unpublished_.bucket_count() > 16 * (unpublished_.size() + 16))
    unpublished_ = decltype(unpublished_)();
  else
    unpublished_.clear();
}

DirectoryView::State DirectoryView::Capture() const {
  const std::lock_guard lock(publish_mutex_);
  State state{versions_.snapshot(), published_t_, published_end_, {}};
  for (const auto& count : published_counts_) state.counts.push_back(count.load(std::memory_order_relaxed));
  return state;
}

namespace {

// Columns in the manifest: "cells.<chunk>" = generation << 32 | crc.
void Name(const std::string& prefix, const std::vector<WordArray::SavedChunk>& chunks,
          std::vector<std::pair<std::string, uint64_t>>* numbers) {
  for (const auto& each : chunks) {
    uint64_t generation = 0;
    const size_t dash = each.file.rfind('-');
    std::from_chars(each.file.data() + dash + 1, each.file.data() + each.file.size(), generation);
    numbers->emplace_back(fmt::format("{}.{}", prefix, each.chunk), generation << 32 | each.crc);
  }
}

std::vector<WordArray::SavedChunk> Unname(const std::string& prefix,
                                          const std::vector<std::pair<std::string, uint64_t>>& numbers) {
  std::vector<WordArray::SavedChunk> chunks;
  for (const auto& [name, value] : numbers) {
    if (name.size() <= prefix.size() || name.compare(0, prefix.size(), prefix) != 0 ||
        name[prefix.size()] != '.')
      continue;
    uint64_t chunk = 0;
    std::from_chars(name.data() + prefix.size() + 1, name.data() + name.size(), chunk);
    chunks.push_back(
        {chunk, fmt::format("{}-{}-{}", prefix, chunk, value >> 32), static_cast<uint32_t>(value)});
  }
  return chunks;
}

constexpr std::array<std::string_view, 5> kColumns = {"cells", "superseded", "areas", "contexts",
                                                      "followers"};
constexpr size_t kEagerChunksMax = 64;  // 128 MB: checked before serving; more is checked in the background

}  // namespace

Status DirectoryView::SaveColumns(const State& state,
                                  std::vector<std::pair<std::string, uint64_t>>* numbers) {
  ++generation_;
  const Ordinal end = state.end;
  auto below_end = [end](uint64_t ordinal, uint64_t word) { return ordinal < end ? word : 0; };
  auto superseded_before_end = [end](uint64_t ordinal, uint64_t word) {
    return ordinal < end && word < end ? word : 0;
  };
  auto as_is = [](uint64_t, uint64_t word) { return word; };
  Name("cells", TRY(cells_.Save(folder_, "cells", generation_, below_end)), numbers);
  Name("superseded", TRY(superseded_.Save(folder_, "superseded", generation_, superseded_before_end)),
       numbers);
  Name("areas", TRY(areas_.Save(folder_, "areas", generation_, as_is)), numbers);
  Name("contexts", TRY(contexts_.Save(folder_, "contexts", generation_, as_is)), numbers);
  Name("followers", TRY(followers_.Save(folder_, "followers", generation_, as_is)), numbers);
  for (size_t code = 0; code < state.counts.size(); ++code) {
    if (state.counts[code] != 0)
      numbers->emplace_back(fmt::format("count.{}", code), static_cast<uint64_t>(state.counts[code]));
  }
  numbers->emplace_back("generation", generation_);
  return {};
}

Result<Mark> DirectoryView::Save(const Mark& mark) {
  TRY(MakeFolder(folder_));
  const State state = Capture();
  Manifest manifest;
  manifest.view = "directory";
  manifest.mark = {mark.incarnation, state.t, state.end, marked_by_, kFormatVersion};
  manifest.files = TRY(versions_.Save(state.versions));
  TRY(SaveColumns(state, &manifest.numbers));
  TRY(WriteManifest(folder_, manifest));
  versions_.RemoveUnused(manifest.files);
  // Column files of former generations that the manifest no longer names.
  for (const std::string& name : TRY(tk::ListFolder(folder_))) {
    const std::string prefix = name.substr(0, name.find('-'));
    if (std::find(kColumns.begin(), kColumns.end(), prefix) == kColumns.end()) continue;
    const auto chunks = Unname(prefix, manifest.numbers);
    const bool named =
        std::any_of(chunks.begin(), chunks.end(), [&](const auto& chunk) { return chunk.file == name; });
    if (!named) TRY(tk::RemoveFile(folder_ + "/" + name));
  }
  return manifest.mark;
}

Status DirectoryView::LoadColumns(const std::vector<std::pair<std::string, uint64_t>>& numbers) {
  std::array<std::vector<WordArray::SavedChunk>, kColumns.size()> saved;
  size_t chunks = 0;
  for (size_t i = 0; i < saved.size(); ++i) {
    saved[i] = Unname(std::string(kColumns[i]), numbers);
    chunks += saved[i].size();
  }
  WordArray* const columns[] = {&cells_, &superseded_, &areas_, &contexts_, &followers_};
  for (size_t i = 0; i < saved.size(); ++i)
    TRY(columns[i]->Load(folder_, saved[i], chunks <= kEagerChunksMax));
  for (const auto& [name, value] : numbers) {
    size_t code = 0;
    if (name == "generation") generation_ = value;
    if (!name.starts_with("count.")) continue;
    std::from_chars(name.data() + 6, name.data() + name.size(), code);
    if (code >= counts_.size())
      return MakeError(ErrorCode::kCorrupt, "the saved directory counts a type that the log does not have");
    counts_[code] = static_cast<int64_t>(value);
  }
  return {};
}

Result<Mark> DirectoryView::Load(const Mark& log_head) {
  const Manifest manifest = TRY(ReadManifest(folder_));
  Mark head = log_head;
  head.format_version = kFormatVersion;
  // The directory reads no definitions: whatever they were, it fits. What its entries are marked by stands in their place.
  head.definitions_hash = marked_by_;
  TRY(CheckMark(manifest.mark, head));
  Status loaded = versions_.Load(manifest.files, manifest.mark.end_ordinal);
  if (loaded.ok()) loaded = LoadColumns(manifest.numbers);
  if (!loaded.ok()) {
    Clear();
    return loaded.TakeError();
  }
  const std::lock_guard lock(publish_mutex_);
  for (size_t code = 0; code < counts_.size(); ++code) published_counts_[code].store(counts_[code]);
  published_t_ = manifest.mark.t;
  published_end_ = manifest.mark.end_ordinal;
  return manifest.mark;
}

void DirectoryView::Clear() {
  versions_.Clear();
  known_.Clear();
  cells_.Clear();
  superseded_.Clear();
  areas_.Clear();
  contexts_.Clear();
  followers_.Clear();
  {
    const std::lock_guard lock(begins_mutex_);
    begins_.clear();
  }
  unpublished_.clear();
  std::fill(counts_.begin(), counts_.end(), 0);
  for (auto& count : published_counts_) count.store(0);
  published_t_ = 0;
  published_end_ = 1;
  areas_generation_.fetch_add(1, std::memory_order_release);
}

Result<bool> DirectoryView::Maintain() {
  if (TRY(versions_.Maintain())) return true;
  return versions_.CheckNext();
}

std::vector<Ordinal> DirectoryView::LiveOf(OwnerNumber owner, const Position& position) const {
  std::vector<Ordinal> found;
  for (Ordinal ordinal = 1; ordinal < position.end_ordinal; ++ordinal) {
    if (CellOwner(cells_.Get(ordinal)) == owner && Live(ordinal, position)) found.push_back(ordinal);
  }
  return found;
}

std::vector<DirectoryView::Identity> DirectoryView::IdentitiesOf(std::span<const Ordinal> ordinals) const {
  std::vector<Identity> found;
  if (ordinals.empty()) return found;
  versions_.snapshot().ForPieces({0, 0}, {~0ull, ~0ull}, [&](const Entry16* first, const Entry16* last) {
    for (; first != last; ++first) {
      const Version version = Unpack(first->b);
      if (!std::binary_search(ordinals.begin(), ordinals.end(), version.ordinal)) continue;
      const uint64_t cell = cells_.Get(version.ordinal);
      found.push_back({version.ordinal, first->a, version.version, CellType(cell), CellOwner(cell)});
    }
    return true;
  });
  return found;
}

size_t DirectoryView::memory_bytes() const {
  return VersionCache::bytes() + versions_.memory_bytes() + cells_.memory_bytes() +
         superseded_.memory_bytes() + areas_.memory_bytes() + contexts_.memory_bytes() +
         followers_.memory_bytes();
}

}  // namespace tk::view
