#include "ir/patch.h"

#include <gtest/gtest.h>

#include "ir/text_form.h"

namespace verge {
namespace {

Graph chain() {
  return *parse_graph("input %x: f32[2]\n%a = relu(%x) \"a\"\n%b = neg(%a) \"b\"\n%c = abs(%b) \"c\"\noutput %c\n");
}
ValueId output_of(const Graph& g, size_t i) { return g.node(g.order()[i]).output(); }

TEST(Patch, ReplacesAValueAndDropsWhatNobodyReads) {
  Graph g = chain();
  Patch::replace(g, output_of(g, 1), output_of(g, 0)).apply(g);
  EXPECT_EQ(print_graph(g), "graph \"\"\ninput %x: f32[2]\n%a = relu(%x) \"a\"\n%c = abs(%a) \"c\"\noutput %c\n");
  EXPECT_TRUE(g.validate().ok());
}

TEST(Patch, ANewValueTakesTheNameOfTheOneItReplaces) {
  Graph g = chain();
  Patch p(g);
  p.replace(output_of(g, 1), p.add("softplus", {output_of(g, 0)}, {{"beta", 1.0}}, "a"));
  p.apply(g);
  EXPECT_EQ(print_graph(g), "graph \"\"\ninput %x: f32[2]\n%a = relu(%x) \"a\"\n%b = softplus(%a) {beta=1.0} \"a\"\n%c = abs(%b) \"c\"\noutput %c\n");
}

TEST(Patch, ANewNodeMayReadTheValueThatItReplaces) {
  Graph g = chain();
  const ValueId a = output_of(g, 0);
  Patch p(g);
  p.replace(a, p.add("mul", {a, p.constant(Tensor::scalar(2.0f), "two")}));
  p.apply(g);
  ASSERT_TRUE(g.validate().ok());
  EXPECT_EQ(print_graph(g),
            "graph \"\"\ninput %x: f32[2]\nconst %two: f32[] = [2]\n%a = relu(%x) \"a\"\n%a#2 = mul(%a, %two)\n%b = neg(%a#2) \"b\"\n%c = abs(%b) \"c\"\noutput %c\n");
}

TEST(Patch, ReplacesAGraphOutputUnderItsName) {
  Graph g = chain();
  Patch::replace(g, output_of(g, 2), output_of(g, 1)).apply(g);
  EXPECT_EQ(g.output_name(0), "c");
  EXPECT_EQ(g.order().size(), 2u);
}

TEST(Patch, AddsNodesWithSeveralOutputsAndSetsTypes) {
  Graph g = chain();
  Patch p(g);
  const auto halves = p.add_many({"split", {output_of(g, 0)}, {}, "s", 2, {}});
  TensorType type(DataType::kI8, Shape{1});
  type.quant = {{0.5f}, {3}, -1};
  p.set_type(halves[1], type);
  p.replace(output_of(g, 1), halves[1]);
  p.apply(g);
  EXPECT_EQ(print_graph(g),
            "graph \"\"\ninput %x: f32[2]\n%a = relu(%x) \"a\"\n%s, %b = split(%a) \"s\": none[*], i8[1]{scale=[0.5] zero=[3] axis=-1}\n%c = abs(%b) \"c\"\noutput %c\n");
}

}  // namespace
}  // namespace verge
