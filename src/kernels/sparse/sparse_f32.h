// f32 rows times weights of which many blocks are zero. A block is one input of 16 neighbouring outputs, a column of a panel (pack_f32.h).
//
//   y[r, 16 p + j] = clamp(bias[16 p + j] + sum over the blocks b of panel p of x[r, column[b]] * weights[16 b + j])
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/clamp_f32.h"
#include "kernels/select.h"

namespace verge {

inline constexpr size_t kSparseBlock = 16;  // outputs of a block

struct SparseF32 {
  const float* input = nullptr;
  size_t input_step = 0;            // floats from a row to the next
  const int32_t* start = nullptr;   // of each panel its first block, and behind the last panel the number of blocks
  const int32_t* column = nullptr;  // of each block
  const float* weights = nullptr;   // 16 of each block
  const float* bias = nullptr;      // 16 of each panel
  float* output = nullptr;
  size_t output_step = 0;
  ClampF32 clamp;
};

// Computes `width` outputs (1..16) of one panel for `rows` rows.
using SparseF32Fn = void (*)(size_t rows, size_t panel, size_t width, const SparseF32& a);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t rows, size_t panel, size_t width, const SparseF32& a);)
#include "kernels/sparse/kernels.inc"
#undef VERGE_KERNEL

std::span<const Kernel<SparseF32Fn>> sparse_f32_kernels();
SparseF32Fn pick_sparse_f32();

// weights: [n][k].
size_t count_sparse_blocks(size_t n, size_t k, const float* weights);
// start: [panels + 1]; column, packed: count_sparse_blocks() of 1 and of 16.
void pack_sparse_f32(size_t n, size_t k, const float* weights, int32_t* start, int32_t* column, float* packed);
// Whether leaving the zero blocks out is faster than the dense product, as measured (docs/optimising.md).
bool sparse_f32_pays(size_t rows, size_t n, size_t k, size_t blocks);

}  // namespace verge
