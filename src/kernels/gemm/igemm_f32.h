// Indirect matrix product: what convolution, dense layers and matrix products share.
//
//   y[i, j] = clamp(bias[j] + sum over t < taps, c < k of rows[i * row_step + t][c] * w[t * k + c, j] (+ residual[i, j]), min, max)
//
// Every y is summed in the order bias, t, c on every kernel, unless the caller leaves the order free; and in one order for every m and n, so that splitting
// the work changes no result.
// Kernels read and write exactly what the shapes say: inputs and outputs need no padding; weights and bias are padded by packing.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/clamp_f32.h"
#include "kernels/select.h"

namespace verge {

// Columns in a panel of packed weights. Panel p holds k_total rows of 16 floats: columns 16p to 16p + 15, zeros beyond n. 64-byte aligned.
inline constexpr size_t kPanelF32 = 16;

struct IgemmF32 {
  const float* const* rows = nullptr;  // [m][row_step], the first `taps` of each row are read
  size_t row_step = 1;
  size_t row_gap = 0;               // of igemm_even_f32 alone: floats from what a row reads to what the next one reads; rows has the first row's pointers
  size_t taps = 1;
  size_t k = 0;                     // contiguous floats behind each pointer
  const float* weights = nullptr;   // first row of the first panel to use
  size_t panel_step = 0;            // floats from a panel to the next: 16 * k_total of the packing
  const float* bias = nullptr;      // n rounded up to 16, never null
  const float* residual = nullptr;  // or null; may be output
  size_t residual_step = 0;         // floats from a row to the next
  float* output = nullptr;
  size_t output_step = 0;
  ClampF32 clamp;
  bool any_order = false;           // sums may be made in pieces: where no integers follow that have to be equal on every processor
};

// m rows, n columns; neither is limited.
using IgemmF32Fn = void (*)(size_t m, size_t n, const IgemmF32& args);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t m, size_t n, const IgemmF32& args);)
#include "kernels/gemm/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<IgemmF32Fn>> igemm_f32_kernels();
IgemmF32Fn pick_igemm_f32();

// igemm_f32 where rows lie evenly spaced, for few taps * k; null where this processor has none. The sums are the same.
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t m, size_t n, const IgemmF32& args);)
#include "kernels/gemm/even_kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<IgemmF32Fn>> igemm_even_f32_kernels();
IgemmF32Fn pick_igemm_even_f32();

// Whether this processor has a kernel for IgemmF32::any_order on m rows of taps * k products, and whether that is expected to be faster on m x n outputs.
bool igemm_f32_any_order_fits(size_t m, size_t taps, size_t k);
bool igemm_f32_any_order_pays(size_t m, size_t n, size_t taps, size_t k);

}  // namespace verge
