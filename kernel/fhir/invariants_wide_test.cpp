// Invariants: all of R4 compile; those that native code decides agree with their FHIRPath on every official example and on texts
// derived from them by random changes; warnings come only when they are asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/invariants.h"
#include "kernel/fhir/validate.h"
#include "kernel/fhir/xhtml.h"

namespace tk::fhir {
namespace {

// The names of members are those of the definitions, and a document that is parsed before them knows none.
class InvariantsOfR4 : public testing::Test {
 protected:
  static void SetUpTestSuite() { Definitions::R4(); }
};

TEST_F(InvariantsOfR4, AllCompile) {
  const auto r4 = Definitions::R4();
  const Invariants& invariants = r4->invariants();
  EXPECT_GT(r4->AllConstraints().size(), 230U);
  for (const Constraint& constraint : r4->AllConstraints()) {
    if (invariants.NativeOf(constraint) == Native::kTxt1 || invariants.NativeOf(constraint) == Native::kTxt2)
      continue;  // htmlChecks() is not offered as a function
    EXPECT_EQ(invariants.CompileProblem(constraint), "") << constraint.key << " " << constraint.expression;
  }
}

TEST_F(InvariantsOfR4, EveryNativeStandsForATextOfTheDefinitions) {
  for (size_t i = 1; i < kNatives; ++i)
    EXPECT_NE(Definitions::R4()->invariants().Find(static_cast<Native>(i)), nullptr) << i;
}

TEST_F(InvariantsOfR4, StandOnceWhereSnapshotsRepeatThem) {
  const auto r4 = Definitions::R4();
  std::set<std::pair<std::string, std::string>> seen;
  for (const Constraint& constraint : r4->AllConstraints())
    EXPECT_TRUE(
        seen.emplace(constraint.key, std::string(constraint.expression) + std::to_string(constraint.context))
            .second)
        << constraint.key;
  EXPECT_FALSE(r4->Constraints(r4->FindType("Observation")).empty());
  EXPECT_TRUE(r4->Constraints(r4->FindType("HumanName")).empty());
}

/// Counts what FHIRPath alone says of the natives: each constraint evaluated on every node of its type.
class SlowReference {
 public:
  explicit SlowReference(const Definitions& definitions) : definitions_(definitions) {
    for (size_t i = 0; i < kNatives; ++i) {
      const auto native = static_cast<Native>(i);
      if (native == Native::kNone || native == Native::kTxt1 || native == Native::kTxt2) continue;
      const Constraint* constraint = definitions.invariants().Find(native);
      for (const Constraint& any : definitions.AllConstraints()) {
        if (definitions.invariants().NativeOf(any) != native) continue;
        auto compiled = path::Expression::Compile(any.expression, definitions, any.context);
        EXPECT_TRUE(compiled.ok()) << any.key;
        rules_.push_back({constraint->key, any.context, std::move(compiled).value()});
      }
    }
  }

  /// key → how often it is broken.
  std::map<std::string, size_t> Broken(Value root) {
    broken_.clear();
    Resource(root, root);
    return broken_;
  }

 private:
  struct Rule {
    std::string_view key;
    TypeId type;
    path::Expression expression;
  };

  void Resource(Value resource, Value container) {
    const path::Item item = path::ResourceItem(definitions_, resource);
    if (item.type == kNoType) return;
    Node(item, resource, container);
  }

  void Node(const path::Item& item, Value resource, Value container) {
    path::Environment environment;
    environment.definitions = &definitions_;
    environment.resource = resource;
    environment.variables.emplace_back("rootResource",
                                       path::Collection{path::ResourceItem(definitions_, container)});
    for (const Rule& rule : rules_) {
      if (!definitions_.IsA(item.type, rule.type)) continue;
      // dom-… speak of what is contained: of a resource that is contained itself they say nothing that its container does not.
      if (resource != container && rule.key == "dom-3") continue;
      const auto holds = rule.expression.Test(environment, item);
      ASSERT_TRUE(holds.ok()) << rule.key << holds.error().ToString();
      if (!*holds) ++broken_[std::string(rule.key)];
    }
    if (!item.node.is_object() && !item.extension_node) return;
    Members(item.node.is_object() ? item.node : item.extension_node, item.type, resource, container);
  }

  void Members(Value object, TypeId type, Value resource, Value container) {
    for (const ElementInfo& element : definitions_.Elements(type)) {
      const Value value = object[element.name];
      const Value sibling = object["_" + std::string(element.name)];
      const size_t count = std::max<size_t>(value.is_array() ? value.size() : (value ? 1 : 0),
                                            sibling.is_array() ? sibling.size() : (sibling ? 1 : 0));
      for (size_t i = 0; i < count; ++i) {
        Value one = value.is_array() ? value.At(i) : value;
        Value extra = sibling.is_array() ? sibling.At(i) : sibling;
        if (one.kind() == Kind::kNull) one = Value();
        if (extra.kind() == Kind::kNull) extra = Value();
        if (!one && !extra) continue;
        if (definitions_.Type(element.type).type_class == TypeClass::kResource) {
          Resource(one, element.name == "contained" ? container : one);
        } else {
          Node(path::Item{one, extra, element.type, {}}, resource, container);
        }
      }
    }
  }

