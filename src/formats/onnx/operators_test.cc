// Translations whose meaning is easy to get wrong, by their numbers.
#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "formats/onnx/model_maker.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Tensor counted(const Shape& shape, float first = 1) {
  std::vector<float> values(static_cast<size_t>(shape.count()));
  std::iota(values.begin(), values.end(), first);
  return Tensor::of<float>(shape, values);
}

TEST(OnnxTable, RowsOfOneOperatorDoNotOverlap) {
  for (const Family& family : families())
    for (const Row& a : family.rows) {
      EXPECT_LE(a.since, a.until) << a.op;
      for (const Family& other : families())
        for (const Row& b : other.rows) {
          const bool same_operator = &a != &b && family.domain == other.domain && std::string_view(a.op) == b.op;
          EXPECT_TRUE(!same_operator || a.until < b.since || b.until < a.since) << a.op;
        }
    }
}

TEST(OnnxConv, PadsOfEachSideStayApart) {
  ModelMaker m;
  m.input("x", {1, 1, 1, 2});
  m.weight("w", {1, 1, 1, 2}, {10, 1});
  ints(m.node("Conv", {"x", "w"}, {"y"}), "pads", {0, 2, 0, 1});  // left 2, right 1
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({1, 1, 1, 2}, {1, 2})}), ElementsAre(0, 1, 12, 20));
}

TEST(OnnxConv, WeightsOfTwoInputChannelsAreReordered) {
  ModelMaker m;
  m.input("x", {1, 2, 1, 2});
  m.weight("w", {1, 2, 1, 2}, {1, 10, 100, 1000});
  m.weight("b", {1}, {0.5f});
  m.node("Conv", {"x", "w", "b"}, {"y"});
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({1, 2, 1, 2}, {1, 2, 3, 4})}), ElementsAre(4321.5f));
}

TEST(OnnxConv, AutoPadUpperPutsTheOddPixelBehind) {
  for (const auto& [mode, wanted] : {std::pair{"SAME_UPPER", std::vector<float>{12, 20}}, {"SAME_LOWER", std::vector<float>{1, 12}}}) {
    ModelMaker m;
    m.input("x", {1, 1, 1, 2});
    m.weight("w", {1, 1, 1, 2}, {10, 1});
    text(m.node("Conv", {"x", "w"}, {"y"}), "auto_pad", mode);
    m.output("y");
    EXPECT_EQ(floats_of(m, {Tensor::of<float>({1, 1, 1, 2}, {1, 2})}), wanted) << mode;
  }
}

TEST(OnnxConv, OneSpatialDimensionBecomesHeightOne) {
  ModelMaker m;
  m.input("x", {Dim::named("N"), 1, 4});
  m.weight("w", {1, 1, 2}, {10, 1});
  ints(ints(m.node("Conv", {"x", "w"}, {"y"}), "strides", {2}), "pads", {0, 0});
  m.output("y");
  const std::vector<Tensor> y = outputs_of(m, {Tensor::of<float>({1, 1, 4}, {1, 2, 3, 4})});
  ASSERT_EQ(y.size(), 1u);
  EXPECT_EQ(y[0].shape(), (Shape{1, 1, 2}));
  EXPECT_THAT(y[0].values<float>(), ElementsAre(12, 34));
  EXPECT_EQ(m.import()->type(m.import()->outputs()[0]).text(), "f32[N,1,2]");
}

TEST(OnnxPool, AnAverageLeavesPaddingOutUnlessToldOtherwise) {
  for (const int64_t counted_pads : {0, 1}) {
    ModelMaker m;
    m.input("x", {1, 1, 2});
    auto& n = m.node("AveragePool", {"x"}, {"y"});
    integer(ints(ints(n, "kernel_shape", {2}), "pads", {1, 0}), "count_include_pad", counted_pads);
    m.output("y");
    EXPECT_THAT(floats_of(m, {Tensor::of<float>({1, 1, 2}, {2, 4})}), ElementsAre(counted_pads ? 1 : 2, 3));
  }
}

