// The stored form of entries, transactions and batches: the same bytes in every back end, so that checksums, digests,
// backup and restore have one meaning. All integers little-endian. Described for readers in docs/flow/log.md.
// Entry row:  crc32c u32 (over ordinal and all that follows) · t u64 · at_us i64 · id_hash u64 · owner u32 · version u32 ·
//   dictionary u32 · type u16 · op u8 · sealed bytes
// Transactions of a batch: first at_us i64, then for each: varint(entry_count * 2 + has key) · [key u64] · varint(at_us - previous at_us)
// Digest of a batch: BLAKE2b-256(previous digest · batch header · transactions · for each entry: size u32, row)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/log/log.h"

namespace tk::log {

inline constexpr size_t kRowHeaderBytes = 43;
inline constexpr Ordinal kOrdinalMax = (Ordinal{1} << 40) - 1;
inline constexpr size_t kRowBytesMax = size_t{128} << 20;

/// A batch as stored, without its entries.
struct BatchRow {
  uint64_t first_t = 0;
  BatchId id{};
  uint64_t epoch = 0;
  Ordinal first_ordinal = 0;
  uint32_t transaction_count = 0;
  uint32_t entry_count = 0;
  Instant last_at_us = 0;
  std::string transactions;
  Digest digest{};

  uint64_t end_t() const { return first_t + transaction_count; }
  Ordinal end_ordinal() const { return first_ordinal + entry_count; }
};

/// A batch ready to be written. `rows` is one block of memory; row i is [offsets[i], offsets[i + 1]).
struct PackedBatch {
  BatchRow batch;
  std::string rows;
  std::vector<size_t> offsets;
  std::string_view row(size_t i) const {
    return std::string_view(rows).substr(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

/// Packs `batch` to follow `head`; checks counts, order of times and sizes. kConflict if first_t, first_ordinal do not follow,
/// kIncorrect if the batch contradicts itself. Reuses the memory of `out`. Cost: one copy and one BLAKE2b of the bytes.
Status PackBatch(const Batch& batch, const Head& head, PackedBatch* out);

/// kCorrupt if the checksum fails or fields are out of range.
Result<StoredEntry> UnpackRow(Ordinal ordinal, std::string_view row);
/// kCorrupt if the bytes are no transactions of this batch.
Result<std::vector<StoredTransaction>> UnpackTransactions(const BatchRow& batch);

/// The digest chain, fed row by row.
class BatchDigest {
 public:
  BatchDigest(const Digest& previous, const BatchRow& batch);
  void Add(std::string_view row);
  Digest Finish();

 private:
  alignas(64) std::array<unsigned char, 384> state_;
};

/// Little-endian integers and varints, appended to and taken from strings.
template <class T>
void PutInt(std::string* out, T value) {
  static_assert(std::is_integral_v<T>);
  out->append(reinterpret_cast<const char*>(&value),
              sizeof value);  // x86-64 and arm64 are little-endian; checked in row.cpp
}
template <class T>
T GetInt(std::string_view bytes, size_t at) {
  T value;
  CHECK(at + sizeof value <= bytes.size());
  __builtin_memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
void PutVarint(std::string* out, uint64_t value);
/// Moves *at past the varint; false if the bytes end within it.
bool GetVarint(std::string_view bytes, size_t* at, uint64_t* value);

}  // namespace tk::log
