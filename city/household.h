// Who lives together: kinds of households, weighed so that the whole city has the census's ages, sexes, household sizes and generations.
// Flow:   Census → HouseholdModel::Fit → a cell (kind, age of its head) → Sample → members
// How:    each cell is sampled some hundred times to learn whom it brings; weights of the cells are then fitted to the census by multiplicative
//         updates (expectation maximisation of a Poisson model; Shepp & Vardi 1982), with nothing but + × ÷, the same on every machine.
#pragma once

#include <vector>

#include "city/tables.h"

namespace tk::city {

enum class Role : uint8_t { kHead, kSpouse, kChild, kParent, kGrandparent, kGrandchild, kSharer, kDormitory };

struct Member {
  Role role;
  bool male;
  int age;
  int mother = -1, father = -1;  // which members they are; -1 when they do not live here
};

/// A kind of household. The head of a couple is the husband.
struct HouseholdKind {
  bool male_head, spouse;
  uint8_t children, parents, grandparents, grandchildren, sharers;
  uint8_t generations;  // 0: in a dormitory, no household
  size_t size() const { return 1u + spouse + children + parents + grandparents + grandchildren + sharers; }
};

class HouseholdModel {
 public:
  /// ~0.1 s.
  static HouseholdModel Fit(const Census& census);

  size_t Pick(SeededRandom* random) const { return cell_.Pick(random); }
  /// A household of one, for the last place in a grid.
  size_t PickSingle(SeededRandom* random) const { return singles_[single_.Pick(random)]; }
  const HouseholdKind& KindOf(size_t cell) const;
  bool IsDormitory(size_t cell) const { return KindOf(cell).generations == 0; }

  /// Its members, the head first, children from the youngest. Ages are at most kAgeMax.
  void Sample(size_t cell, SeededRandom* random, std::vector<Member>* members) const;

  /// Of households with two children or more, how many bear twins, so that twins are as usual as the census table says.
  double twins_share() const { return twins_share_; }

 private:
  const Census* census_ = nullptr;
  Weighted cell_, single_;
  std::vector<size_t> singles_;
  double twins_share_ = 0;
};

/// 0-4 is 0, …, 95 and over is 19.
constexpr size_t AgeBin(int age) { return std::min<size_t>(static_cast<size_t>(age) / 5, kAgeBins - 1); }

}  // namespace tk::city
