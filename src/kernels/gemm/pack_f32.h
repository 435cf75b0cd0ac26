// Packs weights into the panels that igemm_f32 reads. Runs once, at lowering; matmul_f32 packs its right operand at run time.
#pragma once
#include <cstddef>

namespace verge {

// Where weight (column j, tap t, channel c) lies in the source: at j * n + t * tap + c * k.
// [N][taps][K] (OHWI): {taps * K, K, 1}; [N][K][taps] (OIHW): {K * taps, 1, taps}; [K][N]: {1, 0, N}; [N][K]: {K, 0, 1}.
struct WeightSteps {
  size_t n, tap, k;
};

// Floats of packed weights of n columns: n rounded up to 16, times taps * k. Also the distance between the groups of a grouped convolution.
size_t packed_weights_f32_size(size_t n, size_t taps, size_t k);
void pack_weights_f32(size_t n, size_t taps, size_t k, const float* source, WeightSteps steps, float* packed);

// n rounded up to 16; a null source packs zeros.
size_t packed_bias_f32_size(size_t n);
void pack_bias_f32(size_t n, const float* source, float* packed);

}  // namespace verge
