// How index entries are packed into words, and what one resource gives. Everything here is fixed by Index::format_version.
// equality  Entry16  54 bits keyed hash of (parameter, kind, value) · 34 bits clinical time in seconds · 40 bits ordinal
// ordered   Entry24  dates:   parameter 16 · class of duration 3 · low second 45 | high µs 64 | low µs within its second 24 · ordinal 40
//                    numbers: parameter 16 · unit hash 48 (0: any unit) | value 64 | end of a range 1 · ordinal 40
//                    places: as numbers, the latitude
// strings   Entry32  parameter 16 · 0 48, or 1 bit + 63 bits hash of what stands before | 16 bytes of folded text | continues 1 · ordinal 40
// sort      Entry24  slot 24 · ordinal 40 | value 128: (low µs, high µs), (number, in its canonical unit 63 · is a range's end 1),
//                    (latitude, longitude) or 16 bytes of text; slot kPresence + type: which
//                    parameters of the type are present, one entry for every resource: it lists the type in the order of time
//                    slot kSelf + type: the hash of the resource's own Type/id; slot kLink + parameter: of each record here that it refers to,
//                    or (second word 1) of each canonical, or (the hash of a server's base) of the Type/id of a canonical that is an address there;
//                    slot kUrls + type: of the canonicals that name it, url and url|version, and (second word 1) Type/id|version.
//                    With these a chain goes from a record to what it names and, by ReferenceKey, to what names it, without reading a text.
//                    slot kFormSlot + parameter: 16 bytes of each other form of a string (TextForms), which no order goes by
// Times are clamped to the years 1698..2242 in equality entries (order only; dates themselves are exact).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/hash.h"
#include "kernel/search/extract.h"
#include "kernel/search/faults.h"
#include "kernel/view/runs.h"
#include "kernel/view/view.h"

