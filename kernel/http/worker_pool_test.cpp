// Who waits for whom: pieces of work stop at gates that the test opens, so nothing here goes by the clock.
#include "kernel/http/worker_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <limits>

#include "kernel/base/clock.h"
#include "kernel/base/turn.h"

namespace tk::http {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 4;

/// Opened once; whoever comes before waits.
class Gate {
 public:
  void Open() { open_.set_value(); }
  void Pass() const { passed_.wait(); }

 private:
  std::promise<void> open_;
  std::shared_future<void> passed_ = open_.get_future().share();
};

/// What happened, in order.
class Diary {
 public:
  void Write(const std::string& what) {
    const std::lock_guard<std::mutex> hold(mutex_);
    text_ += (text_.empty() ? "" : " ") + what;
  }
  std::string text() {
    const std::lock_guard<std::mutex> hold(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

/// Every look is beyond the time of a short one.
WorkerOptions Hasty(size_t threads) {
  WorkerOptions options;
  options.threads = threads;
  options.quick_us = -1;
  options.slice_us = kNever;
  return options;
}

bool Look(int64_t deadline_us = 0) { return Turn::Look(MonotonicUs(), deadline_us); }

template <typename Condition>
void Until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

TEST(WorkerPool, ShortOnesAreDoneWhileLongOnesHoldEveryThread) {
  WorkerPool pool(Hasty(2));
  Gate gate;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(pool.Submit("li", [&gate] {
      EXPECT_TRUE(Look());
      gate.Pass();
    }));
  }
  std::promise<void> done;
  ASSERT_TRUE(pool.Submit("li", [&done] { done.set_value(); }));
  done.get_future().wait();  // with as many seats as threads and none given up, this waits for ever
  Until([&] { return pool.statistics().long_waiting == 4; });
  EXPECT_EQ(pool.statistics().long_running, 2U);
  gate.Open();
  pool.Stop();
  EXPECT_EQ(pool.statistics().became_long, 6U);
  EXPECT_EQ(pool.statistics().long_running, 0U);
}

TEST(WorkerPool, AccountsTakeTurnsForASeat) {
  WorkerOptions options = Hasty(1);
  options.quick_us = kNever;
  WorkerPool pool(options);
  Gate gate;
  Diary diary;
  ASSERT_TRUE(pool.Submit("li", [&gate] { gate.Pass(); }));
  Until([&] { return pool.statistics().waiting == 0; });
  for (const char* name : {"li1", "li2", "li3", "wang1", "zhao1", "wang2"}) {
    const std::string account(name, std::string_view(name).size() - 1);
    ASSERT_TRUE(pool.Submit(account, [&diary, name] { diary.Write(name); }));
  }
  gate.Open();
  pool.Stop();
  EXPECT_EQ(diary.text(), "li1 wang1 zhao1 li2 wang2 li3");
}

TEST(WorkerPool, AccountsTakeTurnsInTheLongLane) {
  WorkerPool pool(Hasty(1));
  Gate gate;
  Diary diary;
  size_t waiting = 0;
  const auto add = [&](const std::string& name) {
    ASSERT_TRUE(pool.Submit(name.substr(0, 2), [&, name] {
      EXPECT_TRUE(Look());
      diary.Write(name);
      gate.Pass();
    }));
    if (diary.text().empty())
      Until([&] { return pool.statistics().long_running == 1; });
    else
      Until([&, wanted = ++waiting] { return pool.statistics().long_waiting == wanted; });
    Until([&] { return !diary.text().empty(); });
  };
  for (const char* name : {"li1", "li2", "li3", "wa1"}) add(name);
  gate.Open();
  pool.Stop();
  EXPECT_EQ(diary.text(), "li1 li2 wa1 li3");
}

TEST(WorkerPool, ALongOneGivesOthersTheirSlice) {
  WorkerOptions options = Hasty(1);
  options.slice_us = -1;
  WorkerPool pool(options);
  Gate gate;
  Diary diary;
  const auto work = [&](const std::string& name) {
    return [&, name] {
      EXPECT_TRUE(Look());
      if (name == "a") gate.Pass();
      for (int i = 0; i < 3; ++i) {
        diary.Write(name);
        EXPECT_TRUE(Look());
      }
    };
  };
  ASSERT_TRUE(pool.Submit("li", work("a")));
  Until([&] { return pool.statistics().long_running == 1; });
  ASSERT_TRUE(pool.Submit("wang", work("b")));
  Until([&] { return pool.statistics().long_waiting == 1; });
  gate.Open();
  pool.Stop();
  EXPECT_EQ(diary.text(), "a b a b a b");
}

/// Long ones that each want three slices and write one word a slice; the first one begins them when all are there.
std::string SlicesOf(const std::vector<std::string>& names) {
  WorkerOptions options = Hasty(1);
  options.slice_us = -1;
  WorkerPool pool(options);
  Gate gate;
  Diary diary;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    const bool taken = pool.Submit(name.substr(0, 2), [&gate, &diary, &name, is_first = i == 0] {
      EXPECT_TRUE(Look());
      if (is_first) gate.Pass();
      for (int slice = 0; slice < 3; ++slice) {
        diary.Write(name);
        EXPECT_TRUE(Look());
      }
    });
    EXPECT_TRUE(taken);
    Until([&] {
      const WorkerPool::Statistics now = pool.statistics();
      return now.long_running == 1 && now.long_waiting == i;
    });
  }
  gate.Open();
  pool.Stop();
  return diary.text();
}

// In turns they would all be done last, or reach the time limit together.
TEST(WorkerPool, LongOnesOfOneAccountAreFinishedOneAfterTheOther) {
  EXPECT_EQ(SlicesOf({"li1", "li2", "li3"}), "li1 li1 li1 li2 li2 li2 li3 li3 li3");
}

TEST(WorkerPool, WhoGivesAnotherAccountItsTurnStaysTheFirstOfItsOwn) {
  EXPECT_EQ(SlicesOf({"li1", "li2", "wa1", "wa2"}), "li1 wa1 li1 wa1 li1 wa1 li2 wa2 li2 wa2 li2 wa2");
}

TEST(WorkerPool, TheLongLaneHasRoomForSoManyAndForHalfOfOneAccount) {
  WorkerOptions options = Hasty(1);
  options.long_max = 4;
  WorkerPool pool(options);
  Gate gate;
  std::atomic<int> refused{0};
  const auto add = [&](const char* account) {
    ASSERT_TRUE(pool.Submit(account, [&] {
      if (!Look()) {
        for (int i = 0; i < 3; ++i) (void)Look();  // it goes on and looks again: refused once all the same
        ++refused;
      }
      gate.Pass();
    }));
  };
  const auto counts = [&](size_t waiting, int no) {
    Until([&] { return pool.statistics().long_waiting == waiting && refused == no; });
  };
  add("li");
  Until([&] { return pool.statistics().long_running == 1; });
  add("li");
  counts(1, 0);
  add("li");
  counts(2, 0);
  add("li");  // keeps the only seat of short ones: it was told to end, and does not
  counts(2, 1);
  gate.Open();
  pool.Stop();
  EXPECT_EQ(pool.statistics().refused, 1U);
  EXPECT_FALSE(pool.Submit("li", [] {}));
}

TEST(WorkerPool, TheQueueHasRoomForHalfOfOneAccount) {
  WorkerOptions options = Hasty(1);
  options.queue_max = 4;
  WorkerPool pool(options);
  Gate gate;
  ASSERT_TRUE(pool.Submit("li", [&gate] { gate.Pass(); }));
  Until([&] { return pool.statistics().waiting == 0; });
  EXPECT_TRUE(pool.Submit("li", [] {}));
  EXPECT_TRUE(pool.Submit("li", [] {}));
  EXPECT_FALSE(pool.Submit("li", [] {}));
  EXPECT_TRUE(pool.Submit("wang", [] {}));
  EXPECT_TRUE(pool.Submit("zhao", [] {}));
  EXPECT_FALSE(pool.Submit("qian", [] {}));
  gate.Open();
  pool.Stop();
}

TEST(WorkerPool, WhoseTimeIsOverWaitsForNoSeat) {
  WorkerPool pool(Hasty(1));
  Gate gate;
  std::promise<void> done;
  ASSERT_TRUE(pool.Submit("li", [&gate] {
    EXPECT_TRUE(Look());
    gate.Pass();
  }));
  Until([&] { return pool.statistics().long_running == 1; });
  ASSERT_TRUE(pool.Submit("li", [&done] {
    EXPECT_TRUE(Look(1));
    EXPECT_TRUE(Look(1));
    done.set_value();
  }));
  done.get_future().wait();
  EXPECT_EQ(pool.statistics().long_waiting, 0U);
  gate.Open();
  pool.Stop();
  EXPECT_EQ(pool.statistics().long_running, 0U);
}

TEST(WorkerPool, AtTheEndBothWhoWorksLongAndWhoWaitsForASeatAreOver) {
  WorkerPool pool(Hasty(1));
  Gate gate;
  std::promise<void> done;
  const int64_t deadline_us = MonotonicUs() + 3'600'000'000;
  ASSERT_TRUE(pool.Submit("li", [&] {
    EXPECT_TRUE(Look(deadline_us));
    EXPECT_FALSE(Turn::IsOver(deadline_us));
    gate.Pass();
    EXPECT_TRUE(Turn::IsOver(deadline_us));
    EXPECT_FALSE(Turn::IsOver(0));  // the program's own goes on
  }));
  Until([&] { return pool.statistics().long_running == 1; });
  ASSERT_TRUE(pool.Submit("li", [&] {
    EXPECT_TRUE(Look(deadline_us));  // waits
    EXPECT_TRUE(Turn::IsOver(deadline_us));
    done.set_value();
  }));
  Until([&] { return pool.statistics().long_waiting == 1; });
  pool.EndSoon();
  done.get_future().wait();  // the one with the seat still has it
  EXPECT_EQ(pool.statistics().long_waiting, 0U);
  std::promise<void> late;
  ASSERT_TRUE(pool.Submit("li", [&] {
    EXPECT_TRUE(Look(deadline_us));
    EXPECT_TRUE(Turn::IsOver(deadline_us));
    late.set_value();
  }));
  late.get_future().wait();
  gate.Open();
  pool.Stop();
  EXPECT_EQ(pool.statistics().became_long, 2U);
  EXPECT_EQ(pool.statistics().long_running, 0U);
  EXPECT_FALSE(Turn::IsOver(deadline_us));  // not of the pool
}

TEST(WorkerPool, OtherThreadsGoOnAsTheyAre) { EXPECT_TRUE(Look(1)); }

}  // namespace
}  // namespace tk::http
