#include "formats/tflite/tflite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

#include "formats/export.h"
#include "formats/tflite/model_builder.h"
#include "ops/op.h"

namespace verge::formats::tflite {
namespace {

using schema::ActivationFunctionType;
using schema::BuiltinOperator;
using schema::Padding;
using testing::ElementsAre;
using testing::HasSubstr;
using Types = schema::TensorType;

std::vector<float> counted(size_t n) {
  std::vector<float> v(n);
  std::iota(v.begin(), v.end(), 0.0f);
  return v;
}

schema::Conv2DOptionsT conv_options(Padding padding, int stride) {
  schema::Conv2DOptionsT o;
  o.padding = padding;
  o.stride_h = o.stride_w = stride;
  return o;
}

// x [1, size, size, 2] convolved with w [3, 3, 3, 2].
Bytes float_conv(int size, const schema::Conv2DOptionsT& options, std::vector<int32_t> out) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, size, size, 2}), y = m.tensor("y", Types::FLOAT32, std::move(out));
  const int w = m.constant("w", Types::FLOAT32, {3, 3, 3, 2}, counted(54));
  m.op(BuiltinOperator::CONV_2D, {x, w}, {y}, options);
  return m.finish({x}, {y});
}

// A test that cannot have its graph ends there.
Graph must(Result<Graph> graph) {
  if (!graph.ok()) throw std::runtime_error(graph.error().message());
  return *std::move(graph);
}

const Node& only_node(const Graph& graph) {
  if (graph.order().size() != 1) throw std::runtime_error("the graph has " + std::to_string(graph.order().size()) + " nodes, 1 expected");
  return graph.node(graph.order()[0]);
}

// The node that makes the graph's first output.
const Node& last_node(const Graph& graph) { return *graph.producer(graph.outputs()[0]); }

std::string refusal(const Bytes& file, Code code) {
  const auto graph = import(file, {});
  EXPECT_FALSE(graph.ok());
  if (graph.ok()) return "";
  EXPECT_EQ(code_name(graph.error().code()), std::string(code_name(code))) << graph.error().message();
  return graph.error().message();
}

