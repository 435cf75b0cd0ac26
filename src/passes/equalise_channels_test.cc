// Factors move between layers, and the function stays.
#include "passes/equalise_channels.h"

#include "passes/channel_groups.h"
#include "passes/pass_test.h"

namespace verge::passes {
namespace {

// Two 1x1 convolutions with a relu between; the first one's rows differ by 2^8.
const char* const kPair =
    "input %x: f32[1,2,2,2]\nconst %w: f32[2,1,1,2] = [16, 8, 0.0625, -0.03125]\nconst %b: f32[2] = [1, 0.00390625]\n"
    "%a = conv(%x, %w, %b) {clamp_min=0.0, layout=\"nhwc\"} \"first\": f32[1,2,2,2]\n"
    "const %v: f32[3,1,1,2] = [0.125, 4, 0.0625, 32, -0.125, 16]\nconst %c: f32[3] = [0, 1, 2]\n"
    "%y = conv(%a, %v, %c) {layout=\"nhwc\"} \"second\": f32[1,2,2,3]\noutput %y\n";

double ratio_of_rows(const Graph& g, const char* name) {
  for (const NodeId id : g.order()) {
    if (g.node(id).name != name) continue;
    const auto w = g.constant(g.node(id).input(1))->values<float>();
    return std::fabs(w[0] / w[2]);
  }
  return 0;
}

TEST(EqualiseChannels, GivesRowsEqualRangesAndKeepsTheFunction) {
  const Graph before = parsed(kPair);
  EXPECT_NEAR(channel_spread(before), 256, 1e-6);
  Graph after = before;
  const auto change = equalise_channels(after);
  ASSERT_TRUE(change.ok()) << change.error().message();
  EXPECT_EQ(change->groups, 1U);
  EXPECT_EQ(change->loosened, 0U);
  EXPECT_NEAR(ratio_of_rows(after, "first"), 1, 1e-5);
  expect_same_function(before, after);
}

TEST(EqualiseChannels, GoesThroughDepthwiseLayersAndResidualSums) {
  const Graph before = parsed(
      "input %x: f32[1,4,4,1]\nconst %w: f32[2,1,1,1] = [64, 0.25]\nconst %b: f32[2] = [0.5, 0.001]\n"
      "%a = conv(%x, %w, %b) {clamp_min=0.0, layout=\"nhwc\"} \"first\": f32[1,4,4,2]\n"
      "const %d: f32[2,3,3,1] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 90, 80, 70, 60, 50, 40, 30, 20, 10]\nconst %e: f32[2] = [1, 1]\n"
      "%f = conv(%a, %d, %e) {groups=2, layout=\"nhwc\", pads=[1, 1, 1, 1]} \"depthwise\": f32[1,4,4,2]\n"
      "const %u: f32[2,1,1,2] = [0.01, 0.2, 0.02, 0.1]\nconst %q: f32[2] = [1, 2]\n"
      "%h = conv(%f, %u, %q) {layout=\"nhwc\"} \"branch\": f32[1,4,4,2]\n"
      "%s = add(%f, %h) {clamp_min=0.0}: f32[1,4,4,2]\n"
      "const %v: f32[1,1,1,2] = [0.1, 30]\nconst %c: f32[1] = [0]\n"
      "%y = conv(%s, %v, %c) {layout=\"nhwc\"} \"last\": f32[1,4,4,1]\noutput %y\n");
  Graph after = before;
  const auto change = equalise_channels(after);
  ASSERT_TRUE(change.ok()) << change.error().message();
  EXPECT_EQ(change->groups, 2U) << "the depthwise layer's input; its output, the branch and their sum";
  EXPECT_LT(channel_spread(after), 1.01);
  expect_same_function(before, after);
}

TEST(EqualiseChannels, WidensRelu6AndSaysSo) {
  std::string text = kPair;
  text.replace(text.find("clamp_min=0.0"), 13, "clamp_max=6.0, clamp_min=0.0");
  Graph graph = parsed(text);
  const auto change = equalise_channels(graph);
  ASSERT_TRUE(change.ok());
  EXPECT_GT(change->loosened, 0U);
}

TEST(EqualiseChannels, LeavesChannelsAloneThatAnotherOperatorSees) {
  std::string text = kPair;
  text += "%z = exp(%a): f32[1,2,2,2]\noutput %z\n";
  Graph graph = parsed(text);
  const auto change = equalise_channels(graph);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->groups, 0U);
}

TEST(ChannelGroups, DepthwiseLayersTieTheirSidesWhenChannelsAreRemoved) {
  const Graph g = parsed(
      "input %x: f32[1,4,4,1]\nconst %w: f32[2,1,1,1] = [1, 2]\nconst %b: f32[2] = [0, 0]\n"
      "%a = conv(%x, %w, %b) {layout=\"nhwc\"} \"first\": f32[1,4,4,2]\nconst %d: f32[2,1,1,1] = [1, 2]\n"
      "%f = conv(%a, %d, %b) {groups=2, layout=\"nhwc\"} \"depthwise\": f32[1,4,4,2]\n"
      "const %v: f32[1,1,1,2] = [1, 2]\n%y = conv(%f, %v) {layout=\"nhwc\"} \"last\": f32[1,4,4,1]\noutput %y\n");
  size_t free = 0;
  for (const ChannelGroup& group : channel_groups(g, ChannelUse::kRemove)) {
    if (group.fixed) continue;
    ++free;
    EXPECT_EQ(group.values.size(), 2U);
    EXPECT_EQ(group.makers.size(), 1U);
    EXPECT_EQ(group.carriers.size(), 1U);
    EXPECT_EQ(group.readers.size(), 1U);
  }
  EXPECT_EQ(free, 1U);
}

}  // namespace
}  // namespace verge::passes
