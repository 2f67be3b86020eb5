#include "city/tables.h"

#include <fmt/format.h>

#include <charconv>

#include "city/lives_tables.h"
#include "city/table_node.h"
#include "kernel/base/text.h"

extern "C" {
extern const char tk_city_census_begin[], tk_city_census_end[], tk_city_names_begin[], tk_city_names_end[],
    tk_city_places_begin[], tk_city_places_end[], tk_city_noise_begin[], tk_city_noise_end[],
    tk_city_lives_begin[], tk_city_lives_end[];
}

namespace tk::city {
namespace {

Census CensusOf(const Node& node) {
  Census census;
  const std::string as_of = node["as_of"].Text();
  census.as_of = {0, 1, 1};
  const char* const end = as_of.data() + std::min<size_t>(as_of.size(), 4);
  if (std::from_chars(as_of.data(), end, census.as_of.year).ptr != end || !as_of.ends_with("-01-01"))
    node.Fail(node.path() + ".as_of", "must be a first of January");
  census.male = node["male"].Numbers(kAgeBins);
  census.female = node["female"].Numbers(kAgeBins);
  census.household_size = node["household_size"].Numbers(kSizeBins);
  census.generations = node["generations"].Numbers(3);
  census.collective_share = node["collective_share"].Number();
  census.collective_ages = node["collective_ages"].Numbers(kAgeBins);
  const Node mother = node["mother_age"];
  census.mother_age_from = static_cast<int>(mother["from"].Count(40));
  census.mother_age = Weighted(mother["weights"].Numbers(22));
  census.twins_per_1000_births = node["twins_per_1000_births"].Count(100);
  census.surname_of_mother_per_1000 = node["surname_of_mother_per_1000"].Count(1000);
  census.registered_elsewhere_percent = node["registered_elsewhere_percent"].Count(100);
  census.former_name_per_1000 = node["former_name_per_1000"].Count(1000);
  census.corrected_id_per_10000 = node["corrected_id_per_10000"].Count(10000);
  for (const Node& item : node["mobile_percent"]["from"].Items())
    census.mobile_from.push_back(item.Count(200));
  for (const Node& item : node["mobile_percent"]["percent"].Items())
    census.mobile_percent.push_back(item.Count(100));
  if (census.mobile_from.size() != census.mobile_percent.size())
    node.Fail(node.path() + ".mobile_percent", "must have as many ages as shares");
  return census;
}

/// Characters as they fall in use: the smoothing is told in the table.
Weighted FallingWeights(size_t count) {
  std::vector<double> weights;
  for (size_t rank = 0; rank < count; ++rank) weights.push_back(1.0 / (static_cast<double>(rank) + 8.0));
  return Weighted(weights);
}

std::vector<Cohort> CohortsOf(const Node& node) {
  std::vector<Cohort> cohorts;
  const auto from = node["from"].Items();
  const auto popular = node["popular_percent"].Numbers(from.size()),
             one = node["one_character_percent"].Numbers(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    Cohort cohort;
    cohort.from_year = from[i].Count(2100);
    cohort.popular_percent = static_cast<uint32_t>(popular[i]);
    cohort.one_character_percent = static_cast<uint32_t>(one[i]);
    for (const size_t sex : {0u, 1u}) {
      const auto lists = node[sex == 1 ? "male" : "female"].Texts();
      const auto names = node[sex == 1 ? "popular_male" : "popular_female"].Items();
      if (lists.size() != from.size() || names.size() != from.size()) {
        node.Fail(node.path(), "must have as many lists of characters and of names as beginnings");
        return cohorts;
      }
      cohort.characters[sex] = CharactersOf(lists[i]);
      cohort.character[sex] = FallingWeights(cohort.characters[sex].size());
      cohort.popular[sex] = names[i].Texts();
    }
    cohorts.push_back(std::move(cohort));
  }
  return cohorts;
}

void ReadSurnames(const Node& node, Names* names) {
  std::map<std::string, std::string> own, alias;
  for (const auto& [text, reading] : node["surname_readings"].Fields()) own[text] = reading.Text();
  for (const Node& pair : node["variants"].Items()) {
    const auto both = pair.Texts();
    if (both.size() != 2) return pair.Fail(pair.path(), "must be two spellings");
    alias[both[0]] = both[1];
    alias[both[1]] = both[0];
  }
  std::vector<double> weights;
  for (const Node& item : node["surnames"].Items()) {
    const auto parts = item.Items();
    if (parts.size() != 2) return item.Fail(item.path(), "must be a surname and its share");
    Surname surname{parts[0].Text(), {}, {}};
    weights.push_back(parts[1].Number());
    if (own.contains(surname.text)) {
      surname.reading = own[surname.text];
    } else {
      for (const std::string& character : CharactersOf(surname.text))
        surname.reading += names->readings[character];
    }
    surname.alias = alias[surname.text];
    names->surnames.push_back(std::move(surname));
  }
  names->surname = Weighted(weights);
}

Names NamesOf(const Node& node) {
  Names names;
  for (const auto& [character, reading] : node["readings"].Fields()) {
    names.readings[character] = reading.Text();
    names.sound[reading.Text()].push_back(character);
  }
  for (const auto& [character, form] : node["traditional"].Fields())
    names.traditional[character] = form.Text();
  for (const std::string& pair : node["shape"].Texts()) {
    const auto both = CharactersOf(pair);
    if (both.size() != 2) node.Fail(node.path() + ".shape", "must be pairs of characters");
    if (both.size() != 2) return names;
    names.shape[both[0]].push_back(both[1]);
    names.shape[both[1]].push_back(both[0]);
  }
  ReadSurnames(node, &names);
  names.cohorts = CohortsOf(node);
  for (const Node& item : node["rare"].Items()) {
    const auto parts = item.Texts();
    if (parts.size() == 3) names.rare.push_back({parts[0], parts[1], parts[2]});
  }
  for (const Node& item : node["outsiders"].Items())
    names.outsiders.push_back(
        {item["document"].Text(), item["prefix"].Text(), item["per_10000"].Count(10000)});
  names.foreign_given = node["foreign_given"].Texts();
  names.foreign_family = node["foreign_family"].Texts();
  names.rare_per_10000 = node["rare_per_10000"].Count(10000);
  names.minority_per_10000 = node["minority_per_10000"].Count(10000);
  for (const size_t sex : {0u, 1u}) {
    for (const Node& pair : node["minority"][sex == 1 ? "male" : "female"].Items()) {
      const auto both = pair.Texts();
      if (both.size() == 2) names.minority[sex].push_back({both[0], both[1]});
    }
  }
  return names;
}

InstitutionKind InstitutionOf(const Node& node) {
  InstitutionKind kind;
  kind.kind = node["kind"].Text();
  kind.per = node["per"].Text();
  kind.name = node["name"].Text();
  kind.urban_name = node.Has("urban_name") ? node["urban_name"].Text() : kind.name;
  kind.type = node["type"].Text();
  kind.registrar = node["registrar"].Text();
  kind.departments = node["departments"].Texts();
  const Node posts = node["posts"];
  kind.doctors = posts.Has("doctor") ? posts["doctor"].Count(1000) : 0;
  kind.nurses = posts.Has("nurse") ? posts["nurse"].Count(1000) : 0;
  return kind;
}

Places PlacesOf(const Node& node) {
  Places places;
  places.code = node["code"].Text();
  places.name = node["name"].Text();
  places.area_code = node["area_code"].Text();
  places.mobile_prefix = node["mobile_prefix"].Text();
  places.former_mobile_prefix = node["former_mobile_prefix"].Text();
  const Node box = node["box"];
  places.west = box["west"].Number();
  places.south = box["south"].Number();
  places.width = box["width"].Number();
  places.height = box["height"].Number();
  for (const Node& item : node["counties"].Items())
    places.counties.push_back({item["code"].Text(), item["name"].Text(), item["former"].Text(),
                               item["share"].Number(), item["urban"].Number()});
  const Node per = node["people_per"];
  places.people_per_grid = per["grid"].Number();
  places.grids_in_village = per["grids_in_village"].Number();
  places.villages_in_township = per["villages_in_township"].Number();
  places.people_per_tertiary = per["tertiary"].Number();
  places.people_per_secondary = per["secondary"].Number();
  places.place_first = CharactersOf(node["place_first"].Text());
  places.place_second = CharactersOf(node["place_second"].Text());
  places.roads = node["roads"].Texts();
  places.employers = node["employers"].Texts();
  for (const Node& item : node["institutions"].Items()) places.institutions.push_back(InstitutionOf(item));
  return places;
}

Noise NoiseOf(const Node& node) {
  Noise noise;
  for (const Node& item : node["records"].Items()) {
    Source source;
    source.kind = item["kind"].Text();
    source.from_age = item["from_age"].Count(200);
    source.to_age = item["to_age"].Count(200);
    source.percent = item["percent"].Count(100);
    source.again_percent = item["again_percent"].Count(100);
    source.sex = item.Has("sex") && item["sex"].Text() == "female" ? 'f' : ' ';
    source.noise_percent = item["noise_percent"].Count(1000);
    noise.sources.push_back(std::move(source));
  }
  for (const auto& [trap, rate] : node["traps_per_10000"].Fields()) noise.per_10000[trap] = rate.Count(10000);
  noise.placeholder_ids = node["placeholder_ids"].Texts();
  noise.unknown_names = node["unknown_names"].Texts();
  noise.placeholder_phones = node["placeholder_phones"].Texts();
  return noise;
}

template <class Table>
Result<Table> Read(const char* name, std::string_view text, Table (*read)(const Node&)) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (error != simdjson::SUCCESS) {
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("{} is no JSON: {}", name, simdjson::error_message(error)));
  }
  std::string fault;
  Table table = read(Node(root, name, &fault));
  if (!fault.empty()) return MakeError(ErrorCode::kIncorrect, fault);
  return table;
}

}  // namespace

std::vector<std::string> CharactersOf(std::string_view text) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(Utf8CharLength(text), 1);
    characters.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return characters;
}

Result<Tables> LoadTables(std::string_view noise_text) {
  const auto between = [](const char* begin, const char* end) {
    return std::string_view(begin, static_cast<size_t>(end - begin));
  };
  if (noise_text.empty()) noise_text = between(tk_city_noise_begin, tk_city_noise_end);
  Tables tables;
  tables.census = TRY(Read("census", between(tk_city_census_begin, tk_city_census_end), CensusOf));
  tables.names = TRY(Read("names", between(tk_city_names_begin, tk_city_names_end), NamesOf));
  tables.places = TRY(Read("places", between(tk_city_places_begin, tk_city_places_end), PlacesOf));
  tables.noise = TRY(Read("noise", noise_text, NoiseOf));
  tables.lives = TRY(Read("lives", between(tk_city_lives_begin, tk_city_lives_end), LivesOf));
  return tables;
}

}  // namespace tk::city
