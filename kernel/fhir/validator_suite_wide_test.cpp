// The HL7 validator's cases for R4 that need no terminology server and no package from outside: is the resource valid or not, and how many
// errors has it? Prints the pass rate and the names of failing cases. validator_suite_floor.txt lists the cases that are known to fail,
// each with its reason: another one failing, or one of these passing, fails the test, so that the list only shrinks.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/profile_check.h"

namespace tk::fhir {
namespace {

/// Not of this suite: what needs a terminology server, other versions, signatures, the validator's own output formats.
bool IsWanted(Value test) {
  static const std::set<std::string> kModules = {
      "general", "references", "bundle",   "questionnaire", "extensions", "xhtml",   "sd",
      "fmt",     "base",       "security", "profile",       "invariants", "measure", "api"};
  const std::string version = test["version"].ToString();
  if ((version != "4.0" && version != "4.0.1") || !test["file"].ToString().ends_with(".json")) return false;
  if (kModules.count(test["module"].ToString()) == 0 || test["use-test"].kind() == Kind::kFalse) return false;
  for (const char* member : {"packages", "logical", "allow-comments", "supporting5", "crumb-trail"}) {
    if (test[member].present()) return false;
  }
  return true;
}

/// Number of errors; -1: the outcome is not given.
int ExpectedErrors(const std::string& folder, Value java) {
  Document file;
  if (java.is_string()) {
    const std::string path = folder + "/outcomes/" + java.ToString();
    if (!std::filesystem::exists(path)) return -1;
    auto parsed = Document::Parse(ReadFileForTest(path));
    if (!parsed.ok()) return -1;
    file = std::move(parsed).value();
    java = file.Root();
  }
  if (const Value count = java["errorCount"]) {
    int errors = 0;
    const std::string_view digits = count.Number();
    std::from_chars(digits.data(), digits.data() + digits.size(), errors);
    return errors;
  }
  if (java["outcome"].present()) java = java["outcome"];
  if (java["resourceType"].ToString() != "OperationOutcome") return -1;
  int errors = 0;
  for (const Value issue : java["issue"]) {
    const std::string severity = issue["severity"].ToString();
    errors += severity == "error" || severity == "fatal" ? 1 : 0;
  }
  return errors;
}

/// The case's own resources, then R4's code systems and value sets, as a server has them.
class CaseCanonicals final : public Canonicals {
 public:
  explicit CaseCanonicals(const Canonicals& official) : official_(official) {}
  void Add(std::shared_ptr<const Document> resource) { own_.Add(std::move(resource)); }
  std::shared_ptr<const Document> Find(std::string_view type, std::string_view canonical) const override {
    auto found = own_.Find(type, canonical);
    return found != nullptr ? found : official_.Find(type, canonical);
  }

 private:
  MemoryCanonicals own_;
  const Canonicals& official_;
};

class Suite {
 public:
  explicit Suite(std::string folder) : folder_(std::move(folder)) {
    const std::string path = MendedInvariantsFile();
    std::istringstream lines(ReadFileForTest(path.substr(0, path.rfind('/')) + "/validator_suite_floor.txt"));
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line[0] != '#') floor_.insert(line.substr(0, line.find(' ')));
    }
    for (const std::string& file : JsonFilesOf(OfficialExamplesFolder())) {
      const std::string name = file.substr(file.rfind('/') + 1);
      if (name.starts_with("ValueSet-") || name.starts_with("CodeSystem-"))
        official_.Add(std::make_shared<const Document>(Document::Parse(ReadFileForTest(file)).value()));
    }
  }

  void Run(Value test) {
    const std::string name = test["name"].ToString();
    CaseCanonicals canonicals(official_);
    if (!AddAll(test["supporting"], &canonicals) || !AddAll(test["profiles"], &canonicals)) return;
    Judge(name, test["file"].ToString(), "", test["java"], canonicals);
    const Value profile = test["profile"];
    if (!profile.present() || profile["packages"].present()) return;
    const std::string source = profile["source"].ToString();
    if (!AddAll(profile["supporting"], &canonicals) || !AddOne(source, &canonicals)) return;
    const Document structure = Document::Parse(ReadFileForTest(folder_ + "/" + source)).value();
    Judge(name + "+profile", test["file"].ToString(), structure.Root()["url"].ToString(), profile["java"],
          canonicals);
  }

