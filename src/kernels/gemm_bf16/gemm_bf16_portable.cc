// By the float kernels of this processor: rows and weights become floats, a piece of k at a time.
#include <cstring>

#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm_bf16/gemm_bf16.h"

namespace verge {
namespace {

constexpr size_t kRows = 24, kPiece = 96, kColumns = 2 * kPanelBf16;  // rows: a multiple of every float kernel's tile
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
  size_t c, size;
  bool first, last;
};

// Rows [row, row + rows), columns [column, column + columns); later pieces add to what the output holds.
void add_piece(const GemmBf16& g, const Piece& piece, const float* weights, size_t row, size_t rows, size_t column, size_t columns) {
  alignas(64) static constexpr float kNoBias[kColumns] = {};
  alignas(64) float x[kRows * kPiece];
  const float* pointers[kRows];
  for (size_t r = 0; r < rows; ++r) {
    pointers[r] = x + r * kPiece;
    for (size_t i = 0; i < piece.size; ++i) x[r * kPiece + i] = widened(g.a[(row + r) * g.a_step + piece.c + i]);
  }
  float* y = g.output + row * g.output_step + column;
  const float* residual = g.residual ? g.residual + row * g.residual_step + column : nullptr;
  pick_igemm_f32()(rows, columns,
                   {.rows = pointers, .k = piece.size, .weights = weights, .panel_step = kPanelF32 * kPiece, .bias = piece.first ? g.bias + column : kNoBias,
                    .residual = piece.first ? residual : y, .residual_step = piece.first ? g.residual_step : g.output_step, .output = y,
                    .output_step = g.output_step, .clamp = piece.last ? g.clamp : ClampF32{}});
}

}  // namespace

void gemm_bf16_portable(size_t m, size_t n, const GemmBf16& g) {
  alignas(64) float weights[kColumns * kPiece];
  for (size_t column = 0; column < n; column += kColumns) {
    const size_t columns = n - column < kColumns ? n - column : kColumns;
    for (size_t c = 0; c < g.k; c += kPiece) {
      const Piece piece{c, g.k - c < kPiece ? g.k - c : kPiece, c == 0, c + kPiece >= g.k};
      for (size_t p = 0; p < columns; p += kPanelBf16) widen_panel(g.panel(column + p), c, piece.size, weights + p * kPiece);
      for (size_t row = 0; row < m; row += kRows) add_piece(g, piece, weights, row, m - row < kRows ? m - row : kRows, column, columns);
    }
  }
}

}  // namespace verge
