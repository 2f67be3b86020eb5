// The daily report: what stands in it, that it is made once and given out as it was made, and to whom.
#include "apps/screening/daily.h"

#include <algorithm>

#include "apps/screening/entries.h"
#include "apps/screening/tests/world.h"
#include "kernel/exchange/table_reader.h"

namespace tk::screening {
namespace {

using interaction::At;
using interaction::Method;
using interaction::Response;

class DailyTest : public ScreeningWorld {
 protected:
  void SetUp() override {
    ScreeningWorld::SetUp();
    Must(Put("Location/area-380100000000",
             R"({"resourceType":"Location","id":"area-380100000000","status":"active","name":"安和市"})"));
    for (const auto& [code, name] : {std::pair("380102", "东城区"), std::pair("380104", "西城区")}) {
      Must(Put(
          fmt::format("Location/area-{}000000", code),
          fmt::format(
              R"({{"resourceType":"Location","id":"area-{}000000","status":"active","name":"{}","partOf":{{"reference":"Location/area-380100000000"}}}})",
              code, name)));
      PutPatient({.id = fmt::format("p-{}", code), .phone = "19900000101", .area = code});
    }
    daily_ = std::make_unique<Daily>(context_);
  }
  void TearDown() override {
    daily_.reset();
    ScreeningWorld::TearDown();
  }
  static void Must(const Response& response) { ASSERT_LT(response.status, 300) << response.body; }
  void Enter(std::string_view id, std::string_view patient, std::string_view warm, std::string_view when) {
    Must(Answered(HandleEntries(
        context_,
        Asking(Method::kPost, {"entries"},
               fmt::format(
                   R"({{"entries":[{{"id":"{}","patient":"Patient/{}","temperature":{},"when":"{}"}}]}})", id,
                   patient, warm, when)))));
  }
  Response Ask(Method method, std::vector<std::string> path, std::string query = {}) {
    return Answered(daily_->Handle(Asking(method, std::move(path), {}, std::move(query))));
  }
  /// All rows of the first sheet, a line each.
  std::string Sheet(std::string_view day) {
    const Response bytes = Ask(Method::kGet, {"daily", std::string(day), "xlsx"});
    EXPECT_EQ(bytes.status, 200) << bytes.body;
    auto reader = exchange::TableReader::Open(bytes.body, {});
    if (!reader.ok()) return reader.error().external;
    std::string told;
    CsvRow row;
    while ((*reader)->Next(&row).value()) told += fmt::format("{}\n", fmt::join(row.fields, "|"));
    return told;
  }
  std::unique_ptr<Daily> daily_;
};

TEST_F(DailyTest, ItCountsByAreaAndChannelAndIsGivenOutAsItWasMade) {
  Enter("55555555-a", "p-380102", "36.6", "2023-11-14T08:00:00+08:00");
  Enter("55555555-b", "p-380102", "37.3", "2023-11-14T23:59:00+08:00");
  Enter("55555555-c", "p-380104", "38.5", "2023-11-15T00:10:00+08:00");  // the day after
  // Begun on the day and closed on it; closed the day after; still open.
  for (const auto& [id, status, closed] :
       {std::tuple("t1", "completed", "14T12:00"), std::tuple("t2", "completed", "15T00:01"),
        std::tuple("t3", "on-hold", "14T12:00")}) {
    Must(Put(
        fmt::format("Task/{}", id),
        fmt::format(
            R"({{"resourceType":"Task","id":"{}","status":"{}","intent":"order","code":{{"coding":[{{"system":"http://tongkang.dev/fhir/CodeSystem/screening-task","code":"fever-follow-up"}}]}},"for":{{"reference":"Patient/p-380104"}},"authoredOn":"2023-11-14T09:00:00+08:00","lastModified":"2023-11-{}:00+08:00"}})",
            id, status, closed)));
  }
  EXPECT_EQ(Ask(Method::kGet, {"daily"}, "day=2023-11-14").status, 404);
  EXPECT_EQ(Ask(Method::kPost, {"daily"}, "day=2023-11-15").status, 422) << "it is not over";
  ASSERT_EQ(Ask(Method::kPost, {"daily"}, "day=2023-11-14").status, 200);
  const std::string sheet = Sheet("2023-11-14");
  EXPECT_NE(sheet.find("东城区|2|0|0|2|1|0|0|0\n西城区|0|0|0|0|0|3|1|1\n全市|2|0|0|2|1|3|1|1\n"),
            std::string::npos)
      << sheet;
  const std::string pdf = Ask(Method::kGet, {"daily", "2023-11-14", "pdf"}).body;
  EXPECT_TRUE(pdf.starts_with("%PDF-"));
  // What comes later is not in what was sent.
  Enter("55555555-d", "p-380104", "36.6", "2023-11-14T09:00:00+08:00");
  clock_.Advance(3600 * kSecondUs);
  ASSERT_EQ(Ask(Method::kPost, {"daily"}, "day=2023-11-14").status, 200);
  EXPECT_EQ(Sheet("2023-11-14"), sheet);
  EXPECT_EQ(Ask(Method::kGet, {"daily", "2023-11-14", "pdf"}).body, pdf);
  const fhir::Document now = Parsed(Ask(Method::kGet, {"statistics"}, "day=2023-11-14"));
  EXPECT_EQ(At(now, "areas.1.screener"), "1") << "but in the figures of now";
}

TEST_F(DailyTest, TheTwoListsNameWhoAttended) {
  for (const auto& [id, status] :
       {std::pair("e1", "in-progress"), std::pair("e2", "cancelled"), std::pair("e3", "entered-in-error")}) {
    Must(Put(
        fmt::format("Encounter/{}", id),
        fmt::format(
            R"({{"resourceType":"Encounter","id":"{}","status":"{}","class":{{"code":"AMB"}},"type":[{{"coding":[{{"system":"{}","code":"fever-clinic"}}]}}],"subject":{{"reference":"Patient/p-380102"}},"period":{{"start":"2023-11-14T10:00:00+08:00"}},"serviceProvider":{{"display":"市一院"}}}})",
            id, status, kVisitTypeSystem)));
  }
  char flag = 'a';
  for (const auto& [status, day, text] :
       {std::tuple("active", "14", "重点人员"), std::tuple("active", "13", "昨日"),
        std::tuple("active", "15", "次日"), std::tuple("entered-in-error", "14", "错")}) {
    Must(Put(
        fmt::format("Flag/{}", flag),
        fmt::format(
            R"({{"resourceType":"Flag","id":"{}","status":"{}","code":{{"coding":[{{"code":"listed"}}],"text":"{}"}},"subject":{{"reference":"Patient/p-380104"}},"encounter":{{"reference":"Encounter/e1"}},"period":{{"start":"2023-11-{}T10:00:00+08:00"}}}})",
            flag, status, text, day)));
    ++flag;
  }
  const auto figures = Figures(context_, 37.3).Of("2023-11-14");
  ASSERT_TRUE(figures.ok()) << figures.error().ToString();
  ASSERT_EQ(figures->fever_clinic.size(), 1u) << "who is not over yet, and nobody who did not come";
  EXPECT_EQ(figures->fever_clinic[0].name, "王晓芳");
  EXPECT_EQ(figures->fever_clinic[0].phone, "19900000101");
  EXPECT_EQ(figures->fever_clinic[0].place, "市一院");
  ASSERT_EQ(figures->listed.size(), 1u) << "of the day alone, and none by mistake";
  EXPECT_EQ(figures->listed[0].note, "重点人员");
}

TEST_F(DailyTest, AtTheSetHourItIsMadeByItselfAndOnce) {
  ASSERT_TRUE(daily_->Look().ok());
  EXPECT_EQ(Count("DocumentReference?status=current"), "0") << "06:13: before the hour";
  clock_.Advance(2 * 3600 * kSecondUs);
  ASSERT_TRUE(daily_->Look().ok());
  EXPECT_EQ(Ask(Method::kGet, {"daily"}, "day=2023-11-14").status, 200);
  const uint64_t t = engine_->Head().t;
  ASSERT_TRUE(daily_->Look().ok());
  EXPECT_EQ(engine_->Head().t, t);
}

TEST_F(DailyTest, ItIsForAccountsOfTheWholeCityWithTheOperation) {
  viewer_ = With("screening-daily");
  EXPECT_EQ(Ask(Method::kGet, {"statistics"}, "day=2023-11-14").status, 403) << "of an area";
  viewer_ = With("reveal", "");
  EXPECT_EQ(Ask(Method::kPost, {"daily"}, "day=2023-11-14").status, 403);
  viewer_ = With("screening-daily", "");
  EXPECT_EQ(Ask(Method::kPost, {"daily"}, "day=2023-11-14").status, 200);
  EXPECT_EQ(Ask(Method::kGet, {"daily"}, "day=2024-11-14").status, 400) << "not yet";
  EXPECT_EQ(Ask(Method::kGet, {"daily"}).status, 200) << "the reports that are kept";
  EXPECT_EQ(Ask(Method::kGet, {"daily", "2023-11-14", "doc"}).status, 404);
}

}  // namespace
}  // namespace tk::screening
