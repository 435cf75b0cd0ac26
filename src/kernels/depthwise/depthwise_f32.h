// f32 depthwise convolution over NHWC: every channel has its own kernel.
//
//   y[b, oy, ox, o] = activation(clamp(bias[o] + sum over ky, kx of x[b, iy, ix, o / multiplier] * w[ky, kx, o], min, max))
//
// with multiplier = out_c / in_c. Every y is summed in the order bias, ky, kx. Nothing is read or written beyond the shapes.
#pragma once
#include <cstddef>
#include <span>

#include "kernels/conv_geometry.h"
#include "kernels/elementwise/unary_f32.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/select.h"

namespace verge {

struct DepthwiseF32 {
  ConvGeometry geometry;  // groups = in_c
  const float* input = nullptr;
  size_t input_step = 0;           // floats from a pixel to the next, at least in_c
  const float* weights = nullptr;  // pack_depthwise_f32
  const float* bias = nullptr;     // pack_bias_f32 (kernels/gemm/pack_f32.h)
  const float* zeros = nullptr;    // at least in_c zeros
  float* output = nullptr;
  size_t output_step = 0;  // floats from a pixel to the next, at least out_c
  ClampF32 clamp;
  UnaryF32Fn activation = nullptr;  // applied last, in place; null: none
  UnaryParams activation_params;

  static size_t weights_step(size_t channels) { return (channels + 15) / 16 * 16; }  // of packed weights, from a tap to the next
};

// The work falls into blocks that are made from shapes alone; any thread may compute any block, in any order.
size_t depthwise_f32_blocks(const ConvGeometry& geometry, int threads);
void depthwise_f32_block(const DepthwiseF32& conv, int threads, size_t block);

// Packed weights are [taps][channels rounded up to 16]; channel o of tap t lies in the source at t * tap_step + o * channel_step.
size_t packed_depthwise_f32_size(size_t channels, size_t taps);
void pack_depthwise_f32(size_t channels, size_t taps, const float* source, size_t tap_step, size_t channel_step, float* packed);

// One kernel computes `outputs` neighbouring pixels of a row at a time, a tile. A tile reads kernel_rows rows of `columns` input pixels, each behind
// a pointer: (outputs - 1) * stride_w + kernel_w neighbours. Kernels with kernel_w 0 take any kernel, one pixel a tile, columns = kernel width.
template <typename T> struct DepthwiseTiles {
  const T* const* pointers;  // [kernel_rows][columns], of the first tile
  size_t tile_step;          // elements from what a pointer means in one tile to what it means in the next
  size_t kernel_rows, columns;   // kernel_rows: those that lie inside the input
  size_t pixels;                 // in the last tile the missing ones are not stored
  size_t channels;
  const float* weights;  // of the first of kernel_rows
  const float* bias;
  T* output;
  size_t output_step;
  ClampF32 clamp;
};
using DepthwiseF32Tiles = DepthwiseTiles<float>;
using DepthwiseF32Fn = void (*)(const DepthwiseF32Tiles& tiles);

template <typename Fn> struct DepthwiseKernel {
  Isa isa;
  const char* name;
  int32_t kernel_w, stride_w, outputs;
  Fn fn;

  bool takes(const ConvGeometry& g) const { return kernel_w == 0 || (kernel_w == g.kernel_w && stride_w == g.stride_w && g.dilation_w == 1); }
};

using DepthwiseF32Kernel = DepthwiseKernel<DepthwiseF32Fn>;

#define VERGE_KERNEL(isa, name, kernel_w, stride_w, outputs) VERGE_ON_##isa(void name(const DepthwiseF32Tiles& tiles);)
#include "kernels/depthwise/kernels.inc"
#undef VERGE_KERNEL

std::span<const DepthwiseF32Kernel> depthwise_f32_kernels();

// Lines of one picture, computed a register of channels at a time: square kernels whose strides are equal, no dilation, every kernel row and column
// of an output touching the input.
struct DepthwiseF32Lines {
  const float* input;                // the picture's first pixel, first channel
  size_t input_step, row_step;       // floats from a pixel to the next, from a row to the next
  size_t in_h, in_w, pad_top, pad_left;
  const float* weights;              // of the first channel
  size_t weights_step;               // floats from a tap to the next
  const float* bias;
  size_t channels;
  float* output;                     // line `first`
  size_t output_step;                // floats from a pixel to the next
  size_t out_w, first, lines;
  size_t inside_begin, inside_end;   // outputs of a line whose kernel lies inside
  ClampF32 clamp;
};
using DepthwiseF32LinesFn = void (*)(const DepthwiseF32Lines& lines);

struct DepthwiseF32LinesKernel {
  Isa isa;
  const char* name;
  int32_t kernel, stride;
  DepthwiseF32LinesFn fn;

  bool takes(const ConvGeometry& g) const;
};

#define VERGE_KERNEL(isa, name, kernel, stride) VERGE_ON_##isa(void name(const DepthwiseF32Lines& lines);)
#include "kernels/depthwise/lines.inc"
#undef VERGE_KERNEL

std::span<const DepthwiseF32LinesKernel> depthwise_f32_lines_kernels();
// Of the best instruction set's the one whose tiles suit the width of the output.
const DepthwiseF32Kernel& pick_depthwise_f32(const ConvGeometry& geometry);

}  // namespace verge
