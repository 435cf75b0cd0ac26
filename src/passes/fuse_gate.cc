// x times a function of x, as exporters spell out the activations that they have no operator for.
//
//   a = sigmoid x
//   y = mul x a   ->   y = silu x
//   out y              out y
//
//   x * hsigmoid(x), x * clamp(x + 3, 0, 6) / 6      hswish
//   x * tanh(softplus(x))                            mish
//   x * (1 + erf(x / sqrt(2))) / 2                   gelu
//   x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) / 2   gelu {approximate="tanh"}
#include <algorithm>
#include <cmath>

#include "ir/match.h"
#include "passes/product.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

// The input of the `op` that makes `value`, which nobody else reads; invalid otherwise.
ValueId argument(const Graph& g, ValueId value, const char* op) {
  const Node* n = exclusive_producer(g, value);
  return n && n->op == op ? n->input(0) : ValueId();
}

bool is_product(const Graph& g, ValueId value, double factor, std::initializer_list<ValueId> values) {
  const Product p = product_of(g, value);
  return nearly(p.factor, factor) && std::equal(p.values.begin(), p.values.end(), values.begin(), values.end());
}

bool is_sigmoid(const Graph& g, ValueId gate, ValueId x) { return argument(g, gate, "sigmoid") == x; }

bool is_hard_sigmoid(const Graph& g, ValueId gate, ValueId x) {
  const Node* n = exclusive_producer(g, gate);
  return n && n->op == "hsigmoid" && n->input(0) == x && nearly(n->real("alpha", 0.2), 1.0 / 6) && nearly(n->real("beta", 0.5), 0.5);
}

bool is_ramp_to_6(const Graph& g, ValueId gate, ValueId x) {
  const auto ramp = ramp_of(g, gate);
  return ramp && ramp->x == x && ramp->shift == 3 && ramp->low == 0 && ramp->high == 6;
}

bool is_tanh_of_softplus(const Graph& g, ValueId gate, ValueId x) {
  const ValueId inner = argument(g, gate, "tanh");
  return inner.valid() && argument(g, inner, "softplus") == x;
}

bool is_one_plus_erf(const Graph& g, ValueId gate, ValueId x) {
  const ValueId erf = plus(g, gate, 1);
  const ValueId inner = erf.valid() ? argument(g, erf, "erf") : erf;
  return inner.valid() && is_product(g, inner, std::sqrt(0.5), {x});
}

bool is_cube(const Graph& g, ValueId value, ValueId x) {
  const Node* n = exclusive_producer(g, value);
  return n && n->op == "pow" && n->input(0) == x && uniform(g, n->input(1)) == 3;
}

// 0.044715 x^3, as pow or as products
bool is_cubic_term(const Graph& g, ValueId value, ValueId x) {
  const Product p = product_of(g, value);
  return nearly(p.factor, 0.044715) && (p.values == std::vector<ValueId>{x, x, x} || (p.values.size() == 1 && is_cube(g, p.values[0], x)));
}

bool is_one_plus_tanh(const Graph& g, ValueId gate, ValueId x) {
  const ValueId tanh = plus(g, gate, 1);
  const ValueId inner = tanh.valid() ? argument(g, tanh, "tanh") : tanh;
  if (!inner.valid()) return false;
  const Product p = product_of(g, inner);
  if (p.values.size() != 1 || !nearly(p.factor, std::sqrt(2 / std::acos(-1.0)))) return false;
  const Node* sum = exclusive_producer(g, p.values[0]);
  if (!sum || sum->op != "add") return false;
  return (sum->input(0) == x && is_cubic_term(g, sum->input(1), x)) || (sum->input(1) == x && is_cubic_term(g, sum->input(0), x));
}

struct Gate {
  const char* op;
  double factor;
  bool (*matches)(const Graph& g, ValueId gate, ValueId x);
  const char* approximate;
};
constexpr Gate kGates[] = {
    {"silu", 1, is_sigmoid, nullptr},         {"hswish", 1, is_hard_sigmoid, nullptr}, {"hswish", 1.0 / 6, is_ramp_to_6, nullptr},
    {"mish", 1, is_tanh_of_softplus, nullptr}, {"gelu", 0.5, is_one_plus_erf, "none"},  {"gelu", 0.5, is_one_plus_tanh, "tanh"},
};

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const Product product = product_of(g, n);
  if (product.values.size() != 2 || !is_float(g.type(n.output()).dtype)) return std::nullopt;
  for (const Gate& gate : kGates) {
    for (size_t i : {0, 1}) {
      const ValueId x = product.values[i];
      if (!nearly(product.factor, gate.factor) || !(g.type(x) == g.type(n.output())) || !gate.matches(g, product.values[1 - i], x)) continue;
      Patch p(g);
      p.replace(n.output(), p.add(gate.op, {x}, gate.approximate ? Attrs{{"approximate", std::string(gate.approximate)}} : Attrs(), n.name));
      return p;
    }
  }
  return std::nullopt;
}

}  // namespace

const Rule kFuseGate{"fuse_gate", "mul div", propose};

}  // namespace verge::passes
