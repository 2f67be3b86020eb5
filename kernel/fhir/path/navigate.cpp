#include "kernel/fhir/path/navigate.h"

#include <algorithm>

namespace tk::fhir::path {
namespace {

/// Whether the member at `node` is the wanted one: by id, or by text where the table of names does not know it.
bool IsNamed(const Value& container, uint32_t index, const Node& node, NameId wanted,
             const std::string& text) {
  if (wanted != kUnknownName) return node.name == wanted;
  return node.name == kUnknownName && Value(container.document(), index).name_text() == text;
}

/// Calls `emit(NodeRef)` for every item of a member and its `_` sibling: single values, arrays, arrays side by side.
template <class Emit>
void EmitMember(const TypeTable& types, Value value, Value sibling, TypeId type, const Emit& emit) {
  const auto emit_one = [&](Value node, Value extension_node) {
    if (node.kind() == Kind::kNull) node = Value();
    if (extension_node.kind() == Kind::kNull) extension_node = Value();
    if (!node && !extension_node) return;
    TypeId actual = type;
    if (node && types.IsAbstractResource(type)) actual = types.ResourceType(node, type);
    emit(NodeRef{node, extension_node, actual});
  };
  if (!value.is_array() && !sibling.is_array()) return emit_one(value, sibling);
  auto left = value.begin();
  auto right = sibling.begin();
  while ((value && left != value.end()) || (sibling && right != sibling.end())) {
    Value node;
    Value extension_node;
    if (value && left != value.end()) node = *left++;
    if (sibling && right != sibling.end()) extension_node = *right++;
    emit_one(node, extension_node);
  }
}

/// Members of one choice: usually one, found by its own name, e.g. valueQuantity for value.
template <class Emit>
void ForChoice(const TypeTable& types, TypeId owner, uint16_t choice, Value container, const Emit& emit) {
  const Definitions& definitions = types.definitions();
  for (Value member : container) {
    const ElementInfo* element = definitions.FindElement(owner, member.name());
    if (element != nullptr && element->choice == choice) {
      Value sibling;
      if (types.IsPrimitive(element->type)) sibling = container["_" + std::string(element->name)];
      EmitMember(types, member, sibling, element->type, emit);
      continue;
    }
    // "_valueString" without "valueString": a value that has only extensions.
    if (element != nullptr) continue;
    const std::string_view name = member.name_text();
    if (name.empty() || name[0] != '_') continue;
    element = definitions.FindElement(owner, Names::Find(name.substr(1)));
    if (element != nullptr && element->choice == choice && !container[element->name_id]) {
      EmitMember(types, Value(), member, element->type, emit);
    }
  }
}

template <class Emit>
void ForNamed(const TypeTable& types, const Step& step, const Resolved& resolved, Value container,
              const Emit& emit) {
  const std::vector<Node>& nodes = container.document()->nodes();
  const uint32_t end = container.node().end;
  Value value;
  Value sibling;
  for (uint32_t i = container.index() + 1; i < end; i = nodes[i].end) {
    if (IsNamed(container, i, nodes[i], step.name, step.text)) {
      value = Value(container.document(), i);
      if (!resolved.primitive || sibling) break;
    } else if (resolved.primitive && IsNamed(container, i, nodes[i], step.sibling, step.sibling_text)) {
      sibling = Value(container.document(), i);
      if (value) break;
    }
  }
  if (value || sibling) EmitMember(types, value, sibling, resolved.type, emit);
}

template <class Emit>
void ForMembers(const TypeTable& types, const Step& step, const NodeRef& from, const Emit& emit) {
  // A primitive's members (id, extension) stand in its sibling.
  const Value container = from.node.is_object() ? from.node : from.extension_node;
  if (!container.is_object()) return;
  const Resolved* resolved = nullptr;
  for (const Resolved& known : step.resolved) {
    if (known.owner == from.type) resolved = &known;
  }
  Resolved found;
  if (resolved == nullptr) {
    found = ResolveMember(types, from.type, step);
    resolved = &found;
  }
  if (!resolved->found) return;
  if (resolved->choice != 0)
    ForChoice(types, from.type, resolved->choice, container, emit);
  else
    ForNamed(types, step, *resolved, container, emit);
}

/// Is the one member the text? Not exactly one, or one without a value, is not equal.
bool MemberEquals(const TypeTable& types, const Step& step, const NodeRef& from) {
  int count = 0;
  bool equal = false;
  std::string scratch;
  ForMembers(types, step, from, [&](const NodeRef& member) {
    ++count;
    equal = member.node.is_string() && member.node.String(scratch) == step.literal;
  });
  return count == 1 && equal;
}

bool MatchesType(const TypeTable& types, TypeId type, const TypeTest& test, bool exact) {
  if (type == kNoType) return false;
  if (type >= kSystemBoolean) return test.system != SystemKind::kNone && SystemKindOf(type) == test.system;
  if (test.fhir == kNoType) return false;
  if (type == test.fhir) return true;
  return !(exact && types.IsPrimitive(type)) && types.definitions().IsA(type, test.fhir);
}

struct Walker {
  const TypeTable& types;
  const Step* end;
  const Value& resource;
  Collection* out;
  size_t visited = 0;

