// At build time only: from the package's StructureDefinitions to the bytes that official_profiles.cpp reads.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <vector>

#include "kernel/base/file.h"
#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/official_profiles.h"

namespace tk::fhir {
namespace {

constexpr size_t kStructureBytesMax = size_t{64} << 20;
constexpr std::string_view kUrl = "http://hl7.org/fhir/StructureDefinition/";
constexpr std::string_view kMaxValueSet =
    "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";

constexpr std::string_view kJsonName = "%extension.valueInteger";

/// Contexts that the package states too narrowly for its own use: R4's code systems, value sets and structure definitions carry these
/// extensions elsewhere, and later versions of the extensions permit it.
constexpr std::pair<std::string_view, std::string_view> kMendedContexts[] = {
    {"structuredefinition-normative-version", R"([{"type":"element","expression":"DomainResource"},
        {"type":"element","expression":"ElementDefinition"}])"},
    {"structuredefinition-fhir-type", R"([{"type":"element","expression":"ElementDefinition.type"},
        {"type":"element","expression":"ElementDefinition.type.code"}])"},
    {"regex", R"([{"type":"element","expression":"Questionnaire.item"},
        {"type":"element","expression":"ElementDefinition"},
        {"type":"element","expression":"ElementDefinition.type"}])"},
    {"valueset-concept-comments", R"([{"type":"element","expression":"ValueSet.compose.include.concept"},
        {"type":"element","expression":"CodeSystem.concept"}])"}};

/// Required bindings of R4's types whose codes cannot be listed, so that the types themselves do not check them.
constexpr std::string_view kOpenValueSets[] = {
    "http://hl7.org/fhir/ValueSet/mimetypes", "http://hl7.org/fhir/ValueSet/currencies",
    "http://hl7.org/fhir/ValueSet/ucum-units", "http://loinc.org/vs/LL379-9"};

/// CapabilityStatement.format may also be a short name (json, xml), which is no media type.
bool IsOpen(Value binding, const std::string& id) {
  if (id == "CapabilityStatement.format") return false;
  const std::string value_set = binding["valueSet"].ToString();
  return std::find(std::begin(kOpenValueSets), std::end(kOpenValueSets), WithoutVersion(value_set)) !=
         std::end(kOpenValueSets);
}

/// R4 binds the components of vital signs to twenty units and requires them, which no component but blood pressure can keep to; R5 made the
/// binding extensible.
bool IsMendedBinding(Value binding, const std::string& id) {
  return id == "Observation.component.value[x]" &&
         WithoutVersion(binding["valueSet"].ToString()) == "http://hl7.org/fhir/ValueSet/ucum-vitals-common";
}

bool IsConstraint(Value structure) { return structure["derivation"].ToString() == "constraint"; }

bool HasPrefix(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && name.substr(0, prefix.size()) == prefix &&
         name[prefix.size()] >= 'A' && name[prefix.size()] <= 'Z';
}

/// Does the member of an element definition decide anything? Bindings and constraints are written apart.
bool IsRule(std::string_view name) {
  static const std::set<std::string_view> kNames = {"min", "max", "type", "maxLength", "contentReference"};
  return kNames.count(name) != 0 || HasPrefix(name, "fixed") || HasPrefix(name, "pattern") ||
         HasPrefix(name, "minValue") || HasPrefix(name, "maxValue");
}

class Reducer {
 public:
  /// Types first: what profiles repeat of them is left out.
  void AddType(Value structure) {
    types_.insert(structure["type"].ToString());
    for (const Value element : structure["snapshot"]["element"])
      of_types_[element["path"].ToString()] = element;
  }
  std::string Profile(Value structure) const;
  /// "" if the type has no such bindings.
  std::string Bindings(Value structure) const;

 private:
  bool IsOfType(Value constraint) const;
  void Head(Value structure, JsonWriter* out) const;
  bool Element(Value element, JsonWriter* out) const;
  static void Binding(Value binding, const std::string& id, JsonWriter* out);

  std::set<std::string> types_;
  std::map<std::string, Value> of_types_;  // by path
};

bool Reducer::IsOfType(Value constraint) const {
  const std::string source = constraint["source"].ToString();
  return types_.count(source.rfind(kUrl, 0) == 0 ? source.substr(kUrl.size()) : source) != 0;
}

void Reducer::Head(Value structure, JsonWriter* out) const {
  out->Object().Member("resourceType", "StructureDefinition");
  for (const char* name :
       {"url", "version", "kind", "context", "contextInvariant", "type", "baseDefinition", "derivation"}) {
    const Value member = structure[name];
    if (!member) continue;
    std::string json(member.Json());
    // Two of the official rules name a member of JSON, %extension.valueInteger; FHIRPath's name of it is `value`.
    if (std::string_view(name) == "contextInvariant") {
      for (size_t at; (at = json.find(kJsonName)) != std::string::npos;)
        json.replace(at, kJsonName.size(), "%extension.value");
    }
    if (std::string_view(name) == "context") {
      for (const auto& [id, mended] : kMendedContexts) {
        if (structure["url"].ToString() == std::string(kUrl) + std::string(id)) json = mended;
      }
    }
    out->Key(name).Raw(json);
  }
}

