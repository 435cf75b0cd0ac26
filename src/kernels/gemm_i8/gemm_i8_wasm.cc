#include "kernels/requant/vector_wasm.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

// A panel is taken four columns at a time: bytes become int16, and a dot product of pairs leaves two lanes a column. Four rows then need eight sums, which
// with their operands fit the 16 registers of x86-64.
struct Quarters {
  using Acc = I32x16;
  using X = v128_t;
  static constexpr int32_t kOffset = 0;
  static I32x16 sums(const Acc& acc) { return acc; }
};

struct Weights {
  v128_t low, high;  // two columns each
};

template <bool nibbles> [[gnu::always_inline]] inline Weights load_quarter(const int8_t* w, int quarter) {
  if constexpr (!nibbles) return {wasm_i16x8_load8x8(w + 16 * quarter), wasm_i16x8_load8x8(w + 16 * quarter + 8)};
  const int8_t* from = w + quarter % 2 * 16;
  const v128_t low = wasm_i16x8_load8x8(from), high = wasm_i16x8_load8x8(from + 8);
  if (quarter >= 2) return {wasm_i16x8_shr(low, 4), wasm_i16x8_shr(high, 4)};
  return {wasm_i16x8_shr(wasm_i16x8_shl(low, 12), 12), wasm_i16x8_shr(wasm_i16x8_shl(high, 12), 12)};
}

// One quarter of a panel against `rows` rows.
template <int rows, bool nibbles> struct Quarter {
  v128_t low[rows], high[rows];

  Quarter() {
    for (int r = 0; r < rows; ++r) low[r] = high[r] = wasm_i32x4_splat(0);
  }
  [[gnu::always_inline]] void add(const Weights& w, int r, v128_t four) {
    const v128_t x = wasm_i16x8_extend_low_i8x16(four);
    low[r] = wasm_i32x4_add(low[r], wasm_i32x4_dot_i16x8(w.low, x));
    high[r] = wasm_i32x4_add(high[r], wasm_i32x4_dot_i16x8(w.high, x));
  }
  // `w` is the first group of the tap, `flip` changes the sign bit of each byte or nothing.
  [[gnu::always_inline]] void add_tap(const uint8_t* const (&x)[rows], const int8_t* w, int quarter, size_t k, v128_t flip) {
    constexpr size_t kGroup = nibbles ? 32 : 64;
    const size_t words = k / 4, rest = k % 4;
    for (size_t i = 0; i < words; ++i, w += kGroup) {
      const Weights weights = load_quarter<nibbles>(w, quarter);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) add(weights, r, wasm_v128_xor(wasm_v128_load32_splat(x[r] + 4 * i), flip));
    }
    if (rest == 0) return;
    const Weights weights = load_quarter<nibbles>(w, quarter);
    for (int r = 0; r < rows; ++r) add(weights, r, wasm_v128_xor(wasm_u32x4_splat(load_few(x[r] + 4 * words, rest)), flip));
  }
  v128_t sums(int r) const { return wasm_i32x4_add(wasm_i32x4_shuffle(low[r], high[r], 0, 2, 4, 6), wasm_i32x4_shuffle(low[r], high[r], 1, 3, 5, 7)); }
};

template <int rows, bool nibbles> void accumulate(const GemmI8& g, const GemmI8Tile& tile, const int8_t* weights, I32x16 (&acc)[rows][1]) {
  const void* const* x[rows];
  for (size_t r = 0; r < rows; ++r) x[r] = tile.x + (r < tile.rows ? r : tile.rows - 1) * g.layout.taps;
  const v128_t flip = wasm_i8x16_splat(g.x_unsigned ? -128 : 0);
  const size_t tap_bytes = g.layout.groups() * g.layout.group_bytes();
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    Quarter<rows, nibbles> quarter;
    for (size_t t = 0; t < g.layout.taps; ++t) {
      const uint8_t* p[rows];
      for (int r = 0; r < rows; ++r) p[r] = static_cast<const uint8_t*>(x[r][t]);
      quarter.add_tap(p, weights + t * tap_bytes, q, g.layout.k, flip);
    }
    for (int r = 0; r < rows; ++r) acc[r][0].q[q] = quarter.sums(r);
  }
}

template <int rows> void run_rows(const GemmI8& g, const GemmI8Tile& tile) {
  for (size_t panel = tile.first_panel; panel < tile.last_panel; ++panel) {
    Tile<Quarters, rows, 1> t;
    const int8_t* weights = g.weights + panel * g.panel_stride;
    g.layout.nibbles ? accumulate<rows, true>(g, tile, weights, t.acc) : accumulate<rows, false>(g, tile, weights, t.acc);
    t.store(g, tile, panel * kColumnBlock);
  }
}

}  // namespace

void gemm_i8_i8_4x16_wasm(const GemmI8& g, const GemmI8Tile& tile) { tile.rows == 1 ? run_rows<1>(g, tile) : run_rows<4>(g, tile); }

}  // namespace verge
