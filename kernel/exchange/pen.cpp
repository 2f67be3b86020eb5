#include "kernel/exchange/pen.h"

#include <cairo-ft.h>
#include <cairo-pdf.h>
#include <fmt/format.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <memory>
#include <mutex>

#include "kernel/base/text.h"

namespace tk::exchange {
namespace {

constexpr const char* kFontFile = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
constexpr const char* kBoldFontFile = "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc";
constexpr FT_Long kSimplifiedChinese = 2;  // of the faces in these files: JP, KR, SC, TC, HK
constexpr double kCountedHeight = 100;     // of a page whose height is not known yet
/// What does not stand at the beginning of a line.
constexpr std::string_view kHanging = "，。、；：！？）】》";

struct CloseFont {
  void operator()(cairo_font_face_t* font) const { cairo_font_face_destroy(font); }
};
struct CloseSurface {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct CloseContext {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};
using FontPtr = std::unique_ptr<cairo_font_face_t, CloseFont>;

/// One draws at a time: FreeType's library is no matter for several threads, and Cairo lets a face go when it likes.
std::mutex drawing;

/// The face lives as long as Cairo wants it.
Result<FontPtr> OpenFont(const char* file) {
  static FT_Library library = nullptr;
  if (library == nullptr && FT_Init_FreeType(&library) != 0)
    return MakeError(ErrorCode::kInternal, "The font library does not start.");
  FT_Face face = nullptr;
  if (FT_New_Face(library, file, kSimplifiedChinese, &face) != 0)
    return MakeError(ErrorCode::kUnavailable,
                     "The font for what is printed is not there: install the package fonts-noto-cjk.", file);
  // Cairo 1.16 loses subroutines when it makes a subset of a CFF font: 如 alone was an empty place. Of a face that is told as no sfnt it embeds the outlines.
  face->face_flags &= ~FT_FACE_FLAG_SFNT;
  FontPtr font(cairo_ft_font_face_create_for_ft_face(face, 0));
  static const cairo_user_data_key_t kFace = {};
  const auto close = [](void* opened) { FT_Done_Face(static_cast<FT_Face>(opened)); };
  if (cairo_font_face_set_user_data(font.get(), &kFace, face, close) != CAIRO_STATUS_SUCCESS) {
    font.reset();
    FT_Done_Face(face);
    return MakeError(ErrorCode::kInternal, "The font of what is printed could not be kept.");
  }
  return font;
}

cairo_status_t AppendBytes(void* out, const unsigned char* bytes, unsigned size) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
  return CAIRO_STATUS_SUCCESS;
}

class CairoPen final : public Pen {
 public:
  CairoPen(cairo_t* context, cairo_font_face_t* regular, cairo_font_face_t* bold)
      : context_(context), regular_(regular), bold_(bold) {}

  double WidthOf(const std::string& text, const Ink& ink) override {
    Take(ink);
    cairo_text_extents_t extents;
    cairo_text_extents(context_, text.c_str(), &extents);
    return extents.x_advance;
  }
  void Write(const std::string& text, const Ink& ink, double x, double baseline) override {
    Take(ink);
    Colour(ink.grey);
    cairo_move_to(context_, x, baseline);
    cairo_show_text(context_, text.c_str());
  }
  void Fill(const std::vector<Box>& boxes, double grey) override {
    Colour(grey);
    for (const Box& box : boxes) cairo_rectangle(context_, box.x, box.y, box.width, box.height);
    cairo_fill(context_);
  }
  void Frame(double x, double y, double width, double height, double line, double grey) override {
    Colour(grey);
    cairo_set_line_width(context_, line);
    cairo_rectangle(context_, x, y, width, height);
    cairo_stroke(context_);
  }
  void Rule(double x, double y, double width, double line, double grey) override {
    Colour(grey);
    cairo_set_line_width(context_, line);
    cairo_move_to(context_, x, y);
    cairo_line_to(context_, x + width, y);
    cairo_stroke(context_);
  }
  void EndPage() override { cairo_show_page(context_); }

