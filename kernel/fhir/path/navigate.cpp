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

/// What follows calls `emit(NodeRef)` for items and ends when that answers false; the answer is then false, too.
/// EmitMember: every item of a member and its `_` sibling: single values, arrays, arrays side by side.
template <class Emit>
bool EmitMember(const TypeTable& types, Value value, Value sibling, TypeId type, const Emit& emit) {
  const auto emit_one = [&](Value node, Value extension_node) {
    if (node.kind() == Kind::kNull) node = Value();
    if (extension_node.kind() == Kind::kNull) extension_node = Value();
    if (!node && !extension_node) return true;
    TypeId actual = type;
    if (node && types.IsAbstractResource(type)) actual = types.ResourceType(node, type);
    return emit(NodeRef{node, extension_node, actual});
  };
  if (!sibling) {  // nearly always
    if (!value.is_array()) return emit_one(value, Value());
    for (Value item : value) {
      if (!emit_one(item, Value())) return false;
    }
    return true;
  }
  if (!value.is_array() && !sibling.is_array()) return emit_one(value, sibling);
  auto left = value.begin();
  auto right = sibling.begin();
  while ((value && left != value.end()) || (sibling && right != sibling.end())) {
    Value node;
    Value extension_node;
    if (value && left != value.end()) node = *left++;
    if (sibling && right != sibling.end()) extension_node = *right++;
    if (!emit_one(node, extension_node)) return false;
  }
  return true;
}

/// "_valueString" without "valueString": a value that has only extensions.
template <class Emit>
bool EmitChoiceSibling(const TypeTable& types, TypeId owner, uint16_t choice, Value container, Value member,
                       const Emit& emit) {
  const Definitions& definitions = types.definitions();
  const std::string_view name = member.name_text();
  if (name.empty() || name[0] != '_') return true;
  const ElementInfo* element = definitions.FindElement(owner, Names::Find(name.substr(1)));
  if (element == nullptr || element->choice != choice || container[element->name_id]) return true;
  return EmitMember(types, Value(), member, element->type, emit);
}

/// Members of one choice: usually one, found by its own name, e.g. valueQuantity for value.
template <class Emit>
bool ForChoice(const TypeTable& types, TypeId owner, uint16_t choice, Value container, const Emit& emit) {
  const Definitions& definitions = types.definitions();
  for (Value member : container) {
    const ElementInfo* element = definitions.FindElement(owner, member.name());
    if (element != nullptr && element->choice == choice) {
      Value sibling;
      if (types.IsPrimitive(element->type)) sibling = container["_" + std::string(element->name)];
      if (!EmitMember(types, member, sibling, element->type, emit)) return false;
    } else if (element == nullptr) {
      if (!EmitChoiceSibling(types, owner, choice, container, member, emit)) return false;
    }
  }
  return true;
}

/// The same where the compiler has looked up the members of the choice: names are compared, nothing else is asked of most members.
template <class Emit>
bool ForKnownChoice(const TypeTable& types, const Step& step, const Resolved& resolved, Value container,
                    const Emit& emit) {
  const ChoiceMember* const table = step.choices.data() + resolved.choice_first;
  const Document* const document = container.document();
  const Node* const nodes = document->nodes().data();
  const uint32_t end = nodes[container.index()].end;
  const bool siblings = (nodes[container.index()].escaped & kHasSiblings) != 0;
  for (uint32_t i = container.index() + 1; i < end; i = nodes[i].end) {
    const NameId name = nodes[i].name;
    size_t at = name & resolved.choice_mask;
    while (table[at].name != name && table[at].name != kNoName) at = (at + 1) & resolved.choice_mask;
    const ChoiceMember& one = table[at];
    bool go_on = true;
    if (name == kUnknownName) {
      go_on = !siblings ||
              EmitChoiceSibling(types, resolved.owner, resolved.choice, container, Value(document, i), emit);
    } else if (one.name == kNoName) {
      continue;
    } else if (!one.is_sibling) {
      const Value sibling = siblings && one.primitive ? container[one.other] : Value();
      go_on = EmitMember(types, Value(document, i), sibling, one.type, emit);
    } else if (!container[one.other]) {
      go_on = EmitMember(types, Value(), Value(document, i), one.type, emit);
    }
    if (!go_on) return false;
  }
  return true;
}

