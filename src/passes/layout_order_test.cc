#include "passes/layout_order.h"

#include <gtest/gtest.h>

namespace verge::passes {
namespace {

using Dims = std::vector<Dim>;
const Order kLast{0, 2, 3, 1};

TEST(ThroughReshape, CarriesAnOrderThatTheReshapeDoesNotTearApart) {
  EXPECT_EQ(through_reshape(Dims{2, 8, 4, 4}, Dims{2, 8, 16}, kLast), (Order{0, 2, 1}));
  EXPECT_EQ(through_reshape(Dims{2, 8, 16}, Dims{2, 8, 4, 4}, {0, 2, 1}), kLast);
  EXPECT_EQ(through_reshape(Dims{2, 8, 4, 4}, Dims{2, 2, 4, 4, 4}, kLast), (Order{0, 3, 4, 1, 2}));
  EXPECT_EQ(through_reshape(Dims{2, 8, 4, 4}, Dims{8, 8, 4}, kLast), std::nullopt);
  EXPECT_EQ(through_reshape(Dims{2, 8, 4, 4}, Dims{2, 128}, kLast), std::nullopt);
  EXPECT_EQ(through_reshape(Dims{2, 8, 4, 4}, Dims{2, 128}, plain_order(4)), plain_order(2));
}

TEST(ThroughReshape, SizesOfOneMayStandAnywhere) {
  EXPECT_EQ(through_reshape(Dims{1, 8, 1, 1}, Dims{1, 8}, kLast), plain_order(2));
  EXPECT_EQ(through_reshape(Dims{1, 8, 1, 1}, Dims{1, 1, 8, 1}, kLast), kLast);
  EXPECT_EQ(through_reshape(Dims{1, 8, 1, 5}, Dims{1, 8, 5}, kLast), (Order{0, 2, 1}));
  EXPECT_EQ(through_reshape(Dims{1, 8, 5}, Dims{1, 8, 1, 5}, {0, 2, 1}), kLast);
  EXPECT_EQ(through_reshape(Dims{1, 1, 4, 5}, Dims{1, 20}, kLast), plain_order(2));
}

TEST(ThroughReshape, TellsSymbolsApart) {
  const Dim n = Dim::named("N"), m = Dim::named("M");
  EXPECT_EQ(through_reshape(Dims{n, 8, 4, 4}, Dims{n, 8, 16}, kLast), (Order{0, 2, 1}));
  EXPECT_EQ(through_reshape(Dims{n, 8, 4, 4}, Dims{m, 8, 16}, kLast), std::nullopt);
  EXPECT_EQ(through_reshape(Dims{Dim(), 8, 4, 4}, Dims{Dim(), 8, 16}, kLast), std::nullopt);
}

TEST(ThroughReshape, SurvivesEmptyTensors) {
  EXPECT_EQ(through_reshape(Dims{0, 8}, Dims{8, 0}, {1, 0}), std::nullopt);
  EXPECT_EQ(through_reshape(Dims{0}, Dims{0, 3}, {0}), std::nullopt);
}

TEST(Orders, ConvertIntoEachOther) {
  EXPECT_EQ(inverse(kLast), (Order{0, 3, 1, 2}));
  EXPECT_EQ(transpose_between(plain_order(4), kLast), (std::vector<int64_t>{0, 2, 3, 1}));
  EXPECT_EQ(transpose_between(kLast, plain_order(4)), (std::vector<int64_t>{0, 3, 1, 2}));
  EXPECT_TRUE(differ(Dims{1, 8, 4, 4}, kLast, plain_order(4)));
  EXPECT_FALSE(differ(Dims{1, 8, 1, 1}, kLast, plain_order(4)));
  EXPECT_FALSE(differ(Dims{2, 1, 4, 4}, kLast, plain_order(4)));
}

TEST(Transposed, MovesElementsOfAnyWidthAndTheAxisOfScales) {
  Tensor t = Tensor::of<int8_t>({2, 3}, std::vector<int8_t>{1, 2, 3, 4, 5, 6});
  t.set_quant({{1, 2}, {0, 0}, 0});
  const Tensor turned = transposed(t, {1, 0});
  EXPECT_EQ(turned.to_ints(), (std::vector<int64_t>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(turned.quant().axis, 1);
  const Tensor nibbles = cast_tensor(Tensor::of<int64_t>({2, 3}, std::vector<int64_t>{1, 2, 3, -4, 5, 6}), DataType::kI4);
  EXPECT_EQ(transposed(nibbles, {1, 0}).to_ints(), (std::vector<int64_t>{1, -4, 2, 5, 3, 6}));
}

}  // namespace
}  // namespace verge::passes
