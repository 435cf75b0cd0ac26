// Questions that rules ask of a Graph.
#pragma once
#include <optional>

#include "ir/graph.h"

namespace verge {

// Nobody but one input of one node reads `value`, and it is no graph output.
bool read_once(const Graph& graph, ValueId value);
// The producer of `value`, when `value` is its only output and is read once: the producer may then be changed or taken into its reader. Else null.
const Node* exclusive_producer(const Graph& graph, ValueId value);
// The number that a constant (not quantised, not empty) holds in every element.
std::optional<double> uniform(const Graph& graph, ValueId value);
// The elements of a constant (not quantised) that broadcasts to a tensor of `rank` dimensions and varies along `axis` alone, stretched to `size` of them.
std::optional<std::vector<double>> along_axis(const Graph& graph, ValueId value, int rank, int axis, int64_t size);

}  // namespace verge
