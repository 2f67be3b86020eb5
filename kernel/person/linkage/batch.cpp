#include "kernel/person/linkage/batch.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "kernel/person/linkage/in_parallel.h"

namespace tk::person::linkage {
namespace {

constexpr size_t kChunk = 2048;

struct ChunkWork {
  std::vector<Link> links;
  uint64_t compared = 0, passed_over = 0;
};

/// Whose links are looked for: all entries, each against those of smaller numbers, or some, against all that are not looked for after them.
struct Queries {
  const Index& index;
  const std::vector<Entry>* some;  // null: all
  size_t size() const { return some == nullptr ? index.size() : some->size(); }
  Entry at(size_t i) const { return some == nullptr ? static_cast<Entry>(i) : (*some)[i]; }
  bool Later(Entry query, Entry other) const {
    return some != nullptr && other >= query && std::binary_search(some->begin(), some->end(), other);
  }
};

void MatchChunk(const Queries& queries, Verdict at_least, size_t chunk, MatchScratch* scratch,
                ChunkWork* work) {
  std::vector<MatchHit> hits;
  const size_t end = std::min(queries.size(), (chunk + 1) * kChunk);
  scratch->compared = scratch->passed_over = 0;
  for (size_t i = chunk * kChunk; i < end; ++i) {
    const Entry entry = queries.at(i);
    if (!queries.index.Has(entry)) continue;
    queries.index.Match(queries.index.View(entry), at_least, scratch, &hits,
                        queries.some == nullptr ? entry : kNoEntry);
    for (const MatchHit& hit : hits) {
      if (queries.Later(entry, hit.entry)) continue;
      work->links.push_back({std::min(hit.entry, entry), std::max(hit.entry, entry),
                             static_cast<float>(hit.scored.bits), hit.scored.verdict, hit.scored.rules_held});
    }
  }
  work->compared = scratch->compared;
  work->passed_over = scratch->passed_over;
}

std::vector<Link> FindAll(const Queries& queries, Verdict at_least, unsigned threads, BatchReport* report) {
  const size_t chunks = (queries.size() + kChunk - 1) / kChunk;
  std::vector<ChunkWork> work(chunks);
  std::vector<MatchScratch> scratch(std::max(1U, threads));
  InParallel(threads, chunks, 1, [&](unsigned thread, size_t chunk, size_t) {
    MatchChunk(queries, at_least, chunk, &scratch[thread], &work[chunk]);
  });
  std::vector<Link> links;
  size_t count = 0;
  for (const ChunkWork& part : work) count += part.links.size();
  links.reserve(count);
  for (ChunkWork& part : work) {
    links.insert(links.end(), part.links.begin(), part.links.end());
    part.links = std::vector<Link>();
    if (report == nullptr) continue;
    report->compared += part.compared;
    report->passed_over += part.passed_over;
  }
  return links;
}

/// Of what an entry says, so that ties are broken alike in any order of entries.
uint64_t ContentOf(const Index& index, Entry entry) { return HashOf(index.View(entry).bytes()); }

class Joiner {
 public:
  explicit Joiner(const Index& index) : index_(index) {
    clusters_.group.resize(index.size());
    for (size_t i = 0; i < index.size(); ++i) clusters_.group[i] = static_cast<Entry>(i);
  }

  void Join(const Link& link) {
    const Entry a = clusters_.group[link.a], b = clusters_.group[link.b];
    if (a == b) return;
    const std::vector<Entry> left = MembersOf(a), right = MembersOf(b);
    if (left.size() * right.size() > 1) {
      bool contradicted = false;
      if (!Supported(left, right, link.verdict, &contradicted)) {
        clusters_.conflicts.push_back(
            {link, contradicted ? Conflict::Why::kContradiction : Conflict::Why::kUnsupported});
        return;
      }
    }
    const Entry name = std::min(a, b);
    std::vector<Entry> all = left;
    all.insert(all.end(), right.begin(), right.end());
    for (const Entry entry : all) clusters_.group[entry] = name;
    members_.erase(std::max(a, b));
    members_[name] = std::move(all);
  }

  Clusters Take() { return std::move(clusters_); }

 private:
  std::vector<Entry> MembersOf(Entry name) const {
    const auto found = members_.find(name);
    return found == members_.end() ? std::vector<Entry>{name} : found->second;
  }

  /// The members that speak for a group, the same ones in any order of entries.
  std::vector<Entry> Speakers(std::vector<Entry> members, size_t most) const {
    std::sort(members.begin(), members.end(), [this](Entry x, Entry y) {
      return std::tuple(ContentOf(index_, x), x) < std::tuple(ContentOf(index_, y), y);
    });
    if (members.size() > most) members.resize(most);
    return members;
  }

  bool Supported(const std::vector<Entry>& left, const std::vector<Entry>& right, Verdict verdict,
                 bool* contradicted) {
    constexpr size_t kSide = 10;
    static_assert(kSide * kSide == kCrossMax);
    size_t pairs = 0, possible = 0;
    const std::vector<Entry> others = Speakers(right, kSide);
    for (const Entry x : Speakers(left, kSide)) {
      const EntryView view = index_.View(x);
      scratch_.sharers.clear();
      for (const Entry y : others) {
        const Scored scored = index_.ScorePair(view, index_.View(y), &scratch_);
        if (IsContradiction(scored, index_.rules())) {
          *contradicted = true;
          return false;
        }
        ++pairs;
        possible += scored.verdict >= Verdict::kPossible;
      }
    }
    return verdict == Verdict::kCertain || 2 * possible >= pairs;
  }

  const Index& index_;
  Clusters clusters_;
  std::unordered_map<Entry, std::vector<Entry>> members_;
  MatchScratch scratch_;
};

}  // namespace

std::vector<Link> FindLinks(const Index& index, Verdict at_least, unsigned threads, BatchReport* report) {
  return FindAll({index, nullptr}, at_least, threads, report);
}

std::vector<Link> FindLinksOf(const Index& index, const std::vector<Entry>& some, Verdict at_least,
                              unsigned threads, BatchReport* report) {
  return FindAll({index, &some}, at_least, threads, report);
}

Clusters Cluster(const Index& index, std::vector<Link> found, Verdict links) {
  std::erase_if(found, [&](const Link& link) { return link.verdict < links; });
  // The surest first; ties by what the entries say, so that their order does not matter.
  using Rank = std::tuple<int, float, uint64_t, uint64_t, Entry, Entry>;
  std::vector<std::pair<Rank, size_t>> ranks;
  ranks.reserve(found.size());
  for (const Link& link : found) {
    const uint64_t x = ContentOf(index, link.a), y = ContentOf(index, link.b);
    ranks.push_back(
        {Rank(-static_cast<int>(link.verdict), -link.bits, std::min(x, y), std::max(x, y), link.a, link.b),
         ranks.size()});
  }
  std::sort(ranks.begin(), ranks.end());
  Joiner joiner(index);
  for (const auto& [rank, at] : ranks) joiner.Join(found[at]);
  return joiner.Take();
}

}  // namespace tk::person::linkage
