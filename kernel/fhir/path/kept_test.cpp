// What does not depend on the item is asked once, however many items there are; the answers are the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/fhir/path/path.h"
#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {
namespace {

/// A Patient with so many names, families "n0", "n1" …, each with two given names.
std::string NamedPatient(size_t names) {
  std::string json = R"({"resourceType":"Patient","birthDate":"1980-01-01","name":[)";
  for (size_t i = 0; i < names; ++i)
    json += fmt::format(R"({}{{"family":"n{}","given":["a","b{}"]}})", i == 0 ? "" : ",", i, i);
  return json + "]}";
}

/// The booleans, numbers and texts of the result; of an error its code.
std::string AnswerOf(const std::string& json, std::string_view text, uint64_t work_max) {
  const auto r4 = Definitions::R4();
  const auto document = Document::Parse(json);
  const Item context = ResourceItem(*r4, document->Root());
  const auto expression = Expression::Compile(text, *r4, context.type);
  if (!expression.ok()) return expression.error().external;
  Environment environment;
  environment.definitions = r4.get();
  environment.resource = document->Root();
  environment.work_max = work_max;
  Collection items;
  const Status done = expression->Evaluate(environment, context, &items);
  if (!done.ok()) return std::string(TraitsOf(done.error().code).name);
  std::string out;
  const auto types = TypeTable::For(*r4);
  for (const Item& item : items) {
    const Scalar value = ToScalar(*types, item);
    out += (out.empty() ? "" : " ") + (value.kind == SystemKind::kBoolean  ? value.boolean ? "true" : "false"
                                       : value.kind == SystemKind::kString ? value.text
                                                                           : value.decimal.ToString());
  }
  return out;
}

// 1,000 names: a thousand steps for each item would be a million.
TEST(Kept, WorkIsNotThatOfEachItem) {
  const std::string patient = NamedPatient(1000);
  for (const char* text :
       {"name.tail().all(family.startsWith(%resource.name.first().family.substring(0, 1)))",
        "name.all(%resource.name.skip(1).first().family = 'n1')",
        "name.select(%resource.name.family.count()).distinct() = 1000",
        "name.where(family = %resource.name.family.last()).family = 'n999'",
        "name.exists(%resource.name.where(family = 'n7').given.count() = 3).not()",
        "name.all(%resource.name.family.where($this = 'x').empty())",
        "name.where(%resource.name[999].family = 'n999').count() = 1000",
        "name.all((%resource.name.family | %resource.name.given.first()).count() = 1001)"})
    EXPECT_EQ(AnswerOf(patient, text, 60'000), "true") << text;
  EXPECT_EQ(AnswerOf(patient, "name.all(%resource.name.where(family = %context.name.last().family).exists())",
                     60'000),
            "true")
      << "a criterion within what is kept";
}

TEST(Kept, WhatDependsOnTheItemIsAskedOfEach) {
  const std::string patient = NamedPatient(3);
  const auto ask = [&](std::string_view text) { return AnswerOf(patient, text, 1'000'000); };
  EXPECT_EQ(ask("name.select(family & %resource.name.first().family)"), "n0n0 n1n0 n2n0");
  EXPECT_EQ(ask("name.select($this.given.last() & '-' & $index.toString())"), "b0-0 b1-1 b2-2");
  EXPECT_EQ(ask("name.select(%resource.name[$index].family)"), "n0 n1 n2");
  EXPECT_EQ(ask("name.select(%resource.name.skip($index).first().family)"), "n0 n1 n2");
  EXPECT_EQ(ask("name.defineVariable('f', family.first()).select(%resource.name.select(%f))"),
            "n0 n0 n0 n0 n0 n0 n0 n0 n0");
  EXPECT_EQ(ask("name.select(defineVariable('f', family).select(%resource.name.first().select(%f)))"),
            "n0 n1 n2");
  EXPECT_EQ(ask("name.select(%resource.name.where(family = 'n1').select(given.first() & family))"),
            "an1 an1 an1");
  EXPECT_EQ(ask("name.select(iif($index = 1, %resource.name.first().family, family))"), "n0 n0 n2");
  EXPECT_EQ(ask("(1 | 2 | 3).aggregate($total + $this + %resource.name.count(), 0)"), "15");
  EXPECT_EQ(ask("name.all(%resource.name.family.single() = 'x')"), "invalid")
      << "what cannot be evaluated is an error still";
  EXPECT_EQ(ask("{}.where(%resource.name.family.single() = 'x').empty()"), "true") << "where it is asked";
}

}  // namespace
}  // namespace tk::fhir::path
