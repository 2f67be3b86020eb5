// The closing hour: once a day and organization, late after a standstill, and what is closed stays.
#include "apps/roster/closing.h"

#include "apps/roster/tests/world.h"
#include "kernel/base/city_time.h"

namespace tk::roster {
namespace {

using interaction::At;

class ClosingTest : public RosterWorld {
 protected:
  void SetUp() override {
    RosterWorld::SetUp();
    context_.settings = R"({"fever_limit_cel":37.3,"late_days":14,"remind_minute":540,"close_minute":600})";
    ASSERT_EQ(Send("members", fmt::format("姓名,证件号码,学号,网格代码,首日\n张一,{},1,380102001001,2023-09-"
                                          "01\n李二,{},2,380102001002,2023-"
                                          "09-01\n王三,{},3,380103001001,2023-09-01\n",
                                          NumberOf(1), NumberOf(2), NumberOf(3))),
              "3/3/0/0/0")
        << last_.body;
    closing_ = std::make_unique<Closing>(context_);
  }
  void TearDown() override {
    closing_.reset();
    RosterWorld::TearDown();
  }
  /// By the clocks of the city, of a day in November 2023.
  void At2023(int day, int hour, int minute) {
    clock_.Set((DaysFromCivil(2023, 11, day) * 1440 + hour * 60 + minute - CityOffsetMin()) * 60 * kSecondUs);
  }
  void Look() { ASSERT_TRUE(closing_->Look().ok()); }
  std::string Stages() const {
    std::string all;
    const fhir::Document found = Parsed(Get("RosterDay?_sort=day"));
    for (const fhir::Value entry : found.Root()["entry"]) {
      const fhir::Value day = entry["resource"];
      all += fmt::format("{}{} {} {}/{}", all.empty() ? "" : ", ", day["day"].ToString(),
                         day["stage"].ToString(), day["missing"].Number(), day["roster"].Number());
    }
    return all;
  }
  std::unique_ptr<Closing> closing_;
};

TEST_F(ClosingTest, RemindsThenCloses) {
  At2023(16, 8, 59);
  Look();
  EXPECT_EQ(Stages(), "");
  At2023(16, 9, 0);
  Look();
  EXPECT_EQ(Stages(), "2023-11-16 reminded 3/3");
  EXPECT_EQ(At(Parsed(Get("RosterDay")), "entry.0.resource.contact"), "admin") << "whoever sent the roster";
  EXPECT_EQ(Count("RosterMissing?_total=accurate"), "0");
  ASSERT_EQ(Send("reports", "学号,日期,体温\n1,2023-11-16,36.5\n"), "1/1/0/0/0");
  At2023(16, 10, 0);
  Look();
  EXPECT_EQ(Stages(), "2023-11-16 closed 2/3");
  EXPECT_EQ(Count("RosterMissing?status=open&day=2023-11-16"), "2");
  // Once: neither by another look nor by another program, and a late report changes nothing of it.
  const uint64_t t = engine_->Head().t;
  Look();
  Closing other(context_);
  ASSERT_TRUE(other.Look().ok());
  EXPECT_EQ(engine_->Head().t, t);
  ASSERT_EQ(Send("reports", "学号,日期,体温\n2,2023-11-16,36.5\n"), "1/1/0/0/0");
  Closing third(context_);
  ASSERT_TRUE(third.Look().ok());
  EXPECT_EQ(Stages(), "2023-11-16 closed 2/3");
}

TEST_F(ClosingTest, EachTownshipIsToldHowManyOfItsOwn) {
  At2023(16, 10, 0);
  Look();
  std::string told;
  const fhir::Document found = Parsed(Get("RosterMissing?_sort=_id"));
  uint64_t together = 0, tellers = 0;
  for (const fhir::Value entry : found.Root()["entry"]) {
    if (!entry["resource"]["together"].present()) continue;
    ++tellers;
    together = together * 10 + (entry["resource"]["together"].Number() == "2" ? 2 : 1);
  }
  EXPECT_EQ(tellers, 2u) << "two townships";
  EXPECT_TRUE(together == 12 || together == 21) << together;
}

TEST_F(ClosingTest, ADayThatWasRemindedOfIsClosedLate) {
  At2023(16, 9, 30);
  Look();
  At2023(17, 7, 0);
  Look();
  EXPECT_EQ(Stages(), "2023-11-16 closed 3/3");
  At2023(19, 7, 0);
  Look();
  EXPECT_EQ(Stages(), "2023-11-16 closed 3/3")
      << "of the 18th nobody was reminded: it is not closed over people's heads";
}

TEST_F(ClosingTest, APausedOrganizationIsNotAsked) {
  std::string organization = Get("RosterOrganization/school").body;
  organization.replace(organization.find("\"active\""), 8, "\"paused\"");
  ASSERT_EQ(Put("RosterOrganization/school", organization).status, 200);
  At2023(16, 10, 0);
  Look();
  EXPECT_EQ(Stages(), "");
}

}  // namespace
}  // namespace tk::roster
