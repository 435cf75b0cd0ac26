#include "kernels/lut/tables.h"

#include <cmath>

#include "kernels/requant/fixed_point.h"
#include "kernels/requant/scales.h"

namespace verge {
namespace {

constexpr int kInputBits = 4;  // logistic and tanh read Q4

int32_t clamp(int32_t x, int32_t min, int32_t max) { return x < min ? min : x > max ? max : x; }

int32_t lowest(bool is_unsigned) { return is_unsigned ? 0 : -128; }

// table[x] = f(x - zx), clamped to y's type.
template <typename F> void fill(const UnaryI8& u, bool y_unsigned, uint8_t* table, F&& f) {
  for (int32_t i = 0; i < kLutSize; ++i) {
    const int32_t x = lowest(u.is_unsigned) + i, y_low = lowest(y_unsigned);
    table[static_cast<uint8_t>(x)] = static_cast<uint8_t>(clamp(f(x - u.x_zero_point), y_low, y_low + 255));
  }
}
template <typename F> void fill(const UnaryI8& u, uint8_t* table, F&& f) { fill(u, u.is_unsigned, table, static_cast<F&&>(f)); }

// A sigmoid: saturated beyond the radius, else f in Q4 to Q0 and that to `fraction_bits`.
template <typename F> void fill_sigmoid(const UnaryI8& u, int fraction_bits, int32_t y_zero_point, uint8_t* table, F&& f) {
  const Multiplier m = fixed_point_multiplier(static_cast<double>(u.x_scale), kInputBits);
  const int32_t radius = fixed_point_radius(m, kInputBits), low = lowest(u.is_unsigned);
  fill(u, table, [&](int32_t x) {
    if (x <= -radius) return low;
    if (x >= radius) return low + 255;
    return rounding_shift_right(f(multiply_by_quantized_multiplier(x, m)), 31 - fraction_bits) + y_zero_point;
  });
}

int32_t saturate16(int64_t x) { return static_cast<int32_t>(x < -32768 ? -32768 : x > 32767 ? 32767 : x); }

// (a * b) / 2^15: to nearest, halves up; and truncated. Saturating for a = b = -32768.
int32_t high_mul16(int32_t a, int32_t b) { return saturate16((int64_t{a} * b + (1 << 14)) >> 15); }
int32_t truncated_high_mul16(int32_t a, int32_t b) { return saturate16(int64_t{a} * b / (1 << 15)); }

struct Multiplier16Bit {
  int32_t multiplier, exponent;

  explicit Multiplier16Bit(float real) {
    const Multiplier m = quantize_multiplier(static_cast<double>(real));
    multiplier = m.multiplier >= INT32_MAX - (1 << 15) ? 32767 : (m.multiplier + (1 << 15)) >> 16;
    exponent = m.shift;
  }
};

// x is 128 times the input; the result is 2^15 where the input is 3 or more, -2^15 where it is -3 or less.
int32_t relu_like(int32_t x, Multiplier16Bit m) {
  if (m.exponent > 0) x = saturate16(int64_t{x} << (m.exponent - 1));
  x = high_mul16(x, m.multiplier);
  if (m.exponent > 0) return saturate16(int64_t{x} * 2);
  return rounding_shift_right(x, -m.exponent);
}

int32_t bound(float real, const UnaryI8& u, int32_t otherwise) { return std::isinf(real) ? otherwise : quantize_bound(real, u.y_scale, u.y_zero_point); }

}  // namespace

void make_logistic_table(const UnaryI8& u, uint8_t* table) { fill_sigmoid(u, 8, lowest(u.is_unsigned), table, fixed_point::logistic); }

void make_tanh_table(const UnaryI8& u, uint8_t* table) { fill_sigmoid(u, 7, lowest(u.is_unsigned) + 128, table, fixed_point::tanh); }

bool make_hard_swish_table(const UnaryI8& u, uint8_t* table) {
  const float fine_scale = (1.0f / 128.0f) * u.x_scale;
  const Multiplier16Bit output(fine_scale / u.y_scale), relu(fine_scale / (3.0f / 32768.0f));
  if (output.exponent > 0) return false;
  fill(u, table, [&](int32_t x) {
    const int32_t fine = x * 128;
    const int32_t weight = (relu_like(fine, relu) + (1 << 15)) >> 1;  // [0, 1] as [0, 2^15 - 1]
    const int32_t product = truncated_high_mul16(weight, high_mul16(fine, output.multiplier));
    return rounding_shift_right(product, -output.exponent) + u.y_zero_point;
  });
  return true;
}

void make_leaky_relu_table(const UnaryI8& u, float alpha, uint8_t* table) {
  const Multiplier identity = quantize_multiplier(static_cast<double>(u.x_scale / u.y_scale));
  const float slope = u.x_scale * alpha / u.y_scale;
  const Multiplier negative = quantize_multiplier(static_cast<double>(std::fabs(slope)));
  fill(u, table, [&](int32_t x) {
    const int32_t y = multiply_by_quantized_multiplier(x, x >= 0 ? identity : negative);
    return (x < 0 && slope < 0 ? -y : y) + u.y_zero_point;
  });
}

void make_relu_table(const UnaryI8& u, float low, float high, uint8_t* table) {
  const Multiplier m = quantize_multiplier(static_cast<double>(u.x_scale / u.y_scale));
  const int32_t from = lowest(u.is_unsigned), min = bound(low, u, from), max = bound(high, u, from + 255);
  fill(u, table, [&](int32_t x) { return clamp(multiply_by_quantized_multiplier(x, m) + u.y_zero_point, min, max); });
}

void make_clamp_table(const UnaryI8& u, float low, float high, uint8_t* table) {
  UnaryI8 same = u;
  same.y_scale = u.x_scale, same.y_zero_point = u.x_zero_point;
  const int32_t from = lowest(u.is_unsigned), min = bound(low, same, from), max = bound(high, same, from + 255);
  fill(u, table, [&](int32_t x) { return clamp(x + u.x_zero_point, min, max); });
}

void make_requantize_table(const UnaryI8& u, bool y_unsigned, uint8_t* table) {
  const Multiplier m = ratio_multiplier(u.x_scale, u.y_scale);
  fill(u, y_unsigned, table, [&](int32_t x) { return multiply_by_quantized_multiplier(x, m) + u.y_zero_point; });
}

void make_real_table(const UnaryI8& u, float (*f)(float), uint8_t* table) {
  const float inverse = 1 / u.y_scale;
  fill(u, table, [&](int32_t x) {
    const float y = std::round(f(u.x_scale * static_cast<float>(x)) * inverse) + static_cast<float>(u.y_zero_point);
    return y >= 255.0f ? 255 : y <= -128.0f ? -128 : std::isnan(y) ? u.y_zero_point : static_cast<int32_t>(y);
  });
}

}  // namespace verge
