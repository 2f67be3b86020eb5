// Syntax tree → program: names become ids, types are followed and checked, usual chains become single path operations.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "kernel/fhir/path/decimal.h"
#include "kernel/fhir/path/navigate.h"
#include "kernel/fhir/path/program.h"
#include "kernel/fhir/path/temporal.h"

namespace tk::fhir::path {
namespace {

/// What is known of a result before anything is evaluated.
struct Static {
  bool known = false;   // the types are all that may come
  bool single = false;  // one item at most
  std::vector<TypeId> types = {};

  static Static Of(TypeId type, bool one = true) { return {true, one, {type}}; }
};

struct Compiled {
  uint32_t op = 0;
  Static is = {};
};

class Compiler {
 public:
  Compiler(std::string_view text, const SyntaxTree& tree, std::shared_ptr<const TypeTable> types)
      : text_(text), tree_(tree), types_(*types), program_(std::make_unique<Expression::Program>()) {
    program_->text = std::string(text);
    program_->types = std::move(types);
  }

  Result<std::unique_ptr<const Expression::Program>> Run(TypeId context) {
    if (context != kNoType) self_ = Static::Of(context);
    self_.single = true;
    context_ = self_;
    const Compiled root = TRY(Node(tree_.root));
    program_->root = root.op;
    if (!Needs(root.op, &program_->needs_any)) program_->needs_any.clear();
    return std::unique_ptr<const Expression::Program>(std::move(program_));
  }

 private:
  const Definitions& definitions() const { return types_.definitions(); }
  Error Fail(const SyntaxNode& node, std::string_view message, ErrorCode code = ErrorCode::kInvalid) const {
    return SyntaxError(text_, node.at, message, code);
  }
  uint32_t Add(Op op) {
    program_->ops.push_back(op);
    return static_cast<uint32_t>(program_->ops.size() - 1);
  }

  Result<Compiled> Node(uint32_t index) {
    const SyntaxNode& node = tree_.nodes[index];
    switch (node.kind) {
      case SyntaxKind::kEmpty:
        return Compiled{Add({.code = Code::kEmpty, .at = node.at}), {true, true, {}}};
      case SyntaxKind::kBoolean:
      case SyntaxKind::kString:
      case SyntaxKind::kInteger:
      case SyntaxKind::kLong:
      case SyntaxKind::kDecimal:
      case SyntaxKind::kDate:
      case SyntaxKind::kDateTime:
      case SyntaxKind::kTime:
      case SyntaxKind::kQuantity:
        return Literal(node);
      case SyntaxKind::kExternal:
        return External(node);
      case SyntaxKind::kThis:
        return Compiled{NewPath(node), self_};
      case SyntaxKind::kIndex:
        return Compiled{Add({.code = Code::kIndex, .at = node.at}), Static::Of(kSystemInteger)};
      case SyntaxKind::kTotal:
        return Compiled{Add({.code = Code::kTotal, .at = node.at}), {}};
      case SyntaxKind::kMember:
        return Member(node);
      case SyntaxKind::kFunction:
        return Call(node);
      case SyntaxKind::kIndexer:
        return Indexer(node);
      case SyntaxKind::kNegate:
      case SyntaxKind::kPlus:
        return Sign(node);
      case SyntaxKind::kBinary:
        return Binary(node);
      case SyntaxKind::kIs:
      case SyntaxKind::kAs:
        return TypeOperator(node);
    }
    return Fail(node, "unknown syntax");
  }

  uint32_t NewPath(const SyntaxNode& node) {
    return Add({.code = Code::kPath, .at = node.at, .first = static_cast<uint32_t>(program_->steps.size())});
  }

  // ---- literals -------------------------------------------------------------------------------------------------

