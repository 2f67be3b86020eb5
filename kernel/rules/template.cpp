#include <fmt/format.h>

#include "kernel/rules/rule.h"

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

namespace {

constexpr int kDepthOfTemplateMax = 32;

// The JSON of one result: a node stands as it is; a computed value is written by its kind.
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
    } else {
      out->String(*text);
    }
  } else if (const auto* quantity = std::get_if<Item::Quantity>(&item.computed)) {
    out->Object().Key("value").Raw(quantity->number);
    out->Member("system", "http://unitsofmeasure.org").Member("code", quantity->unit).End();
  }
}

}  // namespace

Result<Template> Template::Compile(const fhir::Definitions& definitions, fhir::TypeId context,
                                   fhir::Value json) {
  struct Compiler {
    const fhir::Definitions& definitions;
    fhir::TypeId context;

    Result<Node> Build(fhir::Value value, const std::string& path, int depth) const {
      if (depth > kDepthOfTemplateMax)
        return MakeIssue(ErrorCode::kInvalid, "too-long", path, "the template is nested too deeply");
      Node node;
      if (value.kind() == Kind::kObject || value.kind() == Kind::kArray) {
        node.what = value.is_object() ? Node::What::kObject : Node::What::kArray;
        size_t i = 0;
        for (fhir::Value child : value) {
          const std::string at = value.is_object() ? path + "." + std::string(child.name_text())
                                                   : fmt::format("{}[{}]", path, i++);
          node.children.push_back(TRY(Build(child, at, depth + 1)));
          node.children.back().name = std::string(child.name_text());
        }
        return node;
      }
      const std::string text = value.is_string() ? value.ToString() : std::string();
      if (text.starts_with("=")) {
        auto compiled = Expression::Compile(std::string_view(text).substr(1), definitions, context);
        if (!compiled.ok())
          return MakeIssue(ErrorCode::kInvalid, "value", path,
                           "not a FHIRPath expression: " + compiled.error().external);
        node.what = Node::What::kExpression;
        node.expression = std::make_unique<const Expression>(std::move(compiled).value());
        return node;
      }
      node.json = std::string(value.Json());
      return node;
    }
  };
  const std::string type_name = json["resourceType"].ToString();
  auto body = std::make_unique<Body>();
  body->type = definitions.FindType(type_name);
  if (!definitions.IsResource(body->type))
    return MakeIssue(ErrorCode::kInvalid, "value", "resourceType", "names no resource type");
  body->root = TRY((Compiler{definitions, context}.Build(json, type_name, 0)));
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
  return Renderer{environment, context}.RenderObject(body_->root, id);
}

}  // namespace tk::rules
