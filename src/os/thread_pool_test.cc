#include "os/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace verge {
namespace {

// How often each index is run in one region of `count`.
std::vector<int> times_run(const ParallelFor& parallel, size_t count) {
  std::vector<std::atomic<int>> times(count);
  parallel.each(count, [&](size_t i) { ++times[i]; });
  return {times.begin(), times.end()};
}

TEST(ThreadPool, RunsEveryIndexOnceInManyShortRegions) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (size_t region = 0; region < 5000; ++region) {
      const size_t count = 1 + region % 17;
      ASSERT_EQ(times_run(pool.parallel_for(), count), std::vector<int>(count, 1)) << threads << " threads, region " << region;
    }
  }
}

TEST(ThreadPool, WakesThreadsThatSleep) {
  ThreadPool pool(3);
  for (int region = 0; region < 20; ++region) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_EQ(times_run(pool.parallel_for(), 9), std::vector<int>(9, 1));
  }
}

TEST(ThreadPool, AnIndexIsRunByASecondThreadWhileTheFirstIsBusy) {
  ThreadPool pool(2);
  std::atomic<int> inside{0};
  pool.parallel_for().each(2, [&](size_t) {
    ++inside;
    while (inside < 2) std::this_thread::yield();
  });
  EXPECT_EQ(inside, 2);
}

TEST(ThreadPool, WaitsForALongTaskOfAnotherThread) {
  ThreadPool pool(2);
  std::atomic<int> done{0};
  pool.parallel_for().each(2, [&](size_t i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(i == 0 ? 1 : 20));
    ++done;
  });
  EXPECT_EQ(done, 2);
}

TEST(ThreadPool, ServesSeveralCallers) {
  ThreadPool pool(2);
  std::atomic<int> sum{0};
  const auto caller = [&] {
    for (int region = 0; region < 500; ++region) pool.parallel_for().each(7, [&](size_t) { ++sum; });
  };
  std::thread other(caller);
  caller();
  other.join();
  EXPECT_EQ(sum, 2 * 500 * 7);
}

void move_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
}

// One task on each of the two threads; the second thread's.
template <typename Body> void on_the_worker(ThreadPool& pool, const Body& body) {
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> inside{0};
  pool.parallel_for().each(2, [&](size_t) {
    ++inside;
    while (inside < 2) std::this_thread::yield();
    if (std::this_thread::get_id() != caller) body();
  });
}

TEST(ThreadPool, AWorkerThatFindsItselfOnTheCallersProcessorKeepsOffIt) {
  if (usable_processors() < 2) GTEST_SKIP() << "one processor";
  std::thread([] {
    ThreadPool pool(2);
    const int processor = sched_getcpu();
    move_to(processor);
    on_the_worker(pool, [&] { move_to(processor); });
    int of_worker = processor;
    for (int region = 0; region < 100 && of_worker == processor; ++region) on_the_worker(pool, [&] { of_worker = sched_getcpu(); });
    EXPECT_NE(of_worker, processor);
  }).join();
}

}  // namespace
}  // namespace verge
