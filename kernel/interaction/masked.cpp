#include "kernel/interaction/masked.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "kernel/access/decision.h"
#include "kernel/access/numbers.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/special.h"
#include "kernel/interaction/summary.h"
#include "kernel/search/values.h"

namespace tk::interaction {
namespace {

/// Answers that hold nothing stored, or what was asked to be shown.
bool LeavesWhole(Kind kind) {
  return kind == Kind::kCapabilities || kind == Kind::kFhirPath || kind == Kind::kValidate ||
         kind == Kind::kErase || kind == Kind::kReveal || kind == Kind::kWhy;
}

/// As the index compares texts: digits of any form. One Chinese digit, or two, are words (五一路).
bool HasDigit(std::string_view text) {
  const std::string folded = search::FoldText(text);
  return access::HasHanDigits(text) ||
         std::any_of(folded.begin(), folded.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool HoldsNumber(std::string_view text) {
  size_t next = 0;
  return access::MayHoldNumber(text) && access::NextNumber(text, 0, &next).has_value();
}

/// Texts hold numbers of persons, which leave masked: with a digit in a text that is compared in part a number is found digit by digit, and a whole one by
/// trying. What has neither may be asked.
bool AsksForNumber(const fhir::Definitions& definitions, const fhir::SearchParameter& parameter,
                   std::string_view modifier, const search::Term& term) {
  const auto components = search::ComponentsOf(definitions, parameter);
  for (size_t i = 0; i < term.parts.size(); ++i) {
    // Of a component that is not known nothing is: then it is asked as a text.
    const bool known = i < components.size() && components[i] != nullptr;
    if (known ? AsksForNumber(definitions, *components[i], {}, term.parts[i]) : HasDigit(term.parts[i].text))
      return true;
  }
  if (!term.parts.empty() || modifier == "missing") return false;
  const bool in_part = modifier == "text" || modifier == "contains" || modifier == "below";
  if (parameter.type == fhir::SearchType::kString || in_part) return HasDigit(term.text);
  const bool is_text = parameter.type == fhir::SearchType::kToken || parameter.type == fhir::SearchType::kUri;
  return is_text && HoldsNumber(term.text);
}

/// What a criterion would tell.
struct Judge {
  const fhir::Definitions& definitions;
  const access::Masks& masks;
  size_t whole_values = 0;  // criteria that ask for a masked element by its whole value

  /// The masked element that the parameter tells of; "" if none.
  std::string_view ElementOf(fhir::TypeId type, const fhir::SearchParameter& parameter) const {
    const std::string_view name = definitions.Type(type).name;
    std::string_view element;
    if (access::LooksAtMasked(masks, name, parameter.expression, &element) && !parameter.expression.empty())
      return element;
    for (const fhir::SearchParameter* component : search::ComponentsOf(definitions, parameter)) {
      if (component != nullptr && access::LooksAtMasked(masks, name, component->expression, &element))
        return element;
    }
    return {};
  }

  bool MayExactly(std::string_view element) const {
    return (element == "identifier" && masks.exact_identifier) ||
           (element == "telecom" && masks.exact_phone) || (element == "birthDate" && masks.exact_birth_date);
  }

  /// Every value named whole, so that nothing is found out piece by piece.
  static bool IsExact(const search::Criterion& criterion) {
    constexpr size_t kWholeDate = 10;  // 2026-11-23
    const bool is_date = criterion.parameter->type == fhir::SearchType::kDate;
    if (!criterion.modifier.empty() || (!is_date && criterion.parameter->type != fhir::SearchType::kToken))
      return false;
    return std::all_of(criterion.terms.begin(), criterion.terms.end(), [&](const search::Term& term) {
      if (is_date) return term.prefix == search::Prefix::kEq && term.text.size() == kWholeDate;
      return !term.code.empty();
    });
  }

  Error Refusal(std::string_view what, std::string_view element) const {
    const std::string may =
        MayExactly(element) ? fmt::format(" It may be asked by its full value: {}.",
                                          element == "birthDate" ? "birthdate=2026-11-23"
                                                                 : fmt::format("{}=system|value", element))
                            : std::string();
    return MakeIssue(
        ErrorCode::kForbidden, "forbidden", std::string(what),
        fmt::format("Your post sees this masked, and what is masked is not searched or sorted by.{}", may));
  }

  static Error NotAlone(std::string_view what) {
    return MakeIssue(
        ErrorCode::kForbidden, "forbidden", std::string(what),
        "Your post sees this masked. It may be asked for alone: one whole value in one criterion, "
        "beside it neither other criteria nor a compartment, in no chain and no _has.");
  }

  Status WholeValue(const search::Criterion& criterion, bool joined) {
    if (joined || criterion.terms.size() != 1) return NotAlone(criterion.name);
    ++whole_values;
    return {};
  }

  /// What governs the city leaves as it is stored.
  bool MayHoldNumbers(fhir::TypeId type) const {
    return type == fhir::kNoType || !GovernsTheCity(definitions.Type(type).name);
  }

  Status CheckTexts(fhir::TypeId type, const search::Criterion& criterion) const {
    if (!MayHoldNumbers(type)) return {};
    const bool asks =
        std::any_of(criterion.terms.begin(), criterion.terms.end(), [&](const search::Term& term) {
          return AsksForNumber(definitions, *criterion.parameter, criterion.modifier, term);
        });
    if (!asks) return {};
    return MakeIssue(ErrorCode::kForbidden, "forbidden", criterion.name,
                     "Your post sees numbers of persons in texts masked: texts are searched by words "
                     "without digits, and codes by what is no such number.");
  }

  /// An order of texts tells them, beside others that one wrote. Persons' texts are their names and addresses, which lists go by.
  Status CheckOrder(fhir::TypeId type, const fhir::SearchParameter& parameter) const {
    if (!ElementOf(type, parameter).empty()) return Refusal("_sort", "");
    constexpr std::array<std::string_view, 3> kPersons = {"Patient", "Person", "RelatedPerson"};
    const std::string_view name = type == fhir::kNoType ? std::string_view() : definitions.Type(type).name;
    const bool is_text = parameter.type == fhir::SearchType::kString ||
                         parameter.expression.find("dentifier") != std::string_view::npos;
    if (!is_text || !MayHoldNumbers(type) ||
        std::find(kPersons.begin(), kPersons.end(), name) != kPersons.end())
      return {};
    return MakeIssue(ErrorCode::kForbidden, "forbidden", "_sort",
                     "Your post sees numbers of persons in texts masked, and texts are not sorted by: sort "
                     "by a date or a code.");
  }

  /// A reference that is followed tells of where it stands.
  Status CheckLink(fhir::TypeId type, const fhir::SearchParameter& link, std::string_view what) const {
    if (type == fhir::kNoType || ElementOf(type, link).empty()) return {};
    return Refusal(what, "");
  }

  Status CheckAllLinks(fhir::TypeId type) const {
    for (const fhir::SearchParameter& parameter : definitions.SearchParameters(type)) {
      if (parameter.type == fhir::SearchType::kReference) TRY(CheckLink(type, parameter, "_include"));
    }
    return {};
  }

  /// "*" follows all references: of the type that it names, of the matches, or of whatever there may be.
  Status CheckInclude(fhir::TypeId matches, const search::Include& include) const {
    const bool from_matches = !include.reverse && !include.iterate && matches != fhir::kNoType;
    const fhir::TypeId source = include.source == fhir::kNoType && from_matches ? matches : include.source;
    if (source != fhir::kNoType)
      return include.parameter != nullptr ? CheckLink(source, *include.parameter, "_include")
                                          : CheckAllLinks(source);
    for (const auto& [name, elements] : masks.without) {
      const fhir::TypeId type = definitions.FindType(name);
      if (include.parameter == nullptr) TRY(CheckAllLinks(type));
      if (include.parameter != nullptr) TRY(CheckLink(type, *include.parameter, "_include"));
    }
    return {};
  }

  /// Not even whether it is there is told.
  bool IsLeftOut(fhir::TypeId type, std::string_view element) const {
    if (type == fhir::kNoType || element.empty()) return false;
    const auto left_out = masks.without.find(definitions.Type(type).name);
    return left_out != masks.without.end() &&
           std::binary_search(left_out->second.begin(), left_out->second.end(), element);
  }

  Status Check(fhir::TypeId type, const search::Criterion& criterion, bool joined = false) {
    if (criterion.join != nullptr) {
      for (const search::Join::Branch& branch : criterion.join->branches) {
        if (branch.link != nullptr)
          TRY(CheckLink(criterion.join->reverse ? branch.type : type, *branch.link, criterion.name));
        TRY(Check(branch.type, branch.inner, true));
      }
      return {};
    }
    if (criterion.parameter == nullptr) return {};
    if (criterion.modifier == "identifier" && masks.identifier) {
      const bool whole =
          masks.exact_identifier && std::all_of(criterion.terms.begin(), criterion.terms.end(),
                                                [](const search::Term& term) { return !term.code.empty(); });
      return whole ? WholeValue(criterion, joined) : Status(Refusal(criterion.name, "identifier"));
    }
    const std::string_view element = ElementOf(type, *criterion.parameter);
    if (criterion.modifier == "missing" && !IsLeftOut(type, element)) return {};
    if (element.empty()) return CheckTexts(type, criterion);
    if (MayExactly(element) && IsExact(criterion)) return WholeValue(criterion, joined);
    return Refusal(criterion.name, element);
  }
};

bool IsOutcome(std::string_view body) {
  return body.substr(0, 34) == R"({"resourceType":"OperationOutcome")";
}

}  // namespace

std::string AsSeen(const access::Viewer& viewer, std::string_view text) {
  std::string out;
  const access::Masks* const masks = MasksOf(viewer);
  if (masks == nullptr) return std::string(text);
  const auto masked = access::AppendMasked(*masks, GovernsTheCity, text, &out);
  // What cannot be read cannot be masked, and does not leave.
  return masked.ok() ? out : std::string();
}

namespace {

Error NotMasked(const Error& error) {
  return MakeError(ErrorCode::kInternal, "The answer could not be masked.", error.ToString());
}

/// Puts in its place what is left of the answer, if anything went. Errors: what cannot be read cannot be masked, and does not leave.
Status Replace(const Call& call, Result<std::optional<std::string>> left, Response* response) {
  if (!left.ok()) return NotMasked(left.error());
  if (*left) response->body = call.pretty ? PrettyJson(**left) : std::move(**left);
  return {};
}

Result<std::optional<std::string>> Masked(const access::Masks& masks, std::string_view json) {
  std::string out;
  if (!TRY(access::AppendMasked(masks, GovernsTheCity, json, &out))) return std::optional<std::string>();
  return std::optional(std::move(out));
}

Status Mask(const Room& room, const Call& call, Response* response) {
  const access::Viewer& viewer = call.viewer();
  if (LeavesWhole(call.kind)) return {};
  TRY(Replace(call, WithoutSpecial(room, viewer, response->body), response));
  if (MasksOf(viewer) == nullptr) return {};
  return Replace(call, Masked(*MasksOf(viewer), response->body), response);
}

}  // namespace

Result<std::string> AsLeaves(const Room& room, const access::Viewer& viewer, std::string json) {
  auto hidden = WithoutSpecial(room, viewer, json);
  if (!hidden.ok()) return NotMasked(hidden.error());
  if (*hidden) json = std::move(**hidden);
  if (MasksOf(viewer) == nullptr) return json;
  auto masked = Masked(*MasksOf(viewer), json);
  if (!masked.ok()) return NotMasked(masked.error());
  return *masked ? std::move(**masked) : std::move(json);
}

void MaskAnswer(const Room& room, const Call& call, Response* response) {
  if (response->body.empty() || IsOutcome(response->body)) return;
  if (const Status masked = Mask(room, call, response); !masked.ok()) *response = OutcomeOf(masked.error());
}

Done WithMasks(const RoomPtr& room, const CallPtr& call, Done done) {
  if (LeavesWhole(call->kind) && call->kind != Kind::kReveal) return done;
  return [room, call, done = std::move(done)](Response&& response) {
    MaskAnswer(*room, *call, &response);
    done(std::move(response));
  };
}

Status CheckMayAsk(const Room& room, const access::Viewer& viewer, const search::Query& query,
                   bool narrowed) {
  TRY(CheckMayAskSpecial(viewer, query));
  const access::Masks* const masks = MasksOf(viewer);
  if (masks == nullptr) return {};
  Judge judge{query.definitions != nullptr ? *query.definitions : *room.definitions, *masks};
  for (const search::Criterion& criterion : query.criteria) TRY(judge.Check(query.type, criterion));
  // Beside another criterion the answer would tell of one person whom it names: digit by digit.
  if (judge.whole_values > 0 && (query.criteria.size() > 1 || narrowed))
    return Judge::NotAlone(query.criteria.front().name);
  for (const search::Include& include : query.includes) TRY(judge.CheckInclude(query.type, include));
  for (const search::SortKey& key : query.sort) {
    if (key.parameter != nullptr) TRY(judge.CheckOrder(query.type, *key.parameter));
  }
  if (judge.whole_values == 0) return {};
  const search::Criterion& asked = query.criteria.front();
  const search::Term& term = asked.terms.front();
  const std::string value =
      term.code.empty() ? fmt::format("{}={}", asked.name, term.text) : access::NumberTold(term.code);
  return room.inquiries->TakeMasked(viewer.account, *masks, std::span(&value, 1));
}

Status CheckSeesAll(const Room& room, const access::Viewer& viewer, std::string_view text) {
  TRY(CheckNotSpecial(room, viewer, text));
  const access::Masks* const masks = MasksOf(viewer);
  if (masks == nullptr) return {};
  std::string ignored;
  if (!TRY(access::AppendMasked(*masks, GovernsTheCity, text, &ignored))) return {};
  return MakeError(
      ErrorCode::kForbidden,
      "Your post sees a part of this resource masked, and a patch would test and copy what you do "
      "not see: read it, change it and send it by PUT; what is masked stays as it is stored.");
}

namespace {

/// What he does not see would go along to whom he chooses, and be read there.
Status CheckStaysWithWhom(const Room& room, const access::Masks& masks, std::string_view stored,
                          fhir::Value sent) {
  const fhir::Document before = TRY(fhir::Document::Parse(stored));
  const auto whose = [&](fhir::Value resource) {
    const fhir::TypeId type = room.definitions->FindType(resource["resourceType"].ToString());
    return room.engine().owners().NameOf(type, resource["id"].ToString(), resource);
  };
  if (whose(before.Root()) == whose(sent)) return {};
  std::string ignored;
  if (!TRY(access::AppendMasked(masks, GovernsTheCity, stored, &ignored))) return {};
  return MakeError(
      ErrorCode::kForbidden,
      "Your post sees a part of this record masked or not at all, and that part would go along: whom "
      "the record is about is changed by who sees it whole. Mark this one as entered in error and "
      "write another.");
}

}  // namespace

namespace {

/// The items of these elements of a person by which the machine tells who he is.
std::vector<fhir::Value> ToldBy(fhir::Value person, std::span<const std::string_view> elements) {
  std::vector<fhir::Value> told;
  for (const std::string_view element : elements) {
    const fhir::Value value = person[element];
    if (!value.present()) continue;
    if (!value.is_array()) {
      told.push_back(value);
      continue;
    }
    for (const fhir::Value item : value) told.push_back(item);
  }
  return told;
}

}  // namespace

Status CountTold(const Room& room, const Call& call, std::string_view stored, fhir::Value sent) {
  const access::Masks* const masks = MasksOf(call.viewer());
  if (masks == nullptr || !masks->identifier || !access::IsMaskedAsPerson(sent["resourceType"].ToString()))
    return {};
  constexpr std::array<std::string_view, 1> kNumbers = {"identifier"};
  constexpr std::array<std::string_view, 4> kOthers = {"name", "birthDate", "telecom", "address"};
  fhir::Document before;
  if (!stored.empty()) before = TRY(fhir::Document::Parse(stored));
  const auto added = [&](std::span<const std::string_view> elements) {
    std::vector<fhir::Value> now = ToldBy(sent, elements);
    const std::vector<fhir::Value> was =
        stored.empty() ? std::vector<fhir::Value>() : ToldBy(before.Root(), elements);
    std::erase_if(now, [&](fhir::Value item) {
      return std::any_of(was.begin(), was.end(),
                         [&](fhir::Value stored_one) { return stored_one.Json() == item.Json(); });
    });
    return now;
  };
  std::vector<std::string> told;
  for (const fhir::Value item : added(kNumbers)) {
    const std::string value = item["value"].ToString();
    told.push_back(value.empty() ? std::string(item.Json()) : access::NumberTold(value));
  }
  if (told.empty()) {
    std::string others;
    for (const fhir::Value item : added(kOthers)) others += fmt::format("{},", item.Json());
    if (!others.empty()) told.push_back(std::move(others));
  }
  std::erase_if(told, [&](const std::string& one) { return call.told->contains(one); });
  if (told.empty()) return {};
  TRY(room.inquiries->TakeMasked(call.viewer().account, *masks, told));
  call.told->insert(told.begin(), told.end());
  return {};
}

Result<bool> LacksParts(const access::Viewer& viewer, std::string_view text) {
  const access::Masks* const masks = MasksOf(viewer);
  if (masks == nullptr || masks->without.empty()) return false;
  const fhir::Document document = TRY(fhir::Document::Parse(text));
  const auto left_out = masks->without.find(document.Root()["resourceType"].ToString());
  if (left_out == masks->without.end()) return false;
  return std::any_of(left_out->second.begin(), left_out->second.end(), [&](const std::string& element) {
    return document.Root()[element].present() || document.Root()["_" + element].present();
  });
}

Result<fhir::Document> WithTruth(const Room& room, const Call& call, view::Ordinal ordinal,
                                 fhir::Document document) {
  const access::Viewer& viewer = call.viewer();
  const access::Masks* const masks = MasksOf(viewer);
  const bool looks = masks != nullptr || access::IsBoundBySpecial(viewer);
  if (!looks) return document;
  std::string stored;
  if (ordinal != 0) TRY(room.engine().ReadText(ordinal, &stored));
  TRY(CheckNotSpecial(room, viewer, stored));
  if (masks == nullptr) return document;
  if (ordinal != 0) TRY(CheckStaysWithWhom(room, *masks, stored, document.Root()));
  const auto whole = TRY(access::Unmask(*masks, GovernsTheCity, stored, document.Root()));
  if (whole) document = TRY(fhir::Document::Parse(*whole));
  TRY(CountTold(room, call, stored, document.Root()));
  return document;
}

}  // namespace tk::interaction
