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

// Without the examples of the package, and without those that are ways of asking, or have no expression and so say nothing: `filter`,
// and of the parameters on extensions those of CodeSystem and ValueSet, and Patient's age and birthOrderBoolean.
bool IsOfficialParameter(Value parameter) {
  const std::string id = parameter["id"].ToString();
  const bool of_extension =
      id.find("-extensions-") != std::string::npos || id.find("-genetic-") != std::string::npos;
  return id.rfind("example", 0) != 0 && id != "filter" &&
         (!of_extension || !parameter["expression"].ToString().empty());
}

/// Parameters whose expression names an extension that R4 does not have under this url, or a function that is none: what R4 defines
/// (StructureDefinition) is looked for too. Source: the 4.0.1 package itself.
struct MendedParameter {
  std::string_view id, expression;
};
constexpr std::string_view kMaidenName =
    "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName') | "
    "Patient.extension('http://hl7.org/fhir/StructureDefinition/"
    "patient-extensions-Patient-mothersMaidenName')";
constexpr std::string_view kAminoAcidChange =
    "Observation.extension('http://hl7.org/fhir/StructureDefinition/observation-geneticsAminoAcidChange') | "
    "Observation.extension('http://hl7.org/fhir/StructureDefinition/"
    "observation-geneticsAminoAcidChangeName')";
constexpr std::string_view kDnaVariant =
    "Observation.extension('http://hl7.org/fhir/StructureDefinition/observation-geneticsVariant') | "
    "Observation.extension('http://hl7.org/fhir/StructureDefinition/observation-geneticsDnaVariant')";
constexpr MendedParameter kMendedParameters[] = {
    {"patient-extensions-Patient-mothersMaidenName", kMaidenName},
    {"observation-genetic-Observation-amino-acid-change", kAminoAcidChange},
    {"observation-genetic-Observation-gene-amino-acid-change", kAminoAcidChange},
    {"observation-genetic-Observation-dna-variant", kDnaVariant},
    {"observation-genetic-Observation-gene-dnavariant", kDnaVariant},
    {"questionnaireresponse-extensions-QuestionnaireResponse-item-subject",
     "QuestionnaireResponse.item.where(extension('http://hl7.org/fhir/StructureDefinition/"
     "questionnaireresponse-isSubject').exists()).answer.value.ofType(Reference)"}};

Result<Document> Mended(Document document) {
  const Value root = document.Root();
  const std::string id = root["id"].ToString();
  const Value old = root["expression"];
  for (const MendedParameter& mended : kMendedParameters) {
    if (mended.id != id || root["resourceType"].ToString() != "SearchParameter" || !old) continue;
    const auto at = static_cast<uint32_t>(old.Json().data() - document.Text().data());
    return Document::Parse(TRY(ApplyEdits(
        document.Text(),
        {{at, static_cast<uint32_t>(old.Json().size()), "\"" + std::string(mended.expression) + "\""}})));
  }
  return document;
}

bool IsWanted(Value resource) {
  const std::string type = resource["resourceType"].ToString();
  if (type == "StructureDefinition") {
    const std::string kind = resource["kind"].ToString();
    if (IsTypeProfile(resource)) return resource["version"].ToString() == kVersion;
    return kind != "logical" && resource["derivation"].ToString() != "constraint" &&
           resource["version"].ToString() == kVersion;
  }
  if (type == "SearchParameter") return IsOfficialParameter(resource);
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
    *owned = TRY(Mended(std::move(*owned)));
    wanted.push_back(owned.get());
    documents.push_back(std::move(owned));
  }
  const Document table = TRY(Document::Parse(TRY(ReadFile(mended, kFileBytesMax))));
  return CompileDefinitions(nullptr, wanted, &table);
}

}  // namespace tk::fhir
