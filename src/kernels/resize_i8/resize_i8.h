// Bilinear resampling of int8 or uint8 NHWC pictures in integers of 10 fraction bits, as the reference kernel of TensorFlow Lite Micro does it.
// The output has the input's scale and zero point. (Nearest neighbour moves bytes: kernels/resize/resize.h.)
//
//   step     = (1024 * in + out / 2) / out                                      align_corners, out > 1: of in - 1 and out - 1
//   position = o * step (+ step / 2 - 512 by half_pixel_centers)                of output o along one axis, in 1/1024 of an input pixel
//   low      = max(position / 1024, 0), high = min((position + 1023) / 1024, in - 1), weight = position - 1024 * low
//   y        = (sum of the four pixels times their weights along both axes) / 2^20, halves away from zero
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {

struct ResizeI8 {
  int32_t batch = 1, in_h = 1, in_w = 1, channels = 1, out_h = 1, out_w = 1;
  bool align_corners = false, half_pixel_centers = false;  // not both
  bool is_unsigned = false;
  const void* x = nullptr;
  void* y = nullptr;
};

// Rows [begin, end) of the batch * out_h output rows. Any thread may compute any rows.
void resize_bilinear_i8(const ResizeI8& resize, size_t begin, size_t end);

}  // namespace verge
