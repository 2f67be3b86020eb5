// Tests of what opens and closes records beyond post and area: a doctor of one area, persons here and there, and every way to their records.
#pragma once

#include "kernel/access/policies.h"
#include "kernel/access/posts.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {

inline constexpr std::string_view kHereArea = "380102", kThereArea = "380104";
inline constexpr std::string_view kMatter =
    R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"unconscious"},{"name":"text","valueString":"found in the street"}]})";

class OpenedTest : public InteractionTest {
 protected:
  void SetUp() override {
    InteractionTest::SetUp();
    for (const char* organization : {"h1", "h2"})
      ASSERT_EQ(
          Put(std::string("Organization/") + organization,
              R"({"resourceType":"Organization","id":")" + std::string(organization) + R"(","name":"H"})")
              .status,
          201);
    ASSERT_EQ(Put("Patient/here", PatientJson("here", "Test", kHereArea)).status, 201);
    ASSERT_EQ(Put("Patient/there", PatientJson("there", "Test", kThereArea)).status, 201);
    for (const char* id : {"here", "there"})
      ASSERT_EQ(
          Put(std::string("Condition/") + id, R"({"resourceType":"Condition","id":")" + std::string(id) +
                                                  R"(","subject":{"reference":"Patient/)" + id + R"("}})")
              .status,
          201);
    city_ = viewer_;
    doctor_ = PostViewer("doctor", "li", kHereArea, "Organization/h1");
    viewer_ = doctor_;
  }

  /// As where a city lets it delete what it writes: what else stands in the way is asked here.
  static std::shared_ptr<const access::Viewer> PostViewer(const std::string& post, const std::string& account,
                                                          std::string_view area,
                                                          std::string organization = {}) {
    static const auto posts = access::Posts::Load("/nonexistent").value();
    auto viewer = area.empty() ? AdminViewer() : AreaViewer(area);
    viewer->account = account;
    auto own = std::make_shared<access::Post>(*posts.Find(post));
    own->deletes = own->writes;
    viewer->post = std::move(own);
    viewer->policies = access::Policies::BuiltIn();
    viewer->masks = viewer->policies->MasksOf(post);
    viewer->organization = std::move(organization);
    return viewer;
  }
  Response As(const std::shared_ptr<const access::Viewer>& viewer, Request request) const {
    request.viewer = viewer;
    return Send(std::move(request));
  }
  int Write(std::string_view target, const std::string& body) const {
    return As(city_, Make(Method::kPut, target, body)).status;
  }
  /// A Consent of privacy, by the whole city's post.
  int Consent(std::string_view id, std::string_view patient, std::string_view provision,
              std::string_view status = "active") const {
    return Write(
        "Consent/" + std::string(id),
        R"({"resourceType":"Consent","id":")" + std::string(id) + R"(","status":")" + std::string(status) +
            R"(","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},)"
            R"("category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"by word"},"patient":{"reference":"Patient/)" +
            std::string(patient) + R"("},"provision":)" + std::string(provision) + "}");
  }
  /// Facts follow the log by some ms: waited for, at most ten seconds.
  void Await(std::string_view target, int status) const {
    for (int i = 0; i < 1000 && Get(target).status != status; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(Get(target).status, status) << target;
  }
  /// Facts follow the log by some ms: until what stands behind all that was written has been read.
  void AwaitFacts() {
    const std::string mark = "mark" + std::to_string(++marks_);
    EXPECT_EQ(Write("Patient/" + mark, PatientJson(mark, "Test", kHereArea)), 201);
    EXPECT_EQ(Write("Encounter/" + mark, Visit(mark, mark, "in-progress", "marks")), 201);
    const auto far = PostViewer("doctor", "far", kThereArea, "Organization/marks");
    for (int i = 0; i < 1000 && As(far, Make(Method::kGet, "Patient/" + mark)).status != 200; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(As(far, Make(Method::kGet, "Patient/" + mark)).status, 200);
  }
  static std::string Visit(std::string_view id, std::string_view person, std::string_view status,
                           std::string_view organization, std::string_view more = {}) {
    return R"({"resourceType":"Encounter","id":")" + std::string(id) + R"(","status":")" +
           std::string(status) + R"(","class":{"code":"AMB"},"subject":{"reference":"Patient/)" +
           std::string(person) + R"("},"serviceProvider":{"reference":"Organization/)" +
           std::string(organization) + "\"}" + std::string(more) + "}";
  }
  /// Every way to the person's records agrees: open (or closed) is open everywhere.
  void ExpectOpen(const std::string& id, bool open) const {
    EXPECT_EQ(Get("Patient/" + id).status, open ? 200 : 404);
    EXPECT_EQ(Get("Patient/" + id + "/_history").status, open ? 200 : 404);
    EXPECT_EQ(Get("Patient/" + id + "/_history/1").status, open ? 200 : 404);
    EXPECT_EQ(Get("Condition/" + id).status, open ? 200 : 404);
    EXPECT_EQ(Ids("Patient?_id=" + id), open ? id : "");
    EXPECT_EQ(Ids("Condition?subject=Patient/" + id), open ? id : "");
    EXPECT_EQ(Ids("Condition?_id=" + id + "&_include=Condition:subject"), open ? id + " +" + id : "");
    EXPECT_EQ(At(Parsed(Get("Condition?subject=Patient/" + id + "&_summary=count")), "total"),
              open ? "1" : "0");
    EXPECT_EQ(Get("Patient/" + id + "/$everything").status, open ? 200 : 404);
    EXPECT_EQ(Ids("Condition?subject:Patient.family=Test&_id=" + id), open ? id : "");
    const Response why = Get("Patient/" + id + "/$why");
    EXPECT_EQ(At(Parsed(why), "parameter.0.valueBoolean"), open ? "true" : "false") << why.body;
  }

  std::shared_ptr<const access::Viewer> city_, doctor_;
  int marks_ = 0;
};

}  // namespace tk::interaction
