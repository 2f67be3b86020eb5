// POST $fhirpath: typed results, contexts, variables, positions of errors, limits, and that nothing stored is seen.
#include <fmt/format.h>

#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kSubject =
    R"({"resourceType":"Patient","id":"p","active":true,"name":[{"use":"official","family":"Li","given":["Wei","Xiao"]},{"use":"usual","given":["A"]}],)"
    R"("birthDate":"1980-02","contact":[{"gender":"female"}],"multipleBirthInteger":2,"managingOrganization":{"reference":"Organization/o"}})";

class FhirPathOperationTest : public InteractionTest {
 protected:
  Response Evaluate(std::string_view expression, std::string_view more = "",
                    std::string_view resource = kSubject) {
    std::string quoted;
    fhir::AppendJsonString(expression, &quoted);
    return Post(
        "$fhirpath",
        fmt::format(R"({{"resourceType":"Parameters","parameter":[{{"name":"expression","valueString":{}}},)"
                    R"({{"name":"resource","resource":{}}}{}]}})",
                    quoted, resource, more));
  }
  /// The parts of the result at `i`.
  std::string Parts(const Response& response, size_t i = 0) {
    EXPECT_EQ(response.status, 200) << response.body;
    const fhir::Document document = fhir::Document::Parse(response.body).value();
    return std::string(document.Root()["parameter"].At(i + 1)["part"].Json());
  }
  std::string Problem(const Response& response) {
    const fhir::Document document = fhir::Document::Parse(response.body).value();
    return fmt::format("{} {} {}", response.status, At(document, "issue.0.expression.0"),
                       At(document, "issue.0.diagnostics"));
  }
};

TEST_F(FhirPathOperationTest, GivesTypedResults) {
  const Response response =
      Evaluate("name.given.first() | active | 1.50 | 3 'mg' | birthDate | @T10 | 7L | ''");
  EXPECT_EQ(
      Parts(response),
      R"([{"name":"string","valueString":"Wei"},{"name":"boolean","valueBoolean":true},{"name":"decimal","valueDecimal":1.50},)"
      R"({"name":"Quantity","valueQuantity":{"value":3,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}},)"
      R"({"name":"date","valueDate":"1980-02"},{"name":"time","valueString":"10"},{"name":"integer64","valueString":"7"},{"name":"empty-string"}])");
  const fhir::Document document = fhir::Document::Parse(response.body).value();
  EXPECT_EQ(At(document, "parameter.0.part.0.name"), "evaluator");
  EXPECT_EQ(response.audit_action, "fhirpath");
  EXPECT_EQ(
      Parts(Evaluate("contact | name.last()")),
      R"([{"name":"Patient.contact","extension":[{"url":"http://fhir.forms-lab.com/StructureDefinition/json-value",)"
      R"("valueString":"{\"gender\":\"female\"}"}]},{"name":"HumanName","valueHumanName":{"use":"usual","given":["A"]}}])");
  EXPECT_EQ(Parts(Evaluate("name.where(use = 'x')")), "");
  EXPECT_EQ(Parts(Evaluate("%resource")), fmt::format(R"([{{"name":"Patient","resource":{}}}])", kSubject));
}

