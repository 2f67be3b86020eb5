// Sheets as people get them on paper: everything stands on the paper, on as many pages as it takes, and the same sheet gives the same bytes.
#include "kernel/exchange/sheet.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/exchange/pen.h"

namespace tk::exchange {
namespace {

/// Each character is as wide as it is high, or half of that where it is ASCII; what is drawn is remembered.
class RulerPen final : public Pen {
 public:
  struct Written {
    std::string text;
    double x = 0, baseline = 0, width = 0;
    size_t page = 1;
  };
  double WidthOf(const std::string& text, const Ink& ink) override {
    double width = 0;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80)
        width += ink.size / 2;
      else if ((byte & 0xc0U) != 0x80)
        width += ink.size;
    }
    return width;
  }
  void Write(const std::string& text, const Ink& ink, double x, double baseline) override {
    written.push_back({text, x, baseline, WidthOf(text, ink), pages + 1});
  }
  void Fill(const std::vector<Box>& boxes, double) override { fills += boxes.size(); }
  void Frame(double, double, double, double, double, double) override { ++frames; }
  void Rule(double, double, double, double, double) override {}
  void EndPage() override { ++pages; }
  std::string All() const {
    std::string all;
    for (const Written& each : written) all += each.text + "|";
    return all;
  }

  std::vector<Written> written;
  size_t pages = 0, fills = 0, frames = 0;
};

