#include "kernel/interaction/prefer.h"

#include <gtest/gtest.h>

namespace tk::interaction {
namespace {

TEST(Prefer, ReadsReturnAndHandling) {
  EXPECT_EQ(ParsePrefer("return=minimal").returns, Returns::kMinimal);
  EXPECT_EQ(ParsePrefer("handling=lenient, return=representation").returns, Returns::kRepresentation);
  EXPECT_TRUE(ParsePrefer("respond-async; handling=lenient").lenient);
  EXPECT_EQ(ParsePrefer("return=OperationOutcome").returns, Returns::kOutcome);
  EXPECT_EQ(ParsePrefer("return=maximal").returns, Returns::kUnsaid);
  EXPECT_FALSE(ParsePrefer("").lenient);
  // RFC 7240 section 2: a value may be a quoted string, with blanks around "=".
  EXPECT_EQ(ParsePrefer("return=\"minimal\"").returns, Returns::kMinimal);
  EXPECT_TRUE(ParsePrefer("return = \"OperationOutcome\"; foo, handling=\"lenient\"").lenient);
  EXPECT_EQ(ParsePrefer("return = \"OperationOutcome\"").returns, Returns::kOutcome);
  EXPECT_EQ(ParsePrefer("return=\"minimal").returns, Returns::kUnsaid);
}

TEST(Prefer, AcceptsJsonOnly) {
  EXPECT_TRUE(AcceptsJson("", ""));
  EXPECT_TRUE(AcceptsJson("*/*", ""));
  EXPECT_TRUE(AcceptsJson("application/fhir+xml;q=0.5, application/fhir+json", ""));
  EXPECT_FALSE(AcceptsJson("application/fhir+xml", ""));
  EXPECT_FALSE(AcceptsJson("application/json;q=0", ""));
  EXPECT_FALSE(AcceptsJson("application/json", "xml"));
  EXPECT_TRUE(AcceptsJson("application/fhir+xml", "json"));
  EXPECT_TRUE(AcceptsJson("", "application/fhir+json; fhirVersion=4.0"));
  EXPECT_TRUE(AcceptsJson("application/fhir+json; fhirVersion=\"4.0.1\"; q=0.8", ""));
  EXPECT_FALSE(AcceptsJson("application/fhir+json; FHIRVersion=3.0", ""));
  EXPECT_FALSE(AcceptsJson("", "application/fhir+json; fhirVersion=5.0"));
}

TEST(Prefer, BodiesAreUtf8) {
  for (const char* ours :
       {"", "; charset=utf-8", ";charset=\"UTF-8\"; fhirVersion=4.0", "; charset=us-ascii"})
    EXPECT_FALSE(NamesOtherCharset(ours)) << ours;
  for (const char* other : {"; charset=utf-16", ";fhirVersion=4.0; charset=\"GB18030\"", "; charset="})
    EXPECT_TRUE(NamesOtherCharset(other)) << other;
}

TEST(ETag, ReadsWeakStrongAndBare) {
  EXPECT_EQ(ParseETag("W/\"3\""), 3u);
  EXPECT_EQ(ParseETag("\"12\""), 12u);
  EXPECT_EQ(ParseETag("4"), 4u);
  EXPECT_FALSE(ParseETag("W/\"a\"").has_value());
  EXPECT_FALSE(ParseETag("").has_value());
  EXPECT_TRUE(NamesVersion("W/\"1\", W/\"3\"", 3));
  EXPECT_FALSE(NamesVersion("W/\"1\"", 3));
  EXPECT_TRUE(NamesVersion("*", 9));
}

TEST(ETag, IfMatchIsAPrecondition) {
  EXPECT_TRUE(CheckIfMatch("", 3).ok());
  EXPECT_TRUE(CheckIfMatch("W/\"3\"", 3).ok());
  const Status wrong = CheckIfMatch("W/\"2\"", 3);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kPrecondition);
  EXPECT_EQ(CheckIfMatch(",", 3).error().code, ErrorCode::kIncorrect) << "an empty header comes so";
  EXPECT_TRUE(CheckIfMatch("W/\"2\", W/\"3\"", 3).ok());
  const Status broken = CheckIfMatch("yesterday", 3);
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, ErrorCode::kIncorrect);
}

TEST(HttpDate, ReadsTheFixedForm) {
  const auto date = ParseHttpDate("Sat, 29 Oct 1994 19:43:31 GMT");
  ASSERT_TRUE(date.has_value());
  EXPECT_EQ(FormatInstant(*date).substr(0, 19), "1994-10-29T19:43:31");
  EXPECT_FALSE(ParseHttpDate("1994-10-29").has_value());
  EXPECT_FALSE(ParseHttpDate("Sat, 29 Okt 1994 19:43:31 GMT").has_value());
  EXPECT_FALSE(ParseHttpDate("Sat, 29 Oct 1994 29:43:31 GMT").has_value());
}

TEST(NotModified, ETagGoesBeforeDate) {
  Request request;
  request.if_modified_since = "Sat, 29 Oct 1994 19:43:31 GMT";
  const Instant at = *ParseHttpDate(request.if_modified_since);
  const auto alone = [] { return true; };
  const auto not_alone = [] { return false; };
  EXPECT_TRUE(NotModified(request, 2, at + 999'999, alone));  // within that second
  EXPECT_FALSE(NotModified(request, 2, at + 999'999, not_alone));
  EXPECT_TRUE(NotModified(request, 2, at - 1, not_alone));
  EXPECT_FALSE(NotModified(request, 2, at + kSecondUs, alone));
  request.if_none_match = "W/\"1\"";
  EXPECT_FALSE(NotModified(request, 2, at, alone));
  request.if_none_match = "W/\"2\"";
  EXPECT_TRUE(NotModified(request, 2, at + 5 * kSecondUs, not_alone));
}

TEST(Parameters, DecodesAndRefuses) {
  const auto parameters = ParseParameters("a=1&b=x%20y+z&&c");
  ASSERT_TRUE(parameters.ok());
  ASSERT_EQ(parameters->size(), 3u);
  EXPECT_EQ((*parameters).at(1).value, "x y z");
  EXPECT_EQ((*parameters).at(2).name, "c");
  EXPECT_FALSE(ParseParameters("a=%4").ok());
  EXPECT_FALSE(ParseParameters("a=%zz").ok());
  const auto too_long = ParseParameters(std::string(kQueryLengthMax + 1, 'a'));
  ASSERT_FALSE(too_long.ok());
  EXPECT_EQ(too_long.error().code, ErrorCode::kTooLarge);
}

TEST(Parameters, EncodingComesBack) {
  const std::string text = "a b&c=d+e%f|病";
  const auto back = PercentDecode(PercentEncode(text), true);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, text);
}

TEST(Parameters, AnUnknownNameIsEchoedOnlyIfItIsOne) {
  EXPECT_NE(UnknownParameter("colour", "x").external.find("colour"), std::string::npos);
  EXPECT_EQ(UnknownParameter("138 0013 8000", "x").external.find("138"), std::string::npos);
}

}  // namespace
}  // namespace tk::interaction
