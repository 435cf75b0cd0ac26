#include "kernels/softmax_i8/softmax_i8.h"

#include <bit>

#include "base/requant.h"
#include "kernels/requant/fixed_point.h"
#include "kernels/requant/scales.h"

namespace verge {
namespace {

constexpr int kDiffBits = 5, kSumBits = 12;  // integer bits of differences and of the sum

struct Reciprocal {
  int32_t value;      // Q0, of the sum scaled to [1, 2)
  int bits_over_one;  // by how many bits it was scaled

  explicit Reciprocal(uint32_t sum) {
    const int headroom = std::countl_zero(sum);
    bits_over_one = kSumBits - headroom;
    value = fixed_point::one_over_one_plus(static_cast<int32_t>((sum << headroom) - (1u << 31)));
  }
};

template <typename In, typename Out> void softmax_row(size_t n, SoftmaxTable table, const In* x, Out* y) {
  constexpr int32_t kLowest = sizeof(Out) == 2 ? -32768 : Out(-1) < 0 ? -128 : 0, kHighest = kLowest + (sizeof(Out) == 2 ? 65535 : 255);
  int32_t most = x[0];
  for (size_t i = 1; i < n; ++i) most = x[i] > most ? x[i] : most;
  uint32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += static_cast<uint32_t>(rounding_shift_right(table.at(most - x[i]), kSumBits));
  const Reciprocal reciprocal(sum);
  const int exponent = reciprocal.bits_over_one + 31 - static_cast<int>(sizeof(Out) * 8);
  for (size_t i = 0; i < n; ++i) {
    const int32_t q = rounding_shift_right(doubling_high_mul(reciprocal.value, table.at(most - x[i])), exponent) + kLowest;
    y[i] = static_cast<Out>(q > kHighest ? kHighest : q);
  }
}

template <typename In, typename Out> void softmax_rows(size_t rows, size_t n, SoftmaxTable table, const void* x, void* y) {
  for (size_t r = 0; r < rows && n > 0; ++r) softmax_row(n, table, static_cast<const In*>(x) + r * n, static_cast<Out*>(y) + r * n);
}

}  // namespace

size_t make_softmax_table(float x_scale, float beta, int32_t* exp_table) {
  const Multiplier m = fixed_point_multiplier(static_cast<double>(beta) * static_cast<double>(x_scale), kDiffBits);
  const int32_t radius = fixed_point_radius(m, kDiffBits);
  for (int32_t i = 0; i < static_cast<int32_t>(kSoftmaxTable); ++i)
    exp_table[i] = i <= radius ? fixed_point::exp_on_negative(multiply_by_quantized_multiplier(-i, m), kDiffBits) : 0;
  size_t n = kSoftmaxTable;
  while (n > 1 && exp_table[n - 2] == exp_table[n - 1]) --n;
  return n;
}

void softmax_i8(SoftmaxI8Types types, size_t rows, size_t n, SoftmaxTable table, const void* x, void* y) {
  switch (types) {
    case SoftmaxI8Types::kI8ToI8: return softmax_rows<int8_t, int8_t>(rows, n, table, x, y);
    case SoftmaxI8Types::kI8ToI16: return softmax_rows<int8_t, int16_t>(rows, n, table, x, y);
    case SoftmaxI8Types::kU8ToU8: return softmax_rows<uint8_t, uint8_t>(rows, n, table, x, y);
  }
}

}  // namespace verge
