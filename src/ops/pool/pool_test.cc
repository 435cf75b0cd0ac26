#include <gtest/gtest.h>

#include "ops/op.h"

namespace verge::ops {
namespace {

using List = std::vector<int64_t>;

struct Pooled {
  std::string type;
  std::vector<double> values;
};

Pooled pooled(const std::string& op, const Attrs& attrs, const Tensor& x) {
  Graph g;
  const NodeId id = g.add_node({op, {g.add_constant(x)}, attrs, "p"});
  EXPECT_TRUE(infer_types(g).ok());
  auto y = run_reference(g, g.node(id), std::span(&x, 1));
  EXPECT_TRUE(y.ok()) << (y.ok() ? "" : y.error().message());
  return {g.type(g.node(id).output()).text(), y.ok() ? (*y)[0].to_doubles() : std::vector<double>()};
}

Tensor row(std::vector<float> values) { return Tensor::of({1, 1, 1, static_cast<int32_t>(values.size())}, values); }

TEST(PoolReference, AnAverageLeavesPaddingOutUnlessItCounts) {
  const Attrs attrs = {{"kernel", List{1, 2}}, {"strides", List{1, 2}}, {"pads", List{0, 1, 0, 1}}};
  EXPECT_EQ(pooled("avg_pool", attrs, row({2, 4, 6, 8})).values, (std::vector<double>{2, 5, 8}));
  Attrs counted = attrs;
  counted["count_include_pad"] = int64_t{1};
  EXPECT_EQ(pooled("avg_pool", counted, row({2, 4, 6, 8})).values, (std::vector<double>{1, 5, 4}));
}

TEST(PoolReference, CeilModeAddsAWindowThatStartsInside) {
  const Attrs attrs = {{"kernel", List{1, 2}}, {"strides", List{1, 2}}, {"ceil_mode", int64_t{1}}};
  EXPECT_EQ(pooled("max_pool", attrs, row({1, 2, 3, 4, 5})).values, (std::vector<double>{2, 4, 5}));
  EXPECT_EQ(pooled("max_pool", attrs, row({1, 2, 3, 4})).values, (std::vector<double>{2, 4}));
  Attrs apart = attrs;
  apart["strides"] = List{1, 3};
  EXPECT_EQ(pooled("max_pool", apart, row({1, 2, 3})).type, "f32[1,1,1,1]");  // a second window would start behind the input
}

TEST(PoolReference, QuantisedAveragesRoundHalvesAwayFromZero) {
  Tensor x = Tensor::of<int8_t>({1, 1, 1, 4}, {1, 2, -1, -2});
  x.set_quant({{0.1f}, {5}, -1});
  EXPECT_EQ(pooled("avg_pool", {{"kernel", List{1, 2}}, {"strides", List{1, 2}}}, x).values, (std::vector<double>{2, -2}));
}

TEST(PoolInfer, KeepsTheInputsQuantisation) {
  Graph g;
  TensorType x(DataType::kI8, Shape{1, 4, 4, 2});
  x.quant = {{0.5f}, {3}, -1};
  const NodeId id = g.add_node({"max_pool", {g.add_input("x", x)}, {{"kernel", List{2, 2}}, {"layout", std::string("nhwc")}}, "p"});
  ASSERT_TRUE(infer_types(g).ok());
  EXPECT_EQ(g.type(g.node(id).output()).quant, x.quant);
}

}  // namespace
}  // namespace verge::ops
