#include "kernel/search/nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/search/code_nodes.h"
#include "kernel/search/compare.h"
#include "kernel/search/compartment.h"
#include "kernel/search/keys.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

using fhir::SearchType;

/// The last entry with that first word.
Entry16 MaxUnder16(uint64_t key) { return {key | ~kKeyMask, ~uint64_t{0}}; }

Error NotReady(const Criterion& criterion) {
  return MakeIssue(
      ErrorCode::kUnsupported, "not-supported", std::string(criterion.parameter->code),
      fmt::format("search parameter {}: its expression cannot be evaluated here", criterion.parameter->code));
}

// Equality

class EqualityNode final : public Node {
 public:
  EqualityNode(const Ground& ground, std::vector<uint64_t> keys, bool negated)
      : ground_(ground), keys_(std::move(keys)), negated_(negated) {}

  uint64_t Estimate() const override {
    if (negated_) return kNever;
    uint64_t total = 0;
    for (uint64_t key : keys_) total += ground_.look.equality.CountAdds({key, 0}, MaxUnder16(key));
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (uint64_t key : keys_) {
      if (!GatherKey(ground_.look, key, each)) return;
    }
  }
  bool Holds(Candidate& candidate) const override {
    ground_.FillTime(candidate);
    for (uint64_t key : keys_) {
      if (ground_.look.equality.ContainsAt(candidate.ordinal,
                                           MakeEquality(key, candidate.time, candidate.ordinal)))
        return !negated_;
    }
    return negated_;
  }
  const std::vector<uint64_t>* keys() const override { return negated_ ? nullptr : &keys_; }

 private:
  const Ground& ground_;
  std::vector<uint64_t> keys_;
  bool negated_;
};

// Dates

struct EntryRange {
  Entry24 low;
  Entry24 high;
};

/// Where entries of one class of durations can lie for this term.
EntryRange DateRangeIn(const Term& term, ParameterId parameter, int duration_class) {
  int64_t from = kTimeMin, to = kTimeMax;  // of low_us, both included
  const int64_t longest = kDurationMax[duration_class];
  const bool bounded = duration_class + 1 < kDurationClasses;
  switch (term.prefix) {
    case Prefix::kEq:
      from = term.low_us;
      to = term.high_us;
      break;
    case Prefix::kGt:
    case Prefix::kGe:
      if (bounded)
        from = std::min(term.low_us, term.high_us > kTimeMin + longest ? term.high_us - longest : kTimeMin);
      break;
    case Prefix::kLt:
    case Prefix::kEb:
      to = term.low_us;
      break;
    case Prefix::kLe:
      to = term.high_us;
      break;
    case Prefix::kSa:
      from = term.high_us;
      break;
    case Prefix::kAp:
      to = term.high_us;
      if (bounded) from = term.low_us > kTimeMin + longest ? term.low_us - longest : kTimeMin;
      break;
    case Prefix::kNe:
      break;
  }
  Entry24 high = DateBound(parameter, duration_class, to);
  if (to == kTimeMax) high.a |= (uint64_t{1} << 45) - 1;
  high.b = high.c = ~uint64_t{0};
  return {DateBound(parameter, duration_class, from), high};
}

/// Criteria over values that the sort family repeats by ordinal: dates, numbers, short prefixes.
class ValueNode : public Node {
 public:
  ValueNode(const Ground& ground, const Criterion& criterion, std::vector<Extractor::Source> sources)
      : ground_(ground), criterion_(criterion), sources_(std::move(sources)) {}
  bool Holds(Candidate& candidate) const override {
    bool holds = false;
    for (const Extractor::Source& source : sources_) {
      ForSortValues(ground_.look, source.parameter, candidate.ordinal,
                    [&](const Entry24& value) { return !(holds = ValueHolds(value)); });
      if (holds) break;
    }
    return holds;
  }

 protected:
  virtual bool ValueHolds(const Entry24& value) const = 0;
  /// An entry was looked at: what fits is handed on, and is then the taker's to count; time passes for the others too.
  bool GoOn(bool holds, const Candidate& candidate, const std::function<bool(const Candidate&)>& each) const {
    return holds ? each(candidate) : ground_.meter.Tick(criterion_.name);
  }
  const Ground& ground_;
  const Criterion& criterion_;
  std::vector<Extractor::Source> sources_;
};

