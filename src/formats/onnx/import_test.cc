// What the importer does with a file as a whole: names, order, blockers, damage.
#include <gmock/gmock.h>

#include <algorithm>

#include "core/text.h"
#include "formats/onnx/model_maker.h"
#include "os/file.h"
#include "testing/shared.h"

namespace verge::formats::onnx {
namespace {

using ::testing::HasSubstr;

ModelMaker small_network() {
  ModelMaker m(13);
  m.input("x", {1, 1, 4, 4});
  m.weight("w", {2, 1, 3, 3}, std::vector<float>(18, 0.5f));
  ints(m.node("Conv", {"x", "w"}, {"c"}, "first"), "pads", {1, 1, 1, 1});
  m.node("Relu", {"c"}, {"r"});
  m.weight("shape", std::vector<int64_t>{1, -1});
  m.node("Reshape", {"r", "shape"}, {"f"}, "flat");
  m.weight("k", {3, 32}, std::vector<float>(96, 0.25f));
  integer(m.node("Gemm", {"f", "k"}, {"y"}, "last"), "transB", 1);
  m.output("y");
  return m;
}

TEST(OnnxImport, KeepsTheNamesOfNodesAndValues) {
  const auto graph = small_network().import();
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  std::vector<std::string> nodes, values;
  for (NodeId id : graph->order()) {
    nodes.push_back(graph->node(id).op + " " + graph->node(id).name);
    values.push_back(graph->value(graph->node(id).output()).name);
  }
  EXPECT_EQ(nodes, (std::vector<std::string>{"conv first", "relu Relu_1", "reshape flat", "dense last"}));
  EXPECT_EQ(values, (std::vector<std::string>{"c", "r", "f", "y"}));
  EXPECT_EQ(graph->output_name(0), "y");
  EXPECT_EQ(graph->type(graph->outputs()[0]).text(), "f32[1,3]");
}

TEST(OnnxImport, KeepsMetadataOfTheSource) {
  ModelMaker m = small_network();
  m.model.set_producer_name("pytorch");
  m.model.set_producer_version("2.1");
  auto& entry = *m.model.add_metadata_props();
  entry.set_key("author");
  entry.set_value("somebody");
  const auto graph = m.import();
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->metadata.at("author"), "somebody");
  EXPECT_EQ(graph->metadata.at("verge.source.opset"), "13");
  EXPECT_EQ(graph->metadata.at("verge.source.producer"), "pytorch 2.1");
}

TEST(OnnxImport, NodesMayStandInAnyOrder) {
  ModelMaker m = small_network();
  std::reverse(m.graph().mutable_node()->pointer_begin(), m.graph().mutable_node()->pointer_end());
  const auto graph = m.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->node(graph->order().front()).name, "first");
}

TEST(OnnxImport, InitializersListedAsInputsAreConstants) {
  ModelMaker m = small_network();
  m.input("w", {2, 1, 3, 3});
  const auto graph = m.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->inputs().size(), 1u);
}

TEST(OnnxImport, NodesThatNobodyReadsAreNotLookedAt) {
  ModelMaker m = small_network();
  m.node("NoSuchOperator", {"x"}, {"unread"});
  EXPECT_TRUE(m.import().ok());
}

TEST(OnnxImport, SymbolicDimensionsStayUnlessTheOptionsGiveThem) {
  ModelMaker m(13);
  m.input("x", {Dim::named("N"), Dim(3), Dim()});
  m.node("Relu", {"x"}, {"y"});
  m.output("y");
  EXPECT_EQ(m.import()->type(m.import()->outputs()[0]).text(), "f32[N,3,x.2]");
  ImportOptions options;
  options.dims = {{"N", 8}, {"x.2", 5}};
  const auto graph = m.import(options);
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->type(graph->outputs()[0]).text(), "f32[8,3,5]");
  options.dims = {{"N", 0}};
  EXPECT_EQ(error_of(m.import(options)).code(), Code::kInvalidArgument);
}

