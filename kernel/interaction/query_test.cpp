// Searches, histories, $everything, $validate, the CapabilityStatement.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

class Queries : public InteractionTest {
 protected:
  void PutPatients(int count) {
    for (int i = 0; i < count; ++i)
      Put("Patient/p" + std::to_string(i),
          PatientJson("p" + std::to_string(i), "Family" + std::to_string(i)));
  }
  void PutObservation(std::string_view id, std::string_view patient, std::string_view date) {
    const Response written = Put(
        "Observation/" + std::string(id),
        R"({"resourceType":"Observation","id":")" + std::string(id) +
            R"(","status":"final","code":{"coding":[{"system":"urn:c","code":"t"}]},"subject":{"reference":"Patient/)" +
            std::string(patient) +
            R"("},"performer":[{"reference":"Practitioner/d"}],"effectiveDateTime":")" + std::string(date) +
            R"("})");
    ASSERT_EQ(written.status, 201) << written.body;
  }
  /// Ids of a chain of pages, in order.
  std::vector<std::string> Follow(Response page, int* pages = nullptr) {
    std::vector<std::string> ids;
    for (;;) {
      EXPECT_EQ(page.status, 200) << page.body;
      if (pages != nullptr) ++*pages;
      const fhir::Document document = Parsed(page);
      for (const fhir::Value entry : document.Root()["entry"])
        ids.push_back(entry["resource"]["id"].ToString());
      const std::string next = NextOf(page);
      if (next.empty() || ids.size() > 1000) return ids;
      page = Get(next);
    }
  }
};

TEST_F(Queries, SearchPagesStayAtOnePosition) {
  PutPatients(7);
  const Response first = Get("Patient?_count=3&_total=accurate");
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(At(Parsed(first), "total"), "7");
  Put("Patient/later", PatientJson("later"));
  Delete("Patient/p0");
  int pages = 0;
  const auto ids = Follow(first, &pages);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 7u);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), "later"), 0);
}

TEST_F(Queries, NextLinksTellNothingAndExpire) {
  PutPatients(3);
  const Response first = Get("Patient?family=Family&_count=1");
  const std::string next = NextOf(first);
  ASSERT_FALSE(next.empty()) << first.body;
  EXPECT_EQ(next.find("Family"), std::string::npos);
  EXPECT_EQ(Get(next).status, 200);
  EXPECT_EQ(Get(next + "&family=x").status, 400);
  auto other = AdminViewer();
  other->account = "other";
  Request stolen = Make(Method::kGet, next);
  stolen.viewer = other;
  EXPECT_EQ(Send(std::move(stolen)).status, 410);
  clock_.Advance(601 * kSecondUs);
  EXPECT_EQ(Get(next).status, 410);
}

TEST_F(Queries, SearchByPostCountSummaryAndBadParameters) {
  PutPatients(3);
  Request post = Make(Method::kPost, "Patient/_search", "family=Family1");
  post.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(Follow(Send(std::move(post))), std::vector<std::string>{"p1"});
  const Response count = Get("Patient?_summary=count");
  EXPECT_EQ(At(Parsed(count), "total"), "3");
  EXPECT_FALSE(Parsed(count).Root()["entry"].present());
  EXPECT_NE(Get("Patient?_elements=active").body.find("SUBSETTED"), std::string::npos);
  EXPECT_EQ(Get("Patient?_elements=active,nothing").status, 400);
  EXPECT_EQ(Get("Patient?nickname=x").status, 400);
  Request lenient = Make(Method::kGet, "Patient?nickname=x");
  lenient.prefer = "handling=lenient";
  const Response warned = Send(std::move(lenient));
  EXPECT_EQ(warned.status, 200);
  EXPECT_NE(warned.body.find("\"mode\":\"outcome\""), std::string::npos) << warned.body;
  EXPECT_EQ(Get("Nothing?_id=1").status, 404);
}