  void Root(const Step* step, const NodeRef& from);
  void Go(const Step* step, const NodeRef& from) {
    ++visited;
    if (step == end) {
      out->push_back(ToItem(from));
      return;
    }
    const auto next = [&](const NodeRef& member) { Go(step + 1, member); };
    switch (step->kind) {
      case StepKind::kChild:
        ForMembers(types, *step, from, next);
        break;
      case StepKind::kRoot:
        Root(step, from);
        break;
      case StepKind::kOfType:
        if (from.type != kNoType ? MatchesType(types, from.type, step->test, true)
                                 : HasType(types, ToItem(from), step->test, true)) {
          Go(step + 1, from);
        }
        break;
      case StepKind::kReferenceTo: {
        const TypeId target = ReferencedType(types, from, resource);
        if (target != kNoType && step->test.fhir != kNoType &&
            types.definitions().IsA(target, step->test.fhir))
          Go(step + 1, from);
        break;
      }
      case StepKind::kWhereEquals:
        if (MemberEquals(types, *step, from)) Go(step + 1, from);
        break;
    }
  }
};

/// The context itself if it is of the named type, else the members of that name.
void Walker::Root(const Step* step, const NodeRef& from) {
  NodeRef typed = from;
  if (typed.type == kNoType) typed.type = types.ResourceType(from.node, kNoType);
  if (typed.type < kSystemBoolean && types.definitions().IsA(typed.type, step->test.fhir))
    return Go(step + 1, typed);
  ForMembers(types, *step, from, [&](const NodeRef& member) { Go(step + 1, member); });
}

/// "Patient" of "Patient/1", "http://host/fhir/Patient/1/_history/2", "http://hl7.org/fhir/ValueSet/x|1".
TypeId TypeInUrl(const Definitions& definitions, std::string_view text) {
  text = text.substr(0, text.find_first_of("?#|"));
  const size_t history = text.find("/_history/");
  if (history != std::string_view::npos) text = text.substr(0, history);
  const size_t slash = text.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return kNoType;
  const size_t before = text.rfind('/', slash - 1);
  const size_t first = before == std::string_view::npos ? 0 : before + 1;
  const TypeId type = definitions.FindType(text.substr(first, slash - first));
  return definitions.IsResource(type) ? type : kNoType;
}

}  // namespace

Resolved ResolveMember(const TypeTable& types, TypeId owner, const Step& step) {
  Resolved resolved;
  resolved.owner = owner;
  if (owner == kNoType || owner >= types.definitions().type_count()) {
    // Nothing is known of the node: members are taken as they stand.
    resolved.found = owner == kNoType;
    resolved.primitive = true;
    return resolved;
  }
  const ElementInfo* element = types.definitions().FindElement(owner, step.name);
  if (element != nullptr && element->choice == 0) {
    resolved.found = true;
    resolved.type = element->type;
    resolved.primitive =
        types.IsPrimitive(element->type) || types.KindOf(element->type) == SystemKind::kString;
    return resolved;
  }
  if (step.name == kUnknownName) return resolved;
  for (const ElementInfo& candidate : types.definitions().Elements(owner)) {
    if (candidate.choice != 0 && candidate.base_name_id == step.name) {
      resolved.found = true;
      resolved.choice = candidate.choice;
      return resolved;
    }
  }
  return resolved;
}

size_t Walk(const TypeTable& types, const Step* steps, size_t count, const NodeRef& from,
            const Value& resource, Collection* out) {
  Walker walker{types, steps + count, resource, out};
  walker.Go(steps, from);
  return walker.visited;
}

void AppendChildren(const TypeTable& types, const NodeRef& from, Collection* out) {
  const Value container = from.node.is_object() ? from.node : from.extension_node;
  if (!container.is_object()) return;
  const Definitions& definitions = types.definitions();
  const bool typed = from.type < definitions.type_count();
  const auto emit = [&](const NodeRef& member) { out->push_back(ToItem(member)); };
  const auto type_of = [&](NameId name) {
    const ElementInfo* element = typed ? definitions.FindElement(from.type, name) : nullptr;
    return element != nullptr ? element->type : kNoType;
  };
  const auto is_sibling = [](Value member) {
    const std::string_view name = member.name_text();
    return !name.empty() && name[0] == '_';
  };
  // Most objects have no extensions on their primitives; then no member needs a look for its sibling.
  const bool any_sibling = std::any_of(container.begin(), container.end(), is_sibling);
  for (Value member : container) {
    if (member.name() == types.name_resource_type) continue;
    Value sibling;
    if (any_sibling) {
      const std::string_view name = member.name_text();
      if (is_sibling(member)) {
        // With a value it was emitted there.
        if (!container[name.substr(1)])
          EmitMember(types, Value(), member, type_of(Names::Find(name.substr(1))), emit);
        continue;
      }
      sibling = container["_" + std::string(name)];
    }
    EmitMember(types, member, sibling, type_of(member.name()), emit);
  }
}

bool HasType(const TypeTable& types, const Item& item, const TypeTest& test, bool exact) {
  if (item.type != kNoType) return MatchesType(types, item.type, test, exact);
  // A node of unknown type is told by its JSON.
  switch (item.node.kind()) {
    case Kind::kTrue:
    case Kind::kFalse:
      return test.system == SystemKind::kBoolean;
    case Kind::kString:
      return test.system == SystemKind::kString;
    case Kind::kNumber: {
      const bool whole = item.node.Number().find_first_of(".eE") == std::string_view::npos;
      return test.system == (whole ? SystemKind::kInteger : SystemKind::kDecimal);
    }
    case Kind::kObject: {
      const TypeId type = types.ResourceType(item.node, kNoType);
      return type != kNoType && MatchesType(types, type, test, exact);
    }
    default:
      return false;
  }
}

std::string_view ReferenceText(const TypeTable& types, const NodeRef& reference, std::string& scratch) {
  return reference.node.is_object() ? reference.node[types.name_reference].String(scratch)
                                    : reference.node.String(scratch);
}

TypeId TypeOfReferenceText(const TypeTable& types, std::string_view text, const Value& resource) {
  if (text.empty()) return kNoType;
  if (text[0] != '#') return TypeInUrl(types.definitions(), text);
  const Value contained = FindContained(types, resource, text.substr(1));
  return contained ? types.ResourceType(contained, kNoType) : kNoType;
}

TypeId ReferencedType(const TypeTable& types, const NodeRef& reference, const Value& resource) {
  const Definitions& definitions = types.definitions();
  std::string scratch;
  const TypeId named = TypeOfReferenceText(types, ReferenceText(types, reference, scratch), resource);
  if (named != kNoType) return named;
  if (!reference.node.is_object()) return kNoType;
  std::string type_scratch;
  const std::string_view name = reference.node[types.name_type].String(type_scratch);
  const TypeId type = name.empty() ? kNoType : definitions.FindType(name);
  return definitions.IsResource(type) ? type : kNoType;
}

Value FindContained(const TypeTable& types, const Value& resource, std::string_view id) {
  if (id.empty()) return resource;
  std::string scratch;
  for (Value contained : resource[types.name_contained]) {
    if (contained[types.name_id].String(scratch) == id) return contained;
  }
  return Value();
}

}  // namespace tk::fhir::path
