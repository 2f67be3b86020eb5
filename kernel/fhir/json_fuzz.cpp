// Any bytes: the parser answers, prints a form that it takes again unchanged, and validation and patching survive what it took.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/fhir/patch.h"
#include "kernel/fhir/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tk::fhir::Document;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto document = Document::Parse(json);
  if (!document.ok()) return 0;
  const auto again = Document::Parse(document->Text());
  CHECK(again.ok() && again->Text() == document->Text());
  std::string scratch;
  for (std::uint32_t i = 0; i < document->nodes().size(); ++i) {
    const tk::fhir::Value value(&*document, i);
    (void)value.String(scratch);
    (void)value.name_text();
    CHECK(value.name() == tk::fhir::kNoName || !value.Json().empty());
  }
  const auto r4 = tk::fhir::Definitions::R4();
  (void)tk::fhir::Validate(*r4, document->Root());
  const auto patched = tk::fhir::ApplyJsonPatch(
      document->Root()["doc"].present() ? document->Root()["doc"] : document->Root(),
      document->Root()["patch"].present() ? document->Root()["patch"] : document->Root());
  CHECK(!patched.ok() || !patched->Text().empty());
  return 0;
}
