#include "ops/slice/slice.h"

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "ops/quantize/requantize.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"
#include "ops/slice/slice_attrs.h"

namespace verge::ops {
namespace {

struct Span {
  int64_t start, step, size;
};

struct SliceAxis {
  int axis;
  int64_t start, end, step;
};

Result<std::vector<SliceAxis>> slice_axes(const Node& node, int rank) {
  const std::vector<int64_t> starts = node.integers("starts"), ends = node.integers("ends");
  std::vector<int64_t> steps = node.integers("steps"), axes = node.integers("axes");
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (axes.empty())
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (ends.size() != starts.size() || steps.size() != starts.size() || axes.size() != starts.size())
    return invalid("starts " + bracketed(starts) + ", ends " + bracketed(ends) + ", steps " + bracketed(steps) + ", axes " + bracketed(axes) + " differ in length");
  std::vector<SliceAxis> out;
  for (size_t i = 0; i < starts.size(); ++i) {
    VERGE_TRY(const int axis, axis_of(axes[i], rank));
    if (steps[i] == 0) return invalid("steps " + bracketed(steps) + " has a step of 0");
    out.push_back({axis, starts[i], ends[i], steps[i]});
  }
  return out;
}

Span span_of(const SliceAxis& s, int64_t size) {
  const int64_t low = s.step < 0 ? -1 : 0, high = s.step < 0 ? size - 1 : size;
  const auto bounded = [&](int64_t i) { return std::clamp(i < 0 ? i + size : i, low, high); };
  // The end of a backward walk may mean "before the first": numpy spells it as a large negative number.
  const int64_t start = bounded(s.start), end = s.end < -size ? low : bounded(s.end);
  const int64_t distance = s.step < 0 ? start - end : end - start;
  const int64_t step = s.step < 0 ? -s.step : s.step;
  return {start, s.step, distance <= 0 ? 0 : (distance - 1) / step + 1};
}

// The whole axis, whatever its size.
bool takes_all(const SliceAxis& s) { return s.start == 0 && s.step == 1 && s.end >= std::numeric_limits<int32_t>::max(); }

Result<void> infer_slice(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_TRY(const auto axes, slice_axes(c.node, c.in(0).rank()));
  infer_same(c);
  for (const SliceAxis& s : axes) {
    Dim& dim = c.out[0].dims[static_cast<size_t>(s.axis)];
    if (dim.known()) dim = span_of(s, dim.size).size;
    else if (!takes_all(s)) dim = Dim();
  }
  return done();
}

// The sizes of a split's outputs; unknown where the axis is and `sizes` is not given.
Result<std::vector<Dim>> split_sizes(const Node& node, const Dim& along) {
  const std::vector<int64_t> sizes = node.integers("sizes");
  std::vector<Dim> out(sizes.begin(), sizes.end());
  const auto count = static_cast<int64_t>(node.outputs.size());
  if (sizes.empty()) {
    const int64_t each = (along.size + count - 1) / count;
    for (int64_t i = 0; i < count; ++i) out.push_back(along.known() ? Dim(std::max<int64_t>(0, std::min(each, along.size - i * each))) : Dim());
    return out;
  }
  if (static_cast<int64_t>(sizes.size()) != count) return invalid("sizes " + bracketed(sizes) + " for " + std::to_string(count) + " outputs");
  int64_t sum = 0;
  for (int64_t size : sizes) {
    if (size < 0) return invalid("sizes " + bracketed(sizes) + " has a negative one");
    sum += size;
  }
  if (along.known() && sum != along.size) return invalid("sizes " + bracketed(sizes) + " add up to " + std::to_string(sum) + ", the axis has " + std::to_string(along.size));
  return out;
}

Result<void> infer_split(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_TRY(const int axis, axis_of(c.node.integer("axis"), c.in(0).rank()));
  VERGE_TRY(const std::vector<Dim> sizes, split_sizes(c.node, c.in(0).dims[static_cast<size_t>(axis)]));
  for (size_t i = 0; i < c.out.size(); ++i) {
    c.out[i].dtype = output_dtype(c, 0, i);
    c.out[i].ranked = true;
    c.out[i].dims = c.in(0).dims;
    c.out[i].dims[static_cast<size_t>(axis)] = sizes[i];
  }
  return done();
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

SliceWindow whole(const Shape& x) {
  SliceWindow w;
  for (int d = 0; d < x.rank; ++d) {
    w.start.push_back(0);
    w.step.push_back(1);
    w.size.push_back(x[d]);
  }
  return w;
}

Result<void> move_window(const Node& node, const Tensor& given, const SliceWindow& w, Tensor& y) {
  VERGE_TRY(const Tensor x, moved_tensor(node, given, y));
  return move_elements(x, y, [&](int64_t i) {
    Coordinates at = coordinates_of(y.shape(), i);
    for (size_t d = 0; d < at.size(); ++d) at[d] = w.start[d] + at[d] * w.step[d];
    return index_of(x.shape(), at);
  });
}

// body(window, output) for each output of a split.
template <typename Body> Result<void> for_parts(const Node& node, const Shape& x, const Body& body) {
  VERGE_TRY(const int axis, axis_of(node.integer("axis"), x.rank));
  VERGE_TRY(const std::vector<Dim> sizes, split_sizes(node, x[axis]));
  SliceWindow w = whole(x);
  for (size_t i = 0; i < sizes.size(); ++i) {
    w.size[static_cast<size_t>(axis)] = sizes[i].size;
    VERGE_CHECK(body(w, i));
    w.start[static_cast<size_t>(axis)] += sizes[i].size;
  }
  return done();
}

Result<void> lower_window(const Node& node, Emitter& emitter, const SliceWindow& window, size_t output) {
  if (!node.output(output).valid()) return done();
  const TensorType& y = emitter.graph().type(node.output(output));
  if (dtype_bits(y.dtype) < 8) return unsupported(node.op + " of packed " + dtype_name(y.dtype));
  VERGE_TRY(const TensorRef in, moved_input(emitter, node, 0, output));
  emit_slice(emitter, in, window, emitter.tensor(node.output(output)));
  return done();
}

Result<void> lower_slice(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  VERGE_TRY(const SliceWindow window, slice_window(node, x.shape()));
  const bool all = x == y && std::all_of(window.step.begin(), window.step.end(), [](int64_t step) { return step == 1; });
  return all ? emitter.alias(node.output(), node.input(0)) : lower_window(node, emitter, window, 0);
}

Result<void> lower_split(const Node& node, Emitter& emitter) {
  return for_parts(node, emitter.graph().type(node.input(0)).shape(), [&](const SliceWindow& w, size_t i) { return lower_window(node, emitter, w, i); });
}

}  // namespace

Result<SliceWindow> slice_window(const Node& node, const Shape& x) {
  VERGE_TRY(const auto axes, slice_axes(node, x.rank));
  SliceWindow w = whole(x);
  for (const SliceAxis& s : axes) {
    const Span span = span_of(s, x[s.axis]);
    const auto d = static_cast<size_t>(s.axis);
    w.start[d] = span.start, w.step[d] = span.step, w.size[d] = span.size;
  }
  return w;
}

Result<void> reference_slice(ReferenceContext& c) {
  VERGE_TRY(const SliceWindow window, slice_window(c.node, c.in[0].shape()));
  return move_window(c.node, c.in[0], window, c.out[0]);
}

Result<void> reference_split(ReferenceContext& c) {
  return for_parts(c.node, c.in[0].shape(), [&](const SliceWindow& w, size_t i) { return move_window(c.node, c.in[0], w, c.out[i]); });
}

void emit_slice(Emitter& emitter, TensorRef in, const SliceWindow& window, TensorRef out) {
  exec::SliceAttrs attrs;
  for (size_t d = 0; d < window.start.size(); ++d) {
    const bool one = window.size[d] <= 1;  // a step that is never taken may be larger than the attribute holds
    attrs.start[d] = static_cast<int32_t>(window.start[d]);
    attrs.step[d] = one ? 1 : static_cast<int32_t>(window.step[d]);
  }
  emitter.emit(exec::Op::slice, {in}, {out}, attrs);
}

VERGE_OP_METHODS(slice) = {.infer = infer_slice, .cost = movement_cost, .reference = reference_slice, .quant = quant, .lower = lower_slice};
VERGE_OP_METHODS(split) = {.infer = infer_split, .cost = movement_cost, .reference = reference_split, .quant = quant, .lower = lower_split};

}  // namespace verge::ops
