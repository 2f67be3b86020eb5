// Each rule of Bundles, right and wrong.
#include "kernel/fhir/validate_bundle.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

/// Paths of the problems, each followed by a space.
std::string ToldOfBundle(std::string_view type, std::string_view entries, std::string_view members = "") {
  const std::string json = R"({"resourceType":"Bundle",)" + std::string(members) + R"("type":")" +
                           std::string(type) + R"(","entry":[)" + std::string(entries) + "]}";
  const auto r4 = Definitions::R4();  // before parsing: what is parsed knows names only then
  const auto document = Document::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  std::string paths;
  CheckTime time;
  for (const Issue& issue : BundleProblems(*r4, document->Root(), "Bundle", 100, time))
    paths += issue.path + " ";
  return paths;
}

std::string Entry(std::string_view url, std::string_view resource) {
  return R"({"fullUrl":")" + std::string(url) + R"(","resource":)" + std::string(resource) + "}";
}

constexpr const char* kPatient = R"({"resourceType":"Patient","id":"p"})";

TEST(BundleRules, FullUrls) {
  const auto told = [](std::string_view type, std::string_view url) {
    return ToldOfBundle(type, Entry(url, kPatient));
  };
  EXPECT_EQ(told("collection", "http://x/fhir/Patient/p"), "");
  EXPECT_EQ(told("collection", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), "");
  EXPECT_EQ(told("collection", "http://x/documents/1"), "");  // no address of a server
  EXPECT_EQ(told("collection", "http://x/fhir/Patient/q"), "Bundle.entry[0].fullUrl ");
  EXPECT_EQ(told("transaction", "Patient/p"), "Bundle.entry[0].fullUrl ");
  EXPECT_EQ(ToldOfBundle("collection", Entry("http://x/fhir/Patient/p", R"({"resourceType":"Patient"})")),
            "Bundle.entry[0].fullUrl ");
  EXPECT_EQ(ToldOfBundle("collection", R"({"resource":{"resourceType":"Patient","id":"p"}})"),
            "Bundle.entry[0] ");
  EXPECT_EQ(ToldOfBundle("batch", R"({"resource":{"resourceType":"Patient","id":"p"}})"), "");
}

TEST(BundleRules, Links) {
  const auto told = [](std::string_view type, std::string_view relation) {
    return ToldOfBundle(type, "",
                        R"("link":[{"relation":"self","url":"x"},{"relation":")" + std::string(relation) +
                            R"(","url":"y"}],)");
  };
  EXPECT_EQ(told("searchset", "next"), "");
  EXPECT_EQ(told("searchset", "self"), "Bundle.link[1] ");
  EXPECT_EQ(told("collection", "next"), "Bundle.link[1].relation ");
  EXPECT_EQ(told("document", "stylesheet"), "Bundle.link[1].url ");
}

TEST(BundleRules, Searches) {
  const auto told = [](std::string_view mode, std::string_view resource) {
    return ToldOfBundle("searchset",
                        R"({"fullUrl":"http://x/a/1","search":{"mode":")" + std::string(mode) +
                            R"("},"resource":)" + std::string(resource) + "}",
                        R"("link":[{"relation":"self","url":"http://x/fhir/Patient?name=a"}],)");
  };
  EXPECT_EQ(told("match", kPatient), "");
  EXPECT_EQ(told("match", R"({"resourceType":"Patient"})"), "Bundle.entry[0].resource ");
  EXPECT_EQ(told("match", R"({"resourceType":"Person","id":"p"})"), "Bundle.entry[0].resource ");
  EXPECT_EQ(told("include", R"({"resourceType":"Person","id":"p"})"), "");
  EXPECT_EQ(told("outcome", kPatient), "Bundle.entry[0].resource ");
  // What is said beside a search is kept nowhere.
  constexpr const char* kSaid =
      R"({"search":{"mode":"outcome"},"resource":{"resourceType":"OperationOutcome"}})";
  EXPECT_EQ(ToldOfBundle("searchset", kSaid), "");
  EXPECT_EQ(ToldOfBundle("searchset", R"({"resource":{"resourceType":"OperationOutcome"}})"), "");
  EXPECT_EQ(ToldOfBundle("collection", kSaid), "Bundle.entry[0] ");
}

constexpr const char* kComposition =
    R"({"resourceType":"Composition","id":"c","subject":{"reference":"Patient/p"},"section":[{"entry":[{"reference":"Observation/o"}]}]})";

