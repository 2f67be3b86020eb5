#include "kernel/base/csv.h"

#include <gtest/gtest.h>

#include "kernel/base/charset.h"

namespace tk {
namespace {

/// Rows as "line:field|field", broken ones as "line!column".
std::vector<std::string> RowsOf(std::string_view text, char separator = '\0') {
  CsvReader reader(text, separator);
  CsvRow row;
  std::vector<std::string> rows;
  while (reader.Next(&row)) {
    std::string told = std::to_string(row.line);
    if (!row.fault.empty()) {
      rows.push_back(told + "!" + std::to_string(row.fault_column));
      continue;
    }
    for (size_t i = 0; i < row.fields.size(); ++i) told += (i == 0 ? ":" : "|") + std::string(row.fields[i]);
    rows.push_back(told);
  }
  return rows;
}

using Rows = std::vector<std::string>;

TEST(CsvTest, FieldsLinesAndQuotes) {
  EXPECT_EQ(RowsOf("a,b\n1,2"), (Rows{"1:a|b", "2:1|2"}));
  EXPECT_EQ(RowsOf("a,b\r\n1,\r\n,2\r\n"), (Rows{"1:a|b", "2:1|", "3:|2"}));
  EXPECT_EQ(RowsOf("a\rb\r"), (Rows{"1:a", "2:b"}));
  EXPECT_EQ(RowsOf("\"a,\"\"x\"\"\",\"two\nlines\"\nnext,row"), (Rows{"1:a,\"x\"|two\nlines", "3:next|row"}));
  EXPECT_EQ(RowsOf("\"\"\"\",\"\"\"b\""), (Rows{"1:\"|\"b"})) << "two fields in the scratch";
  EXPECT_EQ(RowsOf("a\"b,c"), (Rows{"1:a\"b|c"}));
  EXPECT_EQ(RowsOf("a,b\n\n,\nc,d\n"), (Rows{"1:a|b", "4:c|d"})) << "rows of nothing";
  EXPECT_EQ(RowsOf(""), Rows{});
}

TEST(CsvTest, BrokenRowsAreToldAndReadingGoesOn) {
  EXPECT_EQ(RowsOf("a,b\n1,\"2\"x,3\n4,5"), (Rows{"1:a|b", "2!2", "3:4|5"}));
  EXPECT_EQ(RowsOf("a,b\n1,\"2\n3,4"), (Rows{"1:a|b", "2!2"})) << "nobody closes it";
  std::string many = "x";
  for (size_t i = 0; i < kCsvFieldsMax; ++i) many += ",x";
  EXPECT_EQ(RowsOf(many + "\nnext"), (Rows{"1!257", "2:next"}));
  EXPECT_EQ(RowsOf("k," + std::string(kCsvFieldBytesMax + 1, 'x') + "\nnext"), (Rows{"1!2", "2:next"}));
}

TEST(CsvTest, TheSeparatorIsTold) {
  EXPECT_EQ(RowsOf("a;b;\"x,y,z\"\n1;2;3"), (Rows{"1:a|b|x,y,z", "2:1|2|3"}));
  EXPECT_EQ(RowsOf("a\tb\n1,5\t2"), (Rows{"1:a|b", "2:1,5|2"}));
  EXPECT_EQ(RowsOf("a;b", ','), (Rows{"1:a;b"}));
}

TEST(CsvTest, ColumnsByTheirHeads) {
  static constexpr std::string_view kCode[] = {"code", "代码"}, kName[] = {"name", "名称"};
  const CsvColumn wanted[] = {{kCode, true}, {kName, false}};
  CsvReader reader(" 名称 ,Other,CODE\n 甲 , x ,12");
  CsvRow row;
  ASSERT_TRUE(reader.Next(&row));
  const auto columns = FindColumns(row, wanted);
  ASSERT_TRUE(columns.ok());
  EXPECT_EQ(columns->unknown, std::vector<std::string>{"Other"});
  ASSERT_TRUE(reader.Next(&row));
  EXPECT_EQ(columns->Of(row, 0), "12");
  EXPECT_EQ(columns->Of(row, 1), "甲");

  CsvReader missing("name\n");
  ASSERT_TRUE(missing.Next(&row));
  const auto none = FindColumns(row, wanted);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().external.find("code or 代码"), std::string::npos) << none.error().external;
  CsvReader twice("code,代码\n");
  ASSERT_TRUE(twice.Next(&row));
  EXPECT_FALSE(FindColumns(row, wanted).ok());
}

TEST(CharsetTest, Utf8WithAndWithoutMarkAndGb18030) {
  EXPECT_EQ(ToUtf8("\xef\xbb\xbf安和")->text, "安和");
  const auto plain = ToUtf8("安和");
  EXPECT_EQ(plain->charset, "utf-8");
  // 安和市 in GB 2312, 㐂 in GBK's four-byte part of GB 18030.
  const auto chinese = ToUtf8("\xb0\xb2\xba\xcd\xca\xd0,\x81\x39\xee\x39");
  ASSERT_TRUE(chinese.ok()) << chinese.error().ToString();
  EXPECT_EQ(chinese->charset, "gb18030");
  EXPECT_TRUE(chinese->text.starts_with("安和市,"));
  EXPECT_EQ(ToUtf8("\xb0\xb2", "GBK")->text, "安");
}

TEST(CharsetTest, WhatIsNoTextIsRefusedWithItsLine) {
  const auto line_of = [](const Result<Utf8Text>& result) {
    return result.ok() ? std::string("taken") : result.error().external.substr(0, 6);
  };
  EXPECT_EQ(line_of(ToUtf8("a\nb\n\xff\xff")), "Line 3");
  EXPECT_EQ(line_of(ToUtf8("a\n\xb0\xb2", "utf-8")), "Line 2");
  EXPECT_EQ(line_of(ToUtf8(std::string_view("a\n\0", 3))), "Line 2");
  EXPECT_NE(ToUtf8("\xff\xfe"
                   "a")
                .error()
                .external.find("UTF-16"),
            std::string::npos);
  EXPECT_EQ(ToUtf8("a", "big5").error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace tk
