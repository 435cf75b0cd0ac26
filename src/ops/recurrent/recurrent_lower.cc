#include <cmath>

#include "kernels/gemm/pack_f32.h"
#include "ops/dense/dense_attrs.h"
#include "ops/recurrent/recurrent.h"

namespace verge::ops {
namespace {

Tensor packed(const float* rows, size_t n, size_t k) {
  Tensor out(DataType::kF32, {static_cast<int32_t>(packed_weights_f32_size(n, 1, k))});
  pack_weights_f32(n, 1, k, rows, {k, 0, 1}, out.mut<float>().data());
  return out;
}

Tensor packed_bias(const float* values, size_t n) {
  Tensor out(DataType::kF32, {static_cast<int32_t>(packed_bias_f32_size(n))});
  pack_bias_f32(n, values, out.mut<float>().data());
  return out;
}

void append(std::vector<float>& all, const Tensor& part) { all.insert(all.end(), part.values<float>().begin(), part.values<float>().end()); }

Tensor vector_of(const std::vector<float>& values) { return Tensor::of<float>({static_cast<int32_t>(values.size())}, values); }

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
  emitter.emit(exec::Op::dense_f32,
               {emitter.tensor(node.input(0)), emitter.constant(packed(w.values<float>().data(), static_cast<size_t>(n), static_cast<size_t>(x[2])), node.name + ".weights"),
                emitter.constant(packed_bias(b.data(), static_cast<size_t>(n)), node.name + ".bias")},
               {out}, exec::DenseF32Attrs{-INFINITY, INFINITY});
  return out;
}

struct Recurrent {
  Tensor weights, bias;
};

Recurrent pack_recurrent(const exec::RecurrentAttrs& a, const Tensor& r, const Tensor* bias) {
  std::vector<float> weights, biases;
  const size_t h = static_cast<size_t>(a.hidden), rows = static_cast<size_t>(a.gates()) * h;
  for (size_t d = 0; d < static_cast<size_t>(a.directions); ++d) {
    size_t at = 0;
    for (size_t n : matrix_rows(a)) {
      append(weights, packed(r.values<float>().data() + (d * rows + at) * h, n, h));
      append(biases, packed_bias(bias ? bias->values<float>().data() + d * 2 * rows + rows + at : nullptr, n));
      at += n;
    }
  }
  return {vector_of(weights), vector_of(biases)};
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
  Recurrent recurrent = pack_recurrent(a, *r, bias);
  std::vector<TensorRef> in = {gates, emitter.constant(std::move(recurrent.weights), node.name + ".recurrent"), emitter.constant(std::move(recurrent.bias), node.name + ".recurrent_bias")};
  for (size_t i = 4; i < 8; ++i) in.push_back(node.input(i).valid() ? emitter.tensor(node.input(i)) : TensorRef{});
  std::vector<TensorRef> out;
  for (ValueId v : node.outputs) out.push_back(emitter.tensor(v));
  emitter.emit(exec::Op::recurrent_f32, std::move(in), std::move(out), a, emitter.scratch(a.scratch_floats() * sizeof(float)));
  return done();
}

}  // namespace verge::ops