TEST(BundleRules, DocumentsHoldWhatTheyName) {
  const std::string first = Entry("http://x/Composition/c", kComposition);
  const std::string patient = "," + Entry("http://x/Patient/p", kPatient);
  const std::string observation =
      "," + Entry("http://x/Observation/o", R"({"resourceType":"Observation","id":"o"})");
  EXPECT_EQ(ToldOfBundle("document", first + patient + observation), "");
  EXPECT_EQ(ToldOfBundle("document", first + patient), "Bundle.entry[0].resource.section[0].entry[0] ");
  EXPECT_EQ(ToldOfBundle("document", first + patient + observation + observation),
            "Bundle.entry[0].resource.section[0].entry[0] ");
  const std::string alone = "," + Entry("http://x/Device/d", R"({"resourceType":"Device","id":"d"})");
  EXPECT_EQ(ToldOfBundle("document", first + patient + observation + alone), "Bundle.entry[3] ");
  const std::string pointing =
      "," +
      Entry("http://x/Device/d", R"({"resourceType":"Device","id":"d","patient":{"reference":"Patient/p"}})");
  EXPECT_EQ(ToldOfBundle("document", first + patient + observation + pointing), "");
  for (const char* url : {"http://x/fhir/Binary/s", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}) {
    const std::string style = "," + Entry(url, R"({"resourceType":"Binary","id":"s"})");
    const std::string link = R"("link":[{"relation":"stylesheet","url":")" + std::string(url) + R"("}],)";
    EXPECT_EQ(ToldOfBundle("document", first + patient + observation + style, link), "") << url;
    EXPECT_EQ(ToldOfBundle("document", first + patient + observation + style), "Bundle.entry[3] ") << url;
  }
  // Another root: the type and id are there, but the address is not.
  const std::string elsewhere = "," + Entry("http://y/Patient/p", kPatient);
  EXPECT_EQ(ToldOfBundle("document", first + elsewhere + observation),
            "Bundle.entry[0].resource.subject Bundle.entry[1] ");
}

TEST(BundleRules, MessagesHoldWhatTheyAreAbout) {
  const std::string first = Entry(
      "http://x/MessageHeader/m",
      R"({"resourceType":"MessageHeader","id":"m","focus":[{"reference":"Patient/p"}],"sender":{"reference":"Organization/z"}})");
  EXPECT_EQ(ToldOfBundle("message", first + "," + Entry("http://x/Patient/p", kPatient)), "");
  EXPECT_EQ(ToldOfBundle("message", first), "Bundle.entry[0].resource.focus[0] ");
}

// Each reference means every entry: kept one by one, they would be 10 million.
TEST(BundleRules, EntriesOfOneAddressAreJoinedOnce) {
  constexpr size_t kAlike = 500, kReferences = 20'000;
  std::string items, entries;
  for (size_t i = 0; i < kReferences; ++i)
    items += std::string(i == 0 ? "" : ",") + R"({"item":{"reference":"urn:x)" +
             (i % 2 == 0 ? "" : "/_history/1") + R"("}})";
  for (size_t i = 0; i < kAlike; ++i)
    entries += "," + Entry("urn:x", R"({"resourceType":"Basic","meta":{"versionId":"1"}})");
  const auto r4 = Definitions::R4();
  const auto document = Document::Parse(
      R"({"resourceType":"Bundle","type":"document","entry":[)" +
      Entry("urn:c", R"({"resourceType":"Composition","subject":{"reference":"urn:l"}})") + "," +
      Entry("urn:l", R"({"resourceType":"List","entry":[)" + items + "]}") + entries + "]}");
  ASSERT_TRUE(document.ok());
  size_t links_kept = 0;
  std::string told;
  CheckTime time;
  for (const Issue& issue :
       BundleProblems(*r4, document->Root(), "Bundle", kReferences + kAlike, time, &links_kept))
    told += issue.text.find("more than one") == std::string::npos ? issue.path + " " : "";
  EXPECT_EQ(told, "");  // all hang together
  EXPECT_EQ(links_kept, 2 * (1 + kReferences + 2 * (kAlike - 1)));
}

TEST(BundleRules, EntriesOfOneAddressThatNothingMeansAreNotJoined) {
  const char* const basic = R"({"resourceType":"Basic","meta":{"versionId":"1"}})";
  const char* const other = R"({"resourceType":"Basic","meta":{"versionId":"2"}})";
  EXPECT_EQ(
      ToldOfBundle(
          "document",
          Entry("urn:c", R"({"resourceType":"Composition","subject":{"reference":"urn:x/_history/1"}})") +
              "," + Entry("urn:x", basic) + "," + Entry("urn:x", other)),
      "Bundle.entry[2] ");
}

}  // namespace
}  // namespace tk::fhir
