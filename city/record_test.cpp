// What the sources wrote: every trap strikes as often as the table says, is seen when it strikes, and the files are the same for any threads.
#include "city/record.h"

#include <gtest/gtest.h>

#include <cmath>

#include "city/fhir.h"
#include "city/test_support.h"

namespace tk::city {
namespace {

/// More of what is rare in a city, so that a small one has some of everything.
Tables Colourful() {
  Tables tables = TestTables();
  tables.names.rare_per_10000 = 600;
  tables.names.minority_per_10000 = 1500;
  for (Outsider& outsider : tables.names.outsiders) outsider.per_10000 = 200;
  tables.census.former_name_per_1000 = 100;
  tables.census.corrected_id_per_10000 = 600;
  tables.census.twins_per_1000_births = 60;
  return tables;
}

struct Recorded {
  std::map<uint64_t, std::pair<Record, std::string>> records;  // by id: itself and its line
  Recorder::Counts counts;
};
Recorded RecordsOf(const TestCity& town) {
  Recorded all;
  const Recorder recorder = Recorder::Make(town.city).value();
  std::vector<Record> records;
  town.ForEachGrid([&](const People& people) {
    recorder.Write(people, &records, &all.counts);
    for (const Record& record : records) {
      std::string line;
      AppendPatient(town.city, record, &line);
      EXPECT_TRUE(all.records.emplace(record.id, std::pair{record, line}).second)
          << "two records have one id";
    }
  });
  return all;
}

TEST(Record, EveryTrapStrikesAsOftenAsTheTableSays) {
  const TestCity town(40000, 6, Colourful());
  const Recorded all = RecordsOf(town);
  EXPECT_GT(all.records.size(), 2 * town.plan.persons());
  for (size_t trap = 0; trap < kTraps; ++trap) {
    const double expected = static_cast<double>(all.counts.expected_millionths[trap]) / 1e6;
    EXPECT_GT(all.counts.did[trap], 0u) << kTrapNames[trap];
    EXPECT_NEAR(static_cast<double>(all.counts.did[trap]), expected, 4.5 * std::sqrt(expected) + 1)
        << kTrapNames[trap];
    EXPECT_TRUE(town.tables.noise.per_10000.contains(kTrapNames[trap]))
        << "the table has no rate for " << kTrapNames[trap];
  }
}

TEST(Record, ATrapThatStrikesIsSeenAndStrikesAlone) {
  Tables quiet = Colourful();
  for (auto& [name, rate] : quiet.noise.per_10000) rate = 0;
  const Recorded clean = RecordsOf(TestCity(1500, 9, quiet));
  for (size_t trap = 0; trap < kTraps; ++trap) {
    Tables one = quiet;
    one.noise.per_10000[std::string(kTrapNames[trap])] = 10000;
    for (Source& source : one.noise.sources) source.noise_percent = 100;
    const Recorded struck = RecordsOf(TestCity(1500, 9, std::move(one)));
    EXPECT_GT(struck.counts.did[trap], 0u) << kTrapNames[trap];
    EXPECT_EQ(struck.counts.did[trap], struck.counts.could[trap]) << kTrapNames[trap];
    EXPECT_EQ(struck.records.size(), clean.records.size());
    uint64_t unseen = 0;
    for (const auto& [id, both] : struck.records) {
      const auto& was = clean.records.at(id);
      EXPECT_EQ(both.first.person, was.first.person);
      const bool hit = both.first.Has(static_cast<Trap>(trap)) && !was.first.Has(static_cast<Trap>(trap));
      if (hit && both.second == was.second) ++unseen;
    }
    // What fills in for a date is now and then the true one; a relative's trap is only that he has the same.
    EXPECT_LE(unseen * 50, struck.counts.did[trap]) << kTrapNames[trap];
  }
}

TEST(Record, WithoutTrapsSaysTheTruth) {
  Tables quiet = TestTables();
  for (auto& [name, rate] : quiet.noise.per_10000) rate = 0;
  const TestCity town(3000, 9, std::move(quiet));
  const Recorded clean = RecordsOf(town);
  town.ForEachGrid([&](const People& people) {
    for (const auto& [id, both] : clean.records) {
      const Record& record = both.first;
      if (record.person < people.persons.front().number || record.person > people.persons.back().number)
        continue;
      const Person& person = people.persons[record.person - people.persons.front().number];
      EXPECT_EQ(record.name, person.Name());
      EXPECT_EQ(record.resident_id, person.has_id ? TextOf(person.id) : "");
      EXPECT_EQ(record.sex, person.male ? 'm' : 'f');
      EXPECT_EQ(both.second.find("\"id\":\"" + std::to_string(record.person) + "\""), std::string::npos);
    }
  });
}

TEST(Record, OneWrongDigitBreaksTheCheckAndABorrowedCardDoesNot) {
  const TestCity town(20000, 6, Colourful());
  uint64_t typos = 0, borrowed = 0, shorts = 0;
  for (const auto& [id, both] : RecordsOf(town).records) {
    const Record& record = both.first;
    const std::string& number = record.resident_id;
    if (number.empty()) continue;
    if (record.Has(Trap::kIdTypo) || record.Has(Trap::kIdSwap)) {
      ++typos;
      EXPECT_NE(number[17], CheckCharacter(number.substr(0, 17)));
    }
    if (record.Has(Trap::kIdBorrowed) || record.Has(Trap::kTwinMixed)) {
      ++borrowed;
      EXPECT_EQ(number[17], CheckCharacter(number.substr(0, 17)));
      EXPECT_NE(record.other_person, record.person);
    }
    if (record.Has(Trap::kIdShort)) {
      ++shorts;
      EXPECT_EQ(number.size(), 15u);
    }
  }
  EXPECT_GT(typos, 100u);
  EXPECT_GT(borrowed, 30u);
  EXPECT_GT(shorts, 100u);
}

TEST(Write, TheFilesAreTheSameForAnyNumberOfThreads) {
  const TestCity town(12000, 6);
  const auto one = FilesOf(town, {.records = true, .threads = 1});
  EXPECT_EQ(one.size(), 11u);  // records, truth, and the tables of areas and institutions
  EXPECT_GT(one.at("Patient.ndjson").size(), 1'000'000u);
  EXPECT_TRUE(one == FilesOf(town, {.records = true, .threads = 5}));
}

TEST(Noise, AWrongTableIsToldWithItsPlace) {
  const auto wrong = [](std::string_view text) {
    const auto tables = LoadTables(text);
    return tables.ok() ? std::string() : tables.error().external;
  };
  EXPECT_NE(wrong("{").find("noise is no JSON"), std::string::npos);
  EXPECT_EQ(wrong("{}"), "noise.records is missing");
  EXPECT_EQ(wrong(R"({"records":[{"kind":"clinic","from_age":"x"}]})"),
            "noise.records[0].from_age must be a whole number from 0 to 200");
  Tables tables = TestTables();
  tables.noise.per_10000["id_eaten"] = 1;
  const TestCity town(1000, 1, std::move(tables));
  const auto recorder = Recorder::Make(town.city);
  ASSERT_FALSE(recorder.ok());
  EXPECT_EQ(recorder.error().external, "noise.traps_per_10000.id_eaten is no trap that there is");
}

}  // namespace
}  // namespace tk::city
