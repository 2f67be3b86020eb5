// capabilities: GET metadata. Source: FHIR R4 http.html#capabilities, capabilitystatement.html.
#include "kernel/interaction/capabilities.h"

#include <fmt/format.h>

#include <set>

#include "kernel/fhir/value.h"
#include "kernel/interaction/operations.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"
#include "kernel/search/chains.h"
#include "kernel/terminology/platform.h"

namespace tk::interaction {
namespace {

std::string_view SearchTypeName(fhir::SearchType type) {
  constexpr std::array<std::string_view, 9> kNames = {
      "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"};
  return kNames.at(static_cast<size_t>(type));
}

/// A value that is well formed for the type of a search parameter.
std::string SampleOf(const fhir::Definitions& definitions, const fhir::SearchParameter& parameter) {
  switch (parameter.type) {
    case fhir::SearchType::kNumber:
    case fhir::SearchType::kQuantity:
      return "1";
    case fhir::SearchType::kDate:
      return "2020-01-01";
    case fhir::SearchType::kUri:
      return "http://a.example";
    case fhir::SearchType::kReference:
      return (parameter.targets.empty() ? std::string("Patient")
                                        : std::string(definitions.Type(parameter.targets[0]).name)) +
             "/a";
    case fhir::SearchType::kSpecial:
      return "39.1|117.2";
    case fhir::SearchType::kComposite: {
      std::string all;
      for (const fhir::SearchParameter* each : search::ComponentsOf(definitions, parameter)) {
        if (each == nullptr) return "a";
        all += (all.empty() ? "" : "$") + SampleOf(definitions, *each);
      }
      return all;
    }
    default:
      return "a";
  }
}

/// Asked of the search room itself, so that the statement cannot promise what a search then refuses.
bool IsOffered(const fhir::Definitions& definitions, fhir::TypeId type, std::string_view code,
               const std::string& sample) {
  return search::ParseQuery(definitions, type, std::string(code) + "=" + sample, search::ParseOptions{}).ok();
}

/// R4 has no member for modifiers and prefixes: they are told in words.
std::string DocumentationOf(const fhir::Definitions& definitions, const fhir::SearchParameter& parameter) {
  std::string text = "Modifiers:";
  for (const std::string_view modifier : search::ModifiersOf(definitions, parameter)) {
    text += " :";
    text += modifier;
  }
  if (parameter.type == fhir::SearchType::kReference) text += " :<type>";
  const bool ordered = parameter.type == fhir::SearchType::kDate ||
                       parameter.type == fhir::SearchType::kNumber ||
                       parameter.type == fhir::SearchType::kQuantity;
  if (ordered) text += "; prefixes: eq ne gt lt ge le sa eb ap";
  return text;
}

struct OfferedParameter {
  std::string name, definition, type, documentation;
};

std::vector<OfferedParameter> OfferedParameters(const fhir::Definitions& definitions, fhir::TypeId type) {
  std::vector<OfferedParameter> offered;
  const auto has = [&](std::string_view name) {
    return std::any_of(offered.begin(), offered.end(), [&](const auto& one) { return one.name == name; });
  };
  for (const fhir::SearchParameter& parameter : definitions.SearchParameters(type)) {
    if (!IsOffered(definitions, type, parameter.code, SampleOf(definitions, parameter))) continue;
    offered.push_back({std::string(parameter.code), std::string(parameter.url),
                       std::string(SearchTypeName(parameter.type)), DocumentationOf(definitions, parameter)});
  }
  if (!has("_id") && IsOffered(definitions, type, "_id", "a"))
    offered.push_back({"_id", "http://hl7.org/fhir/SearchParameter/Resource-id", "token", ""});
  if (!has("_lastUpdated") && IsOffered(definitions, type, "_lastUpdated", "2020-01-01"))
    offered.push_back(
        {"_lastUpdated", "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated", "date", ""});
  return offered;
}

void WriteSearchParameters(const std::vector<OfferedParameter>& parameters, fhir::JsonWriter* json) {
  json->Key("searchParam").Array();
  for (const OfferedParameter& parameter : parameters) {
    json->Object().Member("name", parameter.name);
    if (!parameter.definition.empty()) json->Member("definition", parameter.definition);
    json->Member("type", parameter.type);
    if (!parameter.documentation.empty()) json->Member("documentation", parameter.documentation);
    json->End();
  }
  json->End();
}

/// What a search of all types takes: that which each of them has, and what only such a search has.
std::vector<OfferedParameter> SharedParameters(const fhir::Definitions& definitions) {
  const auto types = definitions.ResourceTypes();
  std::vector<OfferedParameter> shared = OfferedParameters(definitions, types[0]);
  for (const fhir::TypeId type : types) {
    std::set<std::string> here;
    for (const OfferedParameter& parameter : OfferedParameters(definitions, type))
      here.insert(parameter.name);
    std::erase_if(shared, [&](const OfferedParameter& one) { return here.count(one.name) == 0; });
  }
  shared.push_back({"_list", "", "special", "The id of a List; of the types that a List may hold."});
  shared.push_back({"_type", "", "special", "The types that are searched: Observation,Condition"});
  return shared;
}

/// Asked of the search room too: what it would refuse is not listed.
void WriteIncludes(const fhir::Definitions& definitions, fhir::TypeId type, fhir::JsonWriter* json) {
  const auto list = [&](std::string_view name, std::span<const fhir::TypeId> sources) {
    for (const fhir::TypeId source : sources) {
      for (const fhir::SearchParameter& parameter : definitions.SearchParameters(source)) {
        if (parameter.type != fhir::SearchType::kReference) continue;
        std::string value(definitions.Type(source).name);
        value.append(":").append(parameter.code);
        if (search::ReadInclude(definitions, {}, type, name, value).ok()) json->String(value);
      }
    }
  };
  json->Key("searchInclude").Array().String("*");
  list("_include", std::span(&type, 1));
  json->End().Key("searchRevInclude").Array().String("*");
  list("_revinclude", definitions.ResourceTypes());
  json->End();
}

void WriteInteractions(std::initializer_list<std::string_view> codes, fhir::JsonWriter* json) {
  json->Key("interaction").Array();
  for (const std::string_view code : codes) json->Object().Member("code", code).End();
  json->End();
}

bool IsTrue(fhir::Value flag) { return flag.kind() == fhir::Kind::kTrue; }

/// What an OperationDefinition says where it is served, if that is beside the FHIR base.
bool IsBeside(fhir::Value operation) {
  for (const fhir::Value extension : operation["extension"]) {
    if (extension["url"].ToString() == terminology::kServedAt) return true;
  }
  return false;
}

bool IsOfType(fhir::Value operation, std::string_view type) {
  if (!IsTrue(operation["type"]) && !IsTrue(operation["instance"])) return false;
  for (const fhir::Value resource : operation["resource"]) {
    const std::string name = resource.ToString();
    if (name == type || name == "Resource") return true;
  }
  return false;
}

/// Of a type, or ("") of the system. The definitions are our own, as R4 asks of a server that does not do all that the base definition allows
/// (capabilitystatement-definitions.html, rest.resource.operation.definition).
void WriteOperations(const terminology::Platform& platform, std::string_view type, fhir::JsonWriter* json) {
  json->Key("operation").Array();
  for (const terminology::Platform::Known& known : platform.all()) {
    const fhir::Value root = known->Root();
    if (root["resourceType"].ToString() != "OperationDefinition" || IsBeside(root)) continue;
    if (type.empty() ? !IsTrue(root["system"]) : !IsOfType(root, type)) continue;
    json->Object().Member("name", root["code"].ToString()).Member("definition", root["url"].ToString()).End();
  }
  json->End();
}

/// What else can be read here: operations beside the FHIR base, and definitions that are no operations.
void WriteFurtherDefinitions(const terminology::Platform& platform, fhir::JsonWriter* json) {
  json->Key("extension").Array();
  for (const terminology::Platform::Known& known : platform.all()) {
    const fhir::Value root = known->Root();
    const bool operation = root["resourceType"].ToString() == "OperationDefinition";
    if (operation && !IsBeside(root)) continue;
    json->Object()
        .Member("url", fmt::format("{}StructureDefinition/{}", terminology::kPlatformBase,
                                   operation ? "operation-beside" : "known-definition"))
        .Member("valueCanonical", root["url"].ToString())
        .End();
  }
  json->End();
}

void WriteType(const Context& context, const fhir::Definitions& definitions, fhir::TypeId type,
               fhir::JsonWriter* json) {
  const fhir::TypeInfo& info = definitions.Type(type);
  json->Object().Member("type", info.name);
  if (!info.url.empty()) json->Member("profile", info.url);
  WriteInteractions({"read", "vread", "update", "patch", "delete", "history-instance", "history-type",
                     "create", "search-type"},
                    json);
  json->Member("versioning", "versioned-update").Key("readHistory").Bool(true).Key("updateCreate").Bool(true);
  json->Key("conditionalCreate")
      .Bool(true)
      .Member("conditionalRead", "full-support")
      .Key("conditionalUpdate")
      .Bool(true);
  json->Member("conditionalDelete", "single");
  json->Key("referencePolicy").Array().String("literal").String("logical").String("local").End();
  WriteIncludes(definitions, type, json);
  WriteSearchParameters(OfferedParameters(definitions, type), json);
  WriteOperations(PlatformOf(context), info.name, json);
  json->End();
}

// The statement is made once, and the server has many names: this stands for the one that was asked.
constexpr std::string_view kIssuerMark = "urn:tongkang:issuer";
constexpr size_t kMarksWithin = 8192;

/// Where programs sign people in. Source: SMART App Launch 2.2.0, "using CapabilityStatement". R4's own definition of the extension has no part for
/// introspection and revocation: these are in smart-configuration alone.
void WriteSmart(fhir::JsonWriter* json) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kAddresses = {
      {{"token", "/oauth/token"}, {"authorize", "/oauth/authorize"}}};
  json->Key("extension").Array().Object();
  json->Member("url", "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris");
  json->Key("extension").Array();
  for (const auto& [name, path] : kAddresses)
    json->Object().Member("url", name).Member("valueUri", std::string(kIssuerMark).append(path)).End();
  json->End().End().End();
  json->Key("service").Array().Object().Key("coding").Array().Object();
  json->Member("system", "http://terminology.hl7.org/CodeSystem/restful-security-service")
      .Member("code", "SMART-on-FHIR");
  json->End().End().End().End();
}

/// The base without its path.
std::string_view IssuerOf(std::string_view base_url) {
  const size_t scheme = base_url.find("://");
  return scheme == std::string_view::npos ? base_url : base_url.substr(0, base_url.find('/', scheme + 3));
}

std::string MakeStatement(const Context& context, Instant made_at_us) {
  const auto kept = context.index->definitions();
  const fhir::Definitions& definitions = *kept;
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object()
      .Member("resourceType", "CapabilityStatement")
      .Member("status", "active")
      .Member("date", FormatInstant(made_at_us));
  json.Member("kind", "instance")
      .Key("software")
      .Object()
      .Member("name", "Tongkang")
      .Member("version", context.software_version)
      .End();
  json.Key("implementation").Object().Member("description", "Tongkang city health platform").End();
  json.Member("fhirVersion", "4.0.1").Key("format").Array().String("json").String(kFhirJson).End();
  json.Key("patchFormat").Array().String(kJsonPatch).End();
  json.Key("rest").Array().Object().Member("mode", "server");
  json.Key("security").Object();
  WriteSmart(&json);
  json.Member("description",
              "Every request needs a bearer token; what it shows is limited to the account's post and area.")
      .End();
  json.Key("resource").Array();
  for (const fhir::TypeId type : definitions.ResourceTypes()) WriteType(context, definitions, type, &json);
  json.End();
  WriteInteractions({"transaction", "batch", "search-system", "history-system"}, &json);
  WriteSearchParameters(SharedParameters(definitions), &json);
  json.Key("compartment").Array().String("http://hl7.org/fhir/CompartmentDefinition/patient").End();
  WriteOperations(PlatformOf(context), {}, &json);
  WriteFurtherDefinitions(PlatformOf(context), &json);
  json.End().End().End();
  return out;
}

}  // namespace

std::shared_ptr<const std::string> Capabilities::Json() {
  const std::lock_guard lock(mutex_);
  const uint64_t hash = context_.index->definitions()->hash();
  if (json_ == nullptr || hash != definitions_hash_) {
    json_ = std::make_shared<const std::string>(MakeStatement(context_, made_at_us_));
    definitions_hash_ = hash;
  }
  return json_;
}

Result<Response> CapabilityStatement(const Room& room, const Call& call) {
  const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
  for (const Parameter& parameter : parameters) {
    if (parameter.name == "mode" && parameter.value == "full") continue;
    if (!call.prefer.lenient) return UnknownParameter(parameter.name, "mode=full, _format, _pretty");
  }
  std::string statement = *room.capabilities->Json();
  const std::string_view issuer = IssuerOf(call.request.base_url);
  // Once for each address that WriteSmart gives; they stand before all else that is long.
  for (size_t at = 0; (at = statement.find(kIssuerMark, at)) != std::string::npos; at += issuer.size()) {
    if (at > kMarksWithin) break;
    statement.replace(at, kIssuerMark.size(), issuer);
  }
  return JsonResponse(call, statement, "capabilities");
}

}  // namespace tk::interaction
