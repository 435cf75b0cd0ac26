#include "verge/layer_candidates.h"

#include <algorithm>
#include <cstdlib>

#include "core/text.h"
#include "eval/bench.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/winograd/winograd_f32.h"
#include "lower/executable.h"
#include "lower/lower.h"
#include "lower/tuning.h"
#include "ops/op.h"
#include "os/clock.h"

namespace verge::cli {
namespace {

using Ints = std::vector<int64_t>;

constexpr int kRounds = 15;
constexpr double kRoundSeconds = 0.004;

// "3x3" as numbers from 1 to `most`; empty where it is something else.
std::vector<int32_t> sizes_of(const std::string& text) {
  constexpr long kMost = 1 << 16;
  std::vector<int32_t> out;
  for (const std::string& part : split(text, 'x')) {
    char* end = nullptr;
    const long value = std::strtol(part.c_str(), &end, 10);
    if (part.empty() || *end != 0 || value < 1 || value > kMost) return {};
    out.push_back(static_cast<int32_t>(value));
  }
  return out;
}

// The same numbers on every run; in integers those of quantised layers, with a scale for each output of weights.
Tensor constant(const Shape& shape, DataType dtype) {
  Tensor t(dtype, shape);
  const auto fill = [&](auto value) {
    for (size_t i = 0; auto& v : t.mut<decltype(value)>()) v = static_cast<decltype(value)>(static_cast<float>(i++ * 37 % 101) * value) - 50 * value;
  };
  if (dtype == DataType::kF32) fill(0.01f);
  if (dtype == DataType::kI8) fill(int8_t{1});
  return t;
}

struct LayerTypes {
  DataType x, bias;
  QuantParams x_quant, w_quant, y_quant;

  LayerTypes(const LayerShape& s, bool int8) : x(int8 ? DataType::kI8 : DataType::kF32), bias(int8 ? DataType::kI32 : DataType::kF32) {
    if (!int8) return;
    x_quant = {{0.02f}, {3}, -1};
    w_quant = {std::vector<float>(static_cast<size_t>(s.out), 0.01f), std::vector<int32_t>(static_cast<size_t>(s.out), 0), 0};
    y_quant = {{0.1f}, {-5}, -1};
  }
};

Graph layer_graph(const LayerShape& s, bool int8) {
  Graph graph;
  const LayerTypes types(s, int8);
  TensorType x_type(types.x, Shape{1, s.height, s.width, s.in});
  x_type.quant = types.x_quant;
  const ValueId x = graph.add_input("x", x_type);
  Tensor weights = constant({s.out, s.kernel_h, s.kernel_w, s.in}, types.x);
  weights.set_quant(types.w_quant);
  const int64_t top = (s.kernel_h - 1) / 2, left = (s.kernel_w - 1) / 2;
  Attrs attrs = {{"layout", std::string("nhwc")}, {"strides", Ints{s.stride, s.stride}}, {"dilations", Ints{1, 1}}, {"groups", int64_t{1}},
                 {"pads", Ints{top, left, s.kernel_h - 1 - top, s.kernel_w - 1 - left}}};
  if (int8) attrs["requant"] = std::string("onnx");
  const NodeId node = graph.add_node({"conv", {x, graph.add_constant(std::move(weights), "w"), graph.add_constant(constant({s.out}, types.bias), "b")}, attrs, "layer"});
  graph.value(graph.node(node).output()).type.dtype = types.x;
  graph.value(graph.node(node).output()).type.quant = types.y_quant;
  graph.add_output(graph.node(node).output(), "y");
  return graph;
}

// A program that computes the layer one way, and the cap that chooses its kernels.
struct Candidate {
  LayerCandidate says;
  Isa isa;
  Executable executable;
  LayerKind layer;
  Way way;
};

Result<Executable> compiled(Graph graph, const char* attribute, const std::string& value) {
  if (*attribute) graph.node(graph.order()[0]).attrs[attribute] = value;
  VERGE_CHECK(ops::infer_types(graph));
  VERGE_TRY(const Lowered lowered, lower(graph));
  VERGE_TRY(Executable executable, Executable::open(lowered.program));
  const std::vector<Tensor> inputs = random_inputs(executable.model(), 1);
  for (size_t i = 0; i < inputs.size(); ++i) VERGE_CHECK(executable.set_input(i, inputs[i]));
  return executable;
}

// Everything that computes a layer in one form of numbers.
class Form {
 public:
  Form(const char* name, Graph graph, const char* attribute = "", const char* value = "") : name_(name), graph_(std::move(graph)), attribute_(attribute), value_(value) {}

  // One for each kernel of the list that runs here; none where lowering takes another instruction than `op` for the layer.
  template <typename List> Result<void> add(const char* algorithm, const char* attribute, const std::string& value, const char* op, const List& kernels) {
    bool first = true;
    for (const auto& kernel : kernels) {
      if (!cpu_has(kernel.isa)) continue;
      VERGE_TRY(Executable executable, compiled(graph_, attribute, value));
      if (std::string(executable.model().operator_name(0)) != op) return done();
      candidates.push_back({{name_, algorithm, kernel.name, isa_name(kernel.isa), 1e30, false}, kernel.isa, std::move(executable)});
      if (first) VERGE_CHECK(add_blocks(op, kernel));
      first = false;
    }
    return done();
  }
  template <typename List> Result<void> add(const char* op, const List& kernels) { return add("direct", attribute_, value_, op, kernels); }