class DateNode final : public ValueNode {
 public:
  using ValueNode::ValueNode;
  uint64_t Estimate() const override {
    uint64_t total = 0;
    for (const Stretch& stretch : Stretches()) total += stretch.places.adds;
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    bool more = true;
    for (const Stretch& stretch : Stretches()) {
      ground_.look.ordered.ForPieces(stretch.places, [&](const Entry24* at, const Entry24* end) {
        for (; more && at != end; ++at) {
          const DateEntry date = DateOf(*at);
          const bool holds = DateHolds(*stretch.term, date.low_us, date.high_us);
          more = GoOn(holds, {at->c & kOrdinalMask, kUnknownTime}, each);
        }
        return more;
      });
      if (!more) return;
    }
  }

 private:
  /// Where entries of one term, source and class of durations lie.
  struct Stretch {
    const Term* term;
    view::RunPlaces<Entry24> places;
  };
  /// Looked for once, when first asked: mostly they are counted and then gathered. One thread's, as the question is.
  const std::vector<Stretch>& Stretches() const {
    if (looked_) return stretches_;
    looked_ = true;
    for (const Extractor::Source& source : sources_) {
      for (const Term& term : criterion_.terms) {
        for (int c = 0; c < kDurationClasses; ++c) {
          const EntryRange range = DateRangeIn(term, source.parameter, c);
          auto places = ground_.look.ordered.PlacesOf(range.low, range.high);
          if (places.adds > 0) stretches_.push_back({&term, std::move(places)});
        }
      }
    }
    return stretches_;
  }
  bool ValueHolds(const Entry24& value) const override {
    return std::any_of(criterion_.terms.begin(), criterion_.terms.end(),
                       [&](const Term& t) { return DateHolds(t, NumberOf(value.b), NumberOf(value.c)); });
  }
  mutable bool looked_ = false;
  mutable std::vector<Stretch> stretches_;
};

// Numbers

/// A range has an entry for each end: these find it, its text decides.
class NumberNode final : public ValueNode {
 public:
  NumberNode(const Ground& ground, const Criterion& criterion, std::vector<Extractor::Source> sources)
      : ValueNode(ground, criterion, std::move(sources)),
        matcher_(ground.setting.extractor, ground.type, criterion) {
    for (const Term& term : criterion.terms) has_unit_ = has_unit_ || !term.code.empty() || IsOfSystem(term);
  }
  uint64_t Estimate() const override {
    uint64_t total = 0;
    ForRanges([&](size_t, const Extractor::Source&, const EntryRange& range) {
      total += ground_.look.ordered.CountAdds(range.low, range.high);
      return true;
    });
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    ForRanges([&](size_t i, const Extractor::Source&, const EntryRange& range) {
      const Term& term = criterion_.terms[i];
      for (auto cursor = ground_.look.ordered.Forward(range.low, range.high); cursor.valid(); cursor.Next()) {
        const Entry24 entry = cursor.entry();
        const Candidate candidate{entry.c & kOrdinalMask, kUnknownTime};
        const double value = DoubleOf(entry.b);
        const bool is_told = (entry.c & kRangeEnd) == 0 && !IsOfSystem(term);
        const bool holds = is_told ? NumberHolds(term, value, value) : TextHolds(candidate.ordinal);
        if (!GoOn(holds, candidate, each)) return false;
      }
      return true;
    });
  }
  bool Holds(Candidate& candidate) const override {
    if (has_unit_) return TextHolds(candidate.ordinal);
    bool holds = false, is_range = false;
    for (const Extractor::Source& source : sources_) {
      ForSortValues(ground_.look, source.parameter, candidate.ordinal, [&](const Entry24& value) {
        const bool range_end = (value.c & kSortRangeEnd) != 0;
        is_range = is_range || range_end;
        return !(holds = !range_end && ValueHolds(value));
      });
      if (holds) return true;
    }
    return is_range && TextHolds(candidate.ordinal);
  }
  // Values by ordinal have no units.
  bool WantsSet() const override { return has_unit_ && !ground_.texts.offered(); }
  bool ReadsTexts() const override { return has_unit_; }

