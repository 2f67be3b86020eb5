#include "apps/screening/import_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <optional>
#include <thread>
#include <unordered_map>

#include "apps/screening/import_jobs.h"

namespace tk::screening {
namespace {

/// Pieces from the reader to the writers. The reader waits while the writers are behind, so that no more than these are in memory.
class Pieces {
 public:
  /// False: nobody takes any more.
  bool Put(std::vector<Entry> piece) {
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [this] { return pieces_.size() < kWaiting || closed_; });
    if (closed_) return false;
    pieces_.push_back(std::move(piece));
    changed_.notify_all();
    return true;
  }
  std::optional<std::vector<Entry>> Take() {
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [this] { return !pieces_.empty() || ended_ || closed_; });
    if (pieces_.empty() || closed_) return std::nullopt;
    std::vector<Entry> piece = std::move(pieces_.front());
    pieces_.pop_front();
    changed_.notify_all();
    return piece;
  }
  /// No more come.
  void End() {
    const std::lock_guard hold(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  /// No more are wanted.
  void Close() {
    const std::lock_guard hold(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr size_t kWaiting = 8;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<Entry>> pieces_;
  bool ended_ = false, closed_ = false;
};

class Running {
 public:
  Running(const ImportRun& run, ImportState* state) : run_(run), state_(*state) {}

  Status Run() {
    std::vector<std::jthread> writers;
    for (unsigned i = 0; i < run_.threads; ++i) writers.emplace_back([this] { WriteAll(); });
    Status read = Read();
    if (read.ok()) {
      pieces_.End();
    } else {
      pieces_.Close();
    }
    writers.clear();
    if (failure_) return *failure_;
    return read;
  }

 private:
  Status Read() {
    exchange::ImportReport report;
    report.issues_max = SIZE_MAX;
    const auto reader = TRY(exchange::TableReader::Open(run_.bytes, {run_.charset, 0}));
    CsvRow row;
    if (!TRY(reader->Next(&row)))
      return MakeError(ErrorCode::kIncorrect, "The table is empty: its first row names the columns.");
    const CsvColumns columns = TRY(FindColumns(row, Columns()));
    BeginReport(row, columns, reader->charset());
    std::vector<Entry> piece;
    while (TRY(reader->Next(&row))) {
      if (++rows_ > kRowsMax)
        return MakeError(ErrorCode::kTooLarge,
                         fmt::format("The table has more than {} rows: send it in parts.", kRowsMax));
      if (run_.cancelled->load(std::memory_order_relaxed)) return Cancelled();
      if (auto entry = One(row, columns, &report)) piece.push_back(std::move(*entry));
      for (const exchange::RowIssue& issue : report.issues) Refuse(issue, &row);
      report.issues.clear();
      if (piece.size() < kPiece) continue;
      if (!Hand(&piece)) return {};  // a writer has failed, and says why
    }
    (void)Hand(&piece);
    return {};
  }

  std::optional<Entry> One(const CsvRow& row, const CsvColumns& columns, exchange::ImportReport* report) {
    if (!exchange::IsReadable(row, columns, Columns(), report)) return std::nullopt;
    auto entry = ReadRow(row, columns, run_.context->clock->NowUs(), report);
    if (!entry) return std::nullopt;
    const auto [known, fresh] = lines_.emplace(run_.context->engine->KeyOf(entry->key), row.line);
    if (fresh) return entry;
    report->Refuse(row.line, "", fmt::format("Line {} is the same entry: keep one of them.", known->second));
    return std::nullopt;
  }

  static Error Cancelled() {
    return MakeError(
        ErrorCode::kUnavailable,
        "The import was stopped. What was written stays: send the same table again, and it goes on.");
  }

  bool Hand(std::vector<Entry>* piece) {
    {
      const std::lock_guard hold(state_.mutex);
      state_.rows = rows_;
    }
    if (piece->empty()) return true;
    std::vector<Entry> full = std::move(*piece);
    piece->clear();
    piece->reserve(kPiece);
    return pieces_.Put(std::move(full));
  }

  void BeginReport(const CsvRow& head, const CsvColumns& columns, std::string_view charset) {
    const std::lock_guard hold(state_.mutex);
    state_.charset = charset;
    state_.unknown_columns = columns.unknown;
    state_.bad_rows = "\xef\xbb\xbf";  // so that spreadsheets take it for UTF-8
    AppendRow(head, "行号 line,列 column,问题 problem");
  }
  /// Under the lock.
  void AppendRow(const CsvRow& row, std::string_view what) {
    std::string line(what);
    for (const std::string_view field : row.fields) {
      line += ',';
      AppendCsvField(field, &line);
    }
    line += "\r\n";
    if (state_.bad_rows.size() + line.size() > kBadBytesMax) {
      state_.bad_rows_cut = true;
      return;
    }
    state_.bad_rows += line;
  }
  /// `row`: as it came; nullptr when it is gone already.
  void Refuse(const exchange::RowIssue& issue, const CsvRow* row) {
    static const CsvRow kGone;
    std::string what = fmt::format("{},", issue.line);
    AppendCsvField(issue.column, &what);
    what += ',';
    AppendCsvField(issue.text, &what);
    const std::lock_guard hold(state_.mutex);
    ++state_.refused;
    AppendRow(row == nullptr ? kGone : *row, what);
    if (state_.issues.size() < kIssuesTold) state_.issues.push_back(issue);
  }

  void WriteAll() {
    while (auto piece = pieces_.Take()) {
      if (run_.check_only) continue;
      auto taken = run_.intake->Write(*piece);
      if (!taken.ok()) {
        const std::lock_guard hold(state_.mutex);
        if (!failure_) failure_ = std::move(taken.error());
        return pieces_.Close();
      }
      for (const exchange::RowIssue& issue : taken->refused) Refuse(issue, nullptr);
      taken->refused.clear();
      const std::lock_guard hold(state_.mutex);
      state_.taken.Add(std::move(*taken));
    }
  }

  const ImportRun& run_;
  ImportState& state_;
  Pieces pieces_;
  uint64_t rows_ = 0;
  std::unordered_map<uint64_t, uint64_t> lines_;  // keyed hash of an entry's key → its line
  std::optional<Error> failure_;                  // under state_.mutex
};

}  // namespace

Status RunImport(const ImportRun& run, ImportState* state) { return Running(run, state).Run(); }

}  // namespace tk::screening
