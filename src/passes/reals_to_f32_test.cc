// Real types other than f32 give way to it where an operator computes.
#include "passes/pass_test.h"
#include "passes/pipelines.h"

namespace verge::passes {
namespace {

void expect_f32(const std::string& before, const std::string& after, double tolerance = 2e-3) { expect_after(reals_to_f32, before, after, tolerance); }

TEST(RealsToF32, ComputesBetweenCastsAtTheBorders) {
  expect_f32("input %x: f16[4]\nconst %k: f16[1] = [0.5]\n%a = mul(%x, %k)\n%y = exp(%a)\noutput %y\n",
             "input %x: f16[4]\nconst %k: f32[1] = [0.5]\n%x/f32 = cast(%x) {to=\"f32\"} \"x/f32/cast\"\n%a = mul(%x/f32, %k)\n%y = exp(%a)\n%y#2 = cast(%y) {to=\"f16\"} \"y/cast\"\noutput %y#2\n");
}

TEST(RealsToF32, LeavesWhatOnlyMoves) {
  const std::string text = "input %x: f64[2, 3]\n%a = transpose(%x) {perm=[1, 0]}\n%y = slice(%a) {axes=[0], ends=[2], starts=[0], steps=[1]}\noutput %y\n";
  expect_f32(text, text, 0);
}

TEST(RealsToF32, MovesInF32WhatItComputed) {
  expect_f32("input %x: f64[2, 3]\n%a = exp(%x)\n%b = transpose(%a) {perm=[1, 0]}\n%y = sqrt(%b)\noutput %y\n",
             "input %x: f64[2, 3]\n%x/f32 = cast(%x) {to=\"f32\"} \"x/f32/cast\"\n%a = exp(%x/f32)\n%b = transpose(%a) {perm=[1, 0]}\n%y = sqrt(%b)\n%y#2 = cast(%y) {to=\"f64\"} \"y/cast\"\noutput %y#2\n");
}

TEST(RealsToF32, KeepsTheRoundingOfTheModelsOwnCast) {
  expect_f32("input %x: f32[4]\n%a = cast(%x) {to=\"f16\"}\n%b = cast(%a) {to=\"f32\"}\n%y = exp(%b)\noutput %y\n",
             "input %x: f32[4]\n%a = cast(%x) {to=\"f16\"}\n%b = cast(%a) {to=\"f32\"}\n%y = exp(%b)\noutput %y\n", 2e-6);
}

}  // namespace
}  // namespace verge::passes