TEST(TfliteImport, SamePaddingAtStrideTwoPutsTheOddPixelAtTheEnd) {
  const Graph graph = must(import(float_conv(4, conv_options(Padding::SAME, 2), {1, 2, 2, 3}), {}));
  const Node& conv = only_node(graph);
  EXPECT_THAT(conv.integers("pads"), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(conv.integers("strides"), ElementsAre(2, 2));
  EXPECT_EQ(conv.text("layout"), "nhwc");
  EXPECT_EQ(graph.type(conv.output()).text(), "f32[1,2,2,3]");
}

TEST(TfliteImport, SamePaddingOfAnOddSizeIsEven) {
  const Graph graph = must(import(float_conv(5, conv_options(Padding::SAME, 2), {1, 3, 3, 3}), {}));
  EXPECT_THAT(only_node(graph).integers("pads"), ElementsAre(1, 1, 1, 1));
}

TEST(TfliteImport, ValidPaddingIsNone) {
  const Graph graph = must(import(float_conv(5, conv_options(Padding::VALID, 1), {1, 3, 3, 3}), {}));
  EXPECT_THAT(only_node(graph).integers("pads"), ElementsAre(0, 0, 0, 0));
}

TEST(TfliteImport, NamesOfInputsOutputsAndNodesAreTheFiles) {
  const Graph graph = must(import(float_conv(5, conv_options(Padding::SAME, 1), {1, 5, 5, 3}), {}));
  EXPECT_EQ(graph.value(graph.inputs()[0]).name, "x");
  EXPECT_EQ(graph.output_name(0), "y");
  EXPECT_EQ(graph.value(graph.outputs()[0]).name, "y");
  EXPECT_EQ(only_node(graph).name, "y");
}

TEST(TfliteImport, FusedActivationsAreClamps) {
  schema::Conv2DOptionsT o = conv_options(Padding::SAME, 1);
  o.fused_activation_function = ActivationFunctionType::RELU6;
  Graph graph = must(import(float_conv(5, o, {1, 5, 5, 3}), {}));
  EXPECT_EQ(only_node(graph).real("clamp_min", -9), 0.0);
  EXPECT_EQ(only_node(graph).real("clamp_max", -9), 6.0);
  o.fused_activation_function = ActivationFunctionType::RELU;
  graph = must(import(float_conv(5, o, {1, 5, 5, 3}), {}));
  EXPECT_EQ(only_node(graph).real("clamp_min", -9), 0.0);
  EXPECT_FALSE(only_node(graph).has("clamp_max"));
  o.fused_activation_function = ActivationFunctionType::RELU_N1_TO_1;
  graph = must(import(float_conv(5, o, {1, 5, 5, 3}), {}));
  EXPECT_EQ(only_node(graph).real("clamp_min", -9), -1.0);
  EXPECT_EQ(only_node(graph).real("clamp_max", -9), 1.0);
}

TEST(TfliteImport, FusedTanhIsANodeOfItsOwn) {
  schema::Conv2DOptionsT o = conv_options(Padding::SAME, 1);
  o.fused_activation_function = ActivationFunctionType::TANH;
  const Graph graph = must(import(float_conv(5, o, {1, 5, 5, 3}), {}));
  EXPECT_EQ(last_node(graph).op, "tanh");
  EXPECT_EQ(graph.producer(last_node(graph).input(0))->op, "conv");
}

// x i8[1,4,4,2], depthwise weights [1,3,3,4] (two outputs a channel), quantised along their last axis.
ModelBuilder quantised_depthwise() {
  ModelBuilder m;
  const int x = m.tensor("x", Types::INT8, {1, 4, 4, 2}), y = m.tensor("y", Types::INT8, {1, 4, 4, 4});
  std::vector<int8_t> values(36);
  std::iota(values.begin(), values.end(), int8_t{0});
  const int w = m.constant("w", Types::INT8, {1, 3, 3, 4}, values);
  const int b = m.constant<int32_t>("b", Types::INT32, {4}, {1, 2, 3, 4});
  m.quantize(x, {0.5f}, {-3});
  m.quantize(y, {0.25f}, {7});
  m.quantize(w, {1, 2, 3, 4}, {0, 0, 0, 0}, 3);
  schema::DepthwiseConv2DOptionsT o;
  o.padding = Padding::SAME;
  o.stride_h = o.stride_w = 1;
  o.depth_multiplier = 2;
  m.op(BuiltinOperator::DEPTHWISE_CONV_2D, {x, w, b}, {y}, o);
  return m;
}

TEST(TfliteImport, DepthwiseWeightsAndTheirQuantisationMoveOutputsFirst) {
  const Graph graph = must(import(quantised_depthwise().finish({0}, {1}), {}));
  const Node& conv = only_node(graph);
  EXPECT_EQ(conv.integer("groups"), 2);
  const Tensor& w = *graph.constant(conv.input(1));
  EXPECT_EQ(w.shape(), Shape({4, 3, 3, 1}));
  EXPECT_EQ(w.quant().axis, 0);
  EXPECT_THAT(w.quant().scale, ElementsAre(1, 2, 3, 4));
  for (int o = 0; o < 4; ++o)
    for (int k = 0; k < 9; ++k) ASSERT_EQ(w.values<int8_t>()[static_cast<size_t>(o * 9 + k)], k * 4 + o) << "output " << o << ", tap " << k;
}

TEST(TfliteImport, QuantisationOfTheFileIsKept) {
  const Graph graph = must(import(quantised_depthwise().finish({0}, {1}), {}));
  const TensorType x = graph.type(graph.inputs()[0]), y = graph.type(graph.outputs()[0]);
  EXPECT_THAT(x.quant.scale, ElementsAre(0.5f));
  EXPECT_THAT(x.quant.zero_point, ElementsAre(-3));
  EXPECT_THAT(y.quant.scale, ElementsAre(0.25f));
  EXPECT_THAT(y.quant.zero_point, ElementsAre(7));
  EXPECT_FALSE(only_node(graph).has("requant")) << "absent means tflm";
}

TEST(TfliteImport, AFileMayAskForSumsRoundedOnceAndKeepsItWhenWritten) {
  ModelBuilder model = quantised_depthwise();
  model.metadata("verge.rounding", "once");
  const Graph graph = must(import(model.finish({0}, {1}), {}));
  EXPECT_EQ(only_node(graph).text("requant"), "onnx");
  const Result<Bytes> written = export_model(graph, Format::kTflite);
  ASSERT_TRUE(written.ok()) << written.error().message();
  const Graph again = must(import(*written, {}));
  EXPECT_EQ(only_node(again).text("requant"), "onnx");
}

TEST(TfliteImport, AnotherWordForRoundingChangesNothing) {
  ModelBuilder model = quantised_depthwise();
  model.metadata("verge.rounding", "twice");
  EXPECT_FALSE(only_node(must(import(model.finish({0}, {1}), {}))).has("requant"));
}

TEST(TfliteImport, BiasWithoutParametersHasInputTimesWeightScale) {
  const Graph graph = must(import(quantised_depthwise().finish({0}, {1}), {}));
  const QuantParams& bias = graph.type(only_node(graph).input(2)).quant;
  EXPECT_THAT(bias.scale, ElementsAre(0.5f, 1.0f, 1.5f, 2.0f));
  EXPECT_THAT(bias.zero_point, ElementsAre(0, 0, 0, 0));
}

TEST(TfliteImport, AsymmetricWeightsKeepTheirZeroPoint) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::UINT8, {1, 2}), y = m.tensor("y", Types::UINT8, {1, 2});
  const int w = m.constant<uint8_t>("w", Types::UINT8, {2, 2}, {0, 100, 200, 255});
  m.quantize(x, {0.5f}, {128});
  m.quantize(w, {0.1f}, {121});
  m.quantize(y, {0.5f}, {3});
  m.op(BuiltinOperator::FULLY_CONNECTED, {x, w, -1}, {y}, schema::FullyConnectedOptionsT());
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  EXPECT_THAT(graph.type(only_node(graph).input(1)).quant.zero_point, ElementsAre(121));
  EXPECT_EQ(graph.type(only_node(graph).input(1)).dtype, DataType::kU8);
}