  Result<Item> LiteralItem(const SyntaxNode& node) {
    Item item;
    switch (node.kind) {
      case SyntaxKind::kBoolean:
        item.type = kSystemBoolean;
        item.computed = node.text == "true";
        return item;
      case SyntaxKind::kInteger:
      case SyntaxKind::kLong: {
        const bool is_long = node.kind == SyntaxKind::kLong;
        int64_t value = 0;
        const auto [end, error] =
            std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
        // 2147483648 may stand after a minus; arithmetic checks the range of results.
        if (error != std::errc() || *end != '\0' || (!is_long && value > int64_t{INT32_MAX} + 1)) {
          return Fail(node,
                      is_long ? "the number has more than 64 bits"
                              : "the number has more than 32 bits; write it with .0 or L",
                      ErrorCode::kIncorrect);
        }
        item.type = is_long ? kSystemLong : kSystemInteger;
        item.computed = value;
        return item;
      }
      case SyntaxKind::kDecimal:
      case SyntaxKind::kQuantity:
        if (!Decimal::Parse(node.text))
          return Fail(node, "the number has more than 38 digits", ErrorCode::kIncorrect);
        item.type = node.kind == SyntaxKind::kDecimal ? kSystemDecimal : kSystemQuantity;
        if (node.kind == SyntaxKind::kDecimal)
          item.computed = node.text;
        else
          item.computed = Item::Quantity{node.text, node.extra};
        return item;
      case SyntaxKind::kDate:
        return TemporalItem(node, TemporalKind::kDate, kSystemDate);
      case SyntaxKind::kDateTime:
        return TemporalItem(node, TemporalKind::kDateTime, kSystemDateTime);
      case SyntaxKind::kTime:
        return TemporalItem(node, TemporalKind::kTime, kSystemTime);
      default:
        item.type = kSystemString;
        item.computed = node.text;
        return item;
    }
  }

  Result<Item> TemporalItem(const SyntaxNode& node, TemporalKind kind, TypeId type) {
    const std::optional<Temporal> value = Temporal::Parse(node.text, kind);
    if (!value) return Fail(node, "there is no such date or time", ErrorCode::kIncorrect);
    Item item;
    item.type = type;
    item.computed = value->ToString();
    if (value->precision < Precision::kHour && kind == TemporalKind::kDateTime)
      std::get<std::string>(item.computed) += 'T';
    return item;
  }

  Result<Compiled> Literal(const SyntaxNode& node) {
    Item item = TRY(LiteralItem(node));
    const TypeId type = item.type;
    program_->literals.push_back(std::move(item));
    const uint32_t at = static_cast<uint32_t>(program_->literals.size() - 1);
    return Compiled{Add({.code = Code::kLiteral, .count = 1, .at = node.at, .first = at}), Static::Of(type)};
  }

  Result<Compiled> External(const SyntaxNode& node) {
    program_->names.push_back(node.text);
    const uint32_t at = static_cast<uint32_t>(program_->names.size() - 1);
    Static is;
    if (node.text == "context") is = context_;
    if (node.text == "resource" && context_.known && !context_.types.empty() &&
        definitions().IsResource(context_.types[0]))
      is = context_;
    return Compiled{Add({.code = Code::kVariable, .at = node.at, .first = at}), is};
  }

  // ---- paths ----------------------------------------------------------------------------------------------------

  /// A path operation that continues `input`, or a new one on it.
  uint32_t PathOn(const SyntaxNode& node, std::optional<uint32_t> input) {
    if (input && program_->ops[*input].code == Code::kPath)
      return *input;  // its steps are the last that were added
    const uint32_t op = NewPath(node);
    if (input) {
      program_->ops[op].has_input = true;
      program_->ops[op].input = *input;
    }
    return op;
  }
  void AddStep(uint32_t path, Step step) {
    program_->steps.push_back(std::move(step));
    ++program_->ops[path].count;
  }

  Step ChildStep(const std::string& name) const {
    Step step;
    step.text = name;
    step.name = Names::Find(name);
    step.sibling_text = "_" + name;
    step.sibling = Names::Find(step.sibling_text);
    return step;
  }

