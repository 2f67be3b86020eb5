#include <gtest/gtest.h>

#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/patch_for_test.h"

namespace tk::fhir {
namespace {

TEST(Patch, DoublingIsBounded) {
  std::string patch = "[";
  for (int i = 0; i < 60; ++i) patch += R"({"op":"copy","from":"/a","path":"/a/-"},)";
  patch.back() = ']';
  const auto result = Patched(R"({"a":["xxxxxxxxxxxxxxxx"]})", patch);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTooLarge);
}

TEST(Patch, Hl7Cases) {
  const std::string folder = UnpackCorpus("fhir-extras");
  if (folder.empty()) GTEST_SKIP() << "corpus fhir-extras is not here (TK_SHARED or ../shared)";
  const Document suite = Document::Parse(ReadFileForTest(folder + "/r4/patch/json-patch-tests.json")).value();
  size_t count = 0;
  for (const Value test : suite.Root()) {
    ++count;
    const std::string name = test["comment"].ToString();
    const auto result = Patched(test["doc"].Json(), test["patch"].Json());
    if (test["error"].present()) {
      EXPECT_FALSE(result.ok()) << name;
      continue;
    }
    ASSERT_TRUE(result.ok()) << name << result.error().ToString();
    const std::string check =
        R"([{"op":"test","path":"","value":)" + std::string(test["expected"].Json()) + "}]";
    EXPECT_TRUE(Patched(*result, check).ok()) << name << *result;
  }
  EXPECT_EQ(count, 10U);
}

}  // namespace
}  // namespace tk::fhir
