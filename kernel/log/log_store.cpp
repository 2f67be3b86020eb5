#include "kernel/log/log_store.h"

#include <fmt/format.h>
#include <algorithm>
#include <unordered_set>

namespace tk::log {
namespace {

constexpr size_t kTypeNameBytesMax = 200;

Error Missing(Ordinal ordinal) {
  return MakeError(ErrorCode::kNotFound, "There is no such entry in the log.",
                   fmt::format("ordinal {}", ordinal));
}

}  // namespace

Head LogStore::head() const {
  const std::lock_guard lock(head_mutex_);
  return head_;
}

void LogStore::SetHead(const StoredHead& stored) {
  Head head;
  head.incarnation = stored.incarnation;
  head.epoch = stored.epoch;
  const std::lock_guard lock(head_mutex_);
  last_id_ = {};
  last_first_t_ = 0;
  if (stored.last) {
    head.t = stored.last->end_t() - 1;
    head.next_ordinal = stored.last->end_ordinal();
    head.last_at_us = stored.last->last_at_us;
    head.chain = stored.last->digest;
    last_id_ = stored.last->id;
    last_first_t_ = stored.last->first_t;
  }
  head_ = head;
}

Status LogStore::LoadAll() {
  auto types = TRY(LoadTypes());
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i].code != i + 1) {
      return MakeError(ErrorCode::kCorrupt, "The table of types has a gap; restore from a backup.", place());
    }
  }
  {
    const std::unique_lock lock(types_mutex_);
    types_ = std::move(types);
  }
  SetHead(TRY(LoadHead()));
  return {};
}

Result<Head> LogStore::Refresh() {
  TRY(LoadAll());
  return head();
}

Result<Head> LogStore::TakeEpoch() {
  TRY(RaiseEpoch());
  return Refresh();
}

Result<uint64_t> LogStore::StoredEpoch() const { return TRY(LoadHead()).epoch; }

Result<Head> LogStore::Append(const Batch& batch) {
  // A repeated last batch is in the log already, whoever reigns now.
  if (last_first_t_ != 0 && batch.id == last_id_ && batch.first_t == last_first_t_) return head();
  Head next = head();
  TRY(PackBatch(batch, next, &packed_));
  TRY(Commit(packed_, last_first_t_));
  const BatchRow& row = packed_.batch;
  next.t = row.end_t() - 1;
  next.next_ordinal = row.end_ordinal();
  next.last_at_us = row.last_at_us;
  next.chain = row.digest;
  last_id_ = row.id;
  last_first_t_ = row.first_t;
  // A rare giant batch must not keep its memory for ever.
  if (packed_.rows.capacity() > (size_t{8} << 20)) packed_ = PackedBatch();
  const std::lock_guard lock(head_mutex_);
  head_ = next;
  return next;
}

Result<StoredEntry> LogStore::Read(Ordinal ordinal) const {
  const std::string row = TRY(RawRow1(ordinal));
  return UnpackRow(ordinal, row);
}

Result<std::vector<StoredEntry>> LogStore::ReadMany(std::span<const Ordinal> ordinals) const {
  const std::vector<RawRow> rows = TRY(RawRowsOf(ordinals));
  std::vector<StoredEntry> out;
  out.reserve(ordinals.size());
  CHECK(rows.size() == ordinals.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].ordinal != ordinals[i]) return Missing(ordinals[i]);
    out.push_back(TRY(UnpackRow(rows[i].ordinal, rows[i].row)));
  }
  return out;
}

Status LogStore::Scan(Ordinal from, Ordinal to,
                      const std::function<Result<bool>(StoredEntry&&)>& each) const {
  to = std::min(to, head().next_ordinal);
  for (from = std::max<Ordinal>(from, 1); from < to;) {
    const std::vector<RawRow> rows = TRY(RawRows(from, to, kRowsPerPiece));
    if (rows.empty())
      return MakeError(ErrorCode::kCorrupt, "The log lacks entries; run verify.",
                       fmt::format("from ordinal {}", from));
    for (const RawRow& raw : rows) {
      if (raw.ordinal != from) {
        return MakeError(ErrorCode::kCorrupt, "The log lacks entries; run verify.",
                         fmt::format("ordinal {} is missing", from));
      }
      StoredEntry entry = TRY(UnpackRow(raw.ordinal, raw.row));
      if (!TRY(each(std::move(entry)))) return {};
      ++from;
    }
  }
  return {};
}

