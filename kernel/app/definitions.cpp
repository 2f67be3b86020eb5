#include <fmt/format.h>

#include "kernel/app/app.h"
#include "kernel/base/file.h"

namespace tk::app {
namespace {

constexpr size_t kTypeFileBytesMax = size_t{4} << 20;

Result<std::vector<std::string>> FilesOf(const std::string& folder) {
  std::vector<std::string> texts;
  if (folder.empty() || !FileExists(folder)) return texts;
  for (const std::string& name : TRY(ListFolder(folder))) {
    if (name.ends_with(".json")) texts.push_back(TRY(ReadFile(folder + "/" + name, kTypeFileBytesMax)));
  }
  return texts;
}

}  // namespace

Result<std::shared_ptr<const fhir::Definitions>> LoadDefinitions(std::span<const Pack> packs,
                                                                 const std::string& folder) {
  std::vector<std::string> texts;
  for (const Pack& pack : packs) {
    for (const File& file : pack.files) {
      if (file.path.starts_with("types/") && file.path.ends_with(".json")) texts.emplace_back(file.content);
    }
  }
  for (std::string& text : TRY(FilesOf(folder))) texts.push_back(std::move(text));
  if (texts.empty()) return fhir::Definitions::R4();
  auto extended = fhir::Definitions::Extend(fhir::Definitions::R4(), texts);
  if (extended.ok()) return extended;
  Error error = extended.error();
  error.external = fmt::format("platform types (types/*.json of the apps{}): {}",
                               folder.empty() ? "" : " and of " + folder, error.external);
  return error;
}

}  // namespace tk::app
