// Any profile, value set and questionnaire beside any resource: the check answers within its limits, whatever they say.
// Input: JSON, {"definitions": [resources with a url], "resource": {…}, "profile": "url"}.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "kernel/fhir/profile_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tk::fhir::Document;
  const auto r4 = tk::fhir::Definitions::R4();
  const auto input = Document::Parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!input.ok()) return 0;
  tk::fhir::MemoryCanonicals canonicals;
  for (const tk::fhir::Value definition : input->Root()["definitions"]) {
    auto document = Document::Parse(definition.Json());
    if (document.ok()) canonicals.Add(std::make_shared<const Document>(std::move(document).value()));
  }
  tk::fhir::Profiles profiles(*r4, canonicals);
  const auto resource = Document::Parse(input->Root()["resource"].Json());
  if (!resource.ok()) return 0;
  tk::fhir::FullOptions options;
  options.base.warnings = true;
  options.profiles = {input->Root()["profile"].ToString()};
  for (const tk::Issue& issue : ValidateFully(*r4, profiles, resource->Root(), options))
    CHECK(!issue.text.empty());
  return 0;
}
