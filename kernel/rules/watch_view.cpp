#include "kernel/rules/watch_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "kernel/base/clock.h"
#include "kernel/base/file.h"
#include "kernel/view/manifest.h"

namespace tk::rules {
namespace {

constexpr std::string_view kWatchMagic = "tongkang-watch", kWatchFile = "/entries";
constexpr size_t kWatchFileBytesMax = size_t{2} << 30;
constexpr size_t kNumbers = 5, kRowBytes = kNumbers * sizeof(uint64_t);

struct PreparedWatch final : view::Prepared {
  bool is_entry = false, is_visit = false;
  uint64_t entry = 0;
  std::vector<uint64_t> persons;  // whom it is, and was, about
  std::optional<WatchedEntry> now;
};

Error DamagedWatch() {
  return MakeError(ErrorCode::kCorrupt, "the saved watch-list is damaged; it is rebuilt");
}

void AppendNumbers(const WatchedEntry& entry, std::string* out) {
  const uint64_t numbers[kNumbers] = {entry.entry, entry.person, entry.ordinal,
                                      static_cast<uint64_t>(entry.from_us),
                                      static_cast<uint64_t>(entry.until_us)};
  out->append(reinterpret_cast<const char*>(numbers), sizeof(numbers));
}

WatchedEntry TakeNumbers(const char* from) {
  uint64_t numbers[kNumbers];
  std::memcpy(numbers, from, sizeof(numbers));
  return {numbers[0], numbers[1], numbers[2], static_cast<Instant>(numbers[3]),
          static_cast<Instant>(numbers[4])};
}

struct WatchFile {
  view::Mark mark;
  std::vector<WatchedEntry> entries;
  size_t bytes = 0;
};

Result<WatchFile> ReadWatchFile(const std::string& path) {
  const std::string bytes = TRY(ReadFile(path, kWatchFileBytesMax));
  const size_t end = bytes.find('\n');
  if (end == std::string::npos || bytes.size() < end + 1 + sizeof(uint32_t)) return DamagedWatch();
  const std::string_view body(bytes.data(), bytes.size() - sizeof(uint32_t));
  uint32_t sum = 0;
  std::memcpy(&sum, bytes.data() + body.size(), sizeof(sum));
  const std::string_view rows = body.substr(end + 1);
  if (sum != Crc32c(AsBytes(body)) || rows.size() % kRowBytes != 0) return DamagedWatch();
  WatchFile file;
  file.bytes = bytes.size();
  std::istringstream words{bytes.substr(0, end)};
  std::string magic;
  words >> magic >> file.mark.incarnation >> file.mark.t >> file.mark.end_ordinal >> file.mark.format_version;
  if (words.fail() || magic != kWatchMagic) return DamagedWatch();
  for (size_t at = 0; at < rows.size(); at += kRowBytes)
    file.entries.push_back(TakeNumbers(rows.data() + at));
  return file;
}

}  // namespace

uint64_t PatientOfReference(fhir::Value reference, const HashKey& key) {
  std::string scratch;
  const std::string_view text = reference["reference"].String(scratch);
  constexpr std::string_view kPatient = "Patient/";
  if (!text.starts_with(kPatient)) return 0;
  // "Patient/1/_history/2" is about Patient/1 as well.
  const size_t end = text.find('/', kPatient.size());
  return KeyedHash(key, text.substr(0, end));
}

std::optional<WatchedEntry> ReadWatchEntry(const view::Resource& resource, const HashKey& key,
                                           int timezone_offset_min) {
  const fhir::Value root = resource.document.Root();
  if (!root.present() || root["status"].ToString() != "active") return std::nullopt;
  WatchedEntry entry;
  entry.person = PatientOfReference(root["subject"], key);
  if (entry.person == 0) return std::nullopt;
  entry.entry = KeyedHash(key, fmt::format("{}/{}", kWatchEntryType, resource.id));
  const fhir::Value start = root["period"]["start"], end = root["period"]["end"];
  // What was stored was validated; a date that cannot be read limits nothing.
  if (const auto range = ParseDateRange(start.ToString(), timezone_offset_min); start.present() && range.ok())
    entry.from_us = range->low_us;
  if (const auto range = ParseDateRange(end.ToString(), timezone_offset_min); end.present() && range.ok())
    entry.until_us = range->high_us;
  return entry;
}

WatchView::WatchView(WatchViewOptions options)
    : options_(std::move(options)),
      entry_(options_.definitions->FindType(kWatchEntryType)),
      visit_(options_.definitions->FindType(kVisitType)) {}

void WatchView::Table::Put(const WatchedEntry& entry) {
  Remove(entry.entry);
  entries[entry.entry] = entry;
  entries_of[entry.person].push_back(entry.entry);
}

void WatchView::Table::Remove(uint64_t entry) {
  const auto at = entries.find(entry);
  if (at == entries.end()) return;
  const auto of = entries_of.find(at->second.person);
  std::erase(of->second, entry);
  if (of->second.empty()) entries_of.erase(of);
  entries.erase(at);
}

std::vector<WatchedEntry> WatchView::EntriesOf(std::span<const uint64_t> records) const {
  std::vector<WatchedEntry> found;
  lock_.lock_shared();
  for (const uint64_t record : records) {
    const auto of = table_.entries_of.find(record);
    if (of == table_.entries_of.end()) continue;
    for (const uint64_t entry : of->second) found.push_back(table_.entries.at(entry));
  }
  lock_.unlock_shared();
  std::sort(found.begin(), found.end(),
            [](const WatchedEntry& a, const WatchedEntry& b) { return a.entry < b.entry; });
  return found;
}

std::vector<WatchedEntry> WatchView::All() const {
  std::vector<WatchedEntry> all;
  lock_.lock_shared();
  for (const auto& [hash, entry] : table_.entries) all.push_back(entry);
  lock_.unlock_shared();
  std::sort(all.begin(), all.end(),
            [](const WatchedEntry& a, const WatchedEntry& b) { return a.entry < b.entry; });
  return all;
}

bool WatchView::MayAffect(const view::Prepared& prepared, std::span<const uint64_t> records, About about) {
  const auto& change = static_cast<const PreparedWatch&>(prepared);
  if (!change.is_entry && !(change.is_visit && about == About::kEntriesAndVisits)) return false;
  return std::any_of(change.persons.begin(), change.persons.end(), [&](uint64_t person) {
    return std::binary_search(records.begin(), records.end(), person);
  });
}

Status WatchView::CheckUsable() const {
  if (is_usable_) return {};
  return MakeError(ErrorCode::kUnavailable,
                   "The watch-list is being read from the log: try again in some minutes.");
}

Result<std::unique_ptr<view::Prepared>> WatchView::Prepare(const view::Change& change) const {
  auto prepared = std::make_unique<PreparedWatch>();
  for (const view::ResourcePtr& resource : {change.now, change.before}) {
    if (resource == nullptr || resource->type == fhir::kNoType) continue;
    if (resource->type != entry_ && resource->type != visit_) continue;
    (resource->type == entry_ ? prepared->is_entry : prepared->is_visit) = true;
    const fhir::Value root = resource->document.Root();
    const uint64_t person = root.present() ? PatientOfReference(root["subject"], options_.hash_key) : 0;
    if (person != 0) prepared->persons.push_back(person);
    if (resource->type == entry_)
      prepared->entry = KeyedHash(options_.hash_key, fmt::format("{}/{}", kWatchEntryType, resource->id));
  }
  if (prepared->is_entry && change.now != nullptr && change.now->op != view::Operation::kDelete)
    prepared->now = ReadWatchEntry(*change.now, options_.hash_key, options_.timezone_offset_min);
  return std::unique_ptr<view::Prepared>(std::move(prepared));
}

void WatchView::Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) {
  (void)change;
  const auto& one = static_cast<const PreparedWatch&>(prepared);
  if (!one.is_entry) return;
  Due due{one.entry, one.now.has_value(), one.now.value_or(WatchedEntry())};
  due.now.ordinal = ordinal;
  due_.push_back(due);
}

