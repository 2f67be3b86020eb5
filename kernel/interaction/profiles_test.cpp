// Profiles and questionnaires that are stored: checked by $validate and on write from the moment they are there.
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class ProfilesTest : public InteractionTest {
 protected:
  /// A differential alone: a name, exactly one phone number in a closed slice, an extension of ours.
  static std::string Profile(std::string_view version = "1") {
    return R"j({"resourceType":"StructureDefinition","id":"resident","url":"http://example.org/resident","version":")j" +
           std::string(version) + R"j(","name":"Resident","status":"active",
      "kind":"resource","abstract":false,"type":"Patient","derivation":"constraint",
      "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[
      {"id":"Patient","path":"Patient","constraint":[{"key":"res-1","severity":"error","human":"A name or an identifier.",
        "expression":"name.exists() or identifier.exists()"},
        {"key":"res-2","severity":"warning","human":"Better with a birth date.","expression":"birthDate.exists()"}]},
      {"id":"Patient.telecom","path":"Patient.telecom","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"closed"}},
      {"id":"Patient.telecom:phone","path":"Patient.telecom","sliceName":"phone","min":1,"max":"1"},
      {"id":"Patient.telecom:phone.system","path":"Patient.telecom.system","min":1,"fixedCode":"phone"},
      {"id":"Patient.gender","path":"Patient.gender","min":1}]}})j";
  }
  static std::string Resident(std::string_view rest) {
    return R"({"resourceType":"Patient","meta":{"profile":["http://example.org/resident"]})" +
           std::string(rest) + "}";
  }
  static constexpr std::string_view kGood =
      R"(,"name":[{"family":"x"}],"gender":"male","birthDate":"1990-01-01","telecom":[{"system":"phone","value":"1"}])";
};

TEST_F(ProfilesTest, AClaimIsCheckedOnWriteOnceTheProfileIsStored) {
  EXPECT_EQ(Post("Patient", Resident("")).status, 201);
  ASSERT_EQ(Put("StructureDefinition/resident", Profile()).status, 201);
  EXPECT_EQ(Post("Patient", Resident(kGood)).status, 201);
  const Response refused = Post(
      "Patient",
      Resident(
          R"(,"gender":"male","telecom":[{"system":"phone","value":"1"},{"system":"fax","value":"2"}])"));
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_NE(refused.body.find("res-1: A name or an identifier."), std::string::npos);
  EXPECT_NE(refused.body.find("Patient.telecom[1]"), std::string::npos);
  EXPECT_EQ(refused.body.find("res-2"), std::string::npos);  // a warning refuses nothing
  ASSERT_EQ(Delete("StructureDefinition/resident").status, 204);
  EXPECT_EQ(Post("Patient", Resident("")).status, 201);
}

TEST_F(ProfilesTest, AnInvariantThatCannotBeReadIsNotStored) {
  std::string profile = Profile();
  const std::string good = "name.exists() or identifier.exists()";
  profile.replace(profile.find(good), good.size(), "name.exists(");
  const Response refused = Put("StructureDefinition/resident", profile);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_NE(refused.body.find("differential.element[0].constraint[0].expression"), std::string::npos)
      << refused.body;
}

TEST_F(ProfilesTest, AProfileThatContradictsItsBaseIsNotStored) {
  const auto stored = [&](std::string_view element) {
    std::string profile = Profile();
    const std::string good = R"({"id":"Patient.gender","path":"Patient.gender","min":1})";
    profile.replace(profile.find(good), good.size(), element);
    return Put("StructureDefinition/resident", profile);
  };
  for (const char* bad : {R"({"id":"Patient.gender","path":"Patient.gender","min":2})",
                          R"({"id":"Patient.gender","path":"Patient.gender","type":[{"code":"string"}]})",
                          R"({"id":"Patient.sex","path":"Patient.sex","min":1})"}) {
    const Response refused = stored(bad);
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_NE(refused.body.find("StructureDefinition.differential.element[4]."), std::string::npos)
        << refused.body;
  }
  EXPECT_EQ(stored(R"({"id":"Patient.gender","path":"Patient.gender","max":"0"})").status, 201);
}

