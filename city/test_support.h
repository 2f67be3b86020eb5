// A small city for tests, with all that it stands on.
#pragma once

#include "city/city.h"

namespace tk::city {

inline Tables TestTables() { return LoadTables().value(); }

struct TestCity {
  TestCity(uint64_t persons, uint64_t seed, Tables with = TestTables())
      : tables(std::move(with)), plan(Plan::Make(persons, seed, tables).value()), city(plan, tables) {}
  TestCity(const TestCity&) = delete;
  TestCity& operator=(const TestCity&) = delete;

  template <class Do>
  void ForEachGrid(Do todo) const {
    People people;
    for (uint32_t grid = plan.first_grid(); grid < plan.areas().size(); ++grid) {
      city.Fill(grid, &people);
      todo(people);
    }
  }

  const Tables tables;
  const Plan plan;
  const City city;
};

}  // namespace tk::city
