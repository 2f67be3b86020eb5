#include "city/city.h"

#include <fmt/format.h>

namespace tk::city {
namespace {

constexpr int kDaysUntilNumber = 30;  // newborns are registered within a month
constexpr uint64_t kMobileNumbers = 100'000'000;

/// The county a grid lies in, 0 … counties - 1: they are the areas after the city.
uint32_t CountyOf(const Plan& plan, uint32_t grid) { return plan.Above(grid, Level::kCounty) - 1; }

uint32_t UpTo(SeededRandom* random, uint32_t most) { return 1 + static_cast<uint32_t>(random->Below(most)); }

}  // namespace

std::string Person::Name() const {
  if (family != nullptr) return family->text + given;
  return second.empty() ? given : given + "·" + second;
}

City::City(const Plan& plan, const Tables& tables)
    : plan_(plan), tables_(tables), model_(HouseholdModel::Fit(tables.census)) {}

std::vector<City::Drawn> City::DrawGrid(uint32_t grid) const {
  constexpr int kTries = 6;
  const Area& area = plan_.area(grid);
  SeededRandom random = StreamOf(plan_.seed(), Draw::kCells, grid);
  std::vector<Drawn> drawn;
  uint64_t left = area.persons;
  while (left > 0) {
    // The last places are too few for most households: those who do not fit look elsewhere, and at last somebody lives there alone.
    size_t cell = model_.Pick(&random);
    for (int i = 0; i < kTries && model_.KindOf(cell).size() > left; ++i) cell = model_.Pick(&random);
    if (model_.KindOf(cell).size() > left) cell = model_.PickSingle(&random);
    const auto size = static_cast<uint32_t>(model_.KindOf(cell).size());
    drawn.push_back(
        {cell, static_cast<uint32_t>(drawn.size()), size, area.first_person + area.persons - left});
    left -= size;
  }
  return drawn;
}

void City::Fill(uint32_t grid, People* people) const {
  people->households.clear();
  people->persons.clear();
  std::vector<Member> members;
  for (const Drawn& drawn : DrawGrid(grid)) Make(grid, drawn, people, &members);
}

void City::FillHousehold(uint64_t person, People* people) const {
  people->households.clear();
  people->persons.clear();
  const uint32_t grid = plan_.GridOf(person);
  std::vector<Member> members;
  for (const Drawn& drawn : DrawGrid(grid)) {
    if (person < drawn.first_person + drawn.size) return Make(grid, drawn, people, &members);
  }
}

RegisterSlot City::SlotOfPerson(uint64_t number, uint32_t county, std::string_view* division) const {
  const uint64_t seed = plan_.seed();
  const uint64_t local = number - plan_.area(1 + county).first_person;
  const auto& groups = plan_.register_groups();
  const uint64_t group = plan_.FirstGroup(county) + local / kSlotsPerDivision;
  const uint64_t place = local % kSlotsPerDivision;
  // Some were born in another county and keep its code. They change codes with whoever has the same slot there, so that no slot has two:
  // for each slot the groups are paired, and a pair changes or does not.
  const uint64_t turn = KeyOf(seed, Draw::kMove, place) % groups.size();
  const uint64_t other = (turn + groups.size() - group) % groups.size();
  SeededRandom move = StreamOf(seed, Draw::kMove, (std::min(group, other) << 32) | place);
  const bool moved = Chance(&move, tables_.census.registered_elsewhere_percent, 100);
  *division = groups[moved ? other : group].code;
  // One key for all groups: the slot of a place is the same in each.
  return SlotOf(KeyOf(seed, Draw::kSlot, 0), place);
}

void City::MakeNumbers(Person* person, uint32_t county, const Person* twin_of) const {
  const Census& census = tables_.census;
  std::string_view division;
  RegisterSlot slot = SlotOfPerson(twin_of == nullptr ? person->number : twin_of->number, county, &division);
  if (twin_of != nullptr) slot = TwinOf(slot);
  const int year = census.as_of.year - 1 - person->age;
  person->birth = twin_of == nullptr ? BirthOf(slot, year) : twin_of->birth;
  person->id = ResidentIdOf(division, slot, person->birth, person->male);
  person->earlier_id = person->id;
  const int64_t days_old = DaysFromCivil(census.as_of.year, 1, 1) -
                           DaysFromCivil(person->birth.year, person->birth.month, person->birth.day);
  person->has_id = days_old > kDaysUntilNumber;
  SeededRandom random = StreamOf(plan_.seed(), Draw::kMobile, person->number);
  size_t band = 0;
  while (band + 1 < census.mobile_from.size() &&
         static_cast<uint32_t>(person->age) >= census.mobile_from[band + 1])
    ++band;
  if (Chance(&random, census.mobile_percent[band], 100)) person->mobile = MobileOf(person->number);
  person->has_earlier_id = person->age > 20 && Chance(&random, census.corrected_id_per_10000, 10000);
  if (person->has_earlier_id) {
    // A slot is one person's in every year, so the former number is nobody else's either.
    const int years = static_cast<int>(1 + random.Below(3));
    const int other_year = Chance(&random, 1, 2) ? year + years : year - years;
    person->earlier_id = ResidentIdOf(division, slot, BirthOf(slot, other_year), person->male);
  }
}

uint64_t City::MobileOf(uint64_t person) const {
  uint64_t prefix = 0;
  for (const char c : tables_.places.mobile_prefix) prefix = prefix * 10 + static_cast<uint64_t>(c - '0');
  return prefix * kMobileNumbers + Permute(KeyOf(plan_.seed(), Draw::kMobile, ~0ULL), kMobileNumbers, person);
}

void City::BearTwins(const Drawn& drawn, uint32_t county, SeededRandom* random, std::vector<Member>* members,
                     int* twin) const {
  *twin = -1;
  const HouseholdKind& kind = model_.KindOf(drawn.cell);
  const bool wanted = random->Unit() < model_.twins_share() * 7;  // of seven slots one may have a twin
  const bool same = Chance(random, 65, 100);  // a third are identical, half of the others alike in sex
  if (kind.children < 2 || !wanted) return;
  const auto first = static_cast<size_t>(
      std::find_if(members->begin(), members->end(), [](const Member& m) { return m.role == Role::kChild; }) -
      members->begin());
  std::string_view division;
  if (!MayHaveTwin(SlotOfPerson(drawn.first_person + first, county, &division))) return;
  *twin = static_cast<int>(first);
  Member& second = (*members)[first + 1];
  second.age = (*members)[first].age;
  second.male = (*members)[first].male == same;
}

void City::Make(uint32_t grid, const Drawn& drawn, People* people, std::vector<Member>* members) const {
  SeededRandom random = StreamOf(plan_.seed(), Draw::kHousehold, (uint64_t{grid} << 32) | drawn.ordinal);
  const uint32_t county = CountyOf(plan_, grid);
  model_.Sample(drawn.cell, &random, members);
  int twin = -1;
  BearTwins(drawn, county, &random, members, &twin);
  Household household{};
  household.grid = grid;
  household.ordinal = drawn.ordinal;
  household.dormitory = model_.IsDormitory(drawn.cell);
  household.first = static_cast<uint32_t>(people->persons.size());
  household.count = drawn.size;
  const bool urban = plan_.area(grid).urban;
  household.address = {static_cast<uint32_t>(random.Below(tables_.places.roads.size())),
                       UpTo(&random, urban ? 260 : 180), UpTo(&random, 24), UpTo(&random, 4),
                       UpTo(&random, 18) * 100};
  household.address.room += UpTo(&random, 4);
  const uint64_t landline = 70'000'000 + random.Below(10'000'000);
  if (Chance(&random, 15, 100)) household.landline = landline;
  for (size_t i = 0; i < members->size(); ++i) {
    const Member& member = (*members)[i];
    Person person{};
    person.mother = person.father = person.twin = kNobody;
    person.has_id = true;
    person.number = drawn.first_person + i;
    person.household = static_cast<uint32_t>(people->households.size());
    person.role = member.role;
    person.male = member.male;
    person.age = member.age;
    if (member.mother >= 0) person.mother = static_cast<int64_t>(drawn.first_person) + member.mother;
    if (member.father >= 0) person.father = static_cast<int64_t>(drawn.first_person) + member.father;
    const bool younger_twin = twin >= 0 && i == static_cast<size_t>(twin) + 1;
    MakeNumbers(&person, county, younger_twin ? &people->persons.back() : nullptr);
    if (younger_twin) {
      person.twin = static_cast<int64_t>(person.number) - 1;
      people->persons.back().twin = static_cast<int64_t>(person.number);
    }
    people->persons.push_back(std::move(person));
  }
  NamePeople(&household, &random, people);
  people->households.push_back(household);
}

std::string City::AddressText(const Household& household) const {
  const Area& village = plan_.area(plan_.area(household.grid).parent);
  const Address& address = household.address;
  std::string text = village.full_name;
  if (household.dormitory) {
    text += fmt::format("{}{}号集体宿舍{}室", tables_.places.roads[address.road], address.number % 9 + 1,
                        address.room);
  } else if (village.urban) {
    text += fmt::format("{}{}号{}幢{}单元{}室", tables_.places.roads[address.road], address.number,
                        address.building, address.unit, address.room);
  } else {
    text += fmt::format("{}组{}号", address.building, address.number);
  }
  return text;
}

}  // namespace tk::city