  void Report() const {
    // One line a suite: name, passed of all, the names of failing cases.
    std::printf("SUITE HL7 validator R4 %zu/%zu, failing: %s\n", passed_, total_,
                failing_.empty() ? "none" : failing_.c_str());
    std::printf("SUITE HL7 validator R4 valid or invalid %zu/%zu, failing: %s\n", agreed_, total_,
                disagreeing_.empty() ? "none" : disagreeing_.c_str());
    EXPECT_GT(total_, 150U);
  }

 private:
  bool AddOne(const std::string& name, CaseCanonicals* canonicals) const {
    const std::string path = folder_ + "/" + name;
    if (!name.ends_with(".json") || !std::filesystem::exists(path)) return false;
    auto document = Document::Parse(ReadFileForTest(path));
    if (!document.ok()) return false;
    for (const Value entry : document->Root()["entry"]) {  // a Bundle of definitions
      auto part = Document::Parse(entry["resource"].Json());
      if (part.ok()) canonicals->Add(std::make_shared<const Document>(std::move(part).value()));
    }
    canonicals->Add(std::make_shared<const Document>(std::move(document).value()));
    return true;
  }
  bool AddAll(Value names, CaseCanonicals* canonicals) const {
    for (const Value name : names) {
      if (!AddOne(name.ToString(), canonicals)) return false;
    }
    return true;
  }

  void Judge(const std::string& name, const std::string& file, const std::string& profile, Value java,
             const CaseCanonicals& canonicals) {
    const std::string path = folder_ + "/" + file;
    const int expected = std::filesystem::exists(path) ? ExpectedErrors(folder_, java) : -1;
    if (expected < 0) return;
    Profiles profiles(*Definitions::R4(), canonicals);
    std::vector<Issue> issues;
    const auto document = Document::Parse(ReadFileForTest(path));
    if (document.ok()) {
      FullOptions options;
      options.base.warnings = true;  // as $validate asks
      if (!profile.empty()) options.profiles = {profile};
      options.now_us = int64_t{1'700'000'000} * 1'000'000;
      issues = ValidateFully(*Definitions::R4(), profiles, document->Root(), options);
      std::erase_if(issues, [](const Issue& issue) {
        return issue.severity == Severity::kWarning || issue.severity == Severity::kInformation;
      });
    } else {
      issues.push_back({Severity::kFatal, "structure", "", document.error().external});
    }
    Count(name, expected, issues);
  }

  void Count(const std::string& name, int expected, const std::vector<Issue>& issues) {
    ++total_;
    const bool agrees = (expected == 0) == issues.empty();
    const bool passes = agrees && static_cast<size_t>(expected) == issues.size();
    agreed_ += agrees ? 1 : 0;
    passed_ += passes ? 1 : 0;
    if (!passes) failing_ += (failing_.empty() ? "" : "; ") + name;
    if (!agrees) disagreeing_ += (disagreeing_.empty() ? "" : "; ") + name;
    if (std::getenv("TK_VERBOSE") != nullptr && !passes) {
      std::printf("CASE %s expected %d, found %zu\n", name.c_str(), expected, issues.size());
      for (const Issue& issue : issues) std::printf("    %s: %s\n", issue.path.c_str(), issue.text.c_str());
    }
    EXPECT_EQ(passes, floor_.count(name) == 0)
        << name << ": expected " << expected << " errors, found " << issues.size()
        << (passes ? "; it passes now: take it from validator_suite_floor.txt" : "");
  }

  std::string folder_;
  MemoryCanonicals official_;
  std::set<std::string> floor_;
  std::string failing_, disagreeing_;
  size_t total_ = 0, passed_ = 0, agreed_ = 0;
};

TEST(ValidatorSuite, DoesNotFallBehindTheFloor) {
  const std::string unpacked = UnpackCorpus("fhir-validator");
  if (unpacked.empty()) GTEST_SKIP() << "corpus fhir-validator is not here (TK_SHARED or ../shared)";
  const std::string folder = unpacked + "/validator";
  const Document manifest = Document::Parse(ReadFileForTest(folder + "/manifest.json")).value();
  Suite suite(folder);
  for (const Value test : manifest.Root()["test-cases"]) {
    if (IsWanted(test)) suite.Run(test);
  }
  suite.Report();
}

}  // namespace
}  // namespace tk::fhir
