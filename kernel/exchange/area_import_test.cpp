// Tables of divisions on the real engine: what is kept, what is refused and why, what a second time changes.
#include "kernel/exchange/area_import.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "kernel/base/random.h"
#include "kernel/exchange/operations.h"
#include "kernel/exchange/test_support.h"

namespace tk::exchange {
namespace {

constexpr std::string_view kSmallCity =
    "代码,名称\n"
    "380100000000,安和市\n"
    "380102000000,东城区\n"
    "380102001000,河口街道\n"
    "380102001001,一村\n";

class AreaImportTest : public ImportTest {
 protected:
  ImportReport Import(std::string_view csv, ImportOptions options = {}) {
    auto report = ImportAreas(context(), csv, options);
    EXPECT_TRUE(report.ok()) << report.error().ToString();
    return report.ok() ? std::move(report).value() : ImportReport();
  }
  std::string PathOf(std::string_view code) {
    const geo::AreaTreePtr tree = areas_->Tree();
    const geo::AreaIndex i = tree->Find(geo::ParseAreaCode(code).value());
    return i == geo::kNoArea ? "-" : tree->Path(i);
  }
};

TEST_F(AreaImportTest, ATableIsATreeAndTheSecondTimeNothing) {
  EXPECT_EQ(Told(Import(kSmallCity)), "4 rows: 4+ 0~ 0= 0!");
  EXPECT_EQ(PathOf("380102001001"), "安和市/东城区/河口街道/一村");
  const fhir::Document village = Stored("Location", "area-380102001001");
  EXPECT_EQ(At(village, "partOf.reference"), "Location/area-380102001");
  EXPECT_EQ(At(village, "type.0.coding.0.code"), "village");
  EXPECT_EQ(At(village, "status"), "active");
  const uint64_t t = engine_->Head().t;
  EXPECT_EQ(Told(Import(kSmallCity)), "4 rows: 0+ 0~ 4= 0!");
  EXPECT_EQ(engine_->Head().t, t) << "not even a transaction";
}

TEST_F(AreaImportTest, BadRowsAreToldWithLineColumnAndCureAndNothingOfThemIsKept) {
  const ImportReport report = Import(
      "code,name,parent,level,status,from,until,longitude,latitude,boundary,colour\n"
      "3801,安和市,,,,,,,,,\n"
      "380102,东城区,3801,county,,,,121.5,31.2,,red\n"
      "38010,x,,,,,,,,,\n"
      "380103,,,,,,,,,,\n"
      "380104,西城,380102,,,,,,,,\n"
      "380105,南城,,city,,,,,,,\n"
      "380106,北城,,,gone,,,,,,\n"
      "380107,中城,,,,2024-02-30,,,,,\n"
      "380108,外城,,,,2024-02-03,2020-01-01,,,,\n"
      "380109,内城,,,,,,200,31,,\n"
      "380110,老城,,,,,,,,\"{\"\"type\"\":\"\"Point\"\"}\",\n"
      "390102,远城,,,,,,,,,\n"
      "380102,东城,,,,,,,,,\n"
      "380103001,孤镇,380103,,,,,,,,\n"
      "380112,\"坏\"行,,,,,,,,,\n");
  EXPECT_EQ(Told(report), "15 rows: 2+ 0~ 0= 13!");
  std::vector<std::string> where;
  for (const RowIssue& issue : report.issues) where.push_back(fmt::format("{} {}", issue.line, issue.column));
  EXPECT_EQ(where, (std::vector<std::string>{"4 code", "5 name", "6 parent", "7 level", "8 status", "9 from",
                                             "10 until", "11 longitude", "12 boundary", "13 code", "14 code",
                                             "15 parent", "16 field 2"}));
  EXPECT_EQ(report.unknown_columns, std::vector<std::string>{"colour"});
  EXPECT_EQ(areas_->Tree()->size(), 2u);
}

TEST_F(AreaImportTest, ARowWithACommaTooManyIsRefused) {
  const ImportReport report = Import(
      "code,name\n"
      "3801,安和市,,\n"
      "380102,东城,西段\n"
      "380103,\"西城,旧\"\n");
  EXPECT_EQ(Told(report), "3 rows: 2+ 0~ 0= 1!");
  ASSERT_EQ(report.issues.size(), 1u);
  EXPECT_EQ(report.issues[0].line, 3u);
  EXPECT_EQ(report.issues[0].column, "field 3");
  EXPECT_NE(report.issues[0].text.find("quotes"), std::string::npos);
  EXPECT_EQ(PathOf("380102"), "-");
}

std::vector<std::string> Places(const ImportReport& report) {
  std::vector<std::string> places;
  for (const RowIssue& issue : report.issues)
    places.push_back(fmt::format("{} {}", issue.line, issue.column));
  return places;
}

TEST_F(AreaImportTest, OrphansAreRefusedWithWhatIsMissing) {
  const ImportReport report = Import(
      "code,name,parent\n"
      "3801,安和市,\n"
      "380102,东城区,\n"
      "380102001,街,380102\n"
      "380199001002,孤村,\n"
      "380102005001,无镇村,\n"
      "380102001001,村,\n"
      "380102001001001,格,\n"
      "380102001002001,孤格,\n"
      "380103,自己,380103\n"
      "380104,上级不在,380188\n"
      "380104001,上级被拒,\n"
      "380105,别处,380102\n"
      "390102,远区,39\n"
      "4101,上级不在的市,41\n");
  EXPECT_EQ(Told(report), "14 rows: 5+ 0~ 0= 9!");
  EXPECT_EQ(Places(report), (std::vector<std::string>{"5 code", "6 code", "9 code", "10 parent", "11 parent",
                                                      "12 code", "13 parent", "14 parent", "15 parent"}));
  EXPECT_NE(report.issues[0].text.find("380199001"), std::string::npos) << report.issues[0].text;
  EXPECT_NE(report.issues[1].text.find("380102005"), std::string::npos);
  EXPECT_NE(report.issues[3].text.find("not its own parent"), std::string::npos);
  EXPECT_NE(report.issues[4].text.find("380188"), std::string::npos);
  EXPECT_NE(report.issues[4].text.find("add its row"), std::string::npos);
  EXPECT_EQ(areas_->Tree()->issue_count(), 0u);
  // With the row that was missing they are no orphans; the tree counts as the table does.
  EXPECT_EQ(Told(Import("code,name\n380199001,镇\n380199,县\n380199001002,孤村\n")), "3 rows: 3+ 0~ 0= 0!");
  EXPECT_EQ(Told(Import("code,name\n380199001003,村\n")), "1 rows: 1+ 0~ 0= 0!");
}

TEST_F(AreaImportTest, ATownshipWithoutCountyAndACountyBelowItsProvinceAreNoOrphans) {
  EXPECT_EQ(Told(Import("code,name\n3819,无县市\n381900003,镇\n381900003001,村\n")), "3 rows: 3+ 0~ 0= 0!");
  EXPECT_EQ(PathOf("381900003001"), "无县市/镇/村");
  EXPECT_EQ(Told(Import("code,name,parent\n38,省\n380102,直辖区,38\n")), "2 rows: 2+ 0~ 0= 0!");
}

TEST_F(AreaImportTest, SuccessorsAreThereAndLeadNobodyBack) {
  Import(kSmallCity);
  const ImportReport report = Import(
      "code,name,successor\n"
      "380103,并入东城,380102\n"
      "380104,自己,380104\n"
      "380105,不在,380199\n"
      "380106,圈甲,380107\n"
      "380107,圈乙,380108\n"
      "380108,圈丙,380106\n"
      "380109,后来的,380110\n"
      "380110,并入后来,380103\n"
      "380111,并入被拒的,380105\n"
      "380105001,被拒的下级,\n");
  EXPECT_EQ(Told(report), "10 rows: 3+ 0~ 0= 7!");
  EXPECT_EQ(Places(report),
            (std::vector<std::string>{"3 successor", "4 successor", "5 successor", "6 successor",
                                      "7 successor", "10 successor", "11 code"}));
  EXPECT_NE(report.issues[0].text.find("not its own successor"), std::string::npos);
  EXPECT_NE(report.issues[1].text.find("380199"), std::string::npos);
  EXPECT_NE(report.issues[2].text.find("succeeded by this one itself"), std::string::npos);
  // A circle through what is stored; and what is taken over by one of the table that was refused only for itself.
  EXPECT_EQ(Places(Import("code,name,successor\n380102,,380103\n")),
            (std::vector<std::string>{"2 successor"}));
  EXPECT_EQ(Told(Import("code,successor,name\n380103,380102,\n")), "1 rows: 0+ 0~ 1= 0!");
}

TEST_F(AreaImportTest, AllOrNothingAndCheckingWriteNothing) {
  ImportOptions options;
  options.all_or_nothing = true;
  const ImportReport refused = Import("code,name\n3801,安和市\n38010,x\n", options);
  EXPECT_FALSE(refused.kept);
  EXPECT_EQ(areas_->Tree()->size(), 0u);
  ImportOptions check;
  check.check_only = true;
  const ImportReport checked = Import(kSmallCity, check);
  EXPECT_EQ(Told(checked), "4 rows: 4+ 0~ 0= 0!");
  EXPECT_FALSE(checked.kept);
  EXPECT_EQ(areas_->Tree()->size(), 0u);
  EXPECT_EQ(Told(Import(kSmallCity, options)), "4 rows: 4+ 0~ 0= 0!");
  EXPECT_EQ(engine_->Head().t, 1u) << "one transaction";
}

TEST_F(AreaImportTest, RenamedAndAbolishedDivisionsKeepTheirPast) {
  Import(kSmallCity);
  Put("Location", "area-380102",
      R"({"resourceType":"Location","id":"area-380102","identifier":[{"system":"http://tongkang.dev/fhir/sid/area","value":"380102"},{"system":"http://example.org/post","value":"1"}],"status":"active","name":"东城区","telecom":[{"system":"phone","value":"1"}],"partOf":{"reference":"Location/area-3801"}})");
  const ImportReport report = Import(
      "code,name,status,until,successor\n"
      "380102,新东区,,,\n"
      "380102001,,inactive,2024-06-30,380102002\n"
      "380102002,新河口街道,,,\n");
  EXPECT_EQ(Told(report), "3 rows: 1+ 2~ 0= 0!");
  const fhir::Document county = Stored("Location", "area-380102");
  EXPECT_EQ(At(county, "name"), "新东区");
  EXPECT_EQ(At(county, "alias.0"), "东城区");
  EXPECT_EQ(At(county, "telecom.0.value"), "1") << "what the table does not say stays";
  EXPECT_EQ(At(county, "identifier.1.value"), "1");
  const fhir::Document street = Stored("Location", "area-380102001");
  EXPECT_EQ(At(street, "status"), "inactive");
  EXPECT_EQ(At(street, "name"), "河口街道");
  EXPECT_EQ(PathOf("380102001001"), "安和市/新东区/河口街道/一村") << "old records still resolve";
  const geo::AreaFact fact =
      areas_->Tree()->Fact(areas_->Tree()->Find(geo::ParseAreaCode("380102001").value()));
  EXPECT_FALSE(fact.active);
  EXPECT_EQ(fact.until, 20240630);
  EXPECT_EQ(geo::CodeOf(fact.successor), "380102002");
}

TEST_F(AreaImportTest, OneThatWasDeletedOrHasAnotherIdIsTaken) {
  Import(kSmallCity);
  Delete("Location", "area-380102001001");
  EXPECT_EQ(PathOf("380102001001"), "-");
  Put("Location", "other",
      R"({"resourceType":"Location","id":"other","identifier":[{"system":"http://tongkang.dev/fhir/sid/area","value":"380103"}],"status":"active","name":"西区","partOf":{"reference":"Location/area-3801"}})");
  EXPECT_EQ(Told(Import(std::string(kSmallCity) + "380103,西山区\n380103001,山镇\n")), "6 rows: 2+ 1~ 3= 0!");
  EXPECT_EQ(At(Stored("Location", "other"), "name"), "西山区");
  EXPECT_EQ(At(Stored("Location", "area-380103001"), "partOf.reference"), "Location/other");
  EXPECT_EQ(Told(Import("code,name\n380103001,山镇\n")), "1 rows: 0+ 0~ 1= 0!");
}

TEST_F(AreaImportTest, Gb18030AndBoundaries) {
  // 代码,名称 and 安和市, as a spreadsheet in Chinese saves them.
  const ImportReport report = Import("\xb4\xfa\xc2\xeb,\xc3\xfb\xb3\xc6\n3801,\xb0\xb2\xba\xcd\xca\xd0\n");
  EXPECT_EQ(report.charset, "gb18030");
  EXPECT_EQ(PathOf("3801"), "安和市");
  const std::string grid =
      "code,name,boundary\n380102,东城区,\n380102001,街,\n380102001001,村,\n380102001001001,一格,"
      "\"{\"\"type\"\":\"\"Polygon\"\",\"\"coordinates\"\":[[[121,31],[121.1,31],[121.1,31.1],[121,31]]]}"
      "\"\n";
  EXPECT_EQ(Told(Import(grid)), "4 rows: 4+ 0~ 0= 0!");
  const geo::AreaTreePtr tree = areas_->Tree();
  const geo::AreaIndex at = tree->AreaAt({121'090'000, 31'010'000});
  ASSERT_NE(at, geo::kNoArea);
  EXPECT_EQ(tree->Name(at), "一格");
  EXPECT_EQ(Told(Import(grid)), "4 rows: 0+ 0~ 4= 0!");
}

TEST_F(AreaImportTest, ManyRowsInManyTransactions) {
  std::string csv = "code,name\n3801,安和市\n380102,东城区\n";
  for (int i = 1; i < 800; ++i) csv += fmt::format("380102{:03},镇{}\n380102{:03}001,村\n", i, i, i);
  EXPECT_EQ(Told(Import(csv)), "1600 rows: 1600+ 0~ 0= 0!");
  EXPECT_EQ(areas_->Tree()->size(), 1600u);
  EXPECT_EQ(areas_->Tree()->issue_count(), 0u);
}

}  // namespace

// ---- over requests

namespace {

class OperationsTest : public ImportTest {
 protected:
  interaction::Response Ask(interaction::Method method, std::vector<std::string> path, std::string query,
                            std::string body = {}, std::string type = "text/csv") {
    interaction::Request request;
    request.method = method;
    request.path = std::move(path);
    request.query = std::move(query);
    request.body = std::move(body);
    request.content_type = std::move(type);
    request.request_id = "r1";
    request.viewer = viewer_;
    EXPECT_TRUE(Operations::Has(request));
    return Operations(context()).Handle(request);
  }
  interaction::Response Tree(std::string query) {
    return Ask(interaction::Method::kGet, {"Location", "$tree"}, std::move(query));
  }
  std::shared_ptr<const access::Viewer> viewer_ = interaction::AdminViewer();
};

TEST_F(OperationsTest, ImportThenAskTheTree) {
  const auto answer = Ask(interaction::Method::kPost, {"$import-areas"}, "", std::string(kSmallCity));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_GT(answer.audit_t, 0u);
  EXPECT_NE(answer.body.find(R"({"name":"added","valueInteger":4})"), std::string::npos) << answer.body;
  EXPECT_EQ(At(Stored("Location", "area-3801"), "meta.source"), "urn:tongkang:import:r1");
  const auto tree = Tree("code=380102&depth=2");
  ASSERT_EQ(tree.status, 200) << tree.body;
  EXPECT_NE(tree.body.find("安和市/东城区"), std::string::npos);
  EXPECT_NE(tree.body.find("一村"), std::string::npos);
  EXPECT_EQ(Tree("code=380102&depth=1").body.find("一村"), std::string::npos);
  EXPECT_EQ(Tree("code=380103").status, 404);
  EXPECT_EQ(Tree("code=x").status, 400);
  EXPECT_EQ(Tree("").status, 400);
  EXPECT_EQ(Tree("code=3801&point=1,2").status, 400);
  EXPECT_EQ(Tree("code=3801&depth=9").status, 400);
  EXPECT_EQ(Tree("point=121.5").status, 400);
  EXPECT_EQ(Tree("point=121.5,31").status, 404);
  EXPECT_EQ(Tree("issues=true").status, 200);
}

TEST_F(OperationsTest, OnlyPostsOfTheWholeCityWithTheRight) {
  const auto import = [&] {
    return Ask(interaction::Method::kPost, {"$import-areas"}, "", std::string(kSmallCity)).status;
  };
  viewer_ = interaction::AreaViewer("380102");
  EXPECT_EQ(import(), 403) << "all rights, in one county";
  auto post = std::make_shared<access::Post>();
  post->reads = {"Location"};
  post->writes = {"Location"};
  auto viewer = interaction::AdminViewer();
  viewer->post = post;
  viewer_ = viewer;
  EXPECT_EQ(import(), 403) << "no such operation";
  auto other = std::make_shared<access::Post>(*post);
  other->operations = {"$import-areas"};
  other->writes.clear();
  viewer = interaction::AdminViewer();
  viewer->post = other;
  viewer_ = viewer;
  EXPECT_EQ(import(), 403) << "writes no Location";
  EXPECT_EQ(Tree("issues=true").status, 200);
  other = std::make_shared<access::Post>();
  viewer = interaction::AdminViewer();
  viewer->post = other;
  viewer_ = viewer;
  EXPECT_EQ(Tree("issues=true").status, 403);
}

TEST_F(OperationsTest, OrganizationsGoInByTheirOwnOperation) {
  const auto answer =
      Ask(interaction::Method::kPost, {"$import-organizations"}, "", "id,name\nh1,第一医院\n");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.audit_type, "Organization");
  EXPECT_EQ(At(Stored("Organization", "h1"), "name"), "第一医院");
}

TEST_F(OperationsTest, WhatIsNotOfferedIsSaid) {
  EXPECT_EQ(Ask(interaction::Method::kGet, {"$import-areas"}, "").status, 405);
  EXPECT_EQ(Ask(interaction::Method::kPost, {"Location", "$tree"}, "").status, 405);
  EXPECT_EQ(Ask(interaction::Method::kPost, {"$import-areas"}, "", "{}", "application/json").status, 415);
  EXPECT_EQ(Ask(interaction::Method::kPost, {"$import-areas"}, "colour=1", "code,name\n").status, 400);
  EXPECT_EQ(Ask(interaction::Method::kPost, {"$import-areas"}, "", "name\n").status, 400);
  EXPECT_EQ(Ask(interaction::Method::kPost, {"$import-areas"}, "", "").status, 400);
  EXPECT_EQ(
      Ask(interaction::Method::kPost, {"$import-areas"}, "", "\xb0\xb2", "text/csv; charset=utf-8").status,
      400);
}

}  // namespace
}  // namespace tk::exchange
