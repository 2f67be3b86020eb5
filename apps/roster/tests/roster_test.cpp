// An organization's roster and its days: who is on it, what is reported, who is missing, and who sees what.
#include "apps/roster/tests/world.h"

namespace tk::roster {
namespace {

using interaction::At;
using interaction::Method;

class RosterTest : public RosterWorld {
 protected:
  /// Three of one class: 张一 1, 李二 2, 王三 3.
  void ThreeOfAClass() {
    ASSERT_EQ(Send("members",
                   fmt::format(
                       "姓名,证件号码,班级,学号,首日\n张一,{},一班,1,2023-09-01\n李二,{},一班,2,2023-09-01\n"
                       "王三,{},二班,3,2023-09-01\n",
                       NumberOf(1), NumberOf(2), NumberOf(3))),
              "3/3/0/0/0")
        << last_.body;
  }
  std::string Reports(const std::string& rows) {
    return Send("reports", "学号,日期,体温,症状,健康码,出勤\n" + rows);
  }
};

TEST_F(RosterTest, TheSamePersonIsTheSameMember) {
  PutPatient({.id = "known", .name = "张一", .resident_id = NumberOf(1), .gender = "male"});
  ThreeOfAClass();
  EXPECT_EQ(Count("Patient?_total=accurate"), "3") << "one was known";
  EXPECT_EQ(Count("RosterMember?patient=Patient/known"), "1");
  EXPECT_EQ(Count("RosterOrganization?organization=Organization/school"), "1");
  const uint64_t t = engine_->Head().t;
  const std::string table = fmt::format("姓名,证件号码,班级,学号\n张一,{},一班,1\n", NumberOf(1));
  EXPECT_EQ(Send("members", table), "1/0/0/1/0");
  EXPECT_EQ(engine_->Head().t, t) << "nothing was written";
  // He leaves: on the roster until his last day.
  EXPECT_EQ(Send("members",
                 fmt::format("姓名,证件号码,班级,学号,末日\n张一,{},一班,1,{}\n", NumberOf(1), "2023-10-01")),
            "1/0/1/0/0");
  EXPECT_EQ(DayOf("day=2023-10-01"), "3/0/3/0");
  EXPECT_EQ(DayOf("day=2023-10-02"), "2/0/2/0");
  EXPECT_EQ(DayOf("day=2023-08-31"), "0/0/0/0");
  // The organization entered him anew without his number: he is there already.
  EXPECT_EQ(Send("members", fmt::format("姓名,证件号码\n李二,{}\n李二,{}\n", NumberOf(2), NumberOf(2))),
            "2/0/1/0/1");
}

TEST_F(RosterTest, OneReportAMemberAndDay) {
  ThreeOfAClass();
  EXPECT_EQ(DayOf(), "3/0/3/0");
  EXPECT_EQ(Reports(fmt::format("1,{0},36.5,无,绿码,在校\n2,{0},38.1,咳嗽,,病假\n", today_)), "2/2/0/0/0")
      << last_.body;
  EXPECT_EQ(DayOf(), "3/2/1/1");
  EXPECT_EQ(Names("missing"), "王三");
  EXPECT_EQ(Names("missing", "unit=" + std::string("%E4%B8%80%E7%8F%AD")), "") << "of the first class nobody";
  EXPECT_EQ(Names("exceptions"), "李二");
  const fhir::Document told = Read("exceptions");
  EXPECT_EQ(At(told, "rows.0.reasons"), "fever,symptoms,absent-ill");
  EXPECT_EQ(At(told, "rows.0.patient"), "") << "an organization is told of its members alone";
  EXPECT_EQ(At(Read("day"), "exceptions.fever"), "1");
  EXPECT_EQ(At(Read("day"), "exceptions.code"), "0");
  // The reading joins his one file.
  const fhir::Document reading = Parsed(Get("Observation?code=8310-5&value-quantity=ge38"));
  EXPECT_EQ(At(reading, "entry.0.resource.performer.0.reference"), "Organization/school");
  EXPECT_EQ(At(reading, "entry.0.resource.category.1.coding.0.code"), "organization");
  // The same again changes nothing; a correction is the same report.
  const uint64_t t = engine_->Head().t;
  EXPECT_EQ(Reports(fmt::format("1,{0},36.5,无,绿码,在校\n2,{0},38.1,咳嗽,,病假\n", today_)), "2/0/0/2/0");
  EXPECT_EQ(engine_->Head().t, t);
  EXPECT_EQ(Reports(fmt::format("2,{},36.8,无,,在校\n", today_)), "1/0/1/0/0");
  EXPECT_EQ(DayOf(), "3/2/1/0");
  EXPECT_EQ(Count("RosterReport?day=" + today_), "2");
  EXPECT_EQ(Count("Observation?status=corrected"), "1");
}

TEST_F(RosterTest, EachReasonIsAnExceptionAndAnAbsenceIsNot) {
  ThreeOfAClass();
  const struct {
    std::string_view cells, reasons;
  } kRows[] = {{"37.3,,,", "fever"},      {"37.2,,,", ""},          {",咳嗽,,", "symptoms"},
               {",去过外地,,", "travel"}, {"36.5,,黄码,", "code"},  {"36.5,,绿码,", ""},
               {",,,病假", "absent-ill"}, {",,,隔离", "isolation"}, {",,,事假", ""}};
  for (const auto& [cells, reasons] : kRows) {
    EXPECT_NE(Reports(fmt::format("1,{},{}\n", today_, cells)).substr(0, 2), "[4") << last_.body;
    EXPECT_EQ(At(Read("exceptions"), "rows.0.reasons"), reasons) << cells;
    EXPECT_EQ(DayOf(), reasons.empty() ? "3/1/2/0" : "3/1/2/1") << cells;
  }
}

TEST_F(RosterTest, EachBadRowSaysWhatIsWrong) {
  ThreeOfAClass();
  ASSERT_EQ(Send("members",
                 fmt::format("姓名,证件号码,学号,首日,末日\n张一,{},1,2023-09-01,2023-10-10\n", NumberOf(1))),
            "1/0/1/0/0");
  EXPECT_EQ(
      Send(
          "reports",
          fmt::format(
              "姓名,证件号码,学号,日期,体温,健康码,出勤\n,,9,{0},36.5,,\n,,2,2023-02-30,36.5,,\n,,2,"
              "2024-10-18,36.5,,\n,,2,2023-09-02,36.5,,\n,,2,{0},365,,\n,,2,{0},,,\n,,2,{0},36.5,蓝,\n,,"
              "2,{0},36.5,,睡觉\n,,1,{0},36.5,,\n王三,{1},2,{0},36.5,,\n赵四,{2},,{0},36.5,,\n,,,{0},36.5,,\n"
              ",,2,{0},36.5,,\n李二,{3},,{0},36.5,,\n",
              today_, NumberOf(3), NumberOf(9), NumberOf(2))),
      "14/1/0/0/13");
  const fhir::Document told = Parsed(last_);
  const std::pair<std::string_view, std::string_view> kTold[] = {
      {"code", "No one"},         {"day", "no such day"},          {"day", "not come yet"},
      {"day", "too long ago"},    {"temperature", "between"},      {"temperature", "all missing"},
      {"health_code", "colour"},  {"attendance", "attendance"},    {"code", "No one"},
      {"code", "different"},      {"number", "not on the roster"}, {"code", "Say who"},
      {"", "Line 14 is the same"}};
  for (size_t i = 0; i < std::size(kTold); ++i) {
    const std::string at = fmt::format("issues.{}.", i);
    EXPECT_EQ(At(told, at + "column"), kTold[i].first) << i;
    EXPECT_NE(At(told, at + "text").find(kTold[i].second), std::string::npos) << i << At(told, at + "text");
  }
  EXPECT_EQ(Send("reports", "学号,体温\n1,36.5\n"), "[400]") << "the day is missing";
  EXPECT_EQ(Send("members", "姓名,证件号码\n张一,123\n"), "1/0/0/0/1");
}

TEST_F(RosterTest, ATrialWritesNothing) {
  const uint64_t t = engine_->Head().t;
  const auto answer = Ask(Who("roster-keep", "school"), Method::kPost, "members", "check=true",
                          fmt::format("姓名,证件号码\n张一,{}\n", NumberOf(1)));
  EXPECT_EQ(At(Parsed(answer), "added"), "1");
  EXPECT_EQ(At(Parsed(answer), "kept"), "false");
  EXPECT_EQ(engine_->Head().t, t);
}

TEST_F(RosterTest, AnOrganizationSeesItsOwnPeopleAlone) {
  ThreeOfAClass();
  ASSERT_EQ(Send("members", fmt::format("姓名,证件号码\n钱五,{}\n", NumberOf(5)), "works"), "1/1/0/0/0");
  for (const char* list : {"day", "missing", "exceptions", "return"}) {
    Read(list, "organization=school", Who("roster-keep", "works"));
    EXPECT_EQ(last_.status, 403) << list;
    EXPECT_EQ(last_.body.find("张一"), std::string::npos) << list;
    Read(list, {}, Who("screening-entry", "school"));
    EXPECT_EQ(last_.status, 403) << list << ": not of this post";
    Read(list, {}, Who("roster-keep"));
    EXPECT_EQ(last_.status, 400) << list << ": of no organization";
  }
  for (const char* table : {"members", "reports"}) {
    EXPECT_EQ(
        Ask(Who("roster-keep", "works"), Method::kPost, table, "organization=school", "学号,日期\n1,x\n")
            .status,
        403);
    EXPECT_EQ(
        Ask(Who("roster-oversee"), Method::kPost, table, "organization=school", "学号,日期\n1,x\n").status,
        403)
        << "who oversees keeps nobody's roster";
  }
  EXPECT_EQ(Names("missing"), "张一 李二 王三");
  EXPECT_EQ(Ask(Who("roster-keep", "works"), Method::kGet, "organizations").status, 403);
  EXPECT_EQ(Ask(Who("roster-keep", "none"), Method::kGet, "day").status, 404);
  // Who oversees is told the member and whose record he is, not the organization's name for him.
  const fhir::Document told = Read("missing", "organization=school&_count=2", Who("roster-oversee"));
  EXPECT_EQ(At(told, "total"), "3");
  EXPECT_EQ(At(told, "rows.0.name"), "");
  EXPECT_EQ(At(told, "rows.0.patient").substr(0, 8), "Patient/");
  EXPECT_EQ(last_.audit_owners.size(), 2u) << "the audit hears whose rows were shown";
}

TEST_F(RosterTest, OfAnotherAreaNothingIsCounted) {
  ASSERT_EQ(Send("members", fmt::format("姓名,证件号码,网格代码\n张一,{},380102001\n李二,{},380103001\n",
                                        NumberOf(1), NumberOf(2))),
            "2/2/0/0/0");
  const auto rosters = [&](const std::string& area) {
    return At(Read("organizations", {}, Who("roster-oversee", {}, area)), "rows.0.roster") + " " +
           At(Read("day", "organization=school", Who("roster-oversee", {}, area)), "missing");
  };
  EXPECT_EQ(rosters(""), "2 2");
  EXPECT_EQ(rosters("380102"), "1 1");
  EXPECT_EQ(rosters("380104"), " 0");
}

TEST_F(RosterTest, WhoReportsHimselfCountsInEachOfHisOrganizations) {
  ThreeOfAClass();
  ASSERT_EQ(Send("members", fmt::format("姓名,证件号码\n张一,{}\n", NumberOf(1)), "works"), "1/1/0/0/0");
  auto he = Himself(PatientOf("works"));
  for (const char* organization : {"school", "works"}) EXPECT_EQ(Says(he->record, organization, true), 200);
  auto answer =
      Ask(he, Method::kPost, "self", {}, R"({"temperature": 36.6, "symptoms": [], "absence": "present"})");
  EXPECT_EQ(At(Parsed(answer), "added"), "2") << answer.body;
  EXPECT_EQ(Count("Observation?code=8310-5"), "1") << "he measured once";
  EXPECT_EQ(DayOf(), "3/1/2/0");
  // The organization's table says the same of him: still one.
  EXPECT_EQ(Reports(fmt::format("1,{},36.6,无,,在校\n", today_)), "1/0/1/0/0");
  EXPECT_EQ(DayOf(), "3/1/2/0");
  EXPECT_EQ(Ask(he, Method::kPost, "self", {}, R"({"temperature": 99})").status, 400);
  EXPECT_EQ(Ask(he, Method::kPost, "self", {}, "{}").status, 400);
  he->record = "Patient/nobody";
  EXPECT_EQ(Ask(he, Method::kPost, "self", {}, R"({"temperature": 36.6})").status, 404);
  EXPECT_EQ(Ask(Who("roster-self"), Method::kPost, "self", {}, R"({"temperature": 36.6})").status, 403);
  EXPECT_EQ(Ask(Who("roster-keep", "school"), Method::kPost, "self", {}, R"({"temperature": 36.6})").status,
            403);
}

TEST_F(RosterTest, TwoChannelsAreTwoStatements) {
  ThreeOfAClass();
  const std::string he = PatientOf("school", "1");
  ASSERT_EQ(Says(he, "school", true), 200);
  const auto says = [&](std::string_view body) {
    return At(Parsed(Ask(Himself(he), Method::kPost, "self", {}, std::string(body))), "changed");
  };
  says(R"({"temperature": 38.6, "symptoms": ["cough"]})");
  EXPECT_EQ(DayOf(), "3/1/2/1");
  // The organization's table cannot take back what he said.
  EXPECT_EQ(Reports(fmt::format("1,{},36.5,无,,在校\n", today_)), "1/0/1/0/0");
  EXPECT_EQ(DayOf(), "3/1/2/1");
  EXPECT_EQ(Names("exceptions"), "张一");
  const fhir::Document told = Read("exceptions");
  EXPECT_EQ(At(told, "rows.0.reasons"), "fever,symptoms");
  EXPECT_EQ(At(told, "rows.0.temperature"), "38.6");
  EXPECT_EQ(At(told, "rows.0.attendance"), "present");
  EXPECT_EQ(Reports(fmt::format("1,{},36.5,无,,在校\n", today_)), "1/0/0/1/0") << "the same again";
  // He himself can; and the organization mends its own.
  EXPECT_EQ(says(R"({"temperature": 36.6, "symptoms": []})"), "1");
  EXPECT_EQ(DayOf(), "3/1/2/0");
  EXPECT_EQ(Reports(fmt::format("1,{},36.5,无,黄码,病假\n", today_)), "1/0/1/0/0");
  EXPECT_EQ(At(Read("exceptions"), "rows.0.reasons"), "absent-ill,code");
  EXPECT_EQ(says(R"({"temperature": 36.6, "symptoms": [], "healthCode": "green", "absence": "present"})"),
            "1");
  EXPECT_EQ(At(Read("exceptions"), "rows.0.reasons"), "absent-ill,code") << "nor he what it said";
  EXPECT_EQ(Count("RosterReport?day=" + today_), "1");
}

TEST_F(RosterTest, WhatHeReportsGoesToWhomHeAgreed) {
  PutPatient({.id = "he", .name = "张一", .resident_id = NumberOf(1), .gender = "male"});
  ThreeOfAClass();
  const std::string stranger = fmt::format("姓名,证件号码,学号,首日\n张一,{},x,2023-09-01\n", NumberOf(1));
  ASSERT_EQ(Send("members", stranger, "works"), "1/1/0/0/0");
  const std::string fever = R"({"temperature": 38.6, "symptoms": ["cough"]})";
  const auto of = [&](std::string_view organization) {
    return At(Read("day", {}, Who("roster-keep", std::string(organization))), "exceptions.all");
  };
  // Both have entered him, and he has said nothing: nobody is told what he reports.
  const fhir::Document rosters = Read("self", {}, Himself("Patient/he"));
  EXPECT_EQ(rosters.Root()["rosters"].size(), 2u);
  EXPECT_EQ(At(rosters, "rosters.0.status"), "proposed");
  EXPECT_EQ(Ask(Himself("Patient/he"), Method::kPost, "self", {}, fever).status, 409);
  EXPECT_EQ(of("school") + of("works"), "00");
  // He agrees to one of them.
  ASSERT_EQ(Says("Patient/he", "school", true), 200);
  EXPECT_EQ(At(Parsed(Ask(Himself("Patient/he"), Method::kPost, "self", {}, fever)), "added"), "1");
  EXPECT_EQ(of("school") + of("works"), "10");
  EXPECT_EQ(Send("members", stranger, "works"), "1/0/0/1/0") << "sent again it is proposed still";
  // What an organization reports itself counts as before.
  EXPECT_EQ(Send("reports", fmt::format("学号,日期,体温\nx,{},38.1\n", today_), "works"), "1/1/0/0/0");
  EXPECT_EQ(of("works"), "1");
  // Who refuses is on it no more: nobody is missing, nothing is reported of him, and it cannot enter him again.
  ASSERT_EQ(Says("Patient/he", "works", false), 200);
  EXPECT_EQ(At(Read("day", {}, Who("roster-keep", "works")), "roster"), "0");
  EXPECT_EQ(Send("reports", fmt::format("学号,日期,体温\nx,{},36.5\n", today_), "works"), "1/0/0/0/1");
  EXPECT_EQ(Send("members", stranger, "works"), "1/0/0/0/1");
  ASSERT_EQ(Says("Patient/he", "works", true), 200) << "he may think better of it";
  EXPECT_EQ(Send("members", stranger, "works"), "1/0/0/1/0");
}

TEST_F(RosterTest, WhoAgreesSaysItOfHimselfAlone) {
  ThreeOfAClass();
  const std::string own = At(Parsed(Get("RosterMember?number=1")), "entry.0.resource.id"),
                    other = At(Parsed(Get("RosterMember?number=2")), "entry.0.resource.id");
  const auto he = Himself(PatientOf("school", "1"));
  const auto says = [&](const std::shared_ptr<access::Viewer>& who, const std::string& body) {
    return Ask(who, Method::kPost, "membership", {}, body).status;
  };
  EXPECT_EQ(says(he, fmt::format(R"({{"member":"RosterMember/{}","agrees":true}})", other)), 404);
  EXPECT_EQ(says(he, fmt::format(R"({{"member":"RosterMember/{}"}})", own)), 400);
  EXPECT_EQ(
      says(Who("roster-keep", "school"), fmt::format(R"({{"member":"RosterMember/{}","agrees":true}})", own)),
      403);
  EXPECT_EQ(Ask(he, Method::kGet, "membership").status, 405);
  EXPECT_EQ(Read("self", {}, Who("roster-keep", "school")).Root()["rosters"].size(), 0u);
  EXPECT_EQ(last_.status, 403);
}

TEST_F(RosterTest, WhoseRecordNamesTheEmployerNeedNotAgree) {
  ASSERT_LT(
      Put("Patient/he",
          fmt::format(
              R"({{"resourceType":"Patient","id":"he","identifier":[{{"system":"http://tongkang.dev/fhir/sid/cn-resident-id","value":"{}"}}],"name":[{{"text":"张一"}}],"gender":"male","birthDate":"1980-01-02","contact":[{{"relationship":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0131","code":"E"}}]}}],"organization":{{"reference":"Organization/works"}}}}]}})",
              NumberOf(1)))
          .status,
      300);
  const std::string table = fmt::format("姓名,证件号码\n张一,{}\n", NumberOf(1));
  ASSERT_EQ(Send("members", table, "works"), "1/1/0/0/0");
  ASSERT_EQ(Send("members", table, "school"), "1/1/0/0/0");
  EXPECT_EQ(Count("RosterMember?status=agreed&organization=Organization/works"), "1");
  EXPECT_EQ(Count("RosterMember?status=proposed&organization=Organization/school"), "1");
}

TEST_F(RosterTest, WhoIsOnItByTwoRecordsIsNotMissing) {
  ThreeOfAClass();
  // Another source's record of 张一, on the roster too; both are one person.
  PutPatient({.id = "other", .name = "张一", .resident_id = NumberOf(1), .gender = "male"});
  ASSERT_LT(
      Put("RosterMember/by-hand",
          R"({"resourceType":"RosterMember","id":"by-hand","subject":{"reference":"Patient/other"},"organization":{"reference":"Organization/school"},"name":"张一","since":"2023-09-01"})")
          .status,
      300);
  EXPECT_EQ(Reports(fmt::format("1,{},36.6,无,,在校\n", today_)), "1/1/0/0/0");
  EXPECT_EQ(Names("missing"), "李二 王三");
  EXPECT_EQ(DayOf(), "4/2/2/0");
}

TEST_F(RosterTest, WhoMayComeBackAndWhoNotYet) {
  ThreeOfAClass();
  const auto add = [&](int number, std::string_view more) {
    const std::string member =
        At(Parsed(Get(fmt::format("RosterMember?number={}", number))), "entry.0.resource.id");
    const std::string subject = At(Parsed(Get("RosterMember/" + member)), "subject.reference");
    WritePast(fmt::format(
        R"({{"resourceType":"RosterCase","id":"c{}","subject":{{"reference":"{}"}},"member":{{"reference":"RosterMember/{}"}},"organization":{{"reference":"Organization/school"}},"evidence":{{"reference":"RosterReport/x"}},"opened":"2023-10-10T08:00:00+08:00",{}}})",
        number, subject, member, more));
  };
  add(1,
      R"("status":"open","kind":"illness","lastException":"2023-10-12","what":"肺炎","normal":["2023-10-11","2023-10-13","2023-10-13"])");
  add(2,
      R"("status":"cleared","kind":"illness","lastException":"2023-10-10","cleared":"2023-10-13T17:00:00Z","rule":"roster.clear|1")");
  add(3, R"("status":"returned","kind":"other","lastException":"2023-10-10")");
  EXPECT_EQ(Names("return"), "李二 张一");
  const fhir::Document told = Read("return");
  EXPECT_EQ(At(told, "rows.0.from"), "2023-10-14") << "by the clocks of the city";
  EXPECT_EQ(At(told, "rows.0.rule"), "roster.clear|1");
  EXPECT_EQ(At(told, "rows.0.missing"), "");
  EXPECT_EQ(At(told, "rows.1.missingDays"), "2") << "of three, the 13th counts once and the 11th not";
  EXPECT_EQ(last_.body.find("肺炎"), std::string::npos)
      << "what the township notes is not the organization's";
  EXPECT_EQ(At(Read("organizations", {}, Who("roster-oversee")), "rows.0.open"), "1");
}

TEST_F(RosterTest, OrganizationsOverAPeriod) {
  ThreeOfAClass();
  ASSERT_EQ(
      Send("members", fmt::format("姓名,证件号码,末日,首日\n王三,{},2023-11-13,2023-09-01\n", NumberOf(3))),
      "1/0/1/0/0");
  ASSERT_EQ(Reports("1,2023-11-13,36.5,,,\n2,2023-11-13,38,,,\n1,2023-11-14,36.5,,,\n"), "3/3/0/0/0")
      << last_.body;
  const auto row = [&](const std::string& query) {
    const fhir::Document told = Read("organizations", query, Who("roster-oversee"));
    return At(told, "rows.0.expected") + "/" + At(told, "rows.0.reported") + "/" + At(told, "rows.0.share") +
           "/" + At(told, "rows.0.exceptions");
  };
  EXPECT_EQ(row("from=2023-11-13&until=2023-11-14"), "5/3/60.0/1");
  EXPECT_EQ(row("from=2023-11-14&until=2023-11-14"), "2/1/50.0/0");
  EXPECT_EQ(row("from=2023-10-10&until=2023-10-12"), "9/0/0.0/0");
  Read("organizations", "from=2023-11-14&until=2023-11-13", Who("roster-oversee"));
  EXPECT_EQ(last_.status, 400);
  const auto sheet = Ask(Who("roster-keep", "school"), Method::kGet, "missing", "format=xlsx");
  EXPECT_EQ(sheet.body.substr(0, 2), "PK") << "a spreadsheet";
  EXPECT_EQ(
      Ask(Who("roster-keep", "school"), Method::kGet, "template", "of=members&format=csv").body.substr(3, 6),
      "姓名");
}

TEST_F(RosterTest, WhatIsAskedWrongIsToldSo) {
  const auto keeper = Who("roster-keep", "school");
  for (const char* query : {"day=x", "_count=x", "_count=100000", "format=pdf", "nothing=1"})
    EXPECT_EQ(Ask(keeper, Method::kGet, "missing", query).status, 400) << query;
  EXPECT_EQ(Ask(keeper, Method::kPost, "missing").status, 405);
  EXPECT_EQ(Ask(keeper, Method::kGet, "members").status, 405);
  EXPECT_EQ(Ask(keeper, Method::kGet, "nothing").status, 404);
}

}  // namespace
}  // namespace tk::roster
