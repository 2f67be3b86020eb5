// Every expression of the official search parameters compiles, and runs over the official examples.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "kernel/fhir/path/path.h"

namespace tk::fhir::path {
namespace {

TEST(SearchExpressions, AllOfR4Compile) {
  const auto r4 = Definitions::R4();
  size_t count = 0;
  for (TypeId type : r4->ResourceTypes()) {
    for (const SearchParameter& parameter : r4->SearchParameters(type)) {
      if (parameter.expression.empty()) continue;
      ++count;
      const Result<Expression> compiled =
          Expression::Compile(parameter.expression, *r4, type, kForSearchParameters);
      EXPECT_TRUE(compiled.ok()) << r4->Type(type).name << "." << parameter.code << ": "
                                 << compiled.error().external << "  [" << parameter.expression << "]";
    }
  }
  EXPECT_GT(count, 1300U);
}

struct TypeExpressions {
  std::vector<const SearchParameter*> parameters;
  std::vector<Expression> expressions;
  std::unique_ptr<ExpressionSet> set;
};

const TypeExpressions& ExpressionsOf(const Definitions& r4, TypeId type) {
  static std::map<TypeId, TypeExpressions> all;
  TypeExpressions& of = all[type];
  if (of.set != nullptr) return of;
  for (const SearchParameter& parameter : r4.SearchParameters(type)) {
    if (parameter.expression.empty()) continue;
    Result<Expression> compiled = Expression::Compile(parameter.expression, r4, type, kForSearchParameters);
    if (!compiled.ok()) continue;
    of.parameters.push_back(&parameter);
    of.expressions.push_back(std::move(compiled).value());
  }
  std::vector<const Expression*> pointers;
  for (const Expression& expression : of.expressions) pointers.push_back(&expression);
  of.set = std::make_unique<ExpressionSet>(std::move(pointers));
  return of;
}

TEST(SearchExpressions, RunOverTheOfficialExamples) {
  const std::filesystem::path folder = std::filesystem::path(TK_NPM_DIR) / "hl7.fhir.r4.examples";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the official examples are not in " << folder;
  const auto r4 = Definitions::R4();
  std::map<std::string, size_t> hits;
  size_t resources = 0;
  size_t results = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    // The definitions in the package are thousands of alike resources; every tenth does.
    const bool definition = name.rfind("StructureDefinition-", 0) == 0 || name.rfind("ValueSet-", 0) == 0 ||
                            name.rfind("CodeSystem-", 0) == 0 || name.rfind("SearchParameter-", 0) == 0;
    if (entry.path().extension() != ".json" || (definition && std::hash<std::string>()(name) % 10 != 0))
      continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const Result<Document> document = Document::Parse(text.str());
    if (!document.ok()) continue;  // package.json and the like
    const Item item = ResourceItem(*r4, document->Root());
    if (item.type == kNoType) continue;
    ++resources;
    const TypeExpressions& of = ExpressionsOf(*r4, item.type);
    Environment environment;
    environment.resource = document->Root();
    std::map<size_t, size_t> by_set;
    const Status status =
        of.set->Evaluate(environment, item, [&](size_t i, const Collection& items) -> Status {
          by_set[i] = items.size();
          return {};
        });
    EXPECT_TRUE(status.ok()) << name << ": " << status.error().external;
    for (size_t i = 0; i < of.expressions.size(); ++i) {
      Collection alone;
      const Status one = of.expressions[i].Evaluate(environment, item, &alone);
      EXPECT_TRUE(one.ok()) << name << " " << of.parameters[i]->code << ": " << one.error().external;
      // The set must find exactly what each expression finds alone.
      EXPECT_EQ(by_set.count(i) != 0 ? by_set[i] : 0, alone.size()) << name << " " << of.parameters[i]->code;
      for (const Item& found : alone) {
        EXPECT_TRUE(found.type != kNoType)
            << name << " " << of.parameters[i]->code << " has an item without a type";
      }
      hits[fmt::format("{}.{}", r4->Type(item.type).name, of.parameters[i]->code)] += alone.size();
      results += alone.size();
    }
  }
  EXPECT_GT(resources, 500U);
  EXPECT_GT(results, 5000U);
  // Choice types, filters, references and chains do find something.
  for (const char* expected :
       {"Observation.value-quantity", "Observation.combo-code", "Condition.onset-date", "Patient.birthdate",
        "Patient.email", "Observation.patient", "Encounter.date", "Bundle.composition", "Patient.deceased",
        "Observation.component-value-quantity"}) {
    EXPECT_GT(hits[expected], 0U) << expected;
  }
}

}  // namespace
}  // namespace tk::fhir::path
