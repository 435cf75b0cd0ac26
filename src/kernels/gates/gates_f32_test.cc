#include "kernels/gates/gates_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testing/seeded.h"

namespace verge {
namespace {

using testing::seeded_floats;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct Cells {
  std::vector<float> gates, x, h, c, y;
  explicit Cells(size_t n, size_t count)
      : gates(seeded_floats(n * count, 1, -6, 6)), x(seeded_floats(n * count, 2, -6, 6)), h(seeded_floats(n, 3)), c(seeded_floats(n, 4)), y(n + 1, 42.0f) {}
  double sum(size_t at) const { return static_cast<double>(gates[at]) + x[at]; }
};

constexpr size_t kSizes[] = {1, 7, 8, 15, 16, 17, 64, 100};

TEST(GatesF32, LstmAgreesWithDouble) {
  for (const auto& kernel : gates_f32_kernels())
    for (size_t n : kSizes) {
      if (!cpu_has(kernel.isa)) continue;
      const Cells before(n, 4);
      Cells cells = before;
      kernel.fn().lstm({cells.gates.data(), cells.x.data(), cells.h.data(), cells.c.data(), cells.y.data(), n});
      for (size_t i = 0; i < n; ++i) {
        const double c = sigmoid(before.sum(2 * n + i)) * before.c[i] + sigmoid(before.sum(i)) * std::tanh(before.sum(3 * n + i));
        const double h = sigmoid(before.sum(n + i)) * std::tanh(c);
        ASSERT_NEAR(cells.c[i], c, 2e-6) << kernel.name << " n=" << n << " i=" << i;
        ASSERT_NEAR(cells.h[i], h, 2e-6) << kernel.name << " n=" << n << " i=" << i;
        ASSERT_EQ(cells.y[i], cells.h[i]);
      }
      EXPECT_EQ(cells.y[n], 42.0f) << "wrote past the end, n=" << n;
    }
}

TEST(GatesF32, GruAgreesWithDouble) {
  for (const auto& kernel : gates_f32_kernels())
    for (size_t n : kSizes) {
      if (!cpu_has(kernel.isa)) continue;
      const Cells before(n, 3);
      Cells cells = before;
      kernel.fn().gru({cells.gates.data(), cells.x.data(), cells.h.data(), nullptr, cells.y.data(), n});
      for (size_t i = 0; i < n; ++i) {
        const double z = sigmoid(before.sum(i)), r = sigmoid(before.sum(n + i));
        const double candidate = std::tanh(r * before.gates[2 * n + i] + before.x[2 * n + i]);
        ASSERT_NEAR(cells.h[i], (1 - z) * candidate + z * before.h[i], 4e-6) << kernel.name << " n=" << n << " i=" << i;
        ASSERT_EQ(cells.y[i], cells.h[i]);
      }
      EXPECT_EQ(cells.y[n], 42.0f) << "wrote past the end, n=" << n;
    }
}

}  // namespace
}  // namespace verge