// A transaction brings the base as well: by that one it is judged.
TEST_F(ProfilesTest, AProfileIsJudgedByTheBaseThatComesWithIt) {
  std::string derived = Profile();
  const std::string base = "http://hl7.org/fhir/StructureDefinition/Patient";
  derived.replace(derived.find(base), base.size(), "http://example.org/resident");
  const std::string url = R"("url":"http://example.org/resident")", gender = R"("Patient.gender","min":1)";
  derived.replace(derived.find(url), url.size(), R"("url":"http://example.org/derived")");
  derived.replace(derived.find(gender), gender.size(), R"("Patient.gender","min":0)");
  const std::string id = R"("id":"resident")";
  derived.replace(derived.find(id), id.size(), R"("id":"derived")");
  const std::string bundle =
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + derived +
      R"(,"request":{"method":"PUT","url":"StructureDefinition/derived"}},{"resource":)" + Profile() +
      R"(,"request":{"method":"PUT","url":"StructureDefinition/resident"}}]})";
  const Response refused = Post("", bundle);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_NE(refused.body.find("asks for less (0) than the base does (1)"), std::string::npos) << refused.body;
}

TEST_F(ProfilesTest, AModifierExtensionStandsInModifierExtension) {
  const auto order = [&](std::string_view member, std::string_view extension) {
    return Post(
        "NutritionOrder",
        R"({"resourceType":"NutritionOrder","status":"active","intent":"order","dateTime":"2020-01-01",
                "patient":{"display":"x"},"oralDiet":{"instruction":"x"},")" +
            std::string(member) + R"(":[)" + std::string(extension) + "]}");
  };
  const char* const not_to_do =
      R"({"url":"http://hl7.org/fhir/StructureDefinition/request-doNotPerform","valueBoolean":true})";
  const char* const plain =
      R"({"url":"http://hl7.org/fhir/StructureDefinition/request-insurance","valueReference":{"display":"x"}})";
  const Response refused = order("extension", not_to_do);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_NE(refused.body.find("it stands in modifierExtension"), std::string::npos) << refused.body;
  EXPECT_EQ(order("modifierExtension", not_to_do).status, 201);
  EXPECT_EQ(order("modifierExtension", plain).status, 422);
  EXPECT_EQ(order("extension", plain).status, 201);
}

// The family of each name is looked for among all given names: 4,000,000 comparisons.
TEST_F(ProfilesTest, WhatIsTooLargeForAnInvariantBreaksNone) {
  std::string profile = Profile();
  const std::string good = "name.exists() or identifier.exists()";
  profile.replace(profile.find(good), good.size(), "name.all(family in %resource.name.given)");
  ASSERT_EQ(Put("StructureDefinition/resident", profile).status, 201);
  const auto resident = [](size_t names) {
    std::string list;
    for (size_t i = 1; i < names; ++i) list += R"({"family":"x","given":["y"]},)";
    return Resident(R"(,"gender":"male","telecom":[{"system":"phone","value":"1"}],"name":[)" + list +
                    R"({"family":"x","given":["x"]}])");
  };
  EXPECT_EQ(Post("Patient", resident(10)).status, 201);
  const Response refused = Post("Patient", resident(2000));
  EXPECT_EQ(refused.status, 413) << refused.body;
  EXPECT_NE(refused.body.find("is too large to check: whether it keeps to res-1"), std::string::npos)
      << refused.body;
}

TEST_F(ProfilesTest, AFormThatCannotBeReadIsNotStoredOfAProfileAndAsksNothingOfAnswers) {
  const auto form = [](std::string_view pattern) {
    return R"("extension":[{"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":")" +
           std::string(pattern) + R"("}])";
  };
  const auto profile = [&](std::string_view pattern) {
    std::string text = Profile();
    const std::string root = R"({"id":"Patient","path":"Patient",)";
    text.replace(text.find(root), root.size(), root + form(pattern) + ",");
    return Put("StructureDefinition/resident", text);
  };
  const Response refused = profile("(a");
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_NE(refused.body.find("differential.element[0].extension[0].valueString"), std::string::npos)
      << refused.body;
  EXPECT_EQ(profile("(?!a)b").status, 201);
  const std::string questionnaire =
      R"({"resourceType":"Questionnaire","id":"q","url":"http://x/q","status":"active","item":[{"linkId":"1","type":"string",)" +
      form("(a") + "}]}";
  EXPECT_EQ(Put("Questionnaire/q", questionnaire).status, 201);
  EXPECT_EQ(
      Post(
          "QuestionnaireResponse",
          R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://x/q","status":"completed","item":[{"linkId":"1","answer":[{"valueString":"b"}]}]})")
          .status,
      201);
  const Response told = Post("Questionnaire/$validate", questionnaire);
  EXPECT_NE(told.body.find("Questionnaire.item[0].extension[0].valueString"), std::string::npos) << told.body;
}

