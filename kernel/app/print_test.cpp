// Print forms as people write them: what is wrong is told with its place, and values stand as people read them. What is printed of whom: the packs' stories.
#include "kernel/app/print.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tk::app {
namespace {

constexpr std::string_view kHead =
    R"("id":"slip","version":1,"title":{"zh-CN":"条","en":"Slip"},"for":{"type":"Observation"},)";

/// "", or all that is wrong.
std::string ToldOf(const std::string& json) {
  const auto print = ParsePrint(*fhir::Definitions::R4(), "good", "slip.json", json, {});
  return print.ok() ? "" : print.error().external;
}
std::string Form(std::string_view more) { return fmt::format("{{{}{}}}", kHead, more); }
std::string Parts(std::string_view parts) { return Form(fmt::format(R"("parts":[{}])", parts)); }

TEST(Print, AFormMayHaveWhatItsPageNames) {
  EXPECT_EQ(
      ToldOf(Form(
          R"json("with":{"patient":{"type":"Patient","reference":"subject"},"more":{"type":"Observation","find":"='patient=Patient/' + %patient.id"}},
 "page":{"size":"80mm","margin_mm":3},"posts":["doctor"],"number":"=id","institution":{"zh-CN":"院","en":"Hospital"},"qr":{"value":"=id","title":"码"},
 "parts":[{"title":"甲","columns":3,"of":"patient","fields":[{"title":"名","value":"name"},{"title":"码","of":"patient","value":"gender","codes":{"male":{"zh-CN":"男","en":"male"}}}]},
 {"rows":"%more","columns":[{"title":"值","value":"value.ofType(Quantity)","share":2,"right":true}],"empty":"无"},
 {"text":{"zh-CN":"=status","en":"text"},"small":true,"when":"status = 'final'"},{"signatures":["甲",{"zh-CN":"乙","en":"B"}]}])json")),
      "");
}

TEST(Print, EachMistakeIsToldWithItsPlace) {
  const std::pair<std::string, std::string_view> kWrong[] = {
      {R"({"id":"slip","version":1,"title":{"zh-CN":"条","en":"Slip"},"for":{"type":"Observaton"}})",
       "slip.json:1:74: for.type: names no resource type: Observaton"},
      {Form(R"("parts":[])"), "parts: is a list of 1 to"},
      {Form(R"("part":[],"parts":[{"text":"甲"}])"), "part: is not known here"},
      {Parts(R"({"fields":[{"title":"甲","value":"colour"}]})"), "parts[0].fields[0].value: "},
      {Parts(R"({"fields":[{"title":"甲","value":"status ="}]})"), "parts[0].fields[0].value: "},
      {Parts(R"({"fields":[{"title":"甲","value":"%nobody.name"}]})"), "parts[0].fields[0].value: "},
      {Parts(R"({"fields":[{"title":"甲","value":"component"}]})"), "is no one text: name an element of it"},
      {Parts(R"({"fields":[{"title":{"en":"a"},"value":"status"}]})"), "fields[0].title: needs zh-CN and en"},
      {Parts(R"({"fields":[{"title":"甲","value":"status","of":"patient"}]})"),
       "fields[0].of: names nothing"},
      {Parts(R"({"fields":[{"title":"甲","value":"status","colour":1}]})"),
       "fields[0].colour: is not known here"},
      {Parts(R"({"fields":[{"title":"甲","value":"status","codes":{"final":{"en":"final"}}}]})"),
       "codes.final: needs zh-CN and en"},
      {Parts(R"({"fields":[{"title":"甲","value":"status"}],"columns":9})"),
       "parts[0].columns: is a whole number from 1 to 4"},
      {Parts(R"({"rows":"component","columns":[{"title":"甲","value":"status"}]})"),
       "parts[0].columns[0].value: "},
      {Parts(R"({"rows":"component"})"), "parts[0].columns: of a table is a list"},
      {Parts(R"({"text":"甲","rows":"component"})"), "parts[0]: has one of fields, rows, text, signatures"},
      {Parts(R"({"signatures":[]})"), "parts[0].signatures: is a list of"},
      {Parts(R"({"text":"=statu"})"), "parts[0].text: "},
      {Form(R"("page":{"size":"B5"},"parts":[{"text":"甲"}])"), "page.size: may be A4, A5 or 80mm"},
      {Form(R"("page":{"size":"80mm","margin_mm":30},"parts":[{"text":"甲"}])"),
       "page.margin_mm: is a number from 2 to 20"},
      {Form(R"("page":{"size":"80mm","landscape":true},"parts":[{"text":"甲"}])"), "page.landscape: "},
      {Form(R"("with":{"a":{"type":"Patient"}},"parts":[{"text":"甲"}])"), "with.a: has either"},
      {Form(R"("with":{"a":{"type":"Patient","find":"colour=red"}},"parts":[{"text":"甲"}])"), "with.a.find"},
      {Form(R"("with":{"resource":{"type":"Patient","reference":"subject"}},"parts":[{"text":"甲"}])"),
       "with.resource: is a name of the language"},
  };
  for (const auto& [json, told] : kWrong)
    EXPECT_NE(ToldOf(json).find(told), std::string::npos) << told << " of\n"
                                                          << json << "\nis\n"
                                                          << ToldOf(json);
  EXPECT_NE(
      ToldOf(
          R"({"id":"Slip A","version":1,"title":{"zh-CN":"条","en":"Slip"},"for":{"type":"Observation"},"parts":[{"text":"甲"}]})")
          .find("id: is of lower case"),
      std::string::npos);
}

/// Of each item that the expression gives, with ; between.
std::string ShownOf(std::string_view json, std::string_view expression,
                    Language language = Language::kChinese, const CodeWords& codes = {}) {
  const auto definitions = fhir::Definitions::R4();
  const auto document = fhir::Document::Parse(json);
  const fhir::path::Item record = fhir::path::ResourceItem(*definitions, document->Root());
  const auto compiled = fhir::path::Expression::Compile(expression, *definitions, record.type);
  if (!compiled.ok()) return compiled.error().external;
  fhir::path::Environment environment;
  environment.definitions = definitions.get();
  fhir::path::Collection items;
  EXPECT_TRUE(compiled->Evaluate(environment, record, &items).ok());
  std::string all;
  for (const fhir::path::Item& item : items)
    all += (all.empty() ? "" : ";") + Shown{definitions.get(), language, 480}.Of(item, codes);
  return all;
}

TEST(Print, ValuesStandAsPeopleReadThem) {
  constexpr std::string_view kPatient =
      R"({"resourceType":"Patient","id":"p","active":true,"name":[{"text":"试一"},{"family":"试","given":["二"]},{"family":"Li","given":["Ming"]}],
 "gender":"male","birthDate":"1980","telecom":[{"system":"phone","value":"19900000001"}],"multipleBirthInteger":2,
 "address":[{"city":"安和市","district":"东城区","line":["一路 1 号"]}],"maritalStatus":{"coding":[{"code":"M","display":"已婚"}]},
 "identifier":[{"value":"380102198001010017","period":{"start":"2026-11-23T01:00:00Z"}}],"generalPractitioner":[{"reference":"Practitioner/d"},{"reference":"Practitioner/e","display":"赵"}]})";
  EXPECT_EQ(ShownOf(kPatient, "name"), "试一;试二;Ming Li");
  EXPECT_EQ(ShownOf(kPatient, "active"), "是");
  EXPECT_EQ(ShownOf(kPatient, "active", Language::kEnglish), "yes");
  EXPECT_EQ(ShownOf(kPatient, "active.not()", Language::kEnglish), "no");
  EXPECT_EQ(ShownOf(kPatient, "gender"), "male");
  const CodeWords words = {{"male", {"男", "male"}}, {"M", {"有配偶", "married"}}};
  EXPECT_EQ(ShownOf(kPatient, "gender", Language::kChinese, words), "男");
  EXPECT_EQ(ShownOf(kPatient, "maritalStatus"), "已婚");
  EXPECT_EQ(ShownOf(kPatient, "maritalStatus", Language::kEnglish, words), "married");
  EXPECT_EQ(ShownOf(kPatient, "birthDate"), "1980");
  EXPECT_EQ(ShownOf(kPatient, "telecom"), "19900000001");
  EXPECT_EQ(ShownOf(kPatient, "address"), "安和市东城区一路 1 号");
  EXPECT_EQ(ShownOf(kPatient, "identifier"), "380102198001010017");
  EXPECT_EQ(ShownOf(kPatient, "identifier.period"), "2026-11-23 09:00 – ");
  EXPECT_EQ(ShownOf(kPatient, "identifier.period.start"), "2026-11-23 09:00");
  EXPECT_EQ(ShownOf(kPatient, "generalPractitioner"), "Practitioner/d;赵");
  EXPECT_EQ(ShownOf(kPatient, "multipleBirth"), "2");
  EXPECT_EQ(ShownOf(kPatient, "name.count()"), "3");
  EXPECT_EQ(ShownOf(kPatient, "'a' + 'b'"), "ab");
  constexpr std::string_view kReading =
      R"({"resourceType":"Observation","status":"final","code":{"text":"体温"},"valueQuantity":{"value":37.30,"unit":"°C","code":"Cel"},"effectiveDateTime":"2026-11-23","issued":"2026-11-22T23:30:00.5Z"})";
  EXPECT_EQ(ShownOf(kReading, "value"), "37.30 °C");
  EXPECT_EQ(ShownOf(kReading, "code"), "体温");
  EXPECT_EQ(ShownOf(kReading, "effective"), "2026-11-23");
  EXPECT_EQ(ShownOf(kReading, "issued"), "2026-11-23 07:30");
}

}  // namespace
}  // namespace tk::app
