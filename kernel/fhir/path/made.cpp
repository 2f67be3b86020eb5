// Values that an expression makes: %factory.HumanName(…), and what type() answers. Each is a small document that its items keep.
// Source: FHIR R5 fhirpath.html, "Type Factory API"; FHIRPath N1 2.0.0 chapter 10 (reflection).
#include <fmt/format.h>

#include <array>

#include "kernel/fhir/path/evaluate.h"
#include "kernel/fhir/primitives.h"

namespace tk::fhir::path {
namespace {

/// Arguments of %factory.Name(…) in order, as elements of the type.
struct Maker {
  std::string_view type;
  std::array<std::string_view, 7> elements;
};
constexpr std::array<Maker, 7> kMakers = {{
    {"Identifier", {"system", "value", "use", "type"}},
    {"HumanName", {"family", "given", "prefix", "suffix", "text", "use"}},
    {"ContactPoint", {"system", "value", "use"}},
    {"Address", {"line", "city", "state", "postalCode", "country", "use", "type"}},
    {"Quantity", {"system", "code", "value", "unit"}},
    {"Coding", {"system", "code", "display", "version"}},
    {"CodeableConcept", {"coding", "text"}},
}};

/// A value being made: its JSON, and that of its `_` sibling if it is a primitive. "" = none.
struct Made {
  TypeId type = kNoType;
  std::string json;
  std::string sibling;
};

Item ItemOf(const Made& made) {
  std::string text = "{";
  if (!made.json.empty()) text += "\"v\":" + made.json;
  if (!made.sibling.empty()) text += (made.json.empty() ? "\"_v\":" : ",\"_v\":") + made.sibling;
  auto document = std::make_shared<const Document>(Document::Parse(text + "}").value());
  Item item;
  item.type = made.type;
  item.node = document->Root()["v"];
  item.extension_node = document->Root()["_v"];
  item.computed = std::move(document);
  return item;
}

/// The object with the member set, or added at the end.
std::string WithMember(std::string_view object, std::string_view name, std::string_view json) {
  std::string out;
  JsonWriter writer(&out);
  writer.Object();
  const Document parsed = Document::Parse(object.empty() ? "{}" : object).value();
  for (const Value member : parsed.Root()) {
    if (member.name_text() != name) writer.Key(member.name_text()).Raw(member.Json());
  }
  writer.Key(name).Raw(json).End();
  return out;
}

/// The list in `object` under `name`, one longer.
std::string WithListed(std::string_view object, std::string_view name, std::string_view json) {
  const Document parsed = Document::Parse(object.empty() ? "{}" : object).value();
  std::string list(parsed.Root()[name].Json());
  if (list.size() > 2)
    list.back() = ',';
  else
    list = "[";
  return WithMember(object, name, list + std::string(json) + "]");
}

std::string QuotedText(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

/// The value as JSON of a primitive type; nullopt if it is none of that type.
std::optional<std::string> PrimitiveJson(const TypeInfo& type, const Scalar& value) {
  std::string text = value.text;
  switch (value.kind) {
    case SystemKind::kString:
      break;
    case SystemKind::kBoolean:
      text = value.boolean ? "true" : "false";
      break;
    case SystemKind::kInteger:
    case SystemKind::kLong:
    case SystemKind::kDecimal:
      if (type.json_form != JsonForm::kNumber) return std::nullopt;
      text = value.decimal.ToString();
      break;
    case SystemKind::kDate:
    case SystemKind::kDateTime:
    case SystemKind::kTime:
      text = value.temporal.ToString();
      break;
    default:
      return std::nullopt;
  }
  if (type.json_form == JsonForm::kBoolean)
    return text == "true" || text == "false" ? std::optional(text) : std::nullopt;
  if (value.kind == SystemKind::kBoolean) return std::nullopt;
  // Partial times, and date-times without a zone, are values of FHIRPath though not of FHIR.
  const TemporalKind as = type.name == "time"   ? TemporalKind::kTime
                          : type.name == "date" ? TemporalKind::kDate
                                                : TemporalKind::kDateTime;
  const bool temporal =
      type.name == "time" || type.name == "date" || type.name == "dateTime" || type.name == "instant";
  const bool fits = temporal ? Temporal::Parse(text, as).has_value() : IsPrimitiveText(type, text);
  const bool may_be_empty = type.primitive == Primitive::kUri || type.primitive == Primitive::kUrl;
  if (!fits && !(text.empty() && may_be_empty)) return std::nullopt;
  if (type.name == "base64Binary" && text.size() % 4 != 0) return std::nullopt;
  return type.json_form == JsonForm::kNumber ? text : QuotedText(text);
}

/// The FHIR type of a computed value; "" if there is none.
std::string_view FhirNameOf(SystemKind kind) {
  switch (kind) {
    case SystemKind::kBoolean:
      return "boolean";
    case SystemKind::kInteger:
      return "integer";
    case SystemKind::kDecimal:
      return "decimal";
    case SystemKind::kString:
      return "string";
    case SystemKind::kDate:
      return "date";
    case SystemKind::kDateTime:
      return "dateTime";
    case SystemKind::kTime:
      return "time";
    case SystemKind::kQuantity:
      return "Quantity";
    default:
      return "";
  }
}

/// Makes values of one type table; answers nullopt where an argument does not fit.
class Factory {
 public:
  explicit Factory(const TypeTable& types) : types_(types), definitions_(types.definitions()) {}

  std::optional<Made> Primitive(TypeId type, Items value, Items extensions) const {
    Made made{type, "", ""};
    if (value.size() > 1) return std::nullopt;
    if (!value.empty() && !LacksValue(value[0])) {
      const std::optional<std::string> json =
          PrimitiveJson(definitions_.Type(type), ToScalar(types_, value[0]));
      if (!json) return std::nullopt;
      made.json = *json;
    }
    for (const Item& extension : extensions) {
      if (extension.type != types_.extension_type || !extension.node) return std::nullopt;
      made.sibling = WithListed(made.sibling, "extension", extension.node.Json());
    }
    if (made.json.empty() && made.sibling.empty()) made.sibling = "{}";
    return made;
  }

  std::optional<Made> Complex(const Maker& maker, std::span<const Items> arguments) const {
    Made made{definitions_.FindType(maker.type), "{}", ""};
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (i >= maker.elements.size() || maker.elements.at(i).empty()) return std::nullopt;
      if (!Set(made.type, maker.elements.at(i), arguments[i], &made.json)) return std::nullopt;
    }
    return made;
  }

  std::optional<Made> Extension(Items url, Items value) const {
    Made made{types_.extension_type, "{}", ""};
    if (url.size() != 1 || value.size() > 1 || !Set(made.type, "url", url, &made.json)) return std::nullopt;
    if (value.empty()) return made;
    const SystemKind kind = SystemKindOf(value[0].type);
    std::string name(kind == SystemKind::kNone && value[0].type < definitions_.type_count()
                         ? definitions_.Type(value[0].type).name
                         : FhirNameOf(kind));
    if (name.empty()) return std::nullopt;
    if (name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return Set(made.type, "value" + name, value, &made.json) ? std::optional(made) : std::nullopt;
  }

  std::optional<Made> Of(const Item& item) const {
    Made made{item.type, std::string(item.node.Json()), std::string(item.extension_node.Json())};
    if (item.type >= definitions_.type_count()) return std::nullopt;
    if (LacksValue(item)) made.json.clear();
    return made;
  }
  /// An element of a complex value; of a primitive its id or extensions, which stand in the sibling.
  bool SetProperty(std::string_view name, Items value, Made* made) const {
    const bool primitive = types_.IsPrimitive(made->type);
    return Set(made->type, name, value, primitive ? &made->sibling : &made->json);
  }
  bool AddExtension(Items url, Items value, Made* made) const {
    const std::optional<Made> extension = Extension(url, value);
    if (!extension) return false;
    std::string& object = types_.IsPrimitive(made->type) ? made->sibling : made->json;
    object = WithListed(object, "extension", extension->json);
    return true;
  }

 private:
  bool Set(TypeId owner, std::string_view name, Items values, std::string* object) const {
    if (values.empty()) return true;
    const ElementInfo* element = definitions_.FindElement(owner, Names::Find(name));
    if (element == nullptr || (element->max == 1 && values.size() > 1)) return false;
    for (const Item& value : values) {
      std::string sibling;
      const std::optional<std::string> json = JsonFor(element->type, value, &sibling);
      if (!json) return false;
      *object = element->max == 1 ? WithMember(*object, name, *json) : WithListed(*object, name, *json);
      if (!sibling.empty() && element->max == 1)
        *object = WithMember(*object, "_" + std::string(name), sibling);
    }
    return true;
  }
  std::optional<std::string> JsonFor(TypeId type, const Item& value, std::string* sibling) const {
    const Scalar scalar = ToScalar(types_, value);
    if (types_.IsPrimitive(type) || types_.KindOf(type) == SystemKind::kString) {
      if (value.extension_node) *sibling = value.extension_node.Json();
      const bool text = definitions_.Type(type).json_form != JsonForm::kNumber &&
                        definitions_.Type(type).json_form != JsonForm::kBoolean;
      if (!text) return PrimitiveJson(definitions_.Type(type), scalar);
      if (scalar.kind == SystemKind::kString) return QuotedText(scalar.text);
      return scalar.IsTemporal() ? std::optional(QuotedText(scalar.temporal.ToString())) : std::nullopt;
    }
    if (value.node && value.type < definitions_.type_count() && definitions_.IsA(value.type, type))
      return std::string(value.node.Json());
    if (type != types_.quantity_type || scalar.kind != SystemKind::kQuantity) return std::nullopt;
    return fmt::format(R"({{"value":{},"unit":{},"system":"http://unitsofmeasure.org","code":{}}})",
                       scalar.decimal.ToString(), QuotedText(scalar.text), QuotedText(scalar.text));
  }

  const TypeTable& types_;
  const Definitions& definitions_;
};

std::optional<Made> MadeBy(const TypeTable& types, std::string_view name, TypeId type,
                           std::span<const Items> arguments) {
  const Factory factory(types);
  const size_t count = arguments.size();
  if (name == "create" && count == 0) {
    const bool primitive = types.IsPrimitive(type);
    return Made{type, primitive ? "" : "{}", primitive ? "{}" : ""};
  }
  if (name == "withExtension" || name == "withProperty") {
    if (count != 3 || arguments[0].size() != 1 || arguments[1].size() != 1) return std::nullopt;
    std::optional<Made> made = factory.Of(arguments[0][0]);
    if (!made) return std::nullopt;
    std::string scratch;
    const std::optional<std::string_view> property = TextOfItem(types, arguments[1][0], &scratch);
    const bool done = name == "withExtension"
                          ? factory.AddExtension(arguments[1], arguments[2], &*made)
                          : property && factory.SetProperty(*property, arguments[2], &*made);
    return done ? made : std::nullopt;
  }
  if (name == "Extension") return count == 2 ? factory.Extension(arguments[0], arguments[1]) : std::nullopt;
  if (types.IsPrimitive(type)) {
    if (count < 1 || count > 2) return std::nullopt;
    return factory.Primitive(type, arguments[0], count > 1 ? arguments[1] : Items());
  }
  for (const Maker& maker : kMakers) {
    if (maker.type == name) return factory.Complex(maker, arguments);
  }
  return std::nullopt;
}

}  // namespace

Status Evaluator::MakeOfFactory(const Op& op, const Frame& frame, Collection* out) {
  std::vector<Collection> values(op.count);
  std::vector<Items> arguments(op.count);
  for (size_t i = 0; i < op.count; ++i) {
    TRY(Eval(program_.arguments[op.first + i], frame, &values[i]));
    arguments[i] = values[i];
  }
  const std::string& name = program_.names[op.input];
  const std::optional<Made> made = MadeBy(types_, name, static_cast<TypeId>(op.right), arguments);
  if (!made) {
    return Fail(
        op, fmt::format("%factory.{}() cannot be made of these values: the number of arguments, their types "
                        "or their form do not fit",
                        name));
  }
  if (made->json.size() + made->sibling.size() > kTextBytesMax)
    return Fail(op, "the value is too large", ErrorCode::kTooLarge);
  TRY(Charge(op, 10 + (made->json.size() + made->sibling.size()) / 16));
  out->push_back(ItemOf(*made));
  return {};
}

Status Evaluator::CallType(const Call& call) {
  TRY(Charge(call.op, call.input.size() * 4));
  const Definitions& definitions = types_.definitions();
  for (const Item& item : call.input) {
    std::string_view space = "System";
    std::string_view name = "Any";
    const SystemKind kind = KindOfItem(types_, item);
    const bool system =
        item.type == kNoType || item.type >= definitions.type_count() || IsSystemString(types_, item);
    if (system && kind != SystemKind::kNone) {
      name = SystemTypeName(kind);
    } else if (!system) {
      space = "FHIR";
      TypeId type = item.type;
      if (definitions.Type(type).type_class == TypeClass::kBackbone) type = definitions.Type(type).base;
      if (type != kNoType) name = definitions.Type(type).name;
    }
    std::string json;
    JsonWriter(&json).Object().Member("name", name).Member("namespace", space).End();
    call.out->push_back(ItemOf({kNoType, std::move(json), ""}));
  }
  return {};
}

}  // namespace tk::fhir::path
