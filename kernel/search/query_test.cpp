#include "kernel/search/query.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernel/base/clock.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

struct Asked {
  std::shared_ptr<const fhir::Definitions> r4 = fhir::Definitions::R4();
  Result<Query> operator()(std::string_view type, std::string_view text, bool lenient = false) const {
    ParseOptions options;
    options.lenient = lenient;
    return ParseQuery(*r4, r4->FindType(type), text, options);
  }
};

TEST(ParseQuery, ReadsTokensInAllForms) {
  const Asked ask;
  const auto query = ask("Observation", "code=a,s|b,|c,t%7C,d%5C%2Ce%5C%7Cf");
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  const auto& terms = query->criteria.at(0).terms;
  ASSERT_EQ(terms.size(), 5u);
  EXPECT_EQ(terms[0].code, "a");
  EXPECT_FALSE(terms[0].system.has_value());
  EXPECT_EQ(terms[1].system, "s");
  EXPECT_EQ(terms[1].code, "b");
  EXPECT_EQ(terms[2].system, "");
  EXPECT_EQ(terms[2].code, "c");
  EXPECT_EQ(terms[3].system, "t");
  EXPECT_EQ(terms[3].code, "");
  EXPECT_EQ(terms[4].code, "d,e|f");
}

TEST(ParseQuery, ReadsReferencesInAllForms) {
  const Asked ask;
  const auto query =
      ask("Observation",
          "subject=Patient/1,2,http://x.org/fhir/Patient/3/_history/4&subject:Group=g&performer=urn:uuid:5");
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  const auto& terms = query->criteria.at(0).terms;
  EXPECT_EQ(terms.at(0).type, "Patient");
  EXPECT_EQ(terms.at(0).code, "1");
  EXPECT_EQ(terms.at(1).type, "");
  EXPECT_EQ(terms.at(1).code, "2");
  EXPECT_EQ(terms.at(2).text, "http://x.org/fhir/Patient/3");
  EXPECT_EQ(query->criteria.at(1).terms.at(0).text, "Group/g");
  EXPECT_EQ(query->criteria.at(2).terms.at(0).text, "urn:uuid:5");
}

