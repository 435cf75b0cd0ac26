#include "quant/repair_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "eval/score.h"
#include "lower/lower.h"
#include "ops/op.h"

namespace verge {
namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}
  Tensor tensor(Shape shape, float spread) {
    Tensor t(DataType::kF32, shape);
    for (float& x : t.mut<float>()) x = spread * normal_(random_);
    return t;
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<float> normal_;
};

// 3x3 convolution, depthwise 3x3 at stride 2, dense.
Graph small_network() {
  Random random(1);
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{1, 8, 8, 4}));
  const auto conv = [&](ValueId in, Shape w, int64_t groups, int64_t stride) {
    const ValueId weights = g.add_constant(random.tensor(w, 0.3F)), bias = g.add_constant(random.tensor({w[0]}, 0.1F));
    const NodeId id = g.add_node({"conv",
                                  {in, weights, bias},
                                  {{"layout", std::string("nhwc")},
                                   {"strides", std::vector<int64_t>{stride, stride}},
                                   {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                                   {"groups", groups},
                                   {"clamp_min", 0.0}},
                                  "conv" + std::to_string(groups)});
    return g.node(id).output();
  };
  const ValueId a = conv(x, {8, 3, 3, 4}, 1, 1), b = conv(a, {8, 3, 3, 1}, 8, 2);
  const NodeId flat = g.add_node({"reshape", {b}, {{"shape", std::vector<int64_t>{1, 128}}}, "flat"});
  const NodeId dense =
      g.add_node({"dense", {g.node(flat).output(), g.add_constant(random.tensor({5, 128}, 0.1F)), g.add_constant(random.tensor({5}, 0.1F))}, {}, "dense"});
  g.add_output(g.node(dense).output(), "y");
  return g;
}

// Samples whose pixels depend on each other, as those of pictures do: mixtures of six fixed patterns.
TensorDataset pictures(uint32_t seed, size_t count) {
  Random fixed(7), random(seed);
  const Tensor patterns = fixed.tensor({6, 256}, 1);
  std::vector<Sample> samples(count);
  for (Sample& s : samples) {
    const Tensor mixture = random.tensor({6}, 1);
    Tensor x = random.tensor({1, 8, 8, 4}, 0.1F);
    for (size_t i = 0; i < 256; ++i)
      for (size_t k = 0; k < 6; ++k) x.mut<float>()[i] += mixture.values<float>()[k] * patterns.values<float>()[k * 256 + i];
    s.inputs.push_back(std::move(x));
  }
  return TensorDataset(std::move(samples), {});
}

double output_error(const Graph& graph, const Graph& quantised, const Dataset& data) {
  auto scores = [&](const Graph& g) {
    auto executable = Executable::open(lower(g)->program);
    return predict(*executable, data)->scores;
  };
  const auto real = scores(graph), rounded = scores(quantised);
  double sum = 0;
  for (size_t i = 0; i < real.size(); ++i)
    for (size_t k = 0; k < real[i].size(); ++k) sum += std::pow(real[i][k] - rounded[i][k], 2);
  return sum;
}

class RepairWeights : public ::testing::TestWithParam<int> {};

TEST_P(RepairWeights, BringsTheOutputOnUnseenSamplesCloserToFloat) {
  Graph graph = small_network();
  ASSERT_TRUE(ops::infer_types(graph).ok());
  const TensorDataset data = pictures(2, 256), unseen = pictures(3, 200);
  auto calibration = Calibration::run(graph, data);
  ASSERT_TRUE(calibration.ok()) << calibration.error().message();
  const QuantPlan plain = plan_quantization(graph, *calibration, RangeMethod::kMinMax);
  RepairOptions options;
  options.bits = GetParam();
  auto repaired = repair_weights(graph, plain, data, options);
  ASSERT_TRUE(repaired.ok()) << repaired.error().message();
  EXPECT_EQ(repaired->weights.size(), 3U);
  for (const auto& [node, layer] : repaired->weights) {
    const int most = graph.node(NodeId{node}).name == "conv8" ? 127 : (1 << (options.bits - 1)) - 1;  // depthwise keeps 8 bits
    for (int8_t w : layer.weights.values<int8_t>()) ASSERT_LE(std::abs(w), most);
  }
  auto before = quantize_graph(graph, plain), after = quantize_graph(graph, *repaired);
  ASSERT_TRUE(before.ok() && after.ok());
  if (options.bits == 8) {
    EXPECT_LT(output_error(graph, after->graph, unseen), output_error(graph, before->graph, unseen));
  }
}

INSTANTIATE_TEST_SUITE_P(Bits, RepairWeights, ::testing::Values(8, 4));

}  // namespace
}  // namespace verge