TEST_F(Queries, LenientIsWarnedOfSortKeysAndRefusedModifiers) {
  PutPatients(2);
  const auto lenient = [&](const char* target) {
    Request request = Make(Method::kGet, target);
    request.prefer = "handling=lenient";
    return Send(std::move(request));
  };
  EXPECT_EQ(lenient("Patient?gender:bar=male").status, 400);
  const Response sorted = lenient("Patient?_sort=foo");
  EXPECT_EQ(sorted.status, 200);
  EXPECT_EQ(At(Parsed(sorted), "entry.2.search.mode"), "outcome");
  EXPECT_EQ(At(Parsed(sorted), "entry.2.resource.issue.0.severity"), "warning");
  EXPECT_EQ(Get("Patient?_sort=foo").status, 400);
}

/// Every modifier that the statement lists is one that a search takes.
TEST_F(Queries, TheStatementListsNoModifierThatIsRefused) {
  const fhir::Document statement = Parsed(Get("metadata"));
  size_t asked = 0;
  for (const fhir::Value resource : statement.Root()["rest"].At(0)["resource"]) {
    const std::string type = resource["type"].ToString();
    if (type != "Patient" && type != "Observation" && type != "Location" && type != "ValueSet") continue;
    for (const fhir::Value parameter : resource["searchParam"]) {
      const std::string name = parameter["name"].ToString(), words = parameter["documentation"].ToString();
      for (const auto& [modifier, value] :
           std::vector<std::pair<std::string, std::string>>{{"missing", "true"},
                                                            {"not", "a"},
                                                            {"text", "a"},
                                                            {"of-type", "s|c|v"},
                                                            {"exact", "a"},
                                                            {"contains", "a"},
                                                            {"identifier", "s|v"}}) {
        if (words.find(":" + modifier) == std::string::npos) continue;
        const Response response = Get(type + "?" + name + ":" + modifier + "=" + value + "&_count=0");
        EXPECT_EQ(response.status, 200) << type << " " << name << ":" << modifier << " " << response.body;
        ++asked;
      }
    }
  }
  EXPECT_GT(asked, 150u);
}

/// Source: FHIR R4 search.html 3.1.1.4.13.
TEST_F(Queries, AChainOverAnOtherVersionIsTold) {
  Put("Patient/a", PatientJson("a", "Before"));
  Put("Patient/a", PatientJson("a", "After"));
  const auto observe = [&](const std::string& id, const std::string& subject) {
    const std::string json = R"({"resourceType":"Observation","id":")" + id +
                             R"(","status":"final","code":{"text":"x"},"subject":{"reference":")" + subject +
                             R"("}})";
    EXPECT_LT(Put("Observation/" + id, json).status, 300);
  };
  observe("old", "Patient/a/_history/1");
  observe("newest", "Patient/a/_history/2");
  observe("plain", "Patient/a");
  const auto outcome = [&](const std::string& query) -> std::string {
    const Response response = Get("Observation?" + query);
    EXPECT_EQ(response.status, 200) << response.body;
    const fhir::Document page = Parsed(response);
    for (const fhir::Value entry : page.Root()["entry"]) {
      if (entry["search"]["mode"].ToString() == "outcome")
        return entry["resource"]["issue"].At(0)["severity"].ToString() + " " +
               entry["resource"]["issue"].At(0)["diagnostics"].ToString();
    }
    return "";
  };
  EXPECT_EQ(
      outcome("subject:Patient.family=After&_id=old,plain"),
      "warning 1 of these matches name by subject a version that is not the current one: the chain asks "
      "the current one.");
  EXPECT_EQ(outcome("patient.family=After&_id=old").substr(0, 15), "warning 1 of th");
  EXPECT_EQ(outcome("subject:Patient.family=After&_id=newest,plain"), "");
  EXPECT_EQ(outcome("_id=old"), "");
}

TEST_F(Queries, SearchSeesTheViewersAreaOnly) {
  Put("Patient/east", PatientJson("east", "Same", "380102"));
  Put("Patient/west", PatientJson("west", "Same", "380103"));
  viewer_ = AreaViewer("380102");
  EXPECT_EQ(Follow(Get("Patient?family=Same")), std::vector<std::string>{"east"});
  EXPECT_EQ(At(Parsed(Get("Patient?family=Same&_summary=count")), "total"), "1");
  EXPECT_EQ(Follow(Get("Patient/_history")), std::vector<std::string>{"east"});
}