  // Marks what a model of this form gets.
  Result<void> choose() {
    VERGE_TRY(Executable usual, compiled(graph_, attribute_, value_));
    const std::string algorithm = std::string(usual.model().operator_name(0)) == "conv_winograd_f32" ? "winograd" : "direct", way = tuned(usual);
    const bool other = way == "direct" || way == "winograd", vectors = way == "vectors";
    const std::string wanted = starts_with(way, "blocks") || other ? way : algorithm;
    for (Candidate& c : candidates)
      if (c.says.algorithm == wanted && !(vectors && c.isa == Isa::kAmx)) return c.says.chosen = true, done();
    return done();
  }

  std::vector<Candidate> candidates;

 private:
  // The same with blocks of other sizes, where no tuning is in force.
  template <typename Kernel> Result<void> add_blocks(const char* op, const Kernel& kernel) {
    const std::vector<ModelLayer> layers = model_layers(candidates.back().executable.model());
    for (const ModelLayer& layer : layers)
      for (const Way way : layer.ways) {
        if (way.blocks == 0) continue;
        VERGE_TRY(Executable executable, compiled(graph_, attribute_, value_));
        if (std::string(executable.model().operator_name(0)) != op) continue;
        candidates.push_back({{name_, way_text(way), kernel.name, isa_name(kernel.isa), 1e30, false}, kernel.isa, std::move(executable)});
        candidates.back().layer = layer.kind, candidates.back().way = way;
      }
    return done();
  }
  static std::string tuned(const Executable& executable) {
    const std::vector<ModelLayer> layers = model_layers(executable.model());
    return layers.empty() ? "usual" : way_text(tuned_way(layers[0].kind.family, layers[0].kind.geometry));
  }

  const char* name_;
  Graph graph_;
  const char *attribute_, *value_;
};

Result<void> time_round(Candidate& candidate) {
  for (const double end = now_s() + kRoundSeconds; now_s() < end;) {
    const double start = now_s();
    VERGE_CHECK(candidate.executable.run());
    candidate.says.min_ms = std::min(candidate.says.min_ms, (now_s() - start) * 1e3);
  }
  return done();
}

Result<void> time_all(std::vector<Form>& forms) {
  WayTable table;
  table.put_in_force();
  for (int round = 0; round < kRounds; ++round)
    for (Form& form : forms)
      for (Candidate& candidate : form.candidates) {
        table.set(candidate.layer, candidate.way);
        set_isa_cap(candidate.isa);
        const auto timed = time_round(candidate);
        clear_isa_cap();
        table.set(candidate.layer, {});
        VERGE_CHECK(timed);
      }
  return done();
}

}  // namespace

Result<LayerShape> parse_layer(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  const Error wrong = invalid("layer '" + text + "': wants HEIGHTxWIDTHxINPUTS:OUTPUTS[:KERNEL[:STRIDE]], as in 56x56x64:64:3x3, or ROWSxINPUTS:OUTPUTS, as in 128x384:1536");
  if (parts.size() < 2 || parts.size() > 4) return wrong;
  const std::vector<int32_t> input = sizes_of(parts[0]), out = sizes_of(parts[1]);
  const std::vector<int32_t> kernel = parts.size() > 2 ? sizes_of(parts[2]) : std::vector<int32_t>{1, 1}, stride = parts.size() > 3 ? sizes_of(parts[3]) : std::vector<int32_t>{1};
  const bool dense = input.size() == 2 && parts.size() == 2;
  if ((!dense && input.size() != 3) || out.size() != 1 || kernel.size() != 2 || stride.size() != 1) return wrong;
  if (dense) return LayerShape{.height = input[0], .in = input[1], .out = out[0]};
  return LayerShape{input[0], input[1], input[2], out[0], kernel[0], kernel[1], stride[0]};
}

Result<std::vector<LayerCandidate>> time_layer(const LayerShape& shape) {
  const Graph floats = layer_graph(shape, false);
  std::vector<Form> forms;
  forms.emplace_back("f32", floats);
  VERGE_CHECK(forms.back().add("direct", "algorithm", "direct", "conv_f32", igemm_f32_kernels()));
  VERGE_CHECK(forms.back().add("winograd", "algorithm", "winograd", "conv_winograd_f32", winograd_f32_kernels()));
  forms.emplace_back("bf16", floats, "precision", "bf16");
  VERGE_CHECK(forms.back().add("conv_bf16", gemm_bf16_kernels()));
  forms.emplace_back("int8", layer_graph(shape, true));
  VERGE_CHECK(forms.back().add("conv_i8", gemm_i8_kernels()));
  use_machine_tuning();
  for (Form& form : forms) VERGE_CHECK(form.choose());
  VERGE_CHECK(time_all(forms));
  std::vector<LayerCandidate> out;
  for (const Form& form : forms)
    for (const Candidate& candidate : form.candidates) out.push_back(candidate.says);
  return out;
}

}  // namespace verge::cli
