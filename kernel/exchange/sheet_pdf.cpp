#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "kernel/exchange/pen.h"
#include "kernel/exchange/report.h"
#include "kernel/exchange/sheet.h"

namespace tk::exchange {
namespace {

constexpr double kLineGap = 1.45, kCellPad = 4;  // a line's height by its size; points
constexpr double kTitleGrey = 0.3, kSmallGrey = 0.4, kFrameGrey = 0.6, kTitleFill = 0.95, kHeadFill = 0.9;
constexpr double kFrameLine = 0.6, kStrongLine = 1.4;
constexpr double kTitleShareMax = 0.42;  // of a field's width
constexpr double kNarrowMm = 120;        // strips and what is not wider: one field a row
constexpr double kQrMm = 22, kSignLineMm = 9;
constexpr size_t kLinesTogether = 3, kSignaturesAcross = 3;

/// One cell of a row, its text broken into lines.
struct Cell {
  double x = 0, width = 0;
  std::vector<std::string> lines;
  Ink ink;
  double fill = 1;
  bool right = false;
};

/// Lays a sheet out; before the pages are counted it only counts them.
class SheetPages {
 public:
  SheetPages(const Sheet& sheet, const std::optional<QrCode>& qr, Pen* pen, const Extent& counted)
      : sheet_(sheet),
        qr_(qr),
        pen_(*pen),
        counted_(counted),
        is_strip_(sheet.height_mm <= 0),
        is_narrow_(sheet.width_mm <= kNarrowMm),
        left_(sheet.margin_mm * kPointsPerMm),
        inner_((sheet.width_mm - 2 * sheet.margin_mm) * kPointsPerMm),
        bottom_(is_strip_ ? std::numeric_limits<double>::max()
                          : (sheet.height_mm - sheet.margin_mm) * kPointsPerMm),
        text_(is_narrow_ ? 8.5 : 9.5) {}

  Result<Extent> Run() {
    BeginPage();
    Head();
    for (const SheetPart& part : sheet_.parts) Part(part);
    if (is_strip_) {
      EndStrip();
    } else {
      EndPage();
    }
    if (sheet_.pages_max != 0 && page_ > sheet_.pages_max)
      return MakeError(
          ErrorCode::kTooLarge,
          fmt::format("This takes {} pages; at most {} are printed at once.", page_, sheet_.pages_max));
    if (is_strip_ && y_ > kStripMmMax * kPointsPerMm)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("This strip is longer than {} mm: print it on pages.", kStripMmMax));
    return Extent{page_, y_};
  }

 private:
  // ---- pages ---------------------------------------------------------------------------------------------------------

  void BeginPage() {
    ++page_;
    y_ = sheet_.margin_mm * kPointsPerMm;
    top_ = y_;
  }
  void EndPage() {
    const Ink ink{8, false, kSmallGrey};
    const double baseline = bottom_ + sheet_.margin_mm * kPointsPerMm * 0.55;
    const std::string number = fmt::format("{} / {}", page_, counted_.pages);
    const double number_width = pen_.WidthOf(number, ink);
    pen_.Rule(left_, baseline - 12, inner_, 0.4, kFrameGrey);
    pen_.Write(pen_.Wrapped(sheet_.footer, ink, inner_ - number_width - 8)[0], ink, left_, baseline);
    pen_.Write(number, ink, left_ + inner_ - number_width, baseline);
    pen_.EndPage();
  }
  void NextPage() {
    EndPage();
    BeginPage();
    const Ink ink{8, false, kSmallGrey};
    y_ += ink.size;
    pen_.Write(pen_.Wrapped(sheet_.title, ink, inner_ * 0.7)[0], ink, left_, y_);
    const std::string number = pen_.Wrapped(sheet_.number, ink, inner_ * 0.28)[0];
    pen_.Write(number, ink, left_ + inner_ - pen_.WidthOf(number, ink), y_);
    y_ += 4;
    pen_.Rule(left_, y_, inner_, 0.4, kFrameGrey);
    y_ += 10;
    top_ = y_;
  }
  /// The code and the foot of a strip stand under all else, once.
  void EndStrip() {
    if (qr_) {
      const double side = std::min(inner_ * 0.55, kQrMm * 1.4 * kPointsPerMm);
      y_ += 10;
      pen_.Qr(*qr_, left_ + (inner_ - side) / 2, y_, side);
      y_ += side + 2;
      Lines(sheet_.qr_title, {8, false, kTitleGrey}, true);
    }
    y_ += 6;
    pen_.Rule(left_, y_, inner_, 0.4, kFrameGrey);
    Lines(sheet_.footer, {7, false, kSmallGrey}, true);
    y_ += sheet_.margin_mm * kPointsPerMm;
    pen_.EndPage();
  }

