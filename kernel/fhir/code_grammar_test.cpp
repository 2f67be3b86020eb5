// Languages, media types and currencies, right and wrong.
#include "kernel/fhir/code_grammar.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

TEST(CodeGrammar, Languages) {
  for (const char* tag :
       {"zh", "zh-CN", "zh-Hans-CN", "zh-cmn-Hans-CN", "en-US", "es-419", "sl-rozaj-biske", "de-CH-1901",
        "en-a-myext-b-another", "x-whatever", "de-CH-x-phonebk", "i-klingon", "sgn-BE-FR"})
    EXPECT_EQ(KeepsToGrammar("urn:ietf:bcp:47", tag), true) << tag;
  for (const char* tag :
       {"", "not a lang", "a", "en_US", "en-", "en--US", "de-419-DE-x", "a-DE", "123", "x", "en-b"})
    EXPECT_EQ(KeepsToGrammar("urn:ietf:bcp:47", tag), false) << tag;
}

TEST(CodeGrammar, MediaTypes) {
  for (const char* type :
       {"text/plain", "application/fhir+json", "text/plain; charset=UTF-8",
        "text/html;charset=\"utf 8\"; a=b", R"(text/plain; name="a\"b"; c=d)", R"(text/plain; name="a\\")",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "image/svg+xml",
        "application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json",
        "application/fhir+xml; canonicalization=http://hl7.org/fhir/canonicalization/xml#record; "
        "charset=utf-8"})
    EXPECT_EQ(KeepsToGrammar("urn:ietf:bcp:13", type), true) << type;
  for (const char* type :
       {"", "nonsense", "/plain", "text/", "text/pl ain", "text/plain;", "text/plain; charset", "a/b/c",
        "text/plain; name=http://hl7.org/fhir/canonicalization/json",
        "text/plain; canonicalization=http://x/y", R"(text/plain; name="a\")", R"(text/plain; name="a\)",
        R"(text/plain; name="a"b")"})
    EXPECT_EQ(KeepsToGrammar("urn:ietf:bcp:13", type), false) << type;
}

TEST(CodeGrammar, WritesAreMilderToMediaTypesOnly) {
  for (const char* type : {"json", "xml", "application/dicom; variant=DICOM STOW-RS", "text/plain"})
    EXPECT_TRUE(MayBeWritten("urn:ietf:bcp:13", type)) << type;
  for (const char* type : {"", "nonsense", "text/; a=b", "a/b/c"})
    EXPECT_FALSE(MayBeWritten("urn:ietf:bcp:13", type)) << type;
  EXPECT_TRUE(MayBeWritten("urn:iso:std:iso:4217", "CNY"));
  EXPECT_FALSE(MayBeWritten("urn:iso:std:iso:4217", "json"));
}

TEST(CodeGrammar, CurrenciesAndUnits) {
  for (const char* code : {"CNY", "USD", "ZWL", "SLE", "GGP"})
    EXPECT_EQ(KeepsToGrammar("urn:iso:std:iso:4217", code), true);
  for (const char* code : {"", "ZZZ1", "cny", "ZZZ", "CNY USD", "NY "})
    EXPECT_EQ(KeepsToGrammar("urn:iso:std:iso:4217", code), false) << code;
  EXPECT_EQ(KeepsToGrammar("http://unitsofmeasure.org", "mm[Hg]"), true);
  EXPECT_EQ(KeepsToGrammar("http://unitsofmeasure.org", "mmHg"), false);
  EXPECT_EQ(KeepsToGrammar("http://loinc.org", "1-8"), std::nullopt);
}

}  // namespace
}  // namespace tk::fhir
