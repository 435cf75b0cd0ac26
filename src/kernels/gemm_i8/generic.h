// The tile loop of gemm_i8.h over a dot product of four bytes. Include after one of requant/vector_*.h.
//
// A policy `Dot` supplies
//   kOffset                              what it adds to every byte of x (128 where the instruction wants unsigned bytes), else 0
//   Acc, X                               one row against one panel; four bytes of one row, ready to multiply
//   zero(), broadcast(four bytes)        load(p, flip), broadcast(word ^ flip)
//   step(acc[rows][panels], w, stride, x[rows])   adds 4 k of `panels` panels that lie `stride` bytes apart
//   load_four(p, flip), lane_step<lane>(acc, w, stride, x[rows])   may be there: four words of a row in one X, and the step of one of them
//   expand(packed, bytes[64])            a group of weights that lie two a byte: expand_nibbles or better
//   sums(acc)                            I32x16
#pragma once
#include <cstring>

#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/requant/generic.h"

namespace verge {
namespace {

// The first n < 4 bytes at p, zeros behind.
inline uint32_t load_few(const uint8_t* p, size_t n) {
  uint32_t word = p[0];
  if (n > 1) word |= static_cast<uint32_t>(p[1]) << 8;
  if (n > 2) word |= static_cast<uint32_t>(p[2]) << 16;
  return word;
}

inline uint32_t load_word(const uint8_t* p) {
  uint32_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

// A group of 64 weights that lie two a byte.
inline void expand_nibbles(const int8_t* packed, int8_t* to) {
  for (int i = 0; i < 32; ++i) {
    to[i] = static_cast<int8_t>(((packed[i] & 15) ^ 8) - 8);
    to[32 + i] = static_cast<int8_t>((((packed[i] >> 4) & 15) ^ 8) - 8);
  }
}

inline I32x16 sums16(const ColumnSums& sums, size_t n) { return sums.narrow ? load_i16x16(sums.narrow + n, 16) : load16(sums.wide + n); }

// What a column's sum starts from, for every row alike.
template <typename Dot> I32x16 start_of(const GemmI8& g, size_t n) {
  if (!g.bias) return splat16(0);
  return sub16(load16(g.bias + n), mul16(sums16(g.column_sum, n), splat16(Dot::kOffset)));
}

template <typename Dot, int rows, int panels> struct Tile {
  typename Dot::Acc acc[rows][panels];

  void accumulate(const GemmI8& g, const GemmI8Tile& tile, const int8_t* w) {
    g.layout.nibbles ? accumulate<true>(g, tile, w) : accumulate<false>(g, tile, w);
  }

  template <bool nibbles> void accumulate(const GemmI8& g, const GemmI8Tile& tile, const int8_t* w) {
    constexpr size_t kGroup = nibbles ? 32 : 64;
    for (auto& row : acc)
      for (auto& a : row) a = Dot::zero();
    const uint32_t flip = (g.x_unsigned ? 0x80808080u : 0u) ^ (Dot::kOffset == 128 ? 0x80808080u : 0u);
    const void* const* x[rows];
    for (size_t r = 0; r < rows; ++r) x[r] = tile.x + (r < tile.rows ? r : tile.rows - 1) * g.layout.taps;
    const size_t words = g.layout.k / 4, rest = g.layout.k % 4;
    for (size_t t = 0; t < g.layout.taps; ++t) {
      const uint8_t* p[rows];
      for (int r = 0; r < rows; ++r) p[r] = static_cast<const uint8_t*>(x[r][t]);
      typename Dot::X four[rows];
      size_t i = 0;
      if constexpr (!nibbles && requires(const uint8_t* from) { Dot::load_four(from, 0u); })
        for (; i + 4 <= words; i += 4, w += 4 * kGroup) four_steps(w, g.panel_stride, p, 4 * i, flip);
      for (; i < words; ++i, w += kGroup) {
        for (int r = 0; r < rows; ++r) four[r] = Dot::load(p[r] + 4 * i, flip);
        step<nibbles>(w, g.panel_stride, four);
      }
      if (rest == 0) continue;
      for (int r = 0; r < rows; ++r) four[r] = Dot::broadcast(load_few(p[r] + 4 * words, rest) ^ flip);
      step<nibbles>(w, g.panel_stride, four);
      w += kGroup;
    }
  }

  // Sixteen k from one load of each row, where the instruction set multiplies by a lane.
  void four_steps(const int8_t* w, size_t stride, const uint8_t* const (&p)[rows], size_t at, uint32_t flip) {
    typename Dot::X sixteen[rows];
    for (int r = 0; r < rows; ++r) sixteen[r] = Dot::load_four(p[r] + at, flip);
    Dot::template lane_step<0>(acc, w, stride, sixteen);
    Dot::template lane_step<1>(acc, w + 64, stride, sixteen);
    Dot::template lane_step<2>(acc, w + 128, stride, sixteen);
    Dot::template lane_step<3>(acc, w + 192, stride, sixteen);
  }

  template <bool nibbles> void step(const int8_t* w, size_t stride, const typename Dot::X (&x)[rows]) {
    if constexpr (!nibbles) return Dot::step(acc, w, stride, x);
    alignas(64) int8_t bytes[panels * 64];
    for (int p = 0; p < panels; ++p) Dot::expand(w + p * stride, bytes + p * 64);
    Dot::step(acc, bytes, 64, x);
  }

  static size_t stored_rows(const GemmI8Tile& tile) { return rows == 1 ? 1 : tile.rows; }

  // The sums of row r, panel p, which holds columns n and on.
  I32x16 sums(const GemmI8& g, const GemmI8Tile& tile, size_t r, size_t p, size_t n, const I32x16& start) const {
    const I32x16 total = add16(Dot::sums(acc[r][p]), start);
    if (!g.weight_zero_point) return total;
    return sub16(total, mul16(load16(g.weight_zero_point + n), splat16(tile.row_sum[r])));
  }

  void store(const GemmI8& g, const GemmI8Tile& tile, size_t first) const {
    for (size_t p = 0; p < panels; ++p) {
      const size_t n = first + p * kColumnBlock;
      with_rule(g.requant, n, [&]<typename Rule>() {
        const Rule rule(g.requant, n);
        const I32x16 start = start_of<Dot>(g, n);
        auto* y = static_cast<typename Rule::Out*>(tile.y) + n;
        for (size_t r = 0; r < stored_rows(tile); ++r) rule.store(y + r * tile.y_stride, sums(g, tile, r, p, n, start), g.layout.n - n);
      });
    }
  }
};

template <typename Dot, int rows, int panels> void run_tile(const GemmI8& g, const GemmI8Tile& tile, size_t panel) {
  Tile<Dot, rows, panels> t;
  t.accumulate(g, tile, g.weights + panel * g.panel_stride);
  t.store(g, tile, panel * kColumnBlock);
}

// Panels in the widest cuts that are left: 4, 2, 1.
template <typename Dot, int rows, int panels> void run_panels(const GemmI8& g, const GemmI8Tile& tile) {
  size_t panel = tile.first_panel;
  for (; panel + panels <= tile.last_panel; panel += panels) run_tile<Dot, rows, panels>(g, tile, panel);
  if constexpr (panels > 2)
    if (panel + 2 <= tile.last_panel) run_tile<Dot, rows, 2>(g, tile, panel), panel += 2;
  if constexpr (panels > 1)
    if (panel < tile.last_panel) run_tile<Dot, rows, 1>(g, tile, panel);
}

// A tile with fewer rows than `rows` computes its last row again instead of needing code of its own; a single row, the vector product, has it. So have
// `narrow` rows against one panel, where `rows` sums are too few to hide the latency of a step.
template <typename Dot, int rows, int panels, int narrow = rows> void run_gemm(const GemmI8& g, const GemmI8Tile& tile) {
  if constexpr (narrow > rows)
    if (tile.rows > rows) return run_tile<Dot, narrow, 1>(g, tile, tile.first_panel);
  tile.rows == 1 ? run_panels<Dot, 1, panels>(g, tile) : run_panels<Dot, rows, panels>(g, tile);
}

}  // namespace
}  // namespace verge