  /// Types of the members `name` of `from`; fills the step. False if no type has such a member.
  bool Follow(const Static& from, Step* step, Static* to) const {
    to->known = from.known;
    to->single = from.single;
    bool any = !from.known;
    for (TypeId owner : from.types) {
      if (owner == kNoType || types_.IsAbstractResource(owner)) to->known = false;
      const Resolved resolved = ResolveMember(types_, owner, *step);
      step->resolved.push_back(resolved);
      if (!resolved.found) continue;
      any = true;
      if (resolved.choice != 0) LookUpChoice(step);
      for (const ElementInfo& element : definitions().Elements(owner)) {
        const bool match =
            resolved.choice != 0 ? element.choice == resolved.choice : element.name_id == step->name;
        if (!match) continue;
        if (element.max != 1) to->single = false;
        if (std::find(to->types.begin(), to->types.end(), element.type) == to->types.end())
          to->types.push_back(element.type);
      }
    }
    if (!to->known) to->types.clear();
    return any || !to->known || from.types.empty();
  }

  /// Notes the members of the choice that the last of `resolved` is.
  void LookUpChoice(Step* step) const {
    Resolved& resolved = step->resolved.back();
    std::vector<ChoiceMember> members;
    for (const ElementInfo& element : definitions().Elements(resolved.owner)) {
      if (element.choice != resolved.choice) continue;
      const bool primitive = types_.IsPrimitive(element.type);
      const NameId sibling = Names::Find("_" + std::string(element.name));
      // Definitions know the siblings of their primitives; if one is unknown, members are looked up by text.
      if (primitive && sibling == kUnknownName) return;
      members.push_back({element.name_id, sibling, element.type, primitive, false});
      if (sibling != kUnknownName)
        members.push_back({sibling, element.name_id, element.type, primitive, true});
    }
    const size_t size = std::bit_ceil(members.size() * 2);
    if (members.empty() || step->choices.size() + size > UINT16_MAX) return;
    resolved.choice_first = static_cast<uint16_t>(step->choices.size());
    resolved.choice_mask = static_cast<uint16_t>(size - 1);
    step->choices.resize(step->choices.size() + size);
    ChoiceMember* const table = step->choices.data() + resolved.choice_first;
    for (const ChoiceMember& member : members) {
      size_t at = member.name & resolved.choice_mask;
      while (table[at].name != kNoName) at = (at + 1) & resolved.choice_mask;
      table[at] = member;
    }
  }

  Result<Compiled> Member(const SyntaxNode& node) {
    std::optional<uint32_t> input;
    Static from = self_;
    if (node.has_input) {
      Compiled left = TRY(Node(node.operands[0]));
      input = left.op;
      from = std::move(left.is);
    }
    Step step = ChildStep(node.text);
    Static to;
    const TypeId named = node.has_input ? kNoType : definitions().FindType(node.text);
    if (named != kNoType && node.text[0] >= 'A' && node.text[0] <= 'Z') {
      step.kind = StepKind::kRoot;
      step.test.fhir = named;
      const bool certain = from.known && std::all_of(from.types.begin(), from.types.end(), [&](TypeId type) {
                             return definitions().IsA(type, named);
                           });
      if (certain) {
        to = from;
        step.resolved.clear();
      } else if (!Follow(from, &step, &to) && !MayBe(from, named)) {
        return Fail(node, fmt::format("the context is {}, not {}", TypeNames(from), node.text));
      } else if (to.types.empty()) {
        to = Static::Of(named, from.single);
      }
    } else if (!Follow(from, &step, &to)) {
      return Fail(node, fmt::format("{} has no element \"{}\"", TypeNames(from), node.text));
    }
    const uint32_t path = PathOn(node, input);
    AddStep(path, std::move(step));
    return Compiled{path, std::move(to)};
  }

  /// Could an item of these types be of type `named`? (Bundle.entry.resource may be a Patient.)
  bool MayBe(const Static& from, TypeId named) const {
    if (!from.known) return true;
    return std::any_of(from.types.begin(), from.types.end(), [&](TypeId type) {
      return type == kNoType || (type < definitions().type_count() && definitions().IsA(named, type));
    });
  }

  std::string TypeNames(const Static& is) const {
    std::string names;
    for (TypeId type : is.types) {
      if (names.size() > 200) return names + " …";
      if (!names.empty()) names += " or ";
      names += type < definitions().type_count() ? definitions().Type(type).name
                                                 : std::string_view("a computed value");
    }
    return names;
  }

