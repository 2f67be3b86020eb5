// What search extraction and rules pay: simple paths, the usual filters, and all parameters of one resource.
#include <benchmark/benchmark.h>

#include "kernel/fhir/path/path.h"

namespace tk::fhir::path {
namespace {

const Document& BenchObservation() {
  static const Document document =
      Document::Parse(
          R"({"resourceType":"Observation","id":"obs-1","meta":{"lastUpdated":"2026-11-21T08:30:00Z"},"status":"final",
        "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"8310-5","display":"Body temperature"}],"text":"Temperature"},
        "subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},
        "effectiveDateTime":"2026-11-21T08:30:00+08:00","issued":"2026-11-21T08:30:00.123Z",
        "performer":[{"reference":"Practitioner/d1"}],
        "valueQuantity":{"value":37.3,"unit":"C","system":"http://unitsofmeasure.org","code":"Cel"}})")
          .value();
  return document;
}

void RunExpression(benchmark::State& state, const char* text) {
  const auto r4 = Definitions::R4();
  const Item context = ResourceItem(*r4, BenchObservation().Root());
  const Expression expression = Expression::Compile(text, *r4, context.type).value();
  Environment environment;
  environment.resource = context.node;
  Collection out;
  for (auto _ : state) {
    out.clear();
    CHECK(expression.Evaluate(environment, context, &out).ok());
    benchmark::DoNotOptimize(out.data());
  }
}

BENCHMARK_CAPTURE(RunExpression, one_step, "Observation.status");
BENCHMARK_CAPTURE(RunExpression, three_steps, "Observation.code.coding.code");
BENCHMARK_CAPTURE(RunExpression, choice, "(Observation.value as Quantity)");
BENCHMARK_CAPTURE(RunExpression, reference, "Observation.subject.where(resolve() is Patient)");
BENCHMARK_CAPTURE(RunExpression, where_equals,
                  "Observation.code.coding.where(system = 'http://loinc.org').code");
BENCHMARK_CAPTURE(RunExpression, fever,
                  "Observation.code.coding.exists(code = '8310-5') and Observation.value >= 37.3 'Cel'");

void RunAllParameters(benchmark::State& state) {
  const auto r4 = Definitions::R4();
  const Item context = ResourceItem(*r4, BenchObservation().Root());
  std::vector<Expression> expressions;
  for (const SearchParameter& parameter : r4->SearchParameters(context.type)) {
    if (!parameter.expression.empty())
      expressions.push_back(
          Expression::Compile(parameter.expression, *r4, context.type, kForSearchParameters).value());
  }
  std::vector<const Expression*> pointers;
  for (const Expression& expression : expressions) pointers.push_back(&expression);
  const ExpressionSet set(pointers);
  Environment environment;
  environment.resource = context.node;
  size_t found = 0;
  for (auto _ : state) {
    const Status status = set.Evaluate(environment, context, [&](size_t, const Collection& items) -> Status {
      found += items.size();
      return {};
    });
    CHECK(status.ok());
  }
  benchmark::DoNotOptimize(found);
  state.SetLabel(std::to_string(expressions.size()) + " expressions");
}
BENCHMARK(RunAllParameters);

void CompileExpression(benchmark::State& state) {
  const auto r4 = Definitions::R4();
  const TypeId type = r4->FindType("Observation");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Expression::Compile("Observation.code.coding.where(system = 'http://loinc.org').code", *r4, type)
            .ok());
  }
}
BENCHMARK(CompileExpression);

}  // namespace
}  // namespace tk::fhir::path
