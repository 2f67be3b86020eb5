// What every official example says must find it.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernel/search/extract.h"
#include "kernel/search/index.h"
#include "kernel/search/test_house.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

namespace fs = std::filesystem;

/// A value as a client writes it into a query string.
std::string Written(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == ',' || c == '|' || c == '$' || c == '\\') out += "%5C";
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

class Heard final : public ValueSink {
 public:
  explicit Heard(const Extractor& extractor) : extractor_(extractor) {}
  void Token(ParameterId p, const std::string_view* system, std::string_view code) override {
    if (!code.empty()) Say(p, Written(code));
    if (system != nullptr && !code.empty()) Say(p, Written(*system) + "|" + Written(code));
    if (system != nullptr && !system->empty()) Say(p, Written(*system) + "|");
  }
  void Reference(ParameterId p, std::string_view target) override {
    const size_t slash = target.find('/');
    const bool absolute = target.find(':') != std::string_view::npos;
    const bool local =
        !absolute && slash != std::string_view::npos && IsId(target.substr(slash + 1)) &&
        extractor_.definitions().IsResource(extractor_.definitions().FindType(target.substr(0, slash)));
    if (local || absolute) Say(p, Written(target));
  }
  void Date(ParameterId p, int64_t low, int64_t high) override {
    if (low == kTimeMin || high == kTimeMax)
      return Say(p,
                 low == kTimeMin ? "lt" + Written(FormatInstant(high)) : "gt" + Written(FormatInstant(low)));
    Say(p, "ge" + Written(FormatInstant(low)));
    Say(p, "le" + Written(FormatInstant(high)));
  }
  void String(ParameterId p, std::string_view text) override {
    if (FoldText(text).empty()) return;
    Say(p, Written(text));
    ask.push_back(std::string(extractor_.At(p).definition->code) + ":exact=" + Written(text));
    ask.push_back(std::string(extractor_.At(p).definition->code) + ":contains=" + Written(text));
  }
  void Number(ParameterId p, const NumberValue& v) override {
    if (!v.is_range && !v.code.empty() && !v.system.empty())
      Say(p, Written(fmt::format("{}", v.low)) + "|" + Written(v.system) + "|" + Written(v.code));
    if (!v.is_range) return Say(p, Written(fmt::format("{}", v.low)));
    if (std::isfinite(v.high)) Say(p, "le" + Written(fmt::format("{}", v.high)));
    if (std::isfinite(v.low)) Say(p, "ge" + Written(fmt::format("{}", v.low)));
  }
  void Uri(ParameterId p, std::string_view text) override { Say(p, Written(text)); }
  std::vector<std::string> ask;

 private:
  void Say(ParameterId p, const std::string& value) {
    const auto& parameter = extractor_.At(p);
    ask.push_back(std::string(parameter.definition->code) + "=" + value);
    for (const auto& [derived, type] : parameter.derived) {
      if (type == fhir::kNoType)
        ask.push_back(std::string(extractor_.At(derived).definition->code) + "=" + value);
    }
  }
  const Extractor& extractor_;
};

TEST(Index, EveryValueOfEveryOfficialExampleFindsItsResource) {
  const fs::path folder = fs::path(TK_NPM_DIR) / "hl7.fhir.r4.examples";
  if (!fs::exists(folder)) GTEST_SKIP() << "the official examples are not in " << folder;
  House house;
  const auto extractor = Extractor::Create(house.definitions, 480);
  EXPECT_EQ(extractor->failures(), std::vector<std::string>{});
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool definition = name.rfind("StructureDefinition-", 0) == 0 || name.rfind("ValueSet-", 0) == 0 ||
                            name.rfind("CodeSystem-", 0) == 0 || name.rfind("SearchParameter-", 0) == 0 ||
                            name.rfind("ConceptMap-", 0) == 0;
    if (entry.path().extension() != ".json" || (definition && std::hash<std::string>()(name) % 40 != 0) ||
        fs::file_size(entry.path()) > 200'000)
      continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    house.Put(text.str());
  }
  size_t asked = 0, failures = 0;
  for (const auto& [name, resource] : house.current) {
    Heard heard(*extractor);
    extractor->Extract(resource->type, resource->document.Root(), heard);
    std::sort(heard.ask.begin(), heard.ask.end());
    heard.ask.erase(std::unique(heard.ask.begin(), heard.ask.end()), heard.ask.end());
    if (heard.ask.size() > 40) heard.ask.resize(40);
    const std::string type(house.definitions->Type(resource->type).name);
    for (const std::string& text : heard.ask) {
      ++asked;
      for (const std::string& query : {text, text + "&_id=" + resource->id}) {
        bool good = true;
        const auto found = house.AskAll(type, query, 500, &good);
        if (good && std::find(found.begin(), found.end(), resource->ordinal) != found.end()) continue;
        if (++failures < 20) ADD_FAILURE() << name << " is not found by " << query;
      }
    }
  }
  EXPECT_EQ(failures, 0u);
  EXPECT_GT(house.current.size(), 400u);
  EXPECT_GT(asked, 5000u);
}

}  // namespace
}  // namespace tk::search
