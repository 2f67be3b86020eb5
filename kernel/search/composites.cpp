// Composite parameters: what their items and components are. Their values are asked of the parts' entries, and of the text (match.h).
// Source: FHIR R4 search.html 3.1.1.4.12, searchparameter.html#composite.
#include <algorithm>

#include "kernel/search/expression_text.h"
#include "kernel/search/extract.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::SearchParameter;
using fhir::TypeId;
using fhir::path::Expression;

/// Two official expressions name a type that FHIR does not have.
std::string Mended(std::string_view expression) {
  std::string out(expression);
  constexpr std::string_view kWrong = "as(DateTime)";
  if (const size_t at = out.find(kWrong); at != std::string::npos) out[at + 3] = 'd';
  return out;
}

}  // namespace

ParameterId Extractor::DefinedBy(TypeId type, const SearchParameter& composite, size_t component) const {
  const auto list = ListOf(type);
  const SearchParameter* found =
      ComponentParameter(list, definitions_->Type(type).name, composite, component);
  return found == nullptr ? kNoParameter : types_[type].first + static_cast<ParameterId>(found - list.data());
}

std::unique_ptr<const Extractor::Composite> Extractor::MakeComposite(TypeId type,
                                                                     const SearchParameter& definition) {
  const std::string_view type_name = definitions_->Type(type).name;
  auto fail = [&](std::string text) -> std::unique_ptr<const Composite> {
    failures_.push_back(std::string(definition.url) + ": " + std::move(text));
    return nullptr;
  };
  auto out = std::make_unique<Composite>();
  auto items =
      Expression::Compile(definition.expression, *definitions_, type, fhir::path::kForSearchParameters);
  if (!items.ok()) return fail(items.error().external);
  out->items = std::make_unique<Expression>(std::move(items).value());
  out->whole = Bare(definition.expression) == type_name;
  for (size_t i = 0; i < definition.components.size(); ++i) {
    const std::string text = Mended(definition.components[i].expression);
    Composite::Component& component = out->components.emplace_back();
    component.parameter = DefinedBy(type, definition, i);
    if (component.parameter == kNoParameter) return fail("a component's definition is no parameter here");
    auto compiled = Expression::Compile(text, *definitions_, fhir::kNoType, fhir::path::kForSearchParameters);
    if (!compiled.ok()) return fail(compiled.error().external);
    component.expression = std::make_unique<Expression>(std::move(compiled).value());
    component.all =
        out->whole && PlainForms(text, type_name) ==
                          PlainForms(parameters_[component.parameter].definition->expression, type_name);
  }
  return out;
}

void Extractor::CompileComposites(TypeId type) {
  const TypePlan& plan = types_[type];
  for (ParameterId id = plan.first; id < plan.first + plan.count; ++id) {
    const SearchParameter& definition = *parameters_[id].definition;
    if (definition.type != fhir::SearchType::kComposite || !IsOffered(definition)) continue;
    parameters_[id].composite = MakeComposite(type, definition);
    parameters_[id].ready = parameters_[id].composite != nullptr;
    if (parameters_[id].ready && parameters_[id].own) types_[type].own_composites.push_back(id);
  }
}

}  // namespace tk::search
