#include <algorithm>
#include <type_traits>

#include "kernels/requant/vector_avx512.h"

#include "kernels/gemm_i8/generic.h"
#include "kernels/vec/amx.h"

namespace verge {
namespace {

constexpr size_t kTileRows = 16, kPairRows = 2 * kTileRows, kMostWords = kMostRunWords, kFewestWords = kFewestRunWords, kFewestRows = 8;
constexpr size_t kMostRuns = 512;
constexpr size_t kLine = 64;
constexpr size_t kNearBytes = 128 * 1024, kCopyBytes = 160 * 1024;  // of copied rows: a chunk of them, which stays in the level 2 cache, and the most
constexpr size_t kSumColumns = 2 * kColumnBlock;

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
size_t round_up(size_t a, size_t unit) { return divide_up(a, unit) * unit; }

// How the words (four bytes of k) of a row are cut into runs that a tile holds, and where in a row each run lies. Without a grid all taps are one
// stretch of memory; where that has no equal runs the last is filled up with zeros.
struct Cut {
  size_t all, runs, words;
  uint32_t offset[kMostRuns];

  explicit Cut(const GemmI8& g, const GemmI8Grid* grid) : all(g.layout.taps * g.layout.groups()) {
    const size_t stretches = grid ? grid->segments : 1, stretch = all / stretches;
    words = equal_run_words(stretch);
    if (words == 0) words = kMostWords;
    const size_t each = divide_up(stretch, words);
    runs = stretches * each;
    for (size_t i = 0; i < runs && i < kMostRuns; ++i) offset[i] = static_cast<uint32_t>((grid ? grid->offset[i / each] : 0) + i % each * run_bytes());
  }
  bool exact() const { return all == runs * words; }
  size_t run_bytes() const { return 4 * words; }
  // From one copied row to the next: whole lines, an odd number of them, so that the rows of a tile fall into different sets of the cache.
  size_t row_step() const { return (round_up(runs * run_bytes(), kLine) / kLine | 1) * kLine; }
  bool suits_tiles() const { return all >= kFewestWords && runs <= kMostRuns && kPairRows * row_step() <= kCopyBytes; }
};

// Sixteen rows of x as a tile reads them.
struct Rows {
  const uint8_t* data;
  size_t step;
};

// All taps of a row one behind the other, each filled up to whole words, zeros to the end of the last run.
void copy_row(const GemmI8Layout& layout, const void* const* taps, uint8_t* to) {
  const size_t whole = layout.k / kLine * kLine;
  const __mmask64 rest = (__mmask64{1} << (layout.k - whole)) - 1;
  for (size_t t = 0; t < layout.taps; ++t, to += 4 * layout.groups()) {
    const auto* from = static_cast<const uint8_t*>(taps[t]);
    for (size_t k = 0; k < whole; k += kLine) _mm512_storeu_si512(to + k, _mm512_loadu_si512(from + k));
    if (rest) _mm512_storeu_si512(to + whole, _mm512_maskz_loadu_epi8(rest, from + whole));
  }
  _mm512_storeu_si512(to, _mm512_setzero_si512());
}

// The rows of a product as tiles, a chunk after the other; in place where memory has them evenly apart, else copied.
class RowTiles {
 public:
  RowTiles(const GemmI8& g, const GemmI8Tile& tile, const Cut& cut, uint8_t* copies) : g_(g), tile_(tile), cut_(cut), copies_(copies) {
    if (tile.grid) {
      base_ = static_cast<const uint8_t*>(tile.grid->x), step_ = tile.grid->step, in_place_ = tile.rows;
    } else {
      in_place_ = rows_in_place();
    }
  }

