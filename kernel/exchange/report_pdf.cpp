#include <cairo-ft.h>
#include <cairo-pdf.h>
#include <fmt/format.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <memory>
#include <mutex>

#include "kernel/base/text.h"
#include "kernel/exchange/report.h"

namespace tk::exchange {
namespace {

constexpr const char* kFontFile = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
constexpr FT_Long kSimplifiedChinese = 2;  // of the faces in that file: JP, KR, SC, TC, HK
// Points of A4 (ISO 216), 72 to an inch.
constexpr double kWidth = 595.28, kHeight = 841.89, kMargin = 48, kInner = kWidth - 2 * kMargin;
constexpr double kTitleSize = 18, kHeadSize = 12, kTextSize = 9, kLineGap = 1.5, kCellPad = 3;

struct CloseFont {
  void operator()(cairo_font_face_t* font) const { cairo_font_face_destroy(font); }
};
struct CloseSurface {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct ClosePen {
  void operator()(cairo_t* pen) const { cairo_destroy(pen); }
};

using FontPtr = std::unique_ptr<cairo_font_face_t, CloseFont>;

/// One draws at a time: FreeType's library is no matter for several threads, and Cairo lets a face go when it likes.
std::mutex drawing;

/// The face lives as long as Cairo wants it.
Result<FontPtr> OpenFont() {
  static FT_Library library = nullptr;
  if (library == nullptr && FT_Init_FreeType(&library) != 0)
    return MakeError(ErrorCode::kInternal, "The font library does not start.");
  FT_Face face = nullptr;
  if (FT_New_Face(library, kFontFile, kSimplifiedChinese, &face) != 0)
    return MakeError(ErrorCode::kUnavailable,
                     "The font for reports is not there: install the package fonts-noto-cjk.", kFontFile);
  FontPtr font(cairo_ft_font_face_create_for_ft_face(face, 0));
  static const cairo_user_data_key_t kFace = {};
  const auto close = [](void* opened) { FT_Done_Face(static_cast<FT_Face>(opened)); };
  if (cairo_font_face_set_user_data(font.get(), &kFace, face, close) != CAIRO_STATUS_SUCCESS) {
    font.reset();
    FT_Done_Face(face);
    return MakeError(ErrorCode::kInternal, "The font of reports could not be kept.");
  }
  return font;
}

cairo_status_t AppendBytes(void* out, const unsigned char* bytes, unsigned size) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
  return CAIRO_STATUS_SUCCESS;
}

/// Lays a report out; without a page count it only counts the pages.
class Pages {
 public:
  Pages(const Report& report, cairo_t* pen, size_t page_count)
      : report_(report), pen_(pen), page_count_(page_count) {}

  size_t Run() {
    BeginPage();
    for (const std::string& line : Wrapped(report_.title, kTitleSize, kInner)) Line(line, kTitleSize, true);
    for (const std::string& text : report_.lines) {
      for (const std::string& line : Wrapped(text, kTextSize, kInner)) Line(line, kTextSize, false);
    }
    for (const ReportTable& table : report_.tables) Table(table);
    EndPage();
    return page_;
  }

 private:
  double WidthOf(const std::string& text, double size) {
    cairo_set_font_size(pen_, size);
    cairo_text_extents_t extents;
    cairo_text_extents(pen_, text.c_str(), &extents);
    return extents.x_advance;
  }

  /// In as many lines as it takes; cut between any two characters, as Chinese is.
  std::vector<std::string> Wrapped(std::string_view text, double size, double width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
      const size_t length = std::max<size_t>(1, Utf8CharLength(text));
      const std::string_view character = text.substr(0, length);
      text.remove_prefix(length);
      if (character == "\n") {
        lines.emplace_back();
        continue;
      }
      if (static_cast<unsigned char>(character[0]) < ' ' ||
          (length == 1 && static_cast<unsigned char>(character[0]) > '~'))
        continue;
      std::string longer = lines.back() + std::string(character);
      if (!lines.back().empty() && WidthOf(longer, size) > width) {
        lines.emplace_back(character);
      } else {
        lines.back() = std::move(longer);
      }
    }
    return lines;
  }

  void Write(const std::string& text, double size, double x, double baseline) {
    cairo_set_font_size(pen_, size);
    cairo_move_to(pen_, x, baseline);
    cairo_show_text(pen_, text.c_str());
  }
  void Line(const std::string& text, double size, bool centred) {
    if (y_ + size * kLineGap > kHeight - kMargin) NextPage();
    y_ += size * kLineGap;
    Write(text, size, centred ? kMargin + (kInner - WidthOf(text, size)) / 2 : kMargin, y_);
  }

