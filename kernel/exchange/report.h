// A report as people get it on paper and as a spreadsheet: a title, some lines, tables of texts. The same report gives the same bytes.
// Flow:   Report → XlsxOf (a sheet for each table), PdfOf (A4, one table under another) → bytes to be kept as they are sent
// PDF:    a sheet of A4 (sheet.h).
// Source: ISO/IEC 29500-1 (Office Open XML).
#pragma once

#include <string>
#include <vector>

#include "kernel/exchange/sheet.h"

namespace tk::exchange {

using ReportColumn = SheetColumn;
using ReportTable = SheetTable;
struct Report {
  std::string title;
  std::vector<std::string> lines;  // under the title: for which day, made when, by which rules
  std::vector<ReportTable> tables;
  std::string footer;
  Instant made_us = 0;
};

inline constexpr size_t kReportRowsMax = 100'000;

/// Texts stay texts: nothing in them is taken for a formula. Errors: kTooLarge over kReportRowsMax rows of a table.
Result<std::string> XlsxOf(const Report& report);
/// Errors: kUnavailable when the font is not there, saying which package has it; kTooLarge.
Result<std::string> PdfOf(const Report& report);

/// An empty table with these heads, to be filled in: all cells are texts, so that a spreadsheet keeps long numbers as they are written.
Result<std::string> XlsxTemplate(const std::vector<std::string>& heads,
                                 const std::vector<std::string>& explained);

}  // namespace tk::exchange
