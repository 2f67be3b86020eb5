// Numbers that stand for a person or an institution: read, told apart, checked, brought to one form.
// Flow:   text as typed → Classify → Identifier (kind, form, grade, remarks) → person index: keys, Compare
// Why:    any number may sit in the wrong field, so what it is follows from its pattern first and from the field second. What only
//         fills a field (111111…, 13800138…, a hospital's dummy) identifies nobody and must never join two records.
// Source: GB 11643-1999 (resident id; check digit by ISO 7064 MOD 11-2), GB/T 2260 (divisions), GB 32100-2015 (credit code),
//         GB 11714-1997 (organisation code), WS 218-2002 (institution code), the National Immigration Administration's rules of
//         2023 (permanent residence card of 18 digits, the same check digit); the codes of document types after CV02.01.101.
//         Lengths and first letters of travel permits, passports, officers' and birth certificates follow common practice: no public
//         text settles them, so they reach kPattern at most.
// Errors: none are returned. Whatever the input, there is an Identifier, with remarks that say what is wrong and how to mend it.
// Cost:   no allocation; a few hundred nanoseconds at most (identifier_bench.cpp). Pure, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace tk::person {

enum class IdKind : uint8_t {
  kNone,             // nothing claimed; of an Identifier: nothing was there
  kUnknown,          // something that no pattern fits
  kResidentId,       // 居民身份证, 18 digits; one of 15 is converted
  kResidencePermit,  // 港澳台居民居住证, 18 digits from 81/82/83 0000
  kForeignPermit,    // 外国人永久居留身份证: 18 digits from 9 (2023), or 3 letters and 12 digits
  kHongKongMacao,    // 港澳居民来往内地通行证
  kTaiwan,           // 台湾居民来往大陆通行证
  kPassport,         // of any country
  kOfficer,          // 军官证, 士兵证, 警官证
  kBirth,            // 出生医学证明
  kHongKongId,       // Hong Kong's own card, A123456(3)
  kTaiwanId,         // Taiwan's own number
  kHousehold,        // 户口簿: names a household, not a person
  kHealthCard,       // free: as its issuer writes it
  kRecordNumber,     // free: a hospital's own number
  kHealthRecord,     // 居民健康档案编号, 17 digits
  kMobile,
  kLandline,
  kPhoneAbroad,       // +country, number
  kCreditCode,        // 统一社会信用代码, 18
  kOrganizationCode,  // 组织机构代码, 9
  kInstitutionCode,   // WS 218: 22
  kDivision,          // GB/T 2260 to the village: 2, 4, 6, 9 or 12 digits
};
inline constexpr size_t kIdKinds = static_cast<size_t>(IdKind::kDivision) + 1;

/// How far a value may be trusted, in rising order.
enum class Grade : uint8_t {
  kNothing,    // identifies nobody: empty, filler, masked, a service line
  kBroken,     // of its kind, but its check digit, date or length is wrong: never a key, kept and flagged
  kClaimed,    // only the field says what it is
  kPattern,    // the pattern is of its kind; there is nothing to check it by
  kConverted,  // a resident id of 15 digits, brought to 18
  kChecked,    // its check digit holds
};

enum class IdSex : uint8_t { kUnknown, kMale, kFemale };

/// What was found. Those up to kNotOfKind are wrong; the others are only told.
enum class Remark : uint8_t {
  kEmpty,
  kTooLong,
  kCharacter,
  kLength,
  kCheckDigit,
  kBirthDate,
  kBirthInFuture,
  kDivision,
  kPlaceholder,
  kHotValue,
  kFillerBirthDate,
  kMasked,
  kServiceNumber,
  kNotOfKind,
  // told
  kOtherKind,
  kAmbiguous,
  kConvertedFrom15,
  kFolded,
  kCheckSign,
  kLookAlike,
  kPrefix,
  kIssueDigits,
  kExtension,
  kAreaCodeMissing,
  kSeveral,
  kDivisionNotListed,
  kNewYearBirth,
  kHousehold,
};
inline constexpr size_t kRemarks = static_cast<size_t>(Remark::kHousehold) + 1;
inline constexpr bool IsFault(Remark remark) { return remark <= Remark::kNotOfKind; }

/// For people, in both languages; `key` for those who have words of their own. Never holds a value.
struct RemarkText {
  std::string_view key;  // "identifier.check-digit"
  std::string_view zh, zh_mend, en, en_mend;
};
const RemarkText& TextOf(Remark remark);

