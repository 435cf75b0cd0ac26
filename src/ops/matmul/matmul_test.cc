#include <gtest/gtest.h>

#include "ops/op.h"

namespace verge::ops {
namespace {

Result<std::string> inferred(std::vector<Dim> a, std::vector<Dim> b, int64_t trans_b = 0) {
  Graph g;
  const ValueId x = g.add_input("a", TensorType(DataType::kF32, std::move(a))), y = g.add_input("b", TensorType(DataType::kF32, std::move(b)));
  const NodeId id = g.add_node({"matmul", {x, y}, {{"trans_b", trans_b}}, "m"});
  VERGE_CHECK(infer_types(g));
  return g.type(g.node(id).output()).text();
}

TEST(MatmulInfer, BroadcastsLeadingDimensionsAndDropsVectors) {
  EXPECT_EQ(*inferred({2, 1, 4, 5}, {3, 5, 6}), "f32[2,3,4,6]");
  EXPECT_EQ(*inferred({5}, {2, 5, 6}), "f32[2,6]");
  EXPECT_EQ(*inferred({2, 4, 5}, {5}), "f32[2,4]");
  EXPECT_EQ(*inferred({5}, {5}), "f32[]");
  EXPECT_EQ(*inferred({Dim::named("N"), 4, 5}, {Dim::named("N"), 6, 5}, 1), "f32[N,4,6]");
}

TEST(MatmulInfer, SaysWhichTypesDoNotFit) {
  EXPECT_EQ(inferred({4, 5}, {6, 7}).error().message(), "node 'm' (matmul): inputs f32[4,5] and f32[6,7] differ in the dimension that the sum runs over");
}

TEST(MatmulReference, EachMatrixMeetsItsOwn) {
  Graph g;
  const std::vector<Tensor> in = {Tensor::of<float>({2, 1, 2}, {1, 2, 3, 4}), Tensor::of<float>({2, 2, 1}, {1, 10, 100, 1000})};
  const NodeId id = g.add_node({"matmul", {g.add_constant(in[0]), g.add_constant(in[1])}, {}, "m"});
  const auto y = run_reference(g, g.node(id), in);
  ASSERT_TRUE(y.ok()) << y.error().message();
  EXPECT_EQ((*y)[0].to_doubles(), (std::vector<double>{21, 4300}));
}

}  // namespace
}  // namespace verge::ops
