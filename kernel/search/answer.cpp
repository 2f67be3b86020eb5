#include "kernel/search/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_set>

#include "kernel/base/clock.h"
#include "kernel/search/compare.h"
#include "kernel/search/compartment.h"
#include "kernel/search/content.h"
#include "kernel/search/counts.h"
#include "kernel/search/date_walk.h"
#include "kernel/search/key_walk.h"
#include "kernel/search/keys.h"
#include "kernel/search/orderer.h"

namespace tk::search {
namespace {

using fhir::SearchType;

constexpr uint64_t kFewEntries = 2000;  // below so many no better driver is looked for
/// Of so many of one second the dates decide although no order was asked for: each takes a look-up, and where dates are days or years a "second" may
/// hold very many, which mostly are alike to the end.
constexpr size_t kExactMax = 1000;
constexpr uint64_t kWalked =
    uint64_t{1} << 41;  // in a cursor: the last ordinal of a second that is given as it is walked
constexpr uint64_t kFewForJoins =
    200;  // the same before joins are estimated, of which each candidate is dear to ask

/// For the meter: while the matches are put in order.
const std::string kOrdering = "_sort";

/// How the matches follow each other.
/// kTime: of the clinical date as equality entries carry it, in seconds; kExactTime: and within a second as the dates say.
enum class Order : char { kTime = 't', kExactTime = 'x', kOrdinal = 'o', kKeys = 'k' };

class Answerer {
 public:
  Answerer(const Setting& setting, const Look& look, const Query& query, const PageRequest& request)
      : setting_(setting),
        look_(look),
        query_(query),
        request_(request),
        scope_(AsksForContent(query) ? request.scope.For(query.type).ByContent()
                                     : request.scope.For(query.type)),
        texts_(request),
        meter_(request.deadline_us, setting.kept),
        ground_{setting, look, query.type, request, texts_, meter_} {}

  Status Prepare();
  Result<Page> MakePage();
  Result<uint64_t> CountAll();
  Status TakeFailure() { return texts_.TakeFailure(); }
  Result<uint64_t> EstimateTotal(bool* estimated);

 private:
  struct Resume {
    bool given = false;
    Candidate after;
    size_t offset = 0;
    uint64_t kept_order = 0;  // its handle
  };

  Result<Resume> ReadCursor() const;
  std::string WriteCursor(const Candidate& last) const;
  void ChooseOrder();
  /// Do those come among the matches whose content he does not see? Their dates are none then.
  bool ListsHidden() const { return scope_.hidden != nullptr && !scope_.by_content; }
  void FillTime(Candidate& candidate) const {
    if (ListsHidden() && ground_.Hides(candidate.ordinal))
      candidate.time = 0;
    else
      ground_.FillTime(candidate);
  }
  bool InTime() const { return order_ == Order::kTime || order_ == Order::kExactTime; }
  Status ChooseDriver();
  void ChooseOthers();
  bool Visible(Ordinal ordinal) const {
    return ordinal < request_.position.end_ordinal && setting_.directory.Live(ordinal, request_.position) &&
           (scope_.all() || setting_.directory.InScope(ordinal, scope_));
  }
  bool OthersHold(Candidate& candidate) const {
    ++meter_.tested;
    for (const Node* node : others_) {
      if (!node->Holds(candidate)) return false;
    }
    return true;
  }
  Status Tick() {
    ++candidates_;
    return meter_.Tick(driver_name_) ? Status() : Late();
  }
  Status Late() const { return meter_.stopped() ? meter_.status(StoppedAt()) : Status(); }
  std::string StoppedAt() const;
  std::shared_ptr<const Explanation> Explain() const;
  template <class Each>
  Status ForType(bool ascending, const Candidate* after, const Each& each);
  template <class Each>
  Status ForDriver(const Each& each);
  template <class Each>
  Status ForMatches(const Each& each);
  bool WalksTheType() const;
  Result<Page> WalkPage(const Resume& resume);
  Result<Page> GatherPage(const Resume& resume);
  Result<Page> KeysPage(const Resume& resume);
  Result<Orders::OrderPtr> MakeOrder(const Resume& resume);
  uint64_t DatesToWalk(size_t wanted) const;
  Result<bool> WalkDates(size_t wanted, std::vector<Candidate>* out);
  /// kExactTime: what a walk that is resumed goes on behind, the whole of a second again.
  static Candidate StartOf(const Resume& resume) {
    if ((resume.after.ordinal & kWalked) != 0)
      return {resume.after.ordinal & kOrdinalMask, resume.after.time};
    return resume.after.time == 0 ? resume.after : Candidate{kOrdinalMask, resume.after.time};
  }
  template <class Next>
  Result<Page> ExactPage(const Resume& resume, const Next& next);
  Status GatherMatches(std::vector<Candidate>* out);
  Status OrderByKeys(std::vector<Candidate>* matches, size_t wanted) {
    return Orderer(ground_, query_, sort_,
                   [this] {
                     ++candidates_;
                     return meter_.Tick(kOrdering) ? Status() : Late();
                   })
        .Order(matches, wanted);
  }

