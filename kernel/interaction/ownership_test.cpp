// Whose a record is: references by this server's own address and by others', Binary, Bundles of one and of several persons.
#include <fmt/format.h>

#include "kernel/interaction/interaction_test_harness.h"
#include "kernel/interaction/permit.h"

namespace tk::interaction {
namespace {

class Ownership : public InteractionTest {
 protected:
  static std::string Patient(std::string_view id, std::string_view area = "380102") {
    return fmt::format(
        R"({{"resourceType":"Patient","id":"{}","meta":{{"tag":[{{"system":"http://tongkang.dev/fhir/sid/area","code":"{}"}}]}},"name":[{{"text":"Zhen {}"}}]}})",
        id, area, id);
  }
  static std::string Observation(std::string_view id, std::string_view subject) {
    return fmt::format(
        R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{"text":"t"}},"subject":{{"reference":"{}"}}}})",
        id, subject);
  }
  static std::string Binary(std::string_view id, std::string_view context) {
    return fmt::format(
        R"({{"resourceType":"Binary","id":"{}","meta":{{"tag":[{{"system":"urn:t","code":"scan"}}]}},"contentType":"text/plain","securityContext":{{"reference":"{}"}},"data":"WmhlbiBh"}})",
        id, context);
  }
  static std::string BundleOf(std::string_view id, std::initializer_list<std::string> resources) {
    std::string entries;
    for (const std::string& resource : resources)
      entries += fmt::format(R"({}{{"fullUrl":"urn:uuid:{}","resource":{}}})", entries.empty() ? "" : ",",
                             NewUuid(), resource);
    return fmt::format(R"({{"resourceType":"Bundle","id":"{}","type":"collection","entry":[{}]}})", id,
                       entries);
  }
  Response Erase(std::string_view what) const {
    return Post(std::string(what) + "/$erase",
                R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"unlawful"}]})");
  }
  int ReadIn(std::string_view area, std::string_view what) {
    viewer_ = AreaViewer(area);
    const int status = Get(what).status;
    viewer_ = AdminViewer();
    return status;
  }
};

TEST_F(Ownership, AnErasureIsToldBeforeItDoesAnythingAndNotDoneUntold) {
  Put("Patient/a", Patient("a"));
  const auto erase = [&](std::string_view what, Status told, std::string* heard) {
    Request request =
        Make(Method::kPost, std::string(what) + "/$erase",
             R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"unlawful"}]})");
    request.note_intent = [&](std::string_view type, std::string_view id, std::string_view reason) {
      *heard += fmt::format("{}/{} {} {};", type, id, reason, Get("Patient/a").status);
      return std::move(told);
    };
    return Send(std::move(request)).status;
  };
  std::string heard;
  EXPECT_EQ(erase("Patient/nobody", {}, &heard), 404);
  EXPECT_EQ(heard, "") << "nothing would be done";
  EXPECT_EQ(erase("Patient/a", MakeError(ErrorCode::kUnavailable, "the disk is full"), &heard), 503);
  EXPECT_EQ(Get("Patient/a").status, 200);
  EXPECT_EQ(erase("Patient/a", {}, &heard), 200);
  EXPECT_EQ(heard, "Patient/a unlawful 200;Patient/a unlawful 200;");
  EXPECT_EQ(Get("Patient/a").status, 410);
}

TEST_F(Ownership, ThisServersOwnAddressIsARelativeReference) {
  Put("Patient/a", Patient("a"));
  const Response put = Put("Observation/o", Observation("o", "http://test/fhir/Patient/a"));
  ASSERT_EQ(put.status, 201) << put.body;
  EXPECT_EQ(At(Parsed(Get("Observation/o")), "subject.reference"), "Patient/a");
  Put("Observation/p", Observation("p", R"(http:\/\/test\/fhir\/Patient\/a\/_history\/1)"));
  for (const char* asked : {"Patient/a", "a", "http://test/fhir/Patient/a"})
    EXPECT_EQ(At(Parsed(Get(std::string("Observation?_total=accurate&subject=") + asked)), "total"), "2")
        << asked;
  EXPECT_EQ(At(Parsed(Get("Patient/a/$everything")), "total"), "3");
}

