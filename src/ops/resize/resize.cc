// y = x resampled to `sizes` (full rank; -1 or absent: x's size, or floor(size * scale) where `scales` is given). resize_tables.h has the rules.
//
// Axes are resampled one behind the other. Quantised i8 and u8 keep scale and zero point: nearest moves bytes, the other modes weigh the stored
// integers by multiples of 1/1024 along each of two neighbouring axes at once and round half away from zero, as TensorFlow Lite does.
#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "base/integers.h"
#include "ops/op.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/resize/resize_attrs.h"
#include "ops/resize/resize_tables.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

std::vector<double> scales_of(const Node& node) {
  const auto found = node.attrs.find("scales");
  if (found == node.attrs.end()) return {};
  if (const auto* reals = std::get_if<std::vector<double>>(&found->second)) return *reals;
  const std::vector<int64_t> whole = node.integers("scales");
  return {whole.begin(), whole.end()};
}

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_TRY(const ResizeRule rule, resize_rule(c.node));
  if (!rule.crop.empty() && rule.crop.size() != 2 * static_cast<size_t>(c.in(0).rank())) return invalid("crop has " + std::to_string(rule.crop.size()) + " numbers for " + c.in(0).text());
  const std::vector<int64_t> sizes = c.node.integers("sizes");
  const std::vector<double> scales = scales_of(c.node);
  const auto rank = static_cast<size_t>(c.in(0).rank());
  if (sizes.empty() && scales.empty()) return invalid("neither sizes nor scales are given");
  if ((!sizes.empty() && sizes.size() != rank) || (!scales.empty() && scales.size() != rank))
    return invalid("sizes " + bracketed(sizes) + " and scales " + bracketed(scales) + " for " + c.in(0).text());
  infer_same(c);
  for (size_t d = 0; d < rank; ++d) {
    Dim& dim = c.out[0].dims[d];
    if (!sizes.empty() && sizes[d] >= 0) dim = Dim(sizes[d]);
    else if (sizes.empty() && scales[d] != 1) dim = dim.known() ? Dim(to_integer<int64_t>(std::floor(static_cast<double>(dim.size) * scales[d]))) : Dim();
    if (dim.known() && dim.size > 0 && c.in(0).dims[d].size == 0) return invalid("cannot resize " + c.in(0).text() + ", which is empty");
  }
  return done();
}

Cost cost(const Graph& graph, const Node& node) { return elementwise_cost(graph, node, node.text("mode", "nearest") == "nearest" ? 1 : 4); }

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

// One step of a resize: an axis, or two neighbours.
struct Step {
  int axis;
  bool pair;
};

std::vector<Step> steps_of(const ResizeRule& rule, const Shape& x, const Shape& y) {
  std::vector<Step> steps;
  const auto changes = [&](int d) { return x[d] != y[d] || rule.is_cropped(d); };
  for (int d = 0; d < x.rank; ++d) {
    if (!changes(d)) continue;
    const bool pair = d + 1 < x.rank && changes(d + 1);
    steps.push_back({d, pair});
    d += pair;
  }
  return steps;
}

double scale_at(const std::vector<double>& scales, int axis) { return scales.empty() ? 0 : scales[static_cast<size_t>(axis)]; }

// x with axis `axis` resampled by the table.
std::vector<double> resampled(const std::vector<double>& x, const Shape& shape, int axis, const ResizeTable<double>& table) {
  const auto out = static_cast<int64_t>(table.first.size());
  const int64_t outer = shape.count(0, axis), in = shape[axis], inner = shape.count(axis + 1, shape.rank);
  std::vector<double> y(static_cast<size_t>(outer * out * inner));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < out; ++i)
      for (int64_t k = 0; k < inner; ++k)
        for (int32_t t = 0; t < table.taps; ++t) y[(o * out + i) * inner + k] += table.weights[i * table.taps + t] * x[(o * in + table.first[i] + t) * inner + k];
  return y;
}

