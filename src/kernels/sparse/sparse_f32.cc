#include "kernels/sparse/sparse_f32.h"

#include <algorithm>

namespace verge {
namespace {

size_t panels(size_t n) { return (n + kSparseBlock - 1) / kSparseBlock; }

bool is_zero(size_t n, size_t k, const float* w, size_t panel, size_t column) {
  for (size_t o = panel * kSparseBlock; o < std::min(n, (panel + 1) * kSparseBlock); ++o)
    if (w[o * k + column] != 0) return false;
  return true;
}

}  // namespace

std::span<const Kernel<SparseF32Fn>> sparse_f32_kernels() {
  static constexpr Kernel<SparseF32Fn> kList[] = {
#define VERGE_KERNEL(isa, name) VERGE_ON_##isa({isas::isa, #name, name}, )
#include "kernels/sparse/kernels.inc"
#undef VERGE_KERNEL
  };
  return kList;
}

SparseF32Fn pick_sparse_f32() {
  static constinit Pick pick;
  return pick.from(sparse_f32_kernels()).fn;
}

size_t count_sparse_blocks(size_t n, size_t k, const float* weights) {
  size_t blocks = 0;
  for (size_t p = 0; p < panels(n); ++p)
    for (size_t c = 0; c < k; ++c) blocks += !is_zero(n, k, weights, p, c);
  return blocks;
}

void pack_sparse_f32(size_t n, size_t k, const float* weights, int32_t* start, int32_t* column, float* packed) {
  int32_t blocks = 0;
  for (size_t p = 0; p < panels(n); ++p) {
    start[p] = blocks;
    for (size_t c = 0; c < k; ++c) {
      if (is_zero(n, k, weights, p, c)) continue;
      column[blocks++] = static_cast<int32_t>(c);
      for (size_t o = p * kSparseBlock; o < (p + 1) * kSparseBlock; ++o) *packed++ = o < n ? weights[o * k + c] : 0;
    }
  }
  start[panels(n)] = blocks;
}

bool sparse_f32_pays(size_t rows, size_t n, size_t k, size_t blocks) {
  const size_t all = panels(n) * k;
  return blocks > 0 && n >= kSparseBlock && all >= 1024 && blocks * (rows < 4 ? 2 : 3) <= all;
}

}  // namespace verge
