#include "kernel/search/nested.h"

#include <algorithm>

#include "kernel/search/expression_text.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::Definitions;
using fhir::TypeId;
using fhir::Value;

/// The next step of a path: up to the next dot outside of parentheses; `*rest` goes on behind it.
std::string_view TakeStep(std::string_view* rest) {
  int depth = 0;
  size_t at = 0;
  for (; at < rest->size(); ++at) {
    const char c = (*rest)[at];
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == '.' && depth == 0) break;
  }
  const std::string_view step = rest->substr(0, at);
  rest->remove_prefix(std::min(at + 1, rest->size()));
  return step;
}

bool IsResourceType(const Definitions& definitions, TypeId type) {
  return type != fhir::kNoType && definitions.Type(type).type_class == fhir::TypeClass::kResource;
}

}  // namespace

TypeId TypeOfPath(const Definitions& definitions, TypeId type, std::string_view path) {
  constexpr std::string_view kFilters[] = {"where", "first", "last", "tail", "skip", "take"};
  std::string_view tested;
  if (const size_t as = path.rfind(" as "); as != std::string_view::npos) {
    tested = Bare(path.substr(as + 4));
    path = Bare(path.substr(0, as));
  }
  const std::string_view first = path.substr(0, path.find('.'));
  if (const TypeId named = definitions.FindType(first);
      named != fhir::kNoType && definitions.IsA(type, named))
    TakeStep(&path);
  while (!path.empty() && type != fhir::kNoType) {
    std::string_view step = TakeStep(&path);
    if (const size_t open = step.find('('); open != std::string_view::npos) {
      const std::string_view name = step.substr(0, open);
      if (name == "ofType" || name == "as")
        type = definitions.FindType(Bare(step.substr(open)));
      else if (std::find(std::begin(kFilters), std::end(kFilters), name) == std::end(kFilters))
        return fhir::kNoType;
      continue;
    }
    step = step.substr(0, step.find('['));
    const fhir::ElementInfo* element = definitions.FindElement(type, fhir::Names::Find(step));
    type = element == nullptr ? fhir::kNoType : element->type;
  }
  return tested.empty() || type == fhir::kNoType ? type : definitions.FindType(tested);
}

bool HoldsResources(const Definitions& definitions, const fhir::SearchParameter& parameter) {
  if (parameter.type != fhir::SearchType::kReference) return false;
  const auto parts = UnionParts(parameter.expression);
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return IsResourceType(definitions, TypeOfPath(definitions, parameter.resource, part));
  });
}

TypeId Holdings::TypeOf(Value resource) const {
  const TypeId type = definitions_.FindType(resource["resourceType"].ToString());
  return definitions_.IsResource(type) ? type : fhir::kNoType;
}

Value Holdings::Contained(std::string_view id) {
  constexpr size_t kFew = 8;  // looked through as they stand
  if (id.empty()) return root_;
  if (!contained_read_) {
    std::string scratch;
    size_t looked = 0;
    for (const Value inside : root_["contained"]) {
      if (++looked > kFew) break;
      if (inside["id"].String(scratch) == id) return inside;
    }
    if (looked <= kFew) return {};
    contained_read_ = true;
    for (const Value inside : root_["contained"]) contained_.emplace_back(inside["id"].ToString(), inside);
    std::stable_sort(contained_.begin(), contained_.end(),
                     [](const auto& x, const auto& y) { return x.first < y.first; });
  }
  const auto at =
      std::lower_bound(contained_.begin(), contained_.end(), id,
                       [](const auto& row, std::string_view wanted) { return row.first < wanted; });
  return at != contained_.end() && at->first == id ? at->second : Value();
}

Value Holdings::EntryOf(Value resource) {
  if (!entries_read_) {
    entries_read_ = true;
    for (const Value entry : root_["entry"]) entries_.push_back(entry);
  }
  const auto next =
      std::upper_bound(entries_.begin(), entries_.end(), resource.index(),
                       [](uint32_t index, const Value& entry) { return index < entry.index(); });
  if (next == entries_.begin()) return {};
  const Value entry = *std::prev(next);
  return entry["resource"] == resource ? entry : Value();
}

