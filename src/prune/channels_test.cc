#include "prune/channels.h"

#include <gtest/gtest.h>

#include "ir/text_form.h"
#include "ops/op.h"

namespace verge::prune {
namespace {

Graph parsed(const std::string& text) {
  auto g = parse_graph(text);
  EXPECT_TRUE(g.ok()) << g.error().message();
  EXPECT_TRUE(ops::infer_types(*g).ok());
  return *g;
}

// A residual sum of a convolution's output with what a second one makes of it; flattened into a dense layer.
const char* const kResidual =
    "input %x: f32[1,2,2,1]\nconst %w: f32[3,1,1,1] = [1, 2, 3]\nconst %b: f32[3] = [0.1, 0, 0.3]\n"
    "%a = conv(%x, %w, %b) {layout=\"nhwc\"} \"first\"\n"
    "const %v: f32[3,1,1,3] = [1, 0, 2, 5, 5, 5, 3, 0, 4]\n"
    "%c = conv(%a, %v) {layout=\"nhwc\"} \"second\"\n"
    "%s = add(%a, %c) \"sum\"\n"
    "%r = relu(%s)\n"
    "%f = reshape(%r) {shape=[0, -1]}\n"
    "const %u: f32[2,12] = [1, 0, 2, 3, 0, 4, 5, 0, 6, 7, 0, 8, 8, 0, 7, 6, 0, 5, 4, 0, 3, 2, 0, 1]\n"
    "%y = dense(%f, %u)\noutput %y\n";

std::vector<bool> only(const std::vector<Unit>& units, const Graph& g, const std::string& layer, int64_t channel) {
  std::vector<bool> gone(units.size());
  for (size_t u = 0; u < units.size(); ++u)
    for (const Channel& c : units[u].channels) {
      const Node* from = g.producer(c.value);
      if (from && from->name == layer && c.index == channel) gone[u] = true;
    }
  return gone;
}

Tensor output_of(const Graph& g) {
  const Tensor x = Tensor::of<float>(g.type(g.inputs()[0]).shape(), std::vector<float>(static_cast<size_t>(g.type(g.inputs()[0]).shape().count()), 0.5F));
  auto y = ops::interpret(g, std::vector<Tensor>{x});
  EXPECT_TRUE(y.ok()) << y.error().message();
  return (*y)[0];
}

TEST(PruneChannels, ChannelsOfAResidualSumAndItsFlatteningGoTogether) {
  const Graph g = parsed(kResidual);
  const std::vector<Unit> units = find_units(g);
  const std::vector<bool> gone = only(units, g, "first", 1);
  EXPECT_EQ(std::count(gone.begin(), gone.end(), true), 1);
  EXPECT_EQ(gone, only(units, g, "second", 1));
  const auto after = without_units(g, units, gone);
  ASSERT_TRUE(after.ok()) << after.error().message();
  EXPECT_EQ(after->type(after->producer(after->outputs()[0])->input(1)).text(), "f32[2,8]");
  // Channel 1 is read by zero weights alone: the function stays.
  EXPECT_EQ(output_of(g).to_doubles(), output_of(*after).to_doubles());
}

TEST(PruneChannels, CountsTheWorkThatIsLeft) {
  const Graph g = parsed(kResidual);
  const std::vector<Unit> units = find_units(g);
  EXPECT_EQ(macs_without(g, units, std::vector<bool>(units.size())), 4 * 3 + 4 * 9 + 24);
  const std::vector<bool> gone = only(units, g, "first", 0);
  EXPECT_EQ(macs_without(g, units, gone), 4 * 2 + 4 * 4 + 16);
}

TEST(PruneChannels, DepthwiseLayersNormalisationsAndConcatenationsCarryChannels) {
  const Graph g = parsed(
      "input %x: f32[1,4,4,2]\nconst %w: f32[2,1,1,2] = [1, 2, 0, 0]\n%a = conv(%x, %w) {layout=\"nhwc\"} \"first\"\n"
      "const %one: f32[2] = [1, 0.5]\nconst %zero: f32[2] = [0, 0]\n"
      "%n = batch_norm(%a, %one, %zero, %zero, %one) {axis=-1, epsilon=0.0}\n"
      "const %d: f32[2,3,3,1] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 8, 7, 6, 5, 4, 3, 2, 1]\n"
      "%h = conv(%n, %d) {groups=2, layout=\"nhwc\", pads=[1, 1, 1, 1]} \"depthwise\"\n"
      "const %v: f32[1,1,1,2] = [1, 1]\n%b = conv(%x, %v) {layout=\"nhwc\"} \"beside\"\n"
      "%k = concat(%h, %b) {axis=3}\n"
      "const %u: f32[1,1,1,3] = [1, 2, 3]\n%y = conv(%k, %u) {layout=\"nhwc\"} \"last\"\noutput %y\n");
  const std::vector<Unit> units = find_units(g);
  const auto after = without_units(g, units, only(units, g, "first", 1));
  ASSERT_TRUE(after.ok()) << after.error().message();
  EXPECT_EQ(output_of(g).to_doubles(), output_of(*after).to_doubles());
  for (NodeId id : after->order()) {
    if (after->node(id).name != "depthwise") continue;
    EXPECT_EQ(after->node(id).integer("groups"), 1);
  }
  const auto scores = unit_scores(g, units, Criterion::kNorm);
  EXPECT_FALSE(scores.ok()) << "the layer beside passes no normalisation";
}

TEST(PruneChannels, InputsAndOutputsStay) {
  const Graph g = parsed(kResidual);
  for (const Unit& u : find_units(g))
    for (const Channel& c : u.channels) EXPECT_TRUE(u.fixed || (!g.is_input(c.value) && !g.is_output(c.value)));
}

TEST(PruneChannels, TheLeastChannelsGoFirstAndWhatCannotBeReachedIsSaid) {
  const Graph g = parsed(kResidual);
  const std::vector<Unit> units = find_units(g);
  const auto scores = unit_scores(g, units, Criterion::kMagnitude);
  ASSERT_TRUE(scores.ok());
  const auto choice = choose_units(g, units, *scores, 0.7, 72, 1);
  ASSERT_TRUE(choice.ok()) << choice.error().message();
  EXPECT_EQ(choice->gone, only(units, g, "first", 0)) << "rows 1 and 1, sqrt(5) of 9.3 together";
  EXPECT_EQ(choice->macs, 40);
  const auto beyond = choose_units(g, units, *scores, 0.01, 72, 1);
  ASSERT_FALSE(beyond.ok());
  EXPECT_NE(beyond.error().message().find("% of the multiplications stay"), std::string::npos) << beyond.error().message();
}

TEST(PruneChannels, ABlockGoesWithTheLayersThatOnlyItNeeds) {
  const Graph g = parsed(kResidual);
  const std::vector<Block> blocks = find_blocks(g);
  ASSERT_EQ(blocks.size(), 1U) << "without the first convolution the second could not be either";
  EXPECT_EQ(blocks[0].name, "second");
  EXPECT_EQ(blocks[0].macs, 36);
  const Graph after = without_block(g, blocks[0]);
  EXPECT_EQ(after.order().size(), 4U);
  EXPECT_TRUE(after.validate().ok());
}

}  // namespace
}  // namespace verge::prune
