#include "city/household.h"

#include "kernel/base/error.h"

namespace tk::city {
namespace {

// male head, spouse, children, parents, grandparents, grandchildren, sharers, generations
constexpr std::array<HouseholdKind, 32> kKinds = {{
    {true, false, 0, 0, 0, 0, 0, 0},  {false, false, 0, 0, 0, 0, 0, 0},  // dormitories
    {true, false, 0, 0, 0, 0, 0, 1},  {false, false, 0, 0, 0, 0, 0, 1},  // alone
    {true, true, 0, 0, 0, 0, 0, 1},                                      // two
    {true, false, 0, 0, 0, 0, 1, 1},  {false, false, 0, 0, 0, 0, 1, 1},
    {true, false, 1, 0, 0, 0, 0, 2},  {false, false, 1, 0, 0, 0, 0, 2},
    {false, false, 0, 0, 0, 1, 0, 2}, {true, true, 1, 0, 0, 0, 0, 2},
    {true, true, 0, 1, 0, 0, 0, 2},  // three
    {false, false, 2, 0, 0, 0, 0, 2}, {true, true, 0, 0, 0, 1, 0, 2},
    {false, false, 1, 1, 0, 0, 0, 3}, {true, false, 0, 0, 0, 0, 2, 1},
    {false, false, 0, 0, 0, 0, 2, 1}, {true, true, 2, 0, 0, 0, 0, 2},
    {true, true, 0, 2, 0, 0, 0, 2},  // four
    {true, true, 1, 1, 0, 0, 0, 3},   {true, true, 0, 0, 0, 2, 0, 2},
    {true, true, 3, 0, 0, 0, 0, 2},   {true, true, 1, 2, 0, 0, 0, 3},  // five
    {true, true, 2, 1, 0, 0, 0, 3},   {true, true, 0, 0, 0, 3, 0, 2},
    {true, true, 2, 2, 0, 0, 0, 3},   {true, true, 3, 1, 0, 0, 0, 3},  // six
    {true, true, 4, 0, 0, 0, 0, 2},   {true, true, 3, 2, 0, 0, 0, 3},
    {true, true, 2, 2, 1, 0, 0, 3},                                    // seven
    {true, true, 4, 2, 0, 0, 0, 3},   {true, true, 3, 2, 1, 0, 0, 3},  // eight
}};
constexpr size_t kHeadAges = 17;  // of five years, from 15; the last is 95 and over
constexpr int kHeadAgeFrom = 15;
constexpr int kSamples = 300, kRounds = 3000;

// What a household brings: people by age and sex, one of a size, one of a number of generations, people in dormitories.
constexpr size_t kSizeAt = 2 * kAgeBins, kGenerationsAt = kSizeAt + kSizeBins,
                 kDormitoryAt = kGenerationsAt + 3, kFeatures = kDormitoryAt + 1;
using Features = std::array<double, kFeatures>;

int Between(SeededRandom* random, int low, int high) {
  return low + static_cast<int>(random->Below(static_cast<uint64_t>(high - low) + 1));
}
int Clamped(int age) { return std::clamp(age, 0, kAgeMax); }

class Sampler {
 public:
  Sampler(const Census& census, SeededRandom* random, std::vector<Member>* members)
      : census_(census), random_(random), members_(*members) {}

  void Sample(const HouseholdKind& kind, int head_age) {
    members_.clear();
    members_.push_back({kind.generations == 0 ? Role::kDormitory : Role::kHead, kind.male_head, head_age});
    // Husbands are two years older, more or less.
    if (kind.spouse)
      members_.push_back(
          {Role::kSpouse, false,
           Clamped(std::max(18, head_age - 2 + Between(random_, -2, 2) + Between(random_, -2, 2)))});
    for (int i = 0; i < kind.sharers; ++i)
      members_.push_back(
          {Role::kSharer, kind.male_head, std::max(16, Clamped(head_age + Between(random_, -4, 4)))});
    if (kind.children > 0) AddChildren(kind);
    if (kind.grandchildren > 0) AddGrandchildren(kind);
    if (kind.parents > 0) AddParents(kind);
  }

