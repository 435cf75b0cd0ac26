#include "os/priority.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace verge {
namespace {

constexpr int kRealTime = 10, kNicer = -10;

bool schedule(int policy, int priority) {
  const sched_param param{priority};
  return ::sched_setscheduler(0, policy, &param) == 0;  // of this thread, on Linux
}

}  // namespace

Result<void> set_thread_priority(Priority priority) {
  bool good = false;
  switch (priority) {
    case Priority::kBackground: good = schedule(SCHED_IDLE, 0); break;
    case Priority::kNormal: good = schedule(SCHED_OTHER, 0); break;
    case Priority::kCritical: good = schedule(SCHED_FIFO, kRealTime) || ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNicer) == 0; break;
  }
  if (good) return done();
  return unsupported(std::string("the system does not allow this priority (") + std::strerror(errno) +
                     "); a critical model needs CAP_SYS_NICE, or the limit of rtprio or nice raised");
}

Result<void> stay_in_memory() {
  if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return done();
  return unsupported(std::string("the system does not allow to lock memory (") + std::strerror(errno) +
                     "); a critical model needs CAP_IPC_LOCK, or the limit of memlock raised");
}

UrgentMutex::UrgentMutex() {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  ::pthread_mutex_init(&mutex_, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
}

}  // namespace verge
