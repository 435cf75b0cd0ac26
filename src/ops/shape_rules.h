// Rules that inference of many operators shares. Symbolic dimensions stay symbolic.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"
#include "ops/op.h"

namespace verge::ops {

// A possibly negative axis as an index below `rank`.
Result<int> axis_of(int64_t axis, int rank);
// Several, each once, ascending; none means all.
Result<std::vector<int>> axes_of(const std::vector<int64_t>& axes, int rank);

// Numpy's broadcasting of shapes.
Result<std::vector<Dim>> broadcast_dims(const std::vector<Dim>& a, const std::vector<Dim>& b);

// One dimension from two that must be equal; a known size wins over a symbol.
Result<Dim> equal_dim(const Dim& a, const Dim& b);

// The element type of the output: the input's; when the input is quantised and the value says another integer type already, that one.
DataType output_dtype(const InferContext& context, size_t input = 0, size_t output = 0);

// y has the input's dimensions and output_dtype.
void infer_same(InferContext& context);

// Fails unless the type is ranked: operators whose output rank follows the input's.
Result<void> need_rank(const TensorType& type, const char* what);

// Bytes read and written by a node whose types are static.
int64_t moved_bytes(const Graph& graph, const Node& node);
// Cost of a node that only moves bytes.
Cost movement_cost(const Graph& graph, const Node& node);
// `per_element` operations for each output element.
Cost elementwise_cost(const Graph& graph, const Node& node, int64_t per_element = 1);

}  // namespace verge::ops
