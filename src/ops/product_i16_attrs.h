// What convolution and dense layers of int16 activations and int8 weights share (docs/integer.md, kernels/conv_i16/conv_i16.h).
//
// Inputs of the instruction:
//   0 x i16   1 weights i8 [out][kernel][in / groups]   2 bias i64 or i32 [out] (absent: zeros)   3 multipliers, then shifts i32 [2 * out]
// An i32 bias means a 32-bit accumulator, else it has 64 bits.
#pragma once
#include "kernels/conv_i16/conv_i16.h"
#include "ops/window_attrs.h"
#include "rt/op_table.h"

namespace verge::exec {

struct ProductI16Attrs {
  int32_t min = -32768, max = 32767;
};

struct ConvI16Attrs {
  WindowAttrs window;
  int32_t groups = 1;
  ProductI16Attrs product;
};

// `geometry` has passed check_geometry.
Status check_product_i16(const ProductI16Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry);
Status run_product_i16(const ProductI16Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry, const rt::RunEnv& env);

}  // namespace verge::exec