 private:
  template <class Each>
  void ForRanges(const Each& each) const {
    for (const Extractor::Source& source : sources_) {
      for (size_t i = 0; i < criterion_.terms.size(); ++i) {
        const Term& term = criterion_.terms[i];
        const auto [from, to] = BoundsOf(term);
        const uint64_t unit =
            !term.unit.empty()
                ? UnitHash(ground_.setting.hash_key, kCanonicalSystem, term.unit)
                : UnitHash(ground_.setting.hash_key, term.system ? *term.system : "", term.code);
        Entry24 high = MakeNumber(source.parameter, unit, OrderOf(to));
        high.c = ~uint64_t{0};
        if (!each(i, source, EntryRange{MakeNumber(source.parameter, unit, OrderOf(from)), high})) return;
      }
    }
  }
  /// Of any unit of a system, 5|system|: entries do not tell.
  static bool IsOfSystem(const Term& term) {
    return term.code.empty() && term.system && !term.system->empty();
  }
  /// Where an entry of what fits must lie: of a range at least one end.
  static std::pair<double, double> BoundsOf(const Term& term) {
    const double infinity = std::numeric_limits<double>::infinity();
    switch (term.prefix) {
      case Prefix::kEq:
        return {term.low, term.high};
      case Prefix::kGt:
      case Prefix::kSa:
      case Prefix::kGe:
        return {term.exact, infinity};
      case Prefix::kLt:
      case Prefix::kEb:
      case Prefix::kLe:
        return {-infinity, term.exact};
      case Prefix::kAp:
        return {-infinity, term.high};  // a range may reach over what is near enough
      case Prefix::kNe:
        break;
    }
    return {-infinity, infinity};
  }
  bool ValueHolds(const Entry24& value) const override {
    const double number = DoubleOf(value.b);
    return std::any_of(criterion_.terms.begin(), criterion_.terms.end(),
                       [&](const Term& term) { return NumberHolds(term, number, number); });
  }
  bool TextHolds(Ordinal ordinal) const {
    const view::Resource* resource = ground_.texts.Read(ordinal);
    return resource != nullptr && matcher_.Holds(resource->document.Root());
  }
  const Matcher matcher_;
  bool has_unit_ = false;
};

/// near: places between two latitudes, then the distance of each. Sources: 1.
class PlaceNode final : public Node {
 public:
  PlaceNode(const Ground& ground, const Criterion& criterion, const Extractor::Parameter& parameter)
      : ground_(ground), criterion_(criterion), parameter_(parameter) {}
  uint64_t Estimate() const override {
    uint64_t total = 0;
    for (const Term& term : criterion_.terms) {
      const EntryRange range = RangeOf(term);
      total += ground_.look.ordered.CountAdds(range.low, range.high);
    }
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (const Term& term : criterion_.terms) {
      const EntryRange range = RangeOf(term);
      for (auto cursor = ground_.look.ordered.Forward(range.low, range.high); cursor.valid(); cursor.Next()) {
        Candidate candidate{cursor.entry().c & kOrdinalMask, kUnknownTime};
        if (!(Holds(candidate) ? each(candidate) : ground_.meter.Tick(criterion_.name))) return;
      }
    }
  }
  bool Holds(Candidate& candidate) const override {
    bool holds = false;
    ForSortValues(
        ground_.look, parameter_.sources[0].parameter, candidate.ordinal, [&](const Entry24& place) {
          for (const Term& term : criterion_.terms) {
            holds = holds || DistanceM(term.latitude, term.longitude, DoubleOf(place.b), DoubleOf(place.c)) <=
                                 term.distance_m;
          }
          return !holds;
        });
    return holds;
  }