class Remarks {
 public:
  bool Has(Remark remark) const { return (bits_ >> static_cast<uint32_t>(remark) & 1) != 0; }
  void Add(Remark remark) { bits_ |= 1U << static_cast<uint32_t>(remark); }
  bool faults() const { return (bits_ & ((2U << static_cast<uint32_t>(Remark::kNotOfKind)) - 1)) != 0; }
  bool none() const { return bits_ == 0; }
  uint32_t bits() const { return bits_; }

 private:
  uint32_t bits_ = 0;
  static_assert(kRemarks <= 32);
};

inline constexpr size_t kIdInputMax = 256;  // bytes; longer is kTooLong
inline constexpr size_t kIdValueMax = 40;   // bytes of the normal form

struct Identifier {
  IdKind kind = IdKind::kNone;
  IdKind looks_like = IdKind::kNone;  // of a free kind: the pattern its text has besides
  Grade grade = Grade::kNothing;
  IdSex sex = IdSex::kUnknown;  // as the number says; so are the next two
  int32_t birth_date = 0;       // 19900102; 0: it says none
  uint32_t division = 0;        // six digits; of first registration, not of living; 0: it says none
  uint32_t extension = 0;       // of a landline
  Remarks remarks;
  uint8_t size = 0;
  std::array<char, kIdValueMax> text{};

  /// The normal form: ASCII without blanks and dashes, capitals; "0571-88880000" for a landline, "+85290000000" for a phone abroad.
  /// Of a free kind, the text with full width folded and blanks taken out.
  std::string_view value() const { return {text.data(), size}; }
  /// May it join two records by itself, with an agreeing name? Of the household's, phones' and institutions' kinds: never.
  bool key() const;
};

/// What a caller knows besides. Both lists are sorted; they are looked at, not kept.
struct IdContext {
  int32_t today = 0;                    // 20261122; 0: dates in the future are not looked for
  std::span<const uint32_t> divisions;  // six digits, withdrawn ones too; empty: only the province is checked
  std::span<const uint64_t> hot;        // ValueKey of what is known to be shared or a dummy
  uint32_t fictional = 3801;  // first digits of a division that nobody has, taken all the same; 0: none is
};

/// `claimed`: what the field says it holds, or kNone. A value that is certainly of another kind is answered as that one, with
/// kOtherKind; kHealthCard, kRecordNumber and kHousehold stay what they are and tell in `looks_like`.
Identifier Classify(std::string_view text, IdKind claimed = IdKind::kNone, const IdContext& context = {});

enum class IdAgreement : uint8_t {
  kNothing,    // one identifies nobody, or they are of different kinds: neither for nor against
  kDifferent,  // strongly so when both are kChecked: one wrong digit would have broken the check
  kSlip,  // one of them is broken or has no check digit, and one or two digits or a swap are between them
  kSameBroken,  // equal and both wrong
  kConverted,   // equal, but one was read from 15 digits
  kSame,
};
/// Symmetric. Cost: nanoseconds; 1 to 2 µs where slips are counted.
IdAgreement Compare(const Identifier& a, const Identifier& b);

/// For indexes and IdContext::hot: not keyed, so it never leaves the process. 0 when it identifies nobody.
uint64_t ValueKey(const Identifier& identifier);

/// "resident-id"; for messages and configuration.
std::string_view NameOf(IdKind kind);
std::string_view NameOf(Grade grade);
IdKind KindNamed(std::string_view name);  // kNone if there is none
/// Of CV02.01.101, "01" … "99"; kNone for what says nothing (驾驶证 is kResidentId: its number is that of its owner).
IdKind KindOfDocumentType(std::string_view code);
/// Of phones; a number may be any of these in a field of a phone.
bool IsPhone(IdKind kind);

/// '\0' if `body` has not the length or the characters that it must have.
char ResidentCheckDigit(std::string_view body);      // 17 digits
char CreditCodeCheckDigit(std::string_view body);    // 17 of 0-9 A-Z without I O S V Z
char OrganizationCheckDigit(std::string_view body);  // 8 of 0-9 A-Z
/// 18 digits of the 15, or an empty value: the sequences 996 to 999 are of those born in the 1800s.
std::array<char, 18> ResidentIdOf15(std::string_view fifteen);
/// Is there such a day? (yyyymmdd, years 1800 to 2199)
bool IsDay(int32_t yyyymmdd);
/// Has a division a province that GB/T 2260 knows, withdrawn ones too?
bool IsProvince(uint32_t two_digits);

}  // namespace tk::person
