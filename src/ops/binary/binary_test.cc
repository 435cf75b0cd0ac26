#include "ops/binary/binary.h"

#include <gtest/gtest.h>

namespace verge::ops {
namespace {

Result<std::vector<Tensor>> run(const std::string& op, const std::vector<Tensor>& in, Attrs attrs = {}, QuantParams out = {}, DataType out_type = DataType::kNone) {
  Graph g;
  NewNode made{op, {}, std::move(attrs), "n"};
  for (const Tensor& t : in) {
    made.inputs.push_back(g.add_constant(t));
    g.value(made.inputs.back()).type.quant = t.quant();
  }
  const Node& node = g.node(g.add_node(std::move(made)));
  g.value(node.output()).type.dtype = out_type;
  g.value(node.output()).type.quant = std::move(out);
  VERGE_CHECK(infer_types(g));
  return run_reference(g, node, in);
}

std::vector<double> values(const Result<std::vector<Tensor>>& result) { return result.ok() ? (*result)[0].to_doubles() : std::vector<double>{}; }

TEST(Binary, StretchesBothOperands) {
  const auto z = run("sub", {Tensor::of<float>({2, 1}, {10, 20}), Tensor::of<float>({3}, {1, 2, 3})});
  ASSERT_TRUE(z.ok());
  EXPECT_EQ((*z)[0].shape(), (Shape{2, 3}));
  EXPECT_EQ(values(z), (std::vector<double>{9, 8, 7, 19, 18, 17}));
}

TEST(Binary, KeepsASymbolAgainstOne) {
  Graph g;
  const ValueId a = g.add_input("a", TensorType(DataType::kF32, std::vector<Dim>{Dim::named("N"), 4})), b = g.add_input("b", TensorType(DataType::kF32, std::vector<Dim>{1, 4}));
  const Node& node = g.node(g.add_node({"add", {a, b}, {}, "n"}));
  ASSERT_TRUE(infer_types(g).ok());
  EXPECT_EQ(g.type(node.output()).text(), "f32[N,4]");
}

TEST(Binary, SaysWhichShapesDoNotFit) {
  const auto z = run("add", {Tensor::of<float>({2}, {1, 2}), Tensor::of<float>({3}, {1, 2, 3})});
  ASSERT_FALSE(z.ok());
  EXPECT_EQ(z.error().message(), "node 'n' (add): shapes do not broadcast: none[2] with none[3]");
}

TEST(Binary, IntegerDivisionTruncatesAndFloorDivisionDoesNot) {
  const Tensor x = Tensor::of<int32_t>({3}, {-7, 7, 5}), y = Tensor::of<int32_t>({3}, {2, 2, 0});
  EXPECT_EQ(values(run("div", {x, y})), (std::vector<double>{-3, 3, 0}));
  EXPECT_EQ(values(run("floor_div", {x, y})), (std::vector<double>{-4, 3, 0}));
  EXPECT_EQ(values(run("mod", {x, y})), (std::vector<double>{1, 1, 0}));
  EXPECT_EQ(values(run("mod", {x, y}, {{"fmod", int64_t{1}}})), (std::vector<double>{-1, 1, 0}));
}

// scale 0.5 each: reals -64 .. 63.5; sums at the output's scale of 1.
TEST(Binary, QuantisedAddRoundsHalvesAwayFromZeroAndSaturates) {
  Tensor x = Tensor::of<int8_t>({5}, {1, -1, 3, 127, -128}), y = Tensor::of<int8_t>({5}, {0, 0, 2, 127, -128});
  x.set_quant({{0.5f}, {0}, -1});
  y.set_quant({{0.5f}, {0}, -1});
  EXPECT_EQ(values(run("add", {x, y}, {}, {{1.0f}, {0}, -1}, DataType::kI8)), (std::vector<double>{1, -1, 3, 127, -128}));
  EXPECT_EQ(values(run("add", {x, y}, {{"requant", "onnx"}}, {{1.0f}, {0}, -1}, DataType::kI8)), (std::vector<double>{0, 0, 2, 127, -128}));
}

TEST(Binary, QuantisedClampIsInTheOutputsUnits) {
  Tensor x = Tensor::of<int8_t>({3}, {-10, 4, 100});
  x.set_quant({{0.5f}, {0}, -1});
  EXPECT_EQ(values(run("add", {x, x}, {{"clamp_min", 0.0}, {"clamp_max", 6.0}}, {{1.0f}, {-3}, -1}, DataType::kI8)), (std::vector<double>{-3, 1, 3}));
}

// An output that was never calibrated: a multiplier of 2^102 is no shift, and what it means is the end of the range.
TEST(Binary, QuantisedMulBeyondAnyShiftSaturates) {
  Tensor x = Tensor::of<uint8_t>({4}, {0, 1, 2, 255}), y = Tensor::of<uint8_t>({4}, {9, 9, 0, 255});
  x.set_quant({{0.0235f}, {1}, -1});
  y.set_quant({{0.0039f}, {0}, -1});
  EXPECT_EQ(values(run("mul", {x, y}, {}, {{2.97e-35f}, {5}, -1}, DataType::kU8)), (std::vector<double>{0, 5, 5, 255}));
  x = Tensor::of<int16_t>({1}, {1});
  x.set_quant({{0.0235f}, {0}, -1});
  EXPECT_FALSE(run("mul", {x, x}, {}, {{2.97e-35f}, {0}, -1}, DataType::kI16).ok());
}

TEST(Compare, QuantisedInputsOfDifferentScalesCompareAsReals) {
  Tensor x = Tensor::of<int8_t>({2}, {10, 10}), y = Tensor::of<int8_t>({2}, {4, 5});
  x.set_quant({{0.5f}, {0}, -1});
  y.set_quant({{1.0f}, {0}, -1});
  EXPECT_EQ(values(run("equal", {x, y})), (std::vector<double>{0, 1}));
}

}  // namespace
}  // namespace verge::ops
