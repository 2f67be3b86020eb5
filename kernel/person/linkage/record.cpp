#include "kernel/person/linkage/record.h"

#include <algorithm>

#include "kernel/base/hash.h"
#include "kernel/base/text.h"

namespace tk::person::linkage {
namespace {

constexpr size_t kHeaderBytes = 12;

template <class T>
void Put(T value, std::string* out) {
  const size_t at = out->size();
  out->resize(at + sizeof value);
  std::memcpy(out->data() + at, &value, sizeof value);
}

template <class T>
uint8_t CountOf(const std::vector<T>& values, size_t most) {
  return static_cast<uint8_t>(std::min(values.size(), most));
}

/// Cut between characters, never within one.
std::string_view CutText(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

template <class Name>  // NameValue, NameView
void PutName(const Name& name, std::string* out) {
  const std::string_view family = CutText(name.family, kNamePartMax),
                         given = CutText(name.given, kNamePartMax);
  Put(static_cast<uint8_t>(name.current), out);
  Put(static_cast<uint8_t>(family.size()), out);
  Put(static_cast<uint8_t>(given.size()), out);
  for (const uint32_t hash : {name.family_sound, name.given_sound, name.whole_sound[0], name.whole_sound[1]})
    Put(hash, out);
  out->append(family).append(given);
}

/// A digit as it is written in ASCII or in full width; -1 if the character is none.
int DigitOf(std::string_view c) {
  if (c.size() == 1 && c[0] >= '0' && c[0] <= '9') return c[0] - '0';
  if (c.size() == 3 && c[0] == '\xEF' && c[1] == '\xBC' && c[2] >= '\x90' && c[2] <= '\x99')
    return c[2] - '\x90';
  return -1;
}

bool IsGap(std::string_view c) {
  if (c.size() == 1)
    return c[0] == ' ' || c[0] == ',' || c[0] == '-' || c[0] == '.' || c[0] == '#' || c[0] == '/';
  return c == "　" || c == "，" || c == "－";
}

struct AddressFeatures {
  std::vector<uint16_t> words, numbers;
};

/// Two neighbouring characters make a word: it needs no dictionary and bears a character more or less. Numbers stand for themselves.
AddressFeatures FeaturesOf(std::string_view text) {
  AddressFeatures features;
  std::string_view last;
  bool in_number = false;
  uint32_t number = 0;
  const auto end_number = [&] {
    if (in_number) features.numbers.push_back(static_cast<uint16_t>(number % 65521));
    in_number = false;
    number = 0;
  };
  for (size_t i = 0; i < text.size();) {
    const size_t length = std::max<size_t>(1, Utf8CharLength(text.substr(i)));
    const std::string_view c = text.substr(i, length);
    i += length;
    if (const int digit = DigitOf(c); digit >= 0) {
      in_number = true;
      number = number * 10 + static_cast<uint32_t>(digit);
      last = {};
      continue;
    }
    end_number();
    if (IsGap(c)) {
      last = {};
      continue;
    }
    if (!last.empty()) {
      const std::string pair = ToLower(std::string(last) + std::string(c));
      features.words.push_back(static_cast<uint16_t>(HashOf(pair)));
    }
    last = c;
  }
  end_number();
  std::sort(features.words.begin(), features.words.end());
  if (features.words.size() > kAddressFeaturesMax) features.words.resize(kAddressFeaturesMax);
  if (features.numbers.size() > kAddressFeaturesMax) features.numbers.resize(kAddressFeaturesMax);
  return features;
}

void PutAddress(const AddressValue& address, std::string* out) {
  const AddressFeatures features = FeaturesOf(address.text);
  Put(address.division, out);
  Put(static_cast<uint8_t>(features.words.size()), out);
  Put(static_cast<uint8_t>(features.numbers.size()), out);
  for (const uint16_t word : features.words) Put(word, out);
  for (const uint16_t number : features.numbers) Put(number, out);
}

std::string_view FeatureBytes(const AddressView& address) {
  return {address.at, size_t{2} * (address.words + address.numbers)};
}

void PutAddress(const AddressView& address, std::string* out) {
  Put(address.division, out);
  Put(address.words, out);
  Put(address.numbers, out);
  out->append(FeatureBytes(address));
}

void PutId(const IdView& id, std::string* out) {
  Put(id.kind, out);
  Put(id.grade, out);
  Put(id.issuer, out);
  Put(static_cast<uint8_t>(id.text.size()), out);
  out->append(id.text);
}

void PutText(std::string_view text, std::string* out) {
  Put(static_cast<uint8_t>(text.size()), out);
  out->append(text);
}

/// Header and room for the size, which EndPack writes.
void BeginPack(const std::array<uint8_t, 7>& counts, Sex sex, uint8_t birth_order, std::string* bytes) {
  bytes->clear();
  Put(uint16_t{0}, bytes);
  for (const uint8_t count : counts) Put(count, bytes);
  Put(sex, bytes);
  Put(birth_order, bytes);
  Put(uint8_t{0}, bytes);
}

void EndPack(std::string* bytes) {
  const auto size = static_cast<uint16_t>(bytes->size());
  std::memcpy(bytes->data(), &size, sizeof size);
}

template <class T, class Same>
void AddMissing(const std::vector<T>& more, std::vector<T>* values, Same same) {
  for (const T& value : more) {
    const bool there =
        std::any_of(values->begin(), values->end(), [&](const T& other) { return same(value, other); });
    if (!there) values->push_back(value);
  }
}

}  // namespace

uint32_t HashOf(std::string_view text) {
  uint64_t hash = text.size() + 0x9e3779b97f4a7c15ULL;
  for (size_t i = 0; i < text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, std::min<size_t>(8, text.size() - i));
    hash = Mix(hash ^ word) + 0x9e3779b97f4a7c15ULL;
  }
  const auto folded = static_cast<uint32_t>(hash >> 32);
  return folded == 0 ? 1 : folded;
}

void Pack(const Record& record, std::string* bytes) {
  const std::array<uint8_t, 7> counts = {
      CountOf(record.names, kNamesMax),    CountOf(record.births, kBirthsMax),
      CountOf(record.ids, kIdsMax),        CountOf(record.phones, kPhonesMax),
      CountOf(record.emails, kEmailsMax),  CountOf(record.addresses, kAddressesMax),
      CountOf(record.mothers, kMothersMax)};
  BeginPack(counts, record.sex, record.birth_order, bytes);
  for (size_t i = 0; i < counts[0]; ++i) PutName(record.names[i], bytes);
  for (size_t i = 0; i < counts[1]; ++i) Put(record.births[i], bytes);
  for (size_t i = 0; i < counts[2]; ++i) {
    const IdValue& value = record.ids[i];
    PutId({value.id.kind, value.id.grade, value.issuer, value.id.value()}, bytes);
  }
  for (size_t i = 0; i < counts[3]; ++i) Put(record.phones[i], bytes);
  for (size_t i = 0; i < counts[4]; ++i) PutText(CutText(record.emails[i], kEmailMax), bytes);
  for (size_t i = 0; i < counts[5]; ++i) PutAddress(record.addresses[i], bytes);
  for (size_t i = 0; i < counts[6]; ++i) Put(record.mothers[i], bytes);
  EndPack(bytes);
}

namespace {

// A pick: four bytes with the counts of the sections (four bits each), then sex, then whether it has the whole's order of birth; then for each value its
// place in the whole's section, four bits each.
constexpr uint32_t kPickSex = 28, kPickOrder = 30;
static_assert(std::max({kNamesMax, kBirthsMax, kIdsMax, kPhonesMax, kEmailsMax, kAddressesMax, kMothersMax}) <
              16);

/// Writes the pick of one part, section by section.
class PickWriter {
 public:
  void BeginSection(size_t values) { head_ |= static_cast<uint32_t>(values) << (4 * section_++); }
  void Tell(size_t place) {
    if (count_ % 2 == 0)
      places_[count_ / 2] = static_cast<uint8_t>(place);
    else
      places_[count_ / 2] = static_cast<uint8_t>(places_[count_ / 2] | place << 4);
    ++count_;
  }
  /// A value that the whole does not have so.
  void Refuse() { is_good_ = false; }
  bool is_good() const { return is_good_; }
  /// "" if it was refused.
  void Write(const EntryView& part, uint8_t whole_order, std::string* pick) {
    const bool has_order = part.birth_order() != 0;
    pick->clear();
    if (!is_good_ || (has_order && part.birth_order() != whole_order)) return;
    Put(head_ | static_cast<uint32_t>(part.sex()) << kPickSex |
            static_cast<uint32_t>(has_order) << kPickOrder,
        pick);
    pick->append(reinterpret_cast<const char*>(places_.data()), (count_ + 1) / 2);
  }