Status LogStore::ScanTransactions(uint64_t from_t, uint64_t to_t,
                                  const std::function<Result<bool>(const StoredTransaction&)>& each) const {
  to_t = std::min(to_t, head().t + 1);
  for (from_t = std::max<uint64_t>(from_t, 1); from_t < to_t;) {
    const std::vector<BatchRow> batches = TRY(RawBatches(from_t, kBatchesPerPiece));
    const uint64_t before = from_t;
    for (const BatchRow& batch : batches) {
      if (batch.first_t > from_t || batch.end_t() <= from_t) break;  // a gap: told below
      for (const StoredTransaction& transaction : TRY(UnpackTransactions(batch))) {
        if (transaction.t < from_t) continue;
        if (transaction.t >= to_t || !TRY(each(transaction))) return {};
      }
      from_t = batch.end_t();
    }
    if (from_t == before)
      return MakeError(ErrorCode::kCorrupt, "The log lacks transactions; run verify.",
                       fmt::format("t {}", from_t));
  }
  return {};
}

Result<Log::PointInTime> LogStore::FindTime(Instant at_us) const {
  // Times grow strictly with t, so the last batch that begins in time is found by halving; then its transactions are looked at.
  uint64_t low = 1, high = head().t + 1;  // the answer's batch holds a t in [low, high) or there is none
  std::optional<BatchRow> found;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    std::vector<BatchRow> batches = TRY(RawBatches(middle, 1));
    if (batches.empty())
      return MakeError(ErrorCode::kCorrupt, "The log lacks transactions; run verify.",
                       fmt::format("t {}", middle));
    const auto transactions = TRY(UnpackTransactions(batches.front()));
    if (transactions.empty())
      return MakeError(ErrorCode::kCorrupt, "The log has an empty batch; run verify.");
    if (transactions.front().at_us <= at_us) {
      low = batches.front().end_t();
      found = std::move(batches.front());
    } else {
      high = batches.front().first_t;
    }
  }
  PointInTime point{0, 1};
  if (!found) return point;
  for (const StoredTransaction& transaction : TRY(UnpackTransactions(*found))) {
    if (transaction.at_us > at_us) break;
    point = {transaction.t, transaction.first_ordinal + transaction.entry_count};
  }
  return point;
}

Result<std::vector<TypeCode>> LogStore::InternTypes(std::span<const std::string_view> names) {
  const auto find = [&](std::string_view name) -> TypeCode {
    const std::shared_lock lock(types_mutex_);
    for (const TypeRow& type : types_) {
      if (type.name == name) return type.code;
    }
    return 0;
  };
  std::vector<std::string_view> missing;
  for (const std::string_view name : names) {
    if (name.empty() || name.size() > kTypeNameBytesMax)
      return MakeError(ErrorCode::kIncorrect, "A type name has 1 to 200 bytes.");
    if (find(name) == 0 && std::find(missing.begin(), missing.end(), name) == missing.end())
      missing.push_back(name);
  }
  if (!missing.empty()) {
    if (Status stored = StoreTypes(missing); !stored.ok()) {
      if (stored.error().code == ErrorCode::kCorrupt) return DamagedTypes(stored.error().internal);
      return stored.TakeError();
    }
    auto types = TRY(LoadTypes());
    const std::unique_lock lock(types_mutex_);
    types_ = std::move(types);
  }
  std::vector<TypeCode> codes;
  for (const std::string_view name : names) {
    codes.push_back(find(name));
    // The store has it in its index and not in its table.
    if (codes.back() == 0) return DamagedTypes("a type is stored under another name");
  }
  return codes;
}

std::string LogStore::TypeName(TypeCode code) const {
  const std::shared_lock lock(types_mutex_);
  return code >= 1 && code <= types_.size() ? types_[code - 1u].name : std::string();
}

std::vector<TypeRow> LogStore::Types() const {
  const std::shared_lock lock(types_mutex_);
  return types_;
}

Error LogStore::DamagedTypes(std::string why) const {
  return MakeError(
      ErrorCode::kCorrupt,
      fmt::format("The log is damaged: the table of types of {} contradicts itself. Run `tongkang verify`, "
                  "which says where, and restore from a backup (`tongkang restore`).",
                  place()),
      std::move(why));
}

