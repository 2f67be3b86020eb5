#include "kernel/search/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernel/base/clock.h"
#include "kernel/fhir/path/path.h"
#include "kernel/search/expression_text.h"
#include "kernel/search/extract.h"
#include "kernel/search/hierarchy.h"
#include "kernel/search/nested.h"
#include "kernel/search/values.h"

namespace tk::search {

using fhir::SearchParameter;
using fhir::SearchType;

namespace {

Result<std::string> Unescape(std::string_view name, std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size() || std::string_view(",|$\\").find(text[i]) == std::string_view::npos) {
      return BadValue(name, "a backslash must be followed by , | $ or another backslash");
    }
    out += text[i];
  }
  return out;
}

struct PrefixName {
  std::string_view text;
  Prefix prefix;
};
constexpr PrefixName kPrefixes[] = {{"eq", Prefix::kEq}, {"ne", Prefix::kNe}, {"gt", Prefix::kGt},
                                    {"lt", Prefix::kLt}, {"ge", Prefix::kGe}, {"le", Prefix::kLe},
                                    {"sa", Prefix::kSa}, {"eb", Prefix::kEb}, {"ap", Prefix::kAp}};

std::string_view TakePrefix(std::string_view text, Prefix* prefix) {
  for (const PrefixName& p : kPrefixes) {
    if (text.substr(0, 2) == p.text) {
      *prefix = p.prefix;
      return text.substr(2);
    }
  }
  return text;
}

void Take(const NumberRange& range, Term* term) {
  term->low = range.low;
  term->high = range.high;
  term->exact = range.exact;
}

}  // namespace

std::string ShownName(std::string_view name) {
  constexpr size_t kShownMax = 128;  // a chain has several names
  const bool fit = !name.empty() && name.size() <= kShownMax && (name[0] == '_' || (name[0] | 0x20) >= 'a') &&
                   std::all_of(name.begin(), name.end(), [](char c) {
                     return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            c == '_' || c == '-' || c == ':' || c == '.';
                   });
  return fit ? std::string(name) : "(a name that is no parameter name)";
}

Error Refuse(ErrorCode code, std::string_view type, std::string_view name, std::string text) {
  std::string shown = ShownName(name);
  return MakeIssue(code, type, shown, "search parameter " + shown + ": " + std::move(text));
}
Error BadValue(std::string_view name, std::string text) {
  return Refuse(ErrorCode::kIncorrect, "value", name, std::move(text));
}
Error NotOffered(std::string_view name, std::string text) {
  return Refuse(ErrorCode::kUnsupported, "not-supported", name, std::move(text));
}

std::vector<std::string_view> SplitEscaped(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t from = 0;
  if (text.find('\\') == std::string_view::npos) {
    for (size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator, from)) {
      parts.push_back(text.substr(from, at - from));
      from = at + 1;
    }
    parts.push_back(text.substr(from));
    return parts;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] == separator) {
      parts.push_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  parts.push_back(text.substr(std::min(from, text.size())));
  return parts;
}

Result<Term> TermReader::Token(std::string_view raw) const {
  const auto parts = SplitEscaped(raw, '|');
  if (parts.size() > 2)
    return BadValue(name, "a token is code, system|code, |code or system|; write \\| for a bar inside");
  Term term;
  term.text = TRY(Unescape(name, raw));
  term.code = TRY(Unescape(name, parts.back()));
  if (parts.size() == 2) term.system = TRY(Unescape(name, parts[0]));
  if (term.code.empty() && (!term.system || term.system->empty()))
    return BadValue(name, "a token needs a code or a system");
  return term;
}

/// What begins with our own base is written without it, but for a part of what is there ("#1").
void TermReader::StripOwnBase(std::string* text) const {
  const std::string_view own = WithoutBase(*text, options.own_base);
  if (!own.empty() && own.find('#') == std::string_view::npos) text->erase(0, text->size() - own.size());
}

std::string TermReader::OwnAddress(std::string_view type_and_id) const {
  return std::string(options.own_base).append("/").append(type_and_id);
}

