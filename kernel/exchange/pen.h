// The pen that pages of PDF are drawn with: two weights of one font, texts broken into lines, rules, frames, QR codes.
// Flow:   what is to be drawn (sheet_pdf.cpp) → DrawPdf: drawn once to be counted, then as it is → bytes
// Font:   Noto Sans CJK SC of Debian's fonts-noto-cjk (OFL-1.1), its outlines embedded as far as they are used: it looks the same everywhere, and its
//         texts can be found and copied.
// Units:  points, 72 to an inch; y goes down. Grey: 0 black, 1 white.
// Source: ISO 32000-1 (PDF) by Cairo; SIL OFL 1.1 on embedding.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/qr.h"

namespace tk::exchange {

inline constexpr double kPointsPerMm = 72 / 25.4;

struct Ink {
  double size = 9;
  bool bold = false;
  double grey = 0;
};

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

class Pen {
 public:
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;
  virtual ~Pen() = default;
  virtual double WidthOf(const std::string& text, const Ink& ink) = 0;
  /// On one line, from `x`, above `baseline`. `text` is a line of Wrapped: it has no control characters.
  virtual void Write(const std::string& text, const Ink& ink, double x, double baseline) = 0;
  /// As one shape, so that no seam shows between those that touch.
  virtual void Fill(const std::vector<Box>& boxes, double grey) = 0;
  virtual void Frame(double x, double y, double width, double height, double line, double grey) = 0;
  virtual void Rule(double x, double y, double width, double line, double grey) = 0;
  virtual void EndPage() = 0;

  /// In as many lines as it takes, at least one: cut behind a blank, or between any two characters of Chinese; a word that is longer than a line is cut where
  /// the line ends; a full stop stays with what it ends. Control characters and what is no UTF-8 are left out.
  std::vector<std::string> Wrapped(std::string_view text, const Ink& ink, double width);
  /// As a square of `side`, without its quiet zone.
  void Qr(const QrCode& code, double x, double y, double side);

 protected:
  Pen() = default;
};

/// What a drawing takes: how many pages, and of one that is as long as its content its height.
struct Extent {
  size_t pages = 0;
  double height = 0;
};
struct PdfPaper {
  std::string title;
  Instant made_us = 0;
  double width = 0, height = 0;  // height 0: as long as the content
};
/// Calls `draw` twice: with nothing counted, and with what the first call answered. One draws at a time in the whole process.
/// Errors: those of `draw`; kUnavailable when the font is not there, saying which package has it.
Result<std::string> DrawPdf(const PdfPaper& paper,
                            const std::function<Result<Extent>(Pen& pen, const Extent& counted)>& draw);

}  // namespace tk::exchange
