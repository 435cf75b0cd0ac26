#include "formats/onnx/known.h"

#include <algorithm>
#include <set>
#include <string>

#include "ops/op.h"

namespace verge::formats::onnx {
namespace {

constexpr size_t kMostNodes = 256;
constexpr int64_t kSmallIntegers = 4096, kSmallReals = 16;  // elements of parameters; what is larger is data
constexpr int64_t kMostComputed = 1 << 24;   // elements of one intermediate result

bool only_moves(const std::string& op) {
  static const std::set<std::string> kMoves = {"reshape", "transpose", "cast", "identity", "slice", "concat", "quantize", "dequantize"};
  return kMoves.count(op) != 0;
}

bool is_small(const TensorType& type) {
  if (!type.is_static()) return type.ranked && type.rank() <= 1 && is_integer(type.dtype);
  return type.shape().count() <= (is_integer(type.dtype) || type.dtype == DataType::kBool ? kSmallIntegers : kSmallReals);
}

bool reads_type_alone(const Graph& graph, const Node& node) { return node.op == "shape" && graph.type(node.input(0)).is_static(); }

bool is_cheap(const Graph& graph, const Node& node) {
  const ops::OpDef* def = ops::find_op(node.op);
  const auto fits = [&](ValueId v) { return !v.valid() || !graph.type(v).is_static() || graph.type(v).shape().count() <= kMostComputed; };
  if (!def || !def->methods->reference || !node.subgraphs.empty() || !std::all_of(node.outputs.begin(), node.outputs.end(), fits)) return false;
  return ops::cost_of(graph, node).macs == 0;
}

Tensor dimensions(const TensorType& type) {
  std::vector<int64_t> dims;
  for (const Dim& d : type.dims) dims.push_back(d.size);
  return Tensor::of<int64_t>({static_cast<int32_t>(dims.size())}, dims);
}

}  // namespace

std::optional<Known::Cone> Known::cone_of(ValueId value) const {
  std::set<NodeId> nodes;
  std::set<ValueId> open, given;
  std::vector<ValueId> todo = {value};
  bool moves = true;
  while (!todo.empty()) {
    const ValueId v = todo.back();
    todo.pop_back();
    if (tensors_.count(v) && graph_.is_input(v)) given.insert(v);
    if (!v.valid() || is_settled(v)) continue;
    const Node* node = graph_.producer(v);
    if (!node && !graph_.is_input(v)) return std::nullopt;
    if (!node) {
      open.insert(v);
    } else if (nodes.insert(node->id).second && !reads_type_alone(graph_, *node)) {
      if (nodes.size() > kMostNodes || !is_cheap(graph_, *node)) return std::nullopt;
      moves = moves && only_moves(node->op);
      todo.insert(todo.end(), node->inputs.begin(), node->inputs.end());
    }
  }
  const auto is_parameter = [&](ValueId v) { return is_small(graph_.type(v)); };
  if (!moves && !std::all_of(open.begin(), open.end(), is_parameter)) return std::nullopt;
  return Cone{{nodes.begin(), nodes.end()}, {open.begin(), open.end()}, {given.begin(), given.end()}};
}

bool Known::compute(const Node& node) {
  if (reads_type_alone(graph_, node)) {
    tensors_[node.output()] = dimensions(graph_.type(node.input(0)));
    return true;
  }
  std::vector<Tensor> in;
  for (ValueId v : node.inputs) in.push_back(!v.valid() ? Tensor() : graph_.constant(v) ? *graph_.constant(v) : tensors_[v]);
  auto out = ops::run_reference(graph_, node, in);
  if (!out.ok()) return false;
  for (size_t i = 0; i < out->size(); ++i)
    if (node.outputs[i].valid()) tensors_[node.outputs[i]] = std::move((*out)[i]);
  return true;
}

std::optional<Tensor> Known::of(ValueId value) {
  if (!value.valid()) return std::nullopt;
  const auto cone = cone_of(value);
  if (!cone || !cone->open.empty()) return std::nullopt;
  for (NodeId id : cone->nodes)
    if (!compute(graph_.node(id))) return std::nullopt;
  used_.insert(cone->given.begin(), cone->given.end());
  return graph_.constant(value) ? *graph_.constant(value) : tensors_[value];
}

std::vector<ValueId> Known::open_inputs(ValueId value) const {
  auto cone = cone_of(value);
  return cone ? std::move(cone->open) : std::vector<ValueId>();
}

}  // namespace verge::formats::onnx
