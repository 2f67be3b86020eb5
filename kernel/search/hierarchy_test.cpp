// :above and :below of references: what resources are part of, however far; and media types by their base.
#include "kernel/search/hierarchy.h"

#include <gtest/gtest.h>

#include <random>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

using InHierarchy = std::vector<view::Ordinal>;

InHierarchy FoundBy(const House& house, const std::string& type, const std::string& text,
                    const PageRequest& request = {}) {
  const auto page = house.Ask(type, text, request);
  if (!page.ok()) {
    ADD_FAILURE() << type << "?" << text << ": " << page.error().ToString();
    return {};
  }
  InHierarchy found = page->ordinals;
  std::sort(found.begin(), found.end());
  return found;
}

std::string LocationText(const std::string& id, const std::string& whole) {
  return R"({"resourceType":"Location","id":")" + id + R"(")" +
         (whole.empty() ? "" : R"(,"partOf":{"reference":"Location/)" + whole + R"("})") + "}";
}
std::string ProcedureText(const std::string& id, const std::string& location) {
  return R"({"resourceType":"Procedure","id":")" + id +
         R"(","status":"completed","subject":{"reference":"Patient/p"},"location":{"reference":"Location/)" +
         location + R"("}})";
}

/// A hospital with two floors, a room on the first; a house beside it.
struct Places {
  Places() {
    house.Put(LocationText("hospital", ""));
    first = house.Put(LocationText("first", "hospital"));
    second = house.Put(LocationText("second", "hospital"));
    room = house.Put(LocationText("room", "first"));
    house.Put(LocationText("other", ""));
    in_hospital = house.Put(ProcedureText("a", "hospital"));
    in_first = house.Put(ProcedureText("b", "first"));
    in_room = house.Put(ProcedureText("c", "room"));
    in_other = house.Put(ProcedureText("d", "other"));
    in_unknown = house.Put(ProcedureText("e", "unknown"));
  }
  House house;
  view::Ordinal first, second, room, in_hospital, in_first, in_room, in_other, in_unknown;
};

TEST(Hierarchy, BelowFindsWhatIsAtItAndAtItsParts) {
  Places p;
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=hospital"),
            (InHierarchy{p.in_hospital, p.in_first, p.in_room}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=Location/first"),
            (InHierarchy{p.in_first, p.in_room}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=other,room"), (InHierarchy{p.in_room, p.in_other}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=unknown"), (InHierarchy{p.in_unknown}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=nobody"), InHierarchy{});
  EXPECT_EQ(FoundBy(p.house, "Location", "partof:below=hospital"), (InHierarchy{p.first, p.second, p.room}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=hospital&_id=c"), (InHierarchy{p.in_room}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "_id=b,c,d&location:below=first"),
            (InHierarchy{p.in_first, p.in_room}));
}

TEST(Hierarchy, AboveFindsWhatIsAtItAndAtWhatItIsPartOf) {
  Places p;
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:above=room"),
            (InHierarchy{p.in_hospital, p.in_first, p.in_room}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:above=Location/hospital"), (InHierarchy{p.in_hospital}));
  EXPECT_EQ(FoundBy(p.house, "Location", "partof:above=first"), (InHierarchy{p.first, p.second, p.room}));
}

TEST(Hierarchy, FollowsWhatChangesAndEndsInCircles) {
  Places p;
  p.house.Put(LocationText("first", "other"));  // moved
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=hospital"), (InHierarchy{p.in_hospital}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=other"),
            (InHierarchy{p.in_first, p.in_room, p.in_other}));
  p.house.Put(LocationText("other", "room"));  // other > first > room > other
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:below=room"),
            (InHierarchy{p.in_first, p.in_room, p.in_other}));
  EXPECT_EQ(FoundBy(p.house, "Procedure", "location:above=room"),
            (InHierarchy{p.in_first, p.in_room, p.in_other}));
}

TEST(Hierarchy, InChainsAndTheOtherWayRound) {
  Places p;
  const auto visit =
      p.house.Put(R"({"resourceType":"Encounter","id":"v","status":"finished","class":{"code":"AMB"},)"
                  R"("location":[{"location":{"reference":"Location/room"}}]})");
  const auto seen =
      p.house.Put(R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"},)"
                  R"("encounter":{"reference":"Encounter/v"}})");
  EXPECT_EQ(FoundBy(p.house, "Observation", "encounter.location:below=hospital"), (InHierarchy{seen}));
  EXPECT_EQ(FoundBy(p.house, "Observation", "encounter.location:below=other"), InHierarchy{});
  EXPECT_EQ(FoundBy(p.house, "Encounter", "_has:Observation:encounter:status=final&location:below=first"),
            (InHierarchy{visit}));
}

TEST(Hierarchy, WhoSeesNotAPartSeesNothingBehindIt) {
  House house;
  house.directory.SetArea(1, 100);
  house.directory.SetArea(2, 200);
  const auto encounter = [&](const std::string& id, const std::string& whole, view::OwnerNumber owner) {
    return house.Put(
        R"({"resourceType":"Encounter","id":")" + id + R"(","status":"finished","class":{"code":"IMP"})" +
            (whole.empty() ? "" : R"(,"partOf":{"reference":"Encounter/)" + whole + R"("})") + "}",
        owner);
  };
  encounter("stay", "", 1);
  encounter("hidden", "stay", 2);
  encounter("deep", "hidden", 1);
  const auto shown = encounter("shown", "stay", 1);
  const auto observed = [&](const std::string& id, const std::string& where) {
    return house.Put(R"({"resourceType":"Observation","id":")" + id +
                         R"(","status":"final","code":{"text":"t"},"encounter":{"reference":"Encounter/)" +
                         where + R"("}})",
                     1);
  };
  observed("in-deep", "deep");
  const auto in_shown = observed("in-shown", "shown");
  PageRequest request;
  request.scope.everything = false;
  request.scope.area_low = 100;
  request.scope.area_high = 200;
  EXPECT_EQ(FoundBy(house, "Observation", "encounter:below=stay", request), (InHierarchy{in_shown}));
  EXPECT_EQ(FoundBy(house, "Encounter", "part-of:below=stay", request), (InHierarchy{shown}));
  EXPECT_EQ(FoundBy(house, "Observation", "encounter:below=stay").size(), 2u);
}

