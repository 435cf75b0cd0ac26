// Indirect matrix product in int8: dense layers and, through row pointers, convolution without im2col.
//
//   acc[r][n] = bias[n] + sum over taps t, bytes k of (x[r][t][k] - zx) * (w[n][t][k] - zw[n])        int32, wrapping
//   y[r][n]   = requant(acc[r][n])                                                                    kernels/requant/requant.h
//
// x is int8 or uint8; everything here speaks of its int8 view: a stored uint8 q stands for q - 128, and its zero point likewise. Terms that do
// not depend on x are folded into the bias when weights are packed, so kernels sum x * w alone.
//
// Packing, the same for every ISA: panels of 16 columns. A panel holds taps x ceil(k / 4) groups of 64 weights, [16 columns][4 k], zeros where k or
// n end: 64 bytes, or 32 where weights fit four bits (byte i has weight i in its low half and weight 32 + i in its high half). Beside it lie, per column and rounded up to 16 columns, the folded bias, the sum of the column's weights, and the requantisation's arrays.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/requant/requant.h"
#include "kernels/select.h"

namespace verge {

struct GemmI8Layout {
  size_t n = 0, taps = 1, k = 0;  // columns, pointers a row, bytes that each points to
  bool nibbles = false;           // weights in [-8, 7], two a byte

  size_t groups() const { return (k + 3) / 4; }
  size_t panels() const { return round_up_columns(n) / kColumnBlock; }
  size_t group_bytes() const { return nibbles ? 32 : 64; }
  size_t panel_bytes() const { return taps * groups() * group_bytes(); }
  size_t bytes() const { return panels() * panel_bytes(); }
};

// packed[layout.bytes()] from w[n][taps][k], and back.
void pack_gemm_i8(const GemmI8Layout& layout, const int8_t* w, int8_t* packed);
void unpack_gemm_i8(const GemmI8Layout& layout, const int8_t* packed, int8_t* w);

// bias_folded[j] = bias[j] - zx * sum(w[j]) + taps * k * zx * zw[j], column_sum[j] = sum(w[j]); both [round_up_columns(n)]. `bias` may be null (zeros),
// `w_zero_point` ([n]) too. x_zero_point in the int8 view.
void fold_gemm_i8(const GemmI8Layout& layout, const int8_t* w, const int32_t* bias, int32_t x_zero_point, const int32_t* w_zero_point, int32_t* bias_folded,
                  int32_t* column_sum);

// Sums of weights, one a column, in the narrower form that holds them; both null: no sums.
struct ColumnSums {
  const int32_t* wide = nullptr;
  const int16_t* narrow = nullptr;
  ColumnSums from(size_t column) const { return {wide ? wide + column : nullptr, narrow ? narrow + column : nullptr}; }
};

// One product, ready to run. Arrays are [round_up_columns(n)].
struct GemmI8 {
  GemmI8Layout layout;
  const int8_t* weights = nullptr;  // packed, 64-byte aligned unless nibbles
  const int32_t* bias = nullptr;    // folded; null: sums of x * w alone, which slices of a long product add up
  ColumnSums column_sum;
  const int32_t* weight_zero_point = nullptr;  // null: symmetric weights
  size_t panel_stride = 0;                     // layout.panel_bytes() of the whole product
  bool x_unsigned = false;
  Requant requant;
  bool weights_are_far = false;  // read for the first time: worth to be fetched ahead
};

// Rows of x that lie evenly apart in memory, as those of a copied piece of a picture: row r's segment s, an equal share of its taps, is at
// x + r * step + offset[s]. Rows form lines of `width`, row 0 at place `first` of its line; those from place `valid` on are computed and not stored.
// Whole tiles of 16 rows are read, the bytes behind the last row too.
struct GemmI8Grid {
  const void* x;
  size_t step, segments;
  const uint32_t* offset;
  size_t first, valid, width;
};

// The words (four bytes) of equal runs into which a kernel for grids cuts a segment; 0 where it has none. What is shorter than a run stays whole.
inline constexpr size_t kMostRunWords = 16, kFewestRunWords = 4;
constexpr size_t equal_run_words(size_t words) {
  if (words < kFewestRunWords) return words;
  for (size_t runs = (words + kMostRunWords - 1) / kMostRunWords; runs > 0 && words / runs >= kFewestRunWords; ++runs)
    if (words % runs == 0) return words / runs;
  return 0;
}

// A few rows of x against some panels. x[r * taps + t] points to k bytes that may be the last of their buffer.
struct GemmI8Tile {
  size_t rows;  // at most the kernel's
  const void* const* x;
  const int32_t* row_sum;          // sum of row r's bytes in the int8 view; read only when weights have zero points
  size_t first_panel, last_panel;  // [first, last)
  void* y;                         // row 0, column 0: bytes, or int32 by RequantMode::kNone
  size_t y_stride;                 // elements
  const GemmI8Grid* grid = nullptr;  // instead of x and row_sum, for kernels that read grids: of symmetric weights of 8 bits, k a multiple of 4
};
using GemmI8Fn = void (*)(const GemmI8& gemm, const GemmI8Tile& tile);

// Rows or panels of a kernel that cuts a block itself, and reads grids.
inline constexpr size_t kWholeBlock = size_t{1} << 20;

struct GemmI8Kernel {
  Isa isa;
  const char* name;
  GemmI8Fn fn;
  size_t rows, panels;  // the tile that it likes; more panels are cut, more rows are an error ...
  size_t narrow_rows;   // ... but of a single panel it takes as many

  bool reads_grids() const { return rows == kWholeBlock; }
  size_t most_rows(size_t panels_left) const { return panels_left == 1 ? narrow_rows : rows; }
};

#define VERGE_KERNEL(isa, name, rows, panels, narrow_rows) VERGE_ON_##isa(void name(const GemmI8& gemm, const GemmI8Tile& tile);)
#include "kernels/gemm_i8/kernels.inc"
#undef VERGE_KERNEL

std::span<const GemmI8Kernel> gemm_i8_kernels();
const GemmI8Kernel& pick_gemm_i8();

}  // namespace verge