// x.view(x.size(0), -1) as PyTorch writes it.
TEST(OnnxImport, ShapeArithmeticWithASymbolicBatchBecomesAttributes) {
  ModelMaker m(13);
  m.input("x", {Dim::named("N"), 2, 3});
  m.node("Shape", {"x"}, {"s"});
  m.weight("zero", Tensor::scalar<int64_t>(0));
  m.node("Gather", {"s", "zero"}, {"n"});
  m.weight("axes", std::vector<int64_t>{0});
  m.node("Unsqueeze", {"n", "axes"}, {"n1"});
  m.weight("rest", std::vector<int64_t>{-1});
  integer(m.node("Concat", {"n1", "rest"}, {"target"}), "axis", 0);
  m.node("Reshape", {"x", "target"}, {"y"});
  m.output("y");
  const auto graph = m.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->order().size(), 1u);
  EXPECT_EQ(graph->node(graph->order()[0]).integers("shape"), (std::vector<int64_t>{0, -1}));
  EXPECT_EQ(graph->type(graph->outputs()[0]).text(), "f32[N,6]");
}

TEST(OnnxImport, EveryBlockerIsReportedAtOnce) {
  ModelMaker m(13);
  m.input("x", {1, 4, 8});
  m.node("Whirl", {"x"}, {"a"}, "whirl_1");
  m.node("Whirl", {"a"}, {"b"}, "whirl_2");
  m.node("Relu", {"b"}, {"r"});
  auto& odd = m.node("Strange", {"r"}, {"y"}, "odd");
  odd.set_domain("com.example");
  m.output("y");
  const Error error = error_of(m.import());
  EXPECT_EQ(error.code(), Code::kUnsupported);
  EXPECT_THAT(error.message(), HasSubstr("3 nodes cannot be imported"));
  EXPECT_THAT(error.message(), HasSubstr("2x Whirl (opset 13): there is no translation of this operator"));
  EXPECT_THAT(error.message(), HasSubstr("node 'whirl_1' (f32[1,4,8])"));
  EXPECT_THAT(error.message(), HasSubstr("node 'whirl_2'"));
  EXPECT_THAT(error.message(), HasSubstr("1x com.example:Strange (opset 1)"));
  EXPECT_THAT(error.message(), HasSubstr("remedy: "));
}

TEST(OnnxImport, BlockersBehindABlockedNodeAreFoundByDeclaredTypes) {
  ModelMaker m(13);
  m.input("x", {1, 4, 8});
  m.node("Whirl", {"x"}, {"a"}, "whirl");
  ModelMaker::describe(*m.graph().add_value_info(), "a", {1, 4, 8, 8, 8, 8}, DataType::kF32);
  m.weight("w", {4, 4, 1, 1, 1, 1}, std::vector<float>(16));
  m.node("Conv", {"a", "w"}, {"y"}, "time_and_volume");
  m.output("y");
  const Error error = error_of(m.import());
  EXPECT_THAT(error.message(), HasSubstr("4 spatial dimensions"));
  EXPECT_THAT(error.message(), HasSubstr("node 'time_and_volume' (f32[1,4,8,8,8,8], f32[4,4,1,1,1,1])"));
}

TEST(OnnxImport, AnOpsetWithoutTranslationIsABlocker) {
  ModelMaker m(6);
  m.input("x", {1, 4});
  m.node("Erf", {"x"}, {"y"});
  m.output("y");
  EXPECT_THAT(error_of(m.import()).message(), HasSubstr("Erf (opset 6): there is no translation for this opset"));
}

