// What values point to: references, fragments, codes, extensions.
// Source: FHIR R4 references.html (forms of a reference, contained resources), terminologies.html#required, extensibility.html.
#include <algorithm>
#include <cctype>

#include "kernel/fhir/primitives.h"
#include "kernel/fhir/validator.h"

namespace tk::fhir {
namespace {

constexpr size_t kCodesShownMax = 20;
constexpr std::string_view kStructureUrl = "http://hl7.org/fhir/StructureDefinition/";

bool IsIdText(std::string_view text) {
  TypeInfo id{};
  id.primitive = Primitive::kId;
  return IsPrimitiveText(id, text);
}

/// "scheme:" at the start, RFC 3986 section 3.1.
bool HasScheme(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || std::isalpha(static_cast<unsigned char>(text[0])) == 0)
    return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
}

struct Literal {
  std::string_view type;
  std::string_view id;
};

/// The last "Type/id" of a url, or of "Type/id" itself; a version after it is taken off.
Literal SplitLiteral(std::string_view text, std::string_view* before) {
  const size_t history = text.rfind("/_history/");
  if (history != std::string_view::npos && IsIdText(text.substr(history + 10)))
    text = text.substr(0, history);
  const size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return {};
  const size_t start = text.rfind('/', slash == 0 ? 0 : slash - 1);
  const size_t type_at = start == std::string_view::npos || slash == 0 ? 0 : start + 1;
  *before = text.substr(0, type_at);
  return {text.substr(type_at, slash - type_at), text.substr(slash + 1)};
}

}  // namespace

void Validator::Reference(Value value, const ElementInfo& element) {
  const KnownTypes& known = Known();
  const Value reference = value[known.reference_member];
  if (reference.is_string()) {
    path_.push_back({"reference", -1});
    std::string decoded;
    ReferenceText(reference.String(decoded), element);
    path_.pop_back();
  }
  const Value type = value[known.type];
  if (!type.is_string()) return;
  std::string decoded;
  std::string_view name = type.String(decoded);
  if (name.substr(0, kStructureUrl.size()) == kStructureUrl) name.remove_prefix(kStructureUrl.size());
  if (HasScheme(name)) return;  // a type of somebody else's
  path_.push_back({"type", -1});
  Target(name, element);
  // A literal reference names its type itself, and both must say the same.
  std::string_view before;
  std::string link;
  const std::string_view literal = SplitLiteral(reference.String(link), &before).type;
  if (literal != name && definitions_.IsResource(definitions_.FindType(literal)))
    Add("value", "is not the type that the reference names");
  path_.pop_back();
}

void Validator::ReferenceText(std::string_view text, const ElementInfo& element) {
  if (text.empty()) return;  // told already
  if (text.front() == '#') return Fragment(text.substr(1), element);
  std::string_view before;
  if (HasScheme(text)) {
    // Another server's: its last part may name a type, which must fit then.
    if (text.substr(0, 4) != "http") return;
    const Literal literal = SplitLiteral(text, &before);
    const TypeId type = definitions_.FindType(literal.type);
    if (definitions_.IsResource(type) && IsIdText(literal.id)) Target(literal.type, element);
    return;
  }
  // A conditional reference is for the server to resolve; it can stand only in a bundle.
  const size_t query = text.find('?');
  if (query != std::string_view::npos && in_bundle_) return Target(text.substr(0, query), element);
  const Literal literal = SplitLiteral(text, &before);
  if (!before.empty() || literal.type.empty() || !IsIdText(literal.id)) {
    return Add(
        "value",
        "is not a reference: Type/id, an absolute URL, urn:uuid:, urn:oid: or #id of a contained resource");
  }
  Target(literal.type, element);
}

void Validator::Target(std::string_view type_name, const ElementInfo& element) {
  const TypeId type = definitions_.FindType(type_name);
  if (!definitions_.IsResource(type) || definitions_.Type(type).is_abstract) {
    return Add("value", "refers to a type that is not a resource type");
  }
  if (element.reference_targets.empty()) return;
  std::string permitted;
  for (const TypeId target : element.reference_targets) {
    if (definitions_.IsA(type, target)) return;
    permitted += permitted.empty() ? "" : ", ";
    permitted += definitions_.Type(target).name;
  }
  Add("structure",
      "refers to a " + std::string(definitions_.Type(type).name) + "; permitted here: " + permitted);
}

void Validator::ReadContained(Value resource) {
  container_.contained_read = true;
  container_.contained.clear();
  for (const Value contained : resource[Known().contained]) {
    if (const Value id = contained[Known().id]; id.is_string())
      container_.contained.emplace(id.ToString(), contained[Known().resource_type].ToString());
  }
}

void Validator::Fragment(std::string_view id, const ElementInfo& element) {
  if (id.empty()) return;  // "#": the container itself
  if (!container_.contained_read) ReadContained(container_.value);
  const auto found = container_.contained.find(std::string(id));
  if (found == container_.contained.end()) return Broken(Native::kRef1);
  // What is no type at all is told where it stands.
  if (definitions_.IsResource(definitions_.FindType(found->second))) Target(found->second, element);
}

void Validator::WrongCode(CodeSetId set) {
  std::string text = "is not a code of the required value set " + std::string(definitions_.CodeSetUrl(set));
  const std::vector<std::string_view> codes = definitions_.Codes(set);
  if (!codes.empty() && codes.size() <= kCodesShownMax) {
    text += "; permitted: ";
    for (size_t i = 0; i < codes.size(); ++i) {
      if (i != 0) text += ", ";
      text += codes[i];
    }
  }
  Add("code-invalid", std::move(text));
}

void Validator::Code(std::string_view code, const ElementInfo& element) {
  if (!definitions_.HasCode(element.required_codes, "", code)) WrongCode(element.required_codes);
}

bool Validator::IsCodingIn(Value coding, CodeSetId set) const {
  std::string system;
  std::string code;
  return definitions_.HasCode(set, coding[Known().system].String(system), coding[Known().code].String(code));
}

void Validator::Coding(Value coding, const ElementInfo& element) {
  if (IsCodingIn(coding, element.required_codes)) return;
  if (!coding[Known().code].present() && coding[Known().extension_member].present())
    return;  // says why it has none
  WrongCode(element.required_codes);
}

// At least one coding must be from the set; further ones may translate it.
void Validator::Concept(Value concept_value, const ElementInfo& element) {
  const Value codings = concept_value[Known().coding_member];
  for (const Value coding : codings) {
    if (IsCodingIn(coding, element.required_codes)) return;
  }
  if (!codings.present() && concept_value[Known().extension_member].present())
    return;  // says why it has none
  WrongCode(element.required_codes);
}

// ext-1: either a value or further extensions, not both and not neither.
void Validator::Extension(const Seen& seen, TypeId type, Value value) {
  const ElementInfo* element = definitions_.FindElement(type, Known().extension_member);
  const auto place = static_cast<size_t>(element - definitions_.Elements(type).data());
  const bool has_extension = seen.elements.test(place);
  const bool has_value = seen.choices.any();
  if (value.size() != 0 && has_extension == has_value) {
    Broken(Native::kExt1);
  }
}

}  // namespace tk::fhir
