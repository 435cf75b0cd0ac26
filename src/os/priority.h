// Who gives way to whom on a busy processor.
#pragma once
#include <pthread.h>

#include "core/result.h"

namespace verge {

enum class Priority {
  kBackground,  // runs when nobody else wants to (SCHED_IDLE); anybody may ask for it
  kNormal,
  kCritical,  // runs at once, before everybody else (SCHED_FIFO), or else before others of its kind (nice)
};

// Of the calling thread; threads that it starts inherit it. kUnsupported when the system does not allow it: a critical thread then needs CAP_SYS_NICE.
Result<void> set_thread_priority(Priority priority);

// Pages that this process has touched stay in memory from now on, code included. kUnsupported where the limit of locked memory forbids it.
Result<void> stay_in_memory();

// A std::mutex whose holder has the priority of the most urgent thread that waits for it (PTHREAD_PRIO_INHERIT): no third thread comes between them.
class UrgentMutex {
 public:
  UrgentMutex();
  ~UrgentMutex() { ::pthread_mutex_destroy(&mutex_); }
  UrgentMutex(const UrgentMutex&) = delete;
  UrgentMutex& operator=(const UrgentMutex&) = delete;
  void lock() { ::pthread_mutex_lock(&mutex_); }
  void unlock() { ::pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_;
};

}  // namespace verge
