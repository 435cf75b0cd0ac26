// Resampling of NHWC pictures with tables that the caller makes (at lowering, for fixed sizes): nearest, bilinear, cubic and area in one form.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/select.h"

namespace verge {

// One axis: output i is the sum over t < taps of weights[i * taps + t] * input first[i] + t, with first[i] + taps <= the input's size. Where the
// filter reaches beyond the edge the table's maker has added those weights to the edge's.
struct ResizeAxis {
  const int32_t* first;
  const float* weights;
  size_t taps;
};

struct ResizeF32 {
  size_t in_h, in_w, out_h, out_w, channels;
  ResizeAxis y, x;
  const float* input;  // [batch, in_h, in_w, channels]
  float* output;       // [batch, out_h, out_w, channels]
};

// Computes rows [begin, end) of the batch * out_h output rows: first along y into `scratch`, then along x. Any thread may compute any rows.
void resize_f32_rows(const ResizeF32& resize, size_t begin, size_t end, float* scratch);
size_t resize_f32_scratch_size(const ResizeF32& resize);  // floats, for each thread

// Nearest neighbour for any element type: output (i, j) is input (y[i], x[j]). Rows [begin, end) of the batch * out_h output rows.
struct ResizeNearest {
  size_t in_h, in_w, out_h, out_w;
  size_t pixel_bytes;
  const int32_t* y;  // [out_h]
  const int32_t* x;  // [out_w]
  const void* input;
  void* output;
};
void resize_nearest_rows(const ResizeNearest& resize, size_t begin, size_t end);

// y[i] = sum over t < taps of weights[t] * x[t * step + i] for i < n; taps >= 1.
using WeightedSumF32Fn = void (*)(size_t n, size_t taps, const float* weights, const float* x, size_t step, float* y);

#define VERGE_KERNEL(isa, name) VERGE_ON_##isa(void name(size_t n, size_t taps, const float* weights, const float* x, size_t step, float* y);)
#include "kernels/resize/kernels.inc"
#undef VERGE_KERNEL
std::span<const Kernel<WeightedSumF32Fn>> weighted_sum_f32_kernels();
WeightedSumF32Fn pick_weighted_sum_f32();

}  // namespace verge
