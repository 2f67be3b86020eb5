// Building with a subset of the apps works: no pack needs another one's types, posts or rules to be read.
#include <gtest/gtest.h>

#include "kernel/access/policies.h"
#include "kernel/app/pack_set.h"

namespace tk::app {
namespace {

Status LoadAll(std::span<const Pack> packs) {
  const auto definitions = TRY(LoadDefinitions(packs, {}));
  const std::vector<App> apps = TRY(LoadPacks(*definitions, packs, {}));
  TRY(LoadPlatform(packs));
  access::Posts posts = TRY(access::Posts::BuiltIn());
  access::Policies policies = *access::Policies::BuiltIn();
  for (const access::PackPost& post : PostsOf(apps)) {
    TRY(posts.Add(post));
    TRY(policies.Add(post));
  }
  const std::vector<std::string> names = posts.Names();
  WorkflowOptions governed;
  governed.posts = names;
  TRY(LoadWorkflows(*definitions, packs, governed));
  return {};
}

TEST(Subset, WithoutAnyOneOfThemAndEachAloneTheyLoad) {
  const auto installed = InstalledPacks();
  ASSERT_GE(installed.size(), 1U);
  for (size_t i = 0; i < installed.size(); ++i) {
    std::vector<Pack> others(installed.begin(), installed.end());
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    for (const std::span<const Pack> subset : {std::span<const Pack>(others), installed.subspan(i, 1)}) {
      const Status loaded = LoadAll(subset);
      EXPECT_TRUE(loaded.ok()) << installed[i].id << ": " << loaded.error().ToString();
    }
  }
}

}  // namespace
}  // namespace tk::app
