#include "kernel/search/entries.h"

#include <algorithm>
#include <cstring>

#include "kernel/base/clock.h"
#include "kernel/base/text.h"
#include "kernel/search/nested.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

constexpr int64_t kSecondBias = int64_t{1} << 44;  // of the 45-bit seconds in date entries

int64_t FloorSecond(int64_t us) { return us >= 0 ? us / kSecondUs : -((-(us + 1)) / kSecondUs) - 1; }

uint64_t BiasedSecond(int64_t us) {
  return us == kTimeMin ? 0 : static_cast<uint64_t>(FloorSecond(us) + kSecondBias);
}

/// The last byte of a cut text may stand in the middle of a character: harmless for prefixes, which are cut at the same place.
std::string_view Indexed(std::string_view text) { return text.substr(0, kIndexedBytesMax); }

class EntrySink final : public ValueSink {
 public:
  EntrySink(const Extractor& extractor, const HashKey& key, fhir::TypeId type, fhir::Value root, Entries* out)
      : extractor_(extractor),
        key_(key),
        type_(type),
        holdings_(extractor.definitions(), root),
        out_(*out),
        clinical_(extractor.ClinicalDate(type)),
        patient_(extractor.PatientOf(type)),
        code_(extractor.CodeOf(type)) {
    out_.equality.reserve(24);
    out_.sort.reserve(12);
  }

  void Token(ParameterId p, const std::string_view* system, std::string_view code) override {
    Present(p, fhir::kNoType);
    const bool has_system = system != nullptr && !system->empty();
    if (!code.empty()) {
      Equal(p, KeyKind::kCode, code);
      if (has_system)
        Equal(p, KeyKind::kSystemCode, *system, code);
      else if (system != nullptr)
        Equal(p, KeyKind::kNoSystem, code);
    }
    if (has_system) Equal(p, KeyKind::kSystem, *system);
    if (p == code_ && !code.empty() && has_system)
      codes_.push_back(std::string(*system) + "|" + std::string(code));
  }

  void Words(ParameterId p, std::string_view text) override {
    Present(p, fhir::kNoType);
    Equal(p, KeyKind::kWords, ToLower(text));
  }

  void Reference(ParameterId p, std::string_view target) override {
    const ReferenceType type = TypeOfReference(extractor_.definitions(), target);
    Present(p, type.type, type.any);
    if (IsLocalReference(target)) {
      const uint64_t id_hash = KeyedHash(key_, target);
      out_.equality.push_back({LinkKey(key_, p, id_hash), 0});
      Sort(kLinkSlot + p, id_hash, kLinkIsRecord);
    } else {
      Equal(p, KeyKind::kReference, target);
    }
    if (target.substr(0, 8) != "Patient/") return;
    if (p == patient_) patients_.emplace_back(target);
    if (extractor_.InCompartment(p))
      out_.equality.push_back({EqualityKey(key_, 0, KeyKind::kCompartment, target.substr(8)), 0});
  }

  void Canonical(ParameterId p, std::string_view target) override {
    if (target.empty()) return;
    const uint64_t hash = KeyedHash(key_, target);
    out_.equality.push_back({LinkKey(key_, p, hash), 0});
    Sort(kLinkSlot + p, hash, kLinkIsCanonical);
    // Whose address it is, is known when somebody asks.
    const auto address = AddressOf(extractor_.definitions(), target);
    if (!address) return;
    const uint64_t base = BaseHash(key_, address->base), name = KeyedHash(key_, address->name);
    out_.equality.push_back({LinkKey(key_, p, AddressHash(key_, base, name)), 0});
    Sort(kLinkSlot + p, name, base);
  }

  void Date(ParameterId p, int64_t low_us, int64_t high_us) override {
    Present(p, fhir::kNoType);
    out_.ordered.push_back(MakeDate(p, low_us, high_us));
    Sort(p, OrderOf(low_us), OrderOf(high_us));
    if (p == clinical_) time_ = std::max(time_, ClinicalTime(low_us));
  }

