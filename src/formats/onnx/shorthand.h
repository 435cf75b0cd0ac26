// Core nodes that translations add often, in one word.
#pragma once
#include <vector>

#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

inline constexpr const char* kFixShapes = "give sizes to the symbolic dimensions (--dim NAME=SIZE), or export the model with fixed shapes";

// Elements [begin, end) of dimension `axis`, every `step`-th.
ValueId sliced(NodeContext& c, ValueId x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1);
ValueId transposed(NodeContext& c, ValueId x, std::vector<int64_t> perm);
// 0 copies a dimension, -1 fills.
ValueId shaped(NodeContext& c, ValueId x, std::vector<int64_t> shape);
ValueId concatenated(NodeContext& c, std::vector<ValueId> parts, int64_t axis);
ValueId cast(NodeContext& c, ValueId x, DataType to);  // nothing where it is of that type
ValueId as_f32(NodeContext& c, ValueId x);
ValueId reduced(NodeContext& c, const char* op, ValueId x, std::vector<int64_t> axes, bool keepdims);
ValueId expanded(NodeContext& c, ValueId x, std::vector<int64_t> shape);
// f32 numbers, seen as `shape`.
ValueId reals(NodeContext& c, const std::vector<double>& values, const Shape& shape);
ValueId integers(NodeContext& c, const std::vector<int64_t>& values, const Shape& shape);
ValueId bools(NodeContext& c, const std::vector<bool>& values, const Shape& shape);

// The shape of a value whose every dimension is known; refuses otherwise. `what` names it.
Result<Shape> known_shape(NodeContext& c, ValueId value, const char* what);

}  // namespace verge::formats::onnx
