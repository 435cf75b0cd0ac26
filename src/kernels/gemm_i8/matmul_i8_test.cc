#include "kernels/gemm_i8/matmul_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace verge {
namespace {

struct Shape3 {
  size_t m, n, k;
};

void expect_formula(const Shape3& s, bool transposed, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> a(s.m * s.k), b(s.k * s.n), y(s.m * s.n);
  for (auto& v : a) v = static_cast<uint8_t>(random());
  for (auto& v : b) v = static_cast<uint8_t>(random());
  MatmulI8 p{.m = s.m, .n = s.n, .k = s.k, .a = a.data(), .a_unsigned = (seed & 1) != 0, .a_zero_point = 5, .b = b.data(), .b_row_step = transposed ? 1 : s.n,
             .b_column_step = transposed ? s.k : 1, .b_unsigned = (seed & 2) != 0, .b_zero_point = seed % 3 == 0 ? 0 : -7, .y = y.data(), .requant = {}, .multiplier = {}, .scale = 2e-3f};
  p.requant.mode = RequantMode::kOnnx;
  p.requant.zero_point = 3;
  std::vector<uint8_t> room(matmul_i8_scratch_size(s.n, s.k) + 64);
  void* scratch = room.data() + (64 - reinterpret_cast<uintptr_t>(room.data()) % 64) % 64;
  pack_matmul_i8(p, scratch);
  const ConvI8 conv = packed_matmul_i8(p, scratch);
  for (size_t i = 0; i < conv_i8_blocks(conv.geometry); ++i) conv_i8_block(conv, i);
  const auto view = [](uint8_t v, bool is_unsigned) { return int32_t{static_cast<int8_t>(v ^ (is_unsigned ? 0x80 : 0))}; };
  for (size_t i = 0; i < s.m; ++i)
    for (size_t j = 0; j < s.n; ++j) {
      int32_t sum = 0;
      for (size_t c = 0; c < s.k; ++c) sum += (view(a[i * s.k + c], p.a_unsigned) - 5) * (view(b[c * p.b_row_step + j * p.b_column_step], p.b_unsigned) - p.b_zero_point);
      const float want = std::fmin(std::fmax(std::nearbyint(static_cast<float>(sum) * p.scale) + 3, -128.0f), 127.0f);
      ASSERT_EQ(static_cast<int8_t>(y[i * s.n + j]), static_cast<int8_t>(want)) << s.m << "x" << s.n << "x" << s.k << " transposed " << transposed << " at " << i << ", " << j;
    }
}

TEST(MatmulI8, EqualsTheFormula) {
  uint32_t seed = 0;
  for (const Shape3& s : {Shape3{1, 1, 1}, Shape3{5, 17, 7}, Shape3{33, 48, 64}, Shape3{40, 35, 130}, Shape3{128, 128, 32}})
    for (const bool transposed : {false, true})
      for (int i = 0; i < 6; ++i) expect_formula(s, transposed, ++seed);
}

}  // namespace
}  // namespace verge