TEST_F(Queries, HistoryOfOneOfATypeAndOfAll) {
  for (int i = 0; i < 3; ++i) Put("Patient/a", PatientJson("a"));
  Delete("Patient/a");
  Put("Basic/b", R"({"resourceType":"Basic","id":"b","code":{"text":"x"}})");
  const fhir::Document instance = Parsed(Get("Patient/a/_history"));
  EXPECT_EQ(At(instance, "type"), "history");
  EXPECT_EQ(At(instance, "total"), "4");
  EXPECT_EQ(At(instance, "entry.0.request.method"), "DELETE");
  EXPECT_FALSE(instance.Root()["entry"].At(0)["resource"].present());
  EXPECT_EQ(At(instance, "entry.3.resource.meta.versionId"), "1");
  EXPECT_EQ(instance.Root()["entry"].size(), 4u);
  EXPECT_EQ(Parsed(Get("Patient/_history")).Root()["entry"].size(), 4u);
  EXPECT_EQ(Parsed(Get("_history")).Root()["entry"].size(), 5u);
  EXPECT_EQ(Get("Patient/none/_history").status, 404);
  EXPECT_EQ(Get("Patient/a/_history?colour=x").status, 400);
  EXPECT_EQ(Get("Patient/a/_history?_since=soon").status, 400);
  EXPECT_EQ(Get("Patient/a/_history?_count=many").status, 400);
}

TEST_F(Queries, NumbersOfAnyMagnitudeAreFoundAndCompared) {
  const std::map<std::string, std::string> numbers = {{"least", "-1e400"},
                                                      {"one", "1"},
                                                      {"small", "1e-400"},
                                                      {"large", "1e400"},
                                                      {"largest", "1e99999999999999999999"}};
  for (const auto& [id, number] : numbers) {
    const Response put = Put(
        "Observation/" + id,
        R"({"resourceType":"Observation","id":")" + id +
            R"(","status":"final","code":{"text":"x"},"valueQuantity":{"system":"http://unitsofmeasure.org","code":"mg","value":)" +
            number + "}}");
    ASSERT_EQ(put.status, 201) << put.body;
    EXPECT_EQ(At(Parsed(Get("Observation/" + id)), "valueQuantity.value"), number) << "as it was sent";
  }
  const auto found = [&](const std::string& criteria) {
    const fhir::Document answer = Parsed(Get("Observation?" + criteria));
    std::string ids;
    for (const fhir::Value entry : answer.Root()["entry"])
      ids += (ids.empty() ? "" : " ") + entry["resource"]["id"].ToString();
    return ids;
  };
  const std::string unit = "|http://unitsofmeasure.org|mg", sorted = "&_sort=value-quantity,_id";
  EXPECT_EQ(found("value-quantity:missing=false" + sorted), "least small one large largest");
  EXPECT_EQ(found("value-quantity:missing=true"), "");
  for (const std::string& of : {std::string(), unit}) {
    EXPECT_EQ(found("value-quantity=lt1" + of + sorted), "least small");
    EXPECT_EQ(found("value-quantity=gt0" + of + sorted), "small one large largest");
    EXPECT_EQ(found("value-quantity=lt0" + of + sorted), "least");
    EXPECT_EQ(found("value-quantity=1e400" + of + sorted), "large largest");
    EXPECT_EQ(found("value-quantity=-1e400" + of + sorted), "least");
    EXPECT_EQ(found("value-quantity=1e-400" + of + sorted), "small");
    EXPECT_EQ(found("value-quantity=ge1e300" + of + sorted), "large largest");
    EXPECT_EQ(found("value-quantity=ap1e400" + of + sorted), "large largest");
    EXPECT_EQ(found("value-quantity=gt1e400" + of + sorted), "");
  }
  EXPECT_EQ(Get("Observation?value-quantity=1e400x").status, 400);
}

