// A chain of pointwise operators on one 8-bit tensor, 8-bit at its end, is a function of 256 values: a table.
//
//   a = dequantize x
//   b = sigmoid a
//   c = quantize b
//   y = mul x c         ->   y = table x {values=...}
//   out y                    out y
//
// The values are what the operators' references make of every byte. dequantize is taken along even where others read it too: it costs nothing to do without.
#include <algorithm>
#include <map>
#include <set>

#include "ir/match.h"
#include "ops/op.h"
#include "passes/quantized.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

constexpr size_t kMostNodes = 16;
constexpr int32_t kBytes = 256;

bool is_number(const Graph& g, ValueId v) {
  const Tensor* c = g.constant(v);
  return c && c->count() == 1 && !g.type(v).quant.per_channel();
}

bool is_pointwise(const Graph& g, const Node& n) {
  const ops::OpDef* def = ops::find_op(n.op);
  const std::string family = def ? def->family : "";
  if (family != "unary" && family != "binary" && family != "table" && n.op != "quantize" && n.op != "dequantize" && n.op != "requantize") return false;
  return n.outputs.size() == 1 && !g.type(n.output()).quant.per_channel() && !g.type(n.input(0)).quant.per_channel();
}

// Grows backwards from the last operator until one byte tensor is all that it reads.
class Chain {
 public:
  Chain(const Graph& g, const Node& last) : g_(g), last_(last) {}

  // Invalid where there is no such tensor, or where the chain is a single operator.
  ValueId source() {
    if (!is_pointwise(g_, last_)) return {};
    take(last_);
    while (!(reads_.size() == 1 && nodes_.size() > 1 && is_source(*reads_.begin()))) {
      const auto next = std::find_if(reads_.begin(), reads_.end(), [&](ValueId v) { return takes(v); });
      if (next == reads_.end() || nodes_.size() == kMostNodes) return {};
      const ValueId value = *next;
      reads_.erase(next);
      take(*g_.producer(value));
    }
    return *reads_.begin();
  }

  // The output for each byte of `x`.
  Result<Tensor> values(ValueId x) const {
    Graph alone;
    std::map<ValueId, ValueId> made;
    TensorType type(g_.type(x).dtype, Shape{kBytes});
    type.quant = g_.type(x).quant;
    made[x] = alone.add_input("x", type);
    for (const NodeId id : g_.order())
      if (nodes_.count(id)) copy(g_.node(id), alone, made);
    alone.add_output(made.at(last_.output()));
    VERGE_CHECK(ops::infer_types(alone));
    Bytes bytes(kBytes);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
    Tensor every(type.dtype, Shape{kBytes}, std::move(bytes));
    every.set_quant(type.quant);
    VERGE_TRY(std::vector<Tensor> out, ops::interpret(alone, std::span(&every, 1)));
    if (out[0].count() != kBytes || out[0].dtype() != g_.type(last_.output()).dtype) return internal("the chain gives " + std::to_string(out[0].count()) + " values");
    return Tensor(out[0].dtype(), Shape{kBytes}, Bytes(out[0].bytes().begin(), out[0].bytes().end()));
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const NodeId id : g_.order())
      if (nodes_.count(id) && !g_.node(id).name.empty()) out.push_back(g_.node(id).name);
    return out;
  }

 private:
  bool is_source(ValueId v) const { return is_byte_tensor(g_.type(v)) && g_.type(v).dims == g_.type(last_.output()).dims; }

  bool takes(ValueId v) const {
    const Node* n = g_.producer(v);
    if (!n || !is_pointwise(g_, *n) || g_.is_output(v)) return false;
    if (n->op == "dequantize") return true;
    const std::vector<NodeId> users = g_.users(v);
    return std::all_of(users.begin(), users.end(), [&](NodeId u) { return nodes_.count(u) != 0; });
  }

  void take(const Node& n) {
    nodes_.insert(n.id);
    for (const ValueId v : n.inputs)
      if (v.valid() && !is_number(g_, v)) reads_.insert(v);
  }

  void copy(const Node& n, Graph& alone, std::map<ValueId, ValueId>& made) const {
    NewNode node{n.op, {}, n.attrs, n.name, 0, {}};
    for (const ValueId v : n.inputs) {
      if (v.valid() && !made.count(v)) made[v] = alone.add_constant(*g_.constant(v));
      node.inputs.push_back(v.valid() ? made.at(v) : v);
    }
    TensorType type = g_.type(n.output());
    type.ranked = false;
    type.dims.clear();
    made[n.output()] = alone.add_value("", std::move(type));
    alone.add_node(std::move(node), {made.at(n.output())});
  }

  const Graph& g_;
  const Node& last_;
  std::set<NodeId> nodes_;
  std::set<ValueId> reads_;
};

std::optional<Patch> propose(const Graph& g, const Node& n) {
  if (n.outputs.size() != 1 || !is_byte_tensor(g.type(n.output()))) return std::nullopt;
  Chain chain(g, n);
  const ValueId x = chain.source();
  if (!x.valid()) return std::nullopt;
  Result<Tensor> values = chain.values(x);
  if (!values.ok()) return std::nullopt;  // a reference that cannot run: the chain stays
  Patch p(g);
  p.replace(n.output(), p.add("table", {x}, {{"sources", chain.names()}, {"values", *std::move(values)}}, n.name));
  return p;
}

}  // namespace

const Rule kFuseTable{"fuse_table", "quantize requantize add sub mul div maximum minimum table", propose};

}  // namespace verge::passes
