#include "kernel/search/joins.h"

#include <algorithm>
#include <array>

#include "kernel/search/compare.h"
#include "kernel/search/content.h"
#include "kernel/search/hierarchy.h"
#include "kernel/search/links.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

constexpr uint64_t kPreciseMax = 256;  // joined resources up to which an estimate is made by looking at each
constexpr size_t kMemoMax = 1 << 20;   // answers about joined resources that are remembered

/// One type that is joined, and how.
struct Side {
  Side(const Ground& outer, const Join& join, const Join::Branch& asked)
      : branch(asked),
        scope(AsksForContent(join, asked) ? outer.request.scope.ByContent() : outer.request.scope),
        ground{outer.setting, outer.look, asked.type, outer.request, outer.texts, outer.meter},
        sources(outer.setting.extractor.At(outer.setting.extractor.IdOf(*asked.link)).sources) {}

  bool Visible(Ordinal ordinal) const { return ground.Visible(ordinal, scope); }

  const Join::Branch& branch;
  const view::Scope scope;  // of the joined ones
  const Ground ground;      // of the joined type
  const std::vector<Extractor::Source>& sources;
  std::unique_ptr<Node> inner;
  std::unique_ptr<const Matcher>
      matcher;  // of `inner`, for resources within others; null: of a join, or of what every resource has
  std::unique_ptr<SetNode> set;                    // what `inner` holds for, if it cannot be asked one by one
  std::unordered_map<uint64_t, bool> memo;         // hash of a link → does the inner criterion hold for it?
  std::vector<uint64_t> nested_keys;               // of what has a resource of the type within
  std::unordered_map<uint32_t, bool> nested_memo;  // place in the text of `nested_of` → does it hold there?
  Ordinal nested_of = 0;
};

/// _id and _lastUpdated as a resource within another says them; a contained one has neither: its id is a name within its container.
bool SpecialHolds(const Criterion& criterion, const Nested& nested) {
  const bool is_id = criterion.special == "_id";
  const std::string text = (is_id ? nested.node["id"] : nested.node["meta"]["lastUpdated"]).ToString();
  const bool has = !text.empty() && !nested.is_contained();
  if (criterion.modifier == "missing") return has == (criterion.terms[0].text == "false");
  if (is_id) {
    const bool named = has && std::any_of(criterion.terms.begin(), criterion.terms.end(),
                                          [&](const Term& term) { return term.code == text; });
    return named != (criterion.modifier == "not");
  }
  const auto written = ParseDateRange(text, 0);
  return has && written.ok() &&
         std::any_of(criterion.terms.begin(), criterion.terms.end(),
                     [&](const Term& term) { return DateHolds(term, written->low_us, written->high_us); });
}

class JoinNode : public Node {
 public:
  JoinNode(const Ground& ground, const Criterion& criterion)
      : ground_(ground),
        criterion_(criterion),
        own_base_(BaseHash(ground.setting.hash_key, criterion.join->own_base)) {}

  Status Prepare() {
    for (const Join::Branch& branch : criterion_.join->branches) {
      auto side = std::make_unique<Side>(ground_, *criterion_.join, branch);
      std::vector<std::unique_ptr<Node>> nodes;
      TRY(MakeNodes(side->ground, branch.inner, &nodes));
      if (branch.inner.join == nullptr && branch.inner.parameter != nullptr)
        side->matcher = std::make_unique<const Matcher>(ground_.setting.extractor, branch.type, branch.inner);
      side->inner = nodes.size() == 1 ? std::move(nodes[0])
                                      : MakeConjunction(side->ground, criterion_.name, std::move(nodes));
      sides_.push_back(std::move(side));
    }
    return {};
  }
  uint64_t Estimate() const override {
    if (estimate_ == kNever) estimate_ = MakeEstimate();
    return estimate_;
  }
  bool is_join() const override { return true; }
  bool ReadsTexts() const override {
    return std::any_of(sides_.begin(), sides_.end(),
                       [](const auto& side) { return side->inner->ReadsTexts(); });
  }

 protected:
  virtual uint64_t MakeEstimate() const = 0;
  bool Tick() const { return ground_.meter.Tick(criterion_.name); }