  // ---- types ----------------------------------------------------------------------------------------------------

  Result<TypeTest> TypeNamed(const SyntaxNode& at, std::string_view space, const std::string& name) const {
    TypeTest test;
    if (space != "System") test.fhir = definitions().FindType(name);
    if (space != "FHIR") {
      constexpr std::array<std::string_view, 9> kNames = {"Boolean", "Integer",  "Long", "Decimal", "String",
                                                          "Date",    "DateTime", "Time", "Quantity"};
      const auto* found = std::find(kNames.begin(), kNames.end(), name);
      if (found != kNames.end()) test.system = static_cast<SystemKind>(found - kNames.begin() + 1);
    }
    if (test.fhir == kNoType && test.system == SystemKind::kNone) {
      return Fail(at, fmt::format("there is no type \"{}\"", name));
    }
    return test;
  }

  Result<TypeTest> TypeArgument(uint32_t index) const {
    const SyntaxNode& node = tree_.nodes[index];
    if (node.kind == SyntaxKind::kMember && !node.has_input) return TypeNamed(node, "", node.text);
    if (node.kind == SyntaxKind::kMember && node.has_input) {
      const SyntaxNode& space = tree_.nodes[node.operands[0]];
      if (space.kind == SyntaxKind::kMember && !space.has_input &&
          (space.text == "FHIR" || space.text == "System")) {
        return TypeNamed(node, space.text, node.text);
      }
    }
    return Fail(node, "expected the name of a type, e.g. Quantity, FHIR.code, System.String");
  }

  Static StaticOf(const TypeTest& test, bool single) const {
    Static is{true, single, {}};
    if (test.fhir != kNoType) is.types.push_back(test.fhir);
    if (test.system != SystemKind::kNone) is.types.push_back(SystemTypeOf(test.system));
    // The members of an abstract type are known only from the items.
    if (test.fhir != kNoType && types_.IsAbstractResource(test.fhir)) is.known = false;
    return is;
  }

  Compiled Filtered(const SyntaxNode& node, uint32_t input, const TypeTest& test, bool single) {
    Step step;
    step.kind = StepKind::kOfType;
    step.test = test;
    const uint32_t path = PathOn(node, input);
    if (!NameChoice(program_->ops[path], test)) AddStep(path, std::move(step));
    return Compiled{path, StaticOf(test, single)};
  }

  /// `value as Quantity`: the one member that can be meant, valueQuantity, is looked up by its own name. False if it is not one.
  bool NameChoice(const Op& path, const TypeTest& test) {
    if (path.count == 0) return false;
    Step& step = program_->steps[path.first + path.count - 1];
    if (step.kind != StepKind::kChild || step.resolved.size() != 1 || step.resolved[0].choice == 0)
      return false;
    const ElementInfo* only = nullptr;
    for (const ElementInfo& element : definitions().Elements(step.resolved[0].owner)) {
      if (element.choice != step.resolved[0].choice || test.fhir == kNoType) continue;
      const bool fits = element.type == test.fhir ||
                        (!types_.IsPrimitive(element.type) && definitions().IsA(element.type, test.fhir));
      if (!fits) continue;
      if (only != nullptr) return false;
      only = &element;
    }
    if (only == nullptr) return false;
    const TypeId owner = step.resolved[0].owner;
    step = ChildStep(std::string(only->name));
    step.resolved.push_back({owner, true, types_.IsPrimitive(only->type), 0, only->type});
    return true;
  }

  Result<Compiled> TypeOperator(const SyntaxNode& node) {
    Compiled input = TRY(Node(node.operands[0]));
    const TypeTest test = TRY(TypeNamed(node, node.extra, node.text));
    if (node.kind == SyntaxKind::kAs) return Filtered(node, input.op, test, input.is.single);
    program_->tests.push_back(test);
    const uint32_t at = static_cast<uint32_t>(program_->tests.size() - 1);
    return Compiled{Add({.code = Code::kIs, .boolean = true, .at = node.at, .input = input.op, .first = at}),
                    Static::Of(kSystemBoolean)};
  }

