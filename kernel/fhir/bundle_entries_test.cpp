// Entries are found by their addresses; what is relative goes by the entry that it stands in.
#include "kernel/fhir/bundle_entries.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

TEST(BundleEntries, AreFoundByTheAddressThatIsMeant) {
  const auto document = Document::Parse(R"({"resourceType":"Bundle","entry":[
    {"fullUrl":"http://x/fhir/Patient/1","id":"a"},{"fullUrl":"urn:uuid:1","id":"b"},{"id":"c"},
    {"fullUrl":"http://y/fhir/Patient/1","id":"d","resource":{"meta":{"versionId":"2"}}},
    {"fullUrl":"http://y/fhir/Patient/1","id":"e","resource":{"meta":{"versionId":"1"}}},
    {"fullUrl":"Patient/4","id":"f"}],"signature":{}})");
  ASSERT_TRUE(document.ok());
  BundleEntries entries(*Definitions::R4(), document->Root());
  EXPECT_EQ(entries.entries_read(), 0U);
  const Value list = document->Root()["entry"];
  const auto found = [&](std::string_view reference, Value from = {}) {
    const auto entry = entries.Find(reference, from);
    return entry ? (*entry)["id"].ToString() : std::string("-");
  };
  EXPECT_EQ(found("http://x/fhir/Patient/1"), "a");
  EXPECT_EQ(found("http://y/fhir/Patient/1", list.At(0)), "d");
  EXPECT_EQ(found("Patient/1", list.At(0)), "a");
  EXPECT_EQ(found("Patient/1", list.At(3)["resource"]["meta"]), "d");
  EXPECT_EQ(found("Patient/1/_history/1", list.At(3)), "e");
  EXPECT_EQ(found("http://y/fhir/Patient/1/_history/3"), "-");
  EXPECT_EQ(found("urn:uuid:1", list.At(0)), "b");
  EXPECT_EQ(found("Patient/1", list.At(1)), "-");  // a uuid has no root
  EXPECT_EQ(found("Patient/1", list.At(2)), "-");
  EXPECT_EQ(found("Patient/4", list.At(2)), "f");  // equal texts
  EXPECT_EQ(found("Patient/4", list.At(0)), "-");
  EXPECT_EQ(found("Patient/1", document->Root()["signature"]), "-");
  EXPECT_EQ(found("Patient/1"), "-");
  EXPECT_EQ(found("1", list.At(0)), "-");
  EXPECT_EQ(entries.entries_read(), 6U);
}

}  // namespace
}  // namespace tk::fhir
