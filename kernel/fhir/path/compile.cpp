// Syntax tree → program: names become ids, types are followed and checked, usual chains become single path operations.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "kernel/fhir/path/navigate.h"
#include "kernel/fhir/path/program.h"

namespace tk::fhir::path {
namespace {

/// What is known of a result before anything is evaluated.
struct Static {
  bool known = false;      // the types are all that may come
  bool single = false;     // one item at most
  bool unordered = false;  // nobody promises the order of the items: children(), descendants()
  std::vector<TypeId> types = {};

  static Static Of(TypeId type, bool one = true) { return {true, one, false, {type}}; }
};

struct Compiled {
  uint32_t op = 0;
  Static is = {};
};

class Compiler {
 public:
  Compiler(std::string_view text, const SyntaxTree& tree, std::shared_ptr<const TypeTable> types,
           const Options& options)
      : text_(text),
        tree_(tree),
        types_(*types),
        options_(options),
        program_(std::make_unique<Expression::Program>()) {
    program_->text = std::string(text);
    program_->types = std::move(types);
  }

  Result<std::unique_ptr<const Expression::Program>> Run(TypeId context) {
    if (context != kNoType) self_ = Static::Of(context);
    self_.single = true;
    context_ = self_;
    const Compiled root = TRY(Node(tree_.root));
    program_->root = root.op;
    if (root.is.known) program_->types_given = root.is.types;
    MarkKept(program_.get());
    if (!Needs(*program_, root.op, &program_->needs_any)) program_->needs_any.clear();
    FindTextsNeeded(program_.get());
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
        return Compiled{Add({.code = Code::kEmpty, .at = node.at}), {true, true, false, {}}};
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

  Result<Compiled> Literal(const SyntaxNode& node) {
    Item item = TRY(LiteralItem(text_, node));
    const TypeId type = item.type;
    program_->literals.push_back(std::move(item));
    const uint32_t at = static_cast<uint32_t>(program_->literals.size() - 1);
    return Compiled{Add({.code = Code::kLiteral, .count = 1, .at = node.at, .first = at}), Static::Of(type)};
  }

  /// What is defined within the operand is not visible outside of it.
  Result<Compiled> Scoped(uint32_t index) {
    const size_t visible = scope_.size();
    Result<Compiled> compiled = Node(index);
    scope_.resize(visible);
    return compiled;
  }
  /// The same with another $this.
  Result<Compiled> WithSelf(Static self, uint32_t index) {
    std::swap(self_, self);
    Result<Compiled> compiled = Scoped(index);
    std::swap(self_, self);
    return compiled;
  }

  Result<Compiled> External(const SyntaxNode& node) {
    for (size_t i = scope_.size(); i-- > 0;) {
      if (scope_[i].name == node.text)
        return Compiled{Add({.code = Code::kDefined, .at = node.at, .first = scope_[i].slot}), scope_[i].is};
    }
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
    to->single = from.single && from.known;
    to->unordered = from.unordered;
    bool any = !from.known;
    for (TypeId owner : from.types) {
      if (owner == kNoType || types_.IsAbstractResource(owner)) to->known = false;
      if (const TypeId part = QuantityPart(owner, step->text); part != kNoType) {
        to->types.push_back(part);
        any = true;
        continue;
      }
      // Where the type is known the name of the element is asked: value, not valueQuantity.
      if (const ElementInfo* named = FindElement(owner, step->name); named != nullptr && named->choice != 0)
        continue;
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

  const ElementInfo* FindElement(TypeId owner, NameId name) const {
    return owner < definitions().type_count() ? definitions().FindElement(owner, name) : nullptr;
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
    const bool capital = !node.has_input && node.text[0] >= 'A' && node.text[0] <= 'Z';
    if (capital && named == kNoType && !from.known) {
      step.kind = StepKind::kRoot;  // by its resourceType
      Follow(from, &step, &to);
    } else if (named != kNoType && capital) {
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

  Result<TypeTest> TypeNamed(const SyntaxNode& at, std::string_view space, const std::string& name,
                             bool is_as) const {
    TypeTest test;
    if (space != "System") test.fhir = definitions().FindType(name);
    if (space != "FHIR") test.system = SystemKindNamed(name);
    if (test.fhir == kNoType && test.system == SystemKind::kNone)
      return Fail(at, fmt::format("there is no type \"{}\"", name));
    if (is_as && space.empty() && test.fhir == kNoType) test.fhir = PrimitiveLike(definitions(), test.system);
    return test;
  }

  Result<TypeTest> TypeArgument(uint32_t index, bool is_as) const {
    const SyntaxNode& node = tree_.nodes[index];
    if (node.kind == SyntaxKind::kMember && !node.has_input) return TypeNamed(node, "", node.text, is_as);
    if (node.kind == SyntaxKind::kMember && node.has_input) {
      const SyntaxNode& space = tree_.nodes[node.operands[0]];
      if (space.kind == SyntaxKind::kMember && !space.has_input &&
          (space.text == "FHIR" || space.text == "System")) {
        return TypeNamed(node, space.text, node.text, is_as);
      }
    }
    return Fail(node, "expected the name of a type, e.g. Quantity, FHIR.code, System.String");
  }

  Static StaticOf(const TypeTest& test, bool single) const {
    Static is{true, single, false, {}};
    if (test.fhir != kNoType) is.types.push_back(test.fhir);
    if (test.system != SystemKind::kNone) is.types.push_back(SystemTypeOf(test.system));
    // The members of an abstract type are known only from the items.
    if (test.fhir != kNoType && types_.IsAbstractResource(test.fhir)) is.known = false;
    return is;
  }

  Compiled Filtered(const SyntaxNode& node, const Compiled& input, const TypeTest& test) {
    Step step;
    step.kind = StepKind::kOfType;
    step.test = test;
    const uint32_t path = PathOn(node, input.op);
    if (!NameChoice(program_->ops[path], test)) AddStep(path, std::move(step));
    Static is = StaticOf(test, input.is.single);
    is.unordered = input.is.unordered;
    return Compiled{path, std::move(is)};
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
    const TypeTest test = TRY(TypeNamed(node, node.extra, node.text, node.kind == SyntaxKind::kAs));
    if (node.kind == SyntaxKind::kAs && (options_.as_filters || input.is.single))
      return Filtered(node, input, test);
    program_->tests.push_back(test);
    const uint32_t at = static_cast<uint32_t>(program_->tests.size() - 1);
    if (node.kind == SyntaxKind::kAs)
      return Compiled{Add({.code = Code::kAs, .at = node.at, .input = input.op, .first = at}),
                      StaticOf(test, true)};
    ByType(input.op);
    return Compiled{Add({.code = Code::kIs, .boolean = true, .at = node.at, .input = input.op, .first = at}),
                    Static::Of(kSystemBoolean)};
  }

  // ---- operators ------------------------------------------------------------------------------------------------

  Result<Compiled> Indexer(const SyntaxNode& node) {
    Compiled input = TRY(Node(node.operands[0]));
    const Compiled index = TRY(Scoped(node.operands[1]));
    if (options_.check_order && input.is.unordered) return NoOrder(node, "[ ]");
    input.is.single = true;
    return Compiled{Add({.code = Code::kIndexer, .at = node.at, .input = input.op, .right = index.op}),
                    std::move(input.is)};
  }

  Error NoOrder(const SyntaxNode& node, std::string_view what) const {
    return Fail(node,
                fmt::format("{} depends on an order, and what stands before it has none: say which items "
                            "are meant with where(…), or sort(…) them",
                            what));
  }

  Result<Compiled> Sign(const SyntaxNode& node) {
    Compiled input = TRY(Node(node.operands[0]));
    const Code code = node.kind == SyntaxKind::kNegate ? Code::kNegate : Code::kPlus;
    return Compiled{Add({.code = code, .at = node.at, .input = input.op}), std::move(input.is)};
  }

  Result<Compiled> Binary(const SyntaxNode& node) {
    Compiled left = TRY(Scoped(node.operands[0]));
    Compiled right = TRY(Scoped(node.operands[1]));
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
    a.unordered = a.unordered || b.unordered;
    return a;
  }

  // ---- functions ------------------------------------------------------------------------------------------------

  Result<const FunctionInfo*> Lookup(const SyntaxNode& node, size_t arguments) const {
    const FunctionInfo* info = FindFunction(node.text);
    if (info == nullptr) return Fail(node, fmt::format("there is no function {}()", node.text));
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
    if (IsFactory(node)) return Factory(node);
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
    if (options_.check_order && input.is.unordered && NeedsOrder(info->function))
      return NoOrder(node, fmt::format("{}()", info->name));
    if (info->arguments == ArgumentMode::kType) return TypeCall(node, *info, std::move(input), given[0]);
    if (info->arguments == ArgumentMode::kDefine) return Define(node, *info, std::move(input), given);
    std::vector<Compiled> arguments;
    uint32_t descending = 0;
    for (size_t i = 0; i < given.size(); ++i) {
      if (!IsLambda(*info, i)) {
        arguments.push_back(TRY(Scoped(given[i])));
        continue;
      }
      Static inner = input.is;
      inner.single = true;
      if (info->function == Function::kRepeat || info->function == Function::kRepeatAll)
        inner = {};  // it is applied to its own results too
      uint32_t argument = given[i];
      if (info->function == Function::kSort && tree_.nodes[argument].kind == SyntaxKind::kNegate) {
        descending |= 1U << i;  // sort(-age): from the greatest
        argument = tree_.nodes[argument].operands[0];
      }
      arguments.push_back(TRY(WithSelf(std::move(inner), argument)));
    }
    Compiled call = TRY(Finish(node, *info, std::move(input), arguments));
    if (info->function == Function::kSort) program_->ops[call.op].right = descending;
    return call;
  }

  static bool IsLambda(const FunctionInfo& info, size_t argument) {
    return info.arguments == ArgumentMode::kIifLambda || info.arguments == ArgumentMode::kSortLambda ||
           (info.arguments == ArgumentMode::kLambda && argument == 0) ||
           (info.arguments == ArgumentMode::kTraceLambda && argument == 1);
  }
  static bool NeedsOrder(Function function) {
    return function == Function::kFirst || function == Function::kLast || function == Function::kTail ||
           function == Function::kSkip || function == Function::kTake;
  }

  /// defineVariable(name, value): gives its input; %name is visible behind it.
  Result<Compiled> Define(const SyntaxNode& node, const FunctionInfo& info, Compiled input,
                          const std::vector<uint32_t>& given) {
    const SyntaxNode& name = tree_.nodes[given[0]];
    if (name.kind != SyntaxKind::kString || name.text.empty())
      return Fail(name, "expected the name of the variable as a text, e.g. defineVariable('first')");
    if (IsOwnVariable(name.text))
      return Fail(name, fmt::format("%{} has a meaning of its own: take another name", name.text));
    for (const Defined& defined : scope_) {
      if (defined.name == name.text)
        return Fail(name, fmt::format("%{} is defined already: take another name", name.text));
    }
    std::vector<Compiled> value;
    Static is = input.is;
    if (given.size() > 1) {
      value.push_back(TRY(WithSelf(input.is, given[1])));
      is = value[0].is;
    }
    const uint32_t slot = program_->slots++;
    scope_.push_back({name.text, slot, std::move(is)});
    Compiled call = TRY(Finish(node, info, std::move(input), value));
    program_->ops[call.op].right = slot;
    return call;
  }

  /// %factory.name(…): a value of a type of FHIR.
  bool IsFactory(const SyntaxNode& node) const {
    return node.has_input && tree_.nodes[node.operands[0]].kind == SyntaxKind::kExternal &&
           tree_.nodes[node.operands[0]].text == "factory";
  }
  Result<Compiled> Factory(const SyntaxNode& node) {
    Op op{.code = Code::kFactory, .at = node.at};
    Static is = Static::Of(definitions().FindType(node.text));
    std::vector<uint32_t> arguments;
    if (node.text == "create" && node.operands.size() == 2) {
      const TypeTest test = TRY(TypeArgument(node.operands[1], false));
      if (test.fhir == kNoType) return Fail(node, "expected a type of FHIR, e.g. %factory.create(HumanName)");
      is = Static::Of(test.fhir);
    } else {
      for (size_t i = 1; i < node.operands.size(); ++i) arguments.push_back(TRY(Scoped(node.operands[i])).op);
    }
    const bool with = node.text == "withExtension" || node.text == "withProperty";
    if (!with && is.types[0] == kNoType)
      return Fail(node, fmt::format("%factory makes no \"{}\"", node.text));
    op.right = is.types[0];
    is = {};
    is.single = true;
    program_->names.push_back(node.text);
    op.input = static_cast<uint32_t>(program_->names.size() - 1);
    op.first = static_cast<uint32_t>(program_->arguments.size());
    op.count = static_cast<uint16_t>(arguments.size());
    program_->arguments.insert(program_->arguments.end(), arguments.begin(), arguments.end());
    return Compiled{Add(op), std::move(is)};
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
    auto compiled = Pattern::Make(*text, "");
    if (!compiled.ok())
      return Fail(node, fmt::format("the pattern is not valid: {}", compiled.error().external));
    program_->patterns.push_back(std::move(*compiled));
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
        is.unordered = is.unordered || input.unordered;
        return is;
      }
      case ResultMode::kSorted:
        input.unordered = false;
        return input;
      case ResultMode::kUnordered:
        return {false, false, true, {}};
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
    const TypeTest test = TRY(TypeArgument(argument, info.function == Function::kAs));
    if (!node.has_input) input.op = NewPath(node);
    const bool as_filters = info.function == Function::kAs && (options_.as_filters || input.is.single);
    if (info.function == Function::kOfType || as_filters) {
      return Filtered(node, input, test);
    }
    program_->tests.push_back(test);
    const uint32_t at = static_cast<uint32_t>(program_->tests.size() - 1);
    const Code code = info.function == Function::kAs ? Code::kAs : Code::kIs;
    if (code == Code::kIs) ByType(input.op);
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
      step.test = TRY(test.kind == SyntaxKind::kIs ? TypeNamed(test, test.extra, test.text, false)
                                                   : TypeArgument(test.operands[1], false));
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

  /// Of `x.resolve() is T` the type is asked, which a reference tells where its target is not to be had.
  void ByType(uint32_t input) {
    Op& op = program_->ops[input];
    op.by_type = op.code == Code::kCall && op.function == Function::kResolve;
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

  std::string_view text_;
  const SyntaxTree& tree_;
  const TypeTable& types_;
  const Options options_;
  std::unique_ptr<Expression::Program> program_;
  Static self_;     // $this where the compiler stands
  Static context_;  // %context
  /// What defineVariable() has made and is visible here.
  struct Defined {
    std::string name;
    uint32_t slot = 0;
    Static is = {};
  };
  std::vector<Defined> scope_;
};

}  // namespace

Result<std::unique_ptr<const Expression::Program>> CompileProgram(std::string_view text,
                                                                  const Definitions& definitions,
                                                                  TypeId context, const Options& options) {
  const SyntaxTree tree = TRY(ParseSyntax(text));
  return Compiler(text, tree, TypeTable::For(definitions), options).Run(context);
}

}  // namespace tk::fhir::path
