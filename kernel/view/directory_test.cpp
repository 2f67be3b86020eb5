#include "kernel/view/directory_view.h"

#include <gtest/gtest.h>

#include <memory>

#include "kernel/base/hash.h"
#include "kernel/base/random.h"

namespace tk::view {
namespace {

TEST(DirectoryView, VisibleSaysOfABlockWhatLiveAndInScopeSayOfEach) {
  SeededRandom random(7);
  DirectoryView directory({fhir::TypeId{1}}, "");
  constexpr Ordinal kEnd = 3000;
  for (Ordinal ordinal = 1; ordinal < kEnd; ++ordinal) {
    DirectoryEntry entry;
    entry.ordinal = ordinal;
    entry.id_hash = 1 + random.Below(600);
    entry.version = directory.Newest(entry.id_hash).version + 1;
    entry.op = random.Below(8) == 0 ? Operation::kDelete
               : entry.version == 1 ? Operation::kCreate
                                    : Operation::kUpdate;
    entry.owner = static_cast<OwnerNumber>(random.Below(20));
    entry.sets_area = entry.owner != 0;
    entry.area = entry.owner == 3 ? kAreaPublic : 100 + entry.owner;
    entry.is_hidden = random.Below(4) == 0;
    directory.Apply(entry);
  }
  directory.ApplyErase(5);
  directory.Publish(1, kEnd);

  std::vector<Ordinal> asked;
  for (int i = 0; i < 1000; ++i) asked.push_back(1 + random.Below(kEnd + 500));  // some beyond the end
  Scope by_content{false, 104, 110, 0};
  by_content.hidden = std::make_shared<const HiddenSight>();
  by_content = by_content.ByContent();
  const Scope scopes[] = {{}, {false, 104, 110, 0}, {false, 0, 0, 7}, by_content};
  const auto visible = std::make_unique<bool[]>(asked.size());
  for (const Scope& scope : scopes) {
    for (Ordinal end : {Ordinal{1}, Ordinal{1500}, kEnd}) {
      const Position position{1, end};
      directory.Visible(asked, position, scope, visible.get());
      size_t seen = 0;
      for (size_t i = 0; i < asked.size(); ++i) {
        ASSERT_EQ(visible[i], directory.Live(asked[i], position) && directory.InScope(asked[i], scope))
            << asked[i];
        seen += visible[i] ? 1 : 0;
      }
      EXPECT_EQ(seen > 0, end > 1);
      EXPECT_LT(seen, asked.size());
    }
  }
}

/// What is marked is there, and is not there for a question for content; but of whom a fact opens, and for whom nothing is hidden.
TEST(DirectoryView, WhatIsHiddenIsLeftOutOfQuestionsForContent) {
  DirectoryView directory({fhir::TypeId{1}}, "", 77);
  EXPECT_EQ(directory.marked_by(), 77u);
  const auto put = [&](Ordinal ordinal, uint64_t id, uint32_t version, OwnerNumber owner, bool is_hidden) {
    DirectoryEntry entry;
    entry.ordinal = ordinal;
    entry.id_hash = id;
    entry.version = version;
    entry.owner = owner;
    entry.sets_area = owner != 0;
    entry.area = 100;
    entry.is_hidden = is_hidden;
    directory.Apply(entry);
  };
  put(1, 1, 1, 5, true);
  put(2, 2, 1, 5, false);
  put(3, 3, 1, 6, true);
  put(4, 4, 1, 0, true);   // nobody's
  put(5, 1, 2, 5, false);  // no more: of each version by itself
  directory.Publish(1, 6);

  Scope scope{false, 100, 101, 0};
  const auto ways = [&](Ordinal ordinal) {
    const Scope content = scope.ByContent();
    return std::string(directory.InScope(ordinal, scope) ? "seen" : "-") +
           (directory.Hides(ordinal, scope) ? " hidden" : "") +
           (directory.InScope(ordinal, content) ? " found" : "");
  };
  for (Ordinal ordinal = 1; ordinal < 6; ++ordinal) EXPECT_EQ(ways(ordinal), "seen found") << ordinal;
  scope.hidden = std::make_shared<const HiddenSight>();
  EXPECT_EQ(ways(1), "seen hidden");
  EXPECT_EQ(ways(2), "seen found");
  EXPECT_EQ(ways(3), "seen hidden");
  EXPECT_EQ(ways(4), "seen hidden");
  EXPECT_EQ(ways(5), "seen found");
  scope.everything = true;
  EXPECT_EQ(ways(3), "seen hidden") << "of the whole city too";
  scope.beyond = std::make_shared<const Beyond>(Beyond{{6}, {}});
  EXPECT_EQ(ways(1), "seen hidden");
  EXPECT_EQ(ways(3), "seen found") << "he is open to him";
  scope.hidden =
      std::make_shared<const HiddenSight>(HiddenSight{[](Ordinal ordinal) { return ordinal == 2; }});
  EXPECT_EQ(ways(1), "seen found") << "by what asks each, whatever is marked";
  EXPECT_EQ(ways(2), "seen hidden");

  const std::vector<Ordinal> all = {1, 2, 3, 4};
  uint64_t areas[4];
  directory.Areas(all, areas);
  EXPECT_EQ(areas[0], 100 | kAreaHiddenBit);
  EXPECT_EQ(areas[1], 100u);
  EXPECT_EQ(areas[3], kAreaPublic | kAreaHiddenBit);
}

TEST(DirectoryView, WhatIsWrittenAgainIsWhoseItWasWhenItWasBegun) {
  DirectoryView directory({fhir::TypeId{1}, fhir::TypeId{2}}, "");
  Ordinal next = 1;
  const auto put = [&](uint64_t id, uint32_t version, OwnerNumber owner, log::TypeCode type = 1) {
    DirectoryEntry entry;
    entry.ordinal = next++;
    entry.id_hash = id;
    entry.version = version;
    entry.owner = owner;
    entry.type = type;
    directory.Apply(entry);
    directory.Publish(entry.ordinal, next);
    return entry.ordinal;
  };
  const Ordinal self1 = put(1, 1, 5, 0);
  const Ordinal his1 = put(2, 1, 5), moved1 = put(3, 1, 6);
  const Ordinal self2 = put(1, 2, 5, 0);  // from here on another's
  std::vector<AnothersTime> times{{5, 0, self2}};
  const auto is_anothers = [&](Ordinal ordinal) { return directory.IsAnothers(ordinal, times); };
  EXPECT_TRUE(is_anothers(self1));
  EXPECT_FALSE(is_anothers(self2)) << "the record itself by its versions";
  EXPECT_TRUE(is_anothers(his1));
  EXPECT_FALSE(is_anothers(moved1)) << "of a third";
  const Ordinal his2 = put(2, 2, 5), hers1 = put(4, 1, 5), moved2 = put(3, 2, 5);
  EXPECT_TRUE(is_anothers(his2));
  EXPECT_FALSE(is_anothers(hers1));
  EXPECT_FALSE(is_anothers(moved2)) << "about her since then only";
  const Ordinal his3 = put(2, 3, 5), hers2 = put(4, 2, 5), his4 = put(2, 4, 5);
  EXPECT_TRUE(is_anothers(his4)) << "also when some were written since it was asked last";
  EXPECT_TRUE(is_anothers(his3));
  EXPECT_FALSE(is_anothers(hers2));
  const Ordinal away = put(2, 5, 6), back = put(2, 6, 5);
  EXPECT_FALSE(is_anothers(away)) << "of a third now";
  EXPECT_TRUE(is_anothers(back)) << "moved away and back";
  // Between two times that it was his.
  const Ordinal self3 = put(1, 3, 5, 0);
  times = {{5, self2, self3}};
  const Ordinal his5 = put(2, 7, 5), hers3 = put(4, 3, 5);
  for (const Ordinal his : {self1, his1, his2, his3, his4, back, his5, self3})
    EXPECT_FALSE(is_anothers(his)) << his;
  for (const Ordinal hers : {self2, hers1, hers2, hers3, moved2}) EXPECT_TRUE(is_anothers(hers)) << hers;

  Scope scope{false, 0, 0, 5};
  scope.beyond = std::make_shared<const Beyond>(Beyond{{}, {}, times});
  EXPECT_TRUE(directory.InScope(his5, scope));
  EXPECT_FALSE(directory.InScope(hers3, scope));
}

TEST(DirectoryView, WhatStandsWithADocumentIsWhoseThatIs) {
  DirectoryView directory({fhir::TypeId{1}, fhir::TypeId{2}, fhir::TypeId{3}}, "");
  Ordinal next = 1;
  const auto put = [&](uint64_t id, uint32_t version, OwnerNumber owner, log::TypeCode type,
                       uint64_t context = 0) {
    DirectoryEntry entry;
    entry.ordinal = next++;
    entry.id_hash = id;
    entry.version = version;
    entry.owner = owner;
    entry.type = type;
    entry.context = context;
    directory.Apply(entry);
    directory.Publish(entry.ordinal, next);
    return entry.ordinal;
  };
  put(1, 1, 5, 0);
  put(2, 1, 5, 1);                            // his document
  put(3, 1, 7, 2, 2);                         // its Binary
  const Ordinal self2 = put(1, 2, 5, 0);      // from here on another's
  const Ordinal again = put(3, 2, 7, 2, 2);   // written again
  const Ordinal beside = put(4, 1, 8, 2, 2);  // another Binary of the same document
  put(5, 1, 5, 1);                            // her document
  const Ordinal hers = put(6, 1, 9, 2, 5);

  Scope scope{false, 0, 0, 5};
  scope.beyond = std::make_shared<const Beyond>(Beyond{{}, {}, {{5, 0, self2}}});
  EXPECT_FALSE(directory.InScope(again, scope));
  EXPECT_FALSE(directory.InScope(beside, scope));
  EXPECT_TRUE(directory.InScope(hers, scope));
  put(2, 2, 5, 1);
  EXPECT_FALSE(directory.InScope(again, scope)) << "also when the document is written again";
}

/// Bulk groups, single writes, merges; asked at the head and at positions before, of ids that are there and that never were.
TEST(DirectoryView, CurrentIsTheNewestOfAllVersions) {
  SeededRandom random(8);
  DirectoryView directory({fhir::TypeId{1}}, "");
  std::vector<std::vector<Directory::Version>> expected(4000);
  Ordinal next = 1;
  for (int group = 0; group < 60; ++group) {
    for (uint64_t i = group % 9 == 0 ? 1500 : 1 + random.Below(150); i > 0; --i) {
      const uint64_t id = random.Below(expected.size());
      DirectoryEntry entry;
      entry.ordinal = next++;
      entry.id_hash = Mix(id);
      entry.version = static_cast<uint32_t>(expected[id].size()) + 1;
      entry.op = random.Below(5) == 0 ? Operation::kDelete : Operation::kUpdate;
      expected[id].push_back({entry.ordinal, entry.version, entry.op == Operation::kDelete});
      directory.Apply(entry);
      ASSERT_EQ(directory.Newest(entry.id_hash).ordinal, entry.ordinal);
    }
    directory.Publish(static_cast<uint64_t>(group) + 1, next);
    if (group % 5 == 4) {
      ASSERT_TRUE(directory.Maintain().ok());
    }
    for (int i = 0; i < 300; ++i) {
      const Position position{0, random.Below(2) == 0 ? next : 1 + random.Below(next)};
      const uint64_t id = random.Below(expected.size());
      Directory::Version newest{0, 0, false};
      for (const auto& version : expected[id])
        if (version.ordinal < position.end_ordinal) newest = version;
      const Directory::Version found = directory.Current(Mix(id), position);
      ASSERT_EQ(found.ordinal, newest.ordinal);
      ASSERT_EQ(found.version, newest.version);
      ASSERT_EQ(found.deleted, newest.deleted);
      ASSERT_EQ(directory.Current(Mix(expected.size() + id), position).ordinal, 0u);
    }
  }
  EXPECT_EQ(directory.Versions(Mix(7), Position{0, next}, 1000).size(), expected[7].size());
}

TEST(DirectoryView, AreasAreOfTheirGeneration) {
  DirectoryView directory({fhir::TypeId{1}}, "");
  Ordinal next = 1;
  auto put = [&](OwnerNumber owner, bool own, uint64_t area) {
    DirectoryEntry entry;
    entry.ordinal = next;
    entry.id_hash = 1000 + next;
    entry.version = 1;
    entry.owner = owner;
    entry.sets_area = own;
    entry.area = area;
    directory.Apply(entry);
    directory.Publish(next, next + 1);
    return next++;
  };
  auto area_of = [&](Ordinal ordinal) {
    uint64_t area = 0;
    directory.Areas({&ordinal, 1}, &area);
    return area;
  };
  const uint64_t begin = directory.AreasGeneration();
  const Ordinal his = put(1, true, 500), later = put(1, false, 0), nobodys = put(0, false, 0);
  EXPECT_EQ(directory.AreasGeneration(), begin);  // nothing was known of him before
  EXPECT_EQ(area_of(his), 500u);
  EXPECT_EQ(area_of(later), 500u);
  EXPECT_EQ(area_of(nobodys), kAreaPublic);
  put(1, true, 500);
  EXPECT_EQ(directory.AreasGeneration(), begin);  // he stays where he is
  put(1, true, 600);
  EXPECT_GT(directory.AreasGeneration(), begin);  // he moves, and what was there moves along
  EXPECT_EQ(area_of(later), 600u);
  const Ordinal early = put(2, false, 0);
  EXPECT_EQ(area_of(early), kAreaUnknown);
  EXPECT_EQ(directory.AreaOf(2), kAreaUnknown);
  EXPECT_FALSE(directory.InScope(early, {false, 2, 10, 0}));
  const uint64_t before = directory.AreasGeneration();
  put(2, true, 700);
  EXPECT_GT(directory.AreasGeneration(), before);  // `early` was of unknown area until now
  EXPECT_EQ(area_of(early), 700u);
  const uint64_t living = directory.AreasGeneration();
  directory.ApplyErase(2);
  EXPECT_GT(directory.AreasGeneration(), living);
}

}  // namespace
}  // namespace tk::view
