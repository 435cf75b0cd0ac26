// max_pool_gradient (x, dy) -> dx: dy goes to the first of the window's largest. avg_pool_gradient (dy) -> dx: dy / count goes to every pixel of the window.
// Attributes as the pool's, channels last; avg_pool_gradient has `shape`, x's sizes.
#include <algorithm>

#include "core/text.h"
#include "kernels/pool/pool_f32.h"
#include "ops/pool/pool.h"
#include "ops/pool/pool_attrs.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

bool is_maximum(const Node& node) { return node.op == "max_pool_gradient"; }

Result<void> infer(InferContext& c) {
  if (is_maximum(c.node)) {
    infer_same(c);
    return done();
  }
  const std::vector<int64_t> shape = c.node.integers("shape");
  if (shape.size() != 4) return invalid("shape " + bracketed(shape) + " wants the four sizes of the pool's input");
  c.out[0] = TensorType(c.in(0).dtype, std::vector<Dim>(shape.begin(), shape.end()));
  return done();
}

Result<exec::PoolAttrs> attrs_of(const Node& node, const Shape& x, const Shape& y) {
  VERGE_TRY(const Axes axes, axes_of(node));
  VERGE_TRY(const Window window, pool_window(node));
  const bool padded = node.integer("count_include_pad") != 0;
  return exec::PoolAttrs{window_attrs(geometry_of(window, axes, x, y, 1)), static_cast<int32_t>(is_maximum(node) ? PoolKind::kMax : PoolKind::kAverage),
                         static_cast<int32_t>(padded ? PoolCount::kPadded : PoolCount::kInside), window.h.end, window.w.end};
}

Result<void> lower(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_nhwc(node));
  const ValueId dy = node.input(is_maximum(node) ? 1 : 0);
  VERGE_TRY(const exec::PoolAttrs attrs, attrs_of(node, emitter.graph().type(node.output()).shape(), emitter.graph().type(dy).shape()));
  emitter.emit(exec::Op::pool_gradient_f32, {is_maximum(node) ? emitter.tensor(node.input(0)) : TensorRef{}, emitter.tensor(dy)}, {emitter.tensor(node.output())}, attrs);
  return done();
}

// The input elements that one output element sees, in the order of taps, and what an average divides by.
struct Seen {
  std::vector<size_t> inside;
  double count = 0;
};

Seen seen_by(const ConvGeometry& g, const exec::PoolAttrs& a, const Strides4& at, int32_t b, int32_t oy, int32_t ox, int32_t c) {
  Seen seen;
  for (int32_t ky = 0; ky < g.kernel_h; ++ky)
    for (int32_t kx = 0; kx < g.kernel_w; ++kx) {
      const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
      const bool inside = iy >= 0 && iy < g.in_h && ix >= 0 && ix < g.in_w;
      if (inside) seen.inside.push_back(at.at(b, iy, ix, c));
      seen.count += inside || (a.count == static_cast<int32_t>(PoolCount::kPadded) && iy < g.in_h + a.pad_bottom && ix < g.in_w + a.pad_right);
    }
  return seen;
}

Result<void> reference(ReferenceContext& c) {
  const bool maximum = is_maximum(c.node);
  const Tensor& upstream = c.in[maximum ? 1 : 0];
  const Shape &x = c.out[0].shape(), &y = upstream.shape();
  VERGE_TRY(const Axes axes, axes_of(c.node));
  VERGE_TRY(const Window window, pool_window(c.node));
  VERGE_TRY(const exec::PoolAttrs attrs, attrs_of(c.node, x, y));
  const ConvGeometry g = geometry_of(window, axes, x, y, 1);
  const Strides4 x_at(axes, x), y_at(axes, y);
  const std::vector<double> values = maximum ? c.in[0].to_doubles() : std::vector<double>(), dy = upstream.to_doubles();
  std::vector<double> dx(static_cast<size_t>(x.count()));
  for (int32_t b = 0; b < g.batch; ++b)
    for (int32_t oy = 0; oy < g.out_h; ++oy)
      for (int32_t ox = 0; ox < g.out_w; ++ox)
        for (int32_t channel = 0; channel < g.in_c; ++channel) {
          const Seen seen = seen_by(g, attrs, x_at, b, oy, ox, channel);
          const double d = dy[y_at.at(b, oy, ox, channel)];
          if (maximum && !seen.inside.empty()) {
            dx[*std::max_element(seen.inside.begin(), seen.inside.end(), [&](size_t i, size_t j) { return values[i] < values[j]; })] += d;
          } else {
            for (size_t i : seen.inside) dx[i] += d / seen.count;
          }
        }
  store(dx, c.out[0]);
  return done();
}

}  // namespace

VERGE_OP_METHODS(max_pool_gradient) = {.infer = infer, .reference = reference, .lower = lower};
VERGE_OP_METHODS(avg_pool_gradient) = {.infer = infer, .reference = reference, .lower = lower};

}  // namespace verge::ops
