#include <gtest/gtest.h>

#include <random>

#include "kernel/fhir/value.h"

namespace tk::fhir {
namespace {

Document ParsedPart(std::string_view json) { return Document::Parse(json).value(); }

/// A part is what would have been parsed from its text: the same text, the same nodes.
void ExpectAsParsed(const Document& part) {
  const Document parsed = ParsedPart(part.Text());
  ASSERT_EQ(parsed.Text(), part.Text());
  ASSERT_EQ(parsed.nodes().size(), part.nodes().size()) << part.Text();
  for (size_t i = 0; i < parsed.nodes().size(); ++i) {
    const Node& a = parsed.nodes()[i];
    const Node& b = part.nodes()[i];
    EXPECT_EQ(std::tie(a.at, a.size, a.end, a.name, a.kind, a.escaped),
              std::tie(b.at, b.size, b.end, b.name, b.kind, b.escaped))
        << "node " << i << " of " << part.Text();
  }
}

/// Random JSON: objects, arrays, strings with and without escapes, numbers.
class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string String() {
    std::string out = "\"";
    for (uint32_t i = Below(12); i > 0; --i)
      out += Below(9) == 0 ? std::string("\\\"") : std::string(1, char('a' + Below(26)));
    return out + "\"";
  }
  std::string Value(int depth) {
    const uint32_t kind = Below(depth > 3 ? 2 : 4);
    if (kind == 0) return String();
    if (kind == 1) return std::to_string(Below(1000));
    std::string out(1, kind == 2 ? '{' : '[');
    for (uint32_t i = 0, count = Below(4); i < count; ++i) {
      if (i > 0) out += ',';
      if (kind == 2) out += "\"m" + std::to_string(i) + "\":";
      out += Value(depth + 1);
    }
    return out + (kind == 2 ? '}' : ']');
  }
  std::string Resource(bool with_id) {
    std::string out = "{";
    const uint32_t place = Below(4);
    for (uint32_t i = 0; i < 4; ++i) {
      if (i > 0) out += ',';
      out += i == place ? "\"resourceType\":\"Basic\"" : "\"x" + std::to_string(i) + "\":" + Value(0);
    }
    return out + (with_id ? ",\"id\":\"old\"}" : "}");
  }

 private:
  std::mt19937 random_;
};

TEST(OfPart, IsWhatParsingTheEditedTextGives) {
  Names::Intern("id");
  Names::Intern("resourceType");
  for (uint32_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    const bool with_id = random.Below(2) == 0;
    const Document whole =
        ParsedPart("{\"entry\":[1," + random.Resource(with_id) + "," + random.Value(0) + "]}");
    const Value part = whole.Root()["entry"].At(1);
    std::vector<TextEdit> edits;
    for (uint32_t i = part.index() + 1; i < part.node().end; ++i) {
      const Node& node = whole.nodes()[i];
      if (node.kind != Kind::kString || node.size == 0 || random.Below(3) != 0) continue;
      if (Value(&whole, i).name_text() == "resourceType") continue;
      edits.push_back({node.at - part.node().at, node.size, std::string(random.Below(30), 'Z')});
    }
    const auto made = Document::OfPart(part, edits, with_id ? "" : "the-new-id");
    ASSERT_TRUE(made.ok());
    ExpectAsParsed(*made);
    if (!with_id) {
      EXPECT_EQ(made->Root()["id"].ToString(), "the-new-id");
    }
    EXPECT_EQ(made->Root()["resourceType"].ToString(), "Basic");
  }
}

TEST(OfPart, ReplacementsThatAJsonStringMayNotHoldAreRefusedOrKeptWhole) {
  const Document whole = ParsedPart(R"({"a":{"resourceType":"Basic","b":"one"}})");
  const Value part = whole.Root()["a"];
  const uint32_t at = part["b"].node().at - part.node().at;
  EXPECT_FALSE(Document::OfPart(part, {{at, 3, "x\"y"}}, "").ok());
  const auto escaped = Document::OfPart(part, {{at, 3, "x\\\"y"}}, "n");
  ASSERT_TRUE(escaped.ok());
  EXPECT_EQ(escaped->Root()["b"].ToString(), "x\"y");
  ExpectAsParsed(*escaped);
}

TEST(OfPart, APieceOfAStringIsReplaced) {
  const Document whole = ParsedPart(R"({"a":{"resourceType":"Basic","b":"<a href=\"u:1\">x</a>","c":[1]}})");
  const Value part = whole.Root()["a"];
  const auto at = static_cast<uint32_t>(part.Json().find("u:1"));
  const auto made = Document::OfPart(part, {{at, 3, "Patient/7777"}}, "n");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->Text(),
            R"({"resourceType":"Basic","id":"n","b":"<a href=\"Patient/7777\">x</a>","c":[1]})");
  ExpectAsParsed(*made);
}

}  // namespace
}  // namespace tk::fhir
