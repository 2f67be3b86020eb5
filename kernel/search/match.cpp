#include "kernel/search/match.h"

#include <algorithm>

#include "kernel/base/text.h"
#include "kernel/search/code_terms.h"
#include "kernel/search/compare.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::SearchType;
using fhir::Value;
using fhir::path::Collection;
using fhir::path::Item;

bool TokenHolds(const Extractor& extractor, ParameterId id, const Term& term, const std::string_view* system,
                std::string_view code) {
  if (!term.system) return !code.empty() && code == term.code;
  if (term.system->empty()) return system != nullptr && system->empty() && code == term.code;
  const fhir::CodeSetId implied = extractor.At(id).implied_codes;
  if (implied != fhir::kNoCodeSet) {
    return (term.code.empty() || code == term.code) &&
           extractor.definitions().HasCode(implied, *term.system, code);
  }
  return system != nullptr && *system == *term.system && (term.code.empty() || code == term.code);
}

/// A canonical with a version below the one asked for: 4 has 4.0 and 4.0.1 below it.
bool CanonicalBelow(std::string_view asked, std::string_view target) {
  const size_t bar = asked.find('|');
  if (bar == std::string_view::npos) return UrlBelow(asked, target.substr(0, target.find('|')));
  return target == asked || (target.size() > asked.size() && target.substr(0, asked.size()) == asked &&
                             target[asked.size()] == '.');
}

/// Hears the values of one item and says whether one fits one of the terms.
class FitSink final : public ValueSink {
 public:
  FitSink(const Extractor& extractor, const Criterion& criterion, fhir::TypeId target,
          const std::vector<Term>& terms, const std::vector<TextForms>& forms)
      : extractor_(extractor), criterion_(criterion), target_(target), terms_(terms), forms_(forms) {}
  bool holds = false;

  void Token(ParameterId id, const std::string_view* system, std::string_view code) override {
    if (criterion_.codes != nullptr) {
      holds = holds || CodesHold(extractor_.definitions(), extractor_.At(id).implied_codes, *criterion_.codes,
                                 system, code);
      return;
    }
    Any([&](const Term& term, size_t) {
      if (criterion_.modifier == "below") return MediaTypeHolds(term.code, code);
      return TokenHolds(extractor_, id, term, system, code);
    });
  }
  void Words(ParameterId, std::string_view text) override {
    if (criterion_.codes != nullptr) return;
    const std::string own = ToLower(text);
    Any([&](const Term& term, size_t) {
      return (!term.system || term.system->empty()) && ToLower(term.code) == own;
    });
  }
  void Reference(ParameterId id, std::string_view target) override {
    if (criterion_.modifier == "identifier") return;
    if (target_ != fhir::kNoType && !TypeOfReference(extractor_.definitions(), target).MayBe(target_)) return;
    Any([&](const Term& term, size_t) {
      if (criterion_.modifier == "below") return CanonicalBelow(term.text, target);
      return ReferenceHolds(extractor_, id, term, target);
    });
  }
  void Resource(ParameterId id, fhir::TypeId, Value node) override { Reference(id, NameOf(node)); }
  void ReferenceIdentifier(ParameterId id, std::string_view type, std::string_view system,
                           std::string_view value) override {
    if (criterion_.modifier != "identifier") return;
    if (target_ != fhir::kNoType && !type.empty() && extractor_.definitions().Type(target_).name != type)
      return;
    Any([&](const Term& term, size_t) { return TokenHolds(extractor_, id, term, &system, value); });
  }
  void Date(ParameterId, int64_t low_us, int64_t high_us) override {
    Any([&](const Term& term, size_t) { return DateHolds(term, low_us, high_us); });
  }
  void String(ParameterId id, std::string_view text) override {
    if (criterion_.modifier == "exact")
      return Any([&](const Term& term, size_t) { return text == term.text; });
    TextForms own;
    own.Read(text);
    const bool by_words = extractor_.At(id).holds_names;
    Any([&](const Term&, size_t i) {
      return criterion_.modifier == "contains" ? own.Contains(forms_[i])
                                               : own.BeginsWith(forms_[i], by_words);
    });
  }
  void Number(ParameterId, const NumberValue& v) override {
    Any([&](const Term& term, size_t) {
      if (!term.unit.empty())
        return v.canonical_unit == term.unit && NumberHolds(term, v.canonical_low, v.canonical_high);
      const bool by_system = term.system && !term.system->empty();
      if (!term.code.empty() && v.code != term.code && (by_system || v.unit != term.code)) return false;
      if (by_system && (v.system != *term.system || (!term.code.empty() && !v.canonical_unit.empty())))
        return false;
      return NumberHolds(term, v.low, v.high);
    });
  }
  void Uri(ParameterId, std::string_view text) override {
    Any([&](const Term& term, size_t) {
      if (criterion_.modifier == "below") return UrlBelow(term.text, text);
      if (criterion_.modifier == "above") return UrlBelow(text, term.text);
      return text == term.text;
    });
  }
  void Place(ParameterId, double latitude, double longitude) override {
    Any([&](const Term& term, size_t) {
      return DistanceM(term.latitude, term.longitude, latitude, longitude) <= term.distance_m;
    });
  }

