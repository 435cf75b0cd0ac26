#include <gtest/gtest.h>

#include "ops/op.h"

namespace verge::ops {
namespace {

TEST(DenseReference, MultipliesByRowsOfTheWeights) {
  Graph g;
  const std::vector<Tensor> in = {Tensor::of<float>({2, 2}, {1, 2, 3, 4}), Tensor::of<float>({3, 2}, {1, 0, 0, 1, 10, 100}), Tensor::of<float>({3}, {0, 0, -50})};
  const NodeId id = g.add_node({"dense", {g.add_constant(in[0]), g.add_constant(in[1]), g.add_constant(in[2])}, {{"clamp_min", 1.5}}, "d"});
  const auto y = run_reference(g, g.node(id), in);
  ASSERT_TRUE(y.ok()) << y.error().message();
  EXPECT_EQ((*y)[0].to_doubles(), (std::vector<double>{1.5, 2, 160, 3, 4, 380}));
}

TEST(DenseInfer, NamesBothTypesWhenTheyDiffer) {
  Graph g;
  g.add_node({"dense", {g.add_input("x", TensorType(DataType::kF32, {Dim::named("N"), 5})), g.add_constant(Tensor(DataType::kF32, {3, 4}))}, {}, "d"});
  const auto r = infer_types(g);
  ASSERT_FALSE(r.ok());
  EXPECT_EQ(r.error().message(), "node 'd' (dense): input 0 is f32[N,5], its last dimension differs from that of weights f32[3,4]");
}

}  // namespace
}  // namespace verge::ops
