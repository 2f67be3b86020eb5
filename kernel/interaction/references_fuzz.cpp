// Any resource, and a bundle whose fullUrls are pieces of its narrative and of its uris: links that lie within each other, side by side, or cut off.
// Rewriting answers, and what it gives is a document that parses to itself, with the id.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/interaction/references.h"

namespace {

using tk::fhir::Value;

/// What stands between any two of the first marks of a text: quotes, =, brackets, blanks.
void AddPieces(std::string_view text, tk::interaction::LinkTargets* targets) {
  constexpr size_t kMarksMax = 24;
  std::vector<size_t> marks;
  for (size_t i = 0; i < text.size() && marks.size() < kMarksMax; ++i) {
    if (std::string_view("\"'=<> ").find(text[i]) != std::string_view::npos) marks.push_back(i);
  }
  for (const size_t from : marks) {
    for (const size_t to : marks) {
      if (from + 1 < to) targets->emplace(text.substr(from + 1, to - from - 1), "Patient/1");
    }
  }
  if (!text.empty()) targets->emplace(text, "Patient/1");
}

void AddTexts(Value value, tk::interaction::LinkTargets* targets) {
  constexpr size_t kTargetsMax = 2000;
  for (const Value inside : value) {
    if (targets->size() > kTargetsMax) return;
    if (inside.is_string()) {
      AddPieces(inside.ToString(), targets);
      AddPieces(inside.Json(), targets);  // narratives are read as they stand
    } else {
      AddTexts(inside, targets);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto r4 = tk::fhir::Definitions::R4();  // first: it brings the names that the parser knows
  const auto document = tk::fhir::Document::Parse({reinterpret_cast<const char*>(data), size});
  if (!document.ok() || !document->Root().is_object()) return 0;
  const Value root = document->Root();
  const tk::fhir::TypeId type = r4->FindType(root["resourceType"].ToString());
  if (!r4->IsResource(type)) return 0;
  tk::interaction::LinkTargets targets;
  AddTexts(root, &targets);
  tk::interaction::LinkRewriter rewriter(*r4, targets, [](tk::fhir::TypeId, std::string_view) {
    return tk::Result<std::string>("Practitioner/1");
  });
  for (const std::string_view full_url : {"urn:uuid:x", "http://a/fhir/Basic/1"}) {
    const auto rewritten = rewriter.Rewrite(root, type, full_url, "new-id", "Bundle.entry[0].resource");
    if (!rewritten.ok()) continue;
    const auto again = tk::fhir::Document::Parse(rewritten->Text());
    CHECK(again.ok() && again->Text() == rewritten->Text());
    CHECK(rewritten->Root()["id"].ToString() == "new-id");
  }
  return 0;
}
