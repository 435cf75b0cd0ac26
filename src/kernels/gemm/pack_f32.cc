#include "kernels/gemm/pack_f32.h"

#include <cstring>

#include "kernels/gemm/igemm_f32.h"

namespace verge {
namespace {

size_t round_up(size_t n) { return (n + kPanelF32 - 1) / kPanelF32 * kPanelF32; }

}  // namespace

size_t packed_weights_f32_size(size_t n, size_t taps, size_t k) { return round_up(n) * taps * k; }

size_t packed_bias_f32_size(size_t n) { return round_up(n); }

void pack_weights_f32(size_t n, size_t taps, size_t k, const float* source, WeightSteps steps, float* packed) {
  for (size_t panel = 0; panel < n; panel += kPanelF32) {
    const size_t columns = n - panel < kPanelF32 ? n - panel : kPanelF32;
    for (size_t t = 0; t < taps; ++t)
      for (size_t c = 0; c < k; ++c, packed += kPanelF32) {
        const float* from = source + panel * steps.n + t * steps.tap + c * steps.k;
        if (steps.n == 1 && columns == kPanelF32) {
          std::memcpy(packed, from, kPanelF32 * sizeof(float));
          continue;
        }
        for (size_t j = 0; j < columns; ++j) packed[j] = from[j * steps.n];
        for (size_t j = columns; j < kPanelF32; ++j) packed[j] = 0;
      }
  }
}

void pack_bias_f32(size_t n, const float* source, float* packed) {
  for (size_t j = 0; j < round_up(n); ++j) packed[j] = source && j < n ? source[j] : 0;
}

}  // namespace verge
