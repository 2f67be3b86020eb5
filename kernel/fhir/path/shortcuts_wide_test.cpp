// What is evaluated by a shorter way answers as the long way does: each expression beside a form of the same meaning that the compiler and
// the evaluator have no short way for, over the official examples and over examples with random damage.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/base/random.h"
#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/path/path.h"

namespace tk::fhir::path {
namespace {

struct Pair {
  const char* quick;
  const char* slow;
};
/// On any resource: members that only some types have are asked of descendants.
constexpr Pair kPairs[] = {
    {"meta.exists()", "meta.count() > 0"},
    {"meta.tag.where(system = 'a').empty()", "meta.tag.where(iif(system = 'a', true, false)).count() = 0"},
    {"descendants().ofType(Coding).exists(system = 'http://loinc.org' and code = '8310-5')",
     "descendants().ofType(Coding).where(iif(system.select($this) = 'http://loinc.org', code.select($this) = "
     "'8310-5', false)).count() > 0"},
    {"descendants().ofType(Coding).where(system = 'http://loinc.org' and code = '8867-4' and "
     "display.exists()).exists()",
     "descendants().ofType(Coding).select(iif(system = 'http://loinc.org', iif(code = '8867-4', "
     "display.count() > 0, {}), {})).where($this).count() > 0"},
    {"descendants().ofType(Identifier).where(system = 'x' and value = 'y').value",
     "descendants().ofType(Identifier).where(system.select($this) = 'x').where(value.select($this) = "
     "'y').value"},
    {"descendants().ofType(code).where($this in ('final' | 'active' | 'official'))",
     "descendants().ofType(code).where($this = 'final' or $this = 'active' or $this = 'official')"},
    {"('a' | 'b' | 'a').count() = 2", "'a'.combine('b').combine('a').distinct().count() = 2"},
    {"descendants().ofType(Quantity).where(value > 5).exists()",
     "descendants().ofType(Quantity).where(value > 5).count() > 0"},
    {"descendants().ofType(decimal).where($this >= 5 and $this < 70.50).count()",
     "descendants().ofType(decimal).where(($this - 5).toString().startsWith('-').not() and ($this - "
     "70.50).toString().startsWith('-')).count()"},
    {"descendants().ofType(Period).all(start.hasValue().not() or end.hasValue().not() or start <= end)",
     "descendants().ofType(Period).where((start.hasValue() and end.hasValue()).not() or start <= "
     "end).count() = descendants().ofType(Period).count()"},
    {"descendants().ofType(Reference).where(reference.startsWith('#')).exists()",
     "descendants().ofType(Reference).where(reference.substring(0, 1) = '#').count() > 0"},
    {"text.status = 'generated' and text.`div`.exists()",
     "text.status.select($this) = 'generated' and (text.`div`.count() > 0)"},
    {"id = 'example'", "id.select($this & '') = 'example'"},
    {"language | implicitRules", "language.combine(implicitRules).distinct()"},
    {"descendants().ofType(Extension).where(url.exists() and value.exists()).url",
     "descendants().ofType(Extension).where(url.count() > 0).where(value.count() > 0).url"},
    {"contained.id.exists() or meta.exists() xor language.exists()",
     "(contained.id.count() > 0 or meta.count() > 0) != (language.count() > 0)"},
};

/// The JSON again with members left out, texts exchanged, values doubled or made lists; about one in `rarity` is hurt.
class Damage {
 public:
  Damage(uint64_t seed, uint64_t rarity) : random_(seed), rarity_(rarity) {}
  std::string Of(Value value) {
    std::string out;
    JsonWriter writer(&out);
    Write(value, &writer);
    return out;
  }

