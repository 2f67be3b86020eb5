// What befalls people, read from city/data/lives.json, where each figure has its source.
// Shape:  a Steps holds one value from each age on; shares are of 10,000, 1,000 or 100, as the names say. Drugs and measures are named by their
//         place in the lists of the same name.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "city/random.h"

namespace tk::city {

class Node;

/// A value by age in years; `from` begins with 0 and rises.
struct Steps {
  std::vector<uint32_t> from, value;
  uint32_t At(int age) const {
    size_t step = 0;
    while (step + 1 < from.size() && static_cast<uint32_t>(age) >= from[step + 1]) ++step;
    return value[step];
  }
  size_t StepOf(int age) const {
    size_t step = 0;
    while (step + 1 < from.size() && static_cast<uint32_t>(age) >= from[step + 1]) ++step;
    return step;
  }
};

/// A drug or a test, and of how many it is wanted.
struct Chosen {
  size_t which;
  uint32_t percent;
};

inline constexpr size_t kConditionsMax = 16;
struct ConditionKind {
  std::string kind, code, text;                                        // code: ICD-10
  std::array<Steps, 2> per_10000;                                      // [0] women, [1] men
  uint32_t diagnosed_per_1000, treated_per_1000, controlled_per_1000;  // each of those before
  uint32_t visits_per_year;
  bool metabolic;  // comes with the others of its kind
  std::vector<std::string> departments;
  std::vector<Chosen> drugs;
  std::vector<size_t> tests;
};

struct Drug {
  std::string code, text, unit;  // ATC; UCUM
  double dose;
  uint32_t times, days;  // a day; of one prescription
};

struct Measure {
  /// What a disease makes of it: the usual value when it is controlled and when not, and what a year adds.
  struct Effect {
    size_t condition;
    double controlled, uncontrolled, per_year;
  };
  std::string kind, code, text, unit;  // LOINC; UCUM
  int decimals;
  bool has_range;
  std::array<double, 2> low, high;  // of adults, [0] women
  std::array<double, 2> mean;       // of the healthy at 30, [0] women
  double per_year, sd, noise, least, most;
  double fever;  // how many times as much with a fever
  std::vector<Effect> with;
};

struct Illness {
  std::string code, text;
  uint32_t fever_percent;
  std::vector<std::string> departments;
  std::vector<Chosen> drugs, tests;
};

struct Vaccine {
  std::string code, text;  // ATC
  uint32_t dose, days, percent;
  uint32_t born_from, born_before;  // years
};

struct Growth {
  std::vector<uint32_t> days;
  uint32_t percent, head_until_days;
  std::array<std::vector<double>, 2> weight, length, head;  // medians in kg and cm at `days`, [0] girls
};

struct PregnancyTable {
  Steps births_per_10000_years;
  std::vector<uint32_t> visit_weeks;
  uint32_t percent_seen, diabetes_per_1000;
  std::vector<uint32_t> weeks;
  Weighted week;
};

struct LivesTables {
  std::vector<ConditionKind> conditions;
  std::vector<Drug> drugs;
  std::vector<Measure> measures;
  std::vector<size_t> annual_tests;
  uint32_t years_of_results, exam_from_age, exam_percent;
  Steps visits_per_100_years;
  std::vector<Illness> illnesses;
  std::vector<Weighted> illness;  // by step of visits_per_100_years
  std::vector<Vaccine> vaccines;
  Growth growth;
  PregnancyTable pregnancy;

  /// The place of a measure that must be there.
  size_t MeasureOf(std::string_view kind) const;
};

LivesTables LivesOf(const Node& node);

}  // namespace tk::city
