#include <cstring>

#include "kernels/vec/avx512bf16.h"

#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/gemm_bf16/row_avx512bf16.h"
#include "kernels/vec/amx.h"

namespace verge {
namespace {

constexpr size_t kTile = 16, kPair = 2 * kTile;  // rows or columns
constexpr size_t kFewestRows = 5;                // below, vectors are as fast
constexpr size_t kNearSteps = 20;                // of k: so long two panels stay in the level 1 cache
constexpr size_t kMostSteps = 256;               // of k at a time
constexpr size_t kBlockRows = 256;               // whose sums wait for the next piece of k
constexpr size_t kLine = 64, kSumBytes = kPair * sizeof(float);

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t at_most(size_t a, size_t b) { return a < b ? a : b; }

// How the steps of k are cut: where panels do not stay near while many rows go by, into pieces, and sums wait for the next. Windows read the same rows
// again and again, so that these stay near instead.
struct Pieces {
  size_t steps, each, rows;  // of a product; of a piece; rows that wait

  Pieces(const GemmBf16& g, size_t m) : steps(g.k / kStepBf16) {
    const bool pieces = g.runs == 1 && m > kPair && steps > kNearSteps;
    each = divide_up(steps, divide_up(steps, pieces ? kNearSteps : kMostSteps));
    rows = each < steps ? kBlockRows : m;
  }
};

// Sums of a square that wait to be stored: a few rows of it go beside each step of the next square's products.
class Waiting {
 public:
  explicit Waiting(const GemmBf16& g) : g_(g) {}

  // Rows [row, row + rows). Where the last tile of rows begins `lead` rows early, or the lower one `gap` rows, these are stored by others.
  void begin(const float* sums, size_t row, size_t rows, size_t lead, size_t gap, size_t column, size_t columns) {
    sums_ = sums + lead * kPair, left_ = rows, gap_ = gap, until_gap_ = kTile - lead, columns_ = columns;
    place_ = g_.width ? row % g_.width : 0;
    y_ = g_.output.from(g_.output_row(row) * g_.output_step + column);
    residual_ = g_.residual.from(g_.output_row(row) * g_.residual_step + column);
  }
  void store(size_t most) {
    for (size_t rows = at_most(most, left_), run; rows > 0; rows -= run) {
      run = at_most(rows, until_gap_);
      if (g_.width) run = at_most(run, (place_ < g_.valid ? g_.valid : g_.width) - place_);
      if (!g_.width || place_ < g_.valid) store_rows(run);
      skip(run);
    }
  }

 private:
  void store_rows(size_t rows) {
    const SumRow row(g_.clamp, columns_);
    const size_t y_step = g_.output_step, residual_step = g_.residual_step;
    for (size_t r = 0; r < rows; ++r)
      row.store(_mm512_load_ps(sums_ + r * kPair), _mm512_load_ps(sums_ + r * kPair + kTile), residual_.from(r * residual_step), y_.from(r * y_step));
    y_ = y_.from(rows * y_step);
    residual_ = residual_.from(rows * residual_step);
  }
  void skip(size_t rows) {
    sums_ += rows * kPair, left_ -= rows, until_gap_ -= rows;
    if (g_.width && (place_ += rows) == g_.width) place_ = 0;
    if (until_gap_ == 0) sums_ += gap_ * kPair, until_gap_ = SIZE_MAX;
  }

  const GemmBf16& g_;
  const float* sums_ = nullptr;
  size_t left_ = 0, gap_ = 0, until_gap_ = 0, columns_ = 0, place_ = 0;
  Reals residual_;
  RealsOut y_;
};

// The weights behind these panels, as many again, fetched into the level 2 cache while these are multiplied.
class Ahead {
 public:
  Ahead(const GemmBf16& g, const uint16_t* end, size_t panels, size_t squares_steps)
      : line_(reinterpret_cast<const char*>(end)), left_(g.weights_are_far ? panels * g.k * kPanelBf16 * sizeof(uint16_t) / kLine : 0), each_(divide_up(left_, squares_steps)) {}
  void fetch() {
    for (size_t i = at_most(each_, left_); i > 0; --i, --left_, line_ += kLine) _mm_prefetch(line_, _MM_HINT_T1);
  }

 private:
  const char* line_;
  size_t left_, each_;
};

// Up to 32 rows against one panel or two, over some steps of k. Tiles 0 to 3 hold sums, 4 and 5 rows, 6 and 7 panels.
struct Square {
  const uint16_t *top, *bottom;  // bottom null: 16 rows
  size_t a_bytes;                // from a row to the next
  const uint16_t *left, *right;  // right null: one panel
  const uint32_t* at;            // of each step, in rows
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

  void add(Waiting& waiting, Ahead& ahead) const {
    const size_t share = divide_up(kPair, steps);
    bottom && right ? add_whole(waiting, ahead, share) : add_part(waiting, ahead, share);
  }

