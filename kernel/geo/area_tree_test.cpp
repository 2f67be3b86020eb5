#include "kernel/geo/area_tree.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::geo {
namespace {

AreaFact TreeFact(std::string_view code, std::string name) {
  AreaFact fact;
  fact.area = ParseAreaCode(code).value();
  fact.name = std::move(name);
  return fact;
}

ShapePtr Square(int32_t west, int32_t south, int32_t size) {
  Shape shape;
  shape.rings = {{{west, south}, {west + size, south}, {west + size, south + size}, {west, south + size}}};
  for (const MapPoint& point : shape.rings[0]) shape.box.Add(point);
  return std::make_shared<const Shape>(std::move(shape));
}

AreaTree SmallTree() {
  AllFacts facts;
  facts.areas = {TreeFact("3801", "安和市"),        TreeFact("380102", "东城区"),
                 TreeFact("380102001", "河口街道"), TreeFact("380102001001", "一村"),
                 TreeFact("380102001002", "二村"),  TreeFact("380103", "西山县")};
  return AreaTree(std::move(facts));
}

std::string NameOfArea(const AreaTree& tree, std::string_view code) {
  const AreaIndex i = tree.Find(ParseAreaCode(code).value());
  return i == kNoArea ? "-" : tree.Path(i);
}

TEST(AreaCodeTest, LongAndShortFormsAreTheSame) {
  for (const std::string_view code : {"38", "3801", "380102", "380102001", "380102001003", "380102001003004"})
    EXPECT_EQ(CodeOf(ParseAreaCode(code).value()), code);
  EXPECT_EQ(ParseAreaCode("380000").value(), ParseAreaCode("38").value());
  EXPECT_EQ(CodeOf(ParseAreaCode("380102001000").value()), "380102001");
  EXPECT_EQ(LevelOf(ParseAreaCode("380102001000").value()), AreaLevel::kTownship);
  EXPECT_EQ(AboveIn(ParseAreaCode("380102001003").value(), AreaLevel::kCounty),
            ParseAreaCode("380102").value());
  EXPECT_EQ(AboveIn(ParseAreaCode("3801").value(), AreaLevel::kCounty), 0u);
  for (const std::string_view bad : {"", "3", "380", "38010a", "3801020010030045", "00", "0000000000001"})
    EXPECT_FALSE(ParseAreaCode(bad).ok()) << bad;
}

TEST(AreaTreeTest, PathsChildrenAndRanges) {
  const AreaTree tree = SmallTree();
  EXPECT_EQ(NameOfArea(tree, "380102001002"), "安和市/东城区/河口街道/二村");
  EXPECT_EQ(NameOfArea(tree, "3801"), "安和市");
  EXPECT_EQ(NameOfArea(tree, "380104"), "-");
  const AreaIndex county = tree.Find(ParseAreaCode("380102").value());
  EXPECT_EQ(tree.End(county) - county, 4u) << "itself, its street, two villages";
  std::string children;
  for (AreaIndex c = 1; c < tree.End(0); c = tree.End(c)) children += std::string(tree.Name(c)) + " ";
  EXPECT_EQ(children, "东城区 西山县 ");
  const AreaIndex village = tree.Find(ParseAreaCode("380102001001").value());
  EXPECT_EQ(tree.Above(village, AreaLevel::kCounty), county);
  EXPECT_EQ(tree.Above(village, AreaLevel::kGrid), kNoArea);
  EXPECT_EQ(tree.Above(village, AreaLevel::kProvince), kNoArea);
  EXPECT_EQ(tree.FindNearest(ParseAreaCode("380102001001007").value()), village);
  EXPECT_EQ(tree.FindNearest(ParseAreaCode("39").value()), kNoArea);
  EXPECT_EQ(tree.LocationId(village), "area-380102001001");
}

TEST(AreaTreeTest, WhatDoesNotFitIsToldAndNothingMore) {
  AllFacts facts;
  facts.areas = {TreeFact("3801", "安和市"), TreeFact("380102", "东城区"), TreeFact("380102001", "甲"),
                 TreeFact("390102", "远县")};
  facts.areas[1].part_of = facts.areas[2].area;  // of its own child: a circle, if anybody went by it
  facts.areas[2].part_of = facts.areas[1].area;
  AreaFact second = TreeFact("380102", "也是东城区");
  second.id = "other";
  facts.areas.insert(facts.areas.begin() + 2, second);
  AreaFact unreadable;
  unreadable.id = "unreadable";
  facts.areas.insert(facts.areas.begin(), unreadable);
  facts.institutions = {
      {"a", "甲院", "", "b", 0, true}, {"b", "乙院", "", "a", 0, true}, {"c", "丙院", "", "", 1, true}};
  const AreaTree tree(facts);
  std::vector<std::string> told;
  for (const AreaIssue& issue : tree.issues())
    told.push_back(issue.id + " " + std::to_string(static_cast<int>(issue.kind)));
  const auto kind = [](AreaIssue::Kind each) { return " " + std::to_string(static_cast<int>(each)); };
  EXPECT_EQ(told, (std::vector<std::string>{
                      "Location/unreadable" + kind(AreaIssue::Kind::kCodeUnreadable),
                      "Location/other" + kind(AreaIssue::Kind::kCodeTwice),
                      "Location/area-380102" + kind(AreaIssue::Kind::kParentDoesNotFit),
                      "Location/area-390102" + kind(AreaIssue::Kind::kParentMissing),
                      "Organization/a" + kind(AreaIssue::Kind::kInstitutionCircle),
                      "Organization/b" + kind(AreaIssue::Kind::kInstitutionCircle),
                      "Organization/c" + kind(AreaIssue::Kind::kInstitutionAreaUnknown),
                  }));
  EXPECT_EQ(NameOfArea(tree, "380102001"), "安和市/东城区/甲");
  EXPECT_EQ(tree.InstitutionPath(*tree.FindInstitution("a")), "乙院/甲院");
  EXPECT_EQ(tree.Everything().areas.size(), facts.areas.size()) << "what does not count is kept";
}

TEST(AreaTreeTest, InstitutionsAndDepartments) {
  AllFacts facts = SmallTree().Everything();
  facts.institutions = {{"h", "第一医院", "", "", ParseAreaCode("3801").value(), true},
                        {"h-01", "内科", "", "h", 0, true}};
  facts.sites = {{"site", "h", ParseAreaCode("380102001002").value()}};
  const AreaTree tree(std::move(facts));
  const InstitutionFact* const department = tree.FindInstitution("h-01");
  ASSERT_NE(department, nullptr);
  EXPECT_EQ(tree.InstitutionPath(*department), "第一医院/内科");
  EXPECT_EQ(tree.TopOf(*department)->id, "h");
  EXPECT_EQ(CodeOf(tree.SiteOf("h")), "380102001002");
  EXPECT_EQ(tree.SiteOf("h-01"), 0u);
  EXPECT_EQ(tree.FindInstitution("x"), nullptr);
}

// Squares side by side and one inside another: a point on a common side is in one of them, never in two or none.
TEST(ShapeTest, APointIsInExactlyOneOfTheNeighbours) {
  const ShapePtr left = Square(0, 0, 10), right = Square(10, 0, 10);
  for (int32_t lat = 0; lat < 10; ++lat) EXPECT_NE(left->Holds({10, lat}), right->Holds({10, lat})) << lat;
  Shape ring = *Square(0, 0, 100);
  ring.rings.push_back(Square(40, 40, 20)->rings[0]);
  EXPECT_TRUE(ring.Holds({20, 20}));
  EXPECT_FALSE(ring.Holds({50, 50})) << "a hole";
}

TEST(ShapeTest, GeoJsonIsReadOrRefusedWithItsReason) {
  const auto shape = ReadGeoJson(
      R"({"type":"MultiPolygon","coordinates":[[[[121.1,31],[121.2,31],[121.2,31.1],[121.1,31]]],[[[1,1],[2,1],[2,2],[1,1]]]]})");
  ASSERT_TRUE(shape.ok()) << shape.error().ToString();
  EXPECT_TRUE((*shape)->Holds({121'190'000, 31'010'000}));
  EXPECT_FALSE((*shape)->Holds({121'110'000, 31'090'000}));
  EXPECT_TRUE((*shape)->Holds({1'900'000, 1'100'000}));
  for (const std::string_view bad :
       {"", "{}", R"({"type":"Point","coordinates":[1,2]})", R"({"type":"Polygon","coordinates":[]})",
        R"({"type":"Polygon","coordinates":[[[1,1],[2,2],[1,1]]]})",
        R"({"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,2]]]})",
        R"({"type":"Polygon","coordinates":[[[1,1],[200,1],[2,2],[1,1]]]})",
        R"({"type":"Polygon","coordinates":[[["a",1],[2,1],[2,2],["a",1]]]})",
        R"({"type":"Polygon","coordinates":[[1,2,3,1]]})", R"({"type":"Polygon","coordinates":5})"})
    EXPECT_EQ(ReadGeoJson(bad).error().code, ErrorCode::kIncorrect) << bad;
}

