#include "kernel/search/keys.h"

#include <algorithm>
#include <span>

#include "kernel/base/text.h"
#include "kernel/search/compare.h"
#include "kernel/search/entries.h"
#include "kernel/search/key_walk.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::SearchType;

constexpr size_t kCompoundKeysMax = 16;

/// References that a term names: itself, or with an id only one for each type the parameter may refer to.
void ReferenceKeys(const Setting& setting, const Extractor::Source& source, const Term& term,
                   std::vector<uint64_t>* keys) {
  const fhir::Definitions& definitions = setting.extractor.definitions();
  auto add = [&](std::string_view target) {
    keys->push_back(ReferenceKey(setting.hash_key, source.parameter, target));
    if (setting.extractor.At(source.parameter).holds_resources)
      keys->push_back(EqualityKey(setting.hash_key, source.parameter, KeyKind::kNestedName, target));
  };
  if (term.code.empty()) {
    if (source.type == fhir::kNoType || TypeOfReference(definitions, term.text).MayBe(source.type))
      add(term.text);
    return;
  }
  if (!term.type.empty()) {
    if (source.type == fhir::kNoType || definitions.Type(source.type).name == term.type) add(term.text);
    return;
  }
  auto of_type = [&](fhir::TypeId type) { add(std::string(definitions.Type(type).name) + "/" + term.code); };
  if (source.type != fhir::kNoType) return of_type(source.type);
  const auto& targets = setting.extractor.At(source.parameter).definition->targets;
  const bool any = targets.empty() || std::any_of(targets.begin(), targets.end(), [&](fhir::TypeId t) {
                     return definitions.Type(t).is_abstract;
                   });
  for (fhir::TypeId type : any ? definitions.ResourceTypes() : std::span<const fhir::TypeId>(targets))
    of_type(type);
}

/// Of a code with its system.
void CodeKey(const Setting& setting, ParameterId parameter, const fhir::SystemCode& code,
             std::vector<uint64_t>* keys) {
  const fhir::CodeSetId implied = setting.extractor.At(parameter).implied_codes;
  if (implied == fhir::kNoCodeSet)
    keys->push_back(EqualityKey(setting.hash_key, parameter, KeyKind::kSystemCode, code.first, code.second));
  else if (setting.extractor.definitions().HasCode(implied, code.first, code.second))
    keys->push_back(EqualityKey(setting.hash_key, parameter, KeyKind::kCode, code.second));
}

void TokenKeys(const Setting& setting, ParameterId parameter, const Term& term, std::vector<uint64_t>* keys) {
  auto add = [&](KeyKind kind, std::string_view first, std::string_view second = {}) {
    keys->push_back(EqualityKey(setting.hash_key, parameter, kind, first, second));
  };
  if ((!term.system || term.system->empty()) && setting.extractor.At(parameter).may_be_words)
    add(KeyKind::kWords, ToLower(term.code));
  if (!term.system) return add(KeyKind::kCode, term.code);
  if (term.system->empty()) return add(KeyKind::kNoSystem, term.code);
  // A plain code names no system; the codes that its element is bound to do (FHIR R4 search.html 3.1.1.4.10).
  const fhir::CodeSetId implied = setting.extractor.At(parameter).implied_codes;
  if (implied != fhir::kNoCodeSet) {
    const fhir::Definitions& definitions = setting.extractor.definitions();
    if (!term.code.empty()) {
      if (definitions.HasCode(implied, *term.system, term.code)) add(KeyKind::kCode, term.code);
      return;
    }
    for (std::string_view code : definitions.Codes(implied)) {
      if (definitions.HasCode(implied, *term.system, code)) add(KeyKind::kCode, code);
    }
    return;
  }
  if (term.code.empty()) return add(KeyKind::kSystem, *term.system);
  add(KeyKind::kSystemCode, *term.system, term.code);
}

bool IsPlain(const Criterion& c) {
  if (!c.special.empty()) return false;
  const bool of_type = !c.modifier.empty() && c.modifier[0] >= 'A' && c.modifier[0] <= 'Z';
  return c.modifier.empty() || of_type;
}

