#include "quant/windows.h"

#include <algorithm>

namespace verge {

void copy_window(const ConvGeometry& g, const std::vector<float>& x, size_t pixel, int group, float* to) {
  const auto at = static_cast<int32_t>(pixel);
  const int32_t ox = at % g.out_w, oy = at / g.out_w % g.out_h, b = at / g.out_w / g.out_h;
  const size_t channels = g.group_in();
  for (int32_t ky = 0; ky < g.kernel_h; ++ky)
    for (int32_t kx = 0; kx < g.kernel_w; ++kx, to += channels) {
      const int32_t iy = oy * g.stride_h - g.pad_top + ky * g.dilation_h, ix = ox * g.stride_w - g.pad_left + kx * g.dilation_w;
      if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) {
        std::fill_n(to, channels, 0.0F);
      } else {
        const size_t from = ((static_cast<size_t>(b) * g.in_h + iy) * g.in_w + ix) * static_cast<size_t>(g.in_c) + group * channels;
        std::copy_n(x.begin() + static_cast<ptrdiff_t>(from), channels, to);
      }
    }
}

std::vector<size_t> chosen_pixels(const ConvGeometry& g, size_t s, size_t wanted) {
  const size_t pixels = g.out_pixels(), n = std::min(wanted, pixels);
  std::vector<size_t> out(n);
  for (size_t i = 0; i < n; ++i) out[i] = (i * pixels / n + s * 7) % pixels;
  return out;
}

}  // namespace verge
