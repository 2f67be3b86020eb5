#include "kernel/fhir/value.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

Document Parsed(std::string_view json) {
  auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json << "\n" << (document.ok() ? "" : document.error().ToString());
  return document.ok() ? std::move(document).value() : Document();
}

TEST(Names, InternedNamesAreFoundByTextAndId) {
  const NameId id = Names::Intern("birthDate");
  EXPECT_EQ(Names::Find("birthDate"), id);
  EXPECT_EQ(Names::Text(id), "birthDate");
  EXPECT_EQ(Names::Intern("birthDate"), id);
  EXPECT_EQ(Names::Find("noSuchMemberAnywhere"), kUnknownName);
  EXPECT_EQ(Names::Find(""), kUnknownName);
  EXPECT_EQ(Names::Text(kUnknownName), "");
}

TEST(Names, EveryLengthIsToldApartAndGrowthKeepsAll) {
  std::vector<std::pair<std::string, NameId>> all;
  for (size_t length = 1; length < 40; ++length) {
    for (size_t place = 0; place < length; ++place) {
      std::string name(length, 'q');
      name[place] = 'z';
      all.emplace_back(name, Names::Intern(name));
    }
  }
  for (int i = 0; i < 6000; ++i) {
    const std::string name = "grown" + std::to_string(i);
    all.emplace_back(name, Names::Intern(name));
  }
  for (const auto& [name, id] : all) {
    ASSERT_EQ(Names::Find(name), id) << name;
    ASSERT_EQ(Names::Text(id), name);
  }
}

TEST(Parse, MinifiesAndKeepsOrderDigitsAndEscapes) {
  const Document d = Parsed(
      " { \"b\" : 1.50 ,\r\n\t\"a\":[ 1e+2 , -0.0E-10, true,null,false, {} , [ ] ],\"s\":\"x\\u00e9\\/\\n "
      "通\" } ");
  EXPECT_EQ(d.Text(), "{\"b\":1.50,\"a\":[1e+2,-0.0E-10,true,null,false,{},[]],\"s\":\"x\\u00e9\\/\\n 通\"}");
  EXPECT_EQ(d.Root()["b"].Number(), "1.50");
  EXPECT_EQ(d.Root()["a"].size(), 7U);
  EXPECT_EQ(d.Root()["a"].At(1).Number(), "-0.0E-10");
  EXPECT_TRUE(d.Root()["a"].At(2).IsTrue());
  EXPECT_EQ(d.Root()["a"].At(3).kind(), Kind::kNull);
  EXPECT_FALSE(d.Root()["a"].At(7).present());
  EXPECT_EQ(d.Root()["s"].ToString(), "xé/\n 通");
  EXPECT_EQ(d.Root()["s"].Json(), "\"x\\u00e9\\/\\n 通\"");
}

TEST(Parse, TopLevelMayBeAnyValue) {
  EXPECT_EQ(Parsed("\"a\"").Root().ToString(), "a");
  EXPECT_EQ(Parsed(" 12 ").Root().Number(), "12");
  EXPECT_EQ(Parsed("\xEF\xBB\xBF{}").Text(), "{}");
}

TEST(Parse, StringsOfEveryLengthAreCopiedWhole) {
  for (size_t length = 0; length < 70; ++length) {
    for (size_t place = 0; place <= length; ++place) {
      std::string text(length, 'a');
      std::string json = "\"" + text.substr(0, place) + "\\\"" + text.substr(place) + "\"";
      text.insert(place, "\"");
      const Document d = Parsed(json);
      ASSERT_EQ(d.Text(), json);
      ASSERT_EQ(d.Root().ToString(), text);
    }
  }
}

TEST(Value, AbsentAnswersEveryQuestion) {
  const Value absent;
  std::string scratch;
  EXPECT_FALSE(absent["x"]["y"].At(3).present());
  EXPECT_EQ(absent.String(scratch), "");
  EXPECT_EQ(absent.Number(), "");
  EXPECT_EQ(absent.size(), 0U);
  EXPECT_EQ(absent.begin() == absent.end(), true);
  EXPECT_EQ(absent.name_text(), "");
  EXPECT_EQ(Document().Root().present(), false);
}

TEST(Value, NamesThatTheTableDoesNotKnowAreReadFromTheText) {
  const Document d = Parsed(R"({"zzUnknown1":"a","zzUnk\"own2":{"zzUnknown3":[1]},"zzUnknown4\\":5})");
  std::vector<std::string_view> names;
  for (const Value member : d.Root()) names.push_back(member.name_text());
  EXPECT_EQ(names, (std::vector<std::string_view>{"zzUnknown1", "zzUnk\\\"own2", "zzUnknown4\\\\"}));
  EXPECT_EQ(d.Root()["zzUnknown1"].ToString(), "a");
  EXPECT_EQ(d.Root()["zzUnk\"own2"]["zzUnknown3"].At(0).Number(), "1");
  EXPECT_EQ(d.Root()["zzUnknown4\\"].Number(), "5");
}

