#include "kernel/search/parameter_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/text.h"
#include "kernel/fhir/path/path.h"
#include "kernel/search/expression_text.h"
#include "kernel/search/nested.h"
#include "kernel/search/query.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::Definitions;
using fhir::TypeId;

Error DoesNotFit(std::string_view type, const std::string& element, std::string text) {
  return MakeIssue(ErrorCode::kInvalid, type, "SearchParameter." + element,
                   "SearchParameter." + element + ": " + text);
}

/// Names that mean something else in a query.
constexpr std::string_view kReserved[] = {
    "_count",         "_sort",      "_total",  "_summary",    "_elements", "_include",
    "_revinclude",    "_contained", "_query",  "_explain",    "_has",      "_format",
    "_containedType", "_pretty",    "_filter", "_type",       "_page",     "_text",
    "_list",          "_content",   "_id",     "_lastUpdated"};

bool IsAskable(const std::string& code) {
  constexpr size_t kCodeMax = 64;
  return !code.empty() && code.size() <= kCodeMax && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

/// The concrete types that a base stands for.
std::vector<TypeId> TypesUnder(const Definitions& definitions, TypeId base) {
  if (!definitions.Type(base).is_abstract) return {base};
  std::vector<TypeId> out;
  for (const TypeId type : definitions.ResourceTypes()) {
    if (definitions.IsA(type, base)) out.push_back(type);
  }
  return out;
}

Status CheckCode(const Definitions& others, const std::string& code, const std::vector<TypeId>& types) {
  if (!IsAskable(code))
    return DoesNotFit("value", "code",
                      "no query could name it: give letters, digits, hyphens and underscores, at most 64");
  if (std::find(std::begin(kReserved), std::end(kReserved), code) != std::end(kReserved))
    return DoesNotFit("value", "code", "this name has a meaning of its own in every query: give another");
  for (const TypeId type : types) {
    // FHIR R4 search.html 3.1.1.1: none whose names differ in case alone.
    const auto list = others.SearchParameters(type);
    const auto other = std::find_if(list.begin(), list.end(), [&](const fhir::SearchParameter& each) {
      return ToLower(each.code) == ToLower(code);
    });
    if (other != list.end())
      return DoesNotFit("duplicate", "code",
                        fmt::format("{} has a search parameter of this code already, {} ({}), whatever its "
                                    "case: give another code, or change that one",
                                    others.Type(type).name, other->code, other->url));
  }
  return {};
}

Status CheckComponents(const Definitions& definitions, const fhir::SearchParameter& own) {
  if (own.components.empty())
    return DoesNotFit("required", "component", "a composite parameter needs its components");
  const auto components = ComponentsOf(definitions, own);
  for (size_t i = 0; i < components.size(); ++i) {
    if (components[i] == nullptr)
      return DoesNotFit(
          "not-found", fmt::format("component[{}].definition", i),
          fmt::format("it is no search parameter of {} that can be asked here: give the url of one "
                      "that is active, stored already or sent in the same transaction",
                      definitions.Type(own.resource).name));
  }
  return {};
}

/// Can a parameter of that type be asked for values of the type of an element? Source: what Extractor::Emit hears of each; FHIR R4 search.html
/// 3.1.1.4.4 ff.
bool MayHold(const Definitions& definitions, fhir::SearchType search_type, TypeId type) {
  using fhir::SearchType;
  const fhir::TypeInfo& info = definitions.Type(type);
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), info.name) != names.end();
  };
  const bool primitive = info.type_class == fhir::TypeClass::kPrimitive;
  const bool number = is({"decimal", "integer", "positiveInt", "unsignedInt"});
  const bool text = primitive && !number && info.name != "boolean" && !is({"date", "dateTime", "instant"});
  const TypeId quantity = definitions.FindType("Quantity");
  switch (search_type) {
    case SearchType::kToken:
      return primitive || is({"Coding", "CodeableConcept", "Identifier", "ContactPoint"});
    case SearchType::kDate:
      return is({"date", "dateTime", "instant", "Period", "Timing"});
    case SearchType::kNumber:
    case SearchType::kQuantity:
      return number || is({"Money", "Range"}) ||
             (quantity != fhir::kNoType && definitions.IsA(type, quantity));
    case SearchType::kString:
      return text || is({"HumanName", "Address", "CodeableConcept"});
    case SearchType::kUri:
      return text;
    case SearchType::kReference:
      return info.type_class == fhir::TypeClass::kResource ||
             is({"Reference", "uri", "url", "canonical", "oid", "uuid"});
    default:
      return true;
  }
}

