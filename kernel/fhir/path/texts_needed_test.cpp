// A look at the strings of a resource: it may pass over a criterion that is not true there, and never over one that is.
#include <gtest/gtest.h>

#include "kernel/fhir/path/path.h"

namespace tk::fhir::path {
namespace {

constexpr std::string_view kReading =
    R"({"resourceType":"Observation","status":"final","category":[{"coding":[{"code":"vital-signs"}]}],)"
    R"("code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]},"effectiveDateTime":"2026-11-21",)"
    R"("valueQuantity":{"value":37.3,"unit":"°C","code":"Cel"}})";

struct Looked {
  bool may_be = false, is = false;
};

Looked LookAt(std::string_view json, std::string_view criterion) {
  const auto r4 = Definitions::R4();
  const Document document = Document::Parse(json).value();
  const Item context = ResourceItem(*r4, document.Root());
  const Expression expression = Expression::Compile(criterion, *r4, context.type).value();
  Environment environment;
  environment.definitions = r4.get();
  environment.resource = document.Root();
  environment.variables = {{"limit", {context}}};
  const auto truth = expression.Test(environment, context);
  return {expression.MayBeTrue(document), truth.ok() && *truth};
}

TEST(TextsNeeded, ACriterionOnAnotherCodeIsPassedOver) {
  for (const char* criterion :
       {"code.coding.where(system = 'http://loinc.org' and code = '94500-6').exists()", "status = 'amended'",
        "code.coding.exists(code = '94500-6')",
        "subject.empty() and code.coding.where(code in ('94500-6' | '94309-2')).exists()",
        "code.coding.where(code = '94500-6').exists() or code.coding.where(code = '94309-2').exists()",
        "'94500-6' = code.coding.code.first()", "code.coding.where(code = '94500-6').first().system.exists()",
        "value.ofType(CodeableConcept).coding.where(system = 'http://snomed.info/sct' and (code in ('1' | "
        "'2'))).exists()"}) {
    const Looked looked = LookAt(kReading, criterion);
    EXPECT_FALSE(looked.is) << criterion;
    EXPECT_FALSE(looked.may_be) << criterion;
  }
}

TEST(TextsNeeded, WhatIsTrueIsNeverPassedOver) {
  for (const char* criterion :
       {"code.coding.where(system = 'http://loinc.org' and code = '8310-5').exists()", "true",
        "code.coding.where(code = '94500-6').exists().not()", "code.coding.where(code = '94500-6').empty()",
        "status = 'final' and code.coding.where(code in ('8310-5' | '94309-2')).exists()",
        "code.coding.where(code = '94500-6').exists() or status = 'final'", "status != 'amended'",
        "code.coding.all(code != '94500-6')", "code.coding.where(code.substring(0, 4) = '8310').exists()",
        "(status & '!') = 'final!'", "code.coding.code.first().lower() = '8310-5'",
        "status.replace('final', 'amended') = 'amended'", "effective = @2026-11-21",
        "effective.toString() = '2026-11-21'",
        "iif(code.coding.where(code = '94500-6').exists(), false, true)",
        "code.coding.where(code = '94500-6').exists() implies status = 'amended'",
        "code.coding.where(code = '94500-6').exists() xor status = 'final'", "%limit.status = 'final'",
        "defineVariable('wanted', '94500-6').code.coding.where(code = %wanted).exists().not()"}) {
    const Looked looked = LookAt(kReading, criterion);
    EXPECT_TRUE(looked.is) << criterion;
    EXPECT_TRUE(looked.may_be) << criterion;
  }
}

// What stands elsewhere than in the resource is not looked for in it.
TEST(TextsNeeded, OnlyWhatIsOfTheResource) {
  for (const char* criterion :
       {"%limit.code.coding.where(code = '94500-6').exists()", "subject.resolve().exists(name.family = '张')",
        "code.type().name = 'CodeableConcept'", "('a' | 'b').where($this = 'b').exists()"}) {
    EXPECT_TRUE(LookAt(kReading, criterion).may_be) << criterion;
  }
}

TEST(TextsNeeded, AnEscapedStringMaySayAnyText) {
  const Looked looked = LookAt(
      R"({"resourceType":"Observation","status":"\u0066inal","code":{"coding":[{"system":"http:\/\/loinc.org","code":"8310\u002d5"}]}})",
      "status = 'final' and code.coding.where(system = 'http://loinc.org' and code = '8310-5').exists()");
  EXPECT_TRUE(looked.is);
  EXPECT_TRUE(looked.may_be);
  // One that is too long for it does not: a narrative has escapes in every line.
  std::string narrative = R"({"resourceType":"Observation","text":{"div":")";
  for (int i = 0; i < 100; ++i) narrative += R"(\")";
  narrative += R"("},"status":"final"})";
  EXPECT_FALSE(LookAt(narrative, "status = 'amended'").may_be);
}

}  // namespace
}  // namespace tk::fhir::path
