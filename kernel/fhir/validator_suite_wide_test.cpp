// The HL7 validator's cases for R4 that need no terminology server and no package from outside: is the resource valid or not, and how many
// errors has it? Those in XML are turned into JSON first (tools/suites_xml.py). Prints the pass rate, the names of failing cases, and how
// many cases are left out for what reason. validator_suite_floor.txt lists the cases that are known to fail,
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

bool IsOfR4(Value test) {
  const std::string version = test["version"].ToString();
  return version == "4.0" || version == "4.0.1";
}

/// Why a case is left out; "": it is not. What needs a terminology server, several versions, signatures, formats that are not FHIR's JSON or XML.
std::string WhyLeftOut(Value test) {
  static const std::set<std::string> kModules = {
      "general", "references", "bundle",   "questionnaire", "extensions", "xhtml",   "sd",
      "fmt",     "base",       "security", "profile",       "invariants", "measure", "api"};
  const std::string file = test["file"].ToString(), module_name = test["module"].ToString();
  if (kModules.count(module_name) == 0) return module_name.empty() ? "no module" : "module " + module_name;
  if (test["use-test"].kind() == Kind::kFalse) return "said not to be used";
  for (const char* member : {"packages", "logical", "allow-comments", "supporting5", "crumb-trail"}) {
    if (test[member].present()) return std::string("has ") + member;
  }
  return file.ends_with(".json") || file.ends_with(".xml") ? "" : "neither JSON nor XML";
}

/// Writes X.xml.json beside each X.xml of the folder that is a resource.
bool ReadXml(const std::string& folder) {
  const std::string room = MendedInvariantsFile();
  const std::string command = "python3 -B '" + room.substr(0, room.rfind('/')) +
                              "/../../tools/suites_xml.py' '" + OfficialExamplesFolder() + "' '" + folder +
                              "'";
  return std::system(command.c_str()) == 0;
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
    const std::string name = test["name"].ToString(), why = WhyLeftOut(test);
    if (!why.empty()) return LeaveOut(name, why);
    CaseCanonicals canonicals(official_);
    if (!AddAll(test["supporting"], &canonicals) || !AddAll(test["profiles"], &canonicals))
      return LeaveOut(name, "a file beside it cannot be read");
    Judge(name, test["file"].ToString(), "", test["java"], canonicals);
    const Value profile = test["profile"];
    if (!profile.present()) return;
    const std::string source = profile["source"].ToString();
    if (profile["packages"].present()) return LeaveOut(name + "+profile", "its profile has packages");
    if (!AddAll(profile["supporting"], &canonicals) || !AddOne(source, &canonicals))
      return LeaveOut(name + "+profile", "its profile cannot be read");
    const Document structure = Document::Parse(ReadFileForTest(PathOf(source))).value();
    Judge(name + "+profile", test["file"].ToString(), structure.Root()["url"].ToString(), profile["java"],
          canonicals);
  }

  void Report() const {
    // One line a suite: name, passed of all, the names of failing cases.
    std::printf("SUITE HL7 validator R4 %zu/%zu, failing: %s\n", passed_, total_,
                failing_.empty() ? "none" : failing_.c_str());
    std::printf("SUITE HL7 validator R4 valid or invalid %zu/%zu, failing: %s\n", agreed_, total_,
                disagreeing_.empty() ? "none" : disagreeing_.c_str());
    size_t left_out = 0;
    std::string reasons;
    for (const auto& [why, number] : left_out_) {
      left_out += number;
      reasons += (reasons.empty() ? "" : "; ") + why + " " + std::to_string(number);
    }
    std::printf("SUITE HL7 validator R4: %zu judgements of cases in XML, %zu left out: %s\n", of_xml_,
                left_out, reasons.c_str());
    EXPECT_GT(total_, 320U);
  }

 private:
  /// Of the file, or of the JSON made from it.
  std::string PathOf(const std::string& name) const {
    const std::string made = folder_ + "/" + name + ".json";
    return name.ends_with(".xml") && std::filesystem::exists(made) ? made : folder_ + "/" + name;
  }
  void LeaveOut(const std::string& name, const std::string& why) {
    ++left_out_[why];
    if (std::getenv("TK_VERBOSE") != nullptr) std::printf("LEFT OUT %s: %s\n", name.c_str(), why.c_str());
  }
  bool AddOne(const std::string& name, CaseCanonicals* canonicals) const {
    const std::string path = PathOf(name);
    if (!path.ends_with(".json") || !std::filesystem::exists(path)) return false;
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
    const std::string path = PathOf(file);
    if (path.ends_with(".xml")) return LeaveOut(name, "no resource in well-formed XML");
    if (!std::filesystem::exists(path)) return LeaveOut(name, "its file is not here");
    const int expected = ExpectedErrors(folder_, java);
    if (expected < 0) return LeaveOut(name, "its outcome is not here");
    of_xml_ += file.ends_with(".xml") ? 1 : 0;
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
  std::map<std::string, size_t> left_out_;  // by reason
  size_t total_ = 0, passed_ = 0, agreed_ = 0, of_xml_ = 0;
};

TEST(ValidatorSuite, DoesNotFallBehindTheFloor) {
  const std::string unpacked = UnpackCorpus("fhir-validator");
  if (unpacked.empty()) GTEST_SKIP() << "corpus fhir-validator is not here (TK_SHARED or ../shared)";
  const std::string folder = unpacked + "/validator";
  const Document manifest = Document::Parse(ReadFileForTest(folder + "/manifest.json")).value();
  ASSERT_TRUE(ReadXml(folder));
  Suite suite(folder);
  for (const Value test : manifest.Root()["test-cases"]) {
    if (IsOfR4(test)) suite.Run(test);
  }
  suite.Report();
}

}  // namespace
}  // namespace tk::fhir
