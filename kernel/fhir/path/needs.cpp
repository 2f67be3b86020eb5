// Which members a resource must have for an expression to give anything: ExpressionSet passes over the others.
#include "kernel/fhir/path/program.h"

namespace tk::fhir::path {
namespace {

bool PathNeeds(const Expression::Program& program, const Op& op, std::vector<NameId>* names) {
  for (uint32_t i = op.first; i < op.first + op.count; ++i) {
    const Step& step = program.steps[i];
    if (step.kind == StepKind::kRoot && step.resolved.empty()) continue;  // the context itself
    if (step.kind != StepKind::kChild) return false;
    for (const Resolved& resolved : step.resolved) {
      if (resolved.owner == kNoType) return false;
      if (!resolved.found) continue;
      for (const ElementInfo& element : program.types->definitions().Elements(resolved.owner)) {
        const bool match =
            resolved.choice != 0 ? element.choice == resolved.choice : element.name_id == step.name;
        if (!match) continue;
        names->push_back(element.name_id);
        names->push_back(Names::Find("_" + std::string(element.name)));
      }
    }
    return !step.resolved.empty();
  }
  return false;
}

/// Does the call go by the context itself (Patient.extension('…')), not by members of it?
bool IsOfContext(const Expression::Program& program, const Op& call) {
  if (!call.has_input) return true;
  const Op& input = program.ops[call.input];
  if (input.code != Code::kPath || input.has_input) return false;
  for (uint32_t i = input.first; i < input.first + input.count; ++i) {
    if (program.steps[i].kind != StepKind::kRoot || !program.steps[i].resolved.empty()) return false;
  }
  return true;
}

}  // namespace

bool Needs(const Expression::Program& program, uint32_t index, std::vector<NameId>* names) {
  const Op& op = program.ops[index];
  switch (op.code) {
    case Code::kEmpty:
      return true;
    case Code::kPath:
      return op.has_input ? Needs(program, op.input, names) : PathNeeds(program, op, names);
    case Code::kIndexer:
    case Code::kAs:
      return Needs(program, op.input, names);
    case Code::kBinary:
      return op.op == Operator::kUnion && Needs(program, op.input, names) && Needs(program, op.right, names);
    case Code::kCall:
      if (op.function == Function::kExtension && IsOfContext(program, op)) {
        names->push_back(program.types->name_extension);
        return true;
      }
      return op.has_input &&
             (op.function == Function::kWhere || op.function == Function::kSelect ||
              op.function == Function::kFirst || op.function == Function::kExtension ||
              op.function == Function::kResolve || op.function == Function::kDistinct) &&
             Needs(program, op.input, names);
    default:
      return false;
  }
}

}  // namespace tk::fhir::path
