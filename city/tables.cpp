#include "city/tables.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include "kernel/base/text.h"

extern "C" {
extern const char tk_city_census_begin[], tk_city_census_end[], tk_city_names_begin[], tk_city_names_end[],
    tk_city_places_begin[], tk_city_places_end[], tk_city_noise_begin[], tk_city_noise_end[];
}

namespace tk::city {
namespace {

using simdjson::dom::element;

/// A place in a table. The first thing that is not as it must be is remembered, and read as empty.
class Node {
 public:
  Node(element value, std::string path, std::string* fault)
      : value_(value), path_(std::move(path)), fault_(fault) {}

  Node operator[](std::string_view key) const {
    const std::string path = path_ + "." + std::string(key);
    element found = value_;  // when it is missing, so that reading goes on; the fault is told all the same
    if (value_[key].get(found) != simdjson::SUCCESS) Fail(path, "is missing");
    return Node(found, path, fault_);
  }
  bool Has(std::string_view key) const { return value_[key].error() == simdjson::SUCCESS; }
  std::string Text() const {
    std::string_view text;
    if (value_.get(text) != simdjson::SUCCESS) Fail(path_, "must be a text");
    return std::string(text);
  }
  double Number() const {
    double number = 0;
    if (value_.get(number) != simdjson::SUCCESS || number < 0) Fail(path_, "must be a number, 0 or more");
    return number;
  }
  uint32_t Count(uint32_t most = 1'000'000'000) const {
    uint64_t number = 0;
    if (value_.get(number) != simdjson::SUCCESS || number > most)
      Fail(path_, fmt::format("must be a whole number from 0 to {}", most));
    return static_cast<uint32_t>(number);
  }
  std::vector<Node> Items() const {
    std::vector<Node> items;
    simdjson::dom::array array;
    if (value_.get(array) != simdjson::SUCCESS) {
      Fail(path_, "must be an array");
      return items;
    }
    for (const element item : array)
      items.emplace_back(item, fmt::format("{}[{}]", path_, items.size()), fault_);
    return items;
  }
  std::vector<std::pair<std::string, Node>> Fields() const {
    std::vector<std::pair<std::string, Node>> fields;
    simdjson::dom::object object;
    if (value_.get(object) != simdjson::SUCCESS) {
      Fail(path_, "must be an object");
      return fields;
    }
    for (const auto field : object)
      fields.emplace_back(field.key, Node(field.value, path_ + "." + std::string(field.key), fault_));
    return fields;
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const Node& item : Items()) texts.push_back(item.Text());
    return texts;
  }
  std::vector<double> Numbers(size_t count) const {
    std::vector<double> numbers;
    for (const Node& item : Items()) numbers.push_back(item.Number());
    if (numbers.size() != count) Fail(path_, fmt::format("must have {} numbers", count));
    numbers.resize(count);
    return numbers;
  }
  void Fail(const std::string& path, std::string_view what) const {
    if (fault_->empty()) *fault_ = path + " " + std::string(what);
  }
  const std::string& path() const { return path_; }

 private:
  element value_;
  std::string path_;
  std::string* fault_;
};

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
  element root;
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
  return tables;
}

}  // namespace tk::city
