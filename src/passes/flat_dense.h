// Images flattened for a dense layer with constant weights: the order of the flattened elements is the weights' affair.
#pragma once
#include "ir/graph.h"

namespace verge::passes {

// A reshape [n, ...] -> [n, k] that only dense layers with constant weights read, perhaps through operators that work element by element.
bool is_flattened_into_dense(const Graph& graph, const Node& node);

}  // namespace verge::passes
