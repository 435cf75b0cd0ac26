#include "verge/layer_candidates.h"

#include <algorithm>
#include <cstdlib>

#include "core/text.h"
#include "eval/bench.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/winograd/winograd_f32.h"
#include "lower/executable.h"
#include "lower/lower.h"
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

Graph layer_graph(const LayerShape& s) {
  Graph graph;
  const ValueId x = graph.add_input("x", TensorType(DataType::kF32, Shape{1, s.height, s.width, s.in}));
  const auto constant = [&](Shape shape, const char* name) {
    Tensor t(DataType::kF32, shape);
    for (size_t i = 0; float& v : t.mut<float>()) v = static_cast<float>(i++ * 37 % 101) * 0.01f - 0.5f;
    return graph.add_constant(std::move(t), name);
  };
  const int64_t top = (s.kernel_h - 1) / 2, left = (s.kernel_w - 1) / 2;
  const Attrs attrs = {{"layout", std::string("nhwc")}, {"strides", Ints{s.stride, s.stride}}, {"dilations", Ints{1, 1}}, {"groups", int64_t{1}},
                       {"pads", Ints{top, left, s.kernel_h - 1 - top, s.kernel_w - 1 - left}}};
  const NodeId node = graph.add_node({"conv", {x, constant({s.out, s.kernel_h, s.kernel_w, s.in}, "w"), constant({s.out}, "b")}, attrs, "layer"});
  graph.add_output(graph.node(node).output(), "y");
  return graph;
}

// A program that computes the layer one way, and the caps that choose its kernels.
struct Way {
  LayerCandidate candidate;
  Isa isa;
  Executable executable;
};

Result<Executable> compiled(Graph graph, const char* attribute, const std::string& value) {
  graph.node(graph.order()[0]).attrs[attribute] = value;
  VERGE_CHECK(ops::infer_types(graph));
  VERGE_TRY(const Lowered lowered, lower(graph));
  VERGE_TRY(Executable executable, Executable::open(lowered.program));
  const std::vector<Tensor> inputs = random_inputs(executable.model(), 1);
  for (size_t i = 0; i < inputs.size(); ++i) VERGE_CHECK(executable.set_input(i, inputs[i]));
  return executable;
}

class Ways {
 public:
  explicit Ways(const LayerShape& shape) : graph_(layer_graph(shape)) {}

  // One for each kernel of the list that runs here; none where lowering takes another instruction than `op` for the layer.
  template <typename List> Result<void> add(const char* algorithm, const char* attribute, const std::string& value, const char* op, const List& kernels) {
    bool first = true;
    for (const auto& kernel : kernels) {
      if (!cpu_has(kernel.isa)) continue;
      VERGE_TRY(Executable executable, compiled(graph_, attribute, value));
      if (std::string(executable.model().operator_name(0)) != op) return done();
      const bool in_bf16 = value == "bf16";
      VERGE_TRY(const bool picked, in_bf16 ? Result<bool>(false) : is_default(op));
      ways.push_back({{algorithm, kernel.name, isa_name(kernel.isa), 1e30, first && picked, first && in_bf16}, kernel.isa, std::move(executable)});
      first = false;
    }
    return done();
  }

  Result<void> time() {
    for (int round = 0; round < kRounds; ++round)
      for (Way& way : ways) {
        set_isa_cap(way.isa);
        const auto timed = time_round(way);
        clear_isa_cap();
        VERGE_CHECK(timed);
      }
    return done();
  }

  std::vector<Way> ways;

 private:
  Result<bool> is_default(const char* op) {
    VERGE_TRY(const Executable executable, compiled(graph_, "algorithm", ""));
    return std::string(executable.model().operator_name(0)) == op;
  }
  static Result<void> time_round(Way& way) {
    for (const double end = now_s() + kRoundSeconds; now_s() < end;) {
      const double start = now_s();
      VERGE_CHECK(way.executable.run());
      way.candidate.min_ms = std::min(way.candidate.min_ms, (now_s() - start) * 1e3);
    }
    return done();
  }

  Graph graph_;
};

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
  Ways all(shape);
  VERGE_CHECK(all.add("direct", "algorithm", "direct", "conv_f32", igemm_f32_kernels()));
  VERGE_CHECK(all.add("winograd", "algorithm", "winograd", "conv_winograd_f32", winograd_f32_kernels()));
  VERGE_CHECK(all.add("bf16", "precision", "bf16", "conv_bf16", gemm_bf16_kernels()));
  VERGE_CHECK(all.time());
  std::vector<LayerCandidate> out;
  for (const Way& way : all.ways) out.push_back(way.candidate);
  return out;
}

}  // namespace verge::cli
