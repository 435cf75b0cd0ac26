// A pool of threads that sleep between inferences. Shared by sessions; one parallel region at a time, others wait their turn.
//
// Waking a sleeping thread costs as much as a small operator, so whoever waits polls for about that long first and sleeps then: never more than twice the
// cost of the better choice (Karlin, Manasse, McGeoch, Owicki: Competitive randomized algorithms for non-uniform problems, SODA 1990), and a neighbour that
// wants the processor loses at most that much of it.
#pragma once
#include <sched.h>

#include <atomic>
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
  // Indices of the present region that nobody has taken, [begin, end). The caller takes them from the front and workers from the back, so that from one
  // operator to the next a thread finds its own part in its cache. Aligned, so that clang too exchanges it by one instruction.
  struct alignas(8) Range {
    uint32_t begin, end;
    bool empty() const { return begin == end; }
  };
  enum class Side { kFront, kBack };

  void run(size_t count, Task task, void* arg);
  void run_piece(size_t first, size_t count, Task task, void* arg);
  bool take(Side side, uint32_t* index);
  void take_all(Side side);
  void work();
  void keep_off_caller();
  bool has_news() const { return stop_.load() || !open_.load().empty(); }

  cpu_set_t usable_;
  std::vector<std::thread> workers_;
  std::mutex region_;  // held by the caller for one parallel region

  // Written before the region opens and read only by whoever has taken an index, which keeps the region open.
  Task task_ = nullptr;
  void* arg_ = nullptr;
  size_t first_ = 0;
  uint32_t count_ = 0;

  std::atomic<Range> open_{Range{0, 0}};
  std::atomic<uint32_t> done_{0};
  std::atomic<int> sleepers_{0}, caller_processor_{-1};
  std::atomic<bool> caller_sleeps_{false}, stop_{false};
  std::mutex sleep_;
  std::condition_variable wake_, idle_;
};

// Processors that this process may run on.
int usable_processors();

}  // namespace verge