 private:
  bool Hurt() { return random_.Below(rarity_) == 0; }
  void Write(Value value, JsonWriter* out) {
    constexpr std::string_view kTexts[] = {"final", "http://loinc.org", "8310-5", "#x", "2020-01",
                                           "",      "generated"};
    if (value.is_object()) {
      out->Object();
      for (Value member : value) {
        const std::string name(member.name_text());
        const bool keep = name == "resourceType";
        if (!keep && Hurt()) continue;
        out->Key(name);
        if (keep) {
          out->Raw(member.Json());
        } else if (Hurt()) {
          out->Array();
          Write(member, out);
          Write(member, out);
          out->End();
        } else {
          Write(member, out);
        }
      }
      out->End();
    } else if (value.is_array()) {
      out->Array();
      for (Value item : value) {
        Write(item, out);
        if (Hurt()) Write(item, out);
      }
      out->End();
    } else if (Hurt()) {
      out->String(kTexts[random_.Below(std::size(kTexts))]);
    } else {
      out->Raw(value.Json());
    }
  }
  SeededRandom random_;
  const uint64_t rarity_;
};

std::string ResultOf(const Expression& expression, const Environment& environment, const Item& context) {
  Collection items;
  const Status status = expression.Evaluate(environment, context, &items);
  if (!status.ok()) return "error";
  std::string out;
  for (const Item& item : items) {
    out += item.node ? std::string(item.node.Json()) : "";
    if (const bool* truth = std::get_if<bool>(&item.computed)) out += *truth ? "true" : "false";
    if (const int64_t* number = std::get_if<int64_t>(&item.computed)) out += std::to_string(*number);
    out += fmt::format(":{} ", item.type);
  }
  return out;
}

TEST(Shortcuts, AnswerAsTheLongWay) {
  const auto r4 = Definitions::R4();
  std::vector<std::pair<Expression, Expression>> pairs;
  for (const Pair& pair : kPairs) {
    auto quick = Expression::Compile(pair.quick, *r4, kNoType);
    auto slow = Expression::Compile(pair.slow, *r4, kNoType);
    ASSERT_TRUE(quick.ok()) << pair.quick << quick.error().external;
    ASSERT_TRUE(slow.ok()) << pair.slow << slow.error().external;
    pairs.emplace_back(std::move(*quick), std::move(*slow));
  }
  constexpr size_t kBytesMax = 20'000;
  size_t resources = 0, answers = 0;
  for (const std::string& path : JsonFilesOf(OfficialExamplesFolder())) {
    const std::string text = ReadFileForTest(path);
    if (text.size() > kBytesMax) continue;
    auto official = Document::Parse(text);
    if (!official.ok() || ++resources % 12 != 0) continue;
    std::vector<Document> documents;
    documents.push_back(std::move(*official));
    for (uint64_t seed = 0; seed < 2; ++seed)
      documents.push_back(
          Document::Parse(Damage(resources * 2 + seed, 8 + seed * 40).Of(documents[0].Root())).value());
    for (const Document& document : documents) {
      const Item context = ResourceItem(*r4, document.Root());
      if (context.type == kNoType) continue;
      Environment environment;
      environment.resource = context.node;
      for (const auto& [quick, slow] : pairs) {
        const std::string answer = ResultOf(quick, environment, context);
        const std::string expected = ResultOf(slow, environment, context);
        // The long way looks at more of what is damaged.
        if (expected == "error") continue;
        EXPECT_EQ(answer, expected) << path << ": " << quick.text();
        if (!answer.empty() && answer != "error") ++answers;
        // A criterion is the single true of the collection, or its single item of another type.
        const auto test = quick.Test(environment, context);
        if (!test.ok()) continue;
        Collection items;
        ASSERT_TRUE(quick.Evaluate(environment, context, &items).ok());
        EXPECT_EQ(*test, items.size() == 1 && answer.rfind("false:", 0) != 0)
            << path << ": " << quick.text() << " " << answer;
      }
    }
  }
  EXPECT_GT(resources, 500U);
  EXPECT_GT(answers, 2000U);
}

}  // namespace
}  // namespace tk::fhir::path