TEST_F(ProfilesTest, OnlyParametersThatFhirDefinesKeepTheirOfficialIds) {
  const auto parameter = [](std::string_view url) {
    return R"({"resourceType":"SearchParameter","url":")" + std::string(url) +
           R"(","name":"n","status":"draft","description":"d","code":"foo","base":["Patient"],"type":"string","expression":"Patient.name.text"})";
  };
  EXPECT_EQ(Post("SearchParameter", parameter("http://hl7.org/fhir/SearchParameter/Patient-foo")).status,
            201);
  EXPECT_EQ(Post("SearchParameter", parameter("http://hl7.org/fhir/SearchParameter/Patient-active")).status,
            422);
}

// Answers by themselves, and beside profiles: one way for both.
TEST_F(ProfilesTest, WhatTimeDoesNotSufficeToCheckIsNotStored) {
  ASSERT_EQ(Put("StructureDefinition/resident", Profile()).status, 201);
  const auto late = [&](std::string_view type, std::string body) {
    Request request = Make(Method::kPost, type, std::move(body));
    request.deadline_us = 1;
    return Send(std::move(request));
  };
  const std::string answers = R"({"resourceType":"QuestionnaireResponse","status":"completed"})";
  for (const Response& response :
       {late("Patient", Resident(kGood)), late("QuestionnaireResponse", answers)}) {
    EXPECT_EQ(response.status, 503) << response.body;
    EXPECT_NE(response.body.find("it is not stored"), std::string::npos) << response.body;
  }
  const Response validated = late("QuestionnaireResponse/$validate", answers);
  EXPECT_EQ(validated.status, 200);
  EXPECT_NE(validated.body.find("\"code\":\"too-costly\""), std::string::npos) << validated.body;
  EXPECT_EQ(Post("QuestionnaireResponse", answers).status, 201);
}

TEST_F(ProfilesTest, TransactionsAndPatchesAreCheckedToo) {
  ASSERT_EQ(Put("StructureDefinition/resident", Profile()).status, 201);
  const Response refused = Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                                        Resident("") + R"(,"request":{"method":"POST","url":"Patient"}}]})");
  EXPECT_EQ(refused.status, 422) << refused.body;
  ASSERT_EQ(Put("Patient/p", R"({"id":"p",)" + Resident(kGood).substr(1)).status, 201);
  EXPECT_EQ(Patch("Patient/p", R"([{"op":"remove","path":"/gender"}])").status, 422);
}

