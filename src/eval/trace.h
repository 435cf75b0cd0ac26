// What a Program does over time, as Perfetto and chrome://tracing read it.
#pragma once
#include <span>

#include "core/json.h"
#include "lower/executable.h"

namespace verge {

// `runs` inferences, each a slice with its instructions inside: the Trace Event Format's complete events, times in microseconds.
Result<Json> trace_runs(Executable& executable, std::span<const Tensor> inputs, size_t runs);

}  // namespace verge
