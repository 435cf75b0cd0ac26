// From one quantised type to another, for every operator whose inputs and output disagree: the arithmetic, and the instruction for it.
#pragma once
#include "base/requant.h"
#include "ops/affine.h"
#include "ops/emitter.h"

namespace verge::ops {

//   tflm   clamp(multiply_by_quantized_multiplier(q - zero_x, scale_x / scale_y) + zero_y)
//   onnx   clamp(rint(float(scale_x * (q - zero_x)) / scale_y) + zero_y), divided in f32: what quantize makes of what dequantize gives
struct Requantizer {
  AffineType x, y;
  RequantMode mode;
  Multiplier multiplier;

  Requantizer(const AffineType& from, const AffineType& to, RequantMode rounding);
  int32_t operator()(int32_t q) const;
};

// Values of one type as values of another; left alone where the types agree.
void requantize_all(std::vector<int64_t>& values, const AffineType& from, const AffineType& to, RequantMode mode);

// `out` = `in` requantised: a table for 8-bit types, an instruction for wider ones.
void emit_requantize(Emitter& emitter, TensorRef in, TensorRef out, const Requantizer& requantizer, const std::string& name);
// `out` (f32) = what `in` means.
void emit_dequantize(Emitter& emitter, TensorRef in, TensorRef out);

// The quantised value as tensor of another quantised type: itself when the types agree, else a temporary.
TensorRef requantized(Emitter& emitter, ValueId value, const AffineType& from, const AffineType& to, RequantMode mode, const std::string& name);

// The data input of an operator that moves elements without computing: where input and output are quantised differently, its values in the output's
// type (the same for the reference); else itself.
Result<TensorRef> moved_input(Emitter& emitter, const Node& node, size_t input = 0, size_t output = 0);
Result<Tensor> moved_tensor(const Node& node, const Tensor& x, const Tensor& y);

}  // namespace verge::ops