  const Setting& setting_;
  const Look& look_;
  const Query& query_;
  const PageRequest& request_;
  const view::Scope scope_;  // of what is asked for itself
  Texts texts_;
  mutable Meter meter_;
  const Ground ground_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::string> names_;  // of nodes_: the criteria as asked
  std::vector<std::unique_ptr<Node>> sets_;
  const Node* driver_ = nullptr;  // null: all resources of the type
  uint64_t driver_entries_ = 0;
  std::vector<const Node*> others_;
  std::vector<bool> gathered_;  // of nodes_: was it made a set?
  Order order_ = Order::kOrdinal;
  std::vector<SortKey> sort_;  // as asked, or what kExactTime goes by
  size_t exact_max_ = SIZE_MAX;
  bool ascending_ = false;
  std::string driver_name_;
  bool walks_ = false;
  uint64_t candidates_ = 0;
  std::optional<uint64_t> counted_;  // once all matches were gathered: how many there are
  const int64_t began_us_ = MonotonicUs();
};

Status Answerer::Prepare() {
  std::vector<bool> used(query_.criteria.size(), false);
  std::vector<uint64_t> compound = CompoundKeys(setting_, query_, &used);
  if (!compound.empty()) {
    nodes_.push_back(std::make_unique<KeysNode>(ground_, std::move(compound)));
    std::string name;
    for (size_t i = 0; i < used.size(); ++i) {
      if (used[i]) name += (name.empty() ? "" : " with ") + query_.criteria[i].name;
    }
    names_.push_back(std::move(name));
  }
  for (size_t i = 0; i < query_.criteria.size(); ++i) {
    if (used[i]) continue;
    TRY(MakeNodes(ground_, query_.criteria[i], &nodes_));
    names_.resize(nodes_.size(), query_.criteria[i].name);
  }
  ChooseOrder();
  return ChooseDriver();
}

void Answerer::ChooseOrder() {
  // From the query alone, so that all pages have the same order whatever the index looks like meanwhile.
  const bool equality =
      std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->in_time(); });
  sort_ = query_.sort;
  if (sort_.empty()) {
    const ParameterId clinical = setting_.extractor.ClinicalDate(query_.type);
    order_ = !equality ? Order::kOrdinal : clinical == kNoParameter ? Order::kTime : Order::kExactTime;
    if (order_ == Order::kExactTime) sort_.push_back({setting_.extractor.At(clinical).definition, {}, true});
    exact_max_ = kExactMax;
    return;
  }
  const SortKey& first = sort_[0];
  ascending_ = !first.descending;
  order_ = Order::kKeys;
  if (first.special == "_lastUpdated") {
    order_ = Order::kOrdinal;  // later keys cannot matter: no two entries are written at one ordinal
  } else if (sort_.size() == 1 && equality && first.parameter != nullptr) {
    const auto& sources = setting_.extractor.At(setting_.extractor.IdOf(*first.parameter)).sources;
    const bool clinical =
        sources.size() == 1 && sources[0].parameter == setting_.extractor.ClinicalDate(query_.type);
    if (clinical && first.descending) order_ = Order::kExactTime;
  }
}