TEST_F(Ownership, AnOwnAddressIsTakenOffAndNothingElseIsChanged) {
  Put("Patient/a", Patient("a"));
  const Response put =
      Put("Observation/o", Observation("o", R"(http://test/fhir/Patient/a\",\"display\":\"X)"));
  EXPECT_EQ(put.status, 422) << put.body;
  ASSERT_EQ(Put("Observation/o", Observation("o", R"(http://test/fhir/Patient/a#\u005cq\"é)")).status / 100,
            4);
}

TEST_F(Ownership, AnotherServersPatientOfTheSameIdIsSomebodyElse) {
  Put("Patient/a", Patient("a"));
  const std::string elsewhere = "http://other.example.org/fhir/Patient/a";
  ASSERT_EQ(Put("Observation/o", Observation("o", elsewhere)).status, 201);
  EXPECT_EQ(At(Parsed(Get("Observation?_total=accurate&subject=Patient/a")), "total"), "0");
  EXPECT_EQ(At(Parsed(Get("Observation?_total=accurate&subject=" + elsewhere)), "total"), "1");
  EXPECT_EQ(At(Parsed(Get("Observation?_total=accurate&subject=http://test/fhir/Patient/a")), "total"), "0");
  ASSERT_EQ(Erase("Patient/a").status, 200);
  EXPECT_EQ(Get("Observation/o").status, 200);
  EXPECT_EQ(Put("Observation/p", Observation("p", elsewhere)).status, 201);
  EXPECT_EQ(ReadIn("380102", "Observation/o"), 404) << "about somebody whom nobody here is in charge of";
  EXPECT_EQ(Erase("Observation/o").status, 200);
}

