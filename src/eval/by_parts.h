// Runs of samples side by side on this machine's processors.
#pragma once
#include <functional>

#include "core/result.h"

namespace verge {

// How many runs nobody times are worth side by side: a processor each, but for a few samples.
size_t useful_parts(size_t samples);

// body(part, begin, end) for each of `parts` runs of consecutive samples that together are all `count`, at the same time as far as there are processors.
// The first part's error is returned. Runs follow from count and parts alone, so what is merged in their order does not depend on the machine.
Result<void> by_parts(size_t count, size_t parts, const std::function<Result<void>(size_t part, size_t begin, size_t end)>& body);

}  // namespace verge
