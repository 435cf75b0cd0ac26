#include "kernels/gemm_bf16/gemm_bf16.h"

#include <cstring>

#include "kernels/bf16/bf16.h"

namespace verge {

std::span<const Kernel<GemmBf16Fn>> gemm_bf16_kernels() {
  static constexpr Kernel<GemmBf16Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/gemm_bf16/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

GemmBf16Fn pick_gemm_bf16() {
  static constinit Pick pick;
  return pick.from(gemm_bf16_kernels()).fn;
}

namespace {

// Columns are rows of b, contiguous: each is rounded in pieces that are laid out pair by pair.
void pack_columns(size_t n, size_t k, const float* b, size_t step, float scale, uint16_t* packed) {
  constexpr size_t kPiece = 256;
  float scaled[kPiece];
  uint16_t rounded[kPiece];
  const Bf16Kernel& kernel = pick_bf16();
  const size_t padded = padded_k_bf16(k);
  for (size_t j = 0; j < padded_n_bf16(n); ++j) {
    uint16_t* panel = packed + j / kPanelBf16 * kPanelBf16 * padded + 2 * (j % kPanelBf16);
    for (size_t c = 0; c < padded; c += kPiece) {
      const size_t size = padded - c < kPiece ? padded - c : kPiece, some = j >= n || k <= c ? 0 : k - c < size ? k - c : size;
      const float* from = b + (some ? j * step + c : 0);
      for (size_t i = 0; scale != 1 && i < some; ++i) scaled[i] = from[i] * scale;
      kernel.round({1, some, scale != 1 ? scaled : from, size, rounded, size});
      for (size_t i = 0; i < size; i += 2) std::memcpy(panel + (c + i) * kPanelBf16, rounded + i, 2 * sizeof(uint16_t));
    }
  }
}

}  // namespace

void pack_weights_bf16(size_t n, size_t k, const float* w, uint16_t* packed) { pack_columns(n, k, w, k, 1, packed); }

void pack_matrix_bf16(size_t n, size_t k, const float* b, size_t row_step, size_t column_step, float scale, uint16_t* packed) {
  if (column_step != 1) return pack_columns(n, k, b, column_step, scale, packed);
  const size_t padded = padded_k_bf16(k);
  pick_bf16().pair({k, n, padded / 2, b, row_step, packed, kPanelBf16 * padded, scale});
}

}  // namespace verge