TEST(OnnxPool, IndicesCountTheElementsOfAllImages) {
  ModelMaker m;
  m.input("x", {1, 2, 4});
  ints(ints(ints(m.node("MaxPool", {"x"}, {"y", "where"}), "kernel_shape", {3}), "strides", {2}), "pads", {1, 0});
  m.output("y");
  m.output("where");
  const std::vector<Tensor> out = outputs_of(m, {Tensor::of<float>({1, 2, 4}, {-1, -2, -3, -4, 5, 6, 7, 7})});
  ASSERT_EQ(out.size(), 2u);
  EXPECT_THAT(out[0].values<float>(), ElementsAre(-1, -2, 6, 7));
  EXPECT_THAT(out[1].values<int64_t>(), ElementsAre(0, 1, 5, 6));  // of equal elements the first
}

TEST(OnnxGemm, AlphaBetaAndTranspositions) {
  ModelMaker m;
  m.input("a", {2, 1});
  m.weight("b", {2, 1}, {3, 4});
  m.weight("c", {1}, {10});
  auto& n = m.node("Gemm", {"a", "b", "c"}, {"y"});
  real(real(integer(n, "transA", 1), "alpha", 2), "beta", 3);
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({2, 1}, {1, 2})}), ElementsAre(52));
}

TEST(OnnxGemm, AMatrixBiasIsAddedBehind) {
  ModelMaker m;
  m.input("a", {2, 1});
  m.weight("b", {1, 2}, {1, 10});
  m.weight("c", {2, 1}, {100, 200});
  m.node("Gemm", {"a", "b", "c"}, {"y"});
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({2, 1}, {1, 2})}), ElementsAre(101, 110, 202, 220));
}

TEST(OnnxMatMul, KnownWeightsAreDense) {
  ModelMaker m;
  m.input("a", {Dim::named("N"), 2, 2});
  m.weight("b", {2, 1}, {1, 10});
  m.node("MatMul", {"a", "b"}, {"y"}, "product");
  m.output("y");
  EXPECT_EQ(m.import()->node(m.import()->order()[0]).op, "dense");
  EXPECT_THAT(floats_of(m, {counted({1, 2, 2})}), ElementsAre(21, 43));
}

TEST(OnnxSoftmax, BelowOpset13AllDimensionsFromTheAxisOnAreOne) {
  ModelMaker old(12), now(13);
  for (ModelMaker* m : {&old, &now}) {
    m->input("x", {Dim::named("N"), 2, 2});
    integer(m->node("Softmax", {"x"}, {"y"}), "axis", 1);
    m->output("y");
  }
  const std::vector<Tensor> x = {Tensor::of<float>({1, 2, 2}, {0, 0, 0, std::log(2.0f)})};
  EXPECT_THAT(floats_of(old, x), Pointwise(FloatNear(1e-6f), {0.2f, 0.2f, 0.2f, 0.4f}));
  EXPECT_THAT(floats_of(now, x), Pointwise(FloatNear(1e-6f), {0.5f, 1 / 3.0f, 0.5f, 2 / 3.0f}));
}

TEST(OnnxSoftmax, TheDefaultAxisChangedWithOpset13) {
  for (const auto& [opset, axis] : {std::pair{int64_t{11}, 1}, {int64_t{13}, 3}}) {
    ModelMaker m(opset);
    m.input("x", {1, 5, 1, 1});
    m.node("Softmax", {"x"}, {"y"});
    m.output("y");
    EXPECT_EQ(m.import()->node(m.import()->order()[0]).integer("axis"), axis);
  }
}

TEST(OnnxClip, BoundsAreAttributesOrInputs) {
  ModelMaker old(6), now(13), open(13), computed(13);
  real(real(old.node("Clip", {"x"}, {"y"}), "min", 0), "max", 6);
  now.node("Clip", {"x", "low", "high"}, {"y"});
  now.weight("low", Tensor::scalar(0.0f));
  now.weight("high", Tensor::scalar(6.0f));
  open.node("Clip", {"x", "", "high"}, {"y"});
  open.weight("high", Tensor::scalar(6.0f));
  computed.node("Abs", {"x"}, {"limit"});
  computed.node("Clip", {"x", "", "limit"}, {"y"});
  for (ModelMaker* m : {&old, &now, &open, &computed}) {
    m->input("x", {3});
    m->output("y");
  }
  const std::vector<Tensor> x = {Tensor::of<float>({3}, {-1, 3, 9})};
  EXPECT_THAT(floats_of(old, x), ElementsAre(0, 3, 6));
  EXPECT_THAT(floats_of(now, x), ElementsAre(0, 3, 6));
  EXPECT_THAT(floats_of(open, x), ElementsAre(-1, 3, 6));
  EXPECT_THAT(floats_of(computed, x), ElementsAre(-1, 3, 9));
}

