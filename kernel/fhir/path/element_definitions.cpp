// elementDefinition(): what defines the element that an item is.
// Flow:   the item's place in its document → type that owns the element, its name → the element of that type's StructureDefinition
// Source: FHIR R4 fhirpath.html, "Additional functions".
#include <fmt/format.h>

#include "kernel/fhir/canonicals.h"
#include "kernel/fhir/official_elements.h"
#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {
namespace {

constexpr uint64_t kStructureWork = 20'000;  // to expand and read a StructureDefinition

/// Where a value stands: as an element of a type, or (element nullptr) as the root, of that type.
struct ElementPlace {
  TypeId owner = kNoType;
  const ElementInfo* element = nullptr;
};

/// Of the value at `index`, below `root` of type `type`; `steps`: members looked at. Owner kNoType: it is no element that the types have.
ElementPlace PlaceBelow(const TypeTable& types, Value root, TypeId type, uint32_t index, uint64_t* steps) {
  const auto holds = [index](Value value) { return value.index() <= index && index < value.node().end; };
  ElementPlace place{type, nullptr};
  Value at = root;
  while (at.index() != index) {
    Value next;
    for (const Value member : at) {
      ++*steps;
      if (!holds(member)) continue;
      next = member;
      break;
    }
    if (!next) return {};
    if (at.is_object()) {
      std::string_view name = next.name_text();
      if (!name.empty() && name.front() == '_') name.remove_prefix(1);
      place = {type, types.definitions().FindElement(type, Names::Find(name))};
      if (place.element == nullptr) return {};
      type = types.ResourceType(next, place.element->type);
    } else {
      type = types.ResourceType(next, type);
    }
    at = next;
  }
  return place;
}

/// "Observation.value[x]", as definitions name it.
std::string PathOf(const Definitions& definitions, const ElementPlace& place) {
  const std::string owner(definitions.Type(place.owner).name);
  if (place.element == nullptr) return owner;
  return fmt::format("{}.{}{}", owner, place.element->base_name, place.element->choice != 0 ? "[x]" : "");
}

/// The StructureDefinition of a type: R4's own, or a platform type's.
std::shared_ptr<const Document> StructureOf(const Definitions& definitions, std::string_view type) {
  if (auto official = OfficialElements(type)) return official;
  const TypeId id = definitions.FindType(type);
  return id == kNoType ? nullptr : definitions.given().Find("StructureDefinition", definitions.Type(id).url);
}

}  // namespace

/// One for each item that is an element; what was computed has none. By the types only: profiles that a resource claims add to it, they do not define it.
Status Evaluator::ElementDefinitions(const Call& call) {
  const TypeId result = types_.definitions().FindType("ElementDefinition");
  Structures structures;
  for (const Item& item : call.input) {
    const Value node = item.node ? item.node : item.extension_node;
    if (!node) continue;
    const Value asked = environment_.resource;
    const bool is_within = asked && asked.document() == node.document() && asked.index() <= node.index() &&
                           node.index() < asked.node().end;
    const Value root = is_within ? asked : node.document()->Root();
    const TypeId type = types_.ResourceType(root, kNoType);
    if (type == kNoType) continue;  // made by the expression: of no resource
    uint64_t steps = 1;
    ElementPlace place = PlaceBelow(types_, root, type, node.index(), &steps);
    TRY(Charge(call.op, steps));
    // A platform type tells what it adds; what it inherits stands with the type that it is based on.
    for (; place.owner < types_.definitions().type_count();
         place.owner = types_.definitions().Type(place.owner).base) {
      Item found;
      TRY(DefinitionAt(call, PathOf(types_.definitions(), place), &structures, &found));
      const bool is_told = found.node.present();
      if (is_told) {
        found.type = result;
        call.out->push_back(std::move(found));
      }
      if (is_told || place.element == nullptr) break;
    }
  }
  return {};
}

/// The element of this path, with the document that it stands in; absent if the definition of its type does not tell it.
Status Evaluator::DefinitionAt(const Call& call, const std::string& path, Structures* structures,
                               Item* found) {
  const std::string_view type = std::string_view(path).substr(0, path.find('.'));
  auto known = structures->find(type);
  if (known == structures->end()) {
    TRY(Charge(call.op, kStructureWork));
    known = structures->emplace(type, StructureOf(types_.definitions(), type)).first;
  }
  if (known->second == nullptr) return {};
  const Value root = known->second->Root();
  for (const Value element : root[root["snapshot"] ? "snapshot" : "differential"]["element"]) {
    TRY(Charge(call.op, 1));
    if (element["path"].ToString() != path) continue;
    found->node = element;
    found->computed = known->second;
    break;
  }
  return {};
}

}  // namespace tk::fhir::path