TEST(TfliteImport, AFloatLayerWithQuantisedWeightsQuantisesItsActivationsAsTheyCome) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2}), y = m.tensor("y", Types::FLOAT32, {1, 2});
  const int w = m.constant<int8_t>("w", Types::INT8, {2, 2}, {-4, 2, 1, 127});
  m.quantize(w, {0.5f, 2.0f}, {0, 0}, 0);
  m.op(BuiltinOperator::FULLY_CONNECTED, {x, w}, {y}, schema::FullyConnectedOptionsT());
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  EXPECT_EQ(only_node(graph).op, "dynamic_dense");
  const Tensor& weights = *graph.constant(only_node(graph).input(1));
  ASSERT_EQ(weights.dtype(), DataType::kI8);
  EXPECT_THAT(graph.type(only_node(graph).input(1)).quant.scale, ElementsAre(0.5f, 2.0f));
}

TEST(TfliteImport, FullyConnectedReadsRowsOfAnyShape) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2, 2, 3}), y = m.tensor("y", Types::FLOAT32, {2, 5});
  const int w = m.constant("w", Types::FLOAT32, {5, 6}, counted(30));
  m.op(BuiltinOperator::FULLY_CONNECTED, {x, w}, {y}, schema::FullyConnectedOptionsT());
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  EXPECT_EQ(graph.producer(last_node(graph).input(0))->op, "reshape");
  EXPECT_EQ(graph.type(graph.outputs()[0]).text(), "f32[2,5]");
}

TEST(TfliteImport, ConvolutionBetweenBlocksIsDilated) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 8, 8, 1}), in = m.tensor("in", Types::FLOAT32, {4, 6, 6, 1});
  const int out = m.tensor("out", Types::FLOAT32, {4, 4, 4, 2}), y = m.tensor("y", Types::FLOAT32, {1, 8, 8, 2});
  const int block = m.ints("block", {2, 2});
  const int pads = m.constant<int32_t>("pads", Types::INT32, {2, 2}, {2, 2, 2, 2}), crops = m.constant<int32_t>("crops", Types::INT32, {2, 2}, {0, 0, 0, 0});
  const int w = m.constant("w", Types::FLOAT32, {2, 3, 3, 1}, counted(18));
  m.op(BuiltinOperator::SPACE_TO_BATCH_ND, {x, block, pads}, {in});
  m.op(BuiltinOperator::CONV_2D, {in, w}, {out}, conv_options(Padding::VALID, 1));
  m.op(BuiltinOperator::BATCH_TO_SPACE_ND, {out, block, crops}, {y});
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  EXPECT_THAT(only_node(graph).integers("dilations"), ElementsAre(2, 2));
  EXPECT_THAT(only_node(graph).integers("pads"), ElementsAre(2, 2, 2, 2));
  EXPECT_EQ(graph.type(graph.outputs()[0]).text(), "f32[1,8,8,2]");
}