  // ---- operators ------------------------------------------------------------------------------------------------

  Result<Compiled> Indexer(const SyntaxNode& node) {
    Compiled input = TRY(Node(node.operands[0]));
    const Compiled index = TRY(Node(node.operands[1]));
    input.is.single = true;
    return Compiled{Add({.code = Code::kIndexer, .at = node.at, .input = input.op, .right = index.op}),
                    std::move(input.is)};
  }

  Result<Compiled> Sign(const SyntaxNode& node) {
    Compiled input = TRY(Node(node.operands[0]));
    const Code code = node.kind == SyntaxKind::kNegate ? Code::kNegate : Code::kPlus;
    return Compiled{Add({.code = code, .at = node.at, .input = input.op}), std::move(input.is)};
  }

  Result<Compiled> Binary(const SyntaxNode& node) {
    Compiled left = TRY(Node(node.operands[0]));
    Compiled right = TRY(Node(node.operands[1]));
    Static is;
    if (node.op == Operator::kUnion)
      is = Joined(std::move(left.is), right.is);
    else if (node.op > Operator::kUnion)
      is = Static::Of(kSystemBoolean);
    else if (node.op == Operator::kConcatenate)
      is = Static::Of(kSystemString);
    else
      is.single = true;
    if (node.op == Operator::kUnion && IsTexts(left.op) && IsTexts(right.op))
      return Compiled{Texts(node, left.op, right.op), std::move(is)};
    const uint32_t op = Add({.code = Code::kBinary,
                             .op = node.op,
                             .boolean = node.op > Operator::kUnion,
                             .at = node.at,
                             .input = left.op,
                             .right = right.op});
    return Compiled{op, std::move(is)};
  }

  bool IsTexts(uint32_t index) const {
    const Op& op = program_->ops[index];
    if (op.code != Code::kLiteral) return false;
    const auto first = program_->literals.begin() + op.first;
    return std::all_of(first, first + op.count, [](const Item& item) { return item.type == kSystemString; });
  }
  /// ('a' | 'b' | 'a') is known now: one literal of several items.
  uint32_t Texts(const SyntaxNode& node, uint32_t left, uint32_t right) {
    std::vector<Item>& literals = program_->literals;
    const size_t first = literals.size();
    for (const uint32_t side : {left, right}) {
      const Op op = program_->ops[side];
      for (size_t i = op.first; i < size_t{op.first} + op.count; ++i) {
        Item item = literals[i];
        const bool again = std::any_of(literals.begin() + static_cast<std::ptrdiff_t>(first), literals.end(),
                                       [&](const Item& other) { return other.computed == item.computed; });
        if (!again) literals.push_back(std::move(item));
      }
    }
    return Add({.code = Code::kLiteral,
                .count = static_cast<uint16_t>(literals.size() - first),
                .at = node.at,
                .first = static_cast<uint32_t>(first)});
  }

  static Static Joined(Static a, const Static& b) {
    if (!a.known || !b.known) return {};
    for (TypeId type : b.types) {
      if (std::find(a.types.begin(), a.types.end(), type) == a.types.end()) a.types.push_back(type);
    }
    a.single = false;
    return a;
  }

  // ---- functions ------------------------------------------------------------------------------------------------

  Result<const FunctionInfo*> Lookup(const SyntaxNode& node, size_t arguments) const {
    const FunctionInfo* info = FindFunction(node.text);
    if (info == nullptr) return Fail(node, fmt::format("there is no function {}()", node.text));
    if (!info->offered) {
      return Fail(node, fmt::format("the function {}() is not offered", node.text), ErrorCode::kUnsupported);
    }
    if (arguments < info->arguments_min || arguments > info->arguments_max) {
      const std::string count = info->arguments_min == info->arguments_max
                                    ? fmt::format("{}", info->arguments_min)
                                    : fmt::format("{} to {}", info->arguments_min, info->arguments_max);
      return Fail(node, fmt::format("{}() takes {} arguments, not {}", node.text, count, arguments));
    }
    return info;
  }

