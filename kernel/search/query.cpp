#include "kernel/search/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/base/clock.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::SearchParameter;
using fhir::SearchType;

constexpr size_t kTermsMax = 200;  // alternatives of one criterion
constexpr size_t kCriteriaMax = 60;
constexpr size_t kSortKeysMax = 8;

/// A name as the client wrote it, fit to be repeated in an answer: nothing that could be somebody's number.
std::string Shown(std::string_view name) {
  const bool fit = !name.empty() && name.size() <= 64 && (name[0] == '_' || (name[0] | 0x20) >= 'a') &&
                   std::all_of(name.begin(), name.end(), [](char c) {
                     return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            c == '_' || c == '-' || c == ':' || c == '.';
                   });
  return fit ? std::string(name) : "(a name that is no parameter name)";
}

Error Refuse(ErrorCode code, std::string_view type, std::string_view name, std::string text) {
  std::string shown = Shown(name);
  return MakeIssue(code, type, shown, "search parameter " + shown + ": " + std::move(text));
}
Error BadValue(std::string_view name, std::string text) {
  return Refuse(ErrorCode::kIncorrect, "value", name, std::move(text));
}
Error NotOffered(std::string_view name, std::string text) {
  return Refuse(ErrorCode::kUnsupported, "not-supported", name, std::move(text));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
  return -1;
}

Result<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1,
                low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return MakeIssue(ErrorCode::kIncorrect, "structure", "",
                         fmt::format("query string: % at byte {} is not followed by two hex digits", i));
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!IsUtf8(out))
    return MakeIssue(ErrorCode::kIncorrect, "structure", "", "query string: not UTF-8 after decoding");
  if (out.find('\0') != std::string::npos)
    return MakeIssue(ErrorCode::kIncorrect, "structure", "", "query string: contains a zero byte");
  return out;
}

