#include "kernel/person/linkage/intake.h"

#include <algorithm>
#include <charconv>

#include "kernel/base/text.h"
#include "kernel/person/divisions.h"
#include "kernel/person/linkage/calendar.h"
#include "kernel/person/name.h"
#include "kernel/person/name_parts.h"

namespace tk::person::linkage {
namespace {

constexpr int kMotherOlderFrom = 12;        // years between the number's birth date and the stated one
constexpr int32_t kFillerBirth = 19000101;  // what programs write where nothing is known

void AppendCharacter(char32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  const char32_t lead = more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0;
  out->push_back(static_cast<char>(lead | c >> (6 * more)));
  for (int shift = 6 * (more - 1); shift >= 0; shift -= 6)
    out->push_back(static_cast<char>(0x80 | (c >> shift & 0x3F)));
}

std::string TextOfPart(const Name& name, size_t from, size_t to) {
  std::string text;
  for (size_t i = from; i < to; ++i) AppendCharacter(name.c[i], &text);
  return name.kind == NameKind::kLatin ? ToLower(TrimSpace(text)) : text;
}

uint32_t SoundOfLetters(std::string_view letters) {
  Spelling spelling;
  spelling.n = 0;
  for (const char c : letters) {
    if (c != ' ') spelling.Add({&c, 1});
  }
  FoldSounds(&spelling);
  return spelling.n == 0 ? 0 : HashOf(spelling.view());
}

/// yyyymmdd of 1990, 1990-01, 1990-01-02; 0 if it is none, or a filler.
int32_t ReadBirth(std::string_view text) {
  int32_t parts[3] = {0, 0, 0};
  for (size_t i = 0; i < 3 && !text.empty(); ++i) {
    const std::string_view part = text.substr(0, text.find('-'));
    if (std::from_chars(part.data(), part.data() + part.size(), parts[i]).ptr != part.data() + part.size())
      return 0;
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  const int32_t birth = parts[0] * 10000 + parts[1] * 100 + parts[2];
  if (parts[0] < 1880 || parts[0] > 2199 || (birth >= 19000000 && birth <= kFillerBirth)) return 0;
  return parts[2] == 0 || IsDay(birth) ? birth : 0;
}

bool IsOfMother(const Identifier& id, const PatientText& text, int32_t birth) {
  if (id.birth_date == 0 || birth == 0 || id.sex == IdSex::kMale) return false;
  return birth / 10000 - id.birth_date / 10000 >= kMotherOlderFrom &&
         (!text.mother_name.empty() || text.birth_order != 0 ||
          std::any_of(text.names.begin(), text.names.end(), [](const PatientText::NameText& name) {
            return ReadName(name.text).kind == NameKind::kChild;
          }));
}

/// Lent, or another's by mistake: its own birth date is quite another than the one beside it, by more than dates go wrong.
bool IsDoubtful(const Identifier& id, int32_t birth) {
  const bool says_year_only = birth % 10000 == 101 || birth % 100 == 0;
  return id.kind == IdKind::kResidentId && id.grade >= Grade::kConverted && birth != 0 && !says_year_only &&
         CompareBirths(id.birth_date, birth) == BirthLevel::kDifferent;
}

/// Its division was none when its owner was born, or since: the lists begin with the end of 2002, so that older numbers cannot be judged by them.
/// Source: standards of the resident number (GB 11643-1999: the first six digits are a division's); person/data/divisions.tsv.
bool IsOfNoDivision(const Identifier& id) {
  constexpr int32_t kListsBegin = 20030101;
  return id.kind == IdKind::kResidentId && id.remarks.Has(Remark::kDivisionNotListed) &&
         id.birth_date >= kListsBegin;
}

void AddNumber(const PatientText::IdText& value, const PatientText& text, const IdContext& context,
               Record* record) {
  IdContext known = context;
  if (known.divisions.empty()) known.divisions = KnownDivisions();
  const Identifier id = Classify(value.value, value.claimed, known);
  if (id.grade == Grade::kNothing || id.kind == IdKind::kHousehold) return;
  if (IsPhone(id.kind)) return;
  const int32_t birth = record->births.empty() ? 0 : record->births[0];
  if (id.kind == IdKind::kResidentId && IsOfMother(id, text, birth)) {
    record->mothers.push_back(ValueKey(id));
    return;
  }
  record->ids.push_back({id, IsResidentClass(id.kind) ? 0 : value.issuer});
  // As one of fifteen digits: it counts, and makes nobody certain by itself.
  if (IsOfNoDivision(id) && id.grade == Grade::kChecked) record->ids.back().id.grade = Grade::kConverted;
  if (IsDoubtful(id, birth)) record->ids.back().id.grade = Grade::kClaimed;
}

/// What a number whose check digit holds says of its owner, where the source says nothing.
void Derive(const PatientText& text, Record* record) {
  for (const IdValue& value : record->ids) {
    if (value.id.kind != IdKind::kResidentId || value.id.grade < Grade::kConverted) continue;
    if (record->births.empty() && value.id.birth_date != 0 && text.mother_name.empty())
      record->births.push_back(value.id.birth_date);
    if (record->sex == Sex::kUnknown && value.id.sex != IdSex::kUnknown)
      record->sex = value.id.sex == IdSex::kMale ? Sex::kMale : Sex::kFemale;
  }
}

uint64_t PhoneNumber(const std::string& text, const IdContext& context) {
  const Identifier id = Classify(text, IdKind::kMobile, context);
  if (!IsPhone(id.kind) || id.grade <= Grade::kBroken) return 0;
  uint64_t number = 0;
  for (const char c : id.value()) {
    if (c >= '0' && c <= '9') number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

}  // namespace

NameValue ReadNameValue(const PatientText::NameText& text) {
  const bool parted = !text.family.empty() && !text.given.empty();
  const Name name = parted ? ReadName(text.family, text.given)
                           : ReadName(text.text.empty() ? text.family + text.given : text.text);
  NameValue value;
  value.current = text.current;
  if (name.missing() || name.kind == NameKind::kChild) return value;
  value.family = TextOfPart(name, 0, name.surname);
  value.given = TextOfPart(name, name.surname, name.n);
  const std::string letters = PinyinOf(name);
  // The surname's letters stand before the first blank; of Latin names they are known where the source has them apart.
  const size_t gap =
      name.kind == NameKind::kChinese && name.surname > 0 ? letters.find(' ') : std::string::npos;
  if (gap != std::string::npos) {
    value.family_sound = SoundOfLetters(std::string_view(letters).substr(0, gap));
    value.given_sound = SoundOfLetters(std::string_view(letters).substr(gap + 1));
  } else if (!value.family.empty() && name.kind == NameKind::kLatin) {
    value.family_sound = SoundOfLetters(value.family);
    value.given_sound = SoundOfLetters(value.given);
  } else {
    value.given_sound = SoundOfLetters(letters);
  }
  std::array<uint64_t, kSoundKeysMax> keys{};
  const size_t n = SoundKeys(name, true, keys);
  for (size_t i = 0; i < std::min(n, value.whole_sound.size()); ++i)
    value.whole_sound[i] = static_cast<uint32_t>(keys[i] >> 32) | 1;
  return value;
}

Record ReadPatient(const PatientText& text, const IdContext& context) {
  Record record;
  for (const auto& name : text.names) {
    NameValue value = ReadNameValue(name);
    if (!value.family.empty() || !value.given.empty()) record.names.push_back(std::move(value));
  }
  if (const int32_t birth = ReadBirth(text.birth); birth != 0) record.births.push_back(birth);
  record.sex = text.sex;
  record.birth_order = text.birth_order;
  for (const auto& id : text.ids) AddNumber(id, text, context, &record);
  Derive(text, &record);
  for (const std::string& phone : text.phones) {
    if (const uint64_t number = PhoneNumber(phone, context); number != 0) record.phones.push_back(number);
  }
  for (const std::string& phone : text.mother_phones) {
    const uint64_t number = PhoneNumber(phone, context);
    if (number != 0 && std::find(record.phones.begin(), record.phones.end(), number) == record.phones.end())
      record.phones.push_back(number);
  }
  for (const std::string& email : text.emails) record.emails.push_back(ToLower(email));
  for (const auto& address : text.addresses) record.addresses.push_back({address.division, address.text});
  if (const Name mother = ReadName(text.mother_name); !mother.missing() && !text.mother_name.empty())
    record.mothers.push_back(NameKey(mother));
  return record;
}

}  // namespace tk::person::linkage
