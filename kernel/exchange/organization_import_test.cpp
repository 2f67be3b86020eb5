#include "kernel/exchange/organization_import.h"

#include <gtest/gtest.h>

#include "kernel/exchange/area_import.h"
#include "kernel/exchange/test_support.h"
#include "kernel/person/identifier.h"

namespace tk::exchange {
namespace {

/// A valid credit code in county 380102.
std::string CreditOf(int number) {
  std::string code = fmt::format("12380102{:09}", number);
  code.push_back(person::CreditCodeCheckDigit(code));
  return code;
}

class OrganizationImportTest : public ImportTest {
 protected:
  void SetUp() override {
    ImportTest::SetUp();
    ASSERT_TRUE(ImportAreas(context(), "code,name\n3801,安和市\n380102,东城区\n", {}).ok());
  }
  ImportReport Import(const std::string& csv, const ImportOptions& options = {}) {
    auto report = ImportOrganizations(context(), csv, options);
    EXPECT_TRUE(report.ok()) << report.error().ToString();
    return report.ok() ? std::move(report).value() : ImportReport();
  }
  std::string PathOf(const std::string& id) const {
    const geo::AreaTreePtr tree = areas_->Tree();
    const geo::InstitutionFact* const found = tree->FindInstitution(id);
    return found == nullptr ? "-" : tree->InstitutionPath(*found);
  }
};

TEST_F(OrganizationImportTest, InstitutionsDepartmentsAndTheSecondTimeNothing) {
  const std::string hospital = CreditOf(1);
  // The department comes before its hospital.
  const std::string csv = fmt::format(
      "名称,统一社会信用代码,科室代码,上级机构,类型,区划代码,电话,地址\n"
      "内科,,01,{0},,,,\n"
      "第一医院,{0},,,prov,380102,1990000,东路1号\n"
      "分院,{1},,{0},分院,3801,,\n",
      hospital, CreditOf(2));
  EXPECT_EQ(Told(Import(csv)), "3 rows: 3+ 0~ 0= 0!");
  EXPECT_EQ(PathOf("org-" + hospital + "-01"), "第一医院/内科");
  const fhir::Document stored = Stored("Organization", "org-" + hospital);
  EXPECT_EQ(At(stored, "identifier.0.value"), hospital);
  EXPECT_EQ(At(stored, "type.0.coding.0.code"), "prov");
  EXPECT_EQ(At(stored, "meta.tag.0.code"), "380102");
  EXPECT_EQ(At(Stored("Organization", "org-" + hospital + "-01"), "type.0.coding.0.code"), "dept");
  const uint64_t t = engine_->Head().t;
  EXPECT_EQ(Told(Import(csv)), "3 rows: 0+ 0~ 3= 0!");
  EXPECT_EQ(engine_->Head().t, t);
  ImportOptions check;
  check.check_only = true;
  EXPECT_EQ(Told(Import(fmt::format("name,credit_code\n市第一医院,{}\n", hospital), check)),
            "1 rows: 0+ 1~ 0= 0!");
  EXPECT_EQ(PathOf("org-" + hospital), "第一医院");
  EXPECT_EQ(Told(Import(fmt::format("name,credit_code\n市第一医院,{}\n", hospital))), "1 rows: 0+ 1~ 0= 0!");
  EXPECT_EQ(At(Stored("Organization", "org-" + hospital), "address.0.text"), "东路1号");
}

TEST_F(OrganizationImportTest, OneThatIsStoredUnderAnotherIdIsKnownByItsCreditCode) {
  Put("Organization", "h1",
      fmt::format(
          R"({{"resourceType":"Organization","id":"h1","identifier":[{{"system":"{}","value":"{}"}}],"name":"一院","partOf":{{"reference":"Organization/h2"}}}})",
          geo::kCreditCodeSystem, CreditOf(1)));
  EXPECT_EQ(
      Told(Import(fmt::format("name,credit_code,parent,code\n第一医院,{0},,\n药房,,{0},P\n", CreditOf(1)))),
      "2 rows: 1+ 1~ 0= 0!");
  EXPECT_EQ(At(Stored("Organization", "h1"), "name"), "第一医院");
  EXPECT_EQ(At(Stored("Organization", "h1-P"), "partOf.reference"), "Organization/h1");
}

TEST_F(OrganizationImportTest, BadRowsAreToldAndCirclesAreNone) {
  std::string wrong = CreditOf(3);
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  const ImportReport report =
      Import(fmt::format("name,credit_code,id,code,parent,area,status\n"
                         ",{0},,,,,\n"
                         "a,{1},,,,,\n"
                         "b,,,,,,\n"
                         "c,,c,,d,,\n"
                         "d,,d,,c,,\n"
                         "e,,e,,nobody,,\n"
                         "f,,f,,e,,\n"
                         "g,,g,,,380199,\n"
                         "h,,h,,,,perhaps\n"
                         "i,,i/i,,,,\n"
                         "j,,j,,,,\n"
                         "k,,j,,,,\n",
                         CreditOf(1), wrong));
  EXPECT_EQ(Told(report), "12 rows: 1+ 0~ 0= 11!");
  std::vector<std::string> where;
  for (const RowIssue& issue : report.issues) where.push_back(fmt::format("{} {}", issue.line, issue.column));
  EXPECT_EQ(where, (std::vector<std::string>{"2 name", "3 credit_code", "4 credit_code", "5 parent",
                                             "6 parent", "7 parent", "8 parent", "9 area", "10 status",
                                             "11 id", "13 credit_code"}));
  EXPECT_EQ(Told(Import("name,id,parent\nl,l,j\n")), "1 rows: 1+ 0~ 0= 0!");
  EXPECT_EQ(Told(Import("name,id,parent\nj,j,l\n")), "1 rows: 0+ 0~ 0= 1!") << "through what is stored";
  EXPECT_EQ(areas_->Tree()->issue_count(), 0u);
}

}  // namespace
}  // namespace tk::exchange