TEST(TfliteImport, BlocksMoveElementsAsTensorFlowSays) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2, 4, 1}), y = m.tensor("y", Types::FLOAT32, {4, 1, 2, 1}), z = m.tensor("z", Types::FLOAT32, {1, 2, 3, 1});
  const int block = m.ints("block", {2, 2});
  const int pads = m.constant<int32_t>("pads", Types::INT32, {2, 2}, {0, 0, 0, 0}), crops = m.constant<int32_t>("crops", Types::INT32, {2, 2}, {0, 0, 1, 0});
  m.op(BuiltinOperator::SPACE_TO_BATCH_ND, {x, block, pads}, {y});
  m.op(BuiltinOperator::BATCH_TO_SPACE_ND, {y, block, crops}, {z});
  const Graph graph = must(import(m.finish({x}, {y, z}), {}));
  const std::vector<Tensor> in{Tensor::of<float>({1, 2, 4, 1}, counted(8))};
  const auto out = ops::interpret(graph, in);
  ASSERT_TRUE(out.ok()) << out.error().message();
  EXPECT_THAT((*out)[0].to_doubles(), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  EXPECT_THAT((*out)[1].to_doubles(), ElementsAre(1, 2, 3, 5, 6, 7));
}

// What STRIDED_SLICE makes of 0..23 in shape [2,3,4].
std::string sliced(const schema::StridedSliceOptionsT& o, std::vector<int32_t> begin, std::vector<int32_t> end, std::vector<int32_t> strides,
                   std::vector<int32_t> out) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {2, 3, 4}), y = m.tensor("y", Types::FLOAT32, std::move(out));
  const int b = m.ints("begin", begin), e = m.ints("end", end), s = m.ints("strides", strides);
  m.op(BuiltinOperator::STRIDED_SLICE, {x, b, e, s}, {y}, o);
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  const std::vector<Tensor> in{Tensor::of<float>({2, 3, 4}, counted(24))};
  const auto result = ops::interpret(graph, in);
  EXPECT_TRUE(result.ok()) << result.error().message();
  if (!result.ok()) return "";
  std::string text = graph.type(graph.outputs()[0]).text();
  for (double v : (*result)[0].to_doubles()) text += " " + std::to_string(static_cast<int>(v));
  return text;
}

TEST(TfliteImport, StridedSliceMasks) {
  schema::StridedSliceOptionsT o;
  EXPECT_EQ(sliced(o, {1, 0, 3}, {2, 3, 0}, {1, 2, -2}, {1, 2, 2}), "f32[1,2,2] 15 13 23 21");
  o.shrink_axis_mask = 1;
  o.end_mask = 2;
  o.begin_mask = 4;
  EXPECT_EQ(sliced(o, {-1, 1, 9}, {0, 0, 2}, {1, 1, 1}, {2, 2}), "f32[2,2] 16 17 20 21");
  o = {};
  o.ellipsis_mask = 1;
  o.shrink_axis_mask = 2;
  EXPECT_EQ(sliced(o, {0, 2}, {0, 0}, {1, 1}, {2, 3}), "f32[2,3] 2 6 10 14 18 22");
  o = {};
  o.new_axis_mask = 1;
  o.shrink_axis_mask = 6;
  EXPECT_EQ(sliced(o, {0, 1, 2}, {0, 0, 0}, {1, 1, 1}, {1, 4}), "f32[1,4] 20 21 22 23");
}