TEST_F(FhirPathOperationTest, ResolvesNothingThatCannotBeHad) {
  EXPECT_EQ(Parts(Evaluate("managingOrganization.resolve().exists()")),
            R"([{"name":"boolean","valueBoolean":false}])");
  EXPECT_EQ(Parts(Evaluate("managingOrganization.resolve()")), "");
  EXPECT_EQ(Parts(Evaluate("managingOrganization.resolve() is Organization")),
            R"([{"name":"boolean","valueBoolean":true}])");
  EXPECT_EQ(
      Parts(Evaluate("-1 day")),
      R"([{"name":"Quantity","valueQuantity":{"value":-1,"unit":"day","system":"http://unitsofmeasure.org","code":"d"}}])");
  EXPECT_EQ(Parts(Evaluate("2147483648")), R"([{"name":"decimal","valueDecimal":2147483648}])");
}

TEST_F(FhirPathOperationTest, KnowsTheResourceAroundEachContext) {
  constexpr std::string_view kBundle =
      R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p",)"
      R"("contained":[{"resourceType":"Organization","id":"o","name":"Org"}],"managingOrganization":{"reference":"#o"}}},)"
      R"({"resource":{"resourceType":"Device","id":"d"}}]})";
  const auto about = [&](const char* context, const char* expression) {
    return Evaluate(expression, fmt::format(R"(,{{"name":"context","valueString":"{}"}})", context), kBundle);
  };
  Response response = about("Bundle.entry.resource", "%resource.id");
  EXPECT_EQ(Parts(response, 0), R"([{"name":"id","valueId":"p"}])");
  EXPECT_EQ(Parts(response, 1), R"([{"name":"id","valueId":"d"}])");
  response = about("Bundle.entry.resource.contained", "%resource.id | %rootResource.id");
  EXPECT_EQ(Parts(response, 0), R"([{"name":"id","valueId":"o"},{"name":"id","valueId":"p"}])");
  response = about("Bundle.entry[0].resource", "managingOrganization.resolve().name");
  EXPECT_EQ(Parts(response, 0), R"([{"name":"string","valueString":"Org"}])");
  response = about("Bundle.entry", "%resource.type");
  EXPECT_EQ(Parts(response, 0), R"([{"name":"code","valueCode":"collection"}])");
}

TEST_F(FhirPathOperationTest, TakesContextAndVariables) {
  const Response response = Evaluate(
      "given & %suffix",
      R"x(,{"name":"context","valueString":"name.where(given.count() = 1)"},{"name":"variables","part":[{"name":"suffix","valueString":"!"}]})x");
  EXPECT_EQ(Parts(response), R"([{"name":"string","valueString":"A!"}])");
  const fhir::Document document = fhir::Document::Parse(response.body).value();
  EXPECT_EQ(At(document, "parameter.1.valueString"), "name.where(given.count() = 1)[0]");
  EXPECT_EQ(
      Parts(Evaluate(
          "%ages.sum()",
          R"(,{"name":"variables","part":[{"name":"ages","valueInteger":3},{"name":"ages","valueInteger":4}]})")),
      R"([{"name":"integer","valueInteger":7}])");
}

TEST_F(FhirPathOperationTest, TakesWhatFhirpathLabSends) {
  const Response noted = Evaluate(
      "%none.exists()",
      R"(,{"name":"terminologyserver","valueString":"https://tx.fhir.org/r4"},{"name":"validate","valueBoolean":true},{"name":"variables","part":[{"name":"none"}]})");
  EXPECT_EQ(Parts(noted), R"([{"name":"boolean","valueBoolean":false}])");
  const fhir::Document document = fhir::Document::Parse(noted.body).value();
  EXPECT_EQ(At(document, "parameter.0.part.2.name"), "note");
  EXPECT_NE(At(document, "parameter.0.part.2.valueString").find("terminologyserver"), std::string::npos);
  const auto subject = [&](std::string_view url, std::string_view text) {
    std::string quoted;
    fhir::AppendJsonString(text, &quoted);
    return Post(
        "$fhirpath",
        fmt::format(
            R"({{"resourceType":"Parameters","parameter":[{{"name":"expression","valueString":"birthDate"}},)"
            R"({{"name":"resource","extension":[{{"url":"http://fhir.forms-lab.com/StructureDefinition/{}",)"
            R"("valueString":{}}}]}}]}})",
            url, quoted));
  };
  EXPECT_EQ(Parts(subject("json-value", kSubject)), R"([{"name":"date","valueDate":"1980-02"}])");
  EXPECT_EQ(Problem(subject("json-value", "{")).substr(0, 50),
            "400 Parameters.parameter[1].extension.valueString ");
  EXPECT_NE(Problem(subject("xml-value", "<Patient/>")).find("XML is not read"), std::string::npos);
}

TEST_F(FhirPathOperationTest, ShowsWhatIsTraced) {
  const Response response =
      Evaluate("given.trace('trc', length()).first()", R"(,{"name":"context","valueString":"name"})");
  EXPECT_EQ(Parts(response, 0),
            R"([{"name":"string","valueString":"Wei"},{"name":"trace","valueString":"trc","part":[)"
            R"({"name":"integer","valueInteger":3},{"name":"integer","valueInteger":4}]}])");
  EXPECT_EQ(Parts(response, 1),
            R"([{"name":"string","valueString":"A"},{"name":"trace","valueString":"trc","part":[)"
            R"({"name":"integer","valueInteger":1}]}])");
  EXPECT_EQ(Parts(Evaluate("photo.trace('none')")), R"([{"name":"trace","valueString":"none"}])");
}

// docs/api.md tells it: what FHIRPath-lab reads as a context or a trace has a value beside its parts.
TEST_F(FhirPathOperationTest, AnswersParametersThatOnlyContextsAndTracesBend) {
  const auto problems = [&](const Response& answer) {
    const fhir::Document told = fhir::Document::Parse(Post("Parameters/$validate", answer.body).body).value();
    std::string text;
    for (const fhir::Value issue : told.Root()["issue"]) {
      if (issue["severity"].ToString() != "error") continue;
      text +=
          issue["expression"].At(0).ToString() + " " + issue["diagnostics"].ToString().substr(0, 5) + "; ";
    }
    return text;
  };
  EXPECT_EQ(problems(Evaluate("name.given | active")), "");
  EXPECT_EQ(problems(Evaluate("given", R"x(,{"name":"context","valueString":"name.first()"})x")),
            "Parameters.parameter[1] inv-1; ");
  EXPECT_EQ(problems(Evaluate("active.trace('t')")), "Parameters.parameter[1].part[1] inv-1; ");
}

TEST_F(FhirPathOperationTest, BoundsWhatItKeepsAndHowLongItWorks) {
  // The name of each of 20 calls is 1 MB: 8 MB are kept at most.
  const std::string text(1 << 20, 'x');
  const std::string subject = fmt::format(
      R"({{"resourceType":"Patient","address":[{{"text":"{}"}}],"name":[{}{{"family":"a"}}]}})", text, [] {
        std::string names;
        for (int i = 0; i < 19; ++i) names += R"({"family":"a"},)";
        return names;
      }());
  EXPECT_EQ(Problem(Evaluate("name.select(trace(%resource.address.text)).count()", "", subject)).substr(0, 3),
            "413");
  std::string codings;
  for (int i = 0; i < 1000; ++i)
    codings += fmt::format(R"({}{{"system":"http://x.org/{}","code":"c"}})", i == 0 ? "" : ",", i % 2);
  const std::string coded = fmt::format(R"({{"resourceType":"Basic","code":{{"coding":[{}]}}}})", codings);
  EXPECT_EQ(Problem(Evaluate("code.subsumes(code)", "", coded)).substr(0, 3), "413");
}

TEST_F(FhirPathOperationTest, RefusesVariablesOfTheLanguage) {
  for (const char* name : {"resource", "context", "rootResource", "ucum", "vs-name-use"}) {
    EXPECT_EQ(
        Problem(
            Evaluate("1", fmt::format(R"(,{{"name":"variables","part":[{{"name":"{}","valueString":"x"}}]}})",
                                      name)))
            .substr(0, 42),
        "400 Parameters.parameter[2].part[0].name T");
  }
}

TEST_F(FhirPathOperationTest, KnowsWhatStandsAboveACode) {
  constexpr std::string_view kStay =
      R"({"resourceType":"Encounter","status":"planned","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},)"
      R"("type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"_ActEncounterCode"},)"
      R"({"system":"http://snomed.info/sct","code":"1"}]}],"serviceType":{"coding":[{"system":"http://snomed.info/sct","code":"2"}]}})";
  const auto about = [&](const char* expression) { return Parts(Evaluate(expression, "", kStay)); };
  EXPECT_EQ(about("type.subsumes(class)"), R"([{"name":"boolean","valueBoolean":true}])");
  EXPECT_EQ(about("class.subsumes(type.coding[0])"), R"([{"name":"boolean","valueBoolean":false}])");
  EXPECT_EQ(about("class.subsumedBy(type.coding[0])"), R"([{"name":"boolean","valueBoolean":true}])");
  EXPECT_EQ(Problem(Evaluate("serviceType.subsumes(type)", "", kStay)).substr(0, 3),
            "422");  // SNOMED CT is not here
  EXPECT_EQ(Problem(Evaluate("serviceType.memberOf('http://x.org/nobody')", "", kStay)).substr(0, 3), "422");
  EXPECT_EQ(about("serviceType.subsumes(serviceType)"), R"([{"name":"boolean","valueBoolean":true}])");
  EXPECT_EQ(Problem(Evaluate("class.subsumes(serviceType.coding)", "", kStay)).substr(0, 3), "422");
}

