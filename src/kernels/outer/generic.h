// The loop of outer_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>
#include <utility>

#include "kernels/outer/outer_f32.h"

namespace verge {
namespace {

// kRows rows and kVectors registers across; the last register may be partly used.
template <typename V, int kRows, int kVectors, bool kPart> struct OuterTile {
  using Reg = typename V::Reg;
  static constexpr size_t kWidth = V::kWidth;

  [[gnu::always_inline]] static inline Reg load(const float* p, int v, size_t last) {
    const float* at = p + static_cast<size_t>(v) * kWidth;
    return kPart && v == kVectors - 1 ? V::load_first(at, last) : V::load(at);
  }

  static void run(const OuterF32& t, size_t row, size_t column, size_t last) {
    Reg acc[kRows][kVectors];
#pragma GCC unroll 24
    for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) acc[i][v] = V::set1(0.0f);
    for (size_t r = 0; r < t.runs; ++r) {
      const float *a = t.a + r * t.a_run + row, *b = t.b + r * t.b_run + column;
      for (size_t p = 0; p < t.pixels; ++p, a += t.a_step, b += t.b_step) {
        Reg x[kVectors];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) x[v] = load(b, v, last);
#pragma GCC unroll 24
        for (int i = 0; i < kRows; ++i) {
          const Reg ai = V::set1(a[i]);
#pragma GCC unroll 8
          for (int v = 0; v < kVectors; ++v) acc[i][v] = V::fma(ai, x[v], acc[i][v]);
        }
      }
    }
    add(t, row, column, last, acc);
  }

  static void add(const OuterF32& t, size_t row, size_t column, size_t last, const Reg (&acc)[kRows][kVectors]) {
#pragma GCC unroll 24
    for (int i = 0; i < kRows; ++i) {
      float* c = t.c + (row + static_cast<size_t>(i)) * t.c_step + column;
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const Reg sum = V::add(load(c, v, last), acc[i][v]);
        float* at = c + static_cast<size_t>(v) * kWidth;
        if (kPart && v == kVectors - 1) V::store_first(at, sum, last);
        else V::store(at, sum);
      }
    }
  }
};

using OuterTileFn = void (*)(const OuterF32& t, size_t row, size_t column, size_t last);

template <typename V, int kVectors, bool kPart, int... rows> OuterTileFn outer_tile(size_t count, std::integer_sequence<int, rows...>) {
  static constexpr OuterTileFn kTiles[] = {OuterTile<V, rows + 1, kVectors, kPart>::run...};
  return kTiles[count - 1];
}

// Rows in tiles of at most kRows, of nearly equal height; `last` < V::kWidth floats in the last register, 0: all.
template <typename V, int kRows, int kVectors, bool kPart> void outer_rows(const OuterF32& t, size_t m, size_t column, size_t last) {
  const size_t tiles = (m + kRows - 1) / kRows;
  for (size_t i = 0, row = 0; i < tiles; ++i) {
    const size_t rows = (m - row + tiles - i - 1) / (tiles - i);
    outer_tile<V, kVectors, kPart>(rows, std::make_integer_sequence<int, kRows>())(t, row, column, last);
    row += rows;
  }
}

template <typename V, int kRows, int kVectors> void outer_columns(const OuterF32& t, size_t m, size_t column, size_t columns) {
  const size_t last = columns % V::kWidth;
  if (last) outer_rows<V, kRows, kVectors, true>(t, m, column, last);
  else outer_rows<V, kRows, kVectors, false>(t, m, column, last);
}

}  // namespace
}  // namespace verge