Status Answerer::ChooseDriver() {
  uint64_t best = Node::kNever;
  // With nothing to choose from, and an order that does not ask how many there are, the count is saved.
  if (nodes_.size() == 1 && nodes_[0]->keys() != nullptr && InTime()) {
    driver_ = nodes_[0].get();
    driver_name_ = names_[0];
    return {};
  }
  // Keys are counted first; ranges, and then joins, only if nothing found so far is selective.
  enum class Kind : uint8_t { kKeys, kRange, kJoin };
  auto kind_of = [](const Node& node) {
    return node.is_join() ? Kind::kJoin : node.keys() != nullptr ? Kind::kKeys : Kind::kRange;
  };
  for (const Kind kind : {Kind::kKeys, Kind::kRange, Kind::kJoin}) {
    if (kind != Kind::kKeys && best <= (kind == Kind::kRange ? kFewEntries : kFewForJoins)) continue;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (kind_of(*nodes_[i]) != kind) continue;
      const uint64_t estimate = nodes_[i]->Estimate();
      if (estimate >= best) continue;
      best = estimate;
      driver_ = nodes_[i].get();
      driver_name_ = names_[i];
    }
  }
  driver_entries_ = driver_ == nullptr ? setting_.directory.LiveCount(query_.type) : best;
  ChooseOthers();
  return Late();
}

void Answerer::ChooseOthers() {
  gathered_.assign(nodes_.size(), false);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node* asked = nodes_[i].get();
    if (asked == driver_) continue;
    // Asking one by one is a look-up in every run; gathering touches the node's entries once, one after another.
    const uint64_t entries = driver_entries_ > kFewEntries ? asked->Estimate() : Node::kNever;
    const bool gather =
        entries != Node::kNever && entries * asked->GatherNs() < driver_entries_ * asked->ProbeNs();
    if (asked->WantsSet() || gather) {
      sets_.push_back(std::make_unique<SetNode>(ground_.meter, *asked, names_[i]));
      asked = sets_.back().get();
      gathered_[i] = true;
    }
    others_.push_back(asked);
  }
  std::stable_partition(others_.begin(), others_.end(), [](const Node* n) { return !n->ReadsTexts(); });
}

/// Resources of the type in the order of writing.
template <class Each>
Status Answerer::ForType(bool ascending, const Candidate* after, const Each& each) {
  const uint64_t slot = SortSlot(kPresenceSlot + query_.type);
  Entry24 low{slot, 0, 0}, high{slot | (request_.position.end_ordinal - 1), ~uint64_t{0}, ~uint64_t{0}};
  if (after != nullptr && ascending) low = {slot | (after->ordinal + 1), 0, 0};
  if (after != nullptr && !ascending) high = {slot | (after->ordinal - 1), ~uint64_t{0}, ~uint64_t{0}};
  if (high < low) return {};
  for (auto cursor = ascending ? look_.sort.Forward(low, high) : look_.sort.Backward(low, high);
       cursor.valid(); cursor.Next()) {
    TRY(Tick());
    if (!each(Candidate{cursor.entry().a & kOrdinalMask, kUnknownTime})) break;
  }
  return {};
}

/// The driver's candidates in any order, perhaps repeated.
template <class Each>
Status Answerer::ForDriver(const Each& each) {
  if (driver_ == nullptr) return ForType(true, nullptr, each);
  driver_->Gather([&](const Candidate& candidate) {
    ++candidates_;
    return meter_.Tick(driver_name_) && each(candidate);
  });
  return Late();  // what the driver itself looked at counts too
}