TEST(OnnxImport, AnIfOfKnownConditionIsItsBranch) {
  for (const bool condition : {false, true}) {
    ModelMaker m(13);
    m.input("x", {2});
    m.weight("c", Tensor::scalar<bool>(condition));
    auto& n = m.node("If", {"c"}, {"y"}, "choice");
    for (const auto& [branch, op] : {std::pair{"then_branch", "Neg"}, {"else_branch", "Abs"}}) {
      auto& body = *attribute(n, branch, 5).mutable_g();
      ModelMaker::fill(*body.add_node(), op, {"x"}, {"inner"}, "");
      body.add_output()->set_name("inner");
    }
    m.output("y");
    EXPECT_EQ(floats_of(m, {Tensor::of<float>({2}, {-1, 2})}), (condition ? std::vector<float>{1, -2} : std::vector<float>{1, 2}));
  }
}

// y = x doubled three times, and all that came out
ModelMaker doubling() {
  ModelMaker m(13);
  m.input("x", {2});
  m.weight("trips", Tensor::scalar<int64_t>(3));
  m.weight("yes", Tensor::scalar(true));
  auto& n = m.node("Loop", {"trips", "yes", "x"}, {"y", "all"}, "loop");
  auto& body = *attribute(n, "body", 5).mutable_g();
  ModelMaker::describe(*body.add_input(), "i", {}, DataType::kI64);
  ModelMaker::describe(*body.add_input(), "c", {}, DataType::kBool);
  ModelMaker::describe(*body.add_input(), "before", {2}, DataType::kF32);
  ModelMaker::fill(*body.add_node(), "Identity", {"c"}, {"go_on"}, "");
  ModelMaker::fill(*body.add_node(), "Add", {"before", "before"}, {"after"}, "");
  ModelMaker::fill(*body.add_node(), "Identity", {"after"}, {"seen"}, "");
  for (const char* out : {"go_on", "after", "seen"}) body.add_output()->set_name(out);
  m.output("y");
  m.output("all");
  return m;
}

TEST(OnnxImport, ALoopOfAKnownNumberOfStepsIsUnrolled) {
  const std::vector<Tensor> y = outputs_of(doubling(), {Tensor::of<float>({2}, {1, 10})});
  ASSERT_EQ(y.size(), 2u);
  EXPECT_EQ(y[0].to_doubles(), (std::vector<double>{8, 80}));
  EXPECT_EQ(y[1].to_doubles(), (std::vector<double>{2, 20, 4, 40, 8, 80}));
  EXPECT_EQ(y[1].shape(), (Shape{3, 2}));
}

TEST(OnnxImport, AScanOverAKnownLengthIsUnrolled) {
  ModelMaker m(13);
  m.input("start", {1});
  m.input("x", {1, 3});
  auto& n = m.node("Scan", {"start", "x"}, {"sum", "sums"}, "scan");
  integer(n, "num_scan_inputs", 1);
  ints(n, "scan_input_axes", {1});
  ints(n, "scan_input_directions", {1});
  auto& body = *attribute(n, "body", 5).mutable_g();
  ModelMaker::describe(*body.add_input(), "s", {1}, DataType::kF32);
  ModelMaker::describe(*body.add_input(), "e", {1}, DataType::kF32);
  ModelMaker::fill(*body.add_node(), "Add", {"s", "e"}, {"t"}, "");
  ModelMaker::fill(*body.add_node(), "Neg", {"t"}, {"u"}, "");
  body.add_output()->set_name("t");
  body.add_output()->set_name("u");
  m.output("sum");
  m.output("sums");
  const std::vector<Tensor> y = outputs_of(m, {Tensor::of<float>({1}, {0}), Tensor::of<float>({1, 3}, {1, 10, 100})});
  ASSERT_EQ(y.size(), 2u);
  EXPECT_EQ(y[0].to_doubles(), (std::vector<double>{111}));
  EXPECT_EQ(y[1].to_doubles(), (std::vector<double>{-100, -110, -111}));
}