TEST_F(ProfilesTest, ValidateTakesProfilesAndTellsWhatIsUnknown) {
  ASSERT_EQ(Put("StructureDefinition/resident", Profile()).status, 201);
  const Response bad = Post("Patient/$validate?profile=http://example.org/resident",
                            R"({"resourceType":"Patient","active":true})");
  EXPECT_EQ(bad.status, 200);
  EXPECT_NE(bad.body.find("Patient.gender"), std::string::npos) << bad.body;
  EXPECT_NE(bad.body.find("slice phone"), std::string::npos);
  EXPECT_NE(bad.body.find("res-2"), std::string::npos);  // warnings are told here
  EXPECT_NE(bad.body.find("dom-6"), std::string::npos);
  const Response good =
      Post("Patient/$validate",
           R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" + Resident(kGood) +
               R"(},{"name":"profile","valueUri":"http://example.org/resident"}]})");
  EXPECT_EQ(good.body.find("\"error\""), std::string::npos) << good.body;
  const Response unknown = Post("Patient/$validate?profile=http://example.org/nobody", PatientJson(""));
  EXPECT_NE(unknown.body.find("is not known here"), std::string::npos) << unknown.body;
  EXPECT_NE(unknown.body.find("\"error\""), std::string::npos);
  const Response claimed =
      Post("Patient/$validate",
           R"({"resourceType":"Patient","meta":{"profile":["http://example.org/nobody"]},"active":true})");
  EXPECT_NE(claimed.body.find("not known here: not checked"), std::string::npos) << claimed.body;
  EXPECT_EQ(claimed.body.find("\"error\""), std::string::npos);
}

TEST_F(ProfilesTest, TheProfilesOfR4AreKnownWithoutBeingStored) {
  const std::string weight =
      R"("resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]})";
  EXPECT_EQ(Post("Observation", "{" + weight + "}").status, 201);
  const Response claimed =
      Post("Observation",
           "{" + weight + R"(,"meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bodyweight"]}})");
  EXPECT_EQ(claimed.status, 422) << claimed.body;
  EXPECT_NE(claimed.body.find("Observation.category"), std::string::npos) << claimed.body;
  const Response place = Post(
      "Patient",
      R"({"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueString":"x"}]})");
  EXPECT_EQ(place.status, 422) << place.body;
  const Response asked = Post(
      "Observation/$validate?profile=http://hl7.org/fhir/StructureDefinition/vitalsigns", "{" + weight + "}");
  EXPECT_EQ(asked.body.find("is not known here"), std::string::npos) << asked.body;
  const Response conforms = Post("$fhirpath", R"j({"resourceType":"Parameters","parameter":[
    {"name":"expression","valueString":"conformsTo('http://hl7.org/fhir/StructureDefinition/bodyweight')"},
    {"name":"resource","resource":{)j" + weight + "}}]}");
  EXPECT_NE(conforms.body.find("false"), std::string::npos) << conforms.body;
}

TEST_F(ProfilesTest, ValidateJudgesCodesOfR4AndSaysWhatItCannot) {
  const auto told = [&](std::string_view type, std::string_view members) {
    return Post(std::string(type) + "/$validate",
                R"({"resourceType":")" + std::string(type) + "\"," + std::string(members) + "}")
        .body;
  };
  const std::string wrong = told(
      "Patient",
      R"("language":"not a lang","photo":[{"contentType":"nonsense"}],"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"nope"}]})");
  for (const char* path :
       {"Patient.language", "Patient.photo[0].contentType", "Patient.maritalStatus.coding[0].code"})
    EXPECT_NE(wrong.find(path), std::string::npos) << path << wrong;
  const std::string right = told(
      "Patient",
      R"("language":"zh-CN","photo":[{"contentType":"image/png; a=b"}],"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]})");
  EXPECT_EQ(right.find("\"error\""), std::string::npos) << right;
  const std::string shown = told(
      "Patient",
      R"("maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M","display":"Divorced"}]})");
  EXPECT_NE(shown.find("Patient.maritalStatus.coding[0].display"), std::string::npos) << shown;
  const std::string priced = told("Invoice", R"("status":"draft","totalNet":{"value":1,"currency":"ZZZ1"})");
  EXPECT_NE(priced.find("Invoice.totalNet.currency"), std::string::npos) << priced;
}

TEST_F(ProfilesTest, ADeleteIsValidatedWithoutABody) {
  ASSERT_EQ(Put("Patient/a", R"({"resourceType":"Patient","id":"a"})").status, 201);
  const Response there = Post("Patient/a/$validate?mode=delete", "");
  EXPECT_EQ(there.status, 200) << there.body;
  EXPECT_EQ(Post("Patient/b/$validate?mode=delete", "").status, 404);
  EXPECT_EQ(Post("Patient/$validate?mode=delete", "").status, 400);
  EXPECT_EQ(Post("Patient/a/$validate", "").status, 400);
}

TEST_F(ProfilesTest, TheVersionAskedForCounts) {
  ASSERT_EQ(Put("StructureDefinition/resident", Profile("2")).status, 201);
  const std::string claim = R"({"resourceType":"Patient","meta":{"profile":["http://example.org/resident|)";
  EXPECT_EQ(Post("Patient", claim + R"(2"]}})").status, 422);
  EXPECT_EQ(Post("Patient", claim + R"(1"]}})").status, 201);
}