 private:
  int MotherAge() { return census_.mother_age_from + static_cast<int>(census_.mother_age.Pick(random_)); }
  /// Who would be born only later was born in these five years: not all of them in the last.
  int NotYetBorn(int age) { return age < 0 ? Between(random_, 0, 4) : age; }
  // 111 boys to 100 girls are born.
  bool Boy() { return Chance(random_, 111, 211); }

  void AddChildren(const HouseholdKind& kind) {
    const int mother = kind.spouse ? 1 : kind.male_head ? -1 : 0, father = kind.male_head ? 0 : -1;
    const int from = members_[static_cast<size_t>(mother >= 0 ? mother : father)].age;
    // The youngest was born last, the others some years before, none before the mother was of age.
    int age = NotYetBorn(from - MotherAge() - (kind.children - 1) * 2);
    for (int i = 0; i < kind.children; ++i) {
      if (i > 0) age += Between(random_, 1, 5);
      if (i > 0) age = std::min(age, std::max(from - 18, 0));
      members_.push_back({Role::kChild, Boy(), Clamped(age), mother, father});
    }
  }
  void AddGrandchildren(const HouseholdKind& kind) {
    const int from = members_[0].age;
    int age = NotYetBorn(from - 2 * 25 - Between(random_, 0, 8));
    for (int i = 0; i < kind.grandchildren; ++i) {
      if (i > 0) age += Between(random_, 1, 4);
      members_.push_back({Role::kGrandchild, Boy(), std::min(Clamped(age), 30)});
    }
  }
  void AddParents(const HouseholdKind& kind) {
    const auto first = static_cast<int>(members_.size());
    const int mother = members_[0].age + MotherAge();
    members_.push_back({Role::kParent, false, Clamped(mother)});
    members_[0].mother = first;
    if (kind.parents > 1) {
      members_.push_back({Role::kParent, true, Clamped(mother + 2 + Between(random_, -3, 3))});
      members_[0].father = first + 1;
    }
    if (kind.grandparents == 0) return;
    members_.push_back({Role::kGrandparent, false, Clamped(mother + MotherAge())});
    members_[static_cast<size_t>(first)].mother = static_cast<int>(members_.size()) - 1;
  }

