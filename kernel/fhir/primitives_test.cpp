#include "kernel/fhir/primitives.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>

namespace tk::fhir {
namespace {

bool Is(std::string_view type, std::string_view text) {
  const auto r4 = Definitions::R4();
  return IsPrimitiveText(r4->Type(r4->FindType(type)), text);
}

TEST(Primitives, DaysThatDoNotExistAreRefused) {
  EXPECT_TRUE(Is("date", "2024-02-29"));
  EXPECT_FALSE(Is("date", "2023-02-29"));
  EXPECT_FALSE(Is("date", "1900-02-29"));
  EXPECT_TRUE(Is("date", "2000-02-29"));
  EXPECT_FALSE(Is("date", "2023-04-31"));
  EXPECT_FALSE(Is("date", "0000"));
  EXPECT_FALSE(Is("instant", "2023-04-31T00:00:00Z"));
}

TEST(Primitives, Bounds) {
  EXPECT_TRUE(Is("integer", "-2147483648"));
  EXPECT_FALSE(Is("integer", "-2147483649"));
  EXPECT_TRUE(Is("positiveInt", "2147483647"));
  EXPECT_FALSE(Is("positiveInt", "2147483648"));
  EXPECT_FALSE(Is("positiveInt", "0"));
  EXPECT_TRUE(Is("unsignedInt", "0"));
  EXPECT_FALSE(Is("integer", "1e3"));
  EXPECT_TRUE(Is("decimal", "-1.50E-10"));
  EXPECT_TRUE(Is("id", std::string(64, 'a')));
  EXPECT_FALSE(Is("id", std::string(65, 'a')));
  EXPECT_FALSE(Is("string", ""));
  EXPECT_TRUE(Is("string", "通康\n\t x"));
  EXPECT_FALSE(Is("string", std::string_view("a\0b", 3)));
}

// The checks accept what the official patterns accept, over texts that are near to being right: seeds with small changes.
// Days that do not exist, numbers beyond 32 bits and control characters are refused besides, as the specification's prose says.
TEST(Primitives, AgreeWithTheOfficialPatterns) {
  const std::pair<const char*, std::vector<std::string>> table[] = {
      {"date", {"2024-02-28", "1999-12", "2001"}},
      {"dateTime",
       {"2024-02-28T23:59:60.123+14:00", "2024-02-28T00:00:00Z", "2024-02-28", "2024-02", "2024"}},
      {"instant", {"2024-02-28T23:59:60.123-13:59", "2024-02-28T00:00:00Z"}},
      {"time", {"23:59:59.999", "00:00:00"}},
      {"id", {"a.B-9", "0"}},
      {"oid", {"urn:oid:1.2.30", "urn:oid:2.0.1"}},
      {"uuid", {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}},
      {"code", {"a", "a b", "x-y z"}},
      {"base64Binary", {"YWJj", "YWJj ZGU=", "+/9="}},
      {"integer", {"0", "-1", "120"}},
      {"decimal", {"0.10", "-1.5e+3", "10"}},
      {"uri", {"http://x.org/a", "urn:x:y"}}};
  const std::string alphabet = "0123456789-:.TZ+ eEabfurnoid/=\n#x";
  std::mt19937_64 random(20261121);
  const auto r4 = Definitions::R4();
  for (const auto& [name, seeds] : table) {
    const TypeInfo& type = r4->Type(r4->FindType(name));
    ASSERT_NE(type.regex, "") << name;
    const RE2 pattern{std::string(type.regex)};
    ASSERT_TRUE(pattern.ok()) << type.regex;
    size_t accepted = 0;
    for (int i = 0; i < 4000; ++i) {
      std::string text = seeds[random() % seeds.size()];
      for (size_t changes = random() % 3; changes > 0 && !text.empty(); --changes) {
        const size_t at = random() % text.size();
        const char c = alphabet[random() % alphabet.size()];
        if (random() % 3 == 0)
          text.erase(at, 1);
        else if (random() % 2 == 0)
          text.insert(at, 1, c);
        else
          text[at] = c;
      }
      if (text.empty() || text.size() > 60) continue;
      const bool official = RE2::FullMatch(text, pattern);
      const bool ours = IsPrimitiveText(type, text);
      if (ours) ++accepted;
      if (ours == official) continue;
      const bool no_such_day = official && text.size() >= 10 && text[4] == '-' && std::string(name) != "time";
      const bool too_large = official && std::string(name) == "integer" && text.size() > 9;
      ASSERT_TRUE(no_such_day || too_large)
          << name << " '" << text << "' official " << official << " ours " << ours;
    }
    EXPECT_GT(accepted, 400U) << name;
  }
}

}  // namespace
}  // namespace tk::fhir