 private:
  static constexpr size_t kValuesMax =
      kNamesMax + kBirthsMax + kIdsMax + kPhonesMax + kEmailsMax + kAddressesMax + kMothersMax;
  uint32_t head_ = 0, section_ = 0;
  bool is_good_ = true;
  size_t count_ = 0;
  std::array<uint8_t, (kValuesMax + 1) / 2> places_;
};

// What counts as one value, and what as one that is written alike in every way.
bool IsSame(const NameView& a, const NameView& b) { return a.family == b.family && a.given == b.given; }
bool IsSame(const IdView& a, const IdView& b) {
  return a.issuer == b.issuer && a.kind == b.kind && a.text == b.text;
}
bool IsSame(const AddressView& a, const AddressView& b) {
  return a.division == b.division && a.words == b.words && FeatureBytes(a) == FeatureBytes(b);
}
template <class T>
bool IsSame(const T& a, const T& b) {
  return a == b;
}
bool IsExact(const NameView& a, const NameView& b) {
  return a.current == b.current && a.family_sound == b.family_sound && a.given_sound == b.given_sound &&
         a.whole_sound == b.whole_sound;
}
bool IsExact(const IdView& a, const IdView& b) { return a.grade == b.grade; }
template <class T>
bool IsExact(const T&, const T&) {
  return true;
}

/// Values of one kind of several parts, each once, the first part's first.
template <class T, size_t kMost>
class Gathered {
 public:
  std::span<const T> values() const { return {values_.data(), count_}; }
  /// `writer`: null, or that of the part.
  void Add(std::span<const T> part, PickWriter* writer) {
    if (writer != nullptr) writer->BeginSection(part.size());
    for (const T& value : part) {
      size_t at = 0;
      while (at < count_ && !IsSame(values_[at], value)) ++at;
      if (at == count_ && count_ < kMost) values_[count_++] = value;
      if (writer == nullptr) continue;
      if (at < count_ && IsExact(values_[at], value))
        writer->Tell(at);
      else
        writer->Refuse();
    }
  }

