#include "city/plan.h"

#include <fmt/format.h>

#include <cmath>

namespace tk::city {
namespace {

/// Splits `whole` by weights into whole numbers of at least one that add to it (whole ≥ number of weights).
std::vector<uint32_t> Shares(uint32_t whole, const std::vector<double>& weights) {
  double all = 0;
  for (const double weight : weights) all += weight;
  std::vector<uint32_t> shares;
  uint32_t given = 0;
  for (const double weight : weights) {
    shares.push_back(std::max<uint32_t>(1, static_cast<uint32_t>(whole * weight / all)));
    given += shares.back();
  }
  for (size_t i = 0; given < whole; i = (i + 1) % shares.size(), ++given) ++shares[i];
  for (; given > whole; --given) --*std::max_element(shares.begin(), shares.end());
  return shares;
}

/// How many of `whole` things fall to part `i` of `parts`, as evenly as may be.
uint32_t PartOf(uint32_t whole, uint32_t parts, uint32_t i) {
  return static_cast<uint32_t>(uint64_t{whole} * (i + 1) / parts - uint64_t{whole} * i / parts);
}

uint32_t RoundedTo(double value) { return std::max<uint32_t>(1, static_cast<uint32_t>(value + 0.5)); }

/// The `number`th of the city's two-character place names, in an order of the parent's own.
std::string PlaceName(uint64_t key, uint64_t number, const Places& places) {
  const uint64_t all = places.place_first.size() * places.place_second.size();
  const uint64_t pick = Permute(key, all, number % all);
  return places.place_first[pick % places.place_first.size()] +
         places.place_second[pick / places.place_first.size()];
}

/// What fills in the pattern of a name.
std::string Filled(std::string pattern, std::string_view key, std::string_view text) {
  const size_t at = pattern.find(key);
  if (at != std::string::npos) pattern.replace(at, key.size(), text);
  return pattern;
}

constexpr std::array kNumerals = {"一",   "二",   "三",   "四",   "五",   "六",   "七",
                                  "八",   "九",   "十",   "十一", "十二", "十三", "十四",
                                  "十五", "十六", "十七", "十八", "十九", "二十"};

}  // namespace

Result<Plan> Plan::Make(uint64_t persons, uint64_t seed, const Tables& tables) {
  Plan plan;
  plan.seed_ = seed;
  plan.west_ = tables.places.west;
  plan.south_ = tables.places.south;
  plan.width_ = tables.places.width;
  plan.height_ = tables.places.height;
  TRY(plan.AddDivisions(persons, tables));
  plan.Lay();
  TRY(plan.AddGroups(tables));
  plan.AddInstitutions(tables);
  return plan;
}

Status Plan::AddDivisions(uint64_t persons, const Tables& tables) {
  const Places& places = tables.places;
  areas_.push_back({Level::kCity, true, places.code, places.name, places.name});
  std::vector<double> weights;
  for (const County& county : places.counties) weights.push_back(county.share);
  const auto counties = static_cast<uint32_t>(places.counties.size());
  if (counties == 0 || persons < counties)
    return MakeError(ErrorCode::kIncorrect, "a city needs counties, and people for each");
  county_grids_ =
      Shares(std::max(counties, RoundedTo(static_cast<double>(persons) / places.people_per_grid)), weights);
  areas_[0].first_child = 1;
  areas_[0].children = counties;
  for (const County& county : places.counties)
    areas_.push_back({Level::kCounty, county.urban > 0.7, places.code + county.code, county.name,
                      places.name + county.name});
  AddTownships(tables);
  AddVillages(tables);
  AddGrids(persons, tables);
  CountUp();
  return {};
}

void Plan::AddTownships(const Tables& tables) {
  const Places& places = tables.places;
  for (uint32_t c = 0; c < places.counties.size(); ++c) {
    const uint32_t villages = RoundedTo(county_grids_[c] / places.grids_in_village);
    const uint32_t count = std::min<uint32_t>(RoundedTo(villages / places.villages_in_township), 99);
    const uint32_t urban = std::min(count, static_cast<uint32_t>(count * places.counties[c].urban + 0.5));
    areas_[1 + c].first_child = static_cast<uint32_t>(areas_.size());
    areas_[1 + c].children = count;
    for (uint32_t i = 0; i < count; ++i) {
      const bool street = i < urban;
      const std::string name =
          PlaceName(KeyOf(seed_, Draw::kPlaceName, 1 + c), i, places) + (street ? "街道" : "镇");
      areas_.push_back({Level::kTownship, street,
                        areas_[1 + c].code + fmt::format("{:03}", street ? 1 + i : 100 + i - urban), name,
                        areas_[1 + c].full_name + name, 1 + c});
    }
  }
}

void Plan::AddVillages(const Tables& tables) {
  const Places& places = tables.places;
  const auto end = static_cast<uint32_t>(areas_.size());
  for (uint32_t t = areas_[1].first_child; t < end; ++t) {
    const uint32_t c = areas_[t].parent - 1;
    const uint32_t grids = PartOf(county_grids_[c], areas_[1 + c].children, t - areas_[1 + c].first_child);
    areas_[t].grids = grids;
    const uint32_t count = std::clamp<uint32_t>(RoundedTo(grids / places.grids_in_village), 1, 199);
    areas_[t].first_child = static_cast<uint32_t>(areas_.size());
    areas_[t].children = count;
    for (uint32_t i = 0; i < count; ++i) {
      const std::string name =
          PlaceName(KeyOf(seed_, Draw::kPlaceName, 1000 + t), i, places) + (areas_[t].urban ? "社区" : "村");
      areas_.push_back({Level::kVillage, areas_[t].urban,
                        areas_[t].code + fmt::format("{:03}", (areas_[t].urban ? 1 : 200) + i), name,
                        areas_[t].full_name + name, t});
    }
  }
}

void Plan::AddGrids(uint64_t persons, const Tables& tables) {
  const Places& places = tables.places;
  const auto first_village = areas_[areas_[1].first_child].first_child;
  first_grid_ = static_cast<uint32_t>(areas_.size());
  std::vector<double> weights;
  for (uint32_t v = first_village; v < first_grid_; ++v) {
    const Area& township = areas_[areas_[v].parent];  // until the first grid is added
    const uint32_t count = PartOf(township.grids, township.children, v - township.first_child);
    const uint32_t number = township.parent - 1;
    const double share = places.counties[number].share;
    areas_[v].first_child = static_cast<uint32_t>(areas_.size());
    areas_[v].children = count;
    for (uint32_t i = 0; i < count; ++i) {
      SeededRandom random = StreamOf(seed_, Draw::kPlan, areas_.size());
      // Grids of a county share its people, some having more than twice as many as others.
      weights.push_back(share / county_grids_[number] * (0.6 + 0.8 * random.Unit()));
      const std::string name = fmt::format("第{}网格", i + 1);
      areas_.push_back({Level::kGrid, areas_[v].urban, areas_[v].code + fmt::format("{:03}", i + 1), name,
                        areas_[v].full_name + name, v});
    }
  }
  double all = 0, sum = 0;
  for (const double weight : weights) all += weight;
  uint64_t first = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    const uint64_t end =
        i + 1 == weights.size() ? persons : static_cast<uint64_t>(static_cast<double>(persons) * (sum / all));
    areas_[first_grid_ + i].first_person = first;
    areas_[first_grid_ + i].persons = end - first;
    areas_[first_grid_ + i].grids = 1;
    first = end;
  }
}

