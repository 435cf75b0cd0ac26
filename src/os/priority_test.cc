#include "os/priority.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace verge {
namespace {

// As the kernel schedules a thread of this process: below 0 in real time.
int scheduled_priority(int thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string word;
  for (int field = 3; field <= 18; ++field) rest >> word;
  return std::stoi(word);
}

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

TEST(UrgentMutex, ItsHolderHasThePriorityOfWhoWaits) {
  UrgentMutex mutex;
  std::atomic<int> holder = 0;
  std::atomic<bool> allowed = true, asked = false, done = false;
  std::thread slow([&] {
    mutex.lock();
    holder = ::gettid();
    while (!done) pause();
    mutex.unlock();
  });
  while (holder == 0) pause();
  std::thread urgent([&] {
    allowed = set_thread_priority(Priority::kCritical).ok() && ::sched_getscheduler(0) == SCHED_FIFO;
    asked = true;
    if (!allowed) return;
    mutex.lock();
    mutex.unlock();
  });
  while (!asked) pause();
  bool raised = false;
  for (int i = 0; allowed && !raised && i < 2000; ++i, pause()) raised = scheduled_priority(holder) < 0;
  done = true;
  slow.join();
  urgent.join();
  if (!allowed) GTEST_SKIP() << "real time is not allowed here";
  EXPECT_TRUE(raised);
}

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
