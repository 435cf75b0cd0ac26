// Reductions of int8 or uint8 over any axes.
//
//   mean, tflm   y = clamp(multiply_by_quantized_multiplier(sum - n * zx, mean_multiplier(M, n)) + zy)     M: ratio_multiplier(x_scale, y_scale)
//   sum, tflm    y = clamp(multiply_by_quantized_multiplier(sum - n * zx, M) + zy)
//   mean, onnx   y = clamp(rint(float(sum - n * zx) * (scale / float(n))) + zy)                            scale: x_scale / y_scale
//   sum, onnx    y = clamp(rint(float(sum - n * zx) * scale) + zy)
//   max, min     y = max or min of x; one scale and zero point
//
// sum runs over the n values that are reduced to one, in int32. A reduction over nothing gives zy.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/requant.h"
#include "kernels/requant/requant.h"

namespace verge {

enum class ReduceI8Op : uint8_t { kMean, kSum, kMax, kMin };

inline constexpr int kReduceRank = 8;

struct ReduceI8 {
  ReduceI8Op op = ReduceI8Op::kMean;
  RequantMode mode = RequantMode::kTflm;  // not kNone
  bool is_unsigned = false;
  int rank = 0;
  size_t dims[kReduceRank] = {};
  bool reduced[kReduceRank] = {};
  int32_t x_zero_point = 0, y_zero_point = 0;  // as stored
  int32_t min = -128, max = 127;
  Multiplier multiplier;  // tflm: of the scales alone
  float scale = 1;        // onnx
  const void* x = nullptr;
  void* y = nullptr;  // the dims that are not reduced, in order
};

// The multiplier of the scales divided by n as the reference kernel of MEAN divides it, in integers. n >= 1.
Multiplier mean_multiplier(Multiplier scales, int64_t n);

void reduce_i8(const ReduceI8& reduce);

}  // namespace verge