void WatchView::Publish(uint64_t t, view::Ordinal end_ordinal) {
  const std::lock_guard hold(lock_);
  for (const Due& due : due_) {
    if (due.stays)
      table_.Put(due.now);
    else
      table_.Remove(due.entry);
  }
  due_.clear();
  table_.t = t;
  table_.end_ordinal = end_ordinal;
}

std::string WatchView::Print(const view::Mark& mark) const {
  std::string out = fmt::format("{} {} {} {} {}\n", kWatchMagic, mark.incarnation, mark.t, mark.end_ordinal,
                                mark.format_version);
  for (const auto& [hash, entry] : table_.entries) AppendNumbers(entry, &out);
  const uint32_t sum = Crc32c(AsBytes(out));
  out.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
  return out;
}

Result<view::Mark> WatchView::SaveAnew(const std::string& folder, const view::Mark& mark) {
  view::Mark saved = mark;
  saved.format_version = format_version();
  std::string bytes;
  lock_.lock_shared();
  saved.t = table_.t;
  saved.end_ordinal = table_.end_ordinal;
  bytes = Print(saved);
  lock_.unlock_shared();
  TRY(WriteFileDurable(folder + std::string(kWatchFile), bytes));
  folder_ = folder;
  saved_ = saved;
  disk_bytes_ = bytes.size();
  return saved;
}