TEST(TfliteImport, ShapesComputedFromShapesBecomeAttributes) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {2, 6}), shape = m.tensor("shape", Types::INT32, {2}), rows = m.tensor("rows", Types::INT32, {});
  const int target = m.tensor("target", Types::INT32, {3}), y = m.tensor("y", Types::FLOAT32, {2, 3, 2});
  const int zero = m.ints("zero", {0}), one = m.ints("one", {1});
  const int three = m.constant<int32_t>("three", Types::INT32, {}, {3}), rest = m.constant<int32_t>("rest", Types::INT32, {}, {-1});
  m.op(BuiltinOperator::SHAPE, {x}, {shape});
  schema::StridedSliceOptionsT first;
  first.shrink_axis_mask = 1;
  m.op(BuiltinOperator::STRIDED_SLICE, {shape, zero, one, one}, {rows}, first);
  schema::PackOptionsT pack;
  pack.values_count = 3;
  m.op(BuiltinOperator::PACK, {rows, three, rest}, {target}, pack);
  m.op(BuiltinOperator::RESHAPE, {x, target}, {y});
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  EXPECT_THAT(only_node(graph).integers("shape"), ElementsAre(2, 3, -1));
  EXPECT_EQ(graph.type(graph.outputs()[0]).text(), "f32[2,3,2]");
}

TEST(TfliteImport, HalfPrecisionWeightsBehindDequantizeAreConstants) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2}), y = m.tensor("y", Types::FLOAT32, {1, 1});
  const int half = m.constant<uint16_t>("half", Types::FLOAT16, {1, 2}, {0x3c00, 0xc100}), w = m.tensor("w", Types::FLOAT32, {1, 2});
  m.op(BuiltinOperator::DEQUANTIZE, {half}, {w});
  m.op(BuiltinOperator::FULLY_CONNECTED, {x, w}, {y}, schema::FullyConnectedOptionsT());
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  ASSERT_TRUE(graph.constant(only_node(graph).input(1)));
  EXPECT_THAT(graph.constant(only_node(graph).input(1))->to_doubles(), ElementsAre(1.0, -2.5));
}

TEST(TfliteImport, FourBitWeightsAreWidened) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 3}), y = m.tensor("y", Types::FLOAT32, {1, 1});
  const int w = m.constant<uint8_t>("w", Types::INT4, {1, 3}, {0xf8, 0x07});
  m.quantize(w, {1.0f}, {0});
  m.op(BuiltinOperator::FULLY_CONNECTED, {x, w}, {y}, schema::FullyConnectedOptionsT());
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  EXPECT_THAT(graph.constant(only_node(graph).input(1))->to_doubles(), ElementsAre(-8, -1, 7));
}

// [[0,0,3],[1,0,2]] as dense rows of compressed columns.
TEST(TfliteImport, SparseWeightsAreMadeDense) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 3}), y = m.tensor("y", Types::FLOAT32, {1, 2});
  const int w = m.constant<float>("w", Types::FLOAT32, {2, 3}, {3, 1, 2});
  auto sparsity = std::make_unique<schema::SparsityParametersT>();
  sparsity->traversal_order = {0, 1};
  auto rows = std::make_unique<schema::DimensionMetadataT>(), columns = std::make_unique<schema::DimensionMetadataT>();
  rows->dense_size = 2;
  columns->format = schema::DimensionType::SPARSE_CSR;
  schema::Uint8VectorT segments, indices;
  segments.values = {0, 1, 3};
  indices.values = {2, 0, 2};
  columns->array_segments.Set(std::move(segments));
  columns->array_indices.Set(std::move(indices));
  sparsity->dim_metadata.push_back(std::move(rows));
  sparsity->dim_metadata.push_back(std::move(columns));
  m.at(w).sparsity = std::move(sparsity);
  m.op(BuiltinOperator::FULLY_CONNECTED, {x, w}, {y}, schema::FullyConnectedOptionsT());
  const Graph graph = must(import(m.finish({x}, {y}), {}));
  EXPECT_THAT(graph.constant(only_node(graph).input(1))->to_doubles(), ElementsAre(0, 0, 3, 1, 0, 2));
}

TEST(TfliteImport, OpenDimensionsTakeTheFilesSizeOrTheCallers) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2}), y = m.tensor("y", Types::FLOAT32, {1, 2});
  m.at(x).shape_signature = {-1, 2};
  m.op(BuiltinOperator::ADD, {x, x}, {y}, schema::AddOptionsT());
  const Bytes file = m.finish({x}, {y});
  EXPECT_EQ(must(import(file, {})).type({0}).text(), "f32[1,2]");
  ImportOptions options;
  options.dims["x.0"] = 8;
  const Graph graph = must(import(file, options));
  EXPECT_EQ(graph.type(graph.outputs()[0]).text(), "f32[8,2]");
}

