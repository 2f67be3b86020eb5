#include "kernel/base/short_slices.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <thread>

namespace tk {
namespace {

/// The slice that Linux says the calling thread has; 0 before 6.12.
uint64_t SliceNs() {
  char attributes[48] = {};
  if (::syscall(SYS_sched_getattr, 0, attributes, sizeof attributes, 0) != 0) return 0;
  uint64_t runtime_ns = 0;
  std::memcpy(&runtime_ns, attributes + 24, sizeof runtime_ns);
  return runtime_ns;
}

int Nice() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

TEST(ShortSlices, AreTheThreadsOwnAndNotOfThoseItStarts) {
  uint64_t usual_ns = 0, short_ns = 0, started_ns = 0;
  std::thread([&] { usual_ns = SliceNs(); }).join();
  if (usual_ns == 0) GTEST_SKIP() << "this kernel knows no slices";
  std::thread([&] {
    ASSERT_TRUE(TakeShortSlices());
    short_ns = SliceNs();
    std::thread([&] { started_ns = SliceNs(); }).join();
  }).join();
  EXPECT_EQ(short_ns, 100'000u);
  EXPECT_LT(short_ns, usual_ns);
  EXPECT_EQ(started_ns, usual_ns);
}

TEST(ShortSlices, LeaveTheNiceValueAsItIs) {
  std::thread([] {
    const int wanted = Nice() + 3;
    ASSERT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), wanted), 0);
    ASSERT_TRUE(TakeShortSlices());
    EXPECT_EQ(Nice(), wanted);
  }).join();
}

}  // namespace
}  // namespace tk
