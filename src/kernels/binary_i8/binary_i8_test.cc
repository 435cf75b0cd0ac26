#include "kernels/binary_i8/binary_i8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "testing/isa.h"
#include "testing/seeded.h"

namespace verge {
namespace {

using testing::Random;

constexpr BinaryI8Op kOps[] = {BinaryI8Op::kAdd, BinaryI8Op::kSub, BinaryI8Op::kMul, BinaryI8Op::kPrelu, BinaryI8Op::kMax, BinaryI8Op::kMin};

double tflm_value(BinaryI8Op op, const BinaryI8& p, int32_t a, int32_t b) {
  switch (op) {
    case BinaryI8Op::kMul: return multiply_by_quantized_multiplier(a * b, p.z);
    case BinaryI8Op::kPrelu: return a < 0 ? multiply_by_quantized_multiplier(a * b, p.y) : multiply_by_quantized_multiplier(a, p.x);
    case BinaryI8Op::kMax: return std::max(a, b);
    case BinaryI8Op::kMin: return std::min(a, b);
    default: break;
  }
  const int32_t scale = 1 << (p.is_wide ? 15 : 20), x = multiply_by_quantized_multiplier(a * scale, p.x), y = multiply_by_quantized_multiplier(b * scale, p.y);
  return multiply_by_quantized_multiplier(op == BinaryI8Op::kAdd ? x + y : x - y, p.z);
}

double onnx_value(BinaryI8Op op, const BinaryI8& p, int32_t a, int32_t b) {
  if (op == BinaryI8Op::kMax || op == BinaryI8Op::kMin) return tflm_value(op, p, a, b);
  const float x = static_cast<float>(a) * p.x_scale, y = static_cast<float>(b) * p.y_scale;
  const float z = op == BinaryI8Op::kMul ? x * y : op == BinaryI8Op::kPrelu ? (a < 0 ? x * y : x) : op == BinaryI8Op::kAdd ? x + y : x - y;
  return std::nearbyint(z / p.z_scale);
}

int32_t expected(BinaryI8Op op, const BinaryI8& p, int32_t x, int32_t y) {
  const int32_t a = x - p.x_zero_point, b = y - p.y_zero_point;
  const double v = p.mode == RequantMode::kOnnx ? onnx_value(op, p, a, b) : tflm_value(op, p, a, b);
  return static_cast<int32_t>(std::fmin(std::fmax(v + p.z_zero_point, p.min), p.max));
}

BinaryI8 make_params(BinaryI8Op op, RequantMode mode, bool is_unsigned, uint64_t seed) {
  Random random(seed);
  const int32_t low = is_unsigned ? 0 : -128;
  const auto zero = [&] { return seed % 3 == 0 ? low : seed % 3 == 1 ? low + 255 : low + static_cast<int32_t>(random.next() % 256); };
  BinaryI8 p{.mode = mode, .is_unsigned = is_unsigned, .x_zero_point = zero(), .y_zero_point = zero(), .z_zero_point = zero(), .min = low, .max = low + 255};
  if (op == BinaryI8Op::kMax || op == BinaryI8Op::kMin) p.y_zero_point = p.z_zero_point = p.x_zero_point;
  p.x_scale = random.uniform(0.001f, 0.1f), p.y_scale = random.uniform(0.001f, 0.1f), p.z_scale = random.uniform(0.001f, 0.1f);
  if (op == BinaryI8Op::kAdd) set_add_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
  if (op == BinaryI8Op::kSub) set_sub_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
  if (op == BinaryI8Op::kMul) set_mul_multiplier(p.x_scale, p.y_scale, p.z_scale, &p);
  if (op == BinaryI8Op::kPrelu) set_prelu_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
  if (seed % 4 == 3) p.min = low + 20, p.max = low + 200;
  return p;
}

int32_t value(const std::vector<uint8_t>& v, size_t i, const BinaryI8& p) { return p.is_unsigned ? v[i] : static_cast<int8_t>(v[i]); }

class BinaryI8Test : public ::testing::TestWithParam<Kernel<BinaryI8Fn>> {};

TEST_P(BinaryI8Test, EveryPairOfBytes) {
  std::vector<uint8_t> x(65536), y(65536), z(65537, 42);
  for (size_t i = 0; i < 65536; ++i) x[i] = static_cast<uint8_t>(i >> 8), y[i] = static_cast<uint8_t>(i);
  for (const BinaryI8Op op : kOps)
    for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx})
      for (uint64_t seed = 0; seed < 4; ++seed) {
        const BinaryI8 p = make_params(op, mode, seed % 2, seed);
        GetParam().fn(op, p, {1, 65536, x.data(), 0, 1, y.data(), 0, 1, z.data(), 0});
        for (size_t i = 0; i < 65536; ++i)
          ASSERT_EQ(z[i], static_cast<uint8_t>(expected(op, p, value(x, i, p), value(y, i, p))))
              << "op " << static_cast<int>(op) << " mode " << static_cast<int>(mode) << " seed " << seed << " x " << value(x, i, p) << " y " << value(y, i, p);
        ASSERT_EQ(z[65536], 42);
      }
}

