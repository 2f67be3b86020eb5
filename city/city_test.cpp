// The truth and the plan: the same for a seed, as the census says, with numbers that are valid and nobody else's, and areas that tile.
#include "city/city.h"

#include <gtest/gtest.h>

#include <cmath>
#include <unordered_set>

#include "city/fhir.h"
#include "city/lunar.h"
#include "city/test_support.h"

namespace tk::city {
namespace {

/// Twice the signed area of a ring, in square millionths of a degree: exact.
__extension__ typedef __int128 Wide;
Wide TwiceArea(const std::vector<Point>& ring) {
  Wide sum = 0;
  for (size_t i = 0; i + 1 < ring.size(); ++i)
    sum += Wide{ring[i].lon} * ring[i + 1].lat - Wide{ring[i + 1].lon} * ring[i].lat;
  return sum;
}

int Turn(Point a, Point b, Point c) {
  const Wide cross = Wide{b.lon - a.lon} * (c.lat - a.lat) - Wide{b.lat - a.lat} * (c.lon - a.lon);
  return cross > 0 ? 1 : cross < 0 ? -1 : 0;
}
bool Cross(Point a, Point b, Point c, Point d) {
  return Turn(a, b, c) * Turn(a, b, d) <= 0 && Turn(c, d, a) * Turn(c, d, b) <= 0;
}
/// No two edges meet but neighbours at their common end.
bool IsSimple(const std::vector<Point>& ring) {
  const size_t edges = ring.size() - 1;
  for (size_t i = 0; i < edges; ++i) {
    for (size_t k = i + 2; k < edges; ++k) {
      if (i == 0 && k == edges - 1) continue;
      if (Cross(ring[i], ring[i + 1], ring[k], ring[k + 1])) return false;
    }
  }
  return true;
}
bool IsInside(Point p, const std::vector<Point>& ring) {
  bool inside = false;
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    const Point a = ring[i], b = ring[i + 1];
    if ((a.lat > p.lat) == (b.lat > p.lat)) continue;
    if ((Turn(a, b, p) > 0) == (b.lat > a.lat)) inside = !inside;
  }
  return inside;
}

std::string AllOf(const TestCity& town) {
  std::string text;
  People people;
  for (uint32_t grid = town.plan.first_grid(); grid < town.plan.areas().size(); ++grid) {
    town.city.Fill(grid, &people);
    for (const Person& person : people.persons) AppendPerson(town.city, people, person, &text);
  }
  return text;
}

TEST(City, IsTheSameForASeedAndAnotherForAnother) {
  const std::string first = AllOf(TestCity(2000, 7));
  EXPECT_EQ(first, AllOf(TestCity(2000, 7)));
  EXPECT_NE(first, AllOf(TestCity(2000, 8)));
}

TEST(City, AnyPersonCanBeMadeAlone) {
  const TestCity town(20000, 3);
  People grid, alone;
  SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    const uint64_t number = random.Below(20000);
    town.city.Fill(town.plan.GridOf(number), &grid);
    town.city.FillHousehold(number, &alone);
    std::string expected, made;
    const Person& person = grid.persons[number - grid.persons.front().number];
    ASSERT_EQ(person.number, number);
    AppendPerson(town.city, grid, person, &expected);
    AppendPerson(town.city, alone, alone.persons[number - alone.persons.front().number], &made);
    EXPECT_EQ(made, expected);
  }
}

TEST(City, HasTheAgesSexesAndHouseholdsOfTheCensus) {
  const TestCity town(120000, 5);
  const Census& census = town.tables.census;
  std::array<double, 2 * kAgeBins> ages{};
  std::array<double, kSizeBins> sizes{};
  double dormitory = 0, households = 0, all = 0, people_of_census = 0, size_sum = 0;
  town.ForEachGrid([&](const People& people) {
    for (const Person& person : people.persons) {
      ages[AgeBin(person.age) * 2 + person.male] += 1;
      EXPECT_LE(person.age, kAgeMax);
    }
    for (const Household& household : people.households) {
      if (household.dormitory) {
        dormitory += 1;
      } else {
        sizes[std::min<size_t>(household.count, kSizeBins) - 1] += 1;
        households += 1;
      }
    }
    all += static_cast<double>(people.persons.size());
  });
  EXPECT_EQ(all, 120000);
  for (size_t bin = 0; bin < kAgeBins; ++bin) people_of_census += census.male[bin] + census.female[bin];
  for (const double share : census.household_size) size_sum += share;
  for (size_t bin = 0; bin < kAgeBins; ++bin) {
    EXPECT_NEAR(ages[bin * 2 + 1] / all, census.male[bin] / people_of_census, 0.004)
        << "men, from age " << bin * 5;
    EXPECT_NEAR(ages[bin * 2] / all, census.female[bin] / people_of_census, 0.004)
        << "women, from age " << bin * 5;
  }
  for (size_t bin = 0; bin < kSizeBins; ++bin)
    EXPECT_NEAR(sizes[bin] / households, census.household_size[bin] / size_sum, 0.01)
        << "households of " << bin + 1;
  EXPECT_NEAR(dormitory / all, census.collective_share, 0.005);
}