  uint64_t LiveCount(fhir::TypeId type) const { return ground_.setting.directory.LiveCount(type); }
  /// About how many joined resources the inner criterion holds for.
  uint64_t InnerEstimate(const Side& side) const {
    return std::min(side.inner->Estimate(), LiveCount(side.branch.type));
  }
  bool Visible(Ordinal ordinal) const { return ground_.Visible(ordinal); }
  bool InnerHolds(Side& side, Ordinal ordinal) const {
    ++ground_.meter.probes;
    if (side.inner->WantsSet() && side.set == nullptr)
      side.set = std::make_unique<SetNode>(ground_.meter, *side.inner, criterion_.name);
    Candidate candidate{ordinal, kUnknownTime};
    return side.set != nullptr ? side.set->Holds(candidate) : side.inner->Holds(candidate);
  }
  /// The joined resources that the asker may see and for which the inner criterion holds, until `each` returns false; perhaps repeated.
  template <class Each>
  void ForJoined(const Side& side, const Each& each) const {
    constexpr size_t kBlock = 256;
    std::array<Ordinal, kBlock> ordinals;
    std::array<bool, kBlock> visible;
    size_t size = 0;
    bool more = true;
    const bool test = side.inner->Estimate() == kNever;
    auto flush = [&] {
      ground_.setting.directory.Visible(std::span(ordinals).first(size), ground_.request.position, side.scope,
                                        visible.data());
      for (size_t i = 0; more && i < size; ++i) {
        Candidate candidate{ordinals[i], kUnknownTime};
        if (visible[i] && (!test || side.inner->Holds(candidate))) more = each(ordinals[i]);
      }
      size = 0;
    };
    auto take = [&](const Candidate& candidate) {
      // What was written after the position is not for the directory to judge.
      if (candidate.ordinal < ground_.request.position.end_ordinal) ordinals[size++] = candidate.ordinal;
      if (size == kBlock) flush();
      return more && Tick();
    };
    if (!test) {
      side.inner->Gather(take);
    } else {
      const uint64_t slot = SortSlot(kPresenceSlot + side.branch.type);
      for (auto cursor =
               ground_.look.sort.Forward({slot, 0, 0}, {slot | kOrdinalMask, ~uint64_t{0}, ~uint64_t{0}});
           cursor.valid() && take({cursor.entry().a & kOrdinalMask, kUnknownTime}); cursor.Next()) {
      }
    }
    if (more && !ground_.meter.stopped()) flush();
  }
  /// What others call a resource, until `each` returns false; then false.
  template <class Each>
  bool ForNames(fhir::TypeId type, Ordinal ordinal, const Each& each) const {
    return ForNamesOf(ground_.setting, ground_.look, type, ordinal, own_base_, each);
  }
  /// The resources that a link means, until `each` returns false; then false.
  template <class Each>
  bool ForTargets(const Entry24& link, const Each& each) const {
    return ForMeant(ground_.setting, ground_.look, ground_.request.position, own_base_, link,
                    [&](Ordinal ordinal) { return Tick() && each(ordinal); });
  }
  /// The links of `ordinal` under a parameter, until `each` returns false.
  template <class Each>
  void ForLinks(ParameterId parameter, Ordinal ordinal, const Each& each) const {
    ForSortValues(ground_.look, kLinkSlot + parameter, ordinal, each);
  }
  /// What refers under a source to the resource of that name, until `each` returns false; then false.
  template <class Each>
  bool ForReferring(ParameterId parameter, uint64_t name, const Each& each) const {
    const uint64_t key = LinkKey(ground_.setting.hash_key, parameter, name);
    return GatherKey(ground_.look, key, [&](const Candidate& c) { return Tick() && each(c); });
  }

  const Ground& ground_;
  const Criterion& criterion_;
  const uint64_t own_base_;  // links.h
  std::vector<std::unique_ptr<Side>> sides_;

 private:
  mutable uint64_t estimate_ = kNever;
};

/// The searched resource refers to the joined one.
class ChainNode final : public JoinNode {
 public:
  using JoinNode::JoinNode;

