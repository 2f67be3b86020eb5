// How the matcher fared against the truth of the synthetic city: pairs, persons, the live match. (linkage_city.h)
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "bench/linkage_city.h"
#include "kernel/base/clock.h"
#include "kernel/person/linkage/calendar.h"

namespace tk::bench {
namespace {

using namespace person::linkage;

double SecondsAfter(int64_t start_us) { return static_cast<double>(MonotonicUs() - start_us) / 1e6; }

/// Of all threads. On a machine that does other work too it tells more than the time on the wall.
double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Numbers 0 … n-1 ordered by their keys, and where each run of one key ends.
struct Grouped {
  std::vector<uint32_t> order;
  std::vector<uint32_t> ends;
  explicit Grouped(const std::vector<uint64_t>& key) : order(key.size()) {
    for (size_t i = 0; i < key.size(); ++i) order[i] = static_cast<uint32_t>(i);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return key[a] != key[b] ? key[a] < key[b] : a < b; });
    for (size_t i = 1; i <= order.size(); ++i) {
      if (i == order.size() || key[order[i]] != key[order[i - 1]]) ends.push_back(static_cast<uint32_t>(i));
    }
  }
  template <class Each>
  void EachGroup(Each each) const {
    uint32_t begin = 0;
    for (const uint32_t end : ends) {
      each(std::span<const uint32_t>(order).subspan(begin, end - begin));
      begin = end;
    }
  }
  template <class Each>
  void EachPair(Each each) const {
    EachGroup([&](std::span<const uint32_t> group) {
      for (size_t i = 0; i < group.size(); ++i) {
        for (size_t j = i + 1; j < group.size(); ++j) each(group[i], group[j]);
      }
    });
  }
  uint64_t pairs() const {
    uint64_t count = 0;
    EachGroup([&](std::span<const uint32_t> group) { count += group.size() * (group.size() - 1) / 2; });
    return count;
  }
};

/// Calls each(trap name) for the traps of a pair; "none" if there is none.
template <class Each>
void EachTrap(const CitySet& set, uint64_t traps, Each each) {
  if (traps == 0) each("none");
  for (size_t t = 0; t < set.trap_names.size(); ++t) {
    if ((traps >> t & 1) != 0) each(set.trap_names[t]);
  }
}

std::string TrapsOf(const CitySet& set, uint64_t traps) {
  std::string text;
  EachTrap(set, traps, [&](const std::string& name) { text.append(text.empty() ? "" : " ").append(name); });
  return text;
}

/// Persons of each entry's records, in rising order, each once.
std::vector<std::vector<uint64_t>> OwnersOf(const CitySet& set, const Resolver& resolver) {
  std::vector<std::vector<uint64_t>> owners(resolver.people().size());
  for (size_t i = 0; i < set.person.size(); ++i) {
    auto& own = owners[resolver.PersonOf(static_cast<Entry>(i))];
    if (std::find(own.begin(), own.end(), set.person[i]) == own.end()) own.push_back(set.person[i]);
  }
  return owners;
}

bool AnyCommon(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](uint64_t one) { return std::find(b.begin(), b.end(), one) != b.end(); });
}

/// What two parts of one person have in common, in words.
std::string CommonOf(const Comparison& c) {
  const bool number = c.levels[Field::kId] >= level::kIdSlip || c.levels[Field::kCard] >= level::kCardSlip;
  const bool name = c.levels[Field::kGiven] >= level::kSimilar;
  const bool birth = c.levels[Field::kBirth] >= static_cast<uint8_t>(BirthLevel::kPart);
  const bool place = c.levels[Field::kPhone] >= level::kPhoneSame ||
                     c.levels[Field::kAddress] >= level::kNear ||
                     c.levels[Field::kEmail] >= level::kEmailSame;
  if (c.ids_conflict) return "two valid numbers";
  if (number) return "a number";
  if (name && birth) return "name and birth date";
  if (name) return place ? "name and phone or house" : "a name alone";
  if (birth) return place ? "birth date and household, another name" : "a birth date alone";
  return "nothing";
}

std::string LineOf(const Scored& scored) {
  std::string text = fmt::format("{} {:.1f}", NameOf(scored.verdict), scored.bits);
  for (size_t i = 0; i < kFieldCount; ++i) {
    const uint8_t level = scored.comparison.levels.of[i];
    if (level != level::kMissing)
      text += fmt::format(" {}={}", TraitsOf(static_cast<Field>(i)).name,
                          TraitsOf(static_cast<Field>(i)).levels[level]);
  }
  for (size_t i = 0; i < ResidentRules().rules.size(); ++i) {
    if ((scored.rules_held >> i & 1) != 0) text += " !" + ResidentRules().rules[i].name;
  }
  return text;
}

