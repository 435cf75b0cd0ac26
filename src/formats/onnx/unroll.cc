// Loops of a known number of steps become their bodies, one after the other.
#include <algorithm>
#include <cmath>

#include "formats/onnx/importer.h"

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostNodes = 1 << 14;  // of all steps together

const pb::GraphProto* body_of(const pb::NodeProto& node) {
  for (const auto& a : node.attribute())
    if (a.has_g() && a.name() == "body") return &a.g();
  return nullptr;
}

// `x` at index i along `axis`, without that dimension.
ValueId element(NodeContext& c, ValueId x, int axis, int64_t i) {
  const ValueId at = c.constant(Tensor::scalar(i));
  return c.add("gather", {x, at}, {{"axis", int64_t{axis}}});
}

// One value a step along a new axis.
ValueId stacked(NodeContext& c, const std::vector<ValueId>& steps, int axis) {
  std::vector<ValueId> wide;
  for (ValueId v : steps) {
    std::vector<int64_t> shape;
    for (const Dim& d : c.type(v).dims) shape.push_back(d.size);
    shape.insert(shape.begin() + axis, 1);
    wide.push_back(c.add("reshape", {v}, {{"shape", shape}}));
  }
  return c.add("concat", wide, {{"axis", int64_t{axis}}});
}

int from_front(int64_t axis, int rank) { return static_cast<int>(axis < 0 ? axis + rank : axis); }

}  // namespace

Result<bool> Importer::unroll(Scope& scope, const pb::NodeProto& node, NodeContext& context) {
  const pb::GraphProto* body = body_of(node);
  if (!body) return corrupt("node '" + context.name() + "' (" + node.op_type() + ") has no body");
  const bool loop = node.op_type() == "Loop";
  Unrolled u{*body, context};
  u.scans = loop ? 0 : static_cast<size_t>(std::max<int64_t>(context.integer("num_scan_inputs", 0), 0));
  u.first = loop ? 2 : 0;
  const size_t inputs = context.input_count();
  if (inputs < u.first + u.scans || (!loop && (u.scans < 1 || context.opset() < 9))) return false;
  u.state.assign(context.inputs().begin() + static_cast<int64_t>(u.first), context.inputs().end() - static_cast<int64_t>(u.scans));
  if (static_cast<size_t>(body->input_size()) != inputs || static_cast<size_t>(body->output_size()) < u.state.size() + loop) return false;
  VERGE_TRY(const std::optional<int64_t> steps, loop ? loop_steps(context) : scan_steps(u));
  if (!steps || *steps < 1 || *steps > kMostNodes / std::max(body->node_size(), 1)) return false;
  u.results.resize(static_cast<size_t>(body->output_size()) - u.state.size() - loop);
  for (int64_t i = 0; i < *steps && u.goes_on; ++i) {
    VERGE_TRY(const bool done, unroll_step(scope, u, i, *steps));
    if (!done) return false;
  }
  return finish_unrolled(scope, node, u);
}

Result<std::optional<int64_t>> Importer::loop_steps(NodeContext& context) {
  if (!context.has(0)) return std::optional<int64_t>();
  const auto condition = context.has(1) ? builder_.known().of(context.in(1)) : std::optional(Tensor::scalar(true));
  const Result<double> trips = context.number(0, "trip count");
  if (!trips.ok() || !condition || condition->count() != 1 || condition->at(0) == 0) return std::optional<int64_t>();
  return std::optional(static_cast<int64_t>(std::fmin(std::fmax(*trips, 0.0), 1e9)));
}

Result<std::optional<int64_t>> Importer::scan_steps(Unrolled& u) {
  u.axes = u.context.integers("scan_input_axes");
  u.backwards = u.context.integers("scan_input_directions");
  u.axes.resize(u.scans), u.backwards.resize(u.scans);
  std::optional<int64_t> steps;
  for (size_t s = 0; s < u.scans; ++s) {
    const TensorType& type = u.context.type(u.state.size() + s);
    const int axis = from_front(u.axes[s], type.rank());
    if (axis < 0 || axis >= type.rank() || !type.is_static() || (steps && *steps != type.shape()[axis])) return std::optional<int64_t>();
    u.axes[s] = axis;
    steps = type.shape()[axis];
  }
  return steps;
}

Result<bool> Importer::unroll_step(Scope& scope, Unrolled& u, int64_t step, int64_t steps) {
  Scope inner;
  inner.outer = &scope;
  inner.proto = &u.body;
  inner.prefix = scope.prefix + u.context.name() + "/" + std::to_string(step) + "/";
  VERGE_CHECK(open_scope(inner));
  const bool loop = u.first == 2;
  if (loop) {
    inner.values[u.body.input(0).name()] = u.context.constant(Tensor::scalar(step));
    inner.values[u.body.input(1).name()] = u.context.constant(Tensor::scalar(true));
  }
  for (size_t i = 0; i < u.state.size(); ++i) inner.values[u.body.input(static_cast<int>(u.first + i)).name()] = u.state[i];
  for (size_t s = 0; s < u.scans; ++s) {
    const ValueId sequence = u.context.in(u.state.size() + s);
    inner.values[u.body.input(static_cast<int>(u.state.size() + s)).name()] = element(u.context, sequence, static_cast<int>(u.axes[s]), u.backwards[s] ? steps - 1 - step : step);
  }
  VERGE_CHECK(translate_nodes(inner));
  if (!blockers_.empty()) return true;  // its nodes are what is reported
  std::vector<ValueId> out;
  for (const auto& info : u.body.output()) {
    VERGE_TRY(const ValueId value, value_of(inner, info.name()));
    out.push_back(value);
  }
  if (loop) {
    const auto go_on = builder_.known().of(out[0]);
    if (!go_on || go_on->count() != 1) return false;
    u.goes_on = go_on->at(0) != 0;
    out.erase(out.begin());
  }
  u.state.assign(out.begin(), out.begin() + static_cast<int64_t>(u.state.size()));
  for (size_t i = 0; i < u.results.size(); ++i) {
    if (!graph_.type(out[u.state.size() + i]).is_static()) return false;
    u.results[i].push_back(out[u.state.size() + i]);
  }
  return true;
}

Result<bool> Importer::finish_unrolled(Scope& scope, const pb::NodeProto& node, Unrolled& u) {
  std::vector<ValueId> out = u.state;
  std::vector<int64_t> axes = u.context.integers("scan_output_axes"), backwards = u.context.integers("scan_output_directions");
  axes.resize(u.results.size()), backwards.resize(u.results.size());
  for (size_t i = 0; i < u.results.size() && blockers_.empty(); ++i) {
    if (backwards[i]) std::reverse(u.results[i].begin(), u.results[i].end());
    const int rank = graph_.type(u.results[i][0]).rank() + 1, axis = from_front(axes[i], rank);
    if (axis < 0 || axis >= rank) return false;
    out.push_back(stacked(u.context, u.results[i], axis));
  }
  if (!blockers_.empty()) {
    leave_unknown(scope, node);
    return true;
  }
  for (int i = 0; i < node.output_size() && i < static_cast<int>(out.size()); ++i) {
    if (!out[static_cast<size_t>(i)].valid()) return false;
    scope.values[node.output(i)] = out[static_cast<size_t>(i)];
  }
  return true;
}

}  // namespace verge::formats::onnx