  const Definitions& definitions_;
  std::vector<Rule> rules_;
  std::map<std::string, size_t> broken_;
};

/// What the validator says of the same keys.
std::map<std::string, size_t> Told(const std::vector<Issue>& issues) {
  std::map<std::string, size_t> told;
  for (const Issue& issue : issues) {
    if (issue.type != "invariant") continue;
    const std::string key = issue.text.substr(0, issue.text.find(':'));
    for (const char* native : {"ele-1", "ext-1", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5"}) {
      if (key == native) ++told[key];
    }
  }
  return told;
}

/// How many nodes of contained resources break a dom rule is told one by one; the FHIRPath says only that there is one.
void OncePerResource(std::map<std::string, size_t>* told) {
  for (auto& [key, count] : *told) {
    if (key.rfind("dom-", 0) == 0) count = 1;
  }
}

/// The structure is right, so that both walk the same nodes.
bool IsWellFormed(const std::vector<Issue>& issues) {
  return std::all_of(issues.begin(), issues.end(),
                     [](const Issue& issue) { return issue.type == "invariant"; });
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const std::string& path : JsonFilesOf(OfficialExamplesFolder())) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name.rfind("StructureDefinition-", 0) == 0 || name.rfind("SearchParameter-", 0) == 0 ||
        name.rfind("ValueSet-", 0) == 0 || name.rfind("CodeSystem-", 0) == 0 ||
        name.rfind("ConceptMap-", 0) == 0 || name.rfind("Bundle-", 0) == 0 ||
        name == "Observation-decimal.json")  // numbers beyond FHIRPath's decimals, which have no value there
      continue;
    std::string json = ReadFileForTest(path);
    if (json.size() < 12'000) seeds.push_back(std::move(json));
  }
  return seeds;
}

void Compare(SlowReference* slow, const std::string& json, size_t* compared, size_t* broken) {
  const auto document = Document::Parse(json);
  if (!document.ok()) return;
  ValidateOptions options;
  options.issues_max = 1000;
  const auto issues = Validate(*Definitions::R4(), document->Root(), options);
  if (!IsWellFormed(issues)) return;
  auto told = Told(issues);
  auto expected = slow->Broken(document->Root());
  OncePerResource(&told);
  OncePerResource(&expected);
  EXPECT_EQ(told, expected) << json;
  ++*compared;
  *broken += expected.empty() ? 0 : 1;
}

TEST_F(InvariantsOfR4, NativesAgreeWithTheirExpressions) {
  SlowReference slow(*Definitions::R4());
  size_t compared = 0, broken = 0;
  const std::vector<std::string> seeds = Seeds();
  for (const std::string& json : seeds) Compare(&slow, json, &compared, &broken);
  EXPECT_GT(compared, 400U);
  // Changes that touch what natives look at.
  const std::pair<std::string, std::string> kSwaps[] = {
      {"\"reference\"", "\"display\""},
      {"\"display\"", "\"reference\""},
      {"\"id\"", "\"language\""},
      {"\"text\"", "\"id\""},
      {"\"url\"", "\"id\""},
      {"\"#", "\"#x"},
      {"\"contained\":[{", "\"contained\":[{\"meta\":{\"versionId\":\"1\"},"},
      {"\"contained\":[{", "\"contained\":[{\"meta\":{\"security\":[{\"code\":\"R\"}]},"},
      {"\"status\"", "\"_status\":{\"id\":\"s\"},\"status\""},
      {"\"coding\"", "\"extension\":[{\"url\":\"http://x.org/a\"}],\"coding\""},
      {"\"coding\":[{", "\"coding\":[{\"id\":\"only\"},{"},
      {"\"contained\":[{",
       "\"contained\":[{\"extension\":[{\"url\":\"http://x.org/a\",\"valueUri\":\"#\"}],"},
      {"\"subject\":{",
       "\"subject\":{\"extension\":[{\"url\":\"http://x.org/a\",\"valueCanonical\":\"#c\"}],"}};
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 2500; ++i) {
    std::string json = seeds[random() % seeds.size()];
    if (const auto minified = Document::Parse(json); minified.ok()) json = minified->Text();
    for (int change = 0; change < 2; ++change) {
      const auto& [from, to] = kSwaps[random() % std::size(kSwaps)];
      std::vector<size_t> places;
      for (size_t at = json.find(from); at != std::string::npos; at = json.find(from, at + 1))
        places.push_back(at);
      if (!places.empty()) json.replace(places[random() % places.size()], from.size(), to);
    }
    Compare(&slow, json, &compared, &broken);
  }
  EXPECT_GT(compared, 1000U);
  EXPECT_GT(broken, 150U);
}

