#include "kernel/interaction/reference_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/base/random.h"

namespace tk::interaction {
namespace {

std::vector<std::string> Scanned(std::string_view json) {
  std::vector<std::string> found;
  ForReferences(json, [&found](std::string_view inside) { found.emplace_back(inside); });
  return found;
}

std::vector<std::string> Searched(std::string_view json) {
  constexpr std::string_view kMember = R"("reference":")";
  std::vector<std::string> found;
  for (size_t at = json.find(kMember); at != json.npos; at = json.find(kMember, at + 1)) {
    const std::string_view rest = json.substr(at + kMember.size());
    found.emplace_back(rest.substr(0, rest.find('"')));
  }
  return found;
}

TEST(ForReferences, FindsOneWhereverItBegins) {
  const std::string member = R"("reference":"Practitioner/7")";
  for (size_t before = 0; before < 70; ++before) {
    for (size_t after = 0; after < 20; ++after) {
      const std::string text = std::string(before, 'f') + member + std::string(after, ':');
      ASSERT_EQ(Scanned(text), std::vector<std::string>{"Practitioner/7"}) << before << " and " << after;
    }
  }
}

TEST(ForReferences, FindsWhatASearchFinds) {
  const std::vector<std::string> pieces = {R"("reference":")",
                                           "Organization/1\"",
                                           R"("reference")",
                                           ":",
                                           R"(\"reference\":\")",
                                           "f",
                                           R"("subject":{)",
                                           R"("},)",
                                           "\"",
                                           "xxxxxxxx"};
  SeededRandom random(3);
  size_t found = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (uint64_t i = random.Below(14); i > 0; --i) text += pieces[random.Below(pieces.size())];
    ASSERT_EQ(Scanned(text), Searched(text)) << text;
    found += Searched(text).size();
  }
  EXPECT_GT(found, 10'000u);
}

TEST(ForReferences, HasNothingInShortTexts) {
  EXPECT_TRUE(Scanned("").empty());
  EXPECT_TRUE(Scanned(R"("reference":)").empty());
  EXPECT_EQ(Scanned(R"("reference":")"), std::vector<std::string>{""})
      << "cut off, and nothing is read beyond";
}

}  // namespace
}  // namespace tk::interaction
