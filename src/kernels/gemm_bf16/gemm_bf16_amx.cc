#include <cstring>

#include "kernels/vec/avx512.h"

#include "kernels/gemm_bf16/gemm_bf16.h"

namespace verge {
namespace {

constexpr size_t kTile = 16, kPair = 2 * kTile;  // rows or columns
constexpr size_t kFewestRows = 5;                // below, vectors are as fast
constexpr size_t kMostSteps = 20;                // of k at a time: so long two panels stay in the level 1 cache
constexpr size_t kBlockRows = 256;               // whose sums wait for the next piece of k
constexpr size_t kLine = 64, kSumBytes = kPair * sizeof(float);

// Intel SDM volume 1, section 18.3: the memory that LDTILECFG reads. Eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {kLine, kLine, kLine, kLine, kLine, kLine, kLine, kLine};
  uint8_t rows[16] = {kTile, kTile, kTile, kTile, kTile, kTile, kTile, kTile};
};

// Up to 32 rows against one panel or two, over some steps of k. Tiles 0 to 3 hold sums, 4 and 5 rows, 6 and 7 panels.
struct Square {
  const uint16_t *top, *bottom;  // bottom null: 16 rows
  size_t a_bytes;                // from a row to the next
  const uint16_t *left, *right;  // right null: one panel
  size_t steps;

  // The first piece starts from the bias, `first[2]`.
  void begin(const float* const* first, const float* sums) const {
    const float* rights = first ? first[1] : sums + kTile;
    const size_t step = first ? 0 : kSumBytes;
    _tile_loadd(0, first ? first[0] : sums, step);
    if (right) _tile_loadd(1, rights, step);
    if (!bottom) return;
    _tile_loadd(2, first ? first[0] : sums + kTile * kPair, step);
    if (right) _tile_loadd(3, first ? first[1] : sums + kTile * kPair + kTile, step);
  }

  void add() const {
    bottom && right ? add_whole() : add_part();
  }

  void end(float* sums) const {
    _tile_stored(0, sums, kSumBytes);
    if (right) _tile_stored(1, sums + kTile, kSumBytes);
    if (!bottom) return;
    _tile_stored(2, sums + kTile * kPair, kSumBytes);
    if (right) _tile_stored(3, sums + kTile * kPair + kTile, kSumBytes);
  }

 private:
  void add_whole() const {
    for (size_t i = 0; i < steps; ++i) {
      _tile_loadd(6, left + i * kTile * kStepBf16, kLine);
      _tile_loadd(4, top + i * kStepBf16, a_bytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, right + i * kTile * kStepBf16, kLine);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, bottom + i * kStepBf16, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  void add_part() const {
    for (size_t i = 0; i < steps; ++i) {
      _tile_loadd(6, left + i * kTile * kStepBf16, kLine);
      _tile_loadd(4, top + i * kStepBf16, a_bytes);
      _tile_dpbf16ps(0, 4, 6);
      if (right) {
        _tile_loadd(7, right + i * kTile * kStepBf16, kLine);
        _tile_dpbf16ps(1, 4, 7);
      }
      if (bottom) {
        _tile_loadd(5, bottom + i * kStepBf16, a_bytes);
        _tile_dpbf16ps(2, 5, 6);
      }
    }
  }
};

// What becomes of sums: residual, clamp, store.
class Finish {
 public:
  Finish(const GemmBf16& g, size_t column, size_t columns) : g_(g), column_(column), columns_(columns), low_(_mm512_set1_ps(g.clamp.min)), high_(_mm512_set1_ps(g.clamp.max)) {}

  void store(size_t row, size_t rows, const float* sums) const {
    if (columns_ == kPair) return g_.residual ? whole<true>(row, rows, sums) : whole<false>(row, rows, sums);
    for (size_t r = 0; r < rows; ++r)
      for (size_t at = 0; at < columns_; at += kTile) part(row + r, at, sums + r * kPair + at);
  }

 private:
  template <bool residual> void whole(size_t row, size_t rows, const float* sums) const {
    float* y = g_.output + row * g_.output_step + column_;
    const float* add = residual ? g_.residual + row * g_.residual_step + column_ : nullptr;
    for (size_t r = 0; r < rows; ++r, sums += kPair, y += g_.output_step) {
      __m512 left = _mm512_load_ps(sums), right = _mm512_load_ps(sums + kTile);
      if constexpr (residual) left = _mm512_add_ps(left, _mm512_loadu_ps(add)), right = _mm512_add_ps(right, _mm512_loadu_ps(add + kTile)), add += g_.residual_step;
      _mm512_storeu_ps(y, clamped(left));
      _mm512_storeu_ps(y + kTile, clamped(right));
    }
  }
  void part(size_t row, size_t at, const float* sums) const {
    const __mmask16 some = columns_ - at >= kTile ? static_cast<__mmask16>(0xffff) : F32::first(columns_ - at);
    __m512 y = _mm512_load_ps(sums);
    if (g_.residual) y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(some, g_.residual + row * g_.residual_step + column_ + at));
    _mm512_mask_storeu_ps(g_.output + row * g_.output_step + column_ + at, some, clamped(y));
  }
  __m512 clamped(__m512 x) const { return F32::min(high_, F32::max(low_, x)); }

  const GemmBf16& g_;
  const size_t column_, columns_;
  const __m512 low_, high_;
};

// Rows [first, end) of one pair of panels.
void run_block(const GemmBf16& g, size_t first, size_t end, size_t column, size_t columns, float* sums) {
  const Finish finish(g, column, columns);
  const bool two = columns > kTile;
  const float* bias[2] = {g.bias + column, g.bias + column + (two ? kTile : 0)};
  const size_t all = g.k / kStepBf16, pieces = (all + kMostSteps - 1) / kMostSteps, each = (all + pieces - 1) / pieces;
  for (size_t step = 0; step < all; step += each) {
    const uint16_t* left = g.panel(column) + step * kTile * kStepBf16;
    Square square{nullptr, nullptr, g.a_step * sizeof(uint16_t), left, two ? left + kTile * g.k : nullptr, all - step < each ? all - step : each};
    for (size_t row = first; row < end; row += kPair) {
      // Sums of one piece alone take turns in two places, so that the next tiles need not wait for their being stored.
      float* place = sums + (pieces > 1 ? row - first : (row - first) % (2 * kPair)) * kPair;
      square.top = g.a + row * g.a_step + step * kStepBf16;
      square.bottom = row + kTile < end ? square.top + kTile * g.a_step : nullptr;
      square.begin(step == 0 ? bias : nullptr, place);
      square.add();
      square.end(place);
      if (step + each >= all) finish.store(row, end - row < kPair ? end - row : kPair, place);
    }
  }
}

}  // namespace

void gemm_bf16_32x32_amx(size_t m, size_t n, const GemmBf16& g) {
  if (g.all_rows < kFewestRows) return gemm_bf16_12x32_avx512bf16(m, n, g);
  alignas(64) float sums[kBlockRows * kPair];
  const TileConfig config;
  _tile_loadconfig(&config);
  for (size_t row = 0; row < m; row += kBlockRows)
    for (size_t column = 0; column < n; column += kPair)
      run_block(g, row, m - row < kBlockRows ? m : row + kBlockRows, column, n - column < kPair ? n - column : kPair, sums);
  _tile_release();
}

}  // namespace verge