void Plan::CountUp() {
  for (uint32_t i = first_grid_; i-- > 0;) {
    Area& area = areas_[i];
    area.persons = area.grids = 0;
    area.first_person = areas_[area.first_child].first_person;
    for (uint32_t child = area.first_child; child < area.first_child + area.children; ++child) {
      area.persons += areas_[child].persons;
      area.grids += areas_[child].grids;
    }
  }
}

Status Plan::AddGroups(const Tables& tables) {
  const Places& places = tables.places;
  std::vector<std::string> spare;
  for (uint32_t number = 99; number > 0; --number) {
    std::string code = places.code + fmt::format("{:02}", number);
    const bool used =
        std::any_of(areas_.begin() + 1, areas_.begin() + 1 + static_cast<ptrdiff_t>(places.counties.size()),
                    [&](const Area& county) { return county.code == code; });
    if (!used) spare.push_back(std::move(code));
  }
  for (uint32_t c = 0; c < places.counties.size(); ++c) {
    first_group_.push_back(static_cast<uint32_t>(groups_.size()));
    const uint64_t count = (areas_[1 + c].persons + kSlotsPerDivision - 1) / kSlotsPerDivision;
    groups_.push_back({c, areas_[1 + c].code});
    // What does not find room under today's code was registered under one of the county's former codes.
    for (uint64_t i = 1; i < count; ++i) {
      if (spare.empty())
        return MakeError(ErrorCode::kIncorrect, "too many people: the codes of the division do not suffice");
      groups_.push_back({c, spare.back()});
      spare.pop_back();
    }
  }
  return {};
}

