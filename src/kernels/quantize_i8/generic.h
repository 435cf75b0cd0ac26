// The loops of quantize_i8.h over 16 values. Include after one of requant/vector_*.h.
#pragma once
#include "kernels/quantize_i8/quantize_i8.h"

namespace verge {
namespace {

inline bool has_sign(DataType type) { return type == DataType::kI8 || type == DataType::kI16; }
inline bool is_byte(DataType type) { return type == DataType::kI8 || type == DataType::kU8; }
inline int32_t lowest(DataType type) { return !has_sign(type) ? 0 : is_byte(type) ? -128 : -32768; }

template <typename Round> void quantize_by(size_t n, const float* x, const Quantization& q, void* y) {
  const int32_t low = lowest(q.type);
  const Round round(low, low + (is_byte(q.type) ? 255 : 65535), q.zero_point);
  const Quotient16 quotient(q.scale);
  for (size_t i = 0; i < n; i += 16) {
    const I32x16 v = round(quotient(n - i >= 16 ? load16(x + i) : load16(x + i, n - i)));
    is_byte(q.type) ? store_bytes16(static_cast<uint8_t*>(y) + i, v, n - i) : store_halves16(static_cast<uint16_t*>(y) + i, v, n - i);
  }
}

inline void quantize(size_t n, const float* x, const Quantization& q, void* y) {
  q.mode == RequantMode::kOnnx ? quantize_by<Round16>(n, x, q, y) : quantize_by<RoundAway16>(n, x, q, y);
}

inline void dequantize(size_t n, const void* x, const Quantization& q, float* y) {
  // An unsigned value taken for a signed one becomes itself minus half the range by flipping the sign bit and those above.
  const int32_t half = has_sign(q.type) ? 0 : is_byte(q.type) ? 128 : 32768;
  const I32x16 flip = splat16(-half), zero = splat16(q.zero_point - half);
  const F32x16 scale = splat16(q.scale);
  for (size_t i = 0; i < n; i += 16) {
    const I32x16 raw = is_byte(q.type) ? load_i8x16(static_cast<const int8_t*>(x) + i, n - i) : load_i16x16(static_cast<const int16_t*>(x) + i, n - i);
    store16(y + i, mul16(to_float16(sub16(xor16(raw, flip), zero)), scale), n - i);
  }
}

}  // namespace
}  // namespace verge