  size_t chunk() const { return in_place_ > 0 ? tile_.rows : std::max<size_t>(1, kNearBytes / (kPairRows * cut_.row_step())) * kPairRows; }
  void begin(size_t first, size_t end) {
    first_ = std::max(first, in_place_);
    for (size_t r = first_; r < round_up(end, kTileRows) && !tile_.grid; ++r)
      copy_row(g_.layout, tile_.x + std::min(r, end - 1) * g_.layout.taps, copies_ + (r - first_) * cut_.row_step());
  }
  Rows at(size_t r) const {
    if (r < in_place_) return {base_ + r * step_, step_};
    return {copies_ + (r - first_) * cut_.row_step(), cut_.row_step()};
  }

 private:
  // How many rows, whole tiles, lie evenly apart with all that their runs read.
  size_t rows_in_place() {
    if (g_.layout.taps > 1 || g_.layout.k % 4 != 0) return 0;
    base_ = static_cast<const uint8_t*>(tile_.x[0]);
    if (static_cast<const uint8_t*>(tile_.x[1]) <= base_) return 0;
    step_ = static_cast<size_t>(static_cast<const uint8_t*>(tile_.x[1]) - base_);
    for (size_t r = 0; r < tile_.rows; ++r)
      if (tile_.x[r] != base_ + r * step_) return 0;
    const size_t beyond = cut_.runs * cut_.run_bytes() - g_.layout.k, rows = tile_.rows - std::min(tile_.rows, divide_up(beyond, step_));
    const size_t whole = rows / kTileRows * kTileRows;
    return (tile_.rows - whole) * cut_.row_step() <= kCopyBytes - kPairRows * cut_.row_step() ? whole : 0;
  }

  const GemmI8& g_;
  const GemmI8Tile& tile_;
  const Cut& cut_;
  uint8_t* copies_;
  const uint8_t* base_ = nullptr;
  size_t step_ = 0, first_ = 0, in_place_ = 0;
};

// One or two panels of weights, and what their sums start from. The last run is a copy with zeros behind where it would reach beyond the panel.
class Panels {
 public:
  Panels(const GemmI8& g, const Cut& cut, size_t first, bool two) : first_(first), two_(two) {
    for (size_t p = 0; p < count(); ++p) {
      w_[p] = g.weights + (first + p) * g.panel_stride;
      last_[p] = cut.exact() ? w_[p] + (cut.runs - 1) * cut.words * kLine : copy_last(cut, p);
      const size_t n = column(p);
      I32x16 start = g.bias ? load16(g.bias + n) : splat16(0);
      if (g.bias && g.x_unsigned) start = sub16(start, shift_left16<7>(sums16(g.column_sum, n)));
      store16(start_[p], start, 16);
    }
  }
  size_t count() const { return two_ ? 2 : 1; }
  size_t column(size_t p) const { return (first_ + p) * kColumnBlock; }
  const int8_t* run(const Cut& cut, size_t p, size_t i) const { return i + 1 < cut.runs ? w_[p] + i * cut.words * kLine : last_[p]; }
  const int32_t* start(size_t p) const { return start_[p]; }
  const int8_t* end(size_t panel_stride) const { return w_[0] + count() * panel_stride; }

 private:
  const int8_t* copy_last(const Cut& cut, size_t p) {
    const size_t before = (cut.runs - 1) * cut.words;
    for (size_t i = 0; i < cut.words; ++i)
      _mm512_store_si512(copies_[p] + i * kLine, before + i < cut.all ? _mm512_load_si512(w_[p] + (before + i) * kLine) : _mm512_setzero_si512());
    return copies_[p];
  }

  size_t first_;
  bool two_;
  const int8_t *w_[2], *last_[2];
  alignas(64) int32_t start_[2][kColumnBlock];
  alignas(64) int8_t copies_[2][kMostWords * kLine];
};

// The weights of the next two panels, or what lies behind the last: fetched into the level 2 cache while these two are multiplied.
class Ahead {
 public:
  Ahead(const GemmI8& g, const Panels& panels, const Cut& cut, size_t rows)
      : line_(reinterpret_cast<const char*>(panels.end(g.panel_stride))), left_(g.weights_are_far ? panels.count() * g.panel_stride / kLine : 0),
        each_(divide_up(left_, cut.runs * divide_up(rows, kPairRows))) {}
  void fetch() {
    for (size_t i = std::min(each_, left_); i > 0; --i, --left_, line_ += kLine) _mm_prefetch(line_, _MM_HINT_T1);
  }

