#include "kernel/person/linkage/index.h"

#include <algorithm>

#include "kernel/person/linkage/in_parallel.h"

namespace tk::person::linkage {
namespace {

constexpr size_t kTier = 4;  // a run is merged with one that is not so many times greater
constexpr size_t kMergedAtOnceMax = size_t{1} << 18;  // postings, while others wait: about a millisecond

}  // namespace

Postings::RunPtr Postings::RunOf(std::span<const uint64_t> sorted) {
  Entry entry_max = 0;
  for (const uint64_t posting : sorted) entry_max = std::max(entry_max, EntryIn(posting));
  auto run = std::make_shared<PostingRun>(sorted.size(), entry_max);
  PostingRun::Writer writer(run.get(), 0, 0, 1U << PostingRun::kPartBits);
  for (const uint64_t posting : sorted) writer.Add(posting);
  writer.End();
  return run;
}

void Postings::Add(uint32_t hash, Entry entry) {
  if (head_first_.empty()) head_first_.assign(kHeadSlots, kNoSlot);
  uint32_t& first = head_first_[hash % kHeadSlots];
  head_next_.push_back(first);
  first = static_cast<uint32_t>(head_.size());
  head_.push_back(PostingOf(hash, entry));
  if (head_.size() == kHeadMax) Flush();
}

void Postings::Flush() {
  std::sort(head_.begin(), head_.end());
  runs_.push_back(RunOf(head_));
  head_.clear();
  head_next_.clear();
  std::fill(head_first_.begin(), head_first_.end(), kNoSlot);
  while (runs_.size() > 1) {
    const PostingRun &older = *runs_[runs_.size() - 2], &newer = *runs_.back();
    if (older.size() >= kTier * newer.size()) return;
    if (merges_beside_ && older.size() + newer.size() > kMergedAtOnceMax) return;
    auto merged = std::make_shared<const PostingRun>(MergeRuns(older, newer));
    runs_.pop_back();
    runs_.back() = std::move(merged);
  }
}

// The least first, so that many that wait are not merged again and again.
std::optional<Postings::Due> Postings::DueMerge() const {
  std::optional<Due> due;
  size_t least = SIZE_MAX;
  for (size_t i = 1; i < runs_.size(); ++i) {
    const size_t older = runs_[i - 1]->size(), newer = runs_[i]->size();
    if (older >= kTier * newer || older + newer <= kMergedAtOnceMax || older + newer >= least) continue;
    least = older + newer;
    due = Due{runs_[i - 1], runs_[i]};
  }
  return due;
}

void Postings::PutMerged(const Due& due, RunPtr merged) {
  const auto older = std::find(runs_.begin(), runs_.end(), due.older);
  if (older == runs_.end() || older + 1 == runs_.end() || older[1] != due.newer) return;
  *older = std::move(merged);
  runs_.erase(older + 1);
}

void Postings::DropAll() {
  head_ = std::vector<uint64_t>();  // = {} would keep the room
  head_next_ = std::vector<uint32_t>();
  head_first_ = std::vector<uint32_t>();
  runs_.clear();
}

template <class Gone>
void Postings::Settle(Gone gone) {
  std::vector<uint64_t> all = std::move(head_);
  std::sort(all.begin(), all.end());
  while (!runs_.empty()) {
    std::vector<uint64_t> merged;
    merged.reserve(all.size() + runs_.back()->size());
    auto at = all.begin();
    runs_.back()->ForAll([&](uint64_t posting) {
      while (at != all.end() && *at < posting) merged.push_back(*at++);
      merged.push_back(posting);
    });
    merged.insert(merged.end(), at, all.end());
    all = std::move(merged);
    runs_.pop_back();
  }
  std::erase_if(all, [&](uint64_t posting) { return gone(EntryIn(posting)); });
  DropAll();
  if (!all.empty()) runs_.push_back(RunOf(all));
}

namespace {

constexpr size_t kParts = size_t{1} << PostingRun::kPartBits;
constexpr size_t kKeysUsual = 20;  // of an entry, or a few less
constexpr size_t kDigits = 4096;   // of each half of the other 24 bits of a hash
using Parts = std::vector<std::vector<uint64_t>>;

// Postings of one part, with rising entries, by their hash: two passes of counting, so that those of one hash stay in their order.
void SortPart(std::span<const std::vector<uint64_t>* const> pieces, std::vector<uint64_t>* half_sorted,
              std::vector<uint64_t>* out) {
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
  out->resize(count);
  for (const std::vector<uint64_t>* const piece : pieces) {
    for (const uint64_t posting : *piece) (*half_sorted)[low[HashIn(posting) % kDigits]++] = posting;
  }
  for (const uint64_t posting : *half_sorted) (*out)[high[HashIn(posting) / kDigits % kDigits]++] = posting;
}

}  // namespace

void Postings::Fill(size_t entries, unsigned threads,
                    const std::function<void(Entry entry, std::vector<Key>* keys)>& keys_of) {
  DropAll();
  if (entries == 0) return;
  // Each thread has a range of its own, so that a part's pieces, one behind the other, have rising entries.
  threads = std::max(1U, threads);
  const size_t range = (entries + threads - 1) / threads;
  std::vector<Parts> pieces(threads, Parts(kParts));
  InParallel(threads, entries, range, [&](unsigned, size_t begin, size_t end) {
    Parts& parts = pieces[begin / range];
    for (std::vector<uint64_t>& part : parts) part.reserve((end - begin) * kKeysUsual / kParts);
    std::vector<Key> keys;
    for (size_t i = begin; i < end; ++i) {
      const auto entry = static_cast<Entry>(i);
      keys_of(entry, &keys);
      for (const Key& key : keys)
        parts[key.hash >> (32 - PostingRun::kPartBits)].push_back(PostingOf(key.hash, entry));
    }
  });
  std::vector<size_t> first(kParts + 1);
  for (size_t part = 0; part < kParts; ++part) {
    first[part + 1] = first[part];
    for (const Parts& each : pieces) first[part + 1] += each[part].size();
  }
  if (first[kParts] == 0) return;
  const auto run = std::make_shared<PostingRun>(first[kParts], static_cast<Entry>(entries - 1));
  std::vector<std::vector<uint64_t>> half_sorted(threads), sorted(threads);
  InParallel(threads, kParts, 1, [&](unsigned thread, size_t part, size_t) {
    std::vector<const std::vector<uint64_t>*> own;
    for (const Parts& each : pieces) own.push_back(&each[part]);
    SortPart(own, &half_sorted[thread], &sorted[thread]);
    for (Parts& each : pieces) each[part] = std::vector<uint64_t>();
    PostingRun::Writer writer(run.get(), first[part], static_cast<uint32_t>(part),
                              static_cast<uint32_t>(part) + 1);
    for (const uint64_t posting : sorted[thread]) writer.Add(posting);
    writer.End();
  });
  runs_.push_back(run);
}

size_t Postings::size() const {
  size_t count = head_.size();
  for (const RunPtr& run : runs_) count += run->size();
  return count;
}

size_t Postings::bytes() const {
  size_t bytes = head_.capacity() * 8 + (head_first_.capacity() + head_next_.capacity()) * 4;
  for (const RunPtr& run : runs_) bytes += run->bytes();
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

void Index::BeginFill() { is_filling_ = true; }

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
  if (key != 0) count = static_cast<uint32_t>(FindLive(key, &scratch->block));
  if (count <= model_.block_max) {
    // Persons, not records: so many different given names have it.
    scratch->names.clear();
    for (const Entry entry : scratch->block) {
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

size_t Index::FindLive(uint32_t hash, std::vector<Entry>* out) const {
  return postings_.Find(
      hash, model_.block_max, [this](Entry entry) { return Has(entry); }, out);
}

void Index::CompareSharedRest(const EntryView& query, const EntryView& other, MatchScratch* scratch,
                              Comparison* comparison) const {
  CompareRest(query, other, comparison);
  uint8_t& phone = comparison->levels[Field::kPhone];
  if (phone == level::kPhoneSame && SharersOf(comparison->phone, scratch) >= model_.shared_from)
    phone = level::kPhoneShared;
}

Comparison Index::CompareShared(const EntryView& query, const EntryView& other, MatchScratch* scratch) const {
  Comparison comparison = ComparePlain(query, other);
  CompareSharedRest(query, other, scratch, &comparison);
  ++scratch->compared;
  return comparison;
}

Scored Index::ScorePair(const EntryView& query, const EntryView& other, MatchScratch* scratch) const {
  return Score(CompareShared(query, other, scratch), model_, rules_);
}

uint32_t Index::PassesFor(Verdict at_least) const {
  Comparison others;
  for (uint8_t reached = 0; reached < kLevelsMax; ++reached) {
    others.levels[Field::kId] = reached;
    if (reached != level::kIdSame && rules_.AtMost(others, BitOf(Field::kId)) >= at_least) return kAllPasses;
  }
  // Numbers that are the same have one key (keys.cpp).
  uint32_t passes = 0;
  for (size_t i = 0; i < model_.passes.size(); ++i) {
    if (model_.passes[i].parts == std::vector{KeyPart::kId}) passes |= uint32_t{1} << i;
  }
  return passes == 0 ? kAllPasses : passes;
}

void Index::Gather(const EntryView& query, MatchScratch* scratch, Entry below, uint32_t passes) const {
  KeysOf(query, model_.passes, &scratch->keys);
  if (passes != kAllPasses)
    std::erase_if(scratch->keys, [passes](const Key& key) { return (passes >> key.pass & 1) == 0; });
  scratch->entries.clear();
  // At 5 million each is a miss of the cache: they are waited for together.
  for (const Key& key : scratch->keys) postings_.Prefetch(key.hash);
  for (const Key& key : scratch->keys) postings_.PrefetchGroups(key.hash);
  for (const Key& key : scratch->keys) {
    const size_t before = scratch->entries.size();
    if (FindLive(key.hash, &scratch->entries) <= model_.block_max) continue;
    scratch->entries.resize(before);
    ++scratch->passed_over;
  }
  std::sort(scratch->entries.begin(), scratch->entries.end());
  scratch->entries.erase(std::unique(scratch->entries.begin(), scratch->entries.end()),
                         scratch->entries.end());
  if (below != kNoEntry) std::erase_if(scratch->entries, [&](Entry entry) { return entry >= below; });
}

void Index::Match(const EntryView& query, Verdict at_least, MatchScratch* scratch,
                  std::vector<MatchHit>* hits, Entry below, uint32_t passes) const {
  constexpr size_t kAhead = 6;
  hits->clear();
  scratch->sharers.clear();
  Gather(query, scratch, below, passes);
  const std::vector<Entry>& entries = scratch->entries;
  for (size_t i = 0; i < std::min(kAhead, entries.size()); ++i) BringNear(store_.BytesAt(entries[i]));
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kAhead < entries.size()) {
      BringNear(store_.BytesAt(entries[i + kAhead]));
      BringNear(store_.BytesAt(entries[i + kAhead]) + 64);
    }
    const EntryView other = View(entries[i]);
    ++scratch->compared;
    Comparison comparison = ComparePlain(query, other);
    // Most are told apart by their numbers alone; names are what takes long.
    if (rules_.AtMost(comparison, kPlainFields) < at_least) continue;
    CompareSharedRest(query, other, scratch, &comparison);
    const Scored scored = Score(comparison, model_, rules_);
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
    if (FindLive(key.hash, out) > model_.block_max) out->resize(before);
  }
  std::sort(out->begin(), out->end());
  out->erase(std::unique(out->begin(), out->end()), out->end());
  std::erase_if(*out, [&](Entry other) { return other >= entry; });
}

Index::Memory Index::memory() const { return {store_.bytes(), store_.place_bytes(), postings_.bytes()}; }

}  // namespace tk::person::linkage
