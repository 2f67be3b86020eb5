// Every cell of post × interaction × type, against a table written here by hand: whoever changes posts.toml must change this too.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernel/access/posts.h"
#include "kernel/view/directory.h"

namespace tk::access {
namespace {

// The R4 resource types that people's data live in, and one that no post but admin may touch.
const std::vector<std::string> kTypes = {"AlertReceipt",
                                         "AllergyIntolerance",
                                         "Appointment",
                                         "AuditEvent",
                                         "Binary",
                                         "CarePlan",
                                         "CareTeam",
                                         "CodeSystem",
                                         "Condition",
                                         "Consent",
                                         "Coverage",
                                         "DiagnosticReport",
                                         "DocumentReference",
                                         "Encounter",
                                         "EpisodeOfCare",
                                         "FamilyMemberHistory",
                                         "Flag",
                                         "Goal",
                                         "Immunization",
                                         "ImmunizationRecommendation",
                                         "Linkage",
                                         "Location",
                                         "Medication",
                                         "MedicationRequest",
                                         "MedicationStatement",
                                         "Observation",
                                         "Organization",
                                         "Patient",
                                         "Practitioner",
                                         "PractitionerRole",
                                         "Procedure",
                                         "Questionnaire",
                                         "QuestionnaireResponse",
                                         "RelatedPerson",
                                         "Schedule",
                                         "ServiceRequest",
                                         "Slot",
                                         "Specimen",
                                         "Subscription",
                                         "Task",
                                         "ValueSet",
                                         "WatchEntry",
                                         "WatchList"};

// r = may read, w = may read and write. What is not here: nothing.
const std::map<std::string, std::map<std::string, char>> kRights = {
    {"screener",
     {{"AlertReceipt", 'w'},
      {"Patient", 'w'},
      {"Encounter", 'w'},
      {"Observation", 'w'},
      {"QuestionnaireResponse", 'w'},
      {"Flag", 'r'},
      {"Task", 'r'},
      {"Questionnaire", 'r'},
      {"Location", 'r'},
      {"Organization", 'r'},
      {"ValueSet", 'r'},
      {"CodeSystem", 'r'}}},
    {"doctor",
     {{"AlertReceipt", 'w'},
      {"AllergyIntolerance", 'w'},
      {"Appointment", 'w'},
      {"CarePlan", 'w'},
      {"CareTeam", 'r'},
      {"CodeSystem", 'r'},
      {"Condition", 'w'},
      {"Consent", 'r'},
      {"DiagnosticReport", 'w'},
      {"DocumentReference", 'w'},
      {"Encounter", 'w'},
      {"EpisodeOfCare", 'w'},
      {"FamilyMemberHistory", 'w'},
      {"Flag", 'w'},
      {"Goal", 'w'},
      {"Immunization", 'w'},
      {"ImmunizationRecommendation", 'r'},
      {"Location", 'r'},
      {"Medication", 'r'},
      {"MedicationRequest", 'w'},
      {"MedicationStatement", 'w'},
      {"Observation", 'w'},
      {"Organization", 'r'},
      {"Patient", 'w'},
      {"Practitioner", 'r'},
      {"PractitionerRole", 'r'},
      {"Procedure", 'w'},
      {"Questionnaire", 'r'},
      {"QuestionnaireResponse", 'w'},
      {"RelatedPerson", 'w'},
      {"Schedule", 'r'},
      {"ServiceRequest", 'w'},
      {"Slot", 'r'},
      {"Specimen", 'w'},
      {"Task", 'w'},
      {"ValueSet", 'r'}}},
    {"cdc-officer", {{"AlertReceipt", 'r'},  {"WatchEntry", 'w'},
                     {"WatchList", 'w'},     {"CodeSystem", 'r'},
                     {"Condition", 'r'},     {"DiagnosticReport", 'r'},
                     {"Encounter", 'r'},     {"Flag", 'w'},
                     {"Immunization", 'r'},  {"ImmunizationRecommendation", 'r'},
                     {"Location", 'r'},      {"Observation", 'w'},
                     {"Organization", 'r'},  {"Patient", 'r'},
                     {"Questionnaire", 'r'}, {"QuestionnaireResponse", 'w'},
                     {"RelatedPerson", 'r'}, {"Specimen", 'r'},
                     {"Task", 'w'},          {"ValueSet", 'r'}}},
    {"index-clerk", {{"Linkage", 'r'}, {"Patient", 'r'}, {"Task", 'r'}}},
    {"operator", {}},
    {"card-desk", {{"HealthCard", 'r'}, {"HealthCardUse", 'r'}, {"Patient", 'r'}}},
    {"security-officer", {}},
    {"auditor", {}},
    {"resident",
     {{"AllergyIntolerance", 'r'},
      {"Appointment", 'r'},
      {"CarePlan", 'r'},
      {"CareTeam", 'r'},
      {"CodeSystem", 'r'},
      {"Condition", 'r'},
      {"Consent", 'r'},
      {"DiagnosticReport", 'r'},
      {"DocumentReference", 'r'},
      {"Encounter", 'r'},
      {"EpisodeOfCare", 'r'},
      {"Goal", 'r'},
      {"Immunization", 'r'},
      {"ImmunizationRecommendation", 'r'},
      {"Location", 'r'},
      {"Medication", 'r'},
      {"MedicationRequest", 'r'},
      {"MedicationStatement", 'r'},
      {"Observation", 'r'},
      {"Organization", 'r'},
      {"Patient", 'r'},
      {"Practitioner", 'r'},
      {"PractitionerRole", 'r'},
      {"Procedure", 'r'},
      {"Questionnaire", 'r'},
      {"QuestionnaireResponse", 'r'},
      {"RelatedPerson", 'r'},
      {"Schedule", 'r'},
      {"ServiceRequest", 'r'},
      {"Slot", 'r'},
      {"Task", 'r'},
      {"ValueSet", 'r'}}}};

const std::map<std::string, std::set<std::string>> kOperations = {
    {"screener", {"health-card-verify"}},
    {"doctor",
     {"$everything", "$match", "$person", "$validate", "reveal", "emergency", "health-card-verify"}},
    {"index-clerk",
     {"$explain-match", "$ihe-pix", "$link", "$match", "$merge", "$not-same", "$person", "$unmerge"}},
    {"cdc-officer", {"$everything", "reveal", "export", "try-rule", "watch-import"}},
    {"operator", {"metrics", "rebuild"}},
    {"card-desk", {"health-card-issue", "health-card-present", "health-card-verify"}},
    {"security-officer", {"accounts", "emergency-review", "why"}},
    {"auditor", {"audit"}},
    {"resident", {"$everything"}}};
const std::vector<std::string> kAllOperations = {"$everything",
                                                 "$validate",
                                                 "$erase",
                                                 "reveal",
                                                 "emergency",
                                                 "export",
                                                 "metrics",
                                                 "history-system",
                                                 "rebuild",
                                                 "$match",
                                                 "$person",
                                                 "$explain-match",
                                                 "$link",
                                                 "$not-same",
                                                 "$merge",
                                                 "$unmerge",
                                                 "$ihe-pix",
                                                 "why",
                                                 "emergency-review",
                                                 "accounts",
                                                 "audit",
                                                 "verify-guardian",
                                                 "health-card-issue",
                                                 "health-card-present",
                                                 "health-card-verify",
                                                 "watch-import",
                                                 "try-rule"};

Viewer ViewerOf(const Posts& posts, const std::string& post) {
  Viewer viewer;
  viewer.post = posts.Find(post);
  return viewer;
}

TEST(Matrix, EveryPostAndType) {
  const auto posts = Posts::Load("/nonexistent");
  ASSERT_TRUE(posts.ok()) << posts.error().ToString();
  EXPECT_EQ(posts->Names(),
            (std::vector<std::string>{"admin", "auditor", "card-desk", "cdc-officer", "doctor", "index-clerk",
                                      "operator", "resident", "screener", "security-officer"}));
  size_t cells = 0;
  for (const std::string& post : posts->Names()) {
    const Viewer viewer = ViewerOf(*posts, post);
    for (const std::string& type : kTypes) {
      char right = 'w';
      if (post != "admin") {
        const auto at = kRights.at(post).find(type);
        right = at == kRights.at(post).end() ? '-' : at->second;
      }
      EXPECT_EQ(viewer.MayRead(type), right != '-') << post << " reads " << type;
      EXPECT_EQ(viewer.MayWrite(type), right == 'w') << post << " writes " << type;
      cells += 2;
    }
    for (const std::string& operation : kAllOperations) {
      EXPECT_EQ(viewer.MayCall(operation), post == "admin" || kOperations.at(post).contains(operation))
          << post << " " << operation;
      ++cells;
    }
  }
  EXPECT_EQ(cells, 10 * (kTypes.size() * 2 + kAllOperations.size()));
}

TEST(Matrix, WithoutAPostNothing) {
  const Viewer nobody;
  EXPECT_FALSE(nobody.MayRead("Patient"));
  EXPECT_FALSE(nobody.MayWrite("Patient"));
  EXPECT_FALSE(nobody.MayCall("metrics"));
}

// The platform's three duties (GB/T 22239-2019 level 3): running it, saying who may what, reading what was done. Nobody has two, none sees health data.
TEST(Matrix, DutiesAreSeparate) {
  const auto posts = Posts::Load("/nonexistent");
  const std::map<std::string, std::set<std::string>> duties = {
      {"operator", {"metrics", "rebuild"}},
      {"security-officer", {"accounts", "emergency-review", "why"}},
      {"auditor", {"audit"}}};
  for (const auto& [post, own] : duties) {
    const Viewer viewer = ViewerOf(*posts, post);
    for (const std::string& type : kTypes)
      EXPECT_FALSE(viewer.MayRead(type) || viewer.MayWrite(type)) << post << " " << type;
    for (const std::string& operation : kAllOperations)
      EXPECT_EQ(viewer.MayCall(operation), own.contains(operation)) << post << " " << operation;
  }
  for (const std::string& post : posts->Names()) {
    if (post == "admin") continue;  // of a fresh folder, for the set-up
    int held = 0;
    for (const auto& [duty, operations] : duties) {
      const auto viewer = ViewerOf(*posts, post);
      held += std::any_of(operations.begin(), operations.end(),
                          [&viewer](const std::string& operation) { return viewer.MayCall(operation); });
    }
    EXPECT_LE(held, 1) << post;
  }
}

TEST(Matrix, APostOfACityMayNotJoinDuties) {
  const auto refused = [](const std::string& body) {
    Posts posts;
    const Status read = posts.Read("[mine]\nsource = \"x\"\n" + body, "posts.toml");
    return !read.ok() && read.error().external.find("posts.toml:1") != std::string::npos;
  };
  EXPECT_TRUE(refused("operations = [\"metrics\", \"audit\"]"));
  EXPECT_TRUE(refused("operations = [\"accounts\", \"rebuild\"]"));
  EXPECT_TRUE(refused("operations = [\"accounts\", \"audit\"]"));
  EXPECT_TRUE(refused("operations = [\"*\"]"));
  EXPECT_TRUE(refused("operations = [\"accounts\"]\nreads = [\"Patient\"]"));
  EXPECT_TRUE(refused("operations = [\"audit\"]\nwrites = [\"Flag\"]"));
  EXPECT_FALSE(refused("operations = [\"metrics\", \"rebuild\"]"));
  EXPECT_FALSE(refused("operations = [\"$everything\", \"reveal\"]\nreads = [\"*\"]\nwrites = [\"*\"]"));
}

TEST(Matrix, NothingIsAllowedThatTheTableOfTypesForgot) {
  const auto posts = Posts::Load("/nonexistent");
  for (const auto& [post, rights] : kRights) {
    const auto found = posts->Find(post);
    EXPECT_EQ(found->reads.size(), rights.size()) << post;
    for (const std::string& type : found->writes)
      EXPECT_TRUE(rights.contains(type)) << post << " writes " << type;
  }
}

}  // namespace
}  // namespace tk::access