  // ---- the head ------------------------------------------------------------------------------------------------------

  void Head() {
    const double code = qr_ && !is_strip_ ? kQrMm * kPointsPerMm : 0;
    const double head_top = y_, whole = inner_;
    if (code > 0) pen_.Qr(*qr_, left_ + inner_ - code, y_, code);
    inset_ = code > 0 ? code + 10 : 0;
    Lines(sheet_.institution, {is_narrow_ ? 9.0 : 11.0, false, kTitleGrey}, true);
    if (!sheet_.institution.empty()) y_ += 2;
    Lines(sheet_.title, {is_narrow_ ? 14.0 : sheet_.width_mm < 180 ? 16.0 : 19.0, true, 0}, true);
    inset_ = 0;
    y_ += 4;
    if (code > 0) {
      const Ink ink{7.5, false, kTitleGrey};
      const std::string said = pen_.Wrapped(sheet_.qr_title, ink, code + 10)[0];
      pen_.Write(said, ink, left_ + whole - (code + pen_.WidthOf(said, ink)) / 2, head_top + code + 9);
      y_ = std::max(y_, head_top + code - 4);
    }
    if (!sheet_.number.empty()) {
      const Ink ink{8.5, false, kSmallGrey};
      const std::string number = pen_.Wrapped(sheet_.number, ink, inner_ - code)[0];
      y_ += ink.size * 1.2;
      const double width = pen_.WidthOf(number, ink);
      pen_.Write(number, ink, is_strip_ ? left_ + (inner_ - width) / 2 : left_, y_);
    }
    if (code > 0) y_ = std::max(y_, head_top + code + 11);
    y_ += 5;
    pen_.Rule(left_, y_, inner_, kStrongLine, 0);
    y_ += 8;
  }

  /// Broken into lines, over pages where it must be. Centred between the insets, or from the left.
  void Lines(const std::string& text, const Ink& ink, bool centred) {
    if (text.empty()) return;
    for (const std::string& line : pen_.Wrapped(text, ink, inner_ - 2 * inset_)) {
      if (y_ + ink.size * kLineGap > bottom_) NextPage();
      y_ += ink.size * kLineGap;
      pen_.Write(line, ink, centred ? left_ + (inner_ - pen_.WidthOf(line, ink)) / 2 : left_ + inset_, y_);
    }
  }

  // ---- parts ---------------------------------------------------------------------------------------------------------

  void Part(const SheetPart& part) {
    switch (part.kind) {
      case SheetPart::Kind::kFields:
        Heading(part.title);
        Fields(part);
        break;
      case SheetPart::Kind::kTable:
        Heading(part.table.title);
        Table(part.table);
        break;
      case SheetPart::Kind::kText:
        Heading(part.title);
        Lines(part.text, {text_ + 0.5, false, 0}, false);
        break;
      case SheetPart::Kind::kSmallText:
        Heading(part.title);
        Lines(part.text, {text_ - 1.5, false, kTitleGrey}, false);
        break;
      case SheetPart::Kind::kSignatures:
        Signatures(part.signatures);
        break;
    }
    y_ += 7;
  }

  /// Stays with the next lines.
  void Heading(const std::string& text) {
    if (text.empty()) return;
    const Ink ink{text_ + 1.5, true, 0};
    if (y_ + 5 * ink.size * kLineGap > bottom_ && y_ > top_) NextPage();
    y_ += 4;
    pen_.Fill({{left_, y_ + 2, 2.5, ink.size * 1.15}}, 0.15);
    y_ += ink.size * 1.2;
    pen_.Write(pen_.Wrapped(text, ink, inner_ - 8)[0], ink, left_ + 8, y_);
    y_ += 6;
  }

