// pack_f32: weights [groups * outputs, kernel_h, kernel_w, inputs of a group] that are computed at run time, into the packing that constants have.
// interleave_f32: stride_h * stride_w pictures, row by row of phases, into one: y[b, i * stride_h + a, j * stride_w + c] = picture (a, c)[b, i, j]; an absent
// picture gives zeros.
#pragma once
#include <cstdint>

namespace verge::exec {

enum class PackKind : int32_t { kProduct, kDepthwise, kBias };

struct PackF32Attrs {
  int32_t kind = 0;             // PackKind: kernels/gemm/pack_f32.h, kernels/depthwise/depthwise_f32.h, the bias of both
  int32_t groups = 1;
  int32_t n = 1, k = 1;         // columns and rows a tap, of one group
  int32_t kernel_h = 1, kernel_w = 1;
  int32_t first_h = 0, step_h = 1, taps_h = 1;  // packed tap i is the source's first + i * step
  int32_t first_w = 0, step_w = 1, taps_w = 1;
  int32_t transposed = 0;       // 0: columns are the source's outputs; 1: its inputs, for the gradient of the input
};

struct InterleaveF32Attrs {
  int32_t stride_h = 1, stride_w = 1;
};

}  // namespace verge::exec