template <class Emit>
bool ForNamed(const TypeTable& types, const Step& step, const Resolved& resolved, Value container,
              const Emit& emit) {
  const Document* const document = container.document();
  const Node* const nodes = document->nodes().data();
  const uint32_t end = nodes[container.index()].end;
  const bool siblings = resolved.primitive && (nodes[container.index()].escaped & kHasSiblings) != 0;
  uint32_t i = container.index() + 1;
  if (!siblings && step.name != kUnknownName) {  // nearly always
    while (i < end && nodes[i].name != step.name) i = nodes[i].end;
    return i >= end || EmitMember(types, Value(document, i), Value(), resolved.type, emit);
  }
  Value value;
  Value sibling;
  for (; i < end; i = nodes[i].end) {
    if (IsNamed(container, i, nodes[i], step.name, step.text)) {
      value = Value(document, i);
      if (!siblings || sibling) break;
    } else if (siblings && IsNamed(container, i, nodes[i], step.sibling, step.sibling_text)) {
      sibling = Value(document, i);
      if (value) break;
    }
  }
  return !(value || sibling) || EmitMember(types, value, sibling, resolved.type, emit);
}

template <class Emit>
bool ForMembers(const TypeTable& types, const Step& step, const NodeRef& from, const Emit& emit) {
  // A primitive's members (id, extension) stand in its sibling.
  const Value container = from.node.is_object() ? from.node : from.extension_node;
  if (!container.is_object()) return true;
  const Resolved* resolved = nullptr;
  for (const Resolved& known : step.resolved) {
    if (known.owner == from.type) resolved = &known;
  }
  Resolved found;
  if (resolved == nullptr) {
    found = ResolveMember(types, from.type, step);
    resolved = &found;
  }
  if (!resolved->found) return true;
  if (resolved->choice_mask != 0) return ForKnownChoice(types, step, *resolved, container, emit);
  if (resolved->choice != 0) return ForChoice(types, from.type, resolved->choice, container, emit);
  return ForNamed(types, step, *resolved, container, emit);
}

/// Is the one member the text? Not exactly one, or one without a value, is not equal.
bool MemberEquals(const TypeTable& types, const Step& step, const NodeRef& from) {
  int count = 0;
  bool equal = false;
  std::string scratch;
  ForMembers(types, step, from, [&](const NodeRef& member) {
    equal = member.node.is_string() && member.node.String(scratch) == step.literal;
    return ++count == 1;
  });
  return count == 1 && equal;
}

bool MatchesType(const TypeTable& types, TypeId type, const TypeTest& test, bool exact) {
  if (type == kNoType) return false;
  if (type < types.definitions().type_count() && test.fhir == kNoType && test.system == SystemKind::kString &&
      types.definitions().Type(type).name == "http://hl7.org/fhirpath/System.String")
    return true;
  if (type >= kSystemBoolean) return test.system != SystemKind::kNone && SystemKindOf(type) == test.system;
  if (test.fhir == kNoType) return false;
  if (type == test.fhir) return true;
  return !(exact && types.IsPrimitive(type)) && types.definitions().IsA(type, test.fhir);
}

/// Goes along the steps; calls `found(NodeRef)` at the end of them, which answers whether to go on.
template <class Found>
struct Walker {
  const TypeTable& types;
  const Step* end;
  const Value& resource;
  const Found& found;
  size_t visited = 0;

  bool Go(const Step* step, const NodeRef& from) {
    ++visited;
    if (step == end) return found(from);
    switch (step->kind) {
      case StepKind::kChild:
        return Members(step, from);
      case StepKind::kRoot:
        return Root(step, from);
      case StepKind::kOfType:
        return !IsOfType(*step, from) || Go(step + 1, from);
      case StepKind::kReferenceTo: {
        const TypeId target = ReferencedType(types, from, resource);
        const bool fits = target != kNoType && step->test.fhir != kNoType &&
                          types.definitions().IsA(target, step->test.fhir);
        return !fits || Go(step + 1, from);
      }
      case StepKind::kWhereEquals:
        return !MemberEquals(types, *step, from) || Go(step + 1, from);
    }
    return true;
  }

 private:
  bool Members(const Step* step, const NodeRef& from) {
    return ForMembers(types, *step, from, [&](const NodeRef& member) { return Go(step + 1, member); });
  }
  /// The context itself if it is of the named type, else the members of that name.
  bool Root(const Step* step, const NodeRef& from) {
    NodeRef typed = from;
    if (typed.type == kNoType) typed.type = types.ResourceType(from.node, kNoType);
    if (step->test.fhir == kNoType) {  // no type that is known, but perhaps what the node calls itself
      std::string scratch;
      const bool named =
          from.type == kNoType && from.node[types.name_resource_type].String(scratch) == step->text;
      return named ? Go(step + 1, from) : Members(step, from);
    }
    const bool fits = typed.type == step->test.fhir ||
                      (typed.type < kSystemBoolean && types.definitions().IsA(typed.type, step->test.fhir));
    return fits ? Go(step + 1, typed) : Members(step, from);
  }
  bool IsOfType(const Step& step, const NodeRef& from) const {
    Item item;
    item.node = from.node;
    item.extension_node = from.extension_node;
    item.type = from.type;
    return HasType(types, item, step.test, true);
  }
};

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
  // One member of a choice by its own name (valueQuantity) is found where the type is known only now; the compiler refuses it before.
  if (element != nullptr) {
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
  const auto append = [out](const NodeRef& ref) {
    AppendItem(ref, out);
    return true;
  };
  Walker<decltype(append)> walker{types, steps + count, resource, append};
  walker.Go(steps, from);
  return walker.visited;
}

