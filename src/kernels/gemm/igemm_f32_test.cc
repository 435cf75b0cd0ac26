#include "kernels/gemm/igemm_f32.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/gemm/pack_f32.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::seeded_floats;

class IgemmF32Kernel : public ::testing::TestWithParam<Kernel<IgemmF32Fn>> {};

struct Case {
  size_t m, n, taps, k;
  bool residual = false;
  ClampF32 clamp = {};
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << "m=" << c.m << " n=" << c.n << " taps=" << c.taps << " k=" << c.k << (c.residual ? " residual" : "");
}

// Rows come in reverse order of memory, so that a kernel that steps instead of following pointers fails.
void check(IgemmF32Fn kernel, const Case& c, bool any_order) {
  const size_t total = c.taps * c.k, step = c.n + 3;
  const std::vector<float> x = seeded_floats(c.m * total, 1), w = seeded_floats(c.n * total, 2), bias = seeded_floats(c.n, 3);
  const std::vector<float> residual = seeded_floats(c.m * step, 4);
  std::vector<float> packed(packed_weights_f32_size(c.n, c.taps, c.k)), packed_bias(packed_bias_f32_size(c.n));
  pack_weights_f32(c.n, c.taps, c.k, w.data(), {total, c.k, 1}, packed.data());
  pack_bias_f32(c.n, bias.data(), packed_bias.data());
  std::vector<const float*> rows(c.m * c.taps);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = x.data() + (rows.size() - 1 - i) * c.k;
  std::vector<float> y(c.m * step, 42.0f);
  kernel(c.m, c.n,
         {.rows = rows.data(),
          .row_step = c.taps,
          .taps = c.taps,
          .k = c.k,
          .weights = packed.data(),
          .panel_step = 16 * total,
          .bias = packed_bias.data(),
          .residual = c.residual ? residual.data() : nullptr,
          .residual_step = step,
          .output = y.data(),
          .output_step = step,
          .clamp = c.clamp,
          .any_order = any_order});
  for (size_t i = 0; i < c.m; ++i)
    for (size_t j = 0; j < step; ++j) {
      const float got = y[i * step + j];
      if (j >= c.n) {
        ASSERT_EQ(got, 42.0f) << c << ": wrote past the end of row " << i;
        continue;
      }
      double sum = bias[j], size = std::fabs(bias[j]);
      for (size_t t = 0; t < total; ++t) {
        const double product = static_cast<double>(rows[i * c.taps + t / c.k][t % c.k]) * w[j * total + t];
        sum += product;
        size += std::fabs(product);
      }
      if (c.residual) sum += residual[i * step + j];
      const double want = std::fmin(std::fmax(sum, c.clamp.min), c.clamp.max);
      ASSERT_NEAR(got, want, static_cast<double>(total + 4) * 0x1p-24 * (size + 1)) << c << " i=" << i << " j=" << j;
    }
}

void check(IgemmF32Fn kernel, const Case& c) {
  check(kernel, c, false);
  check(kernel, c, true);
}

TEST_P(IgemmF32Kernel, AgreesWithPlainLoopsAroundTheTile) {
  for (size_t m : {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 23, 25})
    for (size_t n : {1, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 80}) check(GetParam().fn, {m, n, 1, 5});
}

TEST_P(IgemmF32Kernel, OneRowOfManyColumns) {
  for (size_t n : {32, 64, 100, 128, 129, 300}) check(GetParam().fn, {1, n, 1, 21});
}

TEST_P(IgemmF32Kernel, SumsOverTapsAndAnyChannelCount) {
  for (size_t k : {1, 2, 3, 4, 5, 8, 15, 16, 19})
    for (size_t taps : {1, 2, 9}) check(GetParam().fn, {13, 24, taps, k});
}

TEST_P(IgemmF32Kernel, ManyRowsAndPiecesOfK) {
  for (size_t m : {16, 31, 32, 33, 64, 300})
    for (size_t k : {31, 32, 33, 128, 129, 260}) check(GetParam().fn, {m, 40, 1, k});
  for (bool residual : {false, true}) {
    check(GetParam().fn, {70, 64, 9, 48, residual, {-0.5f, 0.75f}});
    check(GetParam().fn, {70, 39, 5, 53, residual, {-0.5f, 0.75f}});
  }
}

