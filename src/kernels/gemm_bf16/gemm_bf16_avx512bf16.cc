#include <utility>

#include "kernels/vec/avx512bf16.h"

#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/gemm_bf16/row_avx512bf16.h"

namespace verge {
namespace {

__m512bh pairs_at(const uint16_t* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }
// As a float, so that the broadcast comes from memory and not through the port of the products.
__m512bh every_pair(const uint16_t* p) {
  float pair;
  __builtin_memcpy(&pair, p, sizeof(pair));
  return reinterpret_cast<__m512bh>(_mm512_set1_ps(pair));
}

// kRows rows against kPanels panels from `column` on, of which `columns` are stored.
template <int kRows, int kPanels> void run_tile(const GemmBf16& g, size_t row, size_t column, size_t columns) {
  __m512 sum[kRows][kPanels];
  const uint16_t* w[kPanels];
  for (int p = 0; p < kPanels; ++p) {
    w[p] = g.panel(column) + static_cast<size_t>(p) * kPanelBf16 * g.k;
    const __m512 bias = _mm512_loadu_ps(g.bias + column + static_cast<size_t>(p) * kPanelBf16);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sum[r][p] = bias;
  }
  for (size_t run = 0; run < g.runs; ++run) {
    const uint16_t* a = g.a + row * g.a_step + g.run_start(run);
    for (size_t c = 0; c < g.run(); c += 2) {
      __m512bh b[kPanels];
#pragma GCC unroll 8
      for (int p = 0; p < kPanels; ++p) b[p] = pairs_at(w[p]), w[p] += 2 * kPanelBf16;
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const __m512bh x = every_pair(a + static_cast<size_t>(r) * g.a_step + c);
#pragma GCC unroll 8
        for (int p = 0; p < kPanels; ++p) sum[r][p] = _mm512_dpbf16_ps(sum[r][p], x, b[p]);
      }
    }
  }
  for (int p = 0; p < kPanels; p += 2) {
    const size_t at = static_cast<size_t>(p) * kPanelBf16;
    if (at >= columns) break;
    const SumRow store(g.clamp, columns - at);
    for (int r = 0; r < kRows; ++r) {
      const size_t i = row + static_cast<size_t>(r), out = g.output_row(i);
      if (g.stores(i)) store.store(sum[r][p], sum[r][p + (kPanels > 1)], g.residual.from(out * g.residual_step + column + at), g.output.from(out * g.output_step + column + at));
    }
  }
}

using TileFn = void (*)(const GemmBf16& g, size_t row, size_t column, size_t columns);

template <int kPanels, int... rows> TileFn tile_of(size_t count, std::integer_sequence<int, rows...>) {
  static constexpr TileFn kTiles[] = {run_tile<rows + 1, kPanels>...};
  return kTiles[count - 1];
}

template <int kPanels> void sweep_rows(const GemmBf16& g, size_t m, size_t column, size_t columns) {
  constexpr size_t kRows = 12;
  size_t row = 0;
  for (; row + kRows <= m; row += kRows) run_tile<kRows, kPanels>(g, row, column, columns);
  if (row < m) tile_of<kPanels>(m - row, std::make_integer_sequence<int, kRows>())(g, row, column, columns);
}

}  // namespace

// One row alone waits for memory: many panels at once ask for more of it.
void gemm_bf16_12x32_avx512bf16(size_t m, size_t n, const GemmBf16& g) {
  constexpr size_t kWide = 8 * kPanelBf16;
  size_t column = 0;
  for (; m == 1 && column + kWide <= n; column += kWide) run_tile<1, 8>(g, 0, column, kWide);
  for (; column < n; column += 2 * kPanelBf16) {
    const size_t left = n - column;
    left <= kPanelBf16 ? sweep_rows<1>(g, m, column, left) : sweep_rows<2>(g, m, column, left < 2 * kPanelBf16 ? left : 2 * kPanelBf16);
  }
}

}  // namespace verge