TEST_F(Queries, HistoriesAndEverythingMayBeCut) {
  const std::string patient =
      R"({"resourceType":"Patient","id":"a","gender":"male","maritalStatus":{"text":"x"},"name":[{"family":"A"}]})";
  for (int i = 0; i < 2; ++i) Put("Patient/a", patient);
  Put("Basic/b", R"({"resourceType":"Basic","id":"b","code":{"text":"x"}})");
  const std::string page = Get("Patient/a/_history?_elements=gender&_count=1").body;
  EXPECT_NE(page.find("SUBSETTED"), std::string::npos);
  EXPECT_NE(page.find("male"), std::string::npos);
  EXPECT_EQ(page.find("family"), std::string::npos);
  EXPECT_NE(page.find("_elements=gender"), std::string::npos) << "the next page is cut the same";
  for (const char* path : {"Patient/a/_history", "Patient/_history", "_history", "Patient/a/$everything"}) {
    const Response cut = Get(std::string(path) + "?_summary=true");
    EXPECT_EQ(cut.status, 200) << path;
    EXPECT_NE(cut.body.find("family"), std::string::npos) << path;
    EXPECT_EQ(cut.body.find("maritalStatus"), std::string::npos) << path;
    const bool history = std::string_view(path).find('$') == std::string_view::npos;
    EXPECT_EQ(Get(std::string(path) + "?_summary=count").status, history ? 400 : 200) << path;
    const Response elements = Get(std::string(path) + "?_elements=gender,created");
    EXPECT_EQ(elements.status, path == std::string_view("_history") || !history ? 200 : 400) << path;
    EXPECT_EQ(elements.body.find("family"), std::string::npos) << path;
    EXPECT_EQ(Get(std::string(path) + "?_elements=nothing").status, 400) << path << ": of no resource at all";
  }
  const fhir::Document system = Parsed(Get("_history?_elements=gender,author"));
  ASSERT_EQ(At(system, "entry.0.resource.resourceType"), "Basic");
  EXPECT_EQ(At(system, "entry.0.resource.code.text"), "x") << "what a type must have stays";
  EXPECT_EQ(At(system, "entry.0.resource.meta.tag.0.code"), "SUBSETTED");
  EXPECT_EQ(At(system, "entry.1.resource.gender"), "male");
  EXPECT_EQ(At(system, "entry.1.resource.meta.tag.0.code"), "SUBSETTED");
  const Response all = Get("Patient/a/$everything?_elements=gender");
  EXPECT_NE(all.body.find("male"), std::string::npos);
  EXPECT_NE(all.body.find("SUBSETTED"), std::string::npos);
  EXPECT_NE(all.body.find("_elements=gender"), std::string::npos) << "its self link says so";
  const fhir::Document total = Parsed(Get("Patient/a/$everything?_summary=count&_count=5"));
  EXPECT_EQ(At(total, "total"), "1");
  EXPECT_FALSE(total.Root()["entry"].present());
  EXPECT_EQ(Get("Patient/a/$everything?_summary=count&start=2026").status, 400);
}

TEST_F(Queries, ACountOfZeroGivesTheTotalOfAHistoryAlone) {
  for (int i = 0; i < 3; ++i) Put("Patient/a", PatientJson("a"));
  Put("Patient/b", PatientJson("b"));
  Delete("Patient/b");
  Put("Basic/c", R"({"resourceType":"Basic","id":"c","code":{"text":"x"}})");
  const auto total = [this](const std::string& path) {
    const fhir::Document bundle = Parsed(Get(path));
    EXPECT_EQ(At(bundle, "type"), "history") << path;
    EXPECT_FALSE(bundle.Root()["entry"].present()) << path;
    EXPECT_FALSE(bundle.Root()["link"].At(1).present()) << path << " has no next page";
    return At(bundle, "total");
  };
  EXPECT_EQ(total("Patient/a/_history?_count=0"), "3");
  EXPECT_EQ(total("Patient/b/_history?_count=0"), "2");
  EXPECT_EQ(total("Patient/_history?_count=0"), "5");
  EXPECT_EQ(total("_history?_count=0"), "6");
  EXPECT_EQ(total("_history?_since=2100-01-01&_count=0"), "0");
  EXPECT_TRUE(engine_->Erase("Patient/b").ok());
  EXPECT_EQ(total("Patient/_history?_count=0"), "3") << "versions of an erased person are none";
}

