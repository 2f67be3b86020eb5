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
    directory.Apply(entry);
  }
  directory.ApplyErase(5);
  directory.Publish(1, kEnd);

  std::vector<Ordinal> asked;
  for (int i = 0; i < 1000; ++i) asked.push_back(1 + random.Below(kEnd + 500));  // some beyond the end
  const Scope scopes[] = {{}, {false, 104, 110, 0}, {false, 0, 0, 7}};
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