 private:
  template <class Fits>
  void Any(const Fits& fits) {
    for (size_t i = 0; i < terms_.size() && !holds; ++i) holds = fits(terms_[i], i);
  }
  const Extractor& extractor_;
  const Criterion& criterion_;
  const fhir::TypeId target_;
  const std::vector<Term>& terms_;
  const std::vector<TextForms>& forms_;
};

class AnythingSink final : public ValueSink {
 public:
  /// `type`: of references only those to it; kNoType for all. `holdings`: of what has the contained resources.
  AnythingSink(const fhir::Definitions& definitions, fhir::TypeId type, Holdings& holdings)
      : definitions_(definitions),
        wanted_(type),
        type_(type == fhir::kNoType ? std::string_view() : definitions.Type(type).name),
        holdings_(holdings) {}
  bool heard = false;
  void Token(ParameterId, const std::string_view*, std::string_view) override { heard = true; }
  void Reference(ParameterId, std::string_view target) override {
    heard = heard || type_.empty() || TypeOfReference(definitions_, target).MayBe(wanted_);
  }
  void ReferenceIdentifier(ParameterId, std::string_view type, std::string_view, std::string_view) override {
    heard = heard || type_.empty() || type.empty() || type == type_;
  }
  void Contained(ParameterId, std::string_view id) override {
    heard = heard || type_.empty() || holdings_.TypeOfContained(id) == wanted_;
  }
  void Resource(ParameterId, fhir::TypeId type, Value) override {
    heard = heard || type_.empty() || type == wanted_;
  }
  void Date(ParameterId, int64_t, int64_t) override { heard = true; }
  void String(ParameterId, std::string_view) override { heard = true; }
  void Number(ParameterId, const NumberValue&) override { heard = true; }
  void Uri(ParameterId, std::string_view) override { heard = true; }
  void Place(ParameterId, double, double) override { heard = true; }

 private:
  const fhir::Definitions& definitions_;
  const fhir::TypeId wanted_;
  const std::string_view type_;
  Holdings& holdings_;
};

class SortSink final : public ValueSink {
 public:
  explicit SortSink(bool greatest) : greatest_(greatest) {}
  std::optional<std::string> best;
  void Token(ParameterId, const std::string_view* system, std::string_view code) override {
    if (system == nullptr && code.empty()) return;  // a text alone has no place in the order
    std::string text(code);
    text += '\0';
    if (system != nullptr) text += *system;
    Take(std::move(text));
  }
  void Reference(ParameterId, std::string_view target) override { Take(std::string(target)); }
  void Resource(ParameterId, fhir::TypeId, Value node) override { Take(NameOf(node)); }
  void Date(ParameterId, int64_t, int64_t) override {}  // has sort entries, as numbers have
  void String(ParameterId, std::string_view text) override {
    std::string folded = FoldText(text);
    if (!folded.empty()) Take(std::move(folded));
  }
  void Number(ParameterId, const NumberValue&) override {}
  void Uri(ParameterId, std::string_view text) override { Take(std::string(text)); }

