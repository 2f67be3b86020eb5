#include "kernel/search/chains.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/search/nested.h"
#include "kernel/search/terms.h"

namespace tk::search {
namespace {

using fhir::SearchParameter;
using fhir::SearchType;
using fhir::TypeId;

constexpr size_t kBranchesMax = 64;  // of one criterion, over all its levels

constexpr size_t kTypesMax = 20;  // that a reference may lead to without one being named

/// The types that a parameter's expression lets through: those of "resolve() is Patient" when all its parts have such a test, else its targets.
std::vector<TypeId> TargetsOf(const fhir::Definitions& definitions, const SearchParameter& link) {
  constexpr std::string_view kTest = "resolve() is ";
  std::vector<TypeId> tested;
  std::string_view text = link.expression;
  size_t parts = text.empty() ? 0 : 1;
  for (size_t bar = text.find('|'); bar != std::string_view::npos; bar = text.find('|', bar + 1)) ++parts;
  for (size_t at = text.find(kTest); at != std::string_view::npos; at = text.find(kTest, at + 1)) {
    const std::string_view rest = text.substr(at + kTest.size());
    const TypeId type = definitions.FindType(rest.substr(0, rest.find_first_of(") |")));
    if (type == fhir::kNoType) return {link.targets.begin(), link.targets.end()};
    if (std::find(tested.begin(), tested.end(), type) == tested.end()) tested.push_back(type);
    --parts;
  }
  if (!tested.empty() && parts == 0) return tested;
  return {link.targets.begin(), link.targets.end()};
}

bool IsAny(const fhir::Definitions& definitions, const SearchParameter& link) {
  return link.targets.empty() || link.targets.size() > kTypesMax ||
         std::any_of(link.targets.begin(), link.targets.end(),
                     [&](TypeId t) { return definitions.Type(t).is_abstract; });
}

std::string TypeList(const fhir::Definitions& definitions, std::span<const TypeId> types) {
  std::string list;
  for (const TypeId type : types) {
    if (!list.empty()) list += ", ";
    list += definitions.Type(type).name;
  }
  return list;
}

/// The reference parameters of a type, for messages.
std::string LinkList(const fhir::Definitions& definitions, TypeId type) {
  std::string list;
  for (const SearchParameter& p : definitions.SearchParameters(type)) {
    if (p.type != SearchType::kReference) continue;
    if (!list.empty()) list += ", ";
    list += p.code;
  }
  return list.empty() ? "none" : list;
}

/// What stands before `separator`; `*text` goes on after it. All of it when there is none.
std::string_view TakeUntil(std::string_view* text, char separator) {
  const size_t at = std::min(text->find(separator), text->size());
  const std::string_view taken = text->substr(0, at);
  text->remove_prefix(std::min(at + 1, text->size()));
  return taken;
}

/// Why there is nothing to include, and nobody who refers.
std::string InIt(const fhir::Definitions& definitions, const SearchParameter& link) {
  const std::string_view type = definitions.Type(link.resource).name;
  return fmt::format(
      "what {} of {} says stands in the {} itself and comes with it; it refers to nothing that is stored",
      link.code, type, type);
}

}  // namespace

bool MayReferTo(const fhir::Definitions& definitions, const SearchParameter& parameter, TypeId type) {
  return parameter.targets.empty() ||
         std::any_of(parameter.targets.begin(), parameter.targets.end(),
                     [&](TypeId target) { return definitions.IsA(type, target); });
}

Error ChainReader::Forbidden(std::string_view what) const {
  return Refuse(ErrorCode::kForbidden, "forbidden", full_name_,
                "goes through " + std::string(what) + ", which your post may not read");
}

Result<Criterion> ChainReader::Read(TypeId type, std::string_view name, std::string_view value,
                                    std::string_view shown) {
  full_name_ = shown.empty() ? name : shown;
  branches_ = 0;
  passable_ = false;
  Criterion criterion = TRY(Any(type, name, value, 0));
  criterion.name = full_name_;
  return criterion;
}

Result<Criterion> ChainReader::Any(TypeId type, std::string_view name, std::string_view value, size_t depth) {
  if (!IsJoined(name)) return leaf_(type, name, value, full_name_);
  if (depth == options_.join_depth_max)
    return Refuse(ErrorCode::kTooLarge, "too-costly", full_name_,
                  fmt::format("more than {} links", options_.join_depth_max));
  return name.substr(0, 5) == "_has:" ? Has(type, name.substr(5), value, depth + 1)
                                      : Chain(type, name, value, depth + 1);
}

Result<const SearchParameter*> ChainReader::Link(TypeId type, std::string_view code) {
  const SearchParameter* link = definitions_.FindSearchParameter(type, code);
  if (link == nullptr || link->type != SearchType::kReference)
    return Passable(Refuse(ErrorCode::kIncorrect, link == nullptr ? "not-found" : "value", full_name_,
                           fmt::format("{} is {} of {}, whose references are {}", ShownName(code),
                                       link == nullptr ? "no parameter" : "not a reference",
                                       definitions_.Type(type).name, LinkList(definitions_, type))));
  return link;
}

Result<std::vector<TypeId>> ChainReader::Targets(const SearchParameter& link, std::string_view type_name) {
  if (!type_name.empty()) {
    const TypeId type = definitions_.FindType(type_name);
    if (!definitions_.IsResource(type))
      return BadValue(full_name_, ShownName(type_name) + " is no resource type");
    if (!MayReferTo(definitions_, link, type))
      return BadValue(full_name_, fmt::format("{} does not refer to {}, but to {}", link.code,
                                              ShownName(type_name), TypeList(definitions_, link.targets)));
    if (!MayRead(type)) return Forbidden(type_name);
    return std::vector<TypeId>{type};
  }
  if (IsAny(definitions_, link))
    return BadValue(full_name_,
                    fmt::format("{} may refer to any type: name the one that is meant, as in {}:Patient.…",
                                link.code, link.code));
  std::vector<TypeId> types;
  const std::vector<TypeId> targets = TargetsOf(definitions_, link);
  for (const TypeId type : targets) {
    if (MayRead(type)) types.push_back(type);
  }
  if (types.empty()) return Forbidden(TypeList(definitions_, targets));
  return types;
}

Result<Criterion> ChainReader::Chain(TypeId type, std::string_view name, std::string_view value,
                                     size_t depth) {
  std::string_view rest = name;
  std::string_view first = TakeUntil(&rest, '.');
  const std::string_view code = TakeUntil(&first, ':');
  if (code.empty() || rest.empty())
    return BadValue(full_name_, "a chain is reference.parameter or reference:Type.parameter");
  const SearchParameter* link = TRY(Link(type, code));
  const std::vector<TypeId> targets = TRY(Targets(*link, first));
  auto join = std::make_shared<Join>();
  join->own_base = options_.own_base;
  std::unique_ptr<Error> why;  // of the first type that it cannot be asked of
  bool why_passable = false;
  for (const TypeId target : targets) {
    if (++branches_ > kBranchesMax)
      return Refuse(
          ErrorCode::kTooLarge, "too-costly", full_name_,
          "leads to too many types: name the type after each reference, as in subject:Patient.name");
    passable_ = false;
    Result<Criterion> inner = Any(target, rest, value, depth);
    if (inner.ok()) {
      join->branches.push_back({target, link, std::move(*inner)});
      continue;
    }
    if (inner.error().code == ErrorCode::kTooLarge) return inner;
    // A wrong value says more than a name that some type does not have.
    if (why == nullptr || (why_passable && !passable_)) {
      why = std::make_unique<Error>(std::move(inner.error()));
      why_passable = passable_;
    }
  }
  passable_ = why_passable;
  if (join->branches.empty()) {
    if (targets.size() == 1 || !why_passable) return std::move(*why);
    return Refuse(ErrorCode::kIncorrect, "not-found", full_name_,
                  fmt::format("none of the types that {} may refer to ({}) can be asked for {}", link->code,
                              TypeList(definitions_, targets), ShownName(rest)));
  }
  passable_ = false;
  Criterion criterion;
  criterion.name = full_name_;
  criterion.join = std::move(join);
  return criterion;
}

Result<Criterion> ChainReader::Has(TypeId type, std::string_view name, std::string_view value, size_t depth) {
  std::string_view rest = name;
  const std::string_view type_name = TakeUntil(&rest, ':'), code = TakeUntil(&rest, ':');
  if (type_name.empty() || code.empty() || rest.empty())
    return BadValue(full_name_,
                    "is written _has:Type:reference:parameter, as in _has:Observation:patient:code");
  const TypeId joined = definitions_.FindType(type_name);
  if (!definitions_.IsResource(joined))
    return BadValue(full_name_, ShownName(type_name) + " is no resource type");
  if (!MayRead(joined)) return Forbidden(type_name);
  const SearchParameter* link = TRY(Link(joined, code));
  if (HoldsResources(definitions_, *link)) return BadValue(full_name_, InIt(definitions_, *link));
  if (!MayReferTo(definitions_, *link, type))
    return BadValue(full_name_,
                    fmt::format("{} of {} does not refer to {}, but to {}", link->code, ShownName(type_name),
                                definitions_.Type(type).name, TypeList(definitions_, link->targets)));
  if (++branches_ > kBranchesMax)
    return Refuse(ErrorCode::kTooLarge, "too-costly", full_name_, "leads to too many types");
  auto join = std::make_shared<Join>();
  join->reverse = true;
  join->own_base = options_.own_base;
  join->branches.push_back({joined, link, TRY(Any(joined, rest, value, depth))});
  Criterion criterion;
  criterion.name = full_name_;
  criterion.join = std::move(join);
  return criterion;
}

Result<Include> ReadInclude(const fhir::Definitions& definitions, const ParseOptions& options,
                            TypeId searched, std::string_view name, std::string_view value) {
  const auto may_read = [&](TypeId type) {
    return !options.may_read || options.may_read(definitions.Type(type).name);
  };
  std::string_view modifier = name;
  Include include;
  include.reverse = TakeUntil(&modifier, ':') == "_revinclude";
  include.iterate = modifier == "iterate" || modifier == "recurse";
  if (!modifier.empty() && !include.iterate)
    return BadValue(name, "this modifier is not offered; offered is :iterate");
  if (value == "*") return include;
  std::string_view rest = value;
  const std::string_view source = TakeUntil(&rest, ':'), code = TakeUntil(&rest, ':');
  include.source = definitions.FindType(source);
  if (!definitions.IsResource(include.source))
    return BadValue(
        name, "is *, Type:*, Type:parameter or Type:parameter:Target, and begins with no resource type");
  if (!rest.empty()) {
    include.target = definitions.FindType(rest);
    if (!definitions.IsResource(include.target)) return BadValue(name, "ends with no resource type");
  }
  if (code != "*") {
    include.parameter = definitions.FindSearchParameter(include.source, code);
    if (include.parameter == nullptr || include.parameter->type != SearchType::kReference)
      return BadValue(name, fmt::format("names no reference parameter of {}, which has {}", source,
                                        LinkList(definitions, include.source)));
    if (HoldsResources(definitions, *include.parameter))
      return BadValue(name, InIt(definitions, *include.parameter));
    if (include.target != fhir::kNoType && !MayReferTo(definitions, *include.parameter, include.target))
      return BadValue(name, fmt::format("{} of {} does not refer to the type at its end, but to {}",
                                        include.parameter->code, source,
                                        TypeList(definitions, include.parameter->targets)));
  }
  if (include.iterate) return include;
  const auto any_searched = [&](const auto& is) {
    return is(searched) || std::any_of(options.together.begin(), options.together.end(), is);
  };
  if (!include.reverse && !any_searched([&](TypeId type) { return type == include.source; }))
    return BadValue(name, fmt::format("begins with another type than the one searched: from what is included "
                                      "itself more comes only with {}:iterate",
                                      name));
  const bool leads = !include.reverse || include.parameter == nullptr || any_searched([&](TypeId type) {
    return MayReferTo(definitions, *include.parameter, type);
  });
  if (!leads)
    return BadValue(name, fmt::format("{} of {} does not refer to {}", include.parameter->code, source,
                                      definitions.Type(searched).name));
  if (include.reverse && !may_read(include.source))
    return Refuse(ErrorCode::kForbidden, "forbidden", name, "asks for a type that your post may not read");
  return include;
}

}  // namespace tk::search
