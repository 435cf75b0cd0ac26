#include "ops/shape_rules.h"

#include <algorithm>
#include <numeric>

#include "core/text.h"

namespace verge::ops {

Result<int> axis_of(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) return invalid("axis " + std::to_string(axis) + " is outside a tensor of rank " + std::to_string(rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Result<std::vector<int>> axes_of(const std::vector<int64_t>& axes, int rank) {
  std::vector<int> out(static_cast<size_t>(rank));
  std::iota(out.begin(), out.end(), 0);
  if (axes.empty()) return out;
  out.clear();
  for (int64_t axis : axes) {
    VERGE_TRY(const int a, axis_of(axis, rank));
    out.push_back(a);
  }
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end()) return invalid("axes " + bracketed(axes) + " name one axis twice");
  return out;
}

Result<Dim> equal_dim(const Dim& a, const Dim& b) {
  if (!a.known()) return b.known() ? b : a == b ? a : Dim();
  if (b.known() && a.size != b.size) return invalid(std::to_string(a.size) + " against " + std::to_string(b.size));
  return a;
}

Result<std::vector<Dim>> broadcast_dims(const std::vector<Dim>& a, const std::vector<Dim>& b) {
  const size_t rank = std::max(a.size(), b.size());
  std::vector<Dim> out(rank);
  for (size_t i = 0; i < rank; ++i) {  // from the last dimension
    const Dim p = i < a.size() ? a[a.size() - 1 - i] : Dim(1), q = i < b.size() ? b[b.size() - 1 - i] : Dim(1);
    Dim& y = out[rank - 1 - i];
    if (p.size == 1) y = q;
    else if (q.size == 1) y = p;
    else if (!p.known() && !q.known()) y = p == q ? p : Dim();
    else if (!p.known() || !q.known()) y = p.known() ? p : q;
    else if (p.size == q.size) y = p;
    else return invalid("shapes do not broadcast: " + TensorType(DataType::kNone, a).text() + " with " + TensorType(DataType::kNone, b).text());
  }
  return out;
}

DataType output_dtype(const InferContext& c, size_t input, size_t output) {
  const DataType given = c.out[output].dtype;
  return c.in(input).quantized() && is_integer(given) ? given : c.in(input).dtype;
}

void infer_same(InferContext& c) {
  c.out[0].dtype = output_dtype(c);
  c.out[0].ranked = c.in(0).ranked;
  c.out[0].dims = c.in(0).dims;
}

Result<void> need_rank(const TensorType& type, const char* what) {
  if (!type.ranked) return invalid(std::string(what) + " has a shape of unknown rank");
  return done();
}

int64_t moved_bytes(const Graph& graph, const Node& node) {
  int64_t bytes = 0;
  const auto add = [&](ValueId v) {
    if (v.valid() && graph.type(v).is_static()) bytes += static_cast<int64_t>(dtype_bytes(graph.type(v).dtype, static_cast<size_t>(graph.type(v).shape().count())));
  };
  for (ValueId v : node.inputs) add(v);
  for (ValueId v : node.outputs) add(v);
  return bytes;
}

Cost movement_cost(const Graph& graph, const Node& node) { return {.activation_bytes = moved_bytes(graph, node)}; }

Cost elementwise_cost(const Graph& graph, const Node& node, int64_t per_element) {
  Cost cost{.activation_bytes = moved_bytes(graph, node)};
  for (ValueId v : node.outputs)
    if (v.valid() && graph.type(v).is_static()) cost.operations += per_element * graph.type(v).shape().count();
  return cost;
}

}  // namespace verge::ops