void PercentEncode(std::string_view text, std::string* out) {
  for (char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~:/,|$@").find(c) != std::string_view::npos;
    if (plain)
      *out += c;
    else
      *out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
}

/// Splits at `separator` where no backslash stands before it; the parts keep their escapes.
std::vector<std::string_view> SplitEscaped(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t from = 0;
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

Result<std::string> Unescape(std::string_view name, std::string_view text) {
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

/// The parts of one criterion's name and value, and what they are read against.
struct Reader {
  const fhir::Definitions& definitions;
  fhir::TypeId type;
  const ParseOptions& options;
  std::string_view name;  // as asked, with modifier, for messages
  const SearchParameter* parameter;
  std::string_view modifier;

  Result<Term> Token(std::string_view raw) const;
  Result<Term> Reference(std::string_view raw) const;
  Result<Term> Date(std::string_view raw) const;
  Result<Term> Number(std::string_view raw) const;
  Result<Term> Quantity(std::string_view raw) const;
  Result<Term> Text(std::string_view raw) const;
  Result<Term> Missing(std::string_view raw) const;
  Result<Term> Read(SearchType search_type, std::string_view raw) const;
};

Result<Term> Reader::Token(std::string_view raw) const {
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

Result<Term> Reader::Reference(std::string_view raw) const {
  Term term;
  term.text = TRY(Unescape(name, raw));
  if (!options.own_base.empty() && term.text.size() > options.own_base.size() &&
      term.text[options.own_base.size()] == '/' && term.text.starts_with(options.own_base))
    term.text.erase(0, options.own_base.size() + 1);
  std::string_view text = term.text;
  const bool absolute = text.find("://") != std::string_view::npos || text.substr(0, 4) == "urn:";
  if (absolute) {
    if (!modifier.empty()) return BadValue(name, "an absolute URL cannot be combined with a type");
    const size_t history = text.find("/_history/");
    term.text = std::string(text.substr(0, history));  // a canonical's |version stays: it was asked for
    return term;
  }
  if (!text.empty() && text[0] == '#') return BadValue(name, "contained resources are not searched");
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
  return term;
}

Result<Term> Reader::Date(std::string_view raw) const {
  Term term;
  const std::string text = TRY(Unescape(name, raw));
  const std::string_view rest = TakePrefix(text, &term.prefix);
  if (term.prefix == Prefix::kAp)
    return NotOffered(name, "the prefix ap depends on today; write it as ge… and le…");
  const auto range = ParseDateRange(rest, options.timezone_offset_min);
  if (!range.ok())
    return BadValue(name,
                    "not a date: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][Z|±hh:mm], with "
                    "eq, ne, gt, lt, ge, le, sa or eb before it");
  term.text = text;
  term.low_us = range->low_us;
  term.high_us = range->high_us;
  return term;
}

Result<Term> Reader::Number(std::string_view raw) const {
  Term term;
  const std::string text = TRY(Unescape(name, raw));
  const std::string_view rest = TakePrefix(text, &term.prefix);
  const auto range = DecimalRange(rest);
  if (!range) return BadValue(name, "not a number, e.g. 5.4, ge100, 1e-3");
  term.text = text;
  term.number = std::string(rest);
  term.low = range->low;
  term.high = range->high;
  return term;
}

Result<Term> Reader::Quantity(std::string_view raw) const {
  const auto parts = SplitEscaped(raw, '|');
  if (parts.size() != 1 && parts.size() != 3)
    return BadValue(name, "a quantity is number, number|system|code or number||code");
  Term term = TRY(Number(parts[0]));
  if (parts.size() == 3) {
    term.system = TRY(Unescape(name, parts[1]));
    term.code = TRY(Unescape(name, parts[2]));
    if (term.code.empty())
      return BadValue(name, "a quantity with bars needs the unit's code after the second");
  }
  return term;
}

Result<Term> Reader::Text(std::string_view raw) const {
  Term term;
  term.text = TRY(Unescape(name, raw));
  if (term.text.size() > kStringBytesMax)
    return BadValue(name, fmt::format("longer than {} bytes", kStringBytesMax));
  if (modifier != "exact" && FoldText(term.text).empty() && parameter != nullptr &&
      parameter->type == SearchType::kString) {
    return BadValue(name, "nothing is left of the text when case and accents are folded");
  }
  return term;
}

Result<Term> Reader::Missing(std::string_view raw) const {
  Term term;
  if (raw != "true" && raw != "false") return BadValue(name, ":missing is true or false");
  term.text = std::string(raw);
  return term;
}

Result<Term> Reader::Read(SearchType search_type, std::string_view raw) const {
  if (raw.empty()) return BadValue(name, "has no value");
  if (modifier == "missing") return Missing(raw);
  switch (search_type) {
    case SearchType::kToken:
      return Token(raw);
    case SearchType::kReference:
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
    case SearchType::kSpecial:
      break;
  }
  return NotOffered(name, "parameters of this kind are not offered yet");
}

/// Names that FHIR gives a meaning and that we do not offer yet: refused even when the client is lenient would hide a wrong answer.
constexpr std::string_view kKnownUnsupported[] = {"_text",    "_content",    "_list",      "_has",
                                                  "_include", "_revinclude", "_contained", "_containedType",
                                                  "_query",   "_filter",     "_type"};

Status CheckModifier(const fhir::Definitions& definitions, const SearchParameter& parameter,
                     std::string_view name, std::string_view modifier) {
  if (modifier.empty() || modifier == "missing") return {};
  const SearchType type = parameter.type;
  if (type == SearchType::kString && (modifier == "exact" || modifier == "contains")) return {};
  if (type == SearchType::kToken && modifier == "not") return {};
  if (type == SearchType::kReference && modifier != "identifier" && modifier != "above" &&
      modifier != "below") {
    const fhir::TypeId target = definitions.FindType(modifier);
    if (!definitions.IsResource(target))
      return BadValue(name, "the modifier is no resource type and not missing");
    const auto& targets = parameter.targets;
    if (!targets.empty() && std::none_of(targets.begin(), targets.end(),
                                         [&](fhir::TypeId t) { return definitions.IsA(target, t); })) {
      return BadValue(name, "this parameter does not refer to that type");
    }
    return {};
  }
  const std::string_view offered = type == SearchType::kString      ? ":missing, :exact and :contains"
                                   : type == SearchType::kToken     ? ":missing and :not"
                                   : type == SearchType::kReference ? ":missing and :<type>"
                                                                    : ":missing";
  return NotOffered(name, fmt::format("this modifier is not offered; offered are {}", offered));
}

std::string OfferedList(const fhir::Definitions& definitions, fhir::TypeId type) {
  std::string list = "_id, _lastUpdated";
  for (const SearchParameter& p : definitions.SearchParameters(type)) {
    if (p.code == "_id" || p.code == "_lastUpdated" || !IsOffered(p)) continue;
    list += ", ";
    list += p.code;
  }
  return list;
}

class Parser {
 public:
  Parser(const fhir::Definitions& definitions, fhir::TypeId type, const ParseOptions& options)
      : definitions_(definitions), type_(type), options_(options) {
    query_.type = type;
    query_.count = options.count_default;
  }

  Result<Query> Parse(std::string_view text) {
    if (text.size() > options_.length_max)
      return MakeIssue(ErrorCode::kTooLarge, "too-long", "",
                       fmt::format("query string: longer than {} bytes; use POST _search with fewer values",
                                   options_.length_max));
    while (!text.empty()) {
      const size_t end = std::min(text.find('&'), text.size());
      const std::string_view pair = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (pair.empty()) continue;
      const size_t equals = pair.find('=');
      const std::string name = TRY(PercentDecode(pair.substr(0, std::min(equals, pair.size()))));
      if (equals == std::string_view::npos) return BadValue(name, "has no value");
      const std::string value = TRY(PercentDecode(pair.substr(equals + 1)));
      TRY(One(name, value));
    }
    return std::move(query_);
  }

 private:
  Status One(const std::string& name, const std::string& value) {
    if (name == "_format" || name == "_pretty") return {};
    const bool control =
        name == "_count" || name == "_sort" || name == "_summary" || name == "_elements" || name == "_total";
    if (control) {
      if (std::find(seen_controls_.begin(), seen_controls_.end(), name) != seen_controls_.end())
        return BadValue(name, "may be given once");
      seen_controls_.push_back(name);
      TRY(Control(name, value));
    } else {
      Status status = Criterion_(name, value);
      if (!status.ok()) return status.TakeError();
      if (skipped_) {
        skipped_ = false;
        return {};
      }
    }
    if (!query_.self.empty()) query_.self += '&';
    PercentEncode(name, &query_.self);
    query_.self += '=';
    PercentEncode(value, &query_.self);
    return {};
  }

  /// Lenient clients are told what was passed over; the others are refused.
  Status PassOver(Error error) {
    if (!options_.lenient) return error;
    for (Issue& issue : error.issues) {
      issue.severity = Severity::kWarning;
      issue.text += " (ignored)";
      query_.ignored.push_back(std::move(issue));
    }
    skipped_ = true;
    return {};
  }

  Status Control(const std::string& name, const std::string& value) {
    if (name == "_count") return Count(value);
    if (name == "_sort") return Sort(value);
    if (name == "_summary") {
      constexpr std::pair<std::string_view, Summary> kNames[] = {{"false", Summary::kFalse},
                                                                 {"true", Summary::kTrue},
                                                                 {"text", Summary::kText},
                                                                 {"data", Summary::kData},
                                                                 {"count", Summary::kCount}};
      for (const auto& [text, summary] : kNames) {
        if (value == text) {
          query_.summary = summary;
          return {};
        }
      }
      return BadValue(name, "true, false, text, data or count");
    }
    if (name == "_total") {
      constexpr std::pair<std::string_view, Total> kNames[] = {
          {"none", Total::kNone}, {"estimate", Total::kEstimate}, {"accurate", Total::kAccurate}};
      for (const auto& [text, total] : kNames) {
        if (value == text) {
          query_.total = total;
          return {};
        }
      }
      return BadValue(name, "none, estimate or accurate");
    }
    for (std::string_view part : SplitEscaped(value, ',')) {
      if (part.empty() || part.size() > 100)
        return BadValue(name, "a list of element names with commas between");
      const auto& elements = definitions_.Elements(type_);
      const bool known = part == "id" || part == "meta" ||
                         std::any_of(elements.begin(), elements.end(), [part](const fhir::ElementInfo& e) {
                           return e.base_name == part || e.name == part;
                         });
      if (!known)
        return BadValue(name, fmt::format("name {} of it is no top element of {}", query_.elements.size() + 1,
                                          definitions_.Type(type_).name));
      query_.elements.emplace_back(part);
    }
    return {};
  }

  Status Count(const std::string& value) {
    size_t count = 0;
    const bool digits = !value.empty() && value.size() <= 9 &&
                        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return BadValue("_count", "a whole number from 0");
    for (char c : value) count = count * 10 + static_cast<size_t>(c - '0');
    query_.count = std::min(count, options_.count_max);
    return {};
  }

  Status Sort(const std::string& value) {
    for (std::string_view part : SplitEscaped(value, ',')) {
      SortKey key;
      if (!part.empty() && part[0] == '-') {
        key.descending = true;
        part.remove_prefix(1);
      }
      if (query_.sort.size() == kSortKeysMax)
        return BadValue("_sort", fmt::format("at most {} keys", kSortKeysMax));
      if (part == "_lastUpdated") {
        key.special = "_lastUpdated";
      } else {
        key.parameter = definitions_.FindSearchParameter(type_, part);
        if (key.parameter == nullptr || part == "_id") {
          return Refuse(part == "_id" ? ErrorCode::kUnsupported : ErrorCode::kIncorrect, "not-supported",
                        "_sort",
                        "one of its keys cannot be sorted by; this type can be sorted by " + SortableList());
        }
        if (!IsSortable(*key.parameter))
          return NotOffered(
              "_sort",
              fmt::format("by {} is not offered: only dates, strings, numbers and quantities are sorted by",
                          key.parameter->code));
      }
      query_.sort.push_back(std::move(key));
    }
    return {};
  }

  std::string SortableList() const {
    std::string list = "_lastUpdated";
    for (const SearchParameter& p : definitions_.SearchParameters(type_)) {
      if (p.code == "_id" || p.code == "_lastUpdated" || !IsOffered(p) || !IsSortable(p)) continue;
      list += ", ";
      list += p.code;
    }
    return list;
  }

  Status Criterion_(const std::string& name, const std::string& value) {
    const size_t colon = name.find(':');
    const std::string_view base = std::string_view(name).substr(0, colon);
    const std::string_view modifier =
        colon == std::string::npos ? std::string_view() : std::string_view(name).substr(colon + 1);
    if (std::find(std::begin(kKnownUnsupported), std::end(kKnownUnsupported), base) !=
        std::end(kKnownUnsupported))
      return PassOver(NotOffered(name, "is not offered yet"));
    if (name.find('.') != std::string::npos)
      return PassOver(NotOffered(name, "chained parameters are not offered yet"));
    if (query_.criteria.size() == kCriteriaMax)
      return MakeIssue(ErrorCode::kTooLarge, "too-costly", "",
                       fmt::format("query string: more than {} criteria", kCriteriaMax));
    Criterion criterion;
    criterion.modifier = modifier;
    SearchType search_type = SearchType::kToken;
    if (base == "_id" || base == "_lastUpdated") {
      criterion.special = base;
      if (!modifier.empty()) return PassOver(NotOffered(name, "has no modifiers"));
      search_type = base == "_id" ? SearchType::kToken : SearchType::kDate;
    } else {
      criterion.parameter = definitions_.FindSearchParameter(type_, base);
      if (criterion.parameter == nullptr)
        return PassOver(Refuse(ErrorCode::kIncorrect, "not-found", base,
                               "is not known for " + std::string(definitions_.Type(type_).name) +
                                   ", which has " + OfferedList(definitions_, type_)));
      search_type = criterion.parameter->type;
      if (!IsOffered(*criterion.parameter))
        return PassOver(NotOffered(name, "parameters of this kind (composite, special) are not offered yet"));
      Status fits = CheckModifier(definitions_, *criterion.parameter, name, modifier);
      if (!fits.ok()) return PassOver(std::move(fits.error()));
    }
    const Reader reader{definitions_, type_, options_, name, criterion.parameter, modifier};
    for (std::string_view part : SplitEscaped(value, ',')) {
      if (criterion.terms.size() == kTermsMax)
        return Refuse(ErrorCode::kTooLarge, "too-costly", name,
                      fmt::format("more than {} alternatives", kTermsMax));
      criterion.terms.push_back(TRY(reader.Read(search_type, part)));
    }
    if (modifier == "missing" && criterion.terms.size() != 1)
      return BadValue(name, ":missing takes one value");
    query_.criteria.push_back(std::move(criterion));
    return {};
  }

  const fhir::Definitions& definitions_;
  const fhir::TypeId type_;
  const ParseOptions& options_;
  Query query_;
  std::vector<std::string> seen_controls_;
  bool skipped_ = false;
};

}  // namespace

Result<Query> ParseQuery(const fhir::Definitions& definitions, fhir::TypeId type, std::string_view query,
                         const ParseOptions& options) {
  if (!definitions.IsResource(type)) return MakeError(ErrorCode::kNotFound, "not a resource type");
  return Parser(definitions, type, options).Parse(query);
}

}  // namespace tk::search
