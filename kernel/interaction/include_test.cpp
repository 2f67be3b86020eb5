// _include, _revinclude, :iterate, and the plan told: which entries come, in which order and mode, and what may not be seen through them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "kernel/interaction/include.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

constexpr std::string_view kNorth = "380101", kSouth = "380102";

class Includes : public InteractionTest {
 protected:
  void SetUp() override {
    InteractionTest::SetUp();
    Must(R"({"resourceType":"Organization","id":"top","name":"Top"})");
    Must(
        R"({"resourceType":"Organization","id":"middle","name":"Middle","partOf":{"reference":"Organization/top"}})");
    Must(
        R"({"resourceType":"Organization","id":"ward","name":"Ward","partOf":{"reference":"Organization/middle"}})");
    Must(R"({"resourceType":"Practitioner","id":"doc","name":[{"family":"Heal"}]})");
    MustPatient("ann", kNorth);
    MustPatient("bob", kSouth);
    MustObservation("a1", "Patient/ann", "Practitioner/doc", "");
    MustObservation("a2", "Patient/ann", "Organization/ward", "Observation/a1");
    MustObservation("b1", "Patient/bob", "Practitioner/doc", "");
  }
  void Must(const std::string& json) {
    const auto document = fhir::Document::Parse(json);
    ASSERT_TRUE(document.ok());
    const std::string target = At(*document, "resourceType") + "/" + At(*document, "id");
    const Response response = Put(target, json);
    ASSERT_LT(response.status, 300) << response.body;
  }
  void MustPatient(std::string_view id, std::string_view area) {
    Must(fmt::format(
        R"({{"resourceType":"Patient","id":"{}","meta":{{"tag":[{{"system":"{}","code":"{}"}}]}},"active":true,"text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"}},)"
        R"("name":[{{"family":"F{}"}}],"photo":[{{"title":"face"}}],"managingOrganization":{{"reference":"Organization/ward"}}}})",
        id, view::kAreaSystem, area, id));
  }
  void MustObservation(std::string_view id, std::string_view subject, std::string_view performer,
                       std::string_view derived_from) {
    std::string json = fmt::format(
        R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{"coding":[{{"system":"urn:c","code":"t"}}]}},"subject":{{"reference":"{}"}},"performer":[{{"reference":"{}"}}])",
        id, subject, performer);
    if (!derived_from.empty()) json += fmt::format(R"(,"derivedFrom":[{{"reference":"{}"}}])", derived_from);
    Must(json + "}");
  }
  /// The versions, in order, of what is included with that id.
  std::string VersionsOf(std::string_view target, std::string_view id) {
    const Response response = Get(target);
    EXPECT_EQ(response.status, 200) << response.body;
    std::string out;
    const fhir::Document document = Parsed(response);
    for (const fhir::Value entry : document.Root()["entry"]) {
      if (entry["search"]["mode"].ToString() == "include" && entry["resource"]["id"].ToString() == id)
        out += entry["resource"]["meta"]["versionId"].ToString();
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  /// "match Observation/a1" …, each mode sorted; the modes must follow each other as they should.
  std::vector<std::string> Entries(const Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    const fhir::Document document = Parsed(response);
    std::vector<std::string> out;
    std::string modes;
    for (const fhir::Value entry : document.Root()["entry"]) {
      const std::string mode = entry["search"]["mode"].ToString();
      if (modes.empty() || modes.back() != mode[0]) modes += mode[0];
      if (mode == "outcome") continue;
      const std::string name =
          entry["resource"]["resourceType"].ToString() + "/" + entry["resource"]["id"].ToString();
      EXPECT_EQ(entry["fullUrl"].ToString(), "http://test/fhir/" + name);
      out.push_back(mode + " " + name);
    }
    EXPECT_TRUE(std::string_view("mio").find(modes) != std::string_view::npos || modes == "mo") << modes;
    std::sort(out.begin(), out.end());
    return out;
  }
  std::vector<std::string> EntriesOf(std::string_view target) { return Entries(Get(target)); }
  using Names = std::vector<std::string>;
};

TEST_F(Includes, BringWhatMatchesReferTo) {
  const std::string a1 = "match Observation/a1", a2 = "match Observation/a2";
  EXPECT_EQ(EntriesOf("Observation?subject=Patient/ann&_include=Observation:subject"),
            (Names{"include Patient/ann", a1, a2}));
  EXPECT_EQ(EntriesOf("Observation?patient=ann&_include=Observation:patient"),
            (Names{"include Patient/ann", a1, a2}));
  EXPECT_EQ(EntriesOf("Observation?patient=ann&_include=Observation:performer:Practitioner"),
            (Names{"include Practitioner/doc", a1, a2}));
  EXPECT_EQ(EntriesOf("Observation?_id=a2&_include=Observation:performer&_include=Observation:subject"),
            (Names{"include Organization/ward", "include Patient/ann", a2}));
  EXPECT_EQ(EntriesOf("Observation?_id=a2&_include=*"),
            (Names{"include Observation/a1", "include Organization/ward", "include Patient/ann", a2}));
  EXPECT_EQ(EntriesOf("Observation?_id=a2&_include=Observation:*"),
            EntriesOf("Observation?_id=a2&_include=*"));
  // What is a match already does not come twice.
  EXPECT_EQ(EntriesOf("Observation?patient=ann&_include=Observation:derived-from"), (Names{a1, a2}));
}

TEST_F(Includes, BringWhatRefersToMatches) {
  EXPECT_EQ(EntriesOf("Patient?_id=ann&_revinclude=Observation:subject"),
            (Names{"include Observation/a1", "include Observation/a2", "match Patient/ann"}));
  EXPECT_EQ(EntriesOf("Patient?_id=ann&_revinclude=Observation:patient:Patient"),
            EntriesOf("Patient?_id=ann&_revinclude=Observation:subject"));
  EXPECT_EQ(EntriesOf("Practitioner?_id=doc&_revinclude=*"),
            (Names{"include Observation/a1", "include Observation/b1", "match Practitioner/doc"}));
  EXPECT_EQ(
      EntriesOf("Organization?_id=ward&_revinclude=Patient:organization&_revinclude=Observation:performer"),
      (Names{"include Observation/a2", "include Patient/ann", "include Patient/bob",
             "match Organization/ward"}));
}

TEST_F(Includes, IterateGoesOnFromWhatCame) {
  const Names once = {"include Organization/middle", "match Organization/ward"};
  EXPECT_EQ(EntriesOf("Organization?_id=ward&_include=Organization:partof"), once);
  const Names all = {"include Organization/middle", "include Organization/top", "match Organization/ward"};
  EXPECT_EQ(EntriesOf("Organization?_id=ward&_include:iterate=Organization:partof"), all);
  EXPECT_EQ(EntriesOf("Organization?_id=ward&_include:recurse=Organization:partof"), all);
  EXPECT_EQ(
      EntriesOf("Observation?_id=a1&_include=Observation:subject&_include:iterate=Patient:organization"),
      (Names{"include Organization/ward", "include Patient/ann", "match Observation/a1"}));
  EXPECT_EQ(EntriesOf("Organization?_id=top&_revinclude:iterate=Organization:partof&_revinclude:iterate="
                      "Patient:organization"),
            (Names{"include Organization/middle", "include Organization/ward", "include Patient/ann",
                   "include Patient/bob", "match Organization/top"}));
  // A ring ends.
  Must(
      R"({"resourceType":"Organization","id":"top","name":"Top","partOf":{"reference":"Organization/ward"}})");
  EXPECT_EQ(EntriesOf("Organization?_id=ward&_include:iterate=Organization:partof"), all);
}

TEST_F(Includes, ArePerPageAndNotCounted) {
  const Response first = Get(
      "Observation?_count=1&_total=accurate&_sort=_lastUpdated&_include=Observation:subject&status=final");
  EXPECT_EQ(At(Parsed(first), "total"), "3");
  EXPECT_NE(At(Parsed(first), "link.0.url").find("_include=Observation:subject"), std::string::npos);
  EXPECT_EQ(Entries(first), (Names{"include Patient/ann", "match Observation/a1"}));
  Delete("Observation/a2");  // the pages stay at one position
  const Response second = Get(NextOf(first));
  EXPECT_EQ(At(Parsed(second), "total"), "3");
  EXPECT_EQ(Entries(second), (Names{"include Patient/ann", "match Observation/a2"}));
  EXPECT_EQ(Entries(Get(NextOf(second))), (Names{"include Patient/bob", "match Observation/b1"}));
  EXPECT_EQ(EntriesOf("Observation?_summary=count&_include=Observation:subject"), Names{});
}

TEST_F(Includes, ShowNothingOutOfScopeOrOfTypesThatMayNotBeRead) {
  const auto in_area = [&](std::string_view area, std::string_view target) {
    Request request = Make(Method::kGet, target);
    request.viewer = AreaViewer(area);
    return Entries(Send(std::move(request)));
  };
  EXPECT_EQ(in_area(kNorth, "Practitioner?_id=doc&_revinclude=Observation:performer"),
            (Names{"include Observation/a1", "match Practitioner/doc"}));
  EXPECT_EQ(
      in_area(kSouth,
              "Practitioner?_id=doc&_revinclude=Observation:performer&_include:iterate=Observation:subject"),
      (Names{"include Observation/b1", "include Patient/bob", "match Practitioner/doc"}));
  EXPECT_EQ(in_area(kNorth, "Organization?_id=ward&_revinclude=*"),
            (Names{"include Observation/a2", "include Patient/ann", "match Organization/ward"}));
  auto viewer = AdminViewer();
  auto post = std::make_shared<access::Post>(*viewer->post);
  post->all_types = false;
  post->reads = {"Observation", "Organization"};
  viewer->post = post;
  viewer_ = viewer;
  EXPECT_EQ(EntriesOf("Observation?_id=a2&_include=*"),
            (Names{"include Observation/a1", "include Organization/ward", "match Observation/a2"}));
  EXPECT_EQ(EntriesOf("Organization?_id=ward&_revinclude=*"),
            (Names{"include Observation/a2", "match Organization/ward"}));
  EXPECT_EQ(Get("Organization?_revinclude=Patient:organization").status, 403);
  EXPECT_EQ(Get("Observation?subject:Patient.name=f").status, 403);
  EXPECT_EQ(Get("Organization?_has:Patient:organization:name=f").status, 403);
}

/// What comes along only because it refers to a match comes as it is, though something on the page names an earlier version of it.
TEST_F(Includes, OfWhatRefersAreCurrent) {
  Must(
      R"({"resourceType":"Observation","id":"a1","status":"amended","code":{"text":"x"},"subject":{"reference":"Patient/ann"}})");
  Must(
      R"({"resourceType":"Observation","id":"next","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ann"},)"
      R"("derivedFrom":[{"reference":"Observation/a1/_history/1"}]})");
  EXPECT_EQ(VersionsOf("Patient?_id=ann&_revinclude=Observation:subject", "a1"), "12");
}

TEST_F(Includes, FollowVersionsDeletesAndWhatIsAbsent) {
  MustPatient("ann", kNorth);  // version 2
  Must(
      R"({"resourceType":"Observation","id":"old","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ann/_history/1"}})");
  const Response response = Get("Observation?_id=old&_include=Observation:subject");
  EXPECT_EQ(Entries(response), (Names{"include Patient/ann", "match Observation/old"}));
  EXPECT_EQ(At(Parsed(response), "entry.1.resource.meta.versionId"), "1");
  // What one match wants as it was, another may want as it is.
  EXPECT_EQ(VersionsOf("Observation?_id=old,a1&_include=Observation:subject", "ann"), "12");
  EXPECT_EQ(VersionsOf("Observation?_id=a1&_include=Observation:subject", "ann"), "2");
  MustPatient("ann", kNorth);  // version 3
  Must(
      R"({"resourceType":"Observation","id":"older","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ann/_history/2"}})");
  EXPECT_EQ(VersionsOf("Observation?_id=old,older&_include=Observation:subject", "ann"), "12");
  EXPECT_EQ(VersionsOf("Observation?_id=old,older,a1&_include=Observation:subject", "ann"), "123");
  Must(
      R"({"resourceType":"Observation","id":"lost","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ann/_history/9"}})");
  EXPECT_EQ(VersionsOf("Observation?_id=old,lost&_include=Observation:subject", "ann"), "13");
  Delete("Observation/a1");
  EXPECT_EQ(EntriesOf("Observation?_id=a2&_include=Observation:derived-from"), Names{"match Observation/a2"});
  Must(
      R"({"resourceType":"Observation","id":"far","status":"final","code":{"text":"x"},"subject":{"reference":"http://other.example/fhir/Patient/ann"}})");
  EXPECT_EQ(EntriesOf("Observation?_id=far&_include=*"), Names{"match Observation/far"});
}

TEST_F(Includes, SummaryAndElements) {
  const Response elements = Get("Observation?_id=a1&_elements=status&_include=Observation:subject");
  EXPECT_EQ(At(Parsed(elements), "entry.0.resource.subject"), "");
  EXPECT_EQ(At(Parsed(elements), "entry.1.resource.name.0.family"), "Fann");
  const Response summary = Get("Observation?_id=a1&_summary=true&_include=Observation:subject");
  EXPECT_EQ(At(Parsed(summary), "entry.1.resource.photo"), "");
  EXPECT_EQ(At(Parsed(summary), "entry.1.resource.meta.tag.1.code"), "SUBSETTED");
  EXPECT_EQ(Get("Observation?_summary=text&_include=Observation:subject").status, 400);
}

TEST_F(Includes, TellThatThereAreMore) {
  std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  constexpr size_t kMany = kIncludedMax + 1;
  for (size_t i = 0; i < kMany; ++i)
    bundle += fmt::format(
        R"({}{{"resource":{{"resourceType":"Flag","id":"f{}","status":"active","code":{{"text":"x"}},"subject":{{"reference":"Location/l"}}}},"request":{{"method":"PUT","url":"Flag/f{}"}}}})",
        i == 0 ? "" : ",", i, i);
  Must(R"({"resourceType":"Location","id":"l","name":"L"})");
  ASSERT_EQ(Post("", bundle + "]}").status, 200);
  const Response response = Get("Location?_revinclude=Flag:subject");
  const fhir::Document document = Parsed(response);
  size_t included = 0;
  std::string last;
  for (const fhir::Value entry : document.Root()["entry"]) {
    included += entry["search"]["mode"].ToString() == "include" ? 1 : 0;
    last = entry["resource"]["issue"].At(0)["diagnostics"].ToString();
  }
  EXPECT_EQ(included, kIncludedMax);
  EXPECT_NE(last.find("5000"), std::string::npos) << last;
}

TEST_F(Includes, ExplainTellsNumbersOnlyToWhoSeesEverything) {
  const auto told = [&](const Response& response) {
    const fhir::Document document = Parsed(response);
    std::string text;
    for (const fhir::Value entry : document.Root()["entry"]) {
      for (const fhir::Value issue : entry["resource"]["issue"])
        text += issue["diagnostics"].ToString() + "\n";
    }
    return text;
  };
  const std::string target = "Observation?patient.name=Fann&status=final&_explain=true";
  const std::string all = told(Get(target));
  EXPECT_NE(all.find("patient.name: is asked"), std::string::npos) << all;
  EXPECT_NE(all.find("index entries"), std::string::npos) << all;
  Request request = Make(Method::kGet, target);
  request.viewer = AreaViewer(kNorth);
  const std::string some = told(Send(std::move(request)));
  EXPECT_NE(some.find("status: is walked"), std::string::npos) << some;
  EXPECT_EQ(some.find("index entries"), std::string::npos) << some;
}

TEST_F(Includes, ConditionsMayChainButNotInclude) {
  Request request = Make(
      Method::kPost, "Flag",
      R"({"resourceType":"Flag","status":"active","code":{"text":"x"},"subject":{"reference":"Patient/ann"}})");
  request.if_none_exist = "subject:Patient.family=Fann";
  const Response made = Send(Request(request));
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(Send(Request(request)).status, 200);
  request.if_none_exist = "subject:Patient.family=Fann&_include=Flag:subject";
  EXPECT_EQ(Send(std::move(request)).status, 400);
}

}  // namespace
}  // namespace tk::interaction
