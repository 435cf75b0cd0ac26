#include "recipe/placement_check.h"

#include <algorithm>
#include <set>

#include "core/text.h"
#include "ops/op.h"

namespace verge {
namespace {

struct Rules {
  const char* name;
  std::set<std::string> ops;         // of the core operators; none: any, this accelerator's compiler runs the others too
  std::set<DataType> types;          // of activations that are computed on
  std::set<DataType> weights;        // of convolutions and dense layers
  bool symmetric = false;            // zero points are 0
  bool float_is_placed = false;      // what stays float runs there too
  bool three_dimensions = false;     // of a value more than 1 long: the innermost three
  const char* source;
};

// LSTMs are left to the vendors' compilers: each takes other forms.
const std::vector<Rules>& all_rules() {
  static const std::set<DataType> kEight = {DataType::kI8, DataType::kU8};
  static const std::vector<Rules> kRules = {
      {.name = "edge-tpu",
       .ops = {"add", "avg_pool", "concat", "conv", "dense", "sigmoid", "maximum", "max_pool", "reduce_mean", "minimum", "mul", "pad", "prelu", "requantize", "reduce_max", "reduce_min", "relu", "clamp",
               "reshape", "resize", "rsqrt", "slice", "softmax", "space_to_depth", "split", "squared_difference", "sub", "reduce_sum", "tanh", "transpose", "conv_transpose"},
       .types = kEight, .weights = kEight, .three_dimensions = true,
       .source = "coral.ai/docs/edgetpu/models-intro, model requirements; its table of operators also at developer.axis.com/computer-vision/on-device/system-on-chip/artpec-7/supported-ops"},
      {.name = "ethos-u",
       .ops = {"abs", "add", "arg_max", "avg_pool", "matmul", "concat", "conv", "dense", "elu", "exp", "reshape", "gelu", "hswish", "leaky_relu", "log", "sigmoid", "maximum", "max_pool", "reduce_mean",
               "minimum", "pad", "mul", "neg", "prelu", "requantize", "reduce_max", "reduce_min", "relu", "clamp", "resize", "rsqrt", "slice", "softmax", "split", "squared_difference", "sub", "reduce_sum",
               "tanh", "tile", "transpose", "conv_transpose"},
       .types = {DataType::kI8, DataType::kU8, DataType::kI16}, .weights = kEight,
       .source = "vela --supported-ops-report of ethos-u-vela 5.2.0, Ethos-U55 and U65"},
      {.name = "tensorrt", .ops = {}, .types = {DataType::kI8}, .weights = {DataType::kI8, DataType::kI4}, .symmetric = true, .float_is_placed = true,
       .source = "docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/work-quantized-types.html"},
      {.name = "qnn",
       .ops = {"abs", "add", "and", "arg_max", "arg_min", "asin", "atan", "avg_pool", "batch_norm", "cast", "clamp", "concat", "conv", "conv_transpose", "cos", "depth_to_space", "div", "elu", "equal", "exp",
               "expand", "reshape", "floor", "gather", "gelu", "dense", "greater", "greater_equal", "grid_sample", "hswish", "instance_norm", "lrn", "layer_norm", "leaky_relu", "less", "less_equal", "log",
               "log_softmax", "matmul", "maximum", "max_pool", "minimum", "mul", "neg", "not", "or", "prelu", "pad", "pow", "requantize", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
               "reduce_sum", "relu", "resize", "round", "sigmoid", "sign", "sin", "slice", "softmax", "space_to_depth", "split", "sqrt", "sub", "tanh", "tile", "top_k", "transpose", "where"},
       .types = {DataType::kI8, DataType::kU8, DataType::kI16, DataType::kU16}, .weights = {DataType::kI8, DataType::kU8, DataType::kI16, DataType::kI4},
       .source = "onnxruntime.ai/docs/execution-providers/QNN-ExecutionProvider.html, supported operators of the HTP"},
  };
  return kRules;
}

bool is_border(const Node& n) { return n.op == "quantize" || n.op == "dequantize"; }

class Checker {
 public:
  Checker(const Graph& graph, const Rules& rules) : g_(graph), r_(rules) {}

  PlacementCheck run() {
    out_.rules = r_.name, out_.source = r_.source;
    for (NodeId id : g_.order()) {
      const Node& node = g_.node(id);
      if (is_border(node)) continue;
      const size_t before = out_.violations.size();
      check(node);
      ++out_.nodes;
      out_.placed += out_.violations.size() == before;
    }
    return std::move(out_);
  }

 private:
  void violated(const Node& n, const std::string& what) { out_.violations.push_back({n.name.empty() ? n.op : n.name, n.op + ": " + what}); }

  void check(const Node& n) {
    if (!r_.ops.empty() && r_.ops.count(n.op) == 0) violated(n, "not among the operators that it has");
    for (ValueId in : n.inputs)
      if (in.valid()) check_value(n, in, "input");
    for (ValueId out : n.outputs) check_value(n, out, "output");
  }

  void check_value(const Node& n, ValueId id, const std::string& place) {
    const TensorType& t = g_.type(id);
    if (g_.constant(id)) return check_constant(n, id);
    if (!t.is_static()) return violated(n, place + " " + t.text() + ": a size is not known; bind it with --dim");
    if (r_.three_dimensions && outer_sizes(t) != 1) violated(n, place + " " + t.text() + ": only the last three dimensions may be more than 1");
    const bool real = t.dtype == DataType::kF32 || t.dtype == DataType::kF16;
    if (real && !r_.float_is_placed) return violated(n, place + " is float: quantise it (verge optimize), or it runs on the processor");
    if (!t.quantized()) return;
    if (r_.types.count(t.dtype) == 0) return violated(n, place + " is " + dtype_name(t.dtype) + ", which it does not compute in");
    if (r_.symmetric && has_zero_points(t)) violated(n, place + " has the zero point " + std::to_string(t.quant.zero_point[0]) + ": only 0 is taken");
  }

  static int64_t outer_sizes(const TensorType& t) {
    int64_t out = 1;
    for (size_t i = 0; i + 3 < t.dims.size(); ++i) out *= t.dims[i].size;
    return out;
  }

  static bool has_zero_points(const TensorType& t) {
    return std::any_of(t.quant.zero_point.begin(), t.quant.zero_point.end(), [](int32_t z) { return z != 0; });
  }

  void check_constant(const Node& n, ValueId id) {
    const TensorType& t = g_.type(id);
    const bool weights = (n.op == "conv" || n.op == "dense" || n.op == "conv_transpose") && id == n.input(1);
    if (!weights || !t.quantized()) return;
    if (r_.weights.count(t.dtype) == 0) violated(n, std::string("weights are ") + dtype_name(t.dtype) + ", which it does not multiply");
    else if (t.dtype == DataType::kI8 && has_zero_points(t)) violated(n, "int8 weights have zero points: only 0 is taken");
  }

  const Graph& g_;
  const Rules& r_;
  PlacementCheck out_;
};

}  // namespace

std::vector<std::string> placement_rule_names() {
  std::vector<std::string> out;
  for (const Rules& r : all_rules()) out.emplace_back(r.name);
  return out;
}

Result<PlacementCheck> check_placement(const Graph& graph, const std::string& rules) {
  for (const Rules& r : all_rules())
    if (rules == r.name) return Checker(graph, r).run();
  return invalid("there are no placement rules '" + rules + "'; known: " + join(placement_rule_names(), ", "));
}

}  // namespace verge
