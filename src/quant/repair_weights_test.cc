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

// 32 dense layers of coarse weights: each row has a large one on an input that is always 0.
Graph deep_network() {
  constexpr int kWidth = 24;
  Random random(5);
  Graph g;
  const ValueId in = g.add_input("x", TensorType(DataType::kF32, Shape{1, 8, 8, 4}));
  const auto dense = [&](ValueId from, int32_t inputs) {
    Tensor w = random.tensor({kWidth, inputs}, 1.4F / std::sqrt(static_cast<float>(inputs))), b = random.tensor({kWidth}, 0.3F);
    for (int32_t i = 0; i < inputs; ++i) w.mut<float>()[static_cast<size_t>(i)] = 0;
    b.mut<float>()[0] = 0;
    for (int32_t o = 1; o < kWidth && inputs == kWidth; ++o) w.mut<float>()[static_cast<size_t>(o * inputs)] = 8;
    return g.node(g.add_node({"dense", {from, g.add_constant(w), g.add_constant(b)}, {{"clamp_min", 0.0}}, "dense"})).output();
  };
  ValueId x = dense(g.node(g.add_node({"reshape", {in}, {{"shape", std::vector<int64_t>{1, 256}}}, "flat"})).output(), 256);
  for (int i = 0; i < 32; ++i) x = dense(x, kWidth);
  g.add_output(x, "y");
  return g;
}

// Layers that are repaired against the same errors before them would each make up for all of them.
TEST(DeepRepair, NoErrorIsMadeUpForTwiceInDeepNetworks) {
  Graph graph = deep_network();
  ASSERT_TRUE(ops::infer_types(graph).ok());
  const TensorDataset data = pictures(2, 128), unseen = pictures(3, 200);
  const auto calibration = Calibration::run(graph, data);
  ASSERT_TRUE(calibration.ok()) << calibration.error().message();
  const QuantPlan plain = plan_quantization(graph, *calibration, RangeMethod::kMinMax);
  RepairOptions options;
  options.samples = 128;
  const auto repaired = repair_weights(graph, plain, data, options);
  ASSERT_TRUE(repaired.ok()) << repaired.error().message();
  const auto before = quantize_graph(graph, plain), after = quantize_graph(graph, *repaired);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_LT(output_error(graph, after->graph, unseen), 0.7 * output_error(graph, before->graph, unseen));
}

INSTANTIATE_TEST_SUITE_P(Bits, RepairWeights, ::testing::Values(8, 4));

}  // namespace
}  // namespace verge
