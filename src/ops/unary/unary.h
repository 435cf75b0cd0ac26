// y[i] = f(x[i]) for the functions of unary.inc.   x, y: any equal shape.
//
// f32 runs the function itself. Quantised 8-bit types become a table of 256 made once at lowering: relu, clamp, sigmoid, tanh, hswish and
// leaky_relu by TensorFlow Lite Micro's integer arithmetic (docs/integer.md), the others from the real function, and all of them so when
// requant = onnx. is_nan gives bool; not maps bool to bool. Integers without scale have neg, abs, sign, square, relu, clamp and the roundings.
#pragma once
#include <array>

#include "kernels/elementwise/unary_f32.h"
#include "ops/affine.h"
#include "ops/op.h"

namespace verge::ops {

struct UnaryFunction {
  const char* name;
  UnaryF32 kernel;
  const char *a_name, *b_name;
  double a_default, b_default;
  int operations;
  double (*value)(double x, double a, double b);
};

// The function of a node of this family.
const UnaryFunction& unary_function(const Node& node);

// The function with the node's parameters.
struct UnaryValue {
  const UnaryFunction& function;
  double a, b;
  double operator()(double x) const { return function.value(x, a, b); }
};
UnaryValue unary_value(const Node& node);

// The output byte for each input byte, by the byte's unsigned value. Reference and lowering both use it.
using Table8 = std::array<uint8_t, 256>;
Result<Table8> unary_table(const Node& node, const AffineType& x, const AffineType& y);
Table8 not_table();

Result<void> reference_unary(ReferenceContext& context);

}  // namespace verge::ops
