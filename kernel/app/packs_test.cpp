// Packs from a folder: what stands in place of what, and that all that is wrong with all of them is told at once.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kernel/app/pack_set.h"
#include "kernel/base/file.h"

namespace tk::app {
namespace {

constexpr std::string_view kGoodManifest =
    R"({"id":"good","title":{"zh-CN":"好","en":"Good"},"version":"1","reads":["Shelf","Task"],"writes":["Shelf"],"doors":[]})";

class PacksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "tk_packs_" + std::to_string(::getpid());
    std::filesystem::remove_all(folder_);
    Put("good/manifest.json", kGoodManifest);
    Put("good/types/shelf.json",
        R"({"type":"Shelf","title":{"zh-CN":"架","en":"Shelf"},"elements":{"state":{"type":"code","min":1,
        "codes":{"full":{"zh-CN":"满","en":"full"}}},"slot":{"max":"*","elements":{"number":{"type":"integer"}}},
        "room":{"type":"Reference","to":["Location","Shelf"]}},"search":{"state":"state","number":"slot.number","room":"room"}})");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& path, std::string_view text) const {
    const std::string whole = folder_ + "/" + path;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    ASSERT_TRUE(WriteFileDurable(whole, text).ok());
  }
  /// Loads the folder; "" or all that is wrong, without the folder's name.
  std::string Told() const {
    const auto set = PackSet::Load({}, folder_);
    if (!set.ok()) return set.error().external;
    const auto definitions = LoadDefinitions((*set)->packs(), {});
    const auto apps = definitions.ok() ? LoadPacks(**definitions, (*set)->packs(), {})
                                       : Result<std::vector<App>>(definitions.error());
    std::string told = apps.ok() ? "" : apps.error().external;
    for (size_t at = told.find(folder_); at != std::string::npos; at = told.find(folder_))
      told.erase(at, folder_.size() + 1);
    return told;
  }
  std::string folder_;
};

TEST_F(PacksTest, ATypeInShortIsAWholeType) {
  ASSERT_EQ(Told(), "");
  const auto set = PackSet::Load({}, folder_);
  const auto definitions = LoadDefinitions((*set)->packs(), {});
  ASSERT_TRUE(definitions.ok());
  const fhir::Definitions& all = **definitions;
  const fhir::TypeId shelf = all.FindType("Shelf");
  ASSERT_TRUE(all.IsResource(shelf));
  const fhir::ElementInfo* const state = all.FindElement(shelf, fhir::Names::Find("state"));
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(state->min, 1);
  EXPECT_TRUE(all.HasCode(state->required_codes, {}, "full"));
  EXPECT_FALSE(all.HasCode(state->required_codes, {}, "empty"));
  ASSERT_NE(all.FindSearchParameter(shelf, "number"), nullptr);
  EXPECT_EQ(all.FindSearchParameter(shelf, "number")->type, fhir::SearchType::kNumber);
  EXPECT_EQ(all.FindSearchParameter(shelf, "room")->type, fhir::SearchType::kReference);
}

