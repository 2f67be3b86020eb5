// Messages as senders write them: delimiters, escapes, charsets, what is missing, and what is no message.
#include "kernel/hl7v2/message.h"

#include <gtest/gtest.h>

namespace tk::hl7v2 {
namespace {

Message Read(std::string_view bytes) {
  auto message = Message::Parse(bytes);
  EXPECT_TRUE(message.ok()) << (message.ok() ? "" : message.error().external);
  return message.ok() ? std::move(*message) : Message();
}

std::string TextAt(const Message& message, std::string_view place) {
  const auto read = ReadPlace(place);
  EXPECT_TRUE(read.has_value()) << place;
  return At(message, *read).Text();
}

constexpr std::string_view kHead =
    "MSH|^~\\&|HIS|EAST|TK|CITY|20261123090000+0800||ADT^A04^ADT_A01|17|P|2.5.1\r";

TEST(Hl7Message, PartsAreFoundByTheirPlaces) {
  const Message message =
      Read(std::string(kHead) +
           "PID|1||A1^^^EAST&1.2.3&ISO^MR~B2^^^CITY||Wang^Xiao&x^Ming||19800102\rNK1|1\rNK1|2|later");
  EXPECT_EQ(TextAt(message, "MSH-1"), "|");
  EXPECT_EQ(TextAt(message, "MSH-2"), "^~\\&");
  EXPECT_EQ(message.type() + message.event() + message.control_id() + message.version(), "ADTA04172.5.1");
  EXPECT_EQ(TextAt(message, "PID-3"), "A1");
  EXPECT_EQ(TextAt(message, "PID-3(2).1"), "B2");
  EXPECT_EQ(TextAt(message, "PID-3.4.2"), "1.2.3");
  EXPECT_EQ(TextAt(message, "PID-3(2).4.2"), "");
  EXPECT_EQ(TextAt(message, "PID-5.2"), "Xiao");
  EXPECT_EQ(TextAt(message, "PID-99.7.7"), "");
  EXPECT_EQ(TextAt(message, "ZZZ-1"), "");
  EXPECT_EQ(message.Field("PID", 3).Repetitions(), 2U);
  EXPECT_EQ(message.Field("PID", 4).Repetitions(), 0U);
  ASSERT_NE(message.Find("NK1", 2), nullptr);
  EXPECT_EQ(message.FieldOf(*message.Find("NK1", 2), 2).Text(), "later");
  EXPECT_EQ(message.Find("NK1", 3), nullptr);
}

TEST(Hl7Message, PlacesAreWrittenOneWay) {
  for (const char* wrong :
       {"", "PI", "pid-3", "PID-", "PID-0", "PID-3(0)", "PID-3(1", "PID-3.", "PID-3.1.1.1", "PID-3x"})
    EXPECT_FALSE(ReadPlace(wrong).has_value()) << wrong;
  EXPECT_TRUE(ReadPlace("PID").has_value());
}

TEST(Hl7Message, EscapesAreUndone) {
  const Message message = Read(std::string(kHead) +
                               "NTE|\\F\\\\S\\\\T\\\\R\\\\E\\|a\\.br\\b|\\H\\bold\\N\\|\\X41C3A9\\|\\XFF\\|"
                               "\\Zown\\|half\\|\\C2842\\x");
  EXPECT_EQ(TextAt(message, "NTE-1"), "|^&~\\");
  EXPECT_EQ(TextAt(message, "NTE-2"), "a\nb");
  EXPECT_EQ(TextAt(message, "NTE-3"), "bold");
  EXPECT_EQ(TextAt(message, "NTE-4"), "A\xC3\xA9");
  EXPECT_EQ(TextAt(message, "NTE-5"), "\\XFF\\");
  EXPECT_EQ(TextAt(message, "NTE-6"), "\\Zown\\");
  EXPECT_EQ(TextAt(message, "NTE-7"), "half\\");
  EXPECT_EQ(TextAt(message, "NTE-8"), "x");
  EXPECT_EQ(Escaped("|^&~\\\n\x01", message.delimiters()), "\\F\\\\S\\\\T\\\\R\\\\E\\\\.br\\ ");
}

TEST(Hl7Message, OtherDelimitersHoldEverywhere) {
  const Message message = Read("MSH#*+?%#HIS\rPID#1##A*B+C?S?#?F?");
  EXPECT_EQ(TextAt(message, "PID-3.2"), "B");
  EXPECT_EQ(TextAt(message, "PID-3(2)"), "C*");
  EXPECT_EQ(TextAt(message, "PID-4"), "#");
}

TEST(Hl7Message, AnEscapedEscapeInMsh2IsReadAsMeant) {
  const Message message = Read("MSH|^~\\\\&|HIS\rPID|1|a&b");
  EXPECT_EQ(message.delimiters().subcomponent, '&');
  EXPECT_EQ(message.delimiters().truncation, '\0');
}

TEST(Hl7Message, TwoQuotesTakeAway) {
  const Message message = Read(std::string(kHead) + "PID|\"\"|^\"\"|");
  EXPECT_TRUE(message.Field("PID", 1).IsNull());
  EXPECT_EQ(message.Field("PID", 1).Text(), "");
  EXPECT_TRUE(message.Field("PID", 2).Component(2).IsNull());
  EXPECT_FALSE(message.Field("PID", 3).IsNull());
}

TEST(Hl7Message, SegmentsEndAsTheSenderHasIt) {
  for (const char* end : {"\r", "\n", "\r\n", "\r\r\n"}) {
    const Message message = Read("MSH|^~\\&|HIS" + std::string(end) + "PID|1" + end + "PV1|1|E" + end);
    EXPECT_EQ(message.segments().size(), 3U);
    EXPECT_EQ(TextAt(message, "PV1-2"), "E");
  }
}

// The second byte of these characters is that of a delimiter: 亅 is 81 7C, 乛 81 5E, 亊 81 7E, 乗 81 5C.
TEST(Hl7Message, GbkIsReadBeforeItIsSplit) {
  const std::string bytes =
      "MSH|^~\\&|\x81\x7C|EAST|TK|CITY|||ADT^A04|1|P|2.5||||||GB "
      "18030-2000\rPID|1||9||\x81\x5E^\x81\x7E\x81\x5C";
  const Message message = Read(bytes);
  EXPECT_EQ(message.charset(), "gb18030");
  EXPECT_EQ(TextAt(message, "MSH-3"), "亅");
  EXPECT_EQ(TextAt(message, "PID-5.1"), "乛");
  EXPECT_EQ(TextAt(message, "PID-5.2"), "亊乗");
  std::string unsaid = bytes;
  unsaid.erase(unsaid.find("GB 18030-2000"), 13);
  EXPECT_EQ(TextAt(Read(unsaid), "PID-5.1"), "乛");
}

TEST(Hl7Message, OtherCharsetsAreReadOrRefusedByName) {
  const auto with = [](std::string_view charset, std::string_view name) {
    return "MSH|^~\\&|A|B|C|D|||ADT^A04|1|P|2.5||||||" + std::string(charset) + "\rPID|1||9||" +
           std::string(name);
  };
  EXPECT_EQ(TextAt(Read(with("UNICODE UTF-8", "王")), "PID-5"), "王");
  EXPECT_EQ(TextAt(Read(with("", "王")), "PID-5"), "王");
  EXPECT_EQ(TextAt(Read("\xEF\xBB\xBF" + with("", "王")), "PID-5"), "王");
  EXPECT_EQ(TextAt(Read(with("8859/1", "M\xFCller")), "PID-5"), "Müller");
  for (const auto& [charset, name] :
       {std::pair("BIG-5", "x"), std::pair("UNICODE UTF-16", "x"), std::pair("UTF-8", "\xFF")}) {
    const auto refused = Message::Parse(with(charset, name));
    ASSERT_FALSE(refused.ok()) << charset;
    EXPECT_EQ(refused.error().issues.at(0).path, "MSH-18");
  }
}

TEST(Hl7Message, WhatIsNoMessageIsToldWhere) {
  const auto refused = [](std::string_view bytes) {
    auto message = Message::Parse(bytes);
    EXPECT_FALSE(message.ok()) << bytes;
    return message.ok() || message.error().issues.empty()
               ? std::string("taken")
               : message.error().issues[0].path + "!" + message.error().issues[0].text;
  };
  for (const char* none : {"", "MSH", "MSH|", "PID|1", "<ADT_A01/>", "BHS|^~\\&|"})
    EXPECT_TRUE(refused(none).starts_with("MSH!")) << none;
  for (const char* signs : {"MSH|^^\\&|", "MSH||A", "MSH|^~\\&#!|", "MSH|^a\\&|"})
    EXPECT_TRUE(refused(signs).starts_with("MSH-2!")) << signs;
  EXPECT_NE(refused("MSH|^~\\&|A\rPID|1\rbroken line\r").find("Segment 3"), std::string::npos);
  EXPECT_NE(refused("MSH|^~\\&|A\rMSH|^~\\&|B\r").find("second MSH"), std::string::npos);
  EXPECT_NE(refused("MSH|^~\\&|A\rPID" + std::string(600, '|')).find("500 fields"), std::string::npos);
  std::string many = "MSH|^~\\&|A\r";
  for (size_t i = 0; i < kSegmentsMax; ++i) many += "NTE\r";
  EXPECT_NE(refused(many).find("5000 segments"), std::string::npos);
  EXPECT_EQ(Message::Parse("MSH|^~\\&|" + std::string(kMessageBytesMax, 'x')).error().code,
            ErrorCode::kTooLarge);
  EXPECT_FALSE(Message::Parse(std::string("MSH|^~\\&|A\rPID|\0x", 17)).ok());
}

}  // namespace
}  // namespace tk::hl7v2
