// Strings and uris of any length: the index holds a beginning of 256 bytes, the answers are about the whole.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "kernel/base/random.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

std::string Many(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

std::string Encoded(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return out;
}

void PutGuide(House& house, const std::string& id, const std::string& description,
              const std::string& url = "http://x") {
  ASSERT_NE(
      house.Put(fmt::format(
          R"({{"resourceType":"ActivityDefinition","id":"{}","status":"active","url":"{}","description":"{}"}})",
          id, url, description)),
      0U);
}

std::string GuidesFound(const House& house, const std::string& query) {
  std::vector<std::string> ids;
  PageRequest request;
  request.count = 1000;
  const auto page = house.Ask("ActivityDefinition", query, request);
  EXPECT_TRUE(page.ok()) << page.error().ToString();
  for (const auto& [name, resource] : house.current) {
    if (page.ok() &&
        std::find(page->ordinals.begin(), page->ordinals.end(), resource->ordinal) != page->ordinals.end())
      ids.push_back(resource->id);
  }
  std::sort(ids.begin(), ids.end());
  std::string out;
  for (const std::string& id : ids) out += (out.empty() ? "" : " ") + id;
  return out;
}

TEST(LongTexts, AreSearchedToTheirEnd) {
  House house;
  const std::string same = Many("plain words ", 60), chinese = Many("中文", 60);
  PutGuide(house, "a", same + "zebra");
  PutGuide(house, "b", same + "lion");
  PutGuide(house, "c", chinese + "结束");
  PutGuide(house, "d", "zebra");
  EXPECT_EQ(GuidesFound(house, "description:contains=zebra"), "a d");
  EXPECT_EQ(GuidesFound(house, "description:contains=ZEBRA,lion"), "a b d");
  EXPECT_EQ(GuidesFound(house, "description:contains=" + Encoded("结束")), "c");
  EXPECT_EQ(GuidesFound(house, "description:contains=" + Encoded(same + "lion")), "b");
  EXPECT_EQ(GuidesFound(house, "description:contains=nowhere"), "");
  EXPECT_EQ(GuidesFound(house, "description:exact=" + Encoded(same + "zebra")), "a");
  EXPECT_EQ(GuidesFound(house, "description:exact=" + Encoded(same)), "");
  EXPECT_EQ(GuidesFound(house, "description=" + Encoded(same)), "a b");
  EXPECT_EQ(GuidesFound(house, "description=" + Encoded(same + "ze")), "a");
  EXPECT_EQ(GuidesFound(house, "description=" + Encoded(same + "ze") + "&status=active"), "a");
  EXPECT_EQ(GuidesFound(house, "description=" + Encoded(same + "zebras")), "");
  EXPECT_EQ(GuidesFound(house, "description=" + Encoded(chinese + "结")), "c");
  // What it said before is no longer found, and what has become short is no longer read.
  PutGuide(house, "a", "short");
  EXPECT_EQ(GuidesFound(house, "description:contains=zebra"), "d");
}

TEST(LongTexts, UrisMayBeLong) {
  House house;
  const std::string url = "http://x.org/" + Many("a-long-way/", 70) + "end";
  PutGuide(house, "a", "x", url);
  PutGuide(house, "b", "x", url + "er");
  EXPECT_EQ(GuidesFound(house, "url=" + Encoded(url)), "a");
  EXPECT_EQ(GuidesFound(house, "url:below=" + Encoded("http://x.org/a-long-way")), "a b");
  EXPECT_EQ(GuidesFound(house, "url:above=" + Encoded(url + "er/than")), "b");
}

TEST(LongTexts, InPartsOfComposites) {
  House house;
  const std::string same = Many("plain words ", 60);
  for (const char* end : {"zebra", "lion"}) {
    house.Put(fmt::format(
        R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{"coding":[{{"system":"s","code":"a"}}]}},)"
        R"("valueString":"{}{}"}})",
        end, same, end));
  }
  const auto page = house.Ask("Observation", "value-string=" + Encoded(same + "lion"));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->ordinals, std::vector<view::Ordinal>{house.current.at("Observation/lion")->ordinal});
}

TEST(Tokens, AConceptOfATextAloneIsThere) {
  House house;
  for (const char* code : {R"({"coding":[{"display":"Heat"}],"text":"warm"})",
                           R"({"coding":[{"system":"s","code":"a"}]})", "{}"})
    house.Put(fmt::format(R"({{"resourceType":"Observation","id":"o{}","status":"final","code":{}}})",
                          house.next, code));
  const auto asked = [&](const std::string& query) {
    return house.Ask("Observation", query).value().ordinals;
  };
  EXPECT_EQ(asked("code:missing=true"), std::vector<view::Ordinal>{3});
  EXPECT_EQ(asked("code:missing=false&_sort=_id"), (std::vector<view::Ordinal>{1, 2}));
  EXPECT_EQ(asked("_sort=code,-_id"), (std::vector<view::Ordinal>{2, 3, 1}))
      << "a text has no place in the order";
  EXPECT_EQ(asked("code:text=warm"), std::vector<view::Ordinal>{1});
}

/// Small letters, single blanks and Chinese: nothing that folding would change.
std::string RandomText(SeededRandom& random, size_t words_max) {
  constexpr const char* kWords[] = {"a", "ab", "ba", "abb", "中", "文中", "b"};
  std::string out;
  for (size_t n = random.Below(words_max) + 1; n > 0; --n)
    out += std::string(out.empty() ? "" : " ") + kWords[random.Below(7)];
  return out;
}

/// From one word to another of it; mostly long.
std::string RandomPiece(SeededRandom& random, const std::string& text, bool from_begin) {
  std::vector<size_t> begins{0};
  for (size_t at = text.find(' '); at != std::string::npos; at = text.find(' ', at + 1))
    begins.push_back(at + 1);
  const size_t first = from_begin ? 0 : begins[random.Below(begins.size())];
  size_t end = begins[random.Below(begins.size())];
  if (end <= first + 1) end = text.size() + 1;
  return text.substr(first, end - first - 1);
}

TEST(LongTexts, AgreeWithAnEvaluatorThatKnowsNoLimit) {
  SeededRandom random(56);
  House house;
  std::map<std::string, std::string> texts;
  for (int i = 0; i < 300; ++i) {
    const std::string id = fmt::format("g{:02}", random.Below(60));
    // Several begin alike and go on differently.
    std::string text = RandomText(random, 200);
    if (!texts.empty() && random.Below(2) == 0)
      text = std::next(texts.begin(), static_cast<long>(random.Below(texts.size())))->second + " " +
             RandomText(random, 3);
    if (text.size() > 4000) continue;
    texts[id] = text;
    PutGuide(house, id, text);
  }
  size_t some = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string& of = std::next(texts.begin(), static_cast<long>(random.Below(texts.size())))->second;
    const size_t form = random.Below(3);
    std::string asked = form == 2 ? of : RandomPiece(random, of, form == 0);
    if (random.Below(4) == 0) asked += " a";
    std::string expected;
    for (const auto& [id, text] : texts) {
      const bool holds = form == 0   ? text.compare(0, asked.size(), asked) == 0
                         : form == 1 ? text.find(asked) != std::string::npos
                                     : text == asked;
      if (holds) expected += (expected.empty() ? "" : " ") + id;
    }
    some += expected.empty() ? 0 : 1;
    constexpr const char* kForms[] = {"description=", "description:contains=", "description:exact="};
    EXPECT_EQ(GuidesFound(house, kForms[form] + Encoded(asked)), expected) << kForms[form] << asked;
  }
  EXPECT_GT(some, 150U);
}

}  // namespace
}  // namespace tk::search
