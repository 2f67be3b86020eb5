// Ten thousand merges, unmerges and edits over the interactions.
#include "kernel/interaction/merges_for_test.h"

namespace tk::interaction {
namespace {

class MergesLongTest : public MergeTest {};

TEST_F(MergesLongTest, TenThousandAtRandomAreWhatARebuildIs) {
  AtRandom({.seed = 3, .steps = 10'000, .patients = 200, .rebuilt_every = 500});
}

}  // namespace
}  // namespace tk::interaction
