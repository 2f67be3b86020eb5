#include "kernel/person/linkage/resolve.h"

#include <algorithm>

#include "kernel/person/linkage/calendar.h"

namespace tk::person::linkage {
namespace {

/// Records that share a number, and nothing else: enough for joins that a number makes certain.
Model ByNumberAlone(const Model& model) {
  Model by_number = model;
  by_number.passes.clear();
  for (const Pass& pass : model.passes) {
    if (pass.parts == std::vector<KeyPart>{KeyPart::kId}) by_number.passes.push_back(pass);
  }
  return by_number;
}

/// Members of the groups, one group after the other; those of a group in an order that what they say gives.
struct Members {
  std::vector<Entry> entry, name;  // by place: an entry, and the name of its group
  Members(const EntryStore& from, const std::vector<Entry>& group) {
    for (size_t i = 0; i < group.size(); ++i) {
      if (from.Has(static_cast<Entry>(i))) entry.push_back(static_cast<Entry>(i));
    }
    std::stable_sort(entry.begin(), entry.end(), [&](Entry a, Entry b) { return group[a] < group[b]; });
    for (const Entry one : entry) name.push_back(group[one]);
  }
};

/// What a link says of a number: that one name bears it here and another there; or that one name and birth date have two.
struct NumberSays {
  bool other_name = false, other_number = false;
  explicit NumberSays(const Scored& scored, double without_number) {
    const Levels& levels = scored.comparison.levels;
    const uint8_t given = levels[Field::kGiven];
    other_name =
        levels[Field::kId] >= level::kConverted && (given == level::kDifferent || given == level::kPart);
    other_number = scored.comparison.ids_conflict && given >= level::kSound &&
                   levels[Field::kBirth] >= static_cast<uint8_t>(BirthLevel::kLunar) && without_number >= 0;
  }
};

}  // namespace

Resolver::Resolver(const EntryStore& records, const Model& model, const Rules& rules, Verdict joins,
                   Verdict at_least, unsigned threads)
    : records_(records),
      model_(model),
      rules_(rules),
      joins_(joins),
      at_least_(std::min(joins, at_least)),
      threads_(threads),
      people_(model, rules) {}

bool Resolver::Next(Round* round) {
  *round = {};
  if (rounds_ == kRoundsMax) return false;
  return rounds_++ == 0 ? JoinByNumber(round) : JoinPeople(round);
}

Entry Resolver::LastOf(Entry entry) const {
  while (into_[entry] != entry) entry = into_[entry];
  return entry;
}

bool Resolver::JoinByNumber(Round* round) {
  const Model by_number = ByNumberAlone(model_);
  round->entries = records_.size();
  Clusters clusters;
  {
    Index index(by_number, rules_);
    for (size_t i = 0; i < records_.size(); ++i)
      index.AddPacked(records_.View(static_cast<Entry>(i)).bytes());
    index.Settle();
    round->links = FindLinks(index, Verdict::kCertain, threads_, &round->batch);
    clusters = Cluster(index, round->links, Verdict::kCertain);
  }
  round->conflicts = std::move(clusters.conflicts);
  round->joined = Merge(records_, clusters, true, &first_);
  people_.Settle();
  return true;
}

bool Resolver::JoinPeople(Round* round) {
  round->entries = people_.size();
  round->links = rounds_ == 2 ? FindLinks(people_, at_least_, threads_, &round->batch)
                              : FindLinksOf(people_, changed_, at_least_, threads_, &round->batch);
  const std::vector<Entry> bearers = BearersOfLentNumbers(round->links);
  const auto bears = [&](Entry entry) { return std::binary_search(bearers.begin(), bearers.end(), entry); };
  std::vector<Link> links = round->links;
  std::erase_if(links, [&](const Link& link) { return bears(link.a) || bears(link.b); });
  Clusters clusters = Cluster(people_, std::move(links), joins_);
  round->conflicts = std::move(clusters.conflicts);
  round->joined = Merge(people_.store(), clusters, false, &into_);
  round->lent = bearers.size();
  TakeAsClaimed(bearers);
  people_.Settle();
  return round->joined + round->lent > 0;
}

std::vector<Entry> Resolver::BearersOfLentNumbers(const std::vector<Link>& links) const {
  MatchScratch scratch;
  std::vector<Entry> of_other_name, bearers;
  std::vector<std::pair<Entry, Entry>> two_numbers;
  for (const Link& link : links) {
    if (link.verdict == Verdict::kCertain) continue;
    scratch.sharers.clear();
    const Scored scored = people_.ScorePair(people_.View(link.a), people_.View(link.b), &scratch);
    const uint8_t id = scored.comparison.levels[Field::kId];
    const NumberSays says(scored, scored.bits - model_.Bits(Field::kId, id, 0) - model_.thresholds.probable);
    if (says.other_name) of_other_name.insert(of_other_name.end(), {link.a, link.b});
    if (says.other_number) two_numbers.emplace_back(link.a, link.b);
  }
  std::sort(of_other_name.begin(), of_other_name.end());
  for (const auto& [a, b] : two_numbers) {
    const bool one = std::binary_search(of_other_name.begin(), of_other_name.end(), a);
    const bool other = std::binary_search(of_other_name.begin(), of_other_name.end(), b);
    // If both have a rival, nobody can tell whose number went where.
    if (one != other) bearers.push_back(one ? a : b);
  }
  std::sort(bearers.begin(), bearers.end());
  bearers.erase(std::unique(bearers.begin(), bearers.end()), bearers.end());
  return bearers;
}

void Resolver::TakeAsClaimed(const std::vector<Entry>& bearers) {
  for (const Entry bearer : bearers) {
    std::string bytes(people_.View(bearer).bytes());
    ClaimNumbers(&bytes);
    people_.Remove(bearer);
    const Entry entry = people_.AddPacked(bytes);
    into_.resize(people_.size(), kNoEntry);
    into_[bearer] = into_[entry] = entry;
    changed_.push_back(entry);
  }
}

size_t Resolver::Merge(const EntryStore& from, const Clusters& clusters, bool alone,
                       std::vector<Entry>* into) {
  const Members members(from, clusters.group);
  into->resize(std::max(into->size(), from.size()), kNoEntry);
  changed_.clear();
  size_t joined = 0;
  std::vector<std::pair<uint32_t, Entry>> order;
  std::vector<EntryView> views;
  std::string bytes;
  for (size_t begin = 0, end = 0; begin < members.entry.size(); begin = end) {
    while (end < members.entry.size() && members.name[end] == members.name[begin]) ++end;
    if (end - begin == 1 && !alone) continue;
    order.clear();
    for (size_t i = begin; i < end; ++i)
      order.emplace_back(HashOf(from.View(members.entry[i]).bytes()), members.entry[i]);
    std::sort(order.begin(), order.end());
    views.clear();
    for (const auto& [hash, entry] : order) views.push_back(from.View(entry));
    PackMerged(views, &bytes);
    if (&from != &records_) {
      for (const auto& [hash, entry] : order) people_.Remove(entry);
    }
    const Entry person = people_.AddPacked(bytes);
    for (const auto& [hash, entry] : order) (*into)[entry] = person;
    into_.resize(people_.size(), kNoEntry);
    into_[person] = person;
    changed_.push_back(person);
    joined += end - begin - 1;
  }
  return joined;
}

}  // namespace tk::person::linkage
