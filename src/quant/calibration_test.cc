#include "quant/calibration.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "ops/op.h"
#include "quant/quantize.h"

namespace verge {
namespace {

std::vector<float> ramp(float low, float high, size_t count) {
  std::vector<float> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = low + (high - low) * static_cast<float>(i) / static_cast<float>(count - 1);
  return out;
}

void add(ValueStats& to, const std::vector<float>& x) { to.add(x.data(), static_cast<int64_t>(x.size())); }

TEST(ValueStats, MergedOnesKnowWhatBothSaw) {
  ValueStats a, b;
  add(a, ramp(-1, 2, 1000));
  add(b, ramp(0, 9, 500));
  a.merge(b);
  EXPECT_FLOAT_EQ(a.min, -1);
  EXPECT_FLOAT_EQ(a.max, 9);
  EXPECT_EQ(std::accumulate(a.histogram.begin(), a.histogram.end(), uint64_t{0}), 1500U);
  uint64_t below_two = 0;
  for (int bin = 0; bin < ValueStats::kBins; ++bin)
    if (a.first + a.step * static_cast<float>(bin) < 2) below_two += a.histogram[static_cast<size_t>(bin)];
  EXPECT_NEAR(static_cast<double>(below_two), 1000 + 500 * 2 / 9.0, 4);
}

TEST(ValueStats, NothingSeenChangesNothing) {
  ValueStats a, none;
  add(a, {3, 3, 3});
  const std::vector<uint64_t> before = a.histogram;
  a.merge(none);
  EXPECT_EQ(a.histogram, before);
  none.merge(a);
  EXPECT_FLOAT_EQ(none.max, 3);
  EXPECT_EQ(none.histogram, before);
}

// x -> dense -> softmax, each with ranges.
struct Classifier {
  Graph graph;
  QuantPlan plan;
  NodeId dense;
};

Classifier classifier() {
  Classifier out;
  Graph& g = out.graph;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{1, 4}));
  const Tensor weights = Tensor::of<float>({2, 4}, {1, -1, 0.5F, 0.25F, -1, 1, 0.5F, -0.25F});
  out.dense = g.add_node({"dense", {x, g.add_constant(weights)}, {}, "scores"});
  const NodeId softmax = g.add_node({"softmax", {g.node(out.dense).output()}, {}, "probabilities"});
  g.add_output(g.node(softmax).output(), "y");
  EXPECT_TRUE(ops::infer_types(g).ok());
  for (const ValueId v : {x, g.node(out.dense).output(), g.node(softmax).output()}) out.plan.activations[v.index] = activation_params({-1, 1});
  return out;
}

const Node& dense_of(const Graph& g) {
  for (NodeId id : g.order())
    if (g.node(id).op == "dense") return g.node(id);
  ADD_FAILURE() << "no dense layer";
  return g.node(g.order()[0]);
}

TEST(QuantizeGraph, FloatScoresHaveNoGridBehindIntegerProducts) {
  Classifier c = classifier();
  c.plan.float_scores = true;
  const Result<QuantizedGraph> q = quantize_graph(c.graph, c.plan);
  ASSERT_TRUE(q.ok()) << q.error().message();
  const Node& dense = dense_of(q->graph);
  EXPECT_EQ(q->graph.type(dense.input(0)).dtype, DataType::kI8);
  EXPECT_EQ(q->graph.type(dense.input(1)).dtype, DataType::kI8);
  EXPECT_EQ(q->graph.type(dense.output()).dtype, DataType::kF32);
  EXPECT_EQ(q->int8_macs, 8);
}

TEST(QuantizeGraph, OnnxRoundingIsSaidOfEveryIntegerLayer) {
  Classifier c = classifier();
  c.plan.onnx_rounding = true;
  const Result<QuantizedGraph> q = quantize_graph(c.graph, c.plan);
  ASSERT_TRUE(q.ok()) << q.error().message();
  EXPECT_EQ(dense_of(q->graph).text("requant"), "onnx");
}

