// A report as spreadsheet and as PDF: what was put in is in it, and the same gives the same bytes.
#include "kernel/exchange/report.h"

#include <gtest/gtest.h>

#include "kernel/exchange/table_reader.h"

namespace tk::exchange {
namespace {

Report SomeReport(size_t rows) {
  Report report;
  report.title = "疫情防控筛查日报";
  report.lines = {"日期：2026-11-22", "<>&\"'"};
  report.tables.push_back({"各区情况", {{"区", 2}, {"人次", 1, true}}, {}});
  for (size_t i = 0; i < rows; ++i)
    report.tables[0].rows.push_back({i == 0 ? "=1+1" : "东城区", std::to_string(i)});
  report.footer = "安和市疾病预防控制中心";
  report.made_us = Instant{1'795'000'000} * kSecondUs;
  return report;
}

TEST(Report, TheSpreadsheetHoldsWhatWasPutIn) {
  const auto bytes = XlsxOf(SomeReport(2));
  ASSERT_TRUE(bytes.ok()) << bytes.error().ToString();
  auto reader = TableReader::Open(*bytes, {});
  ASSERT_TRUE(reader.ok()) << reader.error().ToString();
  std::string told;
  CsvRow row;
  for (;;) {
    const auto more = (*reader)->Next(&row);
    ASSERT_TRUE(more.ok()) << more.error().ToString();
    if (!*more) break;
    for (const std::string_view field : row.fields) told.append(field).append("|");
  }
  EXPECT_EQ(
      told,
      "疫情防控筛查日报|日期：2026-11-22|<>&\"'|各区情况|区|人次|=1+1|0|东城区|1|安和市疾病预防控制中心|");
  EXPECT_EQ(XlsxOf(SomeReport(2)).value(), *bytes) << "the same report, the same bytes";
  EXPECT_NE(XlsxOf(SomeReport(3)).value(), *bytes);
}

TEST(Report, ATemplateIsATableWithItsHeads) {
  const auto bytes = XlsxTemplate({"姓名", "证件号码"}, {"每人一行"});
  ASSERT_TRUE(bytes.ok());
  auto reader = TableReader::Open(*bytes, {});
  ASSERT_TRUE(reader.ok()) << reader.error().ToString();
  CsvRow row;
  ASSERT_TRUE((*reader)->Next(&row).value());
  ASSERT_EQ(row.fields.size(), 2u);
  EXPECT_EQ(row.fields[1], "证件号码");
  EXPECT_FALSE((*reader)->Next(&row).value());
}

TEST(Report, ThePdfHasItsPagesAndItsFont) {
  const auto one = PdfOf(SomeReport(3));
  ASSERT_TRUE(one.ok()) << one.error().ToString();
  EXPECT_TRUE(one->starts_with("%PDF-"));
  EXPECT_NE(one->find("/Count 1"), std::string::npos);
  EXPECT_NE(one->find("/FontFile3"), std::string::npos) << "embedded";
  EXPECT_EQ(PdfOf(SomeReport(3)).value(), *one) << "the same report, the same bytes";
  const auto many = PdfOf(SomeReport(120));
  ASSERT_TRUE(many.ok());
  EXPECT_EQ(many->find("/Count 1\n"), std::string::npos) << "more than a page";
  Report too_long = SomeReport(0);
  too_long.tables[0].rows.resize(kReportRowsMax + 1, {"", ""});
  EXPECT_EQ(PdfOf(too_long).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(XlsxOf(too_long).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace tk::exchange
