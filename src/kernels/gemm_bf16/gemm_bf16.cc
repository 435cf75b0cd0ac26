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

constexpr size_t kPiece = 256;

// Columns [0, columns) of a panel, each contiguous and `step` from the next, as bf16: where they lie, or rounded into `room`[16][kPiece]. `some` elements.
struct Columns {
  const uint16_t* data;
  size_t step;

  Columns(Reals b, size_t b_step, size_t columns, size_t some, uint16_t* room) : data(b.as<uint16_t>()), step(b_step) {
    if (b.half) return;
    pick_bf16().round({columns, some, b.as<float>(), b_step, room, kPiece});
    data = room, step = kPiece;
  }
};

void pack_columns(size_t n, size_t k, Reals b, size_t step, uint16_t* packed) {
  alignas(64) uint16_t room[kPanelBf16 * kPiece];
  const size_t padded = padded_k_bf16(k);
  for (size_t j = 0; j < n; j += kPanelBf16, packed += kPanelBf16 * padded)
    for (size_t c = 0; c < padded; c += kPiece) {
      const size_t columns = n - j < kPanelBf16 ? n - j : kPanelBf16, size = padded - c < kPiece ? padded - c : kPiece, some = k <= c ? 0 : k - c < size ? k - c : size;
      const Columns from(b.from(some ? j * step + c : 0), step, columns, some, room);
      pick_bf16().turn({columns, some, size / 2, from.data, from.step, packed + c * kPanelBf16});
    }
}

}  // namespace

void pack_weights_bf16(size_t n, size_t k, const float* w, uint16_t* packed) { pack_columns(n, k, {w, false}, k, packed); }

void pack_matrix_bf16(size_t n, size_t k, Reals b, size_t row_step, size_t column_step, uint16_t* packed) {
  if (column_step != 1) return pack_columns(n, k, b, column_step, packed);
  const size_t padded = padded_k_bf16(k);
  pick_bf16().pair({k, n, padded / 2, b, row_step, packed, kPanelBf16 * padded});
}

}  // namespace verge
