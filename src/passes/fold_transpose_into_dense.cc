// A transpose before a flattened dense layer becomes an order of the weights.
//
//   x: f32[1,4,4,8]
//   t = transpose x {perm=[0, 3, 1, 2]}
//   f = reshape t {shape=[1, 128]}             f = reshape x {shape=[1, 128]}
//   y = dense f w                        ->    y = dense f w'
//   out y                                      out y
#include <algorithm>

#include "ir/match.h"
#include "ops/op.h"
#include "passes/flat_dense.h"
#include "passes/layout_order.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

bool is_pointwise(const Node& n) {
  const ops::OpDef* def = ops::find_op(n.op);
  const std::string family = def ? def->family : "";
  return n.inputs.size() == 1 && (family == "unary" || family == "table" || family == "quantize" || family == "cast");
}

bool flattens(const Graph& g, const Node& n) {
  const TensorType &x = g.type(n.input(0)), &y = g.type(n.output());
  if (n.op != "reshape" || x.rank() < 2 || y.rank() != 2 || !(x.dims[0] == y.dims[0])) return false;
  return std::all_of(x.dims.begin() + 1, x.dims.end(), [](const Dim& d) { return d.known(); });
}

bool has_constant_weights(const Graph& g, const Node& n) { return n.op == "dense" && g.constant(n.input(1)) && dtype_bits(g.type(n.input(1)).dtype) >= 8; }

// dense, reached from `value` by itself or through pointwise operators without other readers.
bool ends_in_dense(const Graph& g, ValueId value) {
  if (g.is_output(value)) return false;
  const auto readers = g.users(value);
  return !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](NodeId id) {
    const Node& n = g.node(id);
    return has_constant_weights(g, n) || (readers.size() == 1 && is_pointwise(n) && ends_in_dense(g, n.output()));
  });
}

// weights[o][k] with k counted in the transposed order, for k counted in the order before the transpose.
Tensor reordered(const Tensor& weights, const std::vector<Dim>& flattened, const std::vector<int64_t>& perm) {
  Shape shape;
  shape.dim[shape.rank++] = weights.shape()[0];
  for (size_t i = 1; i < flattened.size(); ++i) shape.dim[shape.rank++] = static_cast<int32_t>(flattened[i].size);
  std::vector<int64_t> undo(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) undo[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  return transposed(weights.reshaped(shape), undo).reshaped(weights.shape());
}

// From dense upwards: the pointwise operators, then the reshape.
const Node* flatten_before(const Graph& g, const Node& dense, std::vector<const Node*>& between) {
  const Node* from = g.producer(dense.input(0));
  while (from && is_pointwise(*from) && read_once(g, from->output())) {
    between.push_back(from);
    from = g.producer(from->input(0));
  }
  return from && flattens(g, *from) && (between.empty() || read_once(g, from->output())) ? from : nullptr;
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  std::vector<const Node*> between;
  const Node* flatten = has_constant_weights(g, n) ? flatten_before(g, n, between) : nullptr;
  const Node* turn = flatten ? g.producer(flatten->input(0)) : nullptr;
  if (!turn || turn->op != "transpose") return std::nullopt;
  const std::vector<int64_t> perm = turn->integers("perm");
  const TensorType& x = g.type(turn->input(0));
  if (perm[0] != 0 || !x.ranked) return std::nullopt;
  Patch p(g);
  ValueId value = p.add("reshape", {turn->input(0)}, flatten->attrs, flatten->name);
  for (auto it = between.rbegin(); it != between.rend(); ++it) {
    value = p.add((*it)->op, {value}, (*it)->attrs, (*it)->name);
    p.set_type(value, g.type((*it)->output()));
  }
  std::vector<ValueId> inputs = n.inputs;
  Tensor weights = reordered(*g.constant(n.input(1)), g.type(turn->output()).dims, perm);
  weights.set_quant(g.type(n.input(1)).quant);
  inputs[0] = value;
  inputs[1] = p.constant(std::move(weights), g.value(n.input(1)).name);
  p.replace(n.output(), p.add("dense", std::move(inputs), n.attrs, n.name));
  return p;
}

}  // namespace

bool is_flattened_into_dense(const Graph& g, const Node& n) { return flattens(g, n) && ends_in_dense(g, n.output()); }

const Rule kFoldTransposeIntoDense{"fold_transpose_into_dense", "dense", propose};

}  // namespace verge::passes
