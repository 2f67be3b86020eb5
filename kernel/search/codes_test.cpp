// :in, :not-in, :above and :below of tokens.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

std::string Coded(int id, const std::string& code, const std::string& more = {}) {
  return fmt::format(
      R"({{"resourceType":"Observation","id":"o{}","status":"final","code":{{"coding":[{{"system":"s","code":"{}"}}]}}{}}})",
      id, code, more);
}

/// n0 is above n1 … n99; v has n1 … n99.
void StoreCodes(House* house) {
  std::string below;
  for (int i = 1; i < 100; ++i) below += fmt::format(R"({}{{"code":"n{}"}})", i == 1 ? "" : ",", i);
  house->Store(
      R"({"resourceType":"CodeSystem","url":"s","content":"complete","concept":[{"code":"n0","concept":[)" +
      below + R"(]},{"code":"other"}]})");
  house->Store(
      R"({"resourceType":"ValueSet","url":"http://t/v","compose":{"include":[{"system":"s","filter":[{"property":"concept","op":"descendent-of","value":"n0"}]}]}})");
}

std::vector<view::Ordinal> Sorted(const House& house, const std::string& text, PageRequest request = {}) {
  bool good = true;
  auto out = house.AskAll("Observation", text, 7, &good, std::move(request));
  EXPECT_TRUE(good) << text;
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Codes, ManyCodesAreFoundWhateverThePlan) {
  House house;
  StoreCodes(&house);
  std::vector<view::Ordinal> in, out;
  for (int i = 0; i < 700; ++i) {
    // Nine of ten are outside, so that the set is made after so many texts as well.
    const bool inside = i % 10 == 0;
    const auto ordinal = house.Put(Coded(i, inside ? fmt::format("n{}", 1 + i / 10 % 99) : "other",
                                         R"(,"effectiveDateTime":"2020-01-01")"));
    (inside ? in : out).push_back(ordinal);
  }
  house.Put(R"({"resourceType":"Observation","id":"none","status":"final"})");
  const auto none = house.next - 1;
  EXPECT_EQ(Sorted(house, "code:in=http://t/v"), in);
  EXPECT_EQ(Sorted(house, "code:in=http://t/v&status=final"), in);
  EXPECT_EQ(Sorted(house, "code:below=s%7Cn0&date=2020"), in);
  auto outside = out;
  EXPECT_EQ(Sorted(house, "code:not-in=http://t/v&date=2020"), outside);
  outside.push_back(none);  // who has no code has none of the set
  EXPECT_EQ(Sorted(house, "code:not-in=http://t/v"), outside);
  EXPECT_EQ(Sorted(house, "code:not-in=http://t/v&status=final"), outside);
  EXPECT_EQ(Sorted(house, "code:above=s%7Cn5"), Sorted(house, "code=s%7Cn5"));
  // Newest first by the clinical date, as with any token.
  bool good = true;
  const auto listed = house.AskAll("Observation", "code:in=http://t/v", 7, &good);
  EXPECT_TRUE(std::is_sorted(listed.rbegin(), listed.rend()));
  // Without texts the entries alone decide.
  PageRequest request;
  request.read = [](view::Ordinal) -> Result<view::ResourcePtr> {
    return MakeError(ErrorCode::kInternal, "read");
  };
  EXPECT_EQ(Sorted(house, "code:in=http://t/v", request), in);
}

TEST(Codes, TheyEndAtTheTimeLimit) {
  House house;
  StoreCodes(&house);
  for (int i = 0; i < 3000; ++i) house.Put(Coded(i, fmt::format("n{}", 1 + i % 99)));
  for (const char* text :
       {"code:in=http://t/v", "code:not-in=http://t/v", "code:below=s%7Cn0&status=final"}) {
    PageRequest request;
    request.deadline_us = 1;
    const auto cut = house.Ask("Observation", text, request);
    ASSERT_FALSE(cut.ok()) << text;
    EXPECT_EQ(cut.error().code, ErrorCode::kTimeout) << text;
  }
}

// What is kept is given back at the end of each search.
TEST(Codes, WhatTheyKeepOnTheirWayIsBounded) {
  IndexOptions options;
  options.kept_max = 100;
  House house(options);
  StoreCodes(&house);
  const auto ask = [&] { return house.Ask("Observation", "status=final&code:not-in=http://t/v"); };
  for (int i = 0; i < 50; ++i) house.Put(Coded(i, "n1"));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(ask().ok());
  for (int i = 50; i < 3000; ++i) house.Put(Coded(i, "n1"));
  const auto cut = ask();
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, ErrorCode::kTooLarge);
  EXPECT_NE(cut.error().external.find("more than 100 resources in memory"), std::string::npos)
      << cut.error().external;
}

TEST(Codes, OnlyWhatIsInScopeIsFound) {
  House house;
  StoreCodes(&house);
  const auto mine = house.Put(Coded(1, "n1"), 1);
  house.Put(Coded(2, "n1"), 2);
  house.directory.SetArea(1, 10);
  house.directory.SetArea(2, 20);
  PageRequest request;
  request.scope.everything = false;
  request.scope.area_low = 10;
  request.scope.area_high = 11;
  for (const char* text : {"code:in=http://t/v", "code:below=s%7Cn0", "code:above=s%7Cn1"})
    EXPECT_EQ(Sorted(house, text, request), std::vector{mine}) << text;
  EXPECT_TRUE(Sorted(house, "code:not-in=http://t/v", request).empty());
}

