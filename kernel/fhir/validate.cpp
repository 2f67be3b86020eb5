#include "kernel/fhir/validate.h"

#include <algorithm>

#include "kernel/fhir/element_path.h"
#include "kernel/fhir/json_text.h"
#include "kernel/fhir/primitives.h"
#include "kernel/fhir/validator.h"
#include "kernel/fhir/xhtml.h"

namespace tk::fhir {
namespace {

constexpr size_t kNameShownMax = 64;

std::string_view KindName(const TypeInfo& type) {
  if (type.type_class != TypeClass::kPrimitive) return "an object";
  switch (type.json_form) {
    case JsonForm::kBoolean:
      return "a JSON boolean";
    case JsonForm::kNumber:
      return "a JSON number";
    default:
      return "a JSON string";
  }
}

}  // namespace

std::vector<Issue> Validate(const Definitions& definitions, Value root, const ValidateOptions& options) {
  return Validator(definitions, options).Run(root);
}

Status CheckValid(const Definitions& definitions, Value root, const ValidateOptions& options) {
  ValidateOptions one_more = options;
  ++one_more.issues_max;
  std::vector<Issue> issues = Validate(definitions, root, one_more);
  TellAtMost(options.issues_max, false, &issues);
  const auto first = std::find_if(issues.begin(), issues.end(), [](const Issue& issue) {
    return issue.severity == Severity::kError || issue.severity == Severity::kFatal;
  });
  if (first == issues.end()) return {};
  Error error = MakeError(RefusedFor(issues), first->path + ": " + first->text);
  error.issues = std::move(issues);
  return error;
}

ErrorCode RefusedFor(const std::vector<Issue>& issues) {
  const bool only_large = std::all_of(issues.begin(), issues.end(), [](const Issue& issue) {
    const bool is_error = issue.severity == Severity::kError || issue.severity == Severity::kFatal;
    return !is_error || issue.type == "too-costly";
  });
  return only_large ? ErrorCode::kTooLarge : ErrorCode::kInvalid;
}

void TellAtMost(size_t issues_max, bool has_more, std::vector<Issue>* issues) {
  if (issues->size() <= issues_max && !has_more) return;
  for (const Severity least : {Severity::kInformation, Severity::kWarning}) {
    size_t spare = issues->size() > issues_max ? issues->size() - issues_max : 0;
    std::erase_if(*issues,
                  [&](const Issue& issue) { return issue.severity == least && spare > 0 && spare-- > 0; });
  }
  if (issues->size() > issues_max) issues->resize(issues_max);
  issues->push_back(
      {Severity::kInformation,
       "informational",
       {},
       "more was found than these " + std::to_string(issues->size()) + " issues: mend them and ask again"});
}

const KnownTypes& Known() {
  static const KnownTypes known = [] {
    const auto r4 = Definitions::R4();
    return KnownTypes{r4->FindType("Reference"),       r4->FindType("Extension"), r4->FindType("Coding"),
                      r4->FindType("CodeableConcept"), r4->FindType("Bundle"),    Names::Find("resourceType"),
                      Names::Find("contained"),        Names::Find("reference"),  Names::Find("type"),
                      Names::Find("system"),           Names::Find("code"),       Names::Find("coding"),
                      Names::Find("extension"),        Names::Find("id"),         Names::Find("text")};
  }();
  return known;
}

Validator::Validator(const Definitions& definitions, const ValidateOptions& options)
    : definitions_(definitions),
      options_(options),
      issues_(options.issues_max),
      invariants_(definitions.invariants()) {
  environment_.definitions = &definitions;
  path_.reserve(32);
}

std::vector<Issue> Validator::Run(Value root) {
  Resource(root, options_.expected, Place::kRoot);
  return issues_.Take();
}

void Validator::Add(std::string_view type, std::string text) {
  if (!Full()) issues_.Add({Severity::kError, type, Path(), std::move(text)});
}

std::string Validator::Path() const { return ElementPath(path_); }

void Validator::Resource(Value value, TypeId expected, Place place) {
  if (!value.is_object()) return Add("structure", "a resource must be a JSON object");
  const Value named = value[Known().resource_type];
  if (!named.is_string()) {
    return Add("structure", "a resource must name its type: the member resourceType is missing or no string");
  }
  const std::string name = named.ToString();
  const TypeId type = definitions_.FindType(name);
  if (type == kNoType || !definitions_.IsResource(type) || definitions_.Type(type).is_abstract) {
    return Add("not-supported", "resourceType does not name a resource type of FHIR R4 or of this platform");
  }
  const std::string_view type_name = definitions_.Type(type).name;
  if (place == Place::kRoot) path_.push_back({type_name, -1});
  if (expected != kNoType && !definitions_.IsA(type, expected)) {
    return Add("invalid", "must be a " + std::string(definitions_.Type(expected).name) + ", not a " +
                              std::string(type_name));
  }
  // A contained resource is part of its container; every other one resolves fragments within itself.
  Container outer_container;
  const Value outer_resource = resource_;
  const bool outer_bundle = in_bundle_;
  resource_ = value;
  if (place != Place::kContained) {
    std::swap(outer_container, container_);
    container_.value = value;
    in_bundle_ = in_bundle_ || type == Known().bundle;
  } else {
    container_.contained_at = path_.back().index;
  }
  Seen seen;
  Members(value, type, true, &seen);
  TypeInvariants(value, Value(), type);
  if (place != Place::kContained) {
    std::swap(outer_container, container_);
    in_bundle_ = outer_bundle;
  } else {
    container_.contained_at = -1;
  }
  resource_ = outer_resource;
}

void Validator::Members(Value object, TypeId type, bool is_resource, Seen* seen) {
  const ElementInfo* const first = definitions_.Elements(type).data();
  size_t count = 0;
  for (const Value member : object) {
    if (Full()) return;
    ++count;
    if (is_resource && member.name() == Known().resource_type) continue;
    const ElementInfo* element = definitions_.FindElement(type, member.name());
    const bool is_sibling = element == nullptr;
    if (is_sibling) element = SiblingElement(type, member);
    if (element == nullptr) {
      UnknownMember(member);
      continue;
    }
    path_.push_back({element->base_name, -1});
    const auto place = static_cast<size_t>(element - first);
    if (element->choice != 0 && !seen->elements.test(place)) {
      if (seen->choices.test(element->choice))
        Add("structure", "has several values; at most one of the choice may be given");
      seen->choices.set(element->choice);
    }
    seen->elements.set(place);
    if (is_sibling) {
      Sibling(object, member, *element);
    } else {
      Member(object, member, *element);
    }
    path_.pop_back();
  }
  if (count == 0) Add("structure", "an object must not be empty");
  Required(type, *seen);
}

void Validator::UnknownMember(Value member) {
  const std::string_view name = member.name_text();
  path_.push_back({name.substr(0, kNameShownMax), -1});
  Add("structure", "is not known in this place; check the spelling and the FHIR version (this is R4, 4.0.1)");
  path_.pop_back();
}

void Validator::Required(TypeId type, const Seen& seen) {
  const ElementInfo* const first = definitions_.Elements(type).data();
  for (const uint16_t place : definitions_.RequiredElements(type)) {
    const ElementInfo& element = first[place];
    if (element.choice != 0 ? seen.choices.test(element.choice) : seen.elements.test(place)) continue;
    path_.push_back({element.base_name, -1});
    Add("required", "is missing; at least " + std::to_string(element.min) + " is required");
    path_.pop_back();
  }
}

// The element `x` of a member `_x`, which carries id and extensions of a primitive.
const ElementInfo* Validator::SiblingElement(TypeId type, Value member) const {
  const std::string_view name = member.name_text();
  if (name.size() < 2 || name.front() != '_') return nullptr;
  const ElementInfo* element = definitions_.FindElement(type, Names::Find(name.substr(1)));
  if (element == nullptr || definitions_.Type(element->type).type_class != TypeClass::kPrimitive)
    return nullptr;
  return element;
}

void Validator::Member(Value object, Value member, const ElementInfo& element) {
  if (element.max > 1) {
    if (!member.is_array()) return Add("structure", "may repeat, so it must be a JSON array");
    return Items(object, member, element);
  }
  if (member.is_array()) return Add("structure", "does not repeat, so it must not be a JSON array");
  One(member, element);
}

void Validator::Items(Value object, Value array, const ElementInfo& element) {
  const bool is_primitive = definitions_.Type(element.type).type_class == TypeClass::kPrimitive;
  Value sibling;
  Value::Iterator sibling_item;
  bool sibling_read = false;
  size_t i = 0;
  size_t sibling_at = 0;
  for (const Value item : array) {
    if (Full()) return;
    path_.back().index = static_cast<int64_t>(i);
    if (item.kind() == Kind::kNull && is_primitive) {
      // A gap is permitted where the sibling array has id or extensions instead. Both are walked in step.
      if (!sibling_read) {
        sibling = object["_" + std::string(element.name)];
        sibling_item = sibling.begin();
        sibling_read = true;
      }
      for (; sibling_at < i && !(sibling_item == sibling.end()); ++sibling_at) ++sibling_item;
      const bool filled =
          sibling.is_array() && !(sibling_item == sibling.end()) && (*sibling_item).is_object();
      if (!filled)
        Add("structure",
            "null is permitted only where the array _" + std::string(element.name) + " has an object");
    } else {
      One(item, element);
    }
    ++i;
  }
  path_.back().index = -1;
  if (i == 0) Add("structure", "an array must not be empty; leave the member out");
  if (element.max != 0xffff && i > element.max)
    Add("structure", "occurs too often; at most " + std::to_string(element.max));
  if (i != 0 && i < element.min)
    Add("required", "occurs too seldom; at least " + std::to_string(element.min));
}

void Validator::One(Value value, const ElementInfo& element) {
  const TypeInfo& type = definitions_.Type(element.type);
  switch (type.type_class) {
    case TypeClass::kPrimitive:
      return Primitive(value, element);
    case TypeClass::kResource:
      if (element.name_id == Known().contained) return Resource(value, element.type, Place::kContained);
      return Resource(value, element.type, Place::kInside);
    case TypeClass::kComplex:
    case TypeClass::kBackbone:
      break;
  }
  if (!value.is_object()) return Add("structure", "must be an object (" + std::string(type.name) + ")");
  Complex(value, element);
}

void Validator::Complex(Value value, const ElementInfo& element) {
  Seen seen;
  Members(value, element.type, false, &seen);
  TypeInvariants(value, Value(), element.type);
  if (!element.constraints.empty()) ElementInvariants(value, Value(), element);
  const KnownTypes& known = Known();
  if (element.type == known.extension) return Extension(seen, element.type, value);
  if (element.type == known.reference) return Reference(value, element);
  if (element.required_codes == kNoCodeSet) return;
  if (element.type == known.coding) return Coding(value, element);
  if (element.type == known.codeable_concept) return Concept(value, element);
}

void Validator::Primitive(Value value, const ElementInfo& element) {
  const TypeInfo& type = definitions_.Type(element.type);
  bool right = false;
  switch (type.json_form) {
    case JsonForm::kBoolean:
      right = value.kind() == Kind::kTrue || value.kind() == Kind::kFalse;
      break;
    case JsonForm::kNumber:
      right = value.kind() == Kind::kNumber;
      break;
    case JsonForm::kString:
    case JsonForm::kNone:
      right = value.kind() == Kind::kString;
      break;
  }
  if (!right)
    return Add("structure", "must be " + std::string(KindName(type)) + " (" + std::string(type.name) + ")");
  if (type.json_form == JsonForm::kNumber) {
    if (!IsPrimitiveText(type, value.Number()))
      Add("value", "is not " + std::string(ExpectedForm(type.primitive)));
  } else if (type.json_form != JsonForm::kBoolean) {
    Text(value, element, type);
  }
  if (!element.constraints.empty()) ElementInvariants(value, Value(), element);
}

void Validator::Text(Value value, const ElementInfo& element, const TypeInfo& type) {
  const std::string_view text = value.String(scratch_);
  if (text.empty()) return Add("value", "must not be an empty string; leave the member out");
  if (type.primitive == Primitive::kXhtml) {
    if (const char* problem = NarrativeProblem(text))
      Add("invariant", std::string("txt-1: XHTML: ") + problem);
    else
      NoteNarrative(text);
    // An empty narrative harms nobody, and four of HL7's own examples have one: $validate tells it, a write is not refused for it.
    if (options_.warnings && !NarrativeHasContent(text)) Broken(Native::kTxt2);
    return;
  }
  if (!IsPrimitiveText(type, text))
    return Add("value", "is not " + std::string(ExpectedForm(type.primitive)));
  if (text.size() > kStringBytesMax && type.primitive != Primitive::kBase64Binary) {
    return Add("too-long", "is longer than 1 MB");
  }
  if (text.front() == '#') NoteFragment(text, element);
  if (element.required_codes != kNoCodeSet) Code(text, element);
}

// `_x`: one object, or an array with null where x[i] has neither id nor extensions.
void Validator::Sibling(Value object, Value member, const ElementInfo& element) {
  if (element.max <= 1) {
    if (!member.is_object()) return Add("structure", "_" + std::string(element.name) + " must be an object");
    return SiblingObject(object[element.name_id], member, element);
  }
  if (!member.is_array())
    return Add("structure", "may repeat, so _" + std::string(element.name) + " must be a JSON array");
  const Value values = object[element.name_id];
  Value::Iterator value = values.begin();
  size_t i = 0;
  for (const Value item : member) {
    if (Full()) return;
    path_.back().index = static_cast<int64_t>(i++);
    const bool has_value = values.is_array() && !(value == values.end()) && (*value).kind() != Kind::kNull;
    if (item.kind() == Kind::kNull) {
      if (!has_value)
        Add("structure", "null in _" + std::string(element.name) + " needs a value in its place");
    } else if (item.is_object()) {
      SiblingObject(has_value ? *value : Value(), item, element);
    } else {
      Add("structure", "_" + std::string(element.name) + " must hold objects or null");
    }
    if (!(value == values.end())) ++value;
  }
  path_.back().index = -1;
  if (options_.warnings && values.is_array() && i > values.size())
    Add("structure", "_" + std::string(element.name) + " is longer than " + std::string(element.name) +
                         ": both are filled up with null");
  if (i == 0) Add("structure", "an array must not be empty; leave the member out");
}

/// `value` may be absent.
void Validator::SiblingObject(Value value, Value sibling, const ElementInfo& element) {
  Seen seen;
  Members(sibling, element.type, false, &seen);
  TypeInvariants(value, sibling, element.type);
  if (!value && !element.constraints.empty()) ElementInvariants(value, sibling, element);
}

}  // namespace tk::fhir
