// One criterion made ready to be asked: how many entries it has, which ordinals they are, whether it holds for a given one.
#pragma once

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <vector>

#include "kernel/search/answer.h"
#include "kernel/search/match.h"
#include "kernel/search/meter.h"

namespace tk::search {

inline constexpr uint64_t kUnknownTime = ~uint64_t{0};
struct Candidate {
  Ordinal ordinal = 0;
  uint64_t time = kUnknownTime;  // clinical time as equality entries carry it
};

/// Half-open.
struct OrdinalRange {
  Ordinal low;
  Ordinal high;
};

class Node {
 public:
  virtual ~Node() = default;
  /// About how many entries; an upper bound of matches. kNever when it cannot drive (it says what must not be).
  static constexpr uint64_t kNever = ~uint64_t{0};
  virtual uint64_t Estimate() const = 0;
  /// Calls `each` with candidates (not checked for liveness, perhaps repeated) until it returns false.
  virtual void Gather(const std::function<bool(const Candidate&)>& each) const = 0;
  /// Does it hold? May fill in candidate.time.
  virtual bool Holds(Candidate& candidate) const = 0;
  /// Is Holds dear unless all ordinals were gathered first?
  virtual bool WantsSet() const { return false; }
  /// Does Holds read texts? Then it is asked last.
  virtual bool ReadsTexts() const { return false; }
  /// About what an entry costs when gathered, and a candidate when asked.
  virtual uint64_t GatherNs() const { return 150; }
  virtual uint64_t ProbeNs() const { return ReadsTexts() ? 6000 : 1000; }
  /// Of a criterion on joined resources: does it hold for one that stands in another (nested.h)? Nothing refers to such a one from elsewhere.
  virtual bool HoldsNested(Whole&, const Nested&) const { return false; }
  /// A chain or _has: its estimate may take many look-ups.
  virtual bool is_join() const { return false; }
  /// Does a criterion like it put the answer in the order of time? (index.h)
  virtual bool in_time() const { return keys() != nullptr; }
  /// Keys of a positive equality criterion, else nullptr.
  virtual const std::vector<uint64_t>* keys() const { return nullptr; }
  virtual const std::vector<OrdinalRange>* ordinal_ranges() const { return nullptr; }
};

/// All ordinals of a node, gathered once because asking it one by one is dear.
class SetNode final : public Node {
 public:
  /// `name`: whose it is, for the meter; lives as long as that.
  SetNode(Meter& meter, const Node& inner, const std::string& name) {
    inner.Gather([&](const Candidate& c) {
      ordinals_.push_back(c.ordinal);
      return meter.Keep(name) && meter.Tick(name);
    });
    std::sort(ordinals_.begin(), ordinals_.end());
  }
  uint64_t Estimate() const override { return ordinals_.size(); }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (Ordinal ordinal : ordinals_) {
      if (!each({ordinal, kUnknownTime})) return;
    }
  }
  bool Holds(Candidate& candidate) const override {
    return std::binary_search(ordinals_.begin(), ordinals_.end(), candidate.ordinal);
  }

 private:
  std::vector<Ordinal> ordinals_;  // sorted
};

/// The texts of candidates, the last one kept: several nodes may ask for the same. One thread's.
class Texts {
 public:
  explicit Texts(const PageRequest& request) : request_(request) {}
  bool offered() const { return request_.read != nullptr; }
  /// nullptr when it cannot be had: erased meanwhile, or failure() says why.
  const view::Resource* Read(Ordinal ordinal);
  /// The same, for as long as one wants it.
  view::ResourcePtr Share(Ordinal ordinal) {
    Read(ordinal);
    return last_;
  }
  /// The first that went wrong, but for erased ones.
  Status TakeFailure() { return std::exchange(failure_, Status()); }

 private:
  const PageRequest& request_;
  Ordinal last_ordinal_ = 0;
  view::ResourcePtr last_;
  Status failure_;
};

/// What nodes read. Lives as long as they do.
struct Ground {
  const Setting& setting;
  const Look& look;
  fhir::TypeId type;
  const PageRequest& request;
  Texts& texts;
  Meter& meter;

  uint64_t ClinicalTimeOf(Ordinal ordinal) const;
  /// Is it live at the question's position, and may the asker see it?
  bool Visible(Ordinal ordinal) const { return Visible(ordinal, request.scope); }
  bool Visible(Ordinal ordinal, const view::Scope& scope) const {
    return ordinal < request.position.end_ordinal && setting.directory.Live(ordinal, request.position) &&
           (scope.all() || setting.directory.InScope(ordinal, scope));
  }
  /// Does he see that it is there, and none of its content (content.h)?
  bool Hides(Ordinal ordinal) const {
    return request.scope.hidden != nullptr && setting.directory.Hides(ordinal, request.scope);
  }
  void FillTime(Candidate& candidate) const {
    if (candidate.time == kUnknownTime) candidate.time = ClinicalTimeOf(candidate.ordinal);
  }
};

/// What one resource has under a slot of the sort family, in any order, until `each` returns false.
template <class Each>
void ForSortValues(const Look& look, uint64_t sort_slot, Ordinal ordinal, const Each& each) {
  const uint64_t slot = SortSlot(sort_slot) | ordinal;
  look.sort.ForPiecesAt(ordinal, {slot, 0, 0}, {slot, ~uint64_t{0}, ~uint64_t{0}},
                        [&](const Entry24* at, const Entry24* end) {
                          for (; at != end; ++at) {
                            if (!each(*at)) return false;
                          }
                          return true;
                        });
}

/// Everything under one equality key, in any order, until `each` returns false; then false.
template <class Each>
bool GatherKey(const Look& look, uint64_t key, const Each& each) {
  bool more = true;
  look.equality.ForPieces({key, 0}, {key | ~kKeyMask, ~uint64_t{0}},
                          [&](const Entry16* at, const Entry16* end) {
                            for (; more && at != end; ++at)
                              more = each(Candidate{OrdinalOf(*at), TimeOf(*at)});
                            return more;
                          });
  return more;
}

/// Adds nodes that together are the criterion: those over entries, and where these say too much one that reads the text.
/// Errors: kUnsupported (a parameter that cannot be evaluated; _lastUpdated without find_time; texts without read).
Status MakeNodes(const Ground& ground, const Criterion& criterion, std::vector<std::unique_ptr<Node>>* out);
/// Of several nodes of the criterion `name` (lives as long as the meter) the one that holds where all do; they are not empty.
std::unique_ptr<Node> MakeConjunction(const Ground& ground, const std::string& name,
                                      std::vector<std::unique_ptr<Node>> nodes);
/// The one over entries, of a criterion that they tell of alone.
Result<std::unique_ptr<Node>> MakeEntryNode(const Ground& ground, const Criterion& criterion);
/// Metres from the nearest of the places that `near` asks for; nullopt without a place.
std::optional<double> DistanceOf(const Look& look, const Extractor::Parameter& parameter,
                                 const Criterion& near, Ordinal ordinal);

}  // namespace tk::search
