#include "os/priority.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace verge {
namespace {

TEST(Priority, AnybodyMayGiveWayAndItsThreadsDoToo) {
  int inherited = -1;
  std::thread([&] {
    ASSERT_TRUE(set_thread_priority(Priority::kBackground).ok());
    std::thread([&] { inherited = ::sched_getscheduler(0); }).join();
  }).join();
  EXPECT_EQ(inherited, SCHED_IDLE);
  EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER) << "only the thread that asked";
}

}  // namespace
}  // namespace verge
