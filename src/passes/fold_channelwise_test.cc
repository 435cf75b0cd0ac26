#include "passes/pass_test.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

const std::string kConv = "input %x: f32[1,2,2,2]\nconst %w: f32[2,1,1,2] = [1, 2, 3, -4]\nconst %b: f32[2] = [1, -1]\n";

TEST(FoldChannelwise, ScalesAndShiftsAConvolution) {
  expect_rewrite({&kFoldChannelwise}, kConv + "const %s: f32[2,1,1] = [2, 0.5]\nconst %t: f32[1,2,1,1] = [10, 20]\n%a = conv(%x, %w, %b) \"c\"\n%m = mul(%s, %a) \"m\"\n%y = add(%m, %t) \"t\"\noutput %y\n",
                 "input %x: f32[1,2,2,2]\nconst %w: f32[2,1,1,2] = [2, 4, 1.5, -2]\nconst %b: f32[2] = [12, 19.5]\n%y = conv(%x, %w, %b) {sources=[\"c\", \"m\", \"t\"]} \"c\"\noutput %y\n");
}

TEST(FoldChannelwise, GivesALayerWithoutBiasOne) {
  expect_rewrite({&kFoldChannelwise}, "input %x: f32[1,2]\nconst %w: f32[3,2] = [1, 2, 3, 4, 5, 6]\nconst %t: f32[3] = [1, 2, 3]\n%a = dense(%x, %w) \"d\"\n%y = sub(%a, %t) {clamp_min=0.0}\noutput %y\n",
                 "input %x: f32[1,2]\nconst %w: f32[3,2] = [1, 2, 3, 4, 5, 6]\nconst %d.bias: f32[3] = [-1, -2, -3]\n%y = dense(%x, %w, %d.bias) {clamp_min=0.0} \"d\"\noutput %y\n");
}

TEST(FoldChannelwise, KnowsWhereTheChannelsAre) {
  const std::string nhwc = "input %x: f32[1,2,2,2]\nconst %w: f32[2,1,1,2] = [1, 2, 3, -4]\n%a = conv(%x, %w) {layout=\"nhwc\"}\n";
  expect_rewrite({&kFoldChannelwise}, nhwc + "const %s: f32[2] = [2, 4]\n%y = div(%a, %s)\noutput %y\n",
                 "input %x: f32[1,2,2,2]\nconst %w: f32[2,1,1,2] = [0.5, 1, 0.75, -1]\nconst %0: f32[2] = [0, 0]\n%y = conv(%x, %w, %0) {layout=\"nhwc\"}\noutput %y\n");
  expect_unchanged({&kFoldChannelwise}, nhwc + "const %s: f32[2,1,1] = [2, 4]\n%y = div(%a, %s)\noutput %y\n");
}

TEST(FoldChannelwise, LeavesWhatIsNotOneNumberAChannelOrNotTheLayersAlone) {
  expect_unchanged({&kFoldChannelwise}, kConv + "const %s: f32[2,2] = [1, 2, 3, 4]\n%a = conv(%x, %w, %b)\n%y = mul(%a, %s)\noutput %y\n");
  expect_unchanged({&kFoldChannelwise}, kConv + "const %s: f32[] = [2]\n%a = conv(%x, %w, %b)\n%y = mul(%a, %s)\noutput %y\noutput %a\n");
  expect_unchanged({&kFoldChannelwise}, kConv + "const %s: f32[] = [2]\n%a = conv(%x, %w, %b) {clamp_min=0.0}\n%y = mul(%a, %s)\noutput %y\n");
  expect_unchanged({&kFoldChannelwise}, kConv + "const %s: f32[] = [2]\n%a = conv(%x, %w, %b)\n%y = div(%s, %a)\noutput %y\n");
  expect_unchanged({&kFoldChannelwise}, kConv + "const %s: f32[3,1,1,1] = [2, 2, 2]\n%a = conv(%x, %w, %b)\n%y = mul(%a, %s)\noutput %y\n");
}

const std::string kNorm =
    "const %g: f32[2] = [1, 2]\nconst %h: f32[2] = [0.5, -0.5]\nconst %m: f32[2] = [3, 1]\nconst %v: f32[2] = [3.75, 0]\n";

TEST(FoldBatchNorm, GoesIntoTheLayerBefore) {
  expect_rewrite({&kFoldBatchNorm}, kConv + kNorm + "%a = conv(%x, %w, %b) \"c\"\n%y = batch_norm(%a, %g, %h, %m, %v) {axis=1, epsilon=0.25} \"bn\"\noutput %y\n",
                 "input %x: f32[1,2,2,2]\nconst %w: f32[2,1,1,2] = [0.5, 1, 12, -16]\nconst %b: f32[2] = [-0.5, -8.5]\n%y = conv(%x, %w, %b) {sources=[\"c\", \"bn\"]} \"c\"\noutput %y\n");
}

TEST(FoldBatchNorm, OverAnotherAxisStays) {
  expect_unchanged({&kFoldBatchNorm}, kConv + kNorm + "%a = conv(%x, %w, %b)\n%y = batch_norm(%a, %g, %h, %m, %v) {axis=2, epsilon=0.25}\noutput %y\n");
}

TEST(BatchNormToAffine, IsAProductAndASum) {
  expect_rewrite({&kBatchNormToAffine}, "input %x: f32[1,2,1,3]\n" + kNorm + "%y = batch_norm(%x, %g, %h, %m, %v) {axis=1, epsilon=0.25} \"bn\"\noutput %y\n",
                 "input %x: f32[1,2,1,3]\nconst %0: f32[2,1,1] = [0.5, 4]\nconst %1: f32[2,1,1] = [-1, -4.5]\n%bn = mul(%x, %0) \"bn\"\n%y = add(%bn, %1) \"bn\"\noutput %y\n");
}

}  // namespace
}  // namespace verge::passes
