#include "kernel/exchange/post_import.h"

#include <gtest/gtest.h>

#include "kernel/exchange/area_import.h"
#include "kernel/exchange/organization_import.h"
#include "kernel/exchange/test_support.h"

namespace tk::exchange {
namespace {

class PostImportTest : public ImportTest {
 protected:
  void SetUp() override {
    ImportTest::SetUp();
    ASSERT_TRUE(ImportAreas(context(), "code,name\n3801,安和市\n380102,东城区\n", {}).ok());
    ASSERT_TRUE(ImportOrganizations(context(), "name,id,code,parent\n第一医院,h1,,\n内科,,01,h1\n", {}).ok());
  }
  ImportReport Import(const std::string& csv, const ImportOptions& options = {}) {
    auto report = ImportPosts(context(), csv, options);
    EXPECT_TRUE(report.ok()) << report.error().ToString();
    return report.ok() ? std::move(report).value() : ImportReport();
  }
};

TEST_F(PostImportTest, APersonWithTwoPostsAndTheSecondTimeNothing) {
  const std::string csv =
      "工号,姓名,机构,科室代码,岗位,启用日期,电话\n"
      "1001,李一,h1,01,doctor,2024-01-01,1990000\n"
      "1001,李一,h1,,院长,,\n"
      "1002,王二,h1,01,nurse,,\n";
  EXPECT_EQ(Told(Import(csv)), "3 rows: 5+ 0~ 0= 0!");
  const fhir::Document person = Stored("Practitioner", "staff-1001");
  EXPECT_EQ(At(person, "identifier.0.value"), "1001");
  EXPECT_EQ(At(person, "name.0.text"), "李一");
  const fhir::Document post = Stored("PractitionerRole", "h1-01-1001");
  EXPECT_EQ(At(post, "practitioner.reference"), "Practitioner/staff-1001");
  EXPECT_EQ(At(post, "organization.reference"), "Organization/h1-01");
  EXPECT_EQ(At(post, "code.0.coding.0.code"), "doctor");
  EXPECT_EQ(At(post, "period.start"), "2024-01-01");
  EXPECT_EQ(At(Stored("PractitionerRole", "h1-1001"), "code.0.text"), "院长");
  const uint64_t t = engine_->Head().t;
  EXPECT_EQ(Told(Import(csv)), "3 rows: 0+ 0~ 5= 0!");
  EXPECT_EQ(engine_->Head().t, t);
  EXPECT_EQ(Told(Import("number,name,organization,department,until,status\n1001,,h1,01,2025-06-30,停用\n")),
            "1 rows: 0+ 1~ 1= 0!");
  const fhir::Document ended = Stored("PractitionerRole", "h1-01-1001");
  EXPECT_EQ(At(ended, "period.start"), "2024-01-01") << "what the table does not say stays";
  EXPECT_EQ(At(ended, "period.end"), "2025-06-30");
  EXPECT_EQ(At(Stored("Practitioner", "staff-1001"), "name.0.text"), "李一");
}

TEST_F(PostImportTest, WrongRowsAreRefusedWithTheirColumns) {
  const ImportReport report = Import(
      "number,name,organization,department,from,until\n"
      ",谁,h1,,,\n"
      "1,甲,nowhere,,,\n"
      "2,乙,h1,99,,\n"
      "3,丙,h1,,2024-02-31,\n"
      "4,丁,h1,,2024-02-01,2023-01-01\n"
      "5,,h1,,,\n"
      "a b,戊,h1,,,\n"
      "6,己,h1,,,\n"
      "6,庚,h1,01,,\n"
      "6,己,h1,,2024-01-01,\n");
  EXPECT_EQ(Told(report), "10 rows: 2+ 0~ 0= 9!");
  std::string columns;
  for (const RowIssue& issue : report.issues) columns += fmt::format("{}:{} ", issue.line, issue.column);
  EXPECT_EQ(columns,
            "2:number 3:organization 4:department 5:from 6:until 7:name 8:number 10:name 11:organization ");
}

}  // namespace
}  // namespace tk::exchange
