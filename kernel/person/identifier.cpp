#include "kernel/person/identifier.h"

#include <algorithm>

#include "kernel/base/hash.h"
#include "kernel/person/identifier_parts.h"

namespace tk::person {
namespace {

constexpr std::array<int, 17> kResidentWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
constexpr std::string_view kResidentChecks = "10X98765432";
constexpr std::string_view kCreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr int8_t kNoValue = -1;
constexpr std::array<int8_t, 128> kCreditValues = [] {
  std::array<int8_t, 128> values{};
  for (int8_t& value : values) value = kNoValue;
  for (size_t i = 0; i < kCreditAlphabet.size(); ++i) {
    values[static_cast<size_t>(kCreditAlphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}();
int CreditValue(char c) {
  const auto at = static_cast<unsigned char>(c);
  return at < kCreditValues.size() ? kCreditValues[at] : kNoValue;
}
constexpr std::array<int, 8> kOrganizationWeights = {3, 7, 9, 10, 5, 8, 4, 2};

/// One reading: the text in both forms, what the field claims, what the caller knows.
struct Reading {
  const FoldedText& folded;
  const CompactText& compact;
  IdKind claimed;
  const IdContext& context;
  std::string_view text() const { return compact.view(); }
  size_t size() const { return compact.n; }
};

Identifier Start(const Reading& in, IdKind kind, std::string_view value) {
  Identifier id;
  id.kind = kind;
  id.remarks = in.folded.remarks;
  SetValue(&id, value);
  return id;
}

bool OneOf(char c, std::string_view letters) { return letters.find(c) != std::string_view::npos; }
bool IsLetter(char c) { return c >= 'A' && c <= 'Z'; }

// ---- what the parts of a number say --------------------------------------------------------------------------------

void NoteDivision(std::string_view six, const IdContext& context, Identifier* id) {
  id->division = NumberOf(six);
  uint32_t first = id->division;
  while (context.fictional != 0 && first > context.fictional) first /= 10;
  if (context.fictional != 0 && first == context.fictional) return;
  if (!IsProvince(id->division / 10000)) {
    id->remarks.Add(Remark::kDivision);
  } else if (!context.divisions.empty() &&
             !std::binary_search(context.divisions.begin(), context.divisions.end(), id->division)) {
    id->remarks.Add(Remark::kDivisionNotListed);
  }
}

void NoteBirth(int32_t date, const IdContext& context, Identifier* id) {
  if (!IsDay(date)) {
    id->remarks.Add(Remark::kBirthDate);
    return;
  }
  id->birth_date = date;
  if (context.today != 0 && date > context.today) id->remarks.Add(Remark::kBirthInFuture);
  if (date == 19000101) id->remarks.Add(Remark::kFillerBirthDate);
  if (date % 10000 == 101) id->remarks.Add(Remark::kNewYearBirth);
}

IdSex SexOf(char digit) { return (digit - '0') % 2 == 1 ? IdSex::kMale : IdSex::kFemale; }

/// A filler with a check digit that happens to fit, or the same digit from the eighth on.
bool IsResidentFiller(std::string_view text) {
  return IsFiller(text) || IsFiller(text.substr(0, text.size() - 1)) ||
         IsFiller(text.substr(6, text.size() - 7));
}

/// Eighteen digits by the rule of GB 11643, of whichever kind.
Identifier Eighteen(const Reading& in, IdKind kind, std::string_view text) {
  Identifier id = Start(in, kind, text);
  if (IsResidentFiller(text)) id.remarks.Add(Remark::kPlaceholder);
  if (ResidentCheckDigit(text.substr(0, 17)) != text[17]) id.remarks.Add(Remark::kCheckDigit);
  NoteBirth(static_cast<int32_t>(NumberOf(text.substr(6, 8))), in.context, &id);
  if (kind == IdKind::kResidentId) {
    NoteDivision(text.substr(0, 6), in.context, &id);
  } else if (kind == IdKind::kResidencePermit) {
    id.division = NumberOf(text.substr(0, 6));
  }
  id.sex = SexOf(text[16]);
  Settle(&id, Grade::kChecked);
  return id;
}

IdKind EighteenKind(std::string_view text) {
  if (text[0] == '9') return IdKind::kForeignPermit;
  const std::string_view six = text.substr(0, 6);
  if (six == "810000" || six == "820000" || six == "830000") return IdKind::kResidencePermit;
  return IdKind::kResidentId;
}

Identifier Fifteen(const Reading& in) {
  const std::array<char, 18> converted = ResidentIdOf15(in.text());
  Identifier id = Start(in, IdKind::kResidentId, {converted.data(), converted.size()});
  id.remarks.Add(Remark::kConvertedFrom15);
  if (IsFiller(in.text())) id.remarks.Add(Remark::kPlaceholder);
  NoteBirth(static_cast<int32_t>(NumberOf(id.value().substr(6, 8))), in.context, &id);
  NoteDivision(id.value().substr(0, 6), in.context, &id);
  if (EighteenKind(id.value()) != IdKind::kResidentId)
    id.remarks.Add(Remark::kDivision);  // permits never had 15
  id.sex = SexOf(converted[16]);
  Settle(&id, Grade::kConverted);
  return id;
}

/// Letters that hands and scanners put for digits: kept only if the check digit then holds.
bool WithoutLookAlikes(std::string_view text, std::array<char, 18>* out) {
  static constexpr std::string_view kLetters = "OQDILZSBG", kDigits = "000112586";
  bool changed = false;
  for (size_t i = 0; i < 18; ++i) {
    const size_t at = kLetters.find(text[i]);
    (*out)[i] = at == std::string_view::npos ? text[i] : kDigits[at];
    changed = changed || at != std::string_view::npos;
  }
  const std::string_view mended(out->data(), 18);
  return changed && AllDigits(mended.substr(0, 17)) &&
         ResidentCheckDigit(mended.substr(0, 17)) == mended[17] &&
         IsDay(static_cast<int32_t>(NumberOf(mended.substr(6, 8))));
}

// ---- institutions --------------------------------------------------------------------------------------------------

Identifier CreditCode(const Reading& in) {
  const std::string_view text = in.text();
  Identifier id = Start(in, IdKind::kCreditCode, text);
  const bool alphabet =
      std::all_of(text.begin(), text.end(), [](char c) { return CreditValue(c) != kNoValue; });
  if (!alphabet || !AllDigits(text.substr(2, 6))) {
    id.remarks.Add(Remark::kCharacter);
  } else {
    if (CreditCodeCheckDigit(text.substr(0, 17)) != text[17]) id.remarks.Add(Remark::kCheckDigit);
    // The first places say who registers; a code of the centre (100000) belongs to no province.
    if (text.substr(2, 6) != "100000") NoteDivision(text.substr(2, 6), in.context, &id);
  }
  if (IsFiller(text.substr(0, 17))) id.remarks.Add(Remark::kPlaceholder);
  Settle(&id, Grade::kChecked);
  return id;
}

Identifier OrganizationCode(const Reading& in) {
  const std::string_view text = in.text();
  Identifier id = Start(in, IdKind::kOrganizationCode, text);
  if (OrganizationCheckDigit(text.substr(0, 8)) != text[8]) id.remarks.Add(Remark::kCheckDigit);
  if (IsFiller(text.substr(0, 8))) id.remarks.Add(Remark::kPlaceholder);
  Settle(&id, Grade::kChecked);
  return id;
}

Identifier InstitutionCode(const Reading& in) {
  const std::string_view text = in.text();
  Identifier id = Start(in, IdKind::kInstitutionCode, text);
  if (OrganizationCheckDigit(text.substr(0, 8)) != text[8]) id.remarks.Add(Remark::kCheckDigit);
  if (AllDigits(text.substr(9, 6))) {
    NoteDivision(text.substr(9, 6), in.context, &id);
  } else {
    id.remarks.Add(Remark::kCharacter);
  }
  Settle(&id, Grade::kChecked);
  return id;
}

/// The first place names who registers, the second what: neither is ever 0.
bool IsCreditCode(std::string_view text) {
  return text[0] != '0' && text[1] != '0' && CreditCodeCheckDigit(text.substr(0, 17)) == text[17];
}

/// Of 18 characters: a person's number and a credit code may look alike (both may begin with 11, 12, 51 … or 9), so the check digits
/// decide, then the birth date, then the field.
Identifier ReadEighteen(const Reading& in) {
  const std::string_view text = in.text();
  std::array<char, 18> starless;
  std::copy(text.begin(), text.end(), starless.begin());
  if (starless[17] == '*' && in.compact.stars == 1) starless[17] = 'X';  // a star for the sign of ten
  const std::string_view whole(starless.data(), 18);
  if (!AllDigits(whole.substr(0, 17))) {
    std::array<char, 18> mended;
    if (!IsCreditCode(text) && WithoutLookAlikes(text, &mended)) {
      const std::string_view number(mended.data(), 18);
      Identifier id = Eighteen(in, EighteenKind(number), number);
      id.remarks.Add(Remark::kLookAlike);
      return id;
    }
    return CreditCode(in);
  }
  Identifier person = Eighteen(in, EighteenKind(whole), whole);
  if (text[17] == '*') person.remarks.Add(Remark::kCheckSign);
  if (!IsCreditCode(text)) {
    return in.claimed == IdKind::kCreditCode && person.remarks.faults() ? CreditCode(in) : person;
  }
  // One in 31 mistyped persons' numbers has the check digit of a credit code: what is shaped as a person's stays one.
  const bool person_too = !person.remarks.Has(Remark::kDivision) && !person.remarks.Has(Remark::kBirthDate);
  if (!person_too) return CreditCode(in);
  Identifier chosen = in.claimed == IdKind::kCreditCode ? CreditCode(in) : person;
  chosen.remarks.Add(Remark::kAmbiguous);
  return chosen;
}

// ---- permits, passports, officers, births --------------------------------------------------------------------------

Identifier Form(const Reading& in, IdKind kind, std::string_view value, Grade grade) {
  Identifier id = Start(in, kind, value);
  std::string_view digits = value;
  while (!digits.empty() && IsLetter(digits.front())) digits.remove_prefix(1);
  if (IsFiller(digits)) id.remarks.Add(Remark::kPlaceholder);
  Settle(&id, grade);
  return id;
}

Identifier ReadHongKongMacao(const Reading& in) {
  const std::string_view text = in.text();
  const bool shape =
      (text.size() == 9 || text.size() == 11) && OneOf(text[0], "HM") && AllDigits(text.substr(1));
  if (!shape) return {};
  Identifier id = Form(in, IdKind::kHongKongMacao, text.substr(0, 9), Grade::kPattern);
  if (text.size() == 11) id.remarks.Add(Remark::kIssueDigits);
  return id;
}

/// 8 digits; the older one has 10 and, in brackets, a letter for the issue.
Identifier ReadTaiwan(const Reading& in) {
  const std::string_view text = in.text();
  const size_t digits = in.compact.digits;
  const bool old = digits == 10 && (text.size() == 10 || (text.size() == 11 && IsLetter(text[10])));
  if (!(old || (digits == 8 && text.size() == 8)) || !AllDigits(text.substr(0, digits))) return {};
  const bool sure = old && text.size() == 11;
  Identifier id =
      Form(in, IdKind::kTaiwan, text.substr(0, old ? 10 : 8), sure ? Grade::kPattern : Grade::kClaimed);
  if (sure) id.remarks.Add(Remark::kIssueDigits);
  return id;
}

Identifier ReadForeignPermit(const Reading& in) {
  const std::string_view text = in.text();
  const bool shape = text.size() == 15 && IsLetter(text[0]) && IsLetter(text[1]) && IsLetter(text[2]) &&
                     AllDigits(text.substr(3));
  return shape ? Form(in, IdKind::kForeignPermit, text, Grade::kPattern) : Identifier{};
}

/// One letter or two and six digits, then a check digit by weights 9, 8, … over 11; a missing first letter counts as 36.
Identifier ReadHongKongId(const Reading& in) {
  const std::string_view text = in.text();
  const size_t letters = text.size() == 9 ? 2 : 1;
  if (text.size() != 7 + letters || !IsLetter(text[0]) || !IsLetter(text[letters - 1])) return {};
  if (!AllDigits(text.substr(letters, 6))) return {};
  int sum = letters == 1 ? 36 * 9 : (text[0] - 'A' + 10) * 9;
  sum += (text[letters - 1] - 'A' + 10) * 8;
  for (int i = 0; i < 6; ++i) sum += (text[letters + static_cast<size_t>(i)] - '0') * (7 - i);
  const char last = text.back();
  const int check = last == 'A' ? 10 : last >= '0' && last <= '9' ? last - '0' : 99;
  if (check == 99) return {};
  Identifier id = Start(in, IdKind::kHongKongId, text);
  if ((sum + check) % 11 != 0) id.remarks.Add(Remark::kCheckDigit);
  if (IsFiller(text.substr(letters, 6))) id.remarks.Add(Remark::kPlaceholder);
  Settle(&id, Grade::kChecked);
  return id;
}

/// A letter and nine digits; the letter counts as two digits by its place, weights 1, 9, 8 … 1, 1 over 10.
Identifier ReadTaiwanId(const Reading& in) {
  static constexpr std::string_view kLetterOrder = "ABCDEFGHJKLMNPQRSTUVXYWZIO";  // 10, 11, … 35
  const std::string_view text = in.text();
  if (text.size() != 10 || !IsLetter(text[0]) || !AllDigits(text.substr(1)) || !OneOf(text[1], "1289"))
    return {};
  const int letter = static_cast<int>(kLetterOrder.find(text[0])) + 10;
  int sum = letter / 10 + letter % 10 * 9 + (text[9] - '0');
  for (int i = 1; i < 9; ++i) sum += (text[static_cast<size_t>(i)] - '0') * (9 - i);
  Identifier id = Start(in, IdKind::kTaiwanId, text);
  id.sex = OneOf(text[1], "18") ? IdSex::kMale : IdSex::kFemale;
  if (sum % 10 != 0) id.remarks.Add(Remark::kCheckDigit);
  if (IsFiller(text.substr(2))) id.remarks.Add(Remark::kPlaceholder);
  Settle(&id, Grade::kChecked);
  return id;
}

/// A letter for the edition of the form and nine digits, the first two the province.
Identifier ReadBirth(const Reading& in) {
  const std::string_view text = in.text();
  if (text.size() != 10 || !IsLetter(text[0]) || !AllDigits(text.substr(1))) return {};
  const uint32_t province = NumberOf(text.substr(1, 2));
  if (!IsProvince(province) && province != in.context.fictional / 100) return {};
  return Form(in, IdKind::kBirth, text, Grade::kPattern);
}

bool IsChinesePassport(std::string_view text) {
  if (text.size() < 8 || text.size() > 9) return false;
  if (AllDigits(text)) return text.size() == 9 && text[0] == '1' && OneOf(text[1], "45");
  if (AllDigits(text.substr(1))) return text.size() == 9 ? OneOf(text[0], "EGDSPKH") : OneOf(text[0], "DSP");
  if (!AllDigits(text.substr(2)) || text.size() != 9) return false;
  const bool ordinary = text[0] == 'E' && IsLetter(text[1]) && !OneOf(text[1], "IO");
  return ordinary || text.substr(0, 2) == "MA" || text.substr(0, 2) == "PE" || text.substr(0, 2) == "SE" ||
         text.substr(0, 2) == "DE";
}

Identifier ReadPassport(const Reading& in) {
  const std::string_view text = in.text();
  if (IsChinesePassport(text)) {
    const bool sure = !AllDigits(text);
    return Form(in, IdKind::kPassport, text, sure ? Grade::kPattern : Grade::kClaimed);
  }
  const bool shape = text.size() >= 5 && text.size() <= 15 && in.compact.digits >= 3 && in.compact.stars == 0;
  return shape ? Form(in, IdKind::kPassport, text, Grade::kClaimed) : Identifier{};
}

/// "军字第1234567号" becomes 军1234567; in an officer's field the number alone is taken too.
Identifier ReadOfficer(const Reading& in) {
  static constexpr std::u32string_view kWords = U"军軍兵士文武警公空海政后後装裝南北沈兰蘭济濟成广廣";
  const std::string_view text = in.text();
  if (text.size() < 4 || text.size() > 10 || in.compact.digits < 4) return {};
  size_t at = 0;
  while (at < in.folded.n && in.folded.c[at] >= 0x80) ++at;
  const bool worded = at >= 2 && in.folded.c[at - 1] == U'第' && in.folded.c[at - 2] == U'字';
  const bool known =
      (at == 1 || (worded && at >= 3)) && kWords.find(in.folded.c[0]) != std::u32string_view::npos;
  if (!known) return in.compact.plain ? Form(in, IdKind::kOfficer, text, Grade::kClaimed) : Identifier{};
  Identifier id = Form(in, IdKind::kOfficer, text, Grade::kPattern);
  std::array<char, 16> named;
  const char32_t c = in.folded.c[0];  // three bytes of UTF-8: all of kWords are of the first plane
  named[0] = static_cast<char>(0xE0 | (c >> 12));
  named[1] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
  named[2] = static_cast<char>(0x80 | (c & 0x3F));
  std::copy(text.begin(), text.end(), named.begin() + 3);
  SetValue(&id, {named.data(), text.size() + 3});
  return id;
}

// ---- divisions, records, free numbers ------------------------------------------------------------------------------

/// 2+2+2 digits, then 3 of township and 3 of village; zeros at the end are left out, so a county has one form.
Identifier ReadDivision(const Reading& in) {
  std::string_view text = in.text();
  const size_t n = text.size();
  if (!AllDigits(text) || !(n == 2 || n == 4 || n == 6 || n == 9 || n == 12)) return {};
  if (n == 12 && text.substr(9) == "000") text.remove_suffix(3);
  if (text.size() == 9 && text.substr(6) == "000") text.remove_suffix(3);
  std::array<char, 6> six = {'0', '0', '0', '0', '0', '0'};
  std::copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(6, text.size())),
            six.begin());
  const std::string_view first(six.data(), 6);
  Identifier id = Start(in, IdKind::kDivision, text.size() < 6 ? first : text);
  // Each level hangs on one that is there.
  const bool orphan = (first.substr(2, 2) == "00" && first.substr(4) != "00") ||
                      (text.size() == 12 && text.substr(6, 3) == "000") || first.substr(0, 2) == "00";
  if (orphan) id.remarks.Add(Remark::kDivision);
  NoteDivision(first, in.context, &id);
  Settle(&id, Grade::kPattern);
  return id;
}

/// County, township, village, and five digits of the person within it.
Identifier ReadHealthRecord(const Reading& in) {
  const std::string_view text = in.text();
  if (text.size() != 17 || !AllDigits(text)) return {};
  Identifier id = Form(in, IdKind::kHealthRecord, text, Grade::kPattern);
  NoteDivision(text.substr(0, 6), in.context, &id);
  Settle(&id, Grade::kPattern);
  return id;
}

bool IsFree(IdKind kind) {
  return kind == IdKind::kHealthCard || kind == IdKind::kRecordNumber || kind == IdKind::kHousehold;
}

void AppendUtf8(char32_t c, std::array<char, 4 * FoldedText::kMax>* out, size_t* n) {
  const auto push = [&](char32_t byte) { (*out)[(*n)++] = static_cast<char>(byte); };
  if (c < 0x80) return push(c);
  if (c < 0x800) {
    push(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      push(0xE0 | c >> 12);
    } else {
      push(0xF0 | c >> 18);
      push(0x80 | (c >> 12 & 0x3F));
    }
    push(0x80 | (c >> 6 & 0x3F));
  }
  push(0x80 | (c & 0x3F));
}

Identifier ReadFree(const Reading& in) {
  std::array<char, 4 * FoldedText::kMax> text;
  size_t n = 0;
  for (size_t i = 0; i < in.folded.n; ++i) AppendUtf8(in.folded.c[i], &text, &n);
  Identifier id = Start(in, in.claimed, {text.data(), n});
  if (IsFiller(in.text()) || (in.size() == 1 && in.text()[0] == '0') || in.size() == 0) {
    id.remarks.Add(Remark::kPlaceholder);
  }
  if (in.claimed == IdKind::kHousehold) id.remarks.Add(Remark::kHousehold);
  Settle(&id, Grade::kClaimed);
  return id;
}

// ---- which ---------------------------------------------------------------------------------------------------------

/// What the text is by its pattern alone; kUnknown if none is clear.
Identifier Recognize(const Reading& in) {
  const size_t n = in.size();
  if (in.compact.plain && n == 18) return ReadEighteen(in);
  if (in.compact.plain && n == 15 && AllDigits(in.text())) {
    Identifier id = Fifteen(in);
    if (!id.remarks.Has(Remark::kBirthDate) && !id.remarks.Has(Remark::kDivision)) return id;
  }
  if (Identifier id = ReadPhone(in.folded, false); id.kind != IdKind::kNone) return id;
  if (!in.compact.plain) {
    Identifier id = ReadOfficer(in);
    if (id.grade == Grade::kPattern) return id;
  } else {
    const bool dashed = in.compact.dash_at == 8;
    if (n == 22 && OrganizationCheckDigit(in.text().substr(0, 8)) == in.text()[8]) return InstitutionCode(in);
    if (n == 9 && dashed && OrganizationCheckDigit(in.text().substr(0, 8)) == in.text()[8])
      return OrganizationCode(in);
    Identifier id = ReadHongKongId(in);
    if (id.kind != IdKind::kNone && (in.compact.brackets || n == 9) && id.grade == Grade::kChecked) return id;
    id = ReadTaiwanId(in);
    if (id.grade == Grade::kChecked) return id;
    for (const auto read : {ReadHongKongMacao, ReadBirth, ReadForeignPermit}) {
      id = read(in);
      if (id.kind != IdKind::kNone) return id;
    }
    if (IsChinesePassport(in.text()) && !AllDigits(in.text())) return ReadPassport(in);
    if (n == 11 && in.compact.letters == 1) id = ReadTaiwan(in);
    if (id.kind == IdKind::kTaiwan) return id;
  }
  return Form(in, IdKind::kUnknown, in.text(), Grade::kClaimed);
}

/// As the field says; kNone if the text has not the form.
Identifier ReadClaimed(const Reading& in) {
  const size_t n = in.size();
  if (IsPhone(in.claimed)) return ReadPhone(in.folded, true);
  if (in.claimed == IdKind::kOfficer) return ReadOfficer(in);
  if (!in.compact.plain) return {};
  switch (in.claimed) {
    case IdKind::kResidentId:
    case IdKind::kResidencePermit:
    case IdKind::kCreditCode:
      if (n == 18) return ReadEighteen(in);
      return n == 15 && AllDigits(in.text()) && in.claimed == IdKind::kResidentId ? Fifteen(in)
                                                                                  : Identifier{};
    case IdKind::kForeignPermit:
      return n == 18 ? ReadEighteen(in) : ReadForeignPermit(in);
    case IdKind::kHongKongMacao:
      return ReadHongKongMacao(in);
    case IdKind::kTaiwan:
      return ReadTaiwan(in);
    case IdKind::kPassport:
      return ReadPassport(in);
    case IdKind::kBirth:
      return ReadBirth(in);
    case IdKind::kHongKongId:
      return ReadHongKongId(in);
    case IdKind::kTaiwanId:
      return ReadTaiwanId(in);
    case IdKind::kHealthRecord:
      return ReadHealthRecord(in);
    case IdKind::kOrganizationCode:
      return n == 9 ? OrganizationCode(in) : Identifier{};
    case IdKind::kInstitutionCode:
      return n == 22 ? InstitutionCode(in) : Identifier{};
    case IdKind::kDivision:
      return ReadDivision(in);
    default:
      return {};
  }
}

bool SameFamily(IdKind a, IdKind b) { return a == b || (IsPhone(a) && IsPhone(b)); }

/// The text has no form that its field allows: what is wrong with it?
Identifier Misfit(const Reading& in, Identifier unknown) {
  unknown.kind = in.claimed;
  const bool sized = in.claimed == IdKind::kResidentId || in.claimed == IdKind::kCreditCode ||
                     in.claimed == IdKind::kResidencePermit || in.claimed == IdKind::kHealthRecord;
  if (!in.compact.plain) {
    unknown.remarks.Add(Remark::kCharacter);
  } else {
    unknown.remarks.Add(sized ? Remark::kLength : Remark::kNotOfKind);
  }
  Settle(&unknown, Grade::kBroken);
  return unknown;
}

/// Field and pattern together.
Identifier Decide(const Reading& in) {
  if (in.claimed == IdKind::kNone || in.claimed == IdKind::kUnknown) return Recognize(in);
  if (IsFree(in.claimed)) {
    Identifier id = ReadFree(in);
    const Identifier pattern = Recognize(in);
    if (pattern.grade >= Grade::kPattern) id.looks_like = pattern.kind;
    return id;
  }
  const Identifier as_claimed = ReadClaimed(in);
  if (as_claimed.kind != IdKind::kNone && as_claimed.grade == Grade::kChecked) {
    Identifier id = as_claimed;
    if (!SameFamily(id.kind, in.claimed)) id.remarks.Add(Remark::kOtherKind);
    return id;
  }
  Identifier pattern = Recognize(in);
  // A number that fails its own check is of another kind only if it passes that one's.
  const bool failed = as_claimed.kind != IdKind::kNone && as_claimed.grade <= Grade::kBroken;
  const bool certain =
      pattern.grade >= (failed ? Grade::kConverted : Grade::kPattern) && pattern.grade > as_claimed.grade;
  if (as_claimed.kind != IdKind::kNone && !(certain && !SameFamily(pattern.kind, in.claimed))) {
    Identifier id = as_claimed;
    if (!SameFamily(id.kind, in.claimed)) id.remarks.Add(Remark::kOtherKind);
    return id;
  }
  if (pattern.kind == IdKind::kUnknown) return Misfit(in, pattern);
  if (!SameFamily(pattern.kind, in.claimed)) pattern.remarks.Add(Remark::kOtherKind);
  return pattern;
}

/// Part of the number is hidden behind stars (the last one alone may stand for X).
bool IsMasked(const CompactText& compact) {
  return compact.stars > 1 || (compact.stars == 1 && !(compact.n == 18 && compact.c[17] == '*'));
}

}  // namespace

Identifier Classify(std::string_view text, IdKind claimed, const IdContext& context) {
  Identifier id;
  id.kind = claimed;
  if (text.size() > kIdInputMax) {
    id.remarks.Add(Remark::kTooLong);
    Settle(&id, Grade::kBroken);
    return id;
  }
  const FoldedText folded = Fold(text);
  const CompactText compact = Compact(folded);
  if (folded.n == 0 || (compact.n == 0 && compact.plain)) {
    id.remarks.Add(Remark::kEmpty);
    return id;
  }
  const Reading in{folded, compact, claimed, context};
  if (folded.too_long) {
    id.remarks.Add(Remark::kTooLong);
    Settle(&id, Grade::kBroken);
  } else if (IsMasked(compact)) {
    id = Start(in, claimed == IdKind::kNone ? IdKind::kUnknown : claimed, compact.view());
    id.remarks.Add(Remark::kMasked);
    Settle(&id, Grade::kNothing);
  } else {
    id = Decide(in);
  }
  if (!context.hot.empty() && id.grade != Grade::kNothing &&
      std::binary_search(context.hot.begin(), context.hot.end(), ValueKey(id))) {
    id.remarks.Add(Remark::kHotValue);
    Settle(&id, id.grade);
  }
  return id;
}

bool Identifier::key() const {
  if (grade < Grade::kPattern || looks_like != IdKind::kNone) return false;
  return (kind >= IdKind::kResidentId && kind <= IdKind::kTaiwanId) || kind == IdKind::kHealthRecord;
}

// ---- check digits --------------------------------------------------------------------------------------------------

char ResidentCheckDigit(std::string_view body) {
  if (body.size() != 17 || !AllDigits(body)) return '\0';
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += (body[i] - '0') * kResidentWeights[i];
  return kResidentChecks[static_cast<size_t>(sum % 11)];
}

char CreditCodeCheckDigit(std::string_view body) {
  if (body.size() != 17) return '\0';
  int sum = 0, weight = 1;
  for (const char c : body) {
    const int value = CreditValue(c);
    if (value == kNoValue) return '\0';
    sum += value * weight;
    weight = weight * 3 % 31;
  }
  return kCreditAlphabet[static_cast<size_t>((31 - sum % 31) % 31)];
}

char OrganizationCheckDigit(std::string_view body) {
  if (body.size() != 8) return '\0';
  int sum = 0;
  for (size_t i = 0; i < 8; ++i) {
    const char c = body[i];
    const int value = c >= '0' && c <= '9' ? c - '0' : IsLetter(c) ? c - 'A' + 10 : -1;
    if (value < 0) return '\0';
    sum += value * kOrganizationWeights[i];
  }
  const int check = 11 - sum % 11;
  return check == 10 ? 'X' : check == 11 ? '0' : static_cast<char>('0' + check);
}

std::array<char, 18> ResidentIdOf15(std::string_view fifteen) {
  std::array<char, 18> out{};
  if (fifteen.size() != 15 || !AllDigits(fifteen)) return out;
  const bool old = fifteen.substr(12) >= "996";  // kept for those who were a hundred when numbers were given
  std::copy(fifteen.begin(), fifteen.begin() + 6, out.begin());
  out[6] = '1';
  out[7] = old ? '8' : '9';
  std::copy(fifteen.begin() + 6, fifteen.end(), out.begin() + 8);
  out[17] = ResidentCheckDigit({out.data(), 17});
  return out;
}

bool IsDay(int32_t yyyymmdd) {
  static constexpr std::array<int, 13> kDays = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int32_t year = yyyymmdd / 10000, month = yyyymmdd / 100 % 100, day = yyyymmdd % 100;
  if (year < 1800 || year > 2199 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= (month == 2 && !leap ? 28 : kDays[static_cast<size_t>(month)]);
}

bool IsProvince(uint32_t two_digits) {
  static constexpr std::array<uint8_t, 10> kLastOfTens = {0, 5, 3, 7, 6,
                                                          4, 5, 1, 2, 0};  // 11–15, 21–23, … 71, 81–82
  if (two_digits < 10 || two_digits > 99) return false;
  return two_digits % 10 >= (two_digits / 10 == 5 ? 0 : 1) && two_digits % 10 <= kLastOfTens[two_digits / 10];
}

}  // namespace tk::person
