// The HL7 validator's cases for R4 without profiles: how often do we agree that a resource is valid or not? Many of them break
// invariants or terminology, which structure alone cannot see; so the agreement is printed, and only refusing what the HL7
// validator accepts is a failure.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/validate.h"

namespace tk::fhir {
namespace {

bool IsBase(Value test) {
  const std::string version = test["version"].ToString();
  const std::string file = test["file"].ToString();
  if ((version != "4.0" && version != "4.0.1") || !file.ends_with(".json")) return false;
  for (const char* member :
       {"packages", "supporting", "supporting5", "profile", "profiles", "logical", "allow-comments"}) {
    if (test[member].present()) return false;
  }
  static const std::set<std::string> kModules = {"general",    "references", "bundle", "questionnaire",
                                                 "extensions", "xhtml",      "sd",     "fmt",
                                                 "base",       "security"};
  return kModules.count(test["module"].ToString()) != 0;
}

/// -1 unknown, 0 invalid, 1 valid.
int Expected(const std::string& folder, Value test) {
  Document outcome_file;
  Value outcome = test["java"];
  if (outcome.is_string()) {
    const std::string path = folder + "/outcomes/" + outcome.ToString();
    if (!std::filesystem::exists(path)) return -1;
    outcome_file = Document::Parse(ReadFileForTest(path)).value();
    outcome = outcome_file.Root();
  }
  if (outcome["outcome"].present()) outcome = outcome["outcome"];
  if (outcome["resourceType"].ToString() != "OperationOutcome") return -1;
  for (const Value issue : outcome["issue"]) {
    const std::string severity = issue["severity"].ToString();
    if (severity == "error" || severity == "fatal") return 0;
  }
  return 1;
}

TEST(ValidatorCorpus, AgreementOnBaseCases) {
  const std::string unpacked = UnpackCorpus("fhir-validator");
  if (unpacked.empty()) GTEST_SKIP() << "corpus fhir-validator is not here (TK_SHARED or ../shared)";
  const std::string folder = unpacked + "/validator";
  const Document manifest = Document::Parse(ReadFileForTest(folder + "/manifest.json")).value();
  size_t both_valid = 0;
  size_t both_invalid = 0;
  size_t unseen = 0;
  std::string names;
  for (const Value test : manifest.Root()["test-cases"]) {
    if (!IsBase(test)) continue;
    const std::string name = test["name"].ToString();
    const std::string path = folder + "/" + test["file"].ToString();
    const int expected = std::filesystem::exists(path) ? Expected(folder, test) : -1;
    if (expected < 0) continue;
    const auto document = Document::Parse(ReadFileForTest(path));
    std::string problem = document.ok() ? "" : document.error().ToString();
    if (document.ok()) {
      const auto issues = Validate(*Definitions::R4(), document->Root());
      if (!issues.empty()) problem = issues[0].path + ": " + issues[0].text;
    }
    if (expected == 1) {
      EXPECT_EQ(problem, "") << name;
      both_valid += problem.empty() ? 1 : 0;
    } else {
      (problem.empty() ? unseen : both_invalid) += 1;
      if (problem.empty()) names += " " + name;
    }
  }
  std::printf("HL7 validator, R4 base cases: both valid %zu, both invalid %zu\n", both_valid, both_invalid);
  std::printf("invalid beyond structure %zu:%s\n", unseen, names.c_str());
  EXPECT_GT(both_valid + both_invalid, 20U);
}

}  // namespace
}  // namespace tk::fhir
