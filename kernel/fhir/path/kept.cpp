// What a criterion asks of every item although it does not depend on the item: evaluated once and kept. R4 writes such rules, as
// element.all(path.startsWith(%resource.snapshot.element.first().path)), which would be quadratic else.
#include "kernel/fhir/path/program.h"

namespace tk::fhir::path {
namespace {

ArgumentMode ModeOf(const Op& op) {
  const FunctionInfo* info = FindFunction(FunctionName(op.function));
  return info == nullptr ? ArgumentMode::kIifLambda : info->arguments;
}

class Keeper {
 public:
  explicit Keeper(Expression::Program* program) : program_(*program) {}

  /// `in_item`: the operation is evaluated for each item of something.
  void Mark(uint32_t index, bool in_item) {
    Op& op = program_.ops[index];
    const bool computes = op.code == Code::kCall || op.code == Code::kIndexer || op.code == Code::kAs ||
                          op.code == Code::kBinary || (op.code == Code::kPath && op.count > 0);
    const bool keeps = in_item && computes && !op.boolean && IsTheSame(index, false);
    if (keeps) op.kept = ++program_.kept;
    // Beneath what is kept only its own criteria are asked more than once.
    const bool inside = in_item && !keeps;
    switch (op.code) {
      case Code::kPath:
        if (op.has_input) Mark(op.input, inside);
        break;
      case Code::kBinary:
      case Code::kIndexer:
        Mark(op.input, inside);
        Mark(op.right, inside);
        break;
      case Code::kNegate:
      case Code::kPlus:
      case Code::kIs:
      case Code::kAs:
        Mark(op.input, inside);
        break;
      case Code::kCall:
        if (op.has_input) Mark(op.input, inside);
        Arguments(op, inside);
        break;
      default:
        break;
    }
  }

 private:
  void Arguments(const Op& op, bool inside) {
    const ArgumentMode mode = ModeOf(op);
    if (mode == ArgumentMode::kType) return;
    for (uint32_t i = 0; i < op.count; ++i) {
      const bool each = (mode == ArgumentMode::kLambda && i == 0) || mode == ArgumentMode::kSortLambda ||
                        (mode == ArgumentMode::kTraceLambda && i == 1);
      Mark(program_.arguments[op.first + i], inside || each);
    }
  }

  /// Does it give the same whatever $this, $index and $total are? `in_own`: it stands in a criterion of its own, where $this and $index are that one's.
  bool IsTheSame(uint32_t index, bool in_own) const {
    const Op& op = program_.ops[index];
    switch (op.code) {
      case Code::kEmpty:
      case Code::kLiteral:
      case Code::kVariable:
        return true;
      case Code::kIndex:
        return in_own;
      case Code::kPath:
        return op.has_input ? IsTheSame(op.input, in_own) : in_own;
      case Code::kBinary:
      case Code::kIndexer:
        return IsTheSame(op.input, in_own) && IsTheSame(op.right, in_own);
      case Code::kNegate:
      case Code::kPlus:
      case Code::kIs:
      case Code::kAs:
        return IsTheSame(op.input, in_own);
      case Code::kCall:
        return IsSameCall(op, in_own);
      default:  // $total, what defineVariable() defined, what is made anew
        return false;
    }
  }

  bool IsSameCall(const Op& op, bool in_own) const {
    if (op.has_input ? !IsTheSame(op.input, in_own) : !in_own) return false;
    const ArgumentMode mode = ModeOf(op);
    if (mode == ArgumentMode::kType) return true;
    const bool is_criterion = mode == ArgumentMode::kLambda || mode == ArgumentMode::kSortLambda;
    if (!is_criterion && mode != ArgumentMode::kValues) return false;  // trace() is asked each time
    for (uint32_t i = 0; i < op.count; ++i) {
      const bool own = in_own || mode == ArgumentMode::kSortLambda || (is_criterion && i == 0);
      if (!IsTheSame(program_.arguments[op.first + i], own)) return false;
    }
    return true;
  }

  Expression::Program& program_;
};

}  // namespace

void MarkKept(Expression::Program* program) { Keeper(program).Mark(program->root, false); }

}  // namespace tk::fhir::path
