#include "os/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace verge {

namespace {

void pause_processor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

// What it takes to wake a thread; measured on Linux in a virtual machine.
constexpr auto kPolling = std::chrono::microseconds(50);

// Polls until `ready` or until a sleep would have been as cheap. True if ready.
template <typename Ready> bool poll(const Ready& ready) {
  if (ready()) return true;
  const auto end = std::chrono::steady_clock::now() + kPolling;
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return true;
      pause_processor();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

cpu_set_t usable_set() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_ZERO(&set);
  return set;
}

}  // namespace

int usable_processors() {
  const cpu_set_t set = usable_set();
  return std::max(1, CPU_COUNT(&set));
}

ThreadPool::ThreadPool(int threads) : usable_(usable_set()) {
  const int wanted = threads > 0 ? threads : usable_processors();
  for (int i = 1; i < wanted; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(sleep_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

ParallelFor ThreadPool::parallel_for() {
  return {[](void* self, size_t count, Task task, void* arg) { static_cast<ThreadPool*>(self)->run(count, task, arg); }, this, threads()};
}

void ThreadPool::run(size_t count, Task task, void* arg) {
  constexpr size_t kMost = std::numeric_limits<uint32_t>::max();
  std::lock_guard region(region_);
  for (size_t first = 0; first < count; first += kMost) run_piece(first, std::min(count - first, kMost), task, arg);
}

void ThreadPool::run_piece(size_t first, size_t count, Task task, void* arg) {
  task_ = task;
  arg_ = arg;
  first_ = first;
  count_ = static_cast<uint32_t>(count);
  done_ = 0;
  caller_processor_.store(::sched_getcpu(), std::memory_order_relaxed);
  open_ = Range{0, count_};
  if (sleepers_ > 0) {
    { std::lock_guard lock(sleep_); }  // a worker that is about to sleep has seen the region or sleeps by now
    wake_.notify_all();
  }
  take_all(Side::kFront);
  const auto all_done = [this] { return done_ == count_; };
  if (poll(all_done)) return;
  std::unique_lock lock(sleep_);
  caller_sleeps_ = true;
  idle_.wait(lock, all_done);
  caller_sleeps_ = false;
}

bool ThreadPool::take(Side side, uint32_t* index) {
  Range seen = open_;
  while (!seen.empty()) {
    Range left = seen;
    *index = side == Side::kFront ? left.begin++ : --left.end;
    if (open_.compare_exchange_weak(seen, left)) return true;
  }
  return false;
}

void ThreadPool::take_all(Side side) {
  for (uint32_t index; take(side, &index);) {
    const uint32_t count = count_;
    task_(arg_, first_ + index);
    if (done_.fetch_add(1) + 1 != count || !caller_sleeps_) continue;
    { std::lock_guard lock(sleep_); }
    idle_.notify_one();
  }
}

// Where every processor is taken, the scheduler may wake a worker on the caller's, and there it would wait until the caller sleeps.
void ThreadPool::keep_off_caller() {
  const int processor = caller_processor_.load(std::memory_order_relaxed);
  if (processor < 0 || processor != ::sched_getcpu()) return;
  cpu_set_t others = usable_;
  CPU_CLR(static_cast<size_t>(processor), &others);
  if (CPU_COUNT(&others) > 0) ::sched_setaffinity(0, sizeof others, &others);
}

void ThreadPool::work() {
  while (!stop_) {
    keep_off_caller();
    take_all(Side::kBack);
    if (poll([this] { return has_news(); })) continue;
    std::unique_lock lock(sleep_);
    ++sleepers_;
    wake_.wait(lock, [this] { return has_news(); });
    --sleepers_;
  }
}

}  // namespace verge