  const Census& census_;
  SeededRandom* random_;
  std::vector<Member>& members_;
};

Features MeanOf(const HouseholdModel& model, size_t cell) {
  Features mean{};
  SeededRandom random = StreamOf(0, Draw::kFit, cell);
  std::vector<Member> members;
  for (int i = 0; i < kSamples; ++i) {
    model.Sample(cell, &random, &members);
    for (const Member& member : members) mean[AgeBin(member.age) * 2 + member.male] += 1.0 / kSamples;
  }
  const HouseholdKind& kind = model.KindOf(cell);
  if (kind.generations == 0) {
    mean[kDormitoryAt] = 1;
  } else {
    mean[kSizeAt + std::min(kind.size(), kSizeBins) - 1] = 1;
    mean[kGenerationsAt + kind.generations - 1u] = 1;
  }
  return mean;
}

/// What the city has for each of its people.
Features WantedOf(const Census& census) {
  Features wanted{};
  double people = 0, sizes = 0, mean_size = 0, generations = 0;
  for (size_t bin = 0; bin < kAgeBins; ++bin) people += census.male[bin] + census.female[bin];
  for (size_t bin = 0; bin < kAgeBins; ++bin) {
    wanted[bin * 2 + 1] = census.male[bin] / people;
    wanted[bin * 2] = census.female[bin] / people;
  }
  for (size_t bin = 0; bin < kSizeBins; ++bin) {
    sizes += census.household_size[bin];
    mean_size += census.household_size[bin] * static_cast<double>(bin + 1);
  }
  const double households = (1 - census.collective_share) / (mean_size / sizes);
  for (size_t bin = 0; bin < kSizeBins; ++bin)
    wanted[kSizeAt + bin] = households * census.household_size[bin] / sizes;
  for (const double share : census.generations) generations += share;
  for (size_t i = 0; i < census.generations.size(); ++i)
    wanted[kGenerationsAt + i] = households * census.generations[i] / generations;
  wanted[kDormitoryAt] = census.collective_share;
  return wanted;
}

std::vector<double> FittedWeights(const std::vector<Features>& brings, std::vector<double> weights,
                                  const Features& wanted) {
  std::vector<std::vector<std::pair<uint32_t, double>>> sparse(brings.size());
  std::vector<double> sums(brings.size(), 0);
  for (size_t cell = 0; cell < brings.size(); ++cell) {
    for (uint32_t f = 0; f < kFeatures; ++f) {
      if (brings[cell][f] > 0) sparse[cell].emplace_back(f, brings[cell][f]);
      sums[cell] += brings[cell][f];
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    Features have{};
    for (size_t cell = 0; cell < brings.size(); ++cell)
      for (const auto& [f, mean] : sparse[cell]) have[f] += weights[cell] * mean;
    Features ratio{};
    for (size_t f = 0; f < kFeatures; ++f) ratio[f] = have[f] > 0 ? wanted[f] / have[f] : 0;
    for (size_t cell = 0; cell < brings.size(); ++cell) {
      double step = 0;
      for (const auto& [f, mean] : sparse[cell]) step += mean * ratio[f];
      weights[cell] *= step / sums[cell];
    }
  }
  return weights;
}

}  // namespace

const HouseholdKind& HouseholdModel::KindOf(size_t cell) const { return kKinds[cell / kHeadAges]; }

void HouseholdModel::Sample(size_t cell, SeededRandom* random, std::vector<Member>* members) const {
  const int low = kHeadAgeFrom + static_cast<int>(cell % kHeadAges) * 5;
  // Of those over 95 most are not much older.
  int age = low < 95 ? Between(random, low, low + 4) : Between(random, 95, 101);
  if (low >= 95) age = std::min(age, Between(random, 95, kAgeMax));
  Sampler(*census_, random, members).Sample(KindOf(cell), age);
}

HouseholdModel HouseholdModel::Fit(const Census& census) {
  HouseholdModel model;
  model.census_ = &census;
  const size_t cells = kKinds.size() * kHeadAges;
  std::vector<Features> brings;
  std::vector<double> weights;
  for (size_t cell = 0; cell < cells; ++cell) {
    const HouseholdKind& kind = model.KindOf(cell);
    const int head = kHeadAgeFrom + static_cast<int>(cell % kHeadAges) * 5;
    // Where to begin; a cell with nothing stays empty: couples are of age, grandparents are old enough, dormitories have ages of their own.
    double weight = 1.0 / static_cast<double>(kHeadAges * kKinds.size());
    if (kind.generations == 0) weight *= census.collective_ages[AgeBin(head)];
    if ((kind.spouse || kind.children > 0) && head < 20) weight = 0;
    if (kind.children > 1 && head < 25) weight = 0;
    if (kind.grandchildren > 0 && (head < 50 || head > 80)) weight = 0;
    if (kind.parents > 0 && head > 70) weight = 0;
    if (kind.grandparents > 0 && head > 50) weight = 0;
    weights.push_back(weight);
    brings.push_back(MeanOf(model, cell));
  }
  weights = FittedWeights(brings, weights, WantedOf(census));
  model.cell_ = Weighted(weights);
  std::vector<double> single;
  double births = 0, pairs = 0;
  for (size_t cell = 0; cell < cells; ++cell) {
    const HouseholdKind& kind = model.KindOf(cell);
    births += weights[cell] * kind.children;
    if (kind.children > 1) pairs += weights[cell];
    if (kind.generations == 0 || kind.size() > 1) continue;
    model.singles_.push_back(cell);
    single.push_back(weights[cell]);
  }
  model.single_ = Weighted(single);
  model.twins_share_ = census.twins_per_1000_births / 1000.0 * births / pairs / 2;
  return model;
}

}  // namespace tk::city
