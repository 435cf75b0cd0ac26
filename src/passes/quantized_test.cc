// Quantise and dequantise nodes around float operators become integer operators.
#include "passes/pass_test.h"
#include "passes/pipelines.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

const char* const kQ = "{scale=[0.05] zero=[3] axis=-1}";
const char* const kR = "{scale=[0.1] zero=[-5] axis=-1}";

std::string i8(const std::string& shape, const char* quant) { return "i8[" + shape + "]" + quant; }

const std::vector<const Rule*> kRules = {&kFuseQuantized, &kSinkDequantize, &kHoistQuantize, &kMergeQuantize};

TEST(FuseQuantized, MakesAConvolutionComputeInIntegers) {
  const std::string x = "input %x: " + i8("1,2,3,3", kQ) + "\nconst %w: i8[2,1,1,2]{scale=[0.01, 0.02] zero=[0, 0] axis=0} = [127, -50, 3, 100]\n";
  expect_rewrite(kRules,
                 x + "const %b: f32[2] = [0.1, -0.2]\n%a = dequantize(%x)\n%k = dequantize(%w)\n%c = conv(%a, %k, %b) {clamp_min=0.0} \"conv\"\n%y = quantize(%c) {requant=\"onnx\"}: " +
                     i8("1,2,3,3", kR) + "\noutput %y\n",
                 x + "const %b: i32[2]{scale=[0.0005, 0.001] zero=[0, 0] axis=0} = [200, -200]\n%y = conv(%x, %w, %b) {clamp_min=0.0, requant=\"onnx\"} \"conv\": " + i8("1,2,3,3", kR) +
                     "\noutput %y\n");
}

TEST(FuseQuantized, KeepsABiasThatIsQuantisedAlready) {
  const std::string head = "input %x: " + i8("1,2", kQ) + "\nconst %w: i8[2,2]{scale=[0.02] zero=[0] axis=-1} = [127, -50, 3, 100]\nconst %b: i32[2]{scale=[0.001] zero=[0] axis=-1} = [77, -5]\n";
  expect_rewrite(kRules, head + "%a = dequantize(%x)\n%k = dequantize(%w)\n%c = dequantize(%b)\n%d = dense(%a, %k, %c)\n%y = quantize(%d) {requant=\"onnx\"}: " + i8("1,2", kR) + "\noutput %y\n",
                 head + "%y = dense(%x, %w, %b) {requant=\"onnx\"}: " + i8("1,2", kR) + "\noutput %y\n");
}

TEST(FuseQuantized, AddsInIntegers) {
  const std::string head = "input %x: " + i8("4", kQ) + "\ninput %z: " + i8("4", kR) + "\n";
  expect_rewrite(kRules, head + "%a = dequantize(%x)\n%b = dequantize(%z)\n%c = add(%a, %b)\n%y = quantize(%c) {requant=\"onnx\"}: " + i8("4", kR) + "\noutput %y\n",
                 head + "%y = add(%x, %z) {requant=\"onnx\"}: " + i8("4", kR) + "\noutput %y\n");
}

TEST(FuseQuantized, LeavesFixedRangesAndMixedOperandsFloat) {
  const std::string head = "input %x: " + i8("4", kQ) + "\ninput %f: f32[4]\n%a = dequantize(%x)\n";
  expect_unchanged(kRules, head + "%b = sigmoid(%a)\n%y = quantize(%b): " + i8("4", kR) + "\noutput %y\n");
  expect_unchanged(kRules, head + "%b = add(%a, %f)\n%y = quantize(%b): " + i8("4", kR) + "\noutput %y\n");
}

TEST(MoveQuantization, RunsPoolsAndReshapesOnIntegers) {
  const std::string head = "input %x: " + i8("1,1,4,4", kQ) + "\n";
  expect_rewrite(kRules,
                 head + "%a = dequantize(%x)\n%b = max_pool(%a) {kernel=[2, 2], strides=[2, 2]}\n%c = reshape(%b) {shape=[1, 4]}\n%y = quantize(%c) {requant=\"onnx\"}: " + i8("1,4", kR) + "\noutput %y\n",
                 head + "%0 = max_pool(%x) {kernel=[2, 2], strides=[2, 2]}: " + i8("1,1,2,2", kQ) + "\n%1 = reshape(%0) {shape=[1, 4]}: " + i8("1,4", kQ) +
                     "\n%y = requantize(%1) {requant=\"onnx\"}: " + i8("1,4", kR) + "\noutput %y\n");
}

TEST(MoveQuantization, DropsAPairOfEqualTypes) {
  const std::string head = "input %x: " + i8("4", kQ) + "\n%n = reshape(%x) {shape=[2, 2]}: " + i8("2,2", kQ) + "\n";
  expect_rewrite(kRules, head + "%a = dequantize(%n)\n%y = quantize(%a): " + i8("2,2", kQ) + "\n%z = reshape(%y) {shape=[4]}: " + i8("4", kQ) + "\noutput %z\n",
                 head + "%z = reshape(%n) {shape=[4]}: " + i8("4", kQ) + "\noutput %z\n");
}

TEST(FuseTable, MakesAGateThatIsSpelledOutOneTable) {
  Graph g = parsed("input %x: " + i8("1,300", kQ) + "\n%a = dequantize(%x)\n%b = sigmoid(%a)\n%c = quantize(%b) {requant=\"onnx\"}: " + i8("1,300", kR) +
                   "\n%y = mul(%x, %c) {requant=\"onnx\"}: " + i8("1,300", kR) + "\noutput %y\n");
  const Graph before = g;
  const Pass pass{"tables", {&kFuseTable}};
  ASSERT_TRUE(run_passes(g, std::span(&pass, 1)).ok());
  ASSERT_EQ(g.order().size(), 1u);
  EXPECT_EQ(g.node(g.order()[0]).op, "table");
  const std::vector<Tensor> x = seeded_inputs(g, 3);
  const auto was = ops::interpret(before, x), is = ops::interpret(g, x);
  ASSERT_TRUE(was.ok() && is.ok());
  EXPECT_TRUE(std::equal((*was)[0].bytes().begin(), (*was)[0].bytes().end(), (*is)[0].bytes().begin(), (*is)[0].bytes().end()));
}

TEST(FuseTable, LeavesWhatReadsTwoTensorsOrIsReadByOthers) {
  const std::vector<const Rule*> rules = {&kFuseTable};
  expect_unchanged(rules, "input %x: " + i8("4", kQ) + "\n%a = dequantize(%x)\n%b = sigmoid(%a)\n%c = quantize(%b): " + i8("4", kR) + "\noutput %b\noutput %c\n");
  expect_unchanged(rules, "input %x: " + i8("4", kQ) + "\ninput %z: " + i8("4", kR) + "\n%y = mul(%x, %z) {requant=\"onnx\"}: " + i8("4", kR) + "\noutput %y\n");
}

TEST(FoldDequantize, MakesFloatWeightsOfWhatNoIntegerOperatorTook) {
  const std::string head = "input %x: f32[1,2]\n";
  expect_after([](Graph& g) { return simplify(g); }, head + "const %w: i8[1,2]{scale=[0.5] zero=[1] axis=-1} = [3, -1]\n%k = dequantize(%w)\n%y = dense(%x, %k)\noutput %y\n",
               head + "const %k: f32[1,2] = [1, -1]\n%y = dense(%x, %k)\noutput %y\n");
}

}  // namespace
}  // namespace verge::passes
