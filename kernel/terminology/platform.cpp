#include "kernel/terminology/platform.h"

#include <fmt/format.h>

#include <algorithm>

// The bytes that platform_blob.cpp puts into the program.
extern "C" {
extern const char
    tk_platform_definitions_begin[];  // NOLINT(readability-identifier-naming): names of the linker
extern const char tk_platform_definitions_end[];  // NOLINT(readability-identifier-naming)
}

namespace tk::terminology {
namespace {

Error WrongDefinition(std::string_view which, std::string_view what) {
  return MakeError(ErrorCode::kInvalid, fmt::format("definition {}: {}", which, what));
}

}  // namespace

Status Platform::Add(std::string_view texts) {
  const fhir::Document list = TRY(fhir::Document::Parse(texts));
  if (!list.Root().is_array()) return WrongDefinition("file", "must be an array of resources");
  for (const fhir::Value each : list.Root()) {
    auto document = std::make_shared<const fhir::Document>(TRY(fhir::Document::Parse(each.Json())));
    const fhir::Value root = document->Root();
    const std::string type = root["resourceType"].ToString(), id = root["id"].ToString(),
                      url = root["url"].ToString();
    if (url != fmt::format("{}{}/{}", kPlatformBase, type, id))
      return WrongDefinition(url, fmt::format("the url must be {}TYPE/ID", kPlatformBase));
    if (FindId(type, id) != nullptr) return WrongDefinition(url, "there are two of them");
    all_.push_back(std::move(document));
  }
  return {};
}

const std::shared_ptr<const Platform>& Platform::Kernel() {
  static const std::shared_ptr<const Platform> kernel = [] {
    auto made = std::make_shared<Platform>();
    CHECK(made->Add({tk_platform_definitions_begin,
                     static_cast<size_t>(tk_platform_definitions_end - tk_platform_definitions_begin)})
              .ok());
    return made;
  }();
  return kernel;
}

Result<std::shared_ptr<const Platform>> Platform::With(std::span<const std::string_view> more) {
  auto made = std::make_shared<Platform>(*Kernel());
  for (const std::string_view texts : more) TRY(made->Add(texts));
  return std::shared_ptr<const Platform>(std::move(made));
}

Platform::Known Platform::FindId(std::string_view type, std::string_view id) const {
  const auto at = std::find_if(all_.begin(), all_.end(), [&](const Known& each) {
    return each->Root()["id"].ToString() == id && each->Root()["resourceType"].ToString() == type;
  });
  return at == all_.end() ? nullptr : *at;
}

Platform::Known Platform::FindUrl(std::string_view type, std::string_view url) const {
  if (!url.starts_with(kPlatformBase)) return nullptr;
  const std::string_view id = url.substr(url.rfind('/') + 1);
  const Known found = FindId(type, id);
  return found != nullptr && found->Root()["url"].ToString() == url ? found : nullptr;
}

}  // namespace tk::terminology