  void String(ParameterId p, std::string_view text) override {
    Present(p, fhir::kNoType);
    Equal(p, KeyKind::kExact, text);
    forms_.Read(text);
    const std::string_view folded = Indexed(forms_.folded);
    if (folded.empty()) return;
    if (folded.size() < forms_.folded.size()) Equal(p, KeyKind::kLongText, {});
    Sort(p, WordOf(folded, 0), WordOf(folded, 8));
    Chunks(p, folded);
    forms_.ForOthers(extractor_.At(p).holds_names, [&](std::string_view form) {
      Sort(kFormSlot + p, WordOf(form, 0), WordOf(form, 8));
      Chunks(p, Indexed(form));
    });
  }

  void Number(ParameterId p, const NumberValue& v) override {
    Present(p, fhir::kNoType);
    Numbers(p, 0, v.low, v.high, v.is_range);
    if (!v.code.empty()) Numbers(p, UnitHash(key_, "", v.code), v.low, v.high, v.is_range);
    if (!v.unit.empty()) Numbers(p, UnitHash(key_, "", v.unit), v.low, v.high, v.is_range);
    if (!v.canonical_unit.empty()) {
      Numbers(p, UnitHash(key_, kCanonicalSystem, v.canonical_unit), v.canonical_low, v.canonical_high,
              v.is_range);
    } else if (!v.system.empty() && !v.code.empty()) {
      Numbers(p, UnitHash(key_, v.system, v.code), v.low, v.high, v.is_range);
    }
    const bool converts = !v.canonical_unit.empty();
    const uint64_t range_end = v.is_range ? kSortRangeEnd : 0;
    Sort(p, OrderOf(v.low), CanonicalOrder(OrderOf(converts ? v.canonical_low : v.low)) | range_end);
    if (v.high != v.low)
      Sort(p, OrderOf(v.high), CanonicalOrder(OrderOf(converts ? v.canonical_high : v.high)) | range_end);
  }

  void ReferenceIdentifier(ParameterId p, std::string_view type, std::string_view system,
                           std::string_view value) override {
    Present(p, type.empty() ? fhir::kNoType : extractor_.definitions().FindType(type), type.empty());
    if (!value.empty()) {
      Equal(p, KeyKind::kIdentifier, system, value);
      Equal(p, KeyKind::kIdentifierValue, value);
    }
    if (!system.empty()) Equal(p, KeyKind::kIdentifierSystem, system);
  }

  void Contained(ParameterId p, std::string_view id) override {
    const fhir::TypeId type = holdings_.TypeOfContained(id);
    Present(p, type);
    if (type != fhir::kNoType) Nested(p, type);
  }

  void Resource(ParameterId p, fhir::TypeId type, fhir::Value node) override {
    Present(p, type);
    Nested(p, type);
    if (const std::string name = NameOf(node); !name.empty()) Equal(p, KeyKind::kNestedName, name);
    std::string scratch;
    const std::string_view full_url = holdings_.EntryOf(node)["fullUrl"].String(scratch);
    if (!full_url.empty()) Equal(p, KeyKind::kReference, full_url);
  }

  void Place(ParameterId p, double latitude, double longitude) override {
    Present(p, fhir::kNoType);
    out_.ordered.push_back(MakeNumber(p, 0, OrderOf(latitude)));
    Sort(p, OrderOf(latitude), OrderOf(longitude));
  }

  void Uri(ParameterId p, std::string_view text) override {
    Present(p, fhir::kNoType);
    Equal(p, KeyKind::kUri, text);
  }

  void Fault(ParameterId p, const Error& why) override {
    out_.faults.push_back({p, why.code == ErrorCode::kTooLarge, why.external});
  }

  /// What refers to this resource is found by it.
  void Self(std::string_view id) {
    name_ = extractor_.definitions().Type(type_).name;
    name_.append("/").append(id);
    Sort(kSelfSlot + type_, KeyedHash(key_, name_), 0);
  }

  /// And by the canonicals that name it.
  void Urls(const std::string& url, const std::string& version) {
    if (!version.empty()) Url(name_ + "|" + version, kUrlIsName);
    if (url.empty()) return;
    Url(url);
    if (version.empty()) return;
    Url(url + "|" + version);
    // As a value too: url=…|version asks for both.
    const fhir::SearchParameter* parameter = extractor_.definitions().FindSearchParameter(type_, "url");
    if (parameter != nullptr && parameter->type == fhir::SearchType::kUri && extractor_.Knows(*parameter))
      Equal(extractor_.IdOf(*parameter), KeyKind::kUri, url + "|" + version);
  }