TEST(City, NumbersAreValidAndNobodyElses) {
  // One county alone needs a second code beyond 158,410 people, and its people change codes with each other's.
  Tables tables = TestTables();
  tables.places.counties.resize(1);
  tables.census.corrected_id_per_10000 = 500;
  const TestCity town(165000, 11, std::move(tables));
  ASSERT_EQ(town.plan.register_groups().size(), 2u);
  std::unordered_set<std::string> ids;
  std::unordered_set<uint64_t> mobiles;
  std::set<std::string> divisions;
  uint64_t earlier = 0;
  const auto check = [&](const ResidentId& id, bool male) {
    const std::string_view text = TextOf(id);
    EXPECT_EQ(text.substr(0, 4), "3801");
    EXPECT_EQ(text[17], CheckCharacter(text.substr(0, 17)));
    EXPECT_EQ((text[16] - '0') % 2 == 1, male);
    EXPECT_LT(text.substr(14, 3), "996");
    EXPECT_TRUE(ids.emplace(text).second) << "two people have one number";
    divisions.emplace(text.substr(0, 6));
  };
  town.ForEachGrid([&](const People& people) {
    for (const Person& person : people.persons) {
      check(person.id, person.male);
      std::string birth;
      AppendDate(person.birth, &birth);
      std::erase(birth, '-');
      EXPECT_EQ(TextOf(person.id).substr(6, 8), birth);
      if (person.has_earlier_id) {
        check(person.earlier_id, person.male);
        ++earlier;
      }
      if (person.mobile == 0) continue;
      EXPECT_EQ(person.mobile / 100'000'000, 160u);
      EXPECT_TRUE(mobiles.insert(person.mobile).second);
    }
  });
  EXPECT_EQ(divisions.size(), 2u);
  EXPECT_GT(earlier, 4000u);
}

TEST(City, SlotsAreOneToOneAndTwinsHaveTheirOwn) {
  std::unordered_set<uint32_t> seen;
  for (uint64_t i = 0; i < kSlotsPerDivision; ++i) {
    const RegisterSlot slot = SlotOf(99, i);
    EXPECT_LT(slot.day, 365);
    EXPECT_LT(slot.rank, 496);
    EXPECT_TRUE(seen.insert(slot.day * 1000u + slot.rank).second);
    if (MayHaveTwin(slot)) {
      EXPECT_TRUE(seen.insert(slot.day * 1000u + TwinOf(slot).rank).second);
    }
  }
}

TEST(City, HasTwinsNewbornsAndBirthdaysOfEveryKind) {
  const TestCity town(150000, 2);
  uint64_t births = 0, twins = 0, alike = 0, newborns = 0, leap = 0;
  town.ForEachGrid([&](const People& people) {
    for (const Person& person : people.persons) {
      if (person.birth.month == 2 && person.birth.day == 29) ++leap;
      if (person.age == 0 && !person.has_id) ++newborns;
      EXPECT_EQ(person.has_id,
                person.outsider == nullptr &&
                    (person.birth.year < 2025 || person.birth.month < 12 || person.birth.day < 2));
      if (person.role != Role::kChild) continue;
      ++births;
      if (person.twin == kNobody) continue;
      ++twins;
      const Person& other = people.persons[static_cast<size_t>(person.twin) - people.persons.front().number];
      EXPECT_EQ(other.twin, static_cast<int64_t>(person.number));
      EXPECT_EQ(other.mother, person.mother);
      EXPECT_EQ(TextOf(other.id).substr(0, 14), TextOf(person.id).substr(0, 14));
      EXPECT_NE(TextOf(other.id), TextOf(person.id));
      EXPECT_NE(other.Name(), person.Name());
      alike += CharactersOf(other.Name())[1] == CharactersOf(person.Name())[1];
    }
  });
  EXPECT_NEAR(static_cast<double>(twins) / static_cast<double>(births), 0.020, 0.006);
  EXPECT_GT(alike * 2, twins);
  EXPECT_GT(newborns, 20u);
  EXPECT_GT(leap, 15u);
}

