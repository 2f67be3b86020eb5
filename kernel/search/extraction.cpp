#include "kernel/search/extraction.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/search/extract.h"
#include "kernel/search/nested.h"

namespace tk::search {
namespace {

using fhir::SearchType;

struct Row {
  uint64_t since;
  bool (*asks)(const Criterion& criterion);  // by a value, of a parameter
  bool (*sorts)(const fhir::SearchParameter& parameter);
  bool missing = false;  // asked with :missing instead of by a value
};

bool AsksNothing(const Criterion&) { return false; }
bool SortsNothing(const fhir::SearchParameter&) { return false; }
bool IsNumber(const fhir::SearchParameter& parameter) {
  return parameter.type == SearchType::kNumber || parameter.type == SearchType::kQuantity;
}
/// Perhaps of an extension itself, not of a value in it: those of a stored SearchParameter as well, which is not new to an old index.
bool IsOfExtension(const fhir::SearchParameter& parameter) {
  return parameter.expression.find("extension") != std::string_view::npos;
}
/// Perhaps of a ContactPoint: R4's elements of that type are all named so.
bool MayBeOfContact(const fhir::SearchParameter& parameter) {
  return parameter.expression.find("telecom") != std::string_view::npos ||
         parameter.expression.find("contact") != std::string_view::npos || IsOfExtension(parameter);
}
/// R4's own expressions have it behind single elements alone, where it said the same before.
bool HasAs(const fhir::SearchParameter& parameter) {
  return parameter.expression.find(".as(") != std::string_view::npos &&
         !parameter.url.starts_with("http://hl7.org/fhir/SearchParameter/");
}
bool HasLetter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

// 4: stored parameters are evaluated within bounds; where they fail it is kept, and told (faults.h). What older ones hold of them is right.
// 15: other forms of strings (TextForms). In an old index they are found as they were, from the beginning, as other servers do it: what is found by its
// other words or without its punctuation is found when the new one is built, and no question for a name goes unanswered meanwhile.
constexpr Row kRows[] = {
    // x.as(T) keeps the items of T where there are several.
    {15, [](const Criterion& c) { return HasAs(*c.parameter); }, HasAs},
    {15, [](const Criterion& c) { return HasAs(*c.parameter); }, SortsNothing, true},
    // KeyKind::kSystem: system|
    {2,
     [](const Criterion& c) {
       const bool token = c.parameter->type == SearchType::kToken || c.modifier == "identifier";
       return token && std::any_of(c.terms.begin(), c.terms.end(), [](const Term& term) {
                return term.code.empty() && term.system && !term.system->empty();
              });
     },
     SortsNothing},
    // KeyKind::kIdentifier and its like: references by identifier.
    {3, [](const Criterion& c) { return c.modifier == "identifier"; }, SortsNothing},
    // Canonical units of UCUM in place of system and code; which ends are those of a range.
    {3, [](const Criterion& c) { return IsNumber(*c.parameter); }, IsNumber},
    // Places.
    {3, [](const Criterion& c) { return c.parameter->type == SearchType::kSpecial; },
     [](const fhir::SearchParameter& parameter) { return parameter.type == SearchType::kSpecial; }},
    // Composites: their components may be any of these.
    {3, [](const Criterion& c) { return c.parameter->type == SearchType::kComposite; }, SortsNothing},
    // What quantities sort by.
    {6, AsksNothing,
     [](const fhir::SearchParameter& parameter) { return parameter.type == SearchType::kQuantity; }},
    // KeyKind::kLongText: strings that go on behind what the chunks hold.
    {8, [](const Criterion& c) { return c.modifier == "contains"; }, SortsNothing},
    // Concepts of a text alone are there.
    {8, [](const Criterion& c) { return c.parameter->type == SearchType::kToken; }, SortsNothing, true},
    // Numbers beyond what a double holds are there.
    {9, [](const Criterion& c) { return IsNumber(*c.parameter); }, IsNumber},
    {9, [](const Criterion& c) { return IsNumber(*c.parameter); }, SortsNothing, true},
    {9, [](const Criterion& c) { return c.parameter->type == SearchType::kComposite; }, SortsNothing},
    // Extensions say what their values say.
    {9, [](const Criterion& c) { return IsOfExtension(*c.parameter); }, IsOfExtension},
    {9, [](const Criterion& c) { return IsOfExtension(*c.parameter); }, SortsNothing, true},
    // Canonicals with a fragment are there without it too.
    {10,
     [](const Criterion& c) {
       return c.parameter->type == SearchType::kReference &&
              std::any_of(c.terms.begin(), c.terms.end(), [](const Term& term) {
                return term.code.empty() && term.text.find(':') != std::string::npos;
              });
     },
     SortsNothing},
    // Units as people write them beside the code; what a comparator makes of a number.
    {11, [](const Criterion& c) { return IsNumber(*c.parameter); }, SortsNothing},
    {11, [](const Criterion& c) { return c.parameter->type == SearchType::kComposite; }, SortsNothing},
    // url=…|version. (Tokens that are strings, KeyKind::kWords, are found in an old index as they were: by their case.)
    {11,
     [](const Criterion& c) {
       return c.parameter->type == SearchType::kUri &&
              std::any_of(c.terms.begin(), c.terms.end(),
                          [](const Term& term) { return term.text.find('|') != std::string::npos; });
     },
     SortsNothing},
    // Tokens of ContactPoints have no case. What has none, as most telephone numbers, is found in an old index as it was.
    {13,
     [](const Criterion& c) {
       return c.parameter->type == SearchType::kToken && MayBeOfContact(*c.parameter) &&
              std::any_of(c.terms.begin(), c.terms.end(),
                          [](const Term& term) { return HasLetter(term.code); });
     },
     SortsNothing},
    // References to contained resources are references.
    {12, [](const Criterion& c) { return c.parameter->type == SearchType::kReference; }, SortsNothing, true},
    // References to records of other servers are of the type that they say (patient, of subject).
    {14,
     [](const Criterion& c) {
       return c.parameter->type == SearchType::kReference &&
              c.parameter->expression.find("resolve() is ") != std::string_view::npos;
     },
     SortsNothing, true},
    // Logical references are references.
    {5, [](const Criterion& c) { return c.parameter->type == SearchType::kReference; }, SortsNothing, true},
};

/// The first with links by canonicals that are addresses too (by others: 7), and by extensions.
constexpr uint64_t kCanonicalsSince = 14, kExtensionsSince = 9;
/// The first that tells what has resources within that a chain goes through.
constexpr uint64_t kNestedSince = 12;

Status NotYet(const fhir::SearchParameter& parameter) {
  return MakeError(
      ErrorCode::kUnavailable,
      fmt::format(
          "What is asked of the search parameter {} is new here and the search index is being built for it:",
          parameter.code));
}

/// `searched`: whose criterion it is.
Status Check(const fhir::Definitions& definitions, uint64_t extraction, fhir::TypeId searched,
             const Criterion& criterion) {
  if (criterion.join != nullptr) {
    for (const Join::Branch& branch : criterion.join->branches) {
      if (extraction < kNestedSince && !criterion.join->reverse && criterion.join->walk == Join::Walk::kNone)
        return NotYet(*branch.link);
      const fhir::TypeId named = criterion.join->reverse ? searched : branch.type;
      if (extraction < kCanonicalsSince && Extractor::HasCanonicals(definitions, named))
        return NotYet(*branch.link);
      if (extraction < kExtensionsSince && IsOfExtension(*branch.link)) return NotYet(*branch.link);
      TRY(Check(definitions, extraction, branch.type, branch.inner));
    }
    return {};
  }
  if (criterion.parameter == nullptr) return {};
  if (extraction < kNestedSince && HoldsResources(definitions, *criterion.parameter))
    return NotYet(*criterion.parameter);
  for (const Row& row : kRows) {
    if (extraction < row.since && row.missing == (criterion.modifier == "missing") && row.asks(criterion))
      return NotYet(*criterion.parameter);
  }
  return {};
}

/// Of an include of everything the parameters whose references are canonicals by their targets, or may be extensions.
Status CheckInclude(const fhir::Definitions& definitions, uint64_t extraction, fhir::TypeId searched,
                    const Include& include) {
  const bool no_canonicals = extraction < kCanonicalsSince, no_extensions = extraction < kExtensionsSince;
  const auto named = [&](fhir::TypeId type) { return Extractor::HasCanonicals(definitions, type); };
  const auto check = [&](const fhir::SearchParameter& parameter) -> Status {
    const auto& targets = parameter.targets;
    if (parameter.type != SearchType::kReference) return {};
    const bool canonicals =
        no_canonicals && !targets.empty() && std::all_of(targets.begin(), targets.end(), named);
    return canonicals || (no_extensions && IsOfExtension(parameter)) ? NotYet(parameter) : Status();
  };
  if (include.parameter != nullptr) return check(*include.parameter);
  if (include.reverse) {
    if (no_canonicals && named(searched))
      return MakeError(ErrorCode::kUnavailable,
                       "References by url are new here and the search index is being built for them:");
    if (!no_extensions) return {};
    for (const fhir::TypeId type : definitions.ResourceTypes()) {
      for (const fhir::SearchParameter& parameter : definitions.SearchParameters(type)) {
        const auto& targets = parameter.targets;
        if (std::find(targets.begin(), targets.end(), searched) != targets.end() && IsOfExtension(parameter))
          return NotYet(parameter);
      }
    }
    return {};
  }
  const fhir::TypeId source = include.source == fhir::kNoType ? searched : include.source;
  for (const fhir::SearchParameter& parameter : definitions.SearchParameters(source)) TRY(check(parameter));
  return {};
}

}  // namespace

Status CheckExtraction(const fhir::Definitions& definitions, uint64_t extraction, const Query& query) {
  if (extraction >= kExtractionVersion) return {};
  for (const Criterion& criterion : query.criteria)
    TRY(Check(definitions, extraction, query.type, criterion));
  for (const Include& include : query.includes) {
    TRY(CheckInclude(definitions, extraction, query.type, include));
  }
  for (const SortKey& key : query.sort) {
    if (key.parameter == nullptr) continue;
    if (extraction < kNestedSince && HoldsResources(definitions, *key.parameter))
      return NotYet(*key.parameter);
    for (const Row& row : kRows) {
      if (extraction < row.since && row.sorts(*key.parameter)) return NotYet(*key.parameter);
    }
  }
  return {};
}

}  // namespace tk::search