  void Finish() {
    for (const std::string& patient : patients_) {
      for (const std::string& code : codes_) Equal(patient_, KeyKind::kPatientCode, patient, code);
    }
    for (Entry16& entry : out_.equality) entry = MakeEquality(entry.a, time_, 0);
    out_.sort.push_back({SortSlot(kPresenceSlot + type_), present_[0], present_[1]});
    Once(&out_.equality);
    Once(&out_.ordered);
    Once(&out_.strings);
    Once(&out_.sort);
  }

 private:
  template <class Entry>
  static void Once(std::vector<Entry>* entries) {
    std::sort(entries->begin(), entries->end());
    entries->erase(std::unique(entries->begin(), entries->end()), entries->end());
  }
  void Equal(ParameterId p, KeyKind kind, std::string_view first, std::string_view second = {}) {
    out_.equality.push_back({EqualityKey(key_, p, kind, first, second), 0});
  }
  void Chunks(ParameterId p, std::string_view folded) {
    for (size_t at = 0; at < folded.size(); at += kChunkBytes) {
      const uint64_t first = at == 0 ? FirstChunk(p) : NextChunk(key_, p, folded.substr(0, at));
      out_.strings.push_back({first, WordOf(folded, at), WordOf(folded, at + 8),
                              at + kChunkBytes < folded.size() ? kContinues : 0});
    }
  }
  void Nested(ParameterId p, fhir::TypeId type) {
    out_.equality.push_back({NestedKey(key_, p, type, extractor_.definitions()), 0});
  }
  void Numbers(ParameterId p, uint64_t unit, double low, double high, bool is_range) {
    for (double value : {low, high}) {
      Entry24 entry = MakeNumber(p, unit, OrderOf(value));
      if (is_range) entry.c = kRangeEnd;
      out_.ordered.push_back(entry);
      if (low == high) break;
    }
  }
  void Sort(uint64_t slot, uint64_t high, uint64_t low) { out_.sort.push_back({SortSlot(slot), high, low}); }
  void Url(const std::string& canonical, uint64_t kind = 0) {
    const uint64_t hash = KeyedHash(key_, canonical);
    out_.equality.push_back({CanonicalKey(key_, hash), 0});
    Sort(kUrlsSlot + type_, hash, kind);
  }
  void SetBit(uint8_t bit) {
    if (bit < kPresenceBits) present_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
  /// `of_any_type`: what it refers to may be of any type, as far as it says.
  void Present(ParameterId p, fhir::TypeId target, bool of_any_type = false) {
    const Extractor::Parameter& parameter = extractor_.At(p);
    SetBit(parameter.presence_bit);
    for (const auto& [derived, type] : parameter.derived) {
      if (of_any_type || type == fhir::kNoType || type == target) SetBit(extractor_.At(derived).presence_bit);
    }
  }

  const Extractor& extractor_;
  const HashKey& key_;
  const fhir::TypeId type_;
  Holdings holdings_;
  Entries& out_;
  const ParameterId clinical_, patient_, code_;
  uint64_t time_ = 0;
  uint64_t present_[2] = {0, 0};
  std::vector<std::string> patients_, codes_;
  TextForms forms_;
  std::string name_;
};

}  // namespace

uint64_t EqualityKey(const HashKey& key, ParameterId parameter, KeyKind kind, std::string_view first,
                     std::string_view second) {
  // Values that fit are hashed from the stack; a zero byte, which no JSON value may hold, parts the two texts.
  constexpr size_t kShort = 240;
  char buffer[kShort + 8];
  const size_t size = 6 + first.size() + second.size();
  std::string long_text;
  char* at = buffer;
  if (size > sizeof buffer) {
    long_text.resize(size);
    at = long_text.data();
  }
  char* const begin = at;
  std::memcpy(at, &parameter, 4);
  at[4] = static_cast<char>(kind);
  at += 5;
  if (!first.empty()) std::memcpy(at, first.data(), first.size());
  at += first.size();
  *at++ = '\0';
  if (!second.empty()) std::memcpy(at, second.data(), second.size());
  return KeyedHash(key, {begin, size}) & kKeyMask;
}