void Plan::AddInstitutions(const Tables& tables) {
  const Places& places = tables.places;
  const auto times = [](uint64_t persons, double per) {
    return std::max<uint32_t>(1, static_cast<uint32_t>(std::ceil(static_cast<double>(persons) / per)));
  };
  for (uint32_t kind = 0; kind < places.institutions.size(); ++kind) {
    const InstitutionKind& row = places.institutions[kind];
    const Level level = row.per == "city"       ? Level::kCity
                        : row.per == "county"   ? Level::kCounty
                        : row.per == "township" ? Level::kTownship
                                                : Level::kVillage;
    for (uint32_t area = 0; area < first_grid_; ++area) {
      if (areas_[area].level != level) continue;
      uint32_t count = 1;
      if (row.kind == "tertiary") count = times(areas_[area].persons, places.people_per_tertiary);
      if (row.kind == "secondary") count = times(areas_[area].persons, places.people_per_secondary);
      for (uint32_t number = 0; number < count; ++number) AddInstitution(kind, area, number, tables);
    }
  }
}

void Plan::AddInstitution(uint32_t kind, uint32_t area, uint32_t number, const Tables& tables) {
  const InstitutionKind& row = tables.places.institutions[kind];
  const uint64_t index = institutions_.size();
  SeededRandom random = StreamOf(seed_, Draw::kInstitution, index);
  const Area& served = areas_[area];
  // A grid of those it serves: that of the first of its people and so many more.
  const uint32_t grid = GridOf(served.first_person + random.Below(std::max<uint64_t>(served.persons, 1)));
  std::string place = served.level == Level::kCity || served.level == Level::kCounty
                          ? served.name
                          : areas_[Above(area, Level::kCounty)].name;
  if (served.level == Level::kVillage) place += areas_[served.parent].name;
  if (served.level == Level::kTownship || served.level == Level::kVillage) {
    // "Stone Bridge Street" has a Stone Bridge clinic.
    for (const std::string_view ending : {"街道", "镇", "社区", "村"}) {
      if (!served.name.ends_with(ending)) continue;
      place += served.name.substr(0, served.name.size() - ending.size());
      break;
    }
  }
  std::string name = served.urban && served.level >= Level::kTownship ? row.urban_name : row.name;
  if (number > 0 && name.find("{n}") == std::string::npos) name = Filled(name, "{place}", "{place}第{n}");
  name = Filled(name, "{place}", place);
  name = Filled(name, "{n}", kNumerals[std::min<size_t>(number, kNumerals.size() - 1)]);
  name = Filled(name, "{trade}", tables.places.employers[random.Below(tables.places.employers.size())]);
  const std::string& division =
      served.level == Level::kCity ? areas_[1].code : areas_[Above(area, Level::kCounty)].code;
  const uint64_t code = Permute(KeyOf(seed_, Draw::kInstitution, uint64_t{1} << 40), 100'000'000, index);
  institutions_.push_back({kind, area, grid, fmt::format("org-{:05}", index + 1), std::move(name),
                           CreditCode(row.registrar, division, code)});
  serving_[{row.kind, area}].push_back(static_cast<uint32_t>(index));
}

const std::vector<uint32_t>& Plan::Serving(const std::string& kind, uint32_t area) const {
  static const std::vector<uint32_t> kNone;
  const auto found = serving_.find({kind, area});
  return found == serving_.end() ? kNone : found->second;
}

uint32_t Plan::GridOf(uint64_t person) const {
  const auto after = std::upper_bound(areas_.begin() + first_grid_, areas_.end(), person,
                                      [](uint64_t p, const Area& grid) { return p < grid.first_person; });
  return static_cast<uint32_t>(after - areas_.begin()) - 1;
}

uint32_t Plan::Above(uint32_t area, Level level) const {
  while (areas_[area].level > level) area = areas_[area].parent;
  return area;
}

}  // namespace tk::city
