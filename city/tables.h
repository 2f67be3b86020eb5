// The city's constants, read from the tables in city/data, each of which says where its figures come from.
// Flow:   bytes linked into the program (noise: or a file of the user's) → LoadTables → const Tables, shared by all threads
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "city/lives_tables.h"
#include "city/random.h"
#include "kernel/base/clock.h"
#include "kernel/base/result.h"

namespace tk::city {

inline constexpr size_t kAgeBins = 20;  // of five years; the last is 95 and over
inline constexpr int kAgeMax = 103;
inline constexpr size_t kSizeBins = 8;  // households of 1 … 7, 8 and more

/// Who lives there, and how. Shares of a table need not add to anything: they are weights.
struct Census {
  CivilDate as_of;  // always 1 January: who is aged a was born in year - 1 - a
  std::vector<double> male, female, household_size, generations, collective_ages;
  double collective_share;
  int mother_age_from;
  Weighted mother_age;
  uint32_t twins_per_1000_births, surname_of_mother_per_1000, registered_elsewhere_percent,
      former_name_per_1000, corrected_id_per_10000;
  std::vector<uint32_t> mobile_from, mobile_percent;
};

struct Surname {
  std::string text, reading, alias;  // alias: the other legal spelling (萧, 肖); empty if none
};
struct RareCharacter {
  std::string text, reading, parts;
};
/// What is given to children born from a year on.
struct Cohort {
  uint32_t from_year, popular_percent, one_character_percent;
  std::array<std::vector<std::string>, 2> characters, popular;  // [0] female, [1] male
  std::array<Weighted, 2> character;
};
/// Residents without a resident number: what they show instead, how its numbers begin, how many there are.
struct Outsider {
  std::string document, prefix;
  uint32_t per_10000;
};
struct Names {
  std::vector<Outsider> outsiders;
  std::vector<std::string> foreign_given, foreign_family;
  std::vector<Surname> surnames;
  Weighted surname;
  std::vector<Cohort> cohorts;
  std::vector<RareCharacter> rare;
  uint32_t rare_per_10000, minority_per_10000;
  std::array<std::vector<std::array<std::string, 2>>, 2> minority;        // usual and other transliteration
  std::map<std::string, std::string, std::less<>> readings, traditional;  // of one character
  std::map<std::string, std::vector<std::string>, std::less<>> sound,
      shape;  // characters of the same reading; of like shape
};

struct County {
  std::string code, name, former;
  double share;
  double urban;  // share of its people who live under streets and residents' committees
};
struct InstitutionKind {
  std::string kind, per, name, urban_name, type, registrar;
  std::vector<std::string> departments;
  uint32_t doctors, nurses;
};
struct Places {
  std::string code, name, area_code, mobile_prefix, former_mobile_prefix;
  double west, south, width, height;
  std::vector<County> counties;
  double people_per_grid, grids_in_village, villages_in_township, people_per_tertiary, people_per_secondary;
  std::vector<std::string> place_first, place_second, roads, employers;
  std::vector<InstitutionKind> institutions;
};

/// A kind of source and how many of the people of an age it knows.
struct Source {
  std::string kind;
  uint32_t from_age, to_age, percent, again_percent;
  char sex;                // 'f' women only, else all
  uint32_t noise_percent;  // its traps strike so much as often as the table says
};
struct Noise {
  std::vector<Source> sources;
  std::map<std::string, uint32_t, std::less<>> per_10000;  // trap → of 10,000 records it can strike
  std::vector<std::string> placeholder_ids, unknown_names, placeholder_phones;
};

struct Tables {
  Census census;
  Names names;
  Places places;
  Noise noise;
  LivesTables lives;
};

/// `noise_text`: JSON in the form of city/data/noise.json, or empty for that table itself. Errors: kIncorrect, with the path in the table.
Result<Tables> LoadTables(std::string_view noise_text = {});

/// The characters of a UTF-8 text, each as text of its own.
std::vector<std::string> CharactersOf(std::string_view text);

}  // namespace tk::city
