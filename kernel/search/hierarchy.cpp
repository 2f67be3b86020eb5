#include "kernel/search/hierarchy.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "kernel/search/chains.h"
#include "kernel/search/links.h"
#include "kernel/search/nodes.h"

namespace tk::search {
namespace {

using fhir::SearchParameter;
using fhir::TypeId;

constexpr uint64_t kCountedMax = 1024;  // resources on the way up to which an estimate looks at each

/// What resources of the type are part of; nullptr: they have no hierarchy.
const SearchParameter* HierarchyOf(const fhir::Definitions& definitions, TypeId type) {
  for (const char* code : {"partof", "part-of"}) {
    const SearchParameter* found = definitions.FindSearchParameter(type, code);
    if (found != nullptr && found->type == fhir::SearchType::kReference && !found->targets.empty() &&
        MayReferTo(definitions, *found, type))
      return found;
  }
  return nullptr;
}

bool IsCanonical(const Term& term) { return term.code.empty(); }

/// The resources of one type on the way, by the hashes of their names.
struct Way {
  TypeId type;
  std::unordered_set<uint64_t> names;
};

class HierarchyNode final : public Node {
 public:
  HierarchyNode(const Ground& ground, const Criterion& criterion)
      : ground_(ground),
        criterion_(criterion),
        sources_(SourcesOf(*criterion.join->branches.front().link)),
        scope_(ground.request.scope.ByContent()),
        is_down_(criterion.join->walk == Join::Walk::kDown) {}

  uint64_t Estimate() const override {
    if (estimate_ == kNever) estimate_ = MakeEstimate();
    return estimate_;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    ForKeys([&](uint64_t key) { return GatherKey(ground_.look, key, each); });
  }
  bool Holds(Candidate& candidate) const override {
    bool holds = false;
    for (const Extractor::Source& source : sources_) {
      ForSortValues(ground_.look, kLinkSlot + source.parameter, candidate.ordinal, [&](const Entry24& link) {
        for (const Way& way : Ways())
          holds = holds || (Leads(source, way.type) && link.c == kLinkIsRecord && way.names.contains(link.b));
        return !holds;
      });
      if (holds) return true;
    }
    return false;
  }
  bool HoldsNested(Whole& whole, const Nested& nested) const override {
    for (const Extractor::Source& source : sources_) {
      FoundLinks found(ground_.setting.hash_key);
      whole.ForLinks(nested, source.parameter, found);
      for (const Way& way : Ways()) {
        const bool holds = Leads(source, way.type) &&
                           std::any_of(found.stored.begin(), found.stored.end(), [&](const Entry24& link) {
                             return link.c == kLinkIsRecord && way.names.contains(link.b);
                           });
        if (holds) return true;
      }
    }
    return false;
  }
  bool is_join() const override { return true; }

 private:
  const std::vector<Extractor::Source>& SourcesOf(const SearchParameter& parameter) const {
    const Extractor& extractor = ground_.setting.extractor;
    return extractor.At(extractor.IdOf(parameter)).sources;
  }
  static bool Leads(const Extractor::Source& source, TypeId type) {
    return source.type == fhir::kNoType || source.type == type;
  }
  bool Tick() const { return ground_.meter.Tick(criterion_.name); }

  /// The keys under which what refers to them has its entries, until `each` returns false.
  template <class Each>
  void ForKeys(const Each& each) const {
    for (const Way& way : Ways()) {
      for (const Extractor::Source& source : sources_) {
        if (!Leads(source, way.type)) continue;
        for (const uint64_t name : way.names) {
          if (!Tick() || !each(LinkKey(ground_.setting.hash_key, source.parameter, name))) return;
        }
      }
    }
  }
  uint64_t MakeEstimate() const {
    uint64_t counted = 0, total = 0, all = 0;
    for (const Way& way : Ways()) all += way.names.size() * sources_.size();
    ForKeys([&](uint64_t key) {
      total += ground_.look.equality.CountAdds({key, 0}, {key | ~kKeyMask, ~uint64_t{0}});
      return ++counted < kCountedMax;
    });
    return counted < kCountedMax ? total : total / counted * all + all;
  }

