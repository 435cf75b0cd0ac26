#include "ir/graph.h"

#include <gtest/gtest.h>

#include "ir/text_form.h"

namespace verge {
namespace {

Graph parsed(const std::string& text) {
  auto graph = parse_graph(text);
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.error().message());
  return graph.ok() ? *graph : Graph();
}

ValueId named(const Graph& g, const std::string& name) {
  for (uint32_t i = 0; i < g.value_count(); ++i)
    if (g.value({i}).name == name) return {i};
  return {};
}

const char* const kDiamond =
    R"(graph "d"
input %x: f32[2]
%a = relu(%x) "a"
%b = neg(%a) "b"
%c = abs(%a) "c"
%y = add(%b, %c) "y"
output %y
)";

TEST(Graph, FindsProducersAndUsers) {
  const Graph g = parsed(kDiamond);
  const ValueId a = named(g, "a");
  EXPECT_EQ(g.producer(a)->op, "relu");
  EXPECT_EQ(g.producer(named(g, "x")), nullptr);
  ASSERT_EQ(g.users(a).size(), 2u);
  EXPECT_EQ(g.node(g.users(a)[1]).op, "abs");
  EXPECT_EQ(g.all_users()[a.index], g.users(a));
  EXPECT_TRUE(g.is_output(named(g, "y")));
  EXPECT_TRUE(g.is_input(named(g, "x")));
}

TEST(Graph, CountsAUserThatReadsAValueTwiceOnce) {
  const Graph g = parsed("input %x: f32[1]\n%y = mul(%x, %x)\noutput %y\n");
  EXPECT_EQ(g.users(named(g, "x")).size(), 1u);
  EXPECT_EQ(g.all_users()[named(g, "x").index].size(), 1u);
}

TEST(Graph, RemovesChainsThatNobodyReads) {
  Graph g = parsed(kDiamond);
  g.set_output(0, named(g, "b"));
  EXPECT_EQ(g.remove_dead(), 2u);
  EXPECT_EQ(g.order().size(), 2u);
  EXPECT_EQ(g.producer(named(g, "y")), nullptr);
  EXPECT_TRUE(g.validate().ok());
}

TEST(Graph, ReplacesUsesInNodesAndOutputsAndKeepsTheOutputsName) {
  Graph g = parsed(kDiamond);
  g.replace_uses(named(g, "y"), named(g, "a"));
  EXPECT_EQ(g.outputs()[0], named(g, "a"));
  EXPECT_EQ(g.output_name(0), "y");
}

TEST(Graph, SortsAfterEditsAndFindsCycles) {
  Graph g = parsed("input %x: f32[1]\n%a = relu(%x)\n%b = neg(%x)\noutput %a\noutput %b\n");
  const NodeId relu = g.order()[0], neg = g.order()[1];
  g.node(relu).inputs[0] = g.node(neg).output();
  const auto broken = g.validate();
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().message(), "node '#0' (relu) reads 'b' before anything produces it");
  EXPECT_TRUE(g.sort());
  EXPECT_TRUE(g.validate().ok());
  EXPECT_EQ(g.order()[0], neg);
  g.node(neg).inputs[0] = g.node(relu).output();
  EXPECT_FALSE(g.sort());
}

TEST(Graph, ValidationNamesAnOutputThatIsNeverProduced) {
  Graph g;
  g.add_output(g.add_value("ghost"), "result");
  ASSERT_FALSE(g.validate().ok());
  EXPECT_EQ(g.validate().error().message(), "graph output 'result' is never produced");
}

TEST(Graph, CompactsAwayDeadNodesAndUnreadConstants) {
  Graph g = parsed("graph \"g\"\nmeta \"k\" = \"v\"\ninput %x: f32[1]\nconst %w: f32[1] = [2]\n%a = relu(%x) \"a\"\n%b = mul(%x, %w) \"b\"\noutput %a as \"o\"\n");
  const Graph small = g.compacted();
  EXPECT_EQ(small.value_count(), 2u);
  EXPECT_EQ(print_graph(small), "graph \"g\"\nmeta \"k\" = \"v\"\ninput %x: f32[1]\n%a = relu(%x) \"a\"\noutput %a as \"o\"\n");
}

TEST(TensorType, KnowsWhetherItIsStatic) {
  EXPECT_TRUE(TensorType(DataType::kF32, Shape{}).is_static());
  EXPECT_FALSE(TensorType().is_static());
  EXPECT_FALSE(TensorType(DataType::kF32, std::vector<Dim>{1, Dim::named("N")}).is_static());
}

TEST(Node, ConvertsBetweenNumbersAndFallsBackOnOtherKinds) {
  Node n;
  n.attrs = {{"i", int64_t{2}}, {"r", 2.5}, {"t", std::string("x")}};
  EXPECT_EQ(n.integer("r"), 2);
  EXPECT_EQ(n.real("i"), 2.0);
  EXPECT_EQ(n.integer("t", 9), 9);
  EXPECT_EQ(n.text("i", "else"), "else");
  EXPECT_EQ(n.integers("absent", {1}), std::vector<int64_t>{1});
}

}  // namespace
}  // namespace verge
