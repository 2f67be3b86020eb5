// Tables that come from outside and become resources: what every import has in common.
// Flow:   CSV or .xlsx (table_reader.h) → rows, each good or refused with line, column, what and how to mend → Planned → WriteAll → the log
// Rules:  nothing of a bad row is kept. A row that says what is there already writes nothing, so the same table twice changes nothing. What a table
//         does not say stays: members that no column is for are kept as they are.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/csv.h"
#include "kernel/exchange/cells.h"
#include "kernel/exchange/table_reader.h"
#include "kernel/geo/area_view.h"
#include "kernel/interaction/interaction.h"
#include "kernel/view/engine.h"

namespace tk::exchange {

inline constexpr size_t kImportRowsMax = 1'000'000;
inline constexpr size_t kIssuesToldMax = 200;
inline constexpr size_t kAllOrNothingMax = 10'000;  // changed rows: they are one transaction

struct ImportContext {
  view::Engine* engine = nullptr;
  const geo::AreaView* areas = nullptr;
  const interaction::Interactions* interactions = nullptr;  // what is written is checked as any write
};

struct ImportOptions {
  bool check_only = false;      // tells what would be, and writes nothing
  bool all_or_nothing = false;  // one refused row: nothing is kept
  std::string charset;          // "" = told from the bytes
  std::string source;           // meta.source of what is written: the request that brought it
  int64_t deadline_us = 0;      // MonotonicUs(); 0 = none
  unsigned threads = 4;         // more than processors: each waits for its commit
};

struct RowIssue {
  uint64_t line = 0;
  std::string column;  // "" = the whole row
  std::string text;    // what is wrong and how to mend it
};

struct ImportReport {
  uint64_t rows = 0, added = 0, changed = 0, unchanged = 0, refused = 0;
  std::vector<RowIssue> issues;  // of refused rows; the first issues_max
  size_t issues_max = kIssuesToldMax;
  std::vector<std::string> unknown_columns;
  std::string charset;
  bool kept = true;     // false: nothing was written (check_only, or all_or_nothing with a refused row)
  uint64_t last_t = 0;  // of what was written; 0: nothing

  void Refuse(uint64_t line, std::string_view column, std::string text);
};

/// Errors: kUnavailable while it is being built.
Result<geo::AreaTreePtr> SoundTree(const ImportContext& context);

/// A row of a table with where its columns are.
using EachRow = std::function<void(const CsvRow& row, const CsvColumns& columns)>;
/// Calls `each` for every row that is whole and whose cells can be read, as far as they are asked for; others are refused. Errors: those of the file
/// and its heads; kTooLarge over kImportRowsMax rows.
Status ReadTable(std::string_view bytes, const ImportOptions& options, std::span<const CsvColumn> columns,
                 ImportReport* report, const EachRow& each);

/// Is the row whole, has it no more fields than heads, and can the cells that somebody asks for be read? Else it is refused.
bool IsReadable(const CsvRow& row, const CsvColumns& columns, std::span<const CsvColumn> heads,
                ImportReport* report);

/// A resource that a row is to become: the newest version is read, changed and written; none: it is made.
struct Planned {
  uint64_t line = 0;
  std::string_view type;  // a literal
  std::string id;
  size_t row = 0;  // the caller's
};
/// The JSON to write; `before` is absent when there is nothing yet. `source` goes to meta.source.
using MakeText =
    std::function<std::string(const Planned& planned, fhir::Value before, std::string_view source)>;

/// Writes them in order of `planned` in transactions of some hundred, completed as those of requests are (Patients are matched, alerts raised), those in different transactions side by side; with all_or_nothing in one.
/// What would become what is there already (but for its source) is not written. A row that the definitions refuse is refused in `report` (and with
/// all_or_nothing everything). With check_only all is done but the writing; with all_or_nothing nothing
/// when a row was refused before. Errors: the engine's; kTimeout past the
/// deadline, saying that what was written stays; kTooLarge for all_or_nothing over kAllOrNothingMax.
Status WriteAll(const ImportContext& context, std::span<const Planned> planned, const MakeText& make,
                const ImportOptions& options, ImportReport* report);

/// One row's cells. What is wrong is refused at its column; the first such of a row is told.
template <typename Column>
class RowCells {
 protected:
  RowCells(const CsvRow& row, const CsvColumns& columns, std::span<const CsvColumn> heads,
           ImportReport* report)
      : row_(row), columns_(columns), heads_(heads), report_(*report) {}
  std::string_view Cell(Column column) const { return columns_.Of(row_, column); }
  uint64_t line() const { return row_.line; }
  bool good() const { return good_; }
  void Refuse(Column column, std::string text) {
    if (good_) report_.Refuse(row_.line, heads_[column].names[0], std::move(text));
    good_ = false;
  }
  std::optional<bool> Active(Column column) {
    const std::optional<bool> active = ReadActive(Cell(column));
    if (!Cell(column).empty() && !active) Refuse(column, "The status is active 有效 or inactive 撤销.");
    return active;
  }
  /// 20240630; 0: the cell is empty, or was refused.
  int32_t Day(Column column) {
    if (Cell(column).empty()) return 0;
    const auto day = ReadDay(Cell(column));
    if (!day) Refuse(column, "There is no such day: write it as 2024-06-30.");
    return day.value_or(0);
  }

 private:
  const CsvRow& row_;
  const CsvColumns& columns_;
  const std::span<const CsvColumn> heads_;
  ImportReport& report_;
  bool good_ = true;
};

/// The members of a resource, some given anew: `given` in their order with their JSON ("" takes one out), then the others of `before` as they
/// are. id, resourceType and meta are made: meta keeps what it had but for the source and the tag of the area ("" keeps that too).
std::string Remade(std::string_view type, std::string_view id, fhir::Value before, std::string_view area_code,
                   std::string_view source, std::span<const std::pair<std::string_view, std::string>> given);

/// identifier with `value` for `system` first, and those of other systems as they were.
std::string IdentifiersWith(fhir::Value before, std::string_view system, std::string_view value);
std::string JsonText(std::string_view text);

}  // namespace tk::exchange
