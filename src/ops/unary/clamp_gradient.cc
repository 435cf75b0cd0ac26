// clamp_gradient (y, dy) -> dx = dy where clamp_min < y < clamp_max, else 0. y: what the clamp gave, of dy's shape.
#include "ops/op.h"
#include "ops/quantized.h"
#include "ops/shape_rules.h"
#include "ops/unary/clamp_gradient_attrs.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  if (c.in(0).is_static() && c.in(1).is_static() && c.in(0).shape() != c.in(1).shape()) return invalid("inputs are " + c.in(0).text() + " and " + c.in(1).text() + ", want equal shapes");
  infer_same(c);
  return done();
}

Result<void> reference(ReferenceContext& c) {
  const RealClamp clamp = real_clamp(c.node);
  const std::vector<double> y = c.in[0].to_doubles();
  std::vector<double> dx = c.in[1].to_doubles();
  for (size_t i = 0; i < dx.size(); ++i)
    if (!(y[i] > clamp.min && y[i] < clamp.max)) dx[i] = 0;
  store(dx, c.out[0]);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const RealClamp clamp = real_clamp(node);
  emitter.emit(exec::Op::clamp_gradient_f32, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output())},
               exec::ClampGradientAttrs{static_cast<float>(clamp.min), static_cast<float>(clamp.max)}, {}, 1);
  return done();
}

}  // namespace

VERGE_OP_METHODS(clamp_gradient) = {.infer = infer, .reference = reference, .lower = lower};

}  // namespace verge::ops
