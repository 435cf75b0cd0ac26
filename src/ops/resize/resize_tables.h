// Where each output of a resized axis comes from: the coordinate rules of ONNX's Resize, which cover those of TensorFlow Lite.
#pragma once
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"

namespace verge::ops {

struct ResizeRule {
  std::string mode;          // nearest, linear, cubic, area
  std::string coordinate;    // half_pixel, asymmetric, align_corners, pytorch_half_pixel, tf_half_pixel_for_nn
  std::string nearest_mode;  // round_prefer_floor, round_prefer_ceil, floor, ceil
  bool antialias = false;
  bool exclude_outside = false;  // inputs beyond the edge have no weight; else the edge stands for them
  double cubic_a = -0.75;
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
