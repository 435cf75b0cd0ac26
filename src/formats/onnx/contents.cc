#include "formats/onnx/contents.h"

#include <algorithm>
#include <map>

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostElements = 256;

using Inputs = std::vector<Contents>;
using Rule = std::optional<Contents> (*)(const Graph&, const Node&, const Inputs&);

std::optional<Contents> same(const Graph& graph, const Node& node, const Inputs& in) {
  return is_integer(graph.type(node.output()).dtype) && graph.type(node.output()).rank() <= 1 ? std::optional(in[0]) : std::nullopt;
}

std::optional<Contents> concat(const Graph&, const Node&, const Inputs& in) {
  Contents out;
  for (const Contents& part : in) out.insert(out.end(), part.begin(), part.end());
  return out;
}

std::optional<Contents> gather(const Graph& graph, const Node& node, const Inputs& in) {
  if (graph.type(node.input(0)).rank() != 1) return std::nullopt;
  Contents out;
  for (const Element& index : in[1]) {
    if (!index.value) return std::nullopt;
    const int64_t n = static_cast<int64_t>(in[0].size()), i = *index.value < 0 ? *index.value + n : *index.value;
    if (i < 0 || i >= n) return std::nullopt;
    out.push_back(in[0][i]);
  }
  return out;
}

std::optional<Contents> slice(const Graph& graph, const Node& node, const Inputs& in) {
  const auto starts = node.integers("starts"), ends = node.integers("ends"), steps = node.integers("steps", {1});
  if (graph.type(node.input(0)).rank() != 1 || starts.size() != 1 || ends.size() != 1 || steps.size() != 1 || steps[0] < 1) return std::nullopt;
  const int64_t n = static_cast<int64_t>(in[0].size());
  const auto clamped = [n](int64_t i) { return std::clamp<int64_t>(i < 0 ? std::max(i, -n) + n : i, 0, n); };
  Contents out;
  for (int64_t i = clamped(starts[0]), end = clamped(ends[0]); i < end; i = steps[0] < n ? i + steps[0] : n) out.push_back(in[0][i]);
  return out;
}

template <typename Function> std::optional<Contents> pairwise(const Inputs& in, Function function) {
  const size_t n = std::max(in[0].size(), in[1].size());
  if ((in[0].size() != n && in[0].size() != 1) || (in[1].size() != n && in[1].size() != 1)) return std::nullopt;
  Contents out(n);
  for (size_t i = 0; i < n; ++i) {
    const Element &a = in[0][in[0].size() == 1 ? 0 : i], &b = in[1][in[1].size() == 1 ? 0 : i];
    constexpr int64_t kMost = int64_t{1} << 31;  // products stay in range
    const auto small = [](const Element& e) { return e.value && *e.value >= -kMost && *e.value <= kMost; };
    if (small(a) && small(b)) out[i].value = function(*a.value, *b.value);
  }
  return out;
}

std::optional<Contents> add(const Graph&, const Node&, const Inputs& in) {
  return pairwise(in, [](int64_t a, int64_t b) { return std::optional(a + b); });
}
std::optional<Contents> sub(const Graph&, const Node&, const Inputs& in) {
  return pairwise(in, [](int64_t a, int64_t b) { return std::optional(a - b); });
}
std::optional<Contents> mul(const Graph&, const Node&, const Inputs& in) {
  return pairwise(in, [](int64_t a, int64_t b) { return std::optional(a * b); });
}
std::optional<Contents> div(const Graph&, const Node&, const Inputs& in) {
  return pairwise(in, [](int64_t a, int64_t b) { return b == 0 ? std::nullopt : std::optional(a / b); });
}

const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> kRules = {{"reshape", same}, {"cast", same}, {"identity", same}, {"concat", concat}, {"gather", gather},
                                                     {"slice", slice},  {"add", add},   {"sub", sub},       {"mul", mul},       {"div", div}};
  return kRules;
}

Contents shape_contents(const Graph& graph, ValueId value) {
  Contents out(graph.type(value).dims.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const Dim& d = graph.type(value).dims[i];
    if (d.known()) out[i].value = d.size;
    else out[i].symbol = symbol_of(graph, value, i);
  }
  return out;
}

}  // namespace

std::string symbol_of(const Graph& graph, ValueId value, size_t axis) {
  const Dim& d = graph.type(value).dims[axis];
  return d.symbol.empty() ? "#" + std::to_string(value.index) + "." + std::to_string(axis) : d.symbol;
}

std::optional<Contents> contents_of(const Tensor& tensor) {
  if (!is_integer(tensor.dtype()) || tensor.shape().rank > 1 || tensor.count() > kMostElements) return std::nullopt;
  Contents out;
  for (int64_t n : tensor.to_ints()) out.push_back({n, ""});
  return out;
}

std::optional<Contents> contents_after(const Graph& graph, const Node& node, const ContentsOf& contents) {
  if (node.op == "shape") return graph.type(node.input(0)).ranked ? std::optional(shape_contents(graph, node.input(0))) : std::nullopt;
  const auto rule = rules().find(node.op);
  if (rule == rules().end()) return std::nullopt;
  Inputs in;
  for (ValueId v : node.inputs) {
    auto known = v.valid() ? contents(v) : std::nullopt;
    if (!known) return std::nullopt;
    in.push_back(std::move(*known));
  }
  auto out = rule->second(graph, node, in);
  return out && out->size() <= static_cast<size_t>(kMostElements) ? out : std::nullopt;
}

std::optional<std::vector<int64_t>> numbers(const Contents& contents) {
  std::vector<int64_t> out;
  for (const Element& e : contents) {
    if (!e.value) return std::nullopt;
    out.push_back(*e.value);
  }
  return out;
}

}  // namespace verge::formats::onnx