 private:
  void Take(std::string text) {
    if (!best || (text < *best) != greatest_) best = std::move(text);
  }
  const bool greatest_;
};

}  // namespace

bool ReferenceHolds(const Extractor& extractor, ParameterId id, const Term& term, std::string_view target) {
  if (term.code.empty() || !term.type.empty()) return target == term.text;
  const size_t slash = target.find('/');
  if (slash == std::string_view::npos || target.substr(slash + 1) != term.code) return false;
  const fhir::Definitions& definitions = extractor.definitions();
  const fhir::TypeId type = definitions.FindType(target.substr(0, slash));
  const auto& targets = extractor.At(id).definition->targets;
  return definitions.IsResource(type) &&
         (targets.empty() || std::any_of(targets.begin(), targets.end(),
                                         [&](fhir::TypeId t) { return definitions.IsA(type, t); }));
}

bool NeedsText(const Extractor& extractor, const Criterion& criterion) {
  if (criterion.parameter == nullptr || criterion.codes != nullptr) return false;
  const std::string_view modifier = criterion.modifier;
  const Extractor::Parameter& parameter = extractor.At(extractor.IdOf(*criterion.parameter));
  const SearchType type = criterion.parameter->type;
  if (modifier == "missing") return parameter.composite != nullptr || parameter.presence_bit >= kPresenceBits;
  return modifier == "text" || modifier == "of-type" || modifier == "below" ||
         (type == SearchType::kReference && modifier == "identifier");
}

namespace {
void ReadForms(const std::vector<Term>& terms, std::vector<TextForms>* out) {
  for (const Term& term : terms) out->emplace_back().Read(term.text);
}
}  // namespace

Matcher::Matcher(const Extractor& extractor, fhir::TypeId type, const Criterion& criterion)
    : extractor_(extractor), type_(type), criterion_(criterion), id_(extractor.IdOf(*criterion.parameter)) {
  ReadForms(criterion.terms, &forms_);
}

bool Matcher::Holds(Value node, Value holder) const {
  Holdings holdings(extractor_.definitions(), holder);
  const Place place{node, holder, holdings};
  const Extractor::Parameter& parameter = extractor_.At(id_);
  if (criterion_.modifier == "missing") {
    const bool found = parameter.composite != nullptr ? CompositeHolds(*parameter.composite, place)
                                                      : AnyItem(id_, {}, place);
    return found != (criterion_.terms[0].text == "true");
  }
  const bool holds = parameter.composite != nullptr ? CompositeHolds(*parameter.composite, place)
                                                    : AnyItem(id_, criterion_.terms, place);
  return holds != (criterion_.modifier == "not" || criterion_.modifier == "not-in");
}

/// Without terms (:missing): is there any value?
bool Matcher::AnyItem(ParameterId id, const std::vector<Term>& terms, const Place& place) const {
  const Item context = extractor_.ItemOf(type_, place.node);
  Collection items;
  for (const Extractor::Source& source : extractor_.At(id).sources) {
    const auto& expression = extractor_.At(source.parameter).expression;
    if (expression == nullptr) continue;
    items.clear();
    if (!extractor_.Items(extractor_.At(source.parameter), *expression, place.holder, context, &items).ok())
      continue;
    for (const Item& item : items) {
      if (ItemHolds(source.parameter, source.type, item, terms, place)) return true;
    }
  }
  return false;
}

bool Matcher::ItemHolds(ParameterId id, fhir::TypeId target, const Item& item, const std::vector<Term>& terms,
                        const Place& place) const {
  if (terms.empty()) {
    AnythingSink sink(extractor_.definitions(), target, place.holdings);
    extractor_.Say(id, item, sink);
    return sink.heard;
  }
  if (criterion_.modifier == "text") return TextHolds(item);
  if (criterion_.modifier == "of-type") return OfTypeHolds(item, terms);
  std::vector<TextForms> forms;
  const bool own = &terms == &criterion_.terms;
  if (!own && extractor_.At(id).definition->type == SearchType::kString) ReadForms(terms, &forms);
  FitSink sink(extractor_, criterion_, target, terms, own ? forms_ : forms);
  extractor_.Say(id, item, sink);
  return sink.holds;
}