TEST(OnnxRound, TiesGoToEven) {
  ModelMaker m;
  m.input("x", {4});
  m.node("Round", {"x"}, {"y"});
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({4}, {0.5f, 1.5f, -2.5f, 2.6f})}), ElementsAre(0, 2, -2, 3));
}

TEST(OnnxArithmetic, ManyOperandsAreChained) {
  ModelMaker sum, mean;
  sum.node("Sum", {"x", "x", "x"}, {"y"});
  mean.node("Mean", {"x", "x", "x", "x"}, {"y"});
  for (ModelMaker* m : {&sum, &mean}) {
    m->input("x", {2});
    m->output("y");
  }
  EXPECT_THAT(floats_of(sum, {counted({2})}), ElementsAre(3, 6));
  EXPECT_THAT(floats_of(mean, {counted({2})}), ElementsAre(1, 2));
}

TEST(OnnxArithmetic, BelowOpset7ASecondOperandIsPlacedByItsAxis) {
  ModelMaker m(6);
  m.input("x", {1, 2, 2});
  m.weight("b", {2}, {10, 20});
  integer(integer(m.node("Add", {"x", "b"}, {"y"}), "broadcast", 1), "axis", 1);
  m.output("y");
  EXPECT_THAT(floats_of(m, {counted({1, 2, 2})}), ElementsAre(11, 12, 23, 24));
}

TEST(OnnxSlice, CountsFromTheEndAndBackwards) {
  ModelMaker m;
  m.input("x", {5});
  m.weight("starts", std::vector<int64_t>{-1});
  m.weight("ends", std::vector<int64_t>{-9223372036854775807LL});
  m.weight("axes", std::vector<int64_t>{0});
  m.weight("steps", std::vector<int64_t>{-2});
  m.node("Slice", {"x", "starts", "ends", "axes", "steps"}, {"y"});
  m.output("y");
  EXPECT_THAT(floats_of(m, {counted({5})}), ElementsAre(5, 3, 1));
}

TEST(OnnxSplit, PartsThatAreNotNamedAreEqualAndTheLastMayBeSmaller) {
  ModelMaker m(18);
  m.input("x", {5});
  integer(integer(m.node("Split", {"x"}, {"a", "b"}), "axis", 0), "num_outputs", 2);
  m.output("b");
  EXPECT_THAT(floats_of(m, {counted({5})}), ElementsAre(4, 5));
}

TEST(OnnxPad, NegativePadsCut) {
  ModelMaker m;
  m.input("x", {4});
  m.weight("pads", std::vector<int64_t>{-1, 2});
  m.weight("value", Tensor::scalar(7.0f));
  m.node("Pad", {"x", "pads", "value"}, {"y"});
  m.output("y");
  EXPECT_THAT(floats_of(m, {counted({4})}), ElementsAre(2, 3, 4, 7, 7));
}

