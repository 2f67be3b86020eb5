#include "city/ident.h"

#include <algorithm>

#include "city/random.h"
#include "kernel/base/error.h"

namespace tk::city {
namespace {

/// `number` in `count` decimal digits.
void WriteDigits(uint64_t number, size_t count, char* out) {
  for (size_t i = count; i-- > 0; number /= 10) out[i] = static_cast<char>('0' + number % 10);
}

constexpr bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

}  // namespace

char CheckCharacter(std::string_view first17) {
  constexpr std::array<unsigned, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  unsigned sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) sum += kWeights[i] * static_cast<unsigned>(first17[i] - '0');
  return "10X98765432"[sum % 11];
}

RegisterSlot SlotOf(uint64_t key, uint64_t index) {
  // Shuffled, so that neighbours have nothing in common; then a day, and a rank that is another one for each day.
  const uint64_t place = Permute(key, kSlotsPerDivision, index);
  const uint64_t day = place % 365;
  const uint64_t turn =
      (place / 365 * 37 + KeyOf(key, Draw::kSlot, day)) % 434;  // 37 and 434 have no common factor
  const uint64_t of_seven = turn % 7;
  return {static_cast<uint16_t>(day),
          static_cast<uint16_t>(turn / 7 * 8 + (of_seven == 0 ? 0 : of_seven + 1))};
}

CivilDate BirthOf(RegisterSlot slot, int year) {
  constexpr std::array<int, 13> kBefore = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
  const auto month = std::upper_bound(kBefore.begin(), kBefore.end(), slot.day) - kBefore.begin();
  CivilDate date{year, static_cast<int>(month), slot.day - kBefore[static_cast<size_t>(month) - 1] + 1};
  if (date.month == 2 && date.day == 28 && IsLeap(year) && slot.rank / 8 % 2 == 1) date.day = 29;
  return date;
}

ResidentId ResidentIdOf(std::string_view division, RegisterSlot slot, CivilDate birth, bool male) {
  CHECK(division.size() == 6);
  ResidentId id;
  std::copy(division.begin(), division.end(), id.begin());
  WriteDigits(static_cast<uint64_t>(birth.year), 4, id.data() + 6);
  WriteDigits(static_cast<uint64_t>(birth.month), 2, id.data() + 10);
  WriteDigits(static_cast<uint64_t>(birth.day), 2, id.data() + 12);
  WriteDigits(slot.rank * 2u + (male ? 1 : 2), 3, id.data() + 14);
  id[17] = CheckCharacter({id.data(), 17});
  return id;
}

std::string ShortResidentId(const ResidentId& id) {
  std::string text(id.data(), 6);
  text.append(id.data() + 8, 9);
  return text;
}

std::string CreditCode(std::string_view registrar, std::string_view division, uint64_t number) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  constexpr std::array<unsigned, 8> kBodyWeights = {3, 7, 9, 10, 5, 8, 4, 2};
  CHECK(registrar.size() == 2 && division.size() == 6 && number < 100'000'000);
  std::string code = std::string(registrar) + std::string(division);
  std::array<char, 8> body;
  WriteDigits(number, body.size(), body.data());
  unsigned sum = 0;
  for (size_t i = 0; i < body.size(); ++i) sum += kBodyWeights[i] * static_cast<unsigned>(body[i] - '0');
  code.append(body.data(), body.size());
  code.push_back("0X987654321"[sum % 11]);  // 11 - sum % 11, where 10 is X and 11 is 0
  unsigned total = 0, weight = 1;
  for (const char c : code) {
    total += static_cast<unsigned>(kAlphabet.find(c)) * weight;
    weight = weight * 3 % 31;
  }
  code.push_back(kAlphabet[(31 - total % 31) % 31]);
  return code;
}

void AppendDate(CivilDate date, std::string* out) {
  std::array<char, 10> text;
  text[4] = text[7] = '-';
  WriteDigits(static_cast<uint64_t>(date.year), 4, text.data());
  WriteDigits(static_cast<uint64_t>(date.month), 2, text.data() + 5);
  WriteDigits(static_cast<uint64_t>(date.day), 2, text.data() + 8);
  out->append(text.data(), text.size());
}

}  // namespace tk::city
