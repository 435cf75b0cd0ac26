// Rules that say the same in fewer or richer operators.
#include "passes/pass_test.h"
#include "passes/rules.h"

namespace verge::passes {
namespace {

TEST(RemoveNoOp, DropsWhatGivesBackItsInput) {
  for (const char* op : {"cast(%a) {to=\"f32\"}", "reshape(%a) {shape=[2, 3]}", "reshape(%a) {shape=[0, -1]}", "add(%a, %zero)", "add(%zero, %a)", "sub(%a, %zero)", "mul(%one, %a)",
                         "div(%a, %one)"}) {
    SCOPED_TRACE(op);
    const std::string head = "input %x: f32[2,3]\n";
    expect_rewrite({&kRemoveNoOp}, head + "const %zero: f32[] = [0]\nconst %one: f32[3] = [1, 1, 1]\n%a = relu(%x)\n%b = " + op + "\n%y = exp(%b)\noutput %y\n",
                   head + "%a = relu(%x)\n%y = exp(%a)\noutput %y\n");
  }
}

TEST(RemoveNoOp, KeepsWhatComputes) {
  for (const char* op : {"cast(%a) {to=\"f64\"}", "reshape(%a) {shape=[3, 2]}", "add(%a, %a)", "sub(%zero, %a)", "div(%one, %a)", "mul(%a, %wide)", "add(%a, %zero) {clamp_max=1.0}"}) {
    SCOPED_TRACE(op);
    expect_unchanged({&kRemoveNoOp}, std::string("input %x: f32[2,3]\nconst %zero: f32[] = [0]\nconst %one: f32[] = [1]\nconst %wide: f32[2,1,1] = [1, 1]\n%a = relu(%x)\n%y = ") + op +
                                         "\noutput %y\n");
  }
}

TEST(RemoveNoOp, KeepsAGraphOutputThatWouldBecomeAnInputOrAnotherOutput) {
  expect_unchanged({&kRemoveNoOp}, "input %x: f32[2]\n%y = reshape(%x) {shape=[2]}\noutput %y\n");
  expect_unchanged({&kRemoveNoOp}, "input %x: f32[2]\n%a = relu(%x)\n%y = reshape(%a) {shape=[2]}\noutput %a\noutput %y\n");
}

TEST(MergeReshapes, KeepsTheLastShape) {
  expect_rewrite({&kMergeReshapes}, "input %x: f32[3,4]\n%a = reshape(%x) {shape=[2, 6]}\n%b = reshape(%a) {shape=[0, 3, -1]}\noutput %b\n",
                 "input %x: f32[3,4]\n%b = reshape(%x) {shape=[2, 3, 2]}\noutput %b\n");
}

TEST(MergeReshapes, KeepsAnUnknownBatchUnknown) {
  expect_rewrite({&kMergeReshapes}, "input %x: f32[N,4]\n%a = reshape(%x) {shape=[0, 2, 2]}\n%b = reshape(%a) {shape=[0, 4, 1]}\noutput %b\n",
                 "input %x: f32[N,4]\n%b = reshape(%x) {shape=[-1, 4, 1]}\noutput %b\n");
}

TEST(ExtremesToClamp, TurnsMinimumAndMaximumWithANumber) {
  expect_rewrite({&kExtremesToClamp, &kMergeClamps},
                 "input %x: f32[4]\nconst %six: f32[] = [1.5]\nconst %zero: f32[1] = [0]\n%a = minimum(%x, %six)\n%b = maximum(%zero, %a)\noutput %b\n",
                 "input %x: f32[4]\n%b = clamp(%x) {max=1.5, min=0.0}\noutput %b\n");
  expect_unchanged({&kExtremesToClamp}, "input %x: f32[2]\nconst %c: f32[2] = [1, 2]\n%y = minimum(%x, %c)\noutput %y\n");
}

TEST(MergeClamps, IsOneReluOrOneClamp) {
  expect_rewrite({&kMergeClamps}, "input %x: f32[9]\n%a = relu(%x)\n%b = relu(%a)\noutput %b\n", "input %x: f32[9]\n%b = relu(%x)\noutput %b\n");
  expect_rewrite({&kMergeClamps}, "input %x: f32[9]\n%a = clamp(%x) {max=1.0, min=-1.0}\n%b = relu(%a)\noutput %b\n",
                 "input %x: f32[9]\n%b = clamp(%x) {max=1.0, min=0.0}\noutput %b\n");
}

TEST(MergeClamps, OfIntervalsThatDoNotMeetIsTheNearerBound) {
  expect_rewrite({&kMergeClamps}, "input %x: f32[9]\n%a = clamp(%x) {max=0.5, min=-1.0}\n%b = clamp(%a) {max=2.0, min=1.0}\noutput %b\n",
                 "input %x: f32[9]\n%b = clamp(%x) {max=1.0, min=1.0}\noutput %b\n");
}

TEST(FuseActivation, BoundsTheOperatorBefore) {
  const std::string conv = "input %x: f32[1,2,3,3]\nconst %w: f32[1,1,1,2] = [1, 2]\n";
  expect_rewrite({&kFuseActivation}, conv + "%a = conv(%x, %w) \"c\"\n%y = clamp(%a) {max=6.0, min=0.0} \"r\"\noutput %y\n",
                 conv + "%y = conv(%x, %w) {clamp_max=6.0, clamp_min=0.0, sources=[\"c\", \"r\"]} \"c\"\noutput %y\n");
  expect_rewrite({&kFuseActivation}, "input %x: f32[4]\n%a = add(%x, %x) {clamp_max=1.0}\n%y = relu(%a)\noutput %y\n",
                 "input %x: f32[4]\n%y = add(%x, %x) {clamp_max=1.0, clamp_min=0.0}\noutput %y\n");
  expect_rewrite({&kFuseActivation}, "input %x: f32[1,1,4,4]\n%a = avg_pool(%x) {kernel=[2, 2]}\n%y = relu(%a)\noutput %y\n",
                 "input %x: f32[1,1,4,4]\n%y = avg_pool(%x) {clamp_min=0.0, kernel=[2, 2]}\noutput %y\n");
}

TEST(FuseActivation, LeavesAValueThatSomebodyElseReads) {
  expect_unchanged({&kFuseActivation}, "input %x: f32[4]\n%a = add(%x, %x)\n%y = relu(%a)\n%z = exp(%a)\noutput %y\noutput %z\n");
  expect_unchanged({&kFuseActivation}, "input %x: f32[4]\n%a = add(%x, %x)\n%y = relu(%a)\noutput %a\noutput %y\n");
}

TEST(FuseActivation, NeedsEqualQuantisation) {
  const std::string head = "input %x: i8[4]{scale=[0.1] zero=[0] axis=-1}\n";
  const std::string a = "%a = add(%x, %x): i8[4]{scale=[0.2] zero=[0] axis=-1}\n";
  expect_unchanged({&kFuseActivation}, head + a + "%y = relu(%a): i8[4]{scale=[0.1] zero=[-128] axis=-1}\noutput %y\n");
  expect_rewrite({&kFuseActivation}, head + a + "%y = relu(%a): i8[4]{scale=[0.2] zero=[0] axis=-1}\noutput %y\n",
                 head + "%y = add(%x, %x) {clamp_min=0.0}: i8[4]{scale=[0.2] zero=[0] axis=-1}\noutput %y\n");
}

TEST(FuseResidual, AddsInTheConvolution) {
  const std::string head = "input %x: f32[1,2,3,3]\nconst %w: f32[2,1,1,2] = [1, 2, 3, -4]\n%r = exp(%x)\n";
  expect_rewrite({&kFuseResidual, &kFuseActivation}, head + "%a = conv(%x, %w) \"c\"\n%s = add(%r, %a) \"s\"\n%y = relu(%s) \"r\"\noutput %y\n",
                 head + "%y = conv(%x, %w, _, %r) {clamp_min=0.0, sources=[\"c\", \"s\", \"r\"]} \"c\"\noutput %y\n");
}

TEST(FuseResidual, GivesTheLaterConvolutionTheOthersOutput) {
  const std::string head = "input %x: f32[1,2,3,3]\nconst %w: f32[2,1,1,2] = [1, 2, 3, -4]\nconst %v: f32[2,1,1,2] = [0.5, 1, 1, 2]\n";
  expect_rewrite({&kFuseResidual}, head + "%a = conv(%x, %w)\n%b = conv(%x, %v)\n%y = add(%a, %b) {clamp_min=0.0}\noutput %y\n",
                 head + "%a = conv(%x, %w)\n%y = conv(%x, %v, _, %a) {clamp_min=0.0}\noutput %y\n");
}

TEST(FuseResidual, LeavesSumsOfOtherShapesAndBoundedConvolutions) {
  const std::string head = "input %x: f32[1,2,3,3]\ninput %r: f32[1,2,1,1]\nconst %w: f32[2,1,1,2] = [1, 2, 3, -4]\n";
  expect_unchanged({&kFuseResidual}, head + "%a = conv(%x, %w)\n%y = add(%a, %r)\noutput %y\n");
  expect_unchanged({&kFuseResidual}, head + "%a = conv(%x, %w) {clamp_min=0.0}\n%y = add(%a, %x)\noutput %y\n");
}

TEST(FuseHardSigmoid, RecognisesTheRamp) {
  const std::string head = "input %x: f32[9]\nconst %three: f32[] = [3]\nconst %six: f32[] = [6]\nconst %sixth: f32[] = [0.16666667]\n";
  const std::string after = "input %x: f32[9]\n%y = hsigmoid(%x) {alpha=0.16666666666666666, beta=0.5}\noutput %y\n";
  expect_rewrite({&kFuseHardSigmoid}, head + "%a = add(%x, %three)\n%b = clamp(%a) {max=6.0, min=0.0}\n%y = div(%b, %six)\noutput %y\n", after);
  expect_rewrite({&kFuseHardSigmoid}, head + "%a = add(%three, %x) {clamp_max=6.0, clamp_min=0.0}\n%y = div(%a, %six)\noutput %y\n", after);
}

TEST(FuseGate, RecognisesEachActivation) {
  const std::string head =
      "input %x: f32[33]\nconst %half: f32[] = [0.5]\nconst %one: f32[] = [1]\nconst %three: f32[] = [3]\nconst %six: f32[] = [6]\nconst %root2: f32[] = [1.4142135]\n"
      "const %cubic: f32[] = [0.044715]\nconst %slope: f32[] = [0.7978846]\n";
  const std::pair<const char*, const char*> cases[] = {
      {"%a = sigmoid(%x)\n%y = mul(%a, %x)", "%y = silu(%x)"},
      {"%a = add(%x, %three)\n%b = clamp(%a) {max=6.0, min=0.0}\n%c = mul(%x, %b)\n%y = div(%c, %six)", "%y = hswish(%x)"},
      {"%a = add(%x, %three)\n%b = clamp(%a) {max=6.0, min=0.0}\n%c = div(%b, %six)\n%y = mul(%c, %x)", "%y = hswish(%x)"},
      {"%a = hsigmoid(%x) {alpha=0.16666667163372, beta=0.5}\n%y = mul(%x, %a)", "%y = hswish(%x)"},
      {"%a = softplus(%x)\n%b = tanh(%a)\n%y = mul(%x, %b)", "%y = mish(%x)"},
      {"%a = div(%x, %root2)\n%b = erf(%a)\n%c = add(%b, %one)\n%d = mul(%x, %c)\n%y = mul(%d, %half)", "%y = gelu(%x) {approximate=\"none\"}"},
      {"%a = div(%x, %root2)\n%b = erf(%a)\n%c = add(%one, %b)\n%d = mul(%half, %c)\n%y = mul(%x, %d)", "%y = gelu(%x) {approximate=\"none\"}"},
      {"%a = pow(%x, %three)\n%b = mul(%cubic, %a)\n%c = add(%x, %b)\n%d = mul(%slope, %c)\n%e = tanh(%d)\n%f = add(%one, %e)\n%g = mul(%half, %x)\n%y = mul(%g, %f)",
       "%y = gelu(%x) {approximate=\"tanh\"}"},
  };
  for (const auto& [before, after] : cases) {
    SCOPED_TRACE(before);
    expect_rewrite({&kFuseHardSigmoid, &kFuseGate}, head + before + "\noutput %y\n", std::string("input %x: f32[33]\n") + after + "\noutput %y\n");
  }
}

TEST(FuseGate, LeavesNearMisses) {
  const std::string head = "input %x: f32[3]\ninput %z: f32[3]\nconst %three: f32[] = [3]\nconst %five: f32[] = [5]\n";
  expect_unchanged({&kFuseGate}, head + "%a = sigmoid(%z)\n%y = mul(%x, %a)\noutput %y\n");
  expect_unchanged({&kFuseGate}, head + "%a = add(%x, %three)\n%b = clamp(%a) {max=6.0, min=0.0}\n%c = mul(%x, %b)\n%y = div(%c, %five)\noutput %y\n");
  expect_unchanged({&kFuseGate}, head + "%a = sigmoid(%x)\n%y = mul(%x, %a)\noutput %y\noutput %a\n");
}

}  // namespace
}  // namespace verge::passes
