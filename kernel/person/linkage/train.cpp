#include "kernel/person/linkage/train.h"

#include <algorithm>
#include <cmath>

#include "kernel/base/hash.h"
#include "kernel/base/random.h"

namespace tk::person::linkage {
namespace {

constexpr double kStartWeight =
    4;  // the start model counts as so many pairs: a level that nobody had is not impossible
constexpr double kShareLeast = 1e-9;
constexpr size_t kValuesMax = 4000;  // of a table of frequencies: those used most

bool IsHeld(uint32_t held, size_t field) { return (held >> field & 1) != 0; }

double Likelihood(const Levels& levels, const Model& model, uint32_t held, bool match) {
  double product = 1;
  for (size_t i = 0; i < kFieldCount; ++i) {
    const uint8_t level = levels.of[i];
    const FieldModel& field = model.fields[i];
    if (!field.used || level == level::kMissing || IsHeld(held, i)) continue;
    product *= std::max(match ? field.m[level] : field.u[level], 1e-9);
  }
  return product;
}

void CountValue(uint32_t value, std::unordered_map<uint32_t, double>* counts, double* total) {
  if (value == 0) return;
  ++(*counts)[value];
  ++*total;
}

/// What the frequency of a field is counted of: the value in use.
uint32_t ValueOf(const EntryView& view, Field field) {
  switch (field) {
    case Field::kFamily:
    case Field::kGiven: {
      if (view.names().empty()) return 0;
      const std::string_view text = field == Field::kFamily ? view.names()[0].family : view.names()[0].given;
      return text.empty() ? 0 : HashOf(text);
    }
    case Field::kAddress:
      return view.addresses().empty() ? 0 : view.addresses()[0].Hash();
    case Field::kDivision:
      return view.addresses().empty() ? 0 : view.addresses()[0].division;
    default:
      return 0;
  }
}

uint8_t HighestLevel(Field field) {
  uint8_t level = 0;
  while (level + 1U < kLevelsMax && !TraitsOf(field).levels[level + 1U].empty()) ++level;
  return level;
}

/// Frequencies of the values used most, of the others together, and u of the highest level that follows from them.
void LearnFrequencies(const Index& index, Field field, FieldModel* model) {
  std::unordered_map<uint32_t, double> counts;
  double total = 0;
  for (size_t i = 0; i < index.size(); ++i) {
    if (index.Has(static_cast<Entry>(i)))
      CountValue(ValueOf(index.View(static_cast<Entry>(i)), field), &counts, &total);
  }
  model->frequency.clear();
  if (total == 0) return;
  std::vector<std::pair<double, uint32_t>> ranked;
  for (const auto& [value, count] : counts) {
    if (count >= 2) ranked.emplace_back(-count, value);
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > kValuesMax) ranked.resize(kValuesMax);
  double listed = 0, same = 0;
  for (const auto& [count, value] : ranked) {
    model->frequency[value] = static_cast<float>(-count / total);
    listed -= count;
    same += count / total * (count / total);
  }
  const double others = std::max<double>(1, static_cast<double>(counts.size() - ranked.size()));
  model->frequency_unknown = std::max((total - listed) / others, 1.0) / total;
  model->u[HighestLevel(field)] = std::max(same, 1.0 / (total * total));
}

PatternCounts RandomPairs(const Index& index, const TrainOptions& options) {
  PatternCounts patterns;
  SeededRandom random(options.seed);
  MatchScratch scratch;
  for (size_t i = 0; i < options.random_pairs; ++i) {
    const auto a = static_cast<Entry>(random.Below(index.size())),
               b = static_cast<Entry>(random.Below(index.size()));
    if (a == b || !index.Has(a) || !index.Has(b)) continue;
    scratch.sharers.clear();
    ++patterns[index.CompareShared(index.View(a), index.View(b), &scratch).levels.packed()];
  }
  return patterns;
}

/// Is this entry one of those whose candidates are looked at? By what it says, not by its place.
bool IsDrawn(const Index& index, Entry entry, const TrainOptions& options) {
  if (!index.Has(entry)) return false;
  if (index.size() <= options.queries_max) return true;
  const uint64_t draw = Mix(HashOf(index.View(entry).bytes()) + options.seed) >> 32;
  return draw * index.size() < (uint64_t{options.queries_max} << 32);
}

PatternCounts PairsOfPass(const Index& index, size_t pass, const TrainOptions& options) {
  PatternCounts patterns;
  MatchScratch scratch;
  std::vector<Entry> others;
  for (size_t i = 0; i < index.size(); ++i) {
    const auto entry = static_cast<Entry>(i);
    if (!IsDrawn(index, entry, options)) continue;
    scratch.sharers.clear();
    index.Neighbours(entry, pass, &scratch, &others);
    const EntryView view = index.View(entry);
    for (const Entry other : others)
      ++patterns[index.CompareShared(view, index.View(other), &scratch).levels.packed()];
  }
  return patterns;
}

/// All candidates, each pair once: Match under a model whose thresholds let everything pass.
PatternCounts AllCandidates(const Index& index, const TrainOptions& options) {
  PatternCounts patterns;
  MatchScratch scratch;
  std::vector<MatchHit> hits;
  for (size_t i = 0; i < index.size(); ++i) {
    const auto entry = static_cast<Entry>(i);
    if (!IsDrawn(index, entry, options)) continue;
    index.Match(index.View(entry), Verdict::kDifferent, &scratch, &hits, entry);
    for (const MatchHit& hit : hits) ++patterns[hit.scored.comparison.levels.packed()];
  }
  return patterns;
}

double Sum(const PatternCounts& patterns) {
  double sum = 0;
  for (const auto& [pattern, count] : patterns) sum += count;
  return sum;
}

double Posterior(uint64_t pattern, const Model& model) {
  Comparison comparison;
  comparison.levels = Levels::Unpacked(pattern);
  return ProbabilityOf(Score(comparison, model, NoRules()).bits);
}

/// u of each level, by random pairs less what of them is expected to be a match. Levels of the frequency tables stay as those tell.
void LearnU(const PatternCounts& random, const Model& known, bool second, Model* model) {
  std::array<std::array<double, kLevelsMax>, kFieldCount> counts{};
  for (const auto& [pattern, count] : random) {
    const double unlike = second ? count * (1 - Posterior(pattern, known)) : count;
    const Levels levels = Levels::Unpacked(pattern);
    for (size_t i = 0; i < kFieldCount; ++i) counts[i][levels.of[i]] += unlike;
  }
  for (size_t i = 0; i < kFieldCount; ++i) {
    FieldModel& field = model->fields[i];
    if (!field.used) continue;
    const uint8_t highest = HighestLevel(static_cast<Field>(i));
    const double same = field.by_frequency && !field.frequency.empty() ? field.u[highest] : -1;
    double total = 0;
    for (uint8_t level = 1; level <= highest; ++level) total += counts[i][level];
    for (uint8_t level = 1; level <= highest; ++level)
      field.u[level] =
          (counts[i][level] + kStartWeight * 0.1 * known.fields[i].u[level]) / (total + kStartWeight * 0.1);
    if (same >= 0) field.u[highest] = same;
    double sum = 0;
    for (uint8_t level = 1; level <= highest; ++level) sum += field.u[level];
    for (uint8_t level = 1; level <= highest; ++level) field.u[level] /= sum;
  }
}

void LearnM(const std::vector<std::pair<size_t, PatternCounts>>& passes, const Model& start, int rounds,
            Model* model, TrainReport* report) {
  std::array<std::array<double, kLevelsMax>, kFieldCount> expected{};
  report->passes.clear();
  for (const auto& [pass, patterns] : passes) {
    const EmOutcome outcome = RunEm(patterns, *model, model->passes[pass].held, rounds);
    const double pairs = Sum(patterns);
    report->passes.push_back({pass, pairs, pairs * outcome.share});
    for (size_t i = 0; i < kFieldCount; ++i) {
      for (size_t level = 1; level < kLevelsMax; ++level) expected[i][level] += outcome.expected[i][level];
    }
  }
  for (size_t i = 0; i < kFieldCount; ++i) {
    FieldModel& field = model->fields[i];
    if (!field.used) continue;
    double total = 0;
    for (size_t level = 1; level < kLevelsMax; ++level) total += expected[i][level];
    for (size_t level = 1; level < kLevelsMax; ++level)
      field.m[level] =
          (expected[i][level] + kStartWeight * start.fields[i].m[level]) / (total + kStartWeight);
  }
}

/// The share of matches among all pairs, at which the candidates' expected matches are just so many.
void LearnPrior(const PatternCounts& candidates, double drawn, double entries, Model* model,
                TrainReport* report) {
  const double pairs = entries * (entries - 1) / 2 * drawn;
  double share = 1 / entries;
  for (int round = 0; round < 30; ++round) {
    model->prior_bits = std::log2(share / (1 - share));
    double matches = 0;
    for (const auto& [pattern, count] : candidates) matches += count * Posterior(pattern, *model);
    share = std::clamp(matches / pairs, kShareLeast / entries, 0.5);
    report->matches = matches;
  }
  model->prior_bits = std::log2(share / (1 - share));
  report->candidates = Sum(candidates);
}

}  // namespace

EmOutcome RunEm(const PatternCounts& patterns, const Model& start, uint32_t held, int rounds) {
  Model model = start;
  EmOutcome outcome;
  outcome.share = 0.3;
  const double pairs = Sum(patterns);
  if (pairs == 0) return outcome;
  for (int round = 0; round < rounds; ++round) {
    outcome.expected = {};
    double matches = 0;
    for (const auto& [pattern, count] : patterns) {
      const Levels levels = Levels::Unpacked(pattern);
      const double match = outcome.share * Likelihood(levels, model, held, true);
      const double unlike = (1 - outcome.share) * Likelihood(levels, model, held, false);
      const double expected = count * match / (match + unlike);
      matches += expected;
      for (size_t i = 0; i < kFieldCount; ++i) {
        if (!IsHeld(held, i) && levels.of[i] != level::kMissing)
          outcome.expected[i][levels.of[i]] += expected;
      }
    }
    outcome.share = std::clamp(matches / pairs, kShareLeast, 1 - kShareLeast);
    for (size_t i = 0; i < kFieldCount; ++i) {
      if (!model.fields[i].used || IsHeld(held, i)) continue;
      double total = 0;
      for (const double count : outcome.expected[i]) total += count;
      for (size_t level = 1; level < kLevelsMax; ++level) {
        model.fields[i].m[level] =
            (outcome.expected[i][level] + kStartWeight * start.fields[i].m[level]) / (total + kStartWeight);
      }
    }
  }
  return outcome;
}

Result<Model> Train(const Index& index, const TrainOptions& options, TrainReport* report) {
  if (index.size() < 2) return MakeError(ErrorCode::kIncorrect, "training needs at least two records");
  const Model& start = index.model();
  Model model = start;
  model.name = options.name;
  model.date = options.date;
  model.source = options.source;
  model.version = options.version;
  model.entries = index.size();
  for (size_t i = 0; i < kFieldCount; ++i) {
    FieldModel& field = model.fields[i];
    if (field.used && field.by_frequency) LearnFrequencies(index, static_cast<Field>(i), &field);
  }
  std::vector<std::pair<size_t, PatternCounts>> passes;
  for (size_t p = 0; p < start.passes.size(); ++p) {
    if (!start.passes[p].trains) continue;
    PatternCounts patterns = PairsOfPass(index, p, options);
    if (!patterns.empty()) passes.emplace_back(p, std::move(patterns));
  }
  if (passes.empty())
    return MakeError(ErrorCode::kIncorrect, "no training pass of the start model has a pair of records");
  const PatternCounts random = RandomPairs(index, options), candidates = AllCandidates(index, options);
  double drawn = 0;
  for (size_t i = 0; i < index.size(); ++i) drawn += IsDrawn(index, static_cast<Entry>(i), options);
  for (const bool second : {false, true, true}) {
    const Model known = model;
    LearnU(random, second ? known : start, second, &model);
    LearnM(passes, start, options.rounds, &model, report);
    LearnPrior(candidates, drawn / static_cast<double>(index.size()), static_cast<double>(index.size()),
               &model, report);
  }
  return model;
}

}  // namespace tk::person::linkage
