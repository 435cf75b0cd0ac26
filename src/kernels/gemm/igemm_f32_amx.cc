// f32 products on bf16 tiles: every factor is the exact sum of three bf16 of 8 bits each, and of the nine products of parts the six largest are summed in f32.
// What is dropped is below 2^-24 of a product, as much as one rounding (Henry, Tang, Heinecke: Leveraging the bfloat16 Artificial Intelligence Datatype For
// Higher-Precision Computations, ARITH 2019). Factors beyond the largest bf16, 3.39e38, become infinite, and infinite ones no number.
#include "kernels/vec/avx512.h"

#include "kernels/gemm/igemm_f32.h"
#include "kernels/vec/amx.h"

namespace verge {
namespace {

constexpr size_t kTile = 16, kPair = 2 * kTile;  // rows or columns
constexpr size_t kStep = 32;                     // of k in a tile
constexpr size_t kParts = 3;                     // of a factor
constexpr size_t kPieceSteps = 3;                // of k at a time: the parts of two panels and 32 rows stay in the level 1 cache
constexpr size_t kBlockRows = 208;               // that share one split of the weights: all of 14 x 14
constexpr size_t kLine = 64, kSumBytes = kPair * sizeof(float);

// 16 rows, or 16 columns, at one step of k. A line holds k in the order 0, 16, 1, 17, ...
struct alignas(64) Tiles {
  uint16_t part[kParts][kTile * kStep];

  // One line of each part from its two halves of k. Rounding to the nearest leaves a rest of at most half a step, which is exact.
  [[gnu::always_inline]] void set(size_t line, __m512 low, __m512 high) {
    const __m512i half = _mm512_set1_epi32(0x8000), top = _mm512_set1_epi32(static_cast<int32_t>(0xffff0000u));
#pragma GCC unroll 2
    for (size_t p = 0; p + 1 < kParts; ++p) {
      const __m512i a = _mm512_add_epi32(_mm512_castps_si512(low), half), b = _mm512_add_epi32(_mm512_castps_si512(high), half);
      set_part(p, line, a, b);
      low = _mm512_sub_ps(low, _mm512_castsi512_ps(_mm512_and_si512(a, top)));
      high = _mm512_sub_ps(high, _mm512_castsi512_ps(_mm512_and_si512(b, top)));
    }
    set_part(kParts - 1, line, _mm512_castps_si512(low), _mm512_castps_si512(high));
  }

 private:
  // The upper halves of a and b side by side.
  [[gnu::always_inline]] void set_part(size_t p, size_t line, __m512i a, __m512i b) {
    constexpr int kOrAnd = 0xf8;  // x | (y & z)
    const __m512i top = _mm512_set1_epi32(static_cast<int32_t>(0xffff0000u));
    _mm512_store_si512(part[p] + line * kStep, _mm512_ternarylogic_epi32(_mm512_srli_epi32(a, 16), b, top, kOrAnd));
  }
};

// A piece of k: [begin, begin + steps * 32), of which what lies beyond the end is zero.
struct Piece {
  size_t begin, steps, total;
};

class Rows {
 public:
  Rows(const IgemmF32& args, const Piece& piece)
      : args_(args), piece_(piece), tap_(args.taps == 1 ? 0 : piece.begin / args.k), at_(piece.begin - tap_ * args.k),
        floats_(piece.total - piece.begin < piece.steps * kStep ? piece.total - piece.begin : piece.steps * kStep) {}

  void split(size_t row, size_t rows, size_t tile_rows, Tiles* to) const {
    const bool in_place = args_.taps == 1 && floats_ == piece_.steps * kStep;
    alignas(64) float lines[kTile][kPieceSteps * kStep + kTile] = {};
    for (size_t r = 0; r < rows; r += tile_rows, to += kPieceSteps) {
      const size_t count = rows - r < tile_rows ? rows - r : tile_rows;
      const float* const* taps = args_.rows + (row + r) * args_.row_step;
      for (size_t i = 0; i < count && !in_place; ++i) join(taps + i * args_.row_step, lines[i]);
      for (size_t i = 0; i < count; ++i) {
        const float* x = in_place ? taps[i * args_.row_step] + piece_.begin : lines[i];
        for (size_t s = 0; s < piece_.steps; ++s, x += kStep) to[s].set(i, _mm512_loadu_ps(x), _mm512_loadu_ps(x + kTile));
      }
    }
  }

 private:
  // The piece's floats of a row one after the other; up to 15 behind them become zero.
  void join(const float* const* taps, float* line) const {
    size_t tap = tap_, at = at_;
    for (size_t left = floats_; left > 0; ++tap, at = 0) {
      const size_t run = args_.k - at < left ? args_.k - at : left;
      for (size_t i = 0; i < run; i += kTile)
        _mm512_storeu_ps(line + i, _mm512_maskz_loadu_ps(run - i < kTile ? F32::first(run - i) : static_cast<__mmask16>(0xffff), taps[tap] + at + i));
      line += run, left -= run;
    }
  }

