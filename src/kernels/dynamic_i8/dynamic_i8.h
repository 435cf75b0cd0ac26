// Real activations as int8 with a scale that the values themselves give at run time, for layers whose weights alone are quantised (docs/integer.md). The
// arithmetic is that of TensorFlow Lite's hybrid kernels.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {

struct DynamicScale {
  float scale = 1;
  int32_t zero_point = 0;
  float inverse = 1;  // what x is multiplied by: 1 / scale, or 127 over the greatest magnitude
};

// [least, greatest] with 0 in it becomes [-128, 127]; the zero point is an integer. Values that are not finite give scale 1.
DynamicScale asymmetric_scale(size_t n, const float* x);
// The greatest magnitude becomes 127.
DynamicScale symmetric_scale(size_t n, const float* x);

// q = clamp(round(x * inverse) + zero_point), halves away from zero; to [-128, 127], or [-127, 127] with zero point 0 by `symmetric`.
void quantize_dynamic(size_t n, const float* x, const DynamicScale& scale, bool symmetric, int8_t* q);

// What turns the sums of a layer's products of bytes into its output.
struct DynamicOutput {
  const int32_t* column_sum = nullptr;  // [n] of the weights
  const float* scale = nullptr;         // [n] of the weights
  const float* bias = nullptr;          // [n] or null
  float min = 0, max = 0;
  bool scales_first = true;  // sum * (scale * x.scale), as LiteRT's reference does in depthwise and dense layers; else (sum * scale) * x.scale, as in its convolutions
};
// y[r][o] = clamp((sum[r][o] - x.zero_point * column_sum[o]) * scale[o] * x.scale + bias[o]) in place: `values` holds the sums as int32 and then y as f32.
void finish_dynamic(size_t rows, size_t n, const DynamicScale& x, const DynamicOutput& out, void* values);

}  // namespace verge
