#include "kernel/view/run_block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kernel/base/result.h"

namespace tk::view {
namespace {

using Column = std::array<uint64_t, kBlockEntries>;

constexpr uint64_t kOrdinalBits = 40, kOrdinalMask = (uint64_t{1} << kOrdinalBits) - 1;
constexpr uint64_t kTimeLowBits = 24, kTimeHighBits = 10;
constexpr uint64_t kSecondMask = (uint64_t{1} << 45) - 1, kUsPerSecond = 1'000'000;

// What differences between times are multiples of: µs of days, hours, minutes, seconds, ms; seconds of days, hours, minutes.
constexpr uint64_t kFactors[] = {1,      86'400'000'000, 3'600'000'000, 60'000'000, kUsPerSecond,
                                 86'400, 3'600,          1'000,         60};

enum Mode : uint8_t { kPlain = 0, kGrouped = 1, kChoice = 2, kModeMask = 3, kRelative = 4 };
constexpr size_t kChoicesMax = 16;

// Columns of an entry, and back.

template <class Entry>
inline constexpr size_t kColumns = 0;
template <>
inline constexpr size_t kColumns<Entry16> = 3;
template <>
inline constexpr size_t kColumns<Entry24> = 4;
template <>
inline constexpr size_t kColumns<Entry32> = 5;

void Split(RunLayout layout, const Entry16& e, uint64_t* c) {
  if (layout == RunLayout::kKeyTime) {
    c[0] = e.a >> kTimeHighBits;
    c[1] = (e.a & ((uint64_t{1} << kTimeHighBits) - 1)) << kTimeLowBits | e.b >> kOrdinalBits;
  } else {
    c[0] = e.a;
    c[1] = e.b >> kOrdinalBits;
  }
  c[2] = e.b & kOrdinalMask;
}
void Join(RunLayout layout, const uint64_t* c, Entry16* e) {
  if (layout == RunLayout::kKeyTime) {
    e->a = c[0] << kTimeHighBits | (c[1] >> kTimeLowBits & ((uint64_t{1} << kTimeHighBits) - 1));
    e->b = c[1] << kOrdinalBits | (c[2] & kOrdinalMask);
  } else {
    e->a = c[0];
    e->b = c[1] << kOrdinalBits | (c[2] & kOrdinalMask);
  }
}
void Split(RunLayout layout, const Entry24& e, uint64_t* c) {
  c[0] = e.a;
  c[1] = e.b;
  const bool whole = layout == RunLayout::kValueRow;
  c[2] = whole ? e.c : e.c >> kOrdinalBits;
  c[3] = whole ? 0 : e.c & kOrdinalMask;
}
void Join(RunLayout layout, const uint64_t* c, Entry24* e) {
  e->a = c[0];
  e->b = c[1];
  e->c = layout == RunLayout::kValueRow ? c[2] : c[2] << kOrdinalBits | (c[3] & kOrdinalMask);
}
void Split(RunLayout, const Entry32& e, uint64_t* c) {
  c[0] = e.a;
  c[1] = e.b;
  c[2] = e.c;
  c[3] = e.d >> kOrdinalBits;
  c[4] = e.d & kOrdinalMask;
}
void Join(RunLayout, const uint64_t* c, Entry32* e) {
  e->a = c[0];
  e->b = c[1];
  e->c = c[2];
  e->d = c[3] << kOrdinalBits | (c[4] & kOrdinalMask);
}

/// What a column is near to, if the layout says so; subtracting and adding wrap around, so any value survives.
bool RelationOf(RunLayout layout, size_t column, const Column* columns, size_t i, uint64_t* near) {
  if (layout == RunLayout::kValueRow && column == 2) {
    *near = columns[1][i];
    return true;
  }
  if (layout == RunLayout::kSecond && column == 1) {
    *near = (columns[0][i] & kSecondMask) * kUsPerSecond;
    return true;
  }
  return false;
}
bool HasRelation(RunLayout layout, size_t column) {
  return (layout == RunLayout::kValueRow && column == 2) || (layout == RunLayout::kSecond && column == 1);
}

uint64_t Zigzag(uint64_t step) { return step << 1 ^ (step >> 63 != 0 ? ~uint64_t{0} : 0); }
uint64_t Unzigzag(uint64_t folded) { return folded >> 1 ^ (0 - (folded & 1)); }

uint64_t Low(size_t bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }
size_t PackedBytes(size_t count, size_t width) { return (count * width + 7) / 8; }

// Writing

class BitWriter {
 public:
  explicit BitWriter(std::vector<uint8_t>* out) : out_(*out) {}
  void Byte(size_t value) { out_.push_back(static_cast<uint8_t>(value)); }
  void Bytes(uint64_t value, size_t count) {
    for (size_t i = 0; i < count; ++i) Byte(value >> (8 * i) & 0xff);
  }
  void Packed(const uint64_t* values, size_t count, size_t width, size_t shift) {
    const size_t at = out_.size();
    out_.resize(at + PackedBytes(count, width));
    for (size_t i = 0; i < count; ++i) {
      uint64_t value = values[i] >> shift & Low(width);
      for (size_t bit = i * width, left = width; left > 0;) {
        const size_t in_byte = bit % 8, n = std::min(left, 8 - in_byte);
        out_[at + bit / 8] = static_cast<uint8_t>(out_[at + bit / 8] | (value & Low(n)) << in_byte);
        value >>= n;
        bit += n;
        left -= n;
      }
    }
  }

 private:
  std::vector<uint8_t>& out_;
};

/// A sequence made ready: how it is written best, and how many bytes that takes.
struct Sequence {
  Column values;  // remainders
  size_t count = 0, width = 0, widest = 0, exceptions = 0, bytes = 0;
  uint64_t base = 0;
  size_t factor = 0;  // of kFactors
};

size_t FactorOf(const uint64_t* values, size_t count) {
  for (size_t f = 1; f < std::size(kFactors); ++f) {
    size_t i = 0;
    while (i < count && values[i] % kFactors[f] == 0) ++i;
    if (i == count) return f;
  }
  return 0;
}

void MakeReady(const uint64_t* values, size_t count, Sequence* out) {
  out->count = count;
  out->base = *std::min_element(values, values + count);
  uint64_t any = 0;
  for (size_t i = 0; i < count; ++i) any |= out->values[i] = values[i] - out->base;
  out->factor = 0;
  if (any > 0xfff && (out->factor = FactorOf(out->values.data(), count)) != 0) {
    for (size_t i = 0; i < count; ++i) out->values[i] /= kFactors[out->factor];
  }
  std::array<uint8_t, 65> of_width{};
  for (size_t i = 0; i < count; ++i) ++of_width[static_cast<size_t>(std::bit_width(out->values[i]))];
  out->widest = 64;
  while (out->widest > 0 && of_width[out->widest] == 0) --out->widest;
  out->width = out->widest;
  out->exceptions = 0;
  size_t best = PackedBytes(count, out->widest), wider = 0;
  for (size_t width = out->widest; width-- > 0;) {
    wider += of_width[width + 1];
    const size_t bytes = PackedBytes(count, width) + 2 + wider + PackedBytes(wider, out->widest - width);
    if (bytes >= best) continue;
    best = bytes;
    out->width = width;
    out->exceptions = wider;
  }
  out->bytes = 2 + (static_cast<size_t>(std::bit_width(out->base)) + 7) / 8 + best;
}

void WriteSequence(const Sequence& sequence, BitWriter* out) {
  const size_t base_bytes = (static_cast<size_t>(std::bit_width(sequence.base)) + 7) / 8;
  out->Byte(sequence.width | (sequence.exceptions > 0 ? 0x80 : 0));
  out->Byte(base_bytes << 4 | sequence.factor);
  out->Bytes(sequence.base, base_bytes);
  out->Packed(sequence.values.data(), sequence.count, sequence.width, 0);
  if (sequence.exceptions == 0) return;
  out->Byte(sequence.exceptions);
  out->Byte(sequence.widest - sequence.width);
  Column high;
  size_t n = 0;
  for (size_t i = 0; i < sequence.count; ++i) {
    if (sequence.values[i] <= Low(sequence.width)) continue;
    out->Byte(i);
    high[n++] = sequence.values[i];
  }
  out->Packed(high.data(), n, sequence.widest - sequence.width, sequence.width);
}

/// Where keys begin, and how many there are.
struct Keys {
  std::array<uint64_t, kBlockEntries> begins;  // 0 or 1
  size_t count = 0;
};

/// The columns' ways, tried against each other.
class ColumnWriter {
 public:
  ColumnWriter(const Keys& keys, size_t count) : keys_(keys), count_(count) {}

  /// Keeps the shortest way seen so far.
  void Try(const Column& column, uint8_t relative) {
    MakeReady(column.data(), count_, &trial_[0]);
    if (trial_[0].bytes < bytes_) Keep(kPlain | relative, trial_[0].bytes);
    if (trial_[0].widest < 3) return;
    if (keys_.count < count_) TryGrouped(column, relative);
    TryChoice(column, relative);
  }
  void Write(BitWriter* out) const {
    out->Byte(mode_);
    if ((mode_ & kModeMask) == kChoice) {
      out->Byte(choices_);
      for (size_t i = 0; i < choices_; ++i) out->Bytes(table_[i], 8);
      out->Packed(places_.data(), count_, Width(choices_), 0);
      return;
    }
    WriteSequence(best_[0], out);
    if ((mode_ & kModeMask) == kGrouped) WriteSequence(best_[1], out);
  }

 private:
  static size_t Width(size_t choices) { return static_cast<size_t>(std::bit_width(choices - 1)); }
  void Keep(int mode, size_t bytes) {
    mode_ = static_cast<uint8_t>(mode);
    bytes_ = bytes;
    best_[0] = trial_[0];
    if ((mode & kModeMask) == kGrouped) best_[1] = trial_[1];
  }
  void TryGrouped(const Column& column, uint8_t relative) {
    Column firsts, steps;
    size_t first = 0, step = 0;
    for (size_t i = 0; i < count_; ++i) {
      if (keys_.begins[i] != 0)
        firsts[first++] = column[i];
      else
        steps[step++] = Zigzag(column[i] - column[i - 1]);
    }
    MakeReady(firsts.data(), first, &trial_[0]);
    MakeReady(steps.data(), step, &trial_[1]);
    const size_t bytes = trial_[0].bytes + trial_[1].bytes;
    if (bytes < bytes_) Keep(kGrouped | relative, bytes);
  }
  void TryChoice(const Column& column, uint8_t relative) {
    std::array<uint64_t, kChoicesMax> table;
    Column places;
    size_t choices = 0;
    for (size_t i = 0; i < count_; ++i) {
      size_t place = 0;
      while (place < choices && table[place] != column[i]) ++place;
      if (place == choices) {
        if (choices == kChoicesMax) return;
        table[choices++] = column[i];
      }
      places[i] = place;
    }
    const size_t bytes = 1 + 8 * choices + PackedBytes(count_, Width(choices));
    if (bytes >= bytes_) return;
    mode_ = static_cast<uint8_t>(kChoice | relative);
    bytes_ = bytes;
    table_ = table;
    places_ = places;
    choices_ = choices;
  }

  const Keys& keys_;
  const size_t count_;
  Sequence trial_[2], best_[2];
  std::array<uint64_t, kChoicesMax> table_;
  Column places_;
  size_t choices_ = 0, bytes_ = ~size_t{0};
  uint8_t mode_ = kPlain;
};

// Reading

class Reader {
 public:
  Reader(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) {}
  bool good() const { return good_; }
  bool done() const { return good_ && at_ == end_; }
  size_t Byte() {
    if (at_ == end_) return Fail();
    return *at_++;
  }
  uint64_t Bytes(size_t count) {
    if (count > 8 || count > static_cast<size_t>(end_ - at_)) return Fail();
    uint64_t value = 0;
    std::memcpy(&value, at_, count);
    at_ += count;
    return value;
  }
  /// Whole words are read, up to nine bytes from where a value begins: hence the slack after the end.
  bool Packed(uint64_t* values, size_t count, size_t width) {
    const size_t bytes = PackedBytes(count, width);
    if (width > 64 || bytes > static_cast<size_t>(end_ - at_)) return Fail() != 0;
    const uint64_t mask = Low(width);
    if (width == 0) {
      std::fill_n(values, count, 0);
    } else if (width <= 56) {
      for (size_t i = 0, bit = 0; i < count; ++i, bit += width) {
        uint64_t word;
        std::memcpy(&word, at_ + bit / 8, sizeof word);
        values[i] = word >> (bit % 8) & mask;
      }
    } else {
      for (size_t i = 0, bit = 0; i < count; ++i, bit += width) {
        uint64_t word;
        std::memcpy(&word, at_ + bit / 8, sizeof word);
        const size_t shift = bit % 8;
        const uint64_t above = shift == 0 ? 0 : uint64_t{at_[bit / 8 + 8]} << (64 - shift);
        values[i] = (word >> shift | above) & mask;
      }
    }
    at_ += bytes;
    return true;
  }
  bool Sequence(uint64_t* values, size_t count) {
    const size_t head = Byte(), form = Byte();
    const size_t width = head & 0x7f, factor = form & 0xf;
    const uint64_t base = Bytes(form >> 4);
    if (!good_ || factor >= std::size(kFactors) || !Packed(values, count, width)) return Fail() != 0;
    if ((head & 0x80) != 0 && !Exceptions(values, count, width)) return false;
    if (factor == 0) {
      if (base != 0) {
        for (size_t i = 0; i < count; ++i) values[i] += base;
      }
    } else {
      for (size_t i = 0; i < count; ++i) values[i] = values[i] * kFactors[factor] + base;
    }
    return true;
  }
  size_t Fail() {
    good_ = false;
    at_ = end_;
    return 0;
  }

 private:
  bool Exceptions(uint64_t* values, size_t count, size_t width) {
    const size_t exceptions = Byte(), more = Byte();
    const uint8_t* const places = at_;
    if (exceptions > count || width + more > 64 || width >= 64 ||
        exceptions > static_cast<size_t>(end_ - at_))
      return Fail() != 0;
    at_ += exceptions;
    Column high;
    if (!Packed(high.data(), exceptions, more)) return false;
    for (size_t i = 0; i < exceptions; ++i) {
      if (places[i] >= count) return Fail() != 0;
      values[places[i]] |= high[i] << width;
    }
    return true;
  }
  const uint8_t* at_;
  const uint8_t* const end_;
  bool good_ = true;
};

bool ReadKeys(Reader* in, size_t count, uint64_t first, Keys* keys, Column* column) {
  keys->count = in->Byte() + 1;
  if (keys->count > count) return false;
  Column steps;
  uint64_t* const begins = keys->begins.data();
  if (keys->count == 1 || keys->count == count) {
    std::fill_n(begins, count, keys->count == 1 ? 0 : 1);
    begins[0] = 1;
  } else {
    if (!in->Packed(begins, count, 1)) return false;
    size_t found = 0;
    for (size_t i = 0; i < count; ++i) found += begins[i];
    if (begins[0] == 0 || found != keys->count) return false;
  }
  if (keys->count == 1) {
    std::fill_n(column->data(), count, first);
    return true;
  }
  if (!in->Sequence(steps.data(), keys->count - 1)) return false;
  // Where keys begin is not foreseeable: without branches this is several times faster.
  steps[keys->count - 1] = 0;
  uint64_t value = first;
  for (size_t i = 0, step = 0; i < count; ++i) {
    const uint64_t next = i == 0 ? 0 : begins[i];
    value += steps[step] & (0 - next);
    step += next;
    (*column)[i] = value;
  }
  return true;
}

bool ReadColumn(Reader* in, size_t mode, size_t count, const Keys& keys, Column* column) {
  if ((mode & kModeMask) == kPlain) return in->Sequence(column->data(), count);
  if ((mode & kModeMask) == kChoice) {
    const size_t choices = in->Byte();
    if (choices == 0 || choices > kChoicesMax) return false;
    std::array<uint64_t, kChoicesMax> table{};
    for (size_t i = 0; i < choices; ++i) table[i] = in->Bytes(8);
    if (!in->Packed(column->data(), count, static_cast<size_t>(std::bit_width(choices - 1)))) return false;
    for (size_t i = 0; i < count; ++i) (*column)[i] = table[(*column)[i] % kChoicesMax];
    return true;
  }
  if ((mode & kModeMask) != kGrouped || keys.count >= count) return false;
  Column firsts, steps;
  if (!in->Sequence(firsts.data(), keys.count) || !in->Sequence(steps.data(), count - keys.count))
    return false;
  firsts[keys.count] = steps[count - keys.count] = 0;  // read once more than there are
  uint64_t value = 0;
  for (size_t i = 0, first = 0; i < count; ++i) {
    const uint64_t begins = keys.begins[i], chosen = 0 - begins;
    value = (firsts[first] & chosen) | ((value + Unzigzag(steps[i - first])) & ~chosen);
    first += begins;
    (*column)[i] = value;
  }
  return true;
}

}  // namespace

template <class Entry>
void EncodeBlock(RunLayout layout, const Entry* entries, size_t count, std::vector<uint8_t>* out) {
  CHECK(count >= 1 && count <= kBlockEntries);
  constexpr size_t kCount = kColumns<Entry>;
  Column columns[kCount];
  for (size_t i = 0; i < count; ++i) {
    uint64_t parts[kCount];
    Split(layout, entries[i], parts);
    for (size_t c = 0; c < kCount; ++c) columns[c][i] = parts[c];
  }
  Keys keys;
  Column steps;
  for (size_t i = 0; i < count; ++i) {
    keys.begins[i] = i == 0 || columns[0][i] != columns[0][i - 1] ? 1 : 0;
    if (i > 0 && keys.begins[i] != 0) steps[keys.count - 1] = columns[0][i] - columns[0][i - 1];
    keys.count += keys.begins[i];
  }
  BitWriter writer(out);
  writer.Byte(count - 1);
  writer.Byte(keys.count - 1);
  if (keys.count > 1 && keys.count < count) writer.Packed(keys.begins.data(), count, 1, 0);
  if (keys.count > 1) {
    Sequence sequence;
    MakeReady(steps.data(), keys.count - 1, &sequence);
    WriteSequence(sequence, &writer);
  }
  for (size_t c = 1; c < kCount; ++c) {
    ColumnWriter column(keys, count);
    column.Try(columns[c], 0);
    if (HasRelation(layout, c)) {
      Column away;
      uint64_t near = 0;
      for (size_t i = 0; i < count; ++i)
        away[i] = RelationOf(layout, c, columns, i, &near) ? columns[c][i] - near : 0;
      column.Try(away, kRelative);
    }
    column.Write(&writer);
  }
}

template <class Entry>
bool DecodeBlock(RunLayout layout, const Entry& first, size_t count, const uint8_t* at, const uint8_t* end,
                 Entry* out) {
  constexpr size_t kCount = kColumns<Entry>;
  if (count < 1 || count > kBlockEntries) return false;
  Reader in(at, end);
  if (in.Byte() + 1 != count) return false;
  uint64_t parts[kCount];
  Split(layout, first, parts);
  Keys keys;
  Column columns[kCount];
  if (!ReadKeys(&in, count, parts[0], &keys, &columns[0])) return false;
  for (size_t c = 1; c < kCount; ++c) {
    const size_t mode = in.Byte();
    if (mode > (kModeMask | kRelative) || !ReadColumn(&in, mode, count, keys, &columns[c])) return false;
    if ((mode & kRelative) == 0) continue;
    uint64_t near = 0;
    if (!HasRelation(layout, c)) return false;
    for (size_t i = 0; i < count; ++i) columns[c][i] += RelationOf(layout, c, columns, i, &near) ? near : 0;
  }
  if (!in.done()) return false;
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < kCount; ++c) parts[c] = columns[c][i];
    Join(layout, parts, &out[i]);
  }
  return true;
}

template void EncodeBlock(RunLayout, const Entry16*, size_t, std::vector<uint8_t>*);
template void EncodeBlock(RunLayout, const Entry24*, size_t, std::vector<uint8_t>*);
template void EncodeBlock(RunLayout, const Entry32*, size_t, std::vector<uint8_t>*);
template bool DecodeBlock(RunLayout, const Entry16&, size_t, const uint8_t*, const uint8_t*, Entry16*);
template bool DecodeBlock(RunLayout, const Entry24&, size_t, const uint8_t*, const uint8_t*, Entry24*);
template bool DecodeBlock(RunLayout, const Entry32&, size_t, const uint8_t*, const uint8_t*, Entry32*);

}  // namespace tk::view