Sheet SomeSheet() {
  Sheet sheet;
  sheet.institution = "试点医院";
  sheet.title = "应急物资出库单";
  sheet.number = "编号 17";
  sheet.parts.push_back({.kind = SheetPart::Kind::kFields,
                         .title = "物资",
                         .fields = {{"名称", "口罩"}, {"数量", "20"}, {"事由", "发热门诊领用", 2}}});
  sheet.parts.push_back(
      {.kind = SheetPart::Kind::kTable,
       .table = {"明细", {{"时间", 2}, {"数量", 1, true}}, {{"2026-11-23", "20"}}, "共一条"}});
  sheet.parts.push_back({.kind = SheetPart::Kind::kText, .text = "请当面点清。"});
  sheet.parts.push_back({.kind = SheetPart::Kind::kSignatures, .signatures = {"发放人", "领取人"}});
  sheet.qr_text = "StockMovement/17";
  sheet.qr_title = "记录";
  sheet.footer = "打印时间 2026-11-23 09:00";
  sheet.made_us = Instant{1'795'000'000} * kSecondUs;
  return sheet;
}

/// Everything that is written stands between the margins; of a strip, between the sides.
void ExpectOnPaper(const Sheet& sheet, const RulerPen& pen) {
  const double left = sheet.margin_mm * kPointsPerMm,
               right = (sheet.width_mm - sheet.margin_mm) * kPointsPerMm;
  for (const RulerPen::Written& each : pen.written) {
    EXPECT_GE(each.x, left - 6) << each.text;
    EXPECT_LE(each.x + each.width, right + 12) << each.text;  // a full stop may hang over
    if (sheet.height_mm > 0) {
      EXPECT_LE(each.baseline, sheet.height_mm * kPointsPerMm - 5) << each.text;
    }
  }
}

TEST(Sheet, HoldsWhatWasPutIn) {
  const Sheet sheet = SomeSheet();
  RulerPen pen;
  const auto extent = DrawSheet(sheet, {1, 0}, &pen);
  ASSERT_TRUE(extent.ok()) << extent.error().ToString();
  EXPECT_EQ(extent->pages, 1U);
  const std::string drawn = pen.All(), told = TextOf(sheet);
  for (const std::string_view part :
       {"试点医院", "应急物资出库单", "编号 17", "名称", "口罩", "发热门诊领用", "明细", "2026-11-23",
        "共一条", "请当面点清。", "发放人", "打印时间 2026-11-23 09:00"}) {
    EXPECT_NE(drawn.find(part), std::string::npos) << part;
    EXPECT_NE(told.find(part), std::string::npos) << part;
  }
  EXPECT_NE(drawn.find("1 / 1"), std::string::npos);
  EXPECT_NE(told.find("数量: 20\n"), std::string::npos);
  EXPECT_NE(told.find("StockMovement/17"), std::string::npos);
  EXPECT_GT(pen.fills, 20U) << "the code";
  ExpectOnPaper(sheet, pen);
}

TEST(Sheet, WhatIsLongGoesOnOnTheNextPageUnderTheHeads) {
  Sheet sheet = SomeSheet();
  for (int i = 0; i < 100; ++i) sheet.parts[1].table.rows.push_back({fmt::format("第 {} 行", i), "1"});
  RulerPen pen;
  const auto extent = DrawSheet(sheet, {}, &pen);
  ASSERT_TRUE(extent.ok());
  EXPECT_GT(extent->pages, 2U);
  EXPECT_EQ(extent->pages, pen.pages);
  size_t heads = 0;
  for (const auto& each : pen.written) heads += each.text == "时间" ? 1 : 0;
  EXPECT_EQ(heads, extent->pages);
  EXPECT_NE(pen.All().find("第 99 行"), std::string::npos);
  ExpectOnPaper(sheet, pen);
  sheet.pages_max = extent->pages;
  EXPECT_TRUE(DrawSheet(sheet, {}, &pen).ok());
  sheet.pages_max = extent->pages - 1;
  EXPECT_EQ(DrawSheet(sheet, {}, &pen).error().code, ErrorCode::kTooLarge);
}

TEST(Sheet, AValueOfMoreThanAPageIsWhole) {
  Sheet sheet = SomeSheet();
  std::string text;
  for (int i = 0; i < 4000; ++i) text += fmt::format("{}，", i);
  sheet.parts[0].fields[2].value = text;
  RulerPen pen;
  const auto extent = DrawSheet(sheet, {}, &pen);
  ASSERT_TRUE(extent.ok());
  EXPECT_GT(extent->pages, 2U);
  std::string drawn;
  const double value_x = pen.written[0].x;
  for (const auto& each : pen.written) {
    if (each.text.find("，") != std::string::npos) drawn += each.text;
  }
  EXPECT_EQ(drawn, text) << value_x;
  ExpectOnPaper(sheet, pen);
}

TEST(Sheet, AStripIsAsLongAsItsContent) {
  Sheet sheet = SomeSheet();
  sheet.width_mm = 80;
  sheet.height_mm = 0;
  sheet.margin_mm = 4;
  RulerPen pen;
  const auto extent = DrawSheet(sheet, {}, &pen);
  ASSERT_TRUE(extent.ok());
  EXPECT_EQ(extent->pages, 1U);
  EXPECT_EQ(pen.frames, 0U);
  ExpectOnPaper(sheet, pen);
  for (int i = 0; i < 40; ++i) sheet.parts[1].table.rows.push_back({"一行", "1"});
  RulerPen longer;
  const auto more = DrawSheet(sheet, {}, &longer);
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(longer.pages, 1U);
  EXPECT_GT(more->height, extent->height + 40 * 8);
  sheet.parts[1].table.rows.resize(1000, {"一行", "1"});
  EXPECT_EQ(DrawSheet(sheet, {}, &longer).error().code, ErrorCode::kTooLarge);
}

TEST(Sheet, LinesAreCutBetweenWordsOrChineseCharacters) {
  RulerPen pen;
  const Ink ink{10};
  const auto lines = [&](std::string_view text, double width) {
    return fmt::format("{}", fmt::join(pen.Wrapped(text, ink, width), "|"));
  };
  EXPECT_EQ(lines("", 50), "");
  EXPECT_EQ(lines("one two three", 45), "one two|three");
  EXPECT_EQ(lines("应急物资出库单", 30), "应急物|资出库|单");
  EXPECT_EQ(lines("应急物。资", 30), "应急物。|资") << "a full stop stays with what it ends";
  EXPECT_EQ(lines("a\nb", 50), "a|b");
  EXPECT_EQ(lines("abcdefghijkl", 30), "abcdef|ghijkl") << "a word that is longer than a line";
  EXPECT_EQ(lines(std::string("a\x01\xff") + "b", 50), "ab") << "no control characters, no broken UTF-8";
}

TEST(Sheet, ThePdfHasItsPagesItsPaperAndBothFonts) {
  const auto one = PdfOf(SomeSheet());
  ASSERT_TRUE(one.ok()) << one.error().ToString();
  EXPECT_TRUE(one->starts_with("%PDF-"));
  EXPECT_NE(one->find("/Count 1\n"), std::string::npos);
  EXPECT_NE(one->find("/FontFile3"), std::string::npos) << "embedded";
  EXPECT_NE(one->find("/ToUnicode"), std::string::npos) << "can be found and copied";
  EXPECT_NE(one->find("+CairoFont-1-1"), std::string::npos) << "two weights";
  EXPECT_EQ(one->find("NotoSansCJK"), std::string::npos)
      << "outlines: of a subset that Cairo makes of the font itself, places stay empty";
  EXPECT_EQ(PdfOf(SomeSheet()).value(), *one) << "the same sheet, the same bytes";
  Sheet strip = SomeSheet();
  strip.width_mm = 80;
  strip.height_mm = 0;
  strip.margin_mm = 4;
  const auto narrow = PdfOf(strip);
  ASSERT_TRUE(narrow.ok());
  EXPECT_NE(narrow->find("/MediaBox [ 0 0 226.7"), std::string::npos);
  strip.qr_text.assign(5000, 'x');
  EXPECT_EQ(PdfOf(strip).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace tk::exchange
