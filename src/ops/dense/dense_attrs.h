// Matrix times constant weights.
//
//   dense_f32   in: x [.., k], weights, bias     packed by kernels/gemm/pack_f32.h
//   dense_bf16  the same, weights in bf16 by kernels/gemm_bf16; scratch: conv_bf16_scratch_size bytes a thread
//               or x, weights of the blocks that are not zero, bias, panels' first blocks, blocks' columns (kernels/sparse/sparse_f32.h)
//   dense_i8    ProductI8Attrs, as the product of a pointwise convolution whose pixels are the rows
#pragma once
#include "kernels/conv_geometry.h"
#include "base/shape.h"

namespace verge::exec {

struct DenseF32Attrs {
  float clamp_min = 0, clamp_max = 0;
};

// y has x's rows: all dimensions but the last, at least one row, at most INT32_MAX.
bool rows_fit(const Shape& x, const Shape& y);
// Rows as pixels of a pointwise convolution.
ConvGeometry rows_geometry(const Shape& x, const Shape& y);

}  // namespace verge::exec
