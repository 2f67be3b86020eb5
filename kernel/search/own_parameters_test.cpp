// Stored parameters whose expressions are dear or fail: bounded, told, and nothing else suffers.
#include <gtest/gtest.h>

#include <filesystem>

#include "kernel/base/diagnostics.h"
#include "kernel/search/generation.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

std::string OwnParameter(const std::string& code, const std::string& base, const std::string& type,
                         const std::string& expression) {
  return R"({"resourceType":"SearchParameter","id":")" + code + R"(","url":"http://own/)" + code +
         R"(","name":"x","description":"x","status":"active","code":")" + code + R"(","base":[")" + base +
         R"("],"type":")" + type + R"(","expression":")" + expression + "\"}";
}

/// A house whose index has these beside the official ones.
struct OwnHouse : House {
  explicit OwnHouse(const std::vector<std::string>& parameters, IndexOptions index_options = {})
      : House(std::move(index_options)) {
    definitions = WithCustom(fhir::Definitions::R4(), parameters);
    Reopen();
  }
  void Reopen() {
    index = GeneratedIndex::Create(fhir::Definitions::R4(), definitions, options(), &directory);
  }
  size_t Found(const std::string& type, const std::string& query) const {
    const auto page = Ask(type, query);
    EXPECT_TRUE(page.ok()) << query << ": " << page.error().ToString();
    return page.ok() ? page->ordinals.size() : 999;
  }
  std::string Warned(const std::string& type, const std::string& query) const {
    const auto page = Ask(type, query);
    EXPECT_TRUE(page.ok()) << query << ": " << page.error().ToString();
    return page.ok() && !page->warnings.empty() ? page->warnings[0].path : "";
  }
};

std::string PatientOf(const std::string& id, const std::string& givens) {
  return R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":"Li","given":[)" + givens +
         "]}]}";
}

TEST(OwnParameters, OneThatTakesTooMuchIsBoundedAndTold) {
  // 300 texts, each compared with all before it: 45,000 steps; and 20 of them.
  const std::string dear = "Patient.name.given.repeat(iif($this.length() < 300, $this & 'a', {}))",
                    fair = "Patient.name.given.repeat(iif($this.length() < 20, $this & 'a', {}))";
  OwnHouse house(
      {OwnParameter("dear", "Patient", "string", dear), OwnParameter("fair", "Patient", "string", fair)});
  std::string log;
  CaptureDiagnostics(&log);
  ASSERT_NE(house.Put(PatientOf("a", R"("q")")), 0u);
  ASSERT_NE(house.Put(PatientOf("b", R"("q")")), 0u);
  CaptureDiagnostics(nullptr);
  EXPECT_EQ(house.Found("Patient", "fair=qaaaaaaaaaa"), 2u);
  EXPECT_EQ(house.Warned("Patient", "fair=qaaaaaaaaaa"), "");
  EXPECT_EQ(house.Found("Patient", "dear=qa"), 0u);
  EXPECT_EQ(house.Found("Patient", "dear:missing=true"), 2u);
  EXPECT_EQ(house.Found("Patient", "family=li"), 2u) << "the others find it as ever";
  for (const char* query : {"dear=qa", "dear:missing=true", "family=li&_sort=dear", "link:Patient.dear=x"})
    EXPECT_EQ(house.Warned("Patient", query), "dear") << query;
  EXPECT_EQ(house.Warned("Observation", "subject:Patient.dear=qa"), "dear");
  EXPECT_EQ(house.Warned("Patient", "family=li"), "");
  ASSERT_EQ(house.index->FaultsOf("http://own/dear").size(), 1u);
  EXPECT_TRUE(house.index->FaultsOf("http://own/fair").empty());
  const size_t told = log.find("search-parameter-fails");
  ASSERT_NE(told, std::string::npos) << log;
  EXPECT_EQ(log.find("search-parameter-fails", told + 1), std::string::npos) << "once: " << log;
  EXPECT_NE(log.find("http://own/dear"), std::string::npos) << log;
  EXPECT_EQ(log.find("Li"), std::string::npos) << log;
}

TEST(OwnParameters, TextsThatGrowAreBoundedTooAndSoAreValues) {
  std::string doubled = "Patient.name.given";
  for (int i = 0; i < 20; ++i) doubled += ".select($this & $this)";
  OwnHouse house(
      {OwnParameter("long", "Patient", "string", doubled),
       OwnParameter("many", "Patient", "string", "Patient.name.given.select(%resource.descendants())")});
  std::string givens = R"("q0")";
  for (int i = 1; i < 60; ++i) givens += R"(,"q)" + std::to_string(i) + "\"";
  ASSERT_NE(house.Put(PatientOf("a", givens)), 0u);
  EXPECT_EQ(house.Warned("Patient", "long=q"), "long");
  EXPECT_EQ(house.Warned("Patient", "many=q"), "many");
  EXPECT_EQ(house.Found("Patient", "many=q"), 0u);
  EXPECT_EQ(house.Found("Patient", "given=q59"), 1u);
}

