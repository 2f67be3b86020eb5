// The official examples: they parse, are valid, and print back the same. And texts derived from them by random changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <random>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/definitions_official.h"
#include "kernel/fhir/definitions_table.h"
#include "kernel/fhir/patch.h"
#include "kernel/fhir/validate.h"

namespace tk::fhir {
namespace {

// Official examples that break the specification, each with its fault.
const std::map<std::string, std::string> kBadExamples = {
    {"DeviceMetric-example.json", "parent refers to a DeviceDefinition; R4 permits Device"},
    {"DeviceUseStatement-example.json", "reasonReference refers to a Procedure; R4 does not permit it"},
    {"ImplementationGuide-fhir.json", "a reference with an id longer than 64 characters"},
    {"MedicationRequest-medrx0301.json",
     "dispenseRequest.performer refers to a Practitioner; R4 permits Organization"},
    {"Observation-clinical-gender.json", "performer refers to an Encounter; R4 does not permit it"},
    {"Questionnaire-qs1.json", "items without the required linkId"},
    {"SearchParameter-codesystem-extensions-CodeSystem-author.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-effective.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-end.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-keyword.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-workflow.json", "no base"},
    {"SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json",
     "an id longer than 64 characters"},
    {"SearchParameter-valueset-extensions-ValueSet-author.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-effective.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-end.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-keyword.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-workflow.json", "no base"},
    {"StructureDefinition-Definition.json", "sdf-4: neither abstract nor with a baseDefinition"},
    {"StructureDefinition-Event.json", "sdf-4: neither abstract nor with a baseDefinition"},
    {"StructureDefinition-FiveWs.json", "sdf-4: neither abstract nor with a baseDefinition"},
    {"StructureDefinition-Request.json", "sdf-4: neither abstract nor with a baseDefinition"},
    {"ig-r4.json",
     "a working file: neither name nor status, and a reference with an id longer than 64 characters"},
};

/// The text without the white space outside strings: written apart from the parser, to check it.
std::string WithoutSpace(const std::string& json) {
  std::string out;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && (c == ' ' || c == '\n' || c == '\r' || c == '\t')) continue;
    if (c == '"') in_string = !in_string;
    out += c;
    if (in_string && c == '\\') out += json[++i];
  }
  return out;
}

struct Tally {
  size_t files = 0;
  size_t bad = 0;
};

bool IsDefinition(const std::string& name) {
  for (const char* prefix :
       {"StructureDefinition-", "SearchParameter-", "ValueSet-", "CodeSystem-", "ConceptMap-"}) {
    if (name.rfind(prefix, 0) == 0) return true;
  }
  return false;
}

// Bundles that repeat the definitions: megabytes of what is read file by file anyway.
constexpr size_t kBytesMax = 3'000'000;

/// Of definitions, which are many, large and alike, only one in `definitions_every` is read.
Tally CheckFolder(const std::string& folder, size_t definitions_every) {
  const auto r4 = Definitions::R4();
  Tally tally;
  size_t place = 0;
  for (const std::string& path : JsonFilesOf(folder)) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const bool known_bad = kBadExamples.count(name) != 0;
    if (IsDefinition(name) && place++ % definitions_every != 0 && !known_bad) continue;
    const std::string json = ReadFileForTest(path);
    if (json.size() > kBytesMax) continue;
    const auto document = Document::Parse(json);
    if (!document.ok()) {
      ADD_FAILURE() << name << document.error().ToString();
      continue;
    }
    EXPECT_TRUE(document->Text() == WithoutSpace(json)) << name << " does not print back the same";
    const auto issues = Validate(*r4, document->Root());
    ++tally.files;
    tally.bad += issues.empty() ? 0 : 1;
    EXPECT_EQ(known_bad, !issues.empty())
        << name << (issues.empty() ? ": is valid after all" : ": " + issues[0].path + ": " + issues[0].text);
  }
  return tally;
}

TEST(Examples, OfOfficialPackageParseValidateAndPrintBack) {
  const Tally tally = CheckFolder(OfficialExamplesFolder(), 40);
  EXPECT_GT(tally.files, 850U);
  EXPECT_EQ(tally.bad, kBadExamples.size());
}

TEST(Examples, OfTheSharedCorpus) {
  const std::string folder = UnpackCorpus("fhir-examples-r4");
  if (folder.empty()) GTEST_SKIP() << "corpus fhir-examples-r4 is not here (TK_SHARED or ../shared)";
  const Tally tally = CheckFolder(folder + "/package", 1);
  EXPECT_EQ(tally.files, 518U);
}

TEST(Definitions, AgreeWithTheCorePackage) {
  const std::string folder = UnpackCorpus("fhir-definitions");
  if (folder.empty()) GTEST_SKIP() << "corpus fhir-definitions is not here (TK_SHARED or ../shared)";
  auto blob = CompileOfficialDefinitions(folder + "/hl7.fhir.r4.core-4.0.1/package", MendedInvariantsFile());
  ASSERT_TRUE(blob.ok()) << blob.error().ToString();
  const auto core = LoadDefinitions(std::make_unique<const std::string>(std::move(blob).value()));
  EXPECT_EQ(core->hash(), Definitions::R4()->hash());
}

// Whatever is done to a text, the parser answers; and what it takes, it prints in a form that it takes again unchanged.
TEST(Mutations, NeverCrashAndPrintTheSame) {
  std::vector<std::string> seeds;
  for (const std::string& path : JsonFilesOf(OfficialExamplesFolder())) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (IsDefinition(name) || seeds.size() >= 60) continue;
    std::string json = ReadFileForTest(path);
    if (json.size() < 6000) seeds.push_back(std::move(json));
  }
  ASSERT_EQ(seeds.size(), 60U);
  const std::string alphabet = "{}[]\",:\\u0019eE+-.tfn\n \x01\xe9\xff/";
  std::mt19937_64 random(20261121);
  const auto r4 = Definitions::R4();
  size_t parsed = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string json = seeds[random() % seeds.size()];
    for (size_t changes = 1 + random() % 3; changes > 0; --changes) {
      const size_t at = random() % json.size();
      switch (random() % 4) {
        case 0:
          json[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          json.erase(at, 1 + random() % 20);
          break;
        case 2:
          json.insert(at, json.substr(random() % json.size(), random() % 40));
          break;
        default:
          std::swap(json[at], json[random() % json.size()]);
          break;
      }
      if (json.empty()) json = "{";
    }
    const auto document = Document::Parse(json);
    if (!document.ok()) {
      ASSERT_FALSE(document.error().external.empty());
      continue;
    }
    ++parsed;
    const auto again = Document::Parse(document->Text());
    ASSERT_TRUE(again.ok()) << document->Text();
    ASSERT_EQ(again->Text(), document->Text());
    ASSERT_EQ(again->nodes().size(), document->nodes().size());
    for (const Issue& issue : Validate(*r4, document->Root())) ASSERT_FALSE(issue.text.empty());
  }
  EXPECT_GT(parsed, 300U);
}

}  // namespace
}  // namespace tk::fhir
