#include <algorithm>

#include "kernels/gemm/pack_f32.h"
#include "kernels/sparse/sparse_f32.h"
#include "ops/conv/conv_gradient.h"
#include "ops/dense/dense.h"
#include "ops/dense/dense_attrs.h"
#include "ops/product_bf16.h"
#include "ops/product_i16.h"
#include "ops/product_i8.h"

namespace verge::ops {
namespace {

// Packed here where they are constant, by an instruction where they are computed at run time.
TensorRef packed_weights(const Node& node, Emitter& emitter, const ConvGeometry& g) {
  const size_t n = g.group_out(), k = g.group_in(), floats = packed_weights_f32_size(n, 1, k);
  const Tensor* w = emitter.graph().constant(node.input(1));
  if (!w) return emit_pack(emitter, emitter.tensor(node.input(1)), pack_attrs(g, exec::PackKind::kProduct), floats);
  Tensor packed(DataType::kF32, {static_cast<int32_t>(floats)});
  pack_weights_f32(n, 1, k, w->values<float>().data(), {k, 0, 1}, packed.mut<float>().data());
  return emitter.constant(std::move(packed), node.name + ".weights");
}

TensorRef packed_biases(const Node& node, Emitter& emitter, const ConvGeometry& g) {
  const size_t n = g.group_out(), floats = packed_bias_f32_size(n);
  const Tensor* bias = emitter.graph().constant(node.input(2));
  if (node.input(2).valid() && !bias) return emit_pack(emitter, emitter.tensor(node.input(2)), pack_attrs(g, exec::PackKind::kBias), floats);
  Tensor packed(DataType::kF32, {static_cast<int32_t>(floats)});
  pack_bias_f32(n, bias ? bias->values<float>().data() : nullptr, packed.mut<float>().data());
  return emitter.constant(std::move(packed), node.name + ".bias");
}

// Whether the zero blocks of the weights are worth leaving out.
bool is_sparse(const Node& node, const Emitter& emitter, const ConvGeometry& g) {
  const Tensor* w = emitter.graph().constant(node.input(1));
  const bool bias_known = !node.input(2).valid() || emitter.graph().constant(node.input(2));
  if (!w || !bias_known || !all_floats(emitter.graph())) return false;
  return sparse_f32_pays(g.out_pixels(), g.group_out(), g.group_in(), count_sparse_blocks(g.group_out(), g.group_in(), w->values<float>().data()));
}

void emit_sparse(const Node& node, Emitter& emitter, const ConvGeometry& g, const exec::DenseF32Attrs& attrs) {
  const float* w = emitter.graph().constant(node.input(1))->values<float>().data();
  const size_t n = g.group_out(), k = g.group_in(), blocks = count_sparse_blocks(n, k, w);
  Tensor start(DataType::kI32, {static_cast<int32_t>((n + kSparseBlock - 1) / kSparseBlock + 1)}), column(DataType::kI32, {static_cast<int32_t>(blocks)});
  Tensor packed(DataType::kF32, {static_cast<int32_t>(blocks * kSparseBlock)});
  pack_sparse_f32(n, k, w, start.mut<int32_t>().data(), column.mut<int32_t>().data(), packed.mut<float>().data());
  const TensorRef weights = emitter.constant(std::move(packed), node.name + ".weights"), biases = packed_biases(node, emitter, g);
  const TensorRef starts = emitter.constant(std::move(start), node.name + ".starts"), columns = emitter.constant(std::move(column), node.name + ".columns");
  emitter.emit(exec::Op::dense_f32, {emitter.tensor(node.input(0)), weights, biases, starts, columns}, {emitter.tensor(node.output())}, attrs);
}

Result<void> lower_f32(const Node& node, Emitter& emitter) {
  const Graph& graph = emitter.graph();
  if (node.input(2).valid() && graph.type(node.input(2)).dtype != DataType::kF32)
    return unsupported(std::string("a bias of type ") + dtype_name(graph.type(node.input(2)).dtype) + " with f32 weights");
  const ConvGeometry g = exec::rows_geometry(graph.type(node.input(0)).shape(), graph.type(node.output()).shape());
  const RealClamp clamp = real_clamp(node);
  const exec::DenseF32Attrs attrs{static_cast<float>(clamp.min), static_cast<float>(clamp.max)};
  if (is_bf16_product(graph, node)) {
    const TensorRef weights = emitter.constant(packed_bf16(g, *graph.constant(node.input(1))), node.name + ".weights");
    emit_activated(node, emitter, exec::Op::dense_bf16, {emitter.tensor(node.input(0)), weights, packed_biases(node, emitter, g)}, attrs, scratch_bf16(emitter, g));
    return done();
  }
  if (emit_sparse_rows(node, emitter, attrs)) return done();
  const TensorRef weights = packed_weights(node, emitter, g), biases = packed_biases(node, emitter, g);
  emitter.emit(exec::Op::dense_f32, {emitter.tensor(node.input(0)), weights, biases}, {emitter.tensor(node.output())}, attrs);
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

bool all_floats(const Graph& graph) {
  const auto& order = graph.order();
  return std::none_of(order.begin(), order.end(), [&](NodeId id) { return is_quantized(graph, graph.node(id)); });
}

bool emit_sparse_rows(const Node& node, Emitter& emitter, const exec::DenseF32Attrs& attrs) {
  const ConvGeometry g = exec::rows_geometry(emitter.graph().type(node.input(0)).shape(), emitter.graph().type(node.output()).shape());
  if (!is_sparse(node, emitter, g)) return false;
  emit_sparse(node, emitter, g, attrs);
  return true;
}

Result<void> lower_dense(const Node& node, Emitter& emitter) {
  const Graph& graph = emitter.graph();
  const TensorType& x = graph.type(node.input(0));
  const Tensor *w = graph.constant(node.input(1)), *bias = graph.constant(node.input(2));
  if (is_real(x.dtype) && graph.type(node.input(1)).dtype == DataType::kF32) return lower_f32(node, emitter);
  if (!w || (node.input(2).valid() && !bias)) return unsupported("quantised weights or bias that are computed at run time; they must be constant");
  if (is_quantized(graph, node) && is_8bit(x.dtype) && is_8bit(graph.type(node.output()).dtype)) return lower_i8(node, emitter, *w);
  if (gives_reals(graph, node)) return lower_i8(node, emitter, *w);
  if (is_product_i16(graph, node)) return lower_i16(node, emitter, *w);
  return unsupported("input " + x.text() + " with weights " + dtype_name(w->dtype()) + "; f32, and i8, u8 or i16 where quantised, are supported");
}

}  // namespace verge::ops
