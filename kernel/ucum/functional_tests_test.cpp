// The public functional tests of UCUM (UcumFunctionalTests*.xml by Grahame Grieve and others), where the corpus is present.
// Every case of every file passes, except where two editions of the tests contradict each other (kContradicted). The table is checked
// against the essence file of the corpus too.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "kernel/ucum/ucum.h"

namespace tk::ucum {
namespace {

namespace fs = std::filesystem;
using Attributes = std::map<std::string, std::string>;

std::string ReadAll(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

fs::path CorpusArchive() {
  const char* given = std::getenv("TK_CORPORA");
  const fs::path folder = given != nullptr ? given : fs::path(TK_SOURCE_DIR) / "../shared/corpora";
  return folder / "terminology/terminology.tar.zst";
}

std::string Plain(std::string text) {
  for (const auto& [entity, plain] :
       {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}}) {
    for (size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at)
      text.replace(at, std::string_view(entity).size(), plain);
  }
  return text;
}

/// The attributes of one start tag: name="value" …
Attributes AttributesOf(std::string_view tag) {
  Attributes out;
  size_t at = 0;
  while (true) {
    const size_t quote = tag.find('"', at);
    const size_t close = tag.find('"', quote + 1);
    if (quote == std::string_view::npos || close == std::string_view::npos) return out;
    const size_t equals = tag.rfind('=', quote);
    const size_t begin = tag.find_last_of(" \t\r\n", tag.find_last_not_of(" \t\r\n", equals - 1)) + 1;
    out[std::string(tag.substr(begin, equals - begin))] =
        Plain(std::string(tag.substr(quote + 1, close - quote - 1)));
    at = close + 1;
  }
}

/// Calls `run(section, attributes)` for every <case> within its section.
template <class Run>
void ForEachCase(std::string text, const Run& run) {
  for (size_t start = text.find("<!--"); start != std::string::npos; start = text.find("<!--", start))
    text.erase(start, text.find("-->", start) + 3 - start);
  std::string section;
  for (size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    size_t end = at;  // a ">" in a value does not end the tag
    for (bool quoted = false; end < text.size() && (quoted || text[end] != '>'); ++end)
      quoted ^= text[end] == '"';
    const std::string_view tag = std::string_view(text).substr(at + 1, end - at - 1);
    if (tag.starts_with("case ")) {
      run(section, AttributesOf(tag));
    } else if (!tag.starts_with("/")) {
      section = tag;
    }
    at = end;
  }
}

/// Whether a value is the one that the suite states: with as many digits as the given numbers have. Long outcomes are cut by the suite
/// (to 14 digits at the shortest; "implementations do not need to maintain this precision"): there the digits it writes count.
std::string Judge(const Result<Rational>& got, int significant, const std::string& wanted) {
  if (!got.ok()) return got.error().external;
  const Rational expected = Rational::Parse(wanted);
  if (!expected.valid()) return "the outcome is no number: " + wanted;
  std::string digits = wanted.substr(0, wanted.find_first_of("eE"));
  std::erase(digits, '.');
  digits.erase(0, digits.find_first_not_of('0'));
  constexpr size_t kLong = 14;
  const bool cut = significant == 0 && digits.size() >= kLong;
  const Rational value =
      cut ? got->Rounded(static_cast<int>(digits.size())) : Rational::Parse(StatedText(*got, significant));
  return Compare(value, expected) == 0
             ? ""
             : fmt::format("{} instead of {}", StatedText(*got, significant), wanted);
}

/// The fewest digits that one of the numbers states; whole numbers do not count.
int Fewest(const std::string& a, const std::string& b) {
  const int left = SignificantDigits(a);
  const int right = SignificantDigits(b);
  return left == 0 || right == 0 ? std::max(left, right) : std::min(left, right);
}

std::string RunArithmetic(bool division, const Attributes& c) {
  Result<Unit> first = Unit::Parse(c.at("u1"));
  Result<Unit> second = Unit::Parse(c.at("u2"));
  Result<Unit> wanted = Unit::Parse(c.at("uRes"));
  if (!first.ok() || !second.ok() || !wanted.ok()) return "a unit is refused";
  const Quantity a{Rational::Parse(c.at("v1")), *first};
  const Quantity b{Rational::Parse(c.at("v2")), *second};
  const Result<Quantity> result = division ? Divide(a, b) : Multiply(a, b);
  if (!result.ok()) return result.error().external;
  return Judge(Convert(result->value, result->unit, *wanted), Fewest(c.at("v1"), c.at("v2")), c.at("vRes"));
}

/// The older edition wants s/4.m to be s/(4.m). UCUM evaluates strictly from left to right, with equal rank of "." and "/" (section 7),
/// so it is s.m/4; the newer edition of the tests writes s/4/m here, and asks for the left-to-right reading in case 3-111a.
bool Contradicted(const Attributes& c) {
  return c.at("id") == "3-115" && c.count("srcUnit") == 1 && c.at("srcUnit") == "s/4.m";
}

/// Empty if the case passes, otherwise what went wrong.
std::string RunCase(const std::string& section, const Attributes& c) {
  if (section == "validation") {
    const Status status = Validate(c.at("unit"));
    if (status.ok() == (c.at("valid") == "true")) return "";
    return status.ok() ? "should be refused" : status.error().external;
  }
  if (section == "displayNameGeneration") {
    const Result<std::string> name = DisplayName(c.at("unit"));
    if (!name.ok()) return name.error().external;
    return *name == c.at("display") ? "" : "named " + *name;
  }
  if (section == "conversion") {
    Result<Unit> from = Unit::Parse(c.at("srcUnit"));
    Result<Unit> to = Unit::Parse(c.at("dstUnit"));
    if (!from.ok() || !to.ok()) return "a unit is refused";
    return Judge(Convert(Rational::Parse(c.at("value")), *from, *to), SignificantDigits(c.at("value")),
                 c.at("outcome"));
  }
  if (section == "multiplication" || section == "division") return RunArithmetic(section == "division", c);
  return "this sort of case is not known: " + section;
}

class FunctionalTests : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(CorpusArchive()))
      GTEST_SKIP() << "the UCUM corpus is not here: set TK_CORPORA to the folder of corpora to run this test";
    folder_ = fs::temp_directory_path() / fmt::format("tk_ucum_{}", ::getpid());
    fs::create_directories(folder_);
    const std::string command = fmt::format("zstd -dc --long=27 '{}' | tar x -C '{}' terminology/ucum",
                                            CorpusArchive().string(), folder_.string());
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  fs::path folder_;
};

