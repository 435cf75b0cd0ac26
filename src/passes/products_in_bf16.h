// The target's choice, after prepare(): products of floats (conv, dense, matmul, attention, those of recurrent layers) get the attribute precision "bf16", and lowering rounds what
// they multiply to bfloat16. Sums and everything else stay f32. Graphs that also compute in integers are left alone: there a float that is rounded
// elsewhere may become another integer. Returns how many products there are.
#pragma once
#include <cstddef>

#include "ir/graph.h"

namespace verge::passes {

size_t products_in_bf16(Graph& graph);

}  // namespace verge::passes