  /// Walked when first asked. One thread's, as the question is.
  const std::vector<Way>& Ways() const {
    if (walked_) return ways_;
    walked_ = true;
    for (const Join::Branch& branch : criterion_.join->branches) ways_.push_back(Walk(branch));
    return ways_;
  }
  Way Walk(const Join::Branch& branch) const {
    Way way{branch.type, {}};
    std::vector<uint64_t> open;
    const auto take = [&](uint64_t name) {
      if (!way.names.insert(name).second) return true;
      open.push_back(name);
      return ground_.meter.Keep(criterion_.name);
    };
    const std::string type(ground_.setting.extractor.definitions().Type(branch.type).name);
    for (const Term& root : criterion_.join->roots) {
      if (root.type.empty() || root.type == type)
        take(KeyedHash(ground_.setting.hash_key, type + "/" + root.code));
    }
    const auto& sources = SourcesOf(*branch.inner.parameter);
    while (!open.empty() && !ground_.meter.stopped()) {
      const uint64_t name = open.back();
      open.pop_back();
      for (const Extractor::Source& source : sources) {
        if (!Leads(source, branch.type)) continue;
        is_down_ ? Below(source, name, branch.type, take) : Above(source, name, branch.type, take);
      }
    }
    return way;
  }
  /// What says that it is part of it.
  template <class Take>
  void Below(const Extractor::Source& source, uint64_t name, TypeId type, const Take& take) const {
    GatherKey(ground_.look, LinkKey(ground_.setting.hash_key, source.parameter, name),
              [&](const Candidate& part) {
                if (!Tick()) return false;
                bool more = true;
                if (ground_.Visible(part.ordinal, scope_))
                  ForSortValues(ground_.look, kSelfSlot + type, part.ordinal, [&](const Entry24& self) {
                    more = take(self.b);
                    return false;
                  });
                return more;
              });
  }
  /// What it says that it is part of.
  template <class Take>
  void Above(const Extractor::Source& source, uint64_t name, TypeId type, const Take& take) const {
    const view::Directory& directory = ground_.setting.directory;
    const auto part = directory.Current(name, ground_.request.position);
    if (part.ordinal == 0 || part.deleted || !ground_.Visible(part.ordinal, scope_)) return;
    ForSortValues(ground_.look, kLinkSlot + source.parameter, part.ordinal, [&](const Entry24& link) {
      if (!Tick()) return false;
      const auto whole = directory.Current(link.b, ground_.request.position);
      const bool is_other = whole.ordinal != 0 && directory.Get(whole.ordinal).type != type;
      return link.c != kLinkIsRecord || is_other || take(link.b);
    });
  }

  const Ground& ground_;
  const Criterion& criterion_;
  const std::vector<Extractor::Source>& sources_;  // of the searched resources' parameter
  const view::Scope scope_;                        // what is part of what is content
  const bool is_down_;
  mutable bool walked_ = false;
  mutable std::vector<Way> ways_;
  mutable uint64_t estimate_ = kNever;
};

}  // namespace

std::vector<TypeId> HierarchiesOf(const fhir::Definitions& definitions, const SearchParameter& parameter) {
  std::vector<TypeId> types;
  for (const TypeId type : definitions.ResourceTypes()) {
    if (MayReferTo(definitions, parameter, type) && HierarchyOf(definitions, type) != nullptr)
      types.push_back(type);
  }
  return types;
}

Result<Term> ReadHierarchyTerm(const TermReader& reader, std::string_view raw) {
  // Its value is a reference as without the modifier, which for a reference would be a type's name.
  const TermReader plain{reader.definitions, reader.type, reader.options, reader.name, reader.parameter, {}};
  Term term = TRY(plain.Read(fhir::SearchType::kReference, raw));
  // Where nothing is part of another a Type/id can only be a canonical that is written so, or as an address of this server.
  const fhir::TypeId type = reader.definitions.FindType(term.type);
  if (reader.modifier == "below" && reader.definitions.IsResource(type) &&
      Extractor::HasCanonicals(reader.definitions, type) &&
      HierarchiesOf(reader.definitions, *reader.parameter).empty()) {
    term.code.clear();
    term.type.clear();
  }
  return term;
}

Status TakeHierarchy(const TermReader& reader, Criterion* criterion) {
  const auto canonicals = std::count_if(criterion->terms.begin(), criterion->terms.end(), IsCanonical);
  if (canonicals != 0) {
    if (static_cast<size_t>(canonicals) != criterion->terms.size())
      return BadValue(reader.name, "takes either ids (Type/id) or canonical URLs, not both");
    if (reader.modifier == "above")
      return BadValue(reader.name, ":above takes the id of a resource (Type/id), not a URL");
    return {};
  }
  const fhir::Definitions& definitions = reader.definitions;
  const std::vector<TypeId> types = HierarchiesOf(definitions, *reader.parameter);
  std::string list;
  for (const TypeId type : types)
    list += (list.empty() ? "" : ", ") + std::string(definitions.Type(type).name);
  if (types.empty())
    return BadValue(
        reader.name,
        "takes a canonical URL here: nothing that this parameter may refer to is part of another");
  auto join = std::make_shared<Join>();
  join->walk = reader.modifier == "below" ? Join::Walk::kDown : Join::Walk::kUp;
  std::string forbidden;
  for (const Term& root : criterion->terms) {
    if (!root.type.empty() &&
        std::find(types.begin(), types.end(), definitions.FindType(root.type)) == types.end())
      return BadValue(reader.name, fmt::format("takes one of {}: others are not part of one another", list));
  }
  for (const TypeId type : types) {
    const std::string_view name = definitions.Type(type).name;
    if (std::none_of(criterion->terms.begin(), criterion->terms.end(),
                     [&](const Term& root) { return root.type.empty() || root.type == name; }))
      continue;
    if (reader.options.may_read && !reader.options.may_read(name)) {
      forbidden += (forbidden.empty() ? "" : ", ") + std::string(name);
      continue;
    }
    Criterion part;
    part.name = criterion->name;
    part.parameter = HierarchyOf(definitions, type);
    join->branches.push_back({type, reader.parameter, std::move(part)});
  }
  if (join->branches.empty())
    return Refuse(ErrorCode::kForbidden, "forbidden", reader.name,
                  "goes through " + forbidden + ", which your post may not read");
  join->roots = std::move(criterion->terms);
  criterion->terms.clear();
  criterion->parameter = nullptr;
  criterion->modifier = {};
  criterion->join = std::move(join);
  return {};
}

std::unique_ptr<Node> MakeHierarchy(const Ground& ground, const Criterion& criterion) {
  return std::make_unique<HierarchyNode>(ground, criterion);
}

}  // namespace tk::search