 private:
  size_t count_ = 0;
  std::array<T, kMost> values_;
};

/// All sections. What is added one to the other is a person's entry.
struct AllGathered {
  Gathered<NameView, kNamesMax> names;
  Gathered<int32_t, kBirthsMax> births;
  Gathered<IdView, kIdsMax> ids;
  Gathered<uint64_t, kPhonesMax> phones;
  Gathered<std::string_view, kEmailsMax> emails;
  Gathered<AddressView, kAddressesMax> addresses;
  Gathered<uint64_t, kMothersMax> mothers;
  uint8_t sex = 0, birth_order = 0;

  void Add(const EntryView& part, PickWriter* writer) {
    names.Add(part.names(), writer);
    births.Add(part.births(), writer);
    ids.Add(part.ids(), writer);
    phones.Add(part.phones(), writer);
    emails.Add(part.emails(), writer);
    addresses.Add(part.addresses(), writer);
    mothers.Add(part.mothers(), writer);
    sex = static_cast<uint8_t>(sex | static_cast<uint8_t>(part.sex()));
    if (birth_order == 0) birth_order = part.birth_order();
  }
  void Pack(std::string* bytes) const {
    const auto count = [](const auto& gathered) { return static_cast<uint8_t>(gathered.values().size()); };
    BeginPack({count(names), count(births), count(ids), count(phones), count(emails), count(addresses),
               count(mothers)},
              static_cast<Sex>(sex), birth_order, bytes);
    for (const NameView& name : names.values()) PutName(name, bytes);
    for (const int32_t birth : births.values()) Put(birth, bytes);
    for (const IdView& id : ids.values()) PutId(id, bytes);
    for (const uint64_t phone : phones.values()) Put(phone, bytes);
    for (const std::string_view email : emails.values()) PutText(email, bytes);
    for (const AddressView& address : addresses.values()) PutAddress(address, bytes);
    for (const uint64_t mother : mothers.values()) Put(mother, bytes);
    EndPack(bytes);
  }
};

}  // namespace

void PackMerged(std::span<const EntryView> parts, std::string* bytes, std::vector<std::string>* picks) {
  AllGathered all;
  std::vector<PickWriter> writers(picks != nullptr ? parts.size() : 0);
  for (size_t i = 0; i < parts.size(); ++i) all.Add(parts[i], picks != nullptr ? &writers[i] : nullptr);
  all.Pack(bytes);
  if (picks == nullptr) return;
  picks->resize(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) writers[i].Write(parts[i], all.birth_order, &(*picks)[i]);
}

size_t PickSize(const char* pick) {
  const auto head = Load<uint32_t>(pick);
  size_t values = 0;
  for (uint32_t section = 0; section < 7; ++section) values += head >> (4 * section) & 15;
  return sizeof head + (values + 1) / 2;
}

void UnpackPick(const EntryView& whole, const char* pick, std::string* bytes) {
  const auto head = Load<uint32_t>(pick);
  std::array<uint8_t, 7> counts{};
  for (uint32_t section = 0; section < 7; ++section)
    counts[section] = static_cast<uint8_t>(head >> (4 * section) & 15);
  BeginPack(counts, static_cast<Sex>(head >> kPickSex & 3),
            (head >> kPickOrder & 1) != 0 ? whole.birth_order() : uint8_t{0}, bytes);
  size_t taken = 0;
  const auto next = [&] {
    const auto two = static_cast<uint8_t>(pick[sizeof head + taken / 2]);
    return static_cast<size_t>(taken++ % 2 == 0 ? two & 15 : two >> 4);
  };
  for (size_t i = 0; i < counts[0]; ++i) PutName(whole.names()[next()], bytes);
  for (size_t i = 0; i < counts[1]; ++i) Put(whole.births()[next()], bytes);
  for (size_t i = 0; i < counts[2]; ++i) PutId(whole.ids()[next()], bytes);
  for (size_t i = 0; i < counts[3]; ++i) Put(whole.phones()[next()], bytes);
  for (size_t i = 0; i < counts[4]; ++i) PutText(whole.emails()[next()], bytes);
  for (size_t i = 0; i < counts[5]; ++i) PutAddress(whole.addresses()[next()], bytes);
  for (size_t i = 0; i < counts[6]; ++i) Put(whole.mothers()[next()], bytes);
  EndPack(bytes);
}

void ClaimNumbers(std::string* packed) {
  constexpr size_t kGradeBefore = 6;  // of a number's text: grade, issuer, size (PutId)
  const EntryView view(packed->data());
  for (const IdView& id : view.ids()) {
    if (!IsResidentClass(id.kind) || id.grade < Grade::kConverted) continue;
    const auto at = static_cast<size_t>(id.text.data() - packed->data()) - kGradeBefore;
    (*packed)[at] = static_cast<char>(Grade::kClaimed);
  }
}

void AddTo(const Record& more, Record* record) {
  AddMissing(more.names, &record->names, [](const NameValue& a, const NameValue& b) {
    return a.family == b.family && a.given == b.given;
  });
  AddMissing(more.births, &record->births, std::equal_to<int32_t>());
  AddMissing(more.ids, &record->ids, [](const IdValue& a, const IdValue& b) {
    return a.issuer == b.issuer && a.id.kind == b.id.kind && a.id.value() == b.id.value();
  });
  AddMissing(more.phones, &record->phones, std::equal_to<uint64_t>());
  AddMissing(more.emails, &record->emails, std::equal_to<std::string>());
  AddMissing(more.addresses, &record->addresses, [](const AddressValue& a, const AddressValue& b) {
    return a.division == b.division && a.text == b.text;
  });
  AddMissing(more.mothers, &record->mothers, std::equal_to<uint64_t>());
  record->sex = static_cast<Sex>(static_cast<uint8_t>(record->sex) | static_cast<uint8_t>(more.sex));
  if (record->birth_order == 0) record->birth_order = more.birth_order;
}

EntryView::EntryView(const char* bytes) : bytes_(bytes, PackedSize(bytes)) {
  std::memcpy(count_.data(), bytes + 2, count_.size());
  sex_ = static_cast<Sex>(bytes[9]);
  birth_order_ = static_cast<uint8_t>(bytes[10]);
  const char* at = bytes + kHeaderBytes;
  const auto byte = [&at] { return static_cast<uint8_t>(*at++); };
  const auto text = [&at](size_t size) {
    const std::string_view view(at, size);
    at += size;
    return view;
  };
  const auto word = [&at] {
    const auto value = Load<uint32_t>(at);
    at += sizeof value;
    return value;
  };
  for (size_t i = 0; i < count_[0]; ++i) {
    NameView& name = names_[i];
    name.current = byte() != 0;
    const size_t family = byte(), given = byte();
    for (uint32_t* hash : {&name.family_sound, &name.given_sound, &name.whole_sound[0], &name.whole_sound[1]})
      *hash = word();
    name.family = text(family);
    name.given = text(given);
  }
  for (size_t i = 0; i < count_[1]; ++i) births_[i] = static_cast<int32_t>(word());
  for (size_t i = 0; i < count_[2]; ++i) {
    ids_[i].kind = static_cast<IdKind>(byte());
    ids_[i].grade = static_cast<Grade>(byte());
    ids_[i].issuer = word();
    ids_[i].text = text(byte());
  }
  std::memcpy(phones_.data(), at, count_[3] * sizeof(uint64_t));
  at += count_[3] * sizeof(uint64_t);
  for (size_t i = 0; i < count_[4]; ++i) emails_[i] = text(byte());
  for (size_t i = 0; i < count_[5]; ++i) {
    addresses_[i].division = word();
    addresses_[i].words = byte();
    addresses_[i].numbers = byte();
    addresses_[i].at = at;
    at += 2 * (addresses_[i].words + addresses_[i].numbers);
  }
  std::memcpy(mothers_.data(), at, count_[6] * sizeof(uint64_t));
}

Identifier IdentifierOf(const IdView& id) {
  Identifier whole;
  whole.kind = id.kind;
  whole.grade = id.grade;
  whole.size = static_cast<uint8_t>(std::min(id.text.size(), kIdValueMax));
  std::memcpy(whole.text.data(), id.text.data(), whole.size);
  return whole;
}

uint64_t ValueKeyOf(const IdView& id) { return ValueKey(IdentifierOf(id)); }

bool IsResidentClass(IdKind kind) {
  return kind == IdKind::kResidentId || kind == IdKind::kResidencePermit || kind == IdKind::kForeignPermit;
}

}  // namespace tk::person::linkage
