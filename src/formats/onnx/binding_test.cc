// Inputs whose values decide axes, sizes or weights: asked for by name, read off, and never folded into the data.
#include <gmock/gmock.h>

#include "formats/onnx/model_maker.h"

namespace verge::formats::onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Tensor longs(const std::vector<int64_t>& values) { return Tensor::of<int64_t>({static_cast<int32_t>(values.size())}, values); }

// y = x + o, seen as the shape that an input gives.
ModelMaker reshaping() {
  ModelMaker m(13);
  m.input("x", {2, 3});
  m.input("o", {1});
  m.input("shape", {2}, DataType::kI64);
  m.node("Add", {"x", "o"}, {"s"});
  m.node("Reshape", {"s", "shape"}, {"y"}, "last");
  m.output("y");
  return m;
}

Result<Graph> import(const ModelMaker& m, const ImportOptions& options, ImportNotes& notes) { return onnx::import(m.bytes(), options, &notes); }

TEST(OnnxBinding, AsksForTheInputThatDecidesAShapeAndForNoOther) {
  ImportNotes notes;
  const auto graph = import(reshaping(), {}, notes);
  EXPECT_EQ(error_of(graph).code(), Code::kUnsupported);
  EXPECT_THAT(error_of(graph).message(), HasSubstr("--bind shape=VALUE"));
  EXPECT_THAT(notes.asked, ElementsAre("shape"));
  EXPECT_THAT(notes.inputs, ElementsAre("x", "o", "shape"));
}

TEST(OnnxBinding, AGivenValueDecidesAttributesAndStaysAnInput) {
  ImportNotes notes;
  ImportOptions options;
  options.given = {{"shape", longs({3, -1})}, {"o", Tensor::of<float>({1}, {5})}};
  const auto graph = import(reshaping(), options, notes);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->type(graph->outputs()[0]).text(), "f32[3,2]");
  EXPECT_EQ(graph->inputs().size(), 3u);
  EXPECT_THAT(notes.used, ElementsAre("shape"));
  const auto y = ops::interpret(*graph, std::vector<Tensor>{Tensor(DataType::kF32, {2, 3}), Tensor::of<float>({1}, {7}), longs({3, -1})});
  ASSERT_TRUE(y.ok());
  EXPECT_EQ((*y)[0].at(0), 7) << "the sum is computed from the input of the run, not from the value that was given at import";
}

TEST(OnnxBinding, AFixedValueIsNoInputAnyMore) {
  ImportNotes notes;
  ImportOptions options;
  options.values = {{"shape", Tensor::of<double>({2}, {6, 1})}};
  const auto graph = import(reshaping(), options, notes);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->inputs().size(), 2u);
  EXPECT_THAT(notes.asked, IsEmpty());
}

TEST(OnnxBinding, AFixedValueThatIsNoIntegerIsRefused) {
  ImportNotes notes;
  ImportOptions options;
  options.values = {{"shape", Tensor::of<double>({2}, {6.5, 1})}};
  EXPECT_THAT(error_of(import(reshaping(), options, notes)).message(), HasSubstr("6.5"));
}

TEST(OnnxBinding, ValuesAreFollowedThroughArithmetic) {
  ModelMaker m(13);
  m.input("x", {6});
  m.input("n", {1}, DataType::kF32);
  m.weight("two", {1}, {2});
  m.node("Mul", {"n", "two"}, {"d"});
  integer(m.node("Cast", {"d"}, {"i"}), "to", 7);
  m.weight("rest", std::vector<int64_t>{-1});
  integer(m.node("Concat", {"i", "rest"}, {"shape"}), "axis", 0);
  m.node("Reshape", {"x", "shape"}, {"y"});
  m.output("y");
  ImportNotes notes;
  ImportOptions options;
  EXPECT_FALSE(import(m, options, notes).ok());
  EXPECT_THAT(notes.asked, ElementsAre("n"));
  options.given["n"] = Tensor::of<float>({1}, {1.5f});
  const auto graph = import(m, options, notes);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->type(graph->outputs()[0]).text(), "f32[3,2]");
}

TEST(OnnxBinding, LargeDataIsNeverAskedFor) {
  ModelMaker m(13);
  m.input("x", {100, 100});
  m.node("ReduceSum", {"x"}, {"sum"});
  m.weight("one", std::vector<int64_t>{1});
  m.node("Reshape", {"sum", "one"}, {"flat"});
  integer(m.node("Cast", {"flat"}, {"shape"}), "to", 7);
  m.node("Reshape", {"x", "shape"}, {"y"});
  m.output("y");
  ImportNotes notes;
  EXPECT_FALSE(import(m, {}, notes).ok());
  EXPECT_THAT(notes.asked, IsEmpty());
}

TEST(OnnxBinding, WeightsThatAreInputsBecomeConstants) {
  ModelMaker m(13);
  m.input("x", {1, 1, 1, 2});
  m.input("w", {1, 1, 1, 2});
  m.node("Conv", {"x", "w"}, {"y"});
  m.output("y");
  ImportNotes notes;
  ImportOptions options;
  EXPECT_FALSE(import(m, options, notes).ok());
  EXPECT_THAT(notes.asked, ElementsAre("w"));
  options.given["w"] = Tensor::of<float>({1, 1, 1, 2}, {10, 1});
  const auto graph = import(m, options, notes);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_TRUE(graph->constant(graph->node(graph->order()[0]).input(1)));
}

TEST(OnnxBinding, ShapesOfTheRunSettleOpenSizesAndContradictFixedOnes) {
  ModelMaker m(13);
  m.input("x", {Dim::named("N"), 3});
  m.node("Relu", {"x"}, {"y"});
  m.output("y");
  ImportNotes notes;
  ImportOptions options;
  options.shapes["x"] = {5, 3};
  const auto graph = import(m, options, notes);
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->type(graph->outputs()[0]).text(), "f32[5,3]");
  options.shapes["x"] = {5, 4};
  EXPECT_THAT(error_of(import(m, options, notes)).message(), HasSubstr("the tensor given is f32[5,4]"));
}

}  // namespace
}  // namespace verge::formats::onnx