 private:
  EntryRange RangeOf(const Term& term) const {
    // A degree of latitude is 111.19 km on this sphere; a little more is looked at than needed.
    const double degrees = term.distance_m / 111'000 + 1e-9;
    const ParameterId parameter = parameter_.sources[0].parameter;
    Entry24 high = MakeNumber(parameter, 0, OrderOf(term.latitude + degrees));
    high.c = ~uint64_t{0};
    return {MakeNumber(parameter, 0, OrderOf(term.latitude - degrees)), high};
  }
  const Ground& ground_;
  const Criterion& criterion_;
  const Extractor::Parameter& parameter_;
};

// Strings

/// The least and greatest 16 bytes that begin with `prefix` (at most 16 bytes of it are looked at).
struct WordRange {
  uint64_t low1, low2, high1, high2;
};
WordRange PrefixRange(std::string_view prefix) {
  std::string high(prefix.substr(0, kChunkBytes));
  high.resize(kChunkBytes, '\xff');
  return {WordOf(prefix, 0), WordOf(prefix, 8), WordOf(high, 0), WordOf(high, 8)};
}

/// Asks the texts of those whose strings go on behind what the chunks hold, and of these only the ones that live.
class LongTexts {
 public:
  LongTexts(const Ground& ground, const Criterion& criterion)
      : ground_(ground), matcher_(ground.setting.extractor, ground.type, criterion) {}
  bool Holds(Ordinal ordinal) const {
    if (!ground_.setting.directory.Live(ordinal, ground_.request.position)) return false;
    const view::Resource* resource = ground_.texts.Read(ordinal);
    return resource != nullptr && matcher_.Holds(resource->document.Root());
  }

 private:
  const Ground& ground_;
  const Matcher matcher_;
};

/// All that the terms may mean, folded.
void AddForms(const Criterion& criterion, std::vector<std::string>* out) {
  TextForms forms;
  for (const Term& term : criterion.terms) {
    forms.Read(term.text);
    out->push_back(forms.folded);
    if (!forms.joined.empty()) out->push_back(forms.joined);
  }
}

/// What begins with a text that is longer than what is indexed is found by its beginning, and then read.
class PrefixNode final : public ValueNode {
 public:
  PrefixNode(const Ground& ground, const Criterion& criterion, std::vector<Extractor::Source> sources)
      : ValueNode(ground, criterion, std::move(sources)), long_texts_(ground, criterion) {
    AddForms(criterion, &folded_);
    for (const std::string& folded : folded_) {
      ranges_.push_back(PrefixRange(folded));
      long_ = long_ || folded.size() > kChunkBytes;
    }
  }
  uint64_t Estimate() const override {
    uint64_t total = 0;
    ForRanges([&](const Entry32& low, const Entry32& high, bool) {
      total += ground_.look.strings.CountAdds(low, high);
      return true;
    });
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    ForRanges([&](const Entry32& low, const Entry32& high, bool is_cut) {
      for (auto cursor = ground_.look.strings.Forward(low, high); cursor.valid(); cursor.Next()) {
        const Candidate candidate{cursor.entry().d & kOrdinalMask, kUnknownTime};
        if (!GoOn(!is_cut || long_texts_.Holds(candidate.ordinal), candidate, each)) return false;
      }
      return true;
    });
  }
  bool WantsSet() const override { return long_; }
  bool Holds(Candidate& candidate) const override {
    bool holds = ValueNode::Holds(candidate);
    for (size_t i = 0; i < sources_.size() && !holds; ++i)
      ForSortValues(ground_.look, kFormSlot + sources_[i].parameter, candidate.ordinal,
                    [&](const Entry24& form) { return !(holds = ValueHolds(form)); });
    return holds;
  }

 private:
  template <class Each>
  void ForRanges(const Each& each) const {
    for (const Extractor::Source& source : sources_) {
      for (const std::string& whole : folded_) {
        if (whole.empty()) continue;  // nothing begins with nothing that was said
        const std::string_view text = std::string_view(whole).substr(0, kIndexedBytesMax);
        // The chunk in which the prefix ends; what stands before is in the hash.
        const size_t at = (text.size() - 1) / kChunkBytes * kChunkBytes;
        const uint64_t first =
            at == 0 ? FirstChunk(source.parameter)
                    : NextChunk(ground_.setting.hash_key, source.parameter, text.substr(0, at));
        const WordRange range = PrefixRange(text.substr(at));
        if (!each(Entry32{first, range.low1, range.low2, 0},
                  Entry32{first, range.high1, range.high2, ~uint64_t{0}}, text.size() < whole.size()))
          return;
      }
    }
  }
  bool ValueHolds(const Entry24& value) const override {
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const WordRange& r) {
      return std::pair(value.b, value.c) >= std::pair(r.low1, r.low2) &&
             std::pair(value.b, value.c) <= std::pair(r.high1, r.high2);
    });
  }
  const LongTexts long_texts_;
  std::vector<std::string> folded_;
  std::vector<WordRange> ranges_;
  bool long_ = false;
};

