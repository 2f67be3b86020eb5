#include "kernel/interaction/rule_stamps.h"

#include <algorithm>
#include <array>

#include "kernel/rules/head.h"
#include "kernel/workflow/mark.h"

namespace tk::interaction {
namespace {

bool IsRuleStamp(fhir::Value extension) {
  constexpr std::array kStamps = {rules::kRuleExtension, rules::kDepthExtension, rules::kCauseExtension};
  const std::string url = extension["url"].ToString();
  return std::find(kStamps.begin(), kStamps.end(), url) != kStamps.end();
}

}  // namespace

Result<fhir::Document> WithOwnStamps(const Room& room, fhir::TypeId type, fhir::Document document) {
  if (document.Text().find(rules::kRuleExtension) == std::string_view::npos) return document;
  const fhir::Value root = document.Root(), sent = root["extension"];
  if (std::none_of(sent.begin(), sent.end(), IsRuleStamp)) return document;
  // What stands now: if it is not what the write's basis has, its guard hands it back.
  const uint64_t id_hash = room.engine().IdHash(room.TypeName(type), root["id"].ToString());
  const auto version = room.directory().Current(id_hash, room.engine().Head());
  view::ResourcePtr before;
  if (version.ordinal != 0 && !version.deleted) before = TRY(room.engine().Read(version.ordinal));
  std::string list;
  fhir::JsonWriter out(&list);
  out.Array();
  size_t written = 0;
  const auto keep = [&](fhir::Value extension) {
    out.Raw(extension.Json());
    ++written;
  };
  if (before != nullptr) {
    for (const fhir::Value extension : before->document.Root()["extension"]) {
      if (IsRuleStamp(extension)) keep(extension);
    }
  }
  for (const fhir::Value extension : sent) {
    if (!IsRuleStamp(extension)) keep(extension);
  }
  out.End();
  return workflow::WithMember(document, "extension", written > 0 ? list : std::string());
}

}  // namespace tk::interaction
