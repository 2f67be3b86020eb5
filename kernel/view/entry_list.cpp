#include "kernel/view/entry_list.h"

#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <cstring>
#include <memory>

namespace tk::view {

template <class Entry>
const Entry* LowerBound(const Entry* data, size_t count, const Entry& key) {
  if (count == 0 || !(data[0] < key)) return data;
  if (data[count - 1] < key) return data + count;
  // The answer is in (low, high]: data[low] < key <= data[high]. Hashes are spread evenly, so two or three guesses leave a few cache lines; other
  // keys fall through to halving. What was read at the ends is kept: every read may be a cache miss.
  size_t low = 0, high = count - 1;
  uint64_t first = data[low].a, last = data[high].a;
  for (int round = 0; round < 4 && high - low > 64 && first < key.a && key.a < last; ++round) {
    const double part = static_cast<double>(key.a - first) / static_cast<double>(last - first);
    const size_t guess =
        std::clamp(low + static_cast<size_t>(part * static_cast<double>(high - low)), low + 1, high - 1);
    const size_t margin =
        2 * (size_t{1} << (std::bit_width(high - low) / 2));  // about two standard errors of an even spread
    if (data[guess] < key) {
      low = guess;
      first = data[guess].a;
      const size_t probe = guess + margin;
      if (probe < high && !(data[probe] < key)) {
        high = probe;
        last = data[probe].a;
      }
    } else {
      high = guess;
      last = data[guess].a;
      if (guess > low + margin && data[guess - margin] < key) {
        low = guess - margin;
        first = data[low].a;
      }
    }
  }
  ++low;
  return std::lower_bound(data + low, data + high, key);
}

namespace {

template <class Entry>
const Entry* GallopUpper(const Entry* data, size_t count, const Entry& key) {
  // Ranges are mostly short: gallop from the lower bound, which is where `data` points.
  size_t step = 1, at = 0;
  while (at + step < count && !(key < data[at + step])) {
    at += step;
    step *= 2;
  }
  const size_t end = std::min(count, at + step + 1);
  return std::upper_bound(data + at, data + end, key);
}

std::atomic<uint64_t> next_list{1};

/// The blocks that a thread decoded last.
template <class Entry>
struct KeptBlocks {
  static constexpr size_t kSlots =
      64;  // a range of dates has two ends in each of five classes of durations in each run
  struct Slot {
    uint64_t list = 0;
    size_t block = 0;
    Entry entries[kBlockEntries];
  };
  Slot slots[kSlots];
};

}  // namespace

template <class Entry>
EntryList<Entry>::EntryList(RunLayout layout, size_t count, const Entry* firsts, const uint64_t* offsets,
                            const uint8_t* data, uint64_t data_bytes)
    : size_(count),
      layout_(layout),
      firsts_(firsts),
      offsets_(offsets),
      data_(data),
      data_bytes_(data_bytes),
      id_(next_list.fetch_add(1, std::memory_order_relaxed)) {}

template <class Entry>
size_t EntryList<Entry>::Read(size_t block, Entry* out) const {
  const size_t count = BlockSize(block);
  const uint64_t from = offsets_[block], to = offsets_[block + 1];
  const bool sound = from < to && to <= data_bytes_ &&
                     DecodeBlock(layout_, firsts_[block], count, data_ + from, data_ + to, out);
  if (!sound) std::fill_n(out, count, Entry{});
  return count;
}

template <class Entry>
const Entry* EntryList<Entry>::Kept(size_t block) const {
  thread_local const std::unique_ptr<KeptBlocks<Entry>> kept = std::make_unique<KeptBlocks<Entry>>();
  auto& slot = kept->slots[(id_ + block) % KeptBlocks<Entry>::kSlots];
  if (slot.list != id_ || slot.block != block) {
    Read(block, slot.entries);
    slot.list = id_;
    slot.block = block;
  }
  return slot.entries;
}

template <class Entry>
size_t EntryList<Entry>::LowerRank(const Entry& key) const {
  if (size_ == 0) return 0;
  if (raw_ != nullptr) return static_cast<size_t>(LowerBound(raw_, size_, key) - raw_);
  const auto after = static_cast<size_t>(LowerBound(firsts_, blocks(), key) - firsts_);
  if (after == 0) return 0;
  const Entry* const entries = Kept(after - 1);
  const Entry* const at = std::lower_bound(entries, entries + BlockSize(after - 1), key);
  return (after - 1) * kBlockEntries + static_cast<size_t>(at - entries);
}

template <class Entry>
size_t EntryList<Entry>::UpperRank(const Entry& key, size_t from) const {
  const size_t block = from / kBlockEntries;
  if (from == size_ || (from % kBlockEntries == 0 && key < firsts_[block])) return from;
  const auto after = static_cast<size_t>(GallopUpper(firsts_ + block, blocks() - block, key) - firsts_);
  const size_t last = std::max(after, block + 1) - 1;
  const Entry* const entries = Kept(last);
  const Entry* const at = std::upper_bound(entries, entries + BlockSize(last), key);
  return std::max(from, last * kBlockEntries + static_cast<size_t>(at - entries));
}

template <class Entry>
Ranks EntryList<Entry>::RangeOf(const Entry& low, const Entry& high) const {
  if (size_ == 0 || high < low) return {};
  const size_t first = LowerRank(low);
  if (raw_ == nullptr) return {first, UpperRank(high, first)};
  if (first == size_ || high < raw_[first]) return {first, first};
  return {first, static_cast<size_t>(GallopUpper(raw_ + first, size_ - first, high) - raw_)};
}

template <class Entry>
bool EntryList<Entry>::Contains(const Entry& entry) const {
  const size_t rank = LowerRank(entry);
  if (rank == size_) return false;
  if (raw_ != nullptr) return raw_[rank] == entry;
  return Kept(rank / kBlockEntries)[rank % kBlockEntries] == entry;
}

template <class Entry>
void EntryList<Entry>::Copy(size_t first, size_t last, Entry* out) const {
  const Entry* const from =
      raw_ != nullptr ? raw_ + first : Kept(first / kBlockEntries) + first % kBlockEntries;
  std::copy(from, from + (last - first), out);
}

template <class Entry>
bool ListReader<Entry>::Next(const Entry** first, const Entry** last) {
  if (list_->raw() != nullptr || list_->size() == 0) {
    if (block_++ > 0 || list_->size() == 0) return false;
    *first = list_->raw();
    *last = *first + list_->size();
    return true;
  }
  if (block_ == list_->blocks()) return false;
  piece_.resize(kBlockEntries);
  *first = piece_.data();
  *last = *first + list_->Read(block_++, piece_.data());
  return true;
}

namespace {

/// What stands behind the filter's blocks.
struct FilterEnd {
  uint64_t words, blocks;
};

}  // namespace

template <class Entry>
Result<RunLists<Entry>> ListsOf(const RunMap& map, const std::string& path) {
  auto corrupt = [&](const char* what) {
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                     fmt::format("{}: {}", path, what));
  };
  const RunHeader& header = map.header;
  uint64_t lists_bytes = header.data_bytes;
  FilterEnd end{header.adds, 0};
  if (header.format_version == kRunFormatFiltered) {
    if (lists_bytes < sizeof end) return corrupt("shorter than its header says");
    lists_bytes -= sizeof end;
    std::memcpy(&end, map.data() + lists_bytes, sizeof end);
    if (end.blocks == 0 || end.blocks > kFilterBlocksMax || end.blocks > lists_bytes / sizeof(FilterBlock) ||
        end.words > header.adds)
      return corrupt("its filter does not fit");
    lists_bytes -= end.blocks * sizeof(FilterBlock);
  }
  // A block takes some bytes and its place in the index: no count beyond the bytes is right, and none below them overflows.
  if (header.adds / kBlockEntries > lists_bytes || header.antis / kBlockEntries > lists_bytes)
    return corrupt("shorter than its header says");
  const uint64_t adds = (header.adds + kBlockEntries - 1) / kBlockEntries,
                 antis = (header.antis + kBlockEntries - 1) / kBlockEntries;
  const uint64_t index_bytes = (adds + antis) * (sizeof(Entry) + 8) + 16;
  if (index_bytes > lists_bytes || (lists_bytes - index_bytes) % 8 != 0)
    return corrupt("shorter than its header says");
  const uint64_t blocks_bytes = lists_bytes - index_bytes;
  const auto* const firsts = reinterpret_cast<const Entry*>(map.data() + blocks_bytes);
  const auto* const offsets = reinterpret_cast<const uint64_t*>(firsts + adds + antis);
  const auto layout = static_cast<RunLayout>(header.layout);
  return RunLists<Entry>{
      EntryList<Entry>(layout, header.adds, firsts, offsets, map.data(), blocks_bytes),
      EntryList<Entry>(layout, header.antis, firsts + adds, offsets + adds + 1, map.data(), blocks_bytes),
      RunFilter(reinterpret_cast<const FilterBlock*>(map.data() + lists_bytes), end.blocks), end.words};
}

