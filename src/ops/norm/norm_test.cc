#include <gtest/gtest.h>

#include "ops/op.h"

namespace verge::ops {
namespace {

std::vector<double> reference(const std::string& op, const Attrs& attrs, const std::vector<Tensor>& in) {
  Graph g;
  std::vector<ValueId> values;
  for (const Tensor& t : in) values.push_back(g.add_constant(t));
  const NodeId id = g.add_node({op, values, attrs, "n"});
  const auto y = run_reference(g, g.node(id), in);
  EXPECT_TRUE(y.ok()) << (y.ok() ? "" : y.error().message());
  return y.ok() ? (*y)[0].to_doubles() : std::vector<double>();
}

Tensor of(Shape shape, std::vector<float> values) { return Tensor::of(shape, values); }

TEST(NormReference, ALayerIsCentredAndScaled) {
  EXPECT_EQ(reference("layer_norm", {{"epsilon", 0.0}}, {of({2, 2}, {1, 3, -4, 4}), of({2}, {1, 2}), of({2}, {0, 10})}), (std::vector<double>{-1, 12, -1, 12}));
  EXPECT_EQ(reference("rms_norm", {{"epsilon", 3.5}}, {of({1, 2}, {3, 4}), of({2}, {2, 1})}), (std::vector<double>{1.5, 1})) << "(9 + 16) / 2 + 3.5 is 4 squared";
}

TEST(NormReference, ABatchNormUsesTheGivenStatistics) {
  EXPECT_EQ(reference("batch_norm", {{"epsilon", 0.0}}, {of({1, 2, 2}, {1, 2, 3, 4}), of({2}, {1, 10}), of({2}, {0, 5}), of({2}, {1, 4}), of({2}, {4, 1})}),
            (std::vector<double>{0, 0.5, -5, 5}));
}

TEST(NormReference, BothLayoutsOfAGroupNormAgree) {
  const std::vector<Tensor> parameters = {of({4}, {1, 2, 3, 4}), of({4}, {0, 1, 0, 1})};
  const Tensor nchw = of({1, 4, 1, 2}, {1, 2, 5, 7, -1, -2, 8, 3}), nhwc = of({1, 1, 2, 4}, {1, 5, -1, 8, 2, 7, -2, 3});
  const auto a = reference("group_norm", {{"groups", int64_t{2}}}, {nchw, parameters[0], parameters[1]});
  const auto b = reference("group_norm", {{"groups", int64_t{2}}, {"layout", std::string("nhwc")}}, {nhwc, parameters[0], parameters[1]});
  for (size_t c = 0; c < 4; ++c)
    for (size_t w = 0; w < 2; ++w) EXPECT_EQ(a[c * 2 + w], b[w * 4 + c]);
}

TEST(NormReference, LrnLooksAtHalfItsSizeOnEitherSide) {
  const auto y = reference("lrn", {{"size", int64_t{2}}, {"alpha", 2.0}, {"beta", 1.0}, {"bias", 1.0}}, {of({1, 3, 1, 1}, {1, 2, 3})});
  EXPECT_EQ(y, (std::vector<double>{1.0f / 6, 2.0f / 14, 3.0f / 10}));  // size 2: itself and the next channel
}

TEST(NormInfer, SaysWhichParameterDoesNotFit) {
  Graph g;
  g.add_node({"layer_norm", {g.add_input("x", TensorType(DataType::kF32, {Dim::named("N"), 5})), g.add_constant(Tensor(DataType::kF32, {4}))}, {}, "n"});
  EXPECT_EQ(infer_types(g).error().message(), "node 'n' (layer_norm): input 1 is f32[4], wants 5 numbers");
}

}  // namespace
}  // namespace verge::ops
