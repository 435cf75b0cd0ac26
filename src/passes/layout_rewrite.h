// Writes a graph again with nodes placed in other orders of dimensions, and transposes wherever a value is wanted in an order that nobody stores it in.
#pragma once
#include "passes/layout_place.h"

namespace verge::passes {

// `placements` by NodeId::index; none: the node stays as the source has it. Inputs and outputs of the graph keep their order. A node whose output is stored in
// another order than the source's says so in attribute "order" (see layout_order.h), so that its values can still be compared with the source's.
Graph rewritten(const Graph& graph, const std::vector<std::optional<Placement>>& placements);

}  // namespace verge::passes
