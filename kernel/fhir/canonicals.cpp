#include "kernel/fhir/canonicals.h"

#include "kernel/base/file.h"

namespace tk::fhir {
namespace {
constexpr size_t kResourceBytesMax = size_t{64} << 20;
}

std::string_view WithoutBase(std::string_view url, std::string_view own_base) {
  const bool own = !own_base.empty() && url.size() > own_base.size() + 1 && url.starts_with(own_base) &&
                   url[own_base.size()] == '/';
  return own ? url.substr(own_base.size() + 1) : std::string_view();
}

std::shared_ptr<const Document> FindByUrlOrAddress(const Canonicals& canonicals, std::string_view type,
                                                   std::string_view canonical, std::string_view own_base) {
  auto found = canonicals.Find(type, canonical);
  const std::string_view own = WithoutBase(canonical, own_base);
  return found != nullptr || own.empty() ? found : canonicals.Find(type, own);
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
