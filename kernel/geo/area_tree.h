// The tree of areas and institutions, for questions that come with every request: where a code stands, what is above and below it, how it is
// called, which area a point is in, which area an institution serves. Immutable; shared between threads.
// Flow:   facts (area_facts.h) → AreaTree::Build → questions; AreaView (area_view.h) keeps one up to date
// Shape:  areas are numbered by ascending code, so the areas below one follow it: [i + 1, End(i)). What is above an area is the nearest one that
//         there is by its code: partOf is compared with that and told when it differs, so nothing in the records can make a circle.
// Cost:   of processor time (area_bench.cpp): in a city of 10,000 areas a code and its county 70 ns; among the 690,000 of the whole nation, out of
//         the cache, a code 0.2 µs, its county 0.7, its path of names 1.5; the grid of a point 0.4. Building it: 0.3 to 1.2 µs an area.
// Memory: 81 bytes an area with its name, 8 more a point of a boundary; some 200 an institution.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel/geo/area_facts.h"

namespace tk::geo {

/// Something in the records that does not fit. `id`: "Location/area-3801".
struct AreaIssue {
  enum class Kind : uint8_t {
    kCodeUnreadable,    // it has the identifier, but no code in it
    kCodeTwice,         // another Location has this code; that one counts
    kParentMissing,     // below a city, and there is nothing above it
    kParentDoesNotFit,  // partOf is not what its code says
    kBoundaryUnreadable,
    kInstitutionCircle,  // it is part of itself
    kInstitutionAreaUnknown,
  };
  Kind kind;
  std::string id;
};
/// For people, with how to mend it.
std::string_view TextOf(AreaIssue::Kind kind);

using AreaIndex = uint32_t;
inline constexpr AreaIndex kNoArea = ~AreaIndex{0};

struct AllFacts {
  std::vector<AreaFact> areas;
  std::vector<InstitutionFact> institutions;
  std::vector<SiteFact> sites;
};

class AreaTree {
 public:
  /// The facts sorted, each of another resource.
  explicit AreaTree(AllFacts facts);
  AreaTree() : AreaTree(AllFacts{}) {}

  size_t size() const { return entries_.size(); }
  /// kNoArea if there is none.
  AreaIndex Find(AreaNumber area) const;
  /// The area itself, or the nearest above it; kNoArea if there is neither.
  AreaIndex FindNearest(AreaNumber area) const;
  AreaNumber NumberAt(AreaIndex i) const { return entries_[i].area; }
  AreaIndex Parent(AreaIndex i) const { return entries_[i].parent; }
  /// After the last area below it.
  AreaIndex End(AreaIndex i) const { return entries_[i].end; }
  /// Children: for (c = i + 1; c < End(i); c = End(c)).
  std::string_view Name(AreaIndex i) const {
    return {pool_.data() + entries_[i].name, entries_[i].name_size};
  }
  bool Active(AreaIndex i) const { return entries_[i].active; }
  /// The one of that level above it or it itself; kNoArea.
  AreaIndex Above(AreaIndex i, AreaLevel level) const;
  /// "安和市/东城区/…", from the top.
  std::string Path(AreaIndex i, std::string_view between = "/") const;
  /// The id of its Location.
  std::string LocationId(AreaIndex i) const;
  /// All that is known of it.
  AreaFact Fact(AreaIndex i) const;
  /// The lowest area whose boundary holds the point; of several on one level the one with the lowest code. kNoArea.
  AreaIndex AreaAt(MapPoint point) const;

  /// nullptr if there is none. Its memory is the tree's.
  const InstitutionFact* FindInstitution(std::string_view id) const;
  const std::vector<InstitutionFact>& institutions() const { return institutions_; }
  /// Where its first building stands; 0 if that is not known.
  AreaNumber SiteOf(std::string_view institution_id) const;
  /// Whom a department belongs to in the end; itself if it is part of nothing.
  const InstitutionFact* TopOf(const InstitutionFact& institution) const;
  /// "安和市第一医院/内科", from the top.
  std::string InstitutionPath(const InstitutionFact& institution, std::string_view between = "/") const;

  /// The first kIssuesKept, and how many there are.
  const std::vector<AreaIssue>& issues() const { return issues_; }
  uint64_t issue_count() const { return issue_count_; }
  static constexpr size_t kIssuesKept = 1000;

  /// What it was built of.
  AllFacts Everything() const;
  size_t memory_bytes() const;

 private:
  struct Entry {
    AreaNumber area, part_of;
    uint32_t name;
    AreaIndex parent, end;
    MapPoint centre;
    uint32_t more;  // of more_; ~0: nothing
    uint16_t name_size;
    bool active : 1, has_centre : 1, bad_boundary : 1;
  };
  /// What few areas have.
  struct More {
    std::string id, part_of_id;
    AreaNumber successor;
    int32_t from, until;
    uint32_t boundary;  // of shapes_; ~0: none
  };
  static constexpr uint32_t kNothing = ~uint32_t{0};

  void Add(AreaFact&& fact);
  void Join();
  void Index();
  void CheckAreas();
  void CheckInstitutions();
  void Tell(AreaIssue::Kind kind, std::string_view type, std::string_view id);

  std::vector<Entry> entries_;
  std::vector<More> more_;
  std::string pool_;
  std::vector<AreaIndex> slots_;  // open addressing, by Mix(area)
  std::vector<ShapePtr> shapes_;
  std::vector<AreaIndex> shape_areas_;
  ShapeIndex shape_index_;
  std::vector<AreaFact> spare_;  // whose code is another's, or none
  std::vector<InstitutionFact> institutions_;
  std::vector<SiteFact> sites_;
  std::vector<AreaIssue> issues_;
  uint64_t issue_count_ = 0;
};

}  // namespace tk::geo