std::vector<double> reference_reals(const Node& node, const ResizeRule& rule, std::vector<double> values, Shape shape, const Shape& y) {
  const std::vector<double> scales = scales_of(node);
  for (int d = 0; d < shape.rank; ++d) {
    if (shape[d] == y[d] && !rule.is_cropped(d)) continue;
    values = resampled(values, shape, d, resize_table(rule.at(d), shape[d], y[d], scale_at(scales, d)));
    shape[d] = y[d];
  }
  return values;
}

// Two axes at once, so that one rounding serves both.
std::vector<double> reference_integers(const Node& node, const ResizeRule& rule, std::vector<double> values, Shape shape, const Shape& y, double low, double high) {
  const std::vector<double> scales = scales_of(node);
  const auto real_table = [&](int d) {
    const ResizeTable<int32_t> table = integer_resize_table(rule.at(d), shape[d], y[d], scale_at(scales, d));
    return ResizeTable<double>{table.taps, table.first, {table.weights.begin(), table.weights.end()}};
  };
  for (const Step& step : steps_of(rule, shape, y)) {
    double unit = exec::kResizeOne;
    for (int d = step.axis; d <= step.axis + step.pair; ++d) {
      values = resampled(values, shape, d, real_table(d));
      shape[d] = y[d];
    }
    if (step.pair) unit *= exec::kResizeOne;
    for (double& v : values) v = std::clamp(std::round(v / unit), low, high);
  }
  return values;
}

Result<void> reference_nearest(ReferenceContext& c, const ResizeRule& rule, const Tensor& x) {
  const std::vector<double> scales = scales_of(c.node);
  std::vector<ResizeTable<double>> tables;
  for (int d = 0; d < x.shape().rank; ++d) tables.push_back(resize_table(rule.at(d), std::max(x.shape()[d], 1), c.out[0].shape()[d], scale_at(scales, d)));
  return move_elements(x, c.out[0], [&](int64_t i) {
    Coordinates at = coordinates_of(c.out[0].shape(), i);
    for (int d = 0; d < x.shape().rank; ++d)
      if (x.shape()[d] != c.out[0].shape()[d] || rule.is_cropped(d)) at[d] = tables[d].first[at[d]];
    return index_of(x.shape(), at);
  });
}

Result<void> reference(ReferenceContext& c) {
  VERGE_TRY(const ResizeRule rule, resize_rule(c.node));
  VERGE_TRY(const Tensor x, moved_tensor(c.node, c.in[0], c.out[0]));
  const Shape y = c.out[0].shape();
  if (rule.mode == "nearest") return reference_nearest(c, rule, x);
  if (!is_integer(x.dtype())) {
    fill(c.out[0], reference_reals(c.node, rule, x.to_doubles(), x.shape(), y));
    return done();
  }
  if (x.dtype() != DataType::kI8 && x.dtype() != DataType::kU8) return unsupported(rule.mode + " resize of " + dtype_name(x.dtype()));
  const double low = x.dtype() == DataType::kU8 ? 0 : -128;
  fill(c.out[0], reference_integers(c.node, rule, x.to_doubles(), x.shape(), y, low, low + 255));
  return done();
}

// Emits one step with tables of weights W; `make` gives an axis' table.
template <typename W, typename Make> void emit_weighted(Emitter& emitter, exec::Op op, TensorRef in, TensorRef out, const Step& step, const Make& make, size_t scratch, W one, const std::string& name) {
  const ResizeTable<W> y = make(step.axis), x = step.pair ? make(step.axis + 1) : ResizeTable<W>{1, {0}, {one}};
  const auto places = [&](const ResizeTable<W>& t, const char* which) { return emitter.constant(Tensor::of<int32_t>({static_cast<int32_t>(t.first.size())}, t.first), name + which + "_first"); };
  const auto weights = [&](const ResizeTable<W>& t, const char* which) { return emitter.constant(Tensor::of<W>({static_cast<int32_t>(t.weights.size())}, t.weights), name + which + "_weights"); };
  const exec::ResizeAttrs attrs{step.axis, step.pair, 0, y.taps, x.taps};
  emitter.emit(op, {in, places(y, ".y"), weights(y, ".y"), places(x, ".x"), weights(x, ".x")}, {out}, attrs, scratch ? emitter.scratch(scratch) : TensorRef{});
}