  const IgemmF32& args_;
  const Piece& piece_;
  const size_t tap_, at_, floats_;  // where the piece begins, and how many floats it has
};

// One panel. The one that follows the next lies too far off for the processor to foresee.
void split_panel(const float* panel, size_t panel_step, const Piece& piece, Tiles* to) {
  const auto row = [&](size_t k) {
    __builtin_prefetch(reinterpret_cast<const char*>(panel + k * kPanelF32) + 2 * panel_step * sizeof(float), 0, 2);
    return k < piece.total ? _mm512_loadu_ps(panel + k * kPanelF32) : _mm512_setzero_ps();
  };
  for (size_t s = 0; s < piece.steps; ++s)
    for (size_t j = 0, k = piece.begin + s * kStep; j < kTile; ++j, ++k) to[s].set(j, row(k), row(k + kTile));
}

// Up to 32 rows against one panel or two. Tiles 0 to 3 hold sums, 4 and 5 rows, 6 and 7 panels.
template <bool kBottom, bool kRight> struct Square {
  const Tiles *top, *left;  // of the second ones: kPieceSteps further on

  static void load_sums(const float* from, size_t step, const float* below) {
    _tile_loadd(0, from, step);
    if constexpr (kRight) _tile_loadd(1, from + kTile, step);
    if constexpr (kBottom) _tile_loadd(2, below, step);
    if constexpr (kBottom && kRight) _tile_loadd(3, below + kTile, step);
  }
  static void store_sums(float* to, size_t step, float* below) {
    _tile_stored(0, to, step);
    if constexpr (kRight) _tile_stored(1, to + kTile, step);
    if constexpr (kBottom) _tile_stored(2, below, step);
    if constexpr (kBottom && kRight) _tile_stored(3, below + kTile, step);
  }

  // Small products first.
  void add(size_t steps) const {
    for (size_t s = 0; s < steps; ++s) {
      load_rows(s, 0), load_panels(s, 2), multiply();
      load_panels(s, 1), multiply();
      load_rows(s, 1), multiply();
      load_panels(s, 0), multiply();
      load_rows(s, 2), multiply();
      load_rows(s, 0), multiply();
    }
  }

 private:
  [[gnu::always_inline]] void load_rows(size_t s, size_t part) const {
    _tile_loadd(4, top[s].part[part], kLine);
    if constexpr (kBottom) _tile_loadd(5, top[kPieceSteps + s].part[part], kLine);
  }
  [[gnu::always_inline]] void load_panels(size_t s, size_t part) const {
    _tile_loadd(6, left[s].part[part], kLine);
    if constexpr (kRight) _tile_loadd(7, left[kPieceSteps + s].part[part], kLine);
  }
  [[gnu::always_inline]] static void multiply() {
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kRight) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kBottom) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kBottom && kRight) _tile_dpbf16ps(3, 5, 7);
  }
};

// Up to two tiles by two of outputs, whose sums go through `place` where they do not lie in the output as tiles do.
struct Corner {
  size_t row, rows, column, columns;
  float* place;
};

// Where sums come from and what becomes of them: between pieces of k they wait in the output.
class Outputs {
 public:
  Outputs(const IgemmF32& args, const Piece& piece, size_t tile_rows)
      : args_(args), tile_rows_(tile_rows), first_(piece.begin == 0), last_(piece.begin + piece.steps * kStep >= piece.total),
        low_(_mm512_set1_ps(args.clamp.min)), high_(_mm512_set1_ps(args.clamp.max)) {}

  template <typename S> void load(const Corner& c) const {
    const float* bias = args_.bias + c.column;
    if (first_ && !args_.residual) return S::load_sums(bias, 0, bias);
    if (!first_ && whole(c)) return S::load_sums(output(c), args_.output_step * sizeof(float), output(c) + tile_rows_ * args_.output_step);
    for (size_t r = 0; r < c.rows; ++r)
      for (size_t at = 0; at < c.columns; at += kTile) {
        const float* from = first_ ? args_.residual + (c.row + r) * args_.residual_step + c.column + at : output(c) + r * args_.output_step + at;
        const __m512 x = _mm512_maskz_loadu_ps(mask(c, at), from);
        _mm512_store_ps(c.place + r * kPair + at, first_ ? _mm512_add_ps(_mm512_loadu_ps(bias + at), x) : x);
      }
    S::load_sums(c.place, kSumBytes, c.place + tile_rows_ * kPair);
  }

  template <typename S> void store(const Corner& c) const {
    if (!last_ && whole(c)) return S::store_sums(output(c), args_.output_step * sizeof(float), output(c) + tile_rows_ * args_.output_step);
    S::store_sums(c.place, kSumBytes, c.place + tile_rows_ * kPair);
  }