TEST(Plan, AreasTileAndNest) {
  for (const uint64_t persons : {1000u, 60000u, 400000u}) {
    const TestCity town(persons, 4);
    const Plan& plan = town.plan;
    EXPECT_EQ(plan.persons(), persons);
    std::set<std::string> codes;
    for (const Area& area : plan.areas()) {
      const auto ring = plan.Ring(area);
      EXPECT_TRUE(codes.insert(area.code).second);
      EXPECT_TRUE(IsSimple(ring)) << area.code;
      EXPECT_GT(TwiceArea(ring), 0) << "counterclockwise: " << area.code;
      EXPECT_TRUE(IsInside(plan.Centre(area), ring)) << area.code;
      if (area.level != Level::kCity) {
        EXPECT_TRUE(area.code.starts_with(plan.area(area.parent).code));
      }
      if (area.level == Level::kGrid) continue;
      Wide sum = 0;
      uint64_t people = 0;
      for (uint32_t child = area.first_child; child < area.first_child + area.children; ++child) {
        sum += TwiceArea(plan.Ring(plan.area(child)));
        people += plan.area(child).persons;
        EXPECT_EQ(&plan.area(plan.area(child).parent), &area);
      }
      EXPECT_TRUE(sum == TwiceArea(ring)) << "children cover it exactly: " << area.code;
      EXPECT_EQ(people, area.persons);
    }
    for (uint64_t person = 0; person < persons; person += 97) {
      const Area& grid = plan.area(plan.GridOf(person));
      EXPECT_TRUE(person >= grid.first_person && person < grid.first_person + grid.persons);
    }
  }
}

TEST(Plan, EveryAreaHasTheInstitutionsOfItsLevel) {
  const TestCity town(60000, 4);
  std::set<std::string> codes;
  std::map<std::string, uint64_t> kinds;
  for (const Institution& institution : town.plan.institutions()) {
    EXPECT_EQ(institution.credit_code.size(), 18u);
    EXPECT_TRUE(codes.insert(institution.credit_code).second);
    EXPECT_EQ(institution.name.find('{'), std::string::npos) << institution.name;
    EXPECT_TRUE(town.plan.area(institution.grid).code.starts_with(town.plan.area(institution.area).code));
    ++kinds[town.tables.places.institutions[institution.kind].kind];
  }
  const auto count = [&](Level level) {
    return static_cast<uint64_t>(std::count_if(town.plan.areas().begin(), town.plan.areas().end(),
                                               [&](const Area& area) { return area.level == level; }));
  };
  EXPECT_EQ(kinds["tertiary"], 1u);
  EXPECT_EQ(kinds["secondary"], count(Level::kCounty));
  EXPECT_EQ(kinds["cdc"], count(Level::kCounty) + 1);
  EXPECT_EQ(kinds["centre"], count(Level::kTownship));
  EXPECT_EQ(kinds["clinic"], count(Level::kVillage));
}

TEST(Ident, ChecksAsTheStandardsSay) {
  EXPECT_EQ(CheckCharacter("11010519491231002"), 'X');  // the example of GB 11643
  // By the definition of GB 32100: what is missing of the weighted sum of seventeen to a multiple of 31 is the last.
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  for (const uint64_t number : {1u, 12345678u, 99999999u}) {
    const std::string code = CreditCode("12", "380102", number);
    size_t sum = 0, weight = 1;
    for (size_t i = 0; i < 17; ++i) {
      sum += kAlphabet.find(code[i]) * weight;
      weight = weight * 3 % 31;
    }
    EXPECT_EQ((sum + kAlphabet.find(code[17])) % 31, 0u) << code;
  }
}

TEST(Lunar, KnowsNewYearsLeapMonthsAndTheirLimits) {
  const auto text = [](CivilDate date) {
    std::string out;
    if (const auto lunar = LunarDateOf(date)) AppendDate(*lunar, &out);
    return out;
  };
  EXPECT_EQ(text({2020, 1, 25}), "2020-01-01");
  EXPECT_EQ(text({1949, 10, 1}), "1949-08-10");
  EXPECT_EQ(text({2020, 6, 1}), "2020-04-10");   // in the second fourth month
  EXPECT_EQ(text({2020, 1, 24}), "2019-12-30");  // New Year's Eve
  EXPECT_EQ(text({1900, 1, 1}), "");
}

}  // namespace
}  // namespace tk::city
