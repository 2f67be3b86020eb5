#include "kernel/search/code_terms.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/text.h"
#include "kernel/fhir/code_grammar.h"
#include "kernel/search/extract.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using terminology::CodeListPtr;
using terminology::Terminology;

Result<CodeListPtr> CodesOfTerm(const TermReader& reader, const Terminology& all, const Term& term) {
  if (reader.modifier == "in" || reader.modifier == "not-in") {
    // An address of this server may be a url that somebody gave his value set, or the place of one.
    auto list = all.In(term.text);
    const std::string_view own = WithoutBase(term.text, reader.options.own_base);
    return list.ok() || own.empty() || list.error().code != ErrorCode::kUnsupported ? std::move(list)
                                                                                    : all.In(own);
  }
  if (!term.system || term.system->empty() || term.code.empty())
    return BadValue(reader.name, fmt::format(":{} takes system|code", reader.modifier));
  return reader.modifier == "below" ? all.Below(*term.system, term.code) : all.Above(*term.system, term.code);
}

constexpr std::string_view kMediaTypes = "urn:ietf:bcp:13",
                           kMediaTypeSet = "http://hl7.org/fhir/ValueSet/mimetypes";  // all of them

}  // namespace

Result<bool> AreMediaTypes(const TermReader& reader, std::vector<Term>* terms) {
  if (reader.modifier != "below" || reader.parameter == nullptr) return false;
  const fhir::ElementInfo* element = ElementOf(reader.definitions, reader.type, reader.parameter->expression);
  if (element == nullptr || element->required_codes == fhir::kNoCodeSet ||
      reader.definitions.CodeSetUrl(element->required_codes) != kMediaTypeSet)
    return false;
  for (Term& term : *terms) {
    const bool is_plain = !term.system || *term.system == kMediaTypes;
    if (!is_plain || fhir::KeepsToGrammar(kMediaTypes, term.code) != true ||
        term.code.find(';') != std::string::npos)
      return BadValue(reader.name, ":below takes a media type without parameters, as text/xml");
    term.system.reset();
  }
  return true;
}

bool MediaTypeHolds(std::string_view asked, std::string_view code) {
  code = code.substr(0, code.find(';'));
  while (!code.empty() && code.back() == ' ') code.remove_suffix(1);
  return ToLower(code) == ToLower(asked);
}

Result<CodeListPtr> ReadCodes(const TermReader& reader, const std::vector<Term>& terms) {
  const auto all = reader.options.terminology ? reader.options.terminology() : nullptr;
  if (all == nullptr)
    return NotOffered(reader.name, fmt::format(":{} is not offered here: it needs the stored value sets and "
                                               "code systems",
                                               reader.modifier));
  std::vector<fhir::SystemCode> codes;
  std::string note;
  for (const Term& term : terms) {
    auto list = CodesOfTerm(reader, *all, term);
    if (!list.ok()) {
      const Error& why = list.error();
      if (why.issues.empty() || why.code == ErrorCode::kUnavailable || why.code == ErrorCode::kTimeout)
        return why;
      if (!why.issues[0].path.empty()) return why;  // tells the parameter already
      return Refuse(why.code, why.issues[0].type, reader.name, why.issues[0].text);
    }
    if (terms.size() == 1) return list;
    codes.insert(codes.end(), (*list)->codes().begin(), (*list)->codes().end());
    if (note.empty()) note = (*list)->note();
  }
  auto list = std::make_shared<const terminology::CodeList>(std::move(codes), std::move(note));
  if (list->size() > terminology::kListedCodesMax)
    return Refuse(ErrorCode::kTooLarge, "too-costly", reader.name,
                  fmt::format("its values come to more than {} codes", terminology::kListedCodesMax));
  return CodeListPtr(std::move(list));
}

bool CodesHold(const fhir::Definitions& definitions, fhir::CodeSetId implied,
               const terminology::CodeList& codes, const std::string_view* system, std::string_view code) {
  if (implied == fhir::kNoCodeSet) return system != nullptr && codes.Has(*system, code);
  const auto [begin, end] = codes.WithCode(code);
  return std::any_of(begin, end, [&](const fhir::SystemCode& each) {
    return definitions.HasCode(implied, each.first, code);
  });
}

}  // namespace tk::search
