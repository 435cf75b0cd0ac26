#include "kernels/gemm/pack_f32.h"

#include <cstring>

#include "kernels/gemm/igemm_f32.h"

namespace verge {
namespace {

size_t round_up(size_t n) { return (n + kPanelF32 - 1) / kPanelF32 * kPanelF32; }

using Four [[gnu::vector_size(16)]] = float;

Four load(const float* p) {
  Four v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

// to[c][j] = from[j * step + c] for four j and four c.
void transpose4(const float* from, size_t step, float* to) {
  const Four a = load(from), b = load(from + step), c = load(from + 2 * step), d = load(from + 3 * step);
  const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Four rows[4] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                        __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
  for (size_t i = 0; i < 4; ++i) std::memcpy(to + i * kPanelF32, &rows[i], sizeof(Four));
}

// A whole panel of columns whose k lie side by side. How many k, from the first, are done: those that make fours.
size_t transpose_panel(size_t k, const float* from, size_t step, float* packed) {
  const size_t fours = k / 4 * 4;
  for (size_t c = 0; c < fours; c += 4)
    for (size_t j = 0; j < kPanelF32; j += 4) transpose4(from + j * step + c, step, packed + c * kPanelF32 + j);
  return fours;
}

}  // namespace

size_t packed_weights_f32_size(size_t n, size_t taps, size_t k) { return round_up(n) * taps * k; }

size_t packed_bias_f32_size(size_t n) { return round_up(n); }

void pack_weights_f32(size_t n, size_t taps, size_t k, const float* source, WeightSteps steps, float* packed) {
  for (size_t panel = 0; panel < n; panel += kPanelF32) {
    const size_t columns = n - panel < kPanelF32 ? n - panel : kPanelF32;
    for (size_t t = 0; t < taps; ++t) {
      const bool side_by_side = steps.k == 1 && columns == kPanelF32;
      const size_t done = side_by_side ? transpose_panel(k, source + panel * steps.n + t * steps.tap, steps.n, packed) : 0;
      packed += done * kPanelF32;
      for (size_t c = done; c < k; ++c, packed += kPanelF32) {
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
}

void pack_bias_f32(size_t n, const float* source, float* packed) {
  for (size_t j = 0; j < round_up(n); ++j) packed[j] = source && j < n ? source[j] : 0;
}

}  // namespace verge
