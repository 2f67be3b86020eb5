// Functions that ask the definitions: conformsTo, memberOf, htmlChecks, checkModifiers.
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

}  // namespace

Status Evaluator::CallConformance(const Call& call, bool* known) {
  *known = true;
  const Item* item = nullptr;
  if (call.op.function != Function::kCheckModifiers) {
    item = TRY(One(call.op, call.input));
    if (item == nullptr) return {};
  }
  switch (call.op.function) {
    case Function::kHtmlChecks: {
      std::string scratch;
      const std::optional<std::string_view> text = TRY(OneText(call.op, call.input, &scratch));
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
      if (answer) call.out->push_back(BooleanItem(*answer));  // a value set that is not here: not known
      return {};
    }
    case Function::kCheckModifiers:
      return CheckModifiers(call);
    default:
      *known = false;
      return {};
  }
}

/// The definition of a type, by its canonical: the item is of the type and well-formed.
std::optional<bool> Evaluator::ConformsToType(const Item& item, std::string_view url) const {
  const Definitions& definitions = types_.definitions();
  const std::string_view plain = url.substr(0, url.find('|'));
  const TypeId type = definitions.FindType(plain.substr(plain.rfind('/') + 1));
  if (type == kNoType || definitions.Type(type).url != plain) return std::nullopt;
  if (item.type >= definitions.type_count() || !definitions.IsA(item.type, type)) return false;
  return !definitions.IsResource(item.type) || Validate(definitions, item.node, {kNoType, 1}).empty();
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
