#include <algorithm>

#include "kernels/requant/vector_avx512.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

constexpr size_t kTileRows = 16, kMostWords = 16, kFewestWords = 8, kFewestRows = 8;
constexpr size_t kSumColumns = 2 * kColumnBlock;

// Intel SDM volume 1, section 18.3: the memory that LDTILECFG reads.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  // Tiles 0 to 3 hold sums, 4 and 5 rows of x, 6 and 7 panels of weights.
  explicit TileConfig(size_t words) {
    for (int i = 0; i < 8; ++i) {
      row_bytes[i] = static_cast<uint16_t>(i == 4 || i == 5 ? 4 * words : 64);
      rows[i] = static_cast<uint8_t>(i >= 6 ? words : kTileRows);
    }
  }
};

// The most words that cut k into equal runs of at most 16; 0 where runs would be short or k ends within a word.
size_t run_words(size_t k) {
  const size_t words = k / 4;
  if (k % 4 != 0) return 0;
  for (size_t runs = (words + kMostWords - 1) / kMostWords; runs > 0 && words / runs >= kFewestWords; ++runs)
    if (words % runs == 0) return words / runs;
  return 0;
}

// Sixteen rows of x at one tap: where they lie evenly apart in memory a tile reads them in place, else from a copy.
class Rows {
 public:
  Rows(const GemmI8& g, const GemmI8Tile& tile, size_t tap, size_t first) {
    for (size_t r = 0; r < kTileRows; ++r) p_[r] = static_cast<const uint8_t*>(tile.x[std::min(first + r, tile.rows - 1) * g.layout.taps + tap]);
    step_ = p_[1] - p_[0];
    even_ = true;
    for (size_t r = 2; r < kTileRows; ++r) even_ &= p_[r] - p_[r - 1] == step_;
  }

  struct Source {
    const void* data;
    ptrdiff_t step;
  };
  Source at(size_t k, __mmask64 bytes, uint8_t (&copy)[kTileRows * 64]) const {
    if (even_) return {p_[0] + k, step_};
    for (size_t r = 0; r < kTileRows; ++r) _mm512_store_si512(copy + 64 * r, _mm512_maskz_loadu_epi8(bytes, p_[r] + k));
    return {copy, 64};
  }

 private:
  const uint8_t* p_[kTileRows];
  ptrdiff_t step_;
  bool even_;
};

// Signed weights times signed x, or times x + 128, which the start of the sums takes back.
#define VERGE_TILE_PRODUCT(sum, x, w) \
  do {                                \
    if constexpr (is_unsigned) {      \
      _tile_dpbusd(sum, x, w);        \
    } else {                          \
      _tile_dpbssd(sum, x, w);        \
    }                                 \
  } while (false)

// Sums of up to 32 rows and two panels: sums[32][32].
template <bool is_unsigned> void add_products(const GemmI8& g, const GemmI8Tile& tile, size_t panel, bool two_panels, size_t words, int32_t* sums) {
  alignas(64) uint8_t copies[2][kTileRows * 64];
  const bool more_rows = tile.rows > kTileRows;
  const size_t run = 4 * words;
  const __mmask64 bytes = run == 64 ? ~__mmask64{0} : (__mmask64{1} << run) - 1;
  const int8_t* w = g.weights + panel * g.panel_stride;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (size_t t = 0; t < g.layout.taps; ++t) {
    const Rows top(g, tile, t, 0), bottom(g, tile, t, kTileRows);
    for (size_t k = 0; k < g.layout.k; k += run, w += words * 64) {
      const Rows::Source x0 = top.at(k, bytes, copies[0]);
      _tile_loadd(4, x0.data, x0.step);
      _tile_loadd(6, w, 64);
      VERGE_TILE_PRODUCT(0, 4, 6);
      if (two_panels) {
        _tile_loadd(7, w + g.panel_stride, 64);
        VERGE_TILE_PRODUCT(1, 4, 7);
      }
      if (!more_rows) continue;
      const Rows::Source x1 = bottom.at(k, bytes, copies[1]);
      _tile_loadd(5, x1.data, x1.step);
      VERGE_TILE_PRODUCT(2, 5, 6);
      if (two_panels) VERGE_TILE_PRODUCT(3, 5, 7);
    }
  }
  constexpr size_t kRowBytes = kSumColumns * sizeof(int32_t);
  _tile_stored(0, sums, kRowBytes);
  _tile_stored(1, sums + kColumnBlock, kRowBytes);
  _tile_stored(2, sums + kTileRows * kSumColumns, kRowBytes);
  _tile_stored(3, sums + kTileRows * kSumColumns + kColumnBlock, kRowBytes);
}

#undef VERGE_TILE_PRODUCT

void store_panel(const GemmI8& g, const GemmI8Tile& tile, size_t n, const int32_t* sums) {
  I32x16 start = g.bias ? load16(g.bias + n) : splat16(0);
  if (g.bias && g.x_unsigned) start = sub16(start, shift_left16<7>(sums16(g.column_sum, n)));
  with_rule(g.requant, n, [&]<typename Rule>() {
    const Rule rule(g.requant, n);
    auto* y = static_cast<typename Rule::Out*>(tile.y) + n;
    for (size_t r = 0; r < tile.rows; ++r) {
      I32x16 total = add16(load16(sums + r * kSumColumns), start);
      if (g.weight_zero_point) total = sub16(total, mul16(load16(g.weight_zero_point + n), splat16(tile.row_sum[r])));
      rule.store(y + r * tile.y_stride, total, g.layout.n - n);
    }
  });
}

// What tiles are too coarse for, in the smaller tiles of the vector kernel.
void run_by_vectors(const GemmI8& g, const GemmI8Tile& tile) {
  const size_t most = tile.last_panel - tile.first_panel == 1 ? 12 : 6, bytes = g.requant.mode == RequantMode::kNone ? sizeof(int32_t) : 1;
  for (size_t r = 0; r < tile.rows; r += most)
    gemm_i8_i8_6x64_avx512vnni(g, {std::min(most, tile.rows - r), tile.x + r * g.layout.taps, tile.row_sum + r, tile.first_panel, tile.last_panel,
                                   static_cast<uint8_t*>(tile.y) + r * tile.y_stride * bytes, tile.y_stride});
}

}  // namespace

void gemm_i8_i8_32x32_amx(const GemmI8& g, const GemmI8Tile& tile) {
  const size_t words = g.layout.nibbles || tile.rows < kFewestRows ? 0 : run_words(g.layout.k);
  if (words == 0) return run_by_vectors(g, tile);
  const TileConfig config(words);
  _tile_loadconfig(&config);
  alignas(64) int32_t sums[2 * kTileRows * kSumColumns];
  for (size_t panel = tile.first_panel; panel < tile.last_panel; panel += 2) {
    const bool two_panels = panel + 1 < tile.last_panel;
    g.x_unsigned ? add_products<true>(g, tile, panel, two_panels, words, sums) : add_products<false>(g, tile, panel, two_panels, words, sums);
    store_panel(g, tile, panel * kColumnBlock, sums);
    if (two_panels) store_panel(g, tile, (panel + 1) * kColumnBlock, sums + kColumnBlock);
  }
  _tile_release();
}

}  // namespace verge