/// The driver's candidates that may be seen and for which all else holds, in blocks for the directory; perhaps repeated.
template <class Each>
Status Answerer::ForMatches(const Each& each) {
  constexpr size_t kBlock = 256;
  std::array<Candidate, kBlock> block;
  std::array<Ordinal, kBlock> ordinals;
  std::array<bool, kBlock> visible;
  size_t size = 0;
  auto flush = [&] {
    setting_.directory.Visible(std::span(ordinals).first(size), request_.position, scope_, visible.data());
    for (size_t i = 0; i < size; ++i) {
      if (visible[i] && OthersHold(block[i])) each(block[i]);
    }
    size = 0;
  };
  TRY(ForDriver([&](const Candidate& candidate) {
    block[size] = candidate;
    ordinals[size] = candidate.ordinal;
    if (++size == kBlock) flush();
    return true;
  }));
  flush();
  return Late();
}

bool Answerer::WalksTheType() const {
  if (order_ != Order::kOrdinal) return false;
  if (driver_ == nullptr) return true;
  // Gathering costs each entry of the driver; walking the type costs a look-up for each candidate until the page is full.
  constexpr double kGatherNs = 60, kProbeNs = 800;
  const double all = static_cast<double>(setting_.directory.LiveCount(query_.type)),
               some = static_cast<double>(std::max<uint64_t>(driver_entries_, 1));
  return !driver_->WantsSet() &&
         static_cast<double>(request_.count + 1) * (all / some) * kProbeNs < some * kGatherNs;
}

Result<Page> Answerer::WalkPage(const Resume& resume) {
  Page page;
  Candidate last;
  const Candidate* after = resume.given ? &resume.after : nullptr;
  bool more = false;
  auto take = [&](Candidate candidate, bool driver_too) {
    if (!Visible(candidate.ordinal) || (driver_too && driver_ != nullptr && !driver_->Holds(candidate)) ||
        !OthersHold(candidate))
      return true;
    if (page.ordinals.size() == request_.count) {
      more = true;
      return false;
    }
    page.ordinals.push_back(candidate.ordinal);
    last = candidate;
    return true;
  };
  if (order_ == Order::kOrdinal) {
    TRY(ForType(ascending_, after, [&](const Candidate& candidate) { return take(candidate, true); }));
  } else if (order_ == Order::kExactTime) {
    const Candidate start = StartOf(resume);
    KeyWalk walk(look_, *driver_->keys(), false, resume.given ? &start : nullptr);
    return ExactPage(resume, [&](Candidate* out) -> Result<bool> {
      while (walk.Next(out)) {
        TRY(Tick());
        if (Visible(out->ordinal) && OthersHold(*out)) return true;
      }
      return false;
    });
  } else {
    KeyWalk walk(look_, *driver_->keys(), ascending_, after);
    for (Candidate candidate; walk.Next(&candidate);) {
      TRY(Tick());
      if (!take(candidate, false)) break;
    }
  }
  if (more) page.next_cursor = WriteCursor(last);
  return page;
}

Status Answerer::GatherMatches(std::vector<Candidate>* out) {
  TRY(ForMatches([&](const Candidate& candidate) { out->push_back(candidate); }));
  auto by_ordinal = [](const Candidate& x, const Candidate& y) { return x.ordinal < y.ordinal; };
  if (!std::is_sorted(out->begin(), out->end(), by_ordinal)) std::sort(out->begin(), out->end(), by_ordinal);
  out->erase(std::unique(out->begin(), out->end(),
                         [](const Candidate& x, const Candidate& y) { return x.ordinal == y.ordinal; }),
             out->end());
  counted_ = out->size();
  return {};
}

