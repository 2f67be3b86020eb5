// R4's own definitions that index_examples_wide_test.cpp leaves out.
#include "kernel/search/index_examples_harness.h"

namespace tk::search {
namespace {

constexpr int kShards = 4;
constexpr int kOthers = -10;
constexpr size_t kParametersMin = 80;
constexpr size_t kQuestionsMin = 12'000;

TEST(DefinitionsA, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(0, kShards, kOthers, kParametersMin, kQuestionsMin);
}
TEST(DefinitionsB, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(1, kShards, kOthers, kParametersMin, kQuestionsMin);
}
TEST(DefinitionsC, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(2, kShards, kOthers, kParametersMin, kQuestionsMin);
}
TEST(DefinitionsD, AreFoundByAllTheySay) {
  ExpectExamplesAreFound(3, kShards, kOthers, kParametersMin, kQuestionsMin);
}

}  // namespace
}  // namespace tk::search
