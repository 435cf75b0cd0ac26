#include "quant/narrow_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace verge {
namespace {

Tensor noise(Shape shape, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Tensor t(DataType::kF32, shape);
  for (float& x : t.mut<float>()) x = normal(random);
  return t;
}

// The largest sum of rounding errors, in steps, over the `count` elements from `first` on that lie `stride` apart.
double sum_of_errors(const Tensor& w, const Tensor& q, size_t channel, size_t first, size_t stride, size_t count) {
  double sum = 0;
  const size_t size = static_cast<size_t>(w.count()) / q.quant().scale.size();
  for (size_t k = 0, i = channel * size + first; k < count; ++k, i += stride) sum += q.values<int8_t>()[i] - w.values<float>()[i] / q.quant().scale[channel];
  return sum;
}

TEST(NarrowWeights, ErrorsOfAChannelCancel) {
  const Tensor w = noise({8, 3, 3, 16}, 1), q = narrow_weights(w, 4);
  for (size_t c = 0; c < 8; ++c) EXPECT_LT(std::fabs(sum_of_errors(w, q, c, 0, 1, 144)), 1.5) << "channel " << c;  // clipped tails may leave a step
}

TEST(NarrowWeights, StaysOnTheGrid) {
  const Tensor q = narrow_weights(noise({4, 32}, 2), 4);
  for (int8_t v : q.values<int8_t>()) EXPECT_TRUE(v >= -8 && v <= 7) << static_cast<int>(v);
}

TEST(NarrowWeights, ZerosStayZeros) {
  const Tensor q = narrow_weights(Tensor(DataType::kF32, {2, 8}), 4);
  for (int8_t v : q.values<int8_t>()) EXPECT_EQ(v, 0);
}

}  // namespace
}  // namespace verge
