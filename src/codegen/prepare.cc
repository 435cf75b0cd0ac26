#include "codegen/prepare.h"

#include <algorithm>
#include <utility>

#include "codegen/family.h"

namespace verge::codegen {
namespace {

void flatten(ConvGeometry& g) {
  if (!g.pointwise()) return;
  g.in_w = g.out_w = g.in_h * g.in_w;
  g.in_h = g.out_h = 1;
}

// A picture one pixel wide is a row: the same bytes.
void lay_down(ConvGeometry& g) {
  if (g.in_w != 1 || g.out_w != 1 || g.kernel_w != 1 || g.pad_left != 0) return;
  std::swap(g.in_h, g.in_w), std::swap(g.out_h, g.out_w), std::swap(g.kernel_h, g.kernel_w);
  std::swap(g.stride_h, g.stride_w), std::swap(g.dilation_h, g.dilation_w), std::swap(g.pad_top, g.pad_left);
}

// The least and the largest sum of one channel over every input.
std::pair<int64_t, int64_t> range_of(const Layer& l, size_t channel, size_t row) {
  int64_t low = l.product.bias[channel], high = low;
  for (size_t k = 0; k < row; ++k) {
    const int32_t w = l.product.weights[channel * row + k];
    low += std::min(w * -128, w * 127), high += std::max(w * -128, w * 127);
  }
  return {low, high};
}

int32_t requantized(const Layer& l, size_t channel, int64_t sum) {
  const int32_t y = multiply_by_quantized_multiplier(static_cast<int32_t>(sum), l.product.multiplier[channel]) + l.out_zero;
  return std::clamp(y, l.low, l.high);
}

// A channel whose value is the same for every input needs no weights: a bias of four times its distance from the zero point, divided by four.
void silence_constants(Layer& l) {
  const size_t channels = l.product.bias.size(), row = channels ? l.product.weights.size() / channels : 0;
  for (size_t c = 0; c < channels; ++c) {
    const auto [low, high] = range_of(l, c, row);
    const int32_t value = requantized(l, c, low);
    const bool wraps = low < INT32_MIN || high > INT32_MAX || l.product.multiplier[c].shift > 0;
    if (wraps || value != requantized(l, c, high)) continue;
    std::fill_n(l.product.weights.begin() + static_cast<int64_t>(c * row), row, int8_t{0});
    l.product.bias[c] = 4 * (value - l.out_zero);
    l.product.multiplier[c] = {1 << 30, -1};
  }
}

}  // namespace

void prepare(Family family, const std::vector<bool>& by_rows, Network& network) {
  bool stream = false;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    Layer& l = network.layers[i];
    l.by_rows = by_rows[i];
    stream = stream || l.by_rows;
    if (l.kind == Kind::kConv && !l.by_rows) flatten(l.window);
    if ((l.kind == Kind::kDepthwise || l.kind == Kind::kConv) && !l.by_rows) lay_down(l.window);
    if (l.kind == Kind::kConv || l.kind == Kind::kDepthwise) silence_constants(l);  // a dense layer has one multiplier for all channels
    l.lanes = takes_lanes(family, l);
    l.row_distance = l.by_rows ? row_distance(family, l) : -1;
  }
  const int pitch = plane_pitch(family, network, stream);
  for (Layer& l : network.layers) l.pitch = pitch;
}

}  // namespace verge::codegen