ResizeTable<float> as_f32(const ResizeTable<double>& table) { return {table.taps, table.first, {table.weights.begin(), table.weights.end()}}; }

class ResizeLowering {
 public:
  ResizeLowering(const Node& node, Emitter& emitter, const ResizeRule& rule)
      : node_(node), emitter_(emitter), rule_(rule), scales_(scales_of(node)), x_(emitter.graph().type(node.input(0))), y_(emitter.graph().type(node.output())) {}

  Result<void> run() {
    const std::vector<Step> steps = steps_of(rule_, x_.shape(), y_.shape());
    VERGE_TRY(TensorRef in, moved_input(emitter_, node_));
    if (steps.empty()) return emitter_.alias(node_.output(), node_.input(0));
    shape_ = x_.shape();
    for (size_t i = 0; i < steps.size(); ++i) {
      Shape to = shape_;
      for (int d = steps[i].axis; d <= steps[i].axis + steps[i].pair; ++d) to[d] = y_.shape()[d];
      const TensorRef out = i + 1 == steps.size() ? emitter_.tensor(node_.output()) : emitter_.temporary(y_.dtype, to, y_.quant);
      VERGE_CHECK(step(in, out, steps[i], to));
      in = out;
      shape_ = to;
    }
    return done();
  }

 private:
  Result<void> step(TensorRef in, TensorRef out, const Step& s, const Shape& to) {
    const auto real_table = [&](int d) { return as_f32(resize_table(rule_.at(d), shape_[d], to[d], scale_at(scales_, d))); };
    const auto integer_table = [&](int d) { return integer_resize_table(rule_.at(d), shape_[d], to[d], scale_at(scales_, d)); };
    if (rule_.mode == "nearest") {
      const auto places = [&](std::vector<int32_t> first, const char* which) { return emitter_.constant(Tensor::of<int32_t>({static_cast<int32_t>(first.size())}, first), node_.name + which); };
      const TensorRef y = places(real_table(s.axis).first, ".y"), x = places(s.pair ? real_table(s.axis + 1).first : std::vector<int32_t>{0}, ".x");
      emitter_.emit(exec::Op::resize, {in, y, x}, {out}, exec::ResizeAttrs{s.axis, s.pair, 1, 1, 1});
    } else if (y_.dtype == DataType::kF32) {
      const int64_t row = shape_.count(s.axis + 1, shape_.rank);
      emit_weighted<float>(emitter_, exec::Op::resize, in, out, s, real_table, static_cast<size_t>(exec::kResizeParts * row) * sizeof(float), 1.0f, node_.name);
    } else if (y_.dtype == DataType::kI8 || y_.dtype == DataType::kU8) {
      emit_weighted<int32_t>(emitter_, exec::Op::resize_i8, in, out, s, integer_table, 0, exec::kResizeOne, node_.name);
    } else {
      return unsupported(rule_.mode + " resize of " + x_.text() + ": f32, i8 and u8 run; cast first");
    }
    return done();
  }

  const Node& node_;
  Emitter& emitter_;
  const ResizeRule& rule_;
  std::vector<double> scales_;
  const TensorType &x_, &y_;
  Shape shape_;
};

Result<void> lower(const Node& node, Emitter& emitter) {
  VERGE_TRY(const ResizeRule rule, resize_rule(node));
  return ResizeLowering(node, emitter, rule).run();
}

}  // namespace

VERGE_OP_METHODS(resize) = {.infer = infer, .cost = cost, .reference = reference, .quant = quant, .lower = lower};

}  // namespace verge::ops