/// Of an expression whose every part comes to something that the parameter's type has no use for nothing would ever be found.
Status CheckType(const Definitions& definitions, const fhir::SearchParameter& own) {
  std::string types;
  for (const std::string_view part : UnionParts(own.expression)) {
    const TypeId type = TypeOfPath(definitions, own.resource, part);
    if (type == fhir::kNoType || definitions.Type(type).name == "Extension" ||
        MayHold(definitions, own.type, type))
      return {};
    if (types.find(definitions.Type(type).name) == std::string::npos)
      types += (types.empty() ? "" : ", ") + std::string(definitions.Type(type).name);
  }
  return DoesNotFit("value", "type",
                    fmt::format("its expression gives {}, in which a parameter of this type finds nothing: "
                                "give the type that fits, or an expression that goes on to an element within",
                                types));
}

Status CheckMeaning(const Definitions& definitions, const fhir::SearchParameter& own) {
  if (own.expression.empty())
    return DoesNotFit("required", "expression", "without one nothing could be found by this parameter");
  if (own.type == fhir::SearchType::kComposite) TRY(CheckComponents(definitions, own));
  if (!IsOffered(own)) return DoesNotFit("not-supported", "type", "parameters of this kind are not offered");
  // What a version is numbered and dated with comes after its values were read.
  for (const std::string_view late : {"meta.lastUpdated", "meta.versionId"}) {
    if (own.expression.find(late) != std::string_view::npos)
      return DoesNotFit(
          "not-supported", "expression",
          fmt::format(
              "{} is the server's own and has no values to search: ask with _lastUpdated, or for a history",
              late));
  }
  const auto compiled = fhir::path::Expression::Compile(own.expression, definitions, own.resource,
                                                        fhir::path::kForSearchParameters);
  if (!compiled.ok())
    return DoesNotFit(
        "invalid", "expression",
        fmt::format("of {}: {}", definitions.Type(own.resource).name, compiled.error().external));
  if (own.type != fhir::SearchType::kComposite) TRY(CheckType(definitions, own));
  return {};
}

}  // namespace

Status CheckParameter(std::shared_ptr<const Definitions> others, const fhir::Document& parameter) {
  const fhir::Value root = parameter.Root();
  const std::string code = root["code"].ToString();
  std::vector<TypeId> types;
  size_t i = 0;
  for (const fhir::Value base : root["base"]) {
    const TypeId type = others->FindType(base.ToString());
    if (!others->IsResource(type))
      return DoesNotFit("not-found", fmt::format("base[{}]", i), "there is no resource type of this name");
    for (const TypeId each : TypesUnder(*others, type)) types.push_back(each);
    ++i;
  }
  TRY(CheckCode(*others, code, types));
  auto extended = Definitions::Extend(others, {std::string(parameter.Text())});
  if (!extended.ok()) {
    if (!extended.error().issues.empty()) return extended.TakeError();
    return DoesNotFit("invalid", "expression", extended.error().external);
  }
  for (const TypeId type : types) {
    const fhir::SearchParameter* own = (*extended)->FindSearchParameter(type, code);
    if (own == nullptr) return DoesNotFit("invalid", "base", "it is none of the types' parameters");
    TRY(CheckMeaning(**extended, *own));
  }
  return {};
}

}  // namespace tk::search
