// A small city for tests, with all that it stands on.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "city/write.h"
#include "kernel/base/file.h"

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

/// What WriteCity writes, by name; `options` without a folder. That a folder is written only once is seen by the way.
inline std::map<std::string, std::string> FilesOf(const TestCity& town, WriteOptions options) {
  char folder[] = "/tmp/tk-city-XXXXXX";
  EXPECT_NE(::mkdtemp(folder), nullptr);
  options.folder = folder;
  const Recorder recorder = Recorder::Make(town.city).value();
  EXPECT_TRUE(WriteCity(town.city, recorder, options).ok());
  EXPECT_FALSE(WriteCity(town.city, recorder, options).ok()) << "the folder holds a city";
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      files[entry.path().filename()] = ReadFile(entry.path(), size_t{256} << 20).value();
  }
  std::filesystem::remove_all(folder);
  return files;
}

}  // namespace tk::city
