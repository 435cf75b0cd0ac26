// Weights in another order of dimensions: ONNX's [out, in/groups, kh, kw] becomes the core set's [out, kh, kw, in/groups].
#pragma once
#include <vector>

#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

// Dimension i of the result is dimension perm[i] of `tensor`; quantisation follows its axis. Four-bit elements become eight-bit ones.
Tensor transposed(const Tensor& tensor, const std::vector<int>& perm);

// `weights` transposed by `perm`, then seen as `shape` (empty: as they are; its first dimension must be that of the transposed weights). Constants are
// rewritten, and so are constants behind a dequantize; anything else gets a transpose node.
ValueId rearranged(NodeContext& c, ValueId weights, const std::vector<int>& perm, const std::vector<int64_t>& shape = {});

// True when the weights are known: a constant, or a dequantized constant.
bool is_weight(const Graph& graph, ValueId value);

}  // namespace verge::formats::onnx
