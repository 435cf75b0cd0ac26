// Tensors quantised with one scale: what their integers mean, and the way from a real number to one of them.
#pragma once
#include "core/result.h"
#include "ir/graph.h"
#include "kernels/requant/requant.h"

namespace verge::ops {

// real = scale * (q - zero_point), q within [min, max] of an integer type of at most 32 bits.
struct AffineType {
  DataType dtype = DataType::kNone;
  float scale = 1;
  int32_t zero_point = 0;
  int32_t min = 0, max = 0;

  double real(int32_t q) const { return static_cast<double>(scale) * (static_cast<double>(q) - zero_point); }
  int32_t saturated(double q) const { return static_cast<int32_t>(q <= min ? min : q >= max ? max : q); }
  friend bool operator==(const AffineType&, const AffineType&) = default;
};

// Fails for a type that is not quantised as one tensor; `what` names the value in the message.
Result<AffineType> affine_type(DataType dtype, const QuantParams& quant, const char* what);
inline Result<AffineType> affine_type(const TensorType& type, const char* what) { return affine_type(type.dtype, type.quant, what); }
inline Result<AffineType> affine_type(const Tensor& tensor, const char* what) { return affine_type(tensor.dtype(), tensor.quant(), what); }

// A real number as a quantised one, saturating; round half away from zero (tflm), half to even (onnx). NaN becomes the zero point.
int32_t quantized_value(double real, const AffineType& type, RequantMode mode);

}  // namespace verge::ops