TEST_P(BinaryI8Test, SumsThatLieHalfWayBetweenIntegers) {
  std::vector<uint8_t> x(65536), y(65536), z(65536);
  for (size_t i = 0; i < 65536; ++i) x[i] = static_cast<uint8_t>(i >> 8), y[i] = static_cast<uint8_t>(i);
  for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx})
    for (const float z_scale : {0.125f, 0.25f, 0.5f, 1.0f, 2.0f, 3.0f}) {
      BinaryI8 p{.mode = mode, .x_zero_point = -3, .y_zero_point = 5, .z_zero_point = -128, .x_scale = 0.5f, .y_scale = 0.25f, .z_scale = z_scale};
      set_add_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
      GetParam().fn(BinaryI8Op::kAdd, p, {1, 65536, x.data(), 0, 1, y.data(), 0, 1, z.data(), 0});
      for (size_t i = 0; i < 65536; ++i)
        ASSERT_EQ(z[i], static_cast<uint8_t>(expected(BinaryI8Op::kAdd, p, value(x, i, p), value(y, i, p)))) << "scale " << z_scale << " x " << value(x, i, p) << " y " << value(y, i, p);
    }
}

TEST_P(BinaryI8Test, RunsAndSingleValuesOfAnyLength) {
  for (const BinaryI8Op op : kOps)
    for (const size_t n : {1, 5, 15, 16, 17, 32, 45, 64, 150})
      for (size_t steps = 0; steps < 4; ++steps) {
        const size_t rows = 3, x_step = steps & 1, y_step = steps >> 1, row = n + 2;
        const BinaryI8 p = make_params(op, steps == 3 && n > 17 ? RequantMode::kOnnx : RequantMode::kTflm, n % 2, n + steps);
        std::vector<uint8_t> x(x_step ? (rows - 1) * row + n : rows), y(y_step ? n : 1), z(rows * row, 42);  // y is the same for every row
        Random random(n);
        for (auto& v : x) v = static_cast<uint8_t>(random.next());
        for (auto& v : y) v = static_cast<uint8_t>(random.next());
        const size_t x_row = x_step ? row : 1;
        GetParam().fn(op, p, {rows, n, x.data(), x_row, x_step, y.data(), 0, y_step, z.data(), row});
        for (size_t r = 0; r < rows; ++r)
          for (size_t i = 0; i < row; ++i) {
            const int32_t want = i < n ? expected(op, p, value(x, r * x_row + i * x_step, p), value(y, i * y_step, p)) : 42;
            ASSERT_EQ(z[r * row + i], static_cast<uint8_t>(want))
                << "op " << static_cast<int>(op) << " n " << n << " steps " << steps << " r " << r << " i " << i;
          }
      }
}

TEST_P(BinaryI8Test, ShortRowsThatMeetTheSameRun) {
  for (const BinaryI8Op op : kOps)
    for (const size_t n : {1, 24, 96, 100}) {
      const size_t rows = 8192 / n + 3;
      const BinaryI8 p = make_params(op, RequantMode::kOnnx, n % 3 == 1, n);
      std::vector<uint8_t> x(rows * n), y(n), z(rows * n + 1, 42);
      Random random(n);
      for (auto& v : x) v = static_cast<uint8_t>(random.next());
      for (auto& v : y) v = static_cast<uint8_t>(random.next());
      GetParam().fn(op, p, {rows, n, x.data(), n, 1, y.data(), 0, 1, z.data(), n});
      for (size_t i = 0; i < rows * n; ++i)
        ASSERT_EQ(z[i], static_cast<uint8_t>(expected(op, p, value(x, i, p), value(y, i % n, p)))) << "op " << static_cast<int>(op) << " n " << n << " i " << i;
      ASSERT_EQ(z[rows * n], 42);
    }
}

TEST_P(BinaryI8Test, SixteenBits) {
  Random random(9);
  for (const BinaryI8Op op : kOps)
    for (const RequantMode mode : {RequantMode::kTflm, RequantMode::kOnnx})
      for (const size_t n : {1, 15, 16, 17, 1000}) {
        BinaryI8 p{
            .mode = mode, .is_wide = true, .min = -30000, .max = 32767, .x_scale = 2e-4f, .y_scale = 3e-4f, .z_scale = op == BinaryI8Op::kMul ? 2e-3f : 4e-4f};
        if (op == BinaryI8Op::kAdd) set_add_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
        if (op == BinaryI8Op::kSub) set_sub_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
        if (op == BinaryI8Op::kMul) set_mul_multiplier(p.x_scale, p.y_scale, p.z_scale, &p);
        if (op == BinaryI8Op::kPrelu) set_prelu_multipliers(p.x_scale, p.y_scale, p.z_scale, &p);
        std::vector<int16_t> x(n), y(n), z(n + 1, 42);
        for (size_t i = 0; i < n; ++i) x[i] = static_cast<int16_t>(random.next()), y[i] = static_cast<int16_t>(random.next());
        x[0] = -32768, y[0] = -32768;
        GetParam().fn(op, p, {1, n, x.data(), 0, 1, y.data(), 0, 1, z.data(), 0});
        for (size_t i = 0; i < n; ++i)
          ASSERT_EQ(z[i], expected(op, p, x[i], y[i])) << "op " << static_cast<int>(op) << " mode " << static_cast<int>(mode) << " x " << x[i] << " y " << y[i];
        ASSERT_EQ(z[n], 42);
      }
}

VERGE_FOR_EACH_KERNEL(BinaryI8Test, binary_i8_kernels());

}  // namespace
}  // namespace verge
