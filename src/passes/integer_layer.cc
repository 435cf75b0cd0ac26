#include "passes/integer_layer.h"

#include <algorithm>
#include <set>

#include "ops/conv/conv.h"
#include "ops/dense/dense.h"
#include "passes/quantized.h"

namespace verge::passes {
namespace {

constexpr size_t kMostWindowTaps = 1 << 14;  // of all windows together

struct TapSpan {
  int32_t first, last;  // inclusive; first > last: none
  auto operator<=>(const TapSpan&) const = default;
};

// Which taps of one axis lie inside the input, for every output position: each pair once.
std::set<TapSpan> spans(int32_t in, int32_t out, int32_t kernel, int32_t stride, int32_t dilation, int32_t begin) {
  std::set<TapSpan> found;
  for (int32_t o = 0; o < out; ++o) {
    TapSpan span{0, kernel - 1};
    while (span.first < kernel && o * stride - begin + span.first * dilation < 0) ++span.first;
    while (span.last >= 0 && o * stride - begin + span.last * dilation >= in) --span.last;
    found.insert(span);
  }
  return found;
}

std::vector<std::vector<uint32_t>> windows_of(const ConvGeometry& g) {
  const auto rows = spans(g.in_h, g.out_h, g.kernel_h, g.stride_h, g.dilation_h, g.pad_top);
  const auto columns = spans(g.in_w, g.out_w, g.kernel_w, g.stride_w, g.dilation_w, g.pad_left);
  std::vector<std::vector<uint32_t>> windows;
  if (rows.size() * columns.size() * g.taps() > kMostWindowTaps) return windows;
  for (const TapSpan& y : rows)
    for (const TapSpan& x : columns) {
      std::vector<uint32_t>& taps = windows.emplace_back();
      for (int32_t ky = y.first; ky <= y.last; ++ky)
        for (int32_t kx = x.first; kx <= x.last; ++kx) taps.push_back(static_cast<uint32_t>(ky * g.kernel_w + kx));
    }
  return windows;
}

bool fits_32_bits(const Interval& v) { return v.low >= INT32_MIN && v.high <= INT32_MAX; }

Interval shifted(const Interval& v, int32_t left) { return {v.low * (int64_t{1} << left), v.high * (int64_t{1} << left)}; }

}  // namespace

Interval hull(const Interval& a, const Interval& b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

Interval type_interval(DataType dtype) { return dtype == DataType::kU8 ? Interval{0, 255} : Interval{-128, 127}; }

std::optional<IntegerLayer> IntegerLayer::of(const Graph& g, const Node& n) {
  if ((n.op != "conv" && n.op != "dense") || n.input(3).valid()) return std::nullopt;
  const TensorType &x = g.type(n.input(0)), &y = g.type(n.output());
  const Tensor *w = g.constant(n.input(1)), *bias = g.constant(n.input(2));
  if (!is_byte_tensor(x) || !is_byte_tensor(y) || !x.is_static() || !y.is_static() || !w || !ops::is_8bit(w->dtype()) || w->quant().empty())
    return std::nullopt;
  if (n.input(2).valid() && (!bias || bias->dtype() != DataType::kI32)) return std::nullopt;
  IntegerLayer layer;
  layer.unsigned_ = w->dtype() == DataType::kU8;
  layer.weights_ = w->bytes().data();
  layer.quant_ = &w->quant();
  layer.bias_ = bias;
  layer.x_zero_point = ops::zero_point(x.quant);
  if (n.op == "dense") {
    layer.read_dense(x, w->shape());
  } else if (!layer.read_conv(n, x, w->shape(), y)) {
    return std::nullopt;
  }
  if ((bias && bias->count() != static_cast<int64_t>(layer.outputs())) || !layer.read_requant(g, n)) return std::nullopt;
  return layer;
}

void IntegerLayer::read_dense(const TensorType& x, const Shape& w) {
  in_axis = out_axis = x.rank() - 1;
  group_out = static_cast<size_t>(w[0]);
  group_in = static_cast<size_t>(w[1]);
  windows_ = {{0}};
}

bool IntegerLayer::read_conv(const Node& node, const TensorType& x, const Shape& w, const TensorType& y) {
  const auto axes = ops::axes_of(node);
  const auto geometry = ops::conv_geometry(node, x.shape(), w, y.shape());
  if (!axes.ok() || !geometry.ok()) return false;
  in_axis = out_axis = axes->c;
  groups = static_cast<size_t>(geometry->groups);
  group_in = geometry->group_in();
  group_out = geometry->group_out();
  taps_ = geometry->taps();
  windows_ = windows_of(*geometry);
  return true;
}

bool IntegerLayer::read_requant(const Graph& g, const Node& n) {
  const TensorType &x = g.type(n.input(0)), &y = g.type(n.output());
  const ops::ScaleProduct product = n.op == "conv" ? ops::conv_scale_product(x.dtype) : ops::dense_scale_product(*quant_);
  auto requant = ops::channel_requant(n, x.quant, *quant_, y.quant, y.dtype, outputs(), product);
  if (!requant.ok()) return false;
  requant_ = *std::move(requant);
  for (size_t o = 0; o < outputs(); ++o) zero_points_.push_back(ops::zero_point(*quant_, o));
  return true;
}

bool IntegerLayer::ignores(size_t o, size_t i) const {
  for (size_t tap = 0; tap < taps_; ++tap)
    if (weight(o, tap, i) != 0) return false;
  return true;
}

std::optional<int64_t> IntegerLayer::uniform_sum(size_t o, size_t i) const {
  if (windows_.empty()) return ignores(o, i) ? std::optional<int64_t>(0) : std::nullopt;
  std::optional<int64_t> same;
  for (const Taps& taps : windows_) {
    int64_t sum = 0;
    for (const uint32_t tap : taps) sum += weight(o, tap, i);
    if (same && *same != sum) return std::nullopt;
    same = sum;
  }
  return same;
}

Interval IntegerLayer::accumulator(size_t o, const std::vector<Interval>& x) const {
  std::vector<Interval> of_tap(taps_);
  const Interval* group = &x[o / group_out * group_in];
  for (size_t tap = 0; tap < taps_; ++tap)
    for (size_t i = 0; i < group_in; ++i) {
      const int64_t w = weight(o, tap, i), a = w * (group[i].low - x_zero_point), b = w * (group[i].high - x_zero_point);
      of_tap[tap].low += std::min(a, b);
      of_tap[tap].high += std::max(a, b);
    }
  const int64_t bias = bias_ ? bias_->values<int32_t>()[o] : 0;
  Interval out{INT64_MAX, INT64_MIN};
  for (const Taps& taps : windows_) {
    Interval sum{bias, bias};
    for (const uint32_t tap : taps) sum.low += of_tap[tap].low, sum.high += of_tap[tap].high;
    out = hull(out, sum);
  }
  if (!windows_.empty()) return out;
  out = {bias, bias};
  for (const Interval& tap : of_tap) out.low += std::min<int64_t>(tap.low, 0), out.high += std::max<int64_t>(tap.high, 0);
  return out;
}

Interval IntegerLayer::output(size_t o, const Interval& accumulator) const {
  const int32_t left = requant_.mode == RequantMode::kTflm ? std::max(requant_.multiplier[o].shift, 0) : 0;
  if (!fits_32_bits(accumulator) || !fits_32_bits(shifted(accumulator, left))) return {requant_.clamp.min, requant_.clamp.max};
  return {requant_(accumulator.low, o), requant_(accumulator.high, o)};
}

}  // namespace verge::passes
