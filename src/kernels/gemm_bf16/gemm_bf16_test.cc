#include "kernels/gemm_bf16/gemm_bf16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/half.h"
#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::seeded_floats;

class GemmBf16Kernel : public ::testing::TestWithParam<Kernel<GemmBf16Fn>> {};

float rounded(float x) {
  const uint32_t bits = static_cast<uint32_t>(float_to_bfloat(x)) << 16;
  float y;
  std::memcpy(&y, &bits, sizeof(y));
  return y;
}

struct Case {
  size_t m, n, k;
  bool residual = false;
  ClampF32 clamp = {};
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << "m=" << c.m << " n=" << c.n << " k=" << c.k << (c.residual ? " residual" : ""); }

// Rows of a in bf16, each filled up with zeros; behind the last lie others, no numbers, only where a kernel may read them.
std::vector<uint16_t> rows_of(const Case& c, const std::vector<float>& x) {
  const size_t step = padded_k_bf16(c.k);
  std::vector<uint16_t> a(std::max(c.m, kRowsBf16) * step, 0x7fc0);
  for (size_t i = 0; i < c.m * step; ++i) a[i] = i % step < c.k ? float_to_bfloat(x[i / step * c.k + i % step]) : uint16_t{0};
  return a;
}

void check(GemmBf16Fn kernel, const Case& c) {
  const size_t step = c.n + 3;
  const std::vector<float> x = seeded_floats(c.m * c.k, 1), w = seeded_floats(c.n * c.k, 2), residual = seeded_floats(c.m * step, 4);
  std::vector<float> bias = seeded_floats(c.n, 3), y(c.m * step, 42.0f);
  bias.resize(padded_n_bf16(c.n));
  std::vector<uint16_t> packed(packed_weights_bf16_size(c.n, c.k));
  pack_weights_bf16(c.n, c.k, w.data(), packed.data());
  const std::vector<uint16_t> a = rows_of(c, x);
  GemmBf16 g;
  g.all_rows = c.m, g.k = g.a_step = padded_k_bf16(c.k);
  g.a = a.data(), g.weights = packed.data(), g.bias = bias.data();
  g.residual = {c.residual ? residual.data() : nullptr, false}, g.residual_step = step;
  g.output = {y.data(), false}, g.output_step = step, g.clamp = c.clamp;
  kernel(c.m, c.n, g);
  for (size_t i = 0; i < c.m; ++i)
    for (size_t j = 0; j < step; ++j) {
      const float got = y[i * step + j];
      if (j >= c.n) {
        ASSERT_EQ(got, 42.0f) << c << ": wrote past the end of row " << i;
        continue;
      }
      double sum = bias[j], size = std::fabs(bias[j]);
      for (size_t t = 0; t < c.k; ++t) {
        const double product = static_cast<double>(rounded(x[i * c.k + t])) * rounded(w[j * c.k + t]);
        sum += product;
        size += std::fabs(product);
      }
      if (c.residual) sum += residual[i * step + j];
      const double want = std::fmin(std::fmax(sum, c.clamp.min), c.clamp.max);
      ASSERT_NEAR(got, want, static_cast<double>(c.k + 4) * 0x1p-24 * (size + 1)) << c << " i=" << i << " j=" << j;
    }
}

TEST_P(GemmBf16Kernel, AgreesWithPlainLoopsAroundTheTile) {
  for (size_t m : {1, 2, 4, 5, 6, 12, 15, 16, 17, 31, 32, 33, 48, 50, 65})
    for (size_t n : {1, 7, 15, 16, 17, 31, 32, 33, 48, 49, 80}) check(GetParam().fn, {m, n, 37});
}

TEST_P(GemmBf16Kernel, OneRowOfManyColumns) {
  for (size_t n : {100, 128, 129, 300}) check(GetParam().fn, {1, n, 65});
}

TEST_P(GemmBf16Kernel, SumsOfAnyLength) {
  for (size_t k : {1, 2, 3, 31, 32, 33, 64, 640, 641, 1300, 2000}) check(GetParam().fn, {37, 40, k});
}

TEST_P(GemmBf16Kernel, MoreRowsThanABlockHolds) {
  check(GetParam().fn, {300, 33, 1400, true});
  check(GetParam().fn, {515, 16, 64});
}

TEST_P(GemmBf16Kernel, AddsAResidualAndClamps) {
  for (size_t n : {5, 16, 21, 64}) {
    check(GetParam().fn, {34, n, 100, true});
    check(GetParam().fn, {34, n, 100, true, {-0.5f, 0.75f}});
    check(GetParam().fn, {3, n, 9, false, {0.0f}});
  }
}

TEST_P(GemmBf16Kernel, SplittingRowsOrColumnsChangesNoBit) {
  const Case c{61, 96, 700};
  const std::vector<float> x = seeded_floats(c.m * c.k, 5), w = seeded_floats(c.n * c.k, 6), bias = seeded_floats(c.n, 7);
  std::vector<uint16_t> packed(packed_weights_bf16_size(c.n, c.k));
  pack_weights_bf16(c.n, c.k, w.data(), packed.data());
  const std::vector<uint16_t> a = rows_of(c, x);
  std::vector<float> whole(c.m * c.n), parts(c.m * c.n);
  GemmBf16 g;
  g.all_rows = c.m, g.k = g.a_step = padded_k_bf16(c.k);
  g.a = a.data(), g.weights = packed.data(), g.bias = bias.data(), g.output = {whole.data(), false}, g.output_step = c.n;
  GetParam().fn(c.m, c.n, g);
  for (size_t i = 0; i < c.m; i += 20)
    for (size_t j = 0; j < c.n; j += 32) {
      GemmBf16 part = g;
      part.a += i * g.a_step, part.weights += j * g.k, part.bias += j, part.output = {parts.data() + i * c.n + j, false};
      GetParam().fn(std::min<size_t>(20, c.m - i), 32, part);
    }
  EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(float)), 0);
}

std::vector<uint16_t> halves(const std::vector<float>& x) {
  std::vector<uint16_t> out;
  for (float v : x) out.push_back(float_to_bfloat(v));
  return out;
}

TEST(PackMatrixBf16, RowsAndColumnsGiveTheSamePanels) {
  for (const size_t n : {1, 16, 21, 40})
    for (const size_t k : {1, 5, 32, 77, 300}) {
      const std::vector<float> b = seeded_floats(n * k, 8);
      std::vector<float> turned(n * k);
      for (size_t i = 0; i < n * k; ++i) turned[i % n * k + i / n] = b[i];
      std::vector<uint16_t> rows(packed_weights_bf16_size(n, k), 1), columns(rows.size(), 2);
      pack_matrix_bf16(n, k, {b.data(), false}, n, 1, rows.data());
      pack_matrix_bf16(n, k, {turned.data(), false}, 1, k, columns.data());
      EXPECT_EQ(rows, columns) << "n=" << n << " k=" << k;
      pack_matrix_bf16(n, k, {halves(b).data(), true}, n, 1, columns.data());
      EXPECT_EQ(rows, columns) << "bf16, n=" << n << " k=" << k;
      pack_matrix_bf16(n, k, {halves(turned).data(), true}, 1, k, columns.data());
      EXPECT_EQ(rows, columns) << "bf16 columns, n=" << n << " k=" << k;
    }
}

VERGE_FOR_EACH_KERNEL(GemmBf16Kernel, gemm_bf16_kernels());

}  // namespace
}  // namespace verge
