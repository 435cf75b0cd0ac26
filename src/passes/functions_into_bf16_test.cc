#include "passes/functions_into_bf16.h"

#include "passes/pass_test.h"
#include "passes/products_in_bf16.h"
#include "passes/values_in_bf16.h"

namespace verge::passes {
namespace {

ValueId dense(Graph& g, ValueId x) {
  const NodeId node = g.add_node({"dense", {x, g.add_constant(Tensor(DataType::kF32, {64, 64}))}, {}, "dense"});
  return g.node(node).output();
}

ValueId function(Graph& g, const char* op, ValueId x) { return g.node(g.add_node({op, {x}, {}, op})).output(); }

size_t count(Graph& g, ValueId y) {
  g.add_output(y, "y");
  EXPECT_TRUE(ops::infer_types(g).ok());
  products_in_bf16(g);
  values_in_bf16(g);
  return functions_into_bf16(g);
}

TEST(FunctionsIntoBf16, FollowTheProductThatAloneFeedsThem) {
  Graph g;
  const ValueId x = dense(g, g.add_input("x", TensorType(DataType::kF32, Shape{32, 64}))), y = function(g, "gelu", x);
  EXPECT_EQ(count(g, dense(g, y)), 1u);
  EXPECT_EQ(g.order().size(), 2u);
  EXPECT_EQ(g.node(g.order()[0]).text("activation"), "gelu");
  EXPECT_EQ(g.node(g.order()[1]).input(0), x);
}

TEST(FunctionsIntoBf16, StayWhereTheProductIsReadElsewhereOrIsF32) {
  Graph g;
  const ValueId x = dense(g, g.add_input("x", TensorType(DataType::kF32, Shape{32, 64}))), y = function(g, "silu", x);
  const NodeId sum = g.add_node({"add", {x, dense(g, y)}, {}, "sum"});
  const ValueId last = function(g, "sigmoid", dense(g, g.node(sum).output()));
  EXPECT_EQ(count(g, last), 0u);
}

}  // namespace
}  // namespace verge::passes
