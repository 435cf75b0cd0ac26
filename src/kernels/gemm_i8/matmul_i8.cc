#include "kernels/gemm_i8/matmul_i8.h"

#include <cstring>

namespace verge {
namespace {

// Where in the scratch of one b its parts lie: panels, then the columns' arrays.
struct Layout {
  GemmI8Layout gemm;
  size_t columns, bias, sums, zero_points, factors, shifts, bytes;

  Layout(size_t n, size_t k)
      : gemm{n, 1, k}, columns(round_up_columns(n)), bias(gemm.bytes()), sums(bias + 4 * columns), zero_points(sums + 4 * columns),
        factors(zero_points + 4 * columns), shifts(factors + 4 * columns), bytes((shifts + columns + 63) / 64 * 64) {}
};

template <typename T> T* at(void* scratch, size_t offset) { return reinterpret_cast<T*>(static_cast<uint8_t*>(scratch) + offset); }
template <typename T> const T* at(const void* scratch, size_t offset) { return reinterpret_cast<const T*>(static_cast<const uint8_t*>(scratch) + offset); }

// Up to four rows of b, 16 columns or fewer: to[16][4], and their sums.
void pack_group(const MatmulI8& p, size_t c, size_t j, size_t rows, size_t columns, uint8_t* to, int32_t* sums) {
  const uint8_t flip = p.b_unsigned ? 0x80 : 0;
  const uint8_t* from = static_cast<const uint8_t*>(p.b) + c * p.b_row_step + j * p.b_column_step;
  if (rows == 4 && columns == kColumnBlock && p.b_column_step == 1) {
    const uint8_t *r0 = from, *r1 = r0 + p.b_row_step, *r2 = r1 + p.b_row_step, *r3 = r2 + p.b_row_step;
    uint32_t words[kColumnBlock];
    const uint32_t flips = flip * 0x01010101u;
    for (size_t i = 0; i < kColumnBlock; ++i) words[i] = (r0[i] | static_cast<uint32_t>(r1[i]) << 8 | static_cast<uint32_t>(r2[i]) << 16 | static_cast<uint32_t>(r3[i]) << 24) ^ flips;
    for (size_t i = 0; i < kColumnBlock; ++i)
      sums[i] += static_cast<int8_t>(r0[i] ^ flip) + static_cast<int8_t>(r1[i] ^ flip) + static_cast<int8_t>(r2[i] ^ flip) + static_cast<int8_t>(r3[i] ^ flip);
    std::memcpy(to, words, sizeof(words));
    return;
  }
  std::memset(to, 0, 4 * kColumnBlock);
  for (size_t i = 0; i < columns; ++i)
    for (size_t r = 0; r < rows; ++r) {
      const uint8_t byte = from[r * p.b_row_step + i * p.b_column_step] ^ flip;
      to[4 * i + r] = byte;
      sums[i] += static_cast<int8_t>(byte);
    }
}

void fill_columns(const MatmulI8& p, const Layout& layout, void* scratch) {
  const auto length = static_cast<int32_t>(p.k);
  auto* sums = at<int32_t>(scratch, layout.sums);
  for (size_t j = 0; j < layout.columns; ++j) {
    at<int32_t>(scratch, layout.bias)[j] = static_cast<int32_t>(length * int64_t{p.a_zero_point} * p.b_zero_point - int64_t{p.a_zero_point} * sums[j]);
    at<int32_t>(scratch, layout.zero_points)[j] = p.b_zero_point;
    if (p.requant.mode == RequantMode::kOnnx) at<float>(scratch, layout.factors)[j] = p.scale;
    else at<int32_t>(scratch, layout.factors)[j] = p.multiplier.multiplier;
    at<int8_t>(scratch, layout.shifts)[j] = static_cast<int8_t>(p.multiplier.shift);
  }
}

}  // namespace

size_t matmul_i8_scratch_size(size_t n, size_t k) { return Layout(n, k).bytes; }

void pack_matmul_i8(const MatmulI8& p, void* scratch) {
  const Layout layout(p.n, p.k);
  auto* to = static_cast<uint8_t*>(scratch);
  auto* sums = at<int32_t>(scratch, layout.sums);
  std::memset(sums, 0, layout.columns * sizeof(int32_t));
  for (size_t j = 0; j < p.n; j += kColumnBlock)
    for (size_t c = 0; c < p.k; c += 4, to += 4 * kColumnBlock)
      pack_group(p, c, j, p.k - c < 4 ? p.k - c : 4, p.n - j < kColumnBlock ? p.n - j : kColumnBlock, to, sums + j);
  fill_columns(p, layout, scratch);
}

ConvI8 packed_matmul_i8(const MatmulI8& p, const void* scratch) {
  const Layout layout(p.n, p.k);
  ConvI8 conv;
  conv.geometry.in_h = conv.geometry.out_h = static_cast<int32_t>(p.m);
  conv.geometry.in_c = static_cast<int32_t>(p.k);
  conv.geometry.out_c = static_cast<int32_t>(p.n);
  conv.input = p.a;
  conv.input_step = p.k;
  conv.weights = at<int8_t>(scratch, 0);
  conv.bias = at<int32_t>(scratch, layout.bias);
  conv.column_sum = {at<int32_t>(scratch, layout.sums)};
  if (p.b_zero_point != 0) conv.weight_zero_point = at<int32_t>(scratch, layout.zero_points);
  conv.x_unsigned = p.a_unsigned;
  conv.output = p.y;
  conv.output_step = p.n;
  conv.requant = p.requant;
  conv.requant.multiplier = at<int32_t>(scratch, layout.factors);
  conv.requant.shift = at<int8_t>(scratch, layout.shifts);
  conv.requant.scale = at<float>(scratch, layout.factors);
  return conv;
}

}  // namespace verge
