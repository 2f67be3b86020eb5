#include "kernel/geo/area_file.h"

#include <fmt/format.h>

#include <sstream>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"
#include "kernel/log/row.h"

namespace tk::geo {
namespace {

constexpr std::string_view kMagic = "tongkang-areas";
constexpr size_t kFileBytesMax = size_t{2} << 30;
constexpr uint64_t kActive = 1, kHasCentre = 2, kBadBoundary = 4, kHasMore = 8;

uint64_t Zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
int64_t OfZigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

void PutText(std::string* out, std::string_view text) {
  log::PutVarint(out, text.size());
  out->append(text);
}

void PutPoint(std::string* out, MapPoint point, MapPoint after) {
  log::PutVarint(out, Zigzag(int64_t{point.lon} - after.lon));
  log::PutVarint(out, Zigzag(int64_t{point.lat} - after.lat));
}

/// Reads on after a failure, and gets nothing: it is asked once at the end.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}
  bool good() const { return good_ && at_ == bytes_.size(); }
  bool failed() const { return !good_; }
  uint64_t Number() {
    uint64_t value = 0;
    good_ = good_ && log::GetVarint(bytes_, &at_, &value);
    return good_ ? value : 0;
  }
  /// Of what takes a byte each at least.
  size_t Count() {
    const uint64_t count = Number();
    good_ = good_ && count <= bytes_.size() - at_;
    return good_ ? count : 0;
  }
  std::string Text() {
    const size_t size = Count();
    const std::string_view text = bytes_.substr(at_, size);
    at_ += size;
    return std::string(text);
  }
  MapPoint Point(MapPoint after) {
    const int64_t lon = after.lon + OfZigzag(Number());
    const int64_t lat = after.lat + OfZigzag(Number());
    good_ = good_ && std::abs(lon) <= 180'000'000 && std::abs(lat) <= 90'000'000;
    return good_ ? MapPoint{static_cast<int32_t>(lon), static_cast<int32_t>(lat)} : MapPoint{};
  }

 private:
  const std::string_view bytes_;
  size_t at_ = 0;
  bool good_ = true;
};

void PutShape(std::string* out, const ShapePtr& shape) {
  log::PutVarint(out, shape == nullptr ? 0 : shape->rings.size());
  if (shape == nullptr) return;
  MapPoint last;
  for (const auto& ring : shape->rings) {
    log::PutVarint(out, ring.size());
    for (const MapPoint& point : ring) {
      PutPoint(out, point, last);
      last = point;
    }
  }
}

ShapePtr TakeShape(Taker* from) {
  const size_t rings = from->Count();
  if (rings == 0) return nullptr;
  Shape shape;
  MapPoint last;
  for (size_t i = 0; i < rings && !from->failed(); ++i) {
    auto& ring = shape.rings.emplace_back(from->Count());
    for (MapPoint& point : ring) {
      point = last = from->Point(last);
      shape.box.Add(point);
    }
    if (ring.empty()) shape.rings.pop_back();
  }
  return shape.rings.empty() ? nullptr : std::make_shared<const Shape>(std::move(shape));
}

void PutArea(std::string* out, const AreaFact& fact, AreaNumber last) {
  const bool more = !fact.id.empty() || !fact.part_of_id.empty() || fact.successor != 0 || fact.from != 0 ||
                    fact.until != 0 || fact.shape != nullptr;
  log::PutVarint(out, (fact.active ? kActive : 0U) | (fact.has_centre ? kHasCentre : 0U) |
                          (fact.bad_boundary ? kBadBoundary : 0U) | (more ? kHasMore : 0U));
  log::PutVarint(out, fact.area - last);
  log::PutVarint(out, fact.part_of);
  PutText(out, fact.name);
  if (fact.has_centre) PutPoint(out, fact.centre, {});
  if (!more) return;
  PutText(out, fact.id);
  PutText(out, fact.part_of_id);
  log::PutVarint(out, fact.successor);
  log::PutVarint(out, static_cast<uint64_t>(fact.from));
  log::PutVarint(out, static_cast<uint64_t>(fact.until));
  PutShape(out, fact.shape);
}

AreaFact TakeArea(Taker* from, AreaNumber last) {
  const uint64_t flags = from->Number();
  AreaFact fact;
  fact.active = (flags & kActive) != 0;
  fact.has_centre = (flags & kHasCentre) != 0;
  fact.bad_boundary = (flags & kBadBoundary) != 0;
  fact.area = last + from->Number();
  fact.part_of = from->Number();
  fact.name = from->Text();
  if (fact.has_centre) fact.centre = from->Point({});
  if ((flags & kHasMore) == 0) return fact;
  fact.id = from->Text();
  fact.part_of_id = from->Text();
  fact.successor = from->Number();
  fact.from = static_cast<int32_t>(from->Number());
  fact.until = static_cast<int32_t>(from->Number());
  fact.shape = TakeShape(from);
  return fact;
}

Error Damaged() { return MakeError(ErrorCode::kCorrupt, "the saved areas are damaged; they are rebuilt"); }

bool ReadMark(std::string_view line, view::Mark* mark) {
  std::istringstream words{std::string(line)};
  std::string magic;
  return static_cast<bool>(words >> magic >> mark->incarnation >> mark->t >> mark->end_ordinal >>
                           mark->definitions_hash >> mark->format_version) &&
         magic == kMagic;
}

}  // namespace