/// :contains walks all texts of the parameter, chunk by chunk: they form a tree whose branches are equal beginnings. Then it reads those that go on
/// behind their chunks, as few as there are: 10 µs each.
class ContainsNode final : public Node {
 public:
  ContainsNode(const Ground& ground, const Criterion& criterion, std::vector<Extractor::Source> sources)
      : ground_(ground), criterion_(criterion), sources_(std::move(sources)), long_texts_(ground, criterion) {
    AddForms(criterion, &folded_);
  }
  uint64_t Estimate() const override {
    uint64_t total = 0;
    for (const Extractor::Source& source : sources_) {
      const uint64_t first = FirstChunk(source.parameter), long_key = LongKey(source);
      total += ground_.look.equality.CountAdds({long_key, 0}, MaxUnder16(long_key));
      total +=
          ground_.look.strings.CountAdds({first, 0, 0, 0}, {first, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}});
    }
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (const Extractor::Source& source : sources_) {
      if (!Walk(source.parameter, FirstChunk(source.parameter), "", each)) return;
    }
    for (const Extractor::Source& source : sources_) {
      const bool more = GatherKey(ground_.look, LongKey(source), [&](const Candidate& candidate) {
        return long_texts_.Holds(candidate.ordinal) ? each({candidate.ordinal, kUnknownTime})
                                                    : ground_.meter.Tick(criterion_.name);
      });
      if (!more) return;
    }
  }
  bool Holds(Candidate&) const override { return true; }  // never asked: it wants its set
  bool WantsSet() const override { return true; }

 private:
  uint64_t LongKey(const Extractor::Source& source) const {
    return EqualityKey(ground_.setting.hash_key, source.parameter, KeyKind::kLongText, {});
  }
  static void AppendWord(uint64_t word, std::string* out) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      const char c = static_cast<char>(word >> shift);
      if (c != '\0') *out += c;
    }
  }
  bool Matches(const std::string& text) const {
    return std::any_of(folded_.begin(), folded_.end(),
                       [&](const std::string& needle) { return text.find(needle) != std::string::npos; });
  }
  bool Walk(ParameterId parameter, uint64_t first, const std::string& before,
            const std::function<bool(const Candidate&)>& each) const {
    auto cursor =
        ground_.look.strings.Forward({first, 0, 0, 0}, {first, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}});
    while (cursor.valid()) {
      const Entry32 chunk = cursor.entry();
      std::string text = before;
      AppendWord(chunk.b, &text);
      AppendWord(chunk.c, &text);
      const bool matches = Matches(text);
      bool continues = false;
      for (; cursor.valid() && cursor.entry().b == chunk.b && cursor.entry().c == chunk.c; cursor.Next()) {
        continues = continues || (cursor.entry().d & kContinues) != 0;
        const bool more = matches ? each({cursor.entry().d & kOrdinalMask, kUnknownTime})
                                  : ground_.meter.Tick(criterion_.name);
        if (!more) return false;
      }
      if (continues && !matches &&
          !Walk(parameter, NextChunk(ground_.setting.hash_key, parameter, text), text, each))
        return false;
    }
    return true;
  }
  const Ground& ground_;
  const Criterion& criterion_;
  std::vector<Extractor::Source> sources_;
  const LongTexts long_texts_;
  std::vector<std::string> folded_;
};

// Presence, ids, times of writing

