// No part of a plan works on past the time limit: questions whose entries are all looked at and of which none fits.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "kernel/base/turn.h"
#include "kernel/search/compartment.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

constexpr int kMany = 1500;

/// Asks with a deadline that has passed, and without one. `at`: what the refusal names; empty: the first criterion of `text`.
void ExpectEnds(const House& house, const std::string& type, const std::string& text,
                const std::string& at = {}) {
  PageRequest request;
  request.count = 1000;  // so that it is gathered, not walked
  const auto whole = house.Ask(type, text, request);
  ASSERT_TRUE(whole.ok()) << text << ": " << whole.error().ToString();
  EXPECT_TRUE(whole->ordinals.empty()) << text;
  request.deadline_us = 1;
  const auto cut = house.Ask(type, text, request);
  ASSERT_FALSE(cut.ok()) << text;
  EXPECT_EQ(cut.error().code, ErrorCode::kTimeout) << text;
  EXPECT_EQ(cut.error().issues.at(0).type, "timeout") << text;
  EXPECT_EQ(cut.error().issues.at(0).path, at.empty() ? text.substr(0, text.find('=')) : at) << text;
}

TEST(Deadline, EndsDatesNumbersTextsAndPlacesThatDoNotFit) {
  House house;
  for (int i = 0; i < kMany; ++i) {
    house.Put(fmt::format(
        R"({{"resourceType":"Observation","id":"o{}","status":"final","code":{{"coding":[{{"system":"s","code":"a"}}]}},)"
        R"("effectivePeriod":{{"start":"2020-06","end":"2022"}},"valueQuantity":{{"value":5,"unit":"x"}}}})",
        i));
    house.Put(
        fmt::format(R"({{"resourceType":"Patient","id":"p{}","name":[{{"family":"Wang {}"}}]}})", i, i));
    house.Put(fmt::format(
        R"({{"resourceType":"Location","id":"l{}","position":{{"latitude":39.1,"longitude":{}}}}})", i,
        -100 - i % 50));
  }
  ExpectEnds(house, "Observation", "date=2020");
  ExpectEnds(house, "Observation", "value-quantity=ne5");
  ExpectEnds(house, "Patient", "family:contains=zzz");
  ExpectEnds(house, "Location", "near=39.1%7C117.2%7C5%7Ckm");
}

TEST(Deadline, EndsCompositesWhosePartsDoNotFitTogether) {
  House house;
  for (int i = 0; i < kMany; ++i) {
    house.Put(fmt::format(
        R"({{"resourceType":"Observation","id":"o{}","status":"final","code":{{"coding":[{{"system":"s","code":"{}"}}]}},)"
        R"("valueQuantity":{{"value":{}}}}})",
        i, i % 2 == 0 ? "a" : "b", i % 2 == 0 ? 0 : 5));
  }
  ExpectEnds(house, "Observation", "code-value-quantity=a$gt1,a$gt2");
}

