// Between f32 and the quantised types int8, uint8, int16, uint16.
//
//   quantize, tflm   y = clamp(round(x / scale) + zero_point)     round: halves away from zero
//   quantize, onnx   y = clamp(rint(x / scale) + zero_point)      rint: halves to even
//   dequantize       y = float(x - zero_point) * scale
//
// x / scale is one float division; the bounds are those of the type; not a number becomes the lowest value. Between quantised types of 8 bits a table
// does it (kernels/lut/tables.h); 16 bits have requantize_i16.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"
#include "kernels/requant/requant.h"
#include "kernels/select.h"

namespace verge {

struct Quantization {
  float scale = 1;
  int32_t zero_point = 0;
  DataType type = DataType::kI8;  // kI8, kU8, kI16, kU16
  RequantMode mode = RequantMode::kTflm;
};

struct QuantizeKernel {
  Isa isa;
  const char* name;
  void (*quantize)(size_t n, const float* x, const Quantization& q, void* y);
  void (*dequantize)(size_t n, const void* x, const Quantization& q, float* y);
};

#define VERGE_KERNEL(isa, name)                                                                  \
  VERGE_ON_##isa(void quantize_##name(size_t n, const float* x, const Quantization& q, void* y); \
                 void dequantize_##name(size_t n, const void* x, const Quantization& q, float* y);)
#include "kernels/quantize_i8/kernels.inc"
#undef VERGE_KERNEL

std::span<const QuantizeKernel> quantize_kernels();
const QuantizeKernel& pick_quantize();

// QUANTIZE where a side has 16 bits: y = clamp(multiply_by_quantized_multiplier(x - x_zero_point, m) + y_zero_point), m: ratio_multiplier.
struct Requantization {
  DataType x_type, y_type;  // kI8, kU8, kI16, kU16
  int32_t x_zero_point, y_zero_point;
  Multiplier multiplier;
};
void requantize_i16(size_t n, const void* x, const Requantization& r, void* y);

}  // namespace verge