TEST(Value, AnEscapedNameIsTheSameName) {
  const NameId id = Names::Intern("birthDate");
  const Document d = Parsed(R"({"birth\u0044ate":"1990"})");
  EXPECT_EQ(d.Root()[id].ToString(), "1990");
  EXPECT_EQ(d.Text(), R"({"birth\u0044ate":"1990"})");
}

TEST(Value, UnescapesSurrogatePairsAndNul) {
  EXPECT_EQ(Parsed(R"("\ud83d\ude00\u0000\u20ac")").Root().ToString(),
            std::string("\xF0\x9F\x98\x80\0\xE2\x82\xAC", 8));
}

struct BadJson {
  const char* json;
  const char* says;
  const char* path = "";
};

class ParseRefuses : public testing::TestWithParam<BadJson> {};

TEST_P(ParseRefuses, WithPlaceAndReason) {
  const auto document = Document::Parse(GetParam().json);
  ASSERT_FALSE(document.ok()) << GetParam().json;
  EXPECT_EQ(document.error().code, ErrorCode::kIncorrect);
  EXPECT_NE(document.error().external.find(GetParam().says), std::string::npos) << document.error().external;
  ASSERT_EQ(document.error().issues.size(), 1U);
  EXPECT_EQ(document.error().issues[0].path, GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    Json, ParseRefuses,
    testing::Values(BadJson{"", "line 1, column 1: the text ends"}, BadJson{"  \n ", "line 2, column 2"},
                    BadJson{"{", "expected a member name"}, BadJson{"{\"a\"", "expected :", ""},
                    BadJson{"{\"a\":", "the text ends", "a"}, BadJson{"{\"a\":1", "ends within an object"},
                    BadJson{"{\"a\":1,}", "expected a member name"}, BadJson{"{,}", "expected a member name"},
                    BadJson{"{\"a\" 1}", "expected :"}, BadJson{"{a:1}", "member name in quotes"},
                    BadJson{"[1,]", "not a JSON value", "[1]"}, BadJson{"[1 2]", "expected , or ]"},
                    BadJson{"[", "the text ends", "[0]"}, BadJson{"[1", "ends within an array"},
                    BadJson{"{} x", "column 4: text after the end"}, BadJson{"{}{}", "text after the end"},
                    BadJson{"01", "superfluous 0"}, BadJson{"-", "after its sign"},
                    BadJson{"-a", "after its sign"}, BadJson{"+1", "not a JSON value"},
                    BadJson{"1.", "after its point"}, BadJson{".5", "not a JSON value"},
                    BadJson{"1e", "in its exponent"}, BadJson{"1e+", "in its exponent"},
                    BadJson{"1.e5", "after its point"}, BadJson{"0x10", "text after the end"},
                    BadJson{"NaN", "not a JSON value"}, BadJson{"tru", "not a JSON value"},
                    BadJson{"nul", "not a JSON value"}, BadJson{"True", "not a JSON value"},
                    BadJson{"'a'", "not a JSON value"}, BadJson{"\"a", "ends within a string"},
                    BadJson{"\"a\\", "ends within a string"}, BadJson{"\"a\nb\"", "control character"},
                    BadJson{"\"a\tb\"", "control character"}, BadJson{"\"\\x\"", "unknown escape"},
                    BadJson{"\"\\u12g4\"", "four hex digits"}, BadJson{"\"\\u12\"", "four hex digits"},
                    BadJson{"\"\\ud800\"", "surrogate"}, BadJson{"\"\\udc00\"", "surrogate"},
                    BadJson{"\"\\ud800\\u0041\"", "surrogate"}, BadJson{"\"\\ud800x\"", "surrogate"},
                    BadJson{"\"\xff\"", "UTF-8"}, BadJson{"\"\xc0\x80\"", "UTF-8"},
                    BadJson{"\"\xed\xa0\x80\"", "UTF-8"}, BadJson{"{\"a\":1,\"a\":2}", "occurs twice", "a"},
                    BadJson{"{\"\\u0061\":1,\"a\":2}", "occurs twice", "a"},
                    BadJson{"{\"x\":{\"zzNew\":1,\"b\":0,\"zzNew\":2}}", "occurs twice", "x.zzNew"},
                    BadJson{"/*c*/{}", "not a JSON value"},
                    BadJson{"{\"resourceType\":\"Patient\",\"name\":[{},{\"given\":[\"a\",b]}]}",
                            "line 1, column 52: not a JSON value", "Patient.name[1].given[1]"},
                    BadJson{"{\n \"a\": \"通康\", b}", "line 2, column 13"}));

TEST(ParseRefuses, NulBytesWithinTheText) {
  EXPECT_FALSE(Document::Parse(std::string_view("{}\0", 3)).ok());
  EXPECT_FALSE(Document::Parse(std::string_view("\"a\0b\"", 5)).ok());
  EXPECT_FALSE(Document::Parse(std::string_view("\0", 1)).ok());
}

TEST(ParseRefuses, ADuplicateInALargeObject) {
  std::string json = "{";
  for (int i = 0; i < 500; ++i) json += "\"many" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  EXPECT_TRUE(Document::Parse(json + "\"other\":1}").ok());
  const auto document = Document::Parse(json + "\"man\\u0079250\":1}");
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.error().issues[0].path, "many250");
}

