#include "kernel/interaction/references.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tk::interaction {
namespace {

class References : public ::testing::Test {
 protected:
  Result<fhir::Document> Rewrite(std::string_view json, std::string_view full_url = "urn:uuid:x") {
    source_ = fhir::Document::Parse(json).value();
    LinkRewriter rewriter(
        *definitions_, targets_, [this](fhir::TypeId type, std::string_view criteria) -> Result<std::string> {
          asked_.push_back(std::string(definitions_->Type(type).name) + "?" + std::string(criteria));
          if (criteria == "identifier=none")
            return MakeError(ErrorCode::kPrecondition, "The conditional reference names no resource.");
          return std::string("Practitioner/found");
        });
    const fhir::TypeId type = definitions_->FindType(source_.Root()["resourceType"].ToString());
    return rewriter.Rewrite(source_.Root(), type, full_url, "new-id", "Bundle.entry[2].resource");
  }
  std::string Text(std::string_view json, std::string_view full_url = "urn:uuid:x") {
    const auto document = Rewrite(json, full_url);
    return document.ok() ? std::string(document->Text()) : "ERROR " + document.error().ToString();
  }

  std::shared_ptr<const fhir::Definitions> definitions_ = fhir::Definitions::R4();
  LinkTargets targets_ = {{"urn:uuid:p", "Patient/77"}, {"http://a.example/fhir/Patient/1", "Patient/78"}};
  fhir::Document source_;
  std::vector<std::string> asked_;
};

TEST_F(References, UrnsAreReplacedAndTheIdIsSet) {
  EXPECT_EQ(
      Text(R"({"resourceType":"Observation","status":"final","subject":{"reference":"urn:uuid:p"}})"),
      R"({"resourceType":"Observation","id":"new-id","status":"final","subject":{"reference":"Patient/77"}})");
}

TEST_F(References, AnOldIdIsReplaced) {
  EXPECT_EQ(Text(R"({"resourceType":"Basic","id":"a-longer-old-id","code":{}})"),
            R"({"resourceType":"Basic","id":"new-id","code":{}})");
}

TEST_F(References, RelativeOnesAreReadAgainstTheFullUrl) {
  const std::string_view json = R"({"resourceType":"Observation","subject":{"reference":"Patient/1"}})";
  EXPECT_NE(Text(json, "http://a.example/fhir/Observation/9").find("Patient/78"), std::string::npos);
  EXPECT_NE(Text(json, "http://b.example/fhir/Observation/9").find("\"Patient/1\""), std::string::npos);
  EXPECT_NE(Text(json).find("\"Patient/1\""), std::string::npos);
}

TEST_F(References, InListsExtensionsAndContained) {
  const std::string out = Text(
      R"({"resourceType":"Observation","contained":[{"resourceType":"Encounter","id":"e","subject":{"reference":"urn:uuid:p"}}],)"
      R"("performer":[{"reference":"#e"},{"reference":"urn:uuid:p"}],)"
      R"("_status":{"extension":[{"url":"http://x.example","valueReference":{"reference":"urn:uuid:p"}}]}})");
  size_t count = 0;
  for (size_t at = out.find("Patient/77"); at != std::string::npos; at = out.find("Patient/77", at + 1))
    ++count;
  EXPECT_EQ(count, 3u) << out;
  EXPECT_NE(out.find("\"#e\""), std::string::npos);
  EXPECT_NE(out.find(R"({"resourceType":"Encounter","id":"e")"), std::string::npos)
      << "only the outermost id is set";
}

TEST_F(References, UrisButNotCanonicalsAndNotStrings) {
  const std::string out = Text(
      R"({"resourceType":"DocumentReference","meta":{"profile":["urn:uuid:p"]},"identifier":[{"system":"urn:uuid:p","value":"urn:uuid:p"}],)"
      R"("content":[{"attachment":{"url":"urn:uuid:p"}}]})");
  EXPECT_NE(out.find(R"("profile":["urn:uuid:p"])"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("value":"urn:uuid:p")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("url":"Patient/77")"), std::string::npos) << out;
}

TEST_F(References, NarrativeLinks) {
  const std::string out = Text(
      R"({"resourceType":"Basic","text":{"status":"generated","div":"<div><a href=\"urn:uuid:p\">x</a><img src='urn:uuid:p'/><b>urn:uuid:p</b></div>"}})");
  EXPECT_NE(out.find(R"(<a href=\"Patient/77\">x</a><img src='Patient/77'/><b>urn:uuid:p</b>)"),
            std::string::npos)
      << out;
}

// What a reader found: rewrites that lay within each other ended the process.
TEST_F(References, LinksWithinAQuotedValueAreNotLinks) {
  const auto div = [&](std::string_view html) {
    return Text(
        fmt::format(R"({{"resourceType":"Basic","text":{{"status":"generated","div":"{}"}}}})", html));
  };
  targets_ = {
      {"src='B'", "Patient/1"}, {"href='B'", "Patient/2"}, {"B", "Patient/3"}, {"x> src='B' ", "Patient/4"}};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"(<div xmlns=\"h\"><a href=\"src='B'\">x</a></div>)",
       R"(<div xmlns=\"h\"><a href=\"Patient/1\">x</a></div>)"},
      {R"(<a href=\"href='B'\">x</a>)", R"(<a href=\"Patient/2\">x</a>)"},
      {R"(<a href='B' title=\"src='B'\">x</a>)", R"(<a href='Patient/3' title=\"src='B'\">x</a>)"},
      {R"(<a href=\"x> src='B' \"/><img src='B'/>)", R"(<a href=\"Patient/4\"/><img src='Patient/3'/>)"},
      // Texts, comments and other attributes are no links, and do not hide one that comes after.
      {R"(<p>don't src='B'</p><a href='B'/>)", R"(<p>don't src='B'</p><a href='Patient/3'/>)"},
      {R"(<!-- don't --><a\n href = \n'B'/>)", R"(<!-- don't --><a\n href = \n'Patient/3'/>)"},
      {R"(<a data-src='B' xhref='B' src='B'/>)", R"(<a data-src='B' xhref='B' src='Patient/3'/>)"},
      {R"(<a href='B)", R"(<a href='B)"},
      {R"(<!-- <a href='B'/>)", R"(<!-- <a href='B'/>)"},
      {R"(<a href=\")", R"(<a href=\")"},
  };
  for (const auto& [from, to] : cases) EXPECT_NE(div(from).find(to), std::string::npos) << div(from);
}

TEST_F(References, ConditionalOnesAreAsked) {
  EXPECT_NE(
      Text(R"({"resourceType":"Observation","performer":[{"reference":"Practitioner?identifier=a|b"}]})")
          .find("Practitioner/found"),
      std::string::npos);
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_EQ(asked_[0], "Practitioner?identifier=a|b");
  const auto none =
      Rewrite(R"({"resourceType":"Observation","performer":[{"reference":"Practitioner?identifier=none"}]})");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kPrecondition);
  ASSERT_FALSE(none.error().issues.empty());
  EXPECT_EQ(none.error().issues[0].path, "Bundle.entry[2].resource.performer[0].reference");
}

TEST_F(References, AUrnThatNamesNothingIsRefusedWithItsPath) {
  const auto refused = Rewrite(R"({"resourceType":"Observation","subject":{"reference":"urn:uuid:q"}})");
  ASSERT_FALSE(refused.ok());
  ASSERT_FALSE(refused.error().issues.empty());
  EXPECT_EQ(refused.error().issues[0].path, "Bundle.entry[2].resource.subject.reference");
}

}  // namespace
}  // namespace tk::interaction