TEST_F(Ownership, WhatMayBeAboutAPersonIsNotEverybodys) {
  const auto about = [this](std::string_view subject) {
    Put("Observation/o",
        fmt::format(
            R"({{"resourceType":"Observation","id":"o","status":"final","code":{{"text":"t"}},"subject":{}}})",
            subject));
    return ReadIn("380102", "Observation/o");
  };
  EXPECT_EQ(about(R"({"reference":"Device/d"})"), 200);
  EXPECT_EQ(about(R"({"reference":"http://other.example.org/fhir/Device/d"})"), 200);
  EXPECT_EQ(about(R"({"type":"Location","display":"well 7"})"), 200);
  EXPECT_EQ(about(R"({"identifier":{"system":"urn:card","value":"7"}})"), 404);
  EXPECT_EQ(about(R"({"display":"Zhen"})"), 404);
  EXPECT_EQ(about(R"({"reference":"urn:uuid:6c2a5e3e-7a52-4d1a-8a4e-0e1b6c0f1d11"})"), 404);
}

TEST_F(Ownership, ABinaryIsWhoseItsSecurityContextIs) {
  Put("Patient/a", Patient("a", "380103"));
  Put("DocumentReference/d",
      R"({"resourceType":"DocumentReference","id":"d","status":"current","subject":{"reference":"Patient/a"},"content":[{"attachment":{"url":"Binary/by-document"}}]})");
  ASSERT_EQ(Put("Binary/of-him", Binary("of-him", "Patient/a")).status, 201);
  ASSERT_EQ(Put("Binary/by-document", Binary("by-document", "DocumentReference/d")).status, 201);
  ASSERT_EQ(Put("Binary/nowhere", Binary("nowhere", "DocumentReference/never")).status, 201);
  const Response together = Post(
      "",
      fmt::format(
          R"({{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{},"request":{{"method":"PUT","url":"Binary/new"}}}},{{"resource":{{"resourceType":"DocumentReference","id":"e","status":"current","subject":{{"reference":"Patient/a"}},"content":[{{"attachment":{{"url":"Binary/new"}}}}]}},"request":{{"method":"PUT","url":"DocumentReference/e"}}}}]}})",
          Binary("new", "DocumentReference/e")));
  ASSERT_EQ(together.status, 200) << together.body;
  for (const char* id : {"Binary/of-him", "Binary/by-document", "Binary/new", "Binary/nowhere"}) {
    EXPECT_EQ(ReadIn("380102", id), 404) << id;
    EXPECT_EQ(ReadIn("380103", id), std::string_view(id) == "Binary/nowhere" ? 404 : 200) << id;
  }
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Put("Binary/mine", Binary("mine", "DocumentReference/d")).status, 403);
  EXPECT_EQ(Put("Binary/mine", Binary("mine", "Patient/a")).status, 403);
  viewer_ = AdminViewer();
  ASSERT_EQ(Erase("Patient/a").status, 200);
  for (const char* id : {"Binary/of-him", "Binary/by-document", "Binary/new"})
    EXPECT_EQ(Get(id).status, 410) << id;
  EXPECT_EQ(Get("Binary/nowhere").status, 200);
}

TEST_F(Ownership, ABinaryFollowsASecurityContextThatComesLater) {
  Put("Patient/b", Patient("b", "380103"));
  ASSERT_EQ(Put("Binary/early", Binary("early", "Observation/later")).status, 201);
  EXPECT_EQ(ReadIn("380103", "Binary/early"), 404) << "nobody knows yet whose it is";
  ASSERT_EQ(Put("Observation/later", Observation("later", "Patient/b")).status, 201);
  EXPECT_EQ(ReadIn("380103", "Binary/early"), 200);
  EXPECT_EQ(ReadIn("380102", "Binary/early"), 404);
  ASSERT_EQ(Put("Binary/early", Binary("early", "Observation/later")).status, 200);
  EXPECT_EQ(Erase("Binary/early").status, 400) << "it goes with him";
  ASSERT_EQ(Erase("Patient/b").status, 200);
  for (const char* gone : {"Binary/early", "Binary/early/_history/1", "Binary/early/_history/2"})
    EXPECT_EQ(Get(gone).status, 410) << gone;
  EXPECT_EQ(Put("Binary/early", Binary("early", "Observation/later")).status, 410);
  EXPECT_EQ(Put("Binary/more", Binary("more", "Observation/later")).status, 410) << "nothing more about him";
}

TEST_F(Ownership, ABinaryMovesWithItsSecurityContext) {
  Put("Patient/a", Patient("a", "380102"));
  Put("Patient/b", Patient("b", "380103"));
  Put("Observation/o", Observation("o", "Patient/a"));
  ASSERT_EQ(Put("Binary/x", Binary("x", "Observation/o")).status, 201);
  ASSERT_EQ(Put("Binary/of-x", Binary("of-x", "Binary/x")).status, 201);
  const auto stands_in = [this](std::string_view here, std::string_view elsewhere) {
    for (const char* name : {"Binary/x", "Binary/of-x", "Binary/x/_history/1"}) {
      EXPECT_EQ(ReadIn(here, name), 200) << name;
      EXPECT_EQ(ReadIn(elsewhere, name), 404) << name;
    }
    for (const auto& [area, number] : {std::pair(here, "2"), std::pair(elsewhere, "0")}) {
      viewer_ = AreaViewer(area);
      EXPECT_EQ(At(Parsed(Get("Binary?_tag=scan&_total=accurate")), "total"), number) << area;
      EXPECT_EQ(At(Parsed(Get("Binary?_total=accurate")), "total"), number) << area;
      viewer_ = AdminViewer();
    }
  };
  stands_in("380102", "380103");
  ASSERT_EQ(Put("Observation/o", Observation("o", "Patient/b")).status, 200);
  stands_in("380103", "380102");
  Put("Patient/b", Patient("b", "380102"));
  stands_in("380102", "380103");
  ASSERT_EQ(Delete("Observation/o").status, 204);
  stands_in("380102", "380103");
  ASSERT_EQ(Erase("Patient/a").status, 200) << "whose it was";
  EXPECT_EQ(Get("Binary/x").status, 200);
  ASSERT_EQ(Erase("Patient/b").status, 200);
  for (const char* gone : {"Binary/x", "Binary/of-x", "Binary/x/_history/1"})
    EXPECT_EQ(Get(gone).status, 410) << gone;
}

TEST_F(Ownership, ACircleOfSecurityContextsLiesInNoArea) {
  ASSERT_EQ(Put("Binary/self", Binary("self", "Binary/self")).status, 201);
  ASSERT_EQ(Put("Binary/x", Binary("x", "Binary/y")).status, 201);
  ASSERT_EQ(Put("Binary/y", Binary("y", "Binary/x")).status, 201);
  for (const char* name : {"Binary/self", "Binary/x", "Binary/y"}) {
    EXPECT_EQ(ReadIn("380102", name), 404) << name;
    EXPECT_EQ(Get(name).status, 200) << name;
  }
  ASSERT_EQ(Put("Binary/x", R"({"resourceType":"Binary","id":"x","contentType":"text/plain"})").status, 200);
  EXPECT_EQ(ReadIn("380102", "Binary/x"), 200) << "nobody's from now on";
  EXPECT_EQ(ReadIn("380102", "Binary/y"), 200) << "as that one is";
}

TEST_F(Ownership, ABundleOfOnePersonGoesWithHim) {
  Put("Patient/a", Patient("a", "380103"));
  ASSERT_EQ(Put("Bundle/one", BundleOf("one", {Patient("a", "380103"), Observation("o", "Patient/a"),
                                               R"({"resourceType":"Organization","id":"g","name":"G"})"}))
                .status,
            201);
  EXPECT_EQ(ReadIn("380102", "Bundle/one"), 404);
  EXPECT_EQ(ReadIn("380103", "Bundle/one"), 200);
  ASSERT_EQ(Erase("Patient/a").status, 200);
  EXPECT_EQ(Get("Bundle/one").status, 410);
}

TEST_F(Ownership, ABundleOfSeveralPersonsIsItsOwnAndMustGoFirst) {
  Put("Patient/a", Patient("a"));
  Put("Patient/b", Patient("b"));
  const std::string both = BundleOf("both", {Patient("a"), Observation("o", "Patient/b")});
  ASSERT_EQ(Put("Bundle/both", both).status, 201);
  EXPECT_EQ(ReadIn("380102", "Bundle/both"), 404) << "in no area";
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Put("Bundle/more", BundleOf("more", {Patient("a"), Observation("o", "Patient/b")})).status, 403);
  viewer_ = AdminViewer();
  const Response refused = Erase("Patient/b");
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("Bundle/both"), std::string::npos) << refused.body;
  EXPECT_EQ(Get("Patient/b").status, 200) << "nothing was done";
  ASSERT_EQ(Erase("Bundle/both").status, 200);
  EXPECT_EQ(Get("Bundle/both").status, 410);
  EXPECT_EQ(Get("Patient/a").status, 200);
  EXPECT_EQ(Erase("Patient/b").status, 200);
}