/// A page of what `next` gives, newest second first: within one second the dates decide. Who has no date comes last, in the order of writing.
/// Its cursor says the second and how many of it were given, or after which without a date to go on, or (kWalked) of a second larger than exact_max_.
template <class Next>
Result<Page> Answerer::ExactPage(const Resume& resume, const Next& next) {
  Page page;
  std::vector<Candidate> second;
  Candidate last;
  bool more = false;
  const bool walked = (resume.after.ordinal & kWalked) != 0;
  uint64_t walked_time = walked ? resume.after.time : 0;  // of the second that is given newest entry first
  size_t skip = resume.given && resume.after.time != 0 && !walked ? resume.offset : 0;
  auto give = [&](Ordinal ordinal, const Candidate& cursor) {
    more = page.ordinals.size() == request_.count;
    if (more) return false;
    page.ordinals.push_back(ordinal);
    last = cursor;
    return true;
  };
  auto give_second = [&]() -> Status {
    if (second.size() > 1) TRY(OrderByKeys(&second, second.size()));
    for (size_t i = skip; i < second.size(); ++i) {
      if (!give(second[i].ordinal, {i + 1, second[i].time})) break;
    }
    skip = 0;
    second.clear();
    return {};
  };
  auto walk_on = [&](const Candidate& candidate) {
    return give(candidate.ordinal, {candidate.ordinal | kWalked, candidate.time});
  };
  for (Candidate candidate; !more && TRY(next(&candidate));) {
    if (walked_time != 0 && candidate.time == walked_time) {
      walk_on(candidate);
      continue;
    }
    if (!second.empty() && candidate.time != second.front().time) TRY(give_second());
    if (more) break;
    if (candidate.time == 0)
      give(candidate.ordinal, {candidate.ordinal, 0});
    else
      second.push_back(candidate);
    if (second.size() <= exact_max_) continue;
    walked_time = candidate.time;
    for (; skip < second.size() && walk_on(second[skip]); ++skip) {
    }
    skip = 0;
    second.clear();
  }
  if (!more) TRY(give_second());
  if (more) page.next_cursor = WriteCursor(last);
  return page;
}

/// How many values a page by a date may walk before putting all matches in order is as dear: 0 where it is so from the start, as matches that are few
/// lie far apart. Measured: 250 ns for a match in order, as much for a value that is walked, 800 for each criterion that is asked of it.
uint64_t Answerer::DatesToWalk(size_t wanted) const {
  constexpr double kOrderNs = 250, kVisitNs = 250, kProbeNs = 800;
  const fhir::SearchParameter* const by = sort_[0].parameter;
  // A date that one may not see is none: the walk would tell it.
  if (by == nullptr || by->type != SearchType::kDate || ListsHidden()) return 0;
  for (const auto& node : nodes_) {
    if (node->ReadsTexts() || node->WantsSet()) return 0;
  }
  const double all = static_cast<double>(setting_.directory.LiveCount(query_.type)),
               some = static_cast<double>(std::max<uint64_t>(driver_entries_, 1));
  const double each_ns = kVisitNs + kProbeNs * static_cast<double>(nodes_.size());
  if (static_cast<double>(wanted) * std::max(1.0, all / some) * each_ns >= some * kOrderNs) return 0;
  return static_cast<uint64_t>(some * kOrderNs / each_ns);
}

/// Matches that hold the first `wanted` by the date that is sorted by first, in any order. False: too many lay between them, or there are not so many
/// with a date.
Result<bool> Answerer::WalkDates(size_t wanted, std::vector<Candidate>* out) {
  const uint64_t walked_max = DatesToWalk(wanted);
  if (walked_max == 0) return false;
  const SortKey& first = sort_[0];
  DateWalk walk(look_, setting_.extractor.At(setting_.extractor.IdOf(*first.parameter)), !first.descending);
  std::unordered_set<Ordinal> seen;
  uint64_t second = 0, last = 0;
  Ordinal ordinal = 0;
  for (uint64_t walked = 0; walk.Next(&ordinal, &second); ++walked) {
    if (out->size() >= wanted && second != last) return true;
    if (walked == walked_max) break;
    TRY(Tick());
    Candidate candidate{ordinal, kUnknownTime};
    if (!Visible(ordinal) || (driver_ != nullptr && !driver_->Holds(candidate)) || !OthersHold(candidate) ||
        !seen.insert(ordinal).second)
      continue;
    out->push_back(candidate);
    last = second;
  }
  out->clear();
  return false;
}