 private:
  const char* line_;
  size_t left_, each_;
};

// Onnx16 on two panels and two rows at once: saturated to 16 bits, then to 8, clamped there and put in order by one permutation.
template <bool is_unsigned> class OnnxPair {
 public:
  // Scales below 1 keep every product within int32.
  static bool fits(const Requant& r, size_t n) {
    const __m512 most = _mm512_max_ps(load16(r.scale + n), load16(r.scale + n + kColumnBlock));
    return _mm512_cmp_ps_mask(most, splat16(1.0f), _CMP_LT_OQ) == 0xffff;
  }
  OnnxPair(const Requant& r, size_t n)
      : left_(load16(r.scale + n)), right_(load16(r.scale + n + kColumnBlock)), zero_point_(_mm512_set1_epi16(static_cast<short>(r.zero_point))),
        low_(_mm512_set1_epi8(static_cast<char>(r.min))), high_(_mm512_set1_epi8(static_cast<char>(r.max))) {}

  struct Sums {
    I32x16 left, right;
  };
  void store(uint8_t* y, size_t stride, const Sums& first, const Sums& second) const {
    const __m512i rows = bytes(halves(first), halves(second));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm512_castsi512_si256(rows));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + stride), _mm512_extracti64x4_epi64(rows, 1));
  }
  void store(uint8_t* y, const Sums& row) const {
    const __m512i half = halves(row);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm512_castsi512_si256(bytes(half, half)));
  }

 private:
  __m512i halves(const Sums& s) const {
    return _mm512_adds_epi16(_mm512_packs_epi32(_mm512_cvtps_epi32(mul16(to_float16(s.left), left_)), _mm512_cvtps_epi32(mul16(to_float16(s.right), right_))), zero_point_);
  }
  // A quarter of what two packings make holds four values of each of first.left, first.right, second.left and second.right.
  __m512i bytes(__m512i first, __m512i second) const {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i packed = is_unsigned ? _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(first, second), low_), high_)
                                       : _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(first, second), low_), high_);
    return _mm512_permutexvar_epi32(order, packed);
  }

  F32x16 left_, right_;
  __m512i zero_point_, low_, high_;
};