/// Terms of one criterion under one source.
void TermKeys(const Setting& setting, const Extractor::Source& source, const Criterion& criterion,
              const Term& term, std::vector<uint64_t>* keys) {
  auto add = [&](KeyKind kind, std::string_view first, std::string_view second = {}) {
    keys->push_back(EqualityKey(setting.hash_key, source.parameter, kind, first, second));
  };
  const SearchType type = criterion.parameter->type;
  if (type == SearchType::kReference && criterion.modifier == "identifier") {
    if (!term.system) return add(KeyKind::kIdentifierValue, term.code);
    if (term.code.empty()) return add(KeyKind::kIdentifierSystem, *term.system);
    return add(KeyKind::kIdentifier, *term.system, term.code);
  }
  if (type == SearchType::kToken) return TokenKeys(setting, source.parameter, term, keys);
  if (type == SearchType::kReference) return ReferenceKeys(setting, source, term, keys);
  if (type == SearchType::kString) return add(KeyKind::kExact, term.text);
  if (criterion.modifier != "above") return add(KeyKind::kUri, term.text);
  for (const std::string& url : UrlsAbove(term.text)) add(KeyKind::kUri, url);
}

bool IsEquality(const Criterion& criterion) {
  if (criterion.parameter == nullptr) return false;
  if (criterion.codes != nullptr) return true;
  const std::string_view modifier = criterion.modifier;
  if (modifier == "missing" || modifier == "contains" || modifier == "text" || modifier == "below" ||
      modifier == "of-type")
    return false;
  const SearchType type = criterion.parameter->type;
  return type == SearchType::kToken || type == SearchType::kReference || type == SearchType::kUri ||
         (type == SearchType::kString && modifier == "exact");
}

}  // namespace

std::optional<std::vector<uint64_t>> EqualityKeys(const Setting& setting, fhir::TypeId,
                                                  const Criterion& criterion) {
  if (!IsEquality(criterion)) return std::nullopt;
  std::vector<uint64_t> keys;
  for (const Extractor::Source& source :
       setting.extractor.At(setting.extractor.IdOf(*criterion.parameter)).sources) {
    if (criterion.codes == nullptr) {
      for (const Term& term : criterion.terms) TermKeys(setting, source, criterion, term, &keys);
    } else {
      for (const fhir::SystemCode& code : criterion.codes->codes())
        CodeKey(setting, source.parameter, code, &keys);
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<Ordinal> LiveUnder(const view::RunSnapshot<Entry16>& equality, uint64_t key,
                               const view::Directory& directory, const view::Position& position) {
  std::vector<Ordinal> out;
  // Piece by piece: whoever asks sorts what he gets.
  equality.ForPieces({key, 0}, {key | ~kKeyMask, ~uint64_t{0}}, [&](const Entry16* at, const Entry16* last) {
    for (; at != last; ++at) {
      const Ordinal ordinal = OrdinalOf(*at);
      if (ordinal < position.end_ordinal && directory.Live(ordinal, position)) out.push_back(ordinal);
    }
    return true;
  });
  return out;
}

std::vector<uint64_t> CompoundKeys(const Setting& setting, const Query& query, std::vector<bool>* used) {
  const Extractor& extractor = setting.extractor;
  const ParameterId patient = extractor.PatientOf(query.type), code = extractor.CodeOf(query.type);
  if (patient == kNoParameter || code == kNoParameter) return {};
  auto find = [&](ParameterId source) {
    for (size_t i = 0; i < query.criteria.size(); ++i) {
      const Criterion& c = query.criteria[i];
      if (!IsPlain(c) || c.parameter == nullptr) continue;
      const auto& sources = extractor.At(extractor.IdOf(*c.parameter)).sources;
      if (sources.size() == 1 && sources[0].parameter == source) return i;
    }
    return query.criteria.size();
  };
  const size_t p = find(patient), c = find(code);
  if (p == query.criteria.size() || c == query.criteria.size()) return {};
  std::vector<uint64_t> keys;
  const auto& source = extractor.At(extractor.IdOf(*query.criteria[p].parameter)).sources[0];
  const auto& targets = query.criteria[p].parameter->targets;
  const fhir::TypeId only = source.type != fhir::kNoType ? source.type
                            : targets.size() == 1        ? targets[0]
                                                         : fhir::kNoType;
  const bool only_patients = only != fhir::kNoType && extractor.definitions().Type(only).name == "Patient";
  for (const Term& who : query.criteria[p].terms) {
    if (who.code.empty() || !(who.type == "Patient" || (who.type.empty() && only_patients))) return {};
    for (const Term& what : query.criteria[c].terms) {
      if (what.code.empty() || !what.system || what.system->empty() || keys.size() == kCompoundKeysMax)
        return {};
      keys.push_back(EqualityKey(setting.hash_key, patient, KeyKind::kPatientCode, "Patient/" + who.code,
                                 *what.system + "|" + what.code));
    }
  }
  (*used)[p] = (*used)[c] = true;
  return keys;
}

}  // namespace tk::search
