// softmax(scale * q k + mask) v in one pass over blocks of rows, so that the scores never leave the cache.
//
//   q [.., m, dk]   k [.., dk, n], with trans_k [.., n, dk]   v [.., n, dv]   mask (may be absent) n numbers, for every row alike   y [.., m, dv]
//
// Leading dimensions are equal. Made by the pass fuse_attention.
#include <cmath>

#include "ops/attention/attention.h"
#include "ops/op.h"
#include "ops/product_bf16.h"
#include "ops/reference_tools.h"
#include "ops/traffic.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  const TensorType &q = c.in(0), &k = c.in(1), &v = c.in(2);
  c.out[0].dtype = q.dtype;
  if (!q.ranked || !k.ranked || !v.ranked) return done();
  if (q.rank() < 2 || k.rank() != q.rank() || v.rank() != q.rank()) return invalid("inputs " + q.text() + ", " + k.text() + " and " + v.text() + " want one rank, 2 or more");
  std::vector<Dim> y = q.dims;
  y.back() = v.dims.back();
  c.out[0] = TensorType(q.dtype, std::move(y));
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  Cost cost = traffic(graph, node);
  const TensorType &q = graph.type(node.input(0)), &k = graph.type(node.input(1)), &v = graph.type(node.input(2));
  if (!q.is_static() || !k.is_static() || !v.is_static()) return cost;
  const exec::AttentionAttrs a = attention_attrs(node, q.shape(), k.shape(), v.shape());
  cost.macs = int64_t{a.batches} * a.m * a.n * (a.dk + a.dv);
  return cost;
}

// One row of y.
void attend(const ReferenceContext& c, const exec::AttentionAttrs& a, int64_t batch, int64_t row, std::vector<double>& y) {
  const auto mask = [&](int64_t j) { return c.in.size() > 3 && c.in[3].dtype() != DataType::kNone ? c.in[3].at(j) : 0.0; };
  std::vector<double> p(static_cast<size_t>(a.n));
  double most = -INFINITY, sum = 0;
  for (int64_t j = 0; j < a.n; ++j) {
    double score = 0;
    for (int64_t d = 0; d < a.dk; ++d) score += c.in[0].at((batch * a.m + row) * a.dk + d) * c.in[1].at(batch * a.n * a.dk + (a.trans_k ? j * a.dk + d : d * a.n + j));
    p[static_cast<size_t>(j)] = score * a.scale + mask(j);
    most = std::max(most, p[static_cast<size_t>(j)]);
  }
  for (double& v : p) sum += v = std::exp(v - most);
  for (int64_t d = 0; d < a.dv; ++d) {
    double mean = 0;
    for (int64_t j = 0; j < a.n; ++j) mean += p[static_cast<size_t>(j)] / sum * c.in[2].at((batch * a.n + j) * a.dv + d);
    y.push_back(mean);
  }
}

Result<void> reference(ReferenceContext& c) {
  const exec::AttentionAttrs a = attention_attrs(c.node, c.in[0].shape(), c.in[1].shape(), c.in[2].shape());
  std::vector<double> y;
  for (int64_t batch = 0; batch < a.batches; ++batch)
    for (int64_t row = 0; row < a.m; ++row) attend(c, a, batch, row, y);
  fill(c.out[0], y);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const Graph& g = emitter.graph();
  const TensorType &q = g.type(node.input(0)), &k = g.type(node.input(1)), &v = g.type(node.input(2));
  if (!is_real(q.dtype) || !is_real(k.dtype) || !is_real(v.dtype))
    return unsupported("attention of " + q.text() + ", " + k.text() + " and " + v.text() + ": only f32 runs");
  const exec::AttentionAttrs attrs = attention_attrs(node, q.shape(), k.shape(), v.shape());
  std::vector<TensorRef> in;
  for (const ValueId value : node.inputs) in.push_back(emitter.tensor(value));
  const auto threads = static_cast<size_t>(std::max(1, emitter.options().threads));
  if (is_bf16_product(g, node)) {
    const TensorRef slots = emitter.scratch(static_cast<size_t>(attrs.batches) * packed_attention_bf16(attrs) + threads * exec::AttentionSlot(attrs).bytes);
    emitter.emit(exec::Op::attention_bf16, in, {emitter.tensor(node.output())}, attrs, slots);
    return done();
  }
  const TensorRef scratch = emitter.scratch((packed_attention_floats(attrs) + threads * score_floats(attrs)) * sizeof(float));
  emitter.emit(exec::Op::attention_f32, in, {emitter.tensor(node.output())}, attrs, scratch);
  return done();
}

}  // namespace

exec::AttentionAttrs attention_attrs(const Node& node, const Shape& q, const Shape& k, const Shape& v) {
  exec::AttentionAttrs a;
  a.trans_k = node.integer("trans_k") != 0;
  a.m = q.back(1), a.dk = q.back(0), a.n = k.back(a.trans_k ? 1 : 0), a.dv = v.back(0);
  a.batches = static_cast<int32_t>(q.count() / (int64_t{a.m} * a.dk));
  a.scale = static_cast<float>(node.real("scale", 1));
  return a;
}

VERGE_OP_METHODS(attention) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
