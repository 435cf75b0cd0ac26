// The loop of igemm_f32 over evenly spaced rows, once for every instruction set: three rows share a pointer, so that all pointers of a tile stay in
// registers, and a tile of one panel is as tall as registers allow. V is the F32 of kernels/vec/.
#include "kernels/gemm/generic.h"

namespace verge {
namespace {

template <typename V, int kRows, int kVectors> struct EvenTile {
  using Base = IgemmTile<V, kRows, kVectors>;
  using Reg = typename V::Reg;
  static constexpr int kBases = (kRows + 2) / 3;

  [[gnu::always_inline]] static inline void tap(const IgemmF32& a, const float* x, const float* w, Reg (&acc)[kRows][kVectors]) {
    const size_t gap = a.row_gap;
    const float* base[kBases];
#pragma GCC unroll 8
    for (int i = 0; i < kBases; ++i) base[i] = x + static_cast<size_t>(3 * i) * gap;
    for (size_t k = 0; k < a.k; ++k, w += kPanelF32) {
      Reg b[kVectors];
      Base::load_weights(a, w, b);
#pragma GCC unroll 24
      for (int i = 0; i < kRows; ++i) {
        const Reg xi = V::set1(base[i / 3][static_cast<size_t>(i % 3) * gap]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) acc[i][v] = V::fma(xi, b[v], acc[i][v]);
      }
#pragma GCC unroll 8
      for (int i = 0; i < kBases; ++i) ++base[i];
    }
  }

  static void run(const IgemmF32& a, size_t row, size_t column, size_t columns, size_t) {
    Reg acc[kRows][kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const Reg bias = V::load(a.bias + column + static_cast<size_t>(v * V::kWidth));
#pragma GCC unroll 24
      for (int i = 0; i < kRows; ++i) acc[i][v] = bias;
    }
    const float* w = a.weights + column / kPanelF32 * a.panel_step + column % kPanelF32;
    for (size_t t = 0; t < a.taps; ++t, w += a.k * kPanelF32) tap(a, a.rows[t] + row * a.row_gap, w, acc);
    Base::store(a, row, column, columns, acc);
  }
};

template <typename V, int kVectors, int... rows> constexpr TileFn even_tile_of(int count, std::integer_sequence<int, rows...>) {
  constexpr TileFn kTiles[] = {EvenTile<V, rows + 1, kVectors>::run...};
  return kTiles[count - 1];
}

// All m rows of one block of columns, in tiles of nearly equal height.
template <typename V, int kRows, int kVectors> void sweep_even(const IgemmF32& a, size_t m, size_t column, size_t columns) {
  for (size_t row = 0, tiles = (m + kRows - 1) / kRows; tiles > 0; --tiles) {
    const size_t rows = (m - row + tiles - 1) / tiles;
    even_tile_of<V, kVectors>(static_cast<int>(rows), std::make_integer_sequence<int, kRows>())(a, row, column, columns, 0);
    row += rows;
  }
}

}  // namespace
}  // namespace verge