  Result<Compiled> Call(const SyntaxNode& node) {
    const size_t skip = node.has_input ? 1 : 0;
    const FunctionInfo* info = TRY(Lookup(node, node.operands.size() - skip));
    Compiled input{0, self_};
    if (node.has_input) input = TRY(Node(node.operands[0]));
    const std::vector<uint32_t> given(node.operands.begin() + static_cast<std::ptrdiff_t>(skip),
                                      node.operands.end());
    if (info->function == Function::kWhere || (info->function == Function::kExists && !given.empty())) {
      if (TRY(Shortcut(node, input, given[0]))) {
        return info->function == Function::kWhere ? Result<Compiled>(std::move(input))
                                                  : Finish(node, *info, std::move(input), {});
      }
    }
    if (info->arguments == ArgumentMode::kType) return TypeCall(node, *info, std::move(input), given[0]);
    std::vector<Compiled> arguments;
    for (size_t i = 0; i < given.size(); ++i) {
      const bool lambda = (info->arguments == ArgumentMode::kLambda && i == 0) ||
                          info->arguments == ArgumentMode::kIifLambda ||
                          (info->arguments == ArgumentMode::kTraceLambda && i == 1);
      if (!lambda) {
        arguments.push_back(TRY(Node(given[i])));
        continue;
      }
      Static inner = input.is;
      inner.single = true;
      if (info->function == Function::kRepeat) inner = {};  // it is applied to its own results too
      std::swap(self_, inner);
      Result<Compiled> argument = Node(given[i]);
      std::swap(self_, inner);
      arguments.push_back(TRY(std::move(argument)));
    }
    return Finish(node, *info, std::move(input), arguments);
  }

  Result<Compiled> Finish(const SyntaxNode& node, const FunctionInfo& info, Compiled input,
                          const std::vector<Compiled>& arguments) {
    Op op{.code = Code::kCall,
          .function = info.function,
          .has_input = node.has_input,
          .boolean = IsQuestion(info.function),
          .count = static_cast<uint16_t>(arguments.size()),
          .at = node.at,
          .input = input.op,
          .first = static_cast<uint32_t>(program_->arguments.size())};
    for (const Compiled& argument : arguments) program_->arguments.push_back(argument.op);
    TRY(KeepPattern(node, arguments, &op));
    if (info.function == Function::kWhere)
      op.sure = program_->ops[arguments[0].op].boolean && IsSure(arguments[0].op);
    return Compiled{Add(op), ResultOf(info, std::move(input.is), arguments)};
  }

  /// Functions that the evaluator answers as a Ternary.
  static bool IsQuestion(Function function) {
    return function == Function::kExists || function == Function::kEmpty || function == Function::kAll ||
           function == Function::kNot || function == Function::kHasValue;
  }

  /// Can the operation never be an error (but for the limit of work), whatever the data?
  bool IsSure(uint32_t index) const {
    const Op& op = program_->ops[index];
    switch (op.code) {
      case Code::kEmpty:
      case Code::kLiteral:
        return true;
      case Code::kPath:
        return !op.has_input || IsSure(op.input);
      case Code::kBinary:
        // Logic is an error of operands with several items.
        if (op.op >= Operator::kAnd && !(program_->ops[op.input].boolean && program_->ops[op.right].boolean))
          return false;
        return (op.op >= Operator::kAnd || op.op == Operator::kEqual || op.op == Operator::kNotEqual ||
                op.op == Operator::kEquivalent || op.op == Operator::kNotEquivalent) &&
               IsSure(op.input) && IsSure(op.right);
      case Code::kCall:
        if (op.has_input && !IsSure(op.input)) return false;
        if (op.function == Function::kNot) return op.has_input && program_->ops[op.input].boolean;
        if (op.function == Function::kWhere) return op.sure;
        return op.count == 0 && (op.function == Function::kExists || op.function == Function::kEmpty ||
                                 op.function == Function::kHasValue || op.function == Function::kCount);
      default:
        return false;
    }
  }

