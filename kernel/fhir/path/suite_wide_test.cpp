// The public FHIRPath suite for R4 (FHIR/fhir-test-cases, r4/fhirpath/tests-fhir-r4.xml), where the corpus is present.
// The share that passes may only grow: suite_ratchet.txt holds the number reached.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {
namespace {

struct SuiteOutput {
  std::string type;
  std::string text;
};
struct SuiteCase {
  std::string name, input, expression, invalid;
  bool predicate = false;
  bool check_order = false;
  bool ordered = true;
  std::vector<SuiteOutput> outputs;
};

std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    bool entity = false;
    for (const auto& [name, plain] : std::map<std::string_view, char>{
             {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}}) {
      if (text.substr(i, name.size()) != name) continue;
      out += plain;
      i += name.size() - 1;
      entity = true;
      break;
    }
    if (!entity) out += text[i];
  }
  return out;
}

/// Just enough of XML for the suite: elements, attributes, texts, comments.
class SuiteReader {
 public:
  explicit SuiteReader(std::string text) : text_(std::move(text)) {}

  std::vector<SuiteCase> Read() {
    std::vector<SuiteCase> cases;
    while (NextTag()) {
      if (name_ == "test") {
        SuiteCase c;
        c.name = attributes_["name"];
        c.input = attributes_["inputfile"];
        c.predicate = attributes_["predicate"] == "true";
        c.check_order = attributes_["checkOrderedFunctions"] == "true";
        c.ordered = attributes_["ordered"] != "false";
        cases.push_back(std::move(c));
      } else if (name_ == "expression") {
        cases.back().invalid = attributes_["invalid"];
        cases.back().expression = TextToTag();
      } else if (name_ == "output") {
        const std::string type = attributes_["type"];
        cases.back().outputs.push_back({type, TextToTag()});
      }
    }
    return cases;
  }

 private:
  bool NextTag() {
    while (true) {
      at_ = text_.find('<', at_);
      if (at_ == std::string::npos) return false;
      if (text_.compare(at_, 4, "<!--") == 0) {
        at_ = text_.find("-->", at_);
        continue;
      }
      const size_t end = text_.find('>', at_);
      const std::string tag = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      if (tag.empty() || tag[0] == '/' || tag[0] == '?') continue;
      const size_t name_end = tag.find_first_of(" \t\r\n/");
      name_ = tag.substr(0, name_end);
      attributes_.clear();
      for (size_t i = name_end; i < tag.size();) {
        const size_t equals = tag.find('=', i);
        if (equals == std::string::npos) break;
        const size_t first = tag.find_first_not_of(" \t\r\n", i);
        const size_t quote = tag.find('"', equals);
        const size_t close = tag.find('"', quote + 1);
        attributes_[tag.substr(first, equals - first)] =
            Unescaped(std::string_view(tag).substr(quote + 1, close - quote - 1));
        i = close + 1;
      }
      return true;
    }
  }
  std::string TextToTag() {
    const size_t end = text_.find('<', at_);
    const std::string text = Unescaped(std::string_view(text_).substr(at_, end - at_));
    at_ = end;
    return text;
  }

  std::string text_;
  size_t at_ = 0;
  std::string name_;
  std::map<std::string, std::string> attributes_;
};

