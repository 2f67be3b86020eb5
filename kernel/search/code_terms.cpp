#include "kernel/search/code_terms.h"

#include <fmt/format.h>

#include <algorithm>

namespace tk::search {
namespace {

using terminology::CodeListPtr;
using terminology::Terminology;

Result<CodeListPtr> CodesOfTerm(const TermReader& reader, const Terminology& all, const Term& term) {
  if (reader.modifier == "in" || reader.modifier == "not-in") return all.In(term.text);
  if (!term.system || term.system->empty() || term.code.empty())
    return BadValue(reader.name, fmt::format(":{} takes system|code", reader.modifier));
  return reader.modifier == "below" ? all.Below(*term.system, term.code) : all.Above(*term.system, term.code);
}

}  // namespace

Result<CodeListPtr> ReadCodes(const TermReader& reader, const std::vector<Term>& terms) {
  const auto all = reader.options.terminology ? reader.options.terminology() : nullptr;
  if (all == nullptr)
    return NotOffered(reader.name, fmt::format(":{} is not offered here: it needs the stored value sets and "
                                               "code systems",
                                               reader.modifier));
  std::vector<fhir::SystemCode> codes;
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
  }
  auto list = std::make_shared<const terminology::CodeList>(std::move(codes));
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