TEST(ParseLimits, DepthBytesAndNodes) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  Document::Limits limits;
  EXPECT_TRUE(Document::Parse(nested(64), limits).ok());
  const auto deep = Document::Parse(nested(65), limits);
  ASSERT_FALSE(deep.ok());
  EXPECT_EQ(deep.error().code, ErrorCode::kTooLarge);
  limits.depth_max = 1'000'000'000;
  EXPECT_FALSE(Document::Parse(nested(1'000'000), limits).ok());  // and does not exhaust the stack
  limits = {};
  limits.bytes_max = 10;
  EXPECT_TRUE(Document::Parse("\"12345678\"", limits).ok());
  const auto large = Document::Parse("\"123456789\"", limits);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
  limits = {};
  limits.nodes_max = 4;
  EXPECT_TRUE(Document::Parse("[1,2,3]", limits).ok());
  EXPECT_EQ(Document::Parse("[1,2,3,4]", limits).error().code, ErrorCode::kTooLarge);
}

TEST(JsonWriter, WritesWhatParses) {
  std::string out;
  JsonWriter(&out)
      .Object()
      .Member("a", "x\"y\\\n\x01")
      .Key("b")
      .Array()
      .Int(-5)
      .Bool(true)
      .Object()
      .End()
      .Raw("1.50")
      .End()
      .Key("c")
      .Object()
      .Key("d")
      .Bool(false)
      .End()
      .End();
  EXPECT_EQ(out, R"({"a":"x\"y\\\n\u0001","b":[-5,true,{},1.50],"c":{"d":false}})");
  EXPECT_EQ(Parsed(out).Text(), out);
}

TEST(JsonWriterDeathTest, MisuseIsCaught) {
  std::string out;
  EXPECT_DEATH(JsonWriter(&out).Object().Int(1), "CHECK");
  EXPECT_DEATH(JsonWriter(&out).Array().Key("a"), "CHECK");
  EXPECT_DEATH(JsonWriter(&out).End(), "CHECK");
  EXPECT_DEATH(JsonWriter(&out).Object().Key("a").End(), "CHECK");
}

TEST(AppendJsonString, BytesThatAreNoUtf8AreReplaced) {
  std::string out;
  AppendJsonString("a\xff通\xe9\x80", &out);
  EXPECT_EQ(out, "\"a\xEF\xBF\xBD通\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_TRUE(Document::Parse(out).ok());
}

TEST(ApplyEdits, ReplacesRangesInOrder) {
  EXPECT_EQ(ApplyEdits("0123456789", {{0, 1, "a"}, {3, 0, "bc"}, {5, 4, ""}, {10, 0, "!"}}).value(),
            "a12bc349!");
  EXPECT_EQ(ApplyEdits("", {}).value(), "");
}

TEST(ApplyEdits, WhatOverlapsOrLiesOutsideIsAnError) {
  for (const std::vector<TextEdit>& edits : std::vector<std::vector<TextEdit>>{{{0, 4, "a"}, {3, 2, "b"}},
                                                                               {{0, 9, "a"}, {2, 3, "b"}},
                                                                               {{5, 1, ""}, {2, 1, ""}},
                                                                               {{9, 2, ""}},
                                                                               {{11, 0, ""}},
                                                                               {{2, 0xffffffff, ""}}}) {
    const auto changed = ApplyEdits("0123456789", edits);
    ASSERT_FALSE(changed.ok());
    EXPECT_EQ(changed.error().code, ErrorCode::kInternal);
  }
}

}  // namespace
}  // namespace tk::fhir
