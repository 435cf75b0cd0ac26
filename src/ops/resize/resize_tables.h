// Where each output of a resized axis comes from: the coordinate rules of ONNX's Resize, which cover those of TensorFlow Lite.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"

namespace verge::ops {

struct ResizeRule {
  std::string mode;          // nearest, linear, cubic, area
  std::string coordinate;    // half_pixel, half_pixel_symmetric, asymmetric, align_corners, pytorch_half_pixel, tf_half_pixel_for_nn, crop
  std::string nearest_mode;  // round_prefer_floor, round_prefer_ceil, floor, ceil
  bool antialias = false;
  bool exclude_outside = false;  // inputs beyond the edge have no weight; else the edge stands for them
  double cubic_a = -0.75;
  std::vector<double> crop;  // of every dimension: where it begins, then where each ends, as parts of the input from its first to its last element
  double begin = 0, end = 1;  // of the axis at hand

  // Whether an axis of this size changes although it keeps it.
  bool is_cropped(int axis) const { return !crop.empty() && (crop[static_cast<size_t>(axis)] != 0 || crop[crop.size() / 2 + static_cast<size_t>(axis)] != 1); }
  ResizeRule at(int axis) const;
};
Result<ResizeRule> resize_rule(const Node& node);

// Output i is the sum over t < taps of weights[i * taps + t] * input first[i] + t; every input lies within the axis.
template <typename W> struct ResizeTable {
  int32_t taps = 1;
  std::vector<int32_t> first;
  std::vector<W> weights;
};

// `scale` is output size over input size; 0 takes it from the sizes, exactly.
ResizeTable<double> resize_table(const ResizeRule& rule, int64_t in, int64_t out, double scale);

// Weights in units of 1/1024 that sum to 1024. Linear without antialias is the arithmetic of TensorFlow Lite's integer RESIZE_BILINEAR.
ResizeTable<int32_t> integer_resize_table(const ResizeRule& rule, int64_t in, int64_t out, double scale);

}  // namespace verge::ops