uint64_t LinkKey(const HashKey& key, ParameterId parameter, uint64_t id_hash) {
  char buffer[13];
  std::memcpy(buffer, &parameter, 4);
  buffer[4] = static_cast<char>(KeyKind::kLink);
  std::memcpy(buffer + 5, &id_hash, 8);
  return KeyedHash(key, {buffer, sizeof buffer}) & kKeyMask;
}

uint64_t CanonicalKey(const HashKey& key, uint64_t canonical_hash) {
  return LinkKey(key, kNoParameter, canonical_hash);
}

uint64_t BaseHash(const HashKey& key, std::string_view base) {
  return base.empty() ? 0 : KeyedHash(key, base) | 2;  // neither kLinkIsRecord nor kLinkIsCanonical
}

uint64_t AddressHash(const HashKey& key, uint64_t base_hash, uint64_t name_hash) {
  char buffer[16];
  std::memcpy(buffer, &base_hash, 8);
  std::memcpy(buffer + 8, &name_hash, 8);
  return KeyedHash(key, {buffer, sizeof buffer});
}

uint64_t ReferenceKey(const HashKey& key, ParameterId parameter, std::string_view target) {
  if (IsLocalReference(target)) return LinkKey(key, parameter, KeyedHash(key, target));
  return EqualityKey(key, parameter, KeyKind::kReference, target);
}

uint64_t NestedKey(const HashKey& key, ParameterId parameter, fhir::TypeId type,
                   const fhir::Definitions& definitions) {
  return EqualityKey(key, parameter, KeyKind::kNested, definitions.Type(type).name);
}

uint64_t ClinicalTime(int64_t low_us) {
  if (low_us == kTimeMin) return 1;  // begins before everything, and yet has a date
  const int64_t biased = FloorSecond(low_us) + (int64_t{1} << 33);
  return static_cast<uint64_t>(std::clamp<int64_t>(biased, 1, static_cast<int64_t>(kTimeMax34)));
}

Entry24 MakeDate(ParameterId parameter, int64_t low_us, int64_t high_us) {
  int duration_class = kDurationClasses - 1;
  if (low_us != kTimeMin && high_us != kTimeMax) {
    for (duration_class = 0; high_us - low_us > kDurationMax[duration_class]; ++duration_class) {
    }
  }
  Entry24 entry = DateBound(parameter, duration_class, low_us);
  entry.b = OrderOf(high_us);
  entry.c = (low_us == kTimeMin ? 0 : static_cast<uint64_t>(low_us - FloorSecond(low_us) * kSecondUs)) << 40;
  return entry;
}

DateEntry DateOf(const Entry24& entry) {
  const uint64_t second = entry.a & ((uint64_t{1} << 45) - 1);
  const int64_t low = second == 0 ? kTimeMin
                                  : (static_cast<int64_t>(second) - kSecondBias) * kSecondUs +
                                        static_cast<int64_t>(entry.c >> 40);
  return {low, NumberOf(entry.b)};
}

Entry24 DateBound(ParameterId parameter, int duration_class, int64_t low_us) {
  return {uint64_t{parameter} << 48 | static_cast<uint64_t>(duration_class) << 45 | BiasedSecond(low_us), 0,
          0};
}

uint64_t UnitHash(const HashKey& key, std::string_view system, std::string_view code) {
  if (code.empty()) return 0;
  std::string text(system);
  text += '\0';  // which no JSON value may hold
  text += code;
  const uint64_t hash = KeyedHash(key, text) >> 16;
  return hash == 0 ? 1 : hash;
}

uint64_t NextChunk(const HashKey& key, ParameterId parameter, std::string_view before) {
  std::string text(reinterpret_cast<const char*>(&parameter), sizeof parameter);
  text += before;
  return KeyedHash(key, text) | uint64_t{1} << 63;
}

Entries MakeEntries(const Extractor& extractor, const HashKey& key, fhir::TypeId type, fhir::Value root) {
  Entries entries;
  if (!extractor.Knows(type)) return entries;
  EntrySink sink(extractor, key, type, root, &entries);
  extractor.Extract(type, root, sink);
  sink.Self(root["id"].ToString());
  if (extractor.HasCanonicals(type)) sink.Urls(root["url"].ToString(), root["version"].ToString());
  sink.Finish();
  return entries;
}

}  // namespace tk::search