// Against a look at every shape.
TEST(AreaTreeTest, PointsAreFoundAsByLookingAtEveryShape) {
  SeededRandom random(380101);
  AllFacts facts;
  facts.areas = {TreeFact("3801", "市")};
  facts.areas[0].shape = Square(0, 0, 1000);
  for (int i = 1; i <= 300; ++i) {
    AreaFact fact = TreeFact("3801" + std::to_string(100 + i % 90).substr(1) + std::to_string(100 + i), "x");
    fact.active = i % 7 != 0;
    fact.shape = Square(static_cast<int32_t>(random.Below(1000)), static_cast<int32_t>(random.Below(1000)),
                        static_cast<int32_t>(random.Below(80) + 1));
    facts.areas.push_back(std::move(fact));
  }
  std::sort(facts.areas.begin(), facts.areas.end());
  const std::vector<AreaFact> all = facts.areas;
  const AreaTree tree(std::move(facts));
  size_t found = 0;
  for (int i = 0; i < 5000; ++i) {
    const MapPoint point{static_cast<int32_t>(random.Below(1100)) - 50,
                         static_cast<int32_t>(random.Below(1100)) - 50};
    const AreaFact* best = nullptr;
    for (const AreaFact& fact : all) {
      if (fact.active && fact.shape->Holds(point) &&
          (best == nullptr || LevelOf(fact.area) > LevelOf(best->area)))
        best = &fact;
    }
    const AreaIndex at = tree.AreaAt(point);
    ASSERT_EQ(at == kNoArea ? 0 : tree.NumberAt(at), best == nullptr ? 0 : best->area);
    found += at != kNoArea && tree.NumberAt(at) != all[0].area ? 1 : 0;
  }
  EXPECT_GT(found, 500u);
}

