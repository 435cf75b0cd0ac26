// A pool of threads that sleep between tasks. Shared by sessions; one parallel region at a time, others wait their turn.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "base/parallel.h"

namespace verge {

class ThreadPool {
 public:
  // `threads` counts the caller: 1 starts none. 0 means every processor that this process may use.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  // A handle for the device rooms; valid as long as the pool.
  ParallelFor parallel_for();

 private:
  void run(size_t count, Task task, void* arg);
  void work();
  void take_indices(size_t count, Task task, void* arg);

  std::vector<std::thread> workers_;
  std::mutex region_;  // held by the caller for one parallel region
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  uint64_t generation_ = 0;
  bool stop_ = false;
  Task task_ = nullptr;
  void* arg_ = nullptr;
  size_t count_ = 0, next_ = 0, busy_ = 0;
};

// Processors that this process may run on.
int usable_processors();

}  // namespace verge
