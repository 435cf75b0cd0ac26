#include "passes/pass_test.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

const auto kFold = [](Graph& graph) { return run_passes(graph, prepare_passes(), {.only = {"fold_pad"}}); };
const std::string kHead = "input %x: f32[1,4,5,1]\nconst %w: f32[1,2,2,1] = [1, -2, 3, 0.5]\n";

// Whether the pad has gone; the function is the same in any case.
bool folds(const std::string& text) {
  const Graph before = parsed(text);
  Graph graph = before;
  EXPECT_TRUE(kFold(graph).ok());
  expect_same_function(before, graph);
  for (const NodeId id : graph.order())
    if (graph.node(id).op == "pad") return false;
  return true;
}

TEST(FoldPad, AddsToTheConvolutionsOwnPadding) {
  EXPECT_TRUE(folds(kHead + "%p = pad(%x) {mode=\"constant\", pads=[0, 1, 2, 0, 0, 0, 1, 0], value=0.0}\n%y = conv(%p, %w) {layout=\"nhwc\", pads=[0, 0, 1, 0]}\noutput %y\n"));
  EXPECT_TRUE(folds("input %x: f32[1,1,4,5]\nconst %w: f32[1,2,2,1] = [1, -2, 3, 0.5]\n%p = pad(%x) {pads=[0, 0, 1, 2, 0, 0, 0, 1]}\n%y = conv(%p, %w) {strides=[2, 2]}\noutput %y\n"));
}

TEST(FoldPad, LeavesWhatIsNoPaddingOfZerosAroundTheImage) {
  for (const char* pad : {"{mode=\"constant\", pads=[0, 1, 1, 0, 0, 1, 1, 0], value=1.0}", "{mode=\"reflect\", pads=[0, 1, 1, 0, 0, 1, 1, 0]}", "{pads=[0, 0, 0, 0, 1, 0, 0, 0]}",
                          "{pads=[0, -1, 0, 0, 0, 0, 0, 0]}"})
    EXPECT_FALSE(folds(kHead + "%p = pad(%x) " + pad + "\n%y = conv(%p, %w) {layout=\"nhwc\"}\noutput %y\n")) << pad;
  EXPECT_FALSE(folds(kHead + "%p = pad(%x) {pads=[0, 1, 1, 0, 0, 1, 1, 0]}\n%y = conv(%p, %w) {layout=\"nhwc\", auto_pad=\"same_upper\"}\noutput %y\n"));
  EXPECT_FALSE(folds(kHead + "%p = pad(%x) {pads=[0, 1, 1, 0, 0, 1, 1, 0]}\n%y = conv(%p, %w) {layout=\"nhwc\"}\noutput %y\noutput %p\n"));
}

}  // namespace
}  // namespace verge::passes
