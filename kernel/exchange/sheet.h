// A page for people, as it is printed: head, fields in a grid, tables, texts, lines to sign on, a QR code, a foot. The same sheet gives the same bytes.
// Flow:   what fills it (a print form of a pack: app/print.h; a report: report.h) → Sheet → PdfOf → bytes; TextOf: its texts alone
// Paper:  pages of a set size, numbered, tables with their heads on each of them; or a strip (height 0) as long as what stands on it, for printers of slips.
#pragma once

#include <string>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/result.h"

namespace tk::exchange {

class Pen;
struct Extent;

struct SheetColumn {
  std::string head;
  double share = 1;        // of the width, against the others'
  bool is_number = false;  // to the right; in a spreadsheet a number where it is one
};
struct SheetTable {
  std::string title;
  std::vector<SheetColumn> columns;
  std::vector<std::vector<std::string>> rows;  // as many texts as columns
  std::string note = {};                       // under it: that there are none, or more than these
};
struct SheetField {
  std::string title, value;
  size_t columns = 1;  // of the grid's
};
struct SheetPart {
  enum class Kind : uint8_t { kFields, kTable, kText, kSmallText, kSignatures };
  Kind kind = Kind::kText;
  std::string title = {};                    // not of a table, which has its own
  size_t columns = 2;                        // of the grid, on pages
  std::vector<SheetField> fields = {};       // kFields
  SheetTable table = {};                     // kTable
  std::string text = {};                     // kText, kSmallText
  std::vector<std::string> signatures = {};  // who signs
};
struct Sheet {
  std::string institution, title, number;
  std::vector<SheetPart> parts;
  std::string qr_text, qr_title;  // "" = none
  std::string footer;
  Instant made_us = 0;
  double width_mm = 210, height_mm = 297;  // A4, ISO 216; height 0: a strip
  double margin_mm = 17;
  size_t pages_max = 0;  // 0: as many as it takes
};

inline constexpr double kStripMmMax = 3000;

/// Errors: kTooLarge over pages_max, of a strip over kStripMmMax, or of a QR text that no code holds; kUnavailable when the font is not there.
/// Cost: some ms a page.
Result<std::string> PdfOf(const Sheet& sheet);
/// The drawing itself, with whatever pen; what the first call answers is counted in the second. Errors: kTooLarge as above.
Result<Extent> DrawSheet(const Sheet& sheet, const Extent& counted, Pen* pen);
/// What stands on it, a line each: "title: value", cells of a row with a tab between.
std::string TextOf(const Sheet& sheet);

}  // namespace tk::exchange
