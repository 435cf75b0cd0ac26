// The kernel that an unary_i16 instruction names, with its constants: one meaning for the device and for the host's reference.
#pragma once
#include "kernels/unary_i16/unary_i16.h"
#include "ops/unary/unary_attrs.h"

namespace verge::exec {

inline bool reads_table(const UnaryI16Attrs& a) {
  return a.function == static_cast<uint32_t>(UnaryI16Function::kSigmoid) || a.function == static_cast<uint32_t>(UnaryI16Function::kTanh);
}

// y[i] = f(x[i]) for n values. `table` is read by the sigmoids alone.
inline void apply_unary_i16(const UnaryI16Attrs& a, int32_t x_zero_point, int32_t y_zero_point, size_t n, const int16_t* x, const uint16_t* table, int16_t* y) {
  const UnaryI16 u{.x_zero_point = x_zero_point,
                   .y_zero_point = y_zero_point,
                   .positive = {a.multiplier, a.shift},
                   .negative = {a.negative_multiplier, a.negative_shift},
                   .slope_is_negative = a.slope_is_negative != 0,
                   .min = a.min,
                   .max = a.max};
  switch (static_cast<UnaryI16Function>(a.function)) {
    case UnaryI16Function::kRescale: return rescale_i16(n, x, u, y);
    case UnaryI16Function::kLeakyRelu: return leaky_relu_i16(n, x, u, y);
    case UnaryI16Function::kSigmoid: return logistic_i16(n, x, {a.multiplier, a.shift}, table, y);
    case UnaryI16Function::kTanh: return tanh_i16(n, x, {a.multiplier, a.shift}, table, y);
    case UnaryI16Function::kCount: return;
  }
}

}  // namespace verge::exec
