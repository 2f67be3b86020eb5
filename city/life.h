// The truth of a life: which diseases a person has and since when, whether anybody knows, what is done, when a woman is with child; and what an
// instrument would show on a day. Nothing of it depends on who wrote it down, nor on the days that are asked for.
// Flow:   Person → LifeOf → Life → ValueOf(measure, day) ; AppendLife → truth/lives.csv
// Source: city/data/lives.json
#pragma once

#include <optional>

#include "city/city.h"

namespace tk::city {

/// Days since 1970-01-01, [from, end).
struct Window {
  int64_t from, end;
};

struct Ailment {
  size_t condition;  // of LivesTables::conditions
  bool diagnosed, treated, controlled;
  int64_t onset, diagnosis;  // days; diagnosis is onset when nobody knows
};
struct Pregnancy {
  int64_t last_period, birth;  // days
  bool diabetes;
};
struct Life {
  int64_t born;  // a day
  std::vector<Ailment> ailments;
  std::optional<Pregnancy> pregnancy;  // the first that touches the window

  /// The disease if he has it; nullptr if not.
  const Ailment* Has(size_t condition) const;
};

/// `people`: those of his grid or household. ~1 µs.
Life LifeOf(const City& city, const People& people, const Person& person, Window window);

/// What measuring him on that day gives, in the measure's unit and not yet rounded. `again`: tells two measurements of one day apart.
double ValueOf(const City& city, const Person& person, const Life& life, size_t measure, int64_t day,
               uint32_t again = 0);

/// Of a mean 0 and a spread 1, never beyond 3.5; the same on every machine.
double Deviate(uint64_t key);

/// One line for each disease and pregnancy; kLifeColumns is the head.
extern const std::string_view kLifeColumns;
void AppendLife(const City& city, const Person& person, const Life& life, std::string* out);

void AppendDay(int64_t day, std::string* out);

}  // namespace tk::city
