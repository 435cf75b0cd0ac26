#include <algorithm>
#include <cmath>

#include "kernels/gemm/pack_f32.h"
#include "kernels/gemm_bf16/conv_bf16.h"
#include "ops/dense/dense_attrs.h"
#include "ops/product_bf16.h"
#include "ops/recurrent/recurrent.h"

namespace verge::ops {
namespace {

Tensor packed(const float* rows, size_t n, size_t k) {
  Tensor out(DataType::kF32, {static_cast<int32_t>(packed_weights_f32_size(n, 1, k))});
  pack_weights_f32(n, 1, k, rows, {k, 0, 1}, out.mut<float>().data());
  return out;
}

Tensor packed_halves(const float* rows, size_t n, size_t k) {
  Tensor out(DataType::kBF16, {static_cast<int32_t>(packed_weights_bf16_size(n, k))});
  pack_weights_bf16(n, k, rows, reinterpret_cast<uint16_t*>(out.data()));
  return out;
}

Tensor packed_bias(const float* values, size_t n) {
  Tensor out(DataType::kF32, {static_cast<int32_t>(packed_bias_f32_size(n))});
  pack_bias_f32(n, values, out.mut<float>().data());
  return out;
}

// Parts of one type, one behind the other.
Tensor joined(const std::vector<Tensor>& parts) {
  int64_t count = 0;
  for (const Tensor& part : parts) count += part.count();
  Tensor all(parts[0].dtype(), {static_cast<int32_t>(count)});
  uint8_t* to = all.data();
  for (const Tensor& part : parts) to = std::copy(part.bytes().begin(), part.bytes().end(), to);
  return all;
}

// Rows of the matrices that the recurrent weights of one direction are packed as.
std::vector<size_t> matrix_rows(const exec::RecurrentAttrs& a) {
  const auto h = static_cast<size_t>(a.hidden);
  if (a.cell == exec::Cell::kGru) return {2 * h, h};
  return {static_cast<size_t>(a.gates()) * h};
}

// x times the input weights of both directions, at once for all steps.
TensorRef emit_gates_of_input(const Node& node, Emitter& emitter, const exec::RecurrentAttrs& a, const Tensor& w, const Tensor* bias) {
  const int32_t n = a.directions * a.gates() * a.hidden, half = a.gates() * a.hidden;
  std::vector<float> b(static_cast<size_t>(n), 0.0f);
  for (int32_t i = 0; bias && i < n; ++i) b[i] = bias->values<float>()[i / half * 2 * half + i % half];
  const Shape x = emitter.graph().type(node.input(0)).shape();
  const TensorRef out = emitter.temporary(DataType::kF32, {x[0], x[1], n});
  const ConvGeometry g = exec::rows_geometry(x, {x[0], x[1], n});
  const bool in_bf16 = by_bf16(node, g);
  Tensor weights = in_bf16 ? packed_bf16(g, w) : packed(w.values<float>().data(), static_cast<size_t>(n), static_cast<size_t>(x[2]));
  emitter.emit(in_bf16 ? exec::Op::dense_bf16 : exec::Op::dense_f32,
               {emitter.tensor(node.input(0)), emitter.constant(std::move(weights), node.name + ".weights"), emitter.constant(packed_bias(b.data(), static_cast<size_t>(n)), node.name + ".bias")},
               {out}, exec::DenseF32Attrs{-INFINITY, INFINITY}, in_bf16 ? scratch_bf16(emitter, g) : TensorRef{});
  return out;
}

struct Recurrent {
  Tensor weights, bias;
};

Recurrent pack_recurrent(const exec::RecurrentAttrs& a, const Tensor& r, const Tensor* bias, bool in_bf16) {
  std::vector<Tensor> weights, biases;
  const size_t h = static_cast<size_t>(a.hidden), rows = static_cast<size_t>(a.gates()) * h;
  for (size_t d = 0; d < static_cast<size_t>(a.directions); ++d) {
    size_t at = 0;
    for (size_t n : matrix_rows(a)) {
      const float* from = r.values<float>().data() + (d * rows + at) * h;
      weights.push_back(in_bf16 ? packed_halves(from, n, h) : packed(from, n, h));
      biases.push_back(packed_bias(bias ? bias->values<float>().data() + d * 2 * rows + rows + at : nullptr, n));
      at += n;
    }
  }
  return {joined(weights), joined(biases)};
}

}  // namespace

Result<void> lower_recurrent(const Node& node, Emitter& emitter) {
  const Graph& graph = emitter.graph();
  const Tensor *w = graph.constant(node.input(1)), *r = graph.constant(node.input(2)), *bias = graph.constant(node.input(3));
  if (!w || !r || (node.input(3).valid() && !bias)) return unsupported("weights or bias that are computed at run time; they must be constant");
  for (size_t i : {0, 1, 2, 3, 5, 6, 7})
    if (node.input(i).valid() && graph.type(node.input(i)).dtype != DataType::kF32) return unsupported("input " + std::to_string(i) + " is " + graph.type(node.input(i)).text() + "; f32 is supported");
  if (node.input(4).valid() && graph.type(node.input(4)).dtype != DataType::kI32) return unsupported("lengths are " + graph.type(node.input(4)).text() + "; i32 is supported");
  VERGE_TRY(const exec::RecurrentAttrs a, recurrent_attrs(graph, node));
  const TensorRef gates = emit_gates_of_input(node, emitter, a, *w, bias);
  const bool in_bf16 = by_bf16(node, exec::state_geometry(a, static_cast<size_t>(a.gates() * a.hidden)));
  Recurrent recurrent = pack_recurrent(a, *r, bias, in_bf16);
  std::vector<TensorRef> in = {gates, emitter.constant(std::move(recurrent.weights), node.name + ".recurrent"), emitter.constant(std::move(recurrent.bias), node.name + ".recurrent_bias")};
  for (size_t i = 4; i < 8; ++i) in.push_back(node.input(i).valid() ? emitter.tensor(node.input(i)) : TensorRef{});
  std::vector<TensorRef> out;
  for (ValueId v : node.outputs) out.push_back(emitter.tensor(v));
  emitter.emit(exec::Op::recurrent_f32, std::move(in), std::move(out), a, emitter.scratch(a.scratch_floats() * sizeof(float) + (in_bf16 ? exec::recurrent_bf16_bytes(a) : 0)));
  return done();
}

}  // namespace verge::ops
