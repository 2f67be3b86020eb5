#include "kernel/search/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "kernel/base/text.h"
#include "kernel/search/chains.h"
#include "kernel/search/code_terms.h"
#include "kernel/search/hierarchy.h"
#include "kernel/search/terms.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::SearchParameter;
using fhir::SearchType;

constexpr size_t kTermsMax = 200;  // alternatives of one criterion
constexpr size_t kCriteriaMax = 60;
constexpr size_t kSortKeysMax = 8;
constexpr size_t kIncludesMax = 32;

/// Names that FHIR gives a meaning and that are not offered, or not there, with what helps.
struct KnownName {
  std::string_view name, why;
};
constexpr KnownName kKnownUnsupported[] = {
    {"_text",
     "is not offered: there is no index of full texts; :contains of a string parameter looks within its "
     "text"},
    {"_content",
     "is not offered: there is no index of full texts; :contains of a string parameter looks within its "
     "text"},
    {"_filter", "is not offered: write it as criteria, chains and _has"},
    {"_query", "is not offered: there are no named queries here"},
    {"_type", "names the types of a search over several types, as in [base]?_type=Patient,Observation&…"},
    {"_list",
     "is asked of the searched type itself, not at the end of a chain or _has, and has no modifiers"},
    {"_contained", "is asked of the searched type itself, not at the end of a chain or _has"},
    {"_containedType",
     "is not offered: contained resources are not searched by themselves, but chains look into them"}};

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
      : definitions_(definitions),
        type_(type),
        options_(options),
        chains_(
            definitions, options,
            [this](fhir::TypeId joined, std::string_view name, std::string_view value,
                   std::string_view full_name) { return Leaf(joined, name, value, full_name); },
            &passable_) {
    query_.type = type;
    query_.count = options.count_default;
  }

  Result<Query> Parse(std::string_view text) {
    if (text.size() > options_.length_max)
      return MakeIssue(
          ErrorCode::kTooLarge, "too-long", "",
          fmt::format("the criteria are longer than {} bytes: ask for fewer values", options_.length_max));
    while (!text.empty()) {
      const size_t end = std::min(text.find('&'), text.size());
      const std::string_view pair = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (pair.empty()) continue;
      const size_t equals = pair.find('=');
      const std::string name = TRY(PercentDecode(pair.substr(0, std::min(equals, pair.size())), true));
      if (equals == std::string_view::npos) return BadValue(name, "has no value");
      const std::string value = TRY(PercentDecode(pair.substr(equals + 1), true));
      // FHIR R4 search.html 3.1.1.3: no error (a form's empty field); but a condition without it would mean other records.
      if (value.empty() && !options_.is_condition && IsKnown(name)) continue;
      TRY(One(name, value));
    }
    FinishSort();
    return std::move(query_);
  }

 private:
  /// Could it have a value here? What is not known is refused (or told to the lenient) without one, too.
  bool IsKnown(std::string_view name) const {
    constexpr std::string_view kControls[] = {"_id",    "_lastUpdated", "_count",
                                              "_sort",  "_summary",     "_elements",
                                              "_total", "_include",     "_revinclude"};
    const std::string_view base = name.substr(0, name.find(':'));
    return definitions_.FindSearchParameter(type_, base) != nullptr || ChainReader::IsJoined(name) ||
           std::find(std::begin(kControls), std::end(kControls), base) != std::end(kControls);
  }
  Status One(const std::string& name, const std::string& value) {
    if (name == "_format" || name == "_pretty") return {};
    const bool control = name == "_count" || name == "_sort" || name == "_summary" || name == "_elements" ||
                         name == "_total" || name == "_explain";
    const std::string_view base = std::string_view(name).substr(0, name.find(':'));
    std::string understood = value;
    if (control) {
      // Of _sort each adds keys (FHIR R4 search.html 3.1.1.9).
      if (name != "_sort" &&
          std::find(seen_controls_.begin(), seen_controls_.end(), name) != seen_controls_.end())
        return BadValue(name, "may be given once");
      seen_controls_.push_back(name);
      TRY(Control(name, value, &understood));
    } else if (base == "_include" || base == "_revinclude") {
      TRY(Include_(name, value));
    } else {
      TRY(Criterion_(name, value));
    }
    if (std::exchange(skipped_, false)) return {};
    if (!query_.self.empty()) query_.self += '&';
    query_.self += PercentEncode(name);
    query_.self += '=';
    query_.self += PercentEncode(understood);
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

  /// `understood`: what of `value` is not passed over.
  Status Control(const std::string& name, const std::string& value, std::string* understood) {
    if (name == "_count") return Count(value);
    if (name == "_sort") return Sort(value, understood);
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
    if (name == "_explain") {
      if (value != "true" && value != "false") return BadValue("_explain", "true or false");
      query_.explain = value == "true";
      return {};
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
      const bool alone = options_.together.empty();
      if (part != "id" && part != "meta" && !(alone ? HasTop(type_, part) : AnyHasTop(part)))
        return BadValue(name, fmt::format("name {} of it is no top element of {}", query_.elements.size() + 1,
                                          alone ? definitions_.Type(type_).name : "any resource"));
      query_.elements.emplace_back(part);
    }
    return {};
  }

  bool HasTop(fhir::TypeId type, std::string_view name) const {
    const auto& elements = definitions_.Elements(type);
    return std::any_of(elements.begin(), elements.end(),
                       [name](const fhir::ElementInfo& e) { return e.base_name == name || e.name == name; });
  }
  /// Of several types each is cut to what it has of them, as histories are.
  bool AnyHasTop(std::string_view name) const {
    const auto& types = definitions_.ResourceTypes();
    return std::any_of(types.begin(), types.end(), [&](fhir::TypeId type) { return HasTop(type, name); });
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

  /// A key that is none changes no answer: the lenient have the others.
  Status Sort(const std::string& value, std::string* understood) {
    understood->clear();
    for (const std::string_view part : SplitEscaped(value, ',')) {
      if (query_.sort.size() == kSortKeysMax)
        return BadValue("_sort", fmt::format("at most {} keys", kSortKeysMax));
      Result<SortKey> key = ReadSortKey(part);
      if (!key.ok()) {
        TRY(PassOver(std::move(key.error())));
        continue;
      }
      query_.sort.push_back(std::move(*key));
      *understood += (understood->empty() ? "" : ",") + std::string(part);
    }
    skipped_ = understood->empty();
    return {};
  }

  Result<SortKey> ReadSortKey(std::string_view part) const {
    SortKey key;
    // A code may begin with "-", as R4 wants those of one's own to.
    const bool is_code = definitions_.FindSearchParameter(type_, part) != nullptr;
    if (!part.empty() && part[0] == '-' && !is_code) {
      key.descending = true;
      part.remove_prefix(1);
    }
    if (part == "_lastUpdated" || part == "_id") key.special = part;
    if (part != "_lastUpdated") key.parameter = definitions_.FindSearchParameter(type_, part);
    if (key.parameter == nullptr && key.special.empty())
      return Refuse(ErrorCode::kIncorrect, "not-supported", "_sort",
                    "one of its keys cannot be sorted by; this type can be sorted by " + SortableList());
    if (key.special.empty() && !IsSortable(*key.parameter))
      return NotOffered("_sort", fmt::format("by {} is not offered; this type can be sorted by {}",
                                             key.parameter->code, SortableList()));
    return key;
  }

  /// What is near comes in the order of the distance.
  void FinishSort() {
    if (!query_.sort.empty()) return;
    for (const Criterion& criterion : query_.criteria) {
      if (criterion.parameter != nullptr && criterion.parameter->type == SearchType::kSpecial &&
          criterion.modifier.empty()) {
        query_.sort.push_back({criterion.parameter, {}, false});
        return;
      }
    }
  }

  std::string SortableList() const {
    std::string list = "_id, _lastUpdated";
    for (const SearchParameter& p : definitions_.SearchParameters(type_)) {
      if (p.code == "_id" || p.code == "_lastUpdated" || !IsSortable(p)) continue;
      list += ", ";
      list += p.code;
    }
    return list;
  }

  Status Include_(const std::string& name, const std::string& value) {
    if (query_.includes.size() == kIncludesMax)
      return Refuse(ErrorCode::kTooLarge, "too-costly", name,
                    fmt::format("more than {} includes in one search", kIncludesMax));
    query_.includes.push_back(TRY(ReadInclude(definitions_, options_, type_, name, value)));
    return {};
  }

  Status Criterion_(const std::string& name, const std::string& value) {
    if (query_.criteria.size() == kCriteriaMax)
      return MakeIssue(ErrorCode::kTooLarge, "too-costly", "",
                       fmt::format("query string: more than {} criteria", kCriteriaMax));
    if (name == "_contained" && value == "false") return {};  // contained resources are no matches anyway
    Result<Criterion> criterion = name == "_contained" ? Contained(value)
                                  : name == "_list"    ? List(value)
                                                       : chains_.Read(type_, name, value);
    if (criterion.ok()) {
      TellNote(*criterion);
      query_.criteria.push_back(std::move(*criterion));
      return {};
    }
    if (passable_) return PassOver(std::move(criterion.error()));
    return std::move(criterion.error());
  }

  /// What is to be told of the codes that a criterion asks for, once.
  bool TellNote(const Criterion& criterion) {
    if (criterion.join != nullptr) {
      return std::any_of(criterion.join->branches.begin(), criterion.join->branches.end(),
                         [this](const Join::Branch& branch) { return TellNote(branch.inner); });
    }
    if (criterion.codes == nullptr || criterion.codes->note().empty()) return false;
    query_.ignored.push_back(
        Refuse(ErrorCode::kIncorrect, "code-invalid", criterion.name, criterion.codes->note())
            .issues.front());
    query_.ignored.back().severity = Severity::kWarning;
    return true;
  }

  /// What a List names: asked from its side.
  Result<Criterion> List(const std::string& value) {
    passable_ = false;
    if (value.find('$') != std::string::npos)
      return Passable(NotOffered(
          "_list", "lists that are worked out ($current-…) are not offered: give the id of a List"));
    return chains_.Read(type_, "_has:List:item:_id", value, "_list");
  }

  Result<Criterion> Contained(const std::string& value) {
    passable_ = false;
    if (value != "true" && value != "both") return BadValue("_contained", "true, false or both");
    return Passable(NotOffered("_contained",
                               "contained resources are not searched by themselves, but chains look into "
                               "them: only _contained=false, which "
                               "is the default, is offered"));
  }

  /// An error about which the lenient are told, not refused.
  Error Passable(Error error) {
    passable_ = true;
    return error;
  }

  /// A criterion of a type's own, without joins. `full_name`: with the chain that led here.
  Result<Criterion> Leaf(fhir::TypeId type, std::string_view name, std::string_view value,
                         std::string_view full_name) {
    const size_t colon = name.find(':');
    const std::string_view base = name.substr(0, colon);
    const std::string_view modifier =
        colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
    for (const KnownName& known : kKnownUnsupported) {
      // A named query that is not known is refused whatever the client asked for (FHIR R4 search.html 3.1.1.7).
      if (known.name == base && base == "_query") return NotOffered(full_name, std::string(known.why));
      if (known.name == base) return Passable(NotOffered(full_name, std::string(known.why)));
    }
    Criterion criterion;
    criterion.name = full_name;
    criterion.modifier = modifier;
    SearchType search_type = SearchType::kToken;
    if (base == "_id" || base == "_lastUpdated") {
      criterion.special = base;
      search_type = base == "_id" ? SearchType::kToken : SearchType::kDate;
      TRY(CheckModifier(definitions_, {base, {}, search_type, type, {}, {}, {}}, full_name, modifier));
    } else {
      criterion.parameter = definitions_.FindSearchParameter(type, base);
      if (criterion.parameter == nullptr)
        return Passable(Refuse(ErrorCode::kIncorrect, "not-found", full_name,
                               "is not known for " + std::string(definitions_.Type(type).name) +
                                   ", which has " + OfferedList(definitions_, type)));
      search_type = criterion.parameter->type;
      if (!IsOffered(*criterion.parameter))
        return Passable(NotOffered(full_name, "this parameter says nothing that can be searched here"));
      // Not passed over for anybody: a search with a modifier that is not supported is rejected (FHIR R4 search.html 3.1.1.4.5).
      TRY(CheckModifier(definitions_, *criterion.parameter, full_name, modifier));
    }
    const TermReader reader{definitions_, type, options_, full_name, criterion.parameter, modifier};
    for (std::string_view part : SplitEscaped(value, ',')) {
      if (criterion.terms.size() == kTermsMax)
        return Refuse(ErrorCode::kTooLarge, "too-costly", full_name,
                      fmt::format("more than {} alternatives", kTermsMax));
      criterion.terms.push_back(TRY(reader.Read(search_type, part)));
    }
    if (search_type == SearchType::kReference && IsHierarchyModifier(modifier))
      TRY(TakeHierarchy(reader, &criterion));
    reader.TakeOtherSpellings(search_type, &criterion.terms);
    if (search_type == SearchType::kToken && IsCodesModifier(modifier) &&
        !TRY(AreMediaTypes(reader, &criterion.terms)))
      criterion.codes = TRY(ReadCodes(reader, criterion.terms));
    if (modifier == "missing" && criterion.terms.size() != 1)
      return BadValue(full_name, ":missing takes one value");
    return criterion;
  }

  const fhir::Definitions& definitions_;
  const fhir::TypeId type_;
  const ParseOptions& options_;
  Query query_;
  std::vector<std::string> seen_controls_;
  bool skipped_ = false;
  bool passable_ = false;  // is the error of the criterion just read one for PassOver?
  ChainReader chains_;
};

}  // namespace

