// Entries of screeners and residents: whose they are, that each counts once, and what is told of a bad one.
#include "apps/screening/entries.h"

#include "apps/screening/tests/world.h"
#include "kernel/access/inquiries.h"
#include "kernel/access/mask.h"

namespace tk::screening {
namespace {

using interaction::At;
using interaction::Method;
using interaction::Response;

class EntriesTest : public ScreeningWorld {
 protected:
  Response Enter(const std::string& entries) {
    return Answered(
        HandleEntries(context_, Asking(Method::kPost, {"entries"}, R"({"entries":[)" + entries + "]}")));
  }
  Response Self(const std::string& entry) {
    return Answered(HandleSelf(context_, Asking(Method::kPost, {"self"}, entry)));
  }
  static std::string Told(const Response& response) {
    const fhir::Document told = Parsed(response);
    return fmt::format("{} {}/{}/{}", response.status, At(told, "added"), At(told, "changed"),
                       At(told, "unchanged"));
  }
  const std::string number_ = interaction::ResidentIdOf("19800102", 22);
};

TEST_F(EntriesTest, WhatComesTwiceCountsOnceAndWithOtherContentsCorrects) {
  PutPatient({.id = "known", .resident_id = number_, .area = "380102"});
  const auto entry = [&](std::string_view warm) {
    return fmt::format(
        R"({{"id":"11111111-a","patient":"Patient/known","temperature":{},"symptoms":["cough"],"when":"2023-11-14T08:30:00+08:00"}})",
        warm);
  };
  const Response first = Enter(entry("37.6"));
  EXPECT_EQ(Told(first), "200 1/0/0") << first.body;
  const uint64_t t = engine_->Head().t;
  EXPECT_EQ(Told(Enter(entry("37.6"))), "200 0/0/1");
  EXPECT_EQ(engine_->Head().t, t) << "nothing was written";
  EXPECT_EQ(Told(Enter(entry("36.6"))), "200 0/1/0");
  const fhir::Document reading = Parsed(Get(At(Parsed(first), "entries.0.reading")));
  EXPECT_EQ(At(reading, "status"), "corrected");
  EXPECT_EQ(At(reading, "category.1.coding.0.code"), "screener");
  EXPECT_EQ(At(reading, "subject.reference"), "Patient/known");
}

TEST_F(EntriesTest, AnIdThatComesAgainWithAnotherPersonMovesNothing) {
  PutPatient({.id = "one", .resident_id = number_, .area = "380102"});
  PutPatient({.id = "same", .resident_id = number_, .area = "380102"});
  PutPatient({.id = "two", .name = "李明", .resident_id = interaction::ResidentIdOf("19900304", 31)});
  const auto of = [](std::string_view who, std::string_view warm) {
    return fmt::format(R"({{"id":"66666666-a",{},"temperature":{},"when":"2023-11-14T08:30:00+08:00"}})", who,
                       warm);
  };
  const Response first = Enter(of(R"("patient":"Patient/one")", "36.4"));
  EXPECT_EQ(Told(first), "200 1/0/0") << first.body;
  const std::string reading = At(Parsed(first), "entries.0.reading");
  const uint64_t t = engine_->Head().t;
  const std::string told =
      R"("person":{"name":"王一新","number":")" + interaction::ResidentIdOf("19700506", 41) + R"("})";
  for (const std::string& who : {std::string(R"("patient":"Patient/two")"), told}) {
    const Response moved = Enter(of(who, "39.4"));
    EXPECT_EQ(Told(moved), "200 0/0/0") << moved.body;
    EXPECT_NE(At(Parsed(moved), "entries.0.text").find("of another person"), std::string::npos) << moved.body;
    EXPECT_EQ(At(Parsed(moved), "entries.0.element"), "id");
  }
  EXPECT_EQ(engine_->Head().t, t) << "neither a reading nor a person";
  EXPECT_EQ(At(Parsed(Get(reading)), "subject.reference"), "Patient/one");
  EXPECT_EQ(Told(Enter(of(R"("patient":"Patient/same")", "36.6"))), "200 0/1/0") << "another record of his";
  EXPECT_EQ(Told(Enter(of(R"("person":{"name":"王晓芳","number":")" + number_ + R"("})", "36.7"))),
            "200 0/1/0");
}

TEST_F(EntriesTest, ABatchThatWaitedWithoutNetworkFindsItsPersons) {
  PutPatient({.id = "known", .resident_id = number_, .area = "380104"});
  viewer_ = With("screening-entry");
  const std::string known = R"({"id":"22222222-a","person":{"name":"王晓芳","number":")" + number_ +
                            R"("},"temperature":36.6,"when":"2023-11-14"})";
  const std::string fresh = R"({"id":"22222222-b","person":{"name":"李明","number":")" +
                            interaction::ResidentIdOf("19900304", 31) +
                            R"("},"symptoms":[],"when":"2023-11-14"})";
  const std::string bad =
      R"({"id":"22222222-c","person":{"name":"李明"},"temperature":36.6,"when":"2023-11-14"})";
  const std::string unseen =
      R"({"id":"22222222-d","patient":"Patient/known","temperature":36.6,"when":"2023-11-14"})";
  const Response answer = Enter(known + "," + fresh + "," + bad + "," + unseen + "," + fresh);
  EXPECT_EQ(Told(answer), "200 2/0/0") << answer.body;
  const fhir::Document told = Parsed(answer);
  EXPECT_EQ(At(told, "entries.2.element"), "person.number");
  EXPECT_EQ(At(told, "entries.3.element"), "patient") << "of another area: as if he were not there";
  EXPECT_EQ(At(told, "entries.4.element"), "id") << "twice in one request";
  // What he can read afterwards is the same of whoever is known elsewhere and of whoever is not.
  auto reads = std::make_shared<access::Viewer>(*viewer_);
  auto post = std::make_shared<access::Post>(*viewer_->post);
  post->reads = {"Observation", "Patient"};
  reads->post = std::move(post);
  viewer_ = reads;
  for (const char* place : {"entries.0.reading", "entries.1.reading"}) {
    const fhir::Document reading = Parsed(Get(At(told, place)));
    EXPECT_EQ(Get(At(reading, "subject.reference")).status, 200) << place;
  }
  EXPECT_EQ(Told(Enter(known)), "200 0/0/1");
  viewer_ = interaction::AdminViewer();
  EXPECT_EQ(RecordsOf("known").find("known "), 0u)
      << "the person index joins the two: " << RecordsOf("known");
  EXPECT_EQ(Count("Patient?_total=accurate"), "3");
}

