// Kept by size, not by number.
#include "kernel/fhir/kept_by_bytes.h"

#include <gtest/gtest.h>

#include "kernel/fhir/profile.h"

namespace tk::fhir {
namespace {

TEST(KeptByBytes, GoWhenTheyAreTooLargeTogether) {
  KeptByBytes<int> kept(10'000);
  EXPECT_EQ(kept.Find("a"), nullptr);
  const auto one = std::make_shared<const int>(1);
  EXPECT_EQ(kept.Put("a", one, 4'000), one);
  kept.Put("none", nullptr);
  ASSERT_NE(kept.Find("a"), nullptr);
  EXPECT_EQ(*kept.Find("a"), one);
  ASSERT_NE(kept.Find("none"), nullptr);
  EXPECT_EQ(*kept.Find("none"), nullptr);
  kept.Put("b", one, 4'000);
  EXPECT_NE(kept.Find("a"), nullptr);
  EXPECT_LE(kept.bytes(), 10'000U);
  kept.Put("c", one, 4'000);
  EXPECT_EQ(kept.Find("a"), nullptr);
  EXPECT_NE(kept.Find("c"), nullptr);
  EXPECT_LE(kept.bytes(), 10'000U);
  kept.Put("large", one, 50'000);
  EXPECT_NE(kept.Find("large"), nullptr);
  EXPECT_EQ(kept.Find("c"), nullptr);
  kept.Put("d", one, 1);
  EXPECT_EQ(kept.Find("large"), nullptr);
}

TEST(KeptByBytes, CodeSystemsGoByWhatTheyHold) {
  MemoryCanonicals canonicals;
  Profiles profiles(*Definitions::R4(), canonicals);
  const auto bytes_of = [&](std::string_view url, size_t codes) {
    std::string concepts;
    for (size_t i = 0; i < codes; ++i)
      concepts += std::string(i == 0 ? "" : ",") + R"({"code":"c)" + std::to_string(i) + R"(","display":")" +
                  std::string(1000, 'x') + "\"}";
    auto document = Document::Parse(R"({"resourceType":"CodeSystem","url":")" + std::string(url) +
                                    R"(","content":"complete","concept":[)" + concepts + "]}");
    canonicals.Add(std::make_shared<const Document>(std::move(document).value()));
    const size_t before = profiles.kept_bytes();
    EXPECT_NE(profiles.System(url), nullptr);
    EXPECT_EQ(profiles.System(url), profiles.System(url));
    EXPECT_NE(profiles.Tree(url), nullptr);
    EXPECT_EQ(profiles.Tree(url), profiles.Tree(url));
    return profiles.kept_bytes() - before;
  };
  EXPECT_GE(bytes_of("http://x/large", 200), 200'000U);
  EXPECT_LT(bytes_of("http://x/small", 2), 10'000U);
}

}  // namespace
}  // namespace tk::fhir
