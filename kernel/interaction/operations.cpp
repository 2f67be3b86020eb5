#include "kernel/interaction/operations.h"

#include <fmt/format.h>

#include "kernel/fhir/canonicals.h"

namespace tk::interaction {
namespace {

constexpr auto kOnSystem = OperationLevel::kSystem;
constexpr auto kOnType = OperationLevel::kType;
constexpr auto kOnInstance = OperationLevel::kInstance;

constexpr OperationRoute kOperationRoutes[] = {
    {{"$fhirpath", kOnSystem, "", Method::kPost}, Kind::kFhirPath},
    {{"$emergency-access", kOnSystem, "", Method::kGet}, Kind::kEmergencies},
    {{"$inbox", kOnSystem, "", Method::kGet}, Kind::kInbox},
    {{"$on-duty", kOnSystem, "", Method::kGet}, Kind::kOnDuty},
    {{"$why", kOnSystem, "", Method::kGet}, Kind::kWhy},
    {{"$validate", kOnType, "", Method::kPost}, Kind::kValidate},
    {{"$match", kOnType, "Patient", Method::kPost}, Kind::kMatch},
    {{"$explain-match", kOnType, "Patient", Method::kPost}, Kind::kExplainMatch},
    {{"$link", kOnType, "Patient", Method::kPost}, Kind::kLink},
    {{"$not-same", kOnType, "Patient", Method::kPost}, Kind::kNotSame},
    {{"$merge", kOnType, "Patient", Method::kPost}, Kind::kMerge},
    {{"$unmerge", kOnType, "Patient", Method::kPost}, Kind::kUnmerge},
    {{"$ihe-pix", kOnType, "Patient", Method::kGet}, Kind::kPix},
    {{"$validate", kOnInstance, "", Method::kPost}, Kind::kValidate},
    {{"$transition", kOnType, "", Method::kPost}, Kind::kTransitionMany},
    {{"$transition", kOnInstance, "", Method::kPost}, Kind::kTransition},
    {{"$transitions", kOnInstance, "", Method::kGet}, Kind::kTransitions},
    {{"$states", kOnInstance, "", Method::kGet}, Kind::kStates},
    {{"$read", kOnInstance, "Communication", Method::kPost}, Kind::kMarkRead},
    {{"$erase", kOnInstance, "", Method::kPost}, Kind::kErase},
    {{"$reveal", kOnInstance, "", Method::kPost}, Kind::kReveal},
    {{"$why", kOnInstance, "", Method::kGet}, Kind::kWhy},
    {{"$review", kOnInstance, "Task", Method::kPost}, Kind::kReview},
    {{"$emergency-access", kOnInstance, "Patient", Method::kPost}, Kind::kEmergency},
    {{"$person", kOnInstance, "Patient", Method::kGet}, Kind::kPerson},
    {{"$everything", kOnInstance, "Patient", Method::kGet}, Kind::kEverything},
    {{"$everything", kOnInstance, "Patient", Method::kPost}, Kind::kEverything},
};

}  // namespace

std::span<const OperationRoute> OperationRoutes() { return kOperationRoutes; }

void FindOperations(OperationLevel level, std::string_view type, std::string_view name,
                    std::vector<OperationRoute>* out) {
  for (const OperationRoute& route : kOperationRoutes) {
    const OperationAddress& at = route.address;
    if (at.level == level && at.name == name && (at.type.empty() || at.type == type)) out->push_back(route);
  }
}

const terminology::Platform& PlatformOf(const Context& context) {
  return context.platform != nullptr ? *context.platform : *terminology::Platform::Kernel();
}

std::shared_ptr<const fhir::Document> KnownById(const Context& context, std::string_view type,
                                                std::string_view id) {
  if (auto known = PlatformOf(context).FindId(type, id)) return known;
  const fhir::Definitions& definitions = context.engine->definitions();
  if (auto given =
          definitions.given().Find(type, fmt::format("{}{}/{}", terminology::kPlatformBase, type, id)))
    return given;
  if (type != "StructureDefinition") return nullptr;
  for (size_t i = 0; i < definitions.type_count(); ++i) {
    const std::string_view url = definitions.Type(static_cast<fhir::TypeId>(i)).url;
    if (url.empty() || url.substr(url.rfind('/') + 1) != id) continue;
    if (auto given = definitions.given().Find(type, url)) return given;
  }
  return nullptr;
}

std::shared_ptr<const fhir::Document> KnownByUrl(const Context& context, std::string_view type,
                                                 std::string_view url) {
  if (auto known = PlatformOf(context).FindUrl(type, url)) return known;
  return context.engine->definitions().given().Find(type, url);
}

std::string IdOfKnown(const fhir::Document& known) {
  const std::string url = known.Root()["url"].ToString();
  return url.substr(url.rfind('/') + 1);
}

std::string TextOfKnown(const fhir::Document& known) {
  std::string text;
  fhir::JsonWriter json(&text);
  json.Object().Member("resourceType", known.Root()["resourceType"].ToString());
  json.Member("id", IdOfKnown(known));
  for (const fhir::Value member : known.Root()) {
    if (member.name_text() != "resourceType" && member.name_text() != "id")
      json.Key(member.name_text()).Raw(member.Json());
  }
  json.End();
  return text;
}

std::vector<OperationAddress> ServedOperations() {
  std::vector<OperationAddress> served;
  for (const OperationRoute& route : kOperationRoutes) served.push_back(route.address);
  return served;
}

}  // namespace tk::interaction