TEST(QuantizeGraph, ScoresThatAnotherLayerReadsStayInt8) {
  Classifier c = classifier();
  c.plan.float_scores = true;
  const NodeId relu = c.graph.add_node({"relu", {c.graph.node(c.dense).output()}, {}, "relu"});
  c.graph.add_output(c.graph.node(relu).output(), "z");
  ASSERT_TRUE(ops::infer_types(c.graph).ok());
  const Result<QuantizedGraph> q = quantize_graph(c.graph, c.plan);
  ASSERT_TRUE(q.ok()) << q.error().message();
  EXPECT_EQ(q->graph.type(dense_of(q->graph).output()).dtype, DataType::kI8);
}

// x -> two dense layers -> concat -> reshape.
TEST(QuantizeGraph, PartsThatAreOnlyJoinedForTheOutputKeepTheirScales) {
  QuantPlan plan;
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{1, 2}));
  const ValueId w = g.add_constant(Tensor::of<float>({2, 2}, {1, -1, 0.5F, 0.25F}));
  const ValueId a = g.node(g.add_node({"dense", {x, w}, {}, "boxes"})).output(), b = g.node(g.add_node({"sigmoid", {x}, {}, "classes"})).output();
  const ValueId joined = g.node(g.add_node({"concat", {a, b}, {{"axis", int64_t{1}}}, "joined"})).output();
  g.add_output(joined, "y");
  ASSERT_TRUE(ops::infer_types(g).ok());
  for (const ValueId v : {x, a, joined}) plan.activations[v.index] = activation_params({-50, 50});
  plan.activations[b.index] = activation_params({0, 1});
  const auto type_of_joined = [&] {
    const Result<QuantizedGraph> q = quantize_graph(g, plan);
    EXPECT_TRUE(q.ok()) << q.error().message();
    for (NodeId id : q->graph.order())
      if (q->graph.node(id).op == "concat") return q->graph.type(q->graph.node(id).input(1)).dtype;
    return DataType::kNone;
  };
  EXPECT_EQ(type_of_joined(), DataType::kI8);
  plan.float_scores = true;
  EXPECT_EQ(type_of_joined(), DataType::kF32);
}

// x -> two convolutions; exp of the first times a constant, and the second as it is, joined: boxes and scores of a detector.
TEST(QuantizeGraph, WhatDecodesJoinedAnswersStaysFloatBehindIntegerLayers) {
  QuantPlan plan;
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{1, 2}));
  const ValueId w = g.add_constant(Tensor::of<float>({2, 2}, {1, -1, 0.5F, 0.25F}));
  const auto made = [&](const char* op, std::vector<ValueId> in, Attrs attrs = {}) { return g.node(g.add_node({op, std::move(in), std::move(attrs), op})).output(); };
  const ValueId size = made("dense", {x, w}), scores = made("dense", {x, w}), grown = made("exp", {size}), boxes = made("mul", {grown, g.add_constant(Tensor::scalar(0.2F))});
  const ValueId joined = made("concat", {boxes, scores}, {{"axis", int64_t{1}}});
  g.add_output(joined, "y");
  ASSERT_TRUE(ops::infer_types(g).ok());
  for (const ValueId v : {x, size, scores, grown, boxes, joined}) plan.activations[v.index] = activation_params({-4, 4});
  const auto types = [&] {
    const Result<QuantizedGraph> q = quantize_graph(g, plan);
    EXPECT_TRUE(q.ok()) << q.error().message();
    std::map<std::string, DataType> out;
    for (NodeId id : q->graph.order()) out[q->graph.node(id).op] = q->graph.type(q->graph.node(id).input(0)).dtype;
    return out;
  };
  EXPECT_EQ(types().at("exp"), DataType::kI8);
  plan.float_scores = true;
  EXPECT_EQ(types().at("dense"), DataType::kI8);
  EXPECT_EQ(types().at("exp"), DataType::kF32);
  EXPECT_EQ(types().at("mul"), DataType::kF32);
}

