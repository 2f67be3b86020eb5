#include "kernel/geo/area_tree.h"

#include <algorithm>
#include <bit>
#include <map>

#include "kernel/base/hash.h"

namespace tk::geo {
namespace {

constexpr size_t kNameBytesMax = 0xFFFF;
constexpr int kDepartmentsDeepMax = 32;

}  // namespace

std::string_view TextOf(AreaIssue::Kind kind) {
  switch (kind) {
    case AreaIssue::Kind::kCodeUnreadable:
      return "the identifier holds no area code: give it 2, 4, 6, 9, 12 or 15 digits";
    case AreaIssue::Kind::kCodeTwice:
      return "another Location has this area code and counts: delete one of them";
    case AreaIssue::Kind::kParentMissing:
      return "there is no area above it: import that one";
    case AreaIssue::Kind::kParentDoesNotFit:
      return "partOf is not the area that its code stands below, which counts: mend partOf or the code";
    case AreaIssue::Kind::kBoundaryUnreadable:
      return "its boundary is no GeoJSON Polygon given as data: no point is looked for in it";
    case AreaIssue::Kind::kInstitutionCircle:
      return "it is part of itself, by its partOf and those above it: mend one of them";
    case AreaIssue::Kind::kInstitutionAreaUnknown:
      return "the area that it serves is not in the tree: import that one, or mend its tag";
  }
  return "";
}

AreaTree::AreaTree(AllFacts facts)
    : institutions_(std::move(facts.institutions)), sites_(std::move(facts.sites)) {
  entries_.reserve(facts.areas.size());
  size_t name_bytes = 0;
  for (const AreaFact& fact : facts.areas) name_bytes += fact.name.size();
  pool_.reserve(name_bytes);
  for (AreaFact& fact : facts.areas) Add(std::move(fact));
  Join();
  Index();
  CheckAreas();
  CheckInstitutions();
}

void AreaTree::Add(AreaFact&& fact) {
  if (fact.area == 0 || (!entries_.empty() && entries_.back().area == fact.area)) {
    Tell(fact.area == 0 ? AreaIssue::Kind::kCodeUnreadable : AreaIssue::Kind::kCodeTwice, "Location",
         fact.id);
    spare_.push_back(std::move(fact));
    return;
  }
  Entry entry{};
  entry.area = fact.area;
  entry.part_of = fact.part_of;
  entry.name = static_cast<uint32_t>(pool_.size());
  entry.name_size = static_cast<uint16_t>(std::min(fact.name.size(), kNameBytesMax));
  pool_.append(fact.name, 0, entry.name_size);
  entry.centre = fact.centre;
  entry.active = fact.active;
  entry.has_centre = fact.has_centre;
  entry.bad_boundary = fact.bad_boundary;
  entry.more = kNothing;
  if (!fact.id.empty() || !fact.part_of_id.empty() || fact.successor != 0 || fact.from != 0 ||
      fact.until != 0 || fact.shape != nullptr) {
    entry.more = static_cast<uint32_t>(more_.size());
    more_.push_back({std::move(fact.id), std::move(fact.part_of_id), fact.successor, fact.from, fact.until,
                     fact.shape == nullptr ? kNothing : static_cast<uint32_t>(shapes_.size())});
    if (fact.shape != nullptr) {
      shapes_.push_back(std::move(fact.shape));
      shape_areas_.push_back(static_cast<AreaIndex>(entries_.size()));
    }
  }
  entries_.push_back(entry);
}

/// Parents and ends: what is open is a path from the top.
void AreaTree::Join() {
  std::vector<AreaIndex> open;
  const auto close = [&](AreaIndex end) {
    entries_[open.back()].end = end;
    open.pop_back();
  };
  for (AreaIndex i = 0; i < entries_.size(); ++i) {
    while (!open.empty() && !IsWithin(entries_[i].area, entries_[open.back()].area)) close(i);
    entries_[i].parent = open.empty() ? kNoArea : open.back();
    open.push_back(i);
  }
  while (!open.empty()) close(static_cast<AreaIndex>(entries_.size()));
}

void AreaTree::Index() {
  slots_.assign(std::bit_ceil(std::max<size_t>(entries_.size() * 2, 2)), kNoArea);
  const size_t mask = slots_.size() - 1;
  for (AreaIndex i = 0; i < entries_.size(); ++i) {
    size_t slot = Mix(entries_[i].area) & mask;
    while (slots_[slot] != kNoArea) slot = (slot + 1) & mask;
    slots_[slot] = i;
  }
  shape_index_ = ShapeIndex(shapes_);
}

AreaIndex AreaTree::Find(AreaNumber area) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = Mix(area) & mask; slots_[slot] != kNoArea; slot = (slot + 1) & mask) {
    if (entries_[slots_[slot]].area == area) return slots_[slot];
  }
  return kNoArea;
}

