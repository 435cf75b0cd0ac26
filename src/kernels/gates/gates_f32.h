// One step of a recurrent cell behind its products: sigmoid gates, tanh candidate, nothing clipped, no peepholes.
//
//   lstm   i, o, f = sigmoid(gates + x), g = tanh(gates + x), gates in the order i o f g;  c = f * c + i * g;  h = o * tanh(c)
//   gru    z, r = sigmoid(gates + x), in the order z r n, n's half linear before the reset;  n = tanh(r * n + x);  h = (1 - z) * n + z * h
//
// Arithmetic and its order are those of the operators one by one.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/select.h"

namespace verge {

struct GatesF32 {
  const float* gates;  // [gates * hidden], what the state contributes
  const float* x;      // the same for the input
  float* h;            // [hidden]
  float* c;            // [hidden], lstm alone
  float* y;            // [hidden], takes h too
  size_t hidden;
};

struct GatesF32Fns {
  void (*lstm)(const GatesF32& args);
  void (*gru)(const GatesF32& args);
};
using GatesF32Fn = GatesF32Fns (*)();

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(GatesF32Fns name();)
#include "kernels/gates/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<GatesF32Fn>> gates_f32_kernels();
// Null functions where this processor has none.
GatesF32Fns pick_gates_f32();

}  // namespace verge
