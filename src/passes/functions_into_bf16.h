// After values_in_bf16(): a function of what a product or a depthwise convolution stores as bf16 becomes part of it, while that is still near.
//
//   a = conv x, w     a = conv x, w activation=silu
//   b = silu a     ->
//
// The results are the same to the bit. Returns how many functions went.
#pragma once
#include <cstddef>

#include "ir/graph.h"

namespace verge::passes {

size_t functions_into_bf16(Graph& graph);

}  // namespace verge::passes
