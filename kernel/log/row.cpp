#include "kernel/log/row.h"

#include <fmt/format.h>
#include <sodium.h>

#include <bit>
#include <cstring>
#include <limits>

namespace tk::log {

static_assert(std::endian::native == std::endian::little, "the stored form is copied, not converted");
static_assert(sizeof(crypto_generichash_state) <= 384);

namespace {

crypto_generichash_state* State(std::array<unsigned char, 384>* bytes) {
  return reinterpret_cast<crypto_generichash_state*>(bytes->data());
}

uint32_t RowCrc(Ordinal ordinal, std::string_view row) {
  const uint32_t seed = Crc32c(AsBytes({reinterpret_cast<const char*>(&ordinal), sizeof ordinal}));
  return Crc32c(AsBytes(row.substr(sizeof(uint32_t))), seed);
}

void PackRow(const NewEntry& entry, Ordinal ordinal, uint64_t t, Instant at_us, std::string* out) {
  std::array<char, kRowHeaderBytes> header{};
  size_t at = sizeof(uint32_t);
  const auto put = [&](auto value) {
    std::memcpy(header.data() + at, &value, sizeof value);
    at += sizeof value;
  };
  put(t);
  put(at_us);
  put(entry.id_hash);
  put(entry.owner);
  put(entry.version);
  put(entry.dictionary);
  put(entry.type);
  put(static_cast<uint8_t>(entry.op));
  CHECK(at == kRowHeaderBytes);
  const size_t start = out->size();
  out->append(header.data(), header.size());
  out->append(entry.sealed);
  const uint32_t crc = RowCrc(ordinal, std::string_view(*out).substr(start));
  std::memcpy(out->data() + start, &crc, sizeof crc);
}

Status CheckBatch(const Batch& batch, const Head& head) {
  if (batch.epoch != head.epoch || batch.first_t != head.t + 1 || batch.first_ordinal != head.next_ordinal) {
    return MakeError(
        ErrorCode::kConflict, "The batch does not follow the head of the log; read the head again.",
        fmt::format("batch epoch {} t {} ordinal {}, head epoch {} t {} next ordinal {}", batch.epoch,
                    batch.first_t, batch.first_ordinal, head.epoch, head.t, head.next_ordinal));
  }
  if (batch.transactions.empty())
    return MakeError(ErrorCode::kIncorrect, "A batch needs at least one transaction.");
  uint64_t entries = 0;
  Instant last_us = head.last_at_us;
  for (const NewTransaction& transaction : batch.transactions) {
    entries += transaction.entry_count;
    if (transaction.at_us <= last_us) {
      return MakeError(ErrorCode::kIncorrect, "The times of transactions must grow strictly.",
                       fmt::format("{} after {}", transaction.at_us, last_us));
    }
    last_us = transaction.at_us;
  }
  if (entries != batch.entries.size() || entries > std::numeric_limits<uint32_t>::max()) {
    return MakeError(ErrorCode::kIncorrect, "The transactions' entry counts and the batch's entries differ.",
                     fmt::format("{} counted, {} given", entries, batch.entries.size()));
  }
  if (batch.first_ordinal + entries > kOrdinalMax)
    return MakeError(ErrorCode::kTooLarge, "The log has used all its ordinals.");
  for (const NewEntry& entry : batch.entries) {
    if (entry.sealed.size() + kRowHeaderBytes > kRowBytesMax) {
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("An entry is larger than {} bytes.", kRowBytesMax - kRowHeaderBytes));
    }
  }
  return {};
}

}  // namespace