/// Are there canonicals that name what is of that type?
bool TermReader::HasCanonicals(std::string_view type_name) const {
  const fhir::TypeId named = definitions.FindType(type_name);
  return definitions.IsResource(named) && Extractor::HasCanonicals(definitions, named);
}

void TermReader::SpellReference(const Term& term, std::vector<Term>* out) const {
  const auto spell = [&](std::string_view local) {
    if (!options.own_base.empty()) out->emplace_back().text = OwnAddress(local);
  };
  if (term.code.empty()) {  // Type/id|version, or a canonical of another server
    if (IsLocalReference(WithoutVersion(term.text)) &&
        HasCanonicals(term.text.substr(0, term.text.find('/'))))
      spell(term.text);
    return;
  }
  if (!term.type.empty()) {
    if (HasCanonicals(term.type)) spell(term.text);
    return;
  }
  bool has_canonicals = false;
  for (const fhir::TypeId target : parameter->targets) {
    const std::string_view target_name = definitions.Type(target).name;
    if (!HasCanonicals(target_name)) continue;
    spell(std::string(target_name) + "/" + term.code);
    has_canonicals = true;
  }
  if (has_canonicals) out->emplace_back().text = term.code;  // a canonical of one word
}

void TermReader::SpellUri(const Term& term, std::vector<Term>* out) const {
  const std::string_view own = WithoutBase(term.text, options.own_base);
  const std::string_view plain = WithoutVersion(own.empty() ? std::string_view(term.text) : own);
  if (!IsLocalReference(plain) ||
      !definitions.IsResource(definitions.FindType(plain.substr(0, plain.find('/')))))
    return;
  std::string other = own.empty() ? OwnAddress(term.text) : std::string(own);
  out->emplace_back().text = std::move(other);
}