bool InvolvesJoined(const Criterion& criterion, fhir::TypeId type) {
  if (criterion.join == nullptr) return false;
  const auto& branches = criterion.join->branches;
  return std::any_of(branches.begin(), branches.end(), [&](const Join::Branch& branch) {
    return branch.type == type || InvolvesJoined(branch.inner, type);
  });
}

bool Involves(const Query& query, fhir::TypeId type) {
  return query.type == type ||
         std::any_of(query.criteria.begin(), query.criteria.end(),
                     [type](const Criterion& criterion) { return InvolvesJoined(criterion, type); });
}

bool MayBeListed(const fhir::Definitions& definitions, fhir::TypeId type) {
  const SearchParameter* item = definitions.FindSearchParameter(definitions.FindType("List"), "item");
  return item != nullptr && MayReferTo(definitions, *item, type);
}

Result<Query> ParseQuery(const fhir::Definitions& definitions, fhir::TypeId type, std::string_view query,
                         const ParseOptions& options) {
  if (!definitions.IsResource(type)) return MakeError(ErrorCode::kNotFound, "not a resource type");
  return Parser(definitions, type, options).Parse(query);
}

Result<Query> ParseQuery(std::shared_ptr<const fhir::Definitions> definitions, fhir::TypeId type,
                         std::string_view query, const ParseOptions& options) {
  Query out = TRY(ParseQuery(*definitions, type, query, options));
  out.definitions = std::move(definitions);
  return out;
}

}  // namespace tk::search
