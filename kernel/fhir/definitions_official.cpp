#include "kernel/fhir/definitions_official.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "kernel/base/file.h"
#include "kernel/fhir/definitions_compile.h"

namespace tk::fhir {
namespace {

constexpr std::string_view kVersion = "4.0.1";
constexpr size_t kFileBytesMax = size_t{64} << 20;

// Parameters that the package carries as examples or for extensions; the specification's own list (search-parameters.json)
// does not have them. `filter` has no type base of its own: it is a way of asking.
bool IsOfficialParameter(const std::string& id) {
  return id.rfind("example", 0) != 0 && id != "filter" && id.find("-extensions-") == std::string::npos &&
         id.find("-genetic-") == std::string::npos;
}

bool IsWanted(Value resource) {
  const std::string type = resource["resourceType"].ToString();
  if (type == "StructureDefinition") {
    const std::string kind = resource["kind"].ToString();
    if (IsTypeProfile(resource)) return resource["version"].ToString() == kVersion;
    return kind != "logical" && resource["derivation"].ToString() != "constraint" &&
           resource["version"].ToString() == kVersion;
  }
  if (type == "SearchParameter") return IsOfficialParameter(resource["id"].ToString());
  if (type == "CompartmentDefinition")
    return resource["code"].ToString() == "Patient" && resource["id"].ToString() == "patient";
  return type == "ValueSet" || type == "CodeSystem";
}

bool HasWantedName(const std::string& name) {
  for (const char* prefix :
       {"StructureDefinition-", "SearchParameter-", "CompartmentDefinition-", "ValueSet-", "CodeSystem-"}) {
    if (name.rfind(prefix, 0) == 0) return true;
  }
  return false;
}

}  // namespace

Result<std::string> CompileOfficialDefinitions(const std::string& folder, const std::string& mended) {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    if (HasWantedName(entry.path().filename().string())) paths.push_back(entry.path());
  }
  if (failed || paths.empty()) {
    return MakeError(ErrorCode::kNotFound, folder + ": no definitions found; ./tk deps fetches them");
  }
  std::sort(paths.begin(), paths.end());  // the numbering of types must not depend on the file system
  std::vector<std::unique_ptr<Document>> documents;
  std::vector<const Document*> wanted;
  for (const fs::path& path : paths) {
    const std::string text = TRY(ReadFile(path.string(), kFileBytesMax));
    auto document = Document::Parse(text);
    if (!document.ok()) {
      document.error().external = path.string() + ": " + document.error().external;
      return document.TakeError();
    }
    auto owned = std::make_unique<Document>(std::move(document).value());
    if (!IsWanted(owned->Root())) continue;
    wanted.push_back(owned.get());
    documents.push_back(std::move(owned));
  }
  const Document table = TRY(Document::Parse(TRY(ReadFile(mended, kFileBytesMax))));
  return CompileDefinitions(nullptr, wanted, &table);
}

}  // namespace tk::fhir
