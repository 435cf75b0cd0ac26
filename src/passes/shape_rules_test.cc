// Rules about operators that only move elements.
#include "passes/pass_test.h"
#include "passes/pipelines.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

TEST(RemoveNoOp, DropsMoversThatMoveNothing) {
  for (const char* op : {"identity(%a)", "transpose(%a) {perm=[0, 1]}", "concat(%a) {axis=0}", "pad(%a) {mode=\"constant\", pads=[0, 0, 0, 0]}",
                         "slice(%a) {starts=[0], ends=[9], axes=[1], steps=[1]}", "expand(%a) {shape=[2, 1]}", "tile(%a) {repeats=[1, 1]}"}) {
    SCOPED_TRACE(op);
    expect_rewrite({&kRemoveNoOp}, std::string("input %x: f32[2,3]\n%a = relu(%x)\n%b = ") + op + "\n%y = exp(%b)\noutput %y\n",
                   "input %x: f32[2,3]\n%a = relu(%x)\n%y = exp(%a)\noutput %y\n");
  }
}

TEST(RemoveNoOp, KeepsMoversThatMoveWithinOneShape) {
  for (const char* op : {"transpose(%a) {perm=[1, 0]}", "pad(%a) {mode=\"constant\", pads=[1, 0, -1, 0]}", "slice(%a) {starts=[-1], ends=[-9], axes=[1], steps=[-1]}"}) {
    SCOPED_TRACE(op);
    expect_unchanged({&kRemoveNoOp}, std::string("input %x: f32[3,3]\n%a = relu(%x)\n%b = ") + op + "\n%y = exp(%b)\noutput %y\n");
  }
}

TEST(MergeTransposes, IsOneTransposeOrNone) {
  const std::string x = "input %x: f32[2,3,4]\n%r = relu(%x)\n";
  expect_rewrite({&kMergeTransposes}, x + "%a = transpose(%r) {perm=[1, 2, 0]}\n%b = transpose(%a) {perm=[0, 2, 1]}\noutput %b\n", x + "%b = transpose(%r) {perm=[1, 0, 2]}\noutput %b\n");
  expect_rewrite({&kMergeTransposes, &kRemoveNoOp}, x + "%a = transpose(%r) {perm=[1, 2, 0]}\n%b = transpose(%a) {perm=[2, 0, 1]}\n%y = exp(%b)\noutput %y\n", x + "%y = exp(%r)\noutput %y\n");
}

TEST(TransposeToReshape, WhereOnesAloneMove) {
  expect_rewrite({&kTransposeToReshape}, "input %x: f32[2,3,1,1]\n%y = transpose(%x) {perm=[0, 2, 3, 1]}\noutput %y\n", "input %x: f32[2,3,1,1]\n%y = reshape(%x) {shape=[2, 1, 1, 3]}\noutput %y\n");
  expect_rewrite({&kTransposeToReshape}, "input %x: f32[N,1,4,5]\n%y = transpose(%x) {perm=[0, 2, 3, 1]}\noutput %y\n", "input %x: f32[N,1,4,5]\n%y = reshape(%x) {shape=[-1, 4, 5, 1]}\noutput %y\n");
  expect_unchanged({&kTransposeToReshape}, "input %x: f32[2,3,1,2]\n%y = transpose(%x) {perm=[0, 2, 3, 1]}\noutput %y\n");
}

TEST(GlobalPoolToMean, OverTheWholePlane) {
  expect_rewrite({&kGlobalPoolToMean}, "input %x: f32[1,2,3,4]\n%y = avg_pool(%x) {kernel=[3, 4]}\noutput %y\n",
                 "input %x: f32[1,2,3,4]\n%y = reduce_mean(%x) {axes=[2, 3], keepdims=1}\noutput %y\n");
  expect_rewrite({&kGlobalPoolToMean}, "input %x: f32[1,3,4,2]\n%y = avg_pool(%x) {kernel=[3, 4], layout=\"nhwc\"}\noutput %y\n",
                 "input %x: f32[1,3,4,2]\n%y = reduce_mean(%x) {axes=[1, 2], keepdims=1}\noutput %y\n");
  expect_unchanged({&kGlobalPoolToMean}, "input %x: f32[1,2,3,4]\n%y = avg_pool(%x) {kernel=[3, 3]}\noutput %y\n");
  expect_unchanged({&kGlobalPoolToMean}, "input %x: f32[1,2,3,4]\n%y = avg_pool(%x) {kernel=[3, 4], pads=[1, 0, 0, 0]}\noutput %y\n");
}

TEST(FoldConstants, ComputesWhatConstantsDecide) {
  expect_after([](Graph& g) { return simplify(g, {.only = {"fold_constants"}}); },
               "input %x: f32[2]\nconst %a: f32[2] = [1, 2]\n%b = add(%a, %a)\n%c = exp(%b)\n%d = sub(%c, %c)\n%e = add(%d, %b)\n%y = mul(%x, %e)\noutput %y\n",
               "input %x: f32[2]\nconst %e: f32[2] = [2, 4]\n%y = mul(%x, %e)\noutput %y\n");
}

TEST(FoldConstants, KnowsTheShapeOfWhatItDoesNotKnow) {
  expect_after([](Graph& g) { return simplify(g, {.only = {"fold_constants"}}); },
               "input %x: f32[2,3]\n%s = shape(%x)\n%f = cast(%s) {to=\"f32\"}\n%m = reduce_sum(%f) {axes=[], keepdims=0}\n%y = mul(%x, %m)\noutput %y\n",
               "input %x: f32[2,3]\nconst %m: f32[] = [5]\n%y = mul(%x, %m)\noutput %y\n");
}

TEST(FoldConstants, LeavesWhatWouldBlowUp) {
  const std::string big = "input %x: f32[1]\nconst %a: f32[1] = [1]\n%b = expand(%a) {shape=[100000]}\n%y = mul(%x, %b)\noutput %y\n";
  expect_after([](Graph& g) { return simplify(g, {.only = {"fold_constants"}}); }, big, big);
}

TEST(FoldConstants, LeavesAnOutputOfTheGraphToANode) {
  const std::string text = "const %a: f32[2] = [1, 2]\n%y = exp(%a)\noutput %y\n";
  expect_after([](Graph& g) { return simplify(g, {.only = {"fold_constants"}}); }, text, text);
}

}  // namespace
}  // namespace verge::passes
