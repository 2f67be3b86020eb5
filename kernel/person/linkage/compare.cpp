#include "kernel/person/linkage/compare.h"

#include <algorithm>

#include "kernel/person/linkage/calendar.h"
#include "kernel/person/linkage/name_levels.h"

namespace tk::person::linkage {
namespace {

constexpr std::array<FieldTraits, kFieldCount> kFieldTraits = {{
    {"family", {"missing", "different", "part", "similar", "sound", "swapped", "alias", "same"}},
    {"given", {"missing", "different", "part", "similar", "sound", "swapped", "alias", "same"}},
    {"birth", {"missing", "different", "nominal", "year", "part", "slip", "lunar", "same"}},
    {"sex", {"missing", "different", "same"}},
    {"id", {"missing", "different", "unlike", "slip", "same-broken", "converted", "same"}},
    {"card", {"missing", "different", "slip", "same"}},
    {"phone", {"missing", "different", "shared", "same"}},
    {"email", {"missing", "different", "similar", "same"}},
    {"address", {"missing", "different", "street", "near", "same"}},
    {"division", {"missing", "different", "near", "same"}},
    {"relation", {"missing", "parent", "sibling", "other-mother", "same-mother"}},
}};

void CompareAllBirths(const EntryView& a, const EntryView& b, Comparison* out) {
  for (const int32_t x : a.births()) {
    for (const int32_t y : b.births()) {
      const auto level = static_cast<uint8_t>(CompareBirths(x, y));
      if (level > out->levels[Field::kBirth]) out->levels[Field::kBirth] = level;
    }
  }
}

uint8_t IdLevel(const IdView& a, const IdView& b) {
  if (a.text == b.text && a.grade >= Grade::kConverted && b.grade >= Grade::kConverted)
    return a.grade == Grade::kChecked && b.grade == Grade::kChecked ? level::kIdSame : level::kConverted;
  // A number that its own record speaks against (intake.h) proves nobody by being the same.
  if (a.text == b.text && std::min(a.grade, b.grade) == Grade::kClaimed) return level::kSameBroken;
  switch (person::Compare(IdentifierOf(a), IdentifierOf(b))) {
    case IdAgreement::kNothing:
      return level::kMissing;
    case IdAgreement::kDifferent:
      return a.grade >= Grade::kConverted && b.grade >= Grade::kConverted ? level::kDifferent
                                                                          : level::kUnlike;
    case IdAgreement::kSlip:
      return level::kIdSlip;
    case IdAgreement::kSameBroken:
      return level::kSameBroken;
    case IdAgreement::kConverted:
      return level::kConverted;
    case IdAgreement::kSame:
      return level::kIdSame;
  }
  return level::kMissing;
}

uint8_t CardLevel(const IdView& a, const IdView& b) {
  if (a.text == b.text)
    return a.grade > Grade::kBroken && b.grade > Grade::kBroken ? level::kCardSame : level::kCardSlip;
  return person::Compare(IdentifierOf(a), IdentifierOf(b)) == IdAgreement::kSlip ? level::kCardSlip
                                                                                 : level::kDifferent;
}

void CompareIds(const EntryView& a, const EntryView& b, Comparison* out) {
  bool differ = false;
  for (const IdView& x : a.ids()) {
    for (const IdView& y : b.ids()) {
      if (x.kind != y.kind || x.issuer != y.issuer || x.grade == Grade::kNothing ||
          y.grade == Grade::kNothing)
        continue;
      const bool resident = IsResidentClass(x.kind);
      const Field field = resident ? Field::kId : Field::kCard;
      const uint8_t level = resident ? IdLevel(x, y) : CardLevel(x, y);
      differ |=
          resident && level == level::kDifferent && x.grade == Grade::kChecked && y.grade == Grade::kChecked;
      out->levels[field] = std::max(out->levels[field], level);
    }
  }
  // With one number in common, a second one is a correction or a history, no conflict.
  out->ids_conflict = differ && out->levels[Field::kId] < level::kConverted;
}

void ComparePhones(const EntryView& a, const EntryView& b, Comparison* out) {
  if (a.phones().empty() || b.phones().empty()) return;
  out->levels[Field::kPhone] = level::kDifferent;
  for (const uint64_t x : a.phones()) {
    for (const uint64_t y : b.phones()) {
      if (x != y || x < out->phone) continue;
      out->levels[Field::kPhone] = level::kPhoneSame;
      out->phone = x;
    }
  }
}

std::string_view LocalPart(std::string_view email) { return email.substr(0, email.find('@')); }

uint8_t EmailLevel(std::string_view a, std::string_view b) {
  if (a == b) return level::kEmailSame;
  if (LocalPart(a) == LocalPart(b) || IsSimilarText(a, b)) return level::kEmailSimilar;
  return level::kDifferent;
}

void CompareEmails(const EntryView& a, const EntryView& b, Comparison* out) {
  for (const std::string_view x : a.emails()) {
    for (const std::string_view y : b.emails())
      out->levels[Field::kEmail] = std::max(out->levels[Field::kEmail], EmailLevel(x, y));
  }
}

/// Of the words of the shorter text, how many the longer has: it may name the city and the county too.
double WordsShared(const AddressView& a, const AddressView& b) {
  const size_t fewer = std::min(a.words, b.words);
  if (fewer == 0) return a.words == b.words ? 1 : 0;
  size_t i = 0, j = 0, shared = 0;
  while (i < a.words && j < b.words) {
    const uint16_t x = a.word(i), y = b.word(j);
    shared += x == y;
    i += x <= y;
    j += y <= x;
  }
  return static_cast<double>(shared) / static_cast<double>(fewer);
}

/// Common ones of the fewer numbers.
double NumbersShared(const AddressView& a, const AddressView& b) {
  const size_t fewer = std::min(a.numbers, b.numbers);
  if (fewer == 0) return a.numbers == b.numbers ? 1 : 0;
  uint64_t used = 0;
  size_t shared = 0;
  for (size_t i = 0; i < a.numbers; ++i) {
    for (size_t j = 0; j < b.numbers; ++j) {
      if ((used >> j & 1) != 0 || a.number(i) != b.number(j)) continue;
      used |= 1ULL << j;
      ++shared;
      break;
    }
  }
  return static_cast<double>(shared) / static_cast<double>(fewer);
}

uint8_t AddressLevel(const AddressView& a, const AddressView& b) {
  if (a.words + a.numbers == 0 || b.words + b.numbers == 0) return level::kMissing;
  const double words = WordsShared(a, b), numbers = NumbersShared(a, b);
  const size_t longer = std::max(a.numbers, b.numbers), fewer = std::min(a.numbers, b.numbers);
  if (numbers == 1 && words >= 0.8 && longer == fewer) return level::kAddressSame;
  if ((numbers == 1 && words >= 0.5 && fewer > 0) || (numbers >= 0.6 && words >= 0.7)) return level::kNear;
  return words >= 0.6 ? level::kStreet : level::kDifferent;
}

uint8_t DivisionLevel(uint32_t a, uint32_t b) {
  if (a == 0 || b == 0) return level::kMissing;
  if (a == b) return level::kDivisionSame;
  return a / 100 == b / 100 ? level::kDivisionNear : level::kDifferent;
}

void CompareAddresses(const EntryView& a, const EntryView& b, Comparison* out) {
  for (const AddressView& x : a.addresses()) {
    for (const AddressView& y : b.addresses()) {
      const uint8_t address = AddressLevel(x, y), division = DivisionLevel(x.division, y.division);
      uint32_t& house = out->value[static_cast<size_t>(Field::kAddress)];
      uint32_t& place = out->value[static_cast<size_t>(Field::kDivision)];
      if (address == level::kAddressSame) house = std::max({house, x.Hash(), y.Hash()});
      if (division == level::kDivisionSame) place = std::max(place, x.division);
      out->levels[Field::kAddress] = std::max(out->levels[Field::kAddress], address);
      out->levels[Field::kDivision] = std::max(out->levels[Field::kDivision], division);
    }
  }
}

bool IsMotherOf(const EntryView& mother, const EntryView& child) {
  if (child.mothers().empty()) return false;
  for (const IdView& id : mother.ids()) {
    if (std::find(child.mothers().begin(), child.mothers().end(), ValueKeyOf(id)) != child.mothers().end())
      return true;
  }
  return false;
}

void CompareRelations(const EntryView& a, const EntryView& b, Comparison* out) {
  uint8_t& level = out->levels[Field::kRelation];
  if (IsMotherOf(a, b) || IsMotherOf(b, a)) {
    level = level::kParent;
    return;
  }
  if (a.birth_order() != 0 && b.birth_order() != 0 && a.birth_order() != b.birth_order()) {
    level = level::kSibling;
    return;
  }
  if (a.mothers().empty() || b.mothers().empty()) return;
  level = level::kOtherMother;
  for (const uint64_t x : a.mothers()) {
    if (std::find(b.mothers().begin(), b.mothers().end(), x) != b.mothers().end()) level = level::kSameMother;
  }
}

}  // namespace

const FieldTraits& TraitsOf(Field field) { return kFieldTraits[static_cast<size_t>(field)]; }

size_t FieldNamed(std::string_view name) {
  size_t i = 0;
  while (i < kFieldCount && kFieldTraits[i].name != name) ++i;
  return i;
}

size_t LevelNamed(Field field, std::string_view name) {
  const auto& levels = TraitsOf(field).levels;
  return static_cast<size_t>(std::find(levels.begin(), levels.end(), name) - levels.begin());
}

Comparison ComparePlain(const EntryView& a, const EntryView& b) {
  Comparison out;
  CompareAllBirths(a, b, &out);
  if (a.sex() != Sex::kUnknown && b.sex() != Sex::kUnknown) {
    const bool meet = (static_cast<uint8_t>(a.sex()) & static_cast<uint8_t>(b.sex())) != 0;
    out.levels[Field::kSex] = meet ? level::kSexSame : level::kDifferent;
  }
  CompareIds(a, b, &out);
  CompareRelations(a, b, &out);
  return out;
}

void CompareRest(const EntryView& a, const EntryView& b, Comparison* out) {
  CompareNames(a, b, out);
  ComparePhones(a, b, out);
  CompareEmails(a, b, out);
  CompareAddresses(a, b, out);
}

Comparison Compare(const EntryView& a, const EntryView& b) {
  Comparison out = ComparePlain(a, b);
  CompareRest(a, b, &out);
  return out;
}

}  // namespace tk::person::linkage