// Random codes: parents, ends and look-ups as by comparing every pair.
TEST(AreaTreeTest, TheTreeIsWhatTheCodesSay) {
  SeededRandom random(7);
  constexpr size_t kLengths[] = {2, 4, 6, 9, 12, 15};
  AllFacts facts;
  for (int i = 0; i < 600; ++i) {
    std::string code;
    for (size_t digit = 0; digit < kLengths[random.Below(6)]; ++digit)
      code.push_back(digit % 2 == 0 ? '3' : static_cast<char>('0' + random.Below(3)));
    const auto area = ParseAreaCode(code.substr(0, code.size() == 1 ? 0 : code.size()));
    if (area.ok()) facts.areas.push_back(TreeFact(code, code));
  }
  std::sort(facts.areas.begin(), facts.areas.end());
  facts.areas.erase(std::unique(facts.areas.begin(), facts.areas.end(),
                                [](const AreaFact& a, const AreaFact& b) { return a.area == b.area; }),
                    facts.areas.end());
  const AreaTree tree(std::move(facts));
  ASSERT_GT(tree.size(), 30u);
  for (AreaIndex i = 0; i < tree.size(); ++i) {
    ASSERT_EQ(tree.Find(tree.NumberAt(i)), i);
    AreaIndex parent = kNoArea, end = i + 1;
    for (AreaIndex j = 0; j < tree.size(); ++j) {
      if (j != i && IsWithin(tree.NumberAt(i), tree.NumberAt(j)))
        parent = j;  // ascending: the last is the nearest
      if (j > i && IsWithin(tree.NumberAt(j), tree.NumberAt(i))) end = j + 1;
    }
    ASSERT_EQ(tree.Parent(i), parent) << i;
    ASSERT_EQ(tree.End(i), end) << i;
  }
}

}  // namespace
}  // namespace tk::geo
