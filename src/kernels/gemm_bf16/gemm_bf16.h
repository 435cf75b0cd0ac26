// Matrix product in bf16 with float sums: what convolution, dense layers and matrix products share.
//
//   y[i, j] = clamp(bias[j] + sum over c < k of a[i, c] * w[c, j] (+ residual[i, j]), min, max)
//
// a and w are bf16: products are exact in float, sums are rounded to float in an order that the kernel chooses from all_rows and k alone. Numbers below
// 2^-126 count as zero where the processor takes them so. bias is f32; residual and y are f32 or bf16, to which a sum is rounded once, when it is stored.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/bf16/bf16.h"
#include "kernels/clamp_f32.h"
#include "kernels/select.h"

namespace verge {

inline constexpr size_t kPanelBf16 = 16;  // columns of a panel
inline constexpr size_t kStepBf16 = 32;   // k is filled up with zeros to a multiple: what a tile holds
inline constexpr size_t kRowsBf16 = 16;   // of fewer rows so many are read; those behind the last need not hold numbers

inline constexpr size_t padded_k_bf16(size_t k) { return (k + kStepBf16 - 1) / kStepBf16 * kStepBf16; }
inline constexpr size_t padded_n_bf16(size_t n) { return (n + kPanelBf16 - 1) / kPanelBf16 * kPanelBf16; }

// Elements of packed weights: panels of 16 columns, each padded_k / 2 rows of [16 columns][2 neighbours of k].
inline constexpr size_t packed_weights_bf16_size(size_t n, size_t k) { return padded_n_bf16(n) * padded_k_bf16(k); }
// From w[n][k].
void pack_weights_bf16(size_t n, size_t k, const float* w, uint16_t* packed);
// The same of a matrix that is computed at run time, element (c, j) at b[c * row_step + j * column_step]; one of the steps is 1.
void pack_matrix_bf16(size_t n, size_t k, Reals b, size_t row_step, size_t column_step, uint16_t* packed);

struct GemmBf16 {
  size_t all_rows = 0;          // of the product that this is a part of: the order of sums follows from it
  size_t k = 0;                 // padded
  const uint16_t* a = nullptr;  // element c of row i lies at a[i * a_step + run_at[c / run] + c % run], run = k / runs; 64-byte aligned
  size_t a_step = 0;            // at lines of 64 bytes or not; the first is faster
  size_t runs = 1;              // each a multiple of kStepBf16
  const uint32_t* run_at = nullptr;  // null: one run at 0
  // Of every `width` rows the first `valid` have a row of y and residual, one after the other; the others are not stored. 0: all have.
  size_t valid = 0, width = 0;
  const uint16_t* weights = nullptr;  // the first panel, 64-byte aligned
  bool weights_are_far = false;       // not in a cache that is near: fetch them ahead
  const float* bias = nullptr;        // padded_n_bf16(n), never null
  Reals residual;                     // or null; may be output
  size_t residual_step = 0;
  RealsOut output;
  size_t output_step = 0;
  ClampF32 clamp;

  size_t run() const { return k / runs; }
  size_t run_start(size_t i) const { return run_at ? run_at[i] : 0; }
  bool stores(size_t row) const { return width == 0 || row % width < valid; }
  // Where a row is stored, or the next one that is.
  size_t output_row(size_t row) const { return width == 0 ? row : row / width * valid + (row % width < valid ? row % width : valid); }
  const uint16_t* panel(size_t column) const { return weights + column / kPanelBf16 * kPanelBf16 * k; }
};

// m rows, n columns; neither is limited.
using GemmBf16Fn = void (*)(size_t m, size_t n, const GemmBf16& args);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t m, size_t n, const GemmBf16& args);)
#include "kernels/gemm_bf16/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<GemmBf16Fn>> gemm_bf16_kernels();
GemmBf16Fn pick_gemm_bf16();

}  // namespace verge
