#include "base/cpu.h"

#include <gtest/gtest.h>

namespace verge {
namespace {

TEST(Cpu, ACapAdmitsItsOwnLineUpToItself) {
  const bool avx2 = cpu_has(Isa::kAvx2);
  set_isa_cap(Isa::kAny);
  EXPECT_TRUE(cpu_has(Isa::kAny));
  EXPECT_FALSE(cpu_has(Isa::kAvx2));
  EXPECT_FALSE(cpu_has(Isa::kAvx512));
  clear_isa_cap();
  EXPECT_EQ(cpu_has(Isa::kAvx2), avx2);
}

}  // namespace
}  // namespace verge
