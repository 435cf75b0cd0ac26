#include "kernels/conv_geometry.h"

namespace verge {
namespace {

bool inside(int32_t at, int32_t size) { return static_cast<uint32_t>(at) < static_cast<uint32_t>(size); }

// The corner of the window of one output pixel, stepping in row-major order.
struct Window {
  const ConvGeometry& g;
  int32_t b, y, x;

  Window(const ConvGeometry& geometry, size_t pixel)
      : g(geometry),
        b(static_cast<int32_t>(pixel / (static_cast<size_t>(g.out_h) * static_cast<size_t>(g.out_w)))),
        y(static_cast<int32_t>(pixel / static_cast<size_t>(g.out_w) % static_cast<size_t>(g.out_h))),
        x(static_cast<int32_t>(pixel % static_cast<size_t>(g.out_w))) {}

  void next() {
    if (++x < g.out_w) return;
    x = 0;
    if (++y < g.out_h) return;
    y = 0;
    ++b;
  }
  int32_t top() const { return y * g.stride_h - g.pad_top; }
  int32_t left() const { return x * g.stride_w - g.pad_left; }
};

}  // namespace

void tap_pointers(const ConvGeometry& g, const void* input, size_t pixel_bytes, const void* padding, TapRange taps, size_t first, size_t pixels,
                  const void** pointers) {
  const char* base = static_cast<const char*>(input);
  if (g.pointwise()) {
    for (size_t i = 0; i < pixels; ++i) pointers[i] = base + (first + i) * pixel_bytes;
    return;
  }
  Window window(g, first);
  const int32_t first_ky = static_cast<int32_t>(taps.begin) / g.kernel_w, first_kx = static_cast<int32_t>(taps.begin) % g.kernel_w;
  for (size_t i = 0; i < pixels; ++i, window.next()) {
    const void** end = pointers + taps.size();
    for (int32_t ky = first_ky, kx = first_kx; pointers < end; ++ky, kx = 0) {
      const int32_t iy = window.top() + ky * g.dilation_h;
      const bool row_inside = inside(iy, g.in_h);
      const size_t row = row_inside ? static_cast<size_t>(window.b * g.in_h + iy) * static_cast<size_t>(g.in_w) : 0;
      for (; kx < g.kernel_w && pointers < end; ++kx) {
        const int32_t ix = window.left() + kx * g.dilation_w;
        *pointers++ = row_inside && inside(ix, g.in_w) ? base + (row + static_cast<size_t>(ix)) * pixel_bytes : padding;
      }
    }
  }
}

}  // namespace verge
