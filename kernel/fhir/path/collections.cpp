// Functions on collections as a whole, the tree, extensions and references.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "kernel/fhir/path/evaluate.h"

namespace tk::fhir::path {
namespace {

/// A set of items under equality. Small sets are compared one by one, larger ones by digest first.
class ItemSet {
 public:
  static constexpr size_t kSmall = 16;
  explicit ItemSet(const TypeTable& types) : types_(types) {}
  /// Adds the item; false if an equal one is there. `work` counts comparisons.
  bool Add(const Item& item, uint64_t* work) {
    if (Has(item, work)) return false;
    if (by_digest_.empty() && items_.size() == kSmall) {
      for (size_t i = 0; i < items_.size(); ++i) by_digest_.emplace(EqualityDigest(types_, items_[i]), i);
    }
    if (!by_digest_.empty()) by_digest_.emplace(EqualityDigest(types_, item), items_.size());
    items_.push_back(item);
    return true;
  }
  bool Has(const Item& item, uint64_t* work) const {
    if (by_digest_.empty()) {
      *work += items_.size();
      return std::any_of(items_.begin(), items_.end(),
                         [&](const Item& other) { return Equal(types_, item, other) == true; });
    }
    const auto [first, last] = by_digest_.equal_range(EqualityDigest(types_, item));
    for (auto at = first; at != last; ++at) {
      ++*work;
      if (Equal(types_, item, items_[at->second]) == true) return true;
    }
    return false;
  }

