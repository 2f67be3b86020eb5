// Names: surnames go down in the family, given names are of their time.
#include "city/city.h"

#include <fmt/format.h>

namespace tk::city {
namespace {

constexpr uint64_t kDocumentNumbers = 10'000'000;

/// Whole households come from elsewhere; nullptr for most.
const Outsider* OutsiderOf(const Names& names, SeededRandom random) {
  uint64_t draw = random.Below(10000);
  for (const Outsider& outsider : names.outsiders) {
    if (draw < outsider.per_10000) return &outsider;
    draw -= outsider.per_10000;
  }
  return nullptr;
}

}  // namespace

/// A permit's eight digits begin with 9, as none does that was given; a passport's letters are no country's.
void City::MakeDocument(Person* person) const {
  const auto number = [&](uint64_t turn) {
    return Permute(KeyOf(plan_.seed(), Draw::kOutsider, ~turn), kDocumentNumbers, person->number);
  };
  const bool passport = person->outsider->document == "passport";
  person->has_id = person->has_earlier_id = false;
  person->document = fmt::format("{}{}{:07}", person->outsider->prefix, passport ? "" : "9", number(0));
  if (passport) person->earlier_document = fmt::format("{}{:07}", person->outsider->prefix, number(1));
}

void City::NamePeople(Household* household, SeededRandom* random, People* people) const {
  const Names& names = tables_.names;
  const auto draw = [&] { return &names.surnames[names.surname.Pick(random)]; };
  Person* const first = &people->persons[household->first];
  const bool minority = Chance(random, names.minority_per_10000, 10000);
  const Surname* const head = draw();
  const Surname* const spouse = draw();
  const Surname* const absent = draw();  // of a father who does not live here, say
  const bool mothers = Chance(random, tables_.census.surname_of_mother_per_1000, 1000);
  const Outsider* const outsider = OutsiderOf(names, StreamOf(plan_.seed(), Draw::kOutsider, first->number));
  const bool foreign = outsider != nullptr && outsider->document == "passport";
  const bool couple = household->count > 1 && first[1].role == Role::kSpouse;
  for (uint32_t i = 0; i < household->count; ++i) {
    Person& person = first[i];
    switch (person.role) {
      case Role::kHead:
      case Role::kDormitory:
        person.family = head;
        break;
      case Role::kSpouse:
        person.family = spouse;
        break;
      case Role::kChild:
        person.family = first[0].male ? (mothers && couple ? spouse : head) : (mothers ? head : absent);
        break;
      case Role::kGrandchild:
        person.family = first[0].male && !mothers ? head : absent;
        break;
      case Role::kParent:
        person.family = person.male ? head : draw();
        break;
      case Role::kGrandparent:
      case Role::kSharer:
        person.family = draw();
        break;
    }
    person.outsider = outsider;
    if (minority || foreign) person.family = nullptr;
    if (outsider != nullptr) MakeDocument(&person);
    const bool younger_twin = person.twin >= 0 && person.twin < static_cast<int64_t>(person.number);
    SeededRandom own = StreamOf(plan_.seed(), Draw::kPerson, person.number);
    NamePerson(&person, &own, younger_twin ? &person - 1 : nullptr);
  }
}

void City::NamePerson(Person* person, SeededRandom* random, const Person* twin_of) const {
  const Names& names = tables_.names;
  if (person->family == nullptr && person->outsider != nullptr) {
    person->given = names.foreign_given[random->Below(names.foreign_given.size())];
    person->given += " " + names.foreign_family[random->Below(names.foreign_family.size())];
    return;
  }
  if (person->family == nullptr) {
    const auto& own = names.minority[person->male ? 1 : 0];
    const auto& fathers = names.minority[1];
    person->given = own[random->Below(own.size())][0];
    person->second = fathers[random->Below(fathers.size())][0];
    return;
  }
  // Most twins share a character of their names.
  std::string shared;
  if (twin_of != nullptr && Chance(random, 70, 100)) shared = CharactersOf(twin_of->given)[0];
  person->given = GivenName(*person, random, shared);
  if (twin_of != nullptr) {
    for (int i = 0; i < 8 && person->given == twin_of->given; ++i)
      person->given = GivenName(*person, random, shared);
  }
  if (Chance(random, names.rare_per_10000, 10000)) {
    person->rare = &names.rare[random->Below(names.rare.size())];
    // In place of the last character.
    auto characters = CharactersOf(person->given);
    characters.back() = person->rare->text;
    person->given.clear();
    for (const std::string& character : characters) person->given += character;
  }
  if (person->age >= 3 && Chance(random, tables_.census.former_name_per_1000, 1000)) {
    person->former_given = GivenName(*person, random, {});
    if (person->former_given == person->given) person->former_given.clear();
  }
}

std::string City::GivenName(const Person& person, SeededRandom* random, const std::string& shared) const {
  const auto& cohorts = tables_.names.cohorts;
  size_t at = 0;
  while (at + 1 < cohorts.size() && static_cast<uint32_t>(person.birth.year) >= cohorts[at + 1].from_year)
    ++at;
  const Cohort& cohort = cohorts[at];
  const size_t sex = person.male ? 1 : 0;
  const auto character = [&] { return cohort.characters[sex][cohort.character[sex].Pick(random)]; };
  if (!shared.empty()) return shared + character();
  if (Chance(random, cohort.popular_percent, 100))
    return cohort.popular[sex][random->Below(cohort.popular[sex].size())];
  if (Chance(random, cohort.one_character_percent, 100)) return character();
  std::string name = character();
  name += character();
  return name;
}

}  // namespace tk::city
