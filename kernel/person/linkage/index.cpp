#include "kernel/person/linkage/index.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "kernel/person/linkage/in_parallel.h"

namespace tk::person::linkage {
namespace {

constexpr size_t kHeadMax = size_t{1} << 16, kHeadSlots = size_t{1} << 16;
constexpr uint32_t kNone = UINT32_MAX;
constexpr size_t kTier = 4;  // a run is merged with one that is not so many times greater

constexpr uint64_t PostingOf(uint32_t hash, Entry entry) { return uint64_t{hash} << 32 | entry; }
constexpr uint32_t HashIn(uint64_t posting) { return static_cast<uint32_t>(posting >> 32); }
constexpr Entry EntryIn(uint64_t posting) { return static_cast<Entry>(posting); }

}  // namespace

Postings::Run Postings::RunOf(std::vector<uint64_t> sorted) {
  Run run;
  const auto bits =
      static_cast<uint32_t>(std::clamp(static_cast<int>(std::bit_width(sorted.size() / 4)), 1, 28));
  run.shift = 32 - bits;
  run.directory.resize((size_t{1} << bits) + 1);
  size_t group = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const size_t own = HashIn(sorted[i]) >> run.shift;
    while (group <= own) run.directory[group++] = static_cast<uint32_t>(i);
  }
  while (group < run.directory.size()) run.directory[group++] = static_cast<uint32_t>(sorted.size());
  run.sorted = std::move(sorted);
  return run;
}

void Postings::Add(uint32_t hash, Entry entry) {
  if (head_first_.empty()) head_first_.assign(kHeadSlots, kNone);
  uint32_t& first = head_first_[hash % kHeadSlots];
  head_next_.push_back(first);
  first = static_cast<uint32_t>(head_.size());
  head_.push_back(PostingOf(hash, entry));
  if (head_.size() == kHeadMax) Flush();
}

void Postings::Flush() {
  std::vector<uint64_t> sorted = std::move(head_);
  std::sort(sorted.begin(), sorted.end());
  head_.clear();
  head_.reserve(kHeadMax);
  head_next_.clear();
  std::fill(head_first_.begin(), head_first_.end(), kNone);
  while (!runs_.empty() && runs_.back().sorted.size() < kTier * sorted.size()) {
    std::vector<uint64_t> merged;
    merged.reserve(runs_.back().sorted.size() + sorted.size());
    std::merge(runs_.back().sorted.begin(), runs_.back().sorted.end(), sorted.begin(), sorted.end(),
               std::back_inserter(merged));
    sorted = std::move(merged);
    runs_.pop_back();
  }
  runs_.push_back(RunOf(std::move(sorted)));
}

size_t Postings::Find(uint32_t hash, size_t most, std::vector<Entry>* out) const {
  const size_t before = out->size(), end = before + most + 1;
  for (const Run& run : runs_) {
    const size_t group = hash >> run.shift;
    for (size_t i = run.directory[group]; i < run.directory[group + 1] && out->size() < end; ++i) {
      if (HashIn(run.sorted[i]) == hash) out->push_back(EntryIn(run.sorted[i]));
    }
  }
  if (!head_first_.empty()) {
    for (uint32_t i = head_first_[hash % kHeadSlots]; i != kNone && out->size() < end; i = head_next_[i]) {
      if (HashIn(head_[i]) == hash) out->push_back(EntryIn(head_[i]));
    }
  }
  return out->size() - before;
}

template <class Gone>
void Postings::Settle(Gone gone) {
  std::vector<uint64_t> all = std::move(head_);
  std::sort(all.begin(), all.end());
  while (!runs_.empty()) {
    std::vector<uint64_t> merged;
    merged.reserve(all.size() + runs_.back().sorted.size());
    std::merge(all.begin(), all.end(), runs_.back().sorted.begin(), runs_.back().sorted.end(),
               std::back_inserter(merged));
    all = std::move(merged);
    runs_.pop_back();
  }
  std::erase_if(all, [&](uint64_t posting) { return gone(EntryIn(posting)); });
  all.shrink_to_fit();
  head_ = std::vector<uint64_t>();  // = {} would keep the room
  head_next_ = std::vector<uint32_t>();
  head_first_ = std::vector<uint32_t>();
  if (!all.empty()) runs_.push_back(RunOf(std::move(all)));
}

namespace {

constexpr size_t kParts = 256, kDigits = 4096;  // of the upper 8 bits of a hash; of each half of the other 24
using Parts = std::vector<std::vector<uint64_t>>;

// Postings of one part, with rising entries, by their hash: two passes of counting, so that those of one hash stay in their order.
void SortPart(std::span<const std::vector<uint64_t>* const> pieces, std::vector<uint64_t>* half_sorted,
              uint64_t* out) {
  std::vector<uint32_t> low(kDigits + 1), high(kDigits + 1);
  size_t count = 0;
  for (const std::vector<uint64_t>* const piece : pieces) {
    for (const uint64_t posting : *piece) {
      ++low[HashIn(posting) % kDigits + 1];
      ++high[HashIn(posting) / kDigits % kDigits + 1];
    }
    count += piece->size();
  }
  for (size_t i = 1; i <= kDigits; ++i) {
    low[i] += low[i - 1];
    high[i] += high[i - 1];
  }
  half_sorted->resize(count);
  for (const std::vector<uint64_t>* const piece : pieces) {
    for (const uint64_t posting : *piece) (*half_sorted)[low[HashIn(posting) % kDigits]++] = posting;
  }
  for (const uint64_t posting : *half_sorted) out[high[HashIn(posting) / kDigits % kDigits]++] = posting;
}

}  // namespace

