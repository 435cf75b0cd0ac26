// Softmax along the last axis of int8 or uint8, as the reference kernel of TensorFlow Lite Micro computes it.
//
//   e[i] = table.at(max of the row - x[i])                                        Q0
//   s    = sum of e[i], each rounded to 12 integer bits
//   y[i] = clamp(rounding_shift_right(doubling_high_mul(1 / s, e[i]), k) + lowest of y's type)
//
// y has zero point lowest and scale 2^-8 (int8, uint8) or 2^-16 (int16). A row depends on nothing but itself, so the caller may split rows.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {

inline constexpr size_t kSoftmaxTable = 256;

// exp(-i * x_scale * beta) for i = 0 .. 255 in fixed point, zero where the reference kernel skips it. Made at lowering, stored in the Program.
// Returns how many entries matter: those behind equal the last of them.
size_t make_softmax_table(float x_scale, float beta, int32_t* exp_table);

struct SoftmaxTable {
  const int32_t* exp = nullptr;
  size_t size = kSoftmaxTable;  // at least 1; beyond it the last entry holds
  int32_t at(int32_t distance) const { return exp[static_cast<size_t>(distance) < size ? static_cast<size_t>(distance) : size - 1]; }
};

enum class SoftmaxI8Types : uint8_t { kI8ToI8, kI8ToI16, kU8ToU8 };

// x: [rows, n]; y: [rows, n], may be x where it has x's type.
void softmax_i8(SoftmaxI8Types types, size_t rows, size_t n, SoftmaxTable table, const void* x, void* y);

}  // namespace verge