AreaIndex AreaTree::FindNearest(AreaNumber area) const {
  for (auto level = static_cast<int>(LevelOf(area)); level >= 0 && area != 0; --level) {
    const AreaIndex found = Find(AboveIn(area, static_cast<AreaLevel>(level)));
    if (found != kNoArea) return found;
  }
  return kNoArea;
}

AreaIndex AreaTree::Above(AreaIndex i, AreaLevel level) const {
  while (i != kNoArea && LevelOf(entries_[i].area) > level) i = entries_[i].parent;
  return i != kNoArea && LevelOf(entries_[i].area) == level ? i : kNoArea;
}

std::string AreaTree::Path(AreaIndex i, std::string_view between) const {
  std::array<AreaIndex, kAreaLevels> way{};
  size_t count = 0, bytes = 0;
  for (; i != kNoArea; i = entries_[i].parent) {
    way.at(count++) = i;
    bytes += Name(i).size() + between.size();
  }
  std::string path;
  path.reserve(bytes);
  while (count > 0) {
    if (!path.empty()) path.append(between);
    path.append(Name(way.at(--count)));
  }
  return path;
}

std::string AreaTree::LocationId(AreaIndex i) const {
  const Entry& entry = entries_[i];
  if (entry.more != kNothing && !more_[entry.more].id.empty()) return more_[entry.more].id;
  return AreaId(entry.area);
}

AreaFact AreaTree::Fact(AreaIndex i) const {
  const Entry& entry = entries_[i];
  AreaFact fact;
  fact.area = entry.area;
  fact.name = Name(i);
  fact.part_of = entry.part_of;
  fact.active = entry.active;
  fact.has_centre = entry.has_centre;
  fact.bad_boundary = entry.bad_boundary;
  fact.centre = entry.centre;
  if (entry.more == kNothing) return fact;
  const More& more = more_[entry.more];
  fact.id = more.id;
  fact.part_of_id = more.part_of_id;
  fact.successor = more.successor;
  fact.from = more.from;
  fact.until = more.until;
  if (more.boundary != kNothing) fact.shape = shapes_[more.boundary];
  return fact;
}

AreaIndex AreaTree::AreaAt(MapPoint point) const {
  AreaIndex best = kNoArea;
  for (const uint32_t shape : shape_index_.Near(point)) {  // ascending by code
    const AreaIndex area = shape_areas_[shape];
    const bool lower = best == kNoArea || LevelOf(entries_[area].area) > LevelOf(entries_[best].area);
    if (lower && entries_[area].active && shapes_[shape]->Holds(point)) best = area;
  }
  return best;
}

const InstitutionFact* AreaTree::FindInstitution(std::string_view id) const {
  const auto at =
      std::lower_bound(institutions_.begin(), institutions_.end(), id,
                       [](const InstitutionFact& fact, std::string_view wanted) { return fact.id < wanted; });
  return at != institutions_.end() && at->id == id ? &*at : nullptr;
}

AreaNumber AreaTree::SiteOf(std::string_view institution_id) const {
  const auto at = std::lower_bound(
      sites_.begin(), sites_.end(), institution_id,
      [](const SiteFact& fact, std::string_view wanted) { return fact.institution_id < wanted; });
  return at != sites_.end() && at->institution_id == institution_id ? at->area : 0;
}

