#include "kernels/unary_i16/unary_i16.h"

#include <cmath>

namespace verge {
namespace {

int16_t clamp(int64_t v, const UnaryI16& u) { return static_cast<int16_t>(v < u.min ? u.min : v > u.max ? u.max : v); }

// The multiplier of x_scale * 4096 * 3 with as many bits as fit 15; `most` is the largest shift at which a power of two is taken as it is.
SigmoidI16 input_of(float x_scale, int most) {
  const float log2 = std::log(x_scale) * (1.0f / std::log(2.0f)), nearest = std::round(log2);
  const int shift = 12 + static_cast<int>(nearest);
  if (std::fabs(log2 - nearest) < 1e-3f && shift >= 0 && shift <= most) return {3 << shift, 0};
  SigmoidI16 input{0, 0};
  double multiplier = static_cast<double>(x_scale) * 4096.0 * 3.0;
  for (; multiplier <= 32767.0 / 2.0 && input.shift <= 30; multiplier *= 2) ++input.shift;
  input.multiplier = static_cast<int32_t>(multiplier);
  return input;
}

int32_t scaled(int16_t x, SigmoidI16 input) {
  const int32_t half = input.shift > 0 ? 1 << (input.shift - 1) : 0;
  return (x * input.multiplier + half) >> input.shift;
}

// sigmoid(|v| / (24 * 2^bits)) with 16 + bits bits of fraction; `most` beyond the table.
uint32_t interpolate(uint32_t size, int bits, uint32_t most, const uint16_t* table) {
  const uint32_t at = size >> bits, rest = size & ((1u << bits) - 1);
  if (at >= kSigmoidTable - 1) return most;
  return (static_cast<uint32_t>(table[at]) << bits) + rest * static_cast<uint32_t>(table[at + 1] - table[at]);
}

uint32_t magnitude(int32_t v) { return static_cast<uint32_t>(v < 0 ? -v : v); }

}  // namespace

void rescale_i16(size_t n, const int16_t* x, const UnaryI16& u, int16_t* y) {
  for (size_t i = 0; i < n; ++i) y[i] = clamp(int64_t{multiply_by_quantized_multiplier(x[i] - u.x_zero_point, u.positive)} + u.y_zero_point, u);
}

void leaky_relu_i16(size_t n, const int16_t* x, const UnaryI16& u, int16_t* y) {
  for (size_t i = 0; i < n; ++i) {
    const int32_t a = x[i] - u.x_zero_point, v = multiply_by_quantized_multiplier(a, a >= 0 ? u.positive : u.negative);
    y[i] = clamp((a < 0 && u.slope_is_negative ? -int64_t{v} : int64_t{v}) + u.y_zero_point, u);
  }
}

void make_sigmoid_table(uint16_t* table) {
  constexpr double kStep = 1.0 / 24;
  for (size_t i = 0; i < kSigmoidTable; ++i) {
    const double s = 1 / (1 + std::exp(-static_cast<double>(i) * kStep)), curvature = s * (1 - s) * (2 * s - 1);  // of a function that bends down
    table[i] = static_cast<uint16_t>(std::round(65536 * (s + curvature * kStep * kStep / 16)));
  }
  table[kSigmoidTable - 1] = 65535;
}

SigmoidI16 logistic_input(float x_scale) { return input_of(x_scale, 0); }
SigmoidI16 tanh_input(float x_scale) { return input_of(x_scale, 1); }

void logistic_i16(size_t n, const int16_t* x, SigmoidI16 input, const uint16_t* table, int16_t* y) {
  for (size_t i = 0; i < n; ++i) {
    const int32_t v = scaled(x[i], input);
    const uint32_t of_size = interpolate(magnitude(v), 9, 0x7fffu << 10, table);
    const uint32_t result = v >= 0 ? of_size + (1 << 9) : (1u << 25) - of_size + (1 << 9) - 1;
    y[i] = static_cast<int16_t>(result >> 10);
  }
}

void tanh_i16(size_t n, const int16_t* x, SigmoidI16 input, const uint16_t* table, int16_t* y) {
  for (size_t i = 0; i < n; ++i) {
    const int32_t v = scaled(x[i], input);
    const auto of_size = static_cast<int32_t>(interpolate(magnitude(v), 8, 0xffffu << 8, table));
    const int32_t result = v >= 0 ? of_size - (1 << 23) + (1 << 7) : -of_size + (1 << 23) + (1 << 7) - 1;
    y[i] = static_cast<int16_t>(result >> 8);
  }
}

}  // namespace verge
