#include "kernel/search/meant.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "kernel/base/turn.h"
#include "kernel/search/entries.h"
#include "kernel/search/keys.h"
#include "kernel/search/match.h"

namespace tk::search {
namespace {

using Keys = std::vector<uint64_t>;

class MeantFinder {
 public:
  MeantFinder(const Index& index, const Setting& setting, std::span<const Index::Made> changes,
              const Index::MeantOptions& options)
      : index_(index), setting_(setting), changes_(changes), options_(options) {}

  Result<Index::Meant> Run(std::span<const Query* const> queries) {
    conditions_.reserve(queries.size());
    for (const Query* query : queries) Read(query);
    CountHeld();
    TRY(ByValues());
    TRY(ByKeys());
    return std::move(meant_);
  }

 private:
  struct Condition {
    const Query* query = nullptr;
    std::vector<Keys> exact;      // of each exact criterion
    std::vector<Matcher> values;  // the criteria that keys do not tell
    bool asks = false;            // one of these does not only exclude
  };

  void Read(const Query* query);
  void CountHeld();
  const Keys& Rarest(const Condition& condition) const;
  Status ByValues();
  Status ByKeys();
  Status Pair(size_t condition, size_t change);
  Status TooMany() const;

  const Index& index_;
  const Setting& setting_;
  const std::span<const Index::Made> changes_;
  const Index::MeantOptions& options_;
  std::vector<Condition> conditions_;
  std::unordered_map<uint64_t, size_t> held_;  // by key that is asked for: how many entries of the changes
  uint64_t pairs_ = 0;
  Index::Meant meant_;
};

void MeantFinder::Read(const Query* query) {
  Condition& condition = conditions_.emplace_back();
  condition.query = query;
  if (query == nullptr) return;
  for (const Criterion& criterion : query->criteria) {
    if (criterion.parameter == nullptr || !criterion.special.empty() || criterion.join != nullptr) continue;
    const bool excludes = criterion.modifier == "not" || criterion.modifier == "not-in";
    if (!excludes) {
      if (auto keys = EqualityKeys(setting_, query->type, criterion)) {
        condition.exact.push_back(std::move(*keys));
        continue;
      }
    }
    condition.values.emplace_back(setting_.extractor, query->type, criterion);
    condition.asks = condition.asks || (!excludes && criterion.modifier != "missing");
  }
}

/// Only where there is a choice.
void MeantFinder::CountHeld() {
  for (const Condition& condition : conditions_) {
    if (condition.exact.size() < 2) continue;
    for (const Keys& keys : condition.exact) {
      for (const uint64_t key : keys) held_.try_emplace(key, 0);
    }
  }
  if (held_.empty()) return;
  for (const Index::Made& change : changes_) {
    if (change.prepared == nullptr) continue;
    for (const Entry16& entry : static_cast<const PreparedEntries*>(change.prepared)->now.equality) {
      if (const auto found = held_.find(entry.a & kKeyMask); found != held_.end()) ++found->second;
    }
  }
}

const Keys& MeantFinder::Rarest(const Condition& condition) const {
  if (condition.exact.size() == 1) return condition.exact.front();
  const auto held = [this](const Keys& keys) {
    return std::accumulate(keys.begin(), keys.end(), size_t{0},
                           [this](size_t sum, uint64_t key) { return sum + held_.at(key); });
  };
  return *std::min_element(condition.exact.begin(), condition.exact.end(),
                           [&](const Keys& a, const Keys& b) { return held(a) < held(b); });
}

Status MeantFinder::TooMany() const {
  return MakeError(
      ErrorCode::kTooLarge,
      fmt::format(
          "The conditions of one change set that name nobody yet are compared with the resources that it "
          "makes, in at "
          "most {} pairs, and here there are more. Send fewer at once, or give each condition a criterion "
          "that few of the resources fulfil exactly, such as an identifier.",
          options_.pairs_max));
}

Status MeantFinder::Pair(size_t condition, size_t change) {
  constexpr uint64_t kLookEvery = 64;
  if (++pairs_ > options_.pairs_max) return TooMany();
  if (pairs_ % kLookEvery == 0) {
    (void)Turn::Look(MonotonicUs(), options_.deadline_us);
    if (Turn::IsOver(options_.deadline_us))
      return MakeError(ErrorCode::kTimeout,
                       "The time of this request was over before its conditions were compared with the "
                       "resources that it makes: nothing is stored. Send it again, or in smaller parts.");
  }
  const Condition& asked = conditions_[condition];
  const Index::Made& made = changes_[change];
  if (index_.MayAffect(*made.prepared, made.type, *asked.query) &&
      std::all_of(asked.values.begin(), asked.values.end(),
                  [&](const Matcher& matcher) { return matcher.Holds(made.root); }))
    meant_.emplace_back(condition, change);
  return {};
}

/// Conditions without an exact criterion: how many pairs that is shows before the first is looked at.
Status MeantFinder::ByValues() {
  std::unordered_map<fhir::TypeId, std::vector<size_t>> of_type;
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (changes_[i].prepared != nullptr && changes_[i].root.present()) of_type[changes_[i].type].push_back(i);
  }
  const auto candidates = [&](const Condition& condition) -> std::span<const size_t> {
    if (condition.query == nullptr || !condition.exact.empty() || !condition.asks) return {};
    const auto found = of_type.find(condition.query->type);
    return found == of_type.end() ? std::span<const size_t>() : std::span<const size_t>(found->second);
  };
  uint64_t sum = 0;
  for (const Condition& condition : conditions_) sum += candidates(condition).size();
  if (sum > options_.pairs_max) return TooMany();
  for (size_t i = 0; i < conditions_.size(); ++i) {
    for (const size_t change : candidates(conditions_[i])) TRY(Pair(i, change));
  }
  return {};
}

Status MeantFinder::ByKeys() {
  std::unordered_map<uint64_t, std::vector<size_t>> asking;
  for (size_t i = 0; i < conditions_.size(); ++i) {
    if (conditions_[i].exact.empty()) continue;
    for (const uint64_t key : Rarest(conditions_[i])) asking[key].push_back(i);
  }
  if (asking.empty()) return {};
  std::vector<size_t> found;
  for (size_t at = 0; at < changes_.size(); ++at) {
    if (changes_[at].prepared == nullptr || !changes_[at].root.present()) continue;
    found.clear();
    for (const Entry16& entry : static_cast<const PreparedEntries*>(changes_[at].prepared)->now.equality) {
      const auto those = asking.find(entry.a & kKeyMask);
      if (those == asking.end()) continue;
      for (const size_t i : those->second) {
        if (conditions_[i].query->type == changes_[at].type) found.push_back(i);
      }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    for (const size_t i : found) TRY(Pair(i, at));
  }
  return {};
}

}  // namespace

Result<Index::Meant> FindMeant(const Index& index, const Setting& setting,
                               std::span<const Index::Made> changes, std::span<const Query* const> queries,
                               const Index::MeantOptions& options) {
  return MeantFinder(index, setting, changes, options).Run(queries);
}

}  // namespace tk::search
