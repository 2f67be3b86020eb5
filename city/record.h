// What the sources wrote: for each of their patients, clients, pupils a record of their own, with their errors. The truth of a record (whose it
// is, what went wrong) is beside it and never in it: not even its id tells.
// Flow:   People of a grid → Recorder::Write → records, in an order that tells nothing → AppendPatient, AppendTruth
#pragma once

#include <string>
#include <vector>

#include "city/city.h"

namespace tk::city {

/// In the order of kTrapNames, which are the names in data/noise.json.
enum class Trap : uint8_t {
  kIdMissing,
  kIdShort,
  kIdXForm,
  kIdWidth,
  kIdTypo,
  kIdSwap,
  kIdPlaceholder,
  kIdBorrowed,
  kIdDuplicate,
  kIdOfMother,
  kIdEarlier,
  kIdWrongField,
  kNameHomophone,
  kNameShape,
  kNameTraditional,
  kNameAlias,
  kNameRareGlyph,
  kNameLatin,
  kNamePinyinInside,
  kNameFormer,
  kNameNick,
  kNameNewborn,
  kNameUnknown,
  kNameDot,
  kNameTransliteration,
  kNameTruncated,
  kNameSpace,
  kNameSplit,
  kNameDialect,
  kNameMarried,
  kBirthLunar,
  kBirthNominalAge,
  kBirthFiller,
  kBirth1900,
  kBirthSwapped,
  kBirthYearOnly,
  kBirthTypo,
  kBirthMissing,
  kSexWrong,
  kSexMissing,
  kPhoneMissing,
  kPhoneFamily,
  kPhoneShared,
  kPhonePlaceholder,
  kPhoneFormat,
  kPhoneFormer,
  kPhoneLandline,
  kAddressMissing,
  kAddressOldDivision,
  kAddressShort,
  kAddressElsewhere,
  kTwinMixed,
  kDocumentRenewed,
  kDocumentLong,
};
inline constexpr size_t kTraps = 54;
extern const std::array<std::string_view, kTraps> kTrapNames;

struct Record {
  uint64_t id;  // ten digits at most; tells nothing of the person
  uint64_t person;
  uint64_t other_person;  // whose number or phone it bears too; the person himself if nobody's
  uint32_t institution;
  uint32_t area;       // the village the source took him to live in
  uint64_t traps = 0;  // bits by Trap
  std::string name, family,
      given;                // family and given as the source has them apart; both empty if it does not
  std::string resident_id;  // as written; empty: none
  const Outsider* outsider = nullptr;  // what kind of document `document` is
  std::string document;
  bool id_in_card_field = false;  // it stands where the source's own card number should
  std::string birth, phone, address;
  char sex = 'u';  // m, f, u; ' ' when not written
  std::string mother_name, mother_phone;
  std::string birth_certificate;
  uint8_t birth_order = 0;  // of twins, 1 or 2; 0: not said

  bool Has(Trap trap) const { return (traps >> static_cast<unsigned>(trap) & 1) != 0; }
};

class Recorder {
 public:
  /// `city` must outlive it. Errors: kIncorrect when the noise table names a trap or a kind of institution that is not.
  static Result<Recorder> Make(const City& city);

  /// All records of the people of one grid. Thread-safe.
  /// Records that a trap could have struck, that it should have struck by the table (in millionths), and that it struck. Write adds to them.
  struct Counts {
    std::array<uint64_t, kTraps> could{}, expected_millionths{}, did{};
  };
  void Write(const People& people, std::vector<Record>* records, Counts* counts) const;
  const std::array<uint32_t, kTraps>& per_10000() const { return per_10000_; }

 private:
  explicit Recorder(const City& city) : city_(city) {}
  void WriteOne(const People& people, const Person& person, size_t source, uint64_t number,
                std::vector<Record>* records, Counts* counts) const;

  const City& city_;
  std::array<uint32_t, kTraps> per_10000_{};
  std::vector<Level> levels_;                                // of the institutions of each source
  std::vector<std::vector<std::vector<uint32_t>>> serving_;  // by source and area
};

/// One line: record, person, other person, traps.
void AppendTruth(const Record& record, std::string* out);

}  // namespace tk::city