// relu(a + b), a = x times -1, b = x times 1 and 8 (two outputs each); x in [0, 1].
Graph clamped_sum(bool a_is_output) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{1, 1}));
  const auto dense = [&](float first, float second, const char* name) {
    return g.node(g.add_node({"dense", {x, g.add_constant(Tensor::of<float>({2, 1}, {first, second}))}, {}, name})).output();
  };
  const ValueId a = dense(-8, 8, "a"), b = dense(1, 1, "b");
  g.add_output(g.node(g.add_node({"add", {a, b}, {{"clamp_min", 0.0}}, "sum"})).output(), "y");
  if (a_is_output) g.add_output(a, "a");
  EXPECT_TRUE(ops::infer_types(g).ok());
  return g;
}

// f(a), a = x times -40 and 40; x in [0, 1].
Graph function_of_a(const char* function) {
  Graph g;
  const ValueId x = g.add_input("x", TensorType(DataType::kF32, Shape{1, 1}));
  const ValueId a = g.node(g.add_node({"dense", {x, g.add_constant(Tensor::of<float>({2, 1}, {-40, 40}))}, {}, "a"})).output();
  g.add_output(g.node(g.add_node({function, {a}, {}, "f"})).output(), "y");
  EXPECT_TRUE(ops::infer_types(g).ok());
  return g;
}

// The range of the value `a`, as `method` finds it from x = 0 .. 1.
Range range_of_a(const Graph& graph, RangeMethod method) {
  std::vector<Sample> samples;
  for (const float x : ramp(0, 1, 65)) samples.push_back({{Tensor::of<float>({1, 1}, {x})}, -1, "x"});
  const auto calibration = Calibration::run(graph, TensorDataset(std::move(samples), {}));
  EXPECT_TRUE(calibration.ok());
  const QuantPlan plan = plan_quantization(graph, *calibration, method);
  for (NodeId id : graph.order())
    if (graph.node(id).name == "a") {
      const QuantParams& q = plan.activations.at(graph.node(id).output().index);
      const float zero = static_cast<float>(q.zero_point[0]);
      return {q.scale[0] * (-128 - zero), q.scale[0] * (127 - zero)};
    }
  return {};
}

TEST(PlanQuantization, AnAddendReachesNoFurtherThanTheClampedSumFeels) {
  for (const RangeMethod method : {RangeMethod::kMinMax, RangeMethod::kPercentile, RangeMethod::kMse}) {
    const Range felt = range_of_a(clamped_sum(false), method);
    EXPECT_NEAR(felt.low, -1, 0.05) << range_method_name(method) << ": b adds at most 1, so the sum is 0 for every a below -1";
    EXPECT_GT(felt.high, 5) << range_method_name(method);
  }
}

TEST(PlanQuantization, AnArgumentReachesNoFurtherThanItsFunctionFeels) {
  for (const RangeMethod method : {RangeMethod::kMinMax, RangeMethod::kPercentile, RangeMethod::kMse}) {
    const Range silu = range_of_a(function_of_a("silu"), method), sigmoid = range_of_a(function_of_a("sigmoid"), method);
    EXPECT_NEAR(silu.low, -4, 1) << range_method_name(method) << ": silu is 0 within half a step of 40/255 below";
    EXPECT_GT(silu.high, 25) << range_method_name(method);
    EXPECT_NEAR(sigmoid.low, -6.2, 0.6) << range_method_name(method);
    EXPECT_NEAR(sigmoid.high, 6.2, 0.6) << range_method_name(method);
  }
}

TEST(PlanQuantization, AnAddendThatSomebodyElseReadsKeepsItsRange) {
  EXPECT_NEAR(range_of_a(clamped_sum(true), RangeMethod::kMinMax).low, -8, 0.05);
}

}  // namespace
}  // namespace verge