size_t WalkToFirst(const TypeTable& types, const Step* steps, size_t count, const NodeRef& from,
                   const Value& resource, bool* any) {
  const auto stop = [any](const NodeRef&) {
    *any = true;
    return false;
  };
  Walker<decltype(stop)> walker{types, steps + count, resource, stop};
  walker.Go(steps, from);
  return walker.visited;
}

void AppendChildren(const TypeTable& types, const NodeRef& from, Collection* out) {
  const Value container = from.node.is_object() ? from.node : from.extension_node;
  if (!container.is_object()) return;
  const Definitions& definitions = types.definitions();
  const bool typed = from.type < definitions.type_count();
  const auto emit = [&](const NodeRef& member) {
    AppendItem(member, out);
    return true;
  };
  const auto type_of = [&](NameId name) {
    const ElementInfo* element = typed ? definitions.FindElement(from.type, name) : nullptr;
    return element != nullptr ? element->type : kNoType;
  };
  const auto is_sibling = [](Value member) {
    const std::string_view name = member.name_text();
    return !name.empty() && name[0] == '_';
  };
  // Most objects have no extensions on their primitives; then no member needs a look for its sibling.
  const bool any_sibling = (container.node().escaped & kHasSiblings) != 0;
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

bool IsSystemString(const TypeTable& types, const Item& item) {
  if (!item.node || !item.node.is_string() || !types.IsPrimitive(item.type)) return false;
  if (item.node.name() == types.name_id) return true;
  if (item.node.name() != types.name_url) return false;
  // An Extension's url is one, a ValueSet's is not: who holds it? Its container begins before it and ends behind it.
  const std::vector<Node>& nodes = item.node.document()->nodes();
  for (uint32_t i = item.node.index(); i-- > 0;) {
    if (nodes[i].end <= item.node.index()) continue;
    const NameId list =
        nodes[i].kind == Kind::kObject && nodes[i].name == kNoName && i > 0 ? kNoName : nodes[i].name;
    if (list == types.name_extension) return true;
    if (nodes[i].kind == Kind::kObject && list == kNoName) {  // an item of an array: the array's name
      for (uint32_t k = i; k-- > 0;) {
        if (nodes[k].end > i)
          return nodes[k].name == types.name_extension || nodes[k].name == types.name_modifier_extension;
      }
    }
    return false;
  }
  return false;
}

bool HasType(const TypeTable& types, const Item& item, const TypeTest& test, bool exact) {
  if (item.type != kNoType) {
    return MatchesType(types, item.type, test, exact) ||
           (test.system == SystemKind::kString && test.fhir == kNoType && IsSystemString(types, item));
  }
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
  const std::string_view text = ReferenceText(types, reference, scratch);
  const bool is_here = !text.empty() && text[0] == '#';
  const TypeId named = TypeOfReferenceText(
      types, text, is_here ? ResourcesAround(types, resource, reference.node).container : resource);
  if (named != kNoType) return named;
  if (!reference.node.is_object()) return kNoType;
  std::string type_scratch;
  const std::string_view name = reference.node[types.name_type].String(type_scratch);
  const TypeId type = name.empty() ? kNoType : definitions.FindType(name);
  return definitions.IsResource(type) ? type : kNoType;
}

Around ResourcesAround(const TypeTable& types, const Value& root, const Value& node) {
  Around around{root, root};
  if (!root || node.document() != root.document()) return around;
  const auto holds = [&](const Value& value) {
    return value.index() <= node.index() && node.index() < value.node().end;
  };
  bool is_contained = false;
  for (Value at = root; at && holds(at) && at.index() < node.index();) {
    Value next;
    for (const Value child : at) {
      if (holds(child)) next = child;
    }
    at = next;
    if (at.name() != kNoName) is_contained = at.name() == types.name_contained;
    if (types.ResourceType(at, kNoType) == kNoType) continue;
    around.resource = at;
    if (!is_contained) around.container = at;
  }
  return around;
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