  /// A pattern that stands in the expression is compiled with it, and refused with it.
  Status KeepPattern(const SyntaxNode& node, const std::vector<Compiled>& arguments, Op* op) {
    const bool replace = op->function == Function::kReplaceMatches;
    if (!replace && op->function != Function::kMatches && op->function != Function::kMatchesFull) return {};
    const Op& pattern = program_->ops[arguments[0].op];
    if (pattern.code != Code::kLiteral || pattern.count != 1 || arguments.size() > (replace ? 2U : 1U))
      return {};
    const std::string* text = std::get_if<std::string>(&program_->literals[pattern.first].computed);
    if (text == nullptr) return {};
    program_->patterns.push_back(MakePattern(*text, ""));
    const RE2& compiled = *program_->patterns.back();
    if (!compiled.ok()) return Fail(node, fmt::format("the pattern is not valid: {}", compiled.error()));
    op->right = static_cast<uint32_t>(program_->patterns.size());
    return {};
  }

  Static ResultOf(const FunctionInfo& info, Static input, const std::vector<Compiled>& arguments) const {
    switch (info.result) {
      case ResultMode::kSame:
        return input;
      case ResultMode::kOneOfSame:
        input.single = true;
        return input;
      case ResultMode::kBoolean:
        return Static::Of(kSystemBoolean);
      case ResultMode::kInteger:
        return Static::Of(kSystemInteger);
      case ResultMode::kLong:
        return Static::Of(kSystemLong);
      case ResultMode::kDecimal:
        return Static::Of(kSystemDecimal);
      case ResultMode::kString:
        return Static::Of(kSystemString);
      case ResultMode::kStrings:
        return Static::Of(kSystemString, false);
      case ResultMode::kDate:
        return Static::Of(kSystemDate);
      case ResultMode::kDateTime:
        return Static::Of(kSystemDateTime);
      case ResultMode::kTime:
        return Static::Of(kSystemTime);
      case ResultMode::kQuantity:
        return Static::Of(kSystemQuantity);
      case ResultMode::kProjection: {
        Static is = arguments[0].is;
        is.single = is.single && input.single;
        return is;
      }
      case ResultMode::kUnionWithArgument:
        return Joined(std::move(input), arguments[0].is);
      case ResultMode::kExtension:
        return types_.extension_type == kNoType ? Static{} : Static::Of(types_.extension_type, false);
      case ResultMode::kIif:
        return arguments.size() < 3 ? arguments[1].is : Joined(arguments[1].is, arguments[2].is);
      case ResultMode::kTypeArgument:
      case ResultMode::kUnknown:
        break;
    }
    return {};
  }

  Result<Compiled> TypeCall(const SyntaxNode& node, const FunctionInfo& info, Compiled input,
                            uint32_t argument) {
    const TypeTest test = TRY(TypeArgument(argument));
    if (!node.has_input) input.op = NewPath(node);
    if (info.function == Function::kOfType || (info.function == Function::kAs && input.is.single)) {
      return Filtered(node, input.op, test, input.is.single);
    }
    program_->tests.push_back(test);
    const uint32_t at = static_cast<uint32_t>(program_->tests.size() - 1);
    const Code code = info.function == Function::kAs ? Code::kAs : Code::kIs;
    const uint32_t op =
        Add({.code = code, .boolean = code == Code::kIs, .at = node.at, .input = input.op, .first = at});
    return Compiled{op, code == Code::kAs ? StaticOf(test, true) : Static::Of(kSystemBoolean)};
  }

  /// where(resolve() is T), where(name = 'text') and where(name = 'text' and other = 'text') on a path become steps of it. True if done.
  Result<bool> Shortcut(const SyntaxNode& node, const Compiled& input, uint32_t criterion) {
    if (!node.has_input || program_->ops[input.op].code != Code::kPath) return false;
    const SyntaxNode& test = tree_.nodes[criterion];
    if (IsResolve(test)) {
      Step step;
      step.kind = StepKind::kReferenceTo;
      step.test = TRY(test.kind == SyntaxKind::kIs ? TypeNamed(test, test.extra, test.text)
                                                   : TypeArgument(test.operands[1]));
      AddStep(input.op, std::move(step));
      return true;
    }
    std::vector<Step> steps;
    if (!input.is.known || !TextFilters(input.is, criterion, &steps)) return false;
    for (Step& step : steps) AddStep(input.op, std::move(step));
    return true;
  }