TEST_F(Ownership, AFormerVersionOfABundleOfSeveralMustGoToo) {
  for (const char* id : {"a", "b"}) Put(fmt::format("Patient/{}", id), Patient(id));
  const std::string both = BundleOf("x", {Patient("a"), Observation("o", "Patient/b")});
  const auto refused = [this](std::string_view bundle) {
    const Response response = Erase("Patient/b");
    EXPECT_EQ(response.status, 409) << bundle;
    EXPECT_NE(response.body.find(bundle), std::string::npos) << response.body;
    EXPECT_EQ(Get("Patient/b").status, 200) << "nothing was done";
    EXPECT_EQ(Put("Observation/o", Observation("o", "Patient/b")).status / 100, 2) << "and he is written of";
  };
  ASSERT_EQ(Put("Bundle/deleted", BundleOf("deleted", {Patient("a"), Observation("o", "Patient/b")})).status,
            201);
  ASSERT_EQ(Delete("Bundle/deleted").status, 204);
  ASSERT_EQ(Get("Bundle/deleted/_history/1").status, 200);
  refused("Bundle/deleted");
  ASSERT_EQ(Erase("Bundle/deleted").status, 200);
  ASSERT_EQ(Put("Bundle/x", both).status, 201);
  ASSERT_EQ(Put("Bundle/x", BundleOf("x", {Patient("a")})).status, 200) << "now of one person";
  refused("Bundle/x");
  ASSERT_EQ(Erase("Bundle/x").status, 200);
  EXPECT_EQ(Get("Bundle/x").status, 200) << "its live version is Patient/a's";
  EXPECT_EQ(Get("Bundle/x/_history/1").status, 410);
  EXPECT_EQ(Erase("Patient/b").status, 200);
}

