// The loop of igemm_f32, once for every instruction set. V is the F32 of kernels/vec/. Where it has fma_lane<lane>(sum, x, lanes), which is
// sum + x * lanes[lane], four steps of k are taken from one load of each row.
#include <cstddef>
#include <utility>

#include "kernels/gemm/igemm_f32.h"

namespace verge {
namespace {

// A tile of kRows rows and kVectors registers across: kVectors * kWidth columns from `column` on, at most 16 or a multiple of 16.
template <typename V, int kRows, int kVectors> struct IgemmTile {
  using Reg = typename V::Reg;
  static constexpr int kWidth = V::kWidth;
  static constexpr int kColumns = kVectors * kWidth;

  static size_t weight_at(const IgemmF32& a, int v) {
    const size_t at = static_cast<size_t>(v * kWidth);
    return at / kPanelF32 * a.panel_step + at % kPanelF32;
  }

  [[gnu::always_inline]] static inline void load_weights(const IgemmF32& a, const float* w, Reg (&b)[kVectors]) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) b[v] = V::load(w + weight_at(a, v));
  }

  [[gnu::always_inline]] static inline void step(const IgemmF32& a, const float* const (&x)[kRows], size_t k, const float* w, Reg (&acc)[kRows][kVectors]) {
    Reg b[kVectors];
    load_weights(a, w, b);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Reg xi = V::set1(x[i][k]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) acc[i][v] = V::fma(xi, b[v], acc[i][v]);
    }
  }

  template <int kLane>
  [[gnu::always_inline]] static inline void lane_step(const IgemmF32& a, const Reg (&x)[kRows], const float* w, Reg (&acc)[kRows][kVectors]) {
    Reg b[kVectors];
    load_weights(a, w + kLane * kPanelF32, b);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) acc[i][v] = V::template fma_lane<kLane>(acc[i][v], b[v], x[i]);
  }

  // One tap: k steps. `ahead` floats further on lie weights that will be wanted soon; 0: none.
  [[gnu::always_inline]] static inline void tap(const IgemmF32& a, const float* const (&x)[kRows], const float* w, size_t ahead, Reg (&acc)[kRows][kVectors]) {
    size_t k = 0;
    if constexpr (requires(Reg r) { V::template fma_lane<0>(r, r, r); }) {
      for (; k + 4 <= a.k; k += 4, w += 4 * kPanelF32) {
        Reg four[kRows];
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) four[i] = V::load(x[i] + k);
        lane_step<0>(a, four, w, acc);
        lane_step<1>(a, four, w, acc);
        lane_step<2>(a, four, w, acc);
        lane_step<3>(a, four, w, acc);
      }
    }
    for (; k < a.k; ++k, w += kPanelF32) {
      __builtin_prefetch(w + ahead, 0, 2);
      step(a, x, k, w, acc);
    }
  }

  static void store(const IgemmF32& a, size_t row, size_t column, size_t columns, const Reg (&acc)[kRows][kVectors]) {
    const Reg lo = V::set1(a.clamp.min), hi = V::set1(a.clamp.max);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const size_t r = row + static_cast<size_t>(i);
      float* y = a.output + r * a.output_step + column;
      const float* add = a.residual ? a.residual + r * a.residual_step + column : nullptr;
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const size_t at = static_cast<size_t>(v * kWidth);
        if (at >= columns) break;
        const size_t left = columns - at;
        Reg sum = acc[i][v];
        if (left >= static_cast<size_t>(kWidth)) {
          if (add) sum = V::add(sum, V::load(add + at));
          V::store(y + at, V::min(hi, V::max(lo, sum)));
        } else {
          if (add) sum = V::add(sum, V::load_first(add + at, left));
          V::store_first(y + at, V::min(hi, V::max(lo, sum)), left);
        }
      }
    }
  }

  // Rows [row, row + kRows), columns [column, column + columns), columns <= kColumns.
  static void run(const IgemmF32& a, size_t row, size_t column, size_t columns, size_t ahead) {
    Reg acc[kRows][kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const Reg bias = V::load(a.bias + column + static_cast<size_t>(v * kWidth));
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) acc[i][v] = bias;
    }
    const float* w = a.weights + column / kPanelF32 * a.panel_step + column % kPanelF32;
    const float* const* pointers = a.rows + row * a.row_step;
    for (size_t t = 0; t < a.taps; ++t, w += a.k * kPanelF32) {
      const float* x[kRows];
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) x[i] = pointers[static_cast<size_t>(i) * a.row_step + t];
      tap(a, x, w, ahead, acc);
    }
    store(a, row, column, columns, acc);
  }
};

using TileFn = void (*)(const IgemmF32& a, size_t row, size_t column, size_t columns, size_t ahead);

template <typename V, int kVectors, int... rows> constexpr TileFn tile_of(int count, std::integer_sequence<int, rows...>) {
  constexpr TileFn kTiles[] = {IgemmTile<V, rows + 1, kVectors>::run...};
  return kTiles[count - 1];
}

// All m rows of one block of columns, in tiles of kRows and a rest of fewer. Each of the first tiles fetches a panel of the next block of columns from
// memory while it computes.
template <typename V, int kRows, int kVectors> void sweep_rows(const IgemmF32& a, size_t m, size_t column, size_t columns) {
  constexpr size_t kPanels = (kVectors * V::kWidth + kPanelF32 - 1) / kPanelF32;
  size_t row = 0;
  for (size_t tile = 0; row + kRows <= m; row += kRows, ++tile)
    IgemmTile<V, kRows, kVectors>::run(a, row, column, columns, tile < kPanels ? (kPanels + tile) * a.panel_step : 0);
  if (row < m) tile_of<V, kVectors>(static_cast<int>(m - row), std::make_integer_sequence<int, kRows>())(a, row, column, columns, 0);
}

// One row: only several registers across keep the multipliers busy. Takes the columns that fill eight and gives the first that is left.
template <typename V> size_t sweep_one_row(const IgemmF32& a, size_t n) {
  constexpr size_t kColumns = 8 * V::kWidth;
  size_t column = 0;
  for (; column + kColumns <= n; column += kColumns) IgemmTile<V, 1, 8>::run(a, 0, column, kColumns, 0);
  return column;
}

}  // namespace
}  // namespace verge
