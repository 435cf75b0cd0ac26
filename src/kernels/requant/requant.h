// From int32 accumulators to int8 or uint8, per output column, by the two rules of docs/integer.md.
//
//   tflm   y = clamp(multiply_by_quantized_multiplier(acc, multiplier[n], shift[n]) + zero_point, min, max)     base/requant.h, double rounding
//   onnx   y = clamp(rint(float(acc) * scale[n]) + zero_point, min, max)                                       rint: half to even
//   none   y = acc, int32
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/requant.h"
#include "kernels/select.h"

namespace verge {

enum class RequantMode : uint8_t { kTflm = 0, kOnnx = 1, kNone = 2 };

// Arrays have one entry per output column, rounded up to a multiple of kColumnBlock; what lies in the padding is read and ignored. [min, max] lies
// within the output type, int8 or uint8: a kernel stores the low byte. Multipliers are 0 or in [2^30, 2^31), shifts in [-31, 30].
struct Requant {
  RequantMode mode = RequantMode::kTflm;
  const int32_t* multiplier = nullptr;  // tflm
  const int8_t* shift = nullptr;        // tflm
  const float* scale = nullptr;         // onnx
  int32_t zero_point = 0;
  int32_t min = -128, max = 127;
};

Requant from_column(Requant r, size_t n);  // column 0 of the result is column n of r

inline constexpr size_t kColumnBlock = 16;
constexpr size_t round_up_columns(size_t n) { return (n + kColumnBlock - 1) / kColumnBlock * kColumnBlock; }

// y[i][n] = requant(acc[i][n]) for i < rows, n < columns.   acc: [rows, acc_stride] int32; y: [rows, y_stride] bytes. Not for kNone.
using RequantFn = void (*)(size_t rows, size_t columns, const int32_t* acc, size_t acc_stride, const Requant& r, uint8_t* y, size_t y_stride);

#define VERGE_KERNEL(isa, name) \
  VERGE_ON_##isa(void name(size_t rows, size_t columns, const int32_t* acc, size_t acc_stride, const Requant& r, uint8_t* y, size_t y_stride);)
#include "kernels/requant/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<RequantFn>> requant_kernels();
RequantFn pick_requant();

}  // namespace verge