/// The parts into which a person fell, each but the greatest beside all others of his.
void TellMissed(const CitySet& set, const Resolver& resolver, std::FILE* out, PersonsResult* result) {
  MatchScratch scratch;
  std::string bytes;
  const Grouped by_person(set.person);
  by_person.EachGroup([&](std::span<const uint32_t> own) {
    std::map<Entry, std::vector<uint32_t>> parts;
    for (const uint32_t record : own) parts[resolver.PersonOf(record)].push_back(record);
    if (parts.size() < 2) return;
    for (const auto& [entry, records] : parts) {
      std::vector<EntryView> mine, others;
      uint64_t traps = 0;
      for (const uint32_t record : own) {
        const bool here = std::find(records.begin(), records.end(), record) != records.end();
        (here ? mine : others).push_back(set.records.View(record));
        if (here) traps |= set.traps[record];
      }
      if (mine.size() > others.size())
        continue;  // the greatest part; of equal ones each is told, its pairs halved
      std::string rest;
      PackMerged(mine, &bytes);
      PackMerged(others, &rest);
      scratch.sharers.clear();
      const Scored scored =
          resolver.people().ScorePair(EntryView(bytes.data()), EntryView(rest.data()), &scratch);
      const std::string common = CommonOf(scored.comparison);
      result->missed[common] += mine.size() * others.size();
      if (out != nullptr)
        fmt::print(out, "missed\t{}\t{}\t{}\t{}\n", mine.size() * others.size(), common, LineOf(scored),
                   TrapsOf(set, traps));
    }
  });
}

void JudgeGroups(const CitySet& set, const Resolver& resolver, std::FILE* out, PersonsResult* result) {
  std::vector<uint64_t> group(set.person.size());
  for (size_t i = 0; i < group.size(); ++i) group[i] = resolver.PersonOf(static_cast<Entry>(i));
  const Grouped by_person(set.person), by_group(group);
  result->persons = by_group.ends.size();
  uint64_t right = 0;
  std::vector<CityRow> rows(set.trap_names.size() + 1);
  const auto each_row = [&](uint32_t a, uint32_t b, auto each) {
    const uint64_t traps = set.traps[a] | set.traps[b];
    if (traps == 0) each(&rows.back());
    for (size_t t = 0; t + 1 < rows.size(); ++t) {
      if ((traps >> t & 1) != 0) each(&rows[t]);
    }
  };
  by_person.EachPair([&](uint32_t a, uint32_t b) {
    const bool found = group[a] == group[b];
    right += found;
    each_row(a, b, [&](CityRow* row) {
      ++row->pairs;
      row->found += found;
    });
  });
  MatchScratch scratch;
  by_group.EachPair([&](uint32_t a, uint32_t b) {
    if (set.person[a] == set.person[b]) return;
    each_row(a, b, [](CityRow* row) { ++row->wrong; });
    if (out == nullptr) return;
    scratch.sharers.clear();
    const Scored scored = resolver.people().ScorePair(set.records.View(a), set.records.View(b), &scratch);
    fmt::print(out, "wrong\t1\t{}\t{}\t{} | {}\n", CommonOf(scored.comparison), LineOf(scored),
               TrapsOf(set, set.traps[a]), TrapsOf(set, set.traps[b]));
  });
  result->pairs = AccuracyOf(right, by_group.pairs(), by_person.pairs(), 0);
  for (size_t t = 0; t < set.trap_names.size(); ++t) result->by_trap[set.trap_names[t]] = rows[t];
  result->by_trap["none"] = rows.back();
}

/// Links that a round found: certain ones against the truth; of those that are left to a clerk, the ends.
struct Queue {
  std::vector<Link> links;
  std::vector<bool> right;
};

void JudgeLinks(const CitySet& set, const Resolver::Round& round,
                const std::vector<std::vector<uint64_t>>& owners, PersonsResult* result, Queue* queue) {
  for (const Link& link : round.links) {
    const bool right =
        owners.empty() ? set.person[link.a] == set.person[link.b] : AnyCommon(owners[link.a], owners[link.b]);
    result->certain += link.verdict == Verdict::kCertain;
    result->certain_wrong += link.verdict == Verdict::kCertain && !right;
    if (link.verdict != Verdict::kPossible || owners.empty()) continue;
    queue->links.push_back(link);
    queue->right.push_back(right);
  }
  for (const Conflict& conflict : round.conflicts)
    ++(conflict.why == Conflict::Why::kContradiction ? result->contradicted : result->unsupported);
}

}  // namespace

