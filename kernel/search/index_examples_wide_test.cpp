// Every official example is found by everything that it says; of R4's own definitions, which are four fifths of them, each tenth. The others:
// index_examples_long_test.cpp.
#include "kernel/search/index_examples_harness.h"

#include "kernel/search/extract.h"

namespace tk::search {
namespace {

constexpr int kShards = 4;
constexpr int kEvery = 10;
constexpr size_t kParametersMin = 840;
constexpr size_t kQuestionsMin = 6500;

TEST(ExamplesA, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(0, kShards, kEvery, kParametersMin, kQuestionsMin);
}
TEST(ExamplesB, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(1, kShards, kEvery, kParametersMin, kQuestionsMin);
}
TEST(ExamplesC, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(2, kShards, kEvery, kParametersMin, kQuestionsMin);
}
TEST(ExamplesD, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(3, kShards, kEvery, kParametersMin, kQuestionsMin);
}

TEST(Examples, EveryParameterHasAnExpressionThatCompiles) {
  EXPECT_EQ(Extractor::Create(fhir::Definitions::R4(), 480)->failures(), std::vector<std::string>{});
}

}  // namespace
}  // namespace tk::search
