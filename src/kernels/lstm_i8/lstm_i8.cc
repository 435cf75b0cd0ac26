#include "kernels/lstm_i8/lstm_i8.h"

#include "kernels/requant/fixed_point.h"

namespace verge {
namespace {

constexpr int kGateBits = 3;  // integer bits of what the gates' functions read

int32_t clamp(int32_t v, int32_t low, int32_t high) { return v < low ? low : v > high ? high : v; }
int16_t saturate16(int64_t v) { return static_cast<int16_t>(v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v); }

int32_t dot(const int8_t* a, const int8_t* b, size_t n) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += int32_t{a[i]} * b[i];
  return sum;
}

// Sums wrap, as everywhere in the contract.
int32_t wrapping_add(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }

void run_gate(const LstmI8& l, int gate, const int8_t* x, const int8_t* h, int16_t* out) {
  const size_t first = static_cast<size_t>(gate) * l.cells;
  for (size_t i = 0; i < l.cells; ++i) {
    const size_t row = first + i;
    const int32_t from_x = multiply_by_quantized_multiplier(wrapping_add(l.bias[row], dot(x, l.w + row * l.inputs, l.inputs)), l.input[gate]);
    const int32_t from_h = multiply_by_quantized_multiplier(wrapping_add(l.r_bias[row], dot(h, l.r + row * l.cells, l.cells)), l.recurrent[gate]);
    const int16_t v = saturate16(int64_t{from_h} + saturate16(from_x));
    out[i] = gate == kCellGate ? fixed_point::tanh16(v, kGateBits) : fixed_point::logistic16(v, kGateBits);
  }
}

int16_t next_cell(const LstmI8& l, int32_t input, int32_t forget, int32_t candidate, int32_t cell) {
  const auto kept = static_cast<int16_t>(rounding_shift_right(forget * cell, 15));
  const auto added = static_cast<int16_t>(rounding_shift_right(input * candidate, 30 - l.cell_bits));
  const int16_t sum = saturate16(int64_t{kept} + added);
  return l.cell_clip > 0 ? static_cast<int16_t>(clamp(sum, -l.cell_clip, l.cell_clip)) : sum;
}

}  // namespace

void lstm_i8_step(const LstmI8& l, const int8_t* x, int8_t* h, int16_t* c, int16_t* gates) {
  for (int g = l.coupled ? kForgetGate : kInputGate; g < kLstmGates; ++g) run_gate(l, g, x, h, gates + static_cast<size_t>(g) * l.cells);
  const int16_t *input = gates, *forget = input + l.cells, *candidate = forget + l.cells, *output = candidate + l.cells;
  for (size_t i = 0; i < l.cells; ++i) {
    c[i] = next_cell(l, l.coupled ? INT16_MAX - forget[i] : input[i], forget[i], candidate[i], c[i]);
    const int32_t product = int32_t{output[i]} * fixed_point::tanh16(c[i], 15 - l.cell_bits);
    const int64_t value = int64_t{multiply_by_quantized_multiplier(product, l.hidden)} + l.h_zero_point;
    h[i] = static_cast<int8_t>(value < -128 ? -128 : value > 127 ? 127 : value);
  }
}

}  // namespace verge