  void Fields(const SheetPart& part) {
    const size_t columns = is_narrow_ ? 1 : std::max<size_t>(1, part.columns);
    const double each = inner_ / static_cast<double>(columns);
    const Ink titles{text_, false, kTitleGrey}, values{text_, false, 0};
    double title_width = 0;
    for (const SheetField& field : part.fields)
      title_width = std::max(title_width, pen_.WidthOf(pen_.Wrapped(field.title, titles, inner_)[0], titles));
    title_width = std::min(title_width + 2 * kCellPad + 2, each * kTitleShareMax);
    for (size_t at = 0; at < part.fields.size();) {
      std::vector<Cell> cells;
      size_t used = 0;
      while (at < part.fields.size() && used < columns) {
        const SheetField& field = part.fields[at];
        size_t wide = std::min(columns, std::max<size_t>(1, field.columns));
        if (used > 0 && used + wide > columns) break;
        const bool is_last = at + 1 == part.fields.size() ||
                             used + wide + std::max<size_t>(1, part.fields[at + 1].columns) > columns;
        if (is_last) wide = columns - used;
        const double x = left_ + each * static_cast<double>(used);
        const double value_width = each * static_cast<double>(wide) - title_width;
        cells.push_back({x, title_width, pen_.Wrapped(field.title, titles, title_width - 2 * kCellPad),
                         titles, kTitleFill, false});
        cells.push_back({x + title_width, value_width,
                         pen_.Wrapped(field.value, values, value_width - 2 * kCellPad), values, 1, false});
        used += wide;
        ++at;
      }
      Row(cells, [] {});
    }
  }

  void Table(const SheetTable& table) {
    double shares = 0;
    for (const SheetColumn& column : table.columns) shares += column.share;
    std::vector<double> widths;
    for (const SheetColumn& column : table.columns) widths.push_back(inner_ * column.share / shares);
    const double size = text_ - 0.5;
    const auto cells_of = [&](auto text_at, const Ink& ink, double fill) {
      std::vector<Cell> cells;
      double x = left_;
      for (size_t i = 0; i < widths.size(); ++i) {
        cells.push_back({x, widths[i], pen_.Wrapped(text_at(i), ink, widths[i] - 2 * kCellPad), ink, fill,
                         table.columns[i].is_number});
        x += widths[i];
      }
      return cells;
    };
    const auto heads = [&] {
      Row(cells_of([&](size_t i) { return std::string_view(table.columns[i].head); }, {size, true, 0.1},
                   kHeadFill),
          [] {});
    };
    // Heads stay with a row.
    if (y_ + 4 * (size * kLineGap + 2 * kCellPad) > bottom_ && y_ > top_) NextPage();
    heads();
    for (const std::vector<std::string>& row : table.rows)
      Row(cells_of([&](size_t i) { return std::string_view(row[i]); }, {size, false, 0}, 1), heads);
    if (!table.note.empty()) Lines(table.note, {size, false, kSmallGrey}, true);
  }

  /// Of one size. What does not fit goes on on the next page, under `again`.
  template <typename Again>
  void Row(const std::vector<Cell>& cells, const Again& again) {
    size_t most = 1;
    for (const Cell& cell : cells) most = std::max(most, cell.lines.size());
    const double size = cells.empty() ? text_ : cells[0].ink.size, gap = size * kLineGap;
    for (size_t done = 0; done < most;) {
      const auto fits = [&] {
        const double room = bottom_ - y_ - 2 * kCellPad;
        return room < gap ? size_t{0} : static_cast<size_t>(std::min(room / gap, 1e6));
      };
      if (fits() < std::min(most - done, kLinesTogether) && y_ > top_) {
        NextPage();
        again();
      }
      const size_t count = std::min(most - done, std::max<size_t>(1, fits()));
      const double height = static_cast<double>(count) * gap + 2 * kCellPad - (gap - size) * 0.5;
      for (const Cell& cell : cells) Draw(cell, done, count, height);
      if (is_strip_) pen_.Rule(left_, y_ + height, inner_, 0.3, 0.75);
      y_ += height;
      done += count;
    }
  }

  void Draw(const Cell& cell, size_t from, size_t count, double height) {
    if (!is_strip_) {
      if (cell.fill < 1) pen_.Fill({{cell.x, y_, cell.width, height}}, cell.fill);
      pen_.Frame(cell.x, y_, cell.width, height, kFrameLine, kFrameGrey);
    }
    double baseline = y_ + kCellPad + cell.ink.size * 0.95;
    for (size_t i = from; i < std::min(cell.lines.size(), from + count); ++i) {
      const std::string& line = cell.lines[i];
      const double x =
          cell.right ? cell.x + cell.width - kCellPad - pen_.WidthOf(line, cell.ink) : cell.x + kCellPad;
      pen_.Write(line, cell.ink, x, baseline);
      baseline += cell.ink.size * kLineGap;
    }
  }

