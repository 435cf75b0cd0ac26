#include "kernels/depthwise_i8/wide.h"

#include <cstring>

namespace verge {
namespace {

constexpr size_t kMostWide = 64, kLeastWide = 32;  // channels of the repeated convolution: whole runs of every kernel
constexpr size_t kPointers = 2048;  // on the stack
constexpr size_t kLongRow = 48;     // below it the ends of rows cost more than taking pixels in pairs saves

// A row of `channels` entries, again and again.
template <typename T> void repeat(const T* from, size_t channels, T* to, size_t wide) {
  for (size_t i = 0; i < wide; ++i) to[i] = from[i % channels];
}

// The columns of output whose windows stay inside a row of input.
struct Inside {
  int32_t begin, end;
  explicit Inside(const ConvGeometry& g) : begin(g.pad_left), end(g.in_w + g.pad_left - (g.kernel_w - 1) * g.dilation_w) {
    if (end > g.out_w) end = g.out_w;
    if (begin > end) begin = end;
  }
};

// How many channels to make of `narrow`'s; 0 where neighbouring pixels do not lie side by side.
size_t wide_channels(const DepthwiseI8& conv) {
  const ConvGeometry& g = conv.geometry;
  const size_t channels = static_cast<size_t>(g.in_c);
  if (g.in_c != g.out_c || g.taps() > kDepthwiseI8Taps || g.stride_w != 1 || conv.input_step != channels || conv.output_step != channels) return 0;
  const Inside inside(g);
  const size_t pixels = static_cast<size_t>(inside.end - inside.begin);
  for (size_t wide = kMostWide; wide >= kLeastWide; wide /= 2)
    if (channels <= wide / 2 && wide % channels == 0 && pixels >= (channels == kMostWide / 2 ? kLongRow : wide / channels)) return wide;
  return 0;
}

// The convolution over `wide` channels that equals `narrow` over wide / channels pixels.
struct Repeated {
  DepthwiseI8 conv;
  int8_t weights[kDepthwiseI8Taps * kMostWide];
  int32_t bias[kMostWide], zero_point[kMostWide], multiplier[kMostWide];
  int8_t shift[kMostWide];
  float scale[kMostWide];
  uint8_t padding[kMostWide];

  Repeated(const DepthwiseI8& narrow, size_t wide) : conv(narrow) {
    const size_t channels = static_cast<size_t>(narrow.geometry.in_c), step = round_up_columns(channels);
    const auto point_to = [&](const auto*& array, auto* own) {
      if (!array) return;
      repeat(array, channels, own, wide);
      array = own;
    };
    for (size_t t = 0; t < narrow.geometry.taps(); ++t) repeat(narrow.weights + t * step, channels, weights + t * wide, wide);
    conv.weights = weights;
    point_to(conv.bias, bias);
    point_to(conv.weight_zero_point, zero_point);
    point_to(conv.requant.multiplier, multiplier);
    point_to(conv.requant.shift, shift);
    point_to(conv.requant.scale, scale);
    if (narrow.padding) repeat(static_cast<const uint8_t*>(narrow.padding), channels, padding, wide);
    conv.padding = padding;
    conv.geometry.in_c = conv.geometry.out_c = static_cast<int32_t>(wide);
    conv.output_step = wide;
  }
};

class WideRow {
 public:
  WideRow(const DepthwiseI8& narrow, const Repeated& wide)
      : narrow_(narrow), wide_(wide), channels_(static_cast<size_t>(narrow.geometry.in_c)), group_(static_cast<size_t>(wide.conv.geometry.in_c) / channels_), kernel_(pick_depthwise_i8()) {}

  // Columns [x, end) of output row y of picture b, all inside, at least one group; pixel `at` is the first.
  void run(int32_t b, int32_t y, int32_t x, int32_t end, size_t at) const {
    const size_t count = static_cast<size_t>(end - x), whole = count / group_ * group_, most = kPointers / narrow_.geometry.taps();
    for (size_t done = 0; done < whole;) {
      const size_t groups = (whole - done) / group_ < most ? (whole - done) / group_ : most;
      run_groups(b, y, x + static_cast<int32_t>(done), groups, at + done);
      done += groups * group_;
    }
    if (whole < count) run_groups(b, y, end - static_cast<int32_t>(group_), 1, at + count - group_);  // some pixels again
  }

  size_t group() const { return group_; }

 private:
  void run_groups(int32_t b, int32_t y, int32_t x, size_t groups, size_t at) const {
    const ConvGeometry& g = narrow_.geometry;
    const void* pointers[kPointers];
    const void** to = pointers;
    for (size_t i = 0; i < groups; ++i, x += static_cast<int32_t>(group_))
      for (int32_t ky = 0; ky < g.kernel_h; ++ky) {
        const int32_t iy = y * g.stride_h - g.pad_top + ky * g.dilation_h;
        const bool inside = iy >= 0 && iy < g.in_h;
        const uint8_t* row =
            static_cast<const uint8_t*>(narrow_.input) + (inside ? static_cast<size_t>(b * g.in_h + iy) * static_cast<size_t>(g.in_w) * channels_ : 0);
        for (int32_t kx = 0; kx < g.kernel_w; ++kx)
          *to++ = inside ? row + static_cast<size_t>(x - g.pad_left + kx * g.dilation_w) * channels_ : static_cast<const uint8_t*>(wide_.conv.padding);
      }
    const size_t element = narrow_.requant.mode == RequantMode::kNone ? sizeof(int32_t) : 1;
    kernel_(wide_.conv, {pointers, groups, static_cast<uint8_t*>(narrow_.output) + at * channels_ * element});
  }

  const DepthwiseI8& narrow_;
  const Repeated& wide_;
  const size_t channels_, group_;
  const DepthwiseI8Fn kernel_;
};

}  // namespace

bool depthwise_i8_is_wide(const DepthwiseI8& conv) { return wide_channels(conv) > 0; }

void run_depthwise_i8_wide(const DepthwiseI8& conv, size_t first, size_t last, void (*narrow)(const DepthwiseI8& conv, size_t first, size_t last)) {
  const ConvGeometry& g = conv.geometry;
  const Repeated wide(conv, wide_channels(conv));
  const WideRow rows(conv, wide);
  const Inside inside(g);
  const size_t width = static_cast<size_t>(g.out_w), height = static_cast<size_t>(g.out_h);
  for (size_t at = first; at < last;) {
    const size_t row = at / width, row_begin = row * width, row_end = row_begin + width < last ? row_begin + width : last;
    const size_t from_inside = row_begin + static_cast<size_t>(inside.begin), to_inside = row_begin + static_cast<size_t>(inside.end);
    const size_t begin = at > from_inside ? at : from_inside, end = row_end < to_inside ? row_end : to_inside;
    if (begin < end && end - begin >= rows.group()) {
      if (at < begin) narrow(conv, at, begin);
      rows.run(static_cast<int32_t>(row / height), static_cast<int32_t>(row % height), static_cast<int32_t>(begin - row_begin),
               static_cast<int32_t>(end - row_begin), begin);
      if (end < row_end) narrow(conv, end, row_end);
    } else {
      narrow(conv, at, row_end);
    }
    at = row_end;
  }
}

}  // namespace verge
