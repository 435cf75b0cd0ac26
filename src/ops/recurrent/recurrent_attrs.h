// Recurrent layers over a whole sequence, in f32.
//
//   recurrent_f32   in: gates_x [steps * batch, directions * gates * hidden], weights, bias, lengths, h0, c0, peepholes (the last four may be absent)
//                   out: y, y_h, and for lstm y_c
//
// gates_x is x times the input weights plus their bias, rows as `batch_major` orders them. `weights` and `bias` hold for each direction the recurrent ones,
// packed by kernels/gemm/pack_f32.h: lstm and rnn as one matrix [gates * hidden, hidden], gru as that of its first two gates and that of the third.
// Scratch: RecurrentAttrs::scratch_floats() floats. Recurrent weights of bf16, packed by kernels/gemm_bf16, ask for recurrent_bf16_bytes() more in front.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/gemm_bf16/conv_bf16.h"

namespace verge::exec {

enum class Cell : uint32_t { kRnn, kGru, kLstm };

// y = out_scale * f(in_scale * x), f a function of kernels/elementwise/unary.inc with its parameters.
struct GateFunction {
  uint32_t function = 0;
  float a = 0, b = 0;
  float in_scale = 1, out_scale = 1;
};

inline constexpr int kMostGateFunctions = 3;

struct RecurrentAttrs {
  Cell cell = Cell::kRnn;
  int32_t steps = 1, batch = 1, hidden = 1, directions = 1;
  int32_t reverse = 0;              // of a single direction; of two the second is always reversed
  int32_t batch_major = 0;          // tensors begin with the batch: [batch, steps, ...], states [batch, directions, hidden]
  int32_t linear_before_reset = 0;  // gru
  int32_t input_forget = 0;         // lstm: the forget gate is 1 - input gate
  float clip = 0;                   // gates' sums stay within +-clip
  float cell_clip = 0;              // lstm: the cell's state stays within +-cell_clip
  GateFunction functions[2][kMostGateFunctions];

  int32_t gates() const { return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1; }
  // Rows of gates, of the state that the reset gate has scaled, and one of activations.
  size_t scratch_floats() const {
    const auto h = static_cast<size_t>(hidden), b = static_cast<size_t>(batch);
    return b * h * static_cast<size_t>(gates()) + b * h + 2 * h;
  }
};

// One step's product of all sequences' states with n rows of weights.
inline ConvGeometry state_geometry(const RecurrentAttrs& a, size_t n) {
  return {.in_h = a.batch, .in_c = a.hidden, .out_h = a.batch, .out_c = static_cast<int32_t>(n)};
}
inline size_t recurrent_bf16_bytes(const RecurrentAttrs& a) { return conv_bf16_scratch_size(state_geometry(a, static_cast<size_t>(a.hidden))); }  // the fewest columns leave room for the most rows

}  // namespace verge::exec
