#include <gtest/gtest.h>

#include "ops/op.h"

namespace verge::ops {
namespace {

struct ConvNode {
  TensorType x = TensorType(DataType::kF32, Shape{1, 3, 8, 8});
  TensorType w = TensorType(DataType::kF32, Shape{4, 3, 3, 3});
  Attrs attrs;
};

Result<std::string> inferred(const ConvNode& n) {
  Graph g;
  const NodeId id = g.add_node({"conv", {g.add_input("x", n.x), g.add_input("w", n.w)}, n.attrs, "c"});
  VERGE_CHECK(infer_types(g));
  return g.type(g.node(id).output()).text();
}

using List = std::vector<int64_t>;

TEST(ConvInfer, PadsStridesAndDilationsMakeTheSize) {
  EXPECT_EQ(*inferred({}), "f32[1,4,6,6]");
  EXPECT_EQ(*inferred({.attrs = {{"pads", List{1, 0, 1, 2}}}}), "f32[1,4,8,8]");
  EXPECT_EQ(*inferred({.attrs = {{"strides", List{2, 3}}, {"dilations", List{1, 2}}}}), "f32[1,4,3,2]");
}

TEST(ConvInfer, SamePaddingRoundsUp) {
  EXPECT_EQ(*inferred({.x = TensorType(DataType::kF32, Shape{1, 7, 10, 3}), .attrs = {{"layout", std::string("nhwc")}, {"auto_pad", std::string("same_upper")}, {"strides", List{2, 3}}}}),
            "f32[1,4,4,4]");
}

TEST(ConvInfer, KeepsSymbolsThatTheWindowDoesNotChange) {
  const TensorType x(DataType::kF32, {Dim::named("N"), 3, Dim::named("H"), 8});
  EXPECT_EQ(*inferred({.x = x, .attrs = {{"pads", List{1, 1, 1, 1}}}}), "f32[N,4,H,8]");
  EXPECT_EQ(*inferred({.x = x, .attrs = {{"strides", List{2, 2}}}}), "f32[N,4,?,3]");
}

TEST(ConvInfer, SaysWhatDoesNotFit) {
  EXPECT_EQ(inferred({.x = TensorType(DataType::kF32, Shape{1, 5, 8, 8})}).error().message(),
            "node 'c' (conv): input 0 has 5 channels, weights f32[4,3,3,3] in 1 group(s) want 3");
  EXPECT_EQ(inferred({.attrs = {{"groups", int64_t{3}}}}).error().message(), "node 'c' (conv): groups is 3, wants a divisor of 4 outputs");
  EXPECT_EQ(inferred({.x = TensorType(DataType::kF32, Shape{1, 3, 2, 8})}).error().message(),
            "node 'c' (conv): a window of 3 does not fit the input's height of 2 with padding 0 and 0");
  EXPECT_EQ(inferred({.attrs = {{"strides", List{0, 1}}}}).error().message(), "node 'c' (conv): strides [0,1] wants numbers from 1 to 16384");
}

Tensor of_f32(Shape shape, std::vector<float> values) { return Tensor::of(shape, values); }

std::vector<double> reference(const Attrs& attrs, const std::vector<Tensor>& in, DataType y_dtype = DataType::kF32, QuantParams y_quant = {}) {
  Graph g;
  std::vector<ValueId> values;
  for (const Tensor& t : in) values.push_back(g.add_constant(t));
  const NodeId id = g.add_node({"conv", values, attrs, "c"});
  g.value(g.node(id).output()).type.dtype = y_dtype;
  g.value(g.node(id).output()).type.quant = std::move(y_quant);
  auto y = run_reference(g, g.node(id), in);
  EXPECT_TRUE(y.ok()) << (y.ok() ? "" : y.error().message());
  return y.ok() ? (*y)[0].to_doubles() : std::vector<double>();
}

TEST(ConvReference, CorrelatesWithoutTurningTheKernel) {
  const Tensor x = of_f32({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}), w = of_f32({1, 2, 2, 1}, {1, 10, 100, 1000}), b = of_f32({1}, {0.5f});
  EXPECT_EQ(reference({}, {x, w, b}), (std::vector<double>{5421.5, 6532.5}));
  EXPECT_EQ(reference({{"clamp_max", 6000.0}}, {x, w, b}), (std::vector<double>{5421.5, 6000}));
}

TEST(ConvReference, BothLayoutsHoldTheSameNumbers) {
  const Tensor w = of_f32({2, 1, 1, 2}, {1, 2, 3, 4});
  EXPECT_EQ(reference({}, {of_f32({1, 2, 1, 2}, {1, 2, 10, 20}), w}), (std::vector<double>{21, 42, 43, 86}));
  EXPECT_EQ(reference({{"layout", std::string("nhwc")}}, {of_f32({1, 1, 2, 2}, {1, 10, 2, 20}), w}), (std::vector<double>{21, 43, 42, 86}));
}

TEST(ConvReference, GroupsSeeTheirOwnChannels) {
  EXPECT_EQ(reference({{"groups", int64_t{2}}}, {of_f32({1, 2, 1, 1}, {3, 5}), of_f32({4, 1, 1, 1}, {1, 2, 3, 4})}), (std::vector<double>{3, 6, 15, 20}));
}

Tensor bytes(Shape shape, std::vector<int8_t> values, QuantParams quant) {
  Tensor t = Tensor::of(shape, values);
  t.set_quant(std::move(quant));
  return t;
}

// Sums (3 - 1) * 2 + (-4 - 1) * 3 + bias are 19 and 18, the multiplier is 0.5 * 0.25 / 0.5: 4.75, and 4.5, which is a tie.
TEST(ConvReference, TflmRoundsHalvesAwayFromZeroAndOnnxToEven) {
  const Tensor x = bytes({1, 2, 1, 1}, {3, -4}, {{0.5f}, {1}, -1}), w = bytes({2, 1, 1, 2}, {2, 3, 2, 3}, {{0.25f}, {0}, -1});
  const Tensor b = Tensor::of<int32_t>({2}, {30, 29});
  const QuantParams y{{0.5f}, {-2}, -1};
  EXPECT_EQ(reference({}, {x, w, b}, DataType::kI8, y), (std::vector<double>{3, 3}));
  EXPECT_EQ(reference({{"requant", std::string("onnx")}}, {x, w, b}, DataType::kI8, y), (std::vector<double>{3, 2}));
  EXPECT_EQ(reference({{"clamp_min", 0.0}, {"clamp_max", 2.0}}, {x, w, b}, DataType::kI8, y), (std::vector<double>{2, 2}));
}

TEST(ConvReference, PaddingAddsNothingWhateverTheZeroPoint) {
  const Tensor x = bytes({1, 1, 1, 1}, {-128}, {{1.0f}, {-128}, -1}), w = bytes({1, 3, 3, 1}, std::vector<int8_t>(9, 127), {{1.0f}, {0}, -1});
  EXPECT_EQ(reference({{"pads", List{1, 1, 1, 1}}}, {x, w}, DataType::kI8, {{1.0f}, {7}, -1}), (std::vector<double>{7}));
}

TEST(ConvCost, CountsMultiplications) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{1, 3, 8, 8})), w = g.add_constant(Tensor(DataType::kF32, {4, 3, 3, 3}));
  const NodeId id = g.add_node({"conv", {x, w}, {}, "c"});
  ASSERT_TRUE(infer_types(g).ok());
  const Cost cost = cost_of(g, g.node(id));
  EXPECT_EQ(cost.macs, 4 * 6 * 6 * 27);
  EXPECT_EQ(cost.weight_bytes, 4 * 27 * 4);
  EXPECT_EQ(cost.activation_bytes, (3 * 64 + 4 * 36) * 4);
}

}  // namespace
}  // namespace verge::ops