TEST_F(Ownership, NothingMoreIsBundledAboutWhoWasErased) {
  for (const char* id : {"a", "b"}) Put(fmt::format("Patient/{}", id), Patient(id));
  ASSERT_EQ(Erase("Patient/b").status, 200);
  const std::string both = BundleOf("both", {Patient("a"), Observation("o", "Patient/b")});
  EXPECT_EQ(Put("Bundle/both", both).status, 410);
  EXPECT_EQ(Get("Bundle/both").status, 404);
}

TEST_F(Ownership, ABundleOfStaffAloneIsTheirs) {
  const auto staff = [](std::string_view id) {
    return fmt::format(R"({{"resourceType":"Practitioner","id":"{}","name":[{{"text":"Dr {}"}}]}})", id, id);
  };
  Put("Practitioner/p", staff("p"));
  Put("Practitioner/q", staff("q"));
  ASSERT_EQ(Put("Bundle/one", BundleOf("one", {staff("p")})).status, 201);
  EXPECT_EQ(ReadIn("380102", "Bundle/one"), 200) << "staff are known to all posts";
  ASSERT_EQ(Put("Bundle/two", BundleOf("two", {staff("p"), staff("q")})).status, 201);
  EXPECT_EQ(Erase("Practitioner/p").status, 409);
  ASSERT_EQ(Erase("Bundle/two").status, 200);
  EXPECT_EQ(Erase("Practitioner/p").status, 200);
  EXPECT_EQ(Get("Bundle/one").status, 410);
}

TEST_F(Ownership, PersonsAreFoundAtAnyDepth) {
  for (const char* id : {"a", "b"}) Put(fmt::format("Patient/{}", id), Patient(id, "380103"));
  const auto parameters = [](std::string_view id, const std::string& resource) {
    return fmt::format(
        R"({{"resourceType":"Parameters","id":"{}","parameter":[{{"name":"x","part":[{{"name":"y","resource":{}}}]}}]}})",
        id, resource);
  };
  const std::string his = Patient("a", "380103"), both = BundleOf("in", {his, Observation("o", "Patient/b")});
  struct Case {
    const char* name;
    std::string json;
    bool own;
  };
  const Case cases[] = {
      {"Parameters/his", parameters("his", his), false},
      {"Bundle/his", BundleOf("his", {BundleOf("in", {parameters("in", his)})}), false},
      {"Parameters/both", parameters("both", both), true},
      {"Bundle/both", BundleOf("both", {parameters("in", both)}), true},
      {"Bundle/some", BundleOf("some", {Observation("o", "Patient?identifier=7")}), true},
      {"Bundle/scan",
       BundleOf(
           "scan",
           {R"({"resourceType":"Binary","id":"s","contentType":"image/png","securityContext":{"reference":"DocumentReference/d"}})"}),
       true},
      {"Person/p", R"({"resourceType":"Person","id":"p","name":[{"text":"Zhen P"}]})", true},
  };
  for (const Case& c : cases) {
    ASSERT_EQ(Put(c.name, c.json).status, 201) << c.name;
    EXPECT_EQ(ReadIn("380102", c.name), 404) << c.name;
    EXPECT_EQ(ReadIn("380103", c.name), c.own ? 404 : 200) << c.name;
  }
  const Response refused = Erase("Patient/a");
  EXPECT_EQ(refused.status, 409);
  for (const char* holding : {"Parameters/both", "Bundle/both"}) {
    EXPECT_NE(refused.body.find(holding), std::string::npos) << refused.body;
    EXPECT_EQ(Erase(holding).status, 200);
  }
  ASSERT_EQ(Erase("Patient/a").status, 200);
  for (const char* gone : {"Parameters/his", "Bundle/his"}) EXPECT_EQ(Get(gone).status, 410) << gone;
  EXPECT_EQ(Put("Bundle/new", BundleOf("new", {BundleOf("in", {his, Patient("b")})})).status, 410);
}

