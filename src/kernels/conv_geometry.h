// Where a 2-D convolution or pool over NHWC tensors reads and writes. A 1-D convolution has height 1, a dense layer is 1x1 over batch pixels.
#pragma once
#include <cstddef>
#include <cstdint>

namespace verge {

// Output pixel (b, y, x) sees input pixels (b, y * stride_h - pad_top + ky * dilation_h, x * stride_w - pad_left + kx * dilation_w). Padding at
// the bottom and right is whatever the output size asks for. Channels of group g: inputs [g * group_in(), ...), outputs [g * group_out(), ...).
// Every size is at least 1: operators refuse empty tensors before they come here.
struct ConvGeometry {
  int32_t batch = 1;
  int32_t in_h = 1, in_w = 1, in_c = 1;
  int32_t out_h = 1, out_w = 1, out_c = 1;
  int32_t kernel_h = 1, kernel_w = 1;
  int32_t stride_h = 1, stride_w = 1;
  int32_t dilation_h = 1, dilation_w = 1;
  int32_t pad_top = 0, pad_left = 0;
  int32_t groups = 1;

  size_t taps() const { return static_cast<size_t>(kernel_h) * static_cast<size_t>(kernel_w); }
  size_t group_in() const { return static_cast<size_t>(in_c / groups); }
  size_t group_out() const { return static_cast<size_t>(out_c / groups); }
  size_t in_pixels() const { return static_cast<size_t>(batch) * static_cast<size_t>(in_h) * static_cast<size_t>(in_w); }
  size_t out_pixels() const { return static_cast<size_t>(batch) * static_cast<size_t>(out_h) * static_cast<size_t>(out_w); }
  // Output pixel i reads input pixel i and nothing else.
  bool pointwise() const {
    return kernel_h == 1 && kernel_w == 1 && stride_h == 1 && stride_w == 1 && pad_top == 0 && pad_left == 0 && in_h == out_h && in_w == out_w;
  }
};

// The output size of a convolution or pool along one axis with `pad` = begin + end; 0 when the kernel does not fit.
constexpr int32_t conv_output_size(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int32_t pad) {
  const int32_t room = in + pad - ((kernel - 1) * dilation + 1);
  return room < 0 ? 0 : room / stride + 1;
}

// A range of taps, tap = ky * kernel_w + kx: a convolution with more taps than pointers fit on the stack runs in several such slices.
struct TapRange {
  size_t begin, end;
  size_t size() const { return end - begin; }
};

// pointers[i * taps.size() + t] = address of the input pixel that tap taps.begin + t of output pixel first + i sees, or `padding` outside the input.
//
//   input        first pixel, already advanced to the first channel of the group
//   pixel_bytes  from one input pixel to its right neighbour
//   padding      as many elements as a tap reads: zeros, or the input's zero point
//   pointers     [pixels * taps.size()], the caller's
void tap_pointers(const ConvGeometry& geometry, const void* input, size_t pixel_bytes, const void* padding, TapRange taps, size_t first, size_t pixels,
                  const void** pointers);

}  // namespace verge
