// The plan of the city: its divisions down to the grid, how many live in each, their shapes on the map, its institutions.
// Flow:   options, tables → Plan::Make → const Plan, shared by all threads
// Memory: some 300 bytes a grid, and one grid for 900 people; nothing for each person.
#pragma once

#include <string>
#include <vector>

#include "city/ident.h"
#include "city/tables.h"

namespace tk::city {

enum class Level : uint8_t { kCity, kCounty, kTownship, kVillage, kGrid };

/// A rectangle of cells of the mesh; [x0, x1) × [y0, y1).
struct Rect {
  uint32_t x0, y0, x1, y1;
  uint64_t cells() const { return uint64_t{x1 - x0} * (y1 - y0); }
};
/// Millionths of a degree.
struct Point {
  int64_t lon, lat;
};

struct Area {
  Level level;
  bool urban;  // under a street and a residents' committee
  std::string code, name, full_name;
  uint32_t parent = 0, first_child = 0, children = 0;  // children stand one after another
  uint64_t first_person = 0, persons = 0;
  uint32_t grids = 0;
  Rect rect{};
};

struct Institution {
  uint32_t kind;  // of Places::institutions
  uint32_t area;  // whose people it serves
  uint32_t grid;  // where it stands
  std::string id, name, credit_code;
};

/// The people of a county whose numbers are written with one code; 158,410 at most.
struct RegisterGroup {
  uint32_t county;
  std::string code;
};

class Plan {
 public:
  /// Errors: kIncorrect when the codes of the divisions do not suffice for so many people.
  static Result<Plan> Make(uint64_t persons, uint64_t seed, const Tables& tables);

  uint64_t persons() const { return areas_.front().persons; }
  uint64_t seed() const { return seed_; }
  /// The city first, then the counties, the townships, the villages, the grids, each in the order of their codes.
  const std::vector<Area>& areas() const { return areas_; }
  const Area& area(uint32_t number) const { return areas_[number]; }
  uint32_t first_grid() const { return first_grid_; }
  uint32_t grid_count() const { return static_cast<uint32_t>(areas_.size()) - first_grid_; }
  /// The grid (a number of an area) in which a person lives. ~100 ns.
  uint32_t GridOf(uint64_t person) const;
  /// The area of that level above (or at) an area.
  uint32_t Above(uint32_t area, Level level) const;

  /// A closed ring, counterclockwise, the first point again at the end. Neighbours have their points in common.
  std::vector<Point> Ring(const Area& area) const;
  /// A point inside.
  Point Centre(const Area& area) const;

  const std::vector<Institution>& institutions() const { return institutions_; }
  /// Numbers of the institutions of a kind that serve this very area.
  const std::vector<uint32_t>& Serving(const std::string& kind, uint32_t area) const;

  const std::vector<RegisterGroup>& register_groups() const { return groups_; }
  /// The first group of a county (0 … counties - 1); the next begins where it ends.
  uint32_t FirstGroup(uint32_t county) const { return first_group_[county]; }

 private:
  Status AddDivisions(uint64_t persons, const Tables& tables);
  void AddTownships(const Tables& tables);
  void AddVillages(const Tables& tables);
  void AddGrids(uint64_t persons, const Tables& tables);
  void CountUp();
  void Lay();
  Status AddGroups(const Tables& tables);
  void AddInstitutions(const Tables& tables);
  void AddInstitution(uint32_t kind, uint32_t area, uint32_t number, const Tables& tables);
  Point MeshPoint(uint32_t x, uint32_t y) const;

  uint64_t seed_ = 0;
  std::vector<Area> areas_;
  std::vector<uint32_t> county_grids_;
  uint32_t first_grid_ = 0;
  std::vector<RegisterGroup> groups_;
  std::vector<uint32_t> first_group_;
  std::vector<Institution> institutions_;
  std::map<std::pair<std::string, uint32_t>, std::vector<uint32_t>> serving_;
  uint32_t mesh_width_ = 0, mesh_height_ = 0;
  double west_ = 0, south_ = 0, width_ = 0, height_ = 0;
};

}  // namespace tk::city
