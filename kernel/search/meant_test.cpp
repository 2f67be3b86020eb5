#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/base/clock.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

class Meaning : public testing::Test {
 protected:
  void Make(const std::string& members) {
    const auto definitions = house_.definitions;
    auto now = std::make_shared<view::Resource>();
    auto document = fhir::Document::Parse(R"({"resourceType":"Patient",)" + members + "}");
    CHECK(document.ok());
    now->type = definitions->FindType("Patient");
    now->id = "made-" + std::to_string(resources_.size());
    now->document = std::move(*document);
    view::Change change;
    change.now = now;
    auto prepared = house_.index->Prepare(change);
    CHECK(prepared.ok());
    resources_.push_back(now);
    prepared_.push_back(std::move(*prepared));
  }
  Result<Index::Meant> Ask(const std::vector<std::string>& conditions,
                           const Index::MeantOptions& options = {}) {
    queries_.clear();
    for (const std::string& text : conditions) {
      auto query = ParseQuery(*house_.definitions, house_.definitions->FindType("Patient"), text, {});
      CHECK(query.ok());
      queries_.push_back(std::move(*query));
    }
    std::vector<const Query*> asked;
    for (const Query& query : queries_) asked.push_back(&query);
    std::vector<Index::Made> made;
    for (size_t i = 0; i < resources_.size(); ++i)
      made.push_back({resources_[i]->type, prepared_[i].get(), resources_[i]->document.Root()});
    return house_.index->WhoIsMeant(made, asked, options);
  }
  /// The resources that one condition means, sorted: "0 2 ".
  std::string Means(const std::string& condition) {
    auto meant = Ask({condition});
    if (!meant.ok()) return meant.error().external;
    std::sort(meant->begin(), meant->end());
    std::string all;
    for (const auto& [query, change] : *meant) all += std::to_string(change) + " ";
    return all;
  }

  House house_;
  std::vector<view::ResourcePtr> resources_;
  std::vector<std::unique_ptr<view::Prepared>> prepared_;
  std::vector<Query> queries_;
};

TEST_F(Meaning, WithoutAnExactCriterionByWhatTheResourcesHold) {
  Make(R"("gender":"male","birthDate":"2000-01-01","name":[{"family":"Bar"}])");
  Make(R"("gender":"male","birthDate":"2000-01-02","name":[{"family":"Foo"}])");
  Make(
      R"("gender":"female","birthDate":"2000-01-02","name":[{"family":"BAR"}],"identifier":[{"system":"u","value":"1"}])");
  EXPECT_EQ(Means("name=bar"), "0 2 ");
  EXPECT_EQ(Means("family:contains=AR&birthdate=2000-01"), "0 2 ");
  EXPECT_EQ(Means("birthdate=ge2000-01-02"), "1 2 ");
  EXPECT_EQ(Means("name=bar&gender:not=male"), "2 ");
  EXPECT_EQ(Means("name=bar&identifier:missing=true"), "0 ");
  // Beside an exact one too: not all males are one.
  EXPECT_EQ(Means("gender=male"), "0 1 ");
  EXPECT_EQ(Means("gender=male&name=Foo"), "1 ");
  EXPECT_EQ(Means("gender=male,female&identifier=u|1"), "2 ");
  EXPECT_EQ(Means("identifier=u|2&name=bar"), "");
  // What only excludes asks for nobody.
  EXPECT_EQ(Means("gender:not=other"), "");
  EXPECT_EQ(Means("identifier:missing=true"), "");
  EXPECT_EQ(Means("general-practitioner.name=bar"), "");
}

TEST_F(Meaning, ComparesSoManyPairsAndNoMore) {
  for (int i = 0; i < 4; ++i) {
    const std::string n = std::to_string(i);
    Make(R"("active":true,"name":[{"family":"f)" + n + R"("}],"identifier":[{"system":"u","value":")" + n +
         R"("}])");
  }
  const std::vector<std::string> names = {"name=f0", "name=f1", "name=f2", "name=f3"};
  Index::MeantOptions options;
  options.pairs_max = 16;
  const auto all = Ask(names, options);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(*all, (Index::Meant{{0, 0}, {1, 1}, {2, 2}, {3, 3}}));
  options.pairs_max = 15;
  const auto more = Ask(names, options);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, ErrorCode::kTooLarge);
  EXPECT_NE(more.error().external.find("at most 15 pairs"), std::string::npos) << more.error().external;
  // By identifiers there is a pair for each, whatever all of them share.
  options.pairs_max = 4;
  const auto exact = Ask({"active=true&identifier=u|0", "identifier=u|1&active=true", "identifier=u|2&name=f",
                          "active=true&identifier=u|3"},
                         options);
  ASSERT_TRUE(exact.ok()) << exact.error().external;
  EXPECT_EQ(exact->size(), 4u);
  EXPECT_FALSE(Ask({"active=true", "active=true&name=f"}, options).ok());
}

TEST_F(Meaning, EndsWithTheTimeOfItsRequest) {
  for (int i = 0; i < 8; ++i) Make(R"("name":[{"family":"f"}])");
  const std::vector<std::string> names(16, "name=f");
  Index::MeantOptions options;
  options.deadline_us = MonotonicUs() - 1;
  const auto late = Ask(names, options);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  options.deadline_us = 0;
  ASSERT_TRUE(Ask(names, options).ok());
}

}  // namespace
}  // namespace tk::search
