#include "passes/pass_test.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

const auto kLayout = [](Graph& graph) { return run_passes(graph, prepare_passes(), {.only = {"layout", "tidy_layout", "compact"}}); };

// Transposes left by `kLayout`, whose result computes the same as `text`.
size_t transposes_left(const std::string& text) {
  const Graph before = parsed(text);
  Graph graph = before;
  const auto report = kLayout(graph);
  EXPECT_TRUE(report.ok()) << report.error().message();
  if (!report.ok()) return 0;
  expect_same_function(before, graph);
  for (const NodeId id : graph.order()) EXPECT_NE(graph.node(id).text("layout"), "nchw");
  return report->passes.back().transposes;
}

const std::string kHead = "input %x: f32[2,3,4,5]\nconst %w: f32[3,1,1,3] = [1, 2, 3, -4, 5, 6, 1, -1, 2]\nconst %v: f32[3,1,1,3] = [2, 1, 0, 1, 3, -2, 1, 1, 1]\n";

TEST(ChooseLayout, TransposesOnceAtEachEndOfAConvolutionalNetwork) {
  expect_after(kLayout, kHead + "%a = conv(%x, %w) \"c1\"\n%b = relu(%a) \"r\"\n%c = max_pool(%b) {kernel=[2, 2]} \"p\"\n%d = conv(%c, %v) \"c2\"\noutput %d\n",
               kHead +
                   "%x#2 = transpose(%x) {order=[0, 2, 3, 1], perm=[0, 2, 3, 1]} \"x\"\n%a = conv(%x#2, %w) {layout=\"nhwc\", order=[0, 2, 3, 1]} \"c1\"\n%b = relu(%a) {order=[0, 2, 3, 1]} \"r\"\n"
                   "%c = max_pool(%b) {kernel=[2, 2], layout=\"nhwc\", order=[0, 2, 3, 1]} \"p\"\n%d = conv(%c, %v) {layout=\"nhwc\", order=[0, 2, 3, 1]} \"c2\"\n"
                   "%d#2 = transpose(%d) {perm=[0, 3, 1, 2]} \"d\"\noutput %d#2 as \"d\"\n");
}

// `op` between a convolution and a pool.
size_t transposes_around(const std::string& op) {
  return transposes_left(kHead + "const %scale: f32[3,1,1] = [1, 2, 0.5]\nconst %one: f32[1] = [2]\nconst %mask: bool[1,3,1,1] = [1, 0, 1]\nconst %index: i64[2] = [2, 0]\n%a = conv(%x, %w)\n%b = " + op +
                         "\n%c = max_pool(%b) {kernel=[1, 1]}\noutput %c\n");
}

TEST(ChooseLayout, CarriesTheOrderThroughEveryOperatorThatCanTakeIt) {
  for (const char* op : {"concat(%a, %a) {axis=1}", "concat(%a, %a) {axis=-2}", "softmax(%a) {axis=1}", "softmax(%a) {axis=-1}", "reduce_sum(%a) {axes=[-1], keepdims=1}",
                         "pad(%a) {mode=\"constant\", pads=[0, 1, 2, 0, 0, 0, 1, 3], value=0.5}", "slice(%a) {starts=[1, 0], ends=[3, 2], axes=[1, 3], steps=[1, 1]}",
                         "slice(%a) {starts=[-1], ends=[-9], axes=[2], steps=[-2]}", "tile(%a) {repeats=[1, 2, 1, 3]}", "expand(%a) {shape=[2, 3, 4, 5]}", "mul(%a, %scale)", "mul(%one, %a)",
                         "prelu(%a, %scale)", "cast(%a) {to=\"f32\"}"}) {
    SCOPED_TRACE(op);
    EXPECT_EQ(transposes_around(op), 2u);
  }
}

TEST(ChooseLayout, TurnsASinglePixelOrChannelByReshaping) {
  EXPECT_EQ(transposes_around("reduce_mean(%a) {axes=[2, 3], keepdims=1}"), 1u);
  EXPECT_EQ(transposes_around("reduce_max(%a) {axes=[1], keepdims=1}"), 1u);
}