TEST_F(EntriesTest, NumbersOfWhoSeesThemMaskedAreFewAnHour) {
  auto viewer = With("screening-entry");
  auto masks = std::make_shared<access::Masks>();
  masks->identifier = access::Ends{3, 0};
  masks->exact_per_hour = 2;
  viewer->masks = masks;
  viewer_ = viewer;
  const auto entry = [&](int i) {
    return fmt::format(
        R"({{"id":"55555555-{}","person":{{"name":"李明","number":"{}"}},"symptoms":[],"when":"2023-11-14"}})",
        i, interaction::ResidentIdOf("19900304", i));
  };
  EXPECT_EQ(Told(Enter(entry(1))), "200 1/0/0");
  for (int again = 0; again < 3; ++again)
    EXPECT_EQ(Enter(entry(1)).status, 200) << "the answer was lost, and it is sent once more";
  const uint64_t t = engine_->Head().t;
  const Response over = Enter(entry(2) + "," + entry(3));
  EXPECT_EQ(over.status, 429) << over.body;
  EXPECT_EQ(engine_->Head().t, t) << "nothing of it was taken";
  EXPECT_EQ(interactions_->inquiries()->alarms().accounts, 1u);
  EXPECT_EQ(Told(Enter(entry(2))), "200 1/0/0") << "what was refused used up nothing";
  viewer->masks = nullptr;
  EXPECT_EQ(Enter(entry(2) + "," + entry(3)).status, 200);
}