TEST_F(Queries, HistoryTellsHowEachVersionCame) {
  const std::string id = IdOf(Post("Patient", PatientJson("")));
  Put("Patient/a", PatientJson("a"));
  Put("Patient/a", PatientJson("a"));
  Delete("Patient/a");
  Put("Patient/a", PatientJson("a"));
  const fhir::Document posted = Parsed(Get("Patient/" + id + "/_history"));
  EXPECT_EQ(At(posted, "entry.0.request.method"), "POST");
  EXPECT_EQ(At(posted, "entry.0.request.url"), "Patient");
  for (const char* target : {"Patient/a/_history", "Patient/_history", "_history"}) {
    const fhir::Document put = Parsed(Get(target));
    const std::pair<const char*, const char*> expected[] = {
        {"PUT", "201 Created"}, {"DELETE", "204 No Content"}, {"PUT", "200 OK"}, {"PUT", "201 Created"}};
    for (size_t i = 0; i < std::size(expected); ++i) {
      const std::string entry = fmt::format("entry.{}.", i);
      EXPECT_EQ(At(put, entry + "request.method"), expected[i].first) << target << i;
      EXPECT_EQ(At(put, entry + "request.url"), "Patient/a") << target << i;
      EXPECT_EQ(At(put, entry + "response.status"), expected[i].second) << target << i;
    }
  }
}

TEST_F(Queries, HistoryPagesStayWhereTheyBegan) {
  for (int i = 0; i < 5; ++i) Put("Patient/a", PatientJson("a"));
  size_t versions = 5;
  for (const char* target :
       {"Patient/a/_history?_count=2", "Patient/_history?_count=2", "_history?_count=2"}) {
    const Response first = Get(target);
    Put("Patient/a", PatientJson("a"));
    EXPECT_EQ(Follow(first).size(), versions++) << target;
  }
}

TEST_F(Queries, HistorySinceAndAt) {
  const auto at = [](Instant us) { return FormatInstant(us); };
  Put("Patient/a", PatientJson("a"));
  const Instant first = Get("Patient/a").last_modified_us;
  clock_.Advance(3600 * kSecondUs);
  Put("Patient/a", PatientJson("a"));
  Put("Patient/b", PatientJson("b"));
  clock_.Advance(3600 * kSecondUs);
  Put("Patient/a", PatientJson("a"));
  EXPECT_EQ(Follow(Get("Patient/a/_history?_since=" + at(first + kSecondUs))).size(), 2u);
  EXPECT_EQ(Follow(Get("Patient/_history?_since=" + at(first + kSecondUs))).size(), 3u);
  // Between the first and the second write only version 1 was current; in the hour after, version 2 and b.
  EXPECT_EQ(Follow(Get("Patient/a/_history?_at=" + at(first + kSecondUs))).size(), 1u);
  EXPECT_EQ(Follow(Get("Patient/_history?_at=" + at(first + kSecondUs))).size(), 1u);
  EXPECT_EQ(Follow(Get("Patient/_history?_at=" + at(first + 3700 * kSecondUs))).size(), 2u);
}

