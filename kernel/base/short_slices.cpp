#include "kernel/base/short_slices.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace tk {
namespace {

// As sched_setattr(2) has it: glibc 2.36 declares neither the call nor its argument.
struct SchedulingOf {
  uint32_t size = sizeof(SchedulingOf);
  uint32_t policy = 0;  // SCHED_OTHER
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
};
static_assert(sizeof(SchedulingOf) == 48);

constexpr uint64_t kResetOnFork = 1;    // SCHED_FLAG_RESET_ON_FORK
constexpr uint64_t kShortNs = 100'000;  // the least that Linux gives

}  // namespace

bool TakeShortSlices() {
  SchedulingOf wanted;
  wanted.flags = kResetOnFork;
  wanted.nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));  // else it would become 0
  wanted.runtime_ns = kShortNs;
  return ::syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
}

}  // namespace tk
