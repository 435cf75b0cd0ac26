#include <gtest/gtest.h>

#include "ops/op.h"

namespace verge::ops {
namespace {

Result<std::string> inferred(std::vector<Dim> x, std::vector<int64_t> shape) {
  Graph g;
  const ValueId in = g.add_input("x", TensorType(DataType::kF32, std::move(x)));
  const NodeId id = g.add_node({"reshape", {in}, {{"shape", shape}}, "r"});
  VERGE_CHECK(infer_types(g));
  return g.type(g.node(id).output()).text();
}

TEST(ReshapeInfer, CopiesAndFillsDimensions) {
  EXPECT_EQ(*inferred({2, 3, 4}, {0, -1}), "f32[2,12]");
  EXPECT_EQ(*inferred({2, 3, 4}, {4, 6}), "f32[4,6]");
}

TEST(ReshapeInfer, KeepsASymbolThatBothSidesShare) {
  EXPECT_EQ(*inferred({Dim::named("N"), 3, 4}, {0, -1}), "f32[N,12]");
}

TEST(ReshapeInfer, NamesNodeAndShapesWhenCountsDiffer) {
  const auto r = inferred({2, 3}, {4, 2});
  ASSERT_FALSE(r.ok());
  EXPECT_EQ(r.error().message(), "node 'r' (reshape): cannot reshape f32[2,3] to [4,2]: 6 elements against 8");
}

}  // namespace
}  // namespace verge::ops