TEST_F(InvariantsOfR4, OfBestPracticeAreWarningsAndOnlyWhenAskedFor) {
  const auto document = Document::Parse(R"({"resourceType":"Patient","active":true})");
  ASSERT_TRUE(document.ok());
  EXPECT_TRUE(Validate(*Definitions::R4(), document->Root()).empty());
  ValidateOptions options;
  options.warnings = true;
  const auto issues = Validate(*Definitions::R4(), document->Root(), options);
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues[0].severity, Severity::kWarning);
  EXPECT_EQ(issues[0].path, "Patient");
  EXPECT_EQ(issues[0].text.substr(0, 6), "dom-6:");
  EXPECT_TRUE(CheckValid(*Definitions::R4(), document->Root(), options).ok());
}

struct BrokenCase {
  const char* json;
  const char* path;
  const char* key;
};

TEST_F(InvariantsOfR4, AreToldWithKeyAndPath) {
  const BrokenCase cases[] = {
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"x",
           "dataAbsentReason":{"text":"y"}})",
       "Observation", "obs-6"},
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"component":[{"code":{"text":"y"},
           "referenceRange":[{"appliesTo":[{"text":"z"}]}]}]})",
       "Observation.component[0].referenceRange[0]", "obs-3"},
      {R"({"resourceType":"Patient","telecom":[{"system":"phone","value":"1"},{"value":"2"}]})",
       "Patient.telecom[1]", "cpt-2"},
      {R"({"resourceType":"Patient","identifier":[{"period":{"start":"2022","end":"2020"}}]})",
       "Patient.identifier[0].period", "per-1"},
      {R"({"resourceType":"Patient","identifier":[{"period":{"start":"2021","end":"2020"}}]})",
       "Patient.identifier[0].period", "per-1"},
      {R"({"resourceType":"Patient","identifier":[{"period":{"start":"2020-01-02","end":"2020-01-01"}}]})",
       "Patient.identifier[0].period", "per-1"},
      {R"({"resourceType":"Task","status":"draft","intent":"order","authoredOn":"2020-01-03","lastModified":"2020-01-01"})",
       "Task", "inv-1"},
      {R"({"resourceType":"MedicationDispense","status":"completed","medicationCodeableConcept":{"text":"x"},
           "whenPrepared":"2020-01-02","whenHandedOver":"2020-01-01"})",
       "MedicationDispense", "mdd-1"},
      {R"({"resourceType":"Organization","name":"x","address":[{"text":"a"},{"use":"home"}]})",
       "Organization.address[1]", "org-2"},
      {R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://x/Patient/1/_history/1",
           "resource":{"resourceType":"Patient"}}]})",
       "Bundle.entry[0]", "bdl-8"},
      {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}],
           "managingOrganization":{"reference":"#o"}})",
       "Patient.contained[0]", "org-1"},
      {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"O"}]})",
       "Patient.contained[0]", "dom-3"}};
  for (const BrokenCase& broken : cases) {
    const auto document = Document::Parse(broken.json);
    ASSERT_TRUE(document.ok()) << broken.json;
    const auto issues = Validate(*Definitions::R4(), document->Root());
    ASSERT_EQ(issues.size(), 1U) << broken.json;
    EXPECT_EQ(issues[0].path, broken.path);
    EXPECT_EQ(issues[0].type, "invariant");
    EXPECT_EQ(issues[0].text.substr(0, issues[0].text.find(':')), broken.key);
  }
}

// Dates of different precision within a period, a bound without a value: the words of the invariants permit both.
TEST_F(InvariantsOfR4, MendedOnesPermitWhatTheirWordsPermit) {
  for (
      const char* json :
      {R"({"resourceType":"Patient","identifier":[{"period":{"start":"2020-01","end":"2020-01-15"}}]})",
       R"({"resourceType":"Task","status":"requested","intent":"order","authoredOn":"2020-01-15","lastModified":"2020-01-15T08:00:00Z"})",
       R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"#"}})"}) {
    const auto document = Document::Parse(json);
    ASSERT_TRUE(document.ok());
    EXPECT_TRUE(Validate(*Definitions::R4(), document->Root()).empty()) << json;
  }
}

TEST_F(InvariantsOfR4, NarrativesNeedContent) {
  EXPECT_TRUE(NarrativeHasContent("<div>x</div>"));
  EXPECT_TRUE(NarrativeHasContent("<div><p><img src='x'/></p></div>"));
  EXPECT_FALSE(NarrativeHasContent("<div> <p>\n</p></div>"));
  EXPECT_FALSE(NarrativeHasContent("<div><!-- > x --></div>"));
}

}  // namespace
}  // namespace tk::fhir
