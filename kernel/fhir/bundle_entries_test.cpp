// Entries are found by their urls and the ends of these, the first one first.
#include "kernel/fhir/bundle_entries.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

TEST(BundleEntries, AreFoundByUrlsAndTheirEnds) {
  const auto document = Document::Parse(R"({"resourceType":"Bundle","entry":[
    {"fullUrl":"http://x/fhir/Patient/1","id":"a"},{"fullUrl":"urn:uuid:1","id":"b"},{"id":"c"},
    {"fullUrl":"http://y/fhir/Patient/1","id":"d"},{"fullUrl":"http://y/Patient/2/_history/3","id":"e"},
    {"fullUrl":"http://y/urn:z","id":"f"},{"fullUrl":"Patient/4","id":"g"}]})");
  ASSERT_TRUE(document.ok());
  BundleEntries entries(document->Root());
  EXPECT_EQ(entries.entries_read(), 0U);
  const auto found = [&](std::string_view reference) {
    const auto entry = entries.Find(reference);
    return entry ? (*entry)["id"].ToString() : std::string("-");
  };
  EXPECT_EQ(found("http://x/fhir/Patient/1"), "a");
  EXPECT_EQ(found("http://y/fhir/Patient/1"), "d");
  EXPECT_EQ(found("Patient/1"), "a");
  EXPECT_EQ(found("fhir/Patient/1"), "a");
  EXPECT_EQ(found("1"), "a");
  EXPECT_EQ(found("urn:uuid:1"), "b");
  EXPECT_EQ(found("Patient/2/_history/3"), "e");
  EXPECT_EQ(found("Patient/4"), "g");
  EXPECT_EQ(found("urn:z"), "-");  // whole urls are no ends of others
  EXPECT_EQ(found("Patient/2"), "-");
  EXPECT_EQ(found("atient/1"), "-");
  EXPECT_EQ(entries.entries_read(), 7U);
}

}  // namespace
}  // namespace tk::fhir