template <class Entry>
Status ListWriter<Entry>::Append(const void* bytes, size_t count) {
  written_ += count;
  return file_.Append(bytes, count);
}

template <class Entry>
Status ListWriter<Entry>::Flush(Side* side) {
  side->firsts.push_back(side->block.front());
  side->offsets.push_back(written_);
  bytes_.clear();
  EncodeBlock(layout_, side->block.data(), side->block.size(), &bytes_);
  side->block.clear();
  return Append(bytes_.data(), bytes_.size());
}

template <class Entry>
Status ListWriter<Entry>::End(Side* side) {
  if (!side->block.empty()) TRY(Flush(side));
  side->offsets.push_back(written_);
  return {};
}

template <class Entry>
Result<uint64_t> ListWriter<Entry>::Finish() {
  if (adds_.offsets.size() == adds_.firsts.size()) TRY(End(&adds_));
  TRY(End(&antis_));
  constexpr uint64_t kZeros = 0;
  if (written_ % 8 != 0) TRY(Append(&kZeros, 8 - written_ % 8));
  for (const Side* side : {&adds_, &antis_})
    TRY(Append(side->firsts.data(), side->firsts.size() * sizeof(Entry)));
  for (const Side* side : {&adds_, &antis_})
    TRY(Append(side->offsets.data(), side->offsets.size() * sizeof(uint64_t)));
  if (const auto& blocks = filter_.blocks(); !blocks.empty()) {
    const FilterEnd end{filter_.words(), blocks.size()};
    TRY(Append(blocks.data(), blocks.size() * sizeof(FilterBlock)));
    TRY(Append(&end, sizeof end));
  }
  return written_;
}

template const Entry16* LowerBound(const Entry16*, size_t, const Entry16&);
template const Entry24* LowerBound(const Entry24*, size_t, const Entry24&);
template const Entry32* LowerBound(const Entry32*, size_t, const Entry32&);
template class EntryList<Entry16>;
template class EntryList<Entry24>;
template class EntryList<Entry32>;
template class ListReader<Entry16>;
template class ListReader<Entry24>;
template class ListReader<Entry32>;
template class ListWriter<Entry16>;
template class ListWriter<Entry24>;
template class ListWriter<Entry32>;
template Result<RunLists<Entry16>> ListsOf(const RunMap&, const std::string&);
template Result<RunLists<Entry24>> ListsOf(const RunMap&, const std::string&);
template Result<RunLists<Entry32>> ListsOf(const RunMap&, const std::string&);

}  // namespace tk::view
