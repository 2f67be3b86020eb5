// Two entries, field by field: which of a field's few levels their values reach. The model (model.h) says what each level weighs.
// Flow:   EntryView × EntryView → Compare → Comparison → Score (score.h)
// Why levels: what is counted can be learned without labels (train.h), shown to a clerk and written into rules by name. A missing value is level 0
//         and weighs nothing: it speaks neither for nor against.
// Histories: of several names, dates and numbers the pair that agrees best counts, a former name less than one in use; but two valid
//         residents' numbers that differ are told (kIdsConflict) whatever else agrees.
// Cost:   ~0.5 µs. Pure, symmetric, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/person/linkage/record.h"

namespace tk::person::linkage {

enum class Field : uint8_t {
  kFamily,
  kGiven,
  kBirth,
  kSex,
  kId,    // residents' and permits' numbers
  kCard,  // all other numbers
  kPhone,
  kEmail,
  kAddress,
  kDivision,
  kRelation,  // mother, birth order
};
inline constexpr size_t kFieldCount = 11;
constexpr uint32_t BitOf(Field field) { return 1U << static_cast<uint32_t>(field); }
inline constexpr size_t kLevelsMax = 8;

/// Levels of the fields, by number; the names are in kFieldNames. 0 is "missing" of each.
namespace level {
inline constexpr uint8_t kMissing = 0, kDifferent = 1;
// Field::kFamily, kGiven
inline constexpr uint8_t kPart = 2, kSimilar = 3, kSound = 4, kSwapped = 5, kAlias = 6, kNameSame = 7;
// Field::kId
inline constexpr uint8_t kUnlike = 2, kIdSlip = 3, kSameBroken = 4, kConverted = 5, kIdSame = 6;
// Field::kCard
inline constexpr uint8_t kCardSlip = 2, kCardSame = 3;
// Field::kPhone; kShared: by more persons than the model takes for a family
inline constexpr uint8_t kPhoneShared = 2, kPhoneSame = 3;
// Field::kEmail
inline constexpr uint8_t kEmailSimilar = 2, kEmailSame = 3;
// Field::kAddress
inline constexpr uint8_t kStreet = 2, kNear = 3, kAddressSame = 4;
// Field::kDivision
inline constexpr uint8_t kDivisionNear = 2, kDivisionSame = 3;
// Field::kSex
inline constexpr uint8_t kSexSame = 2;
// Field::kRelation
inline constexpr uint8_t kParent = 1, kSibling = 2, kOtherMother = 3, kSameMother = 4;
}  // namespace level

struct FieldTraits {
  std::string_view name;
  std::array<std::string_view, kLevelsMax> levels;  // empty: there is none
};
const FieldTraits& TraitsOf(Field field);
/// kFieldCount, kLevelsMax when there is none of that name.
size_t FieldNamed(std::string_view name);
size_t LevelNamed(Field field, std::string_view name);

struct Levels {
  std::array<uint8_t, kFieldCount> of{};
  uint8_t& operator[](Field field) { return of[static_cast<size_t>(field)]; }
  uint8_t operator[](Field field) const { return of[static_cast<size_t>(field)]; }
  /// Four bits a field.
  uint64_t packed() const {
    uint64_t bits = 0;
    for (size_t i = 0; i < kFieldCount; ++i) bits |= uint64_t{of[i]} << (4 * i);
    return bits;
  }
  static Levels Unpacked(uint64_t bits) {
    Levels levels;
    for (size_t i = 0; i < kFieldCount; ++i) levels.of[i] = static_cast<uint8_t>(bits >> (4 * i) & 15);
    return levels;
  }
};

struct Comparison {
  Levels levels;
  /// HashOf the value that agrees, of the fields that are the same (for its frequency); 0: none.
  std::array<uint32_t, kFieldCount> value{};
  uint64_t phone = 0;         // the one that agrees
  bool ids_conflict = false;  // both have a valid resident's number, and they differ
};

Comparison Compare(const EntryView& a, const EntryView& b);
/// Compare in two steps: first what takes little and by which rules tell persons apart (birth dates, sex, numbers, relation), then names, phones, mail and
/// addresses.
inline constexpr uint32_t kPlainFields = BitOf(Field::kBirth) | BitOf(Field::kSex) | BitOf(Field::kId) |
                                         BitOf(Field::kCard) | BitOf(Field::kRelation);
Comparison ComparePlain(const EntryView& a, const EntryView& b);
void CompareRest(const EntryView& a, const EntryView& b, Comparison* out);

}  // namespace tk::person::linkage