TEST_F(ProfilesTest, AnswersAreCheckedAgainstTheirQuestionnaire) {
  ASSERT_EQ(Put("Questionnaire/q",
                R"({"resourceType":"Questionnaire","id":"q","url":"http://example.org/q","status":"active",
    "item":[{"linkId":"1","type":"boolean","required":true},
            {"linkId":"2","type":"string","maxLength":3,"required":true,
             "enableWhen":[{"question":"1","operator":"=","answerBoolean":true}]}]})")
                .status,
            201);
  const auto answers = [](std::string_view status, std::string_view items) {
    return R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/q","status":")" +
           std::string(status) + R"(","item":[)" + std::string(items) + "]}";
  };
  constexpr std::string_view kYes = R"({"linkId":"1","answer":[{"valueBoolean":true}]})";
  EXPECT_EQ(Post("QuestionnaireResponse", answers("completed", kYes)).status, 422);
  EXPECT_EQ(Post("QuestionnaireResponse", answers("in-progress", kYes)).status, 201);
  EXPECT_EQ(
      Post("QuestionnaireResponse",
           answers("completed", std::string(kYes) + R"(,{"linkId":"2","answer":[{"valueString":"abc"}]})"))
          .status,
      201);
  const Response longer =
      Post("QuestionnaireResponse",
           answers("completed", std::string(kYes) + R"(,{"linkId":"2","answer":[{"valueString":"abcd"}]})"));
  EXPECT_EQ(longer.status, 422);
  EXPECT_EQ(IssuePath(longer), "QuestionnaireResponse.item[1].answer[0]");
  EXPECT_EQ(Post("QuestionnaireResponse",
                 answers("completed", R"({"linkId":"1","answer":[{"valueBoolean":false}]})"))
                .status,
            201);
}

/// A canonical that is no url known here but an address of this server means what is stored there.
TEST_F(ProfilesTest, AnAddressOfThisServerMeansWhatIsThere) {
  ASSERT_EQ(Put("Questionnaire/q",
                R"({"resourceType":"Questionnaire","id":"q","url":"http://example.org/q","version":"2",
    "status":"active","item":[{"linkId":"1","type":"boolean","required":true}]})")
                .status,
            201);
  const auto answers = [&](std::string_view questionnaire) {
    return Post("QuestionnaireResponse", R"({"resourceType":"QuestionnaireResponse","questionnaire":")" +
                                             std::string(questionnaire) + R"(","status":"completed"})")
        .status;
  };
  for (const char* known : {"http://example.org/q", "Questionnaire/q", "http://test/fhir/Questionnaire/q",
                            "http://test/fhir/Questionnaire/q|2", "Questionnaire/q|2"})
    EXPECT_EQ(answers(known), 422) << known;
  for (const char* unknown :
       {"http://other.org/fhir/Questionnaire/q", "http://test/fhir/Questionnaire/q|1", "Questionnaire/q|1",
        "http://test/fhir/Questionnaire/none", "http://test/fhirQuestionnaire/q"})
    EXPECT_EQ(answers(unknown), 201) << unknown;
  // Something may have the address for its url, wherever it is.
  ASSERT_EQ(Put("Questionnaire/other",
                R"({"resourceType":"Questionnaire","id":"other","url":"http://test/fhir/Questionnaire/q",
    "status":"active","item":[{"linkId":"1","type":"boolean"}]})")
                .status,
            201);
  EXPECT_EQ(answers("http://test/fhir/Questionnaire/q"), 201);
  ASSERT_EQ(Put("StructureDefinition/resident", Profile()).status, 201);
  std::string claims = Resident("");
  const std::string url = "http://example.org/resident";
  claims.replace(claims.find(url), url.size(), "http://test/fhir/StructureDefinition/resident");
  EXPECT_EQ(Post("Patient", claims).status, 422);
  EXPECT_NE(Post("Patient/$validate?profile=http://test/fhir/StructureDefinition/resident",
                 R"({"resourceType":"Patient"})")
                .body.find("res-1"),
            std::string::npos);
  // So does the value set of a question.
  ASSERT_EQ(Put("ValueSet/v",
                R"({"resourceType":"ValueSet","id":"v","url":"http://example.org/v","status":"active",
    "compose":{"include":[{"system":"http://example.org/c","concept":[{"code":"a"}]}]}})")
                .status,
            201);
  ASSERT_EQ(
      Put("Questionnaire/choice",
          R"({"resourceType":"Questionnaire","id":"choice","url":"http://example.org/choice","status":"active",
    "item":[{"linkId":"1","type":"choice","answerValueSet":"http://test/fhir/ValueSet/v"}]})")
          .status,
      201);
  const auto chosen = [&](std::string_view code) {
    return Post("QuestionnaireResponse",
                R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/choice",
    "status":"completed","item":[{"linkId":"1","answer":[{"valueCoding":{"system":"http://example.org/c","code":")" +
                    std::string(code) + R"("}}]}]})")
        .status;
  };
  EXPECT_EQ(chosen("a"), 201);
  EXPECT_EQ(chosen("b"), 422);
}

