#include "kernel/terminology/built_in.h"

#include "kernel/fhir/code_tree.h"
#include "kernel/fhir/definitions_codes.h"
#include "kernel/terminology/official.h"
#include "kernel/terminology/platform.h"

namespace tk::terminology {
namespace {

/// `official` and the codes of the compiled set that it has not; nullptr: there are none.
std::shared_ptr<const fhir::Document> WithTypes(const fhir::Definitions& definitions,
                                                const std::shared_ptr<const fhir::Document>& official,
                                                std::string_view system) {
  const fhir::CodeSetId set = definitions.FindCodeSet(system);
  if (official == nullptr || set == fhir::kNoCodeSet) return nullptr;
  const fhir::CodeTree known(official->Root());
  std::string text;
  fhir::JsonWriter json(&text);
  bool any = false;
  json.Object();
  for (const fhir::Value member : official->Root()) {
    json.Key(member.name_text());
    if (member.name_text() != "concept") {
      json.Raw(member.Json());
      continue;
    }
    json.Array();
    for (const fhir::Value item : member) json.Raw(item.Json());
    for (const std::string_view code : definitions.Codes(set)) {
      if (known.Find(code) != fhir::CodeTree::kNone) continue;
      any = true;
      json.Object().Member("code", code).Member("display", code).End();
    }
    json.End();
  }
  json.End();
  if (!any) return nullptr;
  auto document = fhir::Document::Parse(text);
  CHECK(document.ok());
  return std::make_shared<const fhir::Document>(std::move(document).value());
}

}  // namespace

BuiltIn::BuiltIn(const fhir::Definitions& definitions) : definitions_(definitions) {
  if (definitions.hash() == fhir::Definitions::R4()->hash()) return;
  for (const std::string_view system : fhir::kTypeSystems) {
    if (auto named = WithTypes(definitions, Official().Find("CodeSystem", system), system))
      type_names_.Add(std::move(named));
  }
}

std::shared_ptr<const fhir::Document> BuiltIn::Find(std::string_view type, std::string_view canonical) const {
  if (auto given = definitions_.given().Find(type, canonical)) return given;
  if (auto platform = Platform::Kernel()->FindUrl(type, canonical)) return platform;
  if (auto named = type_names_.Find(type, canonical)) return named;
  return Official().Find(type, canonical);
}

}  // namespace tk::terminology
