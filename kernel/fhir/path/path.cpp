#include "kernel/fhir/path/path.h"

#include <algorithm>
#include <array>
#include <bit>

#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {

Expression::Expression(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::Compile(std::string_view text, const Definitions& definitions, TypeId context,
                                       const Options& options) {
  return Expression(TRY(CompileProgram(text, definitions, context, options)));
}

std::string_view Expression::text() const { return program_->text; }
const std::optional<std::vector<TypeId>>& Expression::types() const { return program_->types_given; }

Status Expression::Evaluate(const Environment& environment, const Item& context, Collection* out) const {
  CHECK(environment.definitions == nullptr || environment.definitions == &program_->types->definitions());
  return Evaluator(*program_, environment, context).Run(out);
}

Result<bool> Expression::Test(const Environment& environment, const Item& context) const {
  CHECK(environment.definitions == nullptr || environment.definitions == &program_->types->definitions());
  bool holds = false;
  TRY(Evaluator(*program_, environment, context).Test(&holds));
  return holds;
}

bool Expression::MayBeTrue(const Document& document) const {
  return program_->texts_needed.MayStandIn(document);
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
    : expressions_(std::move(expressions)), always_((expressions_.size() + 63) / 64) {
  std::vector<std::pair<NameId, uint32_t>> wanted;
  for (size_t i = 0; i < expressions_.size(); ++i) {
    const std::vector<NameId>& needs = expressions_[i]->program_->needs_any;
    // A name that the table does not know cannot select.
    if (needs.empty()) always_[i / 64] |= uint64_t{1} << i % 64;
    for (NameId name : needs) wanted.emplace_back(name, static_cast<uint32_t>(i));
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  starts_.resize(std::bit_ceil(wanted.size() * 2 + 1));
  for (const auto& [name, expression] : wanted) {
    Start& start = starts_[static_cast<size_t>(Find(name) - starts_.data())];
    if (start.count == 0) start = {name, 0, static_cast<uint32_t>(beginning_.size())};
    ++start.count;
    beginning_.push_back(expression);
  }
}

const ExpressionSet::Start* ExpressionSet::Find(NameId name) const {
  const size_t mask = starts_.size() - 1;
  size_t at = name & mask;
  while (starts_[at].count != 0 && starts_[at].name != name) at = (at + 1) & mask;
  return &starts_[at];
}

Status ExpressionSet::Evaluate(const Environment& environment, const Item& context,
                               const std::function<Status(size_t, const Collection&)>& found) const {
  constexpr size_t kWordsUsual = 4;
  std::array<uint64_t, kWordsUsual> usual;
  std::vector<uint64_t> many;
  if (always_.size() > kWordsUsual) many.resize(always_.size());
  const std::span<uint64_t> selected(many.empty() ? usual.data() : many.data(), always_.size());
  std::copy(always_.begin(), always_.end(), selected.begin());
  for (Value member : context.node) {
    const Start& start = *Find(member.name());
    for (uint32_t i = start.first; i < start.first + start.count; ++i)
      selected[beginning_[i] / 64] |= uint64_t{1} << beginning_[i] % 64;
  }
  Lease lease(Scratch::OfThread());
  Collection& items = *lease.get();
  for (size_t word = 0; word < selected.size(); ++word) {
    for (uint64_t bits = selected[word]; bits != 0; bits &= bits - 1) {
      const size_t i = word * 64 + static_cast<size_t>(std::countr_zero(bits));
      items.clear();
      TRY(expressions_[i]->Evaluate(environment, context, &items));
      if (!items.empty()) TRY(found(i, items));
    }
  }
  return {};
}

}  // namespace tk::fhir::path
