// Reshapes whose target is partly symbolic.
#pragma once
#include <vector>

#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

// One dimension of a target: a size, or dimension `from` of the input.
struct TargetDim {
  Dim dim;
  int from = -1;
};

// `x` as `target`: known sizes stand as they are, a dimension at its old place is copied, and one more may be left to be computed. Refuses when more than
// one unknown dimension moves.
Result<ValueId> reshaped(NodeContext& c, ValueId x, const std::vector<TargetDim>& target);

// [product of the dimensions before `axis`, product of the others]
Result<ValueId> flattened(NodeContext& c, ValueId x, int axis);
// `y`, which was flattened(like, axis), in the shape of `like`.
Result<ValueId> unflattened(NodeContext& c, ValueId y, ValueId like, int axis);

// `x` without dimensions of size 1 at `axes` / with new ones there (positions in the result).
Result<ValueId> squeezed(NodeContext& c, ValueId x, const std::vector<int64_t>& axes);
Result<ValueId> unsqueezed(NodeContext& c, ValueId x, const std::vector<int64_t>& axes);

}  // namespace verge::formats::onnx
