// What agreement and disagreement weigh: the model of Fellegi and Sunter, as a file with a version. A program never changes a model; a
// new one is trained (train.h), read by people, and put in place with a new version, and every link tells which one made it.
// Flow:   JSON → Model::Read → const Model, shared by all threads → Score (score.h); Train → Model → ToJson
// Source: I. P. Fellegi, A. B. Sunter, A Theory for Record Linkage, JASA 64 (1969); term frequencies after W. E. Winkler, 2000.
// Units:  bits, log2 of likelihood ratios. Probability of a match = 1 / (1 + 2^-bits).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/person/linkage/compare.h"

namespace tk::person::linkage {

/// What a key of a pass is made of; each part may give several values (keys.h).
enum class KeyPart : uint8_t {
  kId,           // every number that may be a key
  kIdTail,       // of a resident's number: all but the division
  kIdBirthless,  // of a resident's number: division, sequence, check digit
  kPhone,
  kEmail,
  kEmailLocal,  // before the @
  kBirth,       // dates that say a day
  kBirthYear,
  kMonthDay,
  kFamily,      // sound of the surname
  kGiven,       // sound of the given name
  kGivenText,   // its characters
  kGivenStart,  // its first character or first two letters
  kFamilyStart,
  kName,     // sounds of both in either order
  kNumbers,  // of an address
  kWords,    // of an address: each word
  kDivision,
  kMother,
  kSex,
};
inline constexpr size_t kKeyParts = static_cast<size_t>(KeyPart::kSex) + 1;
std::string_view NameOf(KeyPart part);

struct Pass {
  std::vector<KeyPart> parts;
  bool trains = false;  // EM learns from its pairs the fields that it does not hold equal
  /// Fields that are equal by being in one block.
  uint32_t held = 0;  // bits by Field
};
inline constexpr size_t kPassesMax = 24, kPassParts = 4;

/// Shares among pairs of one person (m) and of two (u), by level. Level 0 is left out: what is missing weighs nothing.
struct FieldModel {
  std::array<double, kLevelsMax> m{}, u{};
  bool used = false;
  bool by_frequency = false;                      // of the highest level: rare values weigh more
  double frequency_unknown = 0;                   // share of a value that the table does not have
  std::unordered_map<uint32_t, float> frequency;  // HashOf value → share of persons
};

/// Fields that families share: together they weigh no more than `most_bits`, so that no household is taken for one person.
struct FieldGroup {
  uint32_t fields = 0;  // bits by Field
  double most_bits = 0;
};

struct Thresholds {
  double possible = 0, probable = 0, certain = 0;  // bits; at least
};

struct Model {
  std::string name, date, source;
  uint32_t version = 1;
  std::string
      mark;  // of a city's own: two trainings of one name and version are two models. "": the platform's
  double prior_bits = 0;  // log2 odds that two persons of the index drawn at random are one
  size_t entries = 0;     // of so many the prior was learned; 0: not known
  std::array<FieldModel, kFieldCount> fields;
  std::vector<FieldGroup> groups;
  std::vector<Pass> passes;
  Thresholds thresholds;
  uint32_t block_max = 200;  // a key of more entries is passed over
  uint32_t shared_from = 6;  // so many persons with one phone or address: it tells families apart no more

  /// Errors: kIncorrect, with the element and what is allowed.
  static Result<Model> Read(std::string_view json);
  /// Stable: the same model, the same bytes.
  std::string ToJson() const;

  /// The same model for an index of so many: the more there are, the less likely are two of them one. The same if it is not known of how many
  /// the prior was learned.
  Model ForEntries(size_t count) const;

  /// As links tell it: "city 3", "anhe 1 (5f0c29aa)".
  std::string Label() const;
  /// Can it be served by: passes that find candidates, fields that weigh, thresholds that rise? Errors: kIncorrect, with what it lacks.
  Status CheckServes() const;

  /// log2(m/u) of a level, with the value's frequency where the field has it. 0 for level 0 and for fields not used.
  double Bits(Field field, uint8_t level, uint32_t value) const;
};

/// The model for the people of a Chinese city and the passes that reach each kind of trap (data/model.json).
const Model& CityModel();
inline double ProbabilityOf(double bits) { return 1 / (1 + __builtin_exp2(-bits)); }

}  // namespace tk::person::linkage