// Sums of a pair of tiles that wait for their requantisation: a few rows of it run beside the next pair's products.
template <typename Rule> class Waiting {
 public:
  Waiting(const GemmI8& g, const GemmI8Tile& tile)
      : g_(g), tile_(tile), valid_(tile.grid ? tile.grid->valid : SIZE_MAX), width_(tile.grid ? tile.grid->width : SIZE_MAX) {}

  // Of a grid's rows each call brings those behind the last call's, or the first ones again.
  void begin(size_t row, size_t rows, const Panels& panels, const int32_t* sums) {
    auto* y = static_cast<typename Rule::Out*>(tile_.y);
    if (!tile_.grid) y_ = y + row * tile_.y_stride;
    else if (row == 0) y_ = y, place_ = tile_.grid->first;
    row_ = row, left_ = rows, sums_ = sums, n_ = panels.column(0), panels_ = panels.count();
    if constexpr (std::is_same_v<Rule, Onnx16>)
      as_pair_ = panels_ == 2 && g_.layout.n - n_ >= kSumColumns && OnnxPair<false>::fits(g_.requant, n_);
  }
  // 32 whole rows for an OnnxPair, one behind the other and without zero points of weights: for a caller that stores them itself.
  struct Plain {
    const Requant& requant;
    size_t n;  // first column
    const int32_t* sums;
    uint8_t* y;
    size_t stride;
  };
  bool is_plain() const { return as_pair_ && !tile_.grid && !g_.weight_zero_point && left_ == kPairRows; }
  bool gives_unsigned() const { return g_.requant.max > 127; }
  Plain take_plain() {
    left_ = 0;
    return {g_.requant, n_, sums_, reinterpret_cast<uint8_t*>(y_) + n_, tile_.y_stride};
  }

  void store(size_t most) {
    for (size_t rows = std::min(most, left_), run; rows > 0; rows -= run) {
      const bool valid = place_ < valid_;
      run = std::min(rows, (valid ? valid_ : width_) - place_);
      if (valid) {
        as_pair_ ? store_pair(run) : store_panels(run);
        y_ += run * tile_.y_stride;
      }
      row_ += run, left_ -= run, sums_ += run * kSumColumns, place_ += run;
      if (place_ == width_) place_ = 0;
    }
    if (!tile_.grid) place_ = 0;
  }

 private:
  void store_pair(size_t rows) const {
    const Requant& r = g_.requant;
    r.max > 127 ? store_pair(OnnxPair<true>(r, n_), rows) : store_pair(OnnxPair<false>(r, n_), rows);
  }
  template <typename Pair> void store_pair(const Pair& rule, size_t rows) const {
    const size_t stride = tile_.y_stride;
    const int32_t* const sums = sums_;
    auto* y = reinterpret_cast<uint8_t*>(y_) + n_;
    const auto store = [&](const auto& sums_of) {
      size_t r = 0;
      for (; r + 2 <= rows; r += 2, y += 2 * stride) rule.store(y, stride, sums_of(r), sums_of(r + 1));
      if (r < rows) rule.store(y, sums_of(r));
    };
    const auto plain = [&](size_t r) -> typename Pair::Sums { return {load16(sums + r * kSumColumns), load16(sums + r * kSumColumns + kColumnBlock)}; };
    if (!g_.weight_zero_point) return store(plain);
    const I32x16 left = load16(g_.weight_zero_point + n_), right = load16(g_.weight_zero_point + n_ + kColumnBlock);
    store([&](size_t r) -> typename Pair::Sums {
      const auto sum = plain(r);
      const I32x16 row = splat16(tile_.row_sum[row_ + r]);
      return {sub16(sum.left, mul16(left, row)), sub16(sum.right, mul16(right, row))};
    });
  }
  void store_panels(size_t rows) const {
    for (size_t p = 0; p < panels_; ++p) store_panel(rows, p);
  }
  void store_panel(size_t rows, size_t p) const {
    const size_t n = n_ + p * kColumnBlock, columns = g_.layout.n - n, stride = tile_.y_stride;
    const Rule rule(g_.requant, n);
    const int32_t* sums = sums_ + p * kColumnBlock;
    auto* y = y_ + n;
    if (g_.weight_zero_point) {
      const I32x16 zero = load16(g_.weight_zero_point + n);
      for (size_t r = 0; r < rows; ++r) rule.store(y + r * stride, sub16(load16(sums + r * kSumColumns), mul16(zero, splat16(tile_.row_sum[row_ + r]))), columns);
    } else if (columns >= kColumnBlock) {
      for (size_t r = 0; r < rows; ++r) rule.store(y + r * stride, load16(sums + r * kSumColumns), kColumnBlock);
    } else {
      for (size_t r = 0; r < rows; ++r) rule.store(y + r * stride, load16(sums + r * kSumColumns), columns);
    }
  }

  const GemmI8& g_;
  const GemmI8Tile& tile_;
  const size_t valid_, width_;
  typename Rule::Out* y_ = nullptr;
  size_t place_ = 0, row_ = 0, left_ = 0, n_ = 0, panels_ = 0;
  const int32_t* sums_ = nullptr;
  bool as_pair_ = false;
};

// Signed weights times signed x, or times x + 128, which the start of the sums takes back.
#define VERGE_TILE_PRODUCT(sum, x, w) \
  do {                                \
    if (is_unsigned) {                \
      _tile_dpbusd(sum, x, w);        \
    } else {                          \
      _tile_dpbssd(sum, x, w);        \
    }                                 \
  } while (false)