void Reducer::Binding(Value binding, const std::string& id, JsonWriter* out) {
  out->Key("binding").Object();
  out->Member("strength", IsMendedBinding(binding, id) ? "extensible" : binding["strength"].ToString());
  if (const Value value_set = binding["valueSet"]) out->Key("valueSet").Raw(value_set.Json());
  for (const Value extension : binding["extension"]) {
    if (extension["url"].ToString() == kMaxValueSet)
      out->Key("extension").Array().Raw(extension.Json()).End();
  }
  out->End();
}

/// False: it asks nothing that its type does not ask.
bool Reducer::Element(Value element, JsonWriter* out) const {
  const std::string id = element["id"].ToString();
  Value base;
  if (id.find(':') == std::string::npos) {
    const auto found = of_types_.find(element["path"].ToString());
    if (found != of_types_.end()) base = found->second;
  }
  const auto differs = [&](Value member) {
    return !base || base[member.name_text()].Json() != member.Json();
  };
  std::string text;
  JsonWriter written(&text);
  written.Object().Member("id", id).Member("path", element["path"].ToString());
  const size_t bare = text.size();
  for (const Value member : element) {
    const bool is_modifier = member.name_text() == "isModifier" && member.IsTrue() && id == "Extension";
    if (member.name_text() == "sliceName" || is_modifier || (IsRule(member.name_text()) && differs(member)))
      written.Key(member.name_text()).Raw(member.Json());
  }
  if (const Value slicing = element["slicing"]; slicing && differs(slicing)) {
    written.Key("slicing").Object();
    for (const char* name : {"discriminator", "ordered", "rules"}) {
      if (const Value member = slicing[name]) written.Key(name).Raw(member.Json());
    }
    written.End();
  }
  if (const Value binding = element["binding"]; binding && differs(binding)) Binding(binding, id, &written);
  std::string constraints;
  for (const Value constraint : element["constraint"]) {
    if (!IsOfType(constraint))
      constraints += (constraints.empty() ? "" : ",") + std::string(constraint.Json());
  }
  if (!constraints.empty()) written.Key("constraint").Raw("[" + constraints + "]");
  if (text.size() == bare) return false;
  written.End();
  out->Raw(text);
  return true;
}

std::string Reducer::Profile(Value structure) const {
  const char* list = structure["snapshot"].present() ? "snapshot" : "differential";
  std::string text;
  JsonWriter out(&text);
  Head(structure, &out);
  out.Member("rules", RulesDigest(structure)).Key(list).Object().Key("element").Array();
  for (const Value element : structure[list]["element"]) Element(element, &out);
  out.End().End().End();
  return text;
}

std::string Reducer::Bindings(Value structure) const {
  std::string text;
  JsonWriter out(&text);
  Head(structure, &out);
  out.Key("snapshot").Object().Key("element").Array();
  bool any = false;
  for (const Value element : structure["snapshot"]["element"]) {
    const Value binding = element["binding"];
    const std::string strength = binding["strength"].ToString();
    const bool is_left =
        strength == "extensible" || strength == "preferred" || IsOpen(binding, element["id"].ToString());
    if (!is_left || !binding["valueSet"].present()) continue;
    any = true;
    out.Object().Member("id", element["id"].ToString()).Member("path", element["path"].ToString());
    Binding(element["binding"], element["id"].ToString(), &out);
    out.End();
  }
  out.End().End().End();
  return any ? text : std::string();
}

/// Rows sorted by url, then the texts.
std::string Packed(const std::map<std::string, std::string>& texts) {
  std::string bytes(sizeof(official::Header) + texts.size() * sizeof(official::Row), '\0');
  official::Header header;
  header.count = texts.size();
  std::memcpy(bytes.data(), &header, sizeof header);
  size_t at = sizeof header;
  for (const auto& [url, text] : texts) {
    const official::Row row{static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(url.size()),
                            static_cast<uint32_t>(bytes.size() + url.size()),
                            static_cast<uint32_t>(text.size())};
    bytes += url + text;
    CHECK(bytes.size() < UINT32_MAX);
    std::memcpy(bytes.data() + at, &row, sizeof row);
    at += sizeof row;
  }
  return bytes;
}

}  // namespace

Result<std::string> CompileOfficialProfiles(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<Document> documents;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().filename().string().rfind("StructureDefinition-", 0) != 0) continue;
    auto document = Document::Parse(TRY(ReadFile(entry.path().string(), kStructureBytesMax)));
    if (!document.ok()) {
      document.error().external = entry.path().string() + ": " + document.error().external;
      return document.TakeError();
    }
    documents.push_back(std::move(document).value());
  }
  if (failed || documents.empty())
    return MakeError(ErrorCode::kNotFound, folder + ": no profiles found; ./tk deps fetches them");
  const auto is_type = [](Value structure) {
    return !IsConstraint(structure) && structure["kind"].ToString() != "logical";
  };
  Reducer reducer;
  for (const Document& document : documents) {
    if (is_type(document.Root())) reducer.AddType(document.Root());
  }
  std::map<std::string, std::string> texts;
  for (const Document& document : documents) {
    const Value structure = document.Root();
    std::string text;
    if (IsConstraint(structure)) text = reducer.Profile(structure);
    if (is_type(structure)) text = reducer.Bindings(structure);
    if (!text.empty()) texts[structure["url"].ToString()] = std::move(text);
  }
  return Packed(texts);
}

}  // namespace tk::fhir
