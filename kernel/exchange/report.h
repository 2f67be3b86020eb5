// A report as people get it on paper and as a spreadsheet: a title, some lines, tables of texts. The same report gives the same bytes.
// Flow:   Report → XlsxOf (a sheet for each table), PdfOf (A4, one table under another) → bytes to be kept as they are sent
// PDF:    the font is embedded as far as it is used, so that it looks the same everywhere; Noto Sans CJK SC of Debian's fonts-noto-cjk (OFL-1.1).
// Source: ISO/IEC 29500-1 (Office Open XML), ISO 32000-1 (PDF) by Cairo; SIL OFL 1.1 on embedding.
#pragma once

#include <string>
#include <vector>

#include "kernel/base/clock.h"

namespace tk::exchange {

struct ReportColumn {
  std::string head;
  double share = 1;        // of the width, against the others'
  bool is_number = false;  // to the right, and a number in the spreadsheet where it is one
};
struct ReportTable {
  std::string title;
  std::vector<ReportColumn> columns;
  std::vector<std::vector<std::string>> rows;  // as many texts as columns
};
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
