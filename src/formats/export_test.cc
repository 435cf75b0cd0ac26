// What is written and read back computes the same: each operator in a graph of its own, by the reference.
#include "formats/export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "ops/op.h"

namespace verge::formats {
namespace {

using Ints = std::vector<int64_t>;

Tensor seeded(Shape shape, float spread, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-spread, spread);
  Tensor t(DataType::kF32, shape);
  for (float& x : t.mut<float>()) x = uniform(random);
  return t;
}

struct Case {
  const char* what;
  const char* op;
  Shape x;
  Attrs attrs;
  std::vector<Tensor> constants;  // inputs behind x
  bool tflite = true;             // has a form there
};

Attrs window(int64_t stride, Ints pads, Attrs more = {}) {
  Attrs out{{"layout", std::string("nhwc")}, {"strides", Ints{stride, stride}}, {"pads", std::move(pads)}};
  out.insert(more.begin(), more.end());
  return out;
}

std::vector<Case> cases() {
  const auto word = [](const char* text) { return std::string(text); };
  const Tensor w = seeded({5, 3, 3, 4}, 0.3F, 1), b = seeded({5}, 0.3F, 2), depthwise = seeded({4, 3, 3, 1}, 0.3F, 3), channel = seeded({4}, 1, 5);
  const Attrs pool{{"kernel", Ints{2, 2}}};
  return {
      {"same", "conv", {1, 6, 7, 4}, window(1, {1, 1, 1, 1}), {w, b}},
      {"same, odd pixel", "conv", {2, 6, 6, 4}, window(2, {0, 0, 1, 1}), {w, b}},
      {"own padding, relu", "conv", {1, 7, 6, 4}, window(2, {1, 1, 0, 1}, {{"clamp_min", 0.0}}), {w, b}},
      {"clamp between", "conv", {1, 6, 6, 4}, window(1, {0, 0, 0, 0}, {{"clamp_min", -0.2}, {"clamp_max", 0.3}}), {w}},
      {"depthwise, relu6", "conv", {1, 6, 6, 4}, window(1, {1, 1, 1, 1}, {{"groups", int64_t{4}}, {"clamp_min", 0.0}, {"clamp_max", 6.0}}), {depthwise}},
      {"of rank 2", "dense", {3, 8}, {}, {seeded({5, 8}, 1, 4), b}},
      {"of rank 3", "dense", {2, 3, 8}, {{"clamp_min", 0.0}}, {seeded({5, 8}, 1, 4), b}},
      {"valid", "max_pool", {1, 6, 6, 4}, window(2, {0, 0, 0, 0}, pool), {}},
      {"own padding", "max_pool", {1, 6, 6, 4}, window(2, {1, 1, 1, 1}, pool), {}},
      {"valid", "avg_pool", {1, 6, 6, 4}, window(2, {0, 0, 0, 0}, pool), {}},
      {"own padding, not counted", "avg_pool", {1, 6, 6, 4}, window(2, {1, 1, 1, 1}, pool), {}, false},
      {"by channel", "add", {1, 3, 3, 4}, {{"clamp_min", 0.0}}, {channel}},
      {"by channel", "mul", {1, 3, 3, 4}, {}, {channel}},
      {"by channel", "maximum", {1, 3, 3, 4}, {}, {channel}},
      {"by channel", "prelu", {1, 3, 3, 4}, {}, {channel}},
      {"", "squared_difference", {2, 4}, {}, {channel}},
      {"", "relu", {2, 9}, {}, {}},
      {"", "clamp", {2, 9}, {{"min", -0.3}, {"max", 0.6}}, {}},
      {"", "sigmoid", {1, 2, 3, 4}, {}, {}},
      {"", "hswish", {2, 9}, {}, {}},
      {"", "silu", {2, 9}, {}, {}},
      {"", "gelu", {2, 9}, {}, {}},
      {"by tanh", "gelu", {2, 9}, {{"approximate", word("tanh")}}, {}},
      {"", "hsigmoid", {2, 9}, {}, {}},
      {"", "leaky_relu", {2, 9}, {{"alpha", 0.3}}, {}},
      {"", "mish", {2, 9}, {}, {}, false},
      {"last axis", "softmax", {2, 9}, {{"axis", int64_t{-1}}, {"beta", 2.0}}, {}},
      {"over the picture", "reduce_mean", {1, 3, 5, 4}, {{"axes", Ints{1, 2}}, {"keepdims", int64_t{0}}}, {}},
      {"kept", "reduce_sum", {1, 3, 5, 4}, {{"axes", Ints{3}}, {"keepdims", int64_t{1}}}, {}},
      {"between", "slice", {1, 6, 5, 4}, {{"starts", Ints{1, 4}}, {"ends", Ints{5, 0}}, {"axes", Ints{1, 2}}, {"steps", Ints{2, -1}}}, {}},
      {"backwards to the first", "slice", {2, 6}, {{"starts", Ints{-1}}, {"ends", Ints{-100}}, {"axes", Ints{1}}, {"steps", Ints{-2}}}, {}},
      {"", "reshape", {1, 2, 3, 4}, {{"shape", Ints{2, 12}}}, {}},
      {"to channels first", "transpose", {1, 2, 3, 4}, {{"perm", Ints{0, 3, 1, 2}}}, {}},
      {"", "transpose", {2, 3, 4}, {{"perm", Ints{2, 0, 1}}}, {}},
      {"with a value", "pad", {1, 2, 3, 4}, {{"mode", word("constant")}, {"pads", Ints{0, 1, 0, 0, 0, 2, 1, 0}}, {"value", 0.5}}, {}},
      {"doubled",
       "resize",
       {1, 3, 3, 4},
       {{"sizes", Ints{1, 6, 6, 4}}, {"mode", word("nearest")}, {"coordinate", word("asymmetric")}, {"nearest_mode", word("floor")}},
       {}},
      {"by lines", "resize", {1, 3, 3, 4}, {{"sizes", Ints{1, 5, 7, 4}}, {"mode", word("linear")}, {"coordinate", word("half_pixel")}}, {}},
      {"", "depth_to_space", {1, 3, 3, 8}, {{"layout", word("nhwc")}, {"block", int64_t{2}}, {"mode", word("dcr")}}, {}},
      {"", "expand", {1, 3}, {{"shape", Ints{4, 3}}}, {}},
  };
}

Graph graph_of(const Case& c) {
  Graph g;
  std::vector<ValueId> in{g.add_input("x", TensorType(DataType::kF32, c.x))};
  for (size_t i = 0; i < c.constants.size(); ++i) in.push_back(g.add_constant(c.constants[i], "c" + std::to_string(i)));
  const NodeId node = g.add_node({c.op, in, c.attrs, "n"});
  g.value(g.node(node).output()).name = "y";
  g.add_output(g.node(node).output(), "y");
  const Result<void> inferred = ops::infer_types(g);
  EXPECT_TRUE(inferred.ok()) << c.op << " " << c.what << ": " << (inferred.ok() ? "" : inferred.error().message());
  return g;
}

void expect_close(const Tensor& got, const Tensor& want, const std::string& where) {
  ASSERT_EQ(got.count(), want.count()) << where;
  for (int64_t i = 0; i < want.count(); ++i) ASSERT_NEAR(got.at(i), want.at(i), 2e-5 * (1 + std::fabs(want.at(i)))) << where << " element " << i;
}

void expect_the_same(const Case& c, Format format, const ExportOptions& options) {
  const std::string where = std::string(c.op) + " " + c.what + " as " + format_name(format) + ", opset " + std::to_string(options.onnx_opset);
  const Graph g = graph_of(c);
  const Result<Bytes> file = export_model(g, format, options);
  ASSERT_TRUE(file.ok()) << where << ": " << file.error().message();
  ASSERT_EQ(sniff(*file), format) << where;
  Result<Graph> back = import_model(*file, {}, where);
  ASSERT_TRUE(back.ok()) << back.error().message();
  const std::vector<Tensor> x{seeded(c.x, 2, 9)};
  const auto want = ops::interpret(g, x), got = ops::interpret(*back, x);
  ASSERT_TRUE(want.ok() && got.ok()) << where;
  expect_close((*got)[0], (*want)[0], where);
}

TEST(Export, WhatIsWrittenAndReadBackComputesTheSame) {
  for (const Case& c : cases()) {
    for (int opset : {14, 17, 18, 21}) expect_the_same(c, Format::kOnnx, {.onnx_opset = opset});
    if (c.tflite) expect_the_same(c, Format::kTflite, {});
  }
}

TEST(Export, NodesWithoutAFormAreAllNamed) {
  for (const Case& c : cases()) {
    if (c.tflite) continue;
    const auto file = export_model(graph_of(c), Format::kTflite);
    ASSERT_FALSE(file.ok()) << c.op;
    EXPECT_EQ(file.error().code(), Code::kUnsupported);
    EXPECT_NE(file.error().message().find(std::string("'n' (") + c.op + ")"), std::string::npos) << file.error().message();
  }
  EXPECT_EQ(export_model(graph_of(cases()[0]), Format::kKeras).error().code(), Code::kUnsupported);
  EXPECT_EQ(export_model(graph_of(cases()[0]), Format::kOnnx, {.onnx_opset = 9}).error().code(), Code::kInvalidArgument);
}

TEST(Export, AnOnnxInputMayBeChannelsFirstAndTheFileHoldsNotes) {
  const Case c{
      "", "avg_pool", {1, 4, 6, 3}, {{"layout", std::string("nhwc")}, {"kernel", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}}, {}};
  const Graph g = graph_of(c);
  const auto file = export_model(g, Format::kOnnx, {.channels_first = true, .metadata = {{"verge.labels", "[]"}}});
  ASSERT_TRUE(file.ok()) << file.error().message();
  const auto back = import_model(*file, {}, "channels first");
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(back->type(back->inputs()[0]).shape(), (Shape{1, 3, 4, 6}));
  EXPECT_EQ(back->metadata.at("verge.labels"), "[]");
  const Tensor last = seeded(c.x, 2, 9);
  Tensor first(DataType::kF32, {1, 3, 4, 6});
  for (int64_t i = 0; i < 24; ++i)
    for (int64_t k = 0; k < 3; ++k) first.mut<float>()[static_cast<size_t>(k * 24 + i)] = static_cast<float>(last.at(i * 3 + k));
  const auto want = ops::interpret(g, std::vector<Tensor>{last}), got = ops::interpret(*back, std::vector<Tensor>{first});
  ASSERT_TRUE(want.ok() && got.ok());
  expect_close((*got)[0], (*want)[0], "channels first");
}

TEST(Export, HalfPrecisionHalvesTheWeights) {
  const Case c{"", "dense", {1, 64}, {}, {seeded({64, 64}, 1, 4)}};
  const Bytes full = *export_model(graph_of(c), Format::kTflite), half = *export_model(graph_of(c), Format::kTflite, {.f16_weights = true});
  EXPECT_LT(half.size() + 8000, full.size());
  const auto got = ops::interpret(*import_model(half, {}, "half"), std::vector<Tensor>{seeded(c.x, 1, 2)}),
             want = ops::interpret(graph_of(c), std::vector<Tensor>{seeded(c.x, 1, 2)});
  for (int64_t i = 0; i < 64; ++i) EXPECT_NEAR((*got)[0].at(i), (*want)[0].at(i), 0.01);
}

}  // namespace
}  // namespace verge::formats