TEST(Codes, PlainCodesAreOfTheSystemTheyAreBoundTo) {
  House house;
  const auto final = house.Put(Coded(1, "x"));
  EXPECT_EQ(Sorted(house, "status:in=http://hl7.org/fhir/ValueSet/observation-status"), std::vector{final});
  house.Store(
      R"({"resourceType":"ValueSet","url":"http://t/foreign","compose":{"include":[{"system":"x","concept":[{"code":"final"}]}]}})");
  EXPECT_TRUE(Sorted(house, "status:in=http://t/foreign").empty());
  EXPECT_EQ(Sorted(house, "status:not-in=http://t/foreign"), std::vector{final});
}

TEST(Codes, ChainsAskForThemToo) {
  House house;
  StoreCodes(&house);
  const auto patient = house.Put(R"({"resourceType":"Patient","id":"p"})");
  house.Put(Coded(1, "n7", R"(,"subject":{"reference":"Patient/p"})"));
  const auto found = house.Ask("Patient", "_has:Observation:patient:code:in=http://t/v");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_EQ(found->ordinals, std::vector{patient});
  const auto other = house.Ask("Patient", "_has:Observation:patient:code:below=s%7Cother");
  ASSERT_TRUE(other.ok());
  EXPECT_TRUE(other->ordinals.empty());
}

TEST(Codes, WhatCannotBeExpandedIsRefusedWithTheReason) {
  House house;
  StoreCodes(&house);
  const auto refused = [&](const std::string& text, ErrorCode code, std::string_view type,
                           const std::string& part) {
    const auto page = house.Ask("Observation", text);
    ASSERT_FALSE(page.ok()) << text;
    EXPECT_EQ(page.error().code, code) << text;
    const Issue& issue = page.error().issues.at(0);
    EXPECT_EQ(issue.type, type) << text;
    EXPECT_EQ(issue.path, text.substr(0, text.find('='))) << text;
    EXPECT_NE(issue.text.find(part), std::string::npos) << issue.text;
  };
  refused("code:in=http://t/nowhere", ErrorCode::kUnsupported, "not-supported", "http://t/nowhere");
  refused("code:in=http://hl7.org/fhir/ValueSet/condition-code", ErrorCode::kUnsupported, "not-supported",
          "http://snomed.info/sct");
  refused("code:in=n1", ErrorCode::kIncorrect, "value", "its canonical URL");
  refused("code:below=n1", ErrorCode::kIncorrect, "value", ":below takes system|code");
  refused("code:below=s%7C", ErrorCode::kIncorrect, "value", "system|code");
  refused("code:below=http://loinc.org%7C1-8", ErrorCode::kUnsupported, "not-supported", "http://loinc.org");
  // The value of a personal element is never repeated.
  const auto page = house.Ask("Observation", "code:in=http://t/Wang%20Fang");
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().issues.at(0).text.find("Wang"), std::string::npos);
}

// A resource may well have it: no search misses that one.
TEST(Codes, OneThatItsSystemDoesNotKnowIsItselfAlone) {
  House house;
  StoreCodes(&house);
  const auto stray = house.Put(Coded(1, "stray"));
  const auto known = house.Put(Coded(2, "n1"));
  EXPECT_EQ(Sorted(house, "code:below=s%7Cstray"), (std::vector<view::Ordinal>{stray}));
  EXPECT_EQ(Sorted(house, "code:above=s%7Cstray"), (std::vector<view::Ordinal>{stray}));
  EXPECT_EQ(Sorted(house, "code:below=s%7Cstray,s%7Cn0"), (std::vector<view::Ordinal>{stray, known}));
  EXPECT_EQ(Sorted(house, "code:below=s%7Cnobody"), std::vector<view::Ordinal>{});
}

TEST(Codes, TheWriterIsAskedAboutThem) {
  House house;
  StoreCodes(&house);
  ParseOptions options;
  options.terminology = [&] {
    return std::make_shared<const terminology::Terminology>(*house.definitions, house.stored,
                                                            terminology::MakeKept());
  };
  const auto type = house.definitions->FindType("Observation");
  const auto affects = [&](const std::string& code, const std::string& text) {
    auto document = fhir::Document::Parse(Coded(1, code));
    auto now = std::make_shared<view::Resource>();
    now->type = type;
    now->id = "o1";
    now->document = std::move(*document);
    view::Change change;
    change.now = now;
    const auto prepared = house.index->Prepare(change);
    const auto query = ParseQuery(*house.definitions, type, text, options);
    EXPECT_TRUE(query.ok()) << query.error().ToString();
    return house.index->MayAffect(**prepared, type, *query);
  };
  EXPECT_TRUE(affects("n3", "code:in=http://t/v"));
  EXPECT_FALSE(affects("other", "code:in=http://t/v"));
  EXPECT_TRUE(affects("other", "code:not-in=http://t/v"));
}

}  // namespace
}  // namespace tk::search
