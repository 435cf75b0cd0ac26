// What quantised convolution and dense layers share: sums of products in int32, requantised per output channel (docs/integer.md).
//
// Inputs of the instruction, arrays in the order of kernels/gemm_i8/conv_i8.h (spread_columns):
//   0 x   1 packed weights i8   2 the columns' arrays (ColumnArrays)   3 zero points of the weights i32 (absent: symmetric)
#pragma once
#include <cstring>

#include "kernels/gemm_i8/conv_i8.h"
#include "rt/op_table.h"

namespace verge::exec {

struct RequantAttrs {
  int16_t mode = 0;  // RequantMode; kNone: f32 output, sum * scale (dense layers)
  int16_t zero_point = 0;
  int16_t min = -128, max = 127;  // within the output's type
};

struct ProductI8Attrs {
  int16_t x_zero_point = 0;  // as stored
  uint8_t weight_bits = 8;   // 4: packed two a byte (not for depthwise)
  uint8_t sum_bytes = 0;     // of a column's sum of weights: 0 for depthwise, else 2 or 4
  RequantAttrs requant;
};

// The output is f32: each sum times its column's scale.
inline bool gives_reals(const ProductI8Attrs& attrs) { return attrs.requant.mode == static_cast<int16_t>(RequantMode::kNone); }

// Where in one constant of bytes the arrays of all columns lie, [columns] each, one after the other: folded bias i32; multipliers i32 (tflm) or
// scales f32 (onnx, none); sums of weights, i16 or i32; shifts i8 (tflm). `columns` is a multiple of kColumnBlock.
struct ColumnArrays {
  bool tflm = true;
  size_t sum_bytes = 0;
  uint64_t columns = 0;

  ColumnArrays(const ProductI8Attrs& attrs, uint64_t count) : tflm(attrs.requant.mode == static_cast<int16_t>(RequantMode::kTflm)), sum_bytes(attrs.sum_bytes), columns(count) {}
  uint64_t factors() const { return 4 * columns; }
  uint64_t sums() const { return 8 * columns; }
  uint64_t shifts() const { return (8 + sum_bytes) * columns; }
  uint64_t bytes() const { return shifts() + (tflm ? columns : 0); }
};
// `arrays` is the constant of ColumnArrays.
Requant requant_of(const ProductI8Attrs& attrs, const TensorView& arrays);

// Panels of packed int8 weights are read with aligned loads; tensors of the arena lie so anyway.
inline bool lies_at_lines(const TensorView& packed) { return reinterpret_cast<uintptr_t>(packed.data) % 64 == 0; }

// Range, mode and output type; not the factors.
Status check_requant(const RequantAttrs& attrs, const rt::Instruction& in);
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
  conv.weight_zero_point = in.has(3) ? in.in(3).template as<int32_t>() : nullptr;
  conv.padding = in.scratch() ? in.scratch()->data : nullptr;
  conv.x_unsigned = in.in(0).dtype == DataType::kU8;
  conv.output = in.out().data;
  conv.output_step = static_cast<size_t>(geometry.out_c);
  conv.requant = requant_of(attrs, in.in(2));
  return conv;
}

// The same for conv_i8.h's packing, which convolution and dense layers share. `geometry` has passed check_geometry; where it reaches into padding,
// scratch holds a tap.
Status check_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry);
Status run_conv_product_i8(const ProductI8Attrs& attrs, const rt::Instruction& in, const ConvGeometry& geometry, const rt::RunEnv& env);

}  // namespace verge::exec
