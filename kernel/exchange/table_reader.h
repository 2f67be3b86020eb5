// A table in whatever file it comes, as rows of texts: CSV in UTF-8 or GB 18030 (kernel/base/csv.h), or the first sheet of an .xlsx.
// Flow:   bytes → TableReader::Open tells by the bytes which it is → Next, row by row → FindColumns on the first → the caller's rows
// Cells:  of a spreadsheet a text is told as it stands, a number as it would be written ("36.6"), a day as 2026-11-23, a moment as 2026-11-23T08:30:00,
//         yes and no as "true" and "false". What a spreadsheet has already lost (a number of more than 15 digits, #N/A) is told in CsvRow::bad_cells.
// Limits: those of csv.h, zip_file.h, xml_part.h and xlsx_parts.h.
// Memory: a row of CSV at a time, and the whole text once more if it was GB 18030; of a spreadsheet the texts that its cells share and some hundred rows.
// Cost:   CSV some ns a byte; a spreadsheet's cell some 300 ns.
#pragma once

#include <memory>

#include "kernel/base/csv.h"

namespace tk::exchange {

struct TableOptions {
  std::string charset;      // of CSV; "" = told from the bytes
  int64_t deadline_us = 0;  // MonotonicUs(), for what is unpacked; 0 = none
};

class TableReader {
 public:
  /// `bytes` must live as long as this. Errors: kIncorrect, kTooLarge, kUnsupported (the old .xls; a password).
  static Result<std::unique_ptr<TableReader>> Open(std::string_view bytes, const TableOptions& options);
  virtual ~TableReader() = default;
  /// False at the end. A row's texts are good until the next call. Errors: what the file turns out to be further on, and kTimeout.
  virtual Result<bool> Next(CsvRow* row) = 0;
  /// "utf-8", "gb18030" or "xlsx".
  virtual std::string_view charset() const = 0;
};

inline constexpr std::string_view kXlsxType =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// May a table be sent as this? text/csv and that of .xlsx; what it really is the bytes say.
bool IsTableType(std::string_view content_type);

}  // namespace tk::exchange