std::string PrintAreaFile(const view::Mark& mark, const AllFacts& facts) {
  std::string out = fmt::format("{} {} {} {} {} {}\n", kMagic, mark.incarnation, mark.t, mark.end_ordinal,
                                mark.definitions_hash, mark.format_version);
  log::PutVarint(&out, facts.areas.size());
  AreaNumber last = 0;
  for (const AreaFact& fact : facts.areas) {
    PutArea(&out, fact, last);
    last = fact.area;
  }
  log::PutVarint(&out, facts.institutions.size());
  for (const InstitutionFact& fact : facts.institutions) {
    for (const std::string* text : {&fact.id, &fact.name, &fact.credit_code, &fact.part_of_id})
      PutText(&out, *text);
    log::PutVarint(&out, fact.area);
    log::PutVarint(&out, fact.active ? 1 : 0);
  }
  log::PutVarint(&out, facts.sites.size());
  for (const SiteFact& fact : facts.sites) {
    PutText(&out, fact.id);
    PutText(&out, fact.institution_id);
    log::PutVarint(&out, fact.area);
  }
  log::PutInt(&out, Crc32c(AsBytes(out)));
  return out;
}

Result<AreaFile> ReadAreaFile(const std::string& path) {
  const std::string bytes = TRY(ReadFile(path, kFileBytesMax));
  AreaFile file;
  file.bytes = bytes.size();
  std::string_view body = bytes;
  constexpr size_t kCrcBytes = sizeof(uint32_t);
  const size_t line = body.find('\n');
  if (line == std::string_view::npos || body.size() < line + 1 + kCrcBytes) return Damaged();
  body.remove_suffix(kCrcBytes);
  if (Crc32c(AsBytes(body)) != log::GetInt<uint32_t>(bytes, body.size()) ||
      !ReadMark(body.substr(0, line), &file.mark))
    return Damaged();
  Taker from(body.substr(line + 1));
  file.facts.areas.resize(from.Count());
  AreaNumber last = 0;
  for (AreaFact& fact : file.facts.areas) {
    fact = TakeArea(&from, last);
    last = fact.area;
    if (from.failed()) return Damaged();
  }
  file.facts.institutions.resize(from.Count());
  for (InstitutionFact& fact : file.facts.institutions) {
    for (std::string* text : {&fact.id, &fact.name, &fact.credit_code, &fact.part_of_id}) *text = from.Text();
    fact.area = from.Number();
    fact.active = from.Number() != 0;
  }
  file.facts.sites.resize(from.Count());
  for (SiteFact& fact : file.facts.sites) {
    fact.id = from.Text();
    fact.institution_id = from.Text();
    fact.area = from.Number();
  }
  if (!from.good()) return Damaged();
  return file;
}

}  // namespace tk::geo