class MissingNode final : public Node {
 public:
  MissingNode(const Ground& ground, uint8_t bit, bool missing)
      : ground_(ground), bit_(bit), missing_(missing) {}
  uint64_t Estimate() const override { return kNever; }
  void Gather(const std::function<bool(const Candidate&)>&) const override {}
  bool Holds(Candidate& candidate) const override {
    bool holds = false;
    ForSortValues(ground_.look, kPresenceSlot + ground_.type, candidate.ordinal, [&](const Entry24& entry) {
      const uint64_t word = bit_ < 64 ? entry.b : entry.c;
      holds = ((word >> (bit_ % 64) & 1) == 0) == missing_;
      return false;
    });
    return holds;
  }

 private:
  const Ground& ground_;
  const uint8_t bit_;
  const bool missing_;
};

/// Of what every resource has: _id, _lastUpdated.
class EverywhereNode final : public Node {
 public:
  explicit EverywhereNode(bool holds) : holds_(holds) {}
  uint64_t Estimate() const override { return holds_ ? kNever : 0; }
  void Gather(const std::function<bool(const Candidate&)>&) const override {}
  bool Holds(Candidate&) const override { return holds_; }

 private:
  const bool holds_;
};

class IdNode final : public Node {
 public:
  IdNode(const Ground& ground, const Criterion& criterion) : negated_(criterion.modifier == "not") {
    const std::string type(ground.setting.extractor.definitions().Type(ground.type).name);
    for (const Term& term : criterion.terms) {
      const auto version = ground.setting.directory.Current(
          KeyedHash(ground.setting.hash_key, type + "/" + term.code), ground.request.position);
      if (version.ordinal != 0 && !version.deleted) ordinals_.push_back(version.ordinal);
    }
  }
  uint64_t Estimate() const override { return negated_ ? kNever : ordinals_.size(); }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (Ordinal ordinal : ordinals_) {
      if (!each({ordinal, kUnknownTime})) return;
    }
  }
  bool Holds(Candidate& candidate) const override {
    const bool named = std::find(ordinals_.begin(), ordinals_.end(), candidate.ordinal) != ordinals_.end();
    return named != negated_;
  }

 private:
  const bool negated_;
  std::vector<Ordinal> ordinals_;
};

class WrittenNode final : public Node {
 public:
  WrittenNode(const Ground& ground, std::vector<OrdinalRange> ranges)
      : ground_(ground), ranges_(std::move(ranges)) {}
  uint64_t Estimate() const override {
    uint64_t total = 0;
    for (const OrdinalRange& range : ranges_) {
      if (range.low < range.high) total += ground_.look.sort.CountAdds(Bound(range.low), Bound(range.high));
    }
    return total;
  }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (const OrdinalRange& range : ranges_) {
      if (range.low >= range.high) continue;
      for (auto cursor = ground_.look.sort.Forward(Bound(range.low), Bound(range.high)); cursor.valid();
           cursor.Next()) {
        if (!each({cursor.entry().a & kOrdinalMask, kUnknownTime})) return;
      }
    }
  }
  bool Holds(Candidate& candidate) const override {
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const OrdinalRange& r) {
      return candidate.ordinal >= r.low && candidate.ordinal < r.high;
    });
  }
  const std::vector<OrdinalRange>* ordinal_ranges() const override { return &ranges_; }

 private:
  Entry24 Bound(Ordinal ordinal) const { return {SortSlot(kPresenceSlot + ground_.type) | ordinal, 0, 0}; }
  const Ground& ground_;
  std::vector<OrdinalRange> ranges_;
};

