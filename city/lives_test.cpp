// Lives: as frequent as the table says, told only by sources that know the person, joined without a loose end, the same for a seed.
#include "city/lives.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <unordered_map>

#include "city/test_support.h"

namespace tk::city {
namespace {

const int64_t kCensusDay = DaysFromCivil(2026, 1, 1);
const Window kHalfYear{kCensusDay, kCensusDay + 181};

/// Files by name, of a city with lives.
std::map<std::string, std::string> LivesIn(const TestCity& town, unsigned threads) {
  return FilesOf(town, {.records = true, .lives = true, .window = kHalfYear, .threads = threads});
}

/// What follows `before` up to the next quote; empty if it is not there.
std::string After(std::string_view line, std::string_view before) {
  const size_t at = line.find(before);
  if (at == std::string_view::npos) return {};
  const size_t from = at + before.size();
  return std::string(line.substr(from, line.find('"', from) - from));
}

/// The number that a text begins with.
double NumberIn(std::string_view text) {
  double number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

template <class Do>
void ForEachLine(const std::string& text, Do todo) {
  for (size_t from = 0; from < text.size();) {
    const size_t end = text.find('\n', from);
    todo(std::string_view(text).substr(from, end - from));
    from = end + 1;
  }
}

TEST(Lives, DiseasesAreAsFrequentAsTheTableSaysByAgeAndSex) {
  const TestCity town(60000, 9);
  const auto& kinds = town.tables.lives.conditions;
  struct Count {
    double all = 0, ill = 0, known = 0;
  };
  std::vector<std::array<std::vector<Count>, 2>> counts(kinds.size());
  for (size_t i = 0; i < kinds.size(); ++i) {
    for (const size_t sex : {0u, 1u}) counts[i][sex].resize(kinds[i].per_10000[sex].from.size());
  }
  town.ForEachGrid([&](const People& people) {
    for (const Person& person : people.persons) {
      const Life life = LifeOf(town.city, people, person, kHalfYear);
      for (size_t i = 0; i < kinds.size(); ++i) {
        Count& count = counts[i][person.male][kinds[i].per_10000[person.male].StepOf(person.age)];
        const Ailment* const ailment = life.Has(i);
        count.all += 1;
        count.ill += ailment != nullptr;
        count.known += ailment != nullptr && ailment->diagnosed;
        if (ailment == nullptr) continue;
        EXPECT_LE(ailment->onset, ailment->diagnosis);
        EXPECT_LE(ailment->diagnosis, kCensusDay);
        EXPECT_GE(ailment->onset, life.born);
      }
    }
  });
  for (size_t i = 0; i < kinds.size(); ++i) {
    double ill = 0, known = 0;
    for (const size_t sex : {0u, 1u}) {
      for (size_t step = 0; step < counts[i][sex].size(); ++step) {
        const Count& count = counts[i][sex][step];
        const double expected = count.all * kinds[i].per_10000[sex].value[step] / 10000;
        EXPECT_NEAR(count.ill, expected, 4.5 * std::sqrt(expected) + 1)
            << kinds[i].kind << (sex == 1 ? ", men from " : ", women from ")
            << kinds[i].per_10000[sex].from[step];
        ill += count.ill;
        known += count.known;
      }
    }
    EXPECT_NEAR(known, ill * kinds[i].diagnosed_per_1000 / 1000, 4.5 * std::sqrt(ill) + 1) << kinds[i].kind;
  }
}

TEST(Lives, NationalTotalsComeOut) {
  const TestCity town(60000, 9);
  std::map<std::string, double> ill;
  double adults = 0, born = 0, mothers = 0;
  town.ForEachGrid([&](const People& people) {
    for (const Person& person : people.persons) {
      const Life life = LifeOf(town.city, people, person, {kCensusDay, kCensusDay + 365});
      adults += person.age >= 18;
      for (const Ailment& ailment : life.ailments)
        if (person.age >= 18) ill[town.tables.lives.conditions[ailment.condition].kind] += 1;
      if (!life.pregnancy) continue;
      EXPECT_FALSE(person.male);
      mothers += 1;
      born += life.pregnancy->birth >= kCensusDay && life.pregnancy->birth < kCensusDay + 365;
      EXPECT_GT(life.pregnancy->birth - life.pregnancy->last_period, 250);
    }
  });
  EXPECT_NEAR(ill["hypertension"] / adults, 0.26,
              0.02);  // 23.2 % of adults as of 2010's ages; this city is of 2020's
  EXPECT_NEAR(ill["diabetes"] / adults, 0.124, 0.01);
  EXPECT_NEAR(ill["dyslipidaemia"] / adults, 0.356, 0.02);
  EXPECT_NEAR(ill["ckd"] / adults, 0.082, 0.006);
  EXPECT_NEAR(born / 60000, 0.0085, 0.0015);  // 8.5 births per 1,000 in 2020
  EXPECT_GT(mothers, born);
}

TEST(Lives, EverythingNamedIsThereAndNothingHasTwoNames) {
  const TestCity town(3000, 4);
  const auto files = LivesIn(town, 2);
  std::set<std::string> ids;
  for (const auto& [name, text] : files) {
    if (!name.ends_with(".ndjson")) continue;
    ForEachLine(text, [&](std::string_view line) {
      EXPECT_TRUE(ids.insert(After(line, R"("resourceType":")") + "/" + After(line, R"("id":")")).second);
    });
  }
  std::unordered_map<std::string, std::string> patient_of;
  uint64_t references = 0;
  for (const std::string_view type : kToldTypes) {
    ForEachLine(files.at(std::string(type) + ".ndjson"), [&](std::string_view line) {
      for (size_t at = line.find(R"("reference":")"); at != std::string_view::npos;
           at = line.find(R"("reference":")", at + 1)) {
        const std::string name = After(line.substr(at), R"("reference":")");
        EXPECT_TRUE(ids.contains(name)) << name;
        ++references;
      }
      const std::string patient = After(line, R"({"reference":"Patient/)");
      EXPECT_FALSE(patient.empty());
      EXPECT_TRUE(After(line, R"("id":")").substr(1).starts_with(patient.substr(1) + "-"))
          << "named for its record";
      if (type == "Encounter") patient_of[After(line, R"("id":")")] = patient;
      const std::string encounter = After(line, R"({"reference":"Encounter/)");
      if (!encounter.empty()) {
        EXPECT_EQ(patient_of[encounter], patient);
      }
    });
  }
  EXPECT_GT(references, 100'000u);
}

TEST(Lives, TheFilesAreTheSameForAnyNumberOfThreads) {
  const TestCity town(4000, 12);
  const auto one = LivesIn(town, 1);
  EXPECT_EQ(one.size(), 17u);
  EXPECT_TRUE(one == LivesIn(town, 5));
}

TEST(Lives, OrderTellsNothingOfWhoIsWho) {
  // Within a grid all lines stand in the order of their records' ids, which tell nothing: two records of one person are no neighbours.
  const TestCity town(1500, 3);
  const Recorder recorder = Recorder::Make(town.city).value();
  const Chronicler chronicler(town.city, kHalfYear);
  std::vector<Record> records;
  Pages pages;
  town.ForEachGrid([&](const People& people) {
    std::string truth, lines;
    Recorder::Counts counts;
    recorder.Write(people, &records, &counts);
    chronicler.Write(people, records, &pages, &truth);
    pages.Take(Told::kObservation, &lines);
    double last = 0;
    ForEachLine(lines, [&](std::string_view line) {
      const double record = NumberIn(After(line, R"("reference":"Patient/r)"));
      EXPECT_GE(record, last);
      last = record;
    });
  });
}

TEST(Lives, ChildrenGrowAndAreVaccinatedInOrder) {
  const TestCity town(6000, 8);
  const auto files = LivesIn(town, 2);
  std::map<std::string, std::string> last_shot;
  std::map<std::string, double> last_length;
  std::map<std::string, uint64_t> shots;
  ForEachLine(files.at("Immunization.ndjson"), [&](std::string_view line) {
    const std::string patient = After(line, R"({"reference":"Patient/)"),
                      when = After(line, R"("occurrenceDateTime":")").substr(0, 10);
    EXPECT_LE(last_shot[patient], when);
    EXPECT_LT(when, "2026-07-01");
    last_shot[patient] = when;
    ++shots[After(line, R"("code":"J07)")];
  });
  ForEachLine(files.at("Observation.ndjson"), [&](std::string_view line) {
    if (line.find(R"("code":"8302-2")") == std::string_view::npos) return;
    const std::string patient = After(line, R"({"reference":"Patient/)");
    const double length = NumberIn(line.substr(line.find(R"("value":)") + 8));
    EXPECT_GT(length, last_length[patient] - 1.5) << patient << ": one does not shrink";
    EXPECT_GT(length, 42);
    EXPECT_LT(length, 140);
    last_length[patient] = length;
  });
  EXPECT_GT(last_length.size(), 100u);
  EXPECT_GT(shots["BC01"], 2 * shots["AN01"]) << "three doses against hepatitis B, one against tuberculosis";
  EXPECT_GT(shots["AN01"], 500u);
}

TEST(Lives, TreatmentBringsAValueDownAndAFailingKidneyGetsWorse) {
  const TestCity town(20000, 5);
  const LivesTables& lives = town.tables.lives;
  const size_t systolic = lives.MeasureOf("systolic"), egfr = lives.MeasureOf("egfr");
  double before = 0, after = 0, healthy = 0, patients = 0, people_without = 0, worse = 0, kidneys = 0;
  town.ForEachGrid([&](const People& people) {
    for (const Person& person : people.persons) {
      const Life life = LifeOf(town.city, people, person, kHalfYear);
      const auto value = [&](size_t measure, int64_t day) {
        return ValueOf(town.city, person, life, measure, day);
      };
      const Ailment* const pressure = life.Has(0);
      if (pressure == nullptr && person.age > 50) {
        healthy += value(systolic, kCensusDay);
        people_without += 1;
      }
      if (pressure != nullptr && pressure->controlled && pressure->onset < pressure->diagnosis) {
        before += value(systolic, pressure->diagnosis);
        after += value(systolic, kCensusDay + 100);
        patients += 1;
      }
      if (const Ailment* const kidney = life.Has(7); kidney != nullptr) {
        worse += value(egfr, kCensusDay + 700) < value(egfr, kidney->onset);
        kidneys += 1;
      }
    }
  });
  ASSERT_EQ(lives.conditions[7].kind, "ckd");
  EXPECT_GT(patients, 200);
  EXPECT_GT(before / patients, after / patients + 10);
  EXPECT_LT(healthy / people_without, 126);
  EXPECT_GT(worse, kidneys * 0.7);
}

}  // namespace
}  // namespace tk::city
