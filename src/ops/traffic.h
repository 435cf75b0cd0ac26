// What a node reads and writes, for cost functions.
#pragma once
#include "ops/op.h"

namespace verge::ops {

// weight_bytes of constant inputs, activation_bytes of the others and of outputs. Zeros unless every type is static.
Cost traffic(const Graph& graph, const Node& node);

}  // namespace verge::ops
