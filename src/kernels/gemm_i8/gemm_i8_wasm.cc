#include "kernels/requant/vector_wasm.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

// Bytes become int16, and a dot product of pairs leaves two lanes a column. Four rows against a quarter of a panel, four columns, need eight sums, which with
// their operands fit the registers of x86-64. The rows' int16 are made once for all panels of a tile; a single row, whose sums of a whole panel fit, does
// without.
struct Pairs {
  using Acc = I32x16;
  using X = v128_t;
  static constexpr int32_t kOffset = 0;
  static I32x16 sums(const Acc& acc) { return acc; }
};

constexpr int kRows = 4;
constexpr size_t kMostWords = 1152;  // widened at a time, of four rows; one row has as many in a 3 x 3 window of 512 channels

// Lanes c0 c0 c1 c1 and c2 c2 c3 c3 to c0 c1 c2 c3.
inline v128_t columns(v128_t low, v128_t high) { return wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7)); }

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

inline v128_t flip_of(const GemmI8& g) { return wasm_i8x16_splat(g.x_unsigned ? -128 : 0); }

// The words of rows as int16, [four rows][word][row][4].
class Rows {
 public:
  Rows(const GemmI8& g, const GemmI8Tile& tile) : flip_(flip_of(g)) {
    const size_t words = g.layout.taps * g.layout.groups();
    for (size_t first = 0; first < tile.rows; first += kRows)
      for (size_t r = 0; r < kRows; ++r)
        for (size_t t = 0; t < g.layout.taps; ++t) {
          const size_t row = first + r < tile.rows ? first + r : tile.rows - 1;
          widen(static_cast<const uint8_t*>(tile.x[row * g.layout.taps + t]), g.layout.k,
                at_ + (first / kRows * words + t * g.layout.groups()) * kWord + 4 * r);
        }
  }
  const int16_t* data() const { return at_; }

 private:
  static constexpr size_t kWord = 4 * kRows;

  void widen(const uint8_t* x, size_t k, int16_t* to) const {
    size_t i = 0;
    for (; i + 8 <= k; i += 8, to += 2 * kWord) {
      const v128_t eight = wasm_i16x8_extend_low_i8x16(wasm_v128_xor(wasm_v128_load64_zero(x + i), flip_));
      wasm_v128_store64_lane(to, eight, 0);
      wasm_v128_store64_lane(to + kWord, eight, 1);
    }
    for (; i < k; i += 4, to += kWord) {
      const v128_t word = wasm_u32x4_splat(k - i >= 4 ? load_word(x + i) : load_few(x + i, k - i));
      wasm_v128_store64_lane(to, wasm_i16x8_extend_low_i8x16(wasm_v128_xor(word, flip_)), 0);
    }
  }
  v128_t flip_;
  alignas(16) int16_t at_[kMostWords * kWord];
};

using FourRows = Tile<Pairs, kRows, 1>;

template <bool nibbles> [[gnu::always_inline]] inline void accumulate_quarter(size_t words, const int8_t* w, int quarter, const int16_t* x, FourRows& tile) {
  v128_t low[kRows], high[kRows];
  for (int r = 0; r < kRows; ++r) low[r] = high[r] = wasm_i32x4_splat(0);
  for (size_t i = 0; i < words; ++i, w += nibbles ? 32 : 64, x += 4 * kRows) {
    const Weights weights = load_quarter<nibbles>(w, quarter);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const v128_t four = wasm_v128_load64_splat(x + 4 * r);
      low[r] = wasm_i32x4_add(low[r], wasm_i32x4_dot_i16x8(weights.low, four));
      high[r] = wasm_i32x4_add(high[r], wasm_i32x4_dot_i16x8(weights.high, four));
    }
  }
  for (int r = 0; r < kRows; ++r) tile.acc[r][0].q[quarter] = columns(low[r], high[r]);
}

template <bool nibbles> [[gnu::noinline]] void accumulate_panel(size_t words, const int8_t* w, const int16_t* x, FourRows& tile) {
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) accumulate_quarter<nibbles>(words, w, q, x, tile);
}