TEST_F(Ownership, AnotherServersEntriesAreAboutNobodyKnownHere) {
  Put("Patient/a", Patient("a", "380103"));
  const auto bundle = [](std::string_view id, std::string_view base) {
    return fmt::format(
        R"({{"resourceType":"Bundle","id":"{}","type":"collection","entry":[{{"fullUrl":"{}/Patient/a","resource":{}}}]}})",
        id, base, Patient("a", "380103"));
  };
  ASSERT_EQ(Put("Bundle/ours", bundle("ours", "http://test/fhir")).status, 201);
  ASSERT_EQ(Put("Bundle/theirs", bundle("theirs", "http://test/fhir2")).status, 201);
  EXPECT_EQ(ReadIn("380103", "Bundle/ours"), 200);
  EXPECT_EQ(ReadIn("380103", "Bundle/theirs"), 404);
  ASSERT_EQ(Erase("Patient/a").status, 200);
  EXPECT_EQ(Get("Bundle/ours").status, 410);
  EXPECT_EQ(Get("Bundle/theirs").status, 200);
  EXPECT_EQ(Delete("Bundle/theirs").status, 204) << "it is still its own";
  EXPECT_EQ(Erase("Bundle/theirs").status, 200);
}

TEST_F(Ownership, WhatMovedOutOfSightIsInNoHistory) {
  Put("Patient/a", Patient("a", "380102"));
  Put("Patient/b", Patient("b", "380103"));
  Put("Observation/o", Observation("o", "Patient/a"));
  Put("Observation/o", Observation("o", "Patient/b"));
  viewer_ = AreaViewer("380102");
  for (const char* path : {"_history", "Observation/_history"})
    EXPECT_EQ(Get(path).body.find("Observation/o"), std::string::npos) << path;
  EXPECT_EQ(Get("Observation/o/_history").status, 404);
  viewer_ = AdminViewer();
  EXPECT_NE(Get("Observation/_history").body.find("Observation/o"), std::string::npos);
}

TEST_F(Ownership, StaffAreErasedByPostsOfTheWholeCity) {
  Put("Practitioner/p", R"({"resourceType":"Practitioner","id":"p"})");
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Erase("Practitioner/p").status, 403);
  viewer_ = AdminViewer();
  EXPECT_EQ(Erase("Practitioner/p").status, 200);
}

TEST_F(Ownership, WhatGovernsTheCityIsWrittenByPostsOfTheWholeCity) {
  const auto definitions = fhir::Definitions::R4();
  for (const std::string_view type : TypesOfTheCity()) {
    EXPECT_TRUE(definitions->IsResource(definitions->FindType(type))) << type;
    EXPECT_TRUE(GovernsTheCity(type)) << type << ": the list is sorted";
  }
  for (const std::string_view type : {"Patient", "Observation", "Task", "Binary", "Bundle"})
    EXPECT_FALSE(GovernsTheCity(type)) << type;
  const std::string practitioner = R"({"resourceType":"Practitioner","id":"p"})";
  const std::string parameter =
      R"({"resourceType":"SearchParameter","id":"s","url":"http://city/s","name":"S","status":"active","description":"d",)"
      R"("code":"s-of-mine","base":["Patient"],"type":"string","expression":"Patient.name.family"})";
  ASSERT_EQ(Put("Practitioner/p", practitioner).status, 201);
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Get("Practitioner/p").status, 200);
  EXPECT_EQ(Put("Practitioner/p", practitioner).status, 403);
  EXPECT_EQ(Delete("Practitioner/p").status, 403);
  EXPECT_EQ(Put("SearchParameter/s", parameter).status, 403);
  EXPECT_EQ(Post("SearchParameter", parameter).status, 403);
  const Response transaction = Post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Practitioner/p"}}]})");
  EXPECT_EQ(transaction.status, 403) << transaction.body;
  viewer_ = AdminViewer();
  EXPECT_EQ(Get("Practitioner/p").etag, "W/\"1\"");
  EXPECT_EQ(Put("SearchParameter/s", parameter).status, 201);
}

