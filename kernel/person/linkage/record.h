// A person as the matcher sees him: every value that his records ever gave, packed into some 150 bytes.
// Flow:   source records → Record (values normalised by identifier.h and name.h) → Pack → bytes → EntryView → keys.h, compare.h
// Why:    one entry a person with the histories of his values, not one a record: whoever moved, married or lost his card is still found, and
//         five million people fit into memory. Live matching and batch read the same bytes, so they cannot differ.
// Shape:  a header of 12 bytes, then the sections in the order of the header's counts, without gaps; little-endian as the machine is.
// Errors: none. What is empty is left out; what is over a limit is cut from the end (limits below), as the newest values come first.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/person/identifier.h"

namespace tk::person::linkage {

enum class Sex : uint8_t { kUnknown = 0, kMale = 1, kFemale = 2, kBoth = 3 };  // kBoth: records differ

/// A name as ReadName understands it, without the characters' case and width. Fillers, unknown persons and newborns under their mother's name
/// are never put in: they are missing. Sounds are hashes (HashOf) with the sounds folded that dialects and typists mix up; 0 = has none.
struct NameValue {
  std::string family, given;  // a name that cannot be split stands in `given`
  uint32_t family_sound = 0, given_sound = 0;
  std::array<uint32_t, 2> whole_sound{};  // of the whole name, in its order or read another way
  bool current = true;                    // false: a former or used name
};

struct IdValue {
  Identifier id;
  uint32_t issuer =
      0;  // hash of system or nationality, of numbers that are unique only there; 0: unique as they are
};

struct AddressValue {
  uint32_t division =
      0;             // six digits of GB/T 2260, or another country's postal code as a number; 0: not known
  std::string text;  // as written; folded here
};

/// Values newest first.
struct Record {
  std::vector<NameValue> names;
  std::vector<int32_t> births;  // yyyymmdd; month or day 00: not known
  Sex sex = Sex::kUnknown;
  std::vector<IdValue> ids;
  std::vector<uint64_t> phones;     // digits as a number, with country or area code
  std::vector<std::string> emails;  // lower case
  std::vector<AddressValue> addresses;
  std::vector<uint64_t> mothers;  // ValueKey of a mother's identifier
  uint8_t birth_order = 0;        // of a multiple birth, from 1; 0: not known
};

inline constexpr size_t kNamesMax = 8, kBirthsMax = 4, kIdsMax = 12, kPhonesMax = 8, kEmailsMax = 4,
                        kAddressesMax = 6, kMothersMax = 2, kNamePartMax = 60, kEmailMax = 80,
                        kAddressFeaturesMax = 40;

/// Not keyed: stays in memory. Never 0.
uint32_t HashOf(std::string_view text);

/// Room for 8 names, 12 numbers and so on; some 150 bytes for a usual person.
void Pack(const Record& record, std::string* bytes);
/// All values of several records of one person; a value that stands already is not put twice.
void AddTo(const Record& more, Record* record);
class EntryView;
/// The same of packed ones, of which the first is the newest: as if their records were added one to the other and packed. Deterministic: the same
/// parts in the same order, the same bytes.
/// `picks`: of each part, which of the merged values are its own, in its order: some 8 bytes in place of 100, from which it can be given back
/// (UnpackPick); "" where it could not, as a value of it had no room or is there in another form.
void PackMerged(std::span<const EntryView> parts, std::string* bytes,
                std::vector<std::string>* picks = nullptr);
/// The same entry, of whose residents' numbers none is more than claimed.
void ClaimNumbers(std::string* packed);

template <class T>
T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

struct NameView {
  std::string_view family, given;
  uint32_t family_sound, given_sound;
  std::array<uint32_t, 2> whole_sound;
  bool current;
};
struct IdView {
  IdKind kind;
  Grade grade;
  uint32_t issuer;
  std::string_view text;
};
/// Of an address: words (hashes of two neighbouring characters, sorted) and numbers (in order).
struct AddressView {
  uint32_t division;
  const char* at;
  uint8_t words, numbers;
  uint16_t word(size_t i) const { return Load<uint16_t>(at + 2 * i); }
  uint16_t number(size_t i) const { return Load<uint16_t>(at + 2 * (words + i)); }
  uint32_t Hash() const { return HashOf({at, size_t{2} * (words + numbers)}); }
};

/// Packed bytes, read once into fixed arrays. ~30 ns; borrows the bytes.
class EntryView {
 public:
  EntryView() = default;
  explicit EntryView(const char* bytes);

  std::span<const NameView> names() const { return {names_.data(), count_[0]}; }
  std::span<const int32_t> births() const { return {births_.data(), count_[1]}; }
  std::span<const IdView> ids() const { return {ids_.data(), count_[2]}; }
  std::span<const uint64_t> phones() const { return {phones_.data(), count_[3]}; }
  std::span<const std::string_view> emails() const { return {emails_.data(), count_[4]}; }
  std::span<const AddressView> addresses() const { return {addresses_.data(), count_[5]}; }
  std::span<const uint64_t> mothers() const { return {mothers_.data(), count_[6]}; }
  Sex sex() const { return sex_; }
  uint8_t birth_order() const { return birth_order_; }
  std::string_view bytes() const { return bytes_; }

 private:
  std::array<uint8_t, 7> count_{};
  Sex sex_ = Sex::kUnknown;
  uint8_t birth_order_ = 0;
  std::string_view bytes_;
  // Left as they are where nothing is read into them: filling them would cost more than reading.
  std::array<NameView, kNamesMax> names_;
  std::array<int32_t, kBirthsMax> births_;
  std::array<IdView, kIdsMax> ids_;
  std::array<uint64_t, kPhonesMax> phones_;
  std::array<std::string_view, kEmailsMax> emails_;
  std::array<AddressView, kAddressesMax> addresses_;
  std::array<uint64_t, kMothersMax> mothers_;
};

/// What a pick of PackMerged was made of, from the merged bytes.
void UnpackPick(const EntryView& whole, const char* pick, std::string* bytes);
size_t PickSize(const char* pick);

/// The bytes of an entry tell their own size.
inline size_t PackedSize(const char* bytes) { return Load<uint16_t>(bytes); }

/// As ValueKey of identifier.h, of a packed one.
uint64_t ValueKeyOf(const IdView& id);
Identifier IdentifierOf(const IdView& id);
/// Residents' and permits' numbers of 18 with a check digit; the others are cards.
bool IsResidentClass(IdKind kind);

}  // namespace tk::person::linkage
