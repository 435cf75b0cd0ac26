#include "os/thread_pool.h"

#include <sched.h>

namespace verge {

int usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int n = CPU_COUNT(&set);
  return n > 0 ? n : 1;
}

ThreadPool::ThreadPool(int threads) {
  const int wanted = threads > 0 ? threads : usable_processors();
  for (int i = 1; i < wanted; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

ParallelFor ThreadPool::parallel_for() {
  return {[](void* self, size_t count, Task task, void* arg) { static_cast<ThreadPool*>(self)->run(count, task, arg); }, this, threads()};
}

void ThreadPool::run(size_t count, Task task, void* arg) {
  std::lock_guard region(region_);
  {
    std::lock_guard lock(mutex_);
    task_ = task;
    arg_ = arg;
    count_ = count;
    next_ = 0;
    ++generation_;
  }
  wake_.notify_all();
  take_indices(count, task, arg);
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return busy_ == 0; });
  count_ = 0;  // a worker that wakes late finds nothing to do
}

void ThreadPool::take_indices(size_t count, Task task, void* arg) {
  while (true) {
    const size_t i = __atomic_fetch_add(&next_, size_t{1}, __ATOMIC_RELAXED);
    if (i >= count) return;
    task(arg, i);
  }
}

void ThreadPool::work() {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || (generation_ != seen && count_ > 0); });
    if (stop_) return;
    seen = generation_;
    ++busy_;
    const size_t count = count_;
    const Task task = task_;
    void* const arg = arg_;
    lock.unlock();
    take_indices(count, task, arg);
    lock.lock();
    if (--busy_ == 0) idle_.notify_all();
  }
}

}  // namespace verge