TEST_F(FhirPathOperationTest, SeesOnlyWhatIsSent) {
  ASSERT_EQ(Put("Organization/o", R"({"resourceType":"Organization","id":"o","name":"Stored"})").status, 201);
  EXPECT_EQ(Parts(Evaluate("managingOrganization.resolve().name")), "");
  const std::string bundle = fmt::format(
      R"({{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{}}},{{"fullUrl":"http://x.example/Organization/o",)"
      R"("resource":{{"resourceType":"Organization","id":"o","name":"Sent"}}}}]}})",
      kSubject);
  EXPECT_EQ(Parts(Evaluate("entry[0].resource.managingOrganization.resolve().name", "", bundle)),
            R"([{"name":"string","valueString":"Sent"}])");
}

// FHIR R4 bundle.html#references: a relative reference takes the root of the fullUrl of the entry that it stands in.
TEST_F(FhirPathOperationTest, ARelativeReferenceIsOfItsOwnEntrysServer) {
  const auto entry = [](std::string_view url, std::string_view resource) {
    return fmt::format(R"({{{}"resource":{}}})", url.empty() ? "" : fmt::format(R"("fullUrl":"{}",)", url),
                       resource);
  };
  const auto patient = [](std::string_view gender) {
    return fmt::format(R"({{"resourceType":"Patient","id":"1","gender":"{}"}})", gender);
  };
  constexpr std::string_view kAbout =
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/1"}})";
  const auto gender = [&](std::string_view url, bool has_others = true,
                          const char* expression = "entry[0].resource.subject.resolve().gender") {
    std::string entries = entry(url, kAbout) + "," + entry("http://b.org/fhir/Patient/1", patient("female"));
    if (has_others) entries += "," + entry("http://a.org/fhir/Patient/1", patient("male"));
    return Parts(
        Evaluate(expression, "",
                 fmt::format(R"({{"resourceType":"Bundle","type":"collection","entry":[{}]}})", entries)));
  };
  const std::string female = R"([{"name":"code","valueCode":"female"}])",
                    male = R"([{"name":"code","valueCode":"male"}])";
  EXPECT_EQ(gender("http://b.org/fhir/Observation/o"), female);
  EXPECT_EQ(gender("http://a.org/fhir/Observation/o"), male);
  EXPECT_EQ(gender("http://a.org/fhir/Observation/o", false), "");
  EXPECT_EQ(gender("urn:uuid:6c2a5e3e-7a52-4d1a-8a4e-0e1b6c0f1d11"), "");
  // Of no server: where there is but one, it is meant.
  EXPECT_EQ(gender("", false), female);
  EXPECT_EQ(gender(""), "");
  EXPECT_EQ(gender("", false, "('Patient' & '/1').resolve().gender"), female);
  EXPECT_EQ(gender("", true, "'http://a.org/fhir/Patient/1'.resolve().gender"), male);
}