TEST_P(IgemmF32Kernel, AddsAResidualAndClamps) {
  for (size_t n : {5, 16, 21, 40}) {
    check(GetParam().fn, {14, n, 2, 6, true});
    check(GetParam().fn, {14, n, 2, 6, true, {-0.5f, 0.75f}});
    check(GetParam().fn, {3, n, 1, 9, false, {0.0f}});
  }
}

TEST_P(IgemmF32Kernel, LetsNanThroughTheClamp) {
  const float x = NAN;
  const float* row = &x;
  const std::vector<float> w(16, 1.0f), bias(16);
  std::vector<float> y(16, 42.0f);
  GetParam().fn(1, 16,
                {.rows = &row, .k = 1, .weights = w.data(), .panel_step = 16, .bias = bias.data(), .output = y.data(), .output_step = 16, .clamp = {0, 6}});
  for (float v : y) EXPECT_TRUE(std::isnan(v));
}

void check_splits(IgemmF32Fn kernel, size_t k, bool any_order) {
  const size_t m = 29, n = 177;
  const std::vector<float> x = seeded_floats(m * k, 5), w = seeded_floats(n * k, 6);
  std::vector<float> packed(packed_weights_f32_size(n, 1, k)), bias(packed_bias_f32_size(n));
  pack_weights_f32(n, 1, k, w.data(), {k, 0, 1}, packed.data());
  std::vector<const float*> rows(m);
  for (size_t i = 0; i < m; ++i) rows[i] = x.data() + i * k;
  std::vector<float> whole(m * n), parts(m * n);
  IgemmF32 args{.rows = rows.data(), .k = k, .weights = packed.data(), .panel_step = 16 * k, .bias = bias.data(), .output = whole.data(), .output_step = n, .any_order = any_order};
  kernel(m, n, args);
  for (size_t i = 0; i < m; i += 5)
    for (size_t j = 0; j < n; j += 16) {
      args.rows = &rows[i];
      args.weights = &packed[j * k];
      args.output = &parts[i * n + j];
      kernel(std::min<size_t>(5, m - i), std::min<size_t>(16, n - j), args);
    }
  EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(float)), 0);
  args.weights = packed.data();
  args.rows = &rows[3];
  args.output = &parts[3 * n];
  kernel(1, n, args);
  EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(float)), 0);
}

TEST_P(IgemmF32Kernel, SplittingRowsOrColumnsChangesNoBit) {
  for (size_t k : {37, 300})
    for (bool any_order : {false, true}) check_splits(GetParam().fn, k, any_order);
}

VERGE_FOR_EACH_KERNEL(IgemmF32Kernel, igemm_f32_kernels());

TEST(IgemmEvenF32, EqualsThePortableKernelsOrder) {
  for (const auto& kernel : igemm_even_f32_kernels()) {
    if (!cpu_has(kernel.isa)) continue;
    for (size_t m : {1, 5, 12, 16, 17, 40})
      for (size_t n : {7, 16, 24, 32, 50}) {
        const size_t k = 9, taps = 3, gap = 6, line = 300;
        const std::vector<float> x = seeded_floats(taps * line + m * gap + k, 5), w = seeded_floats(taps * k * ((n + 15) / 16 * 16), 6), bias = seeded_floats((n + 15) / 16 * 16, 7);
        std::vector<const float*> rows;
        for (size_t i = 0; i < m; ++i)
          for (size_t t = 0; t < taps; ++t) rows.push_back(x.data() + t * line + i * gap);
        std::vector<float> want(m * n + 1, 42.0f), got = want;
        IgemmF32 args{.rows = rows.data(), .row_step = taps, .row_gap = gap, .taps = taps, .k = k, .weights = w.data(), .panel_step = 16 * taps * k, .bias = bias.data(), .output = want.data(), .output_step = n, .clamp = {-2, 3}};
        pick_igemm_f32()(m, n, args);
        args.output = got.data();
        kernel.fn(m, n, args);
        EXPECT_EQ(want, got) << kernel.name << " m=" << m << " n=" << n;
      }
  }
}

}  // namespace
}  // namespace verge
