// Which texts a resource must hold for a criterion to be true of it (Expression::MayBeTrue): a rule on one code is told by the strings of a resource that it
// is about another, without following any path.
#include "kernel/fhir/path/program.h"

namespace tk::fhir::path {
namespace {

using Alternatives = std::vector<std::string>;

class Seeker {
 public:
  explicit Seeker(const Expression::Program& program) : program_(program) {}

  /// Adds what must stand in the resource for the operation to be true; $this is a node of it.
  void ForTruth(uint32_t index, std::vector<Alternatives>* needed) const {
    const Op& op = program_.ops[index];
    if (op.code == Code::kBinary) return ForOperator(op, needed);
    if (op.code != Code::kCall || op.function != Function::kExists || !op.has_input) return;
    ForItems(op.input, needed);
    if (op.count == 1 && IsOfNodes(op.input)) ForTruth(program_.arguments[op.first], needed);
  }

 private:
  void ForOperator(const Op& op, std::vector<Alternatives>* needed) const {
    if (op.op == Operator::kAnd) {
      ForTruth(op.input, needed);
      ForTruth(op.right, needed);
    } else if (op.op == Operator::kOr) {
      std::vector<Alternatives> left, right;
      ForTruth(op.input, &left);
      ForTruth(op.right, &right);
      if (left.empty() || right.empty()) return;
      // Any of the left and any of the right would do: the last ones are codes rather than their systems.
      Alternatives either = std::move(left.back());
      either.insert(either.end(), right.back().begin(), right.back().end());
      needed->push_back(std::move(either));
    } else if (op.op == Operator::kEqual || op.op == Operator::kIn) {
      Alternatives texts = TextsOf(op.right);
      if (!texts.empty() && GivesTexts(op.input)) return needed->push_back(std::move(texts));
      texts = op.op == Operator::kEqual ? TextsOf(op.input) : Alternatives();
      if (!texts.empty() && GivesTexts(op.right)) needed->push_back(std::move(texts));
    }
  }

  /// The same for the operation to give any item.
  void ForItems(uint32_t index, std::vector<Alternatives>* needed) const {
    const Op& op = program_.ops[index];
    switch (op.code) {
      case Code::kPath:
        if (op.has_input) ForItems(op.input, needed);
        if (!IsOfNodes(index)) return;
        for (uint32_t i = op.first; i < op.first + op.count; ++i) {
          if (program_.steps[i].kind == StepKind::kWhereEquals)
            needed->push_back({program_.steps[i].literal});
        }
        return;
      case Code::kIndexer:
      case Code::kAs:
        return ForItems(op.input, needed);
      case Code::kCall:
        if (!op.has_input || (op.function != Function::kWhere && op.function != Function::kFirst)) return;
        ForItems(op.input, needed);
        if (op.function == Function::kWhere && IsOfNodes(op.input))
          ForTruth(program_.arguments[op.first], needed);
        return;
      default:
        return;
    }
  }

  /// Are its items nodes of the resource, whatever the data?
  bool IsOfNodes(uint32_t index) const {
    const Op& op = program_.ops[index];
    if (op.code == Code::kPath) return !op.has_input || IsOfNodes(op.input);
    return op.code == Code::kCall && op.has_input &&
           (op.function == Function::kWhere || op.function == Function::kFirst) && IsOfNodes(op.input);
  }

  /// Are its items strings of the resource, which equal a text only as they stand there? Dates do not.
  bool GivesTexts(uint32_t index) const {
    const Op& op = program_.ops[index];
    if (op.code == Code::kCall)
      return op.function == Function::kFirst && op.has_input && GivesTexts(op.input);
    if (op.code != Code::kPath || op.count == 0 || !IsOfNodes(index)) return false;
    const Step& last = program_.steps[op.first + op.count - 1];
    if (last.kind != StepKind::kChild || last.resolved.empty()) return false;
    for (const Resolved& resolved : last.resolved) {
      if (resolved.owner == kNoType || resolved.choice != 0) return false;
      if (resolved.found && program_.types->KindOf(resolved.type) != SystemKind::kString) return false;
    }
    return true;
  }

  /// Of a literal; nothing of anything else.
  Alternatives TextsOf(uint32_t index) const {
    Alternatives texts;
    const Op& op = program_.ops[index];
    if (op.code != Code::kLiteral) return texts;
    for (uint32_t i = op.first; i < op.first + op.count; ++i) {
      const auto* const text = std::get_if<std::string>(&program_.literals[i].computed);
      if (text == nullptr || program_.literals[i].type != kSystemString) return {};
      texts.push_back(*text);
    }
    return texts;
  }

  const Expression::Program& program_;
};

}  // namespace

void FindTextsNeeded(Expression::Program* program) {
  std::vector<Alternatives> needed;
  Seeker(*program).ForTruth(program->root, &needed);
  TextsNeeded& texts = program->texts_needed;
  if (needed.size() > TextsNeeded::kGroupsMax) needed.resize(TextsNeeded::kGroupsMax);
  for (const Alternatives& alternatives : needed) {
    for (const std::string& text : alternatives) {
      texts.texts.emplace_back(text, texts.groups);
      texts.sizes |= TextsNeeded::SizeBit(text.size());
      texts.longest = std::max(texts.longest, text.size());
    }
    ++texts.groups;
  }
}

bool TextsNeeded::MayStandIn(const Document& document) const {
  if (groups == 0) return true;
  constexpr size_t kBytesPerEscape = 6;  // of a letter as \u0041
  uint32_t missing = (uint32_t{1} << groups) - 1;
  for (const Node& node : document.nodes()) {
    if (node.kind != Kind::kString) continue;
    if ((node.escaped & kEscapedValue) != 0) {
      if (node.size <= longest * kBytesPerEscape) return true;  // it may say any of them
      continue;
    }
    if ((sizes & SizeBit(node.size)) == 0) continue;
    const std::string_view value = document.Text().substr(node.at, node.size);
    for (const auto& [text, group] : texts) {
      if (value == text) missing &= ~(uint32_t{1} << group);
    }
    if (missing == 0) return true;
  }
  return false;
}

}  // namespace tk::fhir::path
