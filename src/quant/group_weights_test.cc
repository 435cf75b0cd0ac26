#include "quant/group_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "engine/load.h"
#include "eval/files.h"
#include "ops/conv/conv.h"
#include "passes/pipelines.h"
#include "quant/tap.h"
#include "quant/windows.h"
#include "testing/seeded.h"
#include "testing/shared.h"

namespace verge {
namespace {

Tensor matrix(int32_t n, int32_t k, uint64_t seed) { return Tensor::of<float>({n, k}, testing::seeded_floats(static_cast<size_t>(n * k), seed)); }

std::vector<double> identity(size_t k) {
  std::vector<double> out(k * k);
  for (size_t i = 0; i < k; ++i) out[i * k + i] = 1;
  return out;
}

// E |(w - real) x|^2 by the second moments of x.
double output_error(const Tensor& w, const GroupWeights& rounded, const std::vector<double>& square) {
  const Tensor real = rounded.real();
  const int64_t k = w.shape()[1];
  double sum = 0;
  for (int64_t o = 0; o < w.shape()[0]; ++o)
    for (int64_t i = 0; i < k; ++i)
      for (int64_t j = 0; j < k; ++j) sum += (w.at(o * k + i) - real.at(o * k + i)) * square[static_cast<size_t>(i * k + j)] * (w.at(o * k + j) - real.at(o * k + j));
  return sum;
}

TEST(GroupWeights, EveryWeightIsWithinHalfAStepOfItsGroup) {
  const Tensor w = matrix(3, 70, 1);
  const auto rounded = group_weights(w, GroupMethod::kNearest);
  ASSERT_TRUE(rounded.ok());
  EXPECT_EQ(rounded->scale.shape(), (Shape{3, 3})) << "32, 32 and 6 inputs";
  const Tensor real = rounded->real();
  for (int64_t i = 0; i < w.count(); ++i) EXPECT_LE(std::fabs(real.at(i) - w.at(i)), 0.51 * rounded->scale.at(i / 70 * 3 + i % 70 / 32)) << i;
}

TEST(GroupWeights, EqualWeightsAndZerosStayWhatTheyAre) {
  for (const float value : {0.0F, 0.75F, -2.0F})
    for (const GroupMethod method : {GroupMethod::kNearest, GroupMethod::kHqq, GroupMethod::kGptq}) {
      const auto rounded = group_weights(Tensor::of({1, 32}, std::vector<float>(32, value)), method, {}, identity(32));
      ASSERT_TRUE(rounded.ok());
      EXPECT_NEAR(rounded->real().at(7), value, 1e-6) << value;
    }
}

TEST(GroupWeights, RefusesMomentsOfAnotherSize) { EXPECT_FALSE(group_weights(matrix(2, 32, 1), GroupMethod::kGptq, {}, identity(31)).ok()); }

// A layer of the network as a matrix, and the second moments of its windows over two sets of samples.
struct Layer {
  Tensor weights;
  std::vector<double> calibration, check;
};

Result<Layer> layer_of(const Graph& graph, const Node& node, const Dataset& data) {
  VERGE_TRY(const ConvGeometry g, ops::conv_geometry(node, graph.type(node.input(0)).shape(), graph.constant(node.input(1))->shape(), graph.type(node.output()).shape()));
  const auto k = static_cast<int32_t>(g.taps() * g.group_in());
  Layer out{graph.constant(node.input(1))->reshaped({g.out_c, k}), std::vector<double>(static_cast<size_t>(k) * k), {}};
  out.check = out.calibration;
  VERGE_TRY(Tap tap, Tap::open(graph, {node.input(0)}));
  std::vector<float> x(static_cast<size_t>(k));
  for (size_t s = 0; s < data.size(); ++s) {
    VERGE_TRY(const Sample sample, data.get(s));
    VERGE_CHECK(tap.run(sample));
    std::vector<double>& square = s % 2 ? out.check : out.calibration;
    for (const size_t pixel : chosen_pixels(g, s, 16)) {
      copy_window(g, tap.value(0), pixel, 0, x.data());
      for (size_t i = 0; i < x.size(); ++i)
        for (size_t j = 0; x[i] != 0 && j < x.size(); ++j) square[i * x.size() + j] += static_cast<double>(x[i] * x[j]);
    }
  }
  return out;
}

// Mean over the layers of the output's squared error over that of rounding to the nearest, on samples that nothing was fitted to.
TEST(GroupWeights, LayersOfAResNetLoseLessThanByRoundingToTheNearest) {
  VERGE_NEED_SHARED("models/onnx/resnet8_cifar10_jpg.onnx");
  VERGE_NEED_SHARED("data/cifar10/test.tar.gz");
  auto graph = import_file(testing::shared_path("models/onnx/resnet8_cifar10_jpg.onnx"));
  ASSERT_TRUE(graph.ok() && passes::prepare_unfused(*graph).ok());
  DataOptions options;
  options.path = testing::shared_path("data/cifar10/test.tar.gz");
  options.limit = 256;
  auto raw = read_data(options);
  ASSERT_TRUE(raw.ok()) << raw.error().message();
  const TensorType& in = graph->type(graph->inputs()[0]);
  TensorView view;
  view.dtype = in.dtype, view.shape = in.shape();
  Declaration declaration;
  declaration.layout = Layout::kNhwc;
  auto data = make_dataset(std::make_shared<const RawData>(std::move(*raw)), view, declaration, options);
  ASSERT_TRUE(data.ok()) << data.error().message();
  double hqq = 0, gptq = 0, layers = 0;
  for (NodeId id : graph->order()) {
    if (graph->node(id).op != "conv") continue;
    auto layer = layer_of(*graph, graph->node(id), **data);
    ASSERT_TRUE(layer.ok()) << layer.error().message();
    const double nearest = output_error(layer->weights, *group_weights(layer->weights, GroupMethod::kNearest), layer->check);
    hqq += output_error(layer->weights, *group_weights(layer->weights, GroupMethod::kHqq), layer->check) / nearest;
    gptq += output_error(layer->weights, *group_weights(layer->weights, GroupMethod::kGptq, {}, layer->calibration), layer->check) / nearest;
    ++layers;
  }
  std::printf("error of 4-bit weights in groups of 32 over that of the nearest step, %g layers: HQQ %.3f, GPTQ %.3f\n", layers, hqq / layers, gptq / layers);
  EXPECT_LT(hqq / layers, 0.9);
  EXPECT_LT(gptq / layers, 0.8);
}

}  // namespace
}  // namespace verge
