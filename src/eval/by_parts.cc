#include "eval/by_parts.h"

#include <algorithm>
#include <vector>

#include "os/thread_pool.h"

namespace verge {

size_t useful_parts(size_t samples) {
  constexpr size_t kFew = 8;
  return std::clamp<size_t>(samples / kFew, 1, static_cast<size_t>(usable_processors()));
}

Result<void> by_parts(size_t count, size_t parts, const std::function<Result<void>(size_t part, size_t begin, size_t end)>& body) {
  std::vector<Result<void>> results(parts);
  ThreadPool pool(static_cast<int>(std::min<size_t>(parts, static_cast<size_t>(usable_processors()))));
  pool.parallel_for().each(parts, [&](size_t p) { results[p] = body(p, count * p / parts, count * (p + 1) / parts); });
  for (Result<void>& r : results)
    if (!r.ok()) return std::move(r);
  return done();
}

}  // namespace verge
