// Boundaries: polygons on the map, and which of them a point is in.
// Units:  millionths of a degree, east and north (WGS 84 as GeoJSON has it); flat: a city is small. No polygon crosses the 180th meridian.
// Source: RFC 7946 (GeoJSON Polygon and MultiPolygon: rings, the first the outside, the others holes).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::geo {

struct MapPoint {
  int32_t lon = 0, lat = 0;
  friend bool operator==(const MapPoint&, const MapPoint&) = default;
};
/// Errors: kIncorrect outside ±180, ±90.
Result<MapPoint> MakePoint(double lon, double lat);

inline constexpr size_t kShapePointsMax = 20'000;
inline constexpr size_t kShapeRingsMax = 1'000;

struct Box {
  int32_t west = INT32_MAX, south = INT32_MAX, east = INT32_MIN, north = INT32_MIN;
  void Add(MapPoint point);
  void Add(const Box& box);
  bool empty() const { return west > east; }
  bool Holds(MapPoint p) const { return p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north; }
};

/// Even-odd over all rings, so holes are outside and parts inside. Of two polygons with a side in common, a point on it is in exactly one.
struct Shape {
  std::vector<std::vector<MapPoint>> rings;  // closed: the last point is not repeated
  Box box;
  bool Holds(MapPoint point) const;  // O(points)
  size_t memory_bytes() const;
};
using ShapePtr = std::shared_ptr<const Shape>;

/// A Polygon or MultiPolygon. Errors: kIncorrect, what is wrong where; kTooLarge over the limits above.
Result<ShapePtr> ReadGeoJson(std::string_view text);

/// Candidates by cells of a mesh over all shapes: a query looks at the shapes of one cell.
/// Memory: 4 bytes a cell and 4 for each shape in each cell that its box touches; about as many cells as shapes.
class ShapeIndex {
 public:
  ShapeIndex() = default;
  /// `shapes[i]` may be null.
  explicit ShapeIndex(const std::vector<ShapePtr>& shapes);
  /// Numbers of the shapes whose box may hold the point, ascending.
  std::vector<uint32_t> Near(MapPoint point) const;
  size_t memory_bytes() const { return (first_.capacity() + items_.capacity()) * sizeof(uint32_t); }

 private:
  size_t Column(int32_t lon) const;
  size_t Row(int32_t lat) const;
  Box box_;
  size_t columns_ = 0, rows_ = 0;
  std::vector<uint32_t> first_, items_;  // items_[first_[cell] .. first_[cell + 1])
};

}  // namespace tk::geo
