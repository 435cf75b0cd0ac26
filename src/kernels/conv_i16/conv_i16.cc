#include "kernels/conv_i16/conv_i16.h"

namespace verge {
namespace {

constexpr size_t kPointers = 512;  // on the stack
constexpr size_t kChannels = 64;   // sums on the stack
constexpr size_t kChunk = 256;     // products of int8 and int16 that are added in 32 bits before they are widened

int64_t dot(const int16_t* x, const int8_t* w, size_t n) {
  int64_t total = 0;
  for (size_t begin = 0; begin < n; begin += kChunk) {
    const size_t end = n - begin < kChunk ? n : begin + kChunk;
    int32_t part = 0;
    for (size_t i = begin; i < end; ++i) part += int32_t{x[i]} * w[i];
    total += part;
  }
  return total;
}

int16_t finish(const ConvI16& conv, size_t o, int64_t sum) {
  const Multiplier m{conv.multiplier[o], conv.shift[o]};
  const int32_t y = conv.narrow
                        ? multiply_by_quantized_multiplier(static_cast<int32_t>(static_cast<uint32_t>(sum + (conv.narrow_bias ? conv.narrow_bias[o] : 0))), m)
                        : multiply_wide_by_quantized_multiplier(sum + (conv.bias ? conv.bias[o] : 0), m);
  return static_cast<int16_t>(y < conv.min ? conv.min : y > conv.max ? conv.max : y);
}

// sums[i] += output channel first + i over some taps of one pixel.
void add_taps(const ConvI16& conv, TapRange taps, const void* const* pointers, size_t first, size_t channels, int64_t* sums) {
  const ConvGeometry& g = conv.geometry;
  const size_t k = g.group_in();
  for (size_t i = 0; i < channels; ++i) {
    const size_t o = first + i, group = o / g.group_out();
    const int8_t* w = conv.weights + (o * g.taps() + taps.begin) * k;
    for (size_t t = 0; t < taps.size(); ++t, w += k)
      if (pointers[t]) sums[i] += dot(static_cast<const int16_t*>(pointers[t]) + group * k, w, k);
  }
}

void run_pixel(const ConvI16& conv, size_t pixel, size_t first, size_t channels) {
  const ConvGeometry& g = conv.geometry;
  const void* pointers[kPointers];
  int64_t sums[kChannels] = {};
  for (TapRange taps{0, 0}; taps.end < g.taps(); taps.begin = taps.end) {
    taps.end = taps.begin + kPointers < g.taps() ? taps.begin + kPointers : g.taps();
    tap_pointers(g, conv.input, conv.input_step * sizeof(int16_t), nullptr, taps, pixel, 1, pointers);
    add_taps(conv, taps, pointers, first, channels, sums);
  }
  for (size_t i = 0; i < channels; ++i) conv.output[pixel * conv.output_step + first + i] = finish(conv, first + i, sums[i]);
}

}  // namespace

void conv_i16(const ConvI16& conv, size_t begin, size_t end) {
  const size_t channels = static_cast<size_t>(conv.geometry.out_c);
  for (size_t pixel = begin; pixel < end; ++pixel)
    for (size_t o = 0; o < channels; o += kChannels) run_pixel(conv, pixel, o, channels - o < kChannels ? channels - o : kChannels);
}

}  // namespace verge
