// Max and average pooling over NHWC in int8 or uint8.
//
//   max:              y[p, c] = clamp(max of x[q, c] over the pixels q of the window that lie inside the input)
//   average, tflm:    y[p, c] = clamp(sum / n rounded half away from zero)      x and y have one scale and zero point; halves by the sign of the sum
//   average, onnx:    y[p, c] = clamp(rint(float(sum - n * zx) * (scale / float(n))) + zero_point), scale = x's over y's
//
// sum runs over the pixels inside the input and n counts them; by PoolCount::kPadded padding counts too and adds the zero point zx each time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/conv_geometry.h"
#include "kernels/pool/pool_f32.h"
#include "kernels/requant/requant.h"
#include "kernels/select.h"

namespace verge {

struct PoolI8 {
  ConvGeometry geometry;  // out_c = in_c; groups is not read
  PoolKind kind = PoolKind::kMax;
  PoolCount count = PoolCount::kInside;
  int32_t pad_bottom = 0, pad_right = 0;  // only for kPadded
  const void* input = nullptr;            // int8, or uint8 by is_unsigned
  size_t input_step = 0;                  // bytes from a pixel to the next
  void* output = nullptr;                 // of the same type
  size_t output_step = 0;
  bool is_unsigned = false;
  RequantMode mode = RequantMode::kTflm;  // not kNone
  int32_t x_zero_point = 0;               // as stored
  float scale = 1;                        // only for kOnnx
  int32_t zero_point = 0;                 // only for kOnnx
  int32_t min = -128, max = 127;
};

// The work falls into blocks that are made from shapes alone; any thread may compute any block, in any order.
size_t pool_i8_blocks(const ConvGeometry& geometry);
void pool_i8_block(const PoolI8& pool, size_t block);

// Over `rows` >= 1 rows of n bytes: sums[c] = sum of int8(x[r][c] ^ flip); y[c] = (max of int8(x[r][c] ^ flip)) ^ flip, flip 0 or 128.
using SumBytesFn = void (*)(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums);
using MaxBytesFn = void (*)(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y);

struct PoolI8Kernel {
  Isa isa;
  const char* name;
  SumBytesFn sum;
  MaxBytesFn max;
};

#define VERGE_KERNEL(isa, name)                                                                             \
  VERGE_ON_##isa(void sum_##name(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums); \
                 void max_##name(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y);)
#include "kernels/pool_i8/kernels.inc"
#undef VERGE_KERNEL

std::span<const PoolI8Kernel> pool_i8_kernels();
const PoolI8Kernel& pick_pool_i8();

// acc / n rounded half away from zero, for |acc| < 2^31 - n.
int32_t divide_rounded(int32_t acc, int32_t n);

}  // namespace verge
