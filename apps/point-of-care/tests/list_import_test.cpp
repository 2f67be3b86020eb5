// A list from a table: who is found is listed, the doubtful is put before a person, the bad row is told, and sent twice nothing changes.
#include "apps/point-of-care/list_import.h"
#include "apps/point-of-care/tests/world.h"
#include "kernel/access/inquiries.h"
#include "kernel/access/mask.h"

namespace tk::point_of_care {
namespace {

class ListImportTest : public WatchWorld {
 protected:
  Response Import(const std::string& table, std::string_view more = {}) const {
    app::Context context;
    context.engine = engine_.get();
    context.interactions = interactions_.get();
    context.clock = &clock_;
    interaction::Request request = Make(interaction::Method::kPost, "import", table);
    request.query = "list=cdc" + std::string(more);
    request.content_type = "text/csv";
    request.request_id = "r1";
    auto promise = std::make_shared<std::promise<Response>>();
    auto future = promise->get_future();
    HandleImport(context, std::move(request),
                 [promise](Response response) { promise->set_value(std::move(response)); });
    return future.get();
  }
  /// "rows/added/changed/unchanged/refused joined review".
  static std::string Told(const Response& response) {
    const fhir::Document report = Parsed(response);
    return fmt::format("{}/{}/{}/{}/{} {} {}", At(report, "rows"), At(report, "added"), At(report, "changed"),
                       At(report, "unchanged"), At(report, "refused"), At(report, "joined"),
                       At(report, "review"));
  }
  const std::string number_ = interaction::ResidentIdOf("19800102", 22);
};

TEST_F(ListImportTest, WhoFitsCertainlyIsListedAndAlertedAndTwiceIsOnce) {
  PutPatient({.id = "known", .resident_id = number_});
  Must(Register("known"));
  const std::string table = "姓名,证件号码,原因,截止日期\n王晓芳," + number_ + ",密切接触者,2099-01-31\n";
  EXPECT_EQ(Told(Import(table, "&check=true")), "1/1/0/0/0 0 []");
  EXPECT_TRUE(watch_->All().empty()) << "checked, and nothing kept";
  const Response first = Import(table);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(Told(first), "1/1/0/0/0 1 []");
  EXPECT_EQ(Alerts(), 1u) << "he is there at this moment";
  EXPECT_EQ(LinksOf(Register("known")).size(), 1u);
  const uint64_t t = engine_->Head().t;
  EXPECT_EQ(Told(Import(table)), "1/0/0/1/0 0 []");
  EXPECT_EQ(engine_->Head().t, t) << "nothing was written";
  clock_.Advance(int64_t{3} * 86'400 * kSecondUs);
  EXPECT_EQ(Told(Import(table)), "1/0/0/1/0 0 []") << "nor on another day";
}

TEST_F(ListImportTest, AnEntryThatWasEndedIsNotRevivedByItsRow) {
  const std::string table = "name,number,reason\n王晓芳," + number_ + ",x\n";
  ASSERT_EQ(Import(table).status, 200);
  ASSERT_EQ(watch_->All().size(), 1u);
  EXPECT_EQ(Told(Import("name,number,reason,status\n王晓芳," + number_ + ",x,解除\n")), "1/0/1/0/0 0 []");
  EXPECT_TRUE(watch_->All().empty());
  EXPECT_EQ(Told(Import(table)), "1/0/0/1/0 0 []");
  EXPECT_TRUE(watch_->All().empty());
}

TEST_F(ListImportTest, TheDoubtfulIsPutBeforeAPersonAndCountsWhenHeSaysSo) {
  PutPatient({.id = "known", .phone = "19900000101"});
  const Response answer = Import("姓名,电话,出生日期,性别,原因\n王晓芳,19900000101,1980-01-02,女,x\n");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Told(answer), "1/1/0/0/0 0 [2]") << answer.body;
  EXPECT_TRUE(LinksOf(Register("known")).empty()) << "not before somebody said that it is he";
  const std::string record =
      At(Parsed(Get("WatchEntry?list=WatchList/cdc")), "entry.0.resource.subject.reference");
  ASSERT_EQ(Post("Patient/$link", Pair("known", record.substr(8))).status, 200);
  EXPECT_EQ(LinksOf(Register("known")).size(), 1u);
}

TEST_F(ListImportTest, WhoIsNobodyYetIsFoundWhenHeComes) {
  ASSERT_EQ(Import("name,number,reason\n王晓芳," + number_ + ",x\n").status, 200);
  PutPatient({.id = "fresh", .resident_id = number_});
  EXPECT_EQ(LinksOf(Register("fresh")).size(), 1u);
}

TEST_F(ListImportTest, EachBadRowIsToldAndTheGoodOnesStay) {
  std::string wrong = number_;
  wrong.back() = wrong.back() == '1' ? '2' : '1';
  const Response answer = Import(
      "name,number,reason,from,until,level\n"
      ",,x,,,\n"  // 2: no name
      "王晓芳," +
      wrong +
      ",x,,,\n"  // 3: check digit
      "王晓芳," +
      number_ +
      ",,,,\n"  // 4: no reason
      "王晓芳," +
      number_ +
      ",x,2026-02-30,,\n"  // 5: no such day
      "王晓芳," +
      number_ +
      ",x,2026-03-02,2026-03-01,\n"  // 6: ends before it begins
      "王晓芳," +
      number_ +
      ",x,,,grave\n"  // 7: no such level
      "李四,,x,,,\n"  // 8: nothing to find him by
      "王晓芳," +
      number_ +
      ",x,,,\n"  // 9: good
      "王晓芳," +
      number_ + ",y,,,\n");  // 10: the same entry again
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Told(answer), "9/1/0/0/8 0 []") << answer.body;
  const fhir::Document report = Parsed(answer);
  std::string told;
  for (const fhir::Value issue : report.Root()["issues"])
    told += fmt::format("{}:{} ", issue["line"].Number(), issue["column"].ToString());
  EXPECT_EQ(told, "2:name 3:number 4:reason 5:from 6:until 7:level 8:number 10:entry ");
  EXPECT_EQ(answer.body.find(wrong), std::string::npos) << "no value of a person in what is told";
}

TEST_F(ListImportTest, TheListsOwnDaysEndAnEntryThatSaysNoEnd) {
  Must(Put("WatchList/cdc", ListJson("cdc", R"(,"validDays":14)")));
  ASSERT_EQ(Import("name,number,reason,from\n王晓芳," + number_ + ",x,2026-11-20\n").status, 200);
  EXPECT_EQ(At(Parsed(Get("WatchEntry?list=WatchList/cdc")), "entry.0.resource.period.end"), "2026-12-03");
}

/// Sees of a number the first three and of a birth date the year, and may try three an hour.
std::shared_ptr<access::Viewer> Masked(const access::Viewer& whole) {
  auto masks = std::make_shared<access::Masks>();
  masks->identifier = access::Ends{3, 0};
  masks->phone = access::Ends{3, 0};
  masks->birth_date = true;
  masks->exact_per_hour = 3;
  auto viewer = std::make_shared<access::Viewer>(whole);
  viewer->masks = std::move(masks);
  return viewer;
}
const std::string kNumbersHead = "name,number,reason\n";
/// A row of one born in that year.
std::string NumberRow(std::string_view name, int year, int sequence = 10) {
  return fmt::format("{},{},x\n", name, interaction::ResidentIdOf(fmt::format("{}0304", year), sequence));
}

TEST_F(ListImportTest, ManyNumbersForOneNameAreTries) {
  viewer_ = Masked(*viewer_);
  std::string list = kNumbersHead;
  int year = 1980;
  for (const char* name : {"王晓芳", "李秋燕", "赵天", "钱小明", "孙丽"}) list += NumberRow(name, year++);
  EXPECT_EQ(Import(list).status, 200) << "a list is as long as it is";
  EXPECT_EQ(Import(kNumbersHead + NumberRow("王晓芳", 1991)).status, 200);
  EXPECT_EQ(Import(kNumbersHead + NumberRow("王晓芳", 1991)).status, 200) << "sent again";
  EXPECT_EQ(Import(kNumbersHead + NumberRow("王　晓 芳·", 1992)).status, 200);
  const uint64_t t = engine_->Head().t;
  for (const char* name : {"王晓芳", "王 晓芳", "王曉芳", "王晓芳.", "王晓芳（一）"}) {
    EXPECT_EQ(Import(kNumbersHead + NumberRow(name, 1993)).status, 429) << name;
    EXPECT_EQ(Import(kNumbersHead + NumberRow(name, 1993), "&check=true").status, 429) << name;
  }
  EXPECT_EQ(engine_->Head().t, t);
  EXPECT_EQ(interactions_->inquiries()->alarms().accounts, 1u);
}

// Whoever looks for one person's number tries such that look like what he sees of it; the names beside them are his to choose.
TEST_F(ListImportTest, ManyNumbersThatLookAlikeAreTriesWhateverTheNames) {
  viewer_ = Masked(*viewer_);
  int sequence = 10;
  for (const char* name : {"王晓芳", "李秋燕", "赵天"})
    EXPECT_EQ(Import(kNumbersHead + NumberRow(name, 1990, sequence++)).status, 200) << name;
  EXPECT_EQ(Import(kNumbersHead + NumberRow("钱小明", 1990, sequence)).status, 429);
  EXPECT_EQ(Import(kNumbersHead + NumberRow("钱小明", 1991, sequence)).status, 200) << "looks like others";
  const std::string phones = "姓名,电话,出生日期,原因\n";
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(Import(phones + fmt::format("王{},1990000{}101,1970-0{}-02,x\n", i, i, i + 1)).status, 200)
        << i;
  EXPECT_EQ(Import(phones + "王三,19900003101,1971-05-02,x\n").status, 200);
  EXPECT_EQ(Import(phones + "王四,19900003101,1970-05-02,x\n").status, 429);
  EXPECT_EQ(Import(phones + "王五,+86 199 0000 2101,1970-06-02,x\n").status, 429) << "of one number, too";
}

TEST_F(ListImportTest, OfSoManyItIsToldThatAClerkIsAsked) {
  const auto whole = viewer_;
  const std::pair<const char*, const char*> people[] = {
      {"王晓芳", "王小方"}, {"李秋燕", "李秋艳"}, {"赵天明", "赵天鸣"}, {"钱小明", "钱晓鸣"}};
  std::string list = kNumbersHead;
  int year = 1980;
  for (const auto& [name, sounds_like] : people) {
    PutPatient({.id = fmt::format("p{}", year),
                .name = name,
                .birth = fmt::format("{}-03-04", year),
                .resident_id = interaction::ResidentIdOf(fmt::format("{}0304", year), 10)});
    list += NumberRow(sounds_like, year++);
  }
  viewer_ = Masked(*whole);
  const Response answer = Import(list);
  EXPECT_EQ(Told(answer), "4/4/0/0/0 0 [2,3,4]") << answer.body;
  EXPECT_EQ(At(Parsed(answer), "review_cut"), "true");
  viewer_ = whole;
  EXPECT_EQ(At(Parsed(Get("Task?status=requested&_total=accurate")), "total"), "4")
      << "he is asked all the same";
  const Response of_whole = Import(kNumbersHead + NumberRow("钱晓明", 1983));
  EXPECT_EQ(At(Parsed(of_whole), "review_cut"), "false") << of_whole.body;
}

TEST_F(ListImportTest, WhoMayNotImportsNothing) {
  const std::string table = "name,number,reason\n王晓芳," + number_ + ",x\n";
  viewer_ = interaction::AreaViewer("380102");
  EXPECT_EQ(Import(table).status, 403) << "an account of an area";
  auto post = std::make_shared<access::Post>(*viewer_->post);
  post->operations = {"reveal"};
  auto viewer = std::make_shared<access::Viewer>(*interaction::AdminViewer());
  viewer->post = std::move(post);
  viewer_ = viewer;
  EXPECT_EQ(Import(table).status, 403) << "a post without the operation";
  viewer_ = interaction::AdminViewer();
  EXPECT_EQ(Import(table, "x").status, 404) << "no such list";
  EXPECT_EQ(Import(table, "&colour=red").status, 400);
  EXPECT_EQ(Import("reason\nx\n").status, 400) << "the name's column is missing";
}

}  // namespace
}  // namespace tk::point_of_care