void Postings::Fill(size_t entries, unsigned threads,
                    const std::function<void(Entry entry, std::vector<Key>* keys)>& keys_of) {
  head_ = std::vector<uint64_t>();  // = {} would keep the room
  head_next_ = std::vector<uint32_t>();
  head_first_ = std::vector<uint32_t>();
  runs_.clear();
  if (entries == 0) return;
  // Each thread has a range of its own, so that a part's pieces, one behind the other, have rising entries.
  threads = std::max(1U, threads);
  const size_t range = (entries + threads - 1) / threads;
  std::vector<Parts> pieces(threads, Parts(kParts));
  InParallel(threads, entries, range, [&](unsigned, size_t begin, size_t end) {
    Parts& parts = pieces[begin / range];
    std::vector<Key> keys;
    for (size_t i = begin; i < end; ++i) {
      const auto entry = static_cast<Entry>(i);
      keys_of(entry, &keys);
      for (const Key& key : keys) parts[key.hash >> 24].push_back(PostingOf(key.hash, entry));
    }
  });
  std::vector<size_t> first(kParts + 1);
  for (size_t part = 0; part < kParts; ++part) {
    first[part + 1] = first[part];
    for (const Parts& each : pieces) first[part + 1] += each[part].size();
  }
  std::vector<uint64_t> sorted(first[kParts]);
  std::vector<std::vector<uint64_t>> half_sorted(threads);
  InParallel(threads, kParts, 1, [&](unsigned thread, size_t part, size_t) {
    std::vector<const std::vector<uint64_t>*> own;
    for (const Parts& each : pieces) own.push_back(&each[part]);
    SortPart(own, &half_sorted[thread], sorted.data() + first[part]);
    for (Parts& each : pieces) each[part] = std::vector<uint64_t>();
  });
  if (!sorted.empty()) runs_.push_back(RunOf(std::move(sorted)));
}

size_t Postings::size() const {
  size_t count = head_.size();
  for (const Run& run : runs_) count += run.sorted.size();
  return count;
}

size_t Postings::bytes() const {
  size_t bytes = head_.capacity() * 8 + (head_first_.capacity() + head_next_.capacity()) * 4;
  for (const Run& run : runs_) bytes += run.sorted.capacity() * 8 + run.directory.capacity() * 4;
  return bytes;
}

Entry Index::Add(const Record& record) {
  std::string bytes;
  Pack(record, &bytes);
  return AddPacked(bytes);
}

void Index::Post(Entry entry) {
  if (is_filling_) return;
  std::vector<Key> keys;
  KeysOf(View(entry), model_.passes, &keys);
  for (const Key& key : keys) postings_.Add(key.hash, entry);
}

Entry Index::AddPacked(std::string_view bytes) {
  const Entry entry = store_.Add(bytes);
  Post(entry);
  return entry;
}

Entry Index::AddShared(Place place) {
  const Entry entry = store_.AddShared(place);
  Post(entry);
  return entry;
}

void Index::BeginFill(size_t entries) {
  is_filling_ = true;
  store_.Reserve(entries);
}

void Index::EndFill(unsigned threads) {
  is_filling_ = false;
  postings_.Fill(store_.size(), threads,
                 [this](Entry entry, std::vector<Key>* keys) { KeysOf(View(entry), model_.passes, keys); });
}

Entry Index::Replace(Entry entry, const Record& record) {
  std::string bytes;
  Pack(record, &bytes);
  return ReplacePacked(entry, bytes);
}

template <class Put, class AddAnew>
Entry Index::ReplaceWith(Entry entry, const EntryView& now, Put put, AddAnew add) {
  std::vector<Key> before, after;
  KeysOf(View(entry), model_.passes, &before);
  KeysOf(now, model_.passes, &after);
  const auto has = [](const std::vector<Key>& keys, const Key& wanted) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const Key& key) { return key.hash == wanted.hash && key.pass == wanted.pass; });
  };
  // A key that is no more would still find him, and a rebuilt index would not: so he begins anew.
  if (!std::all_of(before.begin(), before.end(), [&](const Key& key) { return has(after, key); })) {
    Remove(entry);
    return add();
  }
  put();
  for (const Key& key : after) {
    if (!has(before, key)) postings_.Add(key.hash, entry);
  }
  return entry;
}

