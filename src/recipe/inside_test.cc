#include "recipe/inside.h"

#include <gtest/gtest.h>

#include "ir/text_form.h"
#include "lower/lower.h"
#include "passes/pipelines.h"

namespace verge {
namespace {

Graph prepared(const std::string& text) {
  auto graph = parse_graph(text);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_TRUE(passes::prepare(*graph).ok());
  return std::move(*graph);
}

const char* const kText =
    "input %x: f32[1,64]\n"
    "%a = softmax(%x) {axis=1} \"a\"\n"
    "%b = softmax(%a) {axis=1} \"b\"\n"
    "%c = add(%b, %x) \"c\"\n"
    "output %c\n";

TEST(Inside, MemoryCountsWhatIsStillToBeRead) {
  const Graph graph = prepared(kText);
  const auto lowered = lower(graph);
  ASSERT_TRUE(lowered.ok()) << lowered.error().message();
  const auto executable = Executable::open(lowered->program);
  ASSERT_TRUE(executable.ok());
  const Json memory = memory_timeline(executable->model());
  ASSERT_EQ(memory.size(), 3U);
  EXPECT_EQ(memory[0]["name"], "a");
  EXPECT_GE(memory[1]["bytes"].get<size_t>(), 2 * 256U) << "x waits for the sum while b is made";
  uint64_t most = 0;
  for (const Json& m : memory) most = std::max(most, m["bytes"].get<uint64_t>());
  EXPECT_LE(most, lowered->arena_bytes);
  EXPECT_GE(most + 64 * 4, lowered->arena_lower_bound) << "but for alignment, the fullest instruction is what no plan is smaller than";
}

TEST(Inside, PlacementAddsUpInstructionsOfAKind) {
  const Graph graph = prepared(kText);
  const auto lowered = lower(graph);
  ASSERT_TRUE(lowered.ok());
  const auto executable = Executable::open(lowered->program);
  ASSERT_TRUE(executable.ok());
  const std::string op = executable->model().operator_name(0);
  const Json kinds = placement(executable->model(), std::vector<OpProfile>{{"a", op, 0, 0.25}, {"b", op, 0, 0.5}});
  ASSERT_EQ(kinds.size(), 2U);
  EXPECT_EQ(kinds[0]["op"], op);
  EXPECT_EQ(kinds[0]["count"], 2);
  EXPECT_DOUBLE_EQ(kinds[0]["ms"].get<double>(), 0.75);
  EXPECT_FALSE(kinds[0]["integer"].get<bool>());
  EXPECT_TRUE(kinds[1]["ms"].is_null());
}

TEST(Inside, HistogramsCountEveryValueBesideThePlansRange) {
  const Graph graph = prepared("input %x: f32[1,64]\n%a = softmax(%x) {axis=1} \"a\"\noutput %a\n");
  std::vector<float> x(64);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) / 32;
  const TensorDataset data({Sample{{Tensor::of({1, 64}, x)}, -1, "s"}}, {});
  QuantPlan plan;
  plan.activations[graph.outputs()[0].index] = {{0.5f}, {-128}, -1};
  LayerBlame layer;
  layer.node = graph.order()[0].index;
  layer.name = "a";
  const auto out = histograms(graph, plan, std::vector{layer}, data);
  ASSERT_TRUE(out.ok()) << out.error().message();
  ASSERT_EQ(out->size(), 1U);
  size_t counted = 0;
  for (const Json& count : (*out)[0]["counts"]) counted += count.get<size_t>();
  EXPECT_EQ(counted, 64U);
  EXPECT_EQ((*out)[0]["range"], Json({0.0, 127.5}));
  plan.float_nodes.insert(layer.node);
  EXPECT_TRUE(histograms(graph, plan, std::vector{layer}, data)->empty()) << "a layer in float has no integers";
}

}  // namespace
}  // namespace verge