  void Signatures(const std::vector<std::string>& signatures) {
    const size_t across =
        is_narrow_ ? 1 : std::min(kSignaturesAcross, std::max<size_t>(1, signatures.size()));
    const double each = inner_ / static_cast<double>(across), high = kSignLineMm * kPointsPerMm;
    const Ink ink{text_, false, 0.15};
    y_ += 6;
    for (size_t i = 0; i < signatures.size(); ++i) {
      if (i % across == 0) {
        if (y_ + high > bottom_) NextPage();
        y_ += high;
      }
      const double x = left_ + each * static_cast<double>(i % across);
      const std::string who = pen_.Wrapped(signatures[i], ink, each * 0.6)[0];
      const double from = x + pen_.WidthOf(who, ink) + 4;
      pen_.Write(who, ink, x, y_);
      pen_.Rule(from, y_ + 2, std::max(10.0, x + each - 10 - from), 0.5, 0.2);
    }
  }

  const Sheet& sheet_;
  const std::optional<QrCode>& qr_;
  Pen& pen_;
  const Extent counted_;
  const bool is_strip_, is_narrow_;
  const double left_, inner_, bottom_, text_;
  size_t page_ = 0;
  double y_ = 0, top_ = 0, inset_ = 0;
};

void AddLine(std::string_view line, std::string* out) {
  if (!line.empty()) out->append(line).append("\n");
}

}  // namespace

Result<Extent> DrawSheet(const Sheet& sheet, const Extent& counted, Pen* pen) {
  std::optional<QrCode> qr;
  if (!sheet.qr_text.empty()) qr = TRY(MakeQr(sheet.qr_text));
  return SheetPages(sheet, qr, pen, counted).Run();
}

Result<std::string> PdfOf(const Sheet& sheet) {
  const PdfPaper paper{sheet.title, sheet.made_us, sheet.width_mm * kPointsPerMm,
                       std::max(0.0, sheet.height_mm) * kPointsPerMm};
  return DrawPdf(paper, [&](Pen& pen, const Extent& counted) { return DrawSheet(sheet, counted, &pen); });
}

std::string TextOf(const Sheet& sheet) {
  std::string out;
  AddLine(sheet.institution, &out);
  AddLine(sheet.title, &out);
  AddLine(sheet.number, &out);
  for (const SheetPart& part : sheet.parts) {
    AddLine(part.title, &out);
    for (const SheetField& field : part.fields)
      AddLine(fmt::format("{}: {}", field.title, field.value), &out);
    if (part.kind == SheetPart::Kind::kTable) {
      AddLine(part.table.title, &out);
      std::vector<std::string> heads;
      for (const SheetColumn& column : part.table.columns) heads.push_back(column.head);
      AddLine(fmt::format("{}", fmt::join(heads, "\t")), &out);
      for (const auto& row : part.table.rows) AddLine(fmt::format("{}", fmt::join(row, "\t")), &out);
      AddLine(part.table.note, &out);
    }
    AddLine(part.text, &out);
    for (const std::string& who : part.signatures) AddLine(who, &out);
  }
  AddLine(sheet.qr_title, &out);
  AddLine(sheet.qr_text, &out);
  AddLine(sheet.footer, &out);
  return out;
}

Result<std::string> PdfOf(const Report& report) {
  Sheet sheet;
  sheet.title = report.title;
  if (!report.lines.empty())
    sheet.parts.push_back(
        {.kind = SheetPart::Kind::kSmallText, .text = fmt::format("{}", fmt::join(report.lines, "\n"))});
  for (const ReportTable& table : report.tables) {
    if (table.rows.size() > kReportRowsMax)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("A table of a report has at most {} rows.", kReportRowsMax));
    sheet.parts.push_back({.kind = SheetPart::Kind::kTable, .table = table});
  }
  sheet.footer = report.footer;
  sheet.made_us = report.made_us;
  return PdfOf(sheet);
}

}  // namespace tk::exchange