  void CountNested() {
    for (const auto& side : sides_) {
      for (const Extractor::Source& source : side->sources) {
        if (!Leads(source, *side)) continue;
        const uint64_t key = NestedKey(ground_.setting.hash_key, source.parameter, side->branch.type,
                                       ground_.setting.extractor.definitions());
        const uint64_t count = ground_.look.equality.CountAdds({key, 0}, {key | ~kKeyMask, ~uint64_t{0}});
        if (count == 0) continue;
        side->nested_keys.push_back(key);
        nested_ += count;
      }
    }
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    bool more = true;
    for (const auto& side : sides_) {
      if (!more || !GatherWithin(*side, each)) return;
      ForJoined(*side, [&](Ordinal joined) {
        more = ForNames(side->branch.type, joined, [&](uint64_t name) {
          return std::all_of(side->sources.begin(), side->sources.end(),
                             [&](const Extractor::Source& source) {
                               return !Leads(source, *side) || ForReferring(source.parameter, name, each);
                             });
        });
        return more;
      });
    }
  }
  bool Holds(Candidate& candidate) const override {
    for (const auto& side : sides_) {
      bool holds = false;
      for (const Extractor::Source& source : side->sources) {
        if (!Leads(source, *side)) continue;
        ForLinks(source.parameter, candidate.ordinal,
                 [&](const Entry24& link) { return !(holds = JoinedHolds(*side, link)); });
        if (holds) return true;
      }
    }
    return nested_ > 0 && MayHoldWithin(candidate) && HoldsWithin(candidate.ordinal);
  }
  bool HoldsNested(Whole& whole, const Nested& from) const override { return HoldsFrom(whole, from, true); }
  bool ReadsTexts() const override { return nested_ > 0 || JoinNode::ReadsTexts(); }
  uint64_t GatherNs() const override {
    return nested_ == 0 ? JoinNode::GatherNs()
                        : 150 + kWithinNs * nested_ / std::max<uint64_t>(1, Estimate());
  }
  uint64_t ProbeNs() const override {
    const uint64_t within = kWithinNs * nested_ / std::max<uint64_t>(1, LiveCount(ground_.type));
    return (JoinNode::ReadsTexts() ? 8000 : 2500) + std::min(within, kWithinNs);
  }

 private:
  static constexpr uint64_t kWithinNs = 8000;  // reading a text, and one expression or two
  static bool Leads(const Extractor::Source& source, const Side& side) {
    return source.type == fhir::kNoType || source.type == side.branch.type;
  }
  /// Is there something of a joined type within it, as far as entries tell?
  bool MayHoldWithin(Candidate& candidate) const {
    ground_.FillTime(candidate);
    return std::any_of(sides_.begin(), sides_.end(), [&](const auto& side) {
      return std::any_of(side->nested_keys.begin(), side->nested_keys.end(), [&](uint64_t key) {
        return ground_.look.equality.ContainsAt(candidate.ordinal,
                                                MakeEquality(key, candidate.time, candidate.ordinal));
      });
    });
  }
  bool HoldsWithin(Ordinal ordinal) const {
    const view::ResourcePtr resource = ground_.texts.Share(ordinal);
    if (resource == nullptr || ground_.Hides(ordinal)) return false;
    Whole whole(ground_.setting.extractor, *resource, criterion_.join->own_base);
    return HoldsFrom(whole, whole.root(), false);
  }
  /// Those that have one of the joined type within; false: no more.
  bool GatherWithin(const Side& side, const std::function<bool(const Candidate&)>& each) const {
    for (const uint64_t key : side.nested_keys) {
      const bool more = GatherKey(ground_.look, key, [&](const Candidate& candidate) {
        return Tick() && (!Visible(candidate.ordinal) || !HoldsWithin(candidate.ordinal) || each(candidate));
      });
      if (!more) return false;
    }
    return true;
  }
  /// By what `from` refers to. `stored_too`: of the searched resource itself entries tell that.
  bool HoldsFrom(Whole& whole, const Nested& from, bool stored_too) const {
    for (const auto& side : sides_) {
      for (const Extractor::Source& source : side->sources) {
        if (!Leads(source, *side)) continue;
        FoundLinks found(ground_.setting.hash_key);
        whole.ForLinks(from, source.parameter, found);
        const bool holds =
            std::any_of(found.nested.begin(), found.nested.end(),
                        [&](const Nested& target) { return NestedHolds(*side, whole, target); }) ||
            (stored_too && std::any_of(found.stored.begin(), found.stored.end(),
                                       [&](const Entry24& link) { return JoinedHolds(*side, link); }));
        if (holds) return true;
      }
    }
    return false;
  }
  /// Each place in a text is asked once: what is contained may refer in circles.
  bool NestedHolds(Side& side, Whole& whole, const Nested& target) const {
    if (target.type != side.branch.type || !Tick()) return false;
    if (target.node == whole.root().node) return InnerHolds(side, whole.ordinal());
    if (side.nested_of != whole.ordinal()) side.nested_memo.clear();
    side.nested_of = whole.ordinal();
    const auto [known, is_new] = side.nested_memo.emplace(target.node.index(), false);
    if (!is_new) return known->second;
    const Criterion& inner = side.branch.inner;
    ++ground_.meter.probes;
    const bool holds = inner.join != nullptr     ? side.inner->HoldsNested(whole, target)
                       : side.matcher != nullptr ? side.matcher->Holds(target.node, target.holder)
                                                 : SpecialHolds(inner, target);
    if (holds) side.nested_memo[target.node.index()] = true;
    return holds;
  }
  bool JoinedHolds(Side& side, const Entry24& link) const {
    if (!Tick() || !IsOurs(link, own_base_)) return false;
    const auto known = side.memo.find(link.b);
    if (known != side.memo.end()) return known->second;
    bool holds = false;
    ForTargets(link, [&](Ordinal joined) {
      holds = ground_.setting.directory.Get(joined).type == side.branch.type && side.Visible(joined) &&
              InnerHolds(side, joined);
      return !holds;
    });
    if (side.memo.size() < kMemoMax) side.memo.emplace(link.b, holds);
    return holds;
  }
  uint64_t MakeEstimate() const override {
    uint64_t total = nested_;
    for (const auto& side : sides_) total += EstimateOf(*side);
    return total;
  }
  uint64_t EstimateOf(const Side& side) const {
    const uint64_t inner = InnerEstimate(side);
    uint64_t total = 0;
    if (inner > kPreciseMax) {
      // As many of the searched ones as of the joined ones, and the walk over these.
      const double share = static_cast<double>(inner) /
                           static_cast<double>(std::max<uint64_t>(1, LiveCount(side.branch.type)));
      return inner + static_cast<uint64_t>(share * static_cast<double>(LiveCount(ground_.type)));
    }
    ForJoined(side, [&](Ordinal joined) {
      return ForNames(side.branch.type, joined, [&](uint64_t name) {
        for (const Extractor::Source& source : side.sources) {
          if (!Leads(source, side)) continue;
          const uint64_t key = LinkKey(ground_.setting.hash_key, source.parameter, name);
          total += ground_.look.equality.CountAdds({key, 0}, {key | ~kKeyMask, ~uint64_t{0}});
        }
        return true;
      });
    });
    return total;
  }
  uint64_t nested_ = 0;  // of all sides
};