void PutVarint(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

bool GetVarint(std::string_view bytes, size_t* at, uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && *at < bytes.size(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes[(*at)++]);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

BatchDigest::BatchDigest(const Digest& previous, const BatchRow& batch) {
  CHECK(crypto_generichash_init(State(&state_), nullptr, 0, previous.size()) == 0);
  std::string header;
  header.append(AsText(previous));
  header.append(AsText(batch.id));
  for (uint64_t field : {batch.epoch, batch.first_t, batch.first_ordinal, uint64_t{batch.transaction_count},
                         uint64_t{batch.entry_count}, static_cast<uint64_t>(batch.last_at_us),
                         uint64_t{batch.transactions.size()}}) {
    PutInt(&header, field);
  }
  header.append(batch.transactions);
  crypto_generichash_update(State(&state_), AsBytes(header).data(), header.size());
}

void BatchDigest::Add(std::string_view row) {
  const auto size = static_cast<uint32_t>(row.size());
  crypto_generichash_update(State(&state_), reinterpret_cast<const unsigned char*>(&size), sizeof size);
  crypto_generichash_update(State(&state_), AsBytes(row).data(), row.size());
}

Digest BatchDigest::Finish() {
  Digest digest{};
  crypto_generichash_final(State(&state_), digest.data(), digest.size());
  return digest;
}

Status PackBatch(const Batch& batch, const Head& head, PackedBatch* out) {
  TRY(CheckBatch(batch, head));
  BatchRow& row = out->batch;
  row.first_t = batch.first_t;
  row.id = batch.id;
  row.epoch = batch.epoch;
  row.first_ordinal = batch.first_ordinal;
  row.transaction_count = static_cast<uint32_t>(batch.transactions.size());
  row.entry_count = static_cast<uint32_t>(batch.entries.size());
  row.last_at_us = batch.transactions.back().at_us;
  row.transactions.clear();
  out->rows.clear();
  out->offsets.assign(1, 0);
  Instant previous_us = batch.transactions.front().at_us;
  PutInt(&row.transactions, previous_us);
  size_t next = 0;
  for (size_t i = 0; i < batch.transactions.size(); ++i) {
    const NewTransaction& transaction = batch.transactions[i];
    PutVarint(&row.transactions, uint64_t{transaction.entry_count} * 2 + (transaction.key != 0 ? 1 : 0));
    if (transaction.key != 0) PutInt(&row.transactions, transaction.key);
    PutVarint(&row.transactions, static_cast<uint64_t>(transaction.at_us - previous_us));
    previous_us = transaction.at_us;
    for (uint32_t n = 0; n < transaction.entry_count; ++n, ++next) {
      PackRow(batch.entries[next], batch.first_ordinal + next, batch.first_t + i, transaction.at_us,
              &out->rows);
      out->offsets.push_back(out->rows.size());
    }
  }
  BatchDigest digest(head.chain, row);
  for (size_t i = 0; i < row.entry_count; ++i) digest.Add(out->row(i));
  row.digest = digest.Finish();
  return {};
}

Result<StoredEntry> UnpackRow(Ordinal ordinal, std::string_view row) {
  const auto damaged = [&](std::string_view what) {
    return MakeError(ErrorCode::kCorrupt, "A stored entry is damaged; run verify and restore from a backup.",
                     fmt::format("ordinal {}: {}", ordinal, what));
  };
  if (row.size() < kRowHeaderBytes) return damaged("the row is too short");
  if (RowCrc(ordinal, row) != GetInt<uint32_t>(row, 0)) return damaged("the checksum differs");
  StoredEntry entry;
  entry.ordinal = ordinal;
  entry.t = GetInt<uint64_t>(row, 4);
  entry.at_us = GetInt<int64_t>(row, 12);
  entry.id_hash = GetInt<uint64_t>(row, 20);
  entry.owner = GetInt<uint32_t>(row, 28);
  entry.version = GetInt<uint32_t>(row, 32);
  entry.dictionary = GetInt<uint32_t>(row, 36);
  entry.type = GetInt<uint16_t>(row, 40);
  const auto op = GetInt<uint8_t>(row, 42);
  if (op < static_cast<uint8_t>(Operation::kCreate) || op > static_cast<uint8_t>(Operation::kErase))
    return damaged("unknown operation");
  entry.op = static_cast<Operation>(op);
  entry.sealed = row.substr(kRowHeaderBytes);
  return entry;
}

Result<std::vector<StoredTransaction>> UnpackTransactions(const BatchRow& batch) {
  const auto damaged = [&] {
    return MakeError(ErrorCode::kCorrupt,
                     "The list of transactions of a batch is damaged; run verify and restore from a backup.",
                     fmt::format("batch at t {}", batch.first_t));
  };
  const std::string_view bytes = batch.transactions;
  if (bytes.size() < sizeof(Instant)) return damaged();
  std::vector<StoredTransaction> out;
  out.reserve(std::min<size_t>(batch.transaction_count, bytes.size()));
  Instant at_us = GetInt<Instant>(bytes, 0);
  Ordinal ordinal = batch.first_ordinal;
  size_t at = sizeof(Instant);
  for (uint32_t i = 0; i < batch.transaction_count; ++i) {
    StoredTransaction transaction;
    uint64_t count = 0, delta = 0;
    if (!GetVarint(bytes, &at, &count)) return damaged();
    if ((count & 1) != 0) {
      if (at + sizeof(uint64_t) > bytes.size()) return damaged();
      transaction.key = GetInt<uint64_t>(bytes, at);
      at += sizeof(uint64_t);
    }
    if (!GetVarint(bytes, &at, &delta)) return damaged();
    at_us += static_cast<Instant>(delta);
    transaction.entry_count = static_cast<uint32_t>(count / 2);
    transaction.at_us = at_us;
    transaction.t = batch.first_t + i;
    transaction.first_ordinal = ordinal;
    ordinal += transaction.entry_count;
    out.push_back(transaction);
  }
  if (at != bytes.size() || ordinal != batch.end_ordinal() || at_us != batch.last_at_us) return damaged();
  return out;
}

}  // namespace tk::log
