// Functions that ask the definitions: conformsTo, memberOf, subsumes, subsumedBy, slice, htmlChecks, checkModifiers.
// Source: FHIR R4 fhirpath.html, "Additional functions".
#include <fmt/format.h>

#include "kernel/fhir/path/evaluate.h"
#include "kernel/fhir/validate.h"
#include "kernel/fhir/xhtml.h"

namespace tk::fhir::path {
namespace {

/// Is the code in the value set, for one that is enumerated here? nullopt if the item has no code.
std::optional<bool> IsMember(const TypeTable& types, const Item& item, CodeSetId set) {
  const Definitions& definitions = types.definitions();
  std::string system, code;
  if (const auto text = TextOfItem(types, item, &code)) return definitions.HasCode(set, "", *text);
  if (const Value codings = item.node["coding"]) {
    for (const Value coding : codings) {
      if (definitions.HasCode(set, coding[types.name_system].String(system),
                              coding[types.name_code].String(code)))
        return true;
    }
    return false;
  }
  if (!item.node[types.name_code]) return std::nullopt;
  return definitions.HasCode(set, item.node[types.name_system].String(system),
                             item.node[types.name_code].String(code));
}

/// The codes of a Coding or a CodeableConcept: system and code; nullopt: it is neither.
using GivenCodes = std::vector<std::pair<std::string, std::string>>;
std::optional<GivenCodes> CodesOfItem(const TypeTable& types, const Item& item) {
  const Definitions& definitions = types.definitions();
  if (!item.node.is_object() || item.type >= definitions.type_count()) return std::nullopt;
  const std::string_view type = definitions.Type(item.type).name;
  GivenCodes codes;
  const auto add = [&](Value coding) {
    if (coding[types.name_code].is_string())
      codes.emplace_back(coding[types.name_system].ToString(), coding[types.name_code].ToString());
  };
  if (type == "Coding") {
    add(item.node);
  } else if (type == "CodeableConcept") {
    for (const Value coding : item.node["coding"]) add(coding);
  } else {
    return std::nullopt;
  }
  return codes;
}

}  // namespace

/// Some code of `above` is the same as, or stands above, some code of `below`. Where a code system is not known, or a code of it: an error, unless
/// another pair tells. Without a code on one side: empty.
Status Evaluator::Subsumption(const Call& call, const Item& above, const Item& below) {
  const auto sources = CodesOfItem(types_, above);
  const auto targets = CodesOfItem(types_, below);
  if (!sources || !targets)
    return Fail(call.op, "subsumes() and subsumedBy() compare a Coding or CodeableConcept with another");
  constexpr uint64_t kPairWork = 8;  // a look-up in a code system
  TRY(Charge(call.op, sources->size() * targets->size() * kPairWork));
  if (sources->empty() || targets->empty()) return {};
  bool undecided = false, comparable = false;
  for (const auto& [system, code] : *sources) {
    for (const auto& [other_system, other] : *targets) {
      if (system != other_system) continue;
      comparable = true;
      std::optional<bool> answer;
      if (code == other) answer = true;
      if (!answer && environment_.conformance != nullptr && !system.empty())
        answer = environment_.conformance->Subsumes(system, code, other);
      if (answer == true) return call.out->push_back(BooleanItem(true)), Status();
      undecided = undecided || !answer;
    }
  }
  if (undecided)
    return Fail(
        call.op,
        "the code system is not known here in full, or has not both codes: how they relate is not known");
  const auto is_coding = [&](const Item& item) {
    return types_.definitions().Type(item.type).name == "Coding";
  };
  if (!comparable && is_coding(above) && is_coding(below))
    return Fail(call.op, "the codes are of different code systems, and how these relate is not known");
  call.out->push_back(BooleanItem(false));
  return {};
}

Status Evaluator::CallConformance(const Call& call, bool* known) {
  *known = true;
  switch (call.op.function) {  // of all items
    case Function::kCheckModifiers:
      return CheckModifiers(call);
    case Function::kSlice:
      return InSlice(call);
    case Function::kElementDefinition:
      return ElementDefinitions(call);
    default:
      break;
  }
  const Item* item = TRY(One(call.op, call.input));
  if (item == nullptr) return {};
  switch (call.op.function) {
    case Function::kHtmlChecks: {
      const Definitions& definitions = types_.definitions();
      const bool is_other =
          item->node && item->type < definitions.type_count() && definitions.Type(item->type).name != "xhtml";
      std::string scratch;
      const std::optional<std::string_view> text =
          is_other ? std::nullopt : TRY(OneText(call.op, call.input, &scratch));
      if (text) call.out->push_back(BooleanItem(NarrativeProblem(*text) == nullptr));
      return {};
    }
    case Function::kConformsTo: {
      const std::optional<std::string> url = TRY(OneText(call.op, call.arguments[0]));
      if (!url) return {};
      std::optional<bool> answer;
      if (environment_.conformance != nullptr) answer = environment_.conformance->ConformsTo(*item, *url);
      if (!answer) answer = ConformsToType(*item, *url);
      if (!answer) return Fail(call.op, "conformsTo() does not know this profile");
      call.out->push_back(BooleanItem(*answer));
      return {};
    }
    case Function::kMemberOf: {
      const std::optional<std::string> url = TRY(OneText(call.op, call.arguments[0]));
      if (!url) return {};
      std::optional<bool> answer;
      if (environment_.conformance != nullptr) answer = environment_.conformance->MemberOf(*item, *url);
      const CodeSetId set = types_.CodeSetNamed(std::string_view(*url).substr(0, url->find('|')));
      if (!answer && set != kNoCodeSet) answer = IsMember(types_, *item, set);
      if (!answer) return Fail(call.op, "memberOf() does not know this value set, or not all of its codes");
      call.out->push_back(BooleanItem(*answer));
      return {};
    }
    case Function::kSubsumes:
    case Function::kSubsumedBy: {
      const Item* other = TRY(One(call.op, call.arguments[0]));
      if (other == nullptr) return {};
      const bool is_above = call.op.function == Function::kSubsumes;
      return Subsumption(call, is_above ? *item : *other, is_above ? *other : *item);
    }
    default:
      *known = false;
      return {};
  }
}

/// The definition of a type, by its canonical: the item is of the type and well-formed.
std::optional<bool> Evaluator::ConformsToType(const Item& item, std::string_view url) const {
  const Definitions& definitions = types_.definitions();
  const TypeId type = definitions.FindTypeByUrl(url);
  if (type == kNoType) return std::nullopt;
  if (item.type >= definitions.type_count() || !definitions.IsA(item.type, type)) return false;
  return !definitions.IsResource(item.type) || Validate(definitions, item.node, {kNoType, 1}).empty();
}

/// The items that are in the slice of a profile. Where that cannot be decided, because what a reference leads to is not here, an item is left out.
Status Evaluator::InSlice(const Call& call) {
  const std::optional<std::string> profile = TRY(OneText(call.op, call.arguments[0]));
  const std::optional<std::string> slice = TRY(OneText(call.op, call.arguments[1]));
  if (!profile || !slice) return {};
  constexpr uint64_t kItemWork = 100;  // discriminators are expressions
  for (const Item& item : call.input) {
    TRY(Charge(call.op, kItemWork));
    if (environment_.conformance == nullptr) return Fail(call.op, "slice() knows no profiles here");
    const auto answer = environment_.conformance->InSlice(item, *profile, *slice);
    if (!answer.ok()) return Fail(call.op, "slice(): " + answer.error().external);
    if (*answer == true) call.out->push_back(item);
  }
  return {};
}

/// The input, if it has no modifier extensions but those that are named.
Status Evaluator::CheckModifiers(const Call& call) {
  std::string scratch;
  for (const Item& item : call.input) {
    for (const Value extension : item.node[types_.name_modifier_extension]) {
      const std::string_view url = extension[types_.name_url].String(scratch);
      bool named = false;
      for (const Items argument : call.arguments) {
        for (const Item& one : argument) {
          std::string text_scratch;
          named = named || TextOfItem(types_, one, &text_scratch) == url;
        }
      }
      if (!named) return Fail(call.op, "there is a modifier extension that the expression does not name");
    }
  }
  call.out->insert(call.out->end(), call.input.begin(), call.input.end());
  return {};
}

}  // namespace tk::fhir::path