TEST(Deadline, NamesWhatTookTheTime) {
  House house;
  for (int i = 0; i < kMany; ++i) {
    house.Put(
        fmt::format(R"({{"resourceType":"Patient","id":"p{}","name":[{{"family":"Wang {}"}}]}})", i, i));
    house.Put(fmt::format(
        R"({{"resourceType":"Observation","id":"o{}","status":"final","code":{{"text":"a","coding":[{{"system":"s","code":"a"}}]}},)"
        R"("subject":{{"reference":"Patient/p{}"}},"valueQuantity":{{"value":{},"unit":"x"}}}})",
        i, i % 2, i));
  }
  ExpectEnds(house, "Observation", "code:text=zzz");
  ExpectEnds(house, "Observation", "status=final&code:text=zzz", "code:text");
  ExpectEnds(house, "Observation", "code:text=zzz&_sort=value-quantity", "code:text");
  ExpectEnds(house, "Observation", "code:text=zzz&_total=accurate", "code:text");
  ExpectEnds(house, "Patient", "_has:Observation:patient:code:text=zzz");
  ExpectEnds(house, "Observation", "subject:Patient._has:Observation:patient:code:text=zzz");
  const auto named = [&](const std::string& text, std::string_view patient) {
    const auto& definitions = *house.definitions;
    auto query = ParseQuery(definitions, definitions.FindType("Observation"), text, {});
    EXPECT_TRUE(query.ok());
    if (!patient.empty()) {
      EXPECT_TRUE(NarrowToCompartment(definitions, patient, &*query).ok());
    }
    PageRequest request;
    request.position = house.Head();
    request.count = 1000;
    request.deadline_us = 1;
    request.read = [&](view::Ordinal ordinal) -> Result<view::ResourcePtr> {
      return house.versions.at(ordinal);
    };
    const auto cut = house.index->Search(*query, request);
    return cut.ok() ? "[answered]" : cut.error().issues.at(0).path;
  };
  EXPECT_EQ(named("_sort=value-quantity", ""), "_sort");
  EXPECT_EQ(named("_sort=code&status=final", ""), "status") << "or the order, when that is where it was";
  EXPECT_EQ(named("code:text=zzz", "p1"), "code:text");
  EXPECT_EQ(named("code:text=zzz&_sort=code", "p1"), "code:text");
}

/// Somebody who is asked at every look, and says so.
class TurnAsked final : public Turn {
 public:
  explicit TurnAsked(bool answer) : answer_(answer) { Set(this); }
  ~TurnAsked() override { Set(nullptr); }
  int count = 0;

 protected:
  bool Long(int64_t, int64_t) override {
    ++count;
    return answer_;
  }

 private:
  const bool answer_;
};

void PutWangs(House* house) {
  for (int i = 0; i < kMany; ++i)
    house->Put(
        fmt::format(R"({{"resourceType":"Patient","id":"p{}","name":[{{"family":"Wang {}"}}]}})", i, i));
}

PageRequest InAnHour() {
  PageRequest request;
  request.deadline_us = MonotonicUs() + 3'600'000'000;
  return request;
}

TEST(Deadline, ALongSearchLetsOthersGoFirstOrEndsWhenThereAreTooMany) {
  House house;
  PutWangs(&house);
  PageRequest request = InAnHour();
  {
    TurnAsked asked(true);
    const auto whole = house.Ask("Patient", "family:contains=wang&_count=1000", request);
    ASSERT_TRUE(whole.ok()) << whole.error().ToString();
    EXPECT_GT(asked.count, 0);
  }
  TurnAsked asked(false);
  const auto ended = house.Ask("Patient", "family:contains=wang&_count=1000", request);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, ErrorCode::kBusy);
  EXPECT_EQ(ended.error().issues.at(0).type, "throttled");
  EXPECT_EQ(ended.error().issues.at(0).path, "family:contains");
  EXPECT_EQ(asked.count, 1);
  request.deadline_us = 0;  // the program's own look-ups are not held up
  EXPECT_TRUE(house.Ask("Patient", "family:contains=wang&_count=1000", request).ok());
  EXPECT_EQ(asked.count, 1);
}

TEST(Deadline, ALongSearchEndsWhenTheServerDoes) {
  class Ended final : public Turn {
   public:
    explicit Ended(const std::atomic<bool>* must_end) : Turn(must_end) { Set(this); }
    ~Ended() override { Set(nullptr); }

   protected:
    bool Long(int64_t, int64_t) override { return true; }
  };
  House house;
  PutWangs(&house);
  const PageRequest request = InAnHour();
  std::atomic<bool> must_end{false};
  const Ended turn(&must_end);
  EXPECT_TRUE(house.Ask("Patient", "family:contains=wang&_count=1000", request).ok());
  must_end = true;
  const auto ended = house.Ask("Patient", "family:contains=wang&_count=1000", request);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(ended.error().issues.at(0).type, "transient");
}

}  // namespace
}  // namespace tk::search
