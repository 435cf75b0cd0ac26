// After products_in_bf16(): values between two products of bf16 become bf16 themselves where the operator that makes them and all that read them can have
// them so (ops::bf16_values). A value is rounded once, when it is stored; arithmetic stays in float. What comes before the first product and after the
// last, such as spectra or boxes, stays f32, and so do the graph's inputs and outputs. Where the largest of these values takes less than `fewest_bytes` in f32,
// all stay f32: what lies in the nearest caches anyway is not worth the rounding. Returns how many values became bf16.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ir/graph.h"

namespace verge::passes {

size_t values_in_bf16(Graph& graph, int64_t fewest_bytes = 0);

}  // namespace verge::passes
