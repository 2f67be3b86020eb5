// Strings: what punctuation is to them, and names and addresses by their words. Source: FHIR R4 search.html 3.1.1.4.8.
#include <gtest/gtest.h>

#include "kernel/search/entries.h"
#include "kernel/search/test_house.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

std::string Joined(std::string_view text) {
  TextForms forms;
  forms.Read(text);
  return forms.joined;
}

TEST(Strings, PunctuationIsABlankOrNothing) {
  EXPECT_EQ(Joined("O'Brien"), "obrien");
  EXPECT_EQ(Joined("阿依古丽·买买提"), "阿依古丽买买提");
  EXPECT_EQ(Joined("Hello, world"), "");  // a blank stands there anyway
  EXPECT_EQ(Joined("St."), "");
  EXPECT_EQ(Joined("Jean-Pierre d’Arc"), "jeanpierre darc");
  EXPECT_EQ(Joined("O Brien"), "");
  EXPECT_EQ(Joined("O\xc2\xb4"
                   "Brien"),
            "obrien");  // an acute accent in the apostrophe's place
}

struct Names : testing::Test {
  Names() {
    house.Put(R"({"resourceType":"Patient","id":"a","name":[{"family":"O'Brien","given":["Mary Ann"]}],)"
              R"("address":[{"line":["12 O'Brien St."],"city":"New Harbour"}]})");
    house.Put(
        R"({"resourceType":"Patient","id":"b","name":[{"family":"Carreno Quinones"}],"gender":"male"})");
    house.Put(
        R"({"resourceType":"Patient","id":"c","name":[{"family":"Müller-Lüdenscheid"}],"gender":"male"})");
    house.Put(R"({"resourceType":"Patient","id":"d","name":[{"family":"阿依古丽·买买提"}]})");
    house.Put(R"({"resourceType":"Organization","id":"e","name":"Harbour Quinones"})");
  }
  std::string Found(const std::string& type, const std::string& query) const {
    const auto page = house.Ask(type, query + "&_sort=_id");
    if (!page.ok()) return page.error().ToString();
    std::string out;
    for (const view::Ordinal ordinal : page->ordinals) out += house.versions.at(ordinal)->id;
    return out;
  }
  House house;
};

TEST_F(Names, AreFoundByTheBeginningsOfTheirWords) {
  EXPECT_EQ(Found("Patient", "family=Quinones"), "b");
  EXPECT_EQ(Found("Patient", "family=quin"), "b");
  EXPECT_EQ(Found("Patient", "family=Carreno"), "b");
  EXPECT_EQ(Found("Patient", "family=uinones"), "");
  EXPECT_EQ(Found("Patient", "family=Ludenscheid"), "c");
  EXPECT_EQ(Found("Patient", "name=ludenscheid"), "c");
  EXPECT_EQ(Found("Patient", "given=ann"), "a");
  EXPECT_EQ(Found("Patient", "address=harbour"), "a");
  EXPECT_EQ(Found("Patient", "address-city=harbour"), "a");
  EXPECT_EQ(Found("Patient", "family:exact=Quinones"), "");
  EXPECT_EQ(Found("Organization", "name=quinones"), "");  // no name of a person: by its beginning
  // Also where another criterion gives the candidates.
  EXPECT_EQ(Found("Patient", "family=quinones&gender=male"), "b");
  EXPECT_EQ(Found("Patient", "gender=male&family=ludenscheid"), "c");
  EXPECT_EQ(Found("Patient", "_id=c&family=ludenscheid"), "c");
  EXPECT_EQ(Found("Patient", "_id=b&family=ludenscheid"), "");
}

TEST_F(Names, AreFoundWhateverTheirPunctuation) {
  for (const char* query : {"family=o'brien", "family=obrien", "family=o%20brien", "family=O’Brien",
                            "name=obrien", "address=12%20obrien", "address=12%20o'brien",
                            "address=obrien%20st", "family:contains=bri", "family:contains=obri"})
    EXPECT_EQ(Found("Patient", query), "a") << query;
  for (const char* query :
       {"family=阿依古丽买买提", "family=阿依古丽·买买提", "family=买买提", "family:contains=丽买"})
    EXPECT_EQ(Found("Patient", query), "d") << query;
  EXPECT_EQ(Found("Patient", "family=mullerl"), "c");
  EXPECT_EQ(Found("Patient", "_id=a&family=obrien"), "a");
}

/// The order goes by the whole of a name alone.
TEST_F(Names, AreNotSortedByTheirWords) {
  const auto page = house.Ask("Patient", "_sort=family");
  ASSERT_TRUE(page.ok());
  std::string order;
  for (const view::Ordinal ordinal : page->ordinals) order += house.versions.at(ordinal)->id;
  EXPECT_EQ(order, "bcad");
}

}  // namespace
}  // namespace tk::search