TEST(OwnParameters, LargeResourcesMayTakeMore) {
  OwnHouse house(
      {OwnParameter("who", "Group", "reference", "Group.member.entity.where(reference.exists())")});
  std::string json = R"({"resourceType":"Group","id":"g","type":"person","actual":true,"member":[)";
  for (int i = 0; i < 20'000; ++i)
    json += (i == 0 ? "" : ",") + std::string(R"({"entity":{"reference":"Patient/p)") + std::to_string(i) +
            R"("}})";
  ASSERT_NE(house.Put(json + "]}"), 0u);
  EXPECT_EQ(house.Found("Group", "who=Patient/p19999"), 1u);
  EXPECT_EQ(house.Warned("Group", "who=Patient/p19999"), "");
}

TEST(OwnParameters, OneThatFailsIsTold) {
  const std::string folder = testing::TempDir() + "tk-own-parameters";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  IndexOptions options;
  options.folder = folder;
  const std::string sole = OwnParameter("sole", "Patient", "string", "Patient.name.given.single()");
  OwnHouse house({sole}, options);
  ASSERT_NE(house.Put(sole), 0u);
  ASSERT_NE(house.Put(PatientOf("a", R"("q")")), 0u);
  EXPECT_EQ(house.Found("Patient", "sole=q"), 1u);
  EXPECT_EQ(house.Warned("Patient", "sole=q"), "");
  ASSERT_NE(house.Put(PatientOf("b", R"("q","r")")), 0u);
  EXPECT_EQ(house.Found("Patient", "sole=q"), 1u);
  EXPECT_EQ(house.Found("Patient", "given=r"), 1u);
  EXPECT_EQ(house.Warned("Patient", "sole=q"), "sole");
  EXPECT_EQ(house.Warned("Patient", "given=r"), "");
  // It is known after a restart, too.
  const view::Mark mark{1, house.t, house.next, house.definitions->hash(), 0};
  ASSERT_TRUE(house.index->Save(folder, mark).ok());
  house.Reopen();
  ASSERT_TRUE(house.index->Load(folder, mark).ok());
  EXPECT_EQ(house.Warned("Patient", "sole=q"), "sole");
  EXPECT_EQ(house.index->FaultsOf("http://own/sole").size(), 1u);
  std::filesystem::remove_all(folder);
}

// As R4's own expressions use `as`, in both of its forms.
TEST(OwnParameters, AsKeepsWhatIsOfTheType) {
  const std::string composite =
      R"({"resourceType":"SearchParameter","id":"cpair","url":"http://own/cpair","name":"x","description":"x","status":"active","code":"cpair",)"
      R"("base":["Observation"],"type":"composite","expression":"Observation","component":[)"
      R"j({"definition":"http://own/cvalue","expression":"Observation.component.value.as(Quantity)"},)j"
      R"({"definition":"http://hl7.org/fhir/SearchParameter/Observation-status","expression":"status"}]})";
  OwnHouse house(
      {OwnParameter("cvalue", "Observation", "quantity", "Observation.component.value.as(Quantity)"),
       OwnParameter("cvalue2", "Observation", "quantity", "Observation.component.value as Quantity"),
       composite});
  ASSERT_NE(
      house.Put(R"({"resourceType":"Observation","id":"a","status":"final","code":{"text":"x"},"component":[)"
                R"({"valueQuantity":{"value":5}},{"valueString":"6"},{"valueQuantity":{"value":7}}]})"),
      0u);
  for (const std::string code : {"cvalue", "cvalue2"}) {
    EXPECT_EQ(house.Found("Observation", code + "=5"), 1u) << code;
    EXPECT_EQ(house.Found("Observation", code + "=7"), 1u) << code;
    EXPECT_EQ(house.Found("Observation", code + "=6"), 0u) << code;
    EXPECT_EQ(house.Warned("Observation", code + "=7"), "") << code;
  }
  EXPECT_EQ(house.Found("Observation", "cpair=7$final"), 1u);
  EXPECT_EQ(house.Found("Observation", "cpair=7$amended"), 0u);
  EXPECT_EQ(house.Warned("Observation", "cpair=7$final"), "");
}

}  // namespace
}  // namespace tk::search