TEST(OnnxImport, AnIfOnDataIsABlockerTogetherWithThoseInItsBodies) {
  ModelMaker m(13);
  m.input("x", {2});
  m.input("c", {}, DataType::kBool);
  auto& n = m.node("If", {"c"}, {"y"}, "choice");
  for (const char* branch : {"then_branch", "else_branch"}) {
    auto& body = *attribute(n, branch, 5).mutable_g();
    ModelMaker::fill(*body.add_node(), "Whirl", {"x"}, {"inner"}, "");
    body.add_output()->set_name("inner");
  }
  m.output("y");
  const std::string words = error_of(m.import()).message();
  EXPECT_THAT(words, HasSubstr("1x If (opset 13): its condition (input 0) depends on the value of input 'c'"));
  EXPECT_THAT(words, HasSubstr("2x Whirl (opset 13)"));
}

TEST(OnnxImport, ContradictionsAreNamed) {
  const auto expect_corrupt = [](const ModelMaker& m, const char* words) {
    const Error error = error_of(m.import());
    EXPECT_EQ(error.code(), Code::kCorrupt) << error.message();
    EXPECT_THAT(error.message(), HasSubstr(words));
  };
  ModelMaker missing = small_network();
  missing.graph().mutable_node(1)->set_input(0, "ghost");
  expect_corrupt(missing, "node 'Relu_1' reads 'ghost', which nothing produces");
  ModelMaker twice = small_network();
  twice.node("Relu", {"x"}, {"r"}, "again");
  expect_corrupt(twice, "node 'again' writes 'r', which has a value already");
  ModelMaker circle = small_network();
  circle.graph().mutable_node(0)->set_input(0, "r");
  expect_corrupt(circle, "circle");
  ModelMaker ranks = small_network();
  ranks.graph().mutable_initializer(0)->clear_dims();
  ranks.graph().mutable_initializer(0)->add_dims(18);
  expect_corrupt(ranks, "node 'first' (Conv; f32[1,1,4,4], f32[18]): its weights are f32[18], of another rank than its input");
  ModelMaker size = small_network();
  size.graph().mutable_initializer(0)->set_dims(0, 3);
  expect_corrupt(size, "tensor 'w': f32[3,1,3,3] wants 27 elements, the file holds 72 bytes");
  ModelMaker same = small_network();
  *same.graph().add_initializer() = same.graph().initializer(0);
  expect_corrupt(same, "two initializers have the name 'w'");
  ModelMaker kind = small_network();
  kind.graph().mutable_node(0)->mutable_attribute(0)->set_type(2);
  expect_corrupt(kind, "attribute 'pads' is not a list of integers");
  ModelMaker none = small_network();
  none.graph().clear_output();
  expect_corrupt(none, "no outputs");
  none.model.clear_graph();
  expect_corrupt(none, "no graph");
}

TEST(OnnxImport, AFillThatIsTooLargeStaysANode) {
  ModelMaker m(13);
  m.input("x", {1});
  m.weight("shape", std::vector<int64_t>{1024, 1024});
  m.node("ConstantOfShape", {"shape"}, {"zeros"});
  m.node("Add", {"x", "zeros"}, {"y"});
  m.output("y");
  ImportOptions small;
  small.max_computed_bytes = 1 << 20;
  const auto graph = m.import(small);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->node(graph->order()[0]).op, "expand");
  EXPECT_EQ(m.import()->order().size(), 1u);
}

TEST(OnnxImport, AbsurdSizesAreRefusedBeforeMemoryIsTaken) {
  ModelMaker m(13);
  m.input("x", {1});
  m.weight("shape", std::vector<int64_t>{2147483647, 2147483647, 2147483647});
  m.node("ConstantOfShape", {"shape"}, {"zeros"});
  m.node("Add", {"x", "zeros"}, {"y"});
  m.output("y");
  EXPECT_EQ(error_of(m.import()).code(), Code::kUnsupported);
}

TEST(OnnxImport, TablesThatAFileOnlyDescribesStayInBounds) {
  ModelMaker m(20);
  m.input("theta", {1, 2, 3});
  m.weight("size", std::vector<int64_t>{1, 1, 2048, 2048});
  m.node("AffineGrid", {"theta", "size"}, {"grid"});
  m.output("grid");
  ImportOptions small;
  small.max_computed_bytes = 1 << 20;
  EXPECT_THAT(error_of(m.import(small)).message(), HasSubstr("describes a table"));
  EXPECT_TRUE(m.import().ok());
}