std::string NameOf(Value resource) {
  const std::string id = resource["id"].ToString();
  return id.empty() ? id : resource["resourceType"].ToString().append(1, '/').append(id);
}

/// Hears what an item of a nested resource refers to.
class Whole::Sink final : public ValueSink {
 public:
  Sink(Whole& whole, const Nested& from, Value at, NestedLinks& links)
      : whole_(whole), from_(from), at_(at), links_(links) {}

  void Token(ParameterId, const std::string_view*, std::string_view) override {}
  void Date(ParameterId, int64_t, int64_t) override {}
  void String(ParameterId, std::string_view) override {}
  void Number(ParameterId, const NumberValue&) override {}
  void Uri(ParameterId, std::string_view) override {}
  void Reference(ParameterId, std::string_view target) override { whole_.Follow(from_, target, at_, links_); }
  void Canonical(ParameterId, std::string_view target) override {
    links_.ToCanonical(target);
    const std::string_view own = WithoutBase(target, whole_.own_base_);
    if (own.empty()) return;
    IsLocalReference(own) ? links_.ToStored(own) : links_.ToCanonical(own);
  }
  void Contained(ParameterId, std::string_view id) override {
    if (!whole_.around_ || !(whole_.around_->root() == from_.holder))
      whole_.around_.emplace(whole_.extractor_.definitions(), from_.holder);
    const Value inside = whole_.around_->Contained(id);
    if (inside) links_.ToNested({whole_.holdings_.TypeOf(inside), inside, from_.holder, from_.full_url});
  }
  void Resource(ParameterId, fhir::TypeId type, Value node) override {
    const Value entry = whole_.is_bundle_ ? whole_.holdings_.EntryOf(node) : Value();
    links_.ToNested({type, node, node, entry["fullUrl"].ToString()});
  }

 private:
  Whole& whole_;
  const Nested& from_;
  const Value at_;
  NestedLinks& links_;
};

Whole::Whole(const Extractor& extractor, const view::Resource& resource, std::string_view own_base)
    : extractor_(extractor),
      ordinal_(resource.ordinal),
      own_base_(own_base),
      root_{resource.type, resource.document.Root(), resource.document.Root(), {}},
      holdings_(extractor.definitions(), root_.node),
      bundle_(extractor.definitions(), root_.node),
      is_bundle_(extractor.definitions().Type(resource.type).name == "Bundle") {}

void Whole::ForLinks(const Nested& from, ParameterId id, NestedLinks& links) {
  const Extractor::Parameter& parameter = extractor_.At(id);
  if (parameter.expression == nullptr) return;
  fhir::path::Collection items;
  const fhir::path::Item context = extractor_.ItemOf(from.type, from.node);
  if (!extractor_.Items(parameter, *parameter.expression, from.holder, context, &items).ok()) return;
  for (const fhir::path::Item& item : items) {
    Sink sink(*this, from, item.node, links);
    extractor_.Say(id, item, sink);
  }
}

/// A literal reference that stands at `at`.
void Whole::Follow(const Nested& from, std::string_view reference, Value at, NestedLinks& links) {
  if (is_bundle_ && !(from.node == root_.node)) {
    if (const auto entry = bundle_.Find(reference, at)) {
      const Value resource = (*entry)["resource"];
      const TypeId type = holdings_.TypeOf(resource);
      if (type != fhir::kNoType) links.ToNested({type, resource, resource, (*entry)["fullUrl"].ToString()});
      return;
    }
  }
  const auto without_own_base = [this](std::string_view url) {
    const std::string_view own = WithoutBase(url, own_base_);
    return own.empty() ? url : own;
  };
  if (at.is_string() && !WithoutBase(reference, own_base_).empty())
    return;  // Canonical tells, with its version
  reference = without_own_base(reference);
  const std::string_view place = without_own_base(from.full_url);
  const bool elsewhere = place.starts_with("http://") || place.starts_with("https://");
  if (IsLocalReference(reference) && !elsewhere) links.ToStored(reference);
}

}  // namespace tk::search
