#include "passes/product.h"

#include "ir/match.h"
#include "passes/fused.h"

namespace verge::passes {
namespace {

void collect(const Graph& g, ValueId value, Product& out);

// The factors of a mul or div by a number; false for another node.
bool collect_factors(const Graph& g, const Node& n, Product& out) {
  if (!fused_bounds(n).unbounded() || g.type(n.output()).quantized()) return false;
  if (n.op == "div") {
    const auto divisor = uniform(g, n.input(1));
    if (!divisor) return false;
    out.factor /= *divisor;
    collect(g, n.input(0), out);
    return true;
  }
  if (n.op != "mul") return false;
  for (const ValueId in : n.inputs) {
    if (const auto number = uniform(g, in)) {
      out.factor *= *number;
    } else {
      collect(g, in, out);
    }
  }
  return true;
}

void collect(const Graph& g, ValueId value, Product& out) {
  const Node* from = exclusive_producer(g, value);
  if (!from || !collect_factors(g, *from, out)) out.values.push_back(value);
}

}  // namespace

Product product_of(const Graph& graph, const Node& node) {
  Product out;
  if (!collect_factors(graph, node, out)) out.values.push_back(node.output());
  return out;
}

Product product_of(const Graph& graph, ValueId value) {
  Product out;
  collect(graph, value, out);
  return out;
}

std::optional<Ramp> ramp_of(const Graph& g, ValueId value) {
  const Node* n = exclusive_producer(g, value);
  if (!n) return std::nullopt;
  const Bounds bounds = activation_bounds(*n).value_or(fused_bounds(*n));
  const Node* sum = activation_bounds(*n) ? exclusive_producer(g, n->input(0)) : n;
  if (!sum || sum->op != "add" || (sum != n && !fused_bounds(*sum).unbounded())) return std::nullopt;
  for (size_t i : {0, 1})
    if (const auto shift = uniform(g, sum->input(1 - i))) return Ramp{sum->input(i), *shift, bounds.low, bounds.high};
  return std::nullopt;
}

ValueId plus(const Graph& g, ValueId value, double number) {
  const Node* n = exclusive_producer(g, value);
  if (!n || n->op != "add" || !fused_bounds(*n).unbounded()) return {};
  for (size_t i : {0, 1})
    if (const auto found = uniform(g, n->input(1 - i)); found && nearly(*found, number)) return n->input(i);
  return {};
}

}  // namespace verge::passes
