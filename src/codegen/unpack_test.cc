#include "codegen/unpack.h"

#include <gtest/gtest.h>

#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/gemm_i8/conv_i8.h"
#include "testing/seeded.h"

namespace verge::codegen {
namespace {

std::vector<int8_t> random_weights(size_t n) {
  testing::Random random(7);
  std::vector<int8_t> w(n);
  for (int8_t& v : w) v = static_cast<int8_t>(random.next());
  return w;
}

TEST(Unpack, GivesBackWhatWasPacked) {
  for (int groups : {1, 2})
    for (int in_c : {2, 4, 6, 32})
      for (int out_c : {2, 16, 18, 34}) {
        const ConvGeometry g{.in_h = 5, .in_w = 5, .in_c = in_c, .out_h = 5, .out_w = 5, .out_c = out_c, .kernel_h = 3, .kernel_w = 2, .groups = groups};
        for (const bool nibbles : {false, true}) {
          std::vector<int8_t> w = random_weights(static_cast<size_t>(out_c) * g.taps() * g.group_in());
          for (int8_t& v : w) v = static_cast<int8_t>(nibbles ? v >> 4 : v);
          std::vector<int8_t> packed(static_cast<size_t>(groups) * conv_i8_layout(g, nibbles).bytes());
          pack_conv_i8(g, nibbles, w.data(), packed.data());
          EXPECT_EQ(unpack_conv_i8(g, nibbles, packed.data()), w) << "groups=" << groups << " in_c=" << in_c << " out_c=" << out_c;
        }
      }
}

TEST(Unpack, GivesBackDepthwiseWeights) {
  for (int channels : {1, 15, 16, 17}) {
    const ConvGeometry g{.in_h = 5, .in_w = 5, .in_c = channels, .out_h = 5, .out_w = 5, .out_c = channels, .kernel_h = 3, .kernel_w = 3, .groups = channels};
    const std::vector<int8_t> w = random_weights(static_cast<size_t>(channels) * g.taps());
    std::vector<int8_t> packed(packed_depthwise_i8_size(g));
    pack_depthwise_i8(g, w.data(), 1, g.taps(), packed.data());
    EXPECT_EQ(unpack_depthwise_i8(g, packed.data()), w) << "channels=" << channels;
  }
}

}  // namespace
}  // namespace verge::codegen
