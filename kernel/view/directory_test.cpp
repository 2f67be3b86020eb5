#include "kernel/view/directory_view.h"

#include <gtest/gtest.h>

#include <memory>

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

}  // namespace
}  // namespace tk::view