// Damaged bytes are refused, or read as some other model; never more.
void survive(const Bytes& bytes) {
  ImportOptions options;
  options.max_computed_bytes = 1 << 20;
  const auto graph = import_model(bytes, options, "damaged.onnx");
  EXPECT_TRUE(graph.ok() || !graph.error().message().empty());
}

TEST(OnnxImport, SurvivesEveryTruncationAndEverySingleBitFlip) {
  const Bytes file = small_network().bytes();
  for (size_t n = 0; n < file.size(); ++n) survive({file.begin(), file.begin() + static_cast<int64_t>(n)});
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    Bytes damaged = file;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    survive(damaged);
  }
}

TEST(OnnxImport, WhatIsNoModelIsSaidSo) {
  EXPECT_EQ(error_of(import_model({}, {}, "a.onnx")).message(), "a.onnx: the file is empty");
  const Bytes picture = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13};
  const Error error = error_of(import_model(picture, {}, "photo.png"));
  EXPECT_EQ(error.code(), Code::kCorrupt);
  EXPECT_THAT(error.message(), HasSubstr("photo.png: not a model"));
}

class SharedModel : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// Each file of the collection is imported, or refused with everything that it lacks.
TEST_P(SharedModel, IsImportedOrRefusedWithACompleteList) {
  const auto& [file, blockers] = GetParam();
  VERGE_NEED_SHARED(std::string("models/onnx/") + file);
  const auto bytes = read_file(verge::testing::shared_path(std::string("models/onnx/") + file));
  ASSERT_TRUE(bytes.ok());
  const auto graph = import_model(*bytes, {}, file);
  if (std::string(blockers).empty()) {
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    EXPECT_TRUE(graph->validate().ok());
    for (NodeId id : graph->order())
      for (ValueId v : graph->node(id).outputs) EXPECT_TRUE(graph->type(v).ranked) << describe(graph->node(id));
    return;
  }
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code(), Code::kUnsupported) << graph.error().message();
  for (const std::string& words : split(blockers, ';')) EXPECT_THAT(graph.error().message(), HasSubstr(words));
}

INSTANTIATE_TEST_SUITE_P(OnnxImport, SharedModel,
                         ::testing::Values(std::pair{"light_densenet121.onnx", ""}, std::pair{"light_inception_v2.onnx", ""},
                                           std::pair{"light_resnet50.onnx", ""}, std::pair{"light_shufflenet.onnx", ""},
                                           std::pair{"light_squeezenet.onnx", ""}, std::pair{"mlperf_ad_autoencoder.onnx", ""},
                                           std::pair{"mlperf_ic_resnet8.onnx", ""}, std::pair{"mlperf_kws_dscnn.onnx", ""},
                                           std::pair{"mlperf_vww_mobilenet025.onnx", ""}, std::pair{"mnist.onnx", ""},
                                           std::pair{"resnet8_cifar10_jpg.onnx", ""}, std::pair{"ultraface_version-RFB-320.onnx", ""},
                                           std::pair{"ultraface_version-RFB-320_simplified.onnx", ""}, std::pair{"ultraface_version-slim-320.onnx", ""},
                                           std::pair{"yolox_nano.onnx", ""}, std::pair{"silero_vad.onnx", "If (opset 16);--bind sr=VALUE"},
                                           std::pair{"superres_prepost_op18.onnx", "com.microsoft.extensions:DecodeImage;com.microsoft.extensions:EncodeImage"}),
                         [](const auto& info) {
                           std::string name = info.param.first;
                           for (char& c : name)
                             if (!isalnum(static_cast<unsigned char>(c))) c = '_';
                           return name;
                         });

}  // namespace
}  // namespace verge::formats::onnx
