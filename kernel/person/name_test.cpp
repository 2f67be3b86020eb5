#include "kernel/person/name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace tk::person {
namespace {

std::string Agreement(std::string_view a, std::string_view b) {
  const Name x = ReadName(a), y = ReadName(b);
  const NameComparison there = Compare(x, y), back = Compare(y, x);
  EXPECT_TRUE(there.whole == back.whole && there.surname == back.surname && there.given == back.given)
      << a << " " << b;
  return std::string(NameOf(there.whole));
}
NameKind KindOfName(std::string_view text) { return ReadName(text).kind; }
std::vector<uint64_t> Keys(std::string_view text, bool similar = false) {
  std::array<uint64_t, kSoundKeysMax> keys{};
  return {keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(SoundKeys(ReadName(text), similar, keys))};
}
bool ShareKey(std::string_view a, std::string_view b, bool similar = false) {
  const auto x = Keys(a, similar), y = Keys(b, similar);
  return std::find_first_of(x.begin(), x.end(), y.begin(), y.end()) != x.end();
}

TEST(NameReading, TellsWhatANameIs) {
  EXPECT_EQ(KindOfName(""), NameKind::kNothing);
  EXPECT_EQ(KindOfName(" \u3000 "), NameKind::kNothing);
  for (const std::string_view text : {"无名氏", "未知", "路人甲", "测 试", "Unknown", "n/a", "???", "□□"}) {
    EXPECT_EQ(KindOfName(text), NameKind::kPlaceholder) << text;
  }
  EXPECT_EQ(KindOfName("张伟"), NameKind::kChinese);
  EXPECT_EQ(KindOfName("Zhang Wei"), NameKind::kLatin);
  EXPECT_EQ(KindOfName("Иван Петров"), NameKind::kOther);
  EXPECT_EQ(KindOfName("李红之子"), NameKind::kChild);
  EXPECT_EQ(KindOfName("李红大双"), NameKind::kChild);
  EXPECT_EQ(KindOfName("李毛毛"), NameKind::kChinese);  // a name like others
}

TEST(NameReading, KnowsSurnames) {
  EXPECT_EQ(ReadName("欧阳明").surname, 2);
  EXPECT_EQ(ReadName("歐陽明").surname, 2);
  EXPECT_EQ(ReadName("张子轩").surname, 1);
  EXPECT_EQ(ReadName("买买提·阿不都").surname, 0);
  EXPECT_EQ(ReadName("陈李", "小明").surname, 2);
  EXPECT_EQ(ReadName("ZHANG", "San").surname, 5);
  EXPECT_NE(ReadName("李红之子", "John").kind, NameKind::kLatin);  // characters are never taken for letters
  EXPECT_EQ(PinyinOf(ReadName("欧阳晓明")), "ouyang xiaoming");
  EXPECT_EQ(InitialsOf(ReadName("欧阳晓明")), "oyxm");
  EXPECT_EQ(InitialsOf(ReadName("Zhang Wei")), "zw");
  // Read as surnames, and only there.
  for (const auto& [name, pinyin] : std::vector<std::pair<std::string, std::string>>{{"单明", "shan ming"},
                                                                                     {"曾明", "zeng ming"},
                                                                                     {"仇明", "qiu ming"},
                                                                                     {"解明", "xie ming"},
                                                                                     {"区明", "ou ming"},
                                                                                     {"朴明", "piao ming"},
                                                                                     {"盖明", "ge ming"},
                                                                                     {"尉迟明", "yuchi ming"},
                                                                                     {"万俟明", "moqi ming"},
                                                                                     {"單明", "shan ming"},
                                                                                     {"吕明", "lv ming"}}) {
    EXPECT_EQ(PinyinOf(ReadName(name)), pinyin) << name;
  }
}

TEST(NameComparing, ChineseLevelByLevel) {
  EXPECT_EQ(Agreement("张伟", "张伟"), "exact");
  EXPECT_EQ(Agreement("张 伟", "张伟"), "exact");
  EXPECT_EQ(Agreement("张偉", "张伟"), "variant");
  EXPECT_EQ(Agreement("鍾建國", "钟建国"), "variant");
  EXPECT_EQ(Agreement("刘峯", "刘峰"), "variant");
  EXPECT_EQ(Agreement("李嶽", "李岳"), "variant");    // Unihan names another character beside it
  EXPECT_EQ(Agreement("李乾", "李干"), "different");  // both are of today
  EXPECT_EQ(Agreement("\uF9E1明", "李明"), "exact");  // a compatibility character
  EXPECT_EQ(Agreement("萧明", "肖明"), "alias");
  EXPECT_EQ(Agreement("傅红", "付红"), "alias");
  EXPECT_EQ(Agreement("阎红", "闫红"), "alias");
  EXPECT_EQ(Agreement("张伟", "章伟"), "same-sound");
  EXPECT_EQ(Agreement("李婷", "李亭"), "same-sound");
  EXPECT_EQ(Agreement("陈思", "陈诗"), "similar-sound");
  EXPECT_EQ(Agreement("刘宁", "刘林"), "similar-sound");
  EXPECT_EQ(Agreement("赵未", "赵末"), "similar-shape");
  EXPECT_EQ(Agreement("王己", "王已"), "similar-shape");
  EXPECT_EQ(Agreement("陈玲", "陈铃"), "same-sound");
  EXPECT_EQ(Agreement("陈治", "陈冶"), "similar-shape");
  EXPECT_EQ(Agreement("张子轩", "张子涵"), "one-differs");  // twins
  EXPECT_EQ(Agreement("张子轩", "张轩子"), "swapped");
  EXPECT_EQ(Agreement("张伟", "伟张"), "swapped");
  EXPECT_EQ(Agreement("欧阳晓明", "晓明欧阳"), "swapped");
  EXPECT_EQ(Agreement("李小明", "李明"), "one-differs");
  EXPECT_EQ(Agreement("张伟", "张强"), "different");
  EXPECT_EQ(Agreement("张伟", "李强"), "different");
  EXPECT_EQ(Agreement("李?", "李妍"), "incomplete");
  EXPECT_EQ(Agreement("李yan", "李妍"), "incomplete");
  EXPECT_EQ(Agreement("李\uE123", "李妍"), "incomplete");
  EXPECT_EQ(Agreement("李红(女)", "李红"), "exact");
  const NameComparison parts = Compare(ReadName("张伟"), ReadName("张强"));
  EXPECT_EQ(parts.surname, NameAgreement::kExact);
  EXPECT_EQ(parts.given, NameAgreement::kDifferent);
}

TEST(NameComparing, WhatSaysNothingIsNeitherForNorAgainst) {
  EXPECT_EQ(Agreement("无名氏", "无名氏"), "nothing");
  EXPECT_EQ(Agreement("", "张伟"), "nothing");
  EXPECT_EQ(Agreement("李红之子", "李子轩"), "nothing");
  EXPECT_EQ(Agreement("李红之子", "李红"), "nothing");    // the mother is not her child
  EXPECT_EQ(Agreement("李红之子", "李红之女"), "exact");  // one mother: order and sex tell the children apart
  EXPECT_EQ(Agreement("张伟", "Иван"), "nothing");
}

TEST(NameComparing, NamesWithDots) {
  EXPECT_EQ(Agreement("买买提·阿不都", "买买提•阿不都"), "exact");
  EXPECT_EQ(Agreement("买买提·阿不都", "买买提．阿不都"), "exact");
  EXPECT_EQ(Agreement("买买提·阿不都", "买买提阿不都"), "variant");
  EXPECT_EQ(Agreement("买买提·阿不都", "麦麦提·阿不都"), "alias");
  EXPECT_EQ(Agreement("买买提·阿不都", "买买提"), "incomplete");
  EXPECT_EQ(Agreement("阿卜杜热合曼·买买提", "阿卜杜热合曼·买"), "incomplete");
  EXPECT_EQ(Agreement("买买提·阿不都", "古丽·阿不都"), "different");
}

TEST(NameComparing, LatinNames) {
  EXPECT_EQ(Agreement("Zhang San", "ZHANG SAN"), "exact");
  EXPECT_EQ(Agreement("José Müller", "Jose Muller"), "exact");
  EXPECT_EQ(Agreement("ZHANGSAN", "Zhang San"), "variant");
  EXPECT_EQ(Agreement("Xiao-Ming Li", "Xiaoming Li"), "variant");
  EXPECT_EQ(Agreement("Xi'an Li", "Xian Li"), "exact");
  EXPECT_EQ(Agreement("San Zhang", "ZHANG, SAN"), "swapped");
  EXPECT_EQ(Agreement("SANZHANG", "Zhang San"), "swapped");
  EXPECT_EQ(Agreement("Bob Miller", "Robert Miller"), "alias");
  EXPECT_EQ(Agreement("J. Miller", "John Miller"), "incomplete");
  EXPECT_EQ(Agreement("John Paul Miller", "John Miller"), "incomplete");
  EXPECT_EQ(Agreement("Jonh Miller", "John Miller"), "similar-shape");
  EXPECT_EQ(Agreement("Katherine Schmidt", "Katherin Schmitt"), "similar-shape");
  EXPECT_EQ(Agreement("John Miller", "Mary Miller"), "one-differs");
  EXPECT_EQ(Agreement("John Miller", "Mary Smith"), "different");
  EXPECT_EQ(Agreement("Иван Петров", "иван петров"), "exact");
  const NameComparison parts = Compare(ReadName("Miller", "John"), ReadName("Millar", "John"));
  EXPECT_EQ(parts.given, NameAgreement::kExact);
  EXPECT_EQ(parts.surname, NameAgreement::kSimilarShape);
}

TEST(NameComparing, ChineseWithItsPinyin) {
  for (const std::string_view latin : {"ZHANG WEI", "Wei Zhang", "ZHANGWEI", "zhang, wei"}) {
    EXPECT_EQ(Agreement("张伟", latin), "same-sound") << latin;
  }
  EXPECT_EQ(Agreement("吕明", "LYU MING"), "same-sound");
  EXPECT_EQ(Agreement("吕明", "LV MING"), "same-sound");
  EXPECT_EQ(Agreement("吕明", "Lü Ming"), "same-sound");
  EXPECT_EQ(Agreement("单明", "SHAN MING"), "same-sound");
  EXPECT_EQ(Agreement("尉迟明", "YUCHI MING"), "same-sound");
  EXPECT_EQ(Agreement("孙行", "SUN HANG"), "same-sound");  // every reading of a given name
  EXPECT_EQ(Agreement("孙行", "SUN XING"), "same-sound");
  EXPECT_EQ(Agreement("张胜", "ZHANG SHEN"), "similar-sound");
  EXPECT_EQ(Agreement("张伟", "ZHANG W."), "incomplete");
  EXPECT_EQ(Agreement("张三丰", "S F Zhang"), "incomplete");
  EXPECT_EQ(Agreement("张伟", "LI QIANG"), "different");
}

TEST(NameKeys, JoinWhatShouldMeet) {
  EXPECT_TRUE(ShareKey("张伟", "章炜"));
  EXPECT_TRUE(ShareKey("張偉", "Zhang Wei"));
  EXPECT_TRUE(ShareKey("张伟", "Wei Zhang"));
  EXPECT_TRUE(ShareKey("单明", "SHAN MING"));
  EXPECT_FALSE(ShareKey("陈思", "陈诗"));
  EXPECT_TRUE(ShareKey("陈思", "陈诗", true));
  EXPECT_TRUE(ShareKey("刘宁", "刘林", true));
  EXPECT_FALSE(ShareKey("张伟", "李强", true));
  EXPECT_TRUE(Keys("无名氏").empty());
  EXPECT_TRUE(Keys("李?").empty());
  EXPECT_EQ(NameKey(ReadName("張偉")), NameKey(ReadName("张伟")));
  EXPECT_EQ(NameKey(ReadName("买买提·阿不都")), NameKey(ReadName("买买提阿不都")));
  EXPECT_NE(NameKey(ReadName("张伟")), NameKey(ReadName("章伟")));
  EXPECT_EQ(NameKey(ReadName("未知")), 0U);
}

TEST(NameComparing, TheBestOfHistories) {
  const std::vector<Name> past = {ReadName("王芳"), ReadName("李小红")};
  const std::vector<Name> now = {ReadName("李晓红"), ReadName("无名氏")};
  EXPECT_EQ(CompareBest(past, now).whole, NameAgreement::kSameSound);
  EXPECT_EQ(CompareBest(past, {}).whole, NameAgreement::kNothing);
}

TEST(JaroWinklerText, AgreesWithPublishedValues) {  // Winkler 1990, table of examples
  EXPECT_NEAR(JaroWinkler("MARTHA", "MARHTA"), 0.961, 0.001);
  EXPECT_NEAR(JaroWinkler("DIXON", "DICKSONX"), 0.813, 0.001);
  EXPECT_NEAR(JaroWinkler("DWAYNE", "DUANE"), 0.840, 0.001);
  EXPECT_EQ(JaroWinkler("", "A"), 0);
}

void AppendCharacter(uint32_t c, std::string* out) {
  *out += static_cast<char>(0xE0 | c >> 12);
  *out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
  *out += static_cast<char>(0x80 | (c & 0x3F));
}

// Names of any characters: equal to themselves, symmetric, and one strange character never makes them agree less than "one differs".
TEST(NameComparing, HoldsForAnyCharacters) {
  std::mt19937 random(20261122);
  const auto any = [&] { return 0x4E00 + static_cast<uint32_t>(random() % 0x5000); };
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint32_t> characters = {any(), any(), any()};
    std::string name, other;
    for (const uint32_t c : characters) AppendCharacter(c, &name);
    characters[1 + random() % 2] = any();
    for (const uint32_t c : characters) AppendCharacter(c, &other);
    EXPECT_EQ(Agreement(name, name), "exact");
    const NameAgreement agreement = Compare(ReadName(name), ReadName(other)).whole;
    EXPECT_LE(agreement, NameAgreement::kOneDiffers) << name << " " << other;
    Agreement(name, other);
  }
}

}  // namespace
}  // namespace tk::person