TEST(OnnxResize, ScalesOfUpsampleRepeatPixels) {
  ModelMaker m(9);
  m.input("x", {1, 1, 1, 2});
  m.weight("scales", {4}, {1, 1, 2, 2});
  text(m.node("Upsample", {"x", "scales"}, {"y"}), "mode", "nearest");
  m.output("y");
  EXPECT_THAT(floats_of(m, {counted({1, 1, 1, 2})}), ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
}

TEST(OnnxReduce, AxesAreAnAttributeOrAnInput) {
  ModelMaker old(13), now(18);
  ints(old.node("ReduceMean", {"x"}, {"y"}), "axes", {-1});
  now.weight("axes", std::vector<int64_t>{-1});
  now.node("ReduceMean", {"x", "axes"}, {"y"});
  for (ModelMaker* m : {&old, &now}) {
    m->input("x", {2, 2});
    m->output("y");
    EXPECT_THAT(floats_of(*m, {counted({2, 2})}), ElementsAre(1.5f, 3.5f));
  }
}

TEST(OnnxOneHot, NegativeIndicesCountFromTheEnd) {
  ModelMaker m;
  m.input("i", {3}, DataType::kI64);
  m.weight("depth", Tensor::scalar<int64_t>(3));
  m.weight("values", {2}, {0, 5});
  m.node("OneHot", {"i", "depth", "values"}, {"y"});
  m.output("y");
  EXPECT_THAT(floats_of(m, {Tensor::of<int64_t>({3}, {0, -1, 7})}), ElementsAre(5, 0, 0, 0, 0, 5, 0, 0, 0));
}

TEST(OnnxQuantised, PairsOfQAndDqCarryTheirScales) {
  ModelMaker m;
  m.input("x", {2});
  m.weight("scale", Tensor::scalar(0.5f));
  m.weight("zero", Tensor::scalar<int8_t>(-3));
  m.node("QuantizeLinear", {"x", "scale", "zero"}, {"q"}, "in");
  m.node("DequantizeLinear", {"q", "scale", "zero"}, {"y"}, "out");
  m.output("y");
  const auto graph = m.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  const Node& quantize = graph->node(graph->order()[0]);
  const TensorType& type = graph->type(quantize.output());
  EXPECT_EQ(quantize.op, "quantize");
  EXPECT_EQ(type.dtype, DataType::kI8);
  EXPECT_THAT(type.quant.scale, ElementsAre(0.5f));
  EXPECT_THAT(type.quant.zero_point, ElementsAre(-3));
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({2}, {1.25f, 1000})}), ElementsAre(1, 65));  // 2.5 - 3 rounds to even: -1
}

TEST(OnnxQuantised, DequantizedWeightsAreReorderedBehindTheirNode) {
  ModelMaker m;
  m.input("x", {1, 2, 1, 1});
  m.weight("w", Tensor::of<int8_t>({1, 2, 1, 1}, {2, 4}));
  m.weight("scale", {1}, {0.5f});
  m.weight("zero", Tensor::of<int8_t>({1}, {0}));
  integer(m.node("DequantizeLinear", {"w", "scale", "zero"}, {"wf"}), "axis", 0);
  m.node("Conv", {"x", "wf"}, {"y"});
  m.output("y");
  const auto graph = m.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  const Node& conv = graph->node(graph->order().back());
  const Node* dequantize = graph->producer(conv.input(1));
  ASSERT_NE(dequantize, nullptr);
  EXPECT_EQ(graph->type(dequantize->input(0)).text(), "i8[1,1,1,2]");
  EXPECT_THAT(floats_of(m, {Tensor::of<float>({1, 2, 1, 1}, {1, 10})}), ElementsAre(21));
}

TEST(OnnxQuantised, DynamicRangesAreComputed) {
  ModelMaker m;
  m.input("x", {3});
  m.node("DynamicQuantizeLinear", {"x"}, {"q", "scale", "zero"});
  m.output("q");
  m.output("scale");
  m.output("zero");
  const std::vector<Tensor> out = outputs_of(m, {Tensor::of<float>({3}, {-1, 0, 254})});
  ASSERT_EQ(out.size(), 3u);
  EXPECT_THAT(out[0].values<uint8_t>(), ElementsAre(0, 1, 255));
  EXPECT_EQ(out[1].at(0), 1);
  EXPECT_EQ(out[2].at(0), 1);
}

TEST(OnnxQuantised, IntegerProductsAreExactWhateverTheirLength) {
  for (const int32_t k : {3, 4096}) {
    ModelMaker m;
    m.input("a", {1, k}, DataType::kU8);
    m.weight("b", Tensor::of<int8_t>({k, 1}, std::vector<int8_t>(k, 127)));
    m.weight("za", Tensor::scalar<uint8_t>(128));
    m.node("MatMulInteger", {"a", "b", "za"}, {"y"});
    m.output("y");
    std::vector<uint8_t> a(static_cast<size_t>(k), 255);
    a[0] = 0;
    EXPECT_THAT(outputs_of(m, {Tensor::of<uint8_t>({1, k}, a)})[0].values<int32_t>(), ElementsAre(127 * (127 * (k - 1) - 128)));
  }
}

}  // namespace
}  // namespace verge::formats::onnx