PairsResult JudgePairs(const CitySet& set, const std::vector<Link>& links) {
  PairsResult result;
  uint64_t right = 0, found = 0;
  for (const Link& link : links) {
    const bool same = set.person[link.a] == set.person[link.b];
    result.certain += link.verdict == Verdict::kCertain;
    result.certain_wrong += link.verdict == Verdict::kCertain && !same;
    result.queued += link.verdict == Verdict::kPossible;
    result.queued_right += link.verdict == Verdict::kPossible && same;
    found += link.verdict >= Verdict::kProbable;
    right += link.verdict >= Verdict::kProbable && same;
  }
  result.pairs = AccuracyOf(right, found, Grouped(set.person).pairs(), 0);
  return result;
}

PersonsResult JudgePersons(const CitySet& set, const Model& model, unsigned threads, std::FILE* missed_out) {
  PersonsResult result;
  Resolver resolver(set.records, model, ResidentRules(), Verdict::kProbable, Verdict::kPossible, threads);
  Queue queue;
  std::vector<std::vector<uint64_t>> owners;
  Resolver::Round round;
  for (bool more = true; more;) {
    const int64_t before = MonotonicUs();
    const double cpu = CpuSeconds();
    more = resolver.Next(&round);
    const double seconds = SecondsAfter(before);
    if (round.entries == 0) break;
    result.seconds += seconds;
    result.rounds.push_back({round.entries, round.joined, round.lent, round.batch.compared,
                             round.batch.passed_over, seconds, CpuSeconds() - cpu});
    JudgeLinks(set, round, owners, &result, &queue);
    round = {};
    owners = OwnersOf(set, resolver);
  }
  JudgeGroups(set, resolver, missed_out, &result);
  TellMissed(set, resolver, missed_out, &result);
  for (size_t i = 0; i < queue.links.size(); ++i) {
    if (resolver.LastOf(queue.links[i].a) == resolver.LastOf(queue.links[i].b)) continue;
    ++result.queued;
    result.queued_right += queue.right[i];
  }
  return result;
}

LiveResult AskLive(const CitySet& set, const Model& model, size_t nth) {
  LiveResult live;
  Index index(model, ResidentRules());
  std::vector<uint64_t> person_of;
  std::vector<uint32_t> asked;
  std::vector<EntryView> views;
  std::string bytes;
  const Grouped by_person(set.person);
  const int64_t before = MonotonicUs();
  by_person.EachGroup([&](std::span<const uint32_t> own) {
    const uint64_t person = set.person[own[0]];
    const bool asks = person % nth == 0 && own.size() >= 2;
    views.clear();
    for (const uint32_t record : own.first(own.size() - asks)) views.push_back(set.records.View(record));
    PackMerged(views, &bytes);
    index.AddPacked(bytes);
    person_of.push_back(person);
    if (asks) asked.push_back(own.back());
  });
  index.Settle();
  live.build_seconds = SecondsAfter(before);
  MatchScratch scratch;
  std::vector<MatchHit> hits;
  std::vector<int64_t> times;
  for (const uint32_t record : asked) {
    const int64_t start = MonotonicUs();
    index.Match(set.records.View(record), Verdict::kPossible, &scratch, &hits);
    times.push_back(MonotonicUs() - start);
    const Verdict best = hits.empty() ? Verdict::kDifferent : hits[0].scored.verdict;
    const bool right = !hits.empty() && person_of[hits[0].entry] == set.person[record];
    live.right += best >= Verdict::kProbable && right;
    live.wrong += best >= Verdict::kProbable && !right;
    live.certain_wrong += best == Verdict::kCertain && !right;
    live.queued += best == Verdict::kPossible;
    live.missed += hits.empty();
  }
  std::sort(times.begin(), times.end());
  live.asked = times.size();
  live.persons = index.size();
  live.candidates =
      static_cast<double>(scratch.compared) / static_cast<double>(std::max<size_t>(1, times.size()));
  if (!times.empty()) {
    live.p50_us = static_cast<double>(times[times.size() / 2]);
    live.p99_us = static_cast<double>(times[times.size() * 99 / 100]);
  }
  const Index::Memory memory = index.memory();
  live.bytes_entries = memory.entries;
  live.bytes_postings = memory.postings;
  live.bytes_directory = memory.directory;
  return live;
}

}  // namespace tk::bench
