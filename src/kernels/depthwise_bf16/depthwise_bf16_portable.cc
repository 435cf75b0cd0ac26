#include <cstring>

#include "kernels/bf16/bf16.h"
#include "kernels/depthwise_bf16/depthwise_bf16.h"

namespace verge {
namespace {

constexpr size_t kUnit = 32, kHalf = kUnit / 2;

float widened(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// The first n of 32 channels from c on of one output pixel.
void run_channels(const DepthwiseBf16Tiles& a, size_t shift, size_t c, size_t n, uint16_t* y) {
  const size_t step = DepthwiseBf16::weights_step(a.channels);
  float sum[kUnit];
  std::memcpy(sum, a.bias + c, sizeof(sum));
  const float* w = a.weights + c;
  for (size_t t = 0; t < a.kernel_rows * a.columns; ++t, w += step) {
    const uint16_t* x = a.pointers[t] + shift + c;
    for (size_t i = 0; i < n; ++i) sum[i % 2 * kHalf + i / 2] += widened(x[i]) * w[i % 2 * kHalf + i / 2];
  }
  float out[kUnit];
  for (size_t i = 0; i < n; ++i) {
    const float s = sum[i % 2 * kHalf + i / 2];
    out[i] = s < a.clamp.min ? a.clamp.min : s > a.clamp.max ? a.clamp.max : s;
  }
  round_bf16_portable({1, n, out, n, y + c, n});
}

}  // namespace

void depthwise_bf16_portable(const DepthwiseBf16Tiles& a) {
  uint16_t* y = a.output;
  for (size_t i = 0; i < a.pixels; ++i, y += a.output_step)
    for (size_t c = 0; c < a.channels; c += kUnit) run_channels(a, i * a.tile_step, c, a.channels - c < kUnit ? a.channels - c : kUnit, y);
}

}  // namespace verge