namespace tk::search {

using view::Entry16;
using view::Entry24;
using view::Entry32;
using view::Ordinal;

inline constexpr uint64_t kOrdinalMask = (uint64_t{1} << 40) - 1;
inline constexpr uint64_t kKeyMask = ~uint64_t{0x3ff};
inline constexpr uint64_t kTimeMax34 = (uint64_t{1} << 34) - 1;

enum class KeyKind : char {
  kSystemCode = 't',
  kSystem = 's',
  kCode = 'c',
  kNoSystem = 'n',
  kReference = 'r',
  kExact = 'e',
  kUri = 'u',
  kPatientCode = 'p',
  kCompartment = 'k',
  kIdentifier = 'i',  // of a reference: system and value
  kIdentifierValue = 'v',
  kIdentifierSystem = 'w',
  kLink = 'l',        // of a reference: the record here
  kWords = 'q',       // of a token that is compared without case, in lower case
  kNested = 'z',      // a resource of that type stands within, or is contained and referred to (nested.h)
  kNestedName = 'y',  // one stands within that has this Type/id
  kLongText = 'x'     // a string of which the chunks hold only the beginning
};
/// The upper 54 bits of the hash of one equality value; the low bits are 0.
uint64_t EqualityKey(const HashKey& key, ParameterId parameter, KeyKind kind, std::string_view first,
                     std::string_view second = {});

/// The key of what refers under `parameter` to the record whose Type/id has that hash (the directory's id hash).
uint64_t LinkKey(const HashKey& key, ParameterId parameter, uint64_t id_hash);
/// The key of resources that the canonical of that hash names.
uint64_t CanonicalKey(const HashKey& key, uint64_t canonical_hash);
/// A canonical may be an address: of a server's base, as the second word of a link ("" has none: 0) …
uint64_t BaseHash(const HashKey& key, std::string_view base);
/// … and of Type/id or Type/id|version there, in place of a name's hash in LinkKey.
uint64_t AddressHash(const HashKey& key, uint64_t base_hash, uint64_t name_hash);
/// The key of a reference as a value: LinkKey for a record here, else of its text.
uint64_t ReferenceKey(const HashKey& key, ParameterId parameter, std::string_view target);

/// The key of what leads under `parameter` to a resource of `type` that stands within itself (nested.h).
uint64_t NestedKey(const HashKey& key, ParameterId parameter, fhir::TypeId type,
                   const fhir::Definitions& definitions);

inline Entry16 MakeEquality(uint64_t key, uint64_t time, Ordinal ordinal) {
  return {key | time >> 24, (time & 0xffffff) << 40 | ordinal};
}
inline uint64_t TimeOf(const Entry16& e) { return (e.a & 0x3ff) << 24 | e.b >> 40; }
inline Ordinal OrdinalOf(const Entry16& e) { return e.b & kOrdinalMask; }
/// Clinical time of an instant: order-keeping, 0 = none.
uint64_t ClinicalTime(int64_t low_us);

inline constexpr int kDurationClasses = 5;
/// Longest duration in a class; the last has no bound.
inline constexpr int64_t kDurationMax[kDurationClasses] = {1'000'000, 90'000'000'000, 2'678'400'000'000,
                                                           31'622'400'000'000, INT64_MAX};
struct DateEntry {
  int64_t low_us;
  int64_t high_us;
};
Entry24 MakeDate(ParameterId parameter, int64_t low_us, int64_t high_us);
DateEntry DateOf(const Entry24& entry);
/// At or before every entry of that class whose low is at or after `low_us` (exact to the second).
Entry24 DateBound(ParameterId parameter, int duration_class, int64_t low_us);

/// 48 bits of a unit: its code with its system, or with "" whatever that is; 0 without a code (any unit). Value, code and system are in one entry, so
/// they are of one quantity.
uint64_t UnitHash(const HashKey& key, std::string_view system, std::string_view code);
/// The "system" of canonical units of UCUM: entries of it hold values in them.
inline constexpr std::string_view kCanonicalSystem = "#ucum";
inline constexpr uint64_t kRangeEnd = uint64_t{1} << 40;
inline Entry24 MakeNumber(ParameterId parameter, uint64_t unit, uint64_t order) {
  return {uint64_t{parameter} << 48 | unit, order, 0};
}

/// The second word of a number in the sort family: what it sorts by as a quantity. Its last bit, of the 53 that a double tells numbers apart by,
/// says that it is the end of a range.
inline constexpr uint64_t kSortRangeEnd = 1;
inline uint64_t CanonicalOrder(uint64_t second_word) { return second_word & ~kSortRangeEnd; }

inline constexpr size_t kChunkBytes = 16;
inline constexpr uint64_t kContinues = uint64_t{1} << 40;
/// The first word of a string's chunk: of the first, and of the one after `before` (all folded text up to it).
inline uint64_t FirstChunk(ParameterId parameter) { return uint64_t{parameter} << 48; }
uint64_t NextChunk(const HashKey& key, ParameterId parameter, std::string_view before);

inline constexpr uint64_t kPresenceSlot = uint64_t{1} << 23;
inline constexpr uint64_t kLinkSlot = uint64_t{1} << 22;
inline constexpr uint64_t kSelfSlot = kPresenceSlot | kLinkSlot;
inline constexpr uint64_t kFormSlot = uint64_t{1} << 21;
inline constexpr uint64_t kUrlsSlot = kSelfSlot | uint64_t{1} << 21;
// The second word of an entry of kLinkSlot; all others are of BaseHash.
inline constexpr uint64_t kLinkIsRecord = 0, kLinkIsCanonical = 1;
inline constexpr uint64_t kUrlIsName = 1;  // the second word of an entry of kUrlsSlot: Type/id|version
inline uint64_t SortSlot(uint64_t slot) { return slot << 40; }

/// Entries of one resource, with 0 in place of its ordinal where it is not known yet.
struct Entries {
  std::vector<Entry16> equality;
  std::vector<Entry24> ordered;
  std::vector<Entry32> strings;
  std::vector<Entry24> sort;
  std::vector<Fault> faults;
};

/// Everything that `root` says to the index, each entry once. A few µs.
Entries MakeEntries(const Extractor& extractor, const HashKey& key, fhir::TypeId type, fhir::Value root);

struct PreparedEntries final : view::Prepared {
  Entries now, before;
  uint64_t id_hash = 0;
};

}  // namespace tk::search