bool Matcher::CompositeHolds(const Extractor::Composite& composite, const Place& place) const {
  const bool any = criterion_.modifier == "missing";
  Collection items, values;
  const Extractor::Parameter& parameter = extractor_.At(id_);
  const Item whole = extractor_.ItemOf(type_, place.node);
  if (!extractor_.Items(parameter, *composite.items, place.holder, whole, &items).ok()) return false;
  auto component_holds = [&](size_t i, const Item& item, const std::vector<Term>& terms) {
    const Extractor::Composite::Component& component = composite.components[i];
    values.clear();
    const Status found =
        extractor_.Items(parameter, *component.expression, place.holder, item, &values, items.size());
    return found.ok() && std::any_of(values.begin(), values.end(), [&](const Item& value) {
             return ItemHolds(component.parameter, fhir::kNoType, value, terms, place);
           });
  };
  auto item_holds = [&](const Item& item, const Term* term) {
    for (size_t i = 0; i < composite.components.size(); ++i) {
      const std::vector<Term> terms =
          term == nullptr ? std::vector<Term>() : std::vector<Term>{term->parts[i]};
      if (!component_holds(i, item, terms)) return false;
    }
    return true;
  };
  for (const Item& item : items) {
    if (any && item_holds(item, nullptr)) return true;
    if (any) continue;
    for (const Term& term : criterion_.terms) {
      if (item_holds(item, &term)) return true;
    }
  }
  return false;
}

/// :text of tokens: the text and the displays of a concept, the display of a coding, the type's text of an identifier; of references the display.
/// Compared as strings are: beginnings, case and accents folded. Source: FHIR R4 search.html 3.1.1.4.10.
bool Matcher::TextHolds(const Item& item) const {
  auto fits = [&](Value value) {
    std::string scratch;
    const std::string_view text = value.String(scratch);
    if (text.empty()) return false;
    TextForms own;
    own.Read(text);
    return std::any_of(forms_.begin(), forms_.end(),
                       [&](const TextForms& asked) { return own.BeginsWith(asked, false); });
  };
  const Value node = item.node;
  if (!node.present() || !node.is_object()) return false;
  if (fits(node["text"]) || fits(node["display"]) || fits(node["type"]["text"])) return true;
  for (const Value coding : node["coding"]) {
    if (fits(coding["display"])) return true;
  }
  return false;
}

/// An identifier whose type has that coding and whose value is that one.
bool Matcher::OfTypeHolds(const Item& item, const std::vector<Term>& terms) const {
  std::string value_scratch, system_scratch, code_scratch;
  const std::string_view value = item.node["value"].String(value_scratch);
  for (const Value coding : item.node["type"]["coding"]) {
    const std::string_view system = coding["system"].String(system_scratch),
                           code = coding["code"].String(code_scratch);
    for (const Term& term : terms) {
      if (value == term.code && system == *term.system && code == term.type) return true;
    }
  }
  return false;
}

std::optional<std::string> SortText(const Extractor& extractor, fhir::TypeId type, ParameterId id, Value root,
                                    bool greatest) {
  SortSink sink(greatest);
  const Item context = extractor.ItemOf(type, root);
  Collection items;
  for (const Extractor::Source& source : extractor.At(id).sources) {
    const auto& expression = extractor.At(source.parameter).expression;
    if (expression == nullptr) continue;
    items.clear();
    if (!extractor.Items(extractor.At(source.parameter), *expression, root, context, &items).ok()) continue;
    for (const Item& item : items) {
      if (source.type != fhir::kNoType) {
        std::string scratch;
        const std::string_view target = item.node["reference"].String(scratch);
        if (!TypeOfReference(extractor.definitions(), target).MayBe(source.type)) continue;
      }
      extractor.Say(source.parameter, item, sink);
    }
  }
  return sink.best;
}

}  // namespace tk::search