TEST_F(Ownership, AnOfficialUrlIsKeptUnderItsOfficialId) {
  const auto definition = [](std::string_view id, std::string_view url) {
    return fmt::format(
        R"({{"resourceType":"StructureDefinition","id":"{}","url":"{}","name":"Ev","status":"active","kind":"complex-type",)"
        R"("abstract":false,"context":[{{"type":"element","expression":"Patient"}}],"type":"Extension",)"
        R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","derivation":"constraint",)"
        R"("differential":{{"element":[{{"id":"Extension","path":"Extension","max":"1"}}]}}}})",
        id, url);
  };
  constexpr std::string_view kOfficial = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace";
  const Response refused = Put("StructureDefinition/ev", definition("ev", kOfficial));
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(At(Parsed(refused), "issue.0.expression.0"), "StructureDefinition.url");
  EXPECT_EQ(Post("StructureDefinition", definition("ev", kOfficial)).status, 422);
  const std::string slashed = R"(http:\/\/hl7.org\/fhir\/StructureDefinition\/patient-birthPlace)";
  EXPECT_EQ(Put("StructureDefinition/ev", definition("ev", slashed)).status, 422) << "however it is written";
  EXPECT_EQ(Put("StructureDefinition/patient-birthPlace", definition("patient-birthPlace", kOfficial)).status,
            201);
  EXPECT_EQ(Put("StructureDefinition/ev", definition("ev", "http://city/ev")).status, 201);
  EXPECT_EQ(
      Put("StructureDefinition/us", definition("us", "http://hl7.org/fhir/us/core/StructureDefinition/x"))
          .status,
      201);
}