 private:
  const TypeTable& types_;
  Collection items_;
  std::unordered_multimap<uint64_t, size_t> by_digest_;
};

void Append(Items items, Collection* out) { out->insert(out->end(), items.begin(), items.end()); }

}  // namespace

Result<bool> Evaluator::ContainsItem(const Op& op, Items items, const Item& item) {
  TRY(Charge(op, items.size() + 1));
  return std::any_of(items.begin(), items.end(),
                     [&](const Item& other) { return Equal(types_, item, other) == true; });
}

Status Evaluator::Distinct(const Op& op, Items input, Collection* out) {
  if (input.size() <= ItemSet::kSmall) {  // what `out` got is the set: nothing is copied
    const auto first = static_cast<std::ptrdiff_t>(out->size());
    TRY(Charge(op, input.size() * input.size()));
    for (const Item& item : input) {
      const bool seen = std::any_of(out->begin() + first, out->end(),
                                    [&](const Item& other) { return Equal(types_, item, other) == true; });
      if (!seen) out->push_back(item);
    }
    return {};
  }
  ItemSet seen(types_);
  uint64_t work = 0;
  for (const Item& item : input) {
    if (seen.Add(item, &work)) out->push_back(item);
    TRY(Charge(op, work));
    work = 0;
  }
  return {};
}

Status Evaluator::KeepDistinct(const Op& op, size_t first, Collection* out) {
  const size_t count = out->size() - first;
  if (count < 2) return {};
  const auto begin = out->begin() + static_cast<std::ptrdiff_t>(first);
  if (count > ItemSet::kSmall) {
    Lease all(scratch_);
    all.get()->assign(std::make_move_iterator(begin), std::make_move_iterator(out->end()));
    out->resize(first);
    return Distinct(op, *all.get(), out);
  }
  TRY(Charge(op, count * count));
  auto end = begin;
  for (auto item = begin; item != out->end(); ++item) {
    const bool seen =
        std::any_of(begin, end, [&](const Item& other) { return Equal(types_, *item, other) == true; });
    if (seen) continue;
    if (end != item) *end = std::move(*item);
    ++end;
  }
  out->erase(end, out->end());
  return {};
}

Status Evaluator::AppendUnion(const Op& op, Items left, Items right, Collection* out) {
  const size_t first = out->size();
  Append(left, out);
  Append(right, out);
  return KeepDistinct(op, first, out);
}

Status Evaluator::CallBooleans(const Call& call) {
  const Function f = call.op.function;
  const bool wanted = f == Function::kAllTrue || f == Function::kAnyTrue;
  const bool all = f == Function::kAllTrue || f == Function::kAllFalse;
  bool answer = all;
  for (const Item& item : call.input) {
    const Scalar value = ToScalar(types_, item);
    if (value.kind != SystemKind::kBoolean) {
      return Fail(call.op, fmt::format("{}() needs booleans", FunctionName(f)));
    }
    if (all && value.boolean != wanted) answer = false;
    if (!all && value.boolean == wanted) answer = true;
  }
  call.out->push_back(BooleanItem(answer));
  return {};
}

Status Evaluator::CallSubset(const Call& call) {
  const Function f = call.op.function;
  const Items other = call.arguments[0];
  uint64_t work = 0;
  if (f == Function::kSubsetOf || f == Function::kSupersetOf) {
    const Items inner = f == Function::kSubsetOf ? call.input : other;
    const Items outer = f == Function::kSubsetOf ? other : call.input;
    ItemSet set(types_);
    for (const Item& item : outer) set.Add(item, &work);
    const bool all =
        std::all_of(inner.begin(), inner.end(), [&](const Item& item) { return set.Has(item, &work); });
    call.out->push_back(BooleanItem(all));
    return Charge(call.op, work);
  }
  ItemSet set(types_);
  for (const Item& item : other) set.Add(item, &work);
  Collection kept;
  for (const Item& item : call.input) {
    if (set.Has(item, &work) == (f == Function::kIntersect)) kept.push_back(item);
  }
  TRY(Charge(call.op, work));
  if (f == Function::kIntersect) return Distinct(call.op, kept, call.out);
  Append(kept, call.out);
  return {};
}

Status Evaluator::Descendants(const Op& op, Items input, Collection* out) {
  const size_t first = out->size();
  const auto append = [&](const Item& item) {
    const size_t children = out->size();
    AppendChildren(types_, ToRef(item), out);
    KeepDocument(item, children, out);
  };
  for (const Item& item : input) append(item);
  for (size_t i = first; i < out->size(); ++i) {
    TRY(Charge(op, 1));
    const Item item = (*out)[i];  // a copy: the collection grows
    append(item);
  }
  return {};
}

Status Evaluator::Resolve(const Op& op, Items input, Collection* out) {
  std::string scratch;
  for (const Item& item : input) {
    const NodeRef ref = ToRef(item);
    std::string_view text = ReferenceText(types_, ref, scratch);
    std::string computed;
    if (!item.node) {
      computed = ToScalar(types_, item).text;
      text = computed;
    }
    Value target;
    if (!text.empty() && text[0] == '#')
      target = FindContained(types_, ResourcesAround(types_, resource_, item.node).container, text.substr(1));
    else if (!text.empty() && environment_.resolver != nullptr)
      target = environment_.resolver->Resolve(text, item.node);
    Item found;
    if (target)
      found = ResourceItem(types_.definitions(), target);
    else if (op.by_type)
      found.type =
          item.node ? ReferencedType(types_, ref, resource_) : TypeOfReferenceText(types_, text, resource_);
    if (target || found.type != kNoType) out->push_back(std::move(found));
  }
  return {};
}

Status Evaluator::Extension(const Call& call) {
  std::string url_scratch, scratch;
  const std::optional<std::string_view> url = TRY(OneText(call.op, call.arguments[0], &url_scratch));
  if (!url) return {};
  for (const Item& item : call.input) {
    const Value holder = item.node.is_object() ? item.node : item.extension_node;
    const size_t first = call.out->size();
    for (Value extension : holder[types_.name_extension]) {
      if (extension[types_.name_url].String(scratch) == *url) {
        AppendItem(NodeRef{extension, Value(), types_.extension_type}, call.out);
      }
    }
    KeepDocument(item, first, call.out);
  }
  return {};
}

// Those that give a stretch of their input.
Status Evaluator::CallPart(const Call& call) {
  const Items input = call.input;
  Collection* out = call.out;
  const auto range = [&](size_t first, size_t last) {
    for (size_t i = first; i < last && i < input.size(); ++i) out->push_back(input[i]);
  };
  switch (call.op.function) {
    case Function::kSingle:
      TRY(One(call.op, input));
      range(0, 1);
      break;
    case Function::kFirst:
      range(0, 1);
      break;
    case Function::kLast:
      range(input.empty() ? 0 : input.size() - 1, input.size());
      break;
    case Function::kTail:
      range(1, input.size());
      break;
    case Function::kSkip:
    case Function::kTake: {
      const std::optional<int64_t> count = TRY(OneInteger(call.op, call.arguments[0]));
      if (!count) break;
      const size_t n = *count < 0 ? 0 : static_cast<size_t>(*count);
      if (call.op.function == Function::kSkip)
        range(n, input.size());
      else
        range(0, n);
      break;
    }
    default:
      break;
  }
  return {};
}

Status Evaluator::CallCollection(const Call& call, bool* known) {
  *known = true;
  const Items input = call.input;
  Collection* out = call.out;
  switch (call.op.function) {
    case Function::kCount:
      out->push_back(IntegerItem(static_cast<int64_t>(input.size())));
      break;
    case Function::kAllTrue:
    case Function::kAnyTrue:
    case Function::kAllFalse:
    case Function::kAnyFalse:
      return CallBooleans(call);
    case Function::kSubsetOf:
    case Function::kSupersetOf:
    case Function::kIntersect:
    case Function::kExclude:
      return CallSubset(call);
    case Function::kDistinct:
      return Distinct(call.op, input, out);
    case Function::kIsDistinct: {
      Collection distinct;
      TRY(Distinct(call.op, input, &distinct));
      out->push_back(BooleanItem(distinct.size() == input.size()));
      break;
    }
    case Function::kSingle:
    case Function::kFirst:
    case Function::kLast:
    case Function::kTail:
    case Function::kSkip:
    case Function::kTake:
      return CallPart(call);
    case Function::kUnion:
      return AppendUnion(call.op, input, call.arguments[0], out);
    case Function::kCombine:
      Append(input, out);
      Append(call.arguments[0], out);
      break;
    case Function::kChildren:
      for (const Item& item : input) {
        const size_t first = out->size();
        AppendChildren(types_, ToRef(item), out);
        KeepDocument(item, first, out);
      }
      break;
    case Function::kDescendants:
      return Descendants(call.op, input, out);
    case Function::kExtension:
      return Extension(call);
    case Function::kResolve:
      return Resolve(call.op, input, out);
    case Function::kType:
      return CallType(call);
    case Function::kSum:
    case Function::kAvg:
      return CallSum(call);
    case Function::kMin:
    case Function::kMax:
      return CallExtreme(call);
    case Function::kGetValue:
      if (input.size() == 1 && HasValue(types_, input[0])) out->push_back(input[0]);
      break;
    default:
      *known = false;
      break;
  }
  return {};
}

}  // namespace tk::fhir::path
