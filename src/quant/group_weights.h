// Four-bit weights of matrices in groups: a scale and an offset for each `group` neighbouring inputs of an output.
//
//   w[o, i] = scale[o, i / group] * (q[o, i] - zero[o, i / group]),   q in 0 .. 2^bits - 1
//
// Three ways from floats to q, scale and zero:
//   kNearest  the group's extremes, each weight to the nearest step
//   kHqq      the zero that loses least when few large errors are let be: argmin |w - scale (q - zero)|^p, p = 0.7, by half-quadratic steps. No data.
//             Badri and Shaji, "Half-Quadratic Quantization of Large Machine Learning Models", 2023
//   kGptq     column by column, each column's error spread over those to come by the inverse of E[x x^T]; a group's scale and zero are those of kHqq at its
//             first column, by what its weights are then. Frantar et al. 2022
#pragma once
#include <span>

#include "core/result.h"
#include "ir/tensor.h"

namespace verge {

enum class GroupMethod { kNearest, kHqq, kGptq };

struct GroupOptions {
  int bits = 4;
  int64_t group = 32;
  double damping = 0.01;  // of kGptq: of the mean square of the inputs
};

struct GroupWeights {
  Tensor q;      // u8 [n, k]
  Tensor scale;  // f32 [n, groups]
  Tensor zero;   // f32 [n, groups]
  int64_t group = 32;
  Tensor real() const;  // f32 [n, k]: what the integers stand for
};

// weights: f32 [n, k]; square: E[x x^T], [k, k], of kGptq alone. kInvalidArgument for other shapes.
Result<GroupWeights> group_weights(const Tensor& weights, GroupMethod method, const GroupOptions& options = {}, std::span<const double> square = {});

}  // namespace verge