TEST_F(PacksTest, AllMistakesOfAllPacksAreToldAtOnce) {
  Put("good/rules/r.json",
      R"({"id":"good.r","version":1,"title":{"zh-CN":"规","en":"r"},"source":{"text":"t","edition":"1","date":"2026-11-23"},
 "on":{"type":"Shelf","operations":["create"]},"where":"state = 'full'",
 "do":[{"create":{"resourceType":"Task","status":"requested","intent":"order"}}]})");
  Put("good/rule/misspelt.json", "{}");
  Put("good/lists/l.json",
      R"({"id":"l","version":1,"title":{"zh-CN":"表","en":"l"},"type":"Shelf","where":"colour=red","columns":[{"id":"a","title":{"zh-CN":"甲","en":"a"},"value":"colour"}]})");
  Put("good/indicators/i.json",
      R"({"id":"i","version":1,"title":{"zh-CN":"数","en":"i"},"type":"Shelf","where":"state=full","numerator":"colour=red","period":"state",
 "dimensions":[{"id":"a","title":{"zh-CN":"甲","en":"a"},"value":"state","by":"week"},{"id":"b","title":{"zh-CN":"乙","en":"b"},"area":"street"}]})");
  Put("good/imports/m.json",
      R"({"id":"m","version":1,"title":{"zh-CN":"入","en":"m"},"type":"Task","identity":["none"],
 "columns":[{"id":"a","title":{"zh-CN":"甲","en":"a"},"type":"text"},{"id":"b","title":{"zh-CN":"甲","en":"b"},"type":"string"}],"make":{"status":"requested"}})");
  Put("good/imports/n.json",
      R"({"id":"n","version":1,"title":{"zh-CN":"入","en":"n"},"type":"Shelf","identity":["a"],
 "columns":[{"id":"a","title":{"zh-CN":"甲","en":"a"},"type":"string","required":true}],"make":{"state":"=%misspelt"}})");
  Put("other/manifest.json",
      R"({"id":"another","title":{"zh-CN":"他","en":"Other"},"version":"1","reads":[],"writes":[]})");
  Put("other/posts/keeper.json",
      R"({"id":"keeper","title":{"zh-CN":"管","en":"Keeper"},"source":"a test","operations":["accounts"]})");
  Put("other/posts/driver.json",
      "{\"id\":\"driver\",\"title\":{\"zh-CN\":\"驾\",\"en\":\"Driver\"},\"source\":\"a test\",\n"
      "\"masks\":{\"purpose\":\"operations\",\"phone\":\"34\",\"source\":\"a test\"}}");
  Put("other/posts/guard.json",
      "{\"id\":\"guard\",\"title\":{\"zh-CN\":\"卫\",\"en\":\"Guard\"},\"source\":\"a test\",\n"
      "\"open\":{\"purpose\":{\"of\":1}}}");
  Put("other/posts/nurse.json",
      "{\"id\":\"nurse\",\"title\":{\"zh-CN\":\"护\",\"en\":\"Nurse\"},\"source\":\"a test\",\n"
      "\"like\":\"cdc-officer\"}");
  const std::string told = Told();
  for (const std::string_view part :
       {"other/posts/driver.json:2:9: masks: 'phone' says how many",
        "other/posts/guard.json:2:19: open.purpose: is a text",
        "other/posts/nurse.json:2:8: like: names cdc-officer, which sees level 5",
        "good/rules/r.json: do: writes Task",
        "good/rule/misspelt.json: is in no folder",
        "good/lists/l.json:1:",
        "columns[0].value",
        "good/indicators/i.json:1:",
        "numerator.colour: ",
        "period: Shelf has no search",
        "dimensions[0].by: may be",
        "dimensions[1].area: is no level",
        "good/imports/m.json:2:",
        "columns[0].type: may be",
        "columns[1]: has the id or a title",
        "identity[0]: names no column",
        "good/imports/n.json:2:",
        "misspelt",
        "other/manifest.json:1:7: id: must be the folder's name",
        "other/posts/keeper.json:1:",
        "'accounts' is not of this pack"})
    EXPECT_NE(told.find(part), std::string::npos) << part << " in\n" << told;
}

constexpr std::string_view kFormText =
    "{\"id\":\"good.f\",\"version\":1,\"title\":{\"zh-CN\":\"表\",\"en\":\"Form\"},\n\"posts\":[\"keeper\","
    "\"card-desk\"POST],\"readers\":[\"screener\"],"
    "\"item\":[{\"linkId\":\"a\",\"text\":\"a\",\"type\":\"string\"}]}";

