// By the float kernels of this processor: rows and weights become floats, a piece of k at a time.
#include <cstring>

#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm_bf16/gemm_bf16.h"

namespace verge {
namespace {

constexpr size_t kRows = 48, kPiece = 96, kColumns = 2 * kPanelBf16;  // rows: a multiple of every float kernel's tile
static_assert(kPanelBf16 == kPanelF32);

float widened(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// w[size][16] of steps [c, c + size) of a panel.
void widen_panel(const uint16_t* panel, size_t c, size_t size, float* w) {
  for (size_t i = 0; i < size; ++i)
    for (size_t j = 0; j < kPanelBf16; ++j) w[i * kPanelBf16 + j] = widened(panel[((c + i) / 2 * kPanelBf16 + j) * 2 + i % 2]);
}

struct Piece {
  size_t run, c, size;  // c: in the run
};

// The sums of rows [row, row + rows) and columns [column, column + columns).
class Tile {
 public:
  Tile(const GemmBf16& g, size_t row, size_t rows, size_t column, size_t columns) : g_(g), row_(row), rows_(rows), column_(column), columns_(columns) {}

  void add(const Piece& piece, const float* weights, bool first) {
    alignas(64) static constexpr float kNoBias[kColumns] = {};
    const float* pointers[kRows];
    for (size_t r = 0; r < rows_; ++r) {
      pointers[r] = x_ + r * kPiece;
      pick_bf16().widen(piece.size, g_.a + (row_ + r) * g_.a_step + g_.run_start(piece.run) + piece.c, x_ + r * kPiece);
    }
    pick_igemm_f32()(rows_, columns_,
                     {.rows = pointers, .k = piece.size, .weights = weights, .panel_step = kPanelF32 * kPiece, .bias = first ? g_.bias + column_ : kNoBias,
                      .residual = first ? nullptr : sums_, .residual_step = kColumns, .output = sums_, .output_step = kColumns, .clamp = {}});
  }

  void store() {
    for (size_t r = 0; r < rows_; ++r)
      if (g_.stores(row_ + r)) store_row(sums_ + r * kColumns, g_.output_row(row_ + r));
  }

 private:
  void store_row(float* sum, size_t row) const {
    const Reals residual = g_.residual.from(row * g_.residual_step + column_);
    const RealsOut y = g_.output.from(row * g_.output_step + column_);
    for (size_t j = 0; j < columns_; ++j) {
      if (residual) sum[j] += residual.half ? widened(residual.as<uint16_t>()[j]) : residual.as<float>()[j];
      sum[j] = sum[j] < g_.clamp.min ? g_.clamp.min : sum[j] > g_.clamp.max ? g_.clamp.max : sum[j];
    }
    if (y.half) pick_bf16().round({1, columns_, sum, columns_, y.as<uint16_t>(), columns_});
    else std::memcpy(y.data, sum, columns_ * sizeof(float));
  }

  const GemmBf16& g_;
  size_t row_, rows_, column_, columns_;
  alignas(64) float x_[kRows * kPiece], sums_[kRows * kColumns];
};

}  // namespace

void gemm_bf16_portable(size_t m, size_t n, const GemmBf16& g) {
  alignas(64) float weights[kColumns * kPiece];
  for (size_t column = 0; column < n; column += kColumns)
    for (size_t row = 0; row < m; row += kRows) {
      const size_t columns = n - column < kColumns ? n - column : kColumns;
      Tile tile(g, row, m - row < kRows ? m - row : kRows, column, columns);
      for (size_t run = 0; run < g.runs; ++run)
        for (size_t c = 0; c < g.run(); c += kPiece) {
          const Piece piece{run, c, g.run() - c < kPiece ? g.run() - c : kPiece};
          const size_t at = run * g.run() + c;
          for (size_t p = 0; p < columns; p += kPanelBf16) widen_panel(g.panel(column + p), at, piece.size, weights + p * kPiece);
          tile.add(piece, weights, at == 0);
        }
      tile.store();
    }
}

}  // namespace verge
