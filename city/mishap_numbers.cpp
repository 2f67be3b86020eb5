// Birth dates and phones as sources have them.
#include <fmt/format.h>

#include "city/lunar.h"
#include "city/mishap.h"

namespace tk::city {
namespace {

/// A day that there is, near to the true one: a slip of the hand in year or day.
CivilDate Slipped(CivilDate date, int year_max, SeededRandom* random) {
  const uint64_t way = random->Below(3);
  if (way == 0 && date.day <= 28) {
    date.day = static_cast<int>((static_cast<uint64_t>(date.day) + random->Below(27)) % 28 + 1);
    return date;
  }
  const int years = way == 1 ? 1 : 10;
  date.year += date.year + years <= year_max && Chance(random, 1, 2) ? years : -years;
  date.day = std::min(date.day, 28);
  return date;
}

}  // namespace

void Mishap::Birth() {
  const CivilDate birth = person_.birth;
  std::string text;
  if (Strikes(Trap::kBirthMissing, true)) {
    record_.birth.clear();
    return;
  }
  const auto lunar = LunarDateOf(birth);
  if (Strikes(Trap::kBirthLunar, person_.age > 35 && lunar.has_value())) {
    AppendDate(*lunar, &text);
  } else if (Strikes(Trap::kBirthNominalAge, person_.age > 5)) {
    AppendDate({birth.year - 1, 1, 1}, &text);
  } else if (Strikes(Trap::kBirthFiller, true)) {
    AppendDate({birth.year, 1, 1}, &text);
  } else if (Strikes(Trap::kBirth1900, true)) {
    AppendDate({1900, 1, 1}, &text);
  } else if (Strikes(Trap::kBirthSwapped, birth.day <= 12 && birth.day != birth.month)) {
    AppendDate({birth.year, birth.day, birth.month}, &text);
  } else if (Strikes(Trap::kBirthYearOnly, true)) {
    text = std::to_string(birth.year);
  } else if (Strikes(Trap::kBirthTypo, true)) {
    AppendDate(Slipped(birth, city_.tables().census.as_of.year - 1, &random_), &text);
  } else {
    return;
  }
  record_.birth = text;
}

void Mishap::Phone() {
  const Places& places = city_.tables().places;
  const auto reachable = [](const Person& other) { return other.mobile != 0; };
  const Person* const relative = Relative(reachable);
  if (Strikes(Trap::kPhoneMissing, person_.mobile != 0 || relative != nullptr)) return;
  if (Strikes(Trap::kPhonePlaceholder, true)) {
    record_.phone = PickPlaceholder();
    return;
  }
  if (Strikes(Trap::kPhoneShared, true)) {
    // The number of the clinic, the school, the agent who brought him.
    record_.phone = fmt::format("{}{:08}", places.area_code, 60'000'000 + record_.institution);
    return;
  }
  if (Strikes(Trap::kPhoneLandline, household().landline != 0)) {
    record_.phone = fmt::format("{}-{}", places.area_code, household().landline);
    if (Chance(&random_, 1, 10)) record_.phone += fmt::format("转{}", 801 + random_.Below(99));
    return;
  }
  if (Strikes(Trap::kPhoneFormer, person_.mobile != 0)) {
    const uint64_t former = random_.Below(2);
    if (former == 0) {
      record_.phone = fmt::format("{}{:08}", places.former_mobile_prefix, person_.mobile % 100'000'000);
    } else {
      // Given to somebody else since.
      const uint64_t other = random_.Below(city_.plan().persons());
      record_.phone = std::to_string(city_.MobileOf(other));
      record_.other_person = other;
    }
    return;
  }
  const bool family = Strikes(Trap::kPhoneFamily, person_.mobile != 0 && relative != nullptr);
  uint64_t number = person_.mobile;
  if (number == 0 || family) {
    // Children and the old are reached through the family; that is no error, and told all the same.
    if (relative == nullptr) return;
    number = relative->mobile;
    record_.traps |= uint64_t{1} << static_cast<unsigned>(Trap::kPhoneFamily);
  }
  record_.phone = std::to_string(number);
  if (!Strikes(Trap::kPhoneFormat, true)) return;
  switch (random_.Below(5)) {
    case 0:
      record_.phone.insert(0, "+86");
      break;
    case 1:
      record_.phone.insert(0, "0086");
      break;
    case 2:
      record_.phone.insert(0, "17951");
      break;
    case 3:
      record_.phone.insert(7, " ").insert(3, " ");
      break;
    default:
      record_.phone.insert(7, "-").insert(3, "-");
      break;
  }
}

const std::string& Mishap::PickPlaceholder() {
  const auto& placeholders = city_.tables().noise.placeholder_phones;
  return placeholders[random_.Below(placeholders.size())];
}

}  // namespace tk::city
