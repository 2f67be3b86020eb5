#include "kernel/rules/template.h"

#include <fmt/format.h>

#include <vector>

namespace tk::rules {

using fhir::Kind;
using fhir::path::Collection;
using fhir::path::Environment;
using fhir::path::Expression;
using fhir::path::Item;

struct Template::Node {
  enum class What { kLiteral, kObject, kArray, kExpression } what = What::kLiteral;
  std::string name;  // member name in an object
  std::string json;  // literal
  std::vector<Node> children;
  std::unique_ptr<const Expression> expression;
};

struct Template::Body {
  Node root;
  fhir::TypeId type = fhir::kNoType;
};

Template::Template(std::unique_ptr<const Body> body) : body_(std::move(body)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;
fhir::TypeId Template::type() const { return body_->type; }

void WriteItem(const Item& item, fhir::JsonWriter* out) {
  if (item.node.present()) {
    out->Raw(item.node.Json());
  } else if (const bool* truth = std::get_if<bool>(&item.computed)) {
    out->Bool(*truth);
  } else if (const int64_t* number = std::get_if<int64_t>(&item.computed)) {
    out->Int(*number);
  } else if (const std::string* text = std::get_if<std::string>(&item.computed)) {
    if (item.type == fhir::path::kSystemDecimal) {
      out->Raw(*text);
    } else if (item.type == fhir::path::kSystemDateTime && text->ends_with('T')) {
      // FHIRPath writes a DateTime of a day so; FHIR's dateTime has no T without hours.
      out->String(std::string_view(*text).substr(0, text->size() - 1));
    } else {
      out->String(*text);
    }
  } else if (const auto* quantity = std::get_if<Item::Quantity>(&item.computed)) {
    out->Object().Key("value").Raw(quantity->number);
    out->Member("system", "http://unitsofmeasure.org").Member("code", quantity->unit).End();
  }
}

namespace {

constexpr int kDepthOfTemplateMax = 32;

Error WrongAt(const std::string& path, std::string text) {
  return MakeIssue(ErrorCode::kInvalid, "structure", path, std::move(text));
}

std::string Under(const std::string& path, std::string_view name) {
  return fmt::format("{}{}{}", path, path.empty() ? "" : ".", name);
}

bool FitsForm(const fhir::TypeInfo& type, Kind kind) {
  switch (type.json_form) {
    case fhir::JsonForm::kString:
      return kind == Kind::kString;
    case fhir::JsonForm::kNumber:
      return kind == Kind::kNumber;
    case fhir::JsonForm::kBoolean:
      return kind == Kind::kTrue || kind == Kind::kFalse;
    case fhir::JsonForm::kNone:
      return true;
  }
  return true;
}

}  // namespace

/// Makes nodes of JSON and checks what definitions tell of it.
struct Template::Compiler {
  const fhir::Definitions& definitions;
  fhir::TypeId context;

  /// The value of an element: a list where it is one. `element` null: of nothing that is known.
  Result<Node> OfElement(fhir::Value value, const fhir::ElementInfo* element, bool one,
                         const std::string& path, int depth) const {
    if (depth > kDepthOfTemplateMax) return WrongAt(path, "the template is nested too deeply");
    const bool is_list = value.kind() == Kind::kArray;
    if (element != nullptr) {
      const bool wants_list = element->max > 1 && !one;
      if (wants_list && !is_list)
        return WrongAt(path, fmt::format("{} is a list: write [ … ] around it", element->name));
      if (!wants_list && is_list)
        return WrongAt(path, fmt::format("{} is no list: leave [ ] out", element->name));
    }
    if (!is_list) return OfOne(value, element, path, depth);
    Node node;
    node.what = Node::What::kArray;
    size_t i = 0;
    for (const fhir::Value item : value)
      node.children.push_back(TRY(OfOne(item, element, fmt::format("{}[{}]", path, i++), depth + 1)));
    return node;
  }

  Result<Node> OfOne(fhir::Value value, const fhir::ElementInfo* element, const std::string& path,
                     int depth) const {
    const fhir::TypeId type = element == nullptr ? fhir::kNoType : element->type;
    if (value.is_object()) return OfObject(value, type, path, depth);
    if (value.kind() == Kind::kArray) return OfElement(value, nullptr, false, path, depth);
    Node node;
    const std::string text = value.is_string() ? value.ToString() : std::string();
    if (text.starts_with("=")) {
      auto compiled = Expression::Compile(std::string_view(text).substr(1), definitions, context);
      if (!compiled.ok()) return WrongAt(path, "not a FHIRPath expression: " + compiled.error().external);
      node.what = Node::What::kExpression;
      node.expression = std::make_unique<const Expression>(std::move(compiled).value());
      return node;
    }
    if (type != fhir::kNoType) {
      const fhir::TypeInfo& info = definitions.Type(type);
      if (info.type_class != fhir::TypeClass::kPrimitive)
        return WrongAt(path, fmt::format("is a {}: write an object", info.name));
      if (!FitsForm(info, value.kind()))
        return WrongAt(
            path,
            fmt::format("is no {}: a text stands in quotes, a number and true or false without", info.name));
      if (element->required_codes != fhir::kNoCodeSet && info.primitive == fhir::Primitive::kCode &&
          !definitions.HasCode(element->required_codes, {}, text))
        return WrongAt(path,
                       fmt::format("\"{}\" is none of the codes that {} may have", text, element->name));
    }
    node.json = std::string(value.Json());
    return node;
  }

  Result<Node> OfObject(fhir::Value value, fhir::TypeId type, const std::string& path, int depth) const {
    Node node;
    node.what = Node::What::kObject;
    if (value["resourceType"].present()) {
      type = definitions.FindType(value["resourceType"].ToString());
      if (!definitions.IsResource(type))
        return WrongAt(Under(path, "resourceType"), "names no resource type");
    }
    for (const fhir::Value member : value) {
      const std::string_view name = member.name_text();
      const fhir::ElementInfo* element = nullptr;
      const bool is_known =
          name == "resourceType" || name == "id" || name.starts_with("_") || type == fhir::kNoType;
      if (!is_known) {
        element =
            member.name() == fhir::kUnknownName ? nullptr : definitions.FindElement(type, member.name());
        if (element == nullptr)
          return WrongAt(Under(path, name),
                         fmt::format("{} has no element {}", definitions.Type(type).name, name));
      }
      node.children.push_back(TRY(OfElement(member, element, false, Under(path, name), depth + 1)));
      node.children.back().name = std::string(name);
    }
    return node;
  }
};

Result<Template> Template::CompileValue(const fhir::Definitions& definitions, fhir::TypeId context,
                                        fhir::Value json, const fhir::ElementInfo& element, bool one) {
  auto body = std::make_unique<Body>();
  body->root = TRY((Compiler{definitions, context}.OfElement(json, &element, one, {}, 0)));
  return Template(std::move(body));
}

Result<Template> Template::Compile(const fhir::Definitions& definitions, fhir::TypeId context,
                                   fhir::Value json) {
  if (!json.is_object() || !json["resourceType"].present())
    return WrongAt("resourceType", "is missing: say which type is made");
  auto body = std::make_unique<Body>();
  body->root = TRY((Compiler{definitions, context}.OfObject(json, fhir::kNoType, {}, 0)));
  body->type = definitions.FindType(json["resourceType"].ToString());
  return Template(std::move(body));
}

Result<std::string> Template::Render(const Environment& environment, const Item& context,
                                     std::string_view id) const {
  struct Renderer {
    const Environment& environment;
    const Item& context;

    // Renders into text of its own so that what comes out empty can be left out. "" = nothing.
    Result<std::string> Render(const Node& node) const {
      std::string text;
      fhir::JsonWriter out(&text);
      switch (node.what) {
        case Node::What::kLiteral:
          return node.json;
        case Node::What::kExpression: {
          Collection found;
          TRY(node.expression->Evaluate(environment, context, &found));
          if (!found.empty()) WriteItem(found.front(), &out);
          return text;
        }
        case Node::What::kArray: {
          out.Array();
          size_t written = 0;
          for (const Node& child : node.children) {
            const std::string value = TRY(Render(child));
            if (value.empty()) continue;
            out.Raw(value);
            ++written;
          }
          out.End();
          return written > 0 ? text : std::string();
        }
        case Node::What::kObject:
          return RenderObject(node, {});
      }
      return text;
    }

    Result<std::string> RenderObject(const Node& node, std::string_view own_id) const {
      std::string text;
      fhir::JsonWriter out(&text);
      out.Object();
      size_t written = 0;
      for (const Node& child : node.children) {
        const std::string value = TRY(Render(child));
        if (value.empty()) continue;
        out.Key(child.name).Raw(value);
        if (++written == 1 && !own_id.empty()) out.Member("id", own_id);
      }
      out.End();
      return written > 0 ? text : std::string();
    }
  };
  const Renderer renderer{environment, context};
  return id.empty() ? renderer.Render(body_->root) : renderer.RenderObject(body_->root, id);
}

}  // namespace tk::rules
