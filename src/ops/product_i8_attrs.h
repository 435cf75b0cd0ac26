// What quantised convolution and dense layers share: sums of products in int32, requantised per output channel (docs/integer.md).
//
// Inputs of the instruction, arrays in the order of kernels/gemm_i8/conv_i8.h (spread_columns):
//   0 x   1 packed weights i8   2 folded bias i32   3 column sums i32   4 multipliers i32 (tflm) or scales f32 (onnx)
//   5 shifts i32 (tflm only)    6 zero points of the weights i32 (absent: symmetric)
#pragma once
#include "kernels/gemm_i8/conv_i8.h"
#include "rt/op_table.h"

namespace verge::exec {

struct RequantAttrs {
  int32_t mode = 0;  // RequantMode
  int32_t zero_point = 0;
  int32_t min = -128, max = 127;  // within the output's type
};

// Multipliers or scales are input `first` of the instruction, shifts the next: constants of at least `columns` numbers that no kernel stumbles over.
Status check_requant(const RequantAttrs& attrs, const rt::Instruction& in, int first, uint64_t columns);
Requant requant_of(const RequantAttrs& attrs, const rt::Instruction& in, int first);

struct ProductI8Attrs {
  int32_t x_zero_point = 0;  // as stored
  RequantAttrs requant;
};

// `geometry` has passed check_geometry. Where it reaches into padding, scratch holds a tap.
Status check_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry);
// Ready to run; fills scratch with the padding.
ConvI8 product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry);

}  // namespace verge::exec