  void BeginPage() {
    ++page_;
    y_ = kMargin;
  }
  void EndPage() {
    const std::string number = fmt::format("{} / {}", page_, page_count_);
    Write(report_.footer, kTextSize, kMargin, kHeight - kMargin / 2);
    Write(number, kTextSize, kWidth - kMargin - WidthOf(number, kTextSize), kHeight - kMargin / 2);
    cairo_show_page(pen_);
  }
  void NextPage() {
    EndPage();
    BeginPage();
  }

  void Table(const ReportTable& table) {
    double shares = 0;
    for (const ReportColumn& column : table.columns) shares += column.share;
    widths_.clear();
    for (const ReportColumn& column : table.columns) widths_.push_back(kInner * column.share / shares);
    std::vector<std::string> heads;
    for (const ReportColumn& column : table.columns) heads.push_back(column.head);
    // A title stays with the head and a row.
    if (y_ + 6 * kHeadSize * kLineGap > kHeight - kMargin) NextPage();
    y_ += kHeadSize;
    Line(table.title, kHeadSize, false);
    y_ += kCellPad;
    Row(heads, table, heads);
    for (const std::vector<std::string>& row : table.rows) Row(row, table, heads);
  }

  /// On a new page under the heads again, where it does not fit.
  void Row(const std::vector<std::string>& cells, const ReportTable& table,
           const std::vector<std::string>& heads) {
    std::vector<std::vector<std::string>> lines;
    size_t most = 1;
    for (size_t i = 0; i < cells.size(); ++i) {
      lines.push_back(Wrapped(cells[i], kTextSize, widths_[i] - 2 * kCellPad));
      most = std::max(most, lines.back().size());
    }
    const double height = static_cast<double>(most) * kTextSize * kLineGap + 2 * kCellPad;
    if (y_ + height > kHeight - kMargin && &cells != &heads) {
      NextPage();
      Row(heads, table, heads);
    }
    double x = kMargin;
    cairo_set_line_width(pen_, 0.5);
    for (size_t i = 0; i < lines.size(); ++i) {
      cairo_rectangle(pen_, x, y_, widths_[i], height);
      cairo_stroke(pen_);
      double baseline = y_ + kCellPad + kTextSize;
      for (const std::string& line : lines[i]) {
        const bool right = table.columns[i].is_number && &cells != &heads;
        Write(line, kTextSize, right ? x + widths_[i] - kCellPad - WidthOf(line, kTextSize) : x + kCellPad,
              baseline);
        baseline += kTextSize * kLineGap;
      }
      x += widths_[i];
    }
    y_ += height;
  }

  const Report& report_;
  cairo_t* const pen_;
  const size_t page_count_;
  size_t page_ = 0;
  double y_ = 0;
  std::vector<double> widths_;
};

Result<std::string> Drawn(const Report& report, cairo_font_face_t* font, size_t* pages) {
  std::string bytes;
  const std::unique_ptr<cairo_surface_t, CloseSurface> surface(
      cairo_pdf_surface_create_for_stream(AppendBytes, &bytes, kWidth, kHeight));
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE, report.title.c_str());
  const std::string made = FormatInstant(report.made_us).substr(0, 19) + "Z";
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, made.c_str());
  const std::unique_ptr<cairo_t, ClosePen> pen(cairo_create(surface.get()));
  cairo_set_font_face(pen.get(), font);
  *pages = Pages(report, pen.get(), *pages).Run();
  cairo_surface_finish(surface.get());
  const cairo_status_t status = cairo_surface_status(surface.get());
  if (status != CAIRO_STATUS_SUCCESS)
    return MakeError(ErrorCode::kInternal, "The report could not be drawn.", cairo_status_to_string(status));
  return bytes;
}

}  // namespace

Result<std::string> PdfOf(const Report& report) {
  for (const ReportTable& table : report.tables) {
    if (table.rows.size() > kReportRowsMax)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("A table of a report has at most {} rows.", kReportRowsMax));
  }
  const std::lock_guard hold(drawing);
  const FontPtr font = TRY(OpenFont());
  size_t pages = 0;
  TRY(Drawn(report, font.get(), &pages));  // how many there are
  return Drawn(report, font.get(), &pages);
}

}  // namespace tk::exchange