Result<view::Mark> WatchView::Save(const std::string& folder, const view::Mark& mark) {
  const std::lock_guard one(save_mutex_);
  return SaveAnew(folder, mark);
}

Result<view::Mark> WatchView::Load(const std::string& folder, const view::Mark& log_head) {
  const auto read = [&]() -> Result<WatchFile> {
    WatchFile file = TRY(ReadWatchFile(folder + std::string(kWatchFile)));
    // What is read of an entry does not depend on the definitions; whether there is such a type is part of the format.
    file.mark.definitions_hash = log_head.definitions_hash;
    view::Mark head = log_head;
    head.format_version = format_version();
    TRY(view::CheckMark(file.mark, head));
    return file;
  };
  const std::lock_guard one(save_mutex_);
  auto file = read();
  is_usable_ = file.ok();
  if (!file.ok()) return file.TakeError();
  const std::lock_guard hold(lock_);
  table_ = {};
  for (const WatchedEntry& entry : file->entries) table_.Put(entry);
  table_.t = file->mark.t;
  table_.end_ordinal = file->mark.end_ordinal;
  folder_ = folder;
  saved_ = file->mark;
  disk_bytes_ = file->bytes;
  return file->mark;
}

void WatchView::Clear() {
  due_.clear();
  const std::lock_guard hold(lock_);
  table_ = {};
  is_usable_ = true;
}

// The file holds hashes and times alone, and no text; still, of an erased person nothing stays in it.
Status WatchView::Forget(std::span<const view::OwnerNumber> owners) {
  const std::lock_guard one(save_mutex_);
  {
    const std::lock_guard hold(lock_);
    std::vector<uint64_t> gone;
    for (const auto& [hash, entry] : table_.entries) {
      if (std::binary_search(owners.begin(), owners.end(), options_.directory->Get(entry.ordinal).owner))
        gone.push_back(hash);
    }
    for (const uint64_t entry : gone) table_.Remove(entry);
  }
  if (folder_.empty()) return {};
  TRY(SaveAnew(folder_, saved_));
  return {};
}

view::Standing WatchView::standing() const {
  return is_usable_ ? view::Standing::kSound : view::Standing::kUnusable;
}

// The second generation is in memory alone: Save writes the first one's file when it has switched.
Result<view::View*> WatchView::BeginRebuild() {
  next_ = std::make_unique<WatchView>(options_);
  return next_.get();
}

void WatchView::SwitchOver() {
  CHECK(next_ != nullptr);
  const std::unique_ptr<WatchView> next = std::move(next_);
  due_.clear();
  const std::lock_guard hold(lock_);
  table_ = std::move(next->table_);
  is_usable_ = true;
}

void WatchView::DropRebuild() { next_.reset(); }

size_t WatchView::memory_bytes() const {
  constexpr size_t kBytesAnEntry = 180;  // two nodes of tables, a small vector
  lock_.lock_shared();
  const size_t entries = table_.entries.size();
  lock_.unlock_shared();
  return sizeof(*this) + entries * kBytesAnEntry;
}

}  // namespace tk::rules