  // What store() left in `place`: done after the next tiles' products have begun, which need not wait for it.
  void finish(const Corner& c) const {
    if (!last_ && whole(c)) return;
    if (c.columns == kPair) return last_ ? finish_rows<true>(c) : finish_rows<false>(c);
    for (size_t r = 0; r < c.rows; ++r)
      for (size_t at = 0; at < c.columns; at += kTile) {
        const __m512 y = _mm512_load_ps(c.place + r * kPair + at);
        _mm512_mask_storeu_ps(output(c) + r * args_.output_step + at, mask(c, at), last_ ? clamped(y) : y);
      }
  }

 private:
  template <bool kLast> void finish_rows(const Corner& c) const {
    float* y = output(c);
    const float* place = c.place;
    for (size_t r = 0; r < c.rows; ++r, place += kPair, y += args_.output_step) {
      const __m512 left = _mm512_load_ps(place), right = _mm512_load_ps(place + kTile);
      _mm512_storeu_ps(y, kLast ? clamped(left) : left);
      _mm512_storeu_ps(y + kTile, kLast ? clamped(right) : right);
    }
  }
  bool whole(const Corner& c) const { return c.rows == 2 * tile_rows_ && c.columns == kPair; }
  float* output(const Corner& c) const { return args_.output + c.row * args_.output_step + c.column; }
  static __mmask16 mask(const Corner& c, size_t at) { return c.columns - at >= kTile ? static_cast<__mmask16>(0xffff) : F32::first(c.columns - at); }
  __m512 clamped(__m512 x) const { return F32::min(high_, F32::max(low_, x)); }

  const IgemmF32& args_;
  const size_t tile_rows_;
  const bool first_, last_;
  const __m512 low_, high_;
};

struct Scratch {
  Tiles rows[kBlockRows / kTile][kPieceSteps];
  Tiles panels[2][kPieceSteps];
  alignas(64) float sums[2][kPair * kPair];  // two corners' in turn
};

// Some rows, at most as many as the scratch holds, and all columns, a piece of k at a time.
class Block {
 public:
  Block(const IgemmF32& args, size_t row, size_t rows, size_t n, size_t tile_rows, Scratch& scratch)
      : args_(args), row_(row), rows_(rows), n_(n), tile_rows_(tile_rows), scratch_(scratch) {}

  void run(const Piece& piece) const {
    Rows(args_, piece).split(row_, rows_, tile_rows_, scratch_.rows[0]);
    for (size_t column = 0; column < n_; column += kPair) run_columns(piece, column);
  }

 private:
  void run_columns(const Piece& piece, size_t column) const {
    const Outputs outputs(args_, piece, tile_rows_);
    const size_t columns = n_ - column < kPair ? n_ - column : kPair, step = 2 * tile_rows_;
    const float* panel = args_.weights + column / kPanelF32 * args_.panel_step;
    const bool right = columns > kTile;
    split_panel(panel, args_.panel_step, piece, scratch_.panels[0]);
    if (right) split_panel(panel + args_.panel_step, args_.panel_step, piece, scratch_.panels[1]);
    Corner before{};
    for (size_t r = 0; r < rows_; r += step) {
      const Corner corner{row_ + r, rows_ - r < step ? rows_ - r : step, column, columns, scratch_.sums[r / step % 2]};
      const Tiles* rows = scratch_.rows[r / tile_rows_];
      const bool bottom = corner.rows > tile_rows_;
      const auto multiply = bottom ? right ? &Block::multiply<true, true> : &Block::multiply<true, false> : right ? &Block::multiply<false, true> : &Block::multiply<false, false>;
      multiply(outputs, corner, rows, scratch_.panels[0], piece.steps);
      if (r > 0) outputs.finish(before);
      before = corner;
    }
    outputs.finish(before);
  }

  template <bool kBottom, bool kRight>
  static void multiply(const Outputs& outputs, const Corner& corner, const Tiles* rows, const Tiles* panels, size_t steps) {
    using S = Square<kBottom, kRight>;
    outputs.load<S>(corner);
    S{rows, panels}.add(steps);
    outputs.store<S>(corner);
  }

  const IgemmF32& args_;
  const size_t row_, rows_, n_, tile_rows_;
  Scratch& scratch_;
};

}  // namespace

void igemm_f32_32x32_amx(size_t m, size_t n, const IgemmF32& args) {
  if (!args.any_order) return igemm_f32_12x32_avx512(m, n, args);
  Scratch scratch;
  const size_t tiles = (m + kTile - 1) / kTile, tile_rows = (m + tiles - 1) / tiles, most = kBlockRows / kTile * tile_rows;
  const TileConfig config(tile_rows);
  _tile_loadconfig(&config);
  const size_t total = args.taps * args.k, all = (total + kStep - 1) / kStep, pieces = (all + kPieceSteps - 1) / kPieceSteps, each = (all + pieces - 1) / pieces;
  for (size_t row = 0; row < m; row += most) {
    const Block block(args, row, m - row < most ? m - row : most, n, tile_rows, scratch);
    for (size_t step = 0; step < all; step += each) block.run({step * kStep, all - step < each ? all - step : each, total});
  }
  _tile_release();
}

}  // namespace verge
