#include "kernels/conv_geometry.h"

namespace verge {
namespace {

bool inside(int32_t at, int32_t size) { return static_cast<uint32_t>(at) < static_cast<uint32_t>(size); }

// Neighbouring output pixels of one row: (b, y, x) to (b, y, x + count - 1).
struct Run {
  int32_t b, y, x;
  size_t count;
};

struct Source {
  const ConvGeometry& g;
  const char* input;
  size_t pixel_bytes;
  const void* padding;
  TapRange taps;
};

void run_pointers(const Source& s, const Run& run, const void** pointers) {
  const ConvGeometry& g = s.g;
  const void** const end = pointers + s.taps.size();
  const size_t row_bytes = static_cast<size_t>(g.in_w) * s.pixel_bytes;
  int32_t kx = static_cast<int32_t>(s.taps.begin) % g.kernel_w;
  int32_t iy = run.y * g.stride_h - g.pad_top + static_cast<int32_t>(s.taps.begin) / g.kernel_w * g.dilation_h;
  for (; pointers < end; iy += g.dilation_h, kx = 0) {
    const int32_t width = inside(iy, g.in_h) ? g.in_w : 0;  // of no width: nothing is inside
    const char* row = s.input + (width > 0 ? static_cast<size_t>(run.b * g.in_h + iy) * row_bytes : 0);
    for (int32_t left = run.x * g.stride_w - g.pad_left + kx * g.dilation_w; kx < g.kernel_w && pointers < end; ++kx, left += g.dilation_w, ++pointers) {
      int32_t ix = left;
      for (size_t i = 0; i < run.count; ++i, ix += g.stride_w)
        pointers[i * s.taps.size()] = inside(ix, width) ? row + static_cast<size_t>(ix) * s.pixel_bytes : s.padding;
    }
  }
}

}  // namespace

void tap_pointers(const ConvGeometry& g, const void* input, size_t pixel_bytes, const void* padding, TapRange taps, size_t first, size_t pixels,
                  const void** pointers) {
  const Source source{g, static_cast<const char*>(input), pixel_bytes, padding, taps};
  if (g.pointwise()) {
    for (size_t i = 0; i < pixels; ++i) pointers[i] = source.input + (first + i) * pixel_bytes;
    return;
  }
  const size_t width = static_cast<size_t>(g.out_w), height = static_cast<size_t>(g.out_h);
  for (size_t done = 0; done < pixels;) {
    const size_t pixel = first + done, x = pixel % width, left = width - x, count = pixels - done < left ? pixels - done : left;
    const Run run{static_cast<int32_t>(pixel / width / height), static_cast<int32_t>(pixel / width % height), static_cast<int32_t>(x), count};
    run_pointers(source, run, pointers + done * taps.size());
    done += count;
  }
}

}  // namespace verge
