#include "kernels/lut/lut_i8.h"

#include <gtest/gtest.h>

#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

class LutI8Test : public ::testing::TestWithParam<Kernel<LutI8Fn>> {};

TEST_P(LutI8Test, LooksUpEveryByteAtEveryLength) {
  testing::Random random(7);
  std::vector<uint8_t> table(256);
  for (auto& v : table) v = static_cast<uint8_t>(random.next());
  for (const size_t n : {0, 1, 15, 16, 17, 31, 32, 63, 64, 65, 96, 129, 256, 1000}) {
    std::vector<uint8_t> x(n), y(n + 1, 42);
    for (size_t i = 0; i < n; ++i) x[i] = static_cast<uint8_t>(i * 167 + n);
    GetParam().fn(n, x.data(), table.data(), y.data());
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], table[x[i]]) << "n=" << n << " i=" << i;
    ASSERT_EQ(y[n], 42) << "wrote past the end, n=" << n;
    GetParam().fn(n, x.data(), table.data(), x.data());
    ASSERT_TRUE(std::equal(x.begin(), x.end(), y.begin())) << "in place, n=" << n;
  }
}

VERGE_FOR_EACH_KERNEL(LutI8Test, lut_i8_kernels());

}  // namespace
}  // namespace verge
