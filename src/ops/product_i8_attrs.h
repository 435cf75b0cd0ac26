// What quantised convolution and dense layers share: sums of products in int32, requantised per output channel (docs/integer.md).
//
// Inputs of the instruction, arrays in the order of kernels/gemm_i8/conv_i8.h (spread_columns):
//   0 x   1 packed weights i8   2 folded bias i32   3 column sums i32 (not for depthwise)   4 multipliers, then shifts i32 (tflm), or
//   scales f32 (onnx)   5 zero points of the weights i32 (absent: symmetric)
#pragma once
#include <cstring>

#include "kernels/gemm_i8/conv_i8.h"
#include "rt/op_table.h"

namespace verge::exec {

struct RequantAttrs {
  int32_t mode = 0;  // RequantMode
  int32_t zero_point = 0;
  int32_t min = -128, max = 127;  // within the output's type
};

// Input `index` of the instruction holds `columns` scales, or twice as many numbers: constants that no kernel stumbles over.
Status check_requant(const RequantAttrs& attrs, const rt::Instruction& in, int index, uint64_t columns);
Requant requant_of(const RequantAttrs& attrs, const rt::Instruction& in, int index);

struct ProductI8Attrs {
  int32_t x_zero_point = 0;  // as stored
  RequantAttrs requant;
  int32_t weight_bits = 8;  // 4: packed two a byte (not for depthwise)
};

// All but weights, sums and scratch, whose sizes depend on the packing; `columns` is what each array holds.
Status check_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, uint64_t columns);

// ConvI8 or DepthwiseI8 of an instruction, ready to run but for column sums. Scratch, where there is one, is filled with the padding.
template <typename Conv> Conv product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry) {
  if (in.scratch()) std::memset(in.scratch()->data, attrs.x_zero_point, in.scratch_bytes());
  Conv conv;
  conv.geometry = geometry;
  conv.input = in.in(0).data;
  conv.input_step = static_cast<size_t>(geometry.in_c);
  conv.weights = in.in(1).template as<int8_t>();
  conv.bias = in.in(2).template as<int32_t>();
  conv.weight_zero_point = in.has(5) ? in.in(5).template as<int32_t>() : nullptr;
  conv.padding = in.scratch() ? in.scratch()->data : nullptr;
  conv.x_unsigned = in.in(0).dtype == DataType::kU8;
  conv.output = in.out().data;
  conv.output_step = static_cast<size_t>(geometry.out_c);
  conv.requant = requant_of(attrs.requant, in, 4);
  return conv;
}

// The same for conv_i8.h's packing, which convolution and dense layers share. `geometry` has passed check_geometry; where it reaches into padding,
// scratch holds a tap.
Status check_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry);
Status run_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry, const rt::RunEnv& env);

}  // namespace verge::exec
