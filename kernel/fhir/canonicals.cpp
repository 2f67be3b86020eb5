#include "kernel/fhir/canonicals.h"

#include "kernel/base/file.h"

namespace tk::fhir {
namespace {
constexpr size_t kResourceBytesMax = size_t{64} << 20;
}

void MemoryCanonicals::Add(std::shared_ptr<const Document> resource) {
  const Value root = resource->Root();
  const std::string url = root["url"].ToString();
  if (!url.empty()) resources_[{root["resourceType"].ToString(), url}].push_back(std::move(resource));
}

Status MemoryCanonicals::AddFolder(const std::string& folder) {
  for (const std::string& name : TRY(ListFolder(folder))) {
    if (!name.ends_with(".json")) continue;
    const std::string text = TRY(ReadFile(folder + "/" + name, kResourceBytesMax));
    auto document = Document::Parse(text);
    if (!document.ok()) {
      document.error().external = name + ": " + document.error().external;
      return document.TakeError();
    }
    Add(std::make_shared<const Document>(std::move(document).value()));
  }
  return {};
}

std::shared_ptr<const Document> MemoryCanonicals::Find(std::string_view type,
                                                       std::string_view canonical) const {
  const size_t bar = canonical.find('|');
  const auto found = resources_.find(std::pair(std::string(type), std::string(canonical.substr(0, bar))));
  if (found == resources_.end()) return nullptr;
  if (bar == std::string_view::npos) return found->second.back();
  for (const auto& resource : found->second) {
    if (resource->Root()["version"].ToString() == canonical.substr(bar + 1)) return resource;
  }
  return nullptr;
}

}  // namespace tk::fhir
