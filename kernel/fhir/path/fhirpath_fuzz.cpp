// Any bytes as an expression: compiled without and with a known context, and evaluated. Nothing may crash, hang or allocate
// without bound; what compiles typed must compile untyped.
#include <cstdint>
#include <string_view>

#include "kernel/fhir/path/path.h"

namespace {

using tk::fhir::Definitions;
using tk::fhir::Document;
namespace path = tk::fhir::path;

const Document& Subject() {
  static const Document document =
      Document::Parse(
          R"({"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}],"text":"x"},
        "subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-11-21T08:30:00+08:00","issued":"2026-11-21T08:30:00.123Z",
        "valueQuantity":{"value":37.30,"unit":"C","code":"Cel"},"contained":[{"resourceType":"Patient","id":"p","birthDate":"1980-02"}],
        "component":[{"code":{"text":"a"},"valueInteger":5},{"code":{"text":"b"},"_valueString":{"extension":[{"url":"u","valueCode":"c"}]}}]})")
          .value();
  return document;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2000) return 0;
  static const auto r4 = Definitions::R4();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const path::Item context = path::ResourceItem(*r4, Subject().Root());
  auto typed = path::Expression::Compile(text, *r4, context.type);
  auto untyped = path::Expression::Compile(text, *r4, tk::fhir::kNoType);
  if (typed.ok()) CHECK(untyped.ok());
  path::Environment environment;
  environment.resource = Subject().Root();
  environment.now_us = 1'795'000'000'000'000;
  for (auto* expression : {&typed, &untyped}) {
    if (!expression->ok()) {
      CHECK(!expression->error().external.empty());
      continue;
    }
    path::Collection result;
    const tk::Status status = expression->value().Evaluate(environment, context, &result);
    if (!status.ok()) CHECK(status.error().code != tk::ErrorCode::kInternal);
  }
  return 0;
}