TEST_F(PacksTest, AFormLetsItsPostsAnswerIt) {
  std::string form(kFormText);
  form.erase(form.find("POST"), 4);
  Put("good/forms/f.json", form);
  Put("good/posts/keeper.json",
      R"({"id":"keeper","title":{"zh-CN":"管","en":"Keeper"},"source":"a test","reads":["Shelf"]})");
  ASSERT_EQ(Told(), "");
  const auto set = PackSet::Load({}, folder_);
  const auto definitions = LoadDefinitions((*set)->packs(), {});
  const auto apps = LoadPacks(**definitions, (*set)->packs(), {});
  ASSERT_TRUE(apps.ok());
  access::Posts posts = access::Posts::BuiltIn().value();
  for (const access::PackPost& each : PostsOf(*apps)) ASSERT_TRUE(posts.Add(each).ok());
  for (const char* name : {"keeper", "card-desk"}) {
    EXPECT_EQ(posts.Find(name)->forms,
              std::vector<std::string>{"http://tongkang.dev/fhir/Questionnaire/good.f"})
        << name;
    EXPECT_TRUE(posts.Find(name)->reads_by_form && posts.Find(name)->writes_by_form) << name;
  }
  EXPECT_EQ(posts.Find("screener")->forms_seen,
            std::vector<std::string>{"http://tongkang.dev/fhir/Questionnaire/good.f"});
  EXPECT_TRUE(posts.Find("screener")->forms.empty());
  form = kFormText;
  form.replace(form.find("POST"), 4, ",\"nobody\",\"auditor\"");
  Put("good/forms/f.json", form);
  const std::string told = Told();
  EXPECT_NE(told.find("good/forms/f.json:2:31: posts[2]: is no post"), std::string::npos) << told;
  EXPECT_NE(told.find("posts[3]: has a duty"), std::string::npos) << told;
}

TEST_F(PacksTest, AnOrganizationsPartGoesByAnElementThatRefersToOne) {
  Put("good/posts/keeper.json",
      "{\"id\":\"keeper\",\"title\":{\"zh-CN\":\"管\",\"en\":\"Keeper\"},\"source\":\"a "
      "test\",\"reads\":[\"Shelf\"],\n"
      "\"organization\":{\"Shelf\":\"room\"}}");
  EXPECT_NE(Told().find("good/posts/keeper.json:2:25: organization.Shelf: Shelf has no element 'room'"),
            std::string::npos)
      << Told();
  Put("good/posts/keeper.json",
      R"({"id":"keeper","title":{"zh-CN":"管","en":"Keeper"},"source":"a test","reads":["Task"],"tasks":["http://t"],)"
      R"("organization":{"Task":"owner"}})");
  EXPECT_EQ(Told(), "");
}

TEST_F(PacksTest, AMisspeltTypeIsToldWithItsPlace) {
  Put("good/types/shelf.json",
      "{\"type\":\"Shelf\",\"title\":{\"zh-CN\":\"架\",\"en\":\"Shelf\"},\n\"elements\":{\"state\":{\"kind\":"
      "\"code\"}},\n"
      "\"search\":{\"colour\":\"colour\"}}");
  const std::string told = Told();
  EXPECT_NE(told.find("good/types/shelf.json:2:21: elements.state: needs a type"), std::string::npos) << told;
  EXPECT_NE(told.find("good/types/shelf.json:3:20: search.colour: the type has no element"),
            std::string::npos)
      << told;
}

TEST_F(PacksTest, APackOfTheFolderStandsInPlaceOfALinkedOne) {
  const File linked{"manifest.json", "{}"};
  const std::vector<Pack> packs = {{"good", std::span(&linked, 1)}, {"zeal", std::span(&linked, 1)}};
  const auto set = PackSet::Load(packs, folder_);
  ASSERT_TRUE(set.ok());
  ASSERT_EQ((*set)->packs().size(), 2U);
  EXPECT_EQ((*set)->packs()[0].Find("manifest.json")->content, kGoodManifest);
  EXPECT_EQ((*set)->packs()[1].Find("manifest.json")->content, "{}");
  const uint64_t before = (*set)->content_hash();
  Put("good/settings.json", "{}");
  EXPECT_NE((*PackSet::Load(packs, folder_))->content_hash(), before);
  Put("Bad_Name/manifest.json", "{}");
  EXPECT_FALSE(PackSet::Load(packs, folder_).ok());
}

}  // namespace
}  // namespace tk::app