Result<std::unique_ptr<Node>> MakeWritten(const Ground& ground, const Criterion& criterion) {
  if (!ground.request.find_time)
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "_lastUpdated",
                     "search parameter _lastUpdated: is not offered here");
  const Ordinal end = ground.request.position.end_ordinal;
  std::vector<OrdinalRange> ranges;
  for (const Term& term : criterion.terms) {
    // Entries written before the interval have ordinals below `low`, those in it are in [low, high).
    const Ordinal low = std::min(end, TRY(ground.request.find_time(term.low_us - 1))),
                  high = std::min(end, TRY(ground.request.find_time(term.high_us - 1)));
    switch (term.prefix) {
      case Prefix::kEq:
      case Prefix::kAp:  // the interval is what is near enough
        ranges.push_back({low, high});
        break;
      case Prefix::kNe:
        ranges.push_back({1, low});
        ranges.push_back({high, end});
        break;
      case Prefix::kGt:
      case Prefix::kSa:
        ranges.push_back({high, end});
        break;
      case Prefix::kGe:
        ranges.push_back({low, end});
        break;
      case Prefix::kLt:
      case Prefix::kEb:
        ranges.push_back({1, low});
        break;
      case Prefix::kLe:
        ranges.push_back({1, high});
        break;
    }
  }
  return std::unique_ptr<Node>(std::make_unique<WrittenNode>(ground, std::move(ranges)));
}

}  // namespace

uint64_t Ground::ClinicalTimeOf(Ordinal ordinal) const {
  const ParameterId clinical = setting.extractor.ClinicalDate(type);
  if (clinical == kNoParameter) return 0;
  uint64_t time = 0;
  ForSortValues(look, clinical, ordinal, [&](const Entry24& value) {
    time = std::max(time, ClinicalTime(NumberOf(value.b)));
    return true;
  });
  return time;
}

std::optional<double> DistanceOf(const Look& look, const Extractor::Parameter& parameter,
                                 const Criterion& near, Ordinal ordinal) {
  std::optional<double> best;
  ForSortValues(look, parameter.sources[0].parameter, ordinal, [&](const Entry24& place) {
    for (const Term& term : near.terms) {
      const double distance = DistanceM(term.latitude, term.longitude, DoubleOf(place.b), DoubleOf(place.c));
      if (!best || distance < *best) best = distance;
    }
    return true;
  });
  return best;
}

Result<std::unique_ptr<Node>> MakeEntryNode(const Ground& ground, const Criterion& criterion) {
  if (!criterion.special.empty() && criterion.modifier == "missing")
    return std::unique_ptr<Node>(std::make_unique<EverywhereNode>(criterion.terms[0].text == "false"));
  if (criterion.special == "_id") return std::unique_ptr<Node>(std::make_unique<IdNode>(ground, criterion));
  if (criterion.special == "_lastUpdated") return MakeWritten(ground, criterion);
  if (IsCompartment(criterion)) return MakeCompartmentNode(ground, criterion);
  CHECK(criterion.parameter != nullptr);
  const Extractor::Parameter& parameter =
      ground.setting.extractor.At(ground.setting.extractor.IdOf(*criterion.parameter));
  if (!parameter.ready) return NotReady(criterion);
  if (criterion.modifier == "missing") {
    CHECK(parameter.presence_bit < kPresenceBits);
    return std::unique_ptr<Node>(
        std::make_unique<MissingNode>(ground, parameter.presence_bit, criterion.terms[0].text == "true"));
  }
  if (auto keys = EqualityKeys(ground.setting, ground.type, criterion)) {
    if (criterion.codes != nullptr && keys->size() > kFewKeys)
      return MakeCodesNode(ground, criterion, *std::move(keys));
    const bool negated = criterion.modifier == "not" || criterion.modifier == "not-in";
    return std::unique_ptr<Node>(std::make_unique<EqualityNode>(ground, *std::move(keys), negated));
  }
  switch (criterion.parameter->type) {
    case SearchType::kDate:
      return std::unique_ptr<Node>(std::make_unique<DateNode>(ground, criterion, parameter.sources));
    case SearchType::kNumber:
    case SearchType::kQuantity:
      return std::unique_ptr<Node>(std::make_unique<NumberNode>(ground, criterion, parameter.sources));
    case SearchType::kString:
      if (criterion.modifier == "contains")
        return std::unique_ptr<Node>(std::make_unique<ContainsNode>(ground, criterion, parameter.sources));
      return std::unique_ptr<Node>(std::make_unique<PrefixNode>(ground, criterion, parameter.sources));
    case SearchType::kSpecial:
      return std::unique_ptr<Node>(std::make_unique<PlaceNode>(ground, criterion, parameter));
    default:
      return NotReady(criterion);
  }
}

}  // namespace tk::search
