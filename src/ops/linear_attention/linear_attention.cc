// Attention by a state S that is written and read step by step; for each t of each head
//
//   S = decay[t] * S;  v' = beta[t] * (v[t] - S^T k[t]) (v[t] without beta);  S = S + k[t] v'^T;  y[t] = scale * S^T q[t]
//
//   q [b, heads, t, dk]   k [b, kv_heads, t, dk]   v [b, kv_heads, t, dv]   S at the beginning (absent: zeros) [b, kv_heads, dk, dv]
//   decay (absent: 1) [b, kv_heads, t, dk or 1]   beta (absent: v' is v) [b, kv_heads or 1, t, 1]   y [b, heads, t, dv]   S at the end
#include "ops/linear_attention/linear_attention_attrs.h"

#include "ops/op.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

Result<void> infer(InferContext& c) {
  for (size_t i = 0; i < 3; ++i)
    if (c.in(i).ranked && c.in(i).rank() != 4) return invalid("input " + std::to_string(i) + " is " + c.in(i).text() + ", wants rank 4");
  for (TensorType& out : c.out) out.dtype = c.in(0).dtype;
  if (!c.in(0).ranked || !c.in(1).ranked || !c.in(2).ranked) return done();
  const std::vector<Dim>&q = c.in(0).dims, &k = c.in(1).dims, &v = c.in(2).dims;
  if (q[1].known() && k[1].known() && (k[1].size < 1 || q[1].size % k[1].size != 0)) return invalid("heads of " + c.in(0).text() + " are no multiple of those of " + c.in(1).text());
  c.out[0] = TensorType(c.in(0).dtype, std::vector<Dim>{q[0], q[1], q[2], v[3]});
  c.out[1] = TensorType(c.in(0).dtype, std::vector<Dim>{q[0], k[1], q[3], v[3]});
  return done();
}

Cost cost(const Graph& graph, const Node& node) {
  Cost cost{.activation_bytes = moved_bytes(graph, node)};
  const TensorType &y = graph.type(node.output(0)), &state = graph.type(node.output(1));
  if (y.is_static() && state.is_static()) cost.macs = y.shape()[2] * state.shape()[2] * state.shape()[3] * y.shape()[0] * (y.shape()[1] + 2 * state.shape()[1]);
  return cost;
}

Result<void> reference(ReferenceContext& c) {
  const Tensor &q = c.in[0], &k = c.in[1], &v = c.in[2];
  const auto given = [&](size_t i) { return i < c.in.size() && c.in[i].dtype() != DataType::kNone; };
  const Shape y = c.out[0].shape(), s = c.out[1].shape();
  const int64_t group = y[1] / s[1], steps = y[2];
  std::vector<double> state = given(3) ? c.in[3].to_doubles() : std::vector<double>(static_cast<size_t>(s.count())), out(static_cast<size_t>(y.count()));
  for (int64_t head = 0; head < int64_t{s[0]} * s[1]; ++head)
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t m = 0; m < s[3]; ++m) {
        const auto at = [&](int64_t d) -> double& { return state[(head * s[2] + d) * s[3] + m]; };
        double change = v.at((head * steps + t) * s[3] + m), found = 0;
        for (int64_t d = 0; d < s[2]; ++d) {
          if (given(4)) at(d) *= c.in[4].at((head * steps + t) * c.in[4].shape()[3] + (c.in[4].shape()[3] > 1 ? d : 0));
          found += at(d) * k.at((head * steps + t) * s[2] + d);
        }
        if (given(5)) change = c.in[5].at((c.in[5].shape()[1] == 1 ? head / s[1] : head) * steps + t) * (change - found);
        for (int64_t d = 0; d < s[2]; ++d) at(d) += k.at((head * steps + t) * s[2] + d) * change;
        for (int64_t g = head * group; g < (head + 1) * group; ++g) {
          double read = 0;
          for (int64_t d = 0; d < s[2]; ++d) read += q.at((g * steps + t) * s[2] + d) * at(d);
          out[(g * steps + t) * s[3] + m] = static_cast<double>(static_cast<float>(c.node.real("scale", 1))) * read;
        }
      }
  fill(c.out[0], out);
  fill(c.out[1], state);
  return done();
}

Result<void> lower(const Node& node, Emitter& emitter) {
  if (emitter.graph().type(node.input(0)).dtype != DataType::kF32) return unsupported("linear_attention of " + emitter.graph().type(node.input(0)).text() + ": only f32 runs; cast first");
  std::vector<TensorRef> in;
  for (const ValueId v : node.inputs) in.push_back(emitter.tensor(v));
  emitter.emit(exec::Op::linear_attention_f32, in, {emitter.tensor(node.output(0)), emitter.tensor(node.output(1))}, exec::LinearAttentionAttrs{static_cast<float>(node.real("scale", 1))});
  return done();
}

}  // namespace

VERGE_OP_METHODS(linear_attention) = {.infer = infer, .cost = cost, .reference = reference, .lower = lower};

}  // namespace verge::ops