TEST_F(EntriesTest, WhoIsFoundAndThenMeasuredIsOne) {
  auto viewer = With("screening-entry");
  auto post = std::make_shared<access::Post>(*viewer->post);
  post->reads = {"Observation", "Patient"};
  viewer->post = std::move(post);
  auto masks = std::make_shared<access::Masks>();
  masks->identifier = access::Ends{3, 0};
  masks->exact_identifier = true;
  masks->exact_per_hour = 2;
  viewer->masks = masks;
  viewer_ = viewer;
  for (int i = 1; i <= 3; ++i) {
    const std::string number = interaction::ResidentIdOf("19900304", i);
    const int status = i < 3 ? 200 : 429;
    EXPECT_EQ(Get("Patient?identifier=http://tongkang.dev/fhir/sid/cn-resident-id%7C" + number).status,
              status)
        << i;
    EXPECT_EQ(
        Enter(
            fmt::format(
                R"({{"id":"66666666-{}","person":{{"name":"李明","number":"{}"}},"symptoms":[],"when":"2023-11-14"}})",
                i, number))
            .status,
        status)
        << i;
  }
}

TEST_F(EntriesTest, AResidentReportsHimselfAndNobodyElse) {
  PutPatient({.id = "me", .resident_id = number_, .area = "380102"});
  auto viewer = With("screening-self");
  viewer->record = "Patient/me";
  viewer_ = viewer;
  const std::string entry =
      R"({"id":"33333333-a","patient":"Patient/other","temperature":36.6,"when":"2023-11-14"})";
  EXPECT_EQ(Told(Self(entry)), "200 1/0/0");
  EXPECT_EQ(Told(Self(entry)), "200 0/0/1");
  EXPECT_EQ(Enter(entry).status, 403);
  viewer->record = {};
  EXPECT_EQ(Self(entry).status, 422) << "an account of no resident";
  viewer_ = interaction::AdminViewer();
  EXPECT_EQ(Count("Observation?subject=Patient/me&category=self"), "1");
}

TEST_F(EntriesTest, WhatIsWrongIsSaidAndWhoMayNotEntersNothing) {
  PutPatient({.id = "known", .area = "380102"});
  const auto told = [&](std::string_view more) {
    const Response answer =
        Enter(R"({"id":"44444444-a","patient":"Patient/known")" + std::string(more) + "}");
    return fmt::format("{} {}", answer.status, At(Parsed(answer), "entries.0.element"));
  };
  EXPECT_EQ(told(R"(,"when":"2023-11-14")"), "422 temperature");
  EXPECT_EQ(told(R"(,"temperature":36.6)"), "422 when");
  EXPECT_EQ(told(R"(,"temperature":36.6,"when":"2024-11-14")"), "422 when");
  EXPECT_EQ(told(R"(,"temperature":376,"when":"2023-11-14")"), "422 temperature");
  EXPECT_EQ(told(R"(,"symptoms":["flying"],"when":"2023-11-14")"), "422 symptoms");
  EXPECT_EQ(told(R"(,"person":{},"temperature":36.6,"when":"2023-11-14")"), "422 patient");
  EXPECT_EQ(Enter(R"({"patient":"Patient/known","temperature":36.6,"when":"2023-11-14"})").status, 422)
      << "no id";
  EXPECT_EQ(Enter("").status, 400);
  EXPECT_EQ(Count("Observation?code=8310-5"), "0");
  viewer_ = With("screening-self");
  EXPECT_EQ(
      Enter(R"({"id":"44444444-a","patient":"Patient/known","temperature":36.6,"when":"2023-11-14"})").status,
      403);
}

}  // namespace
}  // namespace tk::screening
