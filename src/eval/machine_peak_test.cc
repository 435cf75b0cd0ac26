#include "eval/machine_peak.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

TEST(Roofline, TheLongerOfArithmeticAndTrafficBounds) {
  const MachinePeak peak{100e9, 400e9, 10e9};
  OpProfile p;
  p.p50_ms = 2;
  p.macs = 100e6;  // 1 ms in f32
  p.bytes = 5e6;   // 0.5 ms
  EXPECT_NEAR(roofline(p, peak, 1).share, 0.5, 1e-9);
  EXPECT_FALSE(roofline(p, peak, 1).by_memory);
  p.integer = true;  // 0.25 ms
  EXPECT_NEAR(roofline(p, peak, 1).share, 0.25, 1e-9);
  EXPECT_TRUE(roofline(p, peak, 1).by_memory);
}

TEST(MachinePeak, EveryInstructionSetIsMeasured) {
  const MachinePeak peak = measure_machine_peak(1 << 16);
  EXPECT_GT(peak.f32_macs_per_s, 1e7);
  EXPECT_GT(peak.int8_macs_per_s, 1e7);
  EXPECT_GT(peak.bytes_per_s, 1e7);
}

}  // namespace
}  // namespace verge