TEST(ParseQuery, ReadsDatesAtEveryPrecision) {
  const Asked ask;
  constexpr int64_t kHour = 3600 * kSecondUs, kZone = 8 * kHour;
  struct Case {
    const char* text;
    Prefix prefix;
    int64_t low, high;
  };
  const int64_t day = DaysFromCivil(2020, 3, 1) * 24 * kHour - kZone;
  const Case cases[] = {
      {"2020", Prefix::kEq, DaysFromCivil(2020, 1, 1) * 24 * kHour - kZone,
       DaysFromCivil(2021, 1, 1) * 24 * kHour - kZone},
      {"ne2020-03", Prefix::kNe, day, DaysFromCivil(2020, 4, 1) * 24 * kHour - kZone},
      {"ge2020-03-01", Prefix::kGe, day, day + 24 * kHour},
      {"lt2020-03-01T10:00Z", Prefix::kLt, day + kZone + 10 * kHour,
       day + kZone + 10 * kHour + 60 * kSecondUs},
      {"sa2020-03-01T10:00:01", Prefix::kSa, day + 10 * kHour + kSecondUs, day + 10 * kHour + 2 * kSecondUs},
      {"eb2020-03-01T10:00:01.5%2B08:00", Prefix::kEb, day + 10 * kHour + kSecondUs + 500'000,
       day + 10 * kHour + kSecondUs + 600'000},
  };
  for (const Case& c : cases) {
    const auto query = ask("Patient", std::string("birthdate=") + c.text);
    ASSERT_TRUE(query.ok()) << c.text << query.error().ToString();
    const Term& term = query->criteria.at(0).terms.at(0);
    EXPECT_EQ(term.prefix, c.prefix) << c.text;
    EXPECT_EQ(term.low_us, c.low) << c.text;
    EXPECT_LE(term.high_us, c.high) << c.text;
    EXPECT_GT(term.high_us, term.low_us) << c.text;
  }
}

TEST(ParseQuery, ReadsNumbersAndQuantities) {
  const Asked ask;
  const auto query = ask("Observation", "value-quantity=ge5.40%7Chttp://unitsofmeasure.org%7Cmg,100||kg,1e2");
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  const auto& terms = query->criteria.at(0).terms;
  EXPECT_EQ(terms.at(0).prefix, Prefix::kGe);
  EXPECT_EQ(terms.at(0).unit, "g") << "of a unit that converts: in the canonical one";
  EXPECT_DOUBLE_EQ(terms.at(0).exact, 5.4e-3);
  EXPECT_DOUBLE_EQ(terms.at(0).low, 5.395e-3);
  EXPECT_DOUBLE_EQ(terms.at(0).high, 5.405e-3);
  EXPECT_EQ(terms.at(0).system, "http://unitsofmeasure.org");
  EXPECT_EQ(terms.at(1).system, "");
  EXPECT_EQ(terms.at(1).code, "kg");
  EXPECT_DOUBLE_EQ(terms.at(1).low, 99.5);
  EXPECT_DOUBLE_EQ(terms.at(2).low, 95);
  EXPECT_DOUBLE_EQ(terms.at(2).high, 105);
}

TEST(ParseQuery, ReadsControls) {
  const Asked ask;
  const auto query = ask("Observation",
                         "_sort=-date,_lastUpdated&_count=7&_summary=data&_elements=code,status&_total="
                         "accurate&_format=json&status=final&_id=x");
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  ASSERT_EQ(query->sort.size(), 2u);
  EXPECT_TRUE(query->sort[0].descending);
  EXPECT_EQ(query->sort[0].parameter->code, "date");
  EXPECT_EQ(query->sort[1].special, "_lastUpdated");
  EXPECT_EQ(query->count, 7u);
  EXPECT_EQ(query->summary, Summary::kData);
  EXPECT_EQ(query->elements, (std::vector<std::string>{"code", "status"}));
  EXPECT_EQ(query->total, Total::kAccurate);
  EXPECT_EQ(query->criteria.size(), 2u);
  EXPECT_EQ(query->self,
            "_sort=-date,_lastUpdated&_count=7&_summary=data&_elements=code,status&_total=accurate&status="
            "final&_id=x");
  EXPECT_EQ(ask("Patient", "_count=99999")->count, ParseOptions{}.count_max);
  EXPECT_EQ(ask("Patient", "")->criteria.size(), 0u);
}

struct Refused {
  const char* type;
  const char* text;
  ErrorCode code;
  const char* says;
};
class ParseQueryRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ParseQueryRefuses, WithAClearWord) {
  const auto query = Asked()(GetParam().type, GetParam().text);
  ASSERT_FALSE(query.ok()) << GetParam().text;
  EXPECT_EQ(query.error().code, GetParam().code) << query.error().ToString();
  EXPECT_NE(query.error().external.find(GetParam().says), std::string::npos) << query.error().external;
  EXPECT_FALSE(query.error().issues.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParseQueryRefuses,
    testing::Values(
        Refused{"Patient", "nmae=x", ErrorCode::kIncorrect, "birthdate"},
        Refused{"Patient", "name", ErrorCode::kIncorrect, "has no value"},
        Refused{"Patient", "name=a,,b", ErrorCode::kIncorrect, "has no value"},
        Refused{"Patient", "name=%zz", ErrorCode::kIncorrect, "hex"},
        Refused{"Patient", "name=%4", ErrorCode::kIncorrect, "hex"},
        Refused{"Patient", "name=%ff", ErrorCode::kIncorrect, "UTF-8"},
        Refused{"Patient", "name=%00", ErrorCode::kIncorrect, "zero"},
        Refused{"Patient", "name=a\\b", ErrorCode::kIncorrect, "backslash"},
        Refused{"Patient", "name=...", ErrorCode::kIncorrect, "folded"},
        Refused{"Patient", "name:exactly=a", ErrorCode::kUnsupported, ":exact"},
        Refused{"Patient", "birthdate=yesterday", ErrorCode::kIncorrect, "not a date"},
        Refused{"Patient", "birthdate=2020-13", ErrorCode::kIncorrect, "not a date"},
        Refused{"Patient", "birthdate=ap2020", ErrorCode::kUnsupported, "ap"},
        Refused{"Patient", "birthdate:missing=maybe", ErrorCode::kIncorrect, "true or false"},
        Refused{"Patient", "identifier=a|b|c", ErrorCode::kIncorrect, "token"},
        Refused{"Patient", "_filter=name eq 'a'", ErrorCode::kUnsupported, "criteria"},
        Refused{"Patient", "_content=a", ErrorCode::kUnsupported, "full texts"},
        Refused{"Patient", "_type=Patient", ErrorCode::kUnsupported, "_type=Patient,Observation"},
        Refused{"Patient", "_contained=true", ErrorCode::kUnsupported, "_contained=false"},
        Refused{"Patient", "_contained=both", ErrorCode::kUnsupported, "_contained=false"},
        Refused{"Patient", "_contained=yes", ErrorCode::kIncorrect, "true, false or both"},
        Refused{"Patient", "_containedType=container", ErrorCode::kUnsupported, "contained resources"},
        Refused{"Patient", "_list=$current-problems", ErrorCode::kUnsupported, "id of a List"},
        Refused{"Patient", "_list:not=1", ErrorCode::kUnsupported, "no modifiers"},
        Refused{"Patient", "identifier=|", ErrorCode::kIncorrect, "code or a system"},
        Refused{"Patient", "gender:exact=x", ErrorCode::kUnsupported, ":not"},
        Refused{"Observation", "patient:above=x", ErrorCode::kUnsupported, "<type>"},
        Refused{"Observation", "subject:Medication=x", ErrorCode::kIncorrect, "refer"},
        Refused{"Observation", "subject:Patient=Group/1", ErrorCode::kIncorrect, "modifier"},
        Refused{"Observation", "subject=Nothing/1", ErrorCode::kIncorrect, "resource type"},
        Refused{"Observation", "subject=a_b", ErrorCode::kIncorrect, "id"},
        Refused{"Observation", "subject.nmae=x", ErrorCode::kIncorrect, "Group, Device, Patient"},
        Refused{"Observation", "patient.nmae=x", ErrorCode::kIncorrect, "birthdate"},
        Refused{"Observation", "patient.birthdate=x", ErrorCode::kIncorrect, "not a date"},
        Refused{"Observation", "subject:Medication.code=x", ErrorCode::kIncorrect, "Patient"},
        Refused{"Observation", "subject:Nothing.code=x", ErrorCode::kIncorrect, "resource type"},
        Refused{"Observation", "focus.code=x", ErrorCode::kIncorrect, "focus:Patient"},
        Refused{"Observation", "status.code=x", ErrorCode::kIncorrect, "not a reference"},
        Refused{"Observation", "nothing.code=x", ErrorCode::kIncorrect, "performer"},
        Refused{"Observation", "patient.=x", ErrorCode::kIncorrect, "reference.parameter"},
        Refused{"Observation", "patient.link.link.link.link.link.name=x", ErrorCode::kTooLarge, "links"},
        Refused{"Observation", "_has:Patient:link:name=1", ErrorCode::kIncorrect, "does not refer"},
        Refused{"Patient", "_has:Observation:patient=1", ErrorCode::kIncorrect, "_has:Observation"},
        Refused{"Patient", "_has:Nothing:patient:code=1", ErrorCode::kIncorrect, "resource type"},
        Refused{"Patient", "_has:Observation:code:code=1", ErrorCode::kIncorrect, "not a reference"},
        Refused{"Patient", "_has:Observation:patient:x=1", ErrorCode::kIncorrect, "is not known"},
        Refused{"Observation", "_include=x", ErrorCode::kIncorrect, "resource type"},
        Refused{"Observation", "_include=Observation:code", ErrorCode::kIncorrect, "subject"},
        Refused{"Observation", "_include=Observation:subject:Medication", ErrorCode::kIncorrect, "Patient"},
        Refused{"Observation", "_include=Patient:organization", ErrorCode::kIncorrect, "iterate"},
        Refused{"Observation", "_include:all=*", ErrorCode::kIncorrect, "iterate"},
        Refused{"Observation", "_revinclude=Patient:organization", ErrorCode::kIncorrect, "does not refer"},
        Refused{"Observation", "_explain=yes", ErrorCode::kIncorrect, "true or false"},
        Refused{"Observation", "code-value-quantity=a", ErrorCode::kIncorrect, "2 values with $"},
        Refused{"Observation", "value-quantity=5|mg", ErrorCode::kIncorrect, "quantity"},
        Refused{"Observation", "value-quantity=five", ErrorCode::kIncorrect, "number"},
        Refused{"Observation", "_sort=nothing", ErrorCode::kIncorrect, "sorted"},
        Refused{"Location", "_sort=near", ErrorCode::kUnsupported, "sorted by"},
        Refused{"Observation", "_sort=code-value-date", ErrorCode::kUnsupported, "sorted by"},
        Refused{"Observation", "_count=-1", ErrorCode::kIncorrect, "whole number"},
        Refused{"Observation", "_count=5&_count=6", ErrorCode::kIncorrect, "once"},
        Refused{"Observation", "_summary=short", ErrorCode::kIncorrect, "count"},
        Refused{"Observation", "_total=all", ErrorCode::kIncorrect, "accurate"}));

TEST(ParseQuery, NeverRepeatsWhatMayBeSomebodysNumber) {
  const auto query = Asked()("Patient", "19900001234=x&name=y");
  ASSERT_FALSE(query.ok());
  EXPECT_EQ(query.error().external.find("19900001234"), std::string::npos);
}

TEST(ParseQuery, LenientTellsWhatItPassedOver) {
  const auto query = Asked()("Patient", "nmae=x&_filter=y&name=z", true);
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  EXPECT_EQ(query->ignored.size(), 2u);
  EXPECT_EQ(query->criteria.size(), 1u);
  EXPECT_EQ(query->self, "name=z");
  EXPECT_FALSE(Asked()("Patient", "birthdate=never", true).ok());
}

TEST(ParseQuery, TakesThatContainedResourcesAreNotSearched) {
  const auto query = Asked()("Patient", "_contained=false&name=z");
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  EXPECT_EQ(query->criteria.size(), 1u);
  EXPECT_EQ(query->self, "_contained=false&name=z");
}

TEST(ParseQuery, LenientPassesOverNoModifier) {
  for (const char* text :
       {"gender:bar=male", "_id:bar=a", "_lastUpdated:not=2020",
        "general-practitioner:Practitioner.name:bar=x", "_has:Observation:patient:code:bar=x"}) {
    const auto query = Asked()("Patient", text, true);
    ASSERT_FALSE(query.ok()) << text;
    EXPECT_EQ(query.error().code, ErrorCode::kUnsupported) << text;
  }
}

TEST(ParseQuery, LenientPassesOverSortKeys) {
  const auto query = Asked()("Patient", "_sort=foo,-birthdate,bar", true);
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  EXPECT_EQ(query->ignored.size(), 2u);
  EXPECT_EQ(query->sort.size(), 1u);
  EXPECT_EQ(query->self, "_sort=-birthdate");
  const auto none = Asked()("Patient", "_sort=foo&name=z", true);
  ASSERT_TRUE(none.ok()) << none.error().ToString();
  EXPECT_EQ(none->ignored.size(), 1u);
  EXPECT_TRUE(none->sort.empty());
  EXPECT_EQ(none->self, "name=z");
  EXPECT_FALSE(Asked()("Patient", "_sort=foo&name=z").ok());
}

TEST(ParseQuery, LimitsTheLength) {
  EXPECT_EQ(Asked()("Patient", "name=" + std::string(9000, 'a')).error().code, ErrorCode::kTooLarge);
  std::string many = "_id=a";
  for (int i = 0; i < 300; ++i) many += ",a";
  EXPECT_EQ(Asked()("Patient", many).error().code, ErrorCode::kTooLarge);
}

TEST(FoldText, MakesAlikeWhatSoundsAlike) {
  EXPECT_EQ(FoldText("Müller-Lüdenscheidt"), "muller ludenscheidt");
  EXPECT_EQ(FoldText("ＡＢＣ１２３"), "abc123");
  EXPECT_EQ(FoldText("  Żółć  \t x"), "zołc x");
  EXPECT_EQ(FoldText("欧阳  建国"), "欧阳 建国");
  EXPECT_EQ(FoldText("STRASSE"), FoldText("straße"));
  EXPECT_EQ(FoldText(".,-"), "");
  EXPECT_EQ(FoldText("O'Brien"), FoldText("O’Brien"));
}

TEST(Values, OrdersAreKept) {
  const double numbers[] = {-1e300, -2.5, -1e-9, 0.0, 1e-9, 1, 2.5, 1e300};
  for (size_t i = 1; i < std::size(numbers); ++i) {
    EXPECT_LT(OrderOf(numbers[i - 1]), OrderOf(numbers[i]));
    EXPECT_EQ(DoubleOf(OrderOf(numbers[i])), numbers[i]);
  }
  EXPECT_EQ(OrderOf(-0.0), OrderOf(0.0));
  EXPECT_LT(OrderOf(int64_t{-5}), OrderOf(int64_t{3}));
  EXPECT_EQ(NumberOf(OrderOf(int64_t{-5})), -5);
}

TEST(Values, DecimalRangesFollowTheDigits) {
  EXPECT_DOUBLE_EQ(DecimalRange("100")->low, 99.5);
  EXPECT_DOUBLE_EQ(DecimalRange("100.00")->high, 100.005);
  EXPECT_DOUBLE_EQ(DecimalRange("-5.4")->exact, -5.4);
  // FHIR R4 search.html 3.1.1.4.6: 1e2 is [95, 105), whatever its one digit would stand for by itself.
  EXPECT_DOUBLE_EQ(DecimalRange("1e2")->low, 95);
  EXPECT_DOUBLE_EQ(DecimalRange("1e2")->high, 105);
  EXPECT_DOUBLE_EQ(DecimalRange("-2E-1")->low, -0.205);
  EXPECT_DOUBLE_EQ(CanonicalRange("1e2", "mg", false)->range.low, 0.095);
  EXPECT_DOUBLE_EQ(DecimalRange("1.0e2")->high, 105);
  EXPECT_DOUBLE_EQ(DecimalRange("10e1")->low, 95);
  EXPECT_DOUBLE_EQ(DecimalRange("10e2")->low, 950);
  EXPECT_DOUBLE_EQ(DecimalRange("1.00e2")->low, 99.5);
  EXPECT_DOUBLE_EQ(DecimalRange("5")->low, 4.5);
  for (const char* bad : {"", "-", "1.", ".5", "1e", "1x", "0x1", "1e+", "1e-", "1e+-9", "1e9x",
                          "1e99999999999999999999x", "nan", " 1"})
    EXPECT_FALSE(DecimalRange(bad).has_value()) << bad;
}

// As many digits as a program prints of a double: the interval lies between two doubles.
TEST(Values, WhatHasMoreDigitsThanADoubleFindsItself) {
  for (const char* number : {"66.899999999999991", "66.90000000000000568", "0.30000000000000004",
                             "154.94000000000005457", "1234567890.12345678901", "-3.3333333333333335"}) {
    for (const char* unit : {"[in_i]", "cm", "mg", "[lb_av]", "Cel"}) {
      const auto index = CanonicalValue(number, unit);
      const auto asked = CanonicalRange(number, unit, false);
      ASSERT_TRUE(index && asked) << number << unit;
      EXPECT_EQ(index->range.exact, asked->range.exact) << number << unit;
      EXPECT_LE(asked->range.low, index->range.exact) << number << unit;
      EXPECT_LT(index->range.exact, asked->range.high) << number << unit;
    }
    EXPECT_LE(DecimalRange(number)->low, *DecimalValue(number)) << number;
    EXPECT_LT(*DecimalValue(number), DecimalRange(number)->high) << number;
  }
}

TEST(Values, WhatADoubleDoesNotHoldCountsAsItsEnds) {
  const std::string zeros(400, '0'), tiny = "0." + zeros + "1";
  // Ascending; those of one row count as equal.
  const std::vector<std::vector<std::string>> rows = {
      {"-1e400", "-1e99999999999999999999", "-1" + zeros, "-2e308"},
      {"-1.7e308"},
      {"-1"},
      {"-1e-400", "-" + tiny, "-1e-99999999999999999999"},
      {"0", "-0", "0e400", "0.0e99999999999999999999", "0e-400"},
      {"1e-400", tiny, "123456789e-99999999999999999999", "0." + zeros + zeros + "1e400"},
      {"2.3e-308"},
      {"1e-5", "1" + zeros + "e-405", "0." + zeros + "1e396"},
      {"1", "1.0000000000000000000000000000000000000000000000000000000000000000000000000000001"},
      {"1.7e308", "17" + zeros + "e-93", "0." + zeros + "17e709"},
      {"1e400", "+1e400", "1.5e99999999999999999999", "1" + zeros, "1e309"}};
  double before = -std::numeric_limits<double>::infinity();
  for (const auto& row : rows) {
    const auto first = DecimalValue(row.front());
    ASSERT_TRUE(first && std::isfinite(*first)) << row.front();
    EXPECT_LT(before, *first) << row.front();
    before = *first;
    for (const std::string& each : row) {
      const auto range = DecimalRange(each);
      ASSERT_TRUE(range.has_value()) << each;
      EXPECT_EQ(*DecimalValue(each), *first) << each;
      EXPECT_EQ(range->exact, *first) << each;
      EXPECT_LE(range->low, *first) << each;
      EXPECT_GT(range->high, *first) << each;
      const NumberRange around = ApproximateRange(each);
      EXPECT_TRUE(around.low <= *first && around.high >= *first) << each;
      for (const char* unit : {"mg", "Cel", "[degF]", "[lb_av]"}) {
        const auto canonical = CanonicalRange(each, unit, false);
        const auto value = CanonicalValue(each, unit);
        ASSERT_TRUE(canonical && value) << each << unit;
        EXPECT_EQ(value->range.exact, canonical->range.exact) << each << unit;
        EXPECT_TRUE(canonical->range.low <= value->range.exact && canonical->range.high > value->range.exact)
            << each << unit;
      }
    }
  }
  EXPECT_DOUBLE_EQ(CanonicalValue("1e-400", "Cel")->range.exact, 273.15);
  EXPECT_DOUBLE_EQ(CanonicalValue("9e307", "[degF]")->range.exact, 5e307);
  EXPECT_EQ(CanonicalValue("-1e400", "Cel")->range.exact, std::numeric_limits<double>::lowest());
  EXPECT_EQ(CanonicalValue("1e0", "mg")->range.exact, CanonicalValue("1", "mg")->range.exact);
}

// What a modifier means nothing for is refused: an empty list would look like an answer.
TEST(ParseQuery, ModifiersOfTokensGoByWhatTheirElementsAre) {
  const Asked ask;
  const auto taken = [&](std::string_view parameter) {
    std::string out;
    for (const char* asked : {"not=a", "text=a", "of-type=a|b|c"}) {
      const auto query = ask("Patient", std::string(parameter) + ":" + asked);
      if (query.ok()) out += std::string(asked).substr(0, std::string_view(asked).find('=')) + " ";
      if (!query.ok()) {
        EXPECT_NE(query.error().external.find("this modifier is not offered"), std::string::npos);
      }
    }
    const auto codes =
        ask("Patient", std::string(parameter) + ":in=http://x/v");  // there is no terminology here
    return out + (codes.error().external.find("this modifier") == std::string::npos ? "in" : "");
  };
  for (const char* plain : {"active", "telecom", "phone", "email", "deceased"})
    EXPECT_EQ(taken(plain), "not ") << plain;  // the last is computed
  EXPECT_EQ(taken("gender"), "not in");
  EXPECT_EQ(taken("identifier"), "not text of-type ");
  EXPECT_EQ(taken("language"), "not text in");
  EXPECT_EQ(taken("_tag"), "not text in");
  const auto list = ModifiersOf(*ask.r4, *ask.r4->FindSearchParameter(ask.r4->FindType("Patient"), "active"));
  EXPECT_EQ(list, (std::vector<std::string_view>{"missing", "not"}));
}

TEST(ParseQuery, SortMayBeRepeated) {
  const Asked ask;
  const auto query = ask("Patient", "_sort=family&_sort=-birthdate,_id");
  ASSERT_TRUE(query.ok()) << query.error().ToString();
  ASSERT_EQ(query->sort.size(), 3u);
  EXPECT_EQ(query->sort[0].parameter->code, "family");
  EXPECT_TRUE(query->sort[1].descending);
  EXPECT_EQ(query->self, "_sort=family&_sort=-birthdate,_id");
  EXPECT_FALSE(ask("Patient", "_count=1&_count=2").ok());
}

}  // namespace
}  // namespace tk::search