TEST_F(Queries, EverythingOfAPatient) {
  PutPatients(2);
  ASSERT_EQ(Put("Practitioner/d", R"({"resourceType":"Practitioner","id":"d"})").status, 201);
  PutObservation("o1", "p0", "2020-05-01");
  PutObservation("o2", "p0", "2021-05-01");
  PutObservation("o3", "p1", "2021-05-01");
  const auto all = Follow(Get("Patient/p0/$everything"));
  EXPECT_EQ(all.front(), "p0");
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()), (std::set<std::string>{"p0", "o1", "o2", "d"}));
  int pages = 0;
  const auto paged = Follow(Get("Patient/p0/$everything?_count=1"), &pages);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(paged.size(), 4u) << "the practitioner comes once";
  EXPECT_EQ(Follow(Get("Patient/p0/$everything?_type=Observation")).size(), 2u);
  const auto dated = Follow(Get("Patient/p0/$everything?start=2021-01-01&_type=Observation"));
  EXPECT_EQ(dated, std::vector<std::string>{"o2"});
  EXPECT_EQ(Follow(Get("Patient/p0/$everything?end=2020-12-31&_type=Observation")),
            std::vector<std::string>{"o1"});
  EXPECT_EQ(Follow(Get("Patient/p0/$everything?_type=Practitioner")), std::vector<std::string>{"d"});
  EXPECT_EQ(Follow(Get("Patient/p0/$everything?_type=Practitioner&_count=1")), std::vector<std::string>{"d"});
  const fhir::Document counted = Parsed(Get("Patient/p0/$everything?_count=0"));
  EXPECT_EQ(At(counted, "total"), "3");
  EXPECT_EQ(At(counted, "entry"), "");
  EXPECT_EQ(Follow(Post("Patient/p0/$everything", "")).size(), 4u);
  EXPECT_EQ(
      Follow(Post(
          "Patient/p0/$everything",
          R"({"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"Observation"},{"name":"start","valueDate":"2021-01-01"},{"name":"_count","valueInteger":7}]})")),
      std::vector<std::string>{"o2"});
  EXPECT_EQ(Post("Patient/p0/$everything", R"({"resourceType":"Patient"})").status, 400);
  EXPECT_EQ(IssuePath(Post("Patient/p0/$everything",
                           R"({"resourceType":"Parameters","parameter":[{"name":"start"}]})")),
            "Parameters.parameter[0]");
  EXPECT_EQ(Get("Patient/none/$everything").status, 404);
  EXPECT_EQ(Get("Patient/p0/$everything?start=soon").status, 400);
  EXPECT_EQ(Get("Patient/p0/$everything?_type=Thing").status, 400);
}

TEST_F(Queries, EverythingFollowsLinksHoweverTheyAreWritten) {
  PutPatients(1);
  for (const char* id : {"d", "e"}) {
    ASSERT_EQ(Put("Practitioner/" + std::string(id),
                  R"({"resourceType":"Practitioner","id":")" + std::string(id) + "\"}")
                  .status,
              201);
  }
  // An escaped slash is a slash; a note that reads like a member is only a note.
  const std::string written =
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p0"},)"
      R"("note":[{"text":"\"reference\":\"Practitioner/e\""}],"performer":[{"reference":"Practitioner\/d"}]})";
  ASSERT_EQ(Put("Observation/o", written).status, 201);
  const auto all = Follow(Get("Patient/p0/$everything"));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()), (std::set<std::string>{"p0", "o", "d"}));
}

TEST_F(Queries, ValidateTellsAndWritesNothing) {
  const Response good = Post("Patient/$validate", PatientJson(""));
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(At(Parsed(good), "issue.0.severity"), "warning");  // dom-6: better with a narrative
  EXPECT_EQ(good.body.find("\"error\""), std::string::npos);
  const Response bad = Post(
      "Patient/$validate",
      R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","nickname":"x"}}]})");
  EXPECT_EQ(bad.status, 200);
  EXPECT_EQ(At(Parsed(bad), "issue.0.expression.0"), "Patient.nickname");
  EXPECT_EQ(Post("Patient/$validate?profile=", PatientJson("")).status, 400);
  EXPECT_EQ(Post("Patient/$validate?mode=guess", PatientJson("")).status, 400);
  EXPECT_EQ(At(Parsed(Post("Patient/$validate?mode=update", PatientJson(""))), "issue.0.expression.0"),
            "Patient.id");
  EXPECT_EQ(engine_->Head().t, 0u);
}

