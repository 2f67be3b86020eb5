// A table of an employer: whom it is about, what a second time changes, and what is told of each bad row.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "apps/screening/import_jobs.h"
#include "apps/screening/tests/world.h"
#include "kernel/exchange/table_reader.h"

namespace tk::screening {
namespace {

using interaction::At;
using interaction::Method;
using interaction::Response;

class ScreeningImportTest : public ScreeningWorld {
 protected:
  void SetUp() override {
    ScreeningWorld::SetUp();
    jobs_ = std::make_unique<ImportJobs>(context_);
    ASSERT_LT(
        Put("Organization/works", R"({"resourceType":"Organization","id":"works","name":"一厂"})").status,
        300);
  }
  void TearDown() override {
    jobs_.reset();
    ScreeningWorld::TearDown();
  }
  Response Ask(Method method, std::vector<std::string> path, std::string body = {}, std::string query = {}) {
    interaction::Request request = Asking(method, std::move(path), std::move(body), std::move(query));
    request.content_type = "text/csv";
    return Answered(jobs_->Handle(request));
  }
  /// The report, when it is done.
  fhir::Document Import(const std::string& table, const std::string& more = {}) {
    const Response taken = Ask(Method::kPost, {"import"}, table, "organization=works" + more);
    EXPECT_EQ(taken.status, 202) << taken.body;
    id_ = At(Parsed(taken), "id");
    for (;;) {
      const Response shown = Ask(Method::kGet, {"imports", id_});
      EXPECT_EQ(shown.status, 200) << shown.body;
      fhir::Document report = Parsed(shown);
      const std::string state = At(report, "state");
      if (shown.status != 200 || (state != "waiting" && state != "running")) return report;
      std::this_thread::yield();
    }
  }
  /// "rows/added/changed/unchanged/refused known/new/doubtful".
  static std::string Told(const fhir::Document& report) {
    return fmt::format("{} {}/{}/{}/{}/{} {}/{}/{}", At(report, "state"), At(report, "rows"),
                       At(report, "added"), At(report, "changed"), At(report, "unchanged"),
                       At(report, "refused"), At(report, "persons.known"), At(report, "persons.new"),
                       At(report, "persons.doubtful"));
  }
  std::unique_ptr<ImportJobs> jobs_;
  std::string id_;
  const std::string number_ = interaction::ResidentIdOf("19800102", 22),
                    other_ = interaction::ResidentIdOf("19900304", 31);
};

TEST_F(ScreeningImportTest, WhoIsKnownIsNotEnteredAnewAndTwiceIsOnce) {
  PutPatient({.id = "known", .resident_id = number_});
  const std::string table = "姓名,证件号码,测量时间,体温,症状\n王晓芳," + number_ +
                            ",2023-10-18 08:30,37.6℃,咳嗽、乏力\n李明," + other_ + ",2023-10-18,36.5,无\n";
  EXPECT_EQ(Told(Import(table, "&check=true")), "done 2/0/0/0/0 0/0/0");
  EXPECT_EQ(Count("Observation?code=8310-5"), "0") << "checked, and nothing kept";
  EXPECT_EQ(Told(Import(table)), "done 2/2/0/0/0 1/1/0");
  EXPECT_EQ(Count("Patient?_total=accurate"), "2") << "the known one, and one who is new";
  const fhir::Document found = Parsed(Get("Observation?subject=Patient/known"));
  EXPECT_EQ(At(found, "entry.0.resource.valueQuantity.value"), "37.6");
  EXPECT_EQ(At(found, "entry.0.resource.effectiveDateTime"), "2023-10-18T08:30:00+08:00");
  EXPECT_EQ(At(found, "entry.0.resource.performer.0.reference"), "Organization/works");
  EXPECT_EQ(At(found, "entry.0.resource.category.1.coding.0.code"), "organization");
  EXPECT_EQ(At(found, "entry.0.resource.component.1.code.coding.0.code"), "fatigue");
  const uint64_t t = engine_->Head().t;
  EXPECT_EQ(Told(Import(table)), "done 2/0/0/2/0 2/0/0");
  EXPECT_EQ(engine_->Head().t, t) << "nothing was written";
}

TEST_F(ScreeningImportTest, ACorrectedRowCorrectsItsReading) {
  const auto table = [&](std::string_view number, std::string_view warm) {
    return fmt::format("编号,姓名,证件号码,测量时间,体温\nA7,王晓芳,{},2023-10-18,{}\n", number, warm);
  };
  EXPECT_EQ(Told(Import(table(number_, "38.4"))), "done 1/1/0/0/0 0/1/0");
  EXPECT_EQ(Told(Import(table(number_, "36.4"))), "done 1/0/1/0/0 1/0/0");
  EXPECT_EQ(Told(Import(table(number_, "36.4"))), "done 1/0/0/1/0 1/0/0");
  const fhir::Document found = Parsed(Get("Observation?code=8310-5"));
  EXPECT_EQ(Count("Observation?code=8310-5"), "1");
  EXPECT_EQ(At(found, "entry.0.resource.status"), "corrected");
  // The number was another person's: the reading goes to him.
  const std::string before = At(found, "entry.0.resource.subject.reference");
  EXPECT_EQ(Told(Import(table(other_, "36.4"))), "done 1/0/1/0/0 0/1/0");
  EXPECT_NE(At(Parsed(Get("Observation?code=8310-5")), "entry.0.resource.subject.reference"), before);
  // What somebody has marked as a mistake is not made right by the same row once more.
  const std::string id = At(found, "entry.0.resource.id");
  std::string mistaken = Get("Observation/" + id).body;
  mistaken.replace(mistaken.find("\"corrected\""), 11, "\"entered-in-error\"");
  ASSERT_EQ(Put("Observation/" + id, mistaken).status, 200);
  EXPECT_EQ(Told(Import(table(other_, "36.4"))), "done 1/0/0/1/0 1/0/0");
}

TEST_F(ScreeningImportTest, TheDoubtfulIsPutBeforeAPerson) {
  PutPatient({.id = "known", .phone = "19900000101"});
  EXPECT_EQ(Told(Import(
                "姓名,电话,出生日期,性别,测量时间,体温\n王晓芳,19900000101,1980-01-02,女,2023-10-18,36.6\n")),
            "done 1/1/0/0/0 0/0/1");
  EXPECT_EQ(Count("Task?status=requested"), "1");
  EXPECT_EQ(Count("Observation?subject=Patient/known"), "0") << "not before somebody says that it is he";
}

TEST_F(ScreeningImportTest, EachBadRowIsToldAndComesBackToBeMended) {
  std::string wrong = number_;
  wrong.back() = wrong.back() == '1' ? '2' : '1';
  const fhir::Document report =
      Import("姓名,证件号码,测量时间,体温,症状,网格代码,备注\n,,2023-10-18,36.5,,,\n王晓芳," + wrong +
             ",2023-10-18,36.5,,,\n王晓芳," + number_ + ",2026-02-30,36.5,,,\n王晓芳," + number_ +
             ",2024-10-18,36.5,,,\n王晓芳," + number_ + ",2023-10-18,376,,,\n王晓芳," + number_ +
             ",2023-10-18,36.5,飞,,\n王晓芳," + number_ + ",2023-10-18,,,,\n王晓芳," + number_ +
             ",2023-10-18,36.5,无 咳嗽,,\n王晓芳," + number_ + ",2023-10-18,36.5,,38x,\n王晓芳," + number_ +
             ",2023-10-18,36.5,,,好\n王晓芳," + number_ + ",2023-10-18,36.9,,,\n");
  EXPECT_EQ(Told(report), "done 11/1/0/0/10 0/1/0");
  std::string told;
  for (const fhir::Value issue : report.Root()["issues"])
    told += fmt::format("{}:{} ", issue["line"].Number(), issue["column"].ToString());
  EXPECT_EQ(told,
            "2:name 3:number 4:when 5:when 6:temperature 7:symptoms 8:temperature 9:symptoms 10:area 12: ");
  EXPECT_EQ(At(report, "unknown_columns.0"), "备注");
  const Response bad = Ask(Method::kGet, {"imports", id_, "bad-rows"});
  ASSERT_EQ(bad.status, 200);
  EXPECT_NE(bad.body.find("3,number,"), std::string::npos);
  EXPECT_NE(bad.body.find("王晓芳," + wrong), std::string::npos) << "as it came";
  EXPECT_EQ(std::count(bad.body.begin(), bad.body.end(), '\n'), 11) << "heads and ten rows";
}

TEST_F(ScreeningImportTest, TheTemplateIsReadAsATable) {
  const auto ask = [&](std::string query) {
    return Answered(HandleTemplate(Asking(Method::kGet, {"import-template"}, {}, std::move(query))));
  };
  for (const char* form : {"", "format=csv", "format=xlsx"}) {
    const Response empty = ask(form);
    ASSERT_EQ(empty.status, 200) << empty.body;
    auto reader = exchange::TableReader::Open(empty.body, {});
    ASSERT_TRUE(reader.ok()) << form;
    CsvRow row;
    ASSERT_TRUE((*reader)->Next(&row).value());
    const auto columns = FindColumns(row, Columns());
    ASSERT_TRUE(columns.ok()) << columns.error().external;
    EXPECT_TRUE(columns->unknown.empty());
    for (const size_t at : columns->at) EXPECT_LT(at, row.fields.size()) << form;
    EXPECT_FALSE((*reader)->Next(&row).value());
  }
  EXPECT_EQ(ask("format=doc").status, 400);
  viewer_ = With("screening-entry");
  EXPECT_EQ(ask("").status, 403);
}

TEST_F(ScreeningImportTest, ManyRowsOfSomePiecesComeThroughAndNewPersonsAreMadeOnce) {
  std::string table = "编号,姓名,证件号码,测量时间,体温\n";
  constexpr int kRows = 3500, kPersons = 700;
  for (int i = 0; i < kRows; ++i)
    table += fmt::format(
        "{},测{},{},2023-10-{:02},36.5\n", i, i % kPersons,
        interaction::ResidentIdOf(fmt::format("{}0102", 1950 + i % kPersons / 50), i % kPersons % 50),
        1 + i / kPersons);
  const fhir::Document report = Import(table);
  EXPECT_EQ(At(report, "state"), "done");
  EXPECT_EQ(At(report, "added"), std::to_string(kRows));
  EXPECT_EQ(Count("Observation?code=8310-5"), std::to_string(kRows));
  EXPECT_EQ(Count("Patient?_total=accurate"), std::to_string(kPersons));
  EXPECT_EQ(At(Import(table), "unchanged"), std::to_string(kRows));
}

TEST_F(ScreeningImportTest, WhoMayNotSendsNothingAndSeesNoOthersReports) {
  const std::string table = "姓名,证件号码,测量时间,体温\n王晓芳," + number_ + ",2023-10-18,36.5\n";
  EXPECT_EQ(Ask(Method::kPost, {"import"}, table).status, 400) << "of no organization";
  EXPECT_EQ(Ask(Method::kPost, {"import"}, table, "organization=none").status, 404);
  EXPECT_EQ(Ask(Method::kPost, {"import"}, table, "colour=red").status, 400);
  EXPECT_EQ(Ask(Method::kPost, {"import"}, "\xD0\xCF\x11\xE0", "organization=works").status, 400);
  (void)Import(table);
  const auto with = [&](std::string operation, std::string account, std::string organization) {
    auto viewer = With(std::move(operation));
    viewer->account = std::move(account);
    viewer->organization = std::move(organization);
    viewer_ = viewer;
  };
  with("screening-import", "other", "Organization/works");
  EXPECT_EQ(Ask(Method::kGet, {"imports", id_}).status, 404) << "another account's";
  EXPECT_EQ(Ask(Method::kPost, {"import"}, table).status, 202) << "of his own organization";
  with("screening-import", "other", "Organization/school");
  EXPECT_EQ(Ask(Method::kPost, {"import"}, table, "organization=works").status, 403);
  with("reveal", "third", "Organization/works");
  EXPECT_EQ(Ask(Method::kPost, {"import"}, table).status, 403);
  EXPECT_EQ(Ask(Method::kGet, {"imports", id_}).status, 403);
}

}  // namespace
}  // namespace tk::screening
