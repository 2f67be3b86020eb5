#include "city/mishap.h"

#include <fmt/format.h>

#include "kernel/base/text.h"

namespace tk::city {
namespace {

template <class List>
const auto& PickOf(const List& list, SeededRandom* random) {
  return list[random->Below(list.size())];
}

std::string FullWidth(std::string_view text) {
  std::string wide;
  for (const char c : text) {
    // U+FF10 + digit, or U+FF38 for X, in UTF-8.
    wide += "\xEF\xBC";
    wide += static_cast<char>(c == 'X' ? 0xB8 : 0x90 + (c - '0'));
  }
  return wide;
}

std::string Joined(const std::vector<std::string>& characters) {
  std::string text;
  for (const std::string& character : characters) text += character;
  return text;
}

/// A reading as the neighbours say it: one of the usual confusions, or empty if it has none.
std::string DialectOf(const std::string& reading, SeededRandom* random) {
  struct Swap {
    std::string_view from, to;
  };
  constexpr std::array<Swap, 10> kBegins = {{{"zh", "z"},
                                             {"ch", "c"},
                                             {"sh", "s"},
                                             {"z", "zh"},
                                             {"c", "ch"},
                                             {"s", "sh"},
                                             {"n", "l"},
                                             {"l", "n"},
                                             {"f", "h"},
                                             {"h", "f"}}};
  constexpr std::array<Swap, 6> kEnds = {
      {{"ang", "an"}, {"eng", "en"}, {"ing", "in"}, {"an", "ang"}, {"en", "eng"}, {"in", "ing"}}};
  std::vector<std::string> ways;
  for (const Swap& swap : kBegins) {
    if (!reading.starts_with(swap.from)) continue;
    ways.push_back(std::string(swap.to) + reading.substr(swap.from.size()));
    break;
  }
  for (const Swap& swap : kEnds) {
    if (!reading.ends_with(swap.from)) continue;
    ways.push_back(reading.substr(0, reading.size() - swap.from.size()) + std::string(swap.to));
    break;
  }
  return ways.empty() ? std::string() : PickOf(ways, random);
}

/// As passports and forms write a reading: ü is YU, V or U.
std::string Roman(std::string_view reading, std::string_view umlaut) {
  std::string text;
  for (const char c : reading) {
    if (c == 'v')
      text += umlaut;
    else
      text += static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

bool Mishap::Strikes(Trap trap, bool possible) {
  if (!possible) return false;
  const auto index = static_cast<size_t>(trap);
  const uint64_t rate = std::min<uint64_t>(uint64_t{rates_.per_10000[index]} * rates_.percent, 1'000'000);
  ++counts_.could[index];
  counts_.expected_millionths[index] += rate;
  if (!Chance(&random_, rate, 1'000'000)) return false;
  ++counts_.did[index];
  record_.traps |= uint64_t{1} << index;
  return true;
}

const Person* Mishap::InGrid(int64_t number) const {
  return number == kNobody ? nullptr
                           : &people_.persons[static_cast<size_t>(number) - people_.persons.front().number];
}

const Person* Mishap::Relative(const std::function<bool(const Person&)>& fits) {
  const Household& home = household();
  std::vector<const Person*> fitting;
  for (uint32_t i = 0; i < home.count; ++i) {
    const Person& other = people_.persons[home.first + i];
    if (other.number != person_.number && fits(other)) fitting.push_back(&other);
  }
  return fitting.empty() ? nullptr : PickOf(fitting, &random_);
}

void Mishap::Bear(const Person& other, const ResidentId& id) {
  record_.other_person = other.number;
  record_.resident_id = TextOf(id);
}

void Mishap::Document() {
  record_.outsider = person_.outsider;
  if (Strikes(Trap::kIdMissing, true)) return;
  record_.document = person_.document;
  if (Strikes(Trap::kDocumentRenewed, !person_.earlier_document.empty())) {
    record_.document = person_.earlier_document;
  } else if (Strikes(Trap::kDocumentLong, person_.outsider->document == "hk-macau-permit")) {
    record_.document += "01";  // with the number of the issue, as on older cards
  } else if (Strikes(Trap::kIdWrongField, true)) {
    record_.resident_id.swap(record_.document);
  }
}

void Mishap::ResidentNumber() {
  if (person_.outsider != nullptr) return Document();
  const auto has_id = [](const Person& other) { return other.has_id; };
  const Person* const twin = InGrid(person_.twin);
  const Person* const mother = InGrid(person_.mother);
  if (Strikes(Trap::kIdOfMother, mother != nullptr && person_.age < 6)) return Bear(*mother, mother->id);
  if (!person_.has_id) return;
  if (Strikes(Trap::kTwinMixed, twin != nullptr)) return Bear(*twin, twin->id);
  if (Strikes(Trap::kIdMissing, true)) return;
  record_.resident_id = TextOf(person_.id);
  if (Strikes(Trap::kIdEarlier, person_.has_earlier_id)) {
    record_.resident_id = TextOf(person_.earlier_id);
    return;
  }
  if (const Person* const relative = Relative(has_id); Strikes(Trap::kIdBorrowed, relative != nullptr))
    return Bear(*relative, relative->id);
  const Person& stranger = PickOf(people_.persons, &random_);
  if (Strikes(Trap::kIdDuplicate, stranger.household != person_.household && stranger.has_id))
    return Bear(stranger, stranger.id);
  if (Strikes(Trap::kIdPlaceholder, true)) {
    record_.resident_id = PickOf(city_.tables().noise.placeholder_ids, &random_);
    return;
  }
  if (Strikes(Trap::kIdWrongField, true)) {
    record_.id_in_card_field = true;
    return;
  }
  Misform();
}

void Mishap::Misform() {
  std::string& id = record_.resident_id;
  // Numbers of 15 digits were given until 1999-09-30.
  const bool old = person_.birth.year < 1999 || (person_.birth.year == 1999 && person_.birth.month < 10);
  if (Strikes(Trap::kIdShort, old)) {
    id = ShortResidentId(person_.id);
  } else if (Strikes(Trap::kIdXForm, id.back() == 'X')) {
    constexpr std::array<std::string_view, 8> kForms = {"x", "Ｘ", "ｘ", "Ⅹ", "Х", "Χ", "×", "*"};
    id.pop_back();
    id += PickOf(kForms, &random_);
  } else if (Strikes(Trap::kIdWidth, true)) {
    const uint64_t way = random_.Below(3);
    if (way == 0) id = FullWidth(id);
    if (way > 0) {
      const char between = way == 1 ? ' ' : '-';
      id.insert(14, 1, between);
      id.insert(6, 1, between);
    }
  } else if (Strikes(Trap::kIdTypo, true)) {
    char& digit = id[random_.Below(17)];
    digit = static_cast<char>('0' + (static_cast<uint64_t>(digit - '0') + 1 + random_.Below(9)) % 10);
  } else {
    // Two neighbours that differ, so that something is seen; every number has some.
    size_t at = random_.Below(16);
    for (size_t i = 0; i < 16 && id[at] == id[at + 1]; ++i) at = (at + 1) % 16;
    if (Strikes(Trap::kIdSwap, id[at] != id[at + 1])) std::swap(id[at], id[at + 1]);
  }
}

void Mishap::NameAs(std::string family, std::string given) {
  record_.name = family + given;
  record_.family = std::move(family);
  record_.given = std::move(given);
}

/// 李红之子, 李红之女, 李红之婴; twins 大双, 小双.
std::string Mishap::Unborn() const {
  if (record_.birth_order == 1) return record_.mother_name + "之大双";
  if (record_.birth_order == 2) return record_.mother_name + "之小双";
  return record_.mother_name + (record_.id % 5 == 0 ? "之婴" : person_.male ? "之子" : "之女");
}

void Mishap::Name(bool newborn) {
  const Names& names = city_.tables().names;
  if (person_.family == nullptr) {
    record_.name = person_.Name();
  } else {
    NameAs(person_.family->text, person_.given);
  }
  if (Strikes(Trap::kNameNewborn, newborn && !record_.mother_name.empty())) {
    record_.name = Unborn();
    record_.family.clear();
    record_.given.clear();
    record_.resident_id.clear();  // it had none then
    return;
  }
  if (Strikes(Trap::kNameUnknown, true)) {
    record_.name = PickOf(city_.tables().noise.unknown_names, &random_);
    record_.family.clear();
    record_.given.clear();
    return;
  }
  if (person_.family != nullptr) return Misspell();
  if (person_.second.empty()) return;  // a foreigner's
  if (Strikes(Trap::kNameDot, true)) {
    constexpr std::array<std::string_view, 10> kDots = {"•", "∙", "・", "‧", "●", "．", ".", "-", " ", ""};
    record_.name = person_.given;
    record_.name += PickOf(kDots, &random_);
    record_.name += person_.second;
  } else if (Strikes(Trap::kNameTransliteration, true)) {
    for (const auto& pair : names.minority[person_.male ? 1 : 0])
      if (pair[0] == person_.given) record_.name = pair[1] + "·" + person_.second;
  } else if (Strikes(Trap::kNameTruncated, true)) {
    auto characters = CharactersOf(record_.name);
    characters.resize(std::min<size_t>(characters.size(), 4));
    record_.name = Joined(characters);
  }
}

template <class Others>
bool Mishap::Replace(Trap trap, Others others) {
  auto given = CharactersOf(person_.given);
  const size_t at = random_.Below(given.size());
  std::vector<std::string> offered = others(given[at]);
  std::erase(offered, given[at]);
  if (!Strikes(trap, !offered.empty())) return false;
  given[at] = PickOf(offered, &random_);
  NameAs(person_.family->text, Joined(given));
  return true;
}

void Mishap::Misspell() {
  const Names& names = city_.tables().names;
  const auto of = [](const auto& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? std::vector<std::string>{} : found->second;
  };
  const auto reading = [&](const std::string& character) {
    const auto found = names.readings.find(character);
    return found == names.readings.end() ? std::string() : found->second;
  };
  if (person_.rare != nullptr && Strikes(Trap::kNameRareGlyph, true)) {
    const std::array<std::string, 7> instead = {
        "?", "□", "〓", "*", "\uE863", person_.rare->reading, person_.rare->parts};
    std::string given = person_.given;
    given.replace(given.size() - person_.rare->text.size(), std::string::npos, PickOf(instead, &random_));
    return NameAs(person_.family->text, given);
  }
  if (Replace(Trap::kNameHomophone, [&](const std::string& c) { return of(names.sound, reading(c)); }))
    return;
  if (Replace(Trap::kNameShape, [&](const std::string& c) { return of(names.shape, c); })) return;
  if (Replace(Trap::kNameDialect,
              [&](const std::string& c) { return of(names.sound, DialectOf(reading(c), &random_)); }))
    return;
  auto family = CharactersOf(person_.family->text), given = CharactersOf(person_.given);
  bool any = false;
  for (auto* part : {&family, &given}) {
    for (std::string& character : *part) {
      const auto form = names.traditional.find(character);
      if (form == names.traditional.end()) continue;
      character = form->second;
      any = true;
    }
  }
  if (Strikes(Trap::kNameTraditional, any)) return NameAs(Joined(family), Joined(given));
  Rewrite();
}

std::string Mishap::Latin() {
  const Names& names = city_.tables().names;
  constexpr std::array<std::string_view, 3> kUmlauts = {"YU", "V", "U"};
  const std::string_view umlaut = PickOf(kUmlauts, &random_);
  const auto general = names.readings.find(person_.family->text);
  // Some know only the usual reading of 单, 曾, 解.
  const bool misread = Chance(&random_, 15, 100) && general != names.readings.end();
  const std::string family = Roman(misread ? general->second : person_.family->reading, umlaut);
  std::string given, initials;
  for (const std::string& character : CharactersOf(person_.given)) {
    const auto found = names.readings.find(character);
    const std::string one = found != names.readings.end() ? Roman(found->second, umlaut)
                            : person_.rare != nullptr     ? Roman(person_.rare->reading, umlaut)
                                                          : std::string();
    given += one;
    initials += one.substr(0, 1);
  }
  switch (random_.Below(4)) {
    case 0:
      return family + " " + given;
    case 1:
      return given + " " + family;
    case 2:
      return family + given;
    default:
      return family + " " + initials + ".";
  }
}

void Mishap::Rewrite() {
  const Person* const husband =
      Relative([](const Person& other) { return other.role == Role::kHead && other.male; });
  const std::string& family = person_.family->text;
  if (Strikes(Trap::kNameAlias, !person_.family->alias.empty())) {
    NameAs(person_.family->alias, person_.given);
  } else if (Strikes(Trap::kNameFormer, !person_.former_given.empty())) {
    NameAs(family, person_.former_given);
  } else if (Strikes(Trap::kNameSplit, CharactersOf(family).size() > 1)) {
    const auto characters = CharactersOf(family);
    NameAs(characters[0], Joined({characters.begin() + 1, characters.end()}) + person_.given);
  } else if (Strikes(Trap::kNameMarried,
                     person_.role == Role::kSpouse && husband != nullptr && husband->family != nullptr)) {
    NameAs(husband->family->text + family, person_.given);
  } else if (Strikes(Trap::kNameLatin, true)) {
    record_.name = Latin();
    record_.family.clear();
    record_.given.clear();
  } else if (Strikes(Trap::kNamePinyinInside, person_.rare == nullptr)) {
    auto given = CharactersOf(person_.given);
    given.back() = city_.tables().names.readings.at(given.back());
    NameAs(family, Joined(given));
  } else if (Strikes(Trap::kNameNick, person_.age < 12 || person_.age > 65)) {
    const std::string last = CharactersOf(person_.given).back();
    NameAs(family, person_.age < 12 ? last + last : "小" + last);
  } else if (Strikes(Trap::kNameSpace, true)) {
    record_.name = family + (Chance(&random_, 1, 2) ? " " : "　") + person_.given;
  }
}

void Mishap::Sex() {
  if (Strikes(Trap::kSexWrong, true)) {
    record_.sex = person_.male ? 'f' : 'm';
  } else if (Strikes(Trap::kSexMissing, true)) {
    record_.sex = Chance(&random_, 1, 2) ? 'u' : ' ';
  }
}

void Mishap::Place() {
  const Plan& plan = city_.plan();
  const Area& village = plan.area(record_.area);
  const uint32_t county_number = plan.Above(record_.area, Level::kCounty);
  const Area& county = plan.area(county_number);
  const std::string& former = city_.tables().places.counties[county_number - 1].former;
  if (Strikes(Trap::kAddressMissing, true)) {
    record_.address.clear();
  } else if (Strikes(Trap::kAddressElsewhere, true)) {
    // Where he is registered, and does not live.
    const uint32_t grid = plan.GridOf(random_.Below(plan.persons()));
    record_.area = plan.area(grid).parent;
    record_.address = fmt::format("{}{}号", plan.area(record_.area).full_name, 1 + random_.Below(200));
  } else if (Strikes(Trap::kAddressOldDivision, former != county.name)) {
    record_.address = plan.area(0).name + former + record_.address.substr(county.full_name.size());
  } else if (Strikes(Trap::kAddressShort, true)) {
    record_.address = village.name + record_.address.substr(village.full_name.size());
  }
}

}  // namespace tk::city