TEST(ChooseLayout, NeedsNoTransposeWherePlanesAreOnePixel) {
  expect_after(kLayout, "input %x: f32[1,3,1,1]\nconst %w: f32[3,1,1,3] = [1, 2, 3, -4, 5, 6, 1, -1, 2]\n%a = conv(%x, %w) \"c\"\n%y = reshape(%a) {shape=[1, 3]} \"f\"\noutput %y\n",
               "input %x: f32[1,3,1,1]\nconst %w: f32[3,1,1,3] = [1, 2, 3, -4, 5, 6, 1, -1, 2]\n%x#2 = reshape(%x) {order=[0, 2, 3, 1], shape=[1, 1, 1, 3]} \"x\"\n"
               "%a = conv(%x#2, %w) {layout=\"nhwc\", order=[0, 2, 3, 1]} \"c\"\n%y = reshape(%a) {shape=[1, 3]} \"f\"\noutput %y\n");
}

TEST(ChooseLayout, ReducesPlanesToVectorsInPlace) {
  EXPECT_EQ(transposes_left(kHead + "%a = conv(%x, %w)\n%m = reduce_mean(%a) {axes=[2, 3], keepdims=0}\n%y = exp(%m)\noutput %y\n"), 1u);
}

TEST(ChooseLayout, FoldsTheFlattenedOrderIntoDenseWeights) {
  expect_after(kLayout,
               "input %x: f32[2,2,1,2]\nconst %w: f32[2,1,1,2] = [1, 2, 3, 4]\nconst %k: f32[1,4] = [1, 2, 3, 4]\n%a = conv(%x, %w)\n%f = reshape(%a) {shape=[0, -1]}\n%r = relu(%f)\n%y = dense(%r, %k)\n"
               "output %y\n",
               "input %x: f32[2,2,1,2]\nconst %w: f32[2,1,1,2] = [1, 2, 3, 4]\nconst %k: f32[1,4] = [1, 3, 2, 4]\n%x#2 = transpose(%x) {order=[0, 2, 3, 1], perm=[0, 2, 3, 1]} \"x\"\n"
               "%a = conv(%x#2, %w) {layout=\"nhwc\", order=[0, 2, 3, 1]}\n%0 = reshape(%a) {shape=[0, -1]}\n%1 = relu(%0)\n%y = dense(%1, %k)\noutput %y\n");
}

TEST(ChooseLayout, KeepsASqueezeAndExciteBlockInOneOrder) {
  EXPECT_EQ(transposes_left(kHead + "%a = conv(%x, %w)\n%m = reduce_mean(%a) {axes=[2, 3], keepdims=1}\n%s = conv(%m, %v)\n%g = sigmoid(%s)\n%b = mul(%a, %g)\n%y = add(%b, %a)\n"
                            "%f = reduce_mean(%y) {axes=[2, 3], keepdims=0}\noutput %f\n"),
            1u);
}

TEST(ChooseLayout, ChoosesTheSideThatCostsFewerBytes) {
  // The sum must meet the graph's inputs in their order; the smaller of the two ways is one transpose of the convolution's output.
  EXPECT_EQ(transposes_left("input %x: f32[1,1,4,5]\ninput %p: f32[1,3,4,5]\ninput %q: f32[1,3,4,5]\nconst %w: f32[3,1,1,1] = [1, 2, 3]\n%a = conv(%x, %w)\n%s = add(%p, %q)\n%t = mul(%s, %p)\n"
                            "%y = add(%a, %t)\noutput %y\n"),
            1u);
}

