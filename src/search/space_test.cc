#include "search/space.h"

#include <gtest/gtest.h>

#include <set>

#include "search/device_cost.h"
#include "train/recipe.h"

namespace verge::search {
namespace {

using train::StageKind;

TEST(SearchSpace, ChangesStayInsideAndReachEveryKind) {
  const Space space;
  Stages stages = resnet8_stages();
  std::set<StageKind> kinds;
  std::set<int64_t> kernels, expansions;
  for (uint64_t i = 0; i < 2000; ++i) {
    train::Random random({i});
    const Stages changed = mutated(stages, space, 32, random);
    ASSERT_NE(changed, stages) << "seed " << i;
    ASSERT_LE(changed.size(), space.most_stages);
    int64_t shrinks = 1;
    for (const train::Stage& s : changed) {
      ASSERT_TRUE(s.channels >= space.narrowest && s.channels <= space.widest && s.channels % 8 == 0) << describe(changed);
      shrinks *= s.stride;
      kinds.insert(s.kind), kernels.insert(s.kernel), expansions.insert(s.expand);
    }
    ASSERT_GE(32 / shrinks, space.smallest_map) << describe(changed);
    stages = changed;
  }
  EXPECT_EQ(kinds.size(), std::size(train::kStageKinds));
  EXPECT_EQ(kernels, (std::set<int64_t>{3, 5, 7}));
  EXPECT_EQ(expansions, (std::set<int64_t>{1, 2, 3, 4, 6}));
}

TEST(SearchSpace, WidthKeepsToTheSpace) {
  const Stages wide = widened(resnet8_stages(), 0.5, {}), widest = widened(resnet8_stages(), 100, {});
  EXPECT_EQ(describe(wide), "conv 8, residual 8, residual 16 /2, residual 32 /2");
  EXPECT_EQ(describe(widest), "conv 256, residual 256, residual 256 /2, residual 256 /2");
}

TEST(SearchSpace, ARecipeReadsTheStagesAsTheyAreWritten) {
  const Stages stages = {{StageKind::kConv, 24, 2, 7}, {StageKind::kInverted, 32, 1, 5, 2}, {StageKind::kInverted, 48, 2}, {StageKind::kSeparable, 64}};
  EXPECT_EQ(describe(stages), "conv 24 /2 7x7, inverted 32 5x5 x2, inverted 48 /2 x4, separable 64");
  const auto recipe = train::parse_recipe("model: staged\nstages: " + stages_json(stages).dump(), "recipe.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  EXPECT_EQ(recipe->network.stages, stages);
}

int64_t macs_of(std::vector<int64_t> input) {
  train::NetworkOptions options;
  options.stages = {{StageKind::kConv, 8, 1, 5}, {StageKind::kResidual, 8}};
  options.input = std::move(input);
  options.classes = 4;
  const auto network = train::make_network("staged", options);
  if (!network.ok()) return -1;
  const auto cost = device_cost(*network, "cortex-m4");
  return cost.ok() ? cost->macs : -1;
}

TEST(DeviceCost, WindowsAreOneWideAlongASeries) {
  EXPECT_EQ(macs_of({64, 1, 2}), 64 * (8 * 5 * 2 + 2 * 8 * 3 * 8) + 8 * 4);
  EXPECT_EQ(macs_of({8, 8, 2}), 64 * (8 * 25 * 2 + 2 * 8 * 9 * 8) + 8 * 4);
}

}  // namespace
}  // namespace verge::search