  void end(float* sums) const {
    _tile_stored(0, sums, kSumBytes);
    if (right) _tile_stored(1, sums + kTile, kSumBytes);
    if (!bottom) return;
    _tile_stored(2, sums + kTile * kPair, kSumBytes);
    if (right) _tile_stored(3, sums + kTile * kPair + kTile, kSumBytes);
  }

 private:
  void add_whole(Waiting& waiting, Ahead& ahead, size_t share) const {
    for (size_t i = 0; i < steps; ++i) {
      _tile_loadd(6, left + i * kTile * kStepBf16, kLine);
      _tile_loadd(4, top + at[i], a_bytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, right + i * kTile * kStepBf16, kLine);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, bottom + at[i], a_bytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
      waiting.store(share);
      ahead.fetch();
    }
  }
  void add_part(Waiting& waiting, Ahead& ahead, size_t share) const {
    for (size_t i = 0; i < steps; ++i) {
      _tile_loadd(6, left + i * kTile * kStepBf16, kLine);
      _tile_loadd(4, top + at[i], a_bytes);
      _tile_dpbf16ps(0, 4, 6);
      if (right) {
        _tile_loadd(7, right + i * kTile * kStepBf16, kLine);
        _tile_dpbf16ps(1, 4, 7);
      }
      if (bottom) {
        _tile_loadd(5, bottom + at[i], a_bytes);
        _tile_dpbf16ps(2, 5, 6);
      }
      waiting.store(share);
      ahead.fetch();
    }
  }
};

class Product {
 public:
  Product(const GemmBf16& g, size_t m) : g_(g), m_(m), pieces_(g, m), waiting_(g) {}

  void run(size_t n) {
    for (size_t row = 0; row < m_; row += pieces_.rows)
      for (size_t column = 0; column < n; column += kPair) run_panels(row, at_most(m_, row + pieces_.rows), column, at_most(kPair, n - column));
    waiting_.store(kPair);
  }

 private:
  // Rows [first, end) of one pair of panels.
  void run_panels(size_t first, size_t end, size_t column, size_t columns) {
    const size_t panels = columns > kTile ? 2 : 1;
    const float* bias[2] = {g_.bias + column, g_.bias + column + (panels - 1) * kTile};
    Ahead ahead(g_, g_.panel(column) + panels * kPanelBf16 * g_.k, panels, pieces_.steps * divide_up(end - first, kPair));
    for (size_t step = 0; step < pieces_.steps; step += pieces_.each) {
      const size_t steps = at_most(pieces_.each, pieces_.steps - step);
      const bool last = step + steps == pieces_.steps;
      find_steps(step, steps);
      const uint16_t* left = g_.panel(column) + step * kTile * kStepBf16;
      Square square{nullptr, nullptr, g_.a_step * sizeof(uint16_t), left, panels > 1 ? left + kTile * g_.k : nullptr, at_, steps};
      for (size_t row = first; row < end; row += kPair) {
        // Sums of one piece alone take turns in two places, so that the next tiles need not wait for their being stored.
        float* place = sums_ + (pieces_.each < pieces_.steps ? row - first : (row - first) % (2 * kPair)) * kPair;
        const size_t rows = at_most(kPair, end - row), lead = rows > kTile ? 0 : early(row), gap = rows > kTile ? early(row + kTile) : 0;
        square.top = g_.a + (row - lead) * g_.a_step;
        square.bottom = rows > kTile ? g_.a + (row + kTile - gap) * g_.a_step : nullptr;
        square.begin(step == 0 ? bias : nullptr, place);
        square.add(waiting_, ahead);
        square.end(place);
        if (last) waiting_.begin(place, row, rows, lead, gap, column, columns);
      }
    }
  }

  // By how many rows a tile begins early so that it ends with the last row.
  size_t early(size_t row) const { return m_ < kTile || row + kTile <= m_ ? 0 : row + kTile - m_; }

  void find_steps(size_t first, size_t count) {
    const size_t each = g_.run() / kStepBf16;
    size_t run = first / each, in_run = first % each;
    for (size_t i = 0; i < count; ++i) {
      at_[i] = static_cast<uint32_t>(g_.run_start(run) + in_run * kStepBf16);
      if (++in_run == each) in_run = 0, ++run;
    }
  }

  const GemmBf16& g_;
  const size_t m_;
  const Pieces pieces_;
  Waiting waiting_;
  uint32_t at_[kMostSteps];
  alignas(64) float sums_[kBlockRows * kPair];
};

}  // namespace

void gemm_bf16_32x32_amx(size_t m, size_t n, const GemmBf16& g) {
  if (g.all_rows < kFewestRows) return gemm_bf16_12x32_avx512bf16(m, n, g);
  const TileConfig config;
  _tile_loadconfig(&config);
  Product(g, m).run(n);
  _tile_release();
}

}  // namespace verge
