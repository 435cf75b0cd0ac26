#include "base/integers.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace verge {
namespace {

TEST(Integers, ARealNumberBecomesAnIntegerThatExists) {
  EXPECT_EQ(to_integer<int64_t>(-2.67079e38), INT64_MIN);
  EXPECT_EQ(to_integer<int64_t>(0x1p63), INT64_MAX);
  EXPECT_EQ(to_integer<int32_t>(-2147483649.0), INT32_MIN);
  EXPECT_EQ(to_integer<uint8_t>(-1.0), 0);
  EXPECT_EQ(to_integer<int8_t>(-3.9), -3);
  EXPECT_EQ(to_integer<int64_t>(std::numeric_limits<double>::quiet_NaN()), 0);
}

}  // namespace
}  // namespace verge