  /// `name = 'text'`, and such joined by `and`: each a step that keeps the items for which it is true. False if it is something else.
  bool TextFilters(const Static& of, uint32_t criterion, std::vector<Step>* steps) const {
    const SyntaxNode& test = tree_.nodes[criterion];
    if (test.kind != SyntaxKind::kBinary) return false;
    if (test.op == Operator::kAnd)
      return TextFilters(of, test.operands[0], steps) && TextFilters(of, test.operands[1], steps);
    if (test.op != Operator::kEqual) return false;
    const SyntaxNode& member = tree_.nodes[test.operands[0]];
    const SyntaxNode& text = tree_.nodes[test.operands[1]];
    if (member.kind != SyntaxKind::kMember || member.has_input || text.kind != SyntaxKind::kString)
      return false;
    Step step = ChildStep(member.text);
    step.kind = StepKind::kWhereEquals;
    step.literal = text.text;
    Static value;
    if (!Follow(of, &step, &value) || !value.known) return false;
    for (TypeId type : value.types) {
      if (types_.KindOf(type) != SystemKind::kString) return false;
    }
    steps->push_back(std::move(step));
    return true;
  }

  /// `resolve() is T` or `resolve().is(T)`.
  bool IsResolve(const SyntaxNode& test) const {
    const bool is =
        test.kind == SyntaxKind::kIs || (test.kind == SyntaxKind::kFunction && test.text == "is" &&
                                         test.has_input && test.operands.size() == 2);
    if (!is) return false;
    const SyntaxNode& call = tree_.nodes[test.operands[0]];
    return call.kind == SyntaxKind::kFunction && call.text == "resolve" && !call.has_input &&
           call.operands.empty();
  }

  // ---- what a result needs ----------------------------------------------------------------------------------------

  /// Adds names of members of the context without any of which the result is empty. False if that cannot be said.
  bool Needs(uint32_t index, std::vector<NameId>* names) const {
    const Op& op = program_->ops[index];
    switch (op.code) {
      case Code::kEmpty:
        return true;
      case Code::kPath:
        return op.has_input ? Needs(op.input, names) : PathNeeds(op, names);
      case Code::kIndexer:
      case Code::kAs:
        return Needs(op.input, names);
      case Code::kBinary:
        return op.op == Operator::kUnion && Needs(op.input, names) && Needs(op.right, names);
      case Code::kCall:
        return op.has_input &&
               (op.function == Function::kWhere || op.function == Function::kSelect ||
                op.function == Function::kFirst || op.function == Function::kExtension ||
                op.function == Function::kResolve || op.function == Function::kDistinct) &&
               Needs(op.input, names);
      default:
        return false;
    }
  }

  bool PathNeeds(const Op& op, std::vector<NameId>* names) const {
    for (uint32_t i = op.first; i < op.first + op.count; ++i) {
      const Step& step = program_->steps[i];
      if (step.kind == StepKind::kRoot && step.resolved.empty()) continue;  // the context itself
      if (step.kind != StepKind::kChild) return false;
      for (const Resolved& resolved : step.resolved) {
        if (resolved.owner == kNoType) return false;
        if (!resolved.found) continue;
        for (const ElementInfo& element : definitions().Elements(resolved.owner)) {
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

  std::string_view text_;
  const SyntaxTree& tree_;
  const TypeTable& types_;
  std::unique_ptr<Expression::Program> program_;
  Static self_;     // $this where the compiler stands
  Static context_;  // %context
};

}  // namespace

Result<std::unique_ptr<const Expression::Program>> CompileProgram(std::string_view text,
                                                                  const Definitions& definitions,
                                                                  TypeId context) {
  const SyntaxTree tree = TRY(ParseSyntax(text));
  return Compiler(text, tree, TypeTable::For(definitions)).Run(context);
}

}  // namespace tk::fhir::path
