#include "prune/reconstruct.h"

#include <gtest/gtest.h>

#include "ir/text_form.h"
#include "ops/op.h"
#include "testing/seeded.h"

namespace verge::prune {
namespace {

// Channel 1 of the first layer is twice channel 0: without it, the second layer's weights for channel 0 can take its part.
const char* const kTwins =
    "input %x: f32[1,3,3,2]\nconst %w: f32[2,1,1,2] = [1, -1, 2, -2]\nconst %b: f32[2] = [0.5, 1]\n%a = conv(%x, %w, %b) {layout=\"nhwc\"} \"first\"\n%r = relu(%a)\n"
    "const %v: f32[2,3,3,2] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]\nconst %c: f32[2] = [0, 1]\n"
    "%y = conv(%r, %v, %c) {layout=\"nhwc\", pads=[1, 1, 1, 1]} \"second\"\noutput %y\n";

Graph parsed() {
  auto g = parse_graph(kTwins);
  EXPECT_TRUE(g.ok() && ops::infer_types(*g).ok());
  return *g;
}

std::vector<double> answers(const Graph& g, const Tensor& x) {
  auto y = ops::interpret(g, std::vector<Tensor>{x});
  EXPECT_TRUE(y.ok()) << y.error().message();
  return (*y)[0].to_doubles();
}

TEST(Reconstruct, WhatIsLeftTakesThePartOfWhatWent) {
  const Graph whole = parsed();
  const std::vector<Unit> units = find_units(whole);
  std::vector<bool> gone(units.size());
  for (size_t u = 0; u < units.size(); ++u)
    for (const Channel& c : units[u].channels) gone[u] = gone[u] || (!units[u].fixed && c.index == 1);
  auto pruned = without_units(whole, units, gone);
  ASSERT_TRUE(pruned.ok()) << pruned.error().message();
  const KeptOutputs kept = kept_outputs({}, whole, units, gone);
  EXPECT_EQ(kept.at("first"), std::vector<int64_t>{0});
  std::vector<Sample> samples;
  for (uint64_t s = 0; s < 24; ++s) samples.push_back({{Tensor::of<float>({1, 3, 3, 2}, testing::seeded_floats(18, s))}, -1, ""});
  const Tensor x = samples[3].inputs[0];
  auto fitted = reconstructed(whole, *pruned, kept, TensorDataset(std::move(samples), {}), {24, 9, 1e-7});
  ASSERT_TRUE(fitted.ok()) << fitted.error().message();
  const std::vector<double> want = answers(whole, x), before = answers(*pruned, x), after = answers(*fitted, x);
  double lost = 0, left = 0;
  for (size_t i = 0; i < want.size(); ++i) lost += std::abs(before[i] - want[i]), left += std::abs(after[i] - want[i]);
  EXPECT_GT(lost, 1);
  EXPECT_LT(left, 1e-3 * lost);
}

}  // namespace
}  // namespace verge::prune
