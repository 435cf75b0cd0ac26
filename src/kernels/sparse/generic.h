// The loop of sparse_f32.h over F32 of kernels/vec. Included by each instruction set's file behind its vector type.
#include <cstddef>
#include <cstdint>

#include "kernels/sparse/sparse_f32.h"

namespace verge {
namespace {

constexpr size_t kRegs = kSparseBlock / F32::kWidth;

// Sums of R rows of one panel; several chains of blocks, so that a row alone does not wait for its last sum.
template <size_t R, size_t Chains> struct PanelSums {
  F32::Reg sum[R][Chains][kRegs];

  void start(const float* bias) {
    for (size_t r = 0; r < R; ++r)
      for (size_t c = 0; c < Chains; ++c)
        for (size_t v = 0; v < kRegs; ++v) sum[r][c][v] = c == 0 ? F32::load(bias + v * F32::kWidth) : F32::set1(0);
  }
  void add(size_t chain, const float* const (&rows)[R], int32_t column, const float* w) {
    F32::Reg weights[kRegs];
    for (size_t v = 0; v < kRegs; ++v) weights[v] = F32::load(w + v * F32::kWidth);
    for (size_t r = 0; r < R; ++r) {
      const F32::Reg x = F32::set1(rows[r][column]);
      for (size_t v = 0; v < kRegs; ++v) sum[r][chain][v] = F32::fma(x, weights[v], sum[r][chain][v]);
    }
  }
  void write(size_t r, size_t width, const ClampF32& clamp, float* y) const {
    const F32::Reg low = F32::set1(clamp.min), high = F32::set1(clamp.max);
    for (size_t v = 0; v < kRegs && v * F32::kWidth < width; ++v) {
      F32::Reg total = sum[r][0][v];
      for (size_t c = 1; c < Chains; ++c) total = F32::add(total, sum[r][c][v]);
      total = F32::min(high, F32::max(low, total));
      const size_t left = width - v * F32::kWidth;
      if (left >= static_cast<size_t>(F32::kWidth)) F32::store(y + v * F32::kWidth, total);
      else F32::store_first(y + v * F32::kWidth, total, left);
    }
  }
};

template <size_t R, size_t Chains> void sparse_tile(size_t row, size_t panel, size_t width, const SparseF32& a) {
  const float* rows[R];
  for (size_t r = 0; r < R; ++r) rows[r] = a.input + (row + r) * a.input_step;
  PanelSums<R, Chains> sums;
  sums.start(a.bias + panel * kSparseBlock);
  const int32_t end = a.start[panel + 1];
  int32_t b = a.start[panel];
  for (; b + static_cast<int32_t>(Chains) <= end; b += Chains)
    for (size_t c = 0; c < Chains; ++c) sums.add(c, rows, a.column[b + c], a.weights + (b + c) * kSparseBlock);
  for (; b < end; ++b) sums.add(0, rows, a.column[b], a.weights + b * kSparseBlock);
  for (size_t r = 0; r < R; ++r) sums.write(r, width, a.clamp, a.output + (row + r) * a.output_step + panel * kSparseBlock);
}

template <size_t R, size_t Chains> void sparse_panel(size_t rows, size_t panel, size_t width, const SparseF32& a) {
  size_t row = 0;
  for (; row + R <= rows; row += R) sparse_tile<R, 1>(row, panel, width, a);
  for (; row < rows; ++row) sparse_tile<1, Chains>(row, panel, width, a);
}

}  // namespace
}  // namespace verge