// Rows that are widened together, one rule for all of them.
template <bool nibbles> void run_widened(const GemmI8& g, const GemmI8Tile& tile) {
  const Rows rows(g, tile);
  const size_t words = g.layout.taps * g.layout.groups();
  for (size_t panel = tile.first_panel; panel < tile.last_panel; ++panel) {
    const size_t n = panel * kColumnBlock;
    with_rule(g.requant, n, [&]<typename Rule>() {
      const Rule rule(g.requant, n);
      const I32x16 start = start_of<Pairs>(g, n);
      auto* y = static_cast<typename Rule::Out*>(tile.y) + n;
      FourRows four;
      for (size_t row = 0; row < tile.rows; ++row) {
        if (row % kRows == 0) accumulate_panel<nibbles>(words, g.weights + panel * g.panel_stride, rows.data() + row * words * 4, four);
        const GemmI8Tile at = {1, nullptr, tile.row_sum ? tile.row_sum + row - row % kRows : nullptr, 0, 0, nullptr, 0};
        rule.store(y + row * tile.y_stride, four.sums(g, at, row % kRows, 0, n, start), g.layout.n - n);
      }
    });
  }
}

template <bool nibbles> void run_rows(const GemmI8& g, const GemmI8Tile& tile) {
  const size_t step = kMostWords / (g.layout.taps * g.layout.groups()) * kRows;
  const size_t element = g.requant.mode == RequantMode::kNone ? sizeof(int32_t) : 1;
  for (size_t row = 0; row < tile.rows; row += step) {
    const size_t rows = tile.rows - row < step ? tile.rows - row : step;
    run_widened<nibbles>(g, {rows, tile.x + row * g.layout.taps, tile.row_sum ? tile.row_sum + row : nullptr, tile.first_panel, tile.last_panel,
                             static_cast<uint8_t*>(tile.y) + row * tile.y_stride * element, tile.y_stride});
  }
}

template <bool nibbles> struct OneRow {
  v128_t low[4], high[4];

  OneRow() {
    for (int q = 0; q < 4; ++q) low[q] = high[q] = wasm_i32x4_splat(0);
  }
  [[gnu::always_inline]] void add(const int8_t* w, v128_t word) {
    const v128_t four = wasm_i16x8_extend_low_i8x16(word);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const Weights weights = load_quarter<nibbles>(w, q);
      low[q] = wasm_i32x4_add(low[q], wasm_i32x4_dot_i16x8(weights.low, four));
      high[q] = wasm_i32x4_add(high[q], wasm_i32x4_dot_i16x8(weights.high, four));
    }
  }
  I32x16 sums() const {
    return quarters16<I32x16>([&](int q) { return columns(low[q], high[q]); });
  }
};

template <bool nibbles> void run_row(const GemmI8& g, const GemmI8Tile& tile, size_t row) {
  constexpr size_t kGroup = nibbles ? 32 : 64;
  const v128_t flip = flip_of(g);
  const GemmI8Tile one = {1, tile.x + row * g.layout.taps, tile.row_sum ? tile.row_sum + row : nullptr, 0, 0, nullptr, tile.y_stride};
  const size_t words = g.layout.k / 4, rest = g.layout.k % 4;
  for (size_t panel = tile.first_panel; panel < tile.last_panel; ++panel) {
    const int8_t* w = g.weights + panel * g.panel_stride;
    OneRow<nibbles> sums;
    for (size_t t = 0; t < g.layout.taps; ++t) {
      const auto* x = static_cast<const uint8_t*>(one.x[t]);
      for (size_t i = 0; i < words; ++i, w += kGroup) sums.add(w, wasm_v128_xor(wasm_v128_load32_splat(x + 4 * i), flip));
      if (rest == 0) continue;
      sums.add(w, wasm_v128_xor(wasm_u32x4_splat(load_few(x + 4 * words, rest)), flip));
      w += kGroup;
    }
    Tile<Pairs, 1, 1> t;
    t.acc[0][0] = sums.sums();
    GemmI8Tile to = one;
    const size_t element = g.requant.mode == RequantMode::kNone ? sizeof(int32_t) : 1;
    to.y = static_cast<uint8_t*>(tile.y) + row * tile.y_stride * element;
    t.store(g, to, panel * kColumnBlock);
  }
}

template <bool nibbles> void run(const GemmI8& g, const GemmI8Tile& tile) {
  if (tile.rows > 1 && g.layout.taps * g.layout.groups() <= kMostWords) return run_rows<nibbles>(g, tile);
  for (size_t row = 0; row < tile.rows; ++row) run_row<nibbles>(g, tile, row);
}

}  // namespace

void gemm_i8_i8_16x64_wasm(const GemmI8& g, const GemmI8Tile& tile) { g.layout.nibbles ? run<true>(g, tile) : run<false>(g, tile); }

}  // namespace verge
