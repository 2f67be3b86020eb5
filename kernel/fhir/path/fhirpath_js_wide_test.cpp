// The public test cases of fhirpath.js (HL7/fhirpath.js, test/cases), where the corpus is present. tools/fhirpath_js_cases.py turns
// their YAML into JSON. Each case that does not pass stands in fhirpath_js_failing.txt with the reason; any other failure fails the test.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/definitions_compile.h"
#include "kernel/fhir/definitions_table.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {
namespace {

std::string OutputOf(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char block[65536];
  for (size_t got = fread(block, 1, sizeof block, pipe); got > 0; got = fread(block, 1, sizeof block, pipe))
    out.append(block, got);
  return ::pclose(pipe) == 0 ? out : "";
}

/// Definitions that know no type: what fhirpath.js does without a model.
std::shared_ptr<const Definitions> NoModel() {
  Definitions::R4();  // names are known before tables are made and documents are parsed
  return LoadDefinitions(std::make_unique<const std::string>(
      CompileDefinitions(nullptr, std::vector<const Document*>()).value()));
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

/// The item as fhirpath.js prints it; "" for a primitive that has no value.
std::string JsonOf(const TypeTable& types, const Item& item) {
  if (item.node && types.KindOf(item.type) != SystemKind::kLong) return std::string(item.node.Json());
  const Scalar value = ToScalar(types, item);
  switch (value.kind) {
    case SystemKind::kNone:
      return "";
    case SystemKind::kBoolean:
      return value.boolean ? "true" : "false";
    case SystemKind::kInteger:
    case SystemKind::kDecimal:
      return value.decimal.ToString();
    case SystemKind::kLong:
      return Quoted(value.decimal.ToString());
    case SystemKind::kString:
      return Quoted(value.text);
    case SystemKind::kQuantity: {
      const std::set<std::string> words = {"year", "month",  "week",   "day",
                                           "hour", "minute", "second", "millisecond"};
      const bool one = Compare(value.decimal, Decimal::FromInt(1)) == 0;
      return Quoted(words.count(value.text) != 0
                        ? fmt::format("{} {}{}", value.decimal.ToString(), value.text, one ? "" : "s")
                        : fmt::format("{} '{}'", value.decimal.ToString(), value.text));
    }
    default:
      return Quoted(value.temporal.ToString());
  }
}

class FhirPathJs : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = UnpackCorpus("fhirpath-r4");
    if (folder_.empty()) GTEST_SKIP() << "corpus fhirpath-r4 is not here (TK_SHARED or ../shared)";
    const std::string script = TK_SOURCE_DIR "/tools/fhirpath_js_cases.py";
    const std::string json =
        OutputOf(fmt::format("/usr/bin/python3 -B '{}' '{}/fhirpath.js/cases'", script, folder_));
    if (json.empty()) GTEST_SKIP() << "the cases could not be read: python3-yaml is needed (./tk deps)";
    cases_ = std::make_unique<Document>(Document::Parse(json).value());
  }

  const Document& Kept(std::string_view json) {
    documents_.push_back(std::make_unique<Document>(Document::Parse(json).value()));
    return *documents_.back();
  }
  const Document& Input(const std::string& name) {
    const Document*& document = inputs_[name];
    if (document == nullptr) document = &Kept(ReadFileForTest(folder_ + "/fhirpath.js/resources/r4/" + name));
    return *document;
  }

  Item ItemOf(const Definitions& definitions, Value value) const {
    if (value.is_object()) return ResourceItem(definitions, value);
    Item item;
    item.node = value;
    return item;
  }

  void SetVariables(const Definitions& definitions, Value given, Environment* environment) const {
    for (Value variable : given) {
      Collection items;
      if (variable.is_array()) {
        for (Value one : variable) items.push_back(ItemOf(definitions, one));
      } else if (variable.kind() != Kind::kNull) {
        items.push_back(ItemOf(definitions, variable));
      }
      environment->variables.emplace_back(variable.name_text(), std::move(items));
    }
  }

