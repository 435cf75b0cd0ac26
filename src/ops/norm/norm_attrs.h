// Normalisation of f32 tensors, of rows of bf16 too.
//
//   normalize_f32   in: x[, scale[, bias]], each [groups * channels] or absent. x is seen as [batch][pixels][groups][channels]:
//                   y = (x - m) / sqrt(v + epsilon) * scale + bias, mean m and variance v of a batch and group over its pixels and channels; without
//                   `centre` m is 0. y may be x.
//   lrn_f32         in: x [.., channels]; y = x / (bias + alpha * sum of x[c']^2)^beta over the channels from c - before to c + after
#pragma once
#include <cstdint>

namespace verge::exec {

struct NormalizeAttrs {
  int32_t batch = 1, pixels = 1, groups = 1, channels = 1;
  int32_t centre = 1;
  float epsilon = 0;
};

inline constexpr int32_t kMostBf16Row = 4096;  // channels of a row, pixels and groups 1, where x or y is bf16

struct LrnAttrs {
  int32_t before = 0, after = 0;
  float alpha = 0, beta = 0, bias = 0;
};

}  // namespace verge::exec
