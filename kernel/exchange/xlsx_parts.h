// What of a spreadsheet is not its rows: which part holds the first sheet, the texts that cells share, and which cells hold days.
// Source: ISO/IEC 29500-1 (Office Open XML): 18.2 workbook, 18.4 shared strings, 18.8.30 number formats; ISO/IEC 29500-2 relationships.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/exchange/xml_part.h"

namespace tk::exchange {

inline constexpr size_t kSharedTextsMax = 8'000'000;
inline constexpr size_t kSharedTextBytesMax = size_t{192} << 20;

/// Texts, one behind the other: a million rows have some millions of them.
class SharedTexts {
 public:
  bool Has(size_t i) const { return i < ends_.size(); }
  std::string_view At(size_t i) const {
    const uint32_t from = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(from, ends_[i] - from);
  }
  size_t size() const { return ends_.size(); }
  size_t bytes() const { return text_.size(); }
  void Append(std::string_view text) { text_.append(text); }
  void EndText() { ends_.push_back(static_cast<uint32_t>(text_.size())); }

 private:
  std::string text_;
  std::vector<uint32_t> ends_;
};

struct XlsxBook {
  std::string sheet;            // the part of the first sheet that is not hidden
  bool days_from_1904 = false;  // as old programs of another maker count them
  SharedTexts texts;
  std::vector<bool> is_day;  // by style: does the number say a day or a time?
};
/// Errors: kIncorrect if it is no workbook or has no sheet to show; kTooLarge over a limit; kTimeout past `deadline_us` (0: none).
Result<XlsxBook> ReadBook(const ZipFile& zip, int64_t deadline_us);

/// Does a number format of this code show a day or a time?
bool ShowsDay(std::string_view code);

/// What a cell's number says as people would write it: "36.6", "19900000000", "2026-11-23", "2026-11-23T08:30:00". "" when it says nothing that can be
/// trusted, with `why` (a literal).
std::string NumberText(std::string_view number, bool is_day, bool days_from_1904, std::string_view* why);

}  // namespace tk::exchange