/// The joined resource refers to the searched one.
class HasNode final : public JoinNode {
 public:
  using JoinNode::JoinNode;

  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    bool more = true;
    for (const auto& side : sides_) {
      if (!more) return;
      ForJoined(*side, [&](Ordinal joined) {
        for (const Extractor::Source& source : side->sources) {
          if (!Leads(source)) continue;
          ForLinks(source.parameter, joined, [&](const Entry24& link) {
            ++ground_.meter.probes;
            more = more && ForTargets(link, [&](Ordinal ordinal) {
                     return ground_.setting.directory.Get(ordinal).type != ground_.type ||
                            each({ordinal, kUnknownTime});
                   });
            return more;
          });
        }
        return more;
      });
    }
  }
  bool Holds(Candidate& candidate) const override {
    bool holds = false;
    ForNames(ground_.type, candidate.ordinal, [&](uint64_t name) {
      for (const auto& side : sides_) {
        for (const Extractor::Source& source : side->sources) {
          if (!holds && Leads(source))
            ForReferring(source.parameter, name, [&](const Candidate& joined) {
              return !(holds = side->Visible(joined.ordinal) && InnerHolds(*side, joined.ordinal));
            });
        }
      }
      return !holds;
    });
    return holds;
  }
  uint64_t GatherNs() const override { return 2500; }
  uint64_t ProbeNs() const override {
    uint64_t referring = 0;
    for (const auto& side : sides_)
      referring += LiveCount(side->branch.type) / std::max<uint64_t>(1, LiveCount(ground_.type));
    return 2000 + (ReadsTexts() ? 7500 : 1500) * referring;
  }

 private:
  bool Leads(const Extractor::Source& source) const {
    return source.type == fhir::kNoType || source.type == ground_.type;
  }
  uint64_t MakeEstimate() const override {
    uint64_t total = 0;
    for (const auto& side : sides_) total += InnerEstimate(*side);
    return total;
  }
};

}  // namespace

Result<std::unique_ptr<Node>> MakeJoin(const Ground& ground, const Criterion& criterion) {
  CHECK(criterion.join != nullptr);
  if (criterion.join->walk != Join::Walk::kNone) return MakeHierarchy(ground, criterion);
  if (criterion.join->reverse) {
    auto node = std::make_unique<HasNode>(ground, criterion);
    TRY(node->Prepare());
    return std::unique_ptr<Node>(std::move(node));
  }
  auto node = std::make_unique<ChainNode>(ground, criterion);
  TRY(node->Prepare());
  node->CountNested();
  return std::unique_ptr<Node>(std::move(node));
}

}  // namespace tk::search