TEST_F(FunctionalTests, EveryCasePasses) {
  size_t files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / "terminology/ucum/ucum-java")) {
    if (!entry.path().filename().string().starts_with("UcumFunctionalTests")) continue;
    ++files;
    std::map<std::string, std::pair<size_t, size_t>> sums;  // section: passed, all
    size_t passed = 0;
    size_t all = 0;
    ForEachCase(ReadAll(entry.path()), [&](const std::string& section, const Attributes& c) {
      const std::string problem = RunCase(section, c);
      if (Contradicted(c)) {
        fmt::print("  {} {}: not counted, the editions contradict each other: {}\n", section, c.at("id"),
                   problem);
        return;
      }
      ++all;
      passed += problem.empty() ? 1 : 0;
      sums[section].first += problem.empty() ? 1 : 0;
      ++sums[section].second;
      if (!problem.empty()) fmt::print("  {} {}: {}\n", section, c.at("id"), problem);
    });
    fmt::print("UCUM functional tests, {}: {} of {} pass ({:.1f} %)\n", entry.path().filename().string(),
               passed, all, 100.0 * static_cast<double>(passed) / static_cast<double>(all));
    for (const auto& [section, sum] : sums) fmt::print("  {}: {} of {}\n", section, sum.first, sum.second);
    EXPECT_GT(all, 100U);
    EXPECT_EQ(passed, all) << entry.path();
  }
  EXPECT_GE(files, 1U);
}

TEST_F(FunctionalTests, TheTableIsWhatTheScriptMakesOfTheOfficialFile) {
  const fs::path made = folder_ / "table.tsv";
  const std::string command =
      fmt::format("python3 '{}/tools/ucum_table.py' '{}' > '{}'", TK_SOURCE_DIR,
                  (folder_ / "terminology/ucum/ucum-essence.xml").string(), made.string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(ReadAll(made), ReadAll(TK_SOURCE_DIR "/kernel/ucum/ucum_table.tsv"));
}

}  // namespace
}  // namespace tk::ucum
