#include "kernels/pool/pool_f32.h"
#include "ops/pool/pool.h"
#include "ops/pool/pool_attrs.h"
#include "ops/product_bf16.h"
#include "ops/quantized.h"

namespace verge::ops {
namespace {

exec::PoolAttrs pool_attrs(const Node& node, const Window& window, const Shape& x, const Shape& y) {
  const auto kind = static_cast<int32_t>(node.op == "max_pool" ? PoolKind::kMax : PoolKind::kAverage);
  const auto count = static_cast<int32_t>(node.integer("count_include_pad") ? PoolCount::kPadded : PoolCount::kInside);
  return {window_attrs(geometry_of(window, {0, 1, 2, 3}, x, y, 1)), kind, count, window.h.end, window.w.end};
}

Result<exec::PoolI8Attrs> pool_i8_attrs(const Node& node, const exec::PoolAttrs& pool, const TensorType& x, const TensorType& y) {
  VERGE_CHECK(check_pool_quant(node, x.dtype, x.quant, y.quant));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  const IntegerClamp clamp = integer_clamp(node, y.quant, y.dtype);
  return exec::PoolI8Attrs{pool, static_cast<int32_t>(mode), zero_point(x.quant), zero_point(y.quant), scale(x.quant) / scale(y.quant), clamp.min, clamp.max};
}

}  // namespace

Result<void> lower_pool(const Node& node, Emitter& emitter) {
  VERGE_CHECK(require_nhwc(node));
  VERGE_TRY(const Window window, pool_window(node));
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  const exec::PoolAttrs pool = pool_attrs(node, window, x.shape(), y.shape());
  const TensorRef from = emitter.tensor(node.input(0)), to = emitter.tensor(node.output());
  if (is_real(x.dtype)) {
    const RealClamp clamp = real_clamp(node);
    emitter.emit(exec::Op::pool_f32, {from}, {to}, exec::PoolF32Attrs{pool, static_cast<float>(clamp.min), static_cast<float>(clamp.max)});
    return done();
  }
  VERGE_TRY(const exec::PoolI8Attrs attrs, pool_i8_attrs(node, pool, x, y));
  emitter.emit(exec::Op::pool_i8, {from}, {to}, attrs);
  return done();
}

}  // namespace verge::ops
