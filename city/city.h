// The truth: who lives in Anhe. Every person is a function of (seed, number of persons, his number), made together with his household.
// Flow:   Plan, Tables → City → Fill(grid) or FillHousehold(person) → People
// Order:  persons are numbered by grid, in a grid by household, in a household from its head; so a county is a range of numbers.
// Cost:   ~2 µs a person by the grid; one alone some 20 µs, as the sizes of his grid's households are drawn before his.
#pragma once

#include <vector>

#include "city/household.h"
#include "city/ident.h"
#include "city/plan.h"

namespace tk::city {

inline constexpr int64_t kNobody = -1;

struct Person {
  uint64_t number;
  uint32_t household;  // of People::households
  Role role;
  bool male;
  int age;  // in years, on the census's as_of
  CivilDate birth;
  const Outsider* outsider = nullptr;  // has no resident number, but a document
  const Surname* family = nullptr;     // nullptr: `given` is the whole name, or with his father's, `second`
  std::string given, second, former_given;
  const RareCharacter* rare = nullptr;     // a character of `given` that old programs do not have
  std::string document, earlier_document;  // of an outsider; passports change when they are renewed
  ResidentId id, earlier_id;
  bool has_id = true;           // newborns get theirs after some weeks
  bool has_earlier_id = false;  // corrected since: another year of birth, and both are valid numbers
  uint64_t mobile = 0;          // his own; 0: none
  int64_t mother = kNobody, father = kNobody, twin = kNobody;

  /// As on his card.
  std::string Name() const;
};

struct Address {
  uint32_t road, number, building, unit, room;
};

struct Household {
  uint32_t grid;  // a number of an area
  uint32_t ordinal;
  bool dormitory;
  Address address;
  uint64_t landline;      // without area code; 0: none
  uint32_t first, count;  // of People::persons
};

struct People {
  std::vector<Household> households;
  std::vector<Person> persons;
};

class City {
 public:
  /// `plan` and `tables` must outlive it.
  City(const Plan& plan, const Tables& tables);

  const Plan& plan() const { return plan_; }
  const Tables& tables() const { return tables_; }
  const HouseholdModel& households() const { return model_; }

  /// Everybody in a grid (a number of an area). Thread-safe; reuses what `people` has.
  void Fill(uint32_t grid, People* people) const;
  /// One household, that of a person; `people->persons[i].number` says which one he is. The same as Fill makes.
  void FillHousehold(uint64_t person, People* people) const;

  /// The number that is a person's own if he has a mobile phone; one to one.
  uint64_t MobileOf(uint64_t person) const;
  /// The place as people write it.
  std::string AddressText(const Household& household) const;

 private:
  struct Drawn {  // a household before its people are made
    size_t cell;
    uint32_t ordinal, size;
    uint64_t first_person;
  };
  std::vector<Drawn> DrawGrid(uint32_t grid) const;
  void Make(uint32_t grid, const Drawn& drawn, People* people, std::vector<Member>* members) const;
  void MakeNumbers(Person* person, uint32_t county, const Person* twin_of) const;
  RegisterSlot SlotOfPerson(uint64_t number, uint32_t county, std::string_view* division) const;
  void MakeDocument(Person* person) const;
  void NamePeople(Household* household, SeededRandom* random, People* people) const;
  void NamePerson(Person* person, SeededRandom* random, const Person* twin_of) const;
  std::string GivenName(const Person& person, SeededRandom* random, const std::string& shared) const;
  void BearTwins(const Drawn& drawn, uint32_t county, SeededRandom* random, std::vector<Member>* members,
                 int* twin) const;

  const Plan& plan_;
  const Tables& tables_;
  HouseholdModel model_;
};

}  // namespace tk::city
