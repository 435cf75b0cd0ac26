#include "ops/product_bf16.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "kernels/depthwise_bf16/depthwise_bf16.h"
#include "kernels/gemm_bf16/conv_bf16.h"
#include "ops/attention/attention.h"
#include "ops/conv/conv.h"
#include "ops/dense/dense_attrs.h"
#include "ops/matmul/matmul.h"
#include "ops/norm/norm.h"
#include "ops/norm/norm_attrs.h"
#include "ops/reduce/reduce.h"
#include "ops/unary/unary.h"

namespace verge::ops {
namespace {

constexpr size_t kFewestTerms = 16, kFewestColumns = 8;  // of a sum, of a group: below, what is filled up with zeros outweighs

bool wanted(const Node& node) { return node.text("precision") == "bf16"; }

bool is_depthwise(const ConvGeometry& g) { return g.groups == g.in_c && g.groups > 1; }

// Of a convolution or a dense layer with constant weights.
std::optional<ConvGeometry> constant_geometry(const Graph& graph, const Node& node) {
  if ((node.op != "conv" && node.op != "dense") || !graph.constant(node.input(1))) return {};
  const Shape x = graph.type(node.input(0)).shape(), y = graph.type(node.output()).shape();
  if (node.op == "dense") return exec::rows_geometry(x, y);
  const Result<ConvGeometry> g = conv_geometry(node, x, graph.type(node.input(1)).shape(), y);
  return g.ok() ? std::optional(*g) : std::nullopt;
}

// A layer normalisation of rows that are not too long.
bool normalizes_rows(const Graph& graph, const Node& node) {
  if (node.op != "layer_norm" && node.op != "rms_norm") return false;
  const Result<NormShape> s = norm_shape(node, graph.type(node.input(0)).shape());
  return s.ok() && s->pixels == 1 && s->groups == 1 && s->channels <= exec::kMostBf16Row;
}

// A mean whose last axis stays.
bool averages_pixels(const Graph& graph, const Node& node) {
  if (node.op != "reduce_mean") return false;
  const int rank = graph.type(node.input(0)).rank();
  const Result<std::vector<int>> axes = reduced_axes(node, rank);
  return axes.ok() && !axes->empty() && axes->back() + 1 < rank && axes->back() - axes->front() + 1 == static_cast<int>(axes->size());
}

template <size_t n> bool among(const std::array<std::string_view, n>& names, const std::string& op) { return std::find(names.begin(), names.end(), op) != names.end(); }

bool is_static(const Graph& graph, const Node& node) {
  const auto known = [&](ValueId value) { return !value.valid() || graph.type(value).is_static(); };
  return std::all_of(node.inputs.begin(), node.inputs.end(), known) && std::all_of(node.outputs.begin(), node.outputs.end(), known);
}

}  // namespace

bool by_bf16(const Node& node, const ConvGeometry& g) {
  return g.taps() * g.group_in() >= kFewestTerms && g.group_out() >= kFewestColumns && conv_bf16_fits(g) && wanted(node);
}

bool by_bf16(const Node& node, int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kFewestRows = 8;  // fewer do not repay the packing
  return m >= kFewestRows && k >= static_cast<int64_t>(kFewestTerms) && n >= static_cast<int64_t>(kFewestColumns) && wanted(node);
}

bool is_bf16_product(const Graph& graph, const Node& node) {
  if (!wanted(node) || !is_static(graph, node)) return false;
  const auto shape = [&](size_t i) { return graph.type(node.input(i)).shape(); };
  if (node.op == "matmul") {
    const MatmulPlan plan = matmul_plan(node, shape(0), shape(1));
    return by_bf16(node, plan.m, plan.n, plan.k);
  }
  if (node.op == "attention") {
    const exec::AttentionAttrs a = attention_attrs(node, shape(0), shape(1), shape(2));
    return by_bf16(node, a.m, a.n, std::min(a.dk, a.dv));
  }
  const auto g = constant_geometry(graph, node);
  return g && (!is_depthwise(*g) || node.input(3).valid()) && by_bf16(node, *g);
}

Bf16Values bf16_values(const Graph& graph, const Node& node) {
  static constexpr std::array<std::string_view, 6> kEach = {"add", "sub", "mul", "div", "minimum", "maximum"};
  static constexpr std::array<std::string_view, 9> kMove = {"concat", "slice", "split", "transpose", "reshape", "identity", "depth_to_space", "space_to_depth", "expand"};
  if (is_bf16_product(graph, node)) return Bf16Values::kEach;
  if (!is_static(graph, node)) return Bf16Values::kNone;
  if (node.op == "conv") {
    const auto g = constant_geometry(graph, node);
    const bool known = !node.input(2).valid() || graph.constant(node.input(2));
    return g && known && is_depthwise(*g) && depthwise_bf16_fits(*g) && !node.input(3).valid() ? Bf16Values::kAlike : Bf16Values::kNone;
  }
  if (among(kEach, node.op) || normalizes_rows(graph, node)) return Bf16Values::kEach;
  if (averages_pixels(graph, node)) return Bf16Values::kReads;
  if (among(kMove, node.op) || node.op == "max_pool" || node.op == "avg_pool" || (node.op == "resize" && node.text("mode", "nearest") == "nearest")) return Bf16Values::kAlike;
  const bool is_function = std::string_view(find_op(node.op)->family) == "unary" && node.op != "not" && node.op != "is_nan";
  return is_function ? Bf16Values::kAlike : Bf16Values::kNone;
}

bool takes_activation(const Graph& graph, const Node& node) {
  if (node.has("activation") || graph.type(node.output()).dtype != DataType::kBF16) return false;
  if (node.op == "dense") return is_bf16_product(graph, node);
  return node.op == "conv" && (is_bf16_product(graph, node) || graph.type(node.input(0)).dtype == DataType::kBF16);
}

exec::UnaryF32Attrs activation_of(const Node& node) {
  Node function;
  function.op = node.text("activation");
  const UnaryValue value = unary_value(function);
  return {static_cast<uint32_t>(value.function.kernel), static_cast<float>(value.a), static_cast<float>(value.b)};
}

Tensor packed_bf16(const ConvGeometry& g, const Tensor& w) {
  const size_t groups = static_cast<size_t>(g.groups), n = g.group_out(), k = g.taps() * g.group_in(), step = packed_weights_bf16_size(n, k);
  Tensor packed(DataType::kBF16, {static_cast<int32_t>(groups), static_cast<int32_t>(step)});
  for (size_t i = 0; i < groups; ++i) pack_weights_bf16(n, k, w.values<float>().data() + i * n * k, reinterpret_cast<uint16_t*>(packed.data()) + i * step);
  return packed;
}

TensorRef scratch_bf16(Emitter& emitter, const ConvGeometry& g) {
  return emitter.scratch(static_cast<size_t>(std::max(1, emitter.options().threads)) * conv_bf16_scratch_size(g));
}

}  // namespace verge::ops