// What no digest covers. That a code means the type it meant is checked with the keys (bond.h).
Status LogStore::VerifySmallTables(VerifyReport* report) const {
  std::unordered_set<std::string> names;
  for (const TypeRow& type : Types()) {
    const bool plain =
        !type.name.empty() && type.name.size() <= kTypeNameBytesMax &&
        std::all_of(type.name.begin(), type.name.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!plain || !names.insert(type.name).second) {
      report->damage.push_back(
          fmt::format("table of types: the name of code {} is damaged; restore from a backup", type.code));
    }
  }
  const auto dictionaries = Dictionaries();
  if (!dictionaries.ok() && dictionaries.error().code == ErrorCode::kUnavailable) return dictionaries.error();
  if (!dictionaries.ok()) {
    report->damage.push_back(
        fmt::format("{} ({})", dictionaries.error().external, dictionaries.error().internal));
    return {};
  }
  for (size_t i = 0; i < dictionaries->size(); ++i) {
    if ((*dictionaries)[i].id == i + 1) continue;
    report->damage.push_back(fmt::format("dictionary {} is missing; restore from a backup", i + 1));
    break;
  }
  return {};
}

Status LogStore::VerifyBatch(const BatchRow& batch, Digest* chain, Ordinal* next,
                             VerifyReport* report) const {
  const auto damage = [&](std::string what) {
    report->damage.push_back(fmt::format("batch at t {} (ordinals {} to {}): {}; restore from a backup",
                                         batch.first_t, batch.first_ordinal, batch.end_ordinal(), what));
  };
  if (batch.first_ordinal != *next) damage(fmt::format("its ordinals should begin at {}", *next));
  if (auto transactions = UnpackTransactions(batch); !transactions.ok())
    damage("its list of transactions is damaged");
  BatchDigest digest(*chain, batch);
  for (Ordinal at = batch.first_ordinal; at < batch.end_ordinal();) {
    auto rows = RawRows(at, batch.end_ordinal(), kRowsPerPiece);
    if (!rows.ok() && rows.error().code != ErrorCode::kCorrupt) return rows.TakeError();
    if (!rows.ok() || rows->empty()) {
      damage(fmt::format("entries from ordinal {} cannot be read", at));
      break;
    }
    for (const RawRow& raw : *rows) {
      if (raw.ordinal != at) damage(fmt::format("ordinals {} to {} are missing", at, raw.ordinal));
      const auto entry = UnpackRow(raw.ordinal, raw.row);
      if (!entry.ok())
        damage(fmt::format("the entry at ordinal {} is damaged", raw.ordinal));
      else if (entry->t < batch.first_t || entry->t >= batch.end_t())
        damage(fmt::format("ordinal {} names a foreign t", raw.ordinal));
      digest.Add(raw.row);
      at = raw.ordinal + 1;
      ++report->entries;
    }
  }
  if (digest.Finish() != batch.digest) damage("its digest differs from its contents");
  *chain = batch.digest;
  *next = batch.end_ordinal();
  ++report->batches;
  report->transactions += batch.transaction_count;
  return {};
}

Result<VerifyReport> LogStore::Verify(const std::function<void(uint64_t)>& each) const {
  constexpr size_t kDamageMax = 1000;
  VerifyReport report;
  const Head end = head();
  TRY(VerifyStore(&report));
  TRY(VerifySmallTables(&report));
  Digest chain{};
  Ordinal next = 1;
  uint64_t epoch = 0;
  for (uint64_t t = 1; t <= end.t;) {
    auto batches = RawBatches(t, kBatchesPerPiece);
    if (!batches.ok() && batches.error().code != ErrorCode::kCorrupt) return batches.TakeError();
    if (!batches.ok() || batches->empty() || batches->back().end_t() <= t) {
      report.damage.push_back(fmt::format("batches from t {} on cannot be read; restore from a backup", t));
      return report;
    }
    for (const BatchRow& batch : *batches) {
      if (batch.first_t != t) {
        report.damage.push_back(
            fmt::format("t {} to {} do not follow each other; restore from a backup", t, batch.first_t));
      }
      if (batch.transaction_count == 0) {
        report.damage.push_back(
            fmt::format("the batch at t {} is empty; restore from a backup", batch.first_t));
        return report;
      }
      TRY(VerifyBatch(batch, &chain, &next, &report));
      epoch = std::max(epoch, batch.epoch);
      t = std::max(t + 1, batch.end_t());
      if (each) each(report.entries);
      if (report.damage.size() >= kDamageMax) return report;
    }
  }
  if (end.epoch < epoch) {
    report.damage.push_back(
        fmt::format("the epoch row says {} and a batch has {}; restore from a backup", end.epoch, epoch));
  }
  return report;
}

}  // namespace tk::log
