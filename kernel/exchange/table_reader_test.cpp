// Tables in whatever file they come: what cells say, where something is wrong, and files that are made to harm.
#include "kernel/exchange/table_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/base/clock.h"
#include "kernel/exchange/xlsx_parts.h"
#include "kernel/exchange/xlsx_reader.h"
#include "kernel/exchange/zip_for_test.h"

namespace tk::exchange {
namespace {

/// "2:a|b 3:c" of rows 2 and 3; "2!5" where the cell of column 5 is bad, "2?fault"; or the error's text.
std::string RowsOf(std::string_view bytes, const TableOptions& options = {}) {
  auto reader = TableReader::Open(bytes, options);
  if (!reader.ok()) return reader.error().external;
  std::string told;
  CsvRow row;
  for (;;) {
    const auto more = (*reader)->Next(&row);
    if (!more.ok()) return more.error().external;
    if (!*more) return told;
    if (!told.empty()) told += ' ';
    told += fmt::format("{}:{}", row.line, fmt::join(row.fields, "|"));
    for (const BadCell& bad : row.bad_cells) told += fmt::format("!{}", bad.column);
    if (!row.fault.empty()) told += fmt::format("?{}", row.fault);
  }
}

TEST(TableReader, CsvAndSpreadsheetSayTheSame) {
  EXPECT_EQ(RowsOf("姓名,体温\r\n试一,36.6\r\n"), "1:姓名|体温 2:试一|36.6");
  EXPECT_EQ(RowsOf("\xD0\xD5\xC3\xFB,x\n\xCA\xD4\xD2\xBB,1\n"), "1:姓名|x 2:试一|1");
  EXPECT_EQ(
      RowsOf(XlsxOf("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>"
                    "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>试一</t></is></c><c "
                    "r=\"B2\"><v>36.600000000000001</v></c></row>",
                    "<si><t>姓名</t></si><si><r><t>体</t></r><r><t>温</t></r><rPh><t>tiwen</t></rPh></si>")),
      "1:姓名|体温 2:试一|36.6");
}

TEST(TableReader, CellsThatAreNotThereAreEmptyAndRowsKeepTheirNumbers) {
  EXPECT_EQ(
      RowsOf(XlsxOf(
          "<row r=\"3\"><c r=\"B3\"><v>1</v></c><c r=\"D3\" t=\"b\"><v>1</v></c></row><row r=\"7\"/>"
          "<row r=\"9\"><c t=\"str\"><f>A1&amp;\"x\"</f><v>a&amp;b</v></c><c><v>19900000000</v></c></row>")),
      "3:|1||true 9:a&b|19900000000");
}

TEST(TableReader, NumbersThatShowDaysAreDays) {
  const auto cell = [](int style, std::string_view number) {
    return fmt::format("<row><c s=\"{}\"><v>{}</v></c></row>", style, number);
  };
  EXPECT_EQ(
      RowsOf(XlsxOf(cell(1, "45000") + cell(2, "45000.354166666664") + cell(3, "45000.5") + cell(1, "0.75"))),
      "1:2023-03-15 2:2023-03-15T08:30:00 3:45000.5 4:18:00:00");
  EXPECT_EQ(RowsOf(XlsxOf(cell(1, "59") + cell(1, "61") + cell(1, "2958465.5"))),
            "1:1900-02-28 2:1900-03-01 3:9999-12-31T12:00:00");
  EXPECT_EQ(RowsOf(XlsxOf(cell(1, "43538"), {}, "<workbookPr date1904=\"1\"/>")), "1:2023-03-15");
  EXPECT_EQ(RowsOf(XlsxOf("<row><c t=\"d\"><v>2026-11-23T00:00:00</v></c></row>")), "1:2026-11-23");
  EXPECT_TRUE(ShowsDay("[h]:mm"));
  EXPECT_FALSE(ShowsDay("#,##0.00_);[Red]\\-0E+00"));
}

TEST(TableReader, WhatASpreadsheetHasLostIsTold) {
  EXPECT_EQ(RowsOf(XlsxOf(
                "<row><c t=\"str\"><v>a</v></c><c><v>1.1010519491231E+17</v></c><c t=\"e\"><v>#N/A</v></c>"
                "<c s=\"1\"><v>-3</v></c><c><v>x</v></c></row>")),
            "1:a!2!3!4!5");
  std::string_view why;
  EXPECT_EQ(NumberText("38010119900101001", false, false, &why), "");
  EXPECT_NE(why.find("15 digits"), std::string_view::npos);
}

TEST(TableReader, APartialRowWaitsForItsRest) {
  // Rows longer than a piece that is unpacked, so that their ends come later.
  const std::string long_text(50'000, 'x');
  std::string rows;
  for (int i = 0; i < 5; ++i)
    rows += fmt::format("<row><c t=\"str\"><v>{}</v></c><c t=\"str\"><v>{}{}</v></c></row>", i, long_text, i);
  const std::string bytes = XlsxOf(rows);
  auto reader = TableReader::Open(bytes, {});
  ASSERT_TRUE(reader.ok()) << reader.error().ToString();
  CsvRow row;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE((*reader)->Next(&row).value());
    ASSERT_EQ(row.fields.size(), 2u);
    EXPECT_EQ(row.fields[0], std::to_string(i));
    EXPECT_EQ(row.fields[1], long_text + std::to_string(i));
  }
  EXPECT_FALSE((*reader)->Next(&row).value());
}

TEST(TableReader, WhatIsNoTableIsSaidSo) {
  EXPECT_NE(RowsOf("\xD0\xCF\x11\xE0 old").find("old .xls"), std::string::npos);
  EXPECT_NE(RowsOf("PK\x03\x04 and nothing").find("damaged"), std::string::npos);
  EXPECT_NE(RowsOf(ZipOf({{"word/document.xml", "<a/>"}})).find("no spreadsheet"), std::string::npos);
  EXPECT_NE(RowsOf(XlsxOf("<row><c t=\"s\"><v>3</v></c></row>")).find("a text that is not there"),
            std::string::npos);
  EXPECT_NE(RowsOf(XlsxOf("<row r=\"2\"/><row r=\"2\"><c><v>1</v></c></row>")).find("not numbered in order"),
            std::string::npos);
  EXPECT_NE(
      RowsOf(XlsxOf("<row><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>")).find("not in order"),
      std::string::npos);
  EXPECT_NE(RowsOf(XlsxOf("<row><c>")).find("no sound spreadsheet"), std::string::npos);
  EXPECT_NE(RowsOf(XlsxOf("<row><c r=\"XFD1\"><v>1</v></c></row>")).find("?The row has more than 256"),
            std::string::npos);
}

TEST(TableReader, BombsAreRefusedBeforeTheyAreUnpacked) {
  // 40 MB of blanks are 40 KB packed.
  EXPECT_NE(RowsOf(XlsxOf(std::string(40'000'000, ' '))).find("times its size"), std::string::npos);
  EXPECT_NE(RowsOf(XlsxOf("<row a=\"" + std::string(3 << 20, 'x') + "\"/>")).find("longer than 1 MB"),
            std::string::npos);
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_NE(RowsOf(XlsxOf(deep)).find("too deep"), std::string::npos);
  const std::string laughs = "<!DOCTYPE l [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]><Relationships/>";
  EXPECT_NE(RowsOf(ZipOf({{"_rels/.rels", laughs}})).find("document type"), std::string::npos);
  EXPECT_NE(RowsOf(XlsxOf("<row/>"), {{}, MonotonicUs() - 1}).find("time for one request"),
            std::string::npos);
}

}  // namespace
}  // namespace tk::exchange
