#include "kernels/pool/pool_f32.h"
#include "ops/pool/pool.h"
#include "ops/pool/pool_attrs.h"
#include "ops/quantized.h"

namespace verge::ops {

Result<void> lower_pool(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_nhwc(node));
  VERGE_TRY(const Window window, pool_window(node));
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  const ConvGeometry g = geometry_of(window, {0, 1, 2, 3}, x.shape(), y.shape(), 1);
  const auto kind = static_cast<int32_t>(node.op == "max_pool" ? PoolKind::kMax : PoolKind::kAverage);
  const auto count = static_cast<int32_t>(node.integer("count_include_pad") ? PoolCount::kPadded : PoolCount::kInside);
  const RealClamp clamp = real_clamp(node);
  if (x.dtype != DataType::kF32) return unsupported("input " + x.text() + "; f32, and int8 or uint8 where quantised, are supported");
  const exec::PoolF32Attrs attrs{window_attrs(g), kind, count, window.h.end, window.w.end, static_cast<float>(clamp.min), static_cast<float>(clamp.max)};
  emitter.emit(exec::Op::pool_f32, {emitter.tensor(node.input(0))}, {emitter.tensor(node.output())}, attrs);
  return done();
}

}  // namespace verge::ops