/// From the page on that is asked for: what one may keep where it is likely to be asked for again (who takes the second page will take the third), or was
/// dear; else that page alone.
Result<Orders::OrderPtr> Answerer::MakeOrder(const Resume& resume) {
  std::vector<Candidate> matches;
  walks_ = TRY(WalkDates(resume.offset + request_.count + 1, &matches));
  if (!walks_) TRY(GatherMatches(&matches));
  const size_t all = matches.size();
  const bool keeps = !walks_ && (resume.given || Orderer::ReadsTexts(sort_));
  const size_t wanted = keeps ? std::max(Orders::kAloneMax, request_.count) : request_.count;
  TRY(OrderByKeys(&matches, resume.offset + std::min(wanted, all)));
  auto order = std::make_shared<Orders::Order>();
  order->position = request_.position;
  order->scope = request_.scope;
  order->from = std::min(resume.offset, matches.size());
  order->more = matches.size() < all;
  order->ordinals.reserve(matches.size() - order->from);
  for (size_t i = order->from; i < matches.size(); ++i) order->ordinals.push_back(matches[i].ordinal);
  return Orders::OrderPtr(std::move(order));
}

/// Its cursor says how many of the order were given, and the handle of the order if that is kept. A page that the kept part ends in is short.
Result<Page> Answerer::KeysPage(const Resume& resume) {
  uint64_t handle = resume.kept_order;
  Orders::OrderPtr order =
      handle == 0 ? nullptr : setting_.orders.Find(handle, request_.position, request_.scope);
  if (order == nullptr || resume.offset < order->from || resume.offset >= order->end()) {
    order = TRY(MakeOrder(resume));
    const bool keeps = order->ordinals.size() > request_.count && order->ordinals.size() <= Orders::kAloneMax;
    handle = keeps ? setting_.orders.Keep(order) : 0;
  }
  Page page;
  size_t at = resume.offset;
  for (; at < order->end() && page.ordinals.size() < request_.count; ++at) {
    const Ordinal ordinal = order->ordinals[at - order->from];
    if (Visible(ordinal)) page.ordinals.push_back(ordinal);
  }
  if (at < order->end() || order->more) page.next_cursor = fmt::format("k{:x}-{:x}", at, handle);
  return page;
}

Result<Page> Answerer::GatherPage(const Resume& resume) {
  if (order_ == Order::kKeys) return KeysPage(resume);
  std::vector<Candidate> matches;
  TRY(GatherMatches(&matches));
  if (order_ == Order::kExactTime) {
    for (Candidate& candidate : matches) FillTime(candidate);
    auto key = [](const Candidate& x) { return std::pair(x.time, x.ordinal); };
    std::sort(matches.begin(), matches.end(), [&](const auto& x, const auto& y) { return key(y) < key(x); });
    auto at = matches.begin();
    const Candidate after = StartOf(resume);
    if (resume.given)
      at = std::find_if(at, matches.end(), [&](const auto& x) { return key(x) < key(after); });
    return ExactPage(resume, [&](Candidate* out) -> Result<bool> {
      if (at == matches.end()) return false;
      *out = *at++;
      return true;
    });
  }
  auto before = [&](const Candidate& x, const Candidate& y) {
    const auto left = std::pair(order_ == Order::kTime ? x.time : 0, x.ordinal),
               right = std::pair(order_ == Order::kTime ? y.time : 0, y.ordinal);
    return ascending_ ? left < right : right < left;
  };
  if (order_ == Order::kTime) {
    for (Candidate& candidate : matches) FillTime(candidate);
  }
  std::sort(matches.begin(), matches.end(), before);
  const size_t from =
      !resume.given
          ? 0
          : static_cast<size_t>(std::upper_bound(matches.begin(), matches.end(), resume.after, before) -
                                matches.begin());
  Page page;
  const size_t to = std::min(matches.size(), from + request_.count);
  for (size_t i = from; i < to; ++i) page.ordinals.push_back(matches[i].ordinal);
  if (to < matches.size() && to > from) page.next_cursor = WriteCursor(matches[to - 1]);
  return page;
}