  /// Empty if it passes, otherwise what went wrong.
  std::string Run(Value c) {
    const std::shared_ptr<const Definitions> definitions = c["model"] ? Definitions::R4() : no_model_;
    const auto types = TypeTable::For(*definitions);
    Environment environment;
    environment.now_us = 1'800'000'000'000'000;
    Item context;
    if (c["inputfile"])
      environment.resource = Input(c["inputfile"].ToString()).Root();
    else if (c["subject"])
      environment.resource = c["subject"];
    context = ItemOf(*definitions, environment.resource);
    if (c["base"]) context.type = definitions->FindType(c["base"].ToString());
    SetVariables(*definitions, c["variables"], &environment);
    if (c["context"]) {
      Collection found;
      auto of = Expression::Compile(c["context"].ToString(), *definitions, context.type);
      EXPECT_TRUE(of.ok() && of->Evaluate(environment, context, &found).ok() && found.size() == 1);
      context = found.at(0);
    }
    const bool wants_error = c["error"].present();
    auto expression = Expression::Compile(c["expression"].ToString(), *definitions, context.type);
    if (!expression.ok()) return wants_error ? "" : "refused: " + expression.error().external;
    Collection result;
    const Status status = expression->Evaluate(environment, context, &result);
    if (wants_error) return status.ok() ? "should be refused" : "";
    if (!status.ok()) return "failed: " + status.error().external;
    return Difference(*types, result, c["result"]);
  }

  std::string Difference(const TypeTable& types, const Collection& result, Value wanted) {
    std::string got;
    for (const Item& item : result) {
      const std::string json = JsonOf(types, item);
      if (!json.empty()) got += (got.empty() ? "" : ",") + json;
    }
    const Document& actual = Kept("[" + got + "]");
    bool same = actual.Root().size() == wanted.size();
    for (size_t i = 0; same && i < wanted.size(); ++i) {
      Item a, b;
      a.node = actual.Root().At(i);
      b.node = wanted.At(i);
      same = Equal(*no_types_, a, b) == true;
    }
    return same ? "" : "other result: " + std::string(actual.Text()).substr(0, 300);
  }

  static std::string NameOf(Value c) { return c["file"].ToString() + ": " + c["expression"].ToString(); }

  std::string folder_;
  std::unique_ptr<Document> cases_;
  std::vector<std::unique_ptr<Document>> documents_;
  std::map<std::string, const Document*> inputs_;
  const std::shared_ptr<const Definitions> no_model_ = NoModel();
  const std::shared_ptr<const TypeTable> no_types_ = TypeTable::For(*no_model_);
};

/// The cases that are known not to pass, with the reason.
std::map<std::string, std::string> Listed() {
  std::map<std::string, std::string> listed;
  std::ifstream in(TK_SOURCE_DIR "/kernel/fhir/path/fhirpath_js_failing.tsv");
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find('\t');
    const size_t second = line.find('\t', first + 1);
    if (line.empty() || line[0] == '#' || second == std::string::npos) continue;
    listed[line.substr(0, first) + ": " + line.substr(first + 1, second - first - 1)] =
        line.substr(second + 1);
  }
  return listed;
}

TEST_F(FhirPathJs, AllButTheListedPass) {
  const std::map<std::string, std::string> listed = Listed();
  EXPECT_FALSE(listed.empty());
  size_t all = 0, passed = 0;
  std::string failing;
  for (const Value c : cases_->Root()) {
    if (c["disable"]) continue;
    ++all;
    const std::string problem = Run(c);
    const std::string name = NameOf(c);
    const auto known = listed.find(name);
    passed += problem.empty() ? 1 : 0;
    EXPECT_EQ(known != listed.end(), !problem.empty())
        << name << ": " << (problem.empty() ? "passes now: take it off the list" : problem) << "; wanted "
        << std::string(c["result"].Json()).substr(0, 200);
    if (problem.empty()) continue;
    fmt::print("  {}\n    {}\n    {}\n", name, problem,
               known == listed.end() ? "not explained" : known->second);
    failing += (failing.empty() ? "" : "; ") + name;
  }
  fmt::print("SUITE fhirpath.js {}/{}, failing: {}\n", passed, all, failing.empty() ? "none" : failing);
  EXPECT_GE(all, 912U);
}

}  // namespace
}  // namespace tk::fhir::path
