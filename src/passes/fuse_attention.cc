// Scores, softmax and weighted means that nobody else reads become one operator, whose scores stay in the cache. Scores may be multiplied by a number, and
// a mask that is the same for every row may be added.
//
//   s = matmul q k
//   t = mul s 0.125
//   u = add t mask          ->   y = attention q k v mask {scale=0.125}
//   p = softmax u                out y
//   y = matmul p v
//   out y
#include "ir/match.h"
#include "passes/product.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

bool is_plain_f32(const TensorType& type) { return type.dtype == DataType::kF32 && type.is_static() && !type.quantized() && type.rank() >= 2; }

// All dimensions but the last two.
bool same_batches(const TensorType& a, const TensorType& b) {
  return a.rank() == b.rank() && std::equal(a.dims.begin(), a.dims.end() - 2, b.dims.begin(), [](const Dim& x, const Dim& y) { return x.size == y.size; });
}

// One number a column.
bool is_mask(const TensorType& type, int64_t columns) {
  return type.dtype == DataType::kF32 && type.is_static() && type.rank() >= 1 && type.dims.back().size == columns && type.shape().count() == columns;
}

bool has_clamp(const Node& n) { return n.attrs.contains("clamp_min") || n.attrs.contains("clamp_max"); }

// softmax's input taken apart.
struct Scores {
  const Node* product = nullptr;
  double scale = 1;
  ValueId mask;
};

std::optional<Scores> scores_of(const Graph& g, ValueId value) {
  Scores s;
  const int64_t columns = g.type(value).is_static() ? g.type(value).dims.back().size : 0;
  if (const Node* sum = exclusive_producer(g, value); sum && sum->op == "add" && !has_clamp(*sum)) {
    const int mask = is_mask(g.type(sum->input(1)), columns) ? 1 : is_mask(g.type(sum->input(0)), columns) ? 0 : -1;
    if (mask < 0) return std::nullopt;
    s.mask = sum->input(static_cast<size_t>(mask));
    value = sum->input(static_cast<size_t>(1 - mask));
  }
  if (const Node* n = exclusive_producer(g, value); n && (n->op == "mul" || n->op == "div") && !has_clamp(*n)) {
    const Product p = product_of(g, value);
    if (p.values.size() != 1) return std::nullopt;
    s.scale = p.factor;
    value = p.values[0];
  }
  s.product = exclusive_producer(g, value);
  if (!s.product || s.product->op != "matmul") return std::nullopt;
  return s;
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Node* softmax = exclusive_producer(g, n.input(0));
  if (n.integer("trans_b") != 0 || !softmax || softmax->op != "softmax" || !is_plain_f32(g.type(n.output()))) return std::nullopt;
  const int64_t axis = softmax->integer("axis", -1);
  if (axis != -1 && axis != g.type(softmax->input(0)).rank() - 1) return std::nullopt;
  const auto s = scores_of(g, softmax->input(0));
  if (!s) return std::nullopt;
  const ValueId q = s->product->input(0), k = s->product->input(1), v = n.input(1);
  for (const ValueId value : {q, k, v})
    if (!is_plain_f32(g.type(value)) || !same_batches(g.type(value), g.type(n.output()))) return std::nullopt;
  Patch p(g);
  std::vector<ValueId> inputs{q, k, v};
  if (s->mask.valid()) inputs.push_back(s->mask);
  p.replace(n.output(), p.add("attention", inputs, {{"scale", s->scale}, {"trans_k", int64_t{s->product->integer("trans_b") != 0}}}, n.name));
  return p;
}

}  // namespace

const Rule kFuseAttention{"fuse_attention", "matmul", propose};

}  // namespace verge::passes