Result<Page> Answerer::MakePage() {
  const Resume resume = TRY(ReadCursor());
  Page page;
  const bool total_only = query_.summary == Summary::kCount || query_.count == 0 || request_.count == 0;
  if (!total_only) {
    // The entries by which a walk in time goes tell the dates of all.
    const bool walks =
        InTime() ? driver_ != nullptr && driver_->keys() != nullptr && !ListsHidden() : WalksTheType();
    walks_ = walks;
    page = TRY(walks ? WalkPage(resume) : GatherPage(resume));
  }
  if (total_only || (query_.total == Total::kAccurate && !request_.total_known)) page.total = TRY(CountAll());
  if (!total_only && query_.total == Total::kEstimate && !request_.total_known) {
    // The first page that is also the last has counted them.
    const bool all = !resume.given && page.next_cursor.empty();
    page.total = all ? page.ordinals.size() : TRY(EstimateTotal(&page.total_estimated));
  }
  TRY(Late());
  if (query_.explain) page.explanation = Explain();
  return page;
}

Result<uint64_t> Answerer::CountAll() {
  if (counted_) return *counted_;
  // A resident's own are few, but no sum knows them.
  const bool asks_each =
      (scope_.records != nullptr && scope_.records->sees) || (scope_.leaves_out() && scope_.hidden->hides);
  const bool is_by_area = scope_.beyond == nullptr && !asks_each;
  const bool sums = look_.exact && is_by_area && (scope_.everything || scope_.only_owner == 0);
  if (sums) {
    PageRequest request = request_;
    request.scope = scope_;
    if (nodes_.size() == 1 && driver_ != nullptr && driver_->keys() != nullptr &&
        driver_->keys()->size() == 1)
      return CountOfKey(setting_, look_, driver_->keys()->front(), request);
    if (nodes_.empty()) return CountOfType(setting_, look_, query_.type, request);
  }
  const bool once = driver_ == nullptr || (driver_->keys() != nullptr && driver_->keys()->size() == 1);
  if (once) {
    uint64_t count = 0;
    TRY(ForMatches([&](const Candidate&) { ++count; }));
    return count;
  }
  std::vector<Candidate> matches;
  TRY(GatherMatches(&matches));
  return matches.size();
}

/// The driver's entries, in the share in which its first some thousand match. They are the whole city's, so who may not see that is counted
/// for exactly. Never more than there are of the type: entries may name one several times, or many that are no more.
Result<uint64_t> Answerer::EstimateTotal(bool* estimated) {
  constexpr uint64_t kSample = 8192;
  if (nodes_.size() <= 1 || driver_entries_ <= kSample || !scope_.all()) return CountAll();
  uint64_t looked = 0, matched = 0;
  TRY(ForDriver([&](Candidate candidate) {
    ++looked;
    matched += Visible(candidate.ordinal) && OthersHold(candidate) ? 1 : 0;
    return looked < kSample;
  }));
  TRY(Late());
  if (looked < kSample) return matched;
  *estimated = true;
  const auto share = static_cast<uint64_t>(static_cast<double>(matched) / static_cast<double>(looked) *
                                           static_cast<double>(driver_entries_));
  const uint64_t all = look_.exact ? TRY(CountOfType(setting_, look_, query_.type, request_))
                                   : setting_.directory.LiveCount(query_.type);
  return std::min(share, all);
}

/// The criterion as it was written that took the time: what the meter stopped at, if that is one. Candidates are walked for the sake of others: of
/// those that are asked of every candidate, what reads texts first; without any, of the order or the total that was asked for.
std::string Answerer::StoppedAt() const {
  const std::string& at = *meter_.stopped_at();
  const auto written = [this](std::string_view name) {
    return ("&" + query_.self).find(fmt::format("&{}=", name)) != std::string::npos;
  };
  if (&at == &kOrdering && written(kOrdering)) return at;
  const auto is_criterion = [this](const std::string& name) {
    return !name.empty() && std::none_of(query_.criteria.begin(), query_.criteria.end(),
                                         [&](const auto& c) { return IsCompartment(c) && c.name == name; });
  };
  if (&at != &driver_name_ && &at != &kOrdering && is_criterion(at)) return at;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].get() != driver_ && nodes_[i]->ReadsTexts() && is_criterion(names_[i])) return names_[i];
  }
  if (is_criterion(driver_name_)) return driver_name_;
  for (const std::string& name : names_) {
    if (is_criterion(name)) return name;
  }
  for (const std::string_view name : {"_sort", "_summary", "_total"}) {
    if (written(name)) return std::string(name);
  }
  return {};
}