TEST(Hierarchy, WhatItDoesNotTakeIsSaid) {
  const House house;
  const auto why = [&](const std::string& type, const std::string& text) {
    const auto page = house.Ask(type, text, {});
    return page.ok() ? std::string("it was taken") : page.error().external;
  };
  EXPECT_NE(why("Observation", "patient:below=Patient/1").find("canonical URL"), std::string::npos);
  EXPECT_NE(why("Observation", "patient:above=1").find(":above"), std::string::npos);
  EXPECT_NE(why("Procedure", "location:below=Patient/1").find("one of Location"), std::string::npos);
  EXPECT_NE(why("Procedure", "location:below=http://x/a,first").find("not both"), std::string::npos);
  EXPECT_NE(why("Procedure", "location:above=http://x/a").find("Type/id"), std::string::npos);
}

// Any forest, any moves: as a walk over the parents says.
TEST(Hierarchy, AgreesWithAWalkOverTheParents) {
  std::mt19937 random(20261122);
  constexpr size_t kPlaces = 40;
  for (int round = 0; round < 5; ++round) {
    House house;
    std::vector<size_t> whole(kPlaces, kPlaces);
    std::vector<view::Ordinal> at(kPlaces);
    for (int step = 0; step < 120; ++step) {
      const size_t place = random() % kPlaces;
      whole[place] = random() % (kPlaces + 10);
      house.Put(LocationText("l" + std::to_string(place),
                             whole[place] < kPlaces ? "l" + std::to_string(whole[place]) : ""));
    }
    for (size_t i = 0; i < kPlaces; ++i)
      at[i] = house.Put(ProcedureText("p" + std::to_string(i), "l" + std::to_string(i)));
    const auto is_part = [&](size_t part, size_t of) {
      for (size_t steps = 0; steps <= kPlaces && part < kPlaces; ++steps) {
        if (part == of) return true;
        part = whole[part];
      }
      return false;
    };
    for (size_t of = 0; of < kPlaces; ++of) {
      InHierarchy below, above;
      for (size_t part = 0; part < kPlaces; ++part) {
        if (is_part(part, of)) below.push_back(at[part]);
        if (is_part(of, part)) above.push_back(at[part]);
      }
      EXPECT_EQ(FoundBy(house, "Procedure", "location:below=l" + std::to_string(of)), below);
      EXPECT_EQ(FoundBy(house, "Procedure", "location:above=l" + std::to_string(of)), above);
    }
  }
}

TEST(MediaTypes, BelowFindsThemWithTheirParameters) {
  House house;
  const auto document = [&](const std::string& id, const std::string& media_type) {
    return house.Put(R"({"resourceType":"DocumentReference","id":")" + id +
                     R"(","status":"current","content":[{"attachment":{"contentType":")" + media_type +
                     R"("}}]})");
  };
  const auto plain = document("a", "text/xml"), with = document("b", "text/xml; charset=UTF-8");
  const auto upper = document("c", "Text/XML;charset=gb18030");
  document("d", "text/xmlish");
  const auto pdf = document("e", "application/pdf");
  EXPECT_EQ(FoundBy(house, "DocumentReference", "contenttype:below=text/xml"),
            (InHierarchy{plain, with, upper}));
  EXPECT_EQ(FoundBy(house, "DocumentReference", "contenttype:below=urn:ietf:bcp:13|text/xml"),
            (InHierarchy{plain, with, upper}));
  EXPECT_EQ(FoundBy(house, "DocumentReference", "contenttype=text/xml"), (InHierarchy{plain}));
  EXPECT_EQ(FoundBy(house, "DocumentReference", "contenttype:below=application/pdf,text/html"),
            (InHierarchy{pdf}));
  EXPECT_EQ(FoundBy(house, "DocumentReference", "contenttype:below=text/plain"), InHierarchy{});
  const auto refused = house.Ask("DocumentReference", "contenttype:below=text", {});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().external.find("media type"), std::string::npos);
}

}  // namespace
}  // namespace tk::search
