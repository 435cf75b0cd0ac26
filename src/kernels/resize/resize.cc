#include "kernels/resize/resize.h"

#include <cstring>

namespace verge {
namespace {

constexpr size_t kFewChannels = 4;  // up to here a plain loop beats a vector per pixel

// One output row of a few channels from one row of the input's width.
template <size_t channels> void short_pixels(const ResizeF32& r, const float* row, float* y) {
  for (size_t i = 0; i < r.out_w; ++i, y += channels) {
    const float* x = row + static_cast<size_t>(r.x.first[i]) * channels;
    const float* weights = r.x.weights + i * r.x.taps;
    float sum[channels] = {};
    for (size_t t = 0; t < r.x.taps; ++t)
      for (size_t c = 0; c < channels; ++c) sum[c] += weights[t] * x[t * channels + c];
    std::memcpy(y, sum, sizeof(sum));
  }
}

void resize_row(const ResizeF32& r, const float* row, float* y) {
  constexpr void (*kShort[kFewChannels])(const ResizeF32&, const float*, float*) = {short_pixels<1>, short_pixels<2>, short_pixels<3>, short_pixels<4>};
  if (r.channels <= kFewChannels) return kShort[r.channels - 1](r, row, y);
  const WeightedSumF32Fn weighted_sum = pick_weighted_sum_f32();
  for (size_t i = 0; i < r.out_w; ++i)
    weighted_sum(r.channels, r.x.taps, r.x.weights + i * r.x.taps, row + static_cast<size_t>(r.x.first[i]) * r.channels, r.channels, y + i * r.channels);
}

}  // namespace

size_t resize_f32_scratch_size(const ResizeF32& resize) { return resize.in_w * resize.channels; }

void resize_f32_rows(const ResizeF32& r, size_t begin, size_t end, float* scratch) {
  const size_t in_row = r.in_w * r.channels, out_row = r.out_w * r.channels;
  for (size_t i = begin; i < end; ++i) {
    const size_t batch = i / r.out_h, y = i % r.out_h;
    const float* x = r.input + (batch * r.in_h + static_cast<size_t>(r.y.first[y])) * in_row;
    pick_weighted_sum_f32()(in_row, r.y.taps, r.y.weights + y * r.y.taps, x, in_row, scratch);
    resize_row(r, scratch, r.output + i * out_row);
  }
}

void resize_nearest_rows(const ResizeNearest& r, size_t begin, size_t end) {
  const char* input = static_cast<const char*>(r.input);
  char* y = static_cast<char*>(r.output) + begin * r.out_w * r.pixel_bytes;
  for (size_t i = begin; i < end; ++i) {
    const char* row = input + (i / r.out_h * r.in_h + static_cast<size_t>(r.y[i % r.out_h])) * r.in_w * r.pixel_bytes;
    for (size_t j = 0; j < r.out_w; ++j, y += r.pixel_bytes) std::memmove(y, row + static_cast<size_t>(r.x[j]) * r.pixel_bytes, r.pixel_bytes);
  }
}

std::span<const Kernel<WeightedSumF32Fn>> weighted_sum_f32_kernels() {
  static constexpr Kernel<WeightedSumF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/resize/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

WeightedSumF32Fn pick_weighted_sum_f32() {
  static constinit Pick pick;
  return pick.from(weighted_sum_f32_kernels()).fn;
}

}  // namespace verge