TEST_F(FhirPathOperationTest, TellsWhereAndWhat) {
  EXPECT_EQ(Problem(Evaluate("name.where(use = 'a'")),
            "400 Parameters.parameter[0].valueString The expression, column 21: expected \",\" or \")\", but "
            "the expression ends.");
  EXPECT_EQ(Problem(Evaluate("name\n  .famly")),
            "422 Parameters.parameter[0].valueString The expression, line 2, column 4: HumanName has no "
            "element \"famly\".");
  EXPECT_EQ(Problem(Evaluate("name.family.single() + name.given")).substr(0, 3), "422");
  EXPECT_EQ(Problem(Evaluate("1", R"(,{"name":"context","valueString":"name["})")).substr(0, 40),
            "400 Parameters.parameter[2].valueString ");
  EXPECT_EQ(Problem(Evaluate("1", R"(,{"name":"speed","valueString":"x"})")).substr(0, 28),
            "400 Parameters.parameter[2] ");
  EXPECT_EQ(Problem(Evaluate("1", "", R"({"resourceType":"Nothing"})")).substr(0, 37),
            "400 Parameters.parameter[1].resource ");
  EXPECT_EQ(Post("$fhirpath", R"({"resourceType":"Parameters","parameter":[]})").status, 400);
  EXPECT_EQ(Post("$fhirpath", std::string(kSubject)).status, 400);
  EXPECT_EQ(Post("$fhirpath?expression=1", std::string(kSubject)).status, 400);
  EXPECT_EQ(Get("$fhirpath?expression=1").status, 405);
}

TEST_F(FhirPathOperationTest, IsBounded) {
  EXPECT_EQ(Evaluate("name.repeatAll($this)").status, 413);
  std::string many = "name";
  for (int i = 0; i < 14; ++i) many = fmt::format("({0}).combine({0})", many);
  EXPECT_EQ(Evaluate(many.substr(0, 16000)).status, 400);
  EXPECT_EQ(Evaluate("(1|2|3|4|5|6|7|8|9|10).select((1|2|3|4|5|6|7|8|9|10).select((1|2|3|4|5|6|7|8|9|10)"
                     ".select((1|2|3|4|5|6|7|8|9|10).select((1|2|3|4|5|6|7|8|9|10)))))")
                .status,
            413);
}

}  // namespace
}  // namespace tk::interaction