TEST_F(Queries, TheCapabilityStatementIsValidAndTrue) {
  const Response response = Get("metadata");
  ASSERT_EQ(response.status, 200);
  const fhir::Document statement = Parsed(response);
  Request validate = Make(Method::kPost, "CapabilityStatement/$validate", response.body);
  const Response checked = Send(std::move(validate));
  EXPECT_EQ(checked.body.find("\"error\""), std::string::npos) << checked.body;
  size_t types = 0, parameters = 0;
  for (const fhir::Value resource : statement.Root()["rest"].At(0)["resource"]) {
    ++types;
    const std::string type = resource["type"].ToString();
    if (type == "Patient" || type == "Observation") {
      for (const fhir::Value include : resource["searchInclude"])
        EXPECT_EQ(Get(type + "?_include=" + include.ToString()).status, 200) << include.ToString();
      for (const fhir::Value include : resource["searchRevInclude"])
        EXPECT_EQ(Get(type + "?_revinclude=" + include.ToString()).status, 200) << include.ToString();
      const std::string listed(resource["searchRevInclude"].Json());
      EXPECT_NE(listed.find("\"Provenance:target\""), std::string::npos);
      EXPECT_EQ(listed.find("\"Observation:subject\"") != std::string::npos, type == "Patient");
    }
    for (const fhir::Value parameter : resource["searchParam"]) {
      ++parameters;
      if (type != "Patient" && type != "Observation") continue;
      const std::string kind = parameter["type"].ToString();
      const std::string name = parameter["name"].ToString();
      const std::string value = kind == "composite" && name.ends_with("quantity") ? "a$1"
                                : kind == "composite" && name.ends_with("date")   ? "a$2020"
                                : kind == "composite"                             ? "a$b"
                                : kind == "date"                                  ? "2020-01-01"
                                : kind == "reference"                             ? "Patient/1"
                                : kind == "number" || kind == "quantity"          ? "1"
                                                                                  : "a";
      const Response searched = Get(type + "?" + name + "=" + value);
      if (kind == "reference") continue;
      EXPECT_EQ(searched.status, 200) << type << " " << name << searched.body;
    }
  }
  EXPECT_EQ(types, fhir::Definitions::R4()->ResourceTypes().size());
  EXPECT_GT(parameters, 500u);
  EXPECT_EQ(Get("metadata?mode=terminology").status, 400);
}

// What stands in a Bundle is found there and not included; the statement says so.
TEST_F(Queries, DocumentsAreFoundByTheirComposition) {
  const std::string document =
      R"({"resourceType":"Bundle","id":"d","type":"document","identifier":{"system":"urn:d","value":"1"},"timestamp":"2020-01-01T00:00:00Z","entry":[)"
      R"({"fullUrl":"http://x.org/fhir/Composition/c","resource":{"resourceType":"Composition","id":"c","status":"final","type":{"coding":[{"system":"http://loinc.org","code":"28655-9"}]},"date":"2019-01-01","title":"T","author":[{"display":"A"}]}}]})";
  const Response stored = Put("Bundle/d", document);
  ASSERT_EQ(stored.status, 201) << stored.body;
  for (const char* query : {"composition=c", "composition=Composition/c", "composition.type=28655-9",
                            "composition=http://x.org/fhir/Composition/c", "composition:missing=false"})
    EXPECT_EQ(At(Parsed(Get(std::string("Bundle?") + query)), "entry.0.resource.id"), "d") << query;
  EXPECT_EQ(At(Parsed(Get("Bundle?composition.type=x&_summary=count")), "total"), "0");
  EXPECT_EQ(Get("Bundle?_include=Bundle:composition").status, 400);
  EXPECT_EQ(Get("Composition?_has:Bundle:composition:type=document").status, 400);
  const Response metadata = Get("metadata");
  EXPECT_EQ(metadata.body.find("\"Bundle:composition\""), std::string::npos);
  EXPECT_NE(
      metadata.body.find(
          "Bundle-composition\",\"type\":\"reference\",\"documentation\":\"Modifiers: :missing :<type>\""),
      std::string::npos);
}

TEST_F(Queries, TheStatementListsWhatASearchOfAllTypesTakes) {
  std::string listed;
  const fhir::Document statement = Parsed(Get("metadata"));
  for (const fhir::Value parameter : statement.Root()["rest"].At(0)["searchParam"]) {
    const std::string name = parameter["name"].ToString();
    listed += name + " ";
    const std::string value = name == "_lastUpdated" ? "2020-01-01" : name == "_type" ? "Patient" : "a";
    const Response found = Get("?" + name + "=" + value);
    EXPECT_EQ(found.status, 200) << name << found.body;
  }
  for (const char* name : {"_id ", "_lastUpdated ", "_list ", "_profile ", "_tag ", "_type "})
    EXPECT_NE(listed.find(name), std::string::npos) << listed;
  EXPECT_EQ(listed.find("code "), std::string::npos) << listed;
}

}  // namespace
}  // namespace tk::interaction
