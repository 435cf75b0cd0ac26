// One time step of an LSTM in integers: int8 x and h, int16 cell, as TensorFlow Lite's reference kernels compute it (docs/integer.md). With m of
// base/requant.h, gates g in the order input, forget, cell, output, and sat16 bounding to int16:
//
//   v[g] = sat16(m(sum(r[g] * h) + r_bias[g], recurrent[g]) + sat16(m(sum(w[g] * x) + bias[g], input[g])))       Q3
//   i, f, o = logistic(v), g = tanh(v)                                                                             Q0
//   c = clamp(sat16(round(f * c / 2^15) + round(i * g / 2^(30 - cell_bits))))                                      scale 2^-cell_bits
//   h = clamp8(m(o * tanh(c), hidden) + zero_point)
//
// Zero points of x and h are folded into the two biases. Without an input gate (`coupled`) i = 2^15 - 1 - f.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/requant.h"

namespace verge {

enum LstmGate : int { kInputGate, kForgetGate, kCellGate, kOutputGate, kLstmGates };

struct LstmI8 {
  size_t inputs = 0, cells = 0;
  const int8_t* w = nullptr;  // [4][cells][inputs]; the rows of an input gate that is not there are not read
  const int8_t* r = nullptr;  // [4][cells][cells]
  const int32_t *bias = nullptr, *r_bias = nullptr;  // [4][cells]
  Multiplier input[kLstmGates], recurrent[kLstmGates];
  Multiplier hidden;
  int32_t h_zero_point = 0;
  int32_t cell_bits = 11;  // 9..15
  int32_t cell_clip = 0;   // 0: none
  bool coupled = false;
};

// h [cells] and c [cells] are replaced; gates [4][cells] is scratch.
void lstm_i8_step(const LstmI8& lstm, const int8_t* x, int8_t* h, int16_t* c, int16_t* gates);

}  // namespace verge
