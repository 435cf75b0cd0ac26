#include "formats/onnx/builder.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 40;  // beyond any device; sums of bytes stay far from 2^63

Result<void> check_size(const TensorType& type) {
  int64_t count = 1;
  for (const Dim& d : type.dims) {
    if (!d.known() || d.size == 0) continue;
    if (d.size > std::numeric_limits<int32_t>::max() || count > kMostElements / d.size) return unsupported("its result " + type.text() + " is too large");
    count *= d.size;
  }
  if (type.rank() > kMaxRank) return unsupported("its result " + type.text() + " has more than " + std::to_string(kMaxRank) + " dimensions");
  return done();
}

// Quantised values stay nodes: fusing them is a pass's business, and the constants that they read are smaller.
bool keeps_its_node(const std::string& op) { return op == "quantize" || op == "dequantize" || op == "requantize"; }

void hint(Graph& graph, const Node& node, const std::vector<TensorType>& types) {
  for (size_t i = 0; i < types.size() && i < node.outputs.size(); ++i) {
    graph.value(node.outputs[i]).type.dtype = types[i].dtype;
    graph.value(node.outputs[i]).type.quant = types[i].quant;
  }
}

// Operators that only move elements: what comes out is quantised as what goes in.
bool moves_elements(const std::string& op) {
  static const std::set<std::string> kMoves = {"reshape", "transpose", "max_pool",       "slice",          "split",    "gather",
                                               "expand",  "tile",      "depth_to_space", "space_to_depth", "identity"};
  return kMoves.count(op) != 0;
}

void keep_quantisation(Graph& graph, const Node& node) {
  if (!moves_elements(node.op)) return;
  const TensorType& x = graph.type(node.input(0));
  for (ValueId v : node.outputs) {
    TensorType& y = graph.value(v).type;
    if (x.quantized() && !x.quant.per_channel() && y.quant.empty() && y.dtype == x.dtype) y.quant = x.quant;
  }
}

size_t bytes_of(const TensorType& type) { return dtype_bytes(type.dtype, static_cast<size_t>(type.shape().count())); }

}  // namespace

std::optional<std::vector<Tensor>> Builder::computed(const NewNode& made, const std::vector<TensorType>& types) {
  const bool constant = std::all_of(made.inputs.begin(), made.inputs.end(), [&](ValueId v) { return !v.valid() || graph_.constant(v); });
  if (!constant || made.inputs.empty() || keeps_its_node(made.op)) return std::nullopt;
  Graph scratch;
  NewNode copy = made;
  std::vector<Tensor> in;
  for (ValueId& v : copy.inputs) {
    in.push_back(v.valid() ? *graph_.constant(v) : Tensor());
    if (v.valid()) v = scratch.add_constant(in.back());
  }
  const Node& node = scratch.node(scratch.add_node(std::move(copy)));
  hint(scratch, node, types);
  const bool inferred = ops::infer_node(scratch, node).ok();
  if (inferred) keep_quantisation(scratch, node);
  if (!inferred || ops::cost_of(scratch, node).macs > 0) return std::nullopt;
  size_t bytes = 0;
  for (ValueId v : node.outputs) {
    if (!scratch.type(v).is_static() || !check_size(scratch.type(v)).ok()) return std::nullopt;
    bytes += bytes_of(scratch.type(v));
  }
  if (bytes > computed_bytes_left_) return std::nullopt;
  auto out = ops::run_reference(scratch, node, in);
  if (!out.ok()) return std::nullopt;
  computed_bytes_left_ -= bytes;
  return *std::move(out);
}

Result<std::vector<ValueId>> Builder::add(NewNode made, const std::vector<TensorType>& types) {
  if (!ops::find_op(made.op)) return unsupported("this build has no core operator '" + made.op + "'");
  if (auto tensors = computed(made, types)) {
    std::vector<ValueId> out;
    for (Tensor& t : *tensors) out.push_back(graph_.add_constant(std::move(t), made.name));
    return out;
  }
  const NodeId id = graph_.add_node(std::move(made));
  const Node& node = graph_.node(id);
  hint(graph_, node, types);
  VERGE_CHECK(ops::infer_node(graph_, node));
  keep_quantisation(graph_, node);
  for (ValueId v : node.outputs) VERGE_CHECK(check_size(graph_.type(v)));
  auto known = contents_after(graph_, node, [this](ValueId v) { return contents(v); });
  if (!known) return node.outputs;
  if (const auto all = numbers(*known); all && graph_.type(node.output()).dtype == DataType::kI64 && graph_.type(node.output()).is_static()) {
    const Shape shape = graph_.type(node.output()).shape();
    if (shape.count() == static_cast<int64_t>(all->size())) return std::vector<ValueId>{graph_.add_constant(Tensor::of<int64_t>(shape, *all), node.name)};
  }
  contents_[node.output()] = std::move(*known);
  return node.outputs;
}

std::optional<Contents> Builder::contents(ValueId value) const {
  if (const Tensor* tensor = graph_.constant(value)) return contents_of(*tensor);
  const auto it = contents_.find(value);
  return it == contents_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace verge::formats::onnx
