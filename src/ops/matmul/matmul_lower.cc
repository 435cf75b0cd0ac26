#include <algorithm>

#include "kernels/gemm/matmul_f32.h"
#include "kernels/gemm_bf16/matmul_bf16.h"
#include "kernels/gemm_i8/matmul_i8.h"
#include "ops/binary/binary_attrs.h"
#include "ops/cast/cast_attrs.h"
#include "ops/matmul/matmul.h"
#include "ops/matmul/matmul_attrs.h"
#include "ops/product_bf16.h"
#include "ops/product_i8.h"
#include "ops/quantize/requantize.h"
#include "ops/quantized.h"

namespace verge::ops {

namespace {

exec::MatmulAttrs attrs_of(const Node& node, const MatmulPlan& plan, const TensorType& b) {
  exec::MatmulAttrs attrs;
  attrs.m = static_cast<int32_t>(plan.m);
  attrs.n = static_cast<int32_t>(plan.n);
  attrs.k = static_cast<int32_t>(plan.k);
  attrs.trans_b = node.integer("trans_b") != 0 || b.rank() == 1;
  attrs.batch_rank = plan.batch.rank;
  std::copy_n(plan.batch.dim, plan.batch.rank, attrs.batch);
  std::copy_n(plan.a_step, plan.batch.rank, attrs.a_step);
  std::copy_n(plan.b_step, plan.batch.rank, attrs.b_step);
  return attrs;
}

// The stored integers less their zero point, as i32.
TensorRef centred(Emitter& emitter, ValueId value) {
  const TensorType& type = emitter.graph().type(value);
  const TensorRef wide = emitter.temporary(DataType::kI32, type.shape());
  emitter.emit(exec::Op::cast, {emitter.tensor(value)}, {wide}, exec::CastAttrs{});
  const int32_t zero = type.quant.zero_point.empty() ? 0 : type.quant.zero_point[0];
  if (zero == 0) return wide;
  const TensorRef out = emitter.temporary(DataType::kI32, type.shape()), constant = emitter.constant(Tensor::scalar(zero), "zero_point." + std::to_string(zero));
  emitter.emit(exec::Op::binary_int, {wide, constant}, {out}, exec::BinaryIntAttrs{static_cast<uint32_t>(exec::BinaryInt::kSub)}, {}, 0);
  return out;
}

// Of 8-bit tensors.
Result<void> lower_bytes(const Node& node, Emitter& emitter, const exec::MatmulAttrs& product, int64_t b_matrices) {
  const TensorType &a = emitter.graph().type(node.input(0)), &b = emitter.graph().type(node.input(1)), &y = emitter.graph().type(node.output());
  VERGE_TRY(const ChannelRequant requant, channel_requant(node, a.quant, b.quant, y.quant, y.dtype, 1, ScaleProduct::kFloat));
  exec::MatmulI8Attrs attrs;
  attrs.product = product;
  attrs.a_zero_point = static_cast<int16_t>(zero_point(a.quant));
  attrs.b_zero_point = static_cast<int16_t>(zero_point(b.quant));
  attrs.requant = requant_attrs(requant);
  if (requant.mode == RequantMode::kOnnx) attrs.scale = requant.scale[0];
  else attrs.multiplier = requant.multiplier[0].multiplier, attrs.shift = requant.multiplier[0].shift;
  const TensorRef scratch = emitter.scratch(static_cast<size_t>(b_matrices) * matmul_i8_scratch_size(static_cast<size_t>(product.n), static_cast<size_t>(product.k)));
  emitter.emit(exec::Op::matmul_i8, {emitter.tensor(node.input(0)), emitter.tensor(node.input(1))}, {emitter.tensor(node.output())}, attrs, scratch);
  return done();
}

// Exact sums in i32 under the product of the scales, then requantised.
Result<void> lower_quantized(const Node& node, Emitter& emitter, const exec::MatmulAttrs& attrs) {
  const TensorType &a = emitter.graph().type(node.input(0)), &b = emitter.graph().type(node.input(1)), &y = emitter.graph().type(node.output());
  if (a.quant.per_channel() || b.quant.per_channel() || y.quant.per_channel()) return unsupported("operands of a matrix product have one scale each");
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  const QuantParams scale{{a.quant.scale[0] * b.quant.scale[0]}, {0}, -1};
  const TensorRef sums = emitter.temporary(DataType::kI32, y.shape(), scale);
  emitter.emit(exec::Op::matmul_plain, {centred(emitter, node.input(0)), centred(emitter, node.input(1))}, {sums}, attrs);
  TensorType from(DataType::kI32, y.shape());
  from.quant = scale;
  VERGE_TRY(const AffineType x, affine_type(from, "sums"));
  VERGE_TRY(const AffineType to, affine_type(y, "output"));
  emit_requantize(emitter, sums, emitter.tensor(node.output()), Requantizer(x, to, mode), node.name);
  return done();
}

}  // namespace

Result<void> lower_matmul(const Node& node, Emitter& emitter) {
  const TensorType &a = emitter.graph().type(node.input(0)), &b = emitter.graph().type(node.input(1)), &y = emitter.graph().type(node.output());
  const MatmulPlan plan = matmul_plan(node, a.shape(), b.shape());
  const exec::MatmulAttrs attrs = attrs_of(node, plan, b);
  if (a.quantized() && b.quantized() && y.quantized()) {
    const bool bytes = is_8bit(a.dtype) && is_8bit(b.dtype) && is_8bit(y.dtype) && !a.quant.per_channel() && !b.quant.per_channel() && !y.quant.per_channel();
    return bytes ? lower_bytes(node, emitter, attrs, plan.b_matrices) : lower_quantized(node, emitter, attrs);
  }
  const std::vector<TensorRef> in{emitter.tensor(node.input(0)), emitter.tensor(node.input(1))};
  if (a.dtype == b.dtype && !a.quantized() && (a.dtype == DataType::kI32 || a.dtype == DataType::kI64 || a.dtype == DataType::kF64)) {
    emitter.emit(exec::Op::matmul_plain, in, {emitter.tensor(node.output())}, attrs);
    return done();
  }
  if (!is_real(a.dtype) || !is_real(b.dtype)) return unsupported("inputs " + a.text() + " and " + b.text() + "; products of f32, f64, i32, i64 and quantised tensors are supported");
  if (is_bf16_product(emitter.graph(), node)) {
    const size_t m = static_cast<size_t>(plan.m), n = static_cast<size_t>(plan.n), k = static_cast<size_t>(plan.k), threads = static_cast<size_t>(std::max(1, emitter.options().threads));
    const size_t bytes = static_cast<size_t>(plan.b_matrices) * matmul_bf16_packed_size(n, k) + threads * conv_bf16_scratch_size(matmul_geometry(m, n, k));
    emitter.emit(exec::Op::matmul_bf16, in, {emitter.tensor(node.output())}, attrs, emitter.scratch(bytes));
    return done();
  }
  const size_t packed = matmul_f32_scratch_size(static_cast<size_t>(plan.n), static_cast<size_t>(plan.k));
  const TensorRef scratch = emitter.scratch(static_cast<size_t>(plan.b_matrices) * packed * sizeof(float));
  emitter.emit(exec::Op::matmul_f32, in, {emitter.tensor(node.output())}, attrs, scratch);
  return done();
}

}  // namespace verge::ops
