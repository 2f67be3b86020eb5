// The official profiles over the official examples: every one compiles, and the examples keep to what they claim and carry, but for none.
#include <gtest/gtest.h>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/official_profiles.h"
#include "kernel/fhir/profile_check.h"
#include "kernel/fhir/validate_structures.h"

namespace tk::fhir {
namespace {

TEST(OfficialProfiles, EveryOneCompiles) {
  const MemoryCanonicals nothing_stored;
  Profiles profiles(*Definitions::R4(), nothing_stored);
  size_t count = 0;
  for (const std::string& path : JsonFilesOf(OfficialExamplesFolder())) {
    if (path.find("/StructureDefinition-") == std::string::npos) continue;
    const Document structure = Document::Parse(ReadFileForTest(path)).value();
    if (structure.Root()["derivation"].ToString() != "constraint") continue;
    const std::string url = structure.Root()["url"].ToString();
    const auto profile = profiles.Find(url);
    ASSERT_TRUE(profile.ok()) << url << ": " << profile.error().ToString();
    EXPECT_NE(*profile, nullptr) << url;
    ++count;
  }
  EXPECT_EQ(count, 441U);
}

// No profile of R4 contradicts its base, by this room's judgement: it would refuse what guides publish.
TEST(OfficialProfiles, NoneContradictsItsBase) {
  const MemoryCanonicals nothing_stored;
  Profiles profiles(*Definitions::R4(), nothing_stored);
  size_t count = 0;
  for (const std::string& path : JsonFilesOf(OfficialExamplesFolder())) {
    if (path.find("/StructureDefinition-") == std::string::npos) continue;
    const std::string json = ReadFileForTest(path);
    // Once by its differential, as it is, and once by its snapshot alone.
    std::string snapshot = json;
    if (const size_t at = snapshot.find("\"differential\""); at != std::string::npos)
      snapshot.replace(at, 14, "\"_differential\"");
    for (const std::string& text : {json, snapshot}) {
      const Document structure = Document::Parse(text).value();
      CheckTime time;
      for (const Issue& issue : UnusableProblems(profiles, structure.Root(), 10, time)) {
        // An invariant of one names a member that there is not: it is mended where it is built in.
        if (issue.path.find(".constraint[") == std::string::npos)
          ADD_FAILURE() << path << ": " << issue.path << ": " << issue.text;
      }
    }
    ++count;
  }
  EXPECT_GT(count, 600U);
}

/// What is told of R4's definition of string, which carries the extension regex beyond its context, where `stored` is known.
size_t ToldOfString(std::string stored) {
  MemoryCanonicals canonicals;
  canonicals.Add(std::make_shared<const Document>(Document::Parse(stored).value()));
  Profiles profiles(*Definitions::R4(), canonicals);
  const Document of_string =
      Document::Parse(ReadFileForTest(OfficialExamplesFolder() + "/StructureDefinition-string.json")).value();
  ProfileChecker checker(profiles, {});
  checker.CheckClaims(of_string.Root());
  return checker.Take().size();
}

// What is mended in the built-in ones counts where the official file itself is stored; one that was changed is taken at its word.
TEST(OfficialProfiles, AStoredOneIsTheBuiltInOneUnlessItWasChanged) {
  std::string regex = ReadFileForTest(OfficialExamplesFolder() + "/StructureDefinition-regex.json");
  EXPECT_EQ(ToldOfString(regex), 0U);
  const size_t at = regex.find("Questionnaire.item");
  ASSERT_NE(at, std::string::npos);
  regex.replace(at, 18, "Questionnaire.code");
  EXPECT_NE(ToldOfString(regex), 0U);
}

TEST(OfficialProfiles, ExamplesKeepToThem) {
  const MemoryCanonicals nothing_stored;
  Profiles profiles(*Definitions::R4(), nothing_stored);
  size_t checked = 0, definitions = 0;
  for (const std::string& path : JsonFilesOf(OfficialExamplesFolder())) {
    const std::string name = path.substr(path.rfind('/') + 1);
    // Definitions are many, large and alike: one in twenty is enough.
    const bool is_definition = name.rfind("StructureDefinition-", 0) == 0 ||
                               name.rfind("SearchParameter-", 0) == 0 || name.rfind("ValueSet-", 0) == 0 ||
                               name.rfind("CodeSystem-", 0) == 0;
    if (is_definition && definitions++ % 20 != 0) continue;
    const std::string json = ReadFileForTest(path);
    if (json.size() > 3'000'000) continue;
    const auto document = Document::Parse(json);
    if (!document.ok()) continue;
    ++checked;
    ProfileChecker checker(profiles, {});
    checker.CheckClaims(document->Root());
    const auto issues = checker.Take();
    EXPECT_TRUE(issues.empty()) << name << ": " << issues[0].path << ": " << issues[0].text;
  }
  EXPECT_GT(checked, 900U);
}

}  // namespace
}  // namespace tk::fhir
