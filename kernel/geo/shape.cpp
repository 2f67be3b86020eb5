#include "kernel/geo/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "kernel/fhir/value.h"

namespace tk::geo {
namespace {

constexpr double kPerDegree = 1e6;
constexpr size_t kCellsMax = size_t{1} << 20;
constexpr size_t kTouchedMax = 64;  // cells a shape, on the average
constexpr size_t kDepthMax = 3;     // MultiPolygon: polygons of rings of points

Error BadShape(std::string_view what) {
  return MakeError(ErrorCode::kIncorrect, fmt::format("The boundary is no GeoJSON Polygon: {}.", what));
}

Result<double> ReadDegrees(fhir::Value value) {
  const std::string_view text = value ? value.Json() : std::string_view();
  double degrees = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), degrees);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return BadShape("a point is [longitude, latitude] in degrees");
  return degrees;
}

struct Reader {
  Shape shape;
  size_t points = 0;

  Status Ring(fhir::Value ring) {
    if (!ring.is_array() || ring.size() < 4) return BadShape("a ring has four points at least");
    points += ring.size();
    if (shape.rings.size() == kShapeRingsMax || points > kShapePointsMax)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("The boundary has more than {} points or {} rings: simplify it.",
                                   kShapePointsMax, kShapeRingsMax));
    std::vector<MapPoint>& made = shape.rings.emplace_back();
    made.reserve(ring.size());
    for (const fhir::Value point : ring) {
      if (!point.is_array()) return BadShape("a point is [longitude, latitude] in degrees");
      made.push_back(TRY(MakePoint(TRY(ReadDegrees(point.At(0))), TRY(ReadDegrees(point.At(1))))));
      shape.box.Add(made.back());
    }
    if (made.front() != made.back()) return BadShape("a ring ends where it begins");
    made.pop_back();
    return {};
  }
  Status Nested(fhir::Value value, size_t depth) {
    if (depth == 1) return Ring(value);
    if (!value.is_array()) return BadShape("coordinates are missing");
    for (const fhir::Value inside : value) TRY(Nested(inside, depth - 1));
    return {};
  }
};

/// Is the side from a to b to the right of the point, as a ray eastwards meets it? Half open, so that a corner counts once.
bool Crosses(MapPoint a, MapPoint b, MapPoint point) {
  if ((a.lat > point.lat) == (b.lat > point.lat)) return false;
  const int64_t turn = (int64_t{b.lon} - a.lon) * (int64_t{point.lat} - a.lat) -
                       (int64_t{point.lon} - a.lon) * (int64_t{b.lat} - a.lat);
  return b.lat > a.lat ? turn > 0 : turn < 0;
}

}  // namespace

Result<MapPoint> MakePoint(double lon, double lat) {
  if (!(std::abs(lon) <= 180) || !(std::abs(lat) <= 90))
    return MakeError(ErrorCode::kIncorrect,
                     "A longitude is between -180 and 180, a latitude between -90 and 90 degrees.");
  return MapPoint{static_cast<int32_t>(std::llround(lon * kPerDegree)),
                  static_cast<int32_t>(std::llround(lat * kPerDegree))};
}

void Box::Add(MapPoint point) {
  west = std::min(west, point.lon);
  east = std::max(east, point.lon);
  south = std::min(south, point.lat);
  north = std::max(north, point.lat);
}

void Box::Add(const Box& box) {
  if (box.empty()) return;
  Add(MapPoint{box.west, box.south});
  Add(MapPoint{box.east, box.north});
}

bool Shape::Holds(MapPoint point) const {
  if (!box.Holds(point)) return false;
  bool inside = false;
  for (const std::vector<MapPoint>& ring : rings) {
    MapPoint last = ring.back();
    for (const MapPoint& next : ring) {
      inside ^= Crosses(last, next, point);
      last = next;
    }
  }
  return inside;
}

size_t Shape::memory_bytes() const {
  size_t bytes = sizeof(*this) + rings.capacity() * sizeof(rings[0]);
  for (const std::vector<MapPoint>& ring : rings) bytes += ring.capacity() * sizeof(MapPoint);
  return bytes;
}

Result<ShapePtr> ReadGeoJson(std::string_view text) {
  const auto parsed = fhir::Document::Parse(text);
  if (!parsed.ok()) return BadShape("it is no JSON");
  fhir::Value root = parsed->Root();
  if (root["type"].ToString() == "Feature") root = root["geometry"];
  const std::string type = root["type"].ToString();
  if (type != "Polygon" && type != "MultiPolygon")
    return BadShape("its type is neither Polygon nor MultiPolygon");
  Reader reader;
  TRY(reader.Nested(root["coordinates"], type == "Polygon" ? kDepthMax - 1 : kDepthMax));
  if (reader.shape.rings.empty()) return BadShape("it has no ring");
  return ShapePtr(std::make_shared<const Shape>(std::move(reader.shape)));
}

size_t ShapeIndex::Column(int32_t lon) const {
  const auto width = static_cast<uint64_t>(int64_t{box_.east} - box_.west + 1);
  return static_cast<size_t>(static_cast<uint64_t>(int64_t{lon} - box_.west) * columns_ / width);
}

size_t ShapeIndex::Row(int32_t lat) const {
  const auto height = static_cast<uint64_t>(int64_t{box_.north} - box_.south + 1);
  return static_cast<size_t>(static_cast<uint64_t>(int64_t{lat} - box_.south) * rows_ / height);
}

ShapeIndex::ShapeIndex(const std::vector<ShapePtr>& shapes) {
  size_t count = 0;
  for (const ShapePtr& shape : shapes) {
    if (shape == nullptr) continue;
    box_.Add(shape->box);
    ++count;
  }
  if (count == 0) return;
  columns_ = rows_ =
      static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(std::min(count, kCellsMax)))));
  // Shapes that lie over one another everywhere would fill every cell: then the mesh is made coarser.
  const auto touched = [&] {
    size_t cells = 0;
    for (const ShapePtr& shape : shapes) {
      if (shape == nullptr) continue;
      cells += (Row(shape->box.north) - Row(shape->box.south) + 1) *
               (Column(shape->box.east) - Column(shape->box.west) + 1);
    }
    return cells;
  };
  while (columns_ > 1 && touched() > kTouchedMax * count) columns_ = rows_ = columns_ / 2;
  const auto each_cell = [&](const auto& what) {
    for (size_t i = 0; i < shapes.size(); ++i) {
      if (shapes[i] == nullptr) continue;
      const Box& box = shapes[i]->box;
      for (size_t row = Row(box.south); row <= Row(box.north); ++row) {
        for (size_t column = Column(box.west); column <= Column(box.east); ++column)
          what(row * columns_ + column, static_cast<uint32_t>(i));
      }
    }
  };
  first_.assign(columns_ * rows_ + 1, 0);
  each_cell([&](size_t cell, uint32_t) { ++first_[cell + 1]; });
  for (size_t cell = 1; cell < first_.size(); ++cell) first_[cell] += first_[cell - 1];
  items_.resize(first_.back());
  std::vector<uint32_t> next = first_;
  each_cell([&](size_t cell, uint32_t i) { items_[next[cell]++] = i; });
}

std::vector<uint32_t> ShapeIndex::Near(MapPoint point) const {
  if (first_.empty() || !box_.Holds(point)) return {};
  const size_t cell = Row(point.lat) * columns_ + Column(point.lon);
  return {items_.begin() + first_[cell], items_.begin() + first_[cell + 1]};
}

}  // namespace tk::geo