class Suite : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = UnpackCorpus("fhirpath-r4");
    if (folder_.empty()) GTEST_SKIP() << "corpus fhirpath-r4 is not here (TK_SHARED or ../shared)";
  }

  /// The input in JSON: the suite's own, or the twin that the corpus brings.
  const Document* Input(const std::string& name) {
    const auto found = inputs_.find(name);
    if (found != inputs_.end()) return found->second.get();
    std::filesystem::path path = folder_ / "hl7-suite/input" / name;
    if (path.extension() == ".xml")
      path = folder_ / "fhirpath.js/resources/r4" / (path.stem().string() + ".json");
    Result<Document> parsed = Document::Parse(ReadFileForTest(path.string()));
    EXPECT_TRUE(parsed.ok()) << path;
    if (!parsed.ok()) return nullptr;
    return (inputs_[name] = std::make_unique<Document>(std::move(parsed).value())).get();
  }

  std::string Text(const TypeTable& types, const Item& item) const {
    const Scalar value = ToScalar(types, item);
    switch (value.kind) {
      case SystemKind::kBoolean:
        return value.boolean ? "true" : "false";
      case SystemKind::kDate:
      case SystemKind::kDateTime:
        return "@" + value.temporal.ToString();
      case SystemKind::kTime:
        return "@T" + value.temporal.ToString();
      case SystemKind::kQuantity:
        return fmt::format("{} '{}'", value.decimal.ToString(), value.text);
      case SystemKind::kString:
        return value.text;
      case SystemKind::kNone:
        return "(complex)";
      default:
        return value.decimal.ToString();
    }
  }

  bool TypeFits(const TypeTable& types, const Item& item, const std::string& type) const {
    if (type.empty()) return true;
    const Definitions& r4 = types.definitions();
    if (item.type < r4.type_count()) return r4.Type(item.type).name == type;
    const std::map<std::string, TypeId> system = {{"boolean", kSystemBoolean}, {"integer", kSystemInteger},
                                                  {"decimal", kSystemDecimal}, {"string", kSystemString},
                                                  {"date", kSystemDate},       {"dateTime", kSystemDateTime},
                                                  {"time", kSystemTime},       {"Quantity", kSystemQuantity}};
    const auto found = system.find(type);
    return found != system.end() && found->second == item.type;
  }

  /// Empty if it passes, otherwise what went wrong.
  std::string Run(const SuiteCase& c) {
    const auto r4 = Definitions::R4();
    const auto types = TypeTable::For(*r4);
    Environment environment;
    environment.now_us = 1'800'000'000'000'000;
    Item context;
    if (!c.input.empty()) {
      const Document* document = Input(c.input);
      if (document == nullptr) return "no input";
      environment.resource = document->Root();
      context = ResourceItem(*r4, document->Root());
    }
    Result<Expression> expression =
        Expression::Compile(c.expression, *r4, context.type, {.check_order = c.check_order});
    if (!expression.ok()) return c.invalid.empty() ? "refused: " + expression.error().external : "";
    Collection result;
    const Status status = expression->Evaluate(environment, context, &result);
    if (!c.invalid.empty()) return status.ok() ? "should be refused" : "";
    if (!status.ok()) return "failed: " + status.error().external;
    if (c.predicate) result = {BooleanItem(!result.empty())};
    std::string got;
    for (const Item& item : result) got += Text(*types, item) + " ";
    if (result.size() != c.outputs.size())
      return fmt::format("{} items instead of {}: {}", result.size(), c.outputs.size(), got);
    std::vector<std::string> actual, wanted;
    for (size_t i = 0; i < result.size(); ++i) {
      actual.push_back(Text(*types, result[i]));
      wanted.push_back(c.outputs[i].text);
      if (!TypeFits(*types, result[i], c.outputs[i].type)) return "another type than " + c.outputs[i].type;
    }
    if (!c.ordered) {
      std::sort(actual.begin(), actual.end());
      std::sort(wanted.begin(), wanted.end());
    }
    return actual == wanted ? "" : "other result: " + got;
  }

  std::filesystem::path folder_;
  std::map<std::string, std::unique_ptr<Document>> inputs_;
};

TEST_F(Suite, DoesNotFallBehindTheRatchet) {
  const std::vector<SuiteCase> cases =
      SuiteReader(ReadFileForTest((folder_ / "hl7-suite/tests-fhir-r4.xml").string())).Read();
  ASSERT_GT(cases.size(), 500U);
  size_t passed = 0;
  std::string failing;
  for (const SuiteCase& c : cases) {
    const std::string problem = Run(c);
    if (problem.empty()) {
      ++passed;
      continue;
    }
    fmt::print("  {}: {}  [{}]\n", c.name, problem, c.expression);
    failing += (failing.empty() ? "" : "; ") + c.name;
  }
  fmt::print("SUITE FHIRPath HL7 R4 {}/{}, failing: {}\n", passed, cases.size(),
             failing.empty() ? "none" : failing);
  std::ifstream ratchet(TK_SOURCE_DIR "/kernel/fhir/path/suite_ratchet.txt");
  size_t least = 0;
  ASSERT_TRUE(ratchet >> least);
  EXPECT_GE(passed, least);
  if (passed > least) fmt::print("raise suite_ratchet.txt to {}\n", passed);
}

}  // namespace
}  // namespace tk::fhir::path
