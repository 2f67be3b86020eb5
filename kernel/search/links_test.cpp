// References by canonicals: chains, _has and includes between a QuestionnaireResponse and the Questionnaires that have its url.
#include "kernel/search/links.h"

#include <gtest/gtest.h>

#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

struct CanonicalHouse {
  CanonicalHouse() {
    house.directory.SetArea(1, 100);
    house.directory.SetArea(2, 200);
    q1 = Questionnaire("q1", "http://x.org/Q", "1", "active");
    q2 = Questionnaire("q2", "http://x.org/Q", "2", "draft");
    other = Questionnaire("other", "http://x.org/Other", "", "active");
    r1 = Answers("r1", "http://x.org/Q|1", "completed", 1);
    r2 = Answers("r2", "http://x.org/Q|2", "in-progress", 1);
    any = Answers("any", "http://x.org/Q", "completed", 2);
    none = Answers("none", "http://x.org/Q|3", "completed", 1);
    part = Answers("part", "http://x.org/Other#1", "amended", 1);
  }
  view::Ordinal Questionnaire(const std::string& id, const std::string& url, const std::string& version,
                              const std::string& status) {
    return house.Put(R"({"resourceType":"Questionnaire","id":")" + id + R"(","url":")" + url + "\"" +
                     (version.empty() ? "" : R"(,"version":")" + version + "\"") + R"(,"status":")" + status +
                     "\"}");
  }
  view::Ordinal Answers(const std::string& id, const std::string& questionnaire, const std::string& status,
                        view::OwnerNumber owner) {
    return house.Put(R"({"resourceType":"QuestionnaireResponse","id":")" + id + R"(","questionnaire":")" +
                         questionnaire + R"(","status":")" + status + "\"}",
                     owner);
  }
  using Ordinals = std::vector<view::Ordinal>;
  Ordinals Found(const std::string& type, const std::string& text, PageRequest request = {}) const {
    const auto page = house.Ask(type, text, request);
    if (!page.ok()) ADD_FAILURE() << text << ": " << page.error().ToString();
    Ordinals found = page.ok() ? page->ordinals : Ordinals();
    std::sort(found.begin(), found.end());
    return found;
  }
  Ordinals Included(const std::string& type, const std::string& text, PageRequest request = {}) const {
    const auto& definitions = *house.definitions;
    const auto query = ParseQuery(definitions, definitions.FindType(type), text, {});
    EXPECT_TRUE(query.ok()) << query.error().ToString();
    IncludeRequest include;
    include.page = request;
    include.page.position = house.Head();
    include.may_read = [this](fhir::TypeId asked) { return house.definitions->Type(asked).name != hidden; };
    auto found = house.index->Include(*query, Found(type, text, request), include);
    EXPECT_TRUE(found.ok()) << found.error().ToString();
    std::sort(found->ordinals.begin(), found->ordinals.end());
    return found->ordinals;
  }
  House house;
  std::string hidden;
  view::Ordinal q1, q2, other, r1, r2, any, none, part;
};

TEST(Canonicals, AreFollowedByChains) {
  const CanonicalHouse h;
  const std::string type = "QuestionnaireResponse";
  EXPECT_EQ(h.Found(type, "questionnaire.status=active"), (std::vector{h.r1, h.any, h.part}));
  EXPECT_EQ(h.Found(type, "questionnaire.status=draft"), (std::vector{h.r2, h.any}));
  EXPECT_EQ(h.Found(type, "questionnaire:Questionnaire.version=2"), (std::vector{h.r2, h.any}));
  EXPECT_EQ(h.Found(type, "questionnaire.status=active&status=completed"), (std::vector{h.r1, h.any}));
  EXPECT_EQ(h.Found(type, "_id=any,none&questionnaire.url=http://x.org/Q"), std::vector{h.any});
  EXPECT_EQ(h.Found(type, "questionnaire=http://x.org/Q|3"), std::vector{h.none}) << "as a value as before";
  for (const char* value : {"http://x.org/Other", "http://x.org/Other%231"})
    EXPECT_EQ(h.Found(type, std::string("questionnaire=") + value), std::vector{h.part}) << value;
}

TEST(Canonicals, AreFollowedByHas) {
  const CanonicalHouse h;
  EXPECT_EQ(h.Found("Questionnaire", "_has:QuestionnaireResponse:questionnaire:status=completed"),
            (std::vector{h.q1, h.q2}));
  EXPECT_EQ(h.Found("Questionnaire", "_has:QuestionnaireResponse:questionnaire:status=in-progress"),
            std::vector{h.q2});
  EXPECT_EQ(h.Found("Questionnaire", "_id=q1&_has:QuestionnaireResponse:questionnaire:status=in-progress"),
            std::vector<view::Ordinal>());
  EXPECT_EQ(h.Found("Questionnaire", "_has:QuestionnaireResponse:questionnaire:status=amended&status=active"),
            std::vector{h.other});
}

TEST(Canonicals, AreIncludedBothWays) {
  CanonicalHouse h;
  EXPECT_EQ(h.Included("QuestionnaireResponse", "_id=r1&_include=QuestionnaireResponse:questionnaire"),
            std::vector{h.q1});
  EXPECT_EQ(h.Included("QuestionnaireResponse", "_id=any,none&_include=*"), (std::vector{h.q1, h.q2}));
  EXPECT_EQ(h.Included("Questionnaire", "_id=q1&_revinclude=QuestionnaireResponse:questionnaire"),
            (std::vector{h.r1, h.any}));
  EXPECT_EQ(h.Included("Questionnaire", "_id=other&_revinclude=*"), std::vector{h.part});
  h.hidden = "QuestionnaireResponse";
  EXPECT_TRUE(h.Included("Questionnaire", "_id=q1&_revinclude=*").empty());
}

TEST(Canonicals, MeanWhatStandsNow) {
  CanonicalHouse h;
  PageRequest before;
  before.position = h.house.Head();
  const auto renamed = h.Questionnaire("q1", "http://x.org/New", "1", "active");
  EXPECT_EQ(h.Found("QuestionnaireResponse", "questionnaire.status=active"), std::vector{h.part});
  EXPECT_EQ(h.Found("QuestionnaireResponse", "questionnaire.status=active", before),
            (std::vector{h.r1, h.any, h.part}));
  const auto follows = h.Answers("r1", "http://x.org/New", "completed", 1);
  EXPECT_EQ(h.Found("QuestionnaireResponse", "questionnaire._id=q1"), std::vector{follows});
  h.house.Delete("Questionnaire", "q1");
  EXPECT_TRUE(h.Found("QuestionnaireResponse", "questionnaire._id=q1").empty());
  EXPECT_NE(renamed, h.q1);
}

TEST(Canonicals, TellNothingOutOfScope) {
  const CanonicalHouse h;
  PageRequest in_200;
  in_200.scope = {false, 200, 201, 0};
  EXPECT_EQ(h.Found("Questionnaire", "_has:QuestionnaireResponse:questionnaire:status=in-progress", in_200),
            std::vector<view::Ordinal>());
  EXPECT_EQ(h.Found("QuestionnaireResponse", "questionnaire.status=active", in_200), std::vector{h.any});
  EXPECT_EQ(h.Included("Questionnaire", "_id=q1&_revinclude=QuestionnaireResponse:questionnaire", in_200),
            std::vector{h.any});
}

}  // namespace
}  // namespace tk::search
