// Stored parameters are evaluated within bounds; where one fails it has no value, and that is said (ValueSink::Fault).
#include <fmt/format.h>

#include <algorithm>

#include "kernel/search/extract.h"

namespace tk::search {
namespace {

using fhir::path::Collection;
using fhir::path::Item;

size_t BytesOf(const Item& item) {
  if (item.node.present()) return item.node.Json().size();
  const auto* text = std::get_if<std::string>(&item.computed);
  return text == nullptr ? 0 : text->size();
}

Status CheckValues(const Bounds& bounds, std::span<const Item> items) {
  if (items.size() > bounds.values)
    return MakeError(ErrorCode::kTooLarge, fmt::format("it gives more than {} values", bounds.values));
  size_t bytes = 0;
  for (const Item& item : items) bytes += BytesOf(item);
  if (bytes > bounds.bytes)
    return MakeError(ErrorCode::kTooLarge, fmt::format("it gives more than {} bytes", bounds.bytes));
  return {};
}

}  // namespace

bool Extractor::IsOwn(const fhir::SearchParameter& parameter) const {
  if (base_ == nullptr) return false;
  if (parameter.resource >= base_->type_count()) return true;
  const fhir::SearchParameter* known = base_->FindSearchParameter(parameter.resource, parameter.code);
  return known == nullptr || known->url != parameter.url;
}

Status Extractor::Items(const Parameter& parameter, const fhir::path::Expression& expression,
                        fhir::Value root, const Item& context, Collection* out, size_t share) const {
  fhir::path::Environment environment;
  environment.resource = root;
  const Bounds bounds = Bounds::Of(root.Json().size());
  if (parameter.own) environment.work_max = bounds.work / std::max<size_t>(share, 1);
  const size_t before = out->size();
  Status found = expression.Evaluate(environment, context, out);
  if (found.ok() && parameter.own) found = CheckValues(bounds, std::span(*out).subspan(before));
  if (!found.ok()) out->resize(before);
  return found;
}

void Extractor::ExtractAll(const Evaluated& some, const fhir::path::Environment& environment,
                           const Item& context, ValueSink& sink) const {
  if (some.ids.empty()) return;
  const Bounds bounds = Bounds::Of(context.node.Json().size());
  auto emit = [&](size_t i, const Collection& items) -> Status {
    const ParameterId id = some.ids[i];
    if (parameters_[id].own) TRY(CheckValues(bounds, items));
    for (const Item& item : items) Emit(parameters_[id], id, item, sink);
    return {};
  };
  if (some.set->Evaluate(environment, context, emit).ok()) return;
  // One expression cannot be evaluated on this resource (a singleton that is not one): it has no value there, the others have. The sink
  // may hear some values twice.
  Collection items;
  for (size_t i = 0; i < some.ids.size(); ++i) {
    items.clear();
    Status found = parameters_[some.ids[i]].expression->Evaluate(environment, context, &items);
    if (found.ok()) found = emit(i, items);
    if (!found.ok()) sink.Fault(some.ids[i], found.error());
  }
}

/// Composites have no entries, so that nothing but this tells in time that one of somebody's own fails.
void Extractor::CheckComposites(const TypePlan& plan, const Item& context, ValueSink& sink) const {
  Collection items, values;
  for (const ParameterId id : plan.own_composites) {
    const Parameter& parameter = parameters_[id];
    items.clear();
    Status found = Items(parameter, *parameter.composite->items, context.node, context, &items);
    for (const Item& item : items) {
      for (const Composite::Component& component : parameter.composite->components) {
        values.clear();
        if (found.ok())
          found = Items(parameter, *component.expression, context.node, item, &values, items.size());
      }
    }
    if (!found.ok()) sink.Fault(id, found.error());
  }
}

}  // namespace tk::search
