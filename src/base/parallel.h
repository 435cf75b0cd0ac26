// Threads as the device rooms see them: a function pointer that somebody supplies.
#pragma once
#include <cstddef>

namespace verge {

using Task = void (*)(void* arg, size_t index);

// Runs task(arg, i) once for each i < count and returns when all are done. The work per index is fixed by the caller from shapes alone, so a
// result never depends on `threads`.
struct ParallelFor {
  void (*run)(void* context, size_t count, Task task, void* arg) = nullptr;
  void* context = nullptr;
  int threads = 1;

  void operator()(size_t count, Task task, void* arg) const {
    if (run && threads > 1 && count > 1) return run(context, count, task, arg);
    for (size_t i = 0; i < count; ++i) task(arg, i);
  }
  // Calls body(i) for each i < count; `body` is any callable.
  template <typename Body> void each(size_t count, const Body& body) const {
    (*this)(count, [](void* arg, size_t i) { (*static_cast<const Body*>(arg))(i); }, const_cast<void*>(static_cast<const void*>(&body)));
  }
};

}  // namespace verge
