#include "kernels/quantize_i8/quantize_i8.h"

#include "kernels/requant/vector_scalar.h"

#include "kernels/quantize_i8/generic.h"

namespace verge {
namespace {

int32_t load_any(const void* x, DataType type, size_t i) {
  if (type == DataType::kI8) return static_cast<const int8_t*>(x)[i];
  if (type == DataType::kU8) return static_cast<const uint8_t*>(x)[i];
  if (type == DataType::kI16) return static_cast<const int16_t*>(x)[i];
  return static_cast<const uint16_t*>(x)[i];
}

}  // namespace

std::span<const QuantizeKernel> quantize_kernels() {
  static constexpr QuantizeKernel kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, quantize_##name, dequantize_##name}, )
#include "kernels/quantize_i8/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

const QuantizeKernel& pick_quantize() {
  static constinit Pick pick;
  return pick.from(quantize_kernels());
}

void quantize_f32_i8_scalar(size_t n, const float* x, const Quantization& q, void* y) { quantize(n, x, q, y); }
void dequantize_f32_i8_scalar(size_t n, const void* x, const Quantization& q, float* y) { dequantize(n, x, q, y); }

void requantize_i16(size_t n, const void* x, const Requantization& r, void* y) {
  const int32_t low = lowest(r.y_type), high = low + (is_byte(r.y_type) ? 255 : 65535);
  for (size_t i = 0; i < n; ++i) {
    const int64_t v = int64_t{multiply_by_quantized_multiplier(load_any(x, r.x_type, i) - r.x_zero_point, r.multiplier)} + r.y_zero_point;
    const auto clamped = static_cast<int32_t>(v < low ? low : v > high ? high : v);
    if (is_byte(r.y_type)) {
      static_cast<uint8_t*>(y)[i] = static_cast<uint8_t>(clamped);
    } else {
      static_cast<uint16_t*>(y)[i] = static_cast<uint16_t>(clamped);
    }
  }
}

}  // namespace verge