// $validate and the write agree.
TEST_F(Ownership, ValidationTellsThatAnOfficialUrlIsKeptUnderItsOfficialId) {
  const auto set = [](std::string_view id, std::string_view url) {
    return fmt::format(R"({{"resourceType":"ValueSet"{},"url":"{}","status":"active"}})",
                       id.empty() ? "" : fmt::format(R"(,"id":"{}")", id), url);
  };
  constexpr std::string_view kOfficial = "http://hl7.org/fhir/ValueSet/administrative-gender";
  const auto told = [&](const std::string& path, const std::string& body) {
    const fhir::Document outcome = Parsed(Post(path, body));
    EXPECT_EQ(At(outcome, "resourceType"), "OperationOutcome");
    for (const fhir::Value issue : outcome.Root()["issue"]) {
      if (issue["expression"].Json().find("ValueSet.url") != std::string_view::npos)
        return issue["severity"].ToString();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(told("ValueSet/$validate", set("own", kOfficial)), "error");
  EXPECT_EQ(Put("ValueSet/own", set("own", kOfficial)).status, 422);
  EXPECT_EQ(told("ValueSet/$validate?mode=create", set("administrative-gender", kOfficial)), "error");
  EXPECT_EQ(Post("ValueSet", set("administrative-gender", kOfficial)).status, 422);
  EXPECT_EQ(told("ValueSet/own/$validate", set("own", kOfficial)), "error");
  EXPECT_EQ(told("ValueSet/$validate", set("", kOfficial)), "warning") << "by PUT it could be stored";
  EXPECT_EQ(told("ValueSet/$validate?mode=update", set("administrative-gender", kOfficial)), "nothing");
  EXPECT_EQ(Put("ValueSet/administrative-gender", set("administrative-gender", kOfficial)).status, 201);
  EXPECT_EQ(told("ValueSet/$validate", set("own", "http://city/own")), "nothing");
}

// So do they of search parameters.
TEST_F(Ownership, ValidationTellsWhyASearchParameterIsNotStored) {
  const auto parameter = [](std::string_view code, std::string_view url) {
    return fmt::format(
        R"({{"resourceType":"SearchParameter","id":"s","url":"{}","name":"x","description":"x","status":"active",)"
        R"("code":"{}","base":["Patient"],"type":"string","expression":"Patient.name.text"}})",
        url, code);
  };
  for (const std::string& text :
       {parameter("gender", "http://own/s"),
        parameter("mine", "http://hl7.org/fhir/SearchParameter/individual-gender")}) {
    const Response told = Post("SearchParameter/$validate", text);
    const Response refused = Put("SearchParameter/s", text);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(At(Parsed(told), "issue.0.severity"), "error") << told.body;
    EXPECT_EQ(IssuePath(told), IssuePath(refused));
  }
  const Response fine = Post("SearchParameter/$validate", parameter("mine", "http://own/s"));
  EXPECT_EQ(fine.body.find(R"("severity":"error")"), std::string::npos) << fine.body;
}

TEST_F(Ownership, WhatTheViewerMayNotSeeIsNotNamed) {
  Put("Patient/a", Patient("a"));
  Put("Patient/b", Patient("b"));
  ASSERT_EQ(Put("Bundle/both", BundleOf("both", {Patient("a"), Patient("b")})).status, 201);
  viewer_ = AreaViewer("380102");
  const Response refused = Erase("Patient/a");
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(refused.body.find("Bundle/both"), std::string::npos) << refused.body;
  viewer_ = AdminViewer();
}

TEST_F(Ownership, WhoeverIsNamedAtAllIsWhoseItIs) {
  Put("Patient/a", Patient("a", "380103"));
  Put("Patient/b", Patient("b", "380103"));
  ASSERT_EQ(
      Put("QuestionnaireResponse/q",
          R"({"resourceType":"QuestionnaireResponse","id":"q","status":"completed","source":{"reference":"Patient/a"}})")
          .status,
      201);
  const auto group = [](std::string_view id, std::string_view members) {
    return fmt::format(R"({{"resourceType":"Group","id":"{}","type":"person","actual":true,"member":[{}]}})",
                       id, members);
  };
  constexpr std::string_view kOne = R"({"entity":{"reference":"Patient/a"}})";
  ASSERT_EQ(Put("Group/one", group("one", kOne)).status, 201);
  ASSERT_EQ(
      Put("Group/two", group("two", std::string(kOne) + R"(,{"entity":{"reference":"Patient/b"}})")).status,
      201);
  for (const char* his : {"QuestionnaireResponse/q", "Group/one"}) {
    EXPECT_EQ(ReadIn("380102", his), 404) << his;
    EXPECT_EQ(ReadIn("380103", his), 200) << his;
  }
  EXPECT_EQ(ReadIn("380103", "Group/two"), 404) << "of several persons: in no area";
  ASSERT_EQ(Erase("Patient/a").status, 200);
  for (const char* his : {"QuestionnaireResponse/q", "Group/one"}) EXPECT_EQ(Get(his).status, 410) << his;
  EXPECT_EQ(Get("Group/two").status, 200) << "the others are in it";
}

TEST_F(Ownership, APractitionersRolesAreHis) {
  Put("PractitionerRole/early",
      R"({"resourceType":"PractitionerRole","id":"early","practitioner":{"reference":"Practitioner/p"}})");
  Put("Practitioner/p", R"({"resourceType":"Practitioner","id":"p","name":[{"text":"Dr P"}]})");
  EXPECT_EQ(ReadIn("380102", "PractitionerRole/early"), 200) << "staff are known to all posts";
  ASSERT_EQ(Erase("Practitioner/p").status, 200);
  EXPECT_EQ(Get("PractitionerRole/early").status, 410);
}

TEST_F(Ownership, AContainedPatientMakesTheRecordItsOwn) {
  const std::string record =
      R"({"resourceType":"Observation","id":"c","status":"final","code":{"text":"t"},"contained":[{"resourceType":"Patient","id":"p","name":[{"text":"Zhen"}]}],"subject":{"reference":"#p"}})";
  ASSERT_EQ(Put("Observation/c", record).status, 201);
  EXPECT_EQ(ReadIn("380102", "Observation/c"), 404);
  ASSERT_EQ(Erase("Observation/c").status, 200);
  EXPECT_EQ(Get("Observation/c").status, 410);
}

TEST_F(Ownership, WhatIsAPersonsIsNotErasedByItself) {
  Put("Patient/a", Patient("a"));
  Put("Observation/o", Observation("o", "Patient/a"));
  EXPECT_EQ(Erase("Observation/o").status, 400);
  EXPECT_EQ(Erase("Observation/never").status, 404);
  EXPECT_EQ(Get("Observation/o").status, 200);
}

}  // namespace
}  // namespace tk::interaction
