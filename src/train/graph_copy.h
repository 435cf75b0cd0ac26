// A graph's nodes inside another graph.
#pragma once
#include <map>

#include "ir/graph.h"

namespace verge::train {

// Appends the nodes and constants of `from` to `to`. `map`: indices of values of `from` to values of `to`; it holds the inputs of `from` and gets all others.
// Types are not inferred.
void append_nodes(const Graph& from, Graph& to, std::map<uint32_t, ValueId>& map);

}  // namespace verge::train
