// Who gives way to whom on a busy processor.
#pragma once
#include "core/result.h"

namespace verge {

enum class Priority {
  kBackground,  // runs when nobody else wants to (SCHED_IDLE); anybody may ask for it
  kNormal,
  kCritical,  // runs at once, before everybody else (SCHED_FIFO), or else before others of its kind (nice)
};

// Of the calling thread; threads that it starts inherit it. kUnsupported when the system does not allow it: a critical thread then needs CAP_SYS_NICE.
Result<void> set_thread_priority(Priority priority);

}  // namespace verge