void TermReader::TakeOtherSpellings(SearchType search_type, std::vector<Term>* terms) const {
  const bool of_type = !modifier.empty() && modifier[0] >= 'A' && modifier[0] <= 'Z';
  std::vector<Term> others;
  for (const Term& term : *terms) {
    if (search_type == SearchType::kUri && modifier.empty() && !options.own_base.empty())
      SpellUri(term, &others);
    if (search_type == SearchType::kReference && (modifier.empty() || of_type || modifier == "below"))
      SpellReference(term, &others);
  }
  terms->insert(terms->end(), std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
}

/// A canonical, or a reference to a ValueSet stored here.
Result<Term> TermReader::ValueSet(std::string_view raw) const {
  constexpr size_t kCanonicalMax = 1000;
  Term term;
  term.text = TRY(Unescape(name, raw));
  const bool local = term.text.starts_with("ValueSet/") && IsId(std::string_view(term.text).substr(9));
  if (term.text.size() > kCanonicalMax || (!local && term.text.find(':') == std::string::npos))
    return BadValue(name, "takes a value set: its canonical URL, perhaps with |version, or ValueSet/id");
  return term;
}

Result<Term> TermReader::Reference(std::string_view raw) const {
  Term term;
  term.text = TRY(Unescape(name, raw));
  StripOwnBase(&term.text);
  std::string_view text = term.text;
  const bool absolute = text.find("://") != std::string_view::npos || text.substr(0, 4) == "urn:";
  if (absolute) {
    if (!modifier.empty()) return BadValue(name, "an absolute URL cannot be combined with a type");
    const size_t history = text.find("/_history/");
    term.text = std::string(text.substr(0, history));  // a canonical's |version stays: it was asked for
    return term;
  }
  if (!text.empty() && text[0] == '#')
    return BadValue(name, "what is contained is no address; a chain (subject.name) looks into it");
  const size_t bar = text.find('|');
  const std::string version(bar == std::string_view::npos ? std::string_view() : text.substr(bar));
  text = WithoutVersion(text);
  const size_t slash = text.find('/');
  term.type = std::string(slash == std::string_view::npos ? modifier : text.substr(0, slash));
  term.code = std::string(slash == std::string_view::npos ? text : text.substr(slash + 1));
  if (!IsId(term.code)) return BadValue(name, "give an id, Type/id or an absolute URL");
  if (slash != std::string_view::npos && !modifier.empty() && term.type != modifier)
    return BadValue(name, "the type in the value is not the modifier's");
  if (!term.type.empty()) {
    const fhir::TypeId target = definitions.FindType(term.type);
    if (!definitions.IsResource(target))
      return BadValue(name, "the type before the slash is no resource type");
    term.text = term.type + "/" + term.code;
  }
  if (version.empty() || !HasCanonicals(term.type)) return term;
  Term canonical;  // its version was asked for
  canonical.text = term.text + version;
  return canonical;
}

Result<Term> TermReader::Date(std::string_view raw) const {
  Term term;
  const std::string text = TRY(Unescape(name, raw));
  const std::string_view rest = TakePrefix(text, &term.prefix);
  const auto range = ParseDateRange(rest, options.timezone_offset_min);
  if (!range.ok())
    return BadValue(name,
                    "not a date: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][Z|±hh:mm], with "
                    "eq, ne, gt, lt, ge, le, sa, eb or ap before it");
  term.text = text;
  term.low_us = range->low_us;
  term.high_us = range->high_us;
  if (term.prefix != Prefix::kAp) return term;
  if (options.now_us == 0) return NotOffered(name, "the prefix ap depends on today; write it as ge… and le…");
  // 10 % of the gap between now and the date, to both sides. Source: FHIR R4 search.html 3.1.1.4.5.
  const int64_t middle = term.low_us + (term.high_us - term.low_us) / 2;
  const int64_t gap = (options.now_us > middle ? options.now_us - middle : middle - options.now_us) / 10;
  term.low_us -= gap;
  term.high_us += gap;
  return term;
}

Result<Term> TermReader::Number(std::string_view raw) const {
  Term term;
  const std::string text = TRY(Unescape(name, raw));
  const std::string_view rest = TakePrefix(text, &term.prefix);
  const auto range = DecimalRange(rest);
  if (!range) return BadValue(name, "not a number, e.g. 5.4, ge100, 1e-3");
  term.text = text;
  Take(term.prefix == Prefix::kAp ? ApproximateRange(rest) : *range, &term);
  return term;
}

Result<Term> TermReader::Quantity(std::string_view raw) const {
  const auto parts = SplitEscaped(raw, '|');
  if (parts.size() != 1 && parts.size() != 3)
    return BadValue(name, "a quantity is number, number|system|code or number||code");
  Term term = TRY(Number(parts[0]));
  if (parts.size() == 1) return term;
  term.system = TRY(Unescape(name, parts[1]));
  term.code = TRY(Unescape(name, parts[2]));
  if (term.code.empty() || *term.system != kUcum) return term;
  Prefix prefix;
  if (const auto canonical =
          CanonicalRange(TakePrefix(term.text, &prefix), term.code, term.prefix == Prefix::kAp)) {
    term.unit = canonical->unit;
    Take(canonical->range, &term);
  }
  return term;
}

/// Three parts with bars: the type's system and code, and the value.
Result<Term> TermReader::OfType(std::string_view raw) const {
  const auto parts = SplitEscaped(raw, '|');
  Term term;
  if (parts.size() == 3) {
    term.system = TRY(Unescape(name, parts[0]));
    term.type = TRY(Unescape(name, parts[1]));
    term.code = TRY(Unescape(name, parts[2]));
  }
  if (parts.size() != 3 || term.system->empty() || term.type.empty() || term.code.empty())
    return BadValue(name,
                    ":of-type takes system|code|value: the coding of the identifier's type, and its value");
  term.text = term.code;
  return term;
}

Result<Term> TermReader::Composite(std::string_view raw) const {
  const auto parts = SplitEscaped(raw, '$');
  const size_t wanted = parameter->components.size();
  const auto components = ComponentsOf(definitions, *parameter);
  std::string form;
  for (size_t i = 0; i < wanted; ++i) {
    if (components[i] == nullptr) return NotOffered(name, "one of its components is no parameter here");
    form += (i == 0 ? "" : "$") + std::string(components[i]->code);
  }
  if (parts.size() != wanted)
    return BadValue(name, fmt::format("takes {} values with $ between them, {}; write \\$ for a $ inside one",
                                      wanted, form));
  Term term;
  term.text = std::string(raw);
  for (size_t i = 0; i < wanted; ++i) {
    const TermReader reader{definitions, type, options, name, components[i], {}};
    term.parts.push_back(TRY(reader.Read(components[i]->type, parts[i])));
  }
  return term;
}

/// Source: FHIR R4 location.html#4.5.4 (near): latitude|longitude|distance|units.
Result<Term> TermReader::Near(std::string_view raw) const {
  constexpr double kDistanceM = 50'000;         // when none is asked for: at the server's discretion
  constexpr double kDistanceMaxM = 20'100'000;  // half of the way around
  const auto parts = SplitEscaped(raw, '|');
  const auto latitude = DecimalValue(parts[0]), longitude = DecimalValue(parts.size() > 1 ? parts[1] : "");
  Term term;
  term.text = std::string(raw);
  if (!latitude || !longitude || parts.size() > 4 || std::abs(*latitude) > 90 || std::abs(*longitude) > 180)
    return BadValue(name,
                    "takes latitude|longitude|distance|units: degrees of WGS 84 within ±90 and ±180, as in "
                    "39.1|117.2|5|km");
  term.latitude = *latitude;
  term.longitude = *longitude;
  term.distance_m = kDistanceM;
  if (parts.size() < 3 || parts[2].empty()) return term;
  const std::string unit = parts.size() > 3 && !parts[3].empty() ? TRY(Unescape(name, parts[3])) : "km";
  const auto distance = CanonicalValue(parts[2], unit);
  if (!distance || distance->unit != "m" || distance->range.exact < 0)
    return BadValue(
        name,
        "the distance is a number that is not negative, in a UCUM unit of length (km, m, [mi_i]); "
        "without a unit it is in km");
  term.distance_m = std::min(distance->range.exact, kDistanceMaxM);
  return term;
}

Result<Term> TermReader::Text(std::string_view raw) const {
  Term term;
  term.text = TRY(Unescape(name, raw));
  if (modifier != "exact" && FoldText(term.text).empty() && parameter != nullptr &&
      parameter->type == SearchType::kString) {
    return BadValue(name, "nothing is left of the text when case and accents are folded");
  }
  return term;
}

Result<Term> TermReader::Missing(std::string_view raw) const {
  Term term;
  if (raw != "true" && raw != "false") return BadValue(name, ":missing is true or false");
  term.text = std::string(raw);
  return term;
}

Result<Term> TermReader::Read(SearchType search_type, std::string_view raw) const {
  if (raw.empty()) return BadValue(name, "has no value");
  if (modifier == "missing") return Missing(raw);
  if (modifier == "text") return Text(raw);
  if (modifier == "of-type") return OfType(raw);
  switch (search_type) {
    case SearchType::kToken:
      return modifier == "in" || modifier == "not-in" ? ValueSet(raw) : Token(raw);
    case SearchType::kReference:
      if (modifier == "identifier") return Token(raw);
      if (IsHierarchyModifier(modifier)) return ReadHierarchyTerm(*this, raw);
      return Reference(raw);
    case SearchType::kDate:
      return Date(raw);
    case SearchType::kNumber:
      return Number(raw);
    case SearchType::kQuantity:
      return Quantity(raw);
    case SearchType::kString:
    case SearchType::kUri:
      return Text(raw);
    case SearchType::kComposite:
      return Composite(raw);
    case SearchType::kSpecial:
      return Near(raw);
  }
  return NotOffered(name, "parameters of this kind are not offered");
}

std::vector<const SearchParameter*> ComponentsOf(const fhir::Definitions& definitions,
                                                 const SearchParameter& composite) {
  const auto list = definitions.SearchParameters(composite.resource);
  const std::string_view type_name = definitions.Type(composite.resource).name;
  std::vector<const SearchParameter*> out;
  for (size_t i = 0; i < composite.components.size(); ++i)
    out.push_back(ComponentParameter(list, type_name, composite, i));
  return out;
}

namespace {

/// What a token's values are, as far as the expression tells: which modifiers mean something for one of them. Cost: compiles it, some 10 µs.
struct TokenElements {
  bool has_text = false, has_type = false, has_codes = false;
};
TokenElements TokenElementsOf(const fhir::Definitions& definitions, const SearchParameter& parameter) {
  const auto compiled = fhir::path::Expression::Compile(parameter.expression, definitions, parameter.resource,
                                                        fhir::path::kForSearchParameters);
  if (!compiled.ok() || !compiled->types() || compiled->types()->empty()) return {true, true, true};
  TokenElements out;
  for (const fhir::TypeId type : *compiled->types()) {
    if (type >= definitions.type_count()) continue;  // computed: true or false, a text
    const fhir::TypeInfo& info = definitions.Type(type);
    const bool unknown =
        info.is_abstract || info.type_class == fhir::TypeClass::kResource || info.name == "Extension";
    const bool coded = info.name == "Coding" || info.name == "CodeableConcept";
    out.has_type = out.has_type || unknown || info.name == "Identifier";
    out.has_text = out.has_text || unknown || coded || info.name == "Identifier";
    out.has_codes = out.has_codes || unknown || coded || info.name == "code";
  }
  return out;
}

/// Source: FHIR R4 search.html 3.1.1.4.10.
std::vector<std::string_view> TokenModifiers(const TokenElements& elements) {
  std::vector<std::string_view> out{"missing", "not"};
  if (elements.has_text) out.push_back("text");
  if (elements.has_type) out.push_back("of-type");
  if (elements.has_codes) out.insert(out.end(), {"in", "not-in", "above", "below"});
  return out;
}

}  // namespace

std::vector<std::string_view> ModifiersOf(const fhir::Definitions& definitions,
                                          const SearchParameter& parameter) {
  if (HoldsResources(definitions, parameter)) return {"missing"};
  if (parameter.code == "_id") return {"missing", "not"};  // it has no system, no display and no type
  switch (parameter.type) {
    case SearchType::kString:
      return {"missing", "exact", "contains"};
    case SearchType::kToken:
      return TokenModifiers(TokenElementsOf(definitions, parameter));
    case SearchType::kReference:
      if (HierarchiesOf(definitions, parameter).empty()) return {"missing", "identifier", "below"};
      return {"missing", "identifier", "above", "below"};
    case SearchType::kUri:
      return {"missing", "above", "below"};
    default:
      return {"missing"};
  }
}

Status CheckModifier(const fhir::Definitions& definitions, const SearchParameter& parameter,
                     std::string_view name, std::string_view modifier) {
  if (modifier.empty()) return {};
  const auto offered = ModifiersOf(definitions, parameter);
  if (std::find(offered.begin(), offered.end(), modifier) != offered.end()) return {};
  const fhir::TypeId target = definitions.FindType(modifier);
  if (parameter.type == SearchType::kReference && definitions.IsResource(target)) {
    const auto& targets = parameter.targets;
    if (!targets.empty() && std::none_of(targets.begin(), targets.end(),
                                         [&](fhir::TypeId t) { return definitions.IsA(target, t); }))
      return BadValue(name, "this parameter does not refer to that type");
    return {};
  }
  std::string list;
  for (const std::string_view each : offered) list += (list.empty() ? ":" : ", :") + std::string(each);
  if (parameter.type == SearchType::kReference)
    list += " and :<type>, the name of a type that it may refer to";
  return NotOffered(name, "this modifier is not offered; offered are " + list);
}

}  // namespace tk::search
