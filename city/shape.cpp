// The shapes of the areas. The city is a mesh of cells with crooked edges; every area is a rectangle of cells, cut from that of the area above.
// So its ring is simple, children tile their parent without a gap, and neighbours have every point of their border in common.
#include <cmath>

#include "city/plan.h"

namespace tk::city {
namespace {

constexpr double kRuralWeight = 2.5;  // a grid in the country is so much larger than one in town
/// A point of the mesh lies at most so far from where it would be in a straight one, in parts of a cell. Below a quarter no cell is ever
/// turned over: its edges stay steeper than its neighbours' jitter.
constexpr double kJitter = 0.22;

class Layout {
 public:
  explicit Layout(std::vector<Area>* areas) : areas_(*areas), weights_(areas->size()) {
    for (size_t i = areas_.size(); i-- > 0;) {
      const Area& area = areas_[i];
      if (area.level == Level::kGrid) weights_[i] = area.urban ? 1 : kRuralWeight;
      for (uint32_t child = 0; child < area.children; ++child)
        weights_[i] += weights_[area.first_child + child];
    }
  }
  double weight() const { return weights_[0]; }

  /// False when the mesh is too coarse.
  bool Lay(Rect whole) {
    areas_[0].rect = whole;
    for (const Area& area : areas_) {
      if (area.children > 0 && !Split(area.rect, area.first_child, area.first_child + area.children))
        return false;
    }
    return true;
  }

 private:
  /// Gives each of the areas [first, last) its part of `rect`: cut in two by weight, the longer way first, until one is left.
  bool Split(Rect rect, uint32_t first, uint32_t last) {
    if (last - first == 1) {
      areas_[first].rect = rect;
      return rect.cells() >= areas_[first].grids;
    }
    double all = 0, left = 0;
    for (uint32_t i = first; i < last; ++i) all += weights_[i];
    uint32_t middle = first;
    do {
      left += weights_[middle++];
    } while (middle + 1 < last && left + weights_[middle] / 2 < all / 2);
    const bool wide = rect.x1 - rect.x0 >= rect.y1 - rect.y0;
    return Cut(rect, wide, left / all, first, middle, last) ||
           Cut(rect, !wide, left / all, first, middle, last);
  }

  bool Cut(Rect rect, bool across, double share, uint32_t first, uint32_t middle, uint32_t last) {
    const uint32_t length = across ? rect.x1 - rect.x0 : rect.y1 - rect.y0;
    const uint32_t breadth = across ? rect.y1 - rect.y0 : rect.x1 - rect.x0;
    uint64_t left_needs = 0, right_needs = 0;
    for (uint32_t i = first; i < last; ++i) (i < middle ? left_needs : right_needs) += areas_[i].grids;
    const auto least = static_cast<uint32_t>((left_needs + breadth - 1) / breadth);
    const auto after = static_cast<uint32_t>((right_needs + breadth - 1) / breadth);
    if (least + after > length) return false;
    const uint32_t at = std::clamp(static_cast<uint32_t>(length * share + 0.5), least, length - after);
    Rect left = rect, right = rect;
    (across ? left.x1 : left.y1) = (across ? rect.x0 : rect.y0) + at;
    (across ? right.x0 : right.y0) = (across ? rect.x0 : rect.y0) + at;
    return Split(left, first, middle) && Split(right, middle, last);
  }

  std::vector<Area>& areas_;
  std::vector<double> weights_;
};

}  // namespace

void Plan::Lay() {
  Layout layout(&areas_);
  // Six cells a grid leave room for whole numbers; where that is not enough, a finer mesh is.
  for (double cells = 6;; cells *= 2) {
    const double side = std::sqrt(cells * layout.weight());
    mesh_width_ = static_cast<uint32_t>(side * 1.1) + 1;
    mesh_height_ = static_cast<uint32_t>(side / 1.1) + 1;
    if (layout.Lay({0, 0, mesh_width_, mesh_height_})) return;
    CHECK(cells < 10'000);
  }
}

Point Plan::MeshPoint(uint32_t x, uint32_t y) const {
  SeededRandom random = StreamOf(seed_, Draw::kMesh, (uint64_t{x} << 32) | y);
  const double right = x + (2 * random.Unit() - 1) * kJitter, up = y + (2 * random.Unit() - 1) * kJitter;
  return {static_cast<int64_t>((west_ + width_ * right / mesh_width_) * 1e6),
          static_cast<int64_t>((south_ + height_ * up / mesh_height_) * 1e6)};
}

std::vector<Point> Plan::Ring(const Area& area) const {
  const Rect& r = area.rect;
  std::vector<Point> ring;
  ring.reserve(2 * (r.x1 - r.x0 + r.y1 - r.y0) + 1);
  for (uint32_t x = r.x0; x < r.x1; ++x) ring.push_back(MeshPoint(x, r.y0));
  for (uint32_t y = r.y0; y < r.y1; ++y) ring.push_back(MeshPoint(r.x1, y));
  for (uint32_t x = r.x1; x > r.x0; --x) ring.push_back(MeshPoint(x, r.y1));
  for (uint32_t y = r.y1; y > r.y0; --y) ring.push_back(MeshPoint(r.x0, y));
  ring.push_back(ring.front());
  return ring;
}

Point Plan::Centre(const Area& area) const {
  const uint32_t x = (area.rect.x0 + area.rect.x1 - 1) / 2, y = (area.rect.y0 + area.rect.y1 - 1) / 2;
  Point sum{0, 0};
  for (const auto& [right, up] : {std::pair{0u, 0u}, {1u, 0u}, {1u, 1u}, {0u, 1u}}) {
    const Point corner = MeshPoint(x + right, y + up);
    sum.lon += corner.lon;
    sum.lat += corner.lat;
  }
  return {sum.lon / 4, sum.lat / 4};
}

}  // namespace tk::city