TEST(ChooseLayout, CancelsTransposesOfTheSource) {
  // As TensorFlow's exporter writes it: images channels last outside, a convolution that wants them first.
  EXPECT_EQ(transposes_left("input %x: f32[2,4,5,3]\nconst %w: f32[3,1,1,3] = [1, 2, 3, -4, 5, 6, 1, -1, 2]\nconst %bias: f32[3] = [1, 2, 3]\n%t = transpose(%x) {perm=[0, 3, 1, 2]}\n%a = conv(%t, %w)\n"
                            "%u = transpose(%a) {perm=[0, 2, 3, 1]}\n%b = add(%u, %bias)\n%r = relu(%b)\n%v = transpose(%r) {perm=[0, 3, 1, 2]}\n%c = conv(%v, %w)\n%y = transpose(%c) {perm=[0, 2, 3, 1]}\n"
                            "%z = softmax(%y) {axis=-1}\noutput %z\n"),
            0u);
}

TEST(ChooseLayout, CancelsTransposesAroundOperatorsThatHaveChannelsLast) {
  // As converters of PyTorch's models to TensorFlow write them: everything channels first but the convolutions.
  EXPECT_EQ(transposes_left("input %x: f32[1,3,4,5]\nconst %w: f32[3,1,1,3] = [1, 2, 3, -4, 5, 6, 1, -1, 2]\n%t = transpose(%x) {perm=[0, 2, 3, 1]}\n%a = conv(%t, %w) {layout=\"nhwc\"}\n"
                            "%u = transpose(%a) {perm=[0, 3, 1, 2]}\n%s = sigmoid(%u)\n%m = mul(%u, %s)\n%c = concat(%m, %u) {axis=1}\n%d = slice(%c) {starts=[1], ends=[4], axes=[1], steps=[1]}\n"
                            "%v = transpose(%d) {perm=[0, 2, 3, 1]}\n%b = conv(%v, %w) {layout=\"nhwc\"}\n%y = transpose(%b) {perm=[0, 3, 1, 2]}\noutput %y\n"),
            2u);
}

TEST(ChooseLayout, LeavesADetectorsHeadsWithoutTransposes) {
  // Boxes as detectors write them: channels last, flattened, joined.
  EXPECT_EQ(transposes_left(kHead + "%a = conv(%x, %w)\n%t = transpose(%a) {perm=[0, 2, 3, 1]}\n%r = reshape(%t) {shape=[0, -1, 3]}\n%b = max_pool(%a) {kernel=[2, 2]}\n"
                            "%u = transpose(%b) {perm=[0, 2, 3, 1]}\n%s = reshape(%u) {shape=[0, -1, 3]}\n%y = concat(%r, %s) {axis=1}\noutput %y\n"),
            1u);
}

TEST(ChooseLayout, ShufflesChannelsWithOneTransposeAmongThem) {
  EXPECT_EQ(transposes_left("input %x: f32[1,4,3,5]\nconst %w: f32[4,1,1,1] = [1, 2, 3, 4]\n%a = conv(%x, %w) {groups=4}\n%r = reshape(%a) {shape=[0, 2, 2, 3, 5]}\n%t = transpose(%r) {perm=[0, 2, 1, 3, 4]}\n"
                            "%s = reshape(%t) {shape=[0, 4, 3, 5]}\n%b = conv(%s, %w) {groups=4}\n%y = reduce_mean(%b) {axes=[2, 3], keepdims=0}\noutput %y\n"),
            2u);
}

TEST(ChooseLayout, LeavesAGraphWithoutImagesAlone) {
  const std::string text = "input %x: f32[2,3]\nconst %w: f32[2,3] = [1, 2, 3, 4, 5, 6]\n%y = dense(%x, %w)\noutput %y\n";
  expect_after(kLayout, text, text);
}

TEST(ChooseLayout, WorksOnAnUnknownBatch) {
  EXPECT_EQ(transposes_left("input %x: f32[N,3,4,5]\nconst %w: f32[3,1,1,3] = [1, 2, 3, -4, 5, 6, 1, -1, 2]\n%a = conv(%x, %w)\n%r = reshape(%a) {shape=[0, 3, 20]}\n%y = reduce_mean(%r) {axes=[2], keepdims=0}\noutput %y\n"),
            1u);
}

}  // namespace
}  // namespace verge::passes