TEST_F(ProfilesTest, AConditionByAnAddressOfThisServerFindsWhatIsStored) {
  Request request = Make(
      Method::kPost, "QuestionnaireResponse",
      R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://test/fhir/Questionnaire/q","status":"in-progress"})");
  request.if_none_exist = "questionnaire=http://test/fhir/Questionnaire/q";
  EXPECT_EQ(Send(request).status, 201);
  EXPECT_EQ(Send(request).status, 200);
  request.if_none_exist = "questionnaire=Questionnaire/q";
  EXPECT_EQ(Send(request).status, 200);
}

TEST_F(ProfilesTest, ConstraintsOfAQuestionnaireKnowTheTime) {
  ASSERT_EQ(
      Put("Questionnaire/past",
          R"j({"resourceType":"Questionnaire","id":"past","url":"http://example.org/past","status":"active",
    "item":[{"linkId":"1","type":"date","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaire-constraint",
      "extension":[{"url":"key","valueId":"d-1"},{"url":"severity","valueCode":"error"},
                   {"url":"human","valueString":"not in the future"},
                   {"url":"expression","valueString":"answer.value <= today()"}]}]}]})j")
          .status,
      201);
  const auto status = [&](std::string_view date) {
    return Post("QuestionnaireResponse",
                R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/past",
    "status":"completed","item":[{"linkId":"1","answer":[{"valueDate":")" +
                    std::string(date) + R"("}]}]})")
        .status;
  };
  EXPECT_EQ(status("1970-01-01"), 201);
  EXPECT_EQ(status("2999-01-01"), 422);
}

// A transaction is one state: what it brings is judged by what it brings.
TEST_F(ProfilesTest, ATransactionIsJudgedByItsOwnQuestionnaires) {
  const auto transaction = [&](std::string_view item, std::string_view answered) {
    const std::string answers =
        R"({"resource":{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://example.org/t",
      "item":[{"linkId":")" +
        std::string(answered) +
        R"(","answer":[{"valueBoolean":true}]}]},"request":{"method":"POST","url":"QuestionnaireResponse"}})";
    const std::string asked =
        R"({"resource":{"resourceType":"Questionnaire","id":"t","url":"http://example.org/t","status":"active",
      "item":[{"linkId":")" +
        std::string(item) + R"(","type":"boolean"}]},"request":{"method":"PUT","url":"Questionnaire/t"}})";
    return Post("",
                R"({"resourceType":"Bundle","type":"transaction","entry":[)" + answers + "," + asked + "]}");
  };
  EXPECT_EQ(transaction("a", "z").status, 422);
  EXPECT_EQ(transaction("a", "a").status, 200);
  const Response changed = transaction("z", "z");
  EXPECT_EQ(changed.status, 200) << changed.body;
  const Response refused = transaction("a", "z");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(IssuePath(refused), "Bundle.entry[0].resource.item[0]");
}

TEST_F(ProfilesTest, ATransactionIsJudgedByItsOwnProfiles) {
  const auto transaction = [&](std::string_view rest, const std::string& method) {
    return Post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                        Resident(rest) + R"(,"request":{"method":"POST","url":"Patient"}},{)" +
                        (method == "PUT" ? R"("resource":)" + Profile() + "," : std::string()) +
                        R"("request":{"method":")" + method +
                        R"(","url":"StructureDefinition/resident"}}]})");
  };
  EXPECT_EQ(transaction("", "PUT").status, 422);
  EXPECT_EQ(transaction(kGood, "PUT").status, 200);
  EXPECT_EQ(Post("Patient", Resident("")).status, 422);
  EXPECT_EQ(transaction("", "DELETE").status, 200);
}

}  // namespace
}  // namespace tk::interaction
