#include "kernels/gemm/pack_f32.h"
#include "ops/dense/dense.h"
#include "ops/dense/dense_attrs.h"
#include "ops/product_i16.h"
#include "ops/product_i8.h"

namespace verge::ops {
namespace {

Result<void> lower_f32(const Node& node, Emitter& emitter, const Tensor& w, const Tensor* bias) {
  if (bias && bias->dtype() != DataType::kF32) return unsupported(std::string("a bias of type ") + dtype_name(bias->dtype()) + " with f32 weights");
  const size_t n = static_cast<size_t>(w.shape()[0]), k = static_cast<size_t>(w.shape()[1]);
  Tensor packed(DataType::kF32, {static_cast<int32_t>(packed_weights_f32_size(n, 1, k))}), packed_bias(DataType::kF32, {static_cast<int32_t>(packed_bias_f32_size(n))});
  pack_weights_f32(n, 1, k, w.values<float>().data(), {k, 0, 1}, packed.mut<float>().data());
  pack_bias_f32(n, bias ? bias->values<float>().data() : nullptr, packed_bias.mut<float>().data());
  const RealClamp clamp = real_clamp(node);
  const exec::DenseF32Attrs attrs{static_cast<float>(clamp.min), static_cast<float>(clamp.max)};
  emitter.emit(exec::Op::dense_f32,
               {emitter.tensor(node.input(0)), emitter.constant(std::move(packed), node.name + ".weights"), emitter.constant(std::move(packed_bias), node.name + ".bias")},
               {emitter.tensor(node.output())}, attrs);
  return done();
}

Result<void> lower_i8(const Node& node, Emitter& emitter, const Tensor& w) {
  const int32_t n = w.shape()[0], k = w.shape()[1], rows = static_cast<int32_t>(emitter.graph().type(node.input(0)).shape().count() / k);
  const ConvGeometry rows_as_pixels{.in_h = rows, .in_c = k, .out_h = rows, .out_c = n};
  VERGE_TRY(LoweredProduct product, lower_conv_product_i8(node, emitter, rows_as_pixels, dense_scale_product(w.quant())));
  emitter.emit(exec::Op::dense_i8, std::move(product.inputs), {emitter.tensor(node.output())}, product.attrs);
  return done();
}

Result<void> lower_i16(const Node& node, Emitter& emitter, const Tensor& w) {
  VERGE_TRY(LoweredProductI16 product, lower_product_i16(node, emitter, static_cast<size_t>(w.shape()[0]), dense_scale_product(w.quant())));
  emitter.emit(exec::Op::dense_i16, std::move(product.inputs), {emitter.tensor(node.output())}, product.attrs);
  return done();
}

}  // namespace

Result<void> lower_dense(const Node& node, Emitter& emitter) {
  const Graph& graph = emitter.graph();
  const TensorType& x = graph.type(node.input(0));
  const Tensor *w = graph.constant(node.input(1)), *bias = graph.constant(node.input(2));
  if (!w || (node.input(2).valid() && !bias)) return unsupported("weights or bias that are computed at run time; `matmul` and `add` take those");
  if (x.dtype == DataType::kF32 && w->dtype() == DataType::kF32) return lower_f32(node, emitter, *w, bias);
  if (is_quantized(graph, node) && is_8bit(x.dtype) && is_8bit(graph.type(node.output()).dtype)) return lower_i8(node, emitter, *w);
  if (is_product_i16(graph, node)) return lower_i16(node, emitter, *w);
  return unsupported("input " + x.text() + " with weights " + dtype_name(w->dtype()) + "; f32, and i8, u8 or i16 where quantised, are supported");
}

}  // namespace verge::ops