TEST(TfliteImport, ConcatenatedInputsAreBroughtToTheOutputsScale) {
  ModelBuilder m;
  const int a = m.tensor("a", Types::UINT8, {1, 2}), b = m.tensor("b", Types::UINT8, {1, 2}), y = m.tensor("y", Types::UINT8, {1, 4});
  m.quantize(a, {0.5f}, {0});
  m.quantize(b, {0.25f}, {3});
  m.quantize(y, {0.5f}, {0});
  schema::ConcatenationOptionsT o;
  o.axis = -1;
  m.op(BuiltinOperator::CONCATENATION, {a, b}, {y}, o);
  const Graph graph = must(import(m.finish({a, b}, {y}), {}));
  EXPECT_FALSE(graph.producer(last_node(graph).input(0)));
  EXPECT_EQ(graph.producer(last_node(graph).input(1))->op, "table");
}

TEST(TfliteImport, NamesEveryBlockerAtOnce) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2}), a = m.tensor("a", Types::FLOAT32, {1, 2}), b = m.tensor("b", Types::FLOAT32, {1, 2});
  const int c = m.tensor("c", Types::FLOAT32, {1, 2}), d = m.tensor("d", Types::FLOAT32, {1, 2});
  m.op(BuiltinOperator::CALL, {x}, {a});
  m.op(BuiltinOperator::CUSTOM, {a}, {b});
  m.model().operator_codes.back()->custom_code = "edgetpu-custom-op";
  m.op(BuiltinOperator::RELU, {b}, {c}, 99);
  m.op(BuiltinOperator::RELU, {c}, {d});
  const std::string words = refusal(m.finish({x}, {d}), Code::kUnsupported);
  EXPECT_THAT(words, HasSubstr("3 nodes cannot be imported"));
  EXPECT_THAT(words, HasSubstr("CALL version 1"));
  EXPECT_THAT(words, HasSubstr("node '0 a' (float32[1,2])"));
  EXPECT_THAT(words, HasSubstr("Edge TPU"));
  EXPECT_THAT(words, HasSubstr("remedy: use the file that went into edgetpu_compiler"));
  EXPECT_THAT(words, HasSubstr("version 99 is newer"));
}

TEST(TfliteImport, WhatOnlyABlockerCausedIsNotReported) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2}), shape = m.tensor("shape", Types::INT32, {2}), y = m.tensor("y", Types::FLOAT32, {2, 1});
  m.op(BuiltinOperator::UNIQUE, {x}, {shape});
  m.op(BuiltinOperator::RESHAPE, {x, shape}, {y});
  EXPECT_THAT(refusal(m.finish({x}, {y}), Code::kUnsupported), HasSubstr("1 node cannot be imported"));
}

TEST(TfliteImport, ConvolutionWithoutOptionsIsCorrupt) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 4, 4, 2}), y = m.tensor("y", Types::FLOAT32, {1, 2, 2, 3});
  const int w = m.constant("w", Types::FLOAT32, {3, 3, 3, 2}, counted(54));
  m.op(BuiltinOperator::CONV_2D, {x, w}, {y});
  EXPECT_THAT(refusal(m.finish({x}, {y}), Code::kCorrupt), HasSubstr("operator 0 'y' (CONV_2D version 1): kernel [3,3], strides [0,0]"));
}

TEST(TfliteImport, OptionsOfAnotherOperatorAreCorrupt) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 4, 4, 2}), y = m.tensor("y", Types::FLOAT32, {1, 2, 2, 3});
  const int w = m.constant("w", Types::FLOAT32, {3, 3, 3, 2}, counted(54));
  m.op(BuiltinOperator::CONV_2D, {x, w}, {y}, schema::SoftmaxOptionsT());
  EXPECT_THAT(refusal(m.finish({x}, {y}), Code::kCorrupt), HasSubstr("options are those of another operator"));
}

TEST(TfliteImport, AbsentInputIsCorrupt) {
  ModelBuilder m;
  const int x = m.tensor("x", Types::FLOAT32, {1, 2}), y = m.tensor("y", Types::FLOAT32, {1, 2});
  m.op(BuiltinOperator::ADD, {x, -1}, {y}, schema::AddOptionsT());
  EXPECT_THAT(refusal(m.finish({x}, {y}), Code::kCorrupt), HasSubstr("input 1 is absent"));
}

}  // namespace
}  // namespace verge::formats::tflite
