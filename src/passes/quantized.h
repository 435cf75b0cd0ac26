// Values on the integer side of dequantize.
#pragma once
#include "ir/graph.h"

namespace verge::passes {

// 8-bit integers with one scale.
bool is_byte_tensor(const TensorType& type);
// What `value` is the dequantised form of, if that is a byte tensor; else invalid.
ValueId integer_source(const Graph& graph, ValueId value);
// Likewise for constant weights of 8 bits, which may have a scale for each index along `axis`.
ValueId integer_weights(const Graph& graph, ValueId value, int axis);
// An operator that hands on elements of input 0 (of all inputs: concat) as they are, so that it may work on integers just as well.
bool moves_elements(const Node& node);

}  // namespace verge::passes