 private:
  void Take(const Ink& ink) {
    cairo_set_font_face(context_, ink.bold ? bold_ : regular_);
    cairo_set_font_size(context_, ink.size);
  }
  void Colour(double grey) { cairo_set_source_rgb(context_, grey, grey, grey); }

  cairo_t* const context_;
  cairo_font_face_t* const regular_;
  cairo_font_face_t* const bold_;
};

}  // namespace

std::vector<std::string> Pen::Wrapped(std::string_view text, const Ink& ink, double width) {
  std::vector<std::string> lines(1);
  size_t may_cut = 0;  // bytes of the last line behind which it may be cut
  double used = 0;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(1, Utf8CharLength(text));
    const std::string character(text.substr(0, length));
    const char first = character[0];
    text.remove_prefix(length);
    if (first == '\n') {
      lines.emplace_back();
      may_cut = 0;
      used = 0;
      continue;
    }
    if (length == 1 && (first < ' ' || first > '~')) continue;
    const bool is_of_word = length == 1 && first != ' ' && first != '-' && first != '/';
    const bool hangs = length > 1 && kHanging.find(character) != std::string_view::npos;
    const double wide = WidthOf(character, ink);
    if (!lines.back().empty() && used + wide > width && !hangs) {
      std::string rest;
      if (is_of_word && may_cut > 0) {
        rest = lines.back().substr(may_cut);
        lines.back().resize(may_cut);
      }
      while (lines.back().ends_with(' ')) lines.back().pop_back();
      used = rest.empty() ? 0 : WidthOf(rest, ink);
      lines.push_back(std::move(rest));
      may_cut = 0;
      if (first == ' ' && lines.back().empty()) continue;
    }
    lines.back() += character;
    used += wide;
    if (!is_of_word) may_cut = lines.back().size();
  }
  return lines;
}

void Pen::Qr(const QrCode& code, double x, double y, double side) {
  if (code.width <= 0) return;
  const double module = side / code.width;
  const auto width = static_cast<size_t>(code.width);
  std::vector<Box> boxes;
  for (size_t row = 0; row < width; ++row) {
    for (size_t from = 0; from < width;) {
      size_t until = from;
      while (until < width && code.dark[row * width + until]) ++until;
      // A little over its row: those that touch are one shape.
      if (until > from)
        boxes.push_back({x + static_cast<double>(from) * module, y + static_cast<double>(row) * module,
                         static_cast<double>(until - from) * module, module * 1.02});
      from = until + 1;
    }
  }
  Fill(boxes, 0);
}

Result<std::string> DrawPdf(const PdfPaper& paper,
                            const std::function<Result<Extent>(Pen& pen, const Extent& counted)>& draw) {
  const std::lock_guard hold(drawing);
  const FontPtr regular = TRY(OpenFont(kFontFile)), bold = TRY(OpenFont(kBoldFontFile));
  Extent counted;
  for (const bool is_counting : {true, false}) {
    std::string bytes;
    const double height = paper.height > 0 ? paper.height : is_counting ? kCountedHeight : counted.height;
    const std::unique_ptr<cairo_surface_t, CloseSurface> surface(
        cairo_pdf_surface_create_for_stream(AppendBytes, &bytes, paper.width, height));
    cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE, paper.title.c_str());
    const std::string made = FormatInstant(paper.made_us).substr(0, 19) + "Z";
    cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, made.c_str());
    const std::unique_ptr<cairo_t, CloseContext> context(cairo_create(surface.get()));
    CairoPen pen(context.get(), regular.get(), bold.get());
    counted = TRY(draw(pen, counted));
    cairo_surface_finish(surface.get());
    cairo_status_t status = cairo_status(context.get());
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface.get());
    if (status != CAIRO_STATUS_SUCCESS)
      return MakeError(ErrorCode::kInternal, "The page could not be drawn.", cairo_status_to_string(status));
    if (!is_counting) return bytes;
  }
  return MakeError(ErrorCode::kInternal, "The page could not be drawn.");
}

}  // namespace tk::exchange
