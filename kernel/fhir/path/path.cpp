#include "kernel/fhir/path/path.h"

#include <algorithm>

#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {

Expression::Expression(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::Compile(std::string_view text, const Definitions& definitions,
                                       TypeId context) {
  return Expression(TRY(CompileProgram(text, definitions, context)));
}

std::string_view Expression::text() const { return program_->text; }

Status Expression::Evaluate(const Environment& environment, const Item& context, Collection* out) const {
  CHECK(environment.definitions == nullptr || environment.definitions == &program_->types->definitions());
  return Evaluator(*program_, environment, context).Run(out);
}

Result<bool> Expression::Test(const Environment& environment, const Item& context) const {
  Collection result;
  TRY(Evaluate(environment, context, &result));
  if (result.empty()) return false;
  const Scalar value = result.size() == 1 ? ToScalar(*program_->types, result[0]) : Scalar{};
  if (value.kind != SystemKind::kBoolean) {
    return MakeError(ErrorCode::kInvalid, "the expression does not give one boolean");
  }
  return value.boolean;
}

Item ResourceItem(const Definitions& definitions, Value resource) {
  Item item;
  item.node = resource;
  std::string scratch;
  const std::string_view name = resource["resourceType"].String(scratch);
  const TypeId type = name.empty() ? kNoType : definitions.FindType(name);
  if (definitions.IsResource(type)) item.type = type;
  return item;
}

ExpressionSet::ExpressionSet(std::vector<const Expression*> expressions)
    : expressions_(std::move(expressions)) {
  always_.resize(expressions_.size(), 0);
  for (size_t i = 0; i < expressions_.size(); ++i) {
    const std::vector<NameId>& needs = expressions_[i]->program_->needs_any;
    // A name that the table does not know cannot select.
    if (needs.empty()) always_[i] = 1;
    for (NameId name : needs) wanted_.emplace_back(name, static_cast<uint32_t>(i));
  }
  std::sort(wanted_.begin(), wanted_.end());
}

Status ExpressionSet::Evaluate(const Environment& environment, const Item& context,
                               const std::function<Status(size_t, const Collection&)>& found) const {
  std::vector<uint8_t> selected = always_;
  for (Value member : context.node) {
    const NameId name = member.name();
    const auto first = std::lower_bound(wanted_.begin(), wanted_.end(), std::pair<NameId, uint32_t>(name, 0));
    for (auto at = first; at != wanted_.end() && at->first == name; ++at) selected[at->second] = 1;
  }
  Collection items;
  for (size_t i = 0; i < expressions_.size(); ++i) {
    if (selected[i] == 0) continue;
    items.clear();
    TRY(expressions_[i]->Evaluate(environment, context, &items));
    if (!items.empty()) TRY(found(i, items));
  }
  return {};
}

}  // namespace tk::fhir::path
