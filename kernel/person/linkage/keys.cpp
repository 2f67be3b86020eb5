#include "kernel/person/linkage/keys.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "kernel/base/hash.h"
#include "kernel/base/text.h"

namespace tk::person::linkage {
namespace {

/// Values of one part of a key; over the limit they are cut, as histories of so many values say little.
struct PartValues {
  static constexpr size_t kMax = 24;
  std::array<uint64_t, kMax> value;
  size_t n = 0;
  void Add(uint64_t v) {
    if (v == 0 || n == kMax || std::find(value.begin(), value.begin() + n, v) != value.begin() + n) return;
    value[n++] = v;
  }
};

std::string_view FirstCharacters(std::string_view text) {
  if (text.empty()) return text;
  const size_t first = std::max<size_t>(1, Utf8CharLength(text));
  return text.substr(0, first > 1 ? first : 2);
}

void AddIds(const EntryView& entry, KeyPart part, PartValues* out) {
  for (const IdView& id : entry.ids()) {
    const bool resident = id.kind == IdKind::kResidentId && id.text.size() == 18;
    if (part == KeyPart::kIdTail) {
      if (resident) out->Add(HashOf(id.text.substr(6)));
    } else if (part == KeyPart::kIdBirthless) {
      if (resident)
        out->Add(HashOf(id.text.substr(0, 6)) * uint64_t{0x100000001} ^ HashOf(id.text.substr(14)));
    } else if (id.grade > Grade::kBroken) {
      out->Add(Mix(uint64_t{id.issuer} << 8 | static_cast<uint64_t>(id.kind)) ^ HashOf(id.text));
    } else if (id.grade == Grade::kBroken) {
      out->Add(~Mix(static_cast<uint64_t>(id.kind)) ^ HashOf(id.text));
    }
  }
}

void AddBirths(const EntryView& entry, KeyPart part, PartValues* out) {
  for (const int32_t birth : entry.births()) {
    const bool whole = birth % 100 != 0;
    if (part == KeyPart::kBirthYear)
      out->Add(static_cast<uint64_t>(birth / 10000));
    else if (whole)
      out->Add(static_cast<uint64_t>(part == KeyPart::kBirth ? birth : birth % 10000));
  }
}

void AddNames(const EntryView& entry, KeyPart part, PartValues* out) {
  for (const NameView& name : entry.names()) {
    switch (part) {
      case KeyPart::kFamily:
        out->Add(name.family_sound);
        if (name.family.empty()) out->Add(name.given_sound);
        break;
      case KeyPart::kGiven:
        out->Add(name.given_sound);
        break;
      case KeyPart::kGivenText:
        out->Add(name.given.empty() ? 0 : HashOf(name.given));
        break;
      case KeyPart::kGivenStart:
        out->Add(name.given.empty() ? 0 : HashOf(FirstCharacters(name.given)));
        break;
      case KeyPart::kFamilyStart:
        out->Add(name.family.empty() ? 0 : HashOf(FirstCharacters(name.family)));
        break;
      default:  // kName: as one word, and as a sum, so that the order does not matter
        for (const uint32_t sound : name.whole_sound) out->Add(sound);
        if (name.family_sound != 0 && name.given_sound != 0)
          out->Add(uint64_t{name.family_sound} + name.given_sound);
    }
  }
}

void AddAddresses(const EntryView& entry, KeyPart part, PartValues* out) {
  for (const AddressView& address : entry.addresses()) {
    if (part == KeyPart::kDivision) {
      out->Add(address.division);
    } else if (part == KeyPart::kWords) {
      for (size_t i = 0; i < address.words; ++i) out->Add(address.word(i) + uint64_t{1});
    } else if (address.numbers >= 2) {
      uint64_t sum = 0;
      for (size_t i = 0; i < address.numbers; ++i) sum += Mix(address.number(i) + uint64_t{1});
      out->Add(sum);
    }
  }
}

void AddEmails(const EntryView& entry, KeyPart part, PartValues* out) {
  for (const std::string_view email : entry.emails()) {
    const size_t local = email.find('@');
    out->Add(email.empty() ? 0 : HashOf(part == KeyPart::kEmail ? email : email.substr(0, local)));
  }
}

PartValues ValuesOf(const EntryView& entry, KeyPart part) {
  PartValues values;
  switch (part) {
    case KeyPart::kId:
    case KeyPart::kIdTail:
    case KeyPart::kIdBirthless:
      AddIds(entry, part, &values);
      break;
    case KeyPart::kPhone:
      for (const uint64_t phone : entry.phones()) values.Add(phone);
      break;
    case KeyPart::kEmail:
    case KeyPart::kEmailLocal:
      AddEmails(entry, part, &values);
      break;
    case KeyPart::kBirth:
    case KeyPart::kBirthYear:
    case KeyPart::kMonthDay:
      AddBirths(entry, part, &values);
      break;
    case KeyPart::kFamily:
    case KeyPart::kGiven:
    case KeyPart::kGivenText:
    case KeyPart::kGivenStart:
    case KeyPart::kFamilyStart:
    case KeyPart::kName:
      AddNames(entry, part, &values);
      break;
    case KeyPart::kNumbers:
    case KeyPart::kWords:
    case KeyPart::kDivision:
      AddAddresses(entry, part, &values);
      break;
    case KeyPart::kMother:
      for (const uint64_t mother : entry.mothers()) values.Add(mother);
      // So that a mother's own entry and her children's meet, and are told apart by what they are to each other.
      break;
    case KeyPart::kSex:
      values.Add(static_cast<uint64_t>(entry.sex()));
      break;
  }
  return values;
}

void Combine(std::span<const PartValues* const> parts, uint64_t hash, uint8_t pass, std::vector<Key>* keys) {
  if (parts.empty()) {
    if (keys->size() < kKeysMax) keys->push_back({static_cast<uint32_t>(Mix(hash) >> 32), pass});
    return;
  }
  for (size_t i = 0; i < parts[0]->n; ++i)
    Combine(parts.subspan(1), Mix(hash ^ parts[0]->value[i]) + 1, pass, keys);
}

uint64_t SeedOf(size_t pass) { return Mix(pass + 0x7a3d); }

}  // namespace

void KeysOf(const EntryView& entry, const std::vector<Pass>& passes, std::vector<Key>* keys) {
  keys->clear();
  // Passes share parts: each is read once.
  std::array<PartValues, kKeyParts> values;
  std::array<bool, kKeyParts> known{};
  std::array<const PartValues*, kPassParts> parts;
  for (size_t p = 0; p < passes.size(); ++p) {
    size_t n = 0;
    for (const KeyPart part : passes[p].parts) {
      const auto at = static_cast<size_t>(part);
      if (!std::exchange(known[at], true)) values[at] = ValuesOf(entry, part);
      parts[n++] = &values[at];
      if (values[at].n == 0) break;
    }
    if (parts[n - 1]->n == 0) continue;
    // Each once, those of a pass in rising order: passes come one after the other as it is.
    const auto first = static_cast<std::ptrdiff_t>(keys->size());
    Combine({parts.data(), n}, SeedOf(p), static_cast<uint8_t>(p), keys);
    const auto less = [](const Key& a, const Key& b) { return a.hash < b.hash; };
    const auto same = [](const Key& a, const Key& b) { return a.hash == b.hash; };
    std::sort(keys->begin() + first, keys->end(), less);
    keys->erase(std::unique(keys->begin() + first, keys->end(), same), keys->end());
  }
}

uint32_t PhoneKey(uint64_t phone, const std::vector<Pass>& passes) {
  for (size_t p = 0; p < passes.size(); ++p) {
    if (passes[p].parts.size() != 1 || passes[p].parts[0] != KeyPart::kPhone) continue;
    return static_cast<uint32_t>(Mix(Mix(SeedOf(p) ^ phone) + 1) >> 32);
  }
  return 0;
}

}  // namespace tk::person::linkage
