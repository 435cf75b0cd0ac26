// z = clamp(f(x, y)) for the functions of binary.inc, numpy's broadcasting; the comparisons and bit functions of logic.inc.
//
//   f32       any function; clamp_min and clamp_max as real bounds
//   integers  int64 arithmetic stored with wrap-around; x / 0 is 0; no clamp
//   quantised i8 or u8 throughout. add, sub, mul, prelu: docs/integer.md; minimum, maximum: inputs are requantised to the output's scale first
//
// prelu(x, slope) is x < 0 ? x * slope : x. Comparisons give bool; quantised inputs of different scales are compared as real numbers.
#pragma once
#include "ops/affine.h"
#include "ops/binary/binary_attrs.h"
#include "ops/op.h"

namespace verge::ops {

struct BinaryFunction {
  const char* name;
  BinaryF32 kernel;
  exec::BinaryInt integer;  // kCount: none
  int operations;
  double (*value)(double x, double y);
};
const BinaryFunction& binary_function(const Node& node);

struct CompareFunction {
  const char* name;
  exec::Comparison comparison;
  bool (*value)(double x, double y);
};
const CompareFunction& compare_function(const Node& node);

// The integer function of a bit operator.
exec::BinaryInt bit_function(const Node& node);

// Inference of a function of inputs 0 and 1: equal element types, broadcast dimensions.
Result<void> infer_broadcast(InferContext& context);

// add, sub, mul, prelu, minimum and maximum of quantised tensors.
Result<void> reference_binary_quantized(ReferenceContext& context);
Result<void> lower_binary_quantized(const Node& node, Emitter& emitter);

Result<void> reference_binary(ReferenceContext& context);
Result<void> reference_compare(ReferenceContext& context);
Result<void> reference_bits(ReferenceContext& context);

// The input whose memory the output may take: one of the output's own shape; -1: none.
int in_place_operand(const Graph& graph, const Node& node);

}  // namespace verge::ops
