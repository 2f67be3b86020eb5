// From items to their members, with types. Internal to FHIRPath.
#pragma once

#include <string_view>

#include "kernel/fhir/path/program.h"

namespace tk::fhir::path {

/// An item of a document without the weight of Item: three handles.
struct NodeRef {
  Value node;
  Value extension_node;
  TypeId type = kNoType;
};

inline void AppendItem(const NodeRef& ref, Collection* out) {
  Item& item = out->emplace_back();
  item.node = ref.node;
  item.extension_node = ref.extension_node;
  item.type = ref.type;
}
/// Does the item keep the document that its node is of?
inline bool IsMade(const Item& item) {
  return std::holds_alternative<std::shared_ptr<const Document>>(item.computed);
}
/// What was found in such an item, from `first` on, keeps the document too.
inline void KeepDocument(const Item& from, size_t first, Collection* out) {
  if (!IsMade(from)) return;
  for (size_t i = first; i < out->size(); ++i) (*out)[i].computed = from.computed;
}
inline NodeRef ToRef(const Item& item) { return {item.node, item.extension_node, item.type}; }

/// How `step` is found in nodes of type `owner`.
Resolved ResolveMember(const TypeTable& types, TypeId owner, const Step& step);

/// Walks `steps[0 … count)` from `from` and appends what it reaches, in document order. No allocation beyond `out`.
/// Returns the number of items visited.
size_t Walk(const TypeTable& types, const Step* steps, size_t count, const NodeRef& from,
            const Value& resource, Collection* out);

/// As Walk, but ends at the first item; `*any` becomes true if there is one.
size_t WalkToFirst(const TypeTable& types, const Step* steps, size_t count, const NodeRef& from,
                   const Value& resource, bool* any);

/// All direct members, typed.
void AppendChildren(const TypeTable& types, const NodeRef& from, Collection* out);

/// Is the item of the type named? `exact`: a primitive must be of just this type (ofType, as), not of a subtype.
bool HasType(const TypeTable& types, const Item& item, const TypeTest& test, bool exact);

/// Is the item one of those elements that FHIR declares as System.String: every id, and the url of an extension?
bool IsSystemString(const TypeTable& types, const Item& item);

/// The type that a Reference, canonical or uri points to, from its text or its `type`; kNoType if it cannot be told.
TypeId ReferencedType(const TypeTable& types, const NodeRef& reference, const Value& resource);
TypeId TypeOfReferenceText(const TypeTable& types, std::string_view text, const Value& resource);
/// The literal reference of a Reference, canonical or uri.
std::string_view ReferenceText(const TypeTable& types, const NodeRef& reference, std::string& scratch);
/// The resources around a node of `root`, itself among them: the innermost, and the one whose `contained` a "#id" there means (of a
/// contained resource its container, of an entry of a Bundle the entry's). Both are `root` where the node lies in no other.
struct Around {
  Value resource, container;
};
Around ResourcesAround(const TypeTable& types, const Value& root, const Value& node);
/// The contained resource "#id" of `resource`; absent if there is none.
Value FindContained(const TypeTable& types, const Value& resource, std::string_view id);

}  // namespace tk::fhir::path
