// f32 convolution with 3x3 windows at stride 1 by Winograd's minimal filtering F(4x4, 3x3): 36 products a channel for a tile of 16 outputs, not 144.
//
//   Y = A' [(G w G') * (B' x B)] A      x: 6x6 inputs of a tile, w: 3x3 weights, * summed over channels
//
// Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, 2016. The points are 0, +-sqrt(1/2), +-sqrt(2) and infinity: all factors of a matrix are
// near 1, so errors stay within a small multiple of the direct sum's (Barabasz et al.: Error analysis and improving the accuracy of Winograd convolution, 2020).
// Weights come in conv_f32's packing and are transformed a block of columns at a time, while they are in the cache: packages do not grow.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/gemm/conv_f32.h"
#include "kernels/select.h"

namespace verge {

inline constexpr size_t kWinogradOut = 4;         // a tile's outputs along each axis
inline constexpr size_t kWinogradIn = 6;          // and its inputs
inline constexpr size_t kWinogradPositions = 36;  // products a channel and tile

// Whether the transforms can be applied, and whether they are expected to save time: by counts of operations, from the shape alone.
bool winograd_f32_fits(const ConvGeometry& geometry);
bool winograd_f32_pays(const ConvGeometry& geometry);

// The work falls into blocks; any thread may compute any block, in any order, each with a scratch of its own: 64-byte aligned, of so many floats.
size_t winograd_f32_scratch_size(const ConvGeometry& geometry);
size_t winograd_f32_blocks(const ConvGeometry& geometry, int threads);
// `conv` without `activation`; its `zeros` are not read. The sums are the same for every `threads`.
void winograd_f32_block(const ConvF32& conv, int threads, size_t block, float* scratch);

// What a tile's outputs become.
struct WinogradTile {
  const float* bias = nullptr;
  const float* residual = nullptr;  // or null
  float* output = nullptr;          // its first pixel
  size_t output_step = 0, output_row = 0;      // floats from a pixel to its right neighbour, and to the one below
  size_t residual_step = 0, residual_row = 0;
  size_t height = kWinogradOut, width = kWinogradOut;  // of the tile inside the output
  ClampF32 clamp;
};

// `channels` and panels are multiples of 16. `positions` is the distance in floats from one of the 36 results to the next.
struct WinogradF32Kernel {
  Isa isa;
  const char* name;
  // [9][k][16] to 36 times [k][16].
  void (*weights)(size_t k, const float* packed, float* to, size_t positions);
  // Six rows of six pixels, `step` floats apart, to 36 times [channels].
  void (*input)(size_t channels, const float* const* rows, size_t step, float* to, size_t positions);
  // 36 times [channels] to the outputs of a tile.
  void (*output)(size_t channels, const float* from, size_t positions, const WinogradTile& tile);
};

#define VERGE_KERNEL(isa, name)                                                                                    \
  VERGE_ON_##isa(void name##_weights(size_t k, const float* packed, float* to, size_t positions);                  \
                 void name##_input(size_t channels, const float* const* rows, size_t step, float* to, size_t positions); \
                 void name##_output(size_t channels, const float* from, size_t positions, const WinogradTile& tile);)
#include "kernels/winograd/kernels.inc"
#undef VERGE_KERNEL

std::span<const WinogradF32Kernel> winograd_f32_kernels();
const WinogradF32Kernel& pick_winograd_f32();

}  // namespace verge