std::shared_ptr<const Explanation> Answerer::Explain() const {
  auto out = std::make_shared<Explanation>();
  using Role = Explanation::Step::Role;
  if (driver_ == nullptr) out->steps.push_back({"", Role::kDriver, true, driver_entries_});
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Explanation::Step step{names_[i], Role::kProbe, false, 0};
    if (nodes_[i].get() == driver_)
      step.role = Role::kDriver;
    else if (gathered_[i])
      step.role = Role::kSet;
    step.estimate = nodes_[i]->Estimate();
    step.has_estimate = step.estimate != Node::kNever;
    out->steps.push_back(std::move(step));
  }
  out->order = InTime() ? "clinical date" : order_ == Order::kOrdinal ? "time of writing" : "sort keys";
  out->walks = walks_;
  out->candidates = candidates_;
  out->tested = meter_.tested;
  out->entries = meter_.entries();
  out->probes = meter_.probes;
  out->kept = meter_.kept();
  out->took_us = MonotonicUs() - began_us_;
  return out;
}

// Cursor: the order's letter, then numbers in hex with '-' between. Nothing in it tells of a person.

std::string Answerer::WriteCursor(const Candidate& last) const {
  if (order_ == Order::kOrdinal) return CursorBehind(last.ordinal);
  return fmt::format("{}{:x}-{:x}", static_cast<char>(order_), last.ordinal, last.time);
}

Result<Answerer::Resume> Answerer::ReadCursor() const {
  Resume resume;
  const std::string& text = request_.cursor;
  if (text.empty()) return resume;
  uint64_t numbers[2] = {0, 0};
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size();
  const int expected = order_ == Order::kOrdinal ? 1 : 2;
  bool good = text[0] == static_cast<char>(order_);
  for (int i = 0; good && i < expected; ++i) {
    if (i > 0) good = at != end && *at++ == '-';
    const auto [next, error] = std::from_chars(at, end, numbers[i], 16);
    good = good && error == std::errc();
    at = next;
  }
  const uint64_t ordinal = order_ == Order::kExactTime ? numbers[0] & ~kWalked : numbers[0];
  good = good && at == end && (order_ == Order::kKeys || numbers[1] <= kTimeMax34) && ordinal >= 1 &&
         ordinal < kOrdinalMask;
  if (!good)
    return MakeIssue(ErrorCode::kIncorrect, "value", "_cursor",
                     "the page link is not one of this search; begin anew");
  resume.given = true;
  if (order_ == Order::kKeys) resume.kept_order = std::exchange(numbers[1], 0);
  resume.after = {numbers[0], numbers[1]};
  resume.offset = order_ == Order::kKeys || order_ == Order::kExactTime ? numbers[0] : 0;
  return resume;
}

}  // namespace

std::string CursorBehind(Ordinal ordinal) { return fmt::format("o{:x}", ordinal); }

Result<Page> AnswerPage(const Setting& setting, const Look& look, const Query& query,
                        const PageRequest& request) {
  Answerer answerer(setting, look, query, request);
  TRY(answerer.Prepare());
  Page page = TRY(answerer.MakePage());
  TRY(answerer.TakeFailure());
  return page;
}

Result<uint64_t> AnswerCount(const Setting& setting, const Look& look, const Query& query,
                             const PageRequest& request) {
  Answerer answerer(setting, look, query, request);
  TRY(answerer.Prepare());
  const uint64_t count = TRY(answerer.CountAll());
  TRY(answerer.TakeFailure());
  return count;
}

}  // namespace tk::search