Entry Index::ReplacePacked(Entry entry, std::string_view bytes) {
  if (View(entry).bytes() == bytes) {
    if (store_.IsShared(entry)) store_.Put(entry, bytes);  // whoever keeps those may let them go
    return entry;
  }
  return ReplaceWith(
      entry, EntryView(bytes.data()), [&] { store_.Put(entry, bytes); }, [&] { return AddPacked(bytes); });
}

Entry Index::ReplaceShared(Entry entry, Place place) {
  if (store_.BytesAt(entry) == packed().At(place)) return entry;
  return ReplaceWith(
      entry, EntryView(packed().At(place)), [&] { store_.PutShared(entry, place); },
      [&] { return AddShared(place); });
}

void Index::Settle() {
  postings_.Settle([this](Entry entry) { return !Has(entry); });
}

uint32_t Index::SharersOf(uint64_t phone, MatchScratch* scratch) const {
  for (const auto& [known, count] : scratch->sharers) {
    if (known == phone) return count;
  }
  const uint32_t key = PhoneKey(phone, model_.passes);
  uint32_t count = 0;
  scratch->block.clear();
  if (key != 0) count = static_cast<uint32_t>(postings_.Find(key, model_.block_max, &scratch->block));
  if (count <= model_.block_max) {
    // Persons, not records: so many different given names have it.
    scratch->names.clear();
    for (const Entry entry : scratch->block) {
      if (!Has(entry)) continue;
      const EntryView view = View(entry);
      if (view.names().empty()) continue;
      const uint32_t sound = view.names()[0].given_sound;
      if (std::find(scratch->names.begin(), scratch->names.end(), sound) == scratch->names.end())
        scratch->names.push_back(sound);
    }
    count = static_cast<uint32_t>(scratch->names.size());
  }
  scratch->sharers.emplace_back(phone, count);
  return count;
}

Comparison Index::CompareShared(const EntryView& query, const EntryView& other, MatchScratch* scratch) const {
  Comparison comparison = Compare(query, other);
  uint8_t& phone = comparison.levels[Field::kPhone];
  if (phone == level::kPhoneSame && SharersOf(comparison.phone, scratch) >= model_.shared_from)
    phone = level::kPhoneShared;
  ++scratch->compared;
  return comparison;
}

Scored Index::ScorePair(const EntryView& query, const EntryView& other, MatchScratch* scratch) const {
  return Score(CompareShared(query, other, scratch), model_, rules_);
}

void Index::Gather(const EntryView& query, MatchScratch* scratch, Entry below) const {
  KeysOf(query, model_.passes, &scratch->keys);
  scratch->entries.clear();
  for (const Key& key : scratch->keys) {
    const size_t before = scratch->entries.size();
    if (postings_.Find(key.hash, model_.block_max, &scratch->entries) <= model_.block_max) continue;
    scratch->entries.resize(before);
    ++scratch->passed_over;
  }
  std::sort(scratch->entries.begin(), scratch->entries.end());
  scratch->entries.erase(std::unique(scratch->entries.begin(), scratch->entries.end()),
                         scratch->entries.end());
  std::erase_if(scratch->entries, [&](Entry entry) { return entry >= below || !Has(entry); });
}

void Index::Match(const EntryView& query, Verdict at_least, MatchScratch* scratch,
                  std::vector<MatchHit>* hits, Entry below) const {
  constexpr size_t kAhead = 6;
  hits->clear();
  scratch->sharers.clear();
  Gather(query, scratch, below);
  const std::vector<Entry>& entries = scratch->entries;
  for (size_t i = 0; i < std::min(kAhead, entries.size()); ++i)
    __builtin_prefetch(store_.BytesAt(entries[i]));
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kAhead < entries.size()) {
      __builtin_prefetch(store_.BytesAt(entries[i + kAhead]));
      __builtin_prefetch(store_.BytesAt(entries[i + kAhead]) + 64);
    }
    const Scored scored = ScorePair(query, View(entries[i]), scratch);
    if (scored.verdict >= at_least) hits->push_back({entries[i], scored});
  }
  std::sort(hits->begin(), hits->end(), [](const MatchHit& a, const MatchHit& b) {
    if (a.scored.verdict != b.scored.verdict) return a.scored.verdict > b.scored.verdict;
    return a.scored.bits != b.scored.bits ? a.scored.bits > b.scored.bits : a.entry < b.entry;
  });
}

void Index::Neighbours(Entry entry, size_t pass, MatchScratch* scratch, std::vector<Entry>* out) const {
  out->clear();
  KeysOf(View(entry), model_.passes, &scratch->keys);
  for (const Key& key : scratch->keys) {
    if (key.pass != pass) continue;
    const size_t before = out->size();
    if (postings_.Find(key.hash, model_.block_max, out) > model_.block_max) out->resize(before);
  }
  std::sort(out->begin(), out->end());
  out->erase(std::unique(out->begin(), out->end()), out->end());
  std::erase_if(*out, [&](Entry other) { return other >= entry || !Has(other); });
}

Index::Memory Index::memory() const { return {store_.bytes(), store_.place_bytes(), postings_.bytes()}; }

}  // namespace tk::person::linkage