inline void store_sums(int32_t* sums, bool two, bool bottom) {
  constexpr size_t kRowBytes = kSumColumns * sizeof(int32_t);
  _tile_stored(0, sums, kRowBytes);
  if (two) _tile_stored(1, sums + kColumnBlock, kRowBytes);
  if (!bottom) return;
  _tile_stored(2, sums + kTileRows * kSumColumns, kRowBytes);
  if (two) _tile_stored(3, sums + kTileRows * kSumColumns + kColumnBlock, kRowBytes);
}

inline void start_sums(const Panels& panels) {
  const int32_t *left = panels.start(0), *right = panels.start(panels.count() - 1);
  _tile_loadd(0, left, 0);
  _tile_loadd(1, right, 0);
  _tile_loadd(2, left, 0);
  _tile_loadd(3, right, 0);
}

// sums[32][32] of 32 rows and two panels, while those that wait are stored behind each product: most of the work. What this loop needs stays in registers.
template <bool is_unsigned, bool gives_unsigned, typename Plain>
void add_beside_plain(const Cut& cut, const Rows& top, const Rows& bottom, const Panels& panels, int32_t* sums, const Plain& waiting, Ahead& ahead) {
  const OnnxPair<gives_unsigned> rule(waiting.requant, waiting.n);
  const int32_t *from = waiting.sums, *const end = from + kPairRows * kSumColumns;
  uint8_t* y = waiting.y;
  const size_t share = divide_up(kPairRows / 2, 4 * cut.runs), step = top.step;
  const auto store = [&] {
    for (size_t i = 0; i < share && from < end; ++i, from += 2 * kSumColumns, y += 2 * waiting.stride)
      rule.store(y, waiting.stride, {load16(from), load16(from + kColumnBlock)}, {load16(from + 2 * kColumnBlock), load16(from + 3 * kColumnBlock)});
  };
  start_sums(panels);
  for (size_t i = 0; i < cut.runs; ++i) {
    const uint32_t at = cut.offset[i];
    _tile_loadd(4, top.data + at, step);
    _tile_loadd(6, panels.run(cut, 0, i), kLine);
    VERGE_TILE_PRODUCT(0, 4, 6);
    store();
    _tile_loadd(7, panels.run(cut, 1, i), kLine);
    VERGE_TILE_PRODUCT(1, 4, 7);
    store();
    _tile_loadd(5, bottom.data + at, step);
    VERGE_TILE_PRODUCT(2, 5, 6);
    store();
    VERGE_TILE_PRODUCT(3, 5, 7);
    store();
    ahead.fetch();
  }
  store_sums(sums, true, true);
}

// sums[32][32] of 16 rows (`bottom` null) or 32 and one panel or two.
template <typename Rule> void add_products(bool is_unsigned, const Cut& cut, const Rows& top, const Rows* bottom, const Panels& panels, int32_t* sums, Waiting<Rule>& waiting,
                                             Ahead& ahead) {
  const bool two = panels.count() == 2;
  if constexpr (std::is_same_v<Rule, Onnx16>)
    if (two && bottom && waiting.is_plain() && top.step == bottom->step) {
      using Plain = typename Waiting<Rule>::Plain;
      const Plain plain = waiting.take_plain();
      const auto add = [&]<bool gives_unsigned>() {
        (is_unsigned ? add_beside_plain<true, gives_unsigned, Plain> : add_beside_plain<false, gives_unsigned, Plain>)(cut, top, *bottom, panels, sums, plain, ahead);
      };
      return waiting.gives_unsigned() ? add.template operator()<true>() : add.template operator()<false>();
    }
  const size_t share = divide_up(kPairRows, cut.runs);
  start_sums(panels);
  for (size_t i = 0; i < cut.runs; ++i) {
    _tile_loadd(4, top.data + cut.offset[i], top.step);
    _tile_loadd(6, panels.run(cut, 0, i), kLine);
    VERGE_TILE_PRODUCT(0, 4, 6);
    if (two) {
      _tile_loadd(7, panels.run(cut, 1, i), kLine);
      VERGE_TILE_PRODUCT(1, 4, 7);
    }
    if (bottom) {
      _tile_loadd(5, bottom->data + cut.offset[i], bottom->step);
      VERGE_TILE_PRODUCT(2, 5, 6);
      if (two) VERGE_TILE_PRODUCT(3, 5, 7);
    }
    waiting.store(share);
    ahead.fetch();
  }
  store_sums(sums, two, bottom);
}