const InstitutionFact* AreaTree::TopOf(const InstitutionFact& institution) const {
  const InstitutionFact* top = &institution;
  for (int deep = 0; deep < kDepartmentsDeepMax && !top->part_of_id.empty(); ++deep) {
    const InstitutionFact* const above = FindInstitution(top->part_of_id);
    if (above == nullptr) break;
    top = above;
  }
  return top;
}

std::string AreaTree::InstitutionPath(const InstitutionFact& institution, std::string_view between) const {
  std::string path = institution.name;
  const InstitutionFact* at = &institution;
  for (int deep = 0; deep < kDepartmentsDeepMax && !at->part_of_id.empty(); ++deep) {
    at = FindInstitution(at->part_of_id);
    if (at == nullptr || at == &institution) break;
    path.insert(0, between).insert(0, at->name);
  }
  return path;
}

void AreaTree::Tell(AreaIssue::Kind kind, std::string_view type, std::string_view id) {
  ++issue_count_;
  if (issues_.size() < kIssuesKept) issues_.push_back({kind, std::string(type) + "/" + std::string(id)});
}

void AreaTree::CheckAreas() {
  std::map<std::string_view, AreaIndex> other_ids;
  for (AreaIndex i = 0; i < entries_.size(); ++i) {
    if (entries_[i].more != kNothing && !more_[entries_[i].more].id.empty())
      other_ids.emplace(more_[entries_[i].more].id, i);
  }
  for (AreaIndex i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.bad_boundary) Tell(AreaIssue::Kind::kBoundaryUnreadable, "Location", LocationId(i));
    if (entry.parent == kNoArea && LevelOf(entry.area) > AreaLevel::kCity)
      Tell(AreaIssue::Kind::kParentMissing, "Location", LocationId(i));
    AreaNumber said = entry.part_of;
    bool wrong = false;
    if (entry.more != kNothing && !more_[entry.more].part_of_id.empty()) {
      const auto at = other_ids.find(more_[entry.more].part_of_id);
      wrong = at == other_ids.end();
      if (!wrong) said = entries_[at->second].area;
    }
    if (wrong || (said != 0 && (entry.parent == kNoArea || entries_[entry.parent].area != said)))
      Tell(AreaIssue::Kind::kParentDoesNotFit, "Location", LocationId(i));
  }
}

void AreaTree::CheckInstitutions() {
  for (const InstitutionFact& fact : institutions_) {
    if (fact.area != 0 && Find(fact.area) == kNoArea)
      Tell(AreaIssue::Kind::kInstitutionAreaUnknown, "Organization", fact.id);
    const InstitutionFact* at = &fact;
    int deep = 0;
    while (at != nullptr && !at->part_of_id.empty() && deep <= kDepartmentsDeepMax) {
      at = FindInstitution(at->part_of_id);
      ++deep;
    }
    if (deep > kDepartmentsDeepMax) Tell(AreaIssue::Kind::kInstitutionCircle, "Organization", fact.id);
  }
}

AllFacts AreaTree::Everything() const {
  AllFacts facts;
  facts.areas.reserve(entries_.size() + spare_.size());
  for (AreaIndex i = 0; i < entries_.size(); ++i) facts.areas.push_back(Fact(i));
  facts.areas.insert(facts.areas.end(), spare_.begin(), spare_.end());
  if (!spare_.empty()) std::sort(facts.areas.begin(), facts.areas.end());
  facts.institutions = institutions_;
  facts.sites = sites_;
  return facts;
}

size_t AreaTree::memory_bytes() const {
  size_t bytes = entries_.capacity() * sizeof(Entry) + more_.capacity() * sizeof(More) + pool_.capacity() +
                 slots_.capacity() * sizeof(AreaIndex) + shape_areas_.capacity() * sizeof(AreaIndex) +
                 shape_index_.memory_bytes() + spare_.capacity() * sizeof(AreaFact) +
                 institutions_.capacity() * sizeof(InstitutionFact) + sites_.capacity() * sizeof(SiteFact);
  for (const ShapePtr& shape : shapes_) bytes += sizeof(shape) + shape->memory_bytes();
  for (const InstitutionFact& fact : institutions_)
    bytes +=
        fact.id.capacity() + fact.name.capacity() + fact.credit_code.capacity() + fact.part_of_id.capacity();
  return bytes;
}

}  // namespace tk::geo
