// Operators that give back what they are given: identity, cast to the same type, reshape, expand, tile and resize to the same shape, transpose that moves
// nothing, concat of one, pad by nothing, slice of everything, x + 0, x - 0, x * 1, x / 1.
//
//   a = relu x
//   b = identity a   ->   a = relu x
//   out b                 out a
#include <algorithm>

#include "ir/match.h"
#include "passes/fused.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

bool all(const std::vector<int64_t>& values, int64_t wanted) { return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == wanted; }); }

bool in_order(const std::vector<int64_t>& perm) {
  for (size_t i = 0; i < perm.size(); ++i)
    if (perm[i] != static_cast<int64_t>(i)) return false;
  return true;
}

bool is_neutral(const Graph& g, const Node& n, size_t operand, double neutral) {
  return !g.type(n.output()).quantized() && fused_bounds(n).unbounded() && uniform(g, n.input(operand)) == neutral;
}

// Which input the node hands on, given that its type and the output's are equal; -1 for a node that computes.
int handed_on(const Graph& g, const Node& n) {
  const bool fixed = g.type(n.output()).is_static();
  if (n.op == "identity" || n.op == "cast" || n.op == "requantize") return 0;
  if (n.op == "reshape" || n.op == "tile" || n.op == "expand") return fixed ? 0 : -1;
  if (n.op == "concat") return n.inputs.size() == 1 ? 0 : -1;
  if (n.op == "transpose") return in_order(n.integers("perm")) ? 0 : -1;
  if (n.op == "pad") return all(n.integers("pads"), 0) ? 0 : -1;
  if (n.op == "slice") return fixed && all(n.integers("steps", {1}), 1) ? 0 : -1;
  if (n.op == "resize") return fixed && !n.has("scales") && !n.has("crop") && n.text("coordinate") != "tf_half_pixel_for_nn" ? 0 : -1;
  if (n.op == "add" || n.op == "mul") {
    const double neutral = n.op == "mul";
    return is_neutral(g, n, 1, neutral) ? 0 : is_neutral(g, n, 0, neutral) ? 1 : -1;
  }
  if (n.op == "sub" || n.op == "div") return is_neutral(g, n, 1, n.op == "div") ? 0 : -1;
  return -1;
}

std::optional<Patch> propose(const Graph& g, const Node& n) {
  const int from = handed_on(g, n);
  if (from < 0) return std::nullopt;
  const ValueId x = n.input(static_cast<size_t>(from)), y = n.output();
  if (!(g.type(x) == g.type(y))) return std::nullopt;
  // An output of the graph stays a value of its own, made by a node.
  if (g.is_output(y) && (g.is_output(x) || !g.producer(x))) return std::nullopt;
  return Patch::replace(g, y, x);
}

}  // namespace

const Rule kRemoveNoOp{"remove_no_op", "identity cast requantize expand reshape tile concat transpose pad slice resize add sub mul div", propose};

}  // namespace verge::passes