#undef VERGE_TILE_PRODUCT

template <typename Rule> void run_by_tiles(const GemmI8& g, const GemmI8Tile& tile, const Cut& cut) {
  alignas(64) uint8_t copies[kCopyBytes + kLine];
  alignas(64) int32_t sums[kPairRows * kSumColumns];  // requantised before the next ones are stored
  RowTiles tiles(g, tile, cut, copies);
  Waiting<Rule> waiting(g, tile);
  for (size_t first = 0, end; first < tile.rows; first = end) {
    end = std::min(tile.rows, first + tiles.chunk());
    tiles.begin(first, end);
    for (size_t panel = tile.first_panel; panel < tile.last_panel; panel += 2) {
      const Panels panels(g, cut, panel, panel + 1 < tile.last_panel);
      Ahead ahead(g, panels, cut, end - first);
      for (size_t r = first; r < end; r += kPairRows) {
        const Rows top = tiles.at(r), bottom = r + kTileRows < end ? tiles.at(r + kTileRows) : top;
        add_products(g.x_unsigned, cut, top, r + kTileRows < end ? &bottom : nullptr, panels, sums, waiting, ahead);
        waiting.begin(r, std::min(kPairRows, end - r), panels, sums);
      }
    }
  }
  waiting.store(kPairRows);
}

// What tiles are too coarse for, in the smaller tiles of the vector kernel.
void run_by_vectors(const GemmI8& g, const GemmI8Tile& tile) {
  constexpr size_t kPanels = 4;
  const size_t bytes = g.requant.mode == RequantMode::kNone ? sizeof(int32_t) : 1;
  for (size_t panel = tile.first_panel; panel < tile.last_panel; panel += kPanels) {
    const size_t last = std::min(panel + kPanels, tile.last_panel), most = last - panel == 1 ? 12 : 6;
    for (size_t r = 0; r < tile.rows; r += most)
      gemm_i8_i8_6x64_avx512vnni(g, {std::min(most, tile.rows - r), tile.x + r * g.layout.taps, tile.row_sum + r, panel, last,
                                     static_cast<uint8_t*>(tile.y) + r * tile.y_stride * bytes, tile.y_stride});
  }
}

bool shifts_right(const GemmI8& g, const GemmI8Tile& tile) {
  for (size_t p = tile.first_panel; p < tile.last_panel; ++p)
    if (!TflmRight16::fits(g.requant, p * kColumnBlock)) return false;
  return true;
}

void run_by_tiles(const GemmI8& g, const GemmI8Tile& tile, const Cut& cut) {
  const TileConfig config(kTileRows, cut.words);
  _tile_loadconfig(&config);
  if (g.requant.mode == RequantMode::kOnnx) {
    run_by_tiles<Onnx16>(g, tile, cut);
  } else if (g.requant.mode == RequantMode::kNone) {
    run_by_tiles<None16>(g, tile, cut);
  } else {
    shifts_right(g, tile) ? run_by_tiles<TflmRight16>(g, tile, cut) : run_by_tiles<Tflm16>(g, tile, cut);
  }
  _tile_release();
}

}  // namespace

void gemm_i8_i8_block_amx(const GemmI8& g, const GemmI8Tile& tile) {
  if (!tile.grid && (g.layout.nibbles || tile.rows < kFewestRows)) return run_by_vectors(g, tile);
  const Cut cut(g, tile.grid);
  tile.grid || cut.suits_tiles() ? run_by_tiles(g, tile, cut) : run_by_vectors(g, tile);
}

}  // namespace verge
